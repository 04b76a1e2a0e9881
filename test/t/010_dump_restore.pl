# A dump brings tables, rows, triggers and indexes back as they were, whichever
# way it is made and restored, and restoring it queues nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(name => 'source', preload => 0, extension => 0);
my $other = new_node(name => 'target', preload => 0, extension => 0);
my $dir = PostgreSQL::Test::Utils::tempdir();
my @statuses = (
	"'New', NULL, NULL", "'New', 'Queued', NULL",
	"'Selected', 'Queued', NULL", "'Selected', 'Queued', 'waits for a retry'",
	"'Selected', 'Processing', NULL", "'Selected', 'Complete', NULL",
	"'Selected', 'Error', 'HTTP 410'", "'Queued', 'Complete', NULL",
	"'Archived', 'Complete', NULL", "'Archived', 'Error', 'HTTP 404'",
	"'Archived', 'Filtered', NULL", "'Archived', 'Processing', NULL",
	"'New', NULL, 'a remark'");

# The fresh tables, with columns of the user's own and rows in every status.
sub make_fresh
{
	my ($db) = @_;
	my $rows = join ', ', map { "('p$_', $statuses[$_])" } 0 .. $#statuses;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql(
		$db, qq{
		CREATE EXTENSION wf_curation;
		ALTER TABLE pages ADD COLUMN note text DEFAULT 'mine', ADD COLUMN tenant_id uuid;
		ALTER TYPE page_curation_status ADD VALUE 'Not a Fit';
		ALTER TABLE contacts ADD COLUMN lead_source text NOT NULL DEFAULT 'web';
		ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
		INSERT INTO domains (domain) VALUES ('site.example');
		ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
		INSERT INTO pages (domain_id, url, page_curation_status, page_processing_status,
			page_processing_error)
		SELECT d.id, v.u, v.c::page_curation_status, v.p::page_processing_status, v.e
		FROM domains d, (VALUES $rows) v (u, c, p, e);
		ALTER TABLE pages ENABLE TRIGGER zz_wf_curation;
		INSERT INTO contacts (domain_id, page_id, email)
			SELECT domain_id, id, url || '\@Site.example' FROM pages;
		SELECT wf_pause('page');
		SELECT wf_prioritize('page', ARRAY(SELECT id FROM pages), 3);
		INSERT INTO wf_category_rule (pattern, category, action) VALUES ('offers', 'offer', 'select'), ('team', 'mine', 'keep');
		ALTER TRIGGER zz_wf_curation_domain ON local_businesses RENAME TO "find Domains";
		CREATE TABLE jobs (job_id uuid, job_type text, status text, domain_id uuid REFERENCES domains);
		SELECT wf_attach(jobs => 'jobs');
		INSERT INTO wf_claim (stage, item, attempt, token, claimed_at)
			SELECT 'page', id, 2, 1, now() FROM pages WHERE url = 'p3'});
	return;
}

# Tables of other names and types, partitioned, in an extension schema of its own.
sub make_odd
{
	my ($db) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql(
		$db, q{
		CREATE SCHEMA wf;
		CREATE SCHEMA "Odd App";
		SET client_min_messages = error;
		CREATE TYPE "Odd App"."Page Curation" AS ENUM ('New', 'Selected', 'Not a Fit');
		CREATE TYPE "Odd App"."Page Processing" AS ENUM ('Queued', 'Processing', 'Completed', 'Failed');
		CREATE TABLE "Odd App"."Web pages" (id uuid DEFAULT gen_random_uuid(), domain_id uuid, url text,
			page_curation_status "Odd App"."Page Curation", page_processing_error text,
			page_processing_status "Odd App"."Page Processing", tenant_id int NOT NULL)
			PARTITION BY LIST (tenant_id);
		CREATE TABLE "Odd App"."Web pages 1" PARTITION OF "Odd App"."Web pages" FOR VALUES IN (1);
		CREATE TABLE "Odd App"."Web pages 2" PARTITION OF "Odd App"."Web pages" DEFAULT;
		CREATE TABLE "Odd App".people (id uuid, domain_id uuid, page_id uuid, email varchar(200));
		CREATE EXTENSION wf_curation SCHEMA wf;
		SELECT wf.wf_detach();
		DROP TABLE wf.contacts, wf.pages;
		SELECT wf.wf_attach(pages => '"Odd App"."Web pages"', contacts => '"Odd App".people');
		INSERT INTO "Odd App"."Web pages" (url, tenant_id, page_curation_status, page_processing_status,
			page_processing_error) VALUES
			('o1', 1, 'New', NULL, NULL), ('o2', 2, 'Selected', NULL, NULL),
			('o3', 1, 'Selected', 'Completed', NULL), ('o4', 2, 'Selected', 'Failed', 'gone'),
			('o5', 2, 'Not a Fit', 'Completed', NULL)});
	return;
}

# Everything of a database that must come back: rows and attachments.
my %rows = (
	fresh => q{SELECT p.*, d.domain FROM pages p JOIN domains d ON d.id = p.domain_id ORDER BY p.url;
		SELECT * FROM contacts ORDER BY email; SELECT stage FROM wf_paused;
		SELECT stage, item, priority FROM wf_priority ORDER BY item;
		SELECT pattern, category, action FROM wf_category_rule WHERE NOT builtin ORDER BY pattern;
		SELECT count(*), wf_categorize('https://x.example/offers'), wf_categorize('https://x.example/team'),
			wf_categorize('https://x.example/kontakt') FROM wf_category_rule WHERE builtin},
	odd => q{SELECT * FROM "Odd App"."Web pages" ORDER BY url});
my %statuses = (
	fresh => 'SELECT url, page_curation_status, page_processing_status FROM pages ORDER BY url',
	odd => 'SELECT url, page_curation_status, page_processing_status FROM "Odd App"."Web pages" ORDER BY url');
my $attachments = q{
	SELECT t.tgrelid::regclass, t.tgname, t.tgargs, t.tgenabled, t.tgparentid <> 0 FROM pg_trigger t
	WHERE NOT t.tgisinternal OR t.tgparentid <> 0 ORDER BY t.tgrelid::regclass::text COLLATE "C", t.tgname;
	SELECT indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
	ORDER BY indexdef COLLATE "C";
	SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
	WHERE deptype = 'x' ORDER BY pg_describe_object(classid, objid, objsubid) COLLATE "C";
	SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = 'zz_wf_curation' ORDER BY 1;
	SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information)' ORDER BY 1, 2};

make_fresh('fresh');
make_odd('odd');
my %expected;
foreach my $db (keys %rows)
{
	$expected{$db} = {
		rows => $node->safe_psql($db, $rows{$db}),
		statuses => $node->safe_psql($db, $statuses{$db}),
		attachments => $node->safe_psql($db, $attachments) };
}
like($expected{fresh}{attachments}, qr/trigger zz_wf_curation on table pages/,
	'trigger depends on the extension');
like($expected{fresh}{attachments}, qr/index pages_wf_ready_idx/, 'index depends on the extension');
like($expected{fresh}{statuses}, qr/p3\|Selected\|Queued/, 'rows are there');
like($expected{fresh}{attachments}, qr/trigger find Domains on table local_businesses/,
	'a trigger of another name does, too');
like($expected{fresh}{rows}, qr/\|offer\|mine\|contact$/, 'rules of one\'s own are there');
like($expected{odd}{statuses}, qr/o2\|Selected\|Queued/, 'also in the other table');

my $copies = 0;

# A new empty database on a node.
sub new_database
{
	my ($on) = @_;
	my $db = 'copy' . ++$copies;

	$on->safe_psql('postgres', "CREATE DATABASE $db");
	return $db;
}

sub dump_ok
{
	my ($db, $file, @options) = @_;

	command_ok(
		[ 'pg_dump', '-d', $node->connstr($db), '-f', "$dir/$file", @options ],
		"$file: dumped");
	return;
}

sub psql_ok
{
	my ($on, $db, $file) = @_;

	command_ok(
		[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $on->connstr($db), '-f', "$dir/$file" ],
		"$file: restored without an error");
	return;
}

sub pg_restore_ok
{
	my ($on, $db, $file, @options) = @_;

	command_ok(
		[ 'pg_restore', '--exit-on-error', '-d', $on->connstr($db), @options, "$dir/$file" ],
		"$file: restored without an error");
	return;
}

# The copy is like the original; it works, and DROP EXTENSION needs no CASCADE.
sub same_ok
{
	my ($on, $db, $of, $what) = @_;
	my ($table, $schema) = $of eq 'fresh' ? ('pages', 'public') : ('"Odd App"."Web pages"', 'wf');
	my $columns = $of eq 'fresh' ? "(url) VALUES ('new')" : "(url, tenant_id) VALUES ('new', 1)";

	is($on->safe_psql($db, $statuses{$of}), $expected{$of}{statuses}, "$what: nothing queued anew");
	is($on->safe_psql($db, $rows{$of}), $expected{$of}{rows}, "$what: rows are the same");
	is($on->safe_psql($db, $attachments), $expected{$of}{attachments}, "$what: attachments are the same");
	is($on->safe_psql($db, "SELECT count(*) FROM $schema.wf_claim"), '0', "$what: claims are void");
	is( $on->safe_psql(
			$db, qq{BEGIN; INSERT INTO $table $columns;
			UPDATE $table SET page_curation_status = 'Selected' WHERE url = 'new';
			SELECT page_processing_status FROM $table WHERE url = 'new'; ROLLBACK}),
		'Queued', "$what: selecting queues");
	is( $on->safe_psql(
			$db, q{BEGIN; INSERT INTO local_businesses (website_url, status) VALUES ('new.example', 'Selected');
			SELECT b.domain_extraction_status || ' ' || d.domain FROM domains d JOIN local_businesses b ON b.id = d.local_business_id; ROLLBACK}),
		'Complete new.example', "$what: selecting a business finds its domain") if $of eq 'fresh';
	is( $on->safe_psql($db, "SELECT string_agg(DISTINCT split_part(action, ' ', 2), ',') FROM $schema.wf_attach() WHERE part IN ('pages', 'contacts'"
				  . ($of eq 'fresh' ? ", 'local_businesses', 'jobs')" : ')')),
		'kept', "$what: attaching again changes nothing");
	is( $on->safe_psql(
			$db, q{BEGIN; DROP EXTENSION wf_curation;
			SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation'; ROLLBACK}),
		'0', "$what: the extension can be dropped");
	return;
}

# Plain, custom in parallel, directory in parallel.
foreach my $of (sort keys %rows)
{
	dump_ok($of, "$of.plain.sql");
	my $db = new_database($other);
	psql_ok($other, $db, "$of.plain.sql");
	same_ok($other, $db, $of, "$of plain");

	dump_ok($of, "$of.custom", '-Fc');
	$db = new_database($other);
	pg_restore_ok($other, $db, "$of.custom", '-j', '2');
	same_ok($other, $db, $of, "$of custom");

	dump_ok($of, "$of.directory", '-Fd', '-j', '2');
	$db = new_database($other);
	pg_restore_ok($other, $db, "$of.directory", '-j', '2');
	same_ok($other, $db, $of, "$of directory");

	# into itself, dropping what is there
	dump_ok($of, "$of.clean.sql", '--clean');
	psql_ok($other, $db, "$of.clean.sql");
	same_ok($other, $db, $of, "$of clean");
	dump_ok($of, "$of.clean2.sql", '--clean', '--if-exists');
	$db = new_database($other);
	psql_ok($other, $db, "$of.clean2.sql");
	same_ok($other, $db, $of, "$of clean, if it exists");
	pg_restore_ok($other, $db, "$of.custom", '--clean', '--if-exists', '--single-transaction');
	same_ok($other, $db, $of, "$of custom, clean");

	# --enable-row-security sets row_security the other way round
	dump_ok($of, "$of.rls.sql", '--enable-row-security');
	$db = new_database($other);
	psql_ok($other, $db, "$of.rls.sql");
	same_ok($other, $db, $of, "$of with row security");

	# INSERT statements instead of COPY
	dump_ok($of, "$of.inserts.sql", '--column-inserts');
	$db = new_database($other);
	psql_ok($other, $db, "$of.inserts.sql");
	same_ok($other, $db, $of, "$of as inserts");

	# The schema alone, then the data alone: the triggers fire.
	dump_ok($of, "$of.schema.sql", '--schema-only');
	dump_ok($of, "$of.data.sql", '--data-only');
	$db = new_database($other);
	psql_ok($other, $db, "$of.schema.sql");
	is($other->safe_psql($db, $attachments), $expected{$of}{attachments}, "$of schema: attachments");
	psql_ok($other, $db, "$of.data.sql");
	is($other->safe_psql($db, $statuses{$of}), $expected{$of}{statuses},
		"$of data: nothing queued anew");
	dump_ok($of, "$of.data2.sql", '--data-only', '--disable-triggers');
	$db = new_database($other);
	psql_ok($other, $db, "$of.schema.sql");
	psql_ok($other, $db, "$of.data2.sql");
	same_ok($other, $db, $of, "$of schema and data without triggers");
}

# While waiting for a retry the error is the request's; a data-only restore makes
# a fresh request of it, since the claim that knew the time is not dumped.
my $db = new_database($other);
psql_ok($other, $db, 'fresh.schema.sql');
psql_ok($other, $db, 'fresh.data.sql');
is( $other->safe_psql($db, 'SELECT page_processing_error IS NULL FROM pages WHERE url = $$p3$$'),
	't', 'a page that waited for a retry is ready');

# Twice in a row: a dump of the copy is as good.
command_ok(
	[ 'pg_dump', '-d', $other->connstr('copy1'), '-f', "$dir/again.sql" ], 'a copy can be dumped');
my $of = $other->safe_psql('copy1', q{SELECT to_regclass('pages') IS NOT NULL}) eq 't'
  ? 'fresh'
  : 'odd';
$db = new_database($other);
psql_ok($other, $db, 'again.sql');
same_ok($other, $db, $of, 'copy of the copy');

# The whole cluster.
my $third = new_node(name => 'cluster', preload => 0, extension => 0);
command_ok([ 'pg_dumpall', '-d', $node->connstr('postgres'), '-f', "$dir/all.sql", '--no-role-passwords' ],
	'pg_dumpall');
# its CREATE ROLE of the superuser that is there already is the one error
my $all = slurp_file("$dir/all.sql");
$all =~ s/^CREATE ROLE .*;\n//mg;
append_to_file("$dir/all_but_roles.sql", $all);
psql_ok($third, 'postgres', 'all_but_roles.sql');
same_ok($third, $_, $_, "pg_dumpall $_") foreach sort keys %rows;

done_testing();
