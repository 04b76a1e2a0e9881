# pg_upgrade: tables, rows, triggers and their attachment arrive, and so does all that the
# extension keeps for itself; nothing is created anew, lost or fetched again, and the queue
# works afterwards.  WF_OLD_BINDIR names the programs of an older major version for the old
# cluster, in which the extension is installed, too; without it both are of the same.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(
	pages => {
		(map { ("/$_.html" => "<p>info\@site$_.com</p>") } 2 .. 8),
		'/1.html' => '<p>Sales Manager: Jane Miller, <a href="mailto:jane.miller@site1.com">mail</a>,'
		  . ' phone (212) 555-0142</p>' },
	# fails until there is such a file
	server => 'location = /busy.html { if (!-f $request_filename) { return 500; } }');
my $slow = start_rationed_server('<p>info@slow.com</p>');
my $old_bindir = $ENV{WF_OLD_BINDIR};
my $old = new_node(
	name => 'old',
	install_path => $old_bindir && dirname($old_bindir),
	databases => 'postgres, app',
	conf => { 'wf_curation.retry_delay' => '1h' });
# initdb of 18 and later makes checksums unless told otherwise, that of 15 does not
my $new = new_node(
	name => 'new',
	start => 0,
	extension => 0,
	databases => 'postgres, app',
	init => { extra => $old_bindir && `initdb --help` =~ /(--no-data-checksums)/ ? [$1] : [] });
$old_bindir ||= $old->config_data('--bindir');
my $new_bindir = $new->config_data('--bindir');

sub value { my ($node, $sql, $database) = @_; return $node->safe_psql($database || 'postgres', $sql) }

note('from ' . value($old, 'SHOW server_version') . ", $old_bindir");

# ---- an old cluster with something of everything

# tables of the user's own, in a database of their own
value($old, 'CREATE DATABASE app');
value($old, q{
	CREATE SCHEMA wf; CREATE SCHEMA "Odd App";
	CREATE TYPE "Odd App"."Processing" AS ENUM ('Queued', 'Processing', 'Completed', 'Failed');
	CREATE TABLE "Odd App"."Web pages" (id uuid DEFAULT gen_random_uuid(), domain_id uuid, url text, tenant_id int NOT NULL,
		page_curation_status text, page_processing_status "Odd App"."Processing", page_processing_error text)
		PARTITION BY LIST (tenant_id);
	CREATE TABLE "Odd App"."Web pages 1" PARTITION OF "Odd App"."Web pages" FOR VALUES IN (1);
	CREATE TABLE "Odd App".people (id uuid PRIMARY KEY, domain_id uuid, page_id uuid, email varchar(200));
	CREATE EXTENSION wf_curation SCHEMA wf;
	SELECT wf.wf_detach();
	DROP TABLE wf.contacts, wf.pages;
	SELECT wf.wf_attach(pages => '"Odd App"."Web pages"', contacts => '"Odd App".people')}, 'app');

# two that become Complete (the other address of the second is not wanted), one of them Archived,
# one that fails, one that waits for a retry, one in flight
my %id;
my @names = (map({ "$_.html" } 1 .. 8), 'gone.html', 'busy.html');
@id{@names} = add_pages($old, map { $web->url("/$names[$_]", "127.0.1.$_") } 0 .. $#names);
($id{slow}) = add_pages($old, $slow->url('/slow.html', '127.0.1.20'));
value($old, "SELECT wf_suppress('info\@site2.com', 'asked'), wf_suppress('site6.com'), wf_erase('info\@site5.com')");
select_pages($old, "url ~ '/(1|2|8|gone|busy|slow).html'");
wait_for_status($old, 'Complete', "url ~ '/(1|2|8).html'");
wait_for_status($old, 'Error', "id = '$id{'gone.html'}'");
$old->poll_query_until('postgres', "SELECT count(*) = 1 FROM wf_claim WHERE item = '$id{'busy.html'}' AND not_before > now()")
  or die 'no page waits for a retry';
wait_for_status($old, 'Processing', "id = '$id{slow}'");
value($old, "UPDATE pages SET page_curation_status = 'Archived' WHERE id = '$id{'8.html'}'");

# the server dies under the one in flight, whose claim is still there (what workers commit
# is in the log of the server a moment later only)
value($old, 'CHECKPOINT');
$old->stop('immediate');
$old->append_conf('postgresql.conf', "wf_curation.databases = ''");
$old->start;
is(value($old, "SELECT count(*) FROM wf_claim WHERE worker_pid > 0"), '1', 'the claim of a worker that is dead');

# a queue that is paused, with a wish; categories; a column of the user's
value($old, "SELECT wf_pause('page'), wf_pause('domain')");
select_pages($old, "url ~ '/[3-6].html'");
value($old, "SELECT wf_prioritize('page', ARRAY['$id{'4.html'}']::uuid[], 5)");
value($old, q{INSERT INTO wf_category_rule (pattern, category, action) VALUES ('offers', 'offer', 'select'), ('team', 'mine', 'keep');
	ALTER TABLE pages ADD COLUMN mine text DEFAULT 'kept';
	INSERT INTO local_businesses (website_url, status) VALUES ('business.example', 'Selected');
	SELECT wf_submit_sitemaps('{https://business.example/sitemap.xml}')});
value($old, q{INSERT INTO "Odd App"."Web pages" (url, tenant_id, page_curation_status) VALUES ('}
	. $web->url('/7.html', '127.0.1.30') . q{', 1, 'Selected')}, 'app');
is(statuses($old), '-=1 Complete=3 Error=1 Processing=1 Queued=5', 'pages of all kinds');

# ---- what must be the same: rows of all tables, attachment, the extension's objects

my %tables = map { $_ => [ split /\n/, value($old, q{
	SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information)' ORDER BY 1}, $_) ] } qw(postgres app);
my @same = (
	# by number and by name
	q{SELECT tgrelid, tgrelid::regclass, tgname, tgargs, tgenabled, tgfoid::regproc, tgparentid <> 0 FROM pg_trigger
		WHERE NOT tgisinternal OR tgparentid <> 0 ORDER BY 1, tgname COLLATE "C"},
	# 17 has the row types of tables and views as members
	q{SELECT pg_describe_object(classid, objid, objsubid), deptype FROM pg_depend
		WHERE classid <> 'pg_type'::regclass AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'wf_curation')
		ORDER BY pg_describe_object(classid, objid, objsubid) COLLATE "C"},
	q{SELECT indexdef FROM pg_indexes WHERE schemaname !~ '^(pg_|information)' ORDER BY indexdef COLLATE "C"},
	q{SELECT extversion, extnamespace::regnamespace, extcondition, extconfig::regclass[]::text FROM pg_extension WHERE extname = 'wf_curation'});

sub contents
{
	my ($node) = @_;
	my %contents;

	foreach my $db (sort keys %tables)
	{
		$contents{"$db: $_"} = value($node, "SELECT string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\") FROM ONLY $_ t", $db)
		  foreach @{ $tables{$db} };
		$contents{"$db: catalog $_"} = value($node, $same[$_], $db) foreach 0 .. $#same;
	}
	$contents{categories} = value($node, q{SELECT string_agg(wf_categorize('https://x.example/' || p), ' ')
		FROM unnest('{offers,team,kontakt,agb}'::text[]) p});
	$contents{views} = value($node, q{SELECT * FROM wf_provenance ORDER BY 1, 2; SELECT * FROM wf_findings ORDER BY 1, 2, 3;
		SELECT stage, status, count FROM wf_pipeline ORDER BY 1, 2});
	return \%contents;
}

my $before = contents($old);
is($before->{categories}, 'offer mine contact policy', 'own rules and those that come with the version');
foreach my $table (qw(contacts wf_claim wf_attempt wf_paused wf_priority wf_sweep_state wf_finding wf_validator
	wf_contact_origin wf_suppression wf_category_rule domains sitemap_files local_businesses))
{
	isnt($before->{"postgres: $table"}, '', "$table has rows");
}

# ---- the upgrade

$old->stop;
# the extension must do nothing while the server is in upgrade mode, preloaded as it is
$old->append_conf('postgresql.conf', "wf_curation.databases = 'postgres, app'");
my $requests = $web->count_requests(qr/./);
chdir PostgreSQL::Test::Utils::tempdir();
command_ok(
	[ "$new_bindir/pg_upgrade", '--no-sync', '-b', $old_bindir, '-B', $new_bindir, '-d', $old->data_dir, '-D', $new->data_dir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ],
	'pg_upgrade');
$new->append_conf('postgresql.conf', "wf_curation.databases = ''");
$new->start;
note('to ' . value($new, 'SHOW server_version') . ", $new_bindir");

my $after = contents($new);
is($after->{$_}, $before->{$_}, "the same as before: $_") foreach sort keys %$before;
is(value($new, "SELECT count(*) FROM wf_attach() WHERE action !~ 'kept'"), '0', 'there is nothing to attach');

# ---- and on it goes

# all that is not paused: the other database, and the claim of the dead worker
value($new, "UPDATE wf_claim SET not_before = now() WHERE not_before IS NOT NULL");
$new->append_conf('postgresql.conf', "wf_curation.databases = 'postgres, app'");
$new->reload;
wait_until(sub { value($new, q{SELECT page_processing_status FROM "Odd App"."Web pages"}, 'app') eq 'Completed' },
	'a page in a table of another name is processed');
is(value($new, 'SELECT email FROM "Odd App".people', 'app'), 'info@site7.com', 'and its contact stored');
wait_for_status($new, 'Queued', "id = '$id{slow}'");
is($web->count_requests(qr/./) - $requests, 1, 'nothing is fetched while the stage is paused');

$web->add_page('/busy.html', '<p>info@busy.com</p>');
$slow->allow(1);
value($new, "SELECT wf_resume('page')");
wait_for_status($new, 'Complete', "page_processing_status IS NOT NULL AND url !~ 'gone'");
is(statuses($new), '-=1 Complete=9 Error=1', 'all that was queued, in flight or waiting is Complete');
is(value($new, q{SELECT string_agg(email, ' ' ORDER BY email) FROM contacts WHERE email !~ '^notfound_'}),
	'info@busy.com info@site3.com info@site4.com info@site8.com info@slow.com jane.miller@site1.com',
	'contacts but for those that were suppressed');
is(value($new, "SELECT string_agg(attempt || outcome, ' ' ORDER BY attempt) FROM wf_attempt WHERE item = '$id{'busy.html'}'"),
	'1http_server 2ok', 'the retry was the second attempt');
is($web->count_requests("/$_.html"), $_ eq 'busy' ? 2 : 1, "$_ was fetched as often as was due") foreach (1 .. 8, 'gone', 'busy');
is($slow->count_requests('/slow.html'), 2, 'the one in flight was asked for once more');
is(value($new, 'SELECT count(*) FROM wf_claim'), '0', 'no claim is left');
is(value($new, 'SELECT count(*) FROM wf_priority'), '0', 'the wish was granted');
is(value($new, "SELECT string_agg(stage, ' ') FROM wf_paused"), 'domain', 'the other pause holds');

# what was known of a page serves to ask whether it has changed
value($new, "SELECT wf_set_page_status(ARRAY['$id{'1.html'}']::uuid[], 'Selected')");
wait_for_status($new, 'Complete', "id = '$id{'1.html'}'");
is(value($new, "SELECT string_agg(http_status::text, ' ' ORDER BY id) FROM wf_attempt WHERE item = '$id{'1.html'}'"), '200 304',
	'an unchanged page is known');

# two of so few pages did fail
value($new, "SELECT wf_resume('domain')");
foreach my $db (sort keys %tables)
{
	my $schema = $db eq 'app' ? 'wf.' : '';
	value($new, "SELECT ${schema}wf_heal()", $db);
	is(value($new, "SELECT concat_ws(': ', check_name, status, detail) FROM ${schema}wf_health()"
		  . " WHERE status <> 'ok' AND check_name <> 'error_rate'", $db), '',
		"wf_health() has no complaint in $db");
}
value($new, 'DROP EXTENSION wf_curation');
is(value($new, 'SELECT count(*) FROM pages'), scalar keys %id, 'DROP EXTENSION takes the triggers and no row');

$new->stop;
done_testing();
