--
-- wf_health() catches faults, and its remedies repair them.  The views.
-- Each remedy is run as it was printed; what it prints is no matter of this test.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_health;
\c wf_test_health
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;
\pset format unaligned
\pset tuples_only on
-- What depends on the server, or on time, is looked at elsewhere.
\set look 'SELECT check_name, status, detail, remedy FROM wf_health() WHERE status <> ''ok'' AND check_name NOT IN (''workers'', ''worker_slots'', ''crawler'', ''preload'')'
SELECT string_agg(check_name, ' ' ORDER BY ordinality) FROM wf_health() WITH ORDINALITY;
:look;
SELECT check_name, status, detail, remedy FROM wf_health() WHERE check_name = 'workers';
SELECT DISTINCT status, detail ~ '^[A-Z].*\.$' AS sentence, remedy IS NULL FROM wf_health() WHERE status = 'ok';

--
-- Triggers
--
ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
ALTER TABLE contacts ENABLE REPLICA TRIGGER zz_wf_curation;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
CREATE FUNCTION overrule() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.page_processing_status := NULL; RETURN NEW; END';
CREATE TRIGGER zzz_late BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION overrule();
CREATE TRIGGER zzz_after AFTER UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION overrule();
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
DROP FUNCTION overrule() CASCADE;
DROP TRIGGER zz_wf_curation ON pages;
CREATE TRIGGER zz_wf_curation BEFORE INSERT OR UPDATE OF page_curation_status ON pages
	FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger('pages');
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
ALTER DATABASE wf_test_health SET session_replication_role = replica;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;

--
-- Attached, columns, labels
--
CREATE TABLE old_pages (LIKE pages);
CREATE TRIGGER zz_wf_curation BEFORE INSERT OR UPDATE ON old_pages
	FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger('pages');
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
DROP TABLE old_pages;
SELECT count(*) > 0 FROM wf_detach();
:look;
SELECT string_agg(remedy, ' ' ORDER BY remedy) AS remedy FROM (:look) x WHERE check_name = 'attached' \gset
\o /dev/null
:remedy
\o
ALTER TABLE pages RENAME COLUMN url TO link;
:look;
ALTER TABLE pages RENAME COLUMN link TO url;
ALTER TYPE page_processing_status RENAME VALUE 'Complete' TO 'Fertig';
:look;
SELECT remedy FROM (:look) x WHERE check_name = 'columns_and_labels' \gset
\o /dev/null
:remedy
\o
:look;
ALTER TABLE contacts ALTER COLUMN page_id TYPE text, DROP CONSTRAINT contacts_page_id_fkey;
:look;
SELECT remedy FROM (:look) x WHERE check_name = 'columns_and_labels' \gset
\o /dev/null
:remedy
\o
:look;

--
-- Indexes
--
DROP INDEX pages_wf_ready_idx;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pages_wf_ready_idx'::regclass;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
DROP INDEX contacts_domain_id_email_key;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;

--
-- The queue
--
INSERT INTO domains (id, domain) VALUES ('00000000-0000-0000-0000-000000000001', 'a.example');
INSERT INTO pages (id, domain_id, url, updated_at)
	SELECT ('00000000-0000-0000-0000-00000000010' || n)::uuid, '00000000-0000-0000-0000-000000000001',
		'https://a.example/' || n, '2020-01-01 00:00Z'
	FROM generate_series(1, 5) n;
SET session_replication_role = replica;
UPDATE pages SET page_curation_status = 'Selected' WHERE url LIKE '%1';
UPDATE pages SET page_processing_status = 'Queued', page_processing_error = 'later' WHERE url LIKE '%2';
UPDATE pages SET page_processing_status = 'Processing' WHERE url LIKE '%3';
UPDATE pages SET page_processing_status = 'Error' WHERE url LIKE '%4';
UPDATE pages SET page_processing_status = 'Processing' WHERE url LIKE '%5';
RESET session_replication_role;
INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
	SELECT 'page', id, 1, 7, 2147483647, now(), now(), now() + '1 hour' FROM pages WHERE url LIKE '%5';
:look;
SELECT * FROM wf_pipeline;
SELECT * FROM wf_progress;
SELECT remedy FROM (:look) x WHERE remedy LIKE 'UPDATE%' \gset
\o /dev/null
:remedy
\o
SELECT * FROM (SELECT DISTINCT remedy FROM (:look) x) y;
SELECT DISTINCT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
SELECT stage, status, count, oldest IS NULL AS no_oldest, next_due IS NULL AS no_due FROM wf_pipeline;
INSERT INTO wf_claim (stage, item, attempt, token, worker_pid, worker_started, claimed_at, lease_until)
	VALUES ('page', '00000000-0000-0000-0000-000000000999', 1, 7, 0, '-infinity', now(), now() - interval '1 hour');
:look;
DELETE FROM wf_claim;
UPDATE pages SET page_curation_status = 'New', page_processing_status = NULL;

--
-- Results
--
INSERT INTO wf_attempt (stage, item, attempt, url, started_at, finished_at, outcome, contacts, error)
	SELECT 'page', gen_random_uuid(), 1, 'https://a.example/', now() - interval '1 s', now(),
		CASE WHEN n <= 21 THEN 'ok' ELSE 'timeout' END, 0, CASE WHEN n > 21 THEN 'late' END
	FROM generate_series(1, 24) n;
:look;
SELECT outcome, contacts, count(*), min(took) FROM wf_attempts GROUP BY 1, 2 ORDER BY 1;
UPDATE wf_attempt SET outcome = 'ok', contacts = 1;
:look;
-- what had not changed has not failed; what is no page has no contacts
UPDATE wf_attempt SET outcome = 'not_modified';
:look;
UPDATE wf_attempt SET outcome = 'ok', contacts = 0, stage = 'sitemap_file';
:look;
UPDATE wf_attempt SET contacts = 1, stage = 'page';
UPDATE wf_attempt SET finished_at = now() - interval '8 days', contacts = 0;
SELECT check_name, status, regexp_replace(detail, '\d\S+ \S+\d,', 'TIME,'), remedy FROM (:look) x;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
INSERT INTO pages (url, page_curation_status, page_processing_status)
	SELECT 'https://b.example/' || n, 'Selected', 'Complete' FROM generate_series(1, 21) n;
INSERT INTO contacts (email) VALUES ('notfound_1@b.example');
:look;
INSERT INTO contacts (email) VALUES ('info@b.example');
:look;
DELETE FROM pages;

-- Times without zone are UTC, in whatever zone one asks
ALTER TABLE local_businesses ALTER updated_at TYPE timestamp USING timezone('UTC', updated_at);
SET session_replication_role = replica;
INSERT INTO local_businesses (business_name, website_url, status, domain_extraction_status, updated_at)
	VALUES ('A', 'https://a.example', 'Selected', 'Queued', timezone('UTC', now()));
SET TimeZone = 'Asia/Tokyo';
:look;
UPDATE local_businesses SET updated_at = timezone('UTC', now()) - interval '3 minutes';
SET TimeZone = 'America/Los_Angeles';
:look;
RESET TimeZone;
RESET session_replication_role;
DELETE FROM local_businesses;
ALTER TABLE local_businesses ALTER updated_at TYPE timestamptz USING timezone('UTC', updated_at);

-- Contacts on the list, stored behind the trigger's back; by address, domain, hash
SELECT wf_suppress('one@c.example'), wf_suppress('d.example'), wf_suppress(encode(sha256('two@c.example'), 'hex'));
:look;
SET session_replication_role = replica;
INSERT INTO contacts (id, email) SELECT ('00000000-0000-0000-0000-00000000050' || n)::uuid, e
	FROM unnest(ARRAY['One@C.example', 'any@sub.d.example', 'two@c.example', 'free@c.example', NULL]) WITH ORDINALITY u(e, n);
RESET session_replication_role;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
SELECT email FROM contacts WHERE email LIKE '%c.example';
DELETE FROM wf_suppression;

-- Sites that are left alone for long; a short pause is no fault
INSERT INTO wf_host (key, site, not_before, delay_ms, slow_ms, failures, openings) VALUES
	(1, 'short.example', now() + interval '10 minutes', 0, 0, 10, 1);
:look;
INSERT INTO wf_host (key, site, not_before, delay_ms, slow_ms, failures, openings) VALUES
	(2, 'busy.example', now() + interval '1 hour', 0, 0, 0, 0),
	(3, 'dead.example', now() + interval '121 minutes', 0, 0, 10, 6);
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
DELETE FROM wf_host;
:look;
-- One item requested again and again; retries of one request are no fault
SET session_replication_role = replica;
INSERT INTO pages (id, url, page_curation_status, page_processing_status)
	SELECT ('00000000-0000-0000-0000-00000000060' || n)::uuid, 'https://again.example/' || n, 'Selected', 'Complete'
	FROM generate_series(1, 2) n;
RESET session_replication_role;
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome, contacts)
	SELECT 'page', '00000000-0000-0000-0000-000000000601', n, now(), now(), 'ok', 1 FROM generate_series(1, 100) n;
:look;
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome, contacts)
	SELECT 'page', '00000000-0000-0000-0000-000000000602', 1, t, t, 'ok', 1
	FROM generate_series(0, 22, 2) n, LATERAL (SELECT now() - n * interval '1 minute') l(t);
:look;
-- It was every two minutes: when nothing came for more than seven, that has ended …
UPDATE wf_attempt SET finished_at = finished_at - interval '6 minutes' WHERE attempt = 1;
:look;
UPDATE wf_attempt SET finished_at = finished_at - interval '2 minutes' WHERE attempt = 1;
:look;
-- … or is taken back, or deleted
UPDATE wf_attempt SET finished_at = now() WHERE attempt = 1;
UPDATE pages SET page_processing_status = 'Queued' WHERE url ~ 'again.*2';
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ 'again.*2';
:look;
DELETE FROM pages WHERE url ~ 'again';
:look;
DELETE FROM wf_attempt;
:look;

-- What dies again and again
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome, contacts)
	SELECT 'page', '00000000-0000-0000-0000-000000000603', n, now(), now(), 'crash', 0 FROM generate_series(1, 2) n;
:look;
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome, contacts)
	VALUES ('sitemap_file', '00000000-0000-0000-0000-000000000604', 3, now(), now(), 'worker', 0);
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
UPDATE wf_attempt SET finished_at = now() - interval '2 hours';
:look;
DELETE FROM wf_attempt;
INSERT INTO pages (id, url, page_curation_status, page_processing_status, page_processing_error)
	VALUES ('00000000-0000-0000-0000-000000000605', 'https://e.example/', 'Selected', 'Queued', 'the worker ended');
INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before, deaths_alone)
	VALUES ('page', '00000000-0000-0000-0000-000000000605', 1, 0, now(), now() + interval '1 hour', 1);
:look;
UPDATE wf_claim SET deaths_alone = 2;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
SELECT page_processing_status FROM pages WHERE id = '00000000-0000-0000-0000-000000000605';
DELETE FROM wf_claim;
:look;
DELETE FROM pages;

--
-- New rows
--
ALTER TABLE pages ALTER page_curation_status SET DEFAULT 'Selected', ALTER page_processing_status SET DEFAULT 'Queued';
ALTER TABLE domains ALTER sitemap_analysis_status SET DEFAULT 'queued';
:look;
SELECT string_agg(remedy, ' ' ORDER BY remedy) AS remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
CREATE DOMAIN choice AS text DEFAULT 'Selected';
ALTER TABLE sitemap_files ALTER deep_scrape_curation_status DROP DEFAULT, ALTER deep_scrape_curation_status TYPE choice;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
ALTER TABLE contacts ALTER id DROP DEFAULT, ALTER created_at DROP DEFAULT;	-- these are made for it
ALTER TABLE contacts ADD run_id uuid NOT NULL DEFAULT gen_random_uuid(), ADD region text NOT NULL DEFAULT '', ADD tenant_id int NOT NULL DEFAULT 0;
ALTER TABLE contacts ALTER run_id DROP DEFAULT, ALTER region DROP DEFAULT, ALTER tenant_id DROP DEFAULT;
ALTER TABLE pages ADD tenant_id int NOT NULL;
ALTER TABLE sitemap_files ADD tenant_id int NOT NULL;
:look;
ALTER TABLE domains ADD tenant_id int NOT NULL DEFAULT 0;
ALTER TABLE domains ALTER tenant_id DROP DEFAULT;
ALTER TABLE local_businesses ADD tenant_id int;
:look;
SELECT string_agg(remedy, ' ' ORDER BY remedy) AS remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
ALTER TABLE contacts ALTER run_id DROP DEFAULT;
CREATE FUNCTION gives_id() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.run_id := gen_random_uuid(); RETURN NEW; END';
CREATE TRIGGER a_gives_id BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION gives_id();
SELECT check_name, status FROM (:look) x WHERE check_name = 'new_rows';
DROP FUNCTION gives_id() CASCADE;
ALTER TABLE contacts ALTER id SET DEFAULT gen_random_uuid(), ALTER created_at SET DEFAULT now(), DROP run_id, DROP region, DROP tenant_id;
ALTER TABLE pages DROP tenant_id;
ALTER TABLE sitemap_files DROP tenant_id;
ALTER TABLE domains DROP tenant_id;
ALTER TABLE local_businesses DROP tenant_id;

--
-- Settings of the operator
--
SELECT wf_pause('page');
SELECT check_name, status, detail ~ '^Stage "page" was paused by role ".*" at 20\d\d-.*\.$', remedy FROM (:look) x;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'wf_curation';
:look;
UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'wf_curation';
SET client_min_messages = error;
CREATE SUBSCRIPTION wf_test_health CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
INSERT INTO pg_subscription_rel SELECT oid, 'pages'::regclass, 'r', NULL FROM pg_subscription WHERE subname = 'wf_test_health';
SET client_min_messages = warning;
SELECT check_name, status, detail, remedy FROM (:look) x;
DROP SUBSCRIPTION wf_test_health;
SELECT check_name, status, detail, remedy FROM (:look) x;

--
-- Rights
--
GRANT EXECUTE ON FUNCTION wf_heal() TO PUBLIC;
GRANT SELECT, INSERT ON wf_claim TO PUBLIC;
GRANT SELECT ON wf_attempts TO PUBLIC;
GRANT SELECT, UPDATE ON pages TO PUBLIC;
:look;
SELECT string_agg(remedy, ' ' ORDER BY remedy) AS remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
REVOKE EXECUTE ON FUNCTION wf_extract_contacts(text, text) FROM PUBLIC;
:look;
GRANT EXECUTE ON FUNCTION wf_extract_contacts(text, text) TO PUBLIC;
REVOKE SELECT ON pages FROM PUBLIC;
:look;
CREATE ROLE regress_wf_health_owner;
CREATE ROLE regress_wf_health_monitor IN ROLE pg_monitor;
CREATE ROLE regress_wf_health_nobody;
CREATE FUNCTION harmless() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
ALTER FUNCTION harmless() OWNER TO regress_wf_health_owner;
CREATE TRIGGER aa BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION harmless();
SELECT check_name, status, replace(detail, current_user, 'SUPERUSER'), remedy FROM (:look) x;
DROP FUNCTION harmless() CASCADE;
ALTER TABLE pages OWNER TO regress_wf_health_owner;
ALTER TABLE contacts OWNER TO regress_wf_health_owner;
:look;
REVOKE INSERT, SELECT ON contacts FROM regress_wf_health_owner;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
:look;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
:look;
ALTER TABLE pages FORCE ROW LEVEL SECURITY;
:look;
-- Code of the owner runs as the owner, who cannot become anybody else.
CREATE FUNCTION policy() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'a policy runs as %', current_user;
	RESET ROLE;
	RETURN true;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '%', SQLERRM;
	PERFORM set_config('search_path', 'nowhere', false);
	RETURN true;
END $$;
CREATE POLICY all_rows ON pages USING (policy());
SET row_security = on;
INSERT INTO pages (url, page_curation_status) VALUES ('https://c.example/', 'Selected');
SET ROLE regress_wf_health_monitor;
SELECT stage, status, count FROM wf_pipeline;
SHOW search_path;
SELECT * FROM pages;
SELECT * FROM wf_attempts;
SELECT count(*) FROM wf_workers;
RESET ROLE;
DROP POLICY all_rows ON pages;
SELECT remedy FROM (:look) x WHERE check_name = 'row_level_security' \gset
\o /dev/null
:remedy
\o
SET ROLE regress_wf_health_monitor;
:look;
SELECT * FROM wf_pipeline WHERE count = 0;
SELECT stage, done, total, rate, eta FROM wf_progress;
SET ROLE regress_wf_health_nobody;
SELECT * FROM wf_health();
SELECT * FROM wf_pipeline;
SELECT * FROM wf_pipeline();
SELECT * FROM wf_workers;
SELECT * FROM wf_progress;
RESET ROLE;

--
-- Partitions; a table that nothing can be told about
--
SELECT count(*) > 0 FROM wf_detach();
CREATE TABLE parted (id uuid, domain_id uuid, url text, page_curation_status text,
	page_processing_status text, page_processing_error text) PARTITION BY LIST (url);
CREATE TABLE part1 PARTITION OF parted FOR VALUES IN ('a');
ALTER TABLE parted OWNER TO regress_wf_health_owner; ALTER TABLE part1 OWNER TO regress_wf_health_owner;
SELECT count(*) > 0 FROM wf_attach(pages => 'parted', contacts => 'contacts');
ALTER TABLE part1 DISABLE TRIGGER zz_wf_curation;
:look;
SELECT remedy FROM (:look) x \gset
\o /dev/null
:remedy
\o
:look;
INSERT INTO parted (id, url, page_curation_status, page_processing_status) VALUES (gen_random_uuid(), 'a', 'Selected', 'Imported');
SELECT * FROM wf_pipeline;
DROP INDEX parted_wf_ready_idx;
:look;
DROP TABLE parted;
SELECT count(*) FROM wf_pipeline;
SELECT count(*) FROM wf_progress;

-- In a transaction that only reads, and in one that failed a moment ago.
BEGIN READ ONLY;
SELECT count(*) > 20 FROM wf_health();
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO s;
SELECT count(*) > 20 FROM wf_health();
COMMIT;

\c :regress_db
DROP DATABASE wf_test_health WITH (FORCE);
DROP ROLE regress_wf_health_owner, regress_wf_health_monitor, regress_wf_health_nobody;
