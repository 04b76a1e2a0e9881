# The clock is set: back by two hours, and nothing that waits waits two hours; forward,
# and what is in flight stays with its worker.  First in the tables, as they look then;
# then under running workers, by a library that shifts the time of day of their server
# (libfaketime does not reach what a postmaster of 15 starts in a signal handler).

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 10 });
my $hang = start_hanging_server(drips => 1);
my $node = new_node(workers => 0, conf => { 'wf_curation.request_timeout' => '10min' });
# of pages that hang
my $claims = q{SELECT string_agg(c.item || ' ' || c.token || ' ' || c.attempt, ',' ORDER BY c.item)
	FROM wf_claim c JOIN pages p ON p.id = c.item WHERE p.url ~ '127[.]0[.]2[.]'};

sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- the tables as they are after the clock went back by two hours

# A site is to be left alone for a second, as a worker notes it.
my $busy = start_server(sub {
	return (429, { 'Retry-After' => 1 }, 'later') if $_[0] =~ /busy/;
	return (200, { 'Content-Type' => 'text/html' }, '<p>info@acme-widgets.com</p>');
});
add_pages($node, { status => 'Selected' }, $busy->url('/busy', '127.0.1.9'));
value('SELECT wf_process_batch(1)') while $busy->count_requests('/busy') == 0;
is(value(q{SELECT count(*), max(not_before) BETWEEN now() - interval '1 min' AND now() + interval '1 min' FROM wf_host}),
	'1|t', 'a site is left alone, for about a second');
value(q{INSERT INTO wf_host SELECT key + 1, 'nobody.example', not_before, delay_ms, slow_ms, failures, openings, updated_at FROM wf_host});
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
my ($first, $first_hang) = ($node, $hang);

# ---- the clock of a server that runs

SKIP:
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my ($library, $offset) = ("$dir/clock.so", "$dir/offset");

	skip 'there is no C compiler', 1
	  unless system(qw(cc -shared -fPIC -O2 -o), $library, "$FindBin::RealBin/../perl/wf_shifted_clock.c") == 0;
	append_to_file($offset, pack('q', 0));
	local @ENV{qw(LD_PRELOAD WF_CLOCK_OFFSET)} = ($library, $offset);
	$node = new_node(name => 'jumping', start => 0, conf => { 'wf_curation.max_attempts' => 100, 'wf_curation.request_timeout' => '10min' });
	$node->start;
	delete @ENV{qw(LD_PRELOAD WF_CLOCK_OFFSET)};
	value('CREATE EXTENSION wf_curation; CREATE DATABASE other');
	$node->safe_psql('other', 'CREATE EXTENSION wf_curation');
	$hang = start_hanging_server(drips => 1);
	# /busy wants to be left alone until it may answer, the others answer when they may
	my $late = start_server(sub {
		my $may = "$dir$_[0]";
		my $parent = getppid;

		return (429, { 'Retry-After' => 10 }, 'later') if $may =~ /busy/ && !-e $may;
		select undef, undef, undef, 0.02 until -e $may || getppid != $parent;
		return (200, { 'Content-Type' => 'text/html' }, '<p>info@late-widgets.com</p>');
	});
	add_pages($node, { status => 'Selected' }, map { $hang->url("/$_", "127.0.2.$_") } 1 .. 5);
	wait_until(sub { $hang->count_requests(qr/./) == 5 }, 'five pages are in flight');
	my $held = value($claims);
	# an order, in a database without standing workers: its deadline is two minutes away
	add_pages($node, { status => 'Selected', database => 'other' },
		map { $late->url("/$_", "127.0.4.$_") } 1 .. 2);
	my $order = $node->background_psql('other');
	$order->{stdin} .= "SELECT claimed, completed, returned FROM wf_process_batch(2);\n";
	$order->{run}->pump_nb;
	$node->poll_query_until('other', 'SELECT count(*) = 2 FROM wf_claim') or die 'no batch';
	add_pages($node, { status => 'Selected' }, $late->url('/busy', '127.0.5.1'));
	wait_until(sub { value('SELECT count(*) FROM wf_host') == 1 }, 'a site is left alone');

	# a result is here, and somebody has its page locked
	add_pages($node, { status => 'Selected' }, $late->url('/kept', '127.0.6.1'));
	$node->poll_query_until('postgres', q{SELECT page_processing_status = 'Processing' FROM pages WHERE url ~ '/kept'})
	  or die 'not in processing';
	my $locker = $node->background_psql('postgres');
	$locker->query_safe(q{BEGIN; SELECT FROM pages WHERE url ~ '/kept' FOR UPDATE});
	append_to_file("$dir/kept", '');
	# the transaction of the worker that waits for it now
	my $storing = q{SELECT xact_start FROM pg_stat_activity WHERE backend_type = 'wf_curation worker'
		AND wait_event_type = 'Lock' AND query ~ 'storing'};
	wait_until(sub { value($storing) ne '' }, 'a result waits for its page');

	foreach my $hours (2, 0, -2)
	{
		open(my $fh, '+<:raw', $offset) or die "$offset: $!";
		syswrite $fh, pack('q', 3600 * $hours);
		close $fh;
		is(value("SELECT round(extract(epoch FROM now() - to_timestamp(" . time . ")) / 3600)"), $hours,
			"the clock is $hours hours ahead");
		if ($hours == 2)
		{
			my %tries;
			wait_until(sub { $tries{ value($storing) } = 1; keys %tries > 4 || server_log($node) =~ /given up/ },
				'it is tried again and again');
			unlike(server_log($node), qr/result given up/, 'and kept');
			$locker->query_safe('ROLLBACK');
			$locker->quit;
			wait_until(sub { statuses($node, "url ~ '/kept'") eq 'Complete=1' }, 'until it can be stored');
			# the first answer has its worker look at the clock
			foreach my $n (1, 2)
			{
				append_to_file("$dir/$n", '');
				wait_until(sub { statuses($node, "url ~ '/$n\$'", 'other') eq 'Complete=1' }, "an order goes on: $n");
			}
			like($order->query('SELECT 1'), qr/^2\|2\|0$/m, 'to its end');
			$order->quit;
		}
		value("DELETE FROM pages WHERE url ~ '127.0.3'");
		add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", "127.0.3.$_") } 1 .. 5);
		wait_until(sub { statuses($node, "url ~ '127.0.3'") eq 'Complete=5' }, 'pages are done');
		is(value($claims), $held, 'what is in flight stays so');
		is($hang->count_requests(qr/./), 5, 'and nothing is asked for twice');
	}
	append_to_file("$dir/$_", '') foreach qw(busy busy2);
	# the sweep of this minute, and ten seconds for the site
	add_pages($node, { status => 'Selected' }, $late->url('/busy2', '127.0.5.1'));
	wait_until(sub { statuses($node, "url ~ '/busy'") eq 'Complete=2' },
		'what waits for a retry is done, and whose site is left alone by a clock hours ahead', 100)
	  or diag(value('SELECT now(), * FROM wf_claim'), value('SELECT * FROM wf_host'));
	is(value('SELECT count(*) FROM wf_claim WHERE not_before > now() + interval \'1 hour\''), 0, 'nothing waits for hours');
	unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
	$node->stop;
}

# ---- the first server again: a sweep of its worker after the clock was set forward

($node, $hang) = ($first, $first_hang);

sub wait_for
{
	my ($query, $what) = @_;

	$node->poll_query_until('postgres', $query) or die "no $what";
	$node->poll_query_until('postgres', q{SELECT query = 'wf_curation: waiting for the crawler' FROM pg_stat_activity
		WHERE backend_type = 'wf_curation worker'}) or die "no end of $what";
	return;
}

# Leases, of eleven minutes, are renewed with each sweep and once in between.  After that
# the next sweep comes before the next renewal.
wait_for(q{SELECT last_sweep > now() - interval '1 hour' FROM wf_sweep_state}, 'sweep');
is(value($claims), $before, 'what is in flight stays with its worker, whatever the sweep reads');
wait_for(q{SELECT max(lease_until) - interval '11 min' > last_sweep + interval '10 s'
	FROM wf_claim, wf_sweep_state GROUP BY last_sweep}, 'renewal');
value($jump);
wait_for(q{SELECT last_sweep > now() - interval '1 hour' FROM wf_sweep_state}, 'sweep');
is(value($claims), $before, 'and so it does when the leases it reads are over');
is($hang->count_requests(qr/./), 5, 'nothing is asked for twice');
value("$jump; SELECT wf_heal()");
isnt(value($claims), $before, 'but a lease that is over, says who has the tables repaired, is over');
unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
done_testing();
