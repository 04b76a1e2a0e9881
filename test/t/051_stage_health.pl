
# What wf_health() sees of the stages before pages: each fault is injected behind
# the triggers' back, caught and named, and repaired by the remedy as printed.  There
# is no standing worker, so that nothing is repaired before it was looked at.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(server => 'error_page 404 /404; location = /404 { internal; return 404; }');
my $node = new_node(workers => 0, conf => { 'wf_curation.max_attempts' => 1 });
my $port = $web->port;

sub value { return $node->safe_psql('postgres', $_[0]) }

# A statement that no trigger sees.
sub inject { return value("SET session_replication_role = replica; $_[0]") }

sub found
{
	my ($check) = @_;

	return value("SELECT string_agg(status || ': ' || detail, ' ') FROM wf_health()"
		  . " WHERE check_name = '$check' AND status <> 'ok'");
}

sub remedy
{
	my ($check) = @_;

	return value("SELECT DISTINCT remedy FROM wf_health() WHERE check_name = '$check' AND status <> 'ok'");
}

# The fault is found, and its remedy, after which whoever processes does so, ends it.
sub repaired
{
	my ($check, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	like(found($check), $expected, "$name: caught");
	value($_) foreach split /\n/, remedy($check);
	value('SELECT wf_process_batch(100)');
	is(found($check), '', "$name: repaired");
	return;
}

$web->add_page('/list.txt', $web->url('/contact', '127.0.60.1') . "\n");
$web->add_page('/robots.txt', "User-agent: *\nSitemap: /list.txt\n");
my $domain = value("INSERT INTO domains (domain) VALUES ('127.0.60.1:$port') RETURNING id");
my $url = $web->url('/list.txt', '127.0.60.1');
my @checks = qw(orphans stuck waiting errors_without_reason businesses submitted_without_sitemaps
  complete_without_pages sitemap_depth);

is(found($_), '', "$_: silent while all is well") foreach @checks;

# ---- promises that nobody kept

inject("UPDATE domains SET sitemap_analysis_status = 'submitted', sitemap_curation_status = 'Selected'");
repaired('submitted_without_sitemaps', qr/^warn: 1 domain is submitted and has no sitemap file/,
	'a domain is submitted without sitemaps');
is(value('SELECT url FROM sitemap_files'), $url, 'they were looked for');

inject("UPDATE sitemap_files SET sitemap_import_status = 'Complete'");
repaired('complete_without_pages', qr/^warn: 1 sitemap file is complete, and the domain has no page/,
	'a sitemap is complete without pages');
is(value('SELECT count(*) FROM pages'), '1', 'they were imported');
inject("INSERT INTO domains (domain) VALUES ('index.example');"
	  . "INSERT INTO sitemap_files (domain_id, url, sitemap_type, sitemap_import_status)"
	  . " SELECT id, 'https://index.example/', 'index', 'Complete' FROM domains WHERE domain = 'index.example'");
is(found('complete_without_pages'), '', 'an index needs no pages');
value("DELETE FROM domains WHERE domain = 'index.example'");

# ---- businesses

my $businesses = "INSERT INTO local_businesses (business_name, website_url, status, domain_extraction_status, updated_at)";
inject("$businesses VALUES ('A', 'https://a.example', 'Selected', 'Queued', now() - interval '3 minutes')");
repaired('businesses', qr/^fail: 1 business is queued for more than two minutes/, 'a business stays queued');
is(value("SELECT domain_extraction_status FROM local_businesses"), 'Complete', 'its domain was found');
inject("$businesses VALUES ('B', 'https://b.example', 'Selected', NULL, now())");
repaired('orphans', qr/^fail: 1 business is selected and not queued/, 'a business is selected and not queued');
inject("$businesses VALUES ('C', 'https://c.example', 'Selected', 'Processing', now() - interval '5 minutes')");
like(found('stuck'), qr/^warn: 1 business is in processing without a claim/, 'a business in processing: caught');
value('SELECT wf_heal()');
is(value("SELECT domain_extraction_status FROM local_businesses WHERE business_name = 'C'"), 'Processing',
	'another service has time for it');
value("UPDATE local_businesses SET updated_at = now() - interval '11 minutes' WHERE business_name = 'C'");
value('SELECT wf_heal()');
is(value("SELECT domain_extraction_status FROM local_businesses WHERE business_name = 'C'"), 'Complete',
	'but not for ever');

# ---- the queue of each stage

my %stages = (
	domain => {table => 'domains', where => "domain ~ '^127'", curation => 'sitemap_curation_status',
		processing => 'sitemap_analysis_status', error => 'sitemap_analysis_error',
		labels => [ 'queued', 'processing', 'failed' ]},
	'sitemap file' => {table => 'sitemap_files', where => 'true', curation => 'deep_scrape_curation_status',
		processing => 'sitemap_import_status', error => 'sitemap_import_error',
		labels => [ 'Queued', 'Processing', 'Error' ]},
);
foreach my $name (sort keys %stages)
{
	my ($s) = $stages{$name};
	my ($queued, $processing, $failed) = @{ $s->{labels} };
	my $set = "UPDATE $s->{table} SET $s->{curation} = 'Selected', $s->{processing} =";

	inject("$set NULL, $s->{error} = NULL WHERE $s->{where}");
	repaired('orphans', qr/^fail: 1 $name is selected and not queued/, "a $name is selected and not queued");
	inject("$set '$processing' WHERE $s->{where}");
	repaired('stuck', qr/^warn: 1 $name is in processing without a claim/, "a $name hangs");
	inject("$set '$queued', $s->{error} = 'waits' WHERE $s->{where}");
	repaired('waiting', qr/^warn: 1 $name is waiting for a retry/, "a $name waits for nothing");
	inject("$set '$failed', $s->{error} = NULL WHERE $s->{where}");
	like(found('errors_without_reason'), qr/^warn: 1 $name is in error without a reason/, "a $name failed without a reason");
	value(remedy('errors_without_reason'));
	isnt(value("SELECT $s->{error} FROM $s->{table} WHERE $s->{where}"), '', 'it gets one');
	value("$set '$queued' WHERE $s->{where}; SELECT wf_process_batch(100)");
}
is(value("SELECT sitemap_analysis_status FROM domains WHERE domain ~ '^127'")
	  . value("SELECT sitemap_import_status FROM sitemap_files"), 'submittedComplete', 'all of it was done again');

# ---- stopping and going on

value("SELECT wf_pause('sitemap_file'); UPDATE sitemap_files SET sitemap_import_status = 'Queued'");
value('SELECT wf_process_batch(100)');
is(value('SELECT sitemap_import_status FROM sitemap_files'), 'Queued', 'a paused stage rests');
is(value("SELECT string_agg(stage || ' ' || status || ' ' || count, ', ' ORDER BY stage, status) FROM wf_pipeline WHERE count > 0"),
	'domain submitted 1, local_business Complete 3, sitemap_file Queued 1', 'wf_pipeline has all stages');
is(value("SELECT string_agg(stage || ' ' || done || '/' || total, ', ' ORDER BY stage) FROM wf_progress"),
	'domain 1/1, local_business 3/3, page 0/0, sitemap_file 0/1', 'so has wf_progress');
is(value("SELECT wf_cancel_stage('sitemap_file', ARRAY(SELECT id FROM sitemap_files))"), '1', 'taken back');
value("SELECT wf_resume('sitemap_file'); SELECT wf_process_batch(100)");
is(value("SELECT deep_scrape_curation_status || '|' || (sitemap_import_status IS NULL) FROM sitemap_files"),
	'New|true', 'and not processed');
value("UPDATE sitemap_files SET url = url || '.gone', deep_scrape_curation_status = 'Selected'; SELECT wf_process_batch(100)");
is(value("SELECT sitemap_import_status || ': ' || sitemap_import_error FROM sitemap_files"), 'Error: HTTP status 404',
	'a sitemap that is gone');
value("UPDATE sitemap_files SET url = '$url'");
is(value("SELECT wf_retry_stage('sitemap_file')"), '1', 'wf_retry_stage');
value('SELECT wf_process_batch(100)');
is(value("SELECT sitemap_import_status FROM sitemap_files"), 'Complete', 'tries again');

done_testing();
