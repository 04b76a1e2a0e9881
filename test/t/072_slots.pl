# All slots of max_worker_processes are taken: wf_health() says so, a batch still
# runs, in place of a standing worker for so long, and whoever could not start does
# when a slot is free.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);


my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 9 });
my $hang = start_hanging_server();
# two of the four are the launcher and that of logical replication
my $node = new_node(databases => 'postgres, second', workers => 2, conf => {
	'max_worker_processes' => 4, 'wf_curation.max_concurrency_per_host' => 10 });

sub value { return $node->safe_psql($_[1] || 'postgres', $_[0]) }

sub finding
{
	my ($check) = @_;

	return value("SELECT coalesce(string_agg(detail, ' '), '') FROM wf_health() WHERE status <> 'ok' AND check_name = '$check'");
}

recovers('two workers run', sub { count_workers($node, 'postgres') == 2 });
value('CREATE DATABASE second');
recovers('the log says once that there is no slot for others', sub {
	server_log($node) =~ /no background worker slot for a standing worker/ });
is(scalar(() = server_log($node) =~ /no background worker slot/g), 1, 'and once only');
like(finding('worker_slots'), qr/All 4 background worker slots are in use/, 'wf_health() says so');

# ---- a batch, while both workers hang

add_pages($node, { status => 'Selected' }, map { $hang->url("/h$_", '127.0.2.1') } 1 .. 6);
recovers('fetches hang', sub { $hang->count_requests(qr/h/) == 6 });
$node->safe_psql('postgres', "UPDATE pages SET page_curation_status = 'Archived'");
value("SELECT wf_pause('page')");
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.1.1'));
my $started = time;
is(value('SELECT claimed FROM wf_process_batch(5)'), '0', 'a batch starts where no slot is free');
cmp_ok(time - $started, '<', 3, 'as soon as a worker has made room');
note(sprintf 'batch without a free slot: %.1f s', time - $started);
value("SELECT wf_resume('page')");
wait_for_status($node, 'Complete', "url ~ '127.0.1.1'");
recovers('the worker that made room is there again', sub { count_workers($node, 'postgres') == 2 });

# ---- in a database that has no worker

value('CREATE EXTENSION wf_curation', 'second');
add_pages($node, { status => 'Selected', database => 'second' }, $web->url('/2.html', '127.0.1.2'));
is(value('SELECT claimed, completed FROM wf_process_batch(5)', 'second'), '1|1',
	'one worker of two makes room for a batch of another database');
value('SELECT wf_workers_stop()');
recovers('workers start when slots are free', sub { count_workers($node, 'second') == 2 });

# ---- nobody can make room

value('ALTER SYSTEM SET wf_curation.databases = second');
value('ALTER SYSTEM SET wf_curation.workers = 1');
value('ALTER SYSTEM SET max_worker_processes = 3');
$node->restart;
recovers('one worker runs', sub { count_workers($node, 'second') == 1 });
$started = time;
my ($rc, $out, $err) = $node->psql('postgres', 'SELECT wf_process_batch(5)');
like($err, qr/could not start a background worker.*Increase "max_worker_processes"/s,
	'the only worker of another database is not ended for a batch');
cmp_ok(time - $started, '<', 5, 'which gives up in time');
unlike(server_log($node), qr/PANIC|TRAP|segfault|terminating any other/, 'no trouble in the log');

$node->stop;
done_testing();
