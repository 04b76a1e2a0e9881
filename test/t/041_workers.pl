# More and fewer workers while they work, and what goes on while there is nothing
# to do: history is pruned.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $sites = 60;
my $per_site = 10;
my $pages = $sites * $per_site;

# the test says how far the work is when the number of workers changes
my $web = start_rationed_server('<p>info@worker-widgets.com</p>');
# a worker has at most 8 of the sites
my $node = new_node(conf => {
	'wf_curation.max_concurrency' => 8, 'wf_curation.request_timeout' => '30min' });

sub value { return $node->safe_psql('postgres', $_[0]) }

sub left { return value(q{SELECT count(*) FROM pages WHERE page_processing_status IN ('Queued', 'Processing')}) }

sub set_workers
{
	my ($n, $what) = @_;

	value("ALTER SYSTEM SET wf_curation.workers = $n");
	$node->reload;
	wait_until(sub { count_workers($node, 'postgres') == $n }, $what);
}

# How many workers have pages in flight.
sub busy { return value('SELECT count(DISTINCT worker_pid) FROM wf_claim WHERE worker_pid IS NOT NULL') }

# What workers had that are no more is nobody's, and has had no attempt.
sub given_back
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(statuses($node, q{page_processing_status = 'Processing'}), '', 'what was in flight was given back');
	is(value('SELECT count(*) FROM wf_claim'), 0, 'and nothing is remembered of it');
	return;
}

# ---- the setting

add_pages($node, { status => 'Selected' },
	map { my $site = "127.0.2.$_"; map { $web->url("/a.html?$_", $site) } 1 .. $per_site } 1 .. $sites);
$web->allow(40);
wait_until(sub { left() == $pages - 40 }, 'one worker works');
set_workers(4, 'four are wanted');
wait_until(sub { busy() == 4 }, 'four work');
$web->allow(40);
wait_until(sub { left() == $pages - 80 }, 'they go on');
set_workers(2, 'two are wanted');
wait_until(sub { value('SELECT count(*) FROM wf_claim') == 16 && busy() == 2 }, 'two work');
set_workers(0, 'none are wanted');
is(left(), $pages - 80, 'there is work left');
given_back();

# ---- by hand: beside the launcher's, which has none now

is(value('SELECT wf_workers_start(2)'), 2, 'two by hand');
wait_until(sub { count_workers($node, 'postgres') == 2 }, 'they are there');
wait_until(sub { busy() == 2 }, 'and work');
$web->allow(40);
wait_until(sub { left() == $pages - 120 }, 'they go on');
is(value('SELECT wf_workers_stop()'), 2, 'both are asked to end');
wait_until(sub { count_workers($node, 'postgres') == 0 }, 'they end');
given_back();
value('SELECT wf_workers_start(1)');
$web->allow($pages);
wait_until_done($node);
is(statuses($node), "Complete=$pages", 'no page is lost');
is(value('SELECT count(*) FROM wf_attempt'), $pages, 'each was stored once');
is(value('SELECT max(attempt) FROM wf_attempt'), 1, 'at its first attempt, whoever made it');

# ---- history is pruned though no page is queued

value(q{UPDATE wf_attempt SET finished_at = finished_at - interval '8 days' WHERE id % 3 = 0});
my $kept = value(q{SELECT count(*) FROM wf_attempt WHERE finished_at > now() - interval '7 days'});
cmp_ok($kept, '<', $pages, 'some history is old');
$node->poll_query_until('postgres', "SELECT count(*) = $kept FROM wf_attempt");
is(value('SELECT count(*), min(finished_at) > now() - interval \'7 days\' FROM wf_attempt'),
	"$kept|t", 'it goes, and nothing else');
is(statuses($node), "Complete=$pages", 'pages do not go with their history');

done_testing();
