# wf_health() and the views where a server, workers and web sites are needed:
# silent while all is well, and each fault caught, with a remedy that works as
# it is printed.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 30 });
my $hang = start_hanging_server();
my $node = new_node(init => { allows_streaming => 1 },
	conf => { 'wf_curation.poll_interval' => '1s', 'wf_curation.max_attempts' => 1,
		'wf_curation.max_concurrency_per_host' => 10, 'restart_after_crash' => 'on' });
my $server = $node;
my %count = map { ($_ => 0) } qw(injected caught remedies repaired looks alarms);

sub value { return $server->safe_psql('postgres', $_[0]) }

# The checks that found something, in their order.
sub findings
{
	return value(q{SELECT coalesce(string_agg(DISTINCT check_name || '=' || status, ' '), 'none')
		FROM wf_health() WHERE status <> 'ok'});
}

sub column_of
{
	my ($column, $check) = @_;

	return value("SELECT $column FROM wf_health() WHERE check_name = '$check' AND status <> 'ok'
		ORDER BY remedy IS NULL LIMIT 1");
}

# A server on which all is well: a finding is a false alarm.
sub is_well
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $findings = findings();

	$count{looks}++;
	$count{alarms}++ unless is($findings, 'none', $name);
	return;
}

# The check finds the fault, says what it is, and its remedy repairs it.
sub fault
{
	my ($check, $status, $detail, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $noticed = wait_until(sub { (" " . findings() . " ") =~ / $check=$status / }, "$name is noticed")
	  or diag(value('SELECT * FROM wf_health()'));
	my $named = like(column_of('detail', $check), $detail, "$name is named");
	$count{injected}++;
	$count{caught}++ if $noticed && $named;
	return;
}

sub repaired
{
	my ($check, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $remedy = column_of('remedy', $check);

	value($remedy);
	$count{remedies}++;
	wait_until(sub { findings() !~ /\b$check=/ }, "$name: the remedy repairs it: $remedy")
	  ? $count{repaired}++ : diag(value('SELECT * FROM wf_health()'));
	return;
}

# A session that holds something until its remedy ends it.
sub session
{
	my ($sql) = @_;
	my ($in, $out, $err) = ($sql, '', '');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', \$err);

	$psql->pump until $out =~ /ready/ || $err;
	return $psql;
}

# ---- all is well

value('CREATE ROLE monitor IN ROLE pg_monitor');
is_well('no finding on a fresh database');
add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 30);
wait_until_done($node);
is_well('no finding after work');
is(value('SET ROLE monitor; SELECT count(*) > 20, bool_and(status = \'ok\'), count(remedy) FROM wf_health()'),
	't|t|0', 'so says pg_monitor, too');
is(value('SELECT status, count, next_due IS NULL FROM wf_pipeline'),
	"Queued|0|t\nProcessing|0|t\nComplete|30|t\nError|0|t", 'wf_pipeline');
is(value('SELECT done, total, rate > 0, eta FROM wf_progress'), '30|30|t|', 'wf_progress');
is(value(q{SELECT w.pid = a.pid, w.database, w.state, w.in_flight, w.pages_per_second > 0, w.crawler_pid > 0,
		w.kind, w.started = a.backend_start
	FROM wf_workers w, pg_stat_activity a WHERE a.backend_type = 'wf_curation worker'}),
	't|postgres|idle|0|t|t|standing|t', 'wf_workers');
is(value('SELECT count(*), count(DISTINCT page_id), min(outcome), sum(contacts), min(attempt), max(http_status)
	FROM wf_attempts WHERE took > interval \'0\' AND worker_pid = (SELECT pid FROM wf_workers)'),
	'30|30|ok|30|1|200', 'wf_attempts');
isnt($node->psql('postgres', 'SET ROLE monitor; SELECT * FROM wf_attempts'), 0, 'which pg_monitor may not read');

# ---- views while work goes on

add_pages($node, { status => 'Selected' }, map { $hang->url("/$_", '127.0.2.1') } 1 .. 15);
wait_until(sub { $hang->open_connections == 10 }, 'fetches hang');
is(value('SELECT status, count FROM wf_pipeline'), "Queued|5\nProcessing|10\nComplete|30\nError|0",
	'wf_pipeline meanwhile');
is(value('SELECT done, total, eta > now() FROM wf_progress'), '30|45|t', 'wf_progress meanwhile');
is(value('SELECT state, in_flight FROM wf_workers'), 'busy|10', 'wf_workers meanwhile');
is_well('nothing is wrong meanwhile');

# ---- a worker that is killed, and one that is stopped

value('DELETE FROM pages WHERE page_processing_status IS DISTINCT FROM \'Complete\'');
kill 'KILL', (worker_pids($node))[0];
$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM wf_workers WHERE state = \'idle\'');
wait_until(sub { findings() eq 'none' }, 'a worker that was killed leaves nothing behind')
  or diag(value('SELECT * FROM wf_health()'));
value('SELECT wf_workers_stop()');
fault('workers', 'fail', qr/stopped by wf_workers_stop/, 'a stop');
repaired('workers', 'a stop');
value('SELECT wf_workers_stop()');
wait_until(sub { value('SELECT count(*) FROM wf_workers') eq '0' }, 'workers stop');
is(value('SELECT count(*) FROM wf_workers'), '0', 'wf_workers is empty');
value('SELECT wf_workers_start()');

# ---- settings

foreach my $setting (
	[ 'enabled', 'off', 'enabled', 'warn', qr/is off/ ],
	[ 'crawler_path', "'/nowhere/wf_crawler'", 'crawler', 'fail', qr{/nowhere/wf_crawler.*No such file} ],
	[ 'databases', "'postgres, not_there'", 'workers', 'warn', qr/database "not_there", which does not exist/ ],
	[ 'databases', "''", 'workers', 'warn', qr/started by hand/ ])
{
	my ($name, $text, $check, $status, $detail) = @$setting;

	value("ALTER SYSTEM SET wf_curation.$name = $text; SELECT pg_reload_conf();");
	fault($check, $status, $detail, "$name = $text");
	repaired($check, "$name = $text");
	value('DROP DATABASE IF EXISTS not_there');
	value("ALTER SYSTEM RESET wf_curation.$name; SELECT pg_reload_conf();");
}
wait_until(sub { value('SELECT count(*) FROM wf_workers') >= 1 }, 'a worker is there');
wait_until(sub { findings() eq 'none' }, 'all is well again');

# ---- locks

my $session = session("BEGIN; LOCK TABLE pages IN ACCESS EXCLUSIVE MODE; SELECT 'ready';\n");
my $start = time;
my $found = findings();
cmp_ok(time - $start, '<', 5, 'an exclusive lock does not hold wf_health() up');
like($found, qr/locks=warn/, 'but is reported');
like(column_of('detail', 'locks'), qr/idle in transaction.* holds lock AccessExclusiveLock on table public\.pages/,
	'with the session that has it');
like(column_of('detail', 'orphans'), qr/Not checked, because .* exclusive lock on table public\.pages/,
	'and checks that cannot be made say so');
isnt($node->psql('postgres', 'SELECT * FROM wf_pipeline'), 0, 'wf_pipeline fails after its lock_timeout');
repaired('locks', 'an exclusive lock');
eval { $session->finish };
$session = session("BEGIN; LOCK TABLE contacts IN SHARE MODE; SELECT 'ready';\n");
is_well('an open transaction is no fault at once');
fault('locks', 'warn', qr/holds lock ShareLock on table public\.contacts/, 'one that keeps writers out for long');
repaired('locks', 'a lock against writers');
eval { $session->finish };

# ---- a transaction that is open for long

value(q{ALTER SYSTEM SET wf_curation.long_transaction = '1s'; SELECT pg_reload_conf();});
$session = session("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'ready' FROM contacts LIMIT 1;\n");
fault('long_transactions', 'warn', qr/^Session \d+ \(idle in transaction\) has had a transaction open for .*, with locks on public\.contacts:/,
	'a transaction that is open for long');
repaired('long_transactions', 'a long transaction');
eval { $session->finish };
$session = session("SELECT 'ready' FROM contacts LIMIT 1; SELECT pg_sleep(600);\n");
fault('long_transactions', 'warn', qr/^Session \d+ \(active\) has had a transaction open/, 'a statement that runs for long');
repaired('long_transactions', 'a long statement');
eval { $session->finish };
value('ALTER SYSTEM RESET wf_curation.long_transaction; SELECT pg_reload_conf();');

# ---- crawlers that die, whatever they do

foreach my $n (1 .. 5)
{
	my $before = $hang->count_requests(qr/./);

	add_pages($node, { status => 'Selected' }, $hang->url("/dies$n", '127.0.2.2'));
	wait_until(sub { $hang->count_requests(qr/./) > $before }, 'a fetch hangs');
	is_well('less than five crawlers that died are an accident') if $n == 5;
	my ($pid) = crawler_pids($node);
	kill KILL => $pid;
	wait_until(sub { !is_alive($pid) && $hang->count_requests(qr/./) > $before + 1 }, 'another crawler takes its place');
	value('DELETE FROM pages WHERE page_processing_status IS DISTINCT FROM \'Complete\'');
}
fault('crashes', 'warn', qr/^5 crawlers of worker \d+ have ended within the last hour/, 'crawlers that die again and again');
repaired('crashes', 'crawlers that die');
wait_until(sub { value('SELECT count(*) FROM wf_workers') >= 1 }, 'another worker is there');
wait_until(sub { findings() eq 'none' }, 'all is well again');

# ---- a stage that cannot run

value('DROP INDEX contacts_domain_id_email_key');
value('SELECT wf_retry()');
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.3.1'));
fault('workers', 'fail', qr/Worker \d+ processes nothing/, 'a blocked worker');
fault('index', 'fail', qr/unique index on table public\.contacts/, 'its reason');
repaired('index', 'a missing unique index');
wait_until_done($node);
wait_until(sub { findings() eq 'none' }, 'the worker goes on');

# ---- a worker that does nothing

value(q{UPDATE wf_attempt SET started_at = started_at - interval '30 min', finished_at = finished_at - interval '30 min'});
kill 'STOP', worker_pids($node);
value(q{INSERT INTO pages (url, page_curation_status, updated_at) VALUES ('}
	  . $web->url('/2.html', '127.0.3.2') . q{', 'Selected', now() - interval '10 min')});
fault('oldest_ready', 'warn', qr/1 page is ready for more than five minutes/, 'an idle worker beside a ready page');
value(q{UPDATE wf_sweep_state SET last_sweep = now() - interval '10 min'});
fault('sweep', 'warn', qr/A worker runs, but the last sweep/, 'a sweep that does not run');
repaired('sweep', 'no sweep');
kill 'CONT', worker_pids($node);
wait_until_done($node);
wait_until(sub { findings() eq 'none' }, 'the worker goes on');

# ---- a row that refuses to be taken

value(q{CREATE TABLE grudges (url text);
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM grudges g WHERE NEW.url ~ g.url) THEN
			RAISE EXCEPTION 'not %', NEW.url;
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER refuse BEFORE UPDATE ON pages FOR EACH ROW
		WHEN (NEW.page_processing_status = 'Processing') EXECUTE FUNCTION refuse();
	INSERT INTO grudges VALUES ('127.0.3.3')});
my ($refusing) = add_pages($node, { status => 'Selected' }, $web->url('/4.html', '127.0.3.3'));
fault('oldest_ready', 'warn',
	qr{^1 row of stage "page" cannot be taken, the last one $refusing, and will be tried again within a minute: not http://127\.0\.3\.3\S+\.$},
	'a row that refuses');
repaired('oldest_ready', 'a row that refuses');
# The next one does so until what it minds is gone, which no change of its table tells.
($refusing) = add_pages($node, { status => 'Selected' }, $web->url('/5.html', '127.0.3.3'));
fault('oldest_ready', 'warn', qr/^2 rows of stage "page" cannot be taken, the last one $refusing/, 'another one');
value('DELETE FROM grudges');
recovers('it is tried again', sub { statuses($node, "id = '$refusing'") eq 'Complete=1' });
is_well('no finding any more');
value('DROP TRIGGER refuse ON pages');

# ---- results

add_pages($node, { status => 'Selected' }, map { $web->url("/missing$_.html", '127.0.4.1') } 1 .. 15);
wait_until_done($node);
fault('error_rate', 'warn', qr/^15 of the last \d+ attempts.*"http_client"/, 'an error rate');
like(value(column_of('remedy', 'error_rate')), qr/http_client.*15/, 'its remedy shows the errors');
value('DELETE FROM wf_attempt');
value('DELETE FROM pages');
$web->add_page("/empty$_.html", '<p>nothing here</p>') foreach 1 .. 21;
add_pages($node, { status => 'Selected' }, map { $web->url("/empty$_.html", "127.0.5.$_") } 1 .. 21);
wait_until_done($node);
fault('nothing_produced', 'warn', qr/None of the last 21 pages/, 'work without yield');
like(value(column_of('remedy', 'nothing_produced')), qr/empty/, 'its remedy shows the pages');
value('DELETE FROM wf_attempt');
value('DELETE FROM pages');

# ---- a standby

$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
add_pages($node, { status => 'Selected' }, $web->url('/3.html', '127.0.6.1'));
wait_until_done($node);
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$server = $standby;
is_well('no finding on a standby');
is(value(q{SELECT detail FROM wf_health() WHERE check_name = 'workers'}),
	'The server is in recovery; workers start when it is promoted.', 'which needs no worker');
is(value('SELECT status, count FROM wf_pipeline WHERE count > 0'), 'Complete|1', 'wf_pipeline on a standby');
is(value('SELECT count(*) FROM wf_workers'), '0', 'wf_workers on a standby');
is(value('SELECT done, total FROM wf_progress'), '1|1', 'wf_progress on a standby');
$server = $node;
$standby->stop;

# ---- no slot is left

value('ALTER SYSTEM SET max_worker_processes = 3');
$node->restart;
fault('worker_slots', 'fail', qr/All 3 background worker slots are in use/, 'no free slot');
value('ALTER SYSTEM RESET max_worker_processes');

# ---- without preload

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
fault('workers', 'fail', qr/Nobody processes/, 'a server where nobody processes');
repaired('workers', 'nobody');
is(value('SELECT state, in_flight, pages_per_second, crawler_pid, kind FROM wf_workers'), '||0||standing',
	'wf_workers shows workers without shared memory');
fault('preload', 'warn', qr/gone when the server restarts/, 'workers that do not last');
value(column_of('remedy', 'preload'));
$node->restart;
wait_until(sub { findings() eq 'none' }, 'all is well after the restart that the remedy asks for');
is(value('SHOW shared_preload_libraries'), 'wf_curation', 'the remedy names the library');

# ---- pg_cron

SKIP:
{
	skip 'pg_cron is not installed', 1
	  unless $node->psql('postgres', q{SELECT 1 / count(*) FROM pg_available_extensions WHERE name = 'pg_cron'}) == 0;

	value(q{ALTER SYSTEM SET shared_preload_libraries = 'pg_cron', 'wf_curation'});
	value(q{ALTER SYSTEM SET wf_curation.workers = 0});
	$node->append_conf('postgresql.conf',
		"cron.database_name = 'postgres'\ncron.host = '" . $node->host . "'");
	$node->restart;
	value('CREATE EXTENSION pg_cron');
	fault('workers', 'fail', qr/Nobody processes/, 'neither worker nor schedule');
	value(q{SELECT wf_schedule(10, '0 0 1 1 *')});
	is_well('a schedule will do');
	is(value(q{SELECT detail FROM wf_health() WHERE check_name = 'workers'}),
		'There is no standing worker; the schedule processes.', 'and the check says so');
	value(q{SELECT cron.alter_job(jobid, active := false) FROM cron.job});
	fault('schedule', 'fail', qr/is not active/, 'an inactive schedule');
	repaired('schedule', 'an inactive schedule');
	value(q{INSERT INTO cron.job_run_details (jobid, runid, status, return_message, start_time, end_time)
		SELECT jobid, 1, 'failed', 'ERROR: no such thing', now(), now() FROM cron.job});
	fault('schedule', 'fail', qr/failed: ERROR: no such thing/, 'a failing schedule');
	value(column_of('remedy', 'schedule'));
	pass('its remedy runs the command');
}

diag("faults injected $count{injected}, caught $count{caught};"
	  . " remedies executed $count{remedies}, repaired $count{repaired};"
	  . " looks while all was well $count{looks}, false alarms $count{alarms}");
done_testing();
