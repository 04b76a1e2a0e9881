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
# answers take a while, so that the number changes in their midst
my $web = start_nginx(
	http => 'limit_req_zone $server_addr zone=slow:1m rate=60r/m;',
	server => 'limit_req zone=slow burst=100;',
	pages => { '/a.html' => '<p>info@worker-widgets.com</p>' });
my $node = new_node();

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

# ---- the setting

add_pages($node, { status => 'Selected' },
	map { my $site = "127.0.2.$_"; map { $web->url("/a.html?$_", $site) } 1 .. $per_site } 1 .. $sites);
wait_until(sub { busy() == 1 }, 'one worker works');
set_workers(4, 'four are wanted');
wait_until(sub { busy() >= 2 }, 'several work');
cmp_ok(left(), '>', 0, 'there is work left');
set_workers(2, 'two are wanted');
cmp_ok(left(), '>', 0, 'there is work left');
set_workers(0, 'none are wanted');
my $left = left();
cmp_ok($left, '>', 0, 'there is work left');
is(statuses($node, q{page_processing_status = 'Processing'}), '', 'what was in flight was given back');
is(value('SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL'), 0, 'and is nobody\'s');

# ---- by hand: beside the launcher's, which has none now

is(value('SELECT wf_workers_start(2)'), 2, 'two by hand');
wait_until(sub { count_workers($node, 'postgres') == 2 }, 'they are there');
wait_until(sub { left() < $left }, 'and go on');
value('SELECT wf_workers_stop()');
wait_until(sub { count_workers($node, 'postgres') == 0 }, 'they stop');
value('SELECT wf_workers_start(1)');
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
