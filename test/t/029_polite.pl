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

# A page that does not end, though something comes all the time.
sub hang
{
	my ($connection) = @_;
	print $connection "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
	$connection->flush;
	select(undef, undef, undef, 0.2) while syswrite $connection, ' ' x 500;
	return;
}

my $served = start_server(
	sub {
		my ($path, $headers, $connection) = @_;
		my $host = $headers->{host};
		my $began = time();
		note_request($began, $began, $host, $path), return hang($connection) if $path eq '/hang';
		my @answer = (200, { 'Content-Type' => 'text/html' }, '<p>info@acme-widgets.com</p>');

		@answer = (404, {}, 'none') if $path eq '/robots.txt' && $host !~ /^127\.0\.(?:4|5)\./;
		@answer = (200, { 'Content-Type' => 'text/plain' }, "User-agent: *\nDisallow: /private\n")
		  if $path eq '/robots.txt' && $host =~ /^127\.0\.4\./;
		@answer = (200, { 'Content-Type' => 'text/plain' }, "User-agent: *\nCrawl-delay: 2\n")
		  if $path eq '/robots.txt' && $host =~ /^127\.0\.5\./;
		@answer = (429, { 'Retry-After' => $1 }, 'slow down') if $path =~ m{^/wait/(\d+)$};
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

# What the server saw of hosts, checked and told.
sub check_politeness
{
	my ($what, $hosts, $least_gap) = @_;
	my @all = requests($hosts, qr/./);
	my $most = most_at_once(@all);
	my $gap = smallest_gap(@all);
	my %robots;
	$robots{ $_->[2] }++ foreach grep { $_->[3] eq '/robots.txt' } @all;
	my %hosts = map { $_->[2] => 1 } @all;
	my @counts = sort { $a <=> $b } map { $robots{$_} || 0 } keys %hosts;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	note(sprintf '%s: %d requests to %d hosts; at most %d at once at one host, smallest gap %.3f s, '
		  . '%d to %d requests of robots.txt', $what, scalar(@all), scalar(keys %hosts), $most, $gap, @counts[ 0, -1 ]);
	cmp_ok($most, '<=', 2, "$what: at most max_concurrency_per_host at once, whoever fetches");
	# the server begins with a request some time after it came
	cmp_ok($gap, '>=', $least_gap, "$what: the smallest gap") if $least_gap;
	is(join(' ', @counts[ 0, -1 ]), '1 1', "$what: robots.txt once for each authority");
	return;
}

# few slots each, so that no worker can take it all
my $node = new_node(workers => 3,
	conf => { 'wf_curation.respect_robots' => 'on', 'wf_curation.max_concurrency' => 16,
		# nothing is found by chance
		'wf_curation.poll_interval' => '10min' });
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
check_politeness('three workers and two batches', qr/^127\.0\.3\./);
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

# ---- host_delay, over all workers: more hosts than the standing ones have slots for

value("ALTER SYSTEM SET wf_curation.host_delay = '700ms'");
value('SELECT pg_reload_conf()');
add_pages($node, map { my $h = $_; map { $served->url("/d$_", "127.0.6.$h") } 1 .. 3 } 1 .. 60);
select_pages($node, "url ~ '127.0.6.'");
my $claimed = value('SELECT claimed FROM wf_process_batch(30)');
cmp_ok($claimed, '>', 0, "a batch has its share: $claimed pages");
wait_until_done($node);
is(statuses($node, "url ~ '127.0.6.'"), 'Complete=180', 'with a delay, too');
check_politeness('host_delay of 700 ms, three workers and a batch', qr/^127\.0\.6\./, 0.35);
value('ALTER SYSTEM RESET wf_curation.host_delay');
value('SELECT pg_reload_conf()');

# ---- Crawl-delay is longer than anybody waits: pages come back, uncounted

add_pages($node, map { $served->url("/c$_", '127.0.5.1') } 1 .. 3);
select_pages($node, "url ~ '127.0.5.'");
wait_until_done($node);
is(statuses($node, "url ~ '127.0.5.'"), 'Complete=3', 'Crawl-delay: all are fetched in the end');
my $gap = smallest_gap(requests(qr/^127\.0\.5\./, qr/./));
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

# ---- one host that hangs, and 600 pages of others

value("ALTER SYSTEM SET wf_curation.request_timeout = '300s'");
value('SELECT pg_reload_conf()');
add_pages($node, $served->url('/hang', '127.0.12.1'));
select_pages($node, "url ~ '/hang'");
wait_until(sub { requests(qr/./, qr{^/hang}) == 1 }, 'a request is left hanging');
add_pages($node, map { my $h = $_; map { $served->url("/fast$_", "127.0.13.$h") } 1 .. 6 } 1 .. 100);
my $began = time();
select_pages($node, "url ~ '/fast'");
wait_for_status($node, 'Complete', "url ~ '/fast'");
note(sprintf '600 fast pages beside a host that hangs: %.2f s', time() - $began);
is(statuses($node, "url ~ '/fast'"), 'Complete=600', 'all others are done');
is(statuses($node, "url ~ '/hang'"), 'Processing=1', 'while it still hangs');

# ---- wf_fetch() goes through the gate like any worker

sub fetch { return value("SELECT outcome, error FROM wf_fetch('$_[0]')") }

is(fetch($served->url('/f1', '127.0.14.1')), 'ok|', 'wf_fetch()');
is(fetch($served->url('/f2', '127.0.14.1')), 'ok|', 'and once more');
is(scalar(requests(qr/^127\.0\.14\.1/, qr{robots})), 1, 'with one robots.txt, which it leaves to others');
is(fetch($served->url('/private', '127.0.4.1')), 'robots|disallowed by robots.txt', 'what a worker has read holds for it');
is(scalar(requests(qr/./, qr{^/private})), 0, 'without a request');
like(fetch($served->url('/wait/60', '127.0.14.2')), qr/^http_throttled\|HTTP status 429/, 'a site that asks for a pause');
is(value("SELECT count(*) FROM wf_host WHERE site ~ '^127.0.14.2:' AND not_before > now() + interval '50 s'"), 1,
	'gets it, from everybody');
like(fetch($served->url('/f3', '127.0.14.2')), qr/^deferred\|its host must be left alone \(for \d\d s\)$/,
	'wf_fetch() says that it must be left alone');
is(scalar(requests(qr/^127\.0\.14\.2/, qr{^/f3})), 0, 'and sends nothing');
like(fetch($served->url('/wait/2', '127.0.14.3')), qr/^http_throttled/, 'one that asks for a short pause');
is(fetch($served->url('/f4', '127.0.14.3')), 'ok|', 'is waited for');
my ($asked) = requests(qr/^127\.0\.14\.3/, qr{^/wait});
my ($then) = requests(qr/^127\.0\.14\.3/, qr{^/f4});
cmp_ok($then->[0] - $asked->[1], '>=', 1.9, 'for that long');
like(fetch($served->url('/wait/3', '127.0.14.5')), qr/^http_throttled/, 'what it learns of a site');
add_pages($node, { status => 'Selected' }, $served->url('/after', '127.0.14.5'));
wait_for_status($node, 'Complete', "url ~ '127.0.14.5'");
($asked) = requests(qr/^127\.0\.14\.5/, qr{^/wait});
($then) = requests(qr/^127\.0\.14\.5/, qr{^/after});
cmp_ok($then->[0] - $asked->[1], '>=', 2.9, 'holds for workers, who come back to it');
is(fetch($served->url('/f5', '127.0.5.1')), 'ok|', 'so is a Crawl-delay');
is(fetch($served->url('/f6', '127.0.5.1')), 'ok|', 'each time');
cmp_ok(smallest_gap(requests(qr/^127\.0\.5\./, qr/./)), '>=', 1.95, 'which holds');
is(fetch($served->url('/f7', '127.0.12.1')), 'deferred|its host is being fetched from by another worker',
	'a site that another worker has');
is(scalar(requests(qr/./, qr{^/f7})), 0, 'gets no request');
is(fetch($served->url('/to/127.0.14.1', '127.0.14.4')), 'ok|', 'a redirect to a site that is free');
value("UPDATE pages SET page_curation_status = 'New', page_processing_status = NULL WHERE url ~ '/hang'");
value('ALTER SYSTEM RESET wf_curation.request_timeout');
value('SELECT pg_reload_conf()');

# ---- what nobody need know any more goes with the sweep

value(q{UPDATE wf_robots SET valid_until = now() - interval '1 min' WHERE origin ~ '127.0.3.1:'});
value(q{INSERT INTO wf_host VALUES (1, 'old.invalid', now() - interval '2 days', 0, 0, 1, 0, now() - interval '2 days')});
value('SELECT wf_heal()');
is(value(q{SELECT (SELECT count(*) FROM wf_robots WHERE origin ~ '127.0.3.1:') + (SELECT count(*) FROM wf_host WHERE key = 1)}),
	'0', 'old rows of sites are pruned');

$node->stop;
done_testing();
