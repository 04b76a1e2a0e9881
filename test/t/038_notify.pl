# wf_curation.notify_channel: one notification for each commit in which items
# ended, and none where nobody asked for them.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@notify-widgets.com</p>' });
my $dir = PostgreSQL::Test::Utils::tempdir();
my $late = start_server(sub {
	my $parent = getppid;

	select undef, undef, undef, 0.02 until -e "$dir/now" || getppid != $parent;
	return (200, { 'Content-Type' => 'text/html' }, '<p>info@late-widgets.com</p>');
});
my $node = new_node();

sub value { return $node->safe_psql('postgres', $_[0]) }

# A session that listens; its output so far and how to ask it for more.
my ($in, $out) = ('', '');
my $psql = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1' ],
	'<', \$in, '>', \$out, '2>&1', IPC::Run::timeout(180));

my $marks = 0;

# Everything that was notified until now.
sub notifications
{
	my $mark = 'mark' . ++$marks;

	$in .= "SELECT '$mark';\n";
	# notifications follow the statement; an empty second one brings the rest
	$in .= "SELECT '$mark' || 'end';\n";
	$psql->pump until $out =~ /^${mark}end$/m;
	my @texts = $out =~ /^Asynchronous notification "wf_done" with payload "(.*)" received/mg;
	return @texts;
}

sub count_notifications { my @texts = notifications(); return scalar @texts }

# The sums of what they say of a stage.
sub sums
{
	my ($stage) = @_;
	my %sum = (complete => 0, error => 0, queued => 0, commits => 0);

	foreach my $text (notifications())
	{
		my ($of, @n) = $text =~
		  /^\{"stage":"(\w+)","complete":(\d+),"error":(\d+),"queued":(\d+)\}$/
		  or die "not as documented: $text";
		next if $of ne $stage;
		$sum{$_} += shift @n foreach qw(complete error queued);
		$sum{commits}++;
	}
	return \%sum;
}

$in .= "LISTEN wf_done;\n";
is(count_notifications(), 0, 'nothing before');

# off
my @ids = add_pages($node, { status => 'Selected' },
	map { $web->url("/a.html?off$_", "127.0.2.$_") } 1 .. 20);
wait_for_status($node, 'Complete');
is(count_notifications(), 0, 'no notification by default');

# on, for this database
my ($worker) = worker_pids($node);
value(q{ALTER DATABASE postgres SET wf_curation.notify_channel = 'wf_done'});
$node->reload;
$node->poll_query_until('postgres',
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND pid <> $worker")
  or die 'no worker with the new setting';
add_pages($node, { status => 'Selected' },
	(map { $web->url("/a.html?on$_", '127.0.3.' . ($_ % 40 + 1)) } 1 .. 200),
	(map { $web->url("/missing.html?$_", "127.0.3.$_") } 1 .. 7));
wait_until_done($node);
wait_until(sub { my $s = sums('page'); $s->{complete} + $s->{error} >= 207 },
	'every page is in a notification');
my $sum = sums('page');
is("$sum->{complete} $sum->{error} $sum->{queued}", '200 7 0', 'their sums are the pages that ended');

# rows of the history were written by the same transactions
is($sum->{commits},
	value(q{SELECT count(DISTINCT xmin::text) FROM wf_attempt WHERE url !~ 'off'}),
	'one for each commit');

# what waits for a retry did not end: told only beside what did
my $before = count_notifications();
value(q{ALTER SYSTEM SET wf_curation.retry_delay = '1h'});
$node->reload;
add_pages($node, { status => 'Selected' }, 'http://127.0.4.1:1/');
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM wf_attempt WHERE url = 'http://127.0.4.1:1/'}) or die 'no attempt';
is(count_notifications(), $before, 'a retry alone is no news');

# beside what did end, which it is not counted with
my $earlier = sums('page');
add_pages($node, { status => 'Selected' },
	map { ($web->url("/a.html?beside$_", "127.0.6.$_"), "http://127.0.7.$_:1/") } 1 .. 100);
wait_until(sub { sums('page')->{complete} - $earlier->{complete} >= 100 }, 'pages end among others that wait');
$sum = sums('page');
is($sum->{complete} - $earlier->{complete} . ' ' . ($sum->{error} - $earlier->{error}), '100 0',
	'nothing that waits is counted with them');
cmp_ok($sum->{queued}, '>', 0, 'but named');

# results that nobody wants any more are none
value('DELETE FROM pages');
add_pages($node, { status => 'Selected' }, map { $late->url("/$_", "127.0.8.$_") } 1 .. 30);
$node->poll_query_until('postgres', 'SELECT count(*) = 30 FROM wf_claim WHERE worker_pid IS NOT NULL') or die 'no claims';
value(q{DELETE FROM pages WHERE url ~ '[02468]$'});
append_to_file("$dir/now", '');
wait_for_status($node, 'Complete');
wait_until(sub { value('SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL') == 0 }, 'all have come back');
is(sums('page')->{complete} - $sum->{complete}, 15, 'what was deleted meanwhile is not counted');

# other stages
value(q{INSERT INTO domains (domain, sitemap_curation_status) VALUES ('127.0.5.1:} . $web->port . q{', 'Selected')});
wait_until(sub { my $s = sums('domain'); $s->{complete} + $s->{error} == 1 }, 'a domain is told, too');

$in .= "\\q\n";
$psql->finish;

done_testing();
