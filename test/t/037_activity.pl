# What workers tell the server about themselves: pg_stat_activity, and the
# statistics by which autovacuum knows what they wrote.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@activity-widgets.com</p>' });
my $hang = start_hanging_server();
# nothing but the end of a transaction makes this worker flush statistics
my $node = new_node(conf => {
	'wf_curation.request_timeout' => '1h',
	'wf_curation.poll_interval' => '1h',
	'autovacuum_naptime' => '1s' });

sub value { return $node->safe_psql('postgres', $_[0]) }

# Wait events of our own have names since 17.
my $named = value('SHOW server_version_num') >= 170000;

sub shows
{
	my ($type, $event, $query, $what) = @_;
	my $activity = q{SELECT concat_ws('|', application_name, state, wait_event_type, wait_event,
		query, xact_start IS NULL, backend_xmin IS NULL)
		FROM pg_stat_activity WHERE backend_type = '} . $type . q{'};
	my $wanted = 'wf_curation ' . value('SELECT wf_version()') . '|idle|Extension|' . ($named ? $event : 'Extension') . "|$query|t|t";
	my $last = '';

	wait_until(sub { ($last = value($activity)) eq $wanted }, $what, 40) or diag("$last\n$wanted");
}

# ---- states

shows('wf_curation launcher', 'WfLauncherMain', 'wf_curation: waiting', 'the launcher');
shows('wf_curation worker', 'WfWorkerIdle', 'wf_curation: idle', 'a worker with nothing to do');

my $session = $node->background_psql('postgres');
add_pages($node, { status => 'Selected' }, $hang->url('/h', '127.0.2.1'));
shows('wf_curation worker', 'WfCrawlerWait', 'wf_curation: waiting for the crawler',
	'one that waits for its crawler');

$session->query_safe('BEGIN; LOCK TABLE pages IN SHARE MODE');
value(q{INSERT INTO domains (domain) VALUES ('127.0.3.1')});
$session->query_safe(q{INSERT INTO pages (domain_id, url, page_curation_status)
	SELECT id, '} . $web->url('/a.html', '127.0.3.1') . q{', 'Selected' FROM domains WHERE domain = '127.0.3.1'});
$session->query_safe('COMMIT; BEGIN; LOCK TABLE pages IN SHARE MODE');
ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity
	WHERE backend_type = 'wf_curation worker' AND state = 'active' AND wait_event_type = 'Lock'
	AND query = 'wf_curation: claiming items' AND xact_start IS NOT NULL)}),
	'one in a transaction');
$session->query_safe('COMMIT');
wait_for_status($node, 'Complete', q{url ~ 'a.html'});

$node->append_conf('postgresql.conf', "wf_curation.crawler_path = '/nonexistent'");
$node->reload;
kill TERM => crawler_pids($node);
shows('wf_curation worker', 'WfWorkerIdle', 'wf_curation: blocked, see wf_health()', 'one that cannot work');
$node->append_conf('postgresql.conf', "wf_curation.crawler_path = ''");
$node->reload;
shows('wf_curation worker', 'WfCrawlerWait', 'wf_curation: waiting for the crawler', 'and works again');

# ---- who waits for a batch

value('ALTER SYSTEM SET wf_curation.workers = 0');
$node->reload;
add_pages($node, { status => 'Selected' }, $hang->url('/b', '127.0.2.2'));
$session->query_safe(q{SET application_name = 'caller'});
my $batch = $node->background_psql('postgres');
$batch->{stdin} .= "SELECT wf_process_batch(1);\n";
$batch->{run}->pump_nb;
ok($node->poll_query_until('postgres', q{SELECT EXISTS (SELECT 1 FROM pg_stat_activity
	WHERE query ~ '^SELECT wf_process_batch' AND state = 'active' AND wait_event_type = 'Extension'
	AND wait_event = '} . ($named ? 'WfBatchWait' : 'Extension') . q{')}), 'the caller of a batch waits');
value(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^SELECT wf_process_batch'});
value(q{DELETE FROM pages WHERE url ~ '/b$'});
value('ALTER SYSTEM RESET wf_curation.workers');
$node->reload;

# ---- statistics, with a fetch that hangs all the time: the worker is never idle

$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'wf_curation worker' AND query = 'wf_curation: waiting for the crawler'})
  or die 'no worker at work';
my $worker = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'wf_curation worker'};
my $pid = value($worker);
value(q{ALTER TABLE pages SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100)});

sub written
{
	my ($table, $column) = @_;

	return value("SELECT $column FROM pg_stat_user_tables WHERE relname = '$table'");
}

# sessions report theirs when they end
my %before = map { $_ => written('wf_claim', $_) } qw(n_tup_ins n_tup_del);
add_pages($node, map { $web->url("/a.html?$_", '127.0.4.' . ($_ % 20 + 1)) } 1 .. 200);
my $updates = written('pages', 'n_tup_upd');
select_pages($node, q{url ~ 'a.html[?]'});
wait_for_status($node, 'Complete', q{url ~ 'a.html[?]'});
wait_until(sub { written('wf_claim', 'n_tup_ins') - $before{n_tup_ins} >= 200 }, 'claims are counted', 25);
wait_until(sub { written('wf_claim', 'n_tup_del') - $before{n_tup_del} >= 200 }, 'their ends, too', 25);
wait_until(sub { written('pages', 'n_tup_upd') - $updates >= 600 }, 'so is what pages become', 25)
  or diag(written('pages', 'n_tup_upd') . " $updates");
ok($node->poll_query_until('postgres',
	q{SELECT autovacuum_count > 0 FROM pg_stat_user_tables WHERE relname = 'pages'}),
	'autovacuum comes for the dead rows');
is(statuses($node, q{url ~ '/h$'}), 'Processing=1', 'while the worker waits for its crawler');
is(value($worker), $pid, 'and has been the same all the time');

done_testing();
