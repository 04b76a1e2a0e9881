# What workers cost while there is nothing to do: one statement a minute, that of the
# sweep.  What was written behind the triggers' backs is found all the same.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@idle-widgets.com</p>' });
my $node = new_node(preload => 'wf_curation, pg_stat_statements', workers => 0,
	conf => { 'wf_curation.poll_interval' => '1s' });

# what sessions of the test ask is not what is counted
$ENV{PGOPTIONS} = '-c pg_stat_statements.track=none';

sub value { return $node->safe_psql('postgres', $_[0]) }

sub last_sweep { return value('SELECT max(last_sweep) FROM wf_sweep_state') }

# The next sweep, to its end: whoever swept is idle again.
sub wait_for_sweep
{
	my ($last) = @_;

	$node->poll_query_until('postgres',
		"SELECT max(last_sweep) > '" . ($last || '-infinity') . "' FROM wf_sweep_state") or die 'no sweep';
	$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM pg_stat_activity
		WHERE backend_type = 'wf_curation worker' AND query = 'wf_curation: idle' AND xact_start IS NULL})
	  or die 'no idle workers';
	return;
}

# The statements from the end of a sweep to the end of the next one.  Undefined if those
# two were not next to each other: this test, or the worker, had to wait for a processor.
sub statements_of_a_minute
{
	my $first = last_sweep();

	value('SELECT pg_stat_statements_reset()');
	return if last_sweep() ne $first;
	wait_for_sweep($first);
	my $second = last_sweep();
	my $calls = value('SELECT coalesce(sum(calls), 0) FROM pg_stat_statements');
	diag(value('SELECT calls, query FROM pg_stat_statements ORDER BY calls DESC')) if $calls > 1;
	# a late one may be another worker's, which looks for itself at first
	return if last_sweep() ne $second
	  || value("SELECT '$second'::timestamptz - '$first' > interval '70 s'") eq 't';
	return $calls;
}

sub query_is
{
	my ($query, $wanted, $what) = @_;

	ok($node->poll_query_until('postgres', $query, $wanted), $what)
	  or diag(value($query));
}

value('CREATE EXTENSION pg_stat_statements');
value('ALTER SYSTEM SET wf_curation.workers = 2');
$node->reload;
wait_for_sweep();

# sixty polls of each worker, and a sweep
my $statements;
for (1 .. 5)
{
	last if defined($statements = statements_of_a_minute());
}
is($statements, 1, 'a minute of two idle workers: the statement of the sweep, and no other');

add_pages($node, { status => 'New' }, map { $web->url("/a.html?$_", '127.0.1.1') } 1 .. 20);
value(q{SET session_replication_role = replica;
	UPDATE pages SET page_curation_status = 'Selected';
	INSERT INTO local_businesses (business_name, website_url, status)
		VALUES ('Gadgets', 'https://gadgets.example', 'Selected')});
wait_for_sweep(last_sweep());
query_is(q{SELECT count(*) FROM pages WHERE page_processing_status = 'Complete'},
	20, 'pages whose trigger was bypassed are found by the next sweep');
query_is(q{SELECT count(*) FROM domains WHERE domain = 'gadgets.example'},
	1, 'and businesses');
query_is('SELECT repaired_total FROM wf_sweep_state', 21, 'and counted');

# ---- what claims say goes with the extension, while the table stays as a sweep left it

value(q{SET session_replication_role = replica;
	UPDATE pages SET page_processing_status = 'Queued', page_processing_error = 'HTTP status 503';
	INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before)
		SELECT 'page', id, 1, 0, now(), now() + interval '1 day' FROM pages});
wait_for_sweep(last_sweep());
value('DROP EXTENSION wf_curation; CREATE EXTENSION wf_curation');
query_is(q{SELECT count(*) FROM pages WHERE page_processing_status = 'Complete'},
	20, 'DROP and CREATE EXTENSION: what waited for a retry is done');
query_is('SELECT repaired_total FROM wf_sweep_state', 20, 'by one sweep');

done_testing();
