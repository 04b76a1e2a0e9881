# The clock is set: back by two hours, and nothing that waits waits two hours; forward,
# and what is in flight stays with its worker.  First in the tables, as they look then;
# then under running workers, where libfaketime is installed.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 10 });
my $hang = start_hanging_server();
my $node = new_node(workers => 0);
my $claims = q{SELECT string_agg(c.item || ' ' || c.token || ' ' || c.attempt, ',' ORDER BY c.item) FROM wf_claim c};

sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- the tables as they are after the clock went back by two hours

# A site is to be left alone for a second, as a worker notes it.
my $busy = start_server(sub {
	return (429, { 'Retry-After' => 1 }, 'later') if $_[0] =~ /busy/;
	return (200, { 'Content-Type' => 'text/html' }, '<p>info@acme-widgets.com</p>');
});
add_pages($node, { status => 'Selected' }, $busy->url('/busy', '127.0.1.9'));
value('SELECT wf_process_batch(1)') while $busy->count_requests('/busy') == 0;
is(value('SELECT count(*) FROM wf_host'), '1', 'a site is left alone');
value('DELETE FROM pages; DELETE FROM wf_claim');
my ($idle) = add_pages($node, { status => 'Selected' }, $busy->url('/idle', '127.0.1.9'));

my @ids = add_pages($node, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 3);
value(qq{
	SET session_replication_role = replica;
	UPDATE pages SET page_curation_status = 'Selected', page_processing_status = 'Queued', page_processing_error = 'waits'
		WHERE id = '$ids[0]';
	UPDATE pages SET page_curation_status = 'Selected', page_processing_status = 'Processing' WHERE id = '$ids[1]';
	UPDATE pages SET page_curation_status = 'Selected', page_processing_status = 'Queued' WHERE id = '$ids[2]';
	INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before)
		VALUES ('page', '$ids[0]', 1, 0, now() + interval '2 hours', now() + interval '2 hours 1 s');
	INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
		VALUES ('page', '$ids[1]', 1, 7, 0, '-infinity', now() + interval '2 hours', now() + interval '2 hours 1 s');
	INSERT INTO wf_sweep_state (last_sweep, repaired, repaired_total) VALUES (now() + interval '2 hours', 0, 0)
		ON CONFLICT (only_row) DO UPDATE SET last_sweep = EXCLUDED.last_sweep;
	UPDATE wf_host SET not_before = not_before + interval '2 hours', updated_at = updated_at + interval '2 hours'});

is(value("SELECT count(*) FROM wf_claim WHERE claimed_at > now() + interval '1 hour'"), '2', 'claims are from the future');

value('SELECT wf_workers_start()');
wait_until(sub { statuses($node, "id IN ('$ids[0]', '$ids[2]', '$idle')") eq 'Complete=3' },
	'what waits for a retry, and whose site is left alone, is done')
  or diag(value('SELECT * FROM wf_claim'), value('SELECT * FROM wf_host'));
is(value('SELECT count(*) FROM wf_host WHERE not_before > now() + interval \'1 hour\''), '0', 'no site waits for hours');
wait_until(sub { value('SELECT wf_heal()'); statuses($node, "id = '$ids[1]'") eq 'Complete=1' },
	'so is what another service has left');

# ---- the same when it is set forward: leases seem to be over that nobody had time to renew

add_pages($node, { status => 'Selected' }, map { $hang->url("/$_", "127.0.2.$_") } 1 .. 5);
wait_until(sub { $hang->count_requests(qr/./) == 5 }, 'five pages are in flight');
my $before = value($claims);
my $jump = q{UPDATE wf_claim SET claimed_at = claimed_at - interval '2 hours', lease_until = lease_until - interval '2 hours';
	UPDATE wf_sweep_state SET last_sweep = last_sweep - interval '2 hours'};
value($jump);
value('SELECT wf_process_batch(1)');
is(value($claims), $before, 'what is in flight stays with its worker');
is(statuses($node, "url ~ '127.0.2'"), 'Processing=5', 'and in processing');
is($hang->count_requests(qr/./), 5, 'nothing is asked for twice');
value(q{UPDATE wf_claim SET lease_until = lease_until - interval '2 hours'; SELECT wf_heal()});
isnt(value($claims), $before, 'a lease that is over by a clock that goes as it should is over');

unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
$hang->stop;

# ---- the clock of a server that runs

SKIP:
{
	my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
	skip 'libfaketime is not installed', 1 unless $library;
	my $offset = PostgreSQL::Test::Utils::tempdir() . '/offset';

	local $ENV{LD_PRELOAD} = $library;
	local $ENV{FAKETIME_TIMESTAMP_FILE} = $offset;
	local $ENV{FAKETIME_NO_CACHE} = 1;
	local $ENV{FAKETIME_DONT_FAKE_MONOTONIC} = 1;
	append_to_file($offset, "+0\n");
	$node = new_node(name => 'jumping', start => 0);
	$node->start;
	delete @ENV{qw(LD_PRELOAD FAKETIME_TIMESTAMP_FILE)};
	value('CREATE EXTENSION wf_curation');
	$hang = start_hanging_server();
	add_pages($node, { status => 'Selected' }, map { $hang->url("/$_", "127.0.2.$_") } 1 .. 5);
	wait_until(sub { $hang->count_requests(qr/./) == 5 }, 'five pages are in flight');
	my $held = value($claims);

	foreach my $hours (2, 0, -2)
	{
		append_to_file("$offset.new", sprintf "%+d\n", 3600 * $hours);
		rename "$offset.new", $offset or die "could not rename: $!";
		is(value("SELECT round(extract(epoch FROM now() - to_timestamp(" . time . ")) / 3600)"), $hours,
			"the clock is $hours hours ahead");
		value("DELETE FROM pages WHERE url ~ '127.0.3'");
		add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.3.$_") } 1 .. 5);
		wait_until(sub { statuses($node, "url ~ '127.0.3'") eq 'Complete=5' }, 'pages are done');
		is(value($claims), $held, 'what is in flight stays so');
		is($hang->count_requests(qr/./), 5, 'and nothing is asked for twice');
	}
	unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
	$node->stop;
}
done_testing();
