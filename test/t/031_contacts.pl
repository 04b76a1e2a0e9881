# What becomes of findings: contacts that get better with every page, evidence,
# where each field came from, the suppression list, and all of it in a dump.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(
	pages => {
		'/plain.html' => '<p>Write to ann@acme-widgets.com.</p><p>Fax: (212) 555-0111</p>'
		  . '<p>Phone: (212) 555-0199</p>',
		'/named.html' => named('Ann Lee') . '<p>Phone: (212) 555-0142</p>',
		'/other.html' => named('Ann Leeds'),
		'/data.html' => '<title>About &amp; contact</title><script type="application/ld+json">'
		  . '{"@type":"Person","name":"Dana Lee","email":"dana@acme-widgets.com","telephone":"212-555-0147"}'
		  . '</script><a href="mailto:dana@acme-widgets.com">dana@acme-widgets.com</a>',
		'/named-after.html' => '<title>hal@acme-widgets.com</title><p>Nobody</p>',
		'/listed.html' => '<p>bob@acme-widgets.com or carol@acme-widgets.com, or eve@mail.evil-widgets.com</p>'
		  . '<a href="https://www.linkedin.com/company/acme-widgets">us</a>',
	});
my $host = '127.0.5.1';
my $node = new_node(conf => { 'wf_curation.workers' => 1 });

# A row of a table that names the owner of the address.
sub named
{
	my ($name) = @_;
	return "<table><tr><td>$name</td><td><a href='mailto:ann\@acme-widgets.com'>mail</a></td></tr></table>";
}

sub value { return $node->safe_psql('postgres', $_[0]) }

sub fetch
{
	my ($path) = @_;
	my $url = $web->url($path, $host);
	my $id = value("SELECT id FROM pages WHERE url = '$url'");

	($id) = add_pages($node, $url) if $id eq '';
	value("SELECT wf_set_page_status(ARRAY['$id'::uuid], 'Selected')");
	wait_until_done($node, "id = '$id'");
	return $id;
}

sub ann
{
	return value("SELECT concat_ws('|', name, phone_number, job_title) FROM contacts WHERE email = 'ann\@acme-widgets.com'");
}

sub origin
{
	my ($field) = @_;
	return value("SELECT p.page_id || '|' || p.evidence FROM wf_provenance p JOIN contacts c ON c.id = p.contact_id"
		  . " WHERE c.email = 'ann\@acme-widgets.com' AND p.field = '$field'");
}

# ---- better with every page

my $plain = fetch('/plain.html');
is(ann(), "Contact at $host|+12125550199", 'an address with the main number of its page, which is no fax');
is(origin('email'), "$plain|found", 'its address came from that page');
is(origin('phone_number'), "$plain|page", 'its number too, which is only the page\'s');
is(origin('name'), '', 'a name that says nothing came from nowhere');

my $named = fetch('/named.html');
is(ann(), 'Ann Lee|+12125550199', 'a name, where there was none; the number of the first page');
is(origin('name'), "$named|text", 'the name came from the text of the second page');
is(origin('email'), "$plain|found", 'the address is still from the first');

# ---- never worse

my $before = value("SELECT xmin FROM contacts WHERE email = 'ann\@acme-widgets.com'");
my $origin = value('SELECT xmin FROM wf_contact_origin');
fetch($_) for qw(/plain.html /named.html /other.html);
is(ann(), 'Ann Lee|+12125550199', 'weaker and equal evidence of other pages changes nothing');
is(value("SELECT xmin FROM contacts WHERE email = 'ann\@acme-widgets.com'"), $before, 'and writes nothing');
is(value('SELECT xmin FROM wf_contact_origin'), $origin, 'nor what we keep for ourselves');
is(value('SELECT count(*) FROM contacts'), '1', 'and doubles nothing');

# ---- stronger evidence replaces weaker; a page that changes its mind is followed

value('UPDATE wf_contact_origin SET name_strength = 1');
my $other = fetch('/other.html');
is(ann(), 'Ann Leeds|+12125550199', 'stronger evidence replaces what we stored');
is(origin('name'), "$other|text", 'and is remembered');
$web->add_page('/other.html', named('Ann Leeson'));
fetch('/other.html');
is(ann(), 'Ann Leeson|+12125550199', 'the page that a value came from may correct it');

# ---- what people edit stays; what they empty is filled

value('UPDATE wf_contact_origin SET name_strength = 1, phone_strength = 1');
value("UPDATE contacts SET name = 'Dr. Ann Lee', phone_number = '+12125550100' WHERE email = 'ann\@acme-widgets.com'");
fetch($_) for qw(/named.html /other.html);
is(ann(), 'Dr. Ann Lee|+12125550100', 'what was edited by hand stays');
value("UPDATE contacts SET phone_number = NULL WHERE email = 'ann\@acme-widgets.com'");
fetch('/named.html');
is(ann(), 'Dr. Ann Lee|+12125550142', 'what is missing is filled in');
is(origin('phone_number'), "$named|page", 'and where it came from remembered');

# ---- contacts that others wrote gain, too; an address is the same in whatever case

foreach my $address ('kate', "j\xc3\xbcrgen")
{
	value("INSERT INTO contacts (domain_id, email) SELECT domain_id, '"
		  . ucfirst($address) . "\@ACME-Widgets.com' FROM pages WHERE id = '$plain'");
	$web->add_page("/$address.html", '<table><tr><td>' . ucfirst($address)
		  . " Lee</td><td><a href='mailto:$address\@acme-widgets.com'>mail</a></td></tr></table>");
	fetch("/$address.html");
	is(value("SELECT name || '|' || count(*) OVER () FROM contacts WHERE email ILIKE '$address\@%'"), ucfirst($address) . ' Lee|1',
		"$address: the contact that is there gains");
	is(value("SELECT string_agg(p.field || ' ' || p.evidence, ',') FROM wf_provenance p JOIN contacts c"
		  . " ON c.id = p.contact_id WHERE c.email ILIKE '$address\@%'"), 'name text', 'by what the page tells');
}
value("DELETE FROM contacts WHERE name ~ '(Kate|Jürgen) Lee'");

# ---- structured data and links to the same address; the page's title

my $data = fetch('/data.html');
is(value("SELECT string_agg(p.field || ' ' || p.evidence, ',' ORDER BY p.field) FROM wf_provenance p"
	  . " JOIN contacts c ON c.id = p.contact_id WHERE c.email = 'dana\@acme-widgets.com'"),
	'email found,name structured,phone_number structured', 'what structured data say stays so beside a link');
is(value("SELECT title FROM pages WHERE id = '$data'"), 'About & contact', 'a page without a title gets its own');
value("UPDATE pages SET title = 'Mine' WHERE id = '$data'");
fetch('/data.html');
is(value("SELECT title FROM pages WHERE id = '$data'"), 'Mine', 'and keeps the one it has');
is(value("SELECT title IS NULL FROM pages WHERE id = '" . fetch('/named-after.html') . "'"), 't',
	'nor is an address stored as one');

# ---- evidence

is(value("SELECT string_agg(kind || ' ' || value, ',' ORDER BY kind, value) FROM wf_findings WHERE page_id = '$plain'"),
	'email ann@acme-widgets.com,fax +12125550111,phone +12125550199', 'evidence of a page');
is(value("SELECT max(length(context)) <= 100 AND count(*) = count(context) AND min(position) > 0 FROM wf_findings"
	  . " WHERE page_id = '$plain'"), 't', 'with position and context');
my ($first) = fetch('/listed.html');
is(value("SELECT count(*) FROM wf_findings WHERE page_id = '$first'"), '4', 'profiles are evidence, too');
my $written = value("SELECT array_agg(ctid ORDER BY n) FROM wf_finding WHERE page_id = '$first'");
fetch('/listed.html');
is(value("SELECT array_agg(ctid ORDER BY n) FROM wf_finding WHERE page_id = '$first'"), $written,
	'evidence that is as it was is not written again');
$web->add_page('/plain.html', '<p>Moved. Write to ann@acme-widgets.com.</p>');
fetch('/plain.html');
is(value("SELECT string_agg(kind, ',') FROM wf_findings WHERE page_id = '$plain'"), 'email', 'replaced with the next fetch');
unlink $web->root . '/plain.html';
value("SELECT wf_set_page_status(ARRAY['$plain'::uuid], 'Selected')");
wait_for_status($node, 'Error', "id = '$plain'");
is(value("SELECT count(*) FROM wf_findings WHERE page_id = '$plain'"), '1', 'and kept when a fetch fails');

# ---- what is listed is never stored

is(value("SELECT contacts || ',' || provenance || ',' || (findings > 0) FROM wf_erase('bob\@acme-widgets.com')"),
	'1,1,true', 'one person erased');
value("SELECT wf_suppress('evil-widgets.com')");
value("DELETE FROM contacts WHERE email ~ 'evil'");
fetch('/listed.html');
is(value("SELECT string_agg(email, ',' ORDER BY email) FROM contacts WHERE page_id = '$first'"),
	'carol@acme-widgets.com', 'neither a hash nor a domain is stored again');
is(value("SELECT string_agg(value, ',' ORDER BY value) FROM wf_findings WHERE page_id = '$first'"),
	'carol@acme-widgets.com,https://www.linkedin.com/company/acme-widgets', 'nor as evidence');
is(value("SELECT count(*) FROM wf_findings WHERE context ~* 'bob@|evil'"), '0', 'nor in the context of others');

# ---- the sweep forgets what belongs to nobody

value("DELETE FROM contacts WHERE email ~ 'carol'");
value("DELETE FROM pages WHERE id = '$first'");
value('SELECT wf_heal()');
is(value("SELECT count(*) FROM wf_findings WHERE page_id = '$first'"), '0', 'evidence goes with its page');
is(value('SELECT count(*) FROM wf_contact_origin o WHERE NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = o.contact_id)'),
	'0', 'and origins with their contacts');

# ---- dump and restore

command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $node->basedir . '/dump.sql' ], 'dumped');
value('CREATE DATABASE restored');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $node->basedir . '/dump.sql' ],
	'restored');
is($node->safe_psql('restored', "SELECT string_agg(kind, ',' ORDER BY kind) FROM wf_suppression"), 'domain,hash',
	'the suppression list is in the dump');
is($node->safe_psql('restored', 'SELECT count(*) > 0 FROM wf_provenance'), 't', 'origins, too');
is($node->safe_psql('restored', 'SELECT count(*) FROM wf_findings'), '0', 'evidence is not');
is($node->safe_psql('restored', "INSERT INTO contacts (domain_id, page_id, email) SELECT domain_id, page_id,"
	  . " 'bob\@acme-widgets.com' FROM contacts LIMIT 1 RETURNING 1"), '', 'and the list holds there');

$node->stop;
done_testing();
