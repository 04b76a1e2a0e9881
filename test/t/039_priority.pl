# wf_prioritize(): what an operator wants first is done first, nobody starves for
# it, and no wish is left behind.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => {
	'/a.html' => '<p>info@priority-widgets.com</p>',
	'/sitemap.xml' => '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>' });
my $node = new_node(workers => 0, conf => { 'wf_curation.max_concurrency' => 8 });

sub value { return $node->safe_psql('postgres', $_[0]) }

sub start_workers
{
	my ($n) = @_;

	value("SELECT wf_workers_start($n)");
}

sub stop_workers
{
	value('SELECT wf_workers_stop()');
	$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity
		WHERE backend_type = 'wf_curation worker'}) or die 'workers stay';
	return;
}

# How many others ended before the last of the wished ones, that is n of them.
sub others_before
{
	my ($wished, $stage) = @_;

	return value(qq{
		SELECT count(*) FROM wf_attempt WHERE stage = '$stage' AND id < (
			SELECT max(a.id) FROM wf_attempt a JOIN wished w ON w.id = a.item) }) - $wished;
}

value('CREATE TABLE wished (id uuid PRIMARY KEY)');

# ---- one site, 2,000 pages queued, ten wished for that are behind in every order

add_pages($node, map { $web->url("/a.html?$_", '127.0.2.1') } 1 .. 2000);
select_pages($node);
value('INSERT INTO wished SELECT id FROM pages ORDER BY id DESC LIMIT 10');

is(value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM wished) || gen_random_uuid())"),
	10, 'ten wishes; an id that nobody has is none');
start_workers(1);
wait_until(sub { value(q{SELECT count(*) FROM pages JOIN wished USING (id)
	WHERE page_processing_status = 'Complete'}) == 10 }, 'what is wished for is done');
is(value('SELECT count(*) FROM wf_priority'), 0, 'and no longer wished for');
my $others = others_before(10, 'page');
cmp_ok($others, '<', 100, 'before nearly all others');
cmp_ok($others, '>=', 4, 'which go on nevertheless');
note("$others others before");
wait_until_done($node);
is(statuses($node), 'Complete=2000', 'nothing is lost');
is($web->count_requests(), 2000, 'nothing is fetched twice');

# ---- many sites: half of the slots

stop_workers();
value('TRUNCATE wf_attempt, wished; DELETE FROM pages');
add_pages($node, { status => 'Selected' },
	map { my $site = "127.0.3.$_"; map { $web->url("/a.html?$_", $site) } 1 .. 10 } 1 .. 60);
value(q{INSERT INTO wished SELECT p.id FROM pages p JOIN domains d ON d.id = p.domain_id
	WHERE d.domain IN (SELECT domain FROM domains WHERE domain ~ '^127[.]0[.]3' ORDER BY id DESC LIMIT 10)});
is(value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM wished), 5)"), 100, 'a hundred wishes of ten sites');
start_workers(1);
wait_until(sub { value(q{SELECT count(*) FROM pages JOIN wished USING (id)
	WHERE page_processing_status = 'Complete'}) == 100 }, 'they are done');
$others = others_before(100, 'page');
cmp_ok($others, '<', 300, 'before most others');
cmp_ok($others, '>=', 50, 'which get half of the slots');
note("$others others before");
wait_until_done($node);

# ---- several workers; priorities; wishes that are void

stop_workers();
value('TRUNCATE wf_attempt, wished; DELETE FROM pages');
add_pages($node, { status => 'Selected' },
	map { my $site = "127.0.4.$_"; map { $web->url("/a.html?$_", $site) } 1 .. 50 } 1 .. 8);
is(value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM pages))"), 400, 'everything is wished for');
value(q{DELETE FROM pages WHERE url ~ '127.0.4.1:'});
value(q{UPDATE pages SET page_curation_status = 'Archived' WHERE url ~ '127.0.4.2:'});
start_workers(3);
wait_until_done($node);
is(statuses($node), '-=50 Complete=300', 'three workers, nothing is lost');
wait_until(sub { value('SELECT count(*) FROM wf_priority') == 0 }, 'no wish is left');
is(value('SELECT max(n) FROM (SELECT count(*) AS n FROM wf_attempt GROUP BY item) x'), 1,
	'nothing is done twice');

# of a paused stage, too, though nobody claims: the sweep
value(q{SELECT wf_pause('page')});
add_pages($node, { status => 'Selected' }, map { $web->url("/a.html?$_", '127.0.5.1') } 1 .. 20);
is(value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM pages WHERE page_processing_status = 'Queued'))"),
	20, 'twenty wishes of a paused stage');
value(q{DELETE FROM pages WHERE url ~ '127.0.5.1:.*[12]$'});
value('SELECT wf_heal()');
is(value('SELECT count(*) FROM wf_priority WHERE item NOT IN (SELECT id FROM pages)'), 0,
	'the sweep forgets wishes for what is no more');
cmp_ok(value('SELECT count(*) FROM wf_priority'), '>', 0, 'and no others');
value(q{SELECT wf_resume('page')});
wait_until_done($node);
is(value('SELECT count(*) FROM wf_priority'), 0, 'no wish is left');

# thousands that were taken back at once are forgotten by one sweep
value(q{SELECT wf_pause('page')});
value(q{INSERT INTO pages (url, page_curation_status)
	SELECT 'https://many.priority-widgets.com/' || n, 'Selected' FROM generate_series(1, 3000) n});
value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM pages WHERE url ~ 'many'))");
value(q{SELECT wf_cancel(ARRAY(SELECT id FROM pages WHERE url ~ 'many'))});
value('SELECT wf_heal()');
is(value('SELECT count(*) FROM wf_priority'), 0, 'no wish is left of 3,000 that were cancelled');
value(q{SELECT wf_resume('page')});

# ---- the highest priority first; wishes taken back; what is not ready

stop_workers();
value('TRUNCATE wf_attempt, wished; DELETE FROM pages');
my @ids = add_pages($node, { status => 'Selected' }, map { $web->url("/a.html?order$_", "127.0.7.$_") } 1 .. 9);
my %priority = ($ids[0] => 1, $ids[1] => 100, $ids[2] => 50, $ids[3] => 99);
value("SELECT wf_prioritize('page', ARRAY['$_'::uuid], $priority{$_})") foreach @ids[ 0 .. 3 ];
is(value("SELECT wf_prioritize('page', ARRAY['$ids[3]', '$ids[4]']::uuid[], 0)"), 1, 'a wish is taken back');
value('SELECT wf_process_batch(1)') for 1 .. 3;
is(value(q{SELECT string_agg(url, ' ' ORDER BY id) FROM (SELECT id, substring(url, 'order.') AS url FROM wf_attempt) x}),
	'order2 order3 order1', 'the highest priority first');
value(qq{SET session_replication_role = replica; UPDATE pages SET page_processing_error = 'waits' WHERE id = '$ids[5]'});
is(value("SELECT wf_prioritize('page', ARRAY['$ids[5]', '$ids[0]']::uuid[])"), 0,
	'what waits for a retry, and what is done, cannot be wished for');

# ---- a worker at work hears of a wish

my $slow = start_rationed_server('<p>info@slow-widgets.com</p>');
value('DELETE FROM pages; DELETE FROM wf_claim');
@ids = add_pages($node, { status => 'Selected' }, map { $slow->url("/$_", "127.0.8.$_") } 1 .. 200);
start_workers(1);
wait_until(sub { value('SELECT count(*) FROM wf_claim') == 8 }, 'the worker is busy');
value(q{INSERT INTO wished SELECT id FROM pages WHERE page_processing_status = 'Queued' ORDER BY domain_id DESC LIMIT 3});
is(value("SELECT wf_prioritize('page', ARRAY(SELECT id FROM wished))"), 3, 'three wishes');
# sixteen answers make room for sixteen more
$slow->allow(16);
wait_until(sub { value('SELECT count(*) FROM wf_priority') == 0 }, 'are granted among the next', 20);
$slow->allow(200);
wait_until_done($node);

# ---- an order takes them, too, and so do the other stages

stop_workers();
value('TRUNCATE wf_attempt, wished; DELETE FROM pages');

value(q{INSERT INTO domains (domain, sitemap_curation_status)
	SELECT '127.0.6.' || g || ':} . $web->port . q{', 'Selected' FROM generate_series(1, 40) g});
value(q{INSERT INTO wished SELECT id FROM domains WHERE sitemap_analysis_status = 'queued'
	ORDER BY id DESC LIMIT 2});
is(value("SELECT wf_prioritize('domain', ARRAY(SELECT id FROM wished))"), 2, 'two domains');
is(value('SELECT claimed FROM wf_process_batch(4)'), 4, 'an order of four');
is(value('SELECT count(*) FROM wf_attempt a JOIN wished w ON w.id = a.item'), 2, 'they are among them');
value('TRUNCATE wf_attempt, wished');
value(q{UPDATE domains SET sitemap_curation_status = 'New', sitemap_analysis_status = 'pending'});
value(q{INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status)
	SELECT id, 'http://' || domain || '/sitemap.xml?wished', 'Selected' FROM domains WHERE domain ~ '^127.0.6'});
value(q{INSERT INTO wished SELECT id FROM sitemap_files WHERE sitemap_import_status = 'Queued'
	ORDER BY domain_id DESC LIMIT 2});
is(value("SELECT wf_prioritize('sitemap_file', ARRAY(SELECT id FROM wished))"), 2, 'two sitemaps');
is(value('SELECT claimed FROM wf_process_batch(4)'), 4, 'an order of four');
is(value('SELECT count(*) FROM wf_attempt a JOIN wished w ON w.id = a.item'), 2, 'they are among them');
is(value('SELECT count(*) FROM wf_priority'), 0, 'no wish is left');

done_testing();
