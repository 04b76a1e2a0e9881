# The server runs out of disk space, and of memory, under its workers: nothing is
# lost, the cluster stays up, wf_health() says what is short, and all is finished
# once there is room again.
#
# The small disk is a tmpfs in a mount namespace of our own, where the kernel lets an
# ordinary user have one; elsewhere that part is skipped.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";

use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $disk = enter_small_disk('32m');

use constant PAGES => 100;
use constant ADDRESSES => 20;

sub body
{
	my ($n) = @_;

	return join "\n", map { "<p>Desk $_ <a href='mailto:desk$_\@site$n.com'>write</a></p>" } 1 .. ADDRESSES;
}

my $web = start_nginx(pages => { map { ("/$_.html" => body($_)) } 0 .. PAGES });
my $node = new_node(databases => defined $disk ? 'postgres, small' : 'postgres', conf => {
	'wf_curation.poll_interval' => '1s', 'wf_curation.max_concurrency_per_host' => 100,
	'restart_after_crash' => 'on' });
my $postmaster = slurp_file($node->data_dir . '/postmaster.pid');

sub value { return $node->safe_psql($_[1] || 'postgres', $_[0]) }

sub worker_of
{
	my ($database) = @_;

	return value("SELECT min(pid) FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND datname = '$database'");
}

# CPU time of a process in seconds.
sub cpu_time
{
	my @fields = split / /, slurp_file("/proc/$_[0]/stat") =~ s/.*\) //sr;

	return ($fields[11] + $fields[12]) / 100;
}

# All pages are done, each contact is there once.
sub check_end
{
	my ($database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	wait_until_done($node, 'true', $database);
	is(statuses($node, 'page_processing_status IS NOT NULL', $database), 'Complete=' . (PAGES + 1),
		"$database: every page ends Complete");
	is(value('SELECT count(*), count(DISTINCT email) FROM contacts', $database),
		join('|', ((PAGES + 1) * ADDRESSES) x 2), "$database: no contact is lost or doubled");
	is(value('SELECT count(*) FROM wf_claim', $database), '0', "$database: no claim is left");
	recovers("$database: wf_health() finds nothing", sub {
		value("SELECT count(*) FROM wf_health() WHERE status <> 'ok' AND check_name = 'workers'", $database) eq '0' })
	  or diag(value("SELECT string_agg(concat_ws(' ', check_name, status, detail), E'\n') FROM wf_health() WHERE status <> 'ok'", $database),
		value('SELECT * FROM wf_workers()', $database));
	return;
}

# ---- disk full

SKIP:
{
	skip 'no file system can be mounted here', 1 unless defined $disk;

	mkdir "$disk/space" or die "$disk/space: $!";
	value("CREATE TABLESPACE small LOCATION '$disk/space'");
	value('CREATE DATABASE small TABLESPACE small');
	value('CREATE EXTENSION wf_curation', 'small');
	wait_until(sub { worker_of('small') ne '' }, 'a worker runs', 20);
	add_pages($node, { status => 'Selected', database => 'small' }, $web->url('/0.html', '127.0.1.1'));
	wait_until_done($node, 'true', 'small');
	my $pid = worker_of('small');
	value("SELECT wf_pause('page')", 'small');
	add_pages($node, { status => 'Selected', database => 'small' },
		map { $web->url("/$_.html", "127.0.1.$_") } 1 .. PAGES);
	open(my $filler, '>:raw', "$disk/filler") or die "$disk/filler: $!";
	1 while syswrite $filler, 'x' x 4096;
	close $filler;
	value("SELECT wf_resume('page')", 'small');
	recovers('the log says that the disk is full', sub {
		server_log($node) =~ /wf_curation cannot (store results|claim items) in database .*No space left on device/ });
	like(value("SELECT detail FROM wf_health() WHERE check_name = 'workers' AND status = 'fail'", 'small'),
		qr/^Worker $pid can store or claim nothing, and tries again: .*No space left on device/, 'so does wf_health()');
	my ($cpu, $until) = (cpu_time($pid), time + 2);
	wait_until(sub { time >= $until }, 'the disk stays full for a while');
	cmp_ok(cpu_time($pid) - $cpu, '<', 0.5, 'the worker does not spin');
	is(scalar(() = server_log($node) =~ /wf_curation cannot/g), 1, 'nor fill the log');
	unlink "$disk/filler" or die "$disk/filler: $!";
	recovers('the worker goes on when there is room', sub { statuses($node, 'true', 'small') !~ /Queued|Processing/ });
	is(worker_of('small'), $pid, 'it never ended');
	check_end('small');
}

# ---- out of memory: a worker that gets no more than it has

add_pages($node, { status => 'Selected' }, $web->url('/0.html', '127.0.2.1'));
wait_until_done($node);
my $pid = worker_of('postgres');
my ($size) = slurp_file("/proc/$pid/status") =~ /^VmSize:\s+(\d+) kB/m;
my $limit = $size * 1024 + 65536;
system_or_bail('prlimit', '--pid', $pid, "--as=$limit:");
add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.2.$_") } 1 .. PAGES);
recovers('memory runs out', sub { server_log($node) =~ /out of memory/ });
system('prlimit', '--pid', $pid, '--as=unlimited:') if is_alive($pid);
check_end('postgres');

# ---- claims lack something, and then nobody wants anything that they would take

value(q{CREATE SEQUENCE tries;
	CREATE FUNCTION lack() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM nextval('tries');
		RAISE EXCEPTION 'no shelf for it' USING ERRCODE = 'insufficient_resources';
	END $$;
	CREATE TRIGGER aa_lack BEFORE UPDATE ON pages FOR EACH ROW
		WHEN (NEW.page_processing_status = 'Processing') EXECUTE FUNCTION lack()});
my $log_start = -s $node->logfile;
foreach my $n (1 .. 3)
{
	# each has the stages that lack nothing looked at, too
	add_pages($node, { status => 'Selected' }, $web->url("/$n.html", '127.0.3.1'));
	recovers("claims fail: $n", sub { value('SELECT last_value FROM tries') >= 2 * $n });
}
like(value("SELECT detail FROM wf_health() WHERE check_name = 'workers' AND status = 'fail'"),
	qr/can store or claim nothing, and tries again: no shelf for it/, 'wf_health() says why');
is(scalar(() = slurp_file($node->logfile, $log_start) =~ /LOG:  wf_curation (cannot|processes again)/g), 1,
	'the log says it once');
value("SELECT wf_cancel(array_agg(id)) FROM pages WHERE page_processing_status = 'Queued'");
check_end('postgres');

is(slurp_file($node->data_dir . '/postmaster.pid'), $postmaster, 'the postmaster is the same');
unlike(server_log($node), qr/terminating any other active server processes|PANIC|TRAP/, 'the cluster never restarted');

$node->stop;
done_testing();
