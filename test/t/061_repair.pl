# Recovery and the sweep: a page that ends its workers is given up, what is
# refused for a while is tried again, and each thing that is out of order is
# repaired and reported.

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
my $node = new_node(conf => { 'restart_after_crash' => 'on', 'wf_curation.max_concurrency_per_host' => 100 });

sub value { return $node->safe_psql('postgres', $_[0]) }

# Claims of pages whose workers died are back in Queued, or taken anew.
sub lost
{
	my ($pid) = @_;

	return $node->psql('postgres', "SELECT 1 / (count(*) = 0)::int FROM wf_claim WHERE worker_pid = $pid") != 0;
}

# ---- a page that kills its worker, and those that were in flight with it

my $hang = start_hanging_server();
add_pages($node, { status => 'Selected' }, $hang->url('/killer', '127.0.1.1'));
foreach my $death (1 .. 3)
{
	wait_until(sub { $hang->count_requests('/killer') >= $death }, "attempt $death");
	my ($pid) = worker_pids($node);
	kill KILL => $pid;
	my $killed = time;
	wait_until(sub { !lost($pid) }, 'its claim is given back');
	note sprintf 'after %.2f s', time - $killed;
}
wait_until(sub { statuses($node, "url ~ 'killer'") eq 'Error=1' }, 'a page that three workers died with is given up');
like(value("SELECT page_processing_error FROM pages WHERE url ~ 'killer'"), qr/^worker crashed/, 'with that reason');
is($hang->count_requests('/killer'), 3, 'it is not tried a fourth time');
is(value(q{SELECT count(*) FROM wf_attempt WHERE url = '' AND started_at NOT BETWEEN now() - interval '1 hour' AND finished_at}),
	'0', 'its history is of today');
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.1.2'));
wait_for_status($node, 'Complete', "url ~ '127.0.1.2'");
value('DELETE FROM pages');

# ---- a page that is queued anew while it is in flight: its worker has it twice

value(q{ALTER SYSTEM SET wf_curation.max_concurrency = 16});
$node->reload;
foreach my $round (1 .. 3)
{
	my $before = $hang->count_requests(qr/twice/);

	add_pages($node, { status => 'Selected' }, map { $hang->url("/twice$round-$_", '127.0.1.3') } 1 .. 8);
	wait_until(sub { $hang->count_requests(qr/twice/) == $before + 8 }, 'eight pages are in flight');
	value(q{UPDATE pages SET page_processing_status = 'Queued'});
	wait_until(sub { $hang->count_requests(qr/twice/) >= $before + 16 }, 'and once more');
	# no slot is left: the worker looks which of its items nobody wants any more
	add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.1.4'));
	wait_for_status($node, 'Complete', "url ~ '1.html'");
	is(statuses($node, "url ~ 'twice'"), 'Processing=8', 'the second fetches go on');
	is(value(q{SELECT count(*) FROM wf_claim c JOIN pages p ON p.id = c.item WHERE c.worker_pid > 0}), '8',
		'each with its claim');
	value('DELETE FROM pages; DELETE FROM contacts');
}
value(q{ALTER SYSTEM RESET wf_curation.max_concurrency});
$node->reload;

# ---- what is refused for a while is tried again, as the same attempt

value(q{
	CREATE SEQUENCE refused;
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF nextval('refused') <= 3 THEN
			RAISE EXCEPTION 'refused for now' USING ERRCODE = TG_ARGV[0];
		END IF;
		RETURN NEW;
	END $$});
foreach my $refusal ([ '40P01', 'deadlock' ], [ '40001', 'serialization failure' ], [ '55P03', 'lock time-out' ])
{
	my ($sqlstate, $what) = @$refusal;

	value(qq{DELETE FROM pages; DELETE FROM contacts; DELETE FROM wf_attempt; SELECT setval('refused', 1, false);
		CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION refuse('$sqlstate')});
	add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.2.1'));
	wait_for_status($node, 'Complete');
	is(value(q{SELECT count(*) FILTER (WHERE email = 'info@site1.com') || ',' || count(*) FROM contacts}), '1,1',
		"$what: the contact is stored");
	is(value('SELECT count(*) || \',\' || max(attempt) FROM wf_attempt'), '1,1', "$what: it has cost no attempt");
	value('DROP TRIGGER refuse ON contacts');
}

# ---- a store that fails for a reason of its own, alone, too, is a failed attempt

value(q{DELETE FROM pages; DELETE FROM contacts; DELETE FROM wf_attempt; SELECT setval('refused', 2, false);
	CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION refuse('23514')});
add_pages($node, { status => 'Selected' }, $web->url('/1.html', '127.0.2.1'));
wait_for_status($node, 'Complete');
is(value('SELECT string_agg(attempt || outcome, \',\' ORDER BY id) FROM wf_attempt'), '1store,2ok', 'it is tried again, and counted');
is(value('SELECT count(*) FROM contacts'), '1', 'and its contact stored once');
value('DROP TRIGGER refuse ON contacts; DELETE FROM pages; DELETE FROM contacts');

# ---- many are stored in one transaction: one that is refused costs the others nothing

value(q{DELETE FROM wf_attempt;
	CREATE FUNCTION refuse_always() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN RAISE EXCEPTION 'not this one'; END$$;
	CREATE TRIGGER refuse BEFORE INSERT ON contacts FOR EACH ROW WHEN (NEW.email ~ '@site7[.]')
		EXECUTE FUNCTION refuse_always()});
add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", '127.0.2.1') } 1 .. 20);
wait_until_done($node);
is(statuses($node), 'Complete=19 Error=1', 'the others are Complete');
like(value(q{SELECT page_processing_error FROM pages WHERE url ~ '/7[.]'}), qr/^could not store.*not this one/,
	'the one says why it is not');
is(value(q{SELECT max(attempt) || ',' || count(*) FROM wf_attempt WHERE url !~ '/7[.]'}), '1,19', 'none of the others was done twice');
is(value(q{SELECT count(*) FROM contacts WHERE email ~ '^info@site'}), '19', 'each contact is there once');
value('DROP TRIGGER refuse ON contacts; DELETE FROM pages; DELETE FROM contacts');

# ---- the sweep: each thing alone, with what it reports

value('SELECT wf_workers_stop()');
wait_until(sub { worker_pids($node) == 0 }, 'the workers stop');
value('SELECT wf_heal()');

# Pages brought out of order by a statement that no trigger of ours sees.
sub damage
{
	my ($sql) = @_;

	value("DELETE FROM pages; DELETE FROM wf_claim");
	add_pages($node, { status => 'Selected' }, map { $web->url("/$_.html", '127.0.3.1') } 1 .. 3);
	value("SET session_replication_role = replica; $sql");
	return;
}

sub heals
{
	my ($what, $report, $statuses) = @_;
	my $healed = value('SELECT concat_ws(\',\', orphans, lost_claims, stale_claims, foreign_processing) FROM wf_heal()');

	is($healed, $report, "$what: it is reported");
	is(statuses($node), $statuses, "$what: and repaired");
	is(value('SELECT concat_ws(\',\', orphans, lost_claims, stale_claims, foreign_processing) FROM wf_heal()'), '0,0,0,0',
		"$what: once");
	return;
}

my $claim = q{INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
	SELECT 'page', id, 1, 7, %s, now() - interval '1 day', now(), now() + interval '%s' FROM pages};

damage('UPDATE pages SET page_processing_status = NULL');
heals('orphans', '3,0,0,0', 'Queued=3');
damage(q{UPDATE pages SET page_processing_status = 'Processing';} . sprintf($claim, 4194303, '1 hour'));
heals('claims of a worker that is no more', '0,3,0,0', 'Queued=3');
damage(q{UPDATE pages SET page_processing_status = 'Processing';} . sprintf($claim, 0, '-1 s'));
heals('claims of another service whose lease is over', '0,0,0,3', 'Queued=3');
damage(sprintf($claim, 4194303, '1 hour') . '; DELETE FROM pages');
heals('claims without a page', '0,0,3,0', '');
damage(q{UPDATE pages SET page_processing_status = 'Error'});
heals('Error without a reason', '0,0,3,0', 'Error=3');
is(value(q{SELECT count(*) FROM pages WHERE page_processing_error <> ''}), '3', 'it has one now');
damage(q{UPDATE pages SET page_processing_status = 'Processing'});
value('SELECT wf_heal()');
is(value('SELECT count(*) FROM wf_claim WHERE worker_pid = 0 AND lease_until > now()'), '3',
	'Processing without a claim is somebody else\'s, for a while');
value(q{UPDATE pages SET page_processing_status = 'Complete'});
value('SELECT wf_heal()');
is(value('SELECT count(*) FROM wf_claim'), '0', 'and when it has ended, its claim goes: the next time counts anew');

# ---- a page that gets another id while it is in flight, or waits: nothing is noted for that

damage(q{UPDATE pages SET page_processing_status = 'Queued', page_processing_error = 'waits';
	INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before)
		SELECT 'page', id, 1, 0, now(), now() + interval '1 hour' FROM pages});
my ($renamed) = add_pages($node, { status => 'Selected' }, $hang->url('/renamed', '127.0.3.9'));
value('SELECT wf_workers_start(1)');
wait_until(sub { $hang->count_requests('/renamed') == 1 }, 'a page is in flight, three wait');
value('UPDATE pages SET id = gen_random_uuid()');
recovers('it is fetched for its new id at once', sub { $hang->count_requests('/renamed') == 2 });
recovers('as are those that waited', sub { statuses($node, "id <> '$renamed'") =~ /Complete=3/ });

unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
done_testing();
