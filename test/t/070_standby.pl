# A standby is promoted while the primary is in the middle of its pages.  Until
# then it fetches nothing; from then on it does what was left: what was being
# fetched is claimed anew within seconds, what was done is not done again.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use constant RECOVERY_SECONDS => 5;

my $dir = PostgreSQL::Test::Utils::tempdir('wf_slow');
my ($opened, $asked) = ("$dir/open", "$dir/asked");
my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 30 });
# notes each request at once in $asked, answers none until $opened is there
append_to_file($asked, '');
my $slow = start_server(sub {
	my ($path) = @_;
	my ($n) = $path =~ /(\d+)/;

	append_to_file($asked, "$path\n");
	for (my $i = 0; $i < 600 && !-e $opened; $i++)
	{
		select undef, undef, undef, 0.1;
	}
	return (200, { 'Content-Type' => 'text/html' }, "<p>info\@late$n.com</p>");
});
my $primary = new_node(init => { allows_streaming => 1 },
	conf => { 'wf_curation.max_concurrency_per_host' => 20 });
$primary->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'b', has_streaming => 1);
$standby->start;

sub requests { return scalar(() = slurp_file($asked) =~ /\n/g) }
sub value { return $standby->safe_psql('postgres', $_[0]) }

# ---- before: 30 pages done, 20 in flight, 20 more wait behind them

add_pages($primary, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 30);
wait_until_done($primary);
add_pages($primary, { status => 'Selected' }, map { $slow->url("/s$_", '127.0.2.1') } 1 .. 40);
wait_until(sub { requests() == 20 }, 'twenty fetches hang', 20);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(statuses($standby), 'Complete=30 Processing=20 Queued=20', 'the standby sees it');
is(value("SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ '^wf_curation'"), '0',
	'and has neither launcher nor worker');
my ($rc, $out, $err) = $standby->psql('postgres', 'SELECT wf_process_batch(1)');
like($err, qr/cannot execute wf_process_batch\(\) during recovery.*primary/s, 'a batch there is refused');
($rc, $out, $err) = $standby->psql('postgres', 'SELECT wf_workers_start()');
like($err, qr/cannot execute wf_workers_start\(\) during recovery/, 'so are workers');

# ---- the primary dies

$primary->stop('immediate');
my $started = time;
$standby->promote;
wait_until(sub { requests() >= 40 }, 'the promoted server fetches', 20);
my $took = time - $started;
cmp_ok($took, '<', RECOVERY_SECONDS, 'within seconds');
note(sprintf 'recovery after promotion: %.1f s', $took);
is(value("SELECT count(*) FROM wf_claim c WHERE worker_pid IS NOT NULL AND worker_pid NOT IN"
	  . ' (SELECT pid FROM pg_stat_activity)'), '0', 'no claim of the old primary is left');
is(value("SELECT max(attempt) FROM wf_claim WHERE attempt > 1"), '2', 'the attempt that was lost counts');

# ---- after: all is done, once

append_to_file($opened, '');
wait_until_done($standby);
is(statuses($standby), 'Complete=70', 'every page ends Complete');
is(value('SELECT count(*), count(DISTINCT email) FROM contacts'), '70|70', 'no contact is lost or doubled');
is($web->count_requests(), 30, 'what was done is not fetched again');
is(value('SELECT count(*) FROM wf_claim'), '0', 'no claim is left');
is(value("SELECT coalesce(string_agg(check_name, ','), 'none') FROM wf_health() WHERE status <> 'ok'"), 'none',
	'wf_health() finds nothing');
unlike(server_log($standby), qr/PANIC|TRAP|segfault/, 'no trouble in the log');

$standby->stop;
done_testing();
