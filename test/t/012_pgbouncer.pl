# Through PgBouncer in transaction mode: no session state is needed to select
# pages, with prepared statements of SQL and of the protocol.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'pgbouncer is not installed'
  if system('command -v pgbouncer >/dev/null 2>&1') != 0;

my $node = new_node(preload => 0);
my $bouncer = start_pgbouncer($node, pool_mode => 'transaction');
my $single = start_pgbouncer($node, pool_mode => 'transaction', conf => { 'default_pool_size' => 1 });
my $dir = PostgreSQL::Test::Utils::tempdir();

add_pages($node, map { "https://site.example/$_" } 1 .. 40);

# A statement as in an application; each call is a transaction of its own.
sub through
{
	my ($sql, $via) = @_;
	my ($out, $err) = run_command(
		[ 'psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1',
			'-d', ($via || $bouncer)->connstr('postgres'), '-c', $sql ]);

	is($err, '', 'no error') if $err ne '';
	return $out;
}

# pgbench as an application that uses the extended protocol.
sub pgbench_ok
{
	my ($via, $mode, $clients, $from, $to, $what) = @_;

	append_to_file("$dir/$mode.sql",
		"\\set n random($from, $to)\n"
		  . "UPDATE pages SET page_curation_status = 'Selected' "
		  . "WHERE url = 'https://site.example/' || (:n)::text;\n");
	command_ok(
		[ 'pgbench', '-n', '-M', $mode, '-c', $clients, '-t', '60', '-f', "$dir/$mode.sql",
			$via->connstr('postgres') ], $what);
	return;
}

# The whole of an application's work, without a session of its own.
through(q{UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'https://site.example/1'});
is(statuses($node, q{url = 'https://site.example/1'}), 'Queued=1', 'a plain UPDATE');

through(q{BEGIN; PREPARE sel AS UPDATE pages SET page_curation_status = $1::page_curation_status
	WHERE url = $2;
	EXECUTE sel ('Selected', 'https://site.example/2');
	EXECUTE sel ('Selected', 'https://site.example/3');
	DEALLOCATE sel; COMMIT});
is(statuses($node, q{url ~ '/[23]$'}), 'Queued=2', 'a statement prepared in a transaction');

through(q{SELECT * FROM wf_set_page_status(
	ARRAY(SELECT id FROM pages WHERE url = 'https://site.example/4'), 'Selected')});
is(statuses($node, q{url ~ '/4$'}), 'Queued=1', 'wf_set_page_status');
is(through('SELECT wf_cancel(ARRAY(SELECT id FROM pages WHERE url ~ $$/4$$))'), '1', 'wf_cancel');
is(through('SELECT wf_pause($$page$$)'), 't', 'wf_pause');
is(through('SELECT wf_resume($$page$$)'), 't', 'wf_resume from another connection');
is(through('SELECT count(*) FROM wf_attach() WHERE action NOT LIKE $$%kept$$'), '0', 'wf_attach');

# Without preload, the first transaction on a connection loads the library.
pgbench_ok($bouncer, 'extended', 8, 11, 20, 'unnamed statements over eight clients');
like(statuses($node, q{url ~ '/(1[1-9]|20)$'}), qr/^Queued=10$/, 'all of them queued');

# Named statements of the protocol need one server connection in this PgBouncer.
pgbench_ok($single, 'prepared', 1, 21, 30, 'a statement prepared by the protocol');
like(statuses($node, q{url ~ '/(2[1-9]|30)$'}), qr/^Queued=10$/, 'all of them queued');

# The cached plan and the trigger's cache notice that the table changes.
$node->safe_psql('postgres', q{
	ALTER TABLE pages ADD COLUMN extra text;
	ALTER TYPE page_processing_status RENAME VALUE 'Complete' TO 'Completed'});
through(q{UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'https://site.example/31'}, $single);
is(statuses($node, q{url ~ '/31$'}), 'Queued=1', 'after the table changed');

is(statuses($node, q{page_curation_status = 'Selected' AND page_processing_status IS NULL}),
	'', 'no selected page is without a request');
done_testing();
