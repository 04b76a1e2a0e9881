
# From 50 businesses to contacts, over 10 web sites, by nothing but UPDATE.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(server => 'error_page 404 /404; location = /404 { internal; return 404; }');
my $node = new_node(conf => { 'wf_curation.max_attempts' => 2 });
my $port = $web->port;

sub value { return $node->safe_psql('postgres', $_[0]) }

sub wait_for
{
	my ($what, $condition) = @_;
	ok($node->poll_query_until('postgres', "SELECT $condition"), $what);
}

# nginx serves one tree to all hosts; the sitemap's relative URLs are each host's own
$web->add_page('/robots.txt', "User-agent: *\nSitemap: /pages.txt\n");
$web->add_page('/kontakt.html', '<p>Write to <a href="mailto:office@widgets-invented.com">us</a>.</p>');
$web->add_page('/about.html', '<p>We make widgets.</p>');
my @hosts = map { "127.0.50.$_" } 1 .. 10;
$web->add_page('/pages.txt',
	join("\n", map { my $h = $_; map { $web->url($_, $h) } qw(/kontakt.html /about.html) } @hosts) . "\n");

value("INSERT INTO local_businesses (business_name, website_url) SELECT 'business ' || i,"
	  . " 'http://127.0.50.' || 1 + i % 10 || ':$port/page' || i FROM generate_series(1, 50) i");

value("UPDATE local_businesses SET status = 'Selected'");
is(value("SELECT count(*) FROM local_businesses WHERE domain_extraction_status = 'Complete'"), '50',
	'businesses: Complete in the same transaction');
is(value('SELECT count(*) FROM domains WHERE local_business_id IS NOT NULL'), '10', 'domains: each once');

value("UPDATE domains SET sitemap_curation_status = 'Selected'");
wait_for('domains: submitted', "count(*) = 10 FROM domains WHERE sitemap_analysis_status = 'submitted'");
is(value('SELECT count(DISTINCT domain_id) FROM sitemap_files'), '10', 'sitemap files: of each domain');

value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'");
wait_for('sitemap files: Complete',
	"bool_and(sitemap_import_status = 'Complete') FROM sitemap_files");
is(value('SELECT count(*) || \'|\' || count(DISTINCT domain_id) FROM pages'), '20|10',
	'pages: of each domain its own');

value("UPDATE pages SET page_curation_status = 'Selected' WHERE page_type = 'contact'");
wait_for('pages: Complete',
	"count(*) = 10 FROM pages WHERE page_processing_status = 'Complete' AND page_curation_status = 'Selected'");
is(value("SELECT count(*) || '|' || count(DISTINCT domain_id) || '|' || min(email) FROM contacts"),
	'10|10|office@widgets-invented.com', 'contacts: one of each site');

done_testing();
