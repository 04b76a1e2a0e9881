# What must not grow: the memory of sessions that queue, of workers and of their crawlers,
# and what a claim reads, however many pages wait for their site or for a retry.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $many = 20_000;
my $body = '<p>info@growth-widgets.com, (212) 555-0142</p>' . '<p>All about widgets.</p>' x 500;
my $sitemap = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/x.html</loc></url></urlset>';
my $web = start_nginx(pages => { '/a.html' => $body, '/sitemap.xml' => $sitemap, '/found.xml' => $sitemap });
my $busy = start_server(sub { return (429, { 'Retry-After' => 3600 }, 'later') });
my $node = new_node(workers => 0, conf => {
	'wf_curation.max_concurrency_per_host' => 10, 'wf_curation.poll_interval' => '10min',
	'autovacuum' => 'off' });

sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- a session that queues, in one transaction after the other

value(q{
	INSERT INTO pages (url) VALUES ('https://one.growth-widgets.com/');
	CREATE PROCEDURE queue_often(n int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1 .. n LOOP
			UPDATE pages SET page_curation_status = CASE i % 2 WHEN 1 THEN 'Selected' ELSE 'New' END::page_curation_status;
			COMMIT;
		END LOOP;
	END $$});
my $used = q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts};
my ($before, $after) = split /\n/, value("CALL queue_often(200); $used; CALL queue_often(6000); $used");
cmp_ok($after - $before, '<', 100_000, 'six thousand transactions that queue leave nothing in their session')
  or diag("$before, then $after");
value('DELETE FROM pages; VACUUM pages');

# ---- what a claim reads

# Rows of the queue's tables that statements have read, dead ones included.  Recovery, with
# which a batch begins, reads what wf_claim has; a claim has no such excuse.
sub rows_read
{
	return value(q{SELECT sum(idx_tup_read) + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables
			WHERE relname IN ('pages', 'wf_host', 'domains'))
		FROM pg_stat_user_indexes WHERE relname IN ('pages', 'wf_claim', 'wf_host', 'domains')});
}

# A batch of ten pages of other sites; what it has read.
my $batches = 0;

sub batch_reads
{
	my ($what) = @_;

	$batches++;
	add_pages($node, { status => 'Selected' }, map { $web->url("/a.html?$batches", "127.0.3.$_") } 1 .. 10);
	value('ANALYZE pages, wf_claim');
	my $read = rows_read();
	is(value('SELECT claimed, completed FROM wf_process_batch(10)'), '10|10', "$what: a batch of others is done");
	$read = rows_read() - $read;
	note("$what: $read rows read");
	return $read;
}

my $alone = batch_reads('nothing else queued');
add_pages($node, { status => 'Selected' }, $busy->url('/0', '127.0.2.1'));
value('SELECT wf_process_batch(1)');
is(value("SELECT count(*) FROM wf_host WHERE not_before > now() + interval '30 min'"), '1', 'a site wants an hour');
value(qq{INSERT INTO pages (domain_id, url, page_curation_status)
	SELECT id, '} . $busy->url('/', '127.0.2.1') . qq{' || n, 'Selected' FROM domains, generate_series(1, $many) n
	WHERE domain = '127.0.2.1'});
cmp_ok(batch_reads("$many pages of a site that is left alone"), '<', $alone + 1000, 'are passed over');
value(q{SET session_replication_role = replica;
	UPDATE pages SET page_processing_error = 'waits' WHERE page_processing_status = 'Queued';
	INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before)
		SELECT 'page', id, 1, 0, now(), now() + interval '1 hour' FROM pages WHERE page_processing_status = 'Queued'
		ON CONFLICT DO NOTHING});
value('VACUUM pages, wf_claim, domains');
cmp_ok(batch_reads("$many pages that wait for a retry"), '<', $alone + 1000, 'are not looked at');
value('DELETE FROM pages; DELETE FROM wf_claim');
value('VACUUM pages, wf_claim, domains');

# ---- workers and crawlers, page after page

# What a worker has allocated, as the server's log tells.
sub worker_memory
{
	my ($pid) = worker_pids($node);
	my $from = length server_log($node);
	my $total;

	value("SELECT pg_log_backend_memory_contexts($pid)");
	wait_until(sub { ($total) = substr(server_log($node), $from) =~ /Grand total: .* (\d+) used/ }, 'it is in the log');
	return $total;
}

sub crawler_memory
{
	my ($pid) = crawler_pids($node);
	my ($kilobytes) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;

	return $kilobytes;
}

sub fetch_all
{
	value(q{UPDATE pages SET page_processing_status = 'Queued'});
	wait_for_status($node, 'Complete');
	return;
}

add_pages($node, { status => 'Selected' }, map { $web->url("/a.html?m$_", '127.0.4.' . ($_ % 40 + 1)) } 1 .. 800);
value('SELECT wf_workers_start(1)');
wait_for_status($node, 'Complete');
fetch_all();
my ($worker, $crawler) = (worker_memory(), crawler_memory());
fetch_all() for 1 .. 4;
my ($grown_worker, $grown_crawler) = (worker_memory() - $worker, crawler_memory() - $crawler);
note("3,200 pages: the worker has grown by $grown_worker bytes, the crawler by $grown_crawler kB");
cmp_ok($grown_worker, '<', 200_000, 'a worker keeps nothing of the pages it has stored');
cmp_ok($grown_crawler, '<', 4096, 'nor its crawler');

# the other stages, and what fails

my $all_stages = sub {
	value(q{UPDATE domains SET sitemap_analysis_status = 'queued' WHERE sitemap_curation_status = 'Selected';
		UPDATE sitemap_files SET sitemap_import_status = 'Queued' WHERE url ~ 'found';
		UPDATE pages SET page_processing_status = 'Queued' WHERE url ~ 'missing'});
	wait_until(sub { value(q{SELECT (SELECT count(*) FROM domains WHERE sitemap_analysis_status = 'queued')
		+ (SELECT count(*) FROM sitemap_files WHERE sitemap_import_status IN ('Queued', 'Processing'))
		+ (SELECT count(*) FROM pages WHERE page_processing_status IN ('Queued', 'Processing'))}) eq '0' }, 'all stages are done');
};
value(q{DELETE FROM pages; UPDATE domains SET sitemap_curation_status = 'Selected' WHERE domain ~ '^127[.]0[.]4[.]';
	UPDATE domains SET domain = domain || ':} . $web->port . q{' WHERE domain ~ '^127[.]0[.]4[.]'});
$all_stages->();
value(q{INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status)
	SELECT id, 'http://' || domain || '/found.xml', 'Selected' FROM domains WHERE sitemap_curation_status = 'Selected'});
add_pages($node, { status => 'Selected' }, map { $web->url("/missing$_", "127.0.4.$_") } 1 .. 40);
$all_stages->() for 1 .. 2;
($worker, $crawler) = (worker_memory(), crawler_memory());
$all_stages->() for 1 .. 12;
($grown_worker, $grown_crawler) = (worker_memory() - $worker, crawler_memory() - $crawler);
note("480 searches, sitemaps and failures each: the worker has grown by $grown_worker bytes, the crawler by $grown_crawler kB");
cmp_ok($grown_worker, '<', 60_000, 'nor of domains, sitemap files and what failed');
cmp_ok($grown_crawler, '<', 16_384, 'nor does the crawler');

$node->stop;
done_testing();
