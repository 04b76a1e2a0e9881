# Whose rights a worker has: a hostile trigger on pages or contacts gains
# nothing, whether the tables' owner is ordinary, may not log in, or is a
# superuser; nor does a hostile owner by defaults, indexes, constraints, generated
# columns, policies and types.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@acme-widgets.com</p>' });
my $node = new_node(conf => { 'wf_curation.poll_interval' => '500ms' });

sub value { return $node->safe_psql('postgres', $_[0]) }

# Everything mallory's code tries, and as whom; it must never raise, so that
# only what was gained counts.
value(q{
	CREATE ROLE mallory LOGIN;
	CREATE ROLE ordinary LOGIN;
	CREATE ROLE nobody NOLOGIN;
	CREATE SCHEMA evil AUTHORIZATION mallory;
	GRANT USAGE ON SCHEMA evil TO PUBLIC;
	GRANT TRIGGER ON pages, contacts TO mallory;
	GRANT CREATE ON DATABASE postgres TO mallory;
	CREATE TABLE tried (at timestamptz DEFAULT clock_timestamp(), place text, what text,
		who text, session text, outcome text);
	GRANT INSERT, SELECT, DELETE ON tried TO PUBLIC;
});
$node->safe_psql('postgres', q{
	CREATE FUNCTION evil.attempt(place text, what text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		BEGIN
			EXECUTE what;
			INSERT INTO public.tried (place, what, who, session, outcome)
				VALUES (place, what, current_user, session_user, 'done');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO public.tried (place, what, who, session, outcome)
				VALUES (place, what, current_user, session_user, SQLSTATE);
		END;
	END $$;
	CREATE FUNCTION evil.attack() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE
		place text := TG_TABLE_NAME || ' ' || TG_WHEN || ' ' || TG_OP || ' ' || TG_NAME;
		what text;
	BEGIN
		FOREACH what IN ARRAY ARRAY[
			'ALTER ROLE mallory SUPERUSER', 'CREATE ROLE gained SUPERUSER',
			'SET ROLE postgres', 'RESET ROLE', 'SET SESSION AUTHORIZATION postgres',
			'RESET SESSION AUTHORIZATION', 'SET LOCAL ROLE postgres',
			'COPY public.tried TO PROGRAM ''cat > /dev/null''',
			'DELETE FROM public.wf_claim', 'SELECT * FROM public.wf_attempt',
			'ALTER SYSTEM SET work_mem = ''1MB''']
		LOOP
			PERFORM evil.attempt(place, what);
		END LOOP;
		-- what the worker does next must not find these
		PERFORM set_config('search_path', 'evil, pg_catalog', false);
		PERFORM set_config('lock_timeout', '0', false);
		RETURN COALESCE(NEW, OLD);
	END $$;
	-- same-named traps, run by whoever resolves them
	CREATE FUNCTION evil.trap(x anyelement, y anyelement) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM evil.attempt('operator', 'ALTER ROLE mallory SUPERUSER');
		RETURN x OPERATOR(pg_catalog.=) y;
	END $$;
	CREATE OPERATOR evil.= (FUNCTION = evil.trap, LEFTARG = anyelement, RIGHTARG = anyelement);
	CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM evil.attempt('now()', 'ALTER ROLE mallory SUPERUSER');
		RETURN pg_catalog.now();
	END $$;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA evil TO PUBLIC;
	CREATE TRIGGER evil_before BEFORE INSERT OR UPDATE ON pages
		FOR EACH ROW EXECUTE FUNCTION evil.attack();
	CREATE TRIGGER evil_after AFTER INSERT OR UPDATE ON pages
		FOR EACH ROW EXECUTE FUNCTION evil.attack();
	CREATE TRIGGER evil_contact BEFORE INSERT ON contacts
		FOR EACH ROW EXECUTE FUNCTION evil.attack();
	CREATE CONSTRAINT TRIGGER evil_deferred AFTER INSERT ON contacts
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.attack();
}, extra_params => [ '-U', 'mallory' ]);

sub give_to
{
	my ($owner) = @_;

	value("ALTER TABLE $_ OWNER TO $owner") foreach qw(pages contacts domains sitemap_files local_businesses);
	return;
}

# A queued page.  Without triggers: this session is a superuser's, and its own
# carelessness is not what is tested.
sub run_page
{
	my $url = $web->url('/a.html', '127.0.1.1');

	value("SET session_replication_role = replica; DELETE FROM contacts; DELETE FROM pages; TRUNCATE tried;"
		. " INSERT INTO domains (domain) VALUES ('127.0.1.1') ON CONFLICT DO NOTHING;"
		. " INSERT INTO pages (domain_id, url, page_curation_status, page_processing_status)"
		. " SELECT id, '$url', 'Selected', 'Queued' FROM domains WHERE domain = '127.0.1.1'");
	return;
}

sub check_nothing_gained
{
	my ($owner) = @_;

	is(value('SELECT rolsuper FROM pg_roles WHERE rolname = \'mallory\''), 'f', "$owner: mallory is no superuser");
	is(value('SELECT count(*) FROM pg_roles WHERE rolname = \'gained\''), '0', "$owner: no role was made");
	is(value("SELECT string_agg(DISTINCT what, '; ') FROM tried WHERE outcome = 'done' AND who <> session"
		  . " AND what !~ '^RESET'"), '', "$owner: nothing that was tried worked in the worker");
	is(value("SELECT count(*) FROM tried WHERE place IN ('operator', 'now()') AND who = 'postgres'"), '0',
		"$owner: the worker walked into no trap");
	return;
}

foreach my $owner (qw(ordinary nobody))
{
	give_to($owner);
	run_page();
	wait_for_status($node, 'Complete');
	is(value('SELECT string_agg(email, \',\') FROM contacts'), 'info@acme-widgets.com', "$owner: the page was processed");
	is(value("SELECT string_agg(DISTINCT who, ',') FROM tried WHERE place ~ '^contacts'"), $owner,
		"$owner: triggers on contacts, deferred ones too, ran with the owner's rights");
	cmp_ok(value("SELECT count(*) FROM tried WHERE place ~ 'evil_deferred'"), '>', 0, "$owner: the deferred trigger ran");
	# 42501: insufficient privilege, 42883...: whatever it was, not success
	is(value("SELECT count(*) FROM tried WHERE who = '$owner' AND outcome = 'done' AND what !~ '^RESET'"), '0',
		"$owner: every attempt failed");
	check_nothing_gained($owner);
}

# ---- a superuser's tables: not while others' triggers are on them

give_to('postgres');
value('ALTER TABLE pages DISABLE TRIGGER evil_before; ALTER TABLE pages DISABLE TRIGGER evil_after');
run_page();
wait_until(sub { server_log($node) =~ /processes nothing in database \d+: trigger "evil_(contact|deferred)" on public\.contacts/ },
	'superuser: the stage stops and names the trigger');
is(statuses($node), 'Queued=1', 'superuser: the page waits');
is(value("SELECT count(*) FROM tried WHERE place ~ '^contacts'"), '0', 'superuser: the trigger never ran');
value('DROP TRIGGER evil_contact ON contacts; DROP TRIGGER evil_deferred ON contacts;'
	. 'DROP TRIGGER evil_before ON pages; DROP TRIGGER evil_after ON pages');
wait_for_status($node, 'Complete');
check_nothing_gained('superuser');

# ---- whatever else of a table runs code, when its owner is the attacker

give_to('mallory');
value('GRANT CREATE ON SCHEMA public TO mallory');
$node->safe_psql('postgres', q{
	-- immutable, it says
	CREATE FUNCTION evil.say(place text, result text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		PERFORM evil.attempt(place, 'ALTER ROLE mallory SUPERUSER');
		PERFORM evil.attempt(place, 'COPY public.tried TO PROGRAM ''cat > /dev/null''');
		RETURN result;
	END $$;
	CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil.say('domain', VALUE) IS NOT NULL);
	DO $$
	DECLARE
		relation text;
	BEGIN
		FOREACH relation IN ARRAY ARRAY['pages', 'contacts'] LOOP
			EXECUTE format('ALTER TABLE %1$I
				ADD evil_default text DEFAULT evil.say(%2$L, %1$L),
				ADD evil_generated text GENERATED ALWAYS AS (evil.say(%3$L, domain_id::text)) STORED,
				ADD evil_domain evil.text DEFAULT %1$L,
				ADD CONSTRAINT evil_check CHECK (evil.say(%4$L, domain_id::text) IS NOT NULL),
				ENABLE ROW LEVEL SECURITY',
				relation, relation || ' default', relation || ' generated', relation || ' check');
			EXECUTE format('CREATE INDEX ON %1$I (evil.say(%2$L, id::text)) WHERE evil.say(%3$L, id::text) IS NOT NULL',
				relation, relation || ' index', relation || ' predicate');
			EXECUTE format('CREATE POLICY evil ON %1$I USING (evil.say(%2$L, id::text) IS NOT NULL)'
				|| ' WITH CHECK (evil.say(%3$L, id::text) IS NOT NULL)',
				relation, relation || ' policy', relation || ' policy check');
		END LOOP;
	END $$;
}, extra_params => [ '-U', 'mallory' ]);

# no policies: they do not concern the owner
my @places = ('domain', 'contacts default',
	map { my $table = $_; map { "$table $_" } qw(check index predicate generated) } qw(pages contacts));

# by the owner: what a superuser writes runs it with that one's rights, here as everywhere
sub by_mallory { return $node->safe_psql('postgres', $_[0], extra_params => [ '-U', 'mallory' ]) }

my $evil_url = $web->url('/a.html', '127.0.1.1');
by_mallory("DELETE FROM contacts; DELETE FROM pages; DELETE FROM tried; INSERT INTO pages (domain_id, url,"
	  . " page_curation_status) SELECT id, '$evil_url', 'Selected' FROM domains WHERE domain = '127.0.1.1'");
wait_for_status($node, 'Complete');
is(value('SELECT string_agg(email, \',\') FROM contacts'), 'info@acme-widgets.com', 'hostile owner: the page was processed');
is(value("SELECT string_agg(p, ', ') FROM unnest(string_to_array('" . join(',', @places)
	  . "', ',')) p WHERE p NOT IN (SELECT place FROM tried WHERE who = 'mallory')"), '', 'hostile owner: all of it ran');
check_nothing_gained('hostile owner');

# what a superuser calls to look at the tables, and to have them looked after
by_mallory("UPDATE pages SET page_processing_status = 'Queued'");
value('SELECT wf_heal()');
value('SELECT * FROM wf_process_batch(10)');
value("SELECT count(*) FROM $_") foreach qw(wf_health() wf_pipeline wf_progress wf_workers wf_attempts wf_findings
	wf_provenance wf_check('pages') wf_check('contacts'));
wait_for_status($node, 'Complete');
is(value("SELECT string_agg(DISTINCT place, ',') FROM tried WHERE who <> 'mallory'"), '',
	'hostile owner: a superuser who looks, or has it done, runs none of it');
check_nothing_gained('hostile owner, and a superuser who calls');
value('DROP FUNCTION evil.say(text, text) CASCADE; ALTER TABLE pages DISABLE ROW LEVEL SECURITY;'
	  . ' ALTER TABLE contacts DISABLE ROW LEVEL SECURITY');
give_to('postgres');

# ---- wf_curation.role

value('GRANT ALL ON pages, contacts, domains TO ordinary');
value('CREATE TABLE who (name text); GRANT ALL ON who TO PUBLIC');
value(q{CREATE FUNCTION note_who() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN INSERT INTO public.who VALUES (current_user); RETURN NEW; END$$;
	CREATE TRIGGER note_who BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION note_who()});
$node->append_conf('postgresql.conf', "wf_curation.role = 'ordinary'");
$node->reload;
run_page();
wait_for_status($node, 'Complete');
is(value('SELECT string_agg(DISTINCT name, \',\') FROM who'), 'ordinary', 'wf_curation.role is whose rights the worker has');

$node->stop;
done_testing();
