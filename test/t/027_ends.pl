# The end of a worker, when it comes at a bad moment: while pages are being given
# back, or while a trigger of the owner keeps it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $hang = start_hanging_server();
my $node = new_node(workers => 0, conf => { 'wf_curation.max_concurrency_per_host' => 10 });

sub value { return $node->safe_psql('postgres', $_[0]) }

# As many seconds does it take to give a page back.
sub set_delay
{
	value("ALTER DATABASE postgres SET test.delay = '$_[0]'");
	return;
}

sub worker_pid
{
	my ($pid) = worker_pids($node);

	return $pid;
}

# A batch with a page that hangs; its caller is given up after a second.
sub start_batch
{
	value('DELETE FROM pages');
	my $before = $hang->count_requests();
	add_pages($node, { status => 'Selected' }, $hang->url('/p', '127.0.2.1'));
	my $batch = IPC::Run::start(
		[ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', 'SET statement_timeout = 2000',
			'-c', 'SELECT wf_process_batch(1)' ],
		'<', \undef, '&>', \my $output);
	wait_until(sub { $hang->count_requests() > $before }, 'the page is being fetched');
	return $batch;
}

sub is_giving_back
{
	return value("SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'batch worker' AND wait_event = 'PgSleep'") eq '1';
}

value(q{
	CREATE FUNCTION slow_return() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF OLD.page_processing_status = 'Processing' AND NEW.page_processing_status = 'Queued' THEN
			PERFORM pg_sleep(current_setting('test.delay')::float8);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER slow_return BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION slow_return()});

# ---- terminated while it gives pages back, as a fast shutdown does

set_delay(0.7);
my $batch = start_batch();
wait_until(sub { is_giving_back() }, 'the caller gave up, the page is being given back');
kill TERM => worker_pid();
$batch->finish;
wait_until(sub { !worker_pid() }, 'the worker ends');
is(statuses($node), 'Queued=1', 'and the page is back in the queue');
is(value('SELECT count(*) FROM wf_claim'), '0', 'without an attempt counted');

# ---- a trigger that does not come to an end

set_delay(300);
$batch = start_batch();
my $pid = worker_pid();
$batch->finish;
my $started = time;
wait_until(sub { !worker_pid() }, 'a trigger does not keep the worker of a caller that is gone', 60);
cmp_ok(time - $started, '<', 2, 'for more than two seconds');
is(statuses($node), 'Processing=1', 'the page is where it was');

$batch = start_batch();
$started = time;
$node->stop('fast');
cmp_ok(time - $started, '<', 2, 'nor does it keep the server from shutting down');
$batch->finish;
$node->start;
set_delay(0);
value('SELECT wf_heal()');
is(statuses($node), 'Queued=1', 'the page is rescued');
unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
done_testing();
