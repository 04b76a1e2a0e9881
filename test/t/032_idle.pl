# What workers cost while there is nothing to do, and that it costs nobody's
# row: one statement a minute at most, and what was written behind the triggers'
# backs is found all the same.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@idle-widgets.com</p>' });
my $node = new_node(preload => 'wf_curation, pg_stat_statements', workers => 2,
	conf => { 'wf_curation.poll_interval' => '1s' });

# what sessions of the test ask is not what is counted
$ENV{PGOPTIONS} = '-c pg_stat_statements.track=none';

sub value { return $node->safe_psql('postgres', $_[0]) }

sub wait_for_sweep
{
	my $last = value('SELECT last_sweep FROM wf_sweep_state');

	$node->poll_query_until('postgres', "SELECT last_sweep > '$last' FROM wf_sweep_state")
	  or die 'no sweep';
}

sub query_is
{
	my ($query, $wanted, $what) = @_;

	ok($node->poll_query_until('postgres', $query, $wanted), $what)
	  or diag(value($query));
}

value('CREATE EXTENSION pg_stat_statements');
# workers sweep when they start
$node->restart;
$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM wf_sweep_state')
  or die 'no sweep';
$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM pg_stat_activity
	WHERE backend_type = 'wf_curation worker' AND xact_start IS NULL
	AND state_change < now() - interval '200 ms'})
  or die 'no workers';

# sixty polls of each worker, and a sweep
value('SELECT pg_stat_statements_reset()');
wait_for_sweep();
cmp_ok(
	value('SELECT coalesce(sum(calls), 0) FROM pg_stat_statements'),
	'<=', 1, 'a minute of two idle workers: one statement at most')
  or diag(value('SELECT calls, query FROM pg_stat_statements ORDER BY calls DESC'));

add_pages($node, { status => 'New' }, map { $web->url("/a.html?$_", '127.0.1.1') } 1 .. 20);
value(q{SET session_replication_role = replica;
	UPDATE pages SET page_curation_status = 'Selected';
	INSERT INTO local_businesses (business_name, website_url, status)
		VALUES ('Gadgets', 'https://gadgets.example', 'Selected')});
wait_for_sweep();
query_is(q{SELECT count(*) FROM pages WHERE page_processing_status = 'Complete'},
	20, 'pages whose trigger was bypassed are found by the next sweep');
query_is(q{SELECT count(*) FROM domains WHERE domain = 'gadgets.example'},
	1, 'and businesses');
query_is('SELECT repaired_total FROM wf_sweep_state', 21, 'and counted');

done_testing();
