# test/perl/WfTest.pm

=pod

=head1 NAME

WfTest - helpers for wf_curation's TAP tests, on PostgreSQL 15 to 18

=head1 SYNOPSIS

  use strict;
  use warnings;
  use FindBin;
  use lib "$FindBin::RealBin/../perl";
  use WfTest;
  use Test::More;

  my $web = start_nginx(pages => { '/contact.html' => '<p>info@company.com</p>' });
  my $node = new_node();    # preloaded, one standing worker, extension created

  my ($id) = add_pages($node, $web->url('/contact.html'));
  select_pages($node);      # a plain UPDATE
  wait_for_status($node, 'Complete');
  is($node->safe_psql('postgres', 'SELECT email FROM contacts'), 'info@company.com');
  is($web->count_requests('/contact.html'), 1);

  done_testing();

All that was started ends with the test.  Web servers are on loopback, which
new_node() allows to be fetched from; every address 127.x.y.z is a host of its
own, so C<< $web->url('/a', '127.0.0.7') >> and C<'127.0.0.8'> are two sites.

=head1 FUNCTIONS

=over

=item new_node(name => 'main', preload => 1, conf => {...}, workers => 1,
databases => 'postgres', extension => 1, start => 1, init => {}, install_path => DIR)

A PostgreSQL::Test::Cluster node.  preload: 0, 1, or the whole value of
shared_preload_libraries.  conf: further settings, a hash or lines of text.
extension => 0 leaves CREATE EXTENSION to the test.  init: what init() gets.
install_path: where another server is installed, with the extension.

=item start_nginx(pages => {PATH => BODY}, root => DIR, server => 'directives',
http => 'directives', tls => 1, port => N)

nginx on all loopback addresses.  Methods: url(PATH, HOST), port, root,
requests, count_requests(PATH or qr//), add_page(PATH, BODY), stop, start.

=item start_hanging_server(robots => 'none', drips => 0)

Accepts connections, reads requests, never answers, except that there is no
robots.txt (robots => 'hang': does not answer that either).  drips => 1: its answers
never end, so that no fetch is given up because nothing comes.  Methods: url(PATH,
HOST), port, connections (ever accepted), open_connections, count_requests,
stop.

=item start_server(HANDLER)

A server whose answers are made by HANDLER->(PATH, \%headers, SOCKET), which
returns (STATUS, \%headers, BODY), or writes to SOCKET itself and returns
nothing.  Each connection has a process of its own and one request.  Methods as
above.

=item start_rationed_server(BODY)

Answers with BODY, but only as often as was allowed by its method allow(N), which adds N;
requests beyond hang until there is more, or until whoever asks is gone.

=item start_pgbouncer(NODE, pool_mode => 'transaction', conf => {...})

Methods: connstr(DATABASE), port, stop.

=item add_pages(NODE, URL...), add_pages(NODE, {status => 'Selected',
processing => undef, database => 'postgres'}, URL...)

Inserts the pages, and a domain for each host; returns the pages' ids.

=item select_pages(NODE, WHERE), statuses(NODE, WHERE)

UPDATE to Selected; a text such as "Complete=3 Error=1" (NULL is shown as -).

=item wait_for_status(NODE, STATUS, WHERE), wait_until_done(NODE, WHERE)

Wait until all pages (of the condition) have the status; until none is Queued or
Processing.  A test that fails by time-out shows the statuses and reasons.

=item wait_until(CODE, WHAT, SECONDS), recovers(WHAT, CODE)

Polls CODE ten times a second; passes, or fails after SECONDS (recovers: a minute).  No SQL inside?
Then prefer this to poll_query_until.

=item enter_namespaces(ADDRESS, NAME, NAME, ADDRESS, ...)

Starts the test again in a user, mount and network namespace of its own, in which
/etc/hosts has nothing but these names (each behind its address) and localhost,
loopback is the only network, and any port may be used.  True there; false where the
system gives no such namespaces.  To be called before anything is started.

=item enter_small_disk('32m')

Starts the test again in a user and mount namespace of its own, and returns a directory
in which a file system of that size is mounted; undefined where the system gives none.
To be called before anything is started.

=item search_sitemaps(NODE, WHERE), count_workers(NODE, DATABASE)

=item server_log(NODE), worker_pids(NODE), crawler_pids(NODE), is_alive(PID)

The log's text; the processes of the extension below NODE's postmaster.

=back

=cut

package WfTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  new_node start_nginx start_hanging_server start_server start_rationed_server start_pgbouncer
  add_pages select_pages statuses search_sitemaps
  wait_for_status wait_until_done wait_until recovers
  enter_namespaces enter_small_disk server_log worker_pids count_workers crawler_pids is_alive
);

my $patience = $PostgreSQL::Test::Utils::timeout_default || 180;
my @started;    # objects with a stop method
my $main_pid = $$;

END
{
	# Test::More's exit code, which stop() must not change
	my $status = $?;
	if ($$ == $main_pid)
	{
		$_->stop foreach @started;
	}
	$? = $status;
}

# ---------------------------------------------------------------- cluster

sub new_node
{
	my %o = (
		name => 'main',
		preload => 1,
		workers => 1,
		databases => 'postgres',
		extension => 1,
		start => 1,
		conf => {},
		@_);
	my @path = $o{install_path} ? (install_path => $o{install_path}) : ();
	my $node = PostgreSQL::Test::Cluster->new($o{name}, @path);
	my $preload = $o{preload} eq '1' ? 'wf_curation' : $o{preload};

	$node->init(%{ $o{init} || {} });
	$node->append_conf('postgresql.conf', "max_worker_processes = 32");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'")
	  if $preload;
	_append_settings(
		$node,
		{
			'wf_curation.databases' => $o{databases},
			'wf_curation.workers' => $o{workers},
			'wf_curation.allowed_networks' => '127.0.0.0/8',
			'wf_curation.retry_delay' => '200ms',
			# no request but those that a test counts
			'wf_curation.respect_robots' => 'off',
		});
	_append_settings($node, $o{conf});
	return $node unless $o{start};
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION wf_curation')
	  if $o{extension};
	return $node;
}

sub _append_settings
{
	my ($node, $conf) = @_;

	if (ref $conf)
	{
		$conf = join "\n",
		  map { (my $v = $conf->{$_}) =~ s/'/''/g; "$_ = '$v'" } sort keys %$conf;
	}
	$node->append_conf('postgresql.conf', $conf) if length $conf;
	return;
}

# ------------------------------------------------------------- namespaces

# Inside: a file of names takes the place of /etc/hosts.
my $setup = <<'SH';
mount --bind "$0" /etc/hosts && ip link set lo up &&
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && exec "$@"
SH

# Start the test again by a command of unshare, after a shell has run $setup, whose $0 is
# $argument.  False where that cannot be.
sub _start_again
{
	my ($setup, $argument, @unshare) = @_;

	return 0 if system(@unshare, 'sh', '-c', "{ $setup} 2>/dev/null", $argument, 'true') != 0;
	$ENV{WF_IN_NAMESPACES} = 1;
	# PostgreSQL::Test::Utils has put its log in the place of these
	my $builder = Test::More->builder;
	foreach my $pair ([ \*STDOUT, $builder->output ], [ \*STDERR, $builder->failure_output ])
	{
		my $tee = tied *{ $pair->[1] } or next;
		open $pair->[0], '>&', $tee->[0] or die "could not reopen: $!";
	}
	exec @unshare, 'sh', '-c', $setup, $argument, $^X, $0 or die "could not exec: $!";
}

sub enter_namespaces
{
	my ($hosts, $entry) = ("127.0.0.1 localhost\n", '');

	return 1 if $ENV{WF_IN_NAMESPACES};
	foreach my $word (@_)
	{
		$entry = $word and next if $word =~ /^[0-9.]+$/;
		$hosts .= "$entry $word\n";
	}
	# not a directory of this process, which ends here
	my $file = PostgreSQL::Test::Utils::tempdir_short() . '.hosts';
	PostgreSQL::Test::Utils::append_to_file($file, $hosts);
	return _start_again($setup, $file, qw(unshare --user --map-current-user --mount --net --keep-caps));
}

sub enter_small_disk
{
	my ($size) = @_;
	my $dir = "$PostgreSQL::Test::Utils::tmp_check/wf_small_disk";

	return $dir if $ENV{WF_IN_NAMESPACES};
	make_path($dir);
	_start_again(qq{mount -t tmpfs -o size=$size none "\$0" && exec "\$@"\n}, $dir,
		qw(unshare --user --map-current-user --mount --keep-caps));
	return;
}

# Cluster.pm of 15 has no log_content().
sub server_log
{
	my ($node) = @_;

	return slurp_file($node->logfile);
}

# pid => [parent, name] of every process.
sub _processes
{
	my %processes;

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open(my $fh, '<', $file) or next;
		my $line = <$fh>;
		close $fh;
		next unless defined $line && $line =~ /^(\d+) \((.*)\) (\S) (\d+)/s;
		$processes{$1} = [ $4, $2 ] unless $3 eq 'Z';
	}
	return \%processes;
}

sub _postmaster_pid
{
	my ($node) = @_;
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	return $pid;
}

# The crawler is the worker's child, the worker the postmaster's.
sub crawler_pids
{
	my ($node) = @_;
	my $all = _processes();
	my $postmaster = _postmaster_pid($node);

	return sort { $a <=> $b } grep {
		my $parent = $all->{$_}[0];
		$all->{$_}[1] =~ /^wf_crawler/
		  && ($parent == $postmaster
			|| ($all->{$parent} && $all->{$parent}[0] == $postmaster))
	} keys %$all;
}

# Standing and on-demand workers, not the launcher.
sub worker_pids
{
	my ($node) = @_;

	return split /\n/, $node->safe_psql(
		'postgres', q{
		SELECT pid FROM pg_stat_activity
		WHERE backend_type ~ '^wf_curation' AND backend_type !~ 'launcher' ORDER BY pid});
}

# Standing workers of a database.
sub count_workers
{
	my ($node, $database) = @_;

	return $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND datname = '$database'");
}

sub is_alive
{
	my ($pid) = @_;

	return exists _processes()->{$pid};
}

# ------------------------------------------------------------------ pages

sub add_pages
{
	my ($node, @urls) = @_;
	my %o = (status => 'New', database => 'postgres');
	%o = (%o, %{ shift @urls }) if ref $urls[0];
	my $processing = defined $o{processing} ? "'$o{processing}'" : 'NULL';
	my @rows;

	foreach my $i (0 .. $#urls)
	{
		(my $url = $urls[$i]) =~ s/'/''/g;
		my ($host) = $url =~ m{^\w+://([^/:?#]+)};
		$host = 'no-host.invalid' unless defined $host;
		push @rows, "($i, '$host', '$url')";
	}
	my $values = join ', ', @rows;
	# domain_id is not unique to a host on purpose: two calls share the domain
	return split /\n/, $node->safe_psql(
		$o{database}, qq{
		CREATE TEMP TABLE wf_new (n int, host text, url text);
		INSERT INTO wf_new VALUES $values;
		INSERT INTO domains (domain) SELECT DISTINCT host FROM wf_new
			ON CONFLICT DO NOTHING;
		WITH new AS (
			INSERT INTO pages (domain_id, url, page_curation_status, page_processing_status)
			SELECT d.id, n.url, '$o{status}', $processing
			FROM wf_new n JOIN domains d ON d.domain = n.host ORDER BY n.n
			RETURNING id, url, domain_id)
		SELECT new.id FROM new JOIN domains d ON d.id = new.domain_id
			JOIN wf_new n ON n.url = new.url AND n.host = d.domain ORDER BY n.n});
}

sub select_pages
{
	my ($node, $where, $database) = @_;

	$where = 'true' unless defined $where;
	$node->safe_psql($database || 'postgres',
		"UPDATE pages SET page_curation_status = 'Selected' WHERE $where");
	return;
}

sub statuses
{
	my ($node, $where, $database) = @_;

	$where = 'true' unless defined $where;
	return $node->safe_psql(
		$database || 'postgres', qq{
		SELECT coalesce(string_agg(s || '=' || n, ' ' ORDER BY s), '') FROM (
			SELECT coalesce(page_processing_status::text, '-') AS s, count(*) AS n
			FROM pages WHERE $where GROUP BY 1) AS x});
}

sub _wait_for_pages
{
	my ($node, $pending, $where, $what, $database) = @_;
	$where = 'true' unless defined $where;
	$database ||= 'postgres';
	my $done = wait_until(
		sub {
			$node->safe_psql($database,
				"SELECT count(*) FROM pages WHERE ($where) AND ($pending)") eq '0';
		},
		$what);

	diag("pages: " . statuses($node, $where, $database) . "\n"
		  . $node->safe_psql($database, qq{
		SELECT url, page_curation_status, page_processing_status, page_processing_error
		FROM pages WHERE ($where) AND ($pending) LIMIT 20}))
	  unless $done;
	return $done;
}

sub wait_for_status
{
	my ($node, $status, $where, $database) = @_;

	return _wait_for_pages($node, "page_processing_status::text IS DISTINCT FROM '$status'",
		$where, "pages become $status", $database);
}

sub wait_until_done
{
	my ($node, $where, $database) = @_;

	return _wait_for_pages($node, "page_processing_status::text IN ('Queued', 'Processing')",
		$where, "no page is left Queued or Processing", $database);
}

sub wait_until
{
	my ($code, $what, $seconds) = @_;
	my $deadline = time + ($seconds || $patience);
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	until ($code->())
	{
		return ok(0, "$what (in time)") if time >= $deadline;
		sleep 0.1;
	}
	return ok(1, $what);
}

# The same within the minute that is promised for recovery; notes how long it took.
sub recovers
{
	my ($what, $code) = @_;
	my $started = time;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $ok = wait_until($code, $what, 60);
	note(sprintf '%s: %.1f s', $what, time - $started);
	return $ok;
}

# Have the sitemaps of a domain searched for; how that ended.
sub search_sitemaps
{
	my ($node, $where) = @_;

	$node->safe_psql('postgres', "UPDATE domains SET sitemap_curation_status = 'Selected',"
		  . " sitemap_analysis_status = 'queued' WHERE $where");
	$node->poll_query_until('postgres', "SELECT sitemap_analysis_status IN ('submitted', 'failed')"
		  . " FROM domains WHERE $where") or die 'search did not end';
	return $node->safe_psql('postgres',
		"SELECT concat_ws(': ', sitemap_analysis_status, sitemap_analysis_error) FROM domains WHERE $where");
}

# ---------------------------------------------------------------- servers

sub _work_dir
{
	my ($name) = @_;

	return PostgreSQL::Test::Utils::tempdir("wf_$name");
}

sub start_nginx
{
	my $self = WfTest::Nginx->new(@_);
	push @started, $self;
	$self->start;
	return $self;
}

sub start_pgbouncer
{
	my $self = WfTest::PgBouncer->new(@_);
	push @started, $self;
	$self->start;
	return $self;
}

sub start_hanging_server
{
	my $self = WfTest::Server->new();
	%$self = (%$self, robots => 'none', drips => 0, @_);
	push @started, $self;
	$self->run_child(sub { $self->hang_loop });
	return $self;
}

sub start_server
{
	my ($handler) = @_;
	my $self = WfTest::Server->new();
	push @started, $self;
	$self->run_child(sub { $self->answer_loop($handler) });
	return $self;
}

sub start_rationed_server
{
	my ($body) = @_;
	my $tokens = _work_dir('tokens');
	my $self = start_server(sub {
		my (undef, undef, $socket) = @_;
		my $gone = IO::Select->new($socket);

		for (;;)
		{
			return if $gone->can_read(0.02) && !sysread($socket, my $data, 1);
			my ($token) = glob "$tokens/*";
			return (200, {}, $body) if defined $token && unlink $token;
		}
	});
	$self->{tokens} = $tokens;
	return $self;
}

# ==========================================================================
# What the helper processes have in common.

package WfTest::Process;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

sub port { return $_[0]{port}; }

sub url
{
	my ($self, $path, $host) = @_;

	$path = '/' unless defined $path;
	$host = '127.0.0.1' unless defined $host;
	return ($self->{scheme} || 'http') . "://$host:$self->{port}$path";
}

# Start a program in the foreground of its own process; it ends when we do.
sub spawn
{
	my ($self, @command) = @_;
	my $pid = fork;

	die "could not fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{dir}/output";
		open STDERR, '>&', \*STDOUT;
		exec 'setpriv', '--pdeathsig', 'TERM', @command
		  or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	return;
}

sub wait_for_port
{
	my ($self) = @_;
	my $deadline = time + 20;

	until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}))
	{
		die ref($self) . " did not start: " . PostgreSQL::Test::Utils::slurp_file("$self->{dir}/output")
		  if time >= $deadline || waitpid($self->{pid}, POSIX::WNOHANG()) > 0;
		sleep 0.05;
	}
	return;
}

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;
	my $deadline = time + 10;

	kill 'TERM', $pid;
	while (waitpid($pid, POSIX::WNOHANG()) == 0)
	{
		kill 'KILL', $pid if time >= $deadline;
		sleep 0.02;
	}
	return;
}

# Lines of the request log, each "TIME HOST METHOD PATH STATUS".
sub requests
{
	my ($self) = @_;

	open(my $fh, '<', "$self->{dir}/requests") or return ();
	chomp(my @lines = <$fh>);
	return grep { /^\S+ \S+ [A-Z]+ / } @lines;
}

# Requests of a path, given as text or qr//; without one: of all paths but
# robots.txt.
sub count_requests
{
	my ($self, $path) = @_;

	return scalar grep {
		my $requested = (split / /)[3];
		!defined $path ? $requested !~ m{^/robots\.txt}
		  : ref $path ? $requested =~ $path
		  : $requested eq $path
	} $self->requests;
}

# ==========================================================================

package WfTest::Nginx;

use strict;
use warnings;

our @ISA = ('WfTest::Process');

sub new
{
	my ($class, %o) = @_;
	my $dir = WfTest::_work_dir('nginx');
	my $self = bless {
		dir => $dir,
		port => $o{port} || PostgreSQL::Test::Cluster::get_free_port(),
		root => $o{root} || "$dir/root",
		scheme => $o{tls} ? 'https' : 'http',
	}, $class;

	File::Path::make_path("$dir/root");
	$self->add_page($_, $o{pages}{$_}) foreach sort keys %{ $o{pages} || {} };
	$self->_make_certificate if $o{tls};
	PostgreSQL::Test::Utils::append_to_file("$dir/conf", $self->_configuration(%o));
	return $self;
}

sub root { return $_[0]{root}; }

sub add_page
{
	my ($self, $path, $body) = @_;
	my $file = $self->{root} . $path;

	File::Path::make_path(File::Basename::dirname($file));
	open(my $fh, '>:raw', "$file.new") or die "could not write $file: $!";
	print $fh $body;
	close $fh;
	rename "$file.new", $file or die "could not rename $file: $!";
	return;
}

sub _make_certificate
{
	my ($self) = @_;

	PostgreSQL::Test::Utils::system_or_bail(
		qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost),
		'-addext' => 'subjectAltName=DNS:localhost,IP:127.0.0.1',
		'-keyout' => "$self->{dir}/key.pem",
		'-out' => "$self->{dir}/cert.pem");
	return;
}

# All of 127.0.0.0/8 reaches a socket bound to the wildcard address; nobody else
# may.
sub _configuration
{
	my ($self, %o) = @_;
	my $dir = $self->{dir};
	my $temp = join '',
	  map { "\t${_}_temp_path $dir/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
	my $tls = $o{tls}
	  ? "ssl_certificate $dir/cert.pem;\n\t\tssl_certificate_key $dir/key.pem;"
	  : '';
	my $ssl = $o{tls} ? ' ssl' : '';
	my $http = $o{http} || '';
	my $server = $o{server} || '';

	return <<"CONF";
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error.log;
events { worker_connections 4096; }
http {
$temp
	types { text/html html htm; text/plain txt; application/xml xml; application/pdf pdf; }
	default_type text/html;
	keepalive_requests 1000000;
	log_format wf '\$msec \$server_addr \$request_method \$request_uri \$status';
	access_log $dir/requests wf;
	$http
	server {
		listen $self->{port}$ssl backlog=4096;
		allow 127.0.0.0/8;
		deny all;
		root $self->{root};
		$tls
		$server
	}
}
CONF
}

sub start
{
	my ($self) = @_;

	$self->spawn('nginx', '-e', "$self->{dir}/error.log", '-c', "$self->{dir}/conf");
	$self->wait_for_port;
	return;
}

# ==========================================================================
# Servers written here: a listening socket in a child of ours.

package WfTest::Server;

use strict;
use warnings;

use Time::HiRes qw(time);

our @ISA = ('WfTest::Process');

sub new
{
	my ($class) = @_;
	# every loopback address is bound with the wildcard; connections from
	# elsewhere are dropped in accept_one
	my $socket = IO::Socket::INET->new(
		LocalAddr => '0.0.0.0',
		Listen => 4096,
		ReuseAddr => 1) or die "could not listen: $!";

	return bless {
		dir => WfTest::_work_dir('server'),
		socket => $socket,
		port => $socket->sockport,
	}, $class;
}

sub run_child
{
	my ($self, $loop) = @_;
	my $pid = fork;

	die "could not fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		# _exit: the END blocks of the test belong to the parent
		local $SIG{TERM} = sub { POSIX::_exit(0) };
		$SIG{PIPE} = 'IGNORE';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{dir}/output";
		open STDERR, '>&', \*STDOUT;
		eval { $loop->(); 1 } or warn $@;
		POSIX::_exit(0);
	}
	close $self->{socket};
	$self->{pid} = $pid;
	return;
}

sub note
{
	my ($self, $line) = @_;

	open(my $fh, '>>', "$self->{dir}/requests") or return;
	syswrite $fh, "$line\n";
	close $fh;
	return;
}

sub note_request
{
	my ($self, $socket, $head, $status) = @_;
	my ($method, $path) = $head =~ /^([A-Z]+) (\S+)/ or return;

	$self->note(sprintf '%.3f %s %s %s %s', time, $socket->sockhost, $method, $path, $status);
	return;
}

sub accept_one
{
	my ($self) = @_;
	my $connection = $self->{socket}->accept or return;

	return $connection if $connection->peerhost =~ /^127\./;
	close $connection;
	return;
}

sub hang_loop
{
	my ($self) = @_;
	my $select = IO::Select->new($self->{socket});
	my $parent = getppid;
	my %dripping;
	my $next_drop = 0;

	while (getppid == $parent)
	{
		foreach my $ready ($select->can_read(0.5))
		{
			if ($ready == $self->{socket})
			{
				my $connection = $self->accept_one or next;
				$select->add($connection);
				$self->note('open');
			}
			elsif (sysread $ready, my $data, 65536)
			{
				my $answered = $data =~ m{^GET /robots\.txt } && $self->{robots} ne 'hang';
				$self->note_request($ready, $data, $answered ? 404 : '-');
				syswrite $ready, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
				  if $answered;
				next if $answered || !$self->{drips};
				syswrite $ready, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
				$dripping{$ready} = $ready;
			}
			else
			{
				$select->remove($ready);
				delete $dripping{$ready};
				close $ready;
				$self->note('close');
			}
		}
		next if time < $next_drop;
		$next_drop = time + 0.5;
		syswrite $_, ' ' x 100 foreach values %dripping;
	}
	return;
}

sub answer_loop
{
	my ($self, $handler) = @_;
	my $select = IO::Select->new($self->{socket});
	my $parent = getppid;

	$SIG{CHLD} = 'IGNORE';
	while (getppid == $parent)
	{
		next unless $select->can_read(0.5);
		my $connection = $self->accept_one or next;
		if (fork == 0)
		{
			eval { $self->answer($connection, $handler); 1 } or warn $@;
			POSIX::_exit(0);
		}
		close $connection;
	}
	return;
}

sub answer
{
	my ($self, $connection, $handler) = @_;
	my $head = '';

	while ($head !~ /\r\n\r\n/ && length $head < 65536)
	{
		sysread($connection, $head, 65536, length $head) or return;
	}
	my ($path) = $head =~ /^\S+ (\S+)/ or return;
	my %headers = map { lc($_->[0]) => $_->[1] }
	  map { [ split /:\s*/, $_, 2 ] } grep { /:/ } split /\r\n/, $head;
	my ($status, $fields, $body) = $handler->($path, \%headers, $connection);

	$self->note_request($connection, $head, defined $status ? $status : '-');
	return unless defined $status;
	$body = '' unless defined $body;
	my %fields = (
		'Content-Type' => 'text/html',
		'Content-Length' => length $body,
		'Connection' => 'close',
		%{ $fields || {} });
	print $connection "HTTP/1.1 $status X\r\n",
	  (map { defined $fields{$_} ? "$_: $fields{$_}\r\n" : () } sort keys %fields),
	  "\r\n", $body;
	return;
}

sub _count
{
	my ($self, $word) = @_;

	open(my $fh, '<', "$self->{dir}/requests") or return 0;
	return scalar grep { $_ eq "$word\n" } <$fh>;
}

sub allow
{
	my ($self, $n) = @_;

	PostgreSQL::Test::Utils::append_to_file("$self->{tokens}/" . ++$self->{allowed}, '') for 1 .. $n;
	return;
}

sub connections { return $_[0]->_count('open'); }

sub open_connections
{
	my ($self) = @_;

	return $self->_count('open') - $self->_count('close');
}

# ==========================================================================

package WfTest::PgBouncer;

use strict;
use warnings;

our @ISA = ('WfTest::Process');

sub new
{
	my ($class, $node, %o) = @_;
	my $self = bless {
		dir => WfTest::_work_dir('pgbouncer'),
		port => PostgreSQL::Test::Cluster::get_free_port(),
	}, $class;
	my %settings = (
		listen_addr => '127.0.0.1',
		listen_port => $self->{port},
		unix_socket_dir => '',
		auth_type => 'any',
		pool_mode => $o{pool_mode} || 'transaction',
		max_client_conn => 200,
		default_pool_size => 4,
		ignore_startup_parameters => 'extra_float_digits,options',
		%{ $o{conf} || {} });
	my $user = getpwuid $<;

	PostgreSQL::Test::Utils::append_to_file("$self->{dir}/conf", join "\n",
		'[databases]',
		sprintf('* = host=%s port=%d user=%s', $node->host, $node->port, $user),
		'[pgbouncer]',
		(map { "$_ = $settings{$_}" } sort keys %settings), '');
	return $self;
}

sub connstr
{
	my ($self, $database) = @_;

	return sprintf 'host=127.0.0.1 port=%d dbname=%s', $self->{port}, $database || 'postgres';
}

sub start
{
	my ($self) = @_;

	$self->spawn('pgbouncer', "$self->{dir}/conf");
	$self->wait_for_port;
	return;
}

1;
