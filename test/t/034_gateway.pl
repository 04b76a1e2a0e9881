# Pages through a gateway: a stub that behaves as ScraperAPI's documentation
# says is called, paid from a budget that holds whatever happens, and its key is
# seen by nobody.  Needs the crawler with faults, to which hosts named pPORT.…
# are on this machine.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use HTTP::Tiny;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $crawler = "$FindBin::RealBin/../../wf_crawler_faults";
-x $crawler or plan skip_all => 'wf_crawler_faults is not built (make wf_crawler_faults)';

my $key = 'CaNaRy0123456789kEy';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $key_file = "$dir/key";
my ($gateway_out, $gateway_err) = ('', '');

sub write_key
{
	my ($text, $mode) = @_;

	unlink $key_file;
	append_to_file($key_file, "$text\n");
	chmod $mode, $key_file;
	return;
}

write_key($key, 0600);
my $gateway = IPC::Run::start([ 'python3', "$FindBin::RealBin/../crawler/gateway.py", $key_file ],
	'>', \$gateway_out, '2>', \$gateway_err);
$gateway->pump until $gateway_out =~ /^(\d+)\n/ || $gateway_err;
my ($port) = $gateway_out =~ /^(\d+)\n/ or die $gateway_err;

END { local $?; $gateway->kill_kill if $gateway }

sub control { return HTTP::Tiny->new->get("http://127.0.0.1:$port/control?$_[0]")->{content} }
sub gateway_log { return decode_json(HTTP::Tiny->new->get("http://127.0.0.1:$port/log")->{content}) }

# How often it was asked for URLs with that in them.
sub calls { my ($what) = @_; return scalar grep { $_->{query}{url} =~ $what } @{ gateway_log()->{calls} } }

# Sites that answer directly: by host, so that robots.txt can differ.
my $direct = start_server(
	sub {
		my ($path, $headers) = @_;

		return (200, { 'Content-Type' => 'text/plain' }, "User-agent: *\nDisallow: /private\n")
		  if $path eq '/robots.txt';
		return (403, { 'Content-Type' => 'text/html' }, 'no robots here') if $path =~ /blocked/;
		return (404, { 'Content-Type' => 'text/html' }, 'none') if $path =~ /missing/;
		return (200, { 'Content-Type' => 'text/html' }, '<p>direct@acme-widgets.com</p>');
	});

my $node = new_node(
	workers => 3,
	conf => { 'wf_curation.gateway_url' => "http://127.0.0.1:$port/",
		'wf_curation.gateway_key_file' => $key_file,
		'wf_curation.gateway_max_concurrency' => 3,
		'wf_curation.max_attempts' => 2,
		'wf_curation.poll_interval' => '1s',
		'wf_curation.crawler_path' => $crawler,
		'restart_after_crash' => 'on',
		'log_statement' => 'all',
		'log_min_messages' => 'debug2' });

sub value { return $node->safe_psql('postgres', $_[0]) }
sub spent { return value('SELECT coalesce(sum(spent), 0) FROM wf_gateway_credits') }
sub site { return "http://p" . $direct->port . ".$_[0].example.org" }

sub set
{
	my ($name, $to) = @_;

	value("ALTER SYSTEM SET wf_curation.$name = $to");
	value('SELECT pg_reload_conf()');
	$node->poll_query_until('postgres', "SELECT current_setting('wf_curation.$name') = btrim(\$\$$to\$\$, '''')");
	return;
}

# Workers take over a setting of the database only when they start.
sub mode
{
	value("ALTER DATABASE postgres SET wf_curation.gateway_mode = $_[0]");
	value('SELECT pg_terminate_backend(pid) FROM wf_workers');
	wait_until(sub { value("SELECT count(*) FROM wf_workers WHERE kind = 'standing'") == 3 &&
		  value("SELECT count(*) FROM pg_stat_activity a JOIN wf_workers w USING (pid)
			WHERE backend_start < now() - interval '0.1 s'") == 3 }, "mode $_[0]");
	return;
}

sub finding
{
	my ($check) = @_;

	return value("SELECT status || ': ' || detail FROM wf_health() WHERE check_name = '$check'");
}

sub row { return value("SELECT page_processing_status, page_processing_error FROM pages WHERE url ~ '$_[0]'") }

is(finding('gateway'), 'ok: The gateway can be called.', 'all is well with the gateway');
is(finding('gateway_credits'), 'ok: Credits for the gateway are left.', 'and its credits');

# ---- the gateway alone

mode('gateway');
add_pages($node, { status => 'Selected' }, 'http://a.example.org/ok', 'http://b.example.org/404',
	'http://c.example.org/500', 'http://d.example.org/410', 'http://10.1.2.3/ok', 'http://127.0.0.1/ok',
	'http://metadata.google.internal/', 'http://e.example.org/cost/5');
wait_until_done($node);
is(row('a.example'), 'Complete|', 'a page is fetched by the gateway');
is(value(q{SELECT email FROM contacts}), 'info@a.example.org', 'and its contact stored');
is(row('b.example'), 'Error|HTTP status 404', 'a page that is not there');
is(row('c.example'), 'Error|the gateway could not fetch the page (HTTP status 500)', 'one that the gateway cannot fetch');
is(calls(qr/c.example/), 2, 'was tried again');
is(row('e.example'), 'Error|the page costs more credits than max_cost of wf_curation.gateway_options allows',
	'a page that costs more than one credit');
is(value(q{SELECT count(*) FROM pages WHERE page_processing_error = 'address is not allowed by policy'}), 3,
	'what must not be reached is refused');
is(calls(qr/10\.1|127\.0|google/), 0, 'and not asked for');
is(value(q{SELECT string_agg(outcome || ' ' || credits, ', ' ORDER BY url, attempt) FROM wf_attempts
	WHERE url ~ '//[a-e].example'}),
	'ok 1, http_client 1, http_server 0, http_server 0, http_client 0, http_client 0', 'what each attempt cost');
is(spent(), gateway_log()->{charged}, 'the budget says what was charged');
is(spent(), 2, 'which is 2 credits');

# ---- slots of all workers; a crash

add_pages($node, { status => 'Selected' }, map { "http://h$_.example.org/hang" } 1 .. 12);
wait_until(sub { gateway_log()->{running} == 3 }, 'as many calls as may be at once');
is(spent(), 5, 'their credits are set aside');
is(value(q{SELECT count(*) FROM pages WHERE page_processing_status = 'Processing'}), 3, 'and no page more is claimed');
my ($busy) = value('SELECT pid FROM wf_workers WHERE in_flight > 0 LIMIT 1');
my $activity = value('SELECT * FROM pg_stat_activity');
my $cmdlines = join "\n", map { slurp_file($_) } map { ("/proc/$_/cmdline", "/proc/$_/environ") }
  grep { -r "/proc/$_/environ" } crawler_pids($node), worker_pids($node);
kill 'KILL', $busy;
control('release=1');
$node->poll_query_until('postgres', 'SELECT true');
wait_until_done($node);
is(value(q{SELECT count(*) FROM pages WHERE url ~ '//h[0-9]+' AND page_processing_status = 'Complete'}), 12,
	'after a crash all are fetched');
cmp_ok(gateway_log()->{most}, '<=', 6, 'never more at once than the crashed ones and three');
cmp_ok(spent(), '>=', gateway_log()->{charged}, 'what was set aside before the crash stays spent');
cmp_ok(spent(), '<=', 17, 'and no more than that');
control('release=0');

# ---- an end of the worker that is none of the page's business

my $before = spent();
add_pages($node, { status => 'Selected' }, 'http://i.example.org/hang');
wait_until(sub { gateway_log()->{running} == 1 }, 'a call hangs');
my ($killed) = crawler_pids($node);
kill 'KILL', crawler_pids($node);
wait_until(sub { calls(qr/i.example/) == 2 }, 'a crawler that was killed: the page is asked for again');
is(spent(), $before + 2, 'which has credits of its own');
control('release=1');
wait_until_done($node);

# ---- the budget

set('gateway_credit_limit', spent() + 2);
add_pages($node, { status => 'Selected' }, map { "http://j$_.example.org/ok" } 1 .. 5);
wait_until(sub { value(q{SELECT count(*) FROM pages WHERE url ~ '//j' AND page_processing_status = 'Complete'}) == 2 &&
	  finding('gateway_credits') =~ /^fail: .* are used up this month: none is left/ }, 'the budget is used up');
is(calls(qr{//j}), 2, 'and not exceeded');
is(value(q{SELECT count(*) FROM pages WHERE url ~ '//j' AND page_processing_status = 'Queued'}), 3, 'the others wait');
like(($node->psql('postgres', 'SELECT wf_process_batch(3)'))[2], qr/credits of this month are used up/,
	'a batch says why');
my ($remedy) = value(q{SELECT remedy FROM wf_health() WHERE check_name = 'gateway_credits'});
$node->safe_psql('postgres', $_) foreach grep { /\S/ } split /(?<=;)\s*/, $remedy;
wait_until_done($node);
is(calls(qr{//j}), 5, "the remedy lets them go on: $remedy");
cmp_ok(spent(), '>=', gateway_log()->{charged}, 'spent is no less than what was charged');
set('gateway_credit_limit', int(spent() * 1.05) + 1);
wait_until(sub { finding('gateway_credits') =~ /^warn: \d+ of \d+ credits/ }, 'credits that run short are noticed');
set('gateway_credit_limit', 1000);

# ---- the key file

chmod 0644, $key_file;
add_pages($node, { status => 'Selected' }, 'http://k.example.org/ok');
wait_until(sub { finding('gateway') =~ /^fail: .*cannot be used: group or others have permissions/ },
	'a key file that others can read is noticed');
is((split /\|/, row('k.example'))[0], 'Queued', 'and not used');
unlink $key_file;
like(finding('gateway'), qr/could not be opened: No such file/, 'a missing one');
write_key($key, 0600);
wait_until_done($node);
is(row('k.example'), 'Complete|', 'a good one is taken without a restart');

# ---- which is opened once for the claims of all stages, and once by a crawler that starts

sub workers { my ($n) = @_; return wait_until(sub { count_workers($node, 'postgres') == $n }, "$n workers") }

value('SELECT wf_workers_stop()');
workers(0);
add_pages($node, { status => 'Selected' }, 'http://k2.example.org/ok');
my ($opens_in, $opens_out) = ('', '');
my $opens = IPC::Run::start([ 'python3', "$FindBin::RealBin/../crawler/opens.py", $key_file ], '<', \$opens_in, '>', \$opens_out);
$opens->pump until $opens_out =~ /ready/;
is(value('SELECT claimed, completed FROM wf_process_batch(1)'), '1|1', 'a batch of one page');
$opens->finish;
is($opens_out, "ready\n2\n", 'opens the key file twice');
$node->restart;    # the launcher's are back
workers(3);

# ---- direct first

mode('direct_first');
$before = spent();
add_pages($node, { status => 'Selected' }, site('open') . '/page', site('shut') . '/blocked',
	site('lost') . '/missing', 'http://10.1.2.3/again');
wait_until_done($node, "url ~ 'example.org|again'");
is(row('open.example'), 'Complete|', 'a page that can be had directly');
is(row('shut.example'), 'Complete|', 'one that is blocked is fetched by the gateway');
is(row('lost.example'), 'Error|HTTP status 404', 'one that is not there is not asked for again');
is(spent() - $before, 1, 'only one costs credits');
is(value(q{SELECT string_agg(outcome || ' ' || coalesce(credits::text, '-'), ', ' ORDER BY attempt) FROM wf_attempts
	WHERE url ~ 'shut'}), 'http_client -, ok 1', 'its attempts');

# ---- sitemaps

sub add_sitemap
{
	my ($url) = @_;

	value(qq{INSERT INTO domains (domain) VALUES (split_part('$url', '/', 3)) ON CONFLICT DO NOTHING});
	value(qq{INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status)
		SELECT id, '$url', 'Selected' FROM domains WHERE domain = split_part('$url', '/', 3)});
	$node->poll_query_until('postgres', "SELECT sitemap_import_status IN ('Complete', 'Error') FROM sitemap_files WHERE url = '$url'");
	return value(qq{SELECT concat_ws('|', sitemap_import_status, sitemap_import_error, url_count,
			(SELECT string_agg(outcome || ' ' || coalesce(credits::text, '-'), ', ' ORDER BY attempt)
			 FROM wf_attempt a WHERE a.item = f.id)) FROM sitemap_files f WHERE url = '$url'});
}

mode('gateway');
$before = spent();
is(add_sitemap('http://map.example.org/map.xml'), 'Complete|1|ok 1', 'a sitemap is imported through the gateway');
is(calls(qr{map.example.org/map.xml}), 1, 'by one call');
is(add_sitemap('http://map.example.org/404/map.xml'), 'Error|HTTP status 404|http_client 1', 'one that is not there');
is(spent() - $before, 2, 'and their credits are spent');
mode('direct_first');
is(add_sitemap(site('barred') . '/blocked.xml'), 'Complete|1|http_client -, ok 1', 'one that is blocked is fetched by the gateway');

# ---- searches of domains: all but robots.txt, up to eight calls

sub search
{
	my ($name) = @_;
	my $domain = 'p' . $direct->port . ".$name.example.org";

	value("INSERT INTO domains (domain) VALUES ('$domain')");
	return search_sitemaps($node, "domain = '$domain'");
}

mode('gateway');
$before = spent();
is(search('search'), 'submitted', 'a search of a domain through the gateway');
my $calls = calls(qr/\.search\.example/);
cmp_ok($calls, '>', 0, 'which was asked');
is(calls(qr/\.search\..*robots/), 0, 'for all but robots.txt');
is(spent() - $before, $calls, 'and each call was paid');
control('mode=404');
is(search('nothing'), 'failed: no sitemap found', 'a search that finds none');
is(calls(qr/\.nothing\.example/), 8, 'ends with the calls that credits were set aside for');
is(spent() - $before, $calls + 8, 'and costs them');
control('mode=');

# ---- robots.txt

set('respect_robots', 'on');
mode('gateway');
add_pages($node, { status => 'Selected' }, site('polite') . '/private', site('polite') . '/public');
wait_until_done($node);
is(row('polite.*private'), 'Error|disallowed by robots.txt', 'robots.txt holds');
is(row('polite.*public'), 'Complete|', 'and allows');
is(calls(qr/private|robots/), 0, 'without a call');
set('respect_robots', 'off');

# ---- the gateway first

mode('gateway_first');
control('mode=500');
add_pages($node, { status => 'Selected' }, site('other') . '/one');
wait_until_done($node);
is(value(q{SELECT string_agg(outcome || ' ' || coalesce(credits::text, '-'), ', ' ORDER BY attempt) FROM wf_attempts
	WHERE url ~ 'other'}), 'http_server 0, ok -', 'a page that the gateway cannot fetch is fetched directly');
set('gateway_credit_limit', 0);
add_pages($node, { status => 'Selected' }, site('poor') . '/one');
wait_until_done($node);
is(row('poor.example'), 'Complete|', 'so is one for which no credits are left');
like(finding('gateway_credits'), qr/^warn/, 'which is no more than a warning then');
set('gateway_credit_limit', 1000);

# ---- too many calls, and a key that is refused: the gateway is left alone

control('mode=429');
mode('gateway');
add_pages($node, { status => 'Selected' }, 'http://l.example.org/ok');
wait_until(sub { row('l.example') =~ /^Queued\|the gateway takes no more calls for now/ }, 'a page waits after 429');
is(value(q{SELECT count(*) FROM wf_host WHERE site = 'l.example.org'}), 0, 'its site is not slowed down');
control('mode=');
wait_until_done($node);
is(row('l.example'), 'Complete|', 'and is fetched later');
is(value(q{SELECT attempt FROM wf_attempts WHERE url ~ '//l.example'}), '1', 'at its first attempt');
write_key('another', 0600);
add_pages($node, { status => 'Selected' }, 'http://m.example.org/ok');
wait_until(sub { row('m.example') =~ /^Queued\|the gateway refuses the key \(HTTP status 401\)/ },
	'a page waits when the key is refused');
wait_until(sub { finding('gateway') =~ /^warn: The gateway is left alone until/ }, 'which is noticed');

# ---- the key is nowhere

my $dump = "$dir/dump.sql";
$node->command_ok([ 'pg_dumpall', '-f', $dump ], 'pg_dumpall');
like(slurp_file($dump), qr/COPY public\.wf_gateway_credits .*?\n\d{4}-\d\d-01\t\d+\t\d+\n/s, 'the budget is dumped');
my %places = (
	'the log' => slurp_file($node->logfile),
	'a dump' => slurp_file($dump),
	'pg_stat_activity' => $activity,
	'the settings' => value('SELECT * FROM pg_settings'),
	'the settings of files' => value('SELECT * FROM pg_file_settings'),
	'command lines and environments' => $cmdlines,
	'wf_health()' => value('SELECT * FROM wf_health()'),
	'the attempts' => value('SELECT * FROM wf_attempts'));
unlike($places{$_}, qr/\Q$key\E/, "the key is not in $_") foreach sort keys %places;
ok(length $cmdlines > 0 && $activity =~ /wf_curation/, 'places that had something to show');
$node->stop;
my ($found) = run_command([ 'grep', '-rlaF', $key, $node->data_dir ]);
is($found, '', 'nor in any file of the server');
done_testing();
