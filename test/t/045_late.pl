# What comes late, or by another way: two-phase commits, the result of a worker that was
# stopped past its lease, rights and tables that are taken away for a while.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $web = start_nginx(pages => {
	(map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 9),
	'/sitemap.xml' => '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/1.html</loc></url></urlset>' });
# the first answer comes when it may, those after it at once
my $late = start_server(sub {
	my ($path) = @_;
	my $parent = getppid;

	return (200, {}, '<p>second@late-widgets.com</p>') unless mkdir "$dir$path";
	select undef, undef, undef, 0.02 until -e "$dir/now" || getppid != $parent;
	append_to_file("$dir$path/sent", '');
	return (200, {}, '<p>first@late-widgets.com</p>');
});
my $node = new_node(conf => {
	'max_prepared_transactions' => 4, 'wf_curation.poll_interval' => '500ms',
	'wf_curation.request_timeout' => '10min' });

sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- two-phase commits: they wake nobody

my @ids = add_pages($node, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 3);
value(qq{BEGIN; UPDATE pages SET page_curation_status = 'Selected' WHERE id = '$ids[0]'; PREPARE TRANSACTION 'one';
	BEGIN; UPDATE pages SET page_curation_status = 'Selected' WHERE id = '$ids[1]'; PREPARE TRANSACTION 'two';
	UPDATE pages SET page_curation_status = 'Selected' WHERE id = '$ids[2]'});
wait_for_status($node, 'Complete', "id = '$ids[2]'");
is(statuses($node), '-=2 Complete=1', 'what is prepared is not queued yet');
value(q{ROLLBACK PREPARED 'two'});
value(q{COMMIT PREPARED 'one'});
wait_for_status($node, 'Complete', "id = '$ids[0]'");
is(statuses($node), '-=1 Complete=2', 'what was committed is done, and nothing else');
value('DELETE FROM pages; DELETE FROM contacts');

# ---- a worker is stopped past its lease, and its result comes when it may go on

# One page in flight, its worker stopped, its answer sent, its lease over; its id and its worker.
sub stop_worker
{
	my ($path) = @_;
	my ($id) = add_pages($node, { status => 'Selected' }, $late->url($path, '127.0.2.1'));

	wait_until(sub { -d "$dir$path" }, "$path: the page is being fetched");
	my ($pid) = worker_pids($node);
	kill STOP => $pid;
	append_to_file("$dir/now", '');
	wait_until(sub { -e "$dir$path/sent" }, "$path: its worker is stopped, the answer comes");
	value(q{UPDATE wf_claim SET lease_until = now() - interval '1 minute'; SELECT wf_heal()});
	is(statuses($node), 'Queued=1', "$path: its lease is over, and the page is back");
	unlink "$dir/now" or die "$dir/now: $!";
	return ($id, $pid);
}

# Whatever the worker had waiting is dealt with.
sub go_on
{
	my ($pid, $n) = @_;

	kill CONT => $pid;
	add_pages($node, { status => 'Selected' }, $web->url("/$n.html", '127.0.2.2'));
	wait_for_status($node, 'Complete', "url ~ '/$n.html'");
	return;
}

my ($id, $pid) = stop_worker('/queued');
go_on($pid, 4);
wait_for_status($node, 'Complete', "id = '$id'");
is(value("SELECT string_agg(email, ' ' ORDER BY email) FROM contacts WHERE page_id = '$id'"), 'second@late-widgets.com',
	'a result that comes after the lease is dropped, the page is fetched again');
is(value("SELECT count(*) FROM wf_attempt WHERE item = '$id'"), '1', 'and stored once');
value('DELETE FROM pages; DELETE FROM contacts; DELETE FROM wf_attempt');

# the same, and somebody else has it by now
($id, $pid) = stop_worker('/taken');
my $other = $node->background_psql('postgres');
$other->query_safe(qq{SET session_replication_role = replica;
	BEGIN;
	UPDATE pages SET page_processing_status = 'Processing' WHERE id = '$id';
	DELETE FROM wf_claim;
	INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
		SELECT 'page', '$id', 2, 4711, pid, backend_start, now(), now() + interval '1 hour'
		FROM pg_stat_activity WHERE pid = pg_backend_pid();
	COMMIT});
go_on($pid, 5);
is(value("SELECT page_processing_status || ' ' || attempt || ' ' || token FROM pages p JOIN wf_claim c ON c.item = p.id"
	  . " WHERE p.id = '$id'"), 'Processing 2 4711', 'what another worker has by then stays with it');
is(value("SELECT (SELECT count(*) FROM contacts WHERE page_id = '$id') + (SELECT count(*) FROM wf_attempt WHERE item = '$id')"),
	'0', 'and nothing is stored of the late result');
$other->quit;
value('SELECT wf_heal()');
wait_for_status($node, 'Complete', "id = '$id'");
is(value("SELECT string_agg(email, ' ') FROM contacts WHERE page_id = '$id'"), 'second@late-widgets.com',
	'whoever is next stores its own');
value('DELETE FROM pages; DELETE FROM contacts');

# ---- a database that is read-only by default

($id) = add_pages($node, { status => 'Selected' }, $late->url('/flip', '127.0.3.1'));
wait_until(sub { -d "$dir/flip" }, 'a page is being fetched');
value('ALTER SYSTEM SET default_transaction_read_only = on');
$node->reload;
wait_until(sub { value('SHOW default_transaction_read_only') eq 'on' }, 'transactions are read-only by default');
append_to_file("$dir/now", '');
wait_for_status($node, 'Complete', "id = '$id'");
value('SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only');
$node->reload;
wait_until(sub { value('SHOW default_transaction_read_only') eq 'off' }, 'and no longer');
is(value("SELECT string_agg(attempt || outcome, ' ') FROM wf_attempt WHERE item = '$id'"), '1ok', 'workers say what theirs are');

# ---- rights are taken away

value(q{CREATE ROLE curator; GRANT ALL ON pages, contacts, domains TO curator;
	ALTER SYSTEM SET wf_curation.role = 'curator'});
$node->reload;
add_pages($node, { status => 'Selected' }, $web->url('/6.html', '127.0.4.1'));
wait_for_status($node, 'Complete');
value('REVOKE UPDATE ON pages FROM curator');
add_pages($node, { status => 'Selected' }, $web->url('/7.html', '127.0.4.2'));
wait_until(sub { server_log($node) =~ /permission denied for table pages/ }, 'the log says what is not allowed');
my $polled = time + 3;
wait_until(sub { time >= $polled }, 'six polls go by');
is(scalar(() = server_log($node) =~ /permission denied for table pages/g), 1, 'and says so once');
is(statuses($node, "url ~ '/7.html'"), 'Queued=1', 'the page waits');
value('GRANT UPDATE ON pages TO curator');
wait_for_status($node, 'Complete', "url ~ '/7.html'");
value('ALTER SYSTEM RESET wf_curation.role');
$node->reload;

# ---- a table is locked: that keeps nobody from the others

my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE pages');
value(q{INSERT INTO domains (domain, sitemap_curation_status) VALUES ('} . $web->url('', '127.0.5.1') . q{', 'Selected')});
wait_until(sub { value(q{SELECT sitemap_analysis_status FROM domains WHERE domain ~ '127.0.5.1'}) eq 'submitted' },
	'a search for sitemaps ends while pages are locked', 30);
$holder->query_safe('COMMIT');
$holder->quit;

# ---- another database is made and dropped while fetches hang

add_pages($node, { status => 'Selected' }, map { $late->url("/hang$_", "127.0.6.$_") } 1 .. 8)
  if unlink "$dir/now";
wait_until(sub { 8 == grep { -d "$dir/hang$_" } 1 .. 8 }, 'eight fetches hang');
my $started = time;
value('CREATE DATABASE other');
value('DROP DATABASE other');
cmp_ok(time - $started, '<', 5, 'another database is made and dropped meanwhile');

$node->stop;
done_testing();
