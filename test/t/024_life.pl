# The life of workers and of the server around them: several databases, reload,
# DROP EXTENSION, DROP DATABASE, terminate, kill -9, fast shutdown.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 100 });
my $hang = start_hanging_server();
my $node = new_node(databases => 'postgres, second, not_there',
	conf => { 'wf_curation.max_concurrency_per_host' => 100, 'wf_curation.poll_interval' => '1s',
		'restart_after_crash' => 'on' });

sub value { return $node->safe_psql('postgres', $_[0]) }

sub hang_64
{
	my ($database) = @_;
	my $before = $hang->count_requests(qr/./);

	add_pages($node, { status => 'Selected', database => $database },
		map { $hang->url("/h$before-$_", '127.0.2.1') } 1 .. 64);
	wait_until(sub { $hang->count_requests(qr/./) >= $before + 64 }, "64 fetches of $database hang");
	return;
}

# ---- databases

like(server_log($node), qr/database "not_there" of wf_curation.databases does not exist/, 'a missing database is noted');
value('CREATE DATABASE second');
wait_until(sub { count_workers($node, 'second') == 1 }, 'a database that comes later gets its worker');
$node->safe_psql('second', 'CREATE EXTENSION wf_curation');
add_pages($node, { status => 'Selected', database => 'second' }, $web->url('/1.html', '127.0.1.1'));
wait_for_status($node, 'Complete', 'true', 'second');
is(value('SELECT count(*) FROM pages'), '0', 'the first database is untouched');
$node->append_conf('postgresql.conf', 'wf_curation.workers = 2');
$node->reload;
wait_until(sub { count_workers($node, 'second') == 2 && count_workers($node, 'postgres') == 2 }, 'more workers without a restart');
$node->append_conf('postgresql.conf', 'wf_curation.workers = 1');
$node->reload;
wait_until(sub { count_workers($node, 'second') == 1 && count_workers($node, 'postgres') == 1 }, 'and fewer');

# ---- DROP DATABASE with fetches in flight

hang_64('second');
my $started = time;
value('DROP DATABASE second WITH (FORCE)');
cmp_ok(time - $started, '<', 2, 'DROP DATABASE (FORCE) with 64 hanging fetches');
is(value("SELECT count(*) FROM pg_database WHERE datname = 'second'"), '0', 'it is gone');

# ---- terminate

hang_64('postgres');
my ($pid) = worker_pids($node);
$started = time;
value("SELECT pg_terminate_backend($pid)");
wait_until(sub { my ($now) = worker_pids($node); defined $now && $now != $pid }, 'a terminated worker is replaced');
cmp_ok(time - $started, '<', 2, 'within two seconds');
wait_until(sub { statuses($node) eq 'Processing=64' }, 'and its pages are in flight again');
is(value('SELECT max(attempt) FROM wf_claim'), '1', 'without having lost an attempt');

# ---- kill -9: PostgreSQL restarts, and rescue is up to us

($pid) = worker_pids($node);
my ($crawler) = crawler_pids($node);
kill KILL => $pid;
wait_until(sub { !is_alive($crawler) }, 'the crawler dies with its worker');
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'wf_curation worker'");
$started = time;
wait_until(sub { statuses($node) eq 'Processing=64' && value('SELECT min(attempt) FROM wf_claim') eq '2' },
	'after kill -9 all pages are claimed anew, the attempt counted');
is(value('SELECT min(deaths) || \',\' || max(deaths_alone) FROM wf_claim'), '1,0', 'and the death remembered');

# ---- fast shutdown with 64 hanging fetches

$started = time;
$node->stop('fast');
cmp_ok(time - $started, '<', 2, 'fast shutdown with 64 hanging fetches');
$node->start;
value('DELETE FROM pages');

# ---- the extension goes and comes back under a running worker

add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.3.$_") } 1 .. 100);
value(q{
	DROP EXTENSION wf_curation;
	CREATE EXTENSION wf_curation;
	UPDATE pages SET page_curation_status = 'New';
	UPDATE pages SET page_curation_status = 'Selected';
} x 200);
wait_until_done($node);
is(statuses($node), 'Complete=100', 'DROP and CREATE EXTENSION under load: every page ends Complete');
is(value("SELECT count(*) || ',' || count(DISTINCT email) FROM contacts"), '100,100', 'no contact lost or doubled');

# ---- the worker gives its crawler back when it ends

($crawler) = crawler_pids($node);
value('SELECT wf_workers_stop()');
wait_until(sub { count_workers($node, 'postgres') == 0 && !is_alive($crawler) }, 'wf_workers_stop() ends worker and crawler');
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.4.1'));
value('SELECT pg_sleep(1)');    # there is nothing to poll for: nothing must happen
is(statuses($node, "url ~ '127.0.4.1'"), 'Queued=1', 'the launcher starts none meanwhile');
value('SELECT wf_workers_start(1)');
wait_for_status($node, 'Complete', "url ~ '127.0.4.1'");

unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
done_testing();
