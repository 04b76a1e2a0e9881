# Politeness across all workers of a database, as the web server sees it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# ---- a server that notes when each request began and ended

my $log = PostgreSQL::Test::Utils::tempdir() . '/requests';
open(my $touch, '>', $log) or die $!;
close $touch;

sub note_request
{
	open(my $out, '>>', $log) or die $!;
	syswrite $out, join(' ', @_) . "\n";
	close $out;
}

my $served = start_server(
	sub {
		my ($path, $headers) = @_;
		my $host = $headers->{host};
		my $began = time();
		my @answer = (200, { 'Content-Type' => 'text/html' }, '<p>info@acme-widgets.com</p>');

		@answer = (404, {}, 'none') if $path eq '/robots.txt' && $host !~ /^127\.0\.(?:4|5)\./;
		@answer = (200, { 'Content-Type' => 'text/plain' }, "User-agent: *\nDisallow: /private\n")
		  if $path eq '/robots.txt' && $host =~ /^127\.0\.4\./;
		@answer = (200, { 'Content-Type' => 'text/plain' }, "User-agent: *\nCrawl-delay: 2\n")
		  if $path eq '/robots.txt' && $host =~ /^127\.0\.5\./;
		@answer = (429, { 'Retry-After' => '2' }, 'slow down')
		  if $path eq '/busy' && !-e "$log.asked" && open(my $flag, '>', "$log.asked");
		if ($path =~ m{^/to/([\d.]+)})
		{
			my $target = $1;
			(my $port = $host) =~ s/.*://;
			@answer = (302, { Location => "http://$target:$port/shared" }, '');
		}
		select(undef, undef, undef, $path =~ /^\/slow/ ? 0.5 : 0.03);    # a server takes time
		note_request($began, time(), $host, $path);
		return @answer;
	});

# Lines of the log whose host and path match: [began, ended, host, path].
sub requests
{
	my ($host, $path) = @_;
	return grep { $_->[2] =~ $host && $_->[3] =~ $path }
	  map { [ split / / ] } split /\n/, slurp_file($log);
}

# The largest number of requests at one moment, for each host.
sub most_at_once
{
	my $most = 0;
	my %by_host;
	push @{ $by_host{ $_->[2] } }, $_ foreach @_;
	foreach my $list (values %by_host)
	{
		my $now = 0;
		my @edges = map { ([ $_->[0], 1 ], [ $_->[1], -1 ]) } @$list;
		foreach my $edge (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @edges)
		{
			$now += $edge->[1];
			$most = $now if $now > $most;
		}
	}
	return $most;
}

# The smallest time between two starts at one host.
sub smallest_gap
{
	my $least = 1000;
	my %by_host;
	push @{ $by_host{ $_->[2] } }, $_->[0] foreach @_;
	foreach my $list (values %by_host)
	{
		my @starts = sort { $a <=> $b } @$list;
		foreach my $i (1 .. $#starts)
		{
			my $gap = $starts[$i] - $starts[ $i - 1 ];
			$least = $gap if $gap < $least;
		}
	}
	return $least;
}

# few slots each, so that no worker can take it all
my $node = new_node(workers => 3,
	conf => { 'wf_curation.respect_robots' => 'on', 'wf_curation.max_concurrency' => 16 });
sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- three standing workers and two batches, 48 hosts of three pages each

add_pages($node, map { my $h = $_; map { $served->url("/p$_", "127.0.3.$h") } 1 .. 3 } 1 .. 48);
my $batch = $node->background_psql('postgres', on_error_stop => 0);
select_pages($node);
$batch->query_safe('SELECT wf_process_batch(40)');
value('SELECT wf_process_batch(40)');
wait_until_done($node);
is(statuses($node, 'true'), 'Complete=144', 'every page is fetched');
my @seen = requests(qr/^127\.0\.3\./, qr{^/p});
is(scalar(@seen), 144, 'once');
cmp_ok(most_at_once(@seen), '<=', 2, 'at most max_concurrency_per_host at once, whoever fetches');
is(scalar(requests(qr/^127\.0\.3\./, qr{^/robots})), 48, 'robots.txt once for each authority');
cmp_ok(value('SELECT count(DISTINCT worker_pid) FROM wf_attempts'), '>', 1, 'by several workers');
is(value('SELECT count(*) FROM wf_host'), '0', 'nothing is kept of hosts that want nothing');
is(value("SELECT count(*) FROM wf_robots WHERE valid_until > now() + interval '23 hours'"), '48',
	'but their robots.txt for a day');

# ---- a page that robots.txt disallows

my ($private) = add_pages($node, $served->url('/private/x', '127.0.4.1'));
select_pages($node, "id = '$private'");
wait_for_status($node, 'Error', "id = '$private'");
is(value("SELECT page_processing_error FROM pages WHERE id = '$private'"), 'disallowed by robots.txt', 'disallowed');
is(scalar(requests(qr/./, qr{^/private})), 0, 'without a request');

# ---- host_delay, over all workers

value("ALTER SYSTEM SET wf_curation.host_delay = '500ms'");
value('SELECT pg_reload_conf()');
add_pages($node, map { my $h = $_; map { $served->url("/d$_", "127.0.6.$h") } 1 .. 4 } 1 .. 2);
select_pages($node, "url ~ '127.0.6.'");
value('SELECT wf_process_batch(5)') foreach 1 .. 3;
wait_until_done($node);
is(statuses($node, "url ~ '127.0.6.'"), 'Complete=8', 'with a delay, too');
my $gap = smallest_gap(requests(qr/^127\.0\.6\./, qr/./));
cmp_ok($gap, '>=', 0.4, "smallest gap with host_delay of 500 ms: $gap s, robots.txt included");
value('ALTER SYSTEM RESET wf_curation.host_delay');
value('SELECT pg_reload_conf()');

# ---- Crawl-delay is longer than anybody waits: pages come back, uncounted

add_pages($node, map { $served->url("/c$_", '127.0.5.1') } 1 .. 3);
select_pages($node, "url ~ '127.0.5.'");
wait_until_done($node);
is(statuses($node, "url ~ '127.0.5.'"), 'Complete=3', 'Crawl-delay: all are fetched in the end');
$gap = smallest_gap(requests(qr/^127\.0\.5\./, qr/./));
cmp_ok($gap, '>=', 1.95, "smallest gap with Crawl-delay of 2 s: $gap s");
is(value("SELECT max(attempt) FROM wf_attempts WHERE url ~ '127.0.5.'"), '1', 'no attempt was counted in between');

# ---- Retry-After is for the whole host, and for all workers

add_pages($node, map { $served->url($_, '127.0.7.1') } '/busy', map { "/after$_" } 1 .. 10);
select_pages($node, "url ~ '127.0.7.1.*busy'");
wait_until(sub { requests(qr/^127\.0\.7\./, qr{^/busy}) }, 'the host has said 429');
my ($busy) = requests(qr/^127\.0\.7\./, qr{^/busy});
wait_until(sub { value("SELECT count(*) FROM wf_host WHERE site ~ '^127.0.7.1:' AND not_before > now()") eq '1' },
	'its wish is kept');
select_pages($node, "url ~ '127.0.7.1.*after'");
wait_until_done($node);
is(statuses($node, "url ~ '127.0.7.'"), 'Complete=11', 'all are fetched after it');
my ($next) = sort { $a->[0] <=> $b->[0] } grep { $_->[0] > $busy->[1] } requests(qr/^127\.0\.7\./, qr/./);
cmp_ok($next->[0] - $busy->[1], '>=', 1.9, 'but none before');
is(value("SELECT max(attempt) FROM wf_attempts WHERE url ~ '127.0.7.*after'"), '1', 'nor counted as attempted');

# ---- redirects to one host from many

add_pages($node, map { my $h = $_; map { $served->url("/to/127.0.9.9?$_", "127.0.8.$h") } 1 .. 4 } 1 .. 6);
select_pages($node, "url ~ '127.0.8.'");
wait_until_done($node);
is(statuses($node, "url ~ '127.0.8.'"), 'Complete=24', 'redirects to one host');
cmp_ok(most_at_once(requests(qr/^127\.0\.9\.9/, qr/./)), '<=', 2, 'are within its limit, whoever follows them');
is(scalar(requests(qr/^127\.0\.9\.9/, qr{robots})), 1, 'with one robots.txt');

# ---- fairness: slow hosts with thousands of pages, with a domain and without

# Select the pages of a host; how long until the last of them was served.
sub time_for
{
	my ($host) = @_;
	my $start = time();
	select_pages($node, "url ~ '$host:'");
	wait_for_status($node, 'Complete', "url ~ '$host:'");
	my ($end) = sort { $b <=> $a } map { $_->[1] } requests(qr/^$host:/, qr/quick/);
	return $end - $start;
}

add_pages($node, map { my $h = $_; map { $served->url("/quick$_", "127.0.11.$h") } 1 .. 10 } 1, 2);
value(q{INSERT INTO pages (url) SELECT format('http://127.0.11.3:} . $served->port . q{/quick%s', n) FROM generate_series(1, 10) n});
my $alone = time_for('127.0.11.1');
value(q{INSERT INTO pages (url) SELECT format('http://127.0.10.1:} . $served->port . q{/slow%s', n) FROM generate_series(1, 10000) n});
add_pages($node, map { $served->url("/slow$_", '127.0.10.2') } 1 .. 500);
select_pages($node, "url ~ '127.0.10.'");
wait_until(sub { scalar(requests(qr/^127\.0\.10\./, qr/./)) > 4 }, 'the slow ones are under way');
my $took = time_for('127.0.11.2');
# a busy machine is slower at everything
cmp_ok($took, "<", 2 * $alone + 1,
	sprintf('ten pages of a host: %.2f s alone, %.2f s beside 10,500 queued of slow ones', $alone, $took));
$took = time_for('127.0.11.3');
cmp_ok($took, '<', $alone + 5, sprintf('ten among 10,000 others without a domain: %.2f s', $took));
cmp_ok(most_at_once(requests(qr/^127\.0\.10\./, qr/./)), '<=', 2, 'the slow ones within their limit, too');

# ---- what nobody need know any more goes with the sweep

value(q{UPDATE wf_robots SET valid_until = now() - interval '1 min' WHERE origin ~ '127.0.3.1:'});
value(q{INSERT INTO wf_host VALUES (1, 'old.invalid', now() - interval '2 days', 0, 0, 1, 0, now() - interval '2 days')});
value('SELECT wf_heal()');
is(value(q{SELECT (SELECT count(*) FROM wf_robots WHERE origin ~ '127.0.3.1:') + (SELECT count(*) FROM wf_host WHERE key = 1)}),
	'0', 'old rows of sites are pruned');

$node->stop;
done_testing();
