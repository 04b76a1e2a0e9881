# wf_process_batch() and wf_process(): without preload, in transactions, with
# cancel, statement_timeout and the deadline of a batch.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 20 });
my $hang = start_hanging_server();
my $node = new_node(preload => 0, conf => { 'wf_curation.max_concurrency_per_host' => 100 });

sub value { return $node->safe_psql('postgres', $_[0]) }

sub fails
{
	my ($sql, $pattern, $name) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");

	like($err, $pattern, $name);
	return;
}

add_pages($node, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 20);
select_pages($node);
is(value('SELECT * FROM wf_process_batch(5)'), '5|5|0|0|5', 'five of twenty');
value('ALTER DATABASE postgres SET wf_curation.batch_size = 3');
is(value('SELECT claimed FROM wf_process_batch(NULL)'), '3', 'NULL: as many as wf_curation.batch_size says');
is(statuses($node), 'Complete=8 Queued=12', 'the others are still queued');
value('CALL wf_process(100)');
is(statuses($node), 'Complete=20', 'the procedure does the rest');
is(value('SELECT * FROM wf_process_batch(5)'), '0|0|0|0|0', 'nothing to do');
is(value('SELECT count(*) FROM contacts'), '20', 'all contacts');

# ---- misuse

fails('SELECT wf_process_batch(0)', qr/22023.*batch size 0 is out of range/s, 'size 0');
fails('SELECT wf_process_batch(10001)', qr/22023/, 'size 10001');
fails("BEGIN; UPDATE pages SET title = 'x'; SELECT wf_process_batch(1)", qr/25001/, 'in a transaction that has written');
is(value("BEGIN; SELECT wf_process_batch(1); COMMIT"), "(0,0,0,0,0)", 'in one that has not');
# Without preload a setting is known to the server by its text only.
sub set_crawler_path
{
	my ($path) = @_;

	$node->append_conf('postgresql.conf', "wf_curation.crawler_path = '$path'");
	$node->reload;
	wait_until(sub { value('SHOW wf_curation.crawler_path') eq $path }, "crawler_path is '$path'");
	return;
}

set_crawler_path('/nonexistent');
value("UPDATE pages SET page_processing_status = 'Queued'");
fails('SELECT wf_process_batch(1)', qr/55000.*could not execute crawler program/s,
	'a missing crawler is an error of the caller');
is(statuses($node), 'Queued=20', 'and nothing is lost');
set_crawler_path('');
is(value('SELECT * FROM wf_process_batch(100)'), '20|20|0|0|20', 'afterwards it works');

# ---- hanging servers

value('DELETE FROM pages');
add_pages($node, map { $hang->url("/$_", '127.0.2.1') } 1 .. 64);
select_pages($node);

sub interrupted
{
	my ($how, $name, $pattern) = @_;
	my $before = $hang->count_requests(qr/./);
	my ($in, $out, $err) = ('', '', '');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			'-c', 'SELECT wf_process_batch(64)' ],
		'<', \$in, '>', \$out, '2>', \$err);

	wait_until(sub { $hang->count_requests(qr/./) == $before + 64 }, "$name: 64 fetches hang");
	my $started = time;
	value("SELECT $how(pid) FROM pg_stat_activity WHERE query ~ '^SELECT wf_process_batch'");
	$psql->finish;
	cmp_ok(time - $started, '<', 2, "$name: the caller is free");
	like($err, $pattern, "$name: its error");
	wait_until(sub { statuses($node) eq 'Queued=64' }, "$name: all pages are back");
	cmp_ok(time - $started, '<', 2.5, "$name: within two seconds");
	is(value('SELECT count(*) FROM wf_claim'), '0', "$name: no claim, no attempt counted");
	wait_until(sub { crawler_pids($node) == 0 }, "$name: the crawler is gone");
	return;
}

interrupted('pg_cancel_backend', 'cancel', qr/57014/);
interrupted('pg_terminate_backend', 'terminate', qr/57P01|terminating connection/);

my $started = time;
fails("SET statement_timeout = '1s'; SELECT wf_process_batch(64)", qr/57014.*statement timeout/s, 'statement_timeout');
cmp_ok(time - $started, '<', 3, 'acts in time');
wait_until(sub { statuses($node) eq 'Queued=64' }, 'pages are back after statement_timeout');
is(value("SET wf_curation.batch_timeout = '1s'; SELECT * FROM wf_process_batch(10)"), '10|0|0|10|0',
	'batch_timeout returns what has not ended');
is(statuses($node), 'Queued=64', 'to the queue');

# ---- the on-demand worker dies

my ($in, $out, $err) = ('', '', '');
my $psql = IPC::Run::start(
	[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
		'-c', 'SELECT wf_process_batch(10)' ],
	'<', \$in, '>', \$out, '2>', \$err);
wait_until(sub { statuses($node) eq 'Processing=10 Queued=54' }, 'ten are being fetched');
value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'wf_curation batch worker'");
$psql->finish;
wait_until(sub { statuses($node) eq 'Queued=64' }, 'a terminated on-demand worker gives its pages back');

# ---- the procedure holds no snapshot while it waits

$psql = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'CALL wf_process(10)' ],
	'<', \$in, '>', \$out, '2>', \$err);
wait_until(sub { statuses($node) eq 'Processing=10 Queued=54' }, 'ten are being fetched');
is(value("SELECT count(*) FROM pg_stat_activity WHERE query ~ '^CALL wf_process' AND backend_xmin IS NOT NULL"),
	'0', 'CALL wf_process() holds no snapshot');
value("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^CALL wf_process'");
$psql->finish;
wait_until(sub { statuses($node) eq 'Queued=64' }, 'and gives back when cancelled');

# ---- all that is left belongs to sites that are closed for now

value('DELETE FROM pages');
my $moody = start_server(
	sub {
		my ($path) = @_;
		return (429, { 'Retry-After' => $1 }, 'later') if $path =~ m{^/wait/(\d+)};
		sleep 2 if $path eq '/slow';
		return (200, {}, '<p>info@acme-widgets.com</p>');
	});

sub batch_beside
{
	my ($what, $n) = (@_, 1);
	my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SELECT wf_process_batch($n)" ],
		'<', \$in, '>', \$out, '2>', \$err);

	wait_until($what, 'another batch has the site');
	return $session;
}

sub add_selected { return add_pages($node, { status => 'Selected' }, @_) }

# A batch; what it answers, and after which time.
sub timed_batch
{
	my ($n, $expected, $name) = @_;
	my $begun = time;
	my $answer = value("SELECT * FROM wf_process_batch($n)");
	my $took = time - $begun;

	is($answer, $expected, $name);
	note(sprintf '%s: %.1f s', $name, $took);
	return $took;
}

add_selected($moody->url('/wait/60', '127.0.5.1'));
timed_batch(10, '1|0|1|0|0', 'a site that wants a minute');
add_selected($moody->url('/a', '127.0.5.1'), $moody->url('/b', '127.0.5.2'));
timed_batch(10, '1|1|0|0|1', 'is not waited for, others are served');
timed_batch(10, '0|0|0|0|0', 'nothing but that site is left: no error, nothing claimed');
is(statuses($node, "url ~ '/a'") . value("SELECT page_processing_error FROM pages WHERE url ~ '/a'"), 'Queued=1',
	'its page is Queued as before');
is($moody->count_requests('/a'), 0, 'and was not asked for');
is(value("SELECT count(*) FROM wf_attempts WHERE url ~ '/a'"), 0, 'nor counted as attempted');

value('DELETE FROM pages');
add_selected($moody->url('/wait/2', '127.0.5.3'));
timed_batch(1, '1|0|1|0|0', 'a site that wants two seconds');
value("UPDATE pages SET page_curation_status = 'New', page_processing_status = NULL");
add_selected($moody->url('/c', '127.0.5.3'));
timed_batch(1, '1|1|0|0|1', 'is waited for');

value('DELETE FROM pages');
add_selected($moody->url('/slow', '127.0.5.4'));
my $other = batch_beside(sub { statuses($node) eq 'Processing=1' });
add_selected($moody->url('/d', '127.0.5.4'));
timed_batch(1, '1|1|0|0|1', 'a site that another worker has for two seconds is waited for');
$other->finish;

value('DELETE FROM pages');
add_selected($hang->url('/held', '127.0.5.5'));
$other = batch_beside(sub { $hang->count_requests('/held') == 1 });
add_selected($hang->url('/held2', '127.0.5.5'), $moody->url('/e', '127.0.5.6'));
cmp_ok(timed_batch(10, '1|1|0|0|1', 'one that another has for longer'), '>=', 4.5, 'for some seconds');
is($hang->count_requests('/held2'), 0, 'then its pages are left');
is(statuses($node), 'Complete=1 Processing=1 Queued=1', 'as they were');
value("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^SELECT wf_process_batch'");
$other->finish;
wait_until(sub { statuses($node) eq 'Complete=1 Queued=2' }, 'and the other batch is gone');

value('DELETE FROM pages');
add_selected(map { $hang->url("/small$_", "127.0.6.$_") } 1 .. 3);
$other = batch_beside(sub { $hang->count_requests(qr/small/) == 3 }, 3);
is(statuses($node), 'Processing=3', 'a small batch is fetched at once, not one after the other');
value("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query ~ '^SELECT wf_process_batch'");
$other->finish;
wait_until(sub { statuses($node) eq 'Queued=3' }, 'and given back');

# ---- standing workers without preload

value('DELETE FROM pages');
is(value('SELECT wf_workers_start(1)'), '1', 'a worker can be started by hand');
wait_until(sub { worker_pids($node) == 1 }, 'it runs');
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.1.1'));
wait_for_status($node, 'Complete');
is(value('SELECT wf_workers_stop()'), '1', 'and stopped');
wait_until(sub { worker_pids($node) == 0 }, 'it is gone');

$node->stop;
done_testing();
