# After an installation without a restart: wf_health() tells a library that is older
# than the SQL objects or than what is installed, and workers that still run one.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(preload => 0);

sub value { return $node->safe_psql('postgres', $_[0]) }

# Since PostgreSQL 18 the functions of extensions follow the path, too.
sub findings
{
	my ($function, $path) = @_;

	return value('SET ' . ($path // q{dynamic_library_path = '$libdir'}) . qq{;SELECT string_agg(concat_ws(': ', status, detail, remedy), E'\\n')
		FROM $function() WHERE check_name = 'version' AND status <> 'ok'});
}

# ---- a library that says it is an older one, found before the installed one

my $dir = PostgreSQL::Test::Utils::tempdir();
my $library = slurp_file($node->config_data('--pkglibdir') . '/wf_curation.so');
my ($version) = $library =~ /\0wf_curation (\d+\.\d+)\0/ or die 'the library does not name its version';
my $older = $version =~ s/\d/0/gr;
$library =~ s/\0(wf_curation )?\K\Q$version\E(?=\0)/$older/g;
open my $file, '>:raw', "$dir/wf_curation.so" or die "could not create library: $!";
print $file $library;
close $file;

my $path = "dynamic_library_path = '$dir:\$libdir'";
value("ALTER SYSTEM SET $path; SELECT pg_reload_conf()");
value('SELECT wf_workers_start()');
wait_until(sub { value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wf_curation $older'") eq '1' },
	'a worker runs an older library');
like(findings('wf_health'), qr/^fail: Worker \d+ runs the library of wf_curation \Q$older\E, .*: SELECT pg_terminate_backend/,
	'which is found');

# ---- the same in a session: it is not the SQL objects that are to be updated

value(q{CREATE FUNCTION old_health(OUT check_name text, OUT status text, OUT detail text, OUT remedy text)
	RETURNS SETOF record LANGUAGE c AS 'wf_curation', 'wf_health'});
my $old = findings('old_health', $path);
like($old, qr/^fail: Version \Q$version\E is installed, but the loaded library has \Q$older\E.*UPDATE; -- once the server was restarted/m,
	'that says what is installed, and asks for a restart');
value("UPDATE pg_extension SET extversion = '$older' WHERE extname = 'wf_curation'");
like(findings('old_health', $path),
	qr/^warn: Version \Q$version\E is installed, but the loaded library has \Q$older\E/m, 'also where all that runs is old');
like(findings('wf_health'), qr/^fail: The SQL objects have version \Q$older\E, the loaded library has \Q$version\E.*: ALTER EXTENSION wf_curation UPDATE;$/m,
	'SQL objects that are older are another matter');
value("UPDATE pg_extension SET extversion = '$version' WHERE extname = 'wf_curation'");

# ---- the remedy

value('ALTER SYSTEM RESET dynamic_library_path; SELECT pg_reload_conf()');
value(value(q{SELECT remedy FROM wf_health() WHERE check_name = 'version' AND status <> 'ok'}));
wait_until(sub { value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wf_curation $version'") eq '1' },
	'the remedy replaces the worker');
is(findings('wf_health'), '', 'and all is well');

$node->stop;
done_testing();
