# Edges of the engine: code that others put where the worker would run it, rows
# that others hold, tables that do not take what is stored, programs that do
# not start.  No web server is needed: nothing listens on port 9 (a failure
# that is tried again), and 10.0.0.1 is refused by policy at once.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $refused = 'http://10.0.0.1';
my $nobody = 'http://127.0.0.1:9';
my $node = new_node(databases => 'postgres, tenant', conf => {
	'wf_curation.max_attempts' => 50, 'wf_curation.retry_delay' => '300ms',
	'wf_curation.poll_interval' => '500ms' });

sub value { return $node->safe_psql('postgres', $_[0]) }

sub as
{
	my ($role, $database, $sql) = @_;

	return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]);
}

sub commits
{
	return value("SELECT pg_stat_get_db_xact_commit(oid) FROM pg_database WHERE datname = 'postgres'");
}

# ---- a trigger that is committed while the worker waits for its lock

value(q{
	CREATE ROLE mallory LOGIN;
	CREATE SCHEMA evil AUTHORIZATION mallory;
	CREATE TABLE won (what text);
	GRANT INSERT ON won TO PUBLIC;
	GRANT USAGE ON SCHEMA evil TO PUBLIC;
	GRANT TRIGGER ON pages TO mallory});
my $attack = q{
	CREATE FUNCTION evil.attack() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('is_superuser') = 'on' THEN
			INSERT INTO public.won VALUES (TG_TABLE_NAME);
		END IF;
		RETURN NEW;
	END $$};
as('mallory', 'postgres', $attack);
add_pages($node, { status => 'Selected' }, map { "$nobody/r$_" } 1 .. 3);
foreach my $try (1 .. 3)
{
	# their retries fall due while the lock is held
	wait_until(sub { value('SELECT count(*) FROM wf_attempt') >= 3 * $try }, "attempt $try");
	as('mallory', 'postgres', q{
		BEGIN;
		CREATE TRIGGER race BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION evil.attack();
		SELECT pg_sleep(0.9);
		COMMIT});
	value('SELECT pg_sleep(0.3)');
	value('DROP TRIGGER race ON pages');
}
is(value('SELECT count(*) FROM won'), '0', 'a trigger never comes between its check and the statement');
value('DELETE FROM pages');

# ---- a superuser's partitioned pages with a partition of somebody else's

$node->safe_psql('postgres', 'CREATE DATABASE parts');
$node->safe_psql('parts', q{
	CREATE TABLE pages (id uuid DEFAULT gen_random_uuid(), domain_id uuid, url text NOT NULL,
		page_curation_status text NOT NULL DEFAULT 'New', page_processing_status text,
		page_processing_error text, part int NOT NULL, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
	CREATE TABLE pages_1 PARTITION OF pages FOR VALUES IN (1);
	CREATE TABLE pages_2 PARTITION OF pages FOR VALUES IN (2);
	CREATE EXTENSION wf_curation;
	CREATE SCHEMA evil AUTHORIZATION mallory;
	CREATE TABLE won (what text);
	GRANT INSERT ON won TO PUBLIC;
	GRANT TRIGGER ON pages_2 TO mallory});
as('mallory', 'parts', $attack
	. '; CREATE TRIGGER hidden BEFORE UPDATE ON pages_2 FOR EACH ROW EXECUTE FUNCTION evil.attack()');
$node->safe_psql('parts', "INSERT INTO pages (url, part, page_curation_status)"
	. " VALUES ('$refused/1', 1, 'Selected'), ('$refused/2', 2, 'Selected')");
my ($rc, $out, $err) = $node->psql('parts', 'SELECT * FROM wf_process_batch(5)');
like($err, qr/trigger "hidden" on public\.pages_2 belongs to a role that is no superuser/,
	'a trigger on a partition counts');
is($node->safe_psql('parts', 'SELECT count(*) FROM won'), '0', 'and did not run');
$node->safe_psql('parts', 'DROP TRIGGER hidden ON pages_2; ALTER TABLE pages_1 OWNER TO mallory');
($rc, $out, $err) = $node->psql('parts', 'SELECT * FROM wf_process_batch(5)');
like($err, qr/table public\.pages_1 belongs to a role that is no superuser/, 'the owner of a partition counts');
$node->safe_psql('parts', 'ALTER TABLE pages_1 OWNER TO postgres');
is($node->safe_psql('parts', 'SELECT * FROM wf_process_batch(5)'), '2|0|2|0|0', 'partitioned pages are processed');

# ---- the owner of the schema puts a table of his in place of one of ours

$node->safe_psql('postgres', 'CREATE ROLE tenant LOGIN; CREATE DATABASE tenant OWNER tenant');
$node->safe_psql('tenant', 'CREATE EXTENSION wf_curation;'
	. join ' ', map { "ALTER TABLE $_ OWNER TO tenant;" } qw(pages contacts domains));
add_pages($node, { status => 'Selected', database => 'tenant' }, "$refused/1");
wait_until(sub { statuses($node, 'true', 'tenant') eq 'Error=1' }, 'the tenant has a worker');
as('tenant', 'tenant', q{
	BEGIN;
	ALTER SCHEMA public RENAME TO hidden;
	CREATE SCHEMA public;
	CREATE TABLE public.won (what text);
	CREATE FUNCTION public.attack() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('is_superuser') = 'on' THEN
			INSERT INTO public.won VALUES (TG_TABLE_NAME);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TABLE public.wf_claim (stage text, item uuid, attempt int, token bigint, worker_pid int,
		worker_started timestamptz, claimed_at timestamptz, lease_until timestamptz,
		not_before timestamptz, deaths int, deaths_alone int, PRIMARY KEY (stage, item));
	CREATE TABLE public.wf_paused (stage text, since timestamptz, paused_by text);
	CREATE TRIGGER attack BEFORE INSERT ON public.wf_claim FOR EACH ROW EXECUTE FUNCTION public.attack();
	COMMIT;
	INSERT INTO hidden.pages (url, page_curation_status) VALUES ('http://10.0.0.1/2', 'Selected')});
wait_until(sub { $node->safe_psql('tenant', "SELECT count(*) FROM hidden.pages"
		  . " WHERE page_processing_status = 'Error'") eq '2' }, 'a renamed schema is found again');
is($node->safe_psql('tenant', 'SELECT count(*) FROM public.won'), '0',
	'tables put in place of ours are not written as superuser');

# ---- rows that others have locked

sub hold
{
	my ($sql) = @_;
	my $session = $node->background_psql('postgres');

	$session->query_safe("BEGIN; $sql");
	return $session;
}

value("SELECT wf_workers_stop()");
wait_until(sub { worker_pids($node) == 1 }, 'the workers of this database stop');
value('DELETE FROM pages; DELETE FROM wf_attempt');
add_pages($node, { status => 'Selected' }, map { "$refused/$_" } 1 .. 40);
my $holder = hold('SELECT 1 FROM (SELECT id FROM pages ORDER BY id LIMIT 30 FOR UPDATE) s');
is(value('SELECT claimed, completed, failed FROM wf_process_batch(5)'), '5|0|5', 'locked pages are passed over');
is(value('SELECT claimed FROM wf_process_batch(100)'), '5', 'until there are no others');
my $started = time;
is(value('SELECT claimed FROM wf_process_batch(5)'), '0', 'a batch that finds locked pages only');
cmp_ok(time - $started, '<', 5, 'does not wait for them');
$holder->query_safe('COMMIT');
is(value('SELECT claimed FROM wf_process_batch(100)'), '30', 'they are taken later');

# a retry that is due and locked, or due while the stage is paused, keeps
# nobody busy
value('DELETE FROM pages; SELECT wf_workers_start()');
add_pages($node, { status => 'Selected' }, "$nobody/locked");
wait_until(sub { statuses($node, "page_processing_error LIKE '%refused%'") eq 'Queued=1' }, 'waits for a retry');
$holder->query_safe('BEGIN; SELECT 1 FROM pages FOR UPDATE');
value('SELECT pg_sleep(2)');
my $before = commits();
value('SELECT pg_sleep(2)');
cmp_ok(commits() - $before, '<', 30, 'a due page that is locked is looked at now and then');
$holder->query_safe("COMMIT");
value("SELECT wf_pause('page')");
# wakes the workers: commits that touch no table are reported only with the next that
# does, and those from before are not to be counted
value("SELECT wf_pause('domain')");
value("SELECT wf_resume('domain')");
value('SELECT pg_sleep(2)');
$before = commits();
value('SELECT pg_sleep(2)');
cmp_ok(commits() - $before, '<', 30, 'so is a due page of a paused stage');
value("SELECT wf_resume('page')");
$holder->quit;

# ---- what the crawler cannot take

value('DELETE FROM pages');
add_pages($node, { status => 'Selected' }, "$refused/" . 'x' x 9000);
wait_for_status($node, 'Error');
like(value('SELECT page_processing_error FROM pages'), qr/^invalid URL/, 'an endless URL has a reason');
is(value('SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL'), '0', 'and is in flight no longer');

# ---- rows that refuse

value('DELETE FROM pages');
value(q{
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.url ~ 'poison' AND NEW.page_processing_status = 'Processing' THEN
			RAISE EXCEPTION 'not this one: %', repeat('\u00e9', 2000);
		END IF;
		RETURN NEW;
	END $$;
	CREATE TRIGGER refuse BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION refuse()});
add_pages($node, { status => 'Selected' }, map { $_ % 20 ? "$refused/$_" : "$refused/poison$_" } 1 .. 60);
wait_until(sub { statuses($node) eq 'Error=57 Queued=3' }, 'rows that refuse to be claimed keep nobody else from it');
value("DROP TRIGGER refuse ON pages; UPDATE pages SET title = 'x' WHERE page_processing_status = 'Queued'");

# ---- one lost claim that cannot be rescued

value('SELECT wf_workers_stop()');
wait_until(sub { worker_pids($node) == 1 }, 'the workers stop');
value('DELETE FROM pages; DELETE FROM wf_claim');
value(qq{
	SET session_replication_role = replica;
	INSERT INTO pages (url, page_curation_status, page_processing_status)
		SELECT '$refused/' || g, 'Selected', 'Processing' FROM generate_series(1, 5) g;
	INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
		SELECT 'page', id, 1, 7, 1, now() - interval '1 day', now(), now() + interval '1 hour' FROM pages});
$holder = hold("SELECT 1 FROM pages WHERE url ~ '/3' FOR UPDATE");
value('SELECT wf_heal()');
is(statuses($node), 'Processing=1 Queued=4', 'the others are rescued');
$holder->query_safe('COMMIT');
$holder->quit;
is(value('SELECT lost_claims FROM wf_heal()'), '1', 'it is rescued later');

# ---- a crawler program that does not start is no page's fault

value('DELETE FROM pages; DELETE FROM wf_claim');
$node->append_conf('postgresql.conf', "wf_curation.crawler_path = '/bin/false'");
$node->reload;
add_pages($node, { status => 'Selected' }, map { "$refused/$_" } 1 .. 5);
($rc, $out, $err) = $node->psql('postgres', 'SELECT * FROM wf_process_batch(5)');
like($err, qr/the crawler program does not start/, 'a batch says that the crawler does not start');
is(statuses($node), 'Queued=5', 'and gives the pages back');
is(value('SELECT count(*) FROM wf_claim'), '0', 'no attempt is counted');
value('SELECT wf_workers_start()');
wait_until(sub { server_log($node) =~ /processes nothing.*crawler program does not start/ }, 'a worker says so, too');
$node->append_conf('postgresql.conf', "wf_curation.crawler_path = ''");
$node->reload;
wait_for_status($node, 'Error');

# ---- tables that do not take what is stored

value('CREATE DATABASE narrow; CREATE DATABASE ascii ENCODING SQL_ASCII LOCALE \'C\' TEMPLATE template0');
$node->safe_psql('narrow', q{
	CREATE DOMAIN code AS varchar(12);
	CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid, url text,
		page_curation_status code, page_processing_status code, page_processing_error varchar(20));
	CREATE EXTENSION wf_curation});
$node->safe_psql('narrow', "INSERT INTO pages (url, page_curation_status) VALUES ('$refused/', 'Selected')");
is($node->safe_psql('narrow', 'SELECT claimed, failed FROM wf_process_batch(5)'), '1|1', 'a short error column');
is($node->safe_psql('narrow', 'SELECT page_processing_status, length(page_processing_error) FROM pages'),
	'Error|20', 'takes what fits');

# page_processing_error must stay valid text wherever it is cut
$node->safe_psql('narrow', q{
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.page_processing_status = 'Error' AND NEW.page_processing_error !~ 'could not store' THEN
			RAISE EXCEPTION '%', repeat(U&'\00e9', 2000);
		END IF;
		RETURN NEW;
	END $$;
	ALTER TABLE pages ALTER page_processing_error TYPE text;
	CREATE TRIGGER refuse BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION refuse();
	UPDATE pages SET page_processing_status = 'Queued'});
$node->safe_psql('narrow', 'SELECT wf_process_batch(5)');
is($node->safe_psql('narrow', q{SELECT page_processing_status, length(page_processing_error) > 500,
		convert_from(convert_to(page_processing_error, 'UTF8'), 'UTF8') = page_processing_error FROM pages}),
	'Queued|t|t', 'a long message is cut between characters');

$node->safe_psql('ascii', "CREATE EXTENSION wf_curation; SET client_encoding = 'SQL_ASCII';"
	. "INSERT INTO pages (url, page_curation_status) VALUES (E'$refused/caf\\xe9', 'Selected'), ('$refused/', 'Selected')");
is($node->safe_psql('ascii', 'SELECT claimed, failed FROM wf_process_batch(5)'), '2|2', 'bytes of no encoding in a URL');
is($node->safe_psql('ascii', "SELECT count(*) FROM wf_attempts WHERE url LIKE '%caf\%E9'"), '1', 'are escaped');

# ---- a database that is no more has no workers

value('CREATE DATABASE gone');
$node->safe_psql('gone', 'CREATE EXTENSION wf_curation; SELECT wf_workers_start(2)');
value('DROP DATABASE gone WITH (FORCE)');
value('SELECT pg_sleep(7)');
my $fatal = () = server_log($node) =~ /FATAL:  database \d+ does not exist/g;
cmp_ok($fatal, '<=', 2, 'workers of a dropped database are not started for ever');

# ---- the launcher

my $launcher = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'wf_curation launcher'};
my $pid = value($launcher);
value("SELECT pg_terminate_backend($pid)");
wait_until(sub { my $now = value($launcher); $now ne '' && $now ne $pid }, 'a terminated launcher is started again');

$node->stop;
done_testing();
