# The helpers of test/perl/WfTest.pm do what tests rely on.  Nothing here needs
# the extension.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

use HTTP::Tiny;
use IO::Socket::INET;

my $http = HTTP::Tiny->new(timeout => 5, verify_SSL => 0);

# nginx, several hosts
my $web = start_nginx(
	pages => { '/a.html' => 'first', '/sub/b.html' => 'second' },
	server => 'location /gone { return 410; }');
is($http->get($web->url('/a.html'))->{content}, 'first', 'nginx serves a page');
is($http->get($web->url('/sub/b.html', '127.0.3.4'))->{content},
	'second', 'nginx serves on other loopback addresses');
is($http->get($web->url('/gone'))->{status}, 410, 'nginx obeys further directives');
$web->add_page('/c.html', 'third');
is($http->get($web->url('/c.html'))->{content}, 'third', 'a page can be added');
wait_until(sub { $web->count_requests == 4 }, 'requests are counted');
is($web->count_requests('/a.html'), 1, 'by path');
is($web->count_requests(qr{\.html$}), 3, 'by pattern');
like(join("\n", $web->requests), qr{127\.0\.3\.4 GET /sub/b\.html 200}, 'with their host');
$web->stop;
is($http->get($web->url('/a.html'))->{status}, 599, 'nginx stops');
$web->start;
is($http->get($web->url('/a.html'))->{content}, 'first', 'and starts again');

# nginx with TLS
my $tls = start_nginx(tls => 1, pages => { '/a.html' => 'private' });
like(
	(run_command([ 'openssl', 's_client', '-connect', '127.0.0.1:' . $tls->port ]))[0],
	qr/BEGIN CERTIFICATE/, 'nginx speaks TLS');

# a server that never answers
my $hanging = start_hanging_server();
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $hanging->port);
print $socket "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
wait_until(sub { $hanging->count_requests('/slow') == 1 }, 'hanging server reads the request');
is($hanging->connections, 1, 'connections are counted');
is($hanging->open_connections, 1, 'and those still open');
close $socket;
wait_until(sub { $hanging->open_connections == 0 }, 'closing is noticed');

# a server with a handler
my $server = start_server(
	sub {
		my ($path, $headers) = @_;
		return (503, { 'Retry-After' => 7 }, 'later') if $path eq '/busy';
		return (200, {}, "agent $headers->{'user-agent'}");
	});
my $answer = $http->get($server->url('/busy'));
is("$answer->{status} $answer->{headers}{'retry-after'}", '503 7', 'handler sets status and header');
like($http->get($server->url('/'))->{content}, qr/^agent HTTP-Tiny/, 'handler sees the request');
wait_until(sub { $server->count_requests == 2 }, 'handled requests are counted');

# a cluster and PgBouncer before it
my $node = new_node(preload => 0, extension => 0);
is($node->safe_psql('postgres', 'SHOW wf_curation.allowed_networks'),
	'127.0.0.0/8', 'cluster has the settings of tests');
is(scalar(crawler_pids($node)) || 0, 0, 'no crawler runs');
is(scalar(my @workers = worker_pids($node)), 0, 'no worker runs');
my $bouncer = start_pgbouncer($node);
is($node->safe_psql('postgres', 'SELECT 7', connstr => $bouncer->connstr),
	'7', 'PgBouncer passes queries');

done_testing();
