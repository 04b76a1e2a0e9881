
# From 50 businesses to contacts, over ten web sites that are found by their names, by
# nothing but UPDATE.  Runs in namespaces of its own, in which /etc/hosts has these names
# and port 80 may be used; where the system gives none, the addresses are the names.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $by_name = enter_namespaces(map { ("127.0.50.$_", "site$_.widgets-invented.com", "www.site$_.widgets-invented.com") } 1 .. 10);
my $web = start_nginx(
	port => $by_name ? 80 : undef,
	server => 'error_page 404 /404; location = /404 { internal; return 404; }');
my $node = new_node(conf => { 'wf_curation.max_attempts' => 2 });
my $port = $web->port;

sub value { return $node->safe_psql('postgres', $_[0]) }

sub wait_for
{
	my ($what, $condition) = @_;
	ok($node->poll_query_until('postgres', "SELECT $condition"), $what);
}

# The end of the run in one line: rows of each table by status.
sub counts
{
	return value(q{
		SELECT string_agg(concat_ws(' ', stage, status, count), ', ' ORDER BY stage, status)
		FROM wf_pipeline WHERE count > 0});
}

diag('no namespaces here: sites are addresses') unless $by_name;
my @hosts = map { $by_name ? "www.site$_.widgets-invented.com" : "127.0.50.$_:$port" } 1 .. 10;

# nginx serves one tree to all hosts; the sitemap's relative URLs are each host's own
$web->add_page('/robots.txt', "User-agent: *\nSitemap: /pages.txt\n");
$web->add_page('/kontakt.html', '<p>Write to <a href="mailto:office@widgets-invented.com">us</a>.</p>');
$web->add_page('/about.html', '<p>We make widgets.</p>');
$web->add_page('/brochure.pdf', '%PDF');
$web->add_page('/pages.txt',
	join("\n", map { my $h = $_; map { "http://$h$_" } qw(/kontakt.html /about.html /brochure.pdf) } @hosts) . "\n");

# what people write: with and without scheme, www. and path
value('INSERT INTO local_businesses (business_name, website_url) VALUES '
	  . join(', ', map {
		my $host = $hosts[ $_ % 10 ];
		my $text = ("http://$host/page$_", uc $host, "http://http://$host", $host, "HTTP://user\@$host/")[ $_ % 5 ];
		"('business $_', '$text')" } 1 .. 50));

value("UPDATE local_businesses SET status = 'Selected'");
is(value("SELECT count(*) FROM local_businesses WHERE domain_extraction_status = 'Complete'"), '50',
	'businesses: Complete in the same transaction');
is(value('SELECT count(*) FROM domains WHERE local_business_id IS NOT NULL'), '10', 'domains: each once');
is(value("SELECT count(*) FROM domains WHERE domain ~ '"
	  . ($by_name ? '^site[0-9]+[.]widgets-invented[.]com$' : "^127.0.50.[0-9]+:$port") . "'"),
	'10', 'domains: by their names');

value("UPDATE domains SET sitemap_curation_status = 'Selected'");
wait_for('domains: submitted', "count(*) = 10 FROM domains WHERE sitemap_analysis_status = 'submitted'");
is(value('SELECT count(DISTINCT domain_id) FROM sitemap_files'), '10', 'sitemap files: of each domain');

value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'");
wait_for('sitemap files: Complete',
	"bool_and(sitemap_import_status = 'Complete') FROM sitemap_files");
is(value('SELECT count(*) || \'|\' || count(DISTINCT domain_id) FROM pages'), '30|10',
	'pages: of each domain its own');

value("UPDATE pages SET page_curation_status = 'Selected' WHERE page_type = 'contact'");
wait_for('pages: Complete',
	"count(*) = 10 FROM pages WHERE page_processing_status = 'Complete' AND page_curation_status = 'Selected'");
is(value("SELECT count(*) || '|' || count(DISTINCT domain_id) || '|' || min(email) FROM contacts"),
	'10|10|office@widgets-invented.com', 'contacts: one of each site');
is(counts(), 'domain submitted 10, local_business Complete 50, page Complete 10, page Filtered 10, sitemap_file Complete 10',
	'nothing is left on the way');

# ---- the same with auto_import and auto_select: two statements

value('TRUNCATE local_businesses, domains, sitemap_files, pages, contacts');
value("ALTER DATABASE postgres SET wf_curation.$_ = on") foreach qw(auto_import auto_select);
$node->restart;
value('INSERT INTO local_businesses (business_name, website_url) VALUES '
	  . join(', ', map { "('business $_', 'http://$hosts[$_ % 10]/')" } 1 .. 50));
value("UPDATE local_businesses SET status = 'Selected'");
value("UPDATE domains SET sitemap_curation_status = 'Selected'");
wait_for('contacts after two statements', 'count(*) = 10 FROM contacts');
wait_for('and an end', "count(*) = 10 FROM pages WHERE page_processing_status = 'Complete'");
is(counts(), 'domain submitted 10, local_business Complete 50, page Complete 10, page Filtered 10, sitemap_file Complete 10',
	'the same is there');
is(value('SELECT count(DISTINCT domain_id) FROM contacts'), '10', 'contacts of each site');

done_testing();
