# wf_health() is silent in the ordinary situations of a healthy server, also where
# something looks like a fault at first sight: nobody has come yet, an operator has
# stopped a stage, sites want to be left alone, a server has just started again.
# What is a finding there is named, and true.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 40 });
my $hang = start_hanging_server();
my $busy = start_server(sub { return (503, { 'Retry-After' => 600 }, 'later') });
my $node = new_node(init => { allows_streaming => 1 },
	conf => { 'wf_curation.poll_interval' => '1s', 'wf_curation.retry_delay' => '10min',
		'wf_curation.max_concurrency_per_host' => 20, 'autovacuum' => 'off' });
my $server = $node;
my $database = 'postgres';

sub value { return $server->safe_psql($database, $_[0]) }

# A statement that no trigger sees.
sub behind { return value("SET session_replication_role = replica; $_[0]") }

sub findings
{
	return value(q{SELECT coalesce(string_agg(concat_ws(' ', check_name, status, detail), E'\n'), 'none')
		FROM wf_health() WHERE status <> 'ok'});
}

sub is_well
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(findings(), 'none', $name);
}

# These findings, and no others.
sub finds
{
	my ($expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(value(q{SELECT string_agg(check_name || '=' || status, ' ') FROM wf_health() WHERE status <> 'ok'}),
		$expected, $name)
	  || diag(findings());
}

sub is_well_soon
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return wait_until(sub { findings() eq 'none' }, $name, 30) || diag(findings());
}

# Nothing has been processed for half an hour.
sub let_time_pass
{
	value(q{UPDATE wf_attempt SET started_at = started_at - interval '30 min', finished_at = finished_at - interval '30 min'});
	return behind(join ';', map { "UPDATE $_ SET updated_at = updated_at - interval '30 min'" }
		  qw(pages domains sitemap_files local_businesses));
}

# Items of each stage that wait, old ones.
my $waiting = "INSERT INTO domains (domain, sitemap_curation_status, sitemap_analysis_status)"
  . " VALUES ('waits.example', 'Selected', 'queued');"
  . "INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status, sitemap_import_status)"
  . " SELECT id, 'https://waits.example/s.xml', 'Selected', 'Queued' FROM domains WHERE domain = 'waits.example';"
  . "INSERT INTO pages (url, page_curation_status) VALUES ('https://waits.example/', 'Selected');"
  . "INSERT INTO local_businesses (business_name, website_url, status) VALUES ('W', 'https://w.example', 'Selected')";
my $gone = "DELETE FROM pages WHERE url = 'https://waits.example/'; DELETE FROM sitemap_files;"
  . "DELETE FROM local_businesses; DELETE FROM domains WHERE domain ~ 'example\$'";

# ---- nobody has done anything yet; then somebody has

is_well('a fresh extension');
add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 40);
add_pages($node, { status => 'Selected' }, map { $web->url("/missing$_", "127.0.1.$_") } 1 .. 2);
is_well('work begins');
wait_until_done($node);
is_well('work is done, two pages are not there');
is(value('SELECT wf_retry()'), '2', 'those are asked for again');
is_well('wf_retry()');
wait_until_done($node);
is_well('and are not there again');

# ---- stopped by the operator, long ago, with work of each stage waiting

value("SELECT wf_pause(s) FROM unnest('{page,domain,sitemap_file}'::text[]) s");
value($waiting);
value("UPDATE wf_paused SET since = since - interval '90 days'");
let_time_pass();
finds('paused=warn paused=warn paused=warn', 'a pause is named, and nothing else');
value('DELETE FROM wf_claim');
value($gone);
value('SELECT wf_resume(stage) FROM wf_paused');
is_well('going on');

value('ALTER SYSTEM SET wf_curation.enabled = off; SELECT pg_reload_conf()');
wait_until(sub { value('SHOW wf_curation.enabled') eq 'off' }, 'fetching is off');
value($waiting);
let_time_pass();
finds('enabled=warn', 'enabled = off is named, and nothing else');
value($gone);
value('ALTER SYSTEM RESET wf_curation.enabled; SELECT pg_reload_conf()');
wait_until(sub { value('SHOW wf_curation.enabled') eq 'on' }, 'fetching is on');
is_well('fetching again');

# ---- sites that want to be left alone, retries that are not due

add_pages($node, { status => 'Selected' }, map { $busy->url("/$_", '127.0.2.1') } 1 .. 30);
wait_until(sub { value('SELECT count(*) > 0 FROM wf_host WHERE not_before > now()') eq 't' }, 'a site asks for a pause');
wait_until(sub { value("SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL") eq '0' }, 'which it gets');
value('DELETE FROM wf_attempt WHERE outcome <> \'ok\'');
is_well('pages wait for a site');
let_time_pass();
is_well('for half an hour, beside an idle worker');
value("UPDATE wf_host SET not_before = now() - interval '1 second'");
value("UPDATE wf_claim SET not_before = now() - interval '1 second' WHERE worker_pid IS NULL");
is_well('their time has come');
value("DELETE FROM pages WHERE page_processing_status IS DISTINCT FROM 'Complete'; DELETE FROM wf_host");

# ---- many pages, of which an ordinary share has no contact; history at its limit

behind(q{INSERT INTO domains (domain) SELECT 'd' || n || '.test' FROM generate_series(1, 200) n;
	INSERT INTO pages (domain_id, url, page_curation_status, page_processing_status, contact_scrape_status, updated_at)
	SELECT d.id, 'https://' || d.domain || '/' || n, 'Selected', 'Complete',
		(CASE WHEN n % 10 < 6 THEN 'NoContactFound' ELSE 'ContactFound' END)::contact_scrape_status, now() - n * interval '1 min'
	FROM domains d, generate_series(1, 100) n WHERE d.domain ~ '^d';
	INSERT INTO contacts (domain_id, page_id, email, name, source_url)
	SELECT p.domain_id, p.id, CASE contact_scrape_status::text WHEN 'ContactFound' THEN 'info' || substr(p.id::text, 1, 8)
		ELSE 'notfound_' || p.id END || '@' || d.domain, 'x', p.url
	FROM pages p JOIN domains d ON d.id = p.domain_id WHERE d.domain ~ '^d'});
value(q{INSERT INTO wf_attempt (stage, item, attempt, url, started_at, finished_at, outcome, http_status, bytes, contacts)
	SELECT 'page', p.id, 1, p.url, t, t, 'ok', 200, 1000, (contact_scrape_status = 'ContactFound')::int
	FROM (SELECT *, now() - interval '9 days' * row_number() OVER () / 20000 AS t FROM pages) p});
value('SELECT wf_heal()');
is_well('20,000 pages, sixty in a hundred without a contact');
is(value("SELECT count(*) FROM wf_attempt WHERE finished_at < now() - interval '7 days 1 minute'"), '0', 'history is pruned');

# ---- what others do

{
	my $idle = $node->background_psql('postgres');
	$idle->query_safe('BEGIN; UPDATE pages SET title = title WHERE id = (SELECT min(id::text)::uuid FROM pages)');
	my $dump = $node->background_psql('postgres');
	$dump->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; LOCK TABLE pages, contacts, domains IN ACCESS SHARE MODE');
	$dump->query_safe('SELECT count(*) FROM pages');
	wait_until(sub { value("SELECT bool_and(now() - xact_start > interval '2 s') FROM pg_stat_activity"
				. " WHERE state = 'idle in transaction'") eq 't' }, 'two sessions hold their transactions');
	is_well('an idle transaction, and a dump');
	$dump->quit;
	$idle->quit;
}

# ---- a crash

add_pages($node, { status => 'Selected' }, map { $hang->url("/$_", '127.0.3.1') } 1 .. 10);
my $in_flight = 'SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL';
wait_until(sub { value($in_flight) eq '10' }, 'ten pages are in flight');
is_well('meanwhile');
$node->stop('immediate');
$node->start;
is_well_soon('after a crash');
wait_until(sub { value($in_flight) eq '10' }, 'they are in flight again');
is_well('and when work has gone on');

# ---- a standby; its primary ends in the middle of work, and nobody promotes it

$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
kill 'STOP', worker_pids($node);
value("UPDATE wf_claim SET lease_until = now() - interval '1 hour' WHERE worker_pid IS NOT NULL");
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$node->stop('immediate');
$server = $standby;
is(value($in_flight), '10', 'the standby has what was in flight');
is_well('which its promotion will see to');
$standby->stop;

# ---- without preload: by hand, and without some of the tables

$server = new_node(name => 'hand', preload => 0, databases => '');
is_well('neither preload nor schedule, nothing queued');
add_pages($server, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.4.$_") } 1 .. 5);
finds('workers=fail', 'pages are queued and nobody processes');
value('SELECT wf_process_batch(100)');
is(statuses($server), 'Complete=5', 'a batch does');
is_well('neither preload nor schedule, all is done');
value(q{UPDATE wf_attempt SET finished_at = now() - interval '9 days';
	UPDATE wf_sweep_state SET last_sweep = now() - interval '8 days'});
is_well('for more than a week');
value('SELECT wf_heal()');
is(value('SELECT count(*) FROM wf_attempt'), '0', 'the next sweep prunes');
value('DROP TABLE sitemap_files, local_businesses CASCADE');
is_well('without sitemap files and businesses');
my $attached = q{SELECT detail FROM wf_health() WHERE check_name = 'attached'};
is(value($attached), 'A table is attached for each part that is needed; none as "sitemap_files", "local_businesses", "jobs".',
	'which wf_health() does not say are there');
value("UPDATE domains SET sitemap_curation_status = 'Selected' WHERE id = (SELECT min(id::text)::uuid FROM domains)");
is(value($attached), 'No table is attached as "sitemap_files", and 1 domain is queued for it.', 'until one is needed');
value("SELECT wf_cancel_stage('domain', array_agg(id)) FROM domains");
add_pages($server, { status => 'Selected' }, $web->url('/6.html', '127.0.4.6'));
value('SELECT wf_process_batch(100)');
is_well('which pages do not need');
value('DROP EXTENSION wf_curation; CREATE EXTENSION wf_curation');
is_well('DROP and CREATE EXTENSION');
$server->stop;

# ---- the same beside a worker

$server = new_node(name => 'partly');
value('DROP TABLE sitemap_files CASCADE');
add_pages($server, { status => 'Selected' }, $web->url('/7.html', '127.0.5.1'));
wait_until_done($server);
is_well('without sitemap files, beside a worker');
$server->stop;

done_testing();
