# A page that was fetched before is asked for with what its server called it:
# 304 completes it as it is, and only where that is the whole truth.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir();

# ---- a server with versions of pages: a file for each, "ETag|Last-Modified|body"

sub set_version
{
	my ($name, @version) = @_;
	open(my $out, '>', "$dir/$name.new") or die $!;
	print $out join('|', @version);
	close $out;
	rename "$dir/$name.new", "$dir/$name" or die $!;
}

my $server = start_server(
	sub {
		my ($path, $headers) = @_;
		my $asked = ($headers->{'if-none-match'} || '-') . ' ' . ($headers->{'if-modified-since'} || '-');
		open(my $log, '>>', "$dir/requests") or die $!;
		syswrite $log, "$path $asked\n";
		close $log;
		return (302, { Location => '/target' }, '') if $path eq '/moved';
		(my $file = $path) =~ s{^/}{};
		return (404, {}, 'none') unless -e "$dir/$file";
		my ($etag, $modified, $body) = split /\|/, slurp_file("$dir/$file");
		my %h = ('Content-Type' => 'text/html');
		$h{ETag} = $etag if $etag;
		$h{'Last-Modified'} = $modified if $modified;
		return (304, \%h, '')
		  if ($etag && $asked =~ /^\Q$etag\E /) || ($modified && $asked =~ / \Q$modified\E$/);
		return (200, \%h, $body);
	});
my $node = new_node(conf => { 'wf_curation.max_attempts' => 2 });

sub value { return $node->safe_psql('postgres', $_[0]) }

# What the last request for a path was asked by.
sub asked
{
	my ($path) = @_;
	my @lines = grep { /^\Q$path\E / } split /\n/, slurp_file("$dir/requests");
	return substr($lines[-1], length($path) + 1);
}

# Outcome, HTTP status, contacts of the last attempt at a page.
sub attempt
{
	return value("SELECT outcome || ' ' || http_status || ' ' || contacts FROM wf_attempts"
		  . " WHERE page_id = '$_[0]' ORDER BY id DESC LIMIT 1");
}

sub fetch
{
	my ($id, $status) = @_;
	value("SELECT wf_set_page_status(ARRAY['$id'::uuid], 'Selected')");
	wait_for_status($node, $status || 'Complete', "id = '$id'");
}

sub page
{
	my ($path) = @_;
	my ($id) = add_pages($node, $server->url($path, '127.0.0.9'));
	fetch($id);
	return $id;
}

sub contacts
{
	return value("SELECT string_agg(email || ' ' || coalesce(phone_number, '-'), ',' ORDER BY email)"
		  . " FROM contacts WHERE page_id = '$_[0]'");
}

my $date = 'Tue, 03 Nov 2026 10:00:00 GMT';
set_version('a', '"v1"', $date, '<p>info@acme-widgets.com, phone 212-555-0142</p>');
my $a = page('/a');
is(asked('/a'), '- -', 'the first request has no condition');
is(attempt($a), 'ok 200 1', 'and is answered in full');
is(value("SELECT etag || ' ' || last_modified FROM wf_validator WHERE page_id = '$a'"), "\"v1\" $date",
	'what the version is called is kept');
my $before = value("SELECT xmin, ctid FROM contacts WHERE page_id = '$a'") . value('SELECT string_agg(xmin::text, $$,$$) FROM wf_finding');

# ---- nothing has changed

fetch($a);
is(asked('/a'), "\"v1\" $date", 'the second names the version that is known');
is(attempt($a), 'not_modified 304 1', '304 is a success, and seen as what it is');
is(value("SELECT page_processing_error IS NULL AND contact_scrape_status = 'ContactFound' FROM pages WHERE id = '$a'"),
	't', 'the page is Complete, its contact found');
is(value("SELECT error IS NULL FROM wf_attempts WHERE page_id = '$a' ORDER BY id DESC LIMIT 1"), 't', 'without an error');
is(value("SELECT xmin, ctid FROM contacts WHERE page_id = '$a'") . value('SELECT string_agg(xmin::text, $$,$$) FROM wf_finding'),
	$before, 'neither contact nor evidence is written');

# ---- what the page yielded was changed here

value("UPDATE contacts SET phone_number = NULL WHERE page_id = '$a'");
fetch($a);
is(attempt($a), 'not_modified 304 1', 'unchanged there');
is(contacts($a), 'info@acme-widgets.com +12125550142', 'what a contact lacks is filled in as by a full fetch');
value("DELETE FROM contacts WHERE page_id = '$a'");
fetch($a);
is(contacts($a), 'info@acme-widgets.com +12125550142', 'and a deleted contact is stored again');
value("DELETE FROM wf_finding WHERE page_id = '$a' AND kind = 'phone'");
fetch($a);
is(asked('/a'), '- -', 'no condition where evidence is missing');
is(attempt($a), 'ok 200 1', 'so it is complete again');
fetch($a);
is(asked('/a'), "\"v1\" $date", 'and next time there is one');
value("UPDATE wf_validator SET version = '0.9' WHERE page_id = '$a'");
fetch($a);
is(asked('/a'), '- -', 'nor where another version of the extension looked at the page');

# ---- a new version

set_version('a', '"v2"', '', '<p>office@acme-widgets.com</p>');
fetch($a);
is(asked('/a'), "\"v1\" $date", 'asked for anything newer');
is(attempt($a), 'ok 200 1', 'and answered');
is(contacts($a), 'info@acme-widgets.com +12125550142,office@acme-widgets.com -', 'its contact is stored');
fetch($a);
is(asked('/a'), '"v2" -', 'only what the last answer had is sent');

# ---- another URL, an error

set_version('b', '"v2"', '', '<p>b@acme-widgets.com</p>');
value("UPDATE pages SET url = replace(url, '/a', '/b') WHERE id = '$a'");
fetch($a);
is(asked('/b'), '- -', 'another URL is another page, however its version is called');
unlink "$dir/b";
fetch($a, 'Error');
is(value("SELECT count(*) FROM wf_validator WHERE page_id = '$a'"), '0', 'a page in Error has no version');
set_version('b', '"v2"', '', '<p>b@acme-widgets.com</p>');
fetch($a);
is(asked('/b'), '- -', 'and is fetched in full next');

# ---- a redirect; a date alone; a page without contacts; one without validators

set_version('target', '"t1"', '', '<p>t@acme-widgets.com</p>');
my $moved = page('/moved');
fetch($moved);
is(asked('/moved') . ',' . asked('/target'), '- -,"t1" -', 'only where the version came from is asked for it');
is(attempt($moved), 'not_modified 304 1', 'and may answer 304');
set_version('dated', '', $date, '<p>d@acme-widgets.com</p>');
my $dated = page('/dated');
fetch($dated);
is(asked('/dated') . ' ' . attempt($dated), "- $date not_modified 304 1", 'Last-Modified alone');
set_version('none', '"n"', '', '<p>Nothing here.</p>');
my $none = page('/none');
my $placeholder = contacts($none);
fetch($none);
is(attempt($none), 'not_modified 304 0', 'a page without contacts is asked for, too');
is(contacts($none), $placeholder, 'and keeps its placeholder');
is(value("SELECT contact_scrape_status FROM pages WHERE id = '$none'"), 'NoContactFound', 'still without a contact');
set_version('plain', '', '', '<p>p@acme-widgets.com</p>');
my $plain = page('/plain');
is(value("SELECT count(*) FROM wf_validator WHERE page_id = '$plain'"), '0', 'no row for a page that has neither');

# ---- the suppression list, the end of a page

value("SELECT wf_suppress('d\@acme-widgets.com'); DELETE FROM contacts WHERE email ~ '^d\@'");
fetch($dated);
is(attempt($dated), 'not_modified 304 0', 'what is listed meanwhile is no contact of the unchanged page');
is(value("SELECT count(*) FROM wf_finding WHERE page_id = '$dated'"), '0', 'and its evidence goes');
value("DELETE FROM pages WHERE id = '$moved'");
value('SELECT wf_heal()');
is(value("SELECT count(*) FROM wf_validator WHERE page_id = '$moved'"), '0', 'the row goes with its page');
value("UPDATE wf_validator SET url = url || '?to=b\@acme-widgets.com' WHERE page_id = '$a'");
value("SELECT wf_erase('b\@acme-widgets.com')");
is(value("SELECT count(*) FROM wf_validator WHERE page_id = '$a'"), '0', 'and with a person that its URL names');

$node->stop;
done_testing();
