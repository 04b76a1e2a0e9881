# Whatever happens to the crawler costs one page one attempt, and the cluster
# stays up.  Needs the crawler with faults (make wf_crawler_faults).

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $faulty = "$FindBin::RealBin/../../wf_crawler_faults";
-x $faulty or plan skip_all => 'wf_crawler_faults is not built (make wf_crawler_faults)';

my $web = start_nginx(pages => {
	(map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 30),
	(map { ("/wf-fault/$_" => '<p>never@seen-at-all.com</p>') } qw(crash loop exit leak)) });
my $hang = start_hanging_server();
my $node = new_node(conf => {
	'wf_curation.crawler_path' => $faulty,
	'wf_curation.max_attempts' => 2,
	'wf_curation.max_concurrency_per_host' => 100 });

sub value { return $node->safe_psql('postgres', $_[0]) }

my $postmaster = slurp_file($node->data_dir . '/postmaster.pid');

foreach my $fault (qw(crash exit loop leak))
{
	value('DELETE FROM pages; DELETE FROM contacts');
	add_pages($node, { status => 'Selected' }, $web->url("/wf-fault/$fault", '127.0.1.1'),
		map { $web->url("/$_.html", '127.0.1.1') } 1 .. 30);
	wait_until_done($node);
	is(statuses($node, "url !~ 'fault'"), 'Complete=30', "$fault: all other pages are Complete");
	is(statuses($node, "url ~ 'fault'"), 'Error=1', "$fault: the page ends Error");
	like(value("SELECT page_processing_error FROM pages WHERE url ~ 'fault'"),
		qr/the crawler ended \((signal|exit code) \d+\) while it handled this page/,
		"$fault: with a reason");
	is(value("SELECT string_agg(attempt::text, ',' ORDER BY attempt) FROM wf_attempt a"
		  . " JOIN pages p ON p.id = a.item WHERE p.url ~ 'fault'"),
		'1,2', "$fault: after two counted attempts");
	is(value("SELECT max(attempt) FROM wf_attempt a JOIN pages p ON p.id = a.item WHERE p.url !~ 'fault'"),
		'1', "$fault: the others had one attempt");
	is(value('SELECT count(*) FROM contacts WHERE email !~ \'^notfound_\''), '30', "$fault: no contact lost or doubled");
}

# ---- a sitemap that exhausts memory, or ends the crawler otherwise, is not read for ever

value("DELETE FROM pages; INSERT INTO sitemap_files (url, deep_scrape_curation_status) VALUES "
	. join(', ', map { "('" . $web->url("/wf-fault/$_", '127.0.3.1') . "', 'Selected')" } qw(crash leak)));
$node->poll_query_until('postgres', "SELECT bool_and(sitemap_import_status = 'Error') FROM sitemap_files")
  or die 'sitemaps did not end';
is(value(q{SELECT count(*) FROM sitemap_files
		WHERE sitemap_import_error ~ '^the crawler ended \((signal|exit code) \d+\) while it handled this page'}), '2',
	'sitemaps that end the crawler end Error, with a reason');
is(value(q{SELECT string_agg(attempt || outcome, ',' ORDER BY url, attempt) FROM wf_attempt WHERE stage = 'sitemap_file'}),
	'1crash,2crash,1crash,2crash', 'after two counted attempts each');
value('DELETE FROM sitemap_files');

# ---- any signal, with fetches in flight

value('DELETE FROM pages');
my @ids = add_pages($node, { status => 'Selected' }, map { $hang->url("/p$_", '127.0.2.1') } 1 .. 10);
wait_until(sub { $hang->count_requests(qr/p/) == 10 }, 'ten fetches hang');
my $expected = 10;
foreach my $signal (qw(KILL TERM SEGV ABRT STOP))
{
	my ($pid) = crawler_pids($node);

	kill $signal => $pid;
	$expected += 10;
	wait_until(sub { !is_alive($pid) }, "$signal: the crawler is gone");
	wait_until(sub { $hang->count_requests(qr/p/) >= $expected }, "$signal: all fetches were sent again");
	$expected = $hang->count_requests(qr/p/);
}

# ---- it dies while the worker is busy, and a write is what finds it dead

value(q{
	CREATE FUNCTION slow_claim() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.page_processing_status = 'Processing' AND NEW.url ~ '/late' THEN
			PERFORM pg_sleep(1);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER slow_claim BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION slow_claim()});
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.1.1'));
wait_for_status($node, 'Complete', "url ~ '/1.html'");
add_pages($node, { status => 'Selected' }, $hang->url('/late', '127.0.2.1'));
wait_until(sub { value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'wf_curation worker'"
			  . " AND wait_event = 'PgSleep'") eq '1' }, 'the worker is in a claim');
kill KILL => crawler_pids($node);
my $started = time;
wait_until(sub { $hang->count_requests(qr/late/) == 1 && $hang->count_requests(qr/p/) >= $expected + 10 },
	'another crawler is started');
cmp_ok(time - $started, '<', 4, 'at once, not at the next poll');
value("DELETE FROM pages WHERE url !~ '/p'");

is(statuses($node), 'Processing=10', 'still in flight');
is(value('SELECT max(attempt) FROM wf_claim'), '1', 'with one attempt counted');

is(slurp_file($node->data_dir . '/postmaster.pid'), $postmaster, 'the postmaster is the same');
unlike(server_log($node), qr/terminating any other active server processes/, 'the cluster never restarted');

my ($last) = crawler_pids($node);
$node->stop('fast');
wait_until(sub { !is_alive($last) }, 'no crawler survives the server');
done_testing();
