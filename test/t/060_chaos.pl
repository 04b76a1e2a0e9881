# The short form of test/chaos: ten processes killed under load, and nothing may
# be stuck, lost or doubled.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(workers => 2, conf => {
	'restart_after_crash' => 'on',
	'wf_curation.max_attempts' => 50,
	'wf_curation.request_timeout' => '2s' });
my $program = "$FindBin::RealBin/../chaos.py";

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'postgres';
my ($out, $err) = run_command([
	'python3', $program, '--pages', 300, '--sites', 60, '--kills', 10, '--log', $node->logfile ]);
my ($seed) = $out =~ /^seed: (\d+)/m;

note $out;
ok(defined $seed, 'it has a seed');
like($out, qr/^killed 10 times/m, 'ten processes were killed');
like($out, qr/^violations: 0$/m, 'no rule was broken') or diag("$out\n$err");
unlike($out, qr/^problem:/m, 'everybody came to an end') or diag("$out\n$err");
unlike(server_log($node), qr/PANIC|TRAP|segfault/, 'no trouble in the log');
$node->stop;
done_testing();
