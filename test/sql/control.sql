--
-- wf_set_page_status(), wf_retry(), wf_retry_errors(), wf_cancel(), wf_pause(), wf_resume(),
-- wf_prioritize()
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_control;
\c wf_test_control
CREATE EXTENSION wf_curation;
CREATE FUNCTION id(n int) RETURNS uuid IMMUTABLE LANGUAGE sql
	AS $$ SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION ids(VARIADIC n int[]) RETURNS uuid[] IMMUTABLE LANGUAGE sql
	AS $$ SELECT array_agg(id(i)) FROM unnest(n) i $$;
CREATE FUNCTION show() RETURNS TABLE (n int, curation text, processing text, error text, touched boolean)
LANGUAGE sql AS $$
	SELECT right(id::text, 12)::int, page_curation_status, page_processing_status, page_processing_error,
		updated_at > '2001-01-01'
	FROM pages ORDER BY id
$$;
CREATE FUNCTION reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE pages CASCADE;
	ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
	INSERT INTO pages (id, url, page_curation_status, page_processing_status, page_processing_error, updated_at)
	SELECT id(v.n), v.n, v.c::page_curation_status, v.p::page_processing_status, v.e, '2000-01-01'
	FROM (VALUES (1, 'New', NULL, NULL), (2, 'Selected', 'Queued', NULL), (3, 'Selected', 'Queued', 'waits'),
		(4, 'Selected', 'Processing', NULL), (5, 'Selected', 'Complete', NULL), (6, 'Selected', 'Error', 'gone'),
		(7, 'Archived', 'Error', 'gone'), (8, 'New', 'Queued', NULL), (9, 'Queued', 'Processing', NULL),
		(10, 'Archived', 'Filtered', NULL)) v (n, c, p, e);
	ALTER TABLE pages ENABLE TRIGGER zz_wf_curation;
END $$;

-- Selected queues anew from every state; unknown ids do not count
SET client_min_messages = warning;
SELECT reset();
SELECT * FROM wf_set_page_status(ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 'Selected');
SELECT * FROM show();
SELECT reset();
SELECT * FROM wf_set_page_status(ids(1, 4), 'Queued');
SELECT * FROM wf_set_page_status(ids(2, 3, 5, 6, 8), 'Archived');
SELECT * FROM wf_set_page_status(ids(7, 7, 7), 'new');
SELECT * FROM show();
SELECT * FROM wf_set_page_status('{}', 'Selected');
SELECT * FROM wf_set_page_status(ARRAY[id(1), NULL], 'New');
SELECT * FROM wf_set_page_status(ids(1), 'selcted');
SELECT * FROM wf_set_page_status(NULL, 'Selected');
SELECT * FROM wf_set_page_status(ids(1), NULL);

-- retry
SELECT reset();
SELECT wf_retry(ids(1, 5, 6));
SELECT * FROM show();
SELECT wf_retry();
SELECT wf_retry();
SELECT * FROM show();

-- retry by class of the last attempt, or by the text
CREATE FUNCTION fail(n int, attempt int, class text, error text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome, error)
		VALUES ('page', id(n), attempt, now(), now(), class, error);
	UPDATE pages SET page_processing_status = 'Error', page_processing_error = error WHERE id = id(n);
$$;
SELECT reset();
SELECT fail(v.n, v.a, v.c, v.e) FROM (VALUES (1, 1, 'http_server', 'HTTP status 503'), (1, 2, 'timeout', 'timed out'),
	(2, 1, 'timeout', 'timed out'), (2, 2, 'http_server', 'HTTP status 503'), (3, 1, 'robots', 'robots.txt disallows it'),
	(4, 1, 'http_server', 'HTTP status 502')) v (n, a, c, e);
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome) VALUES ('domain', id(3), 1, now(), now(), 'timeout');
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome) VALUES ('page', id(5), 1, now(), now(), 'timeout');
SELECT wf_retry_errors('timeout');
SELECT * FROM show() WHERE n <= 5;
SELECT wf_retry_errors('http_server'), wf_retry_errors('http_server'), wf_retry_errors('robots', 'domain');
SELECT * FROM show() WHERE n <= 5;
SELECT wf_retry_errors('Robots%'), wf_retry_errors('%gone%'), wf_retry_errors('%');
SELECT wf_retry_errors('robots txt');
SELECT wf_retry_errors('ok');
SELECT wf_retry_errors(NULL);
SELECT wf_retry_errors('timeout', 'pages');
-- more than are looked up at once
INSERT INTO pages (id, url, page_processing_status, page_processing_error)
	SELECT id(n), 'many', 'Error', 'late' FROM generate_series(1001, 21003) n;
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome)
	SELECT 'page', id, 1, now(), now(), 'dns' FROM pages WHERE url = 'many';
SELECT wf_retry_errors('dns'), wf_retry_errors('dns');
SELECT page_processing_status, count(*) FROM pages WHERE url = 'many' GROUP BY 1;
DELETE FROM pages WHERE url = 'many';

-- cancel
SELECT reset();
SELECT wf_cancel(ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
SELECT * FROM show();
SELECT wf_cancel(ids(1, 2, 3));
SELECT wf_cancel(NULL);

-- pause and resume
SELECT wf_pause('page'), wf_pause('page');
SELECT stage, paused_by = session_user AS by_me, since <= now() AS since FROM wf_paused;
SELECT wf_resume('page'), wf_resume('page');
SELECT * FROM wf_paused;
SELECT wf_pause('pages');
SELECT wf_pause(NULL);
SELECT wf_resume(NULL);
SELECT wf_resume('');

-- what is to be taken first: ready items only, known ones, each once
SELECT reset();
CREATE FUNCTION wishes() RETURNS TABLE (stage text, n int, priority int) LANGUAGE sql AS $$
	SELECT stage, right(item::text, 12)::int, priority FROM wf_priority ORDER BY item
$$;
SELECT wf_prioritize('page', ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
SELECT * FROM wishes();
SELECT wf_prioritize('page', ids(8, 8) || NULL::uuid, 100);
SELECT * FROM wishes();
SELECT wf_prioritize('page', ids(8), 0), wf_prioritize('page', ids(8), 0), wf_prioritize('page', '{}');
SELECT * FROM wishes();
SELECT wf_prioritize('page', NULL);
SELECT wf_prioritize(NULL, ids(2));
SELECT wf_prioritize('local_business', ids(2));
SELECT wf_prioritize('page', ids(2), NULL);
SELECT wf_prioritize('page', ids(2), -1);
SELECT wf_prioritize('page', ids(2), 101);
SELECT wf_prioritize('sitemap_file', ids(2)), wf_prioritize('domain', ids(2));
SELECT wf_cancel(ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));

-- the same for the other stages
INSERT INTO domains (domain) VALUES ('one.example'), ('two.example');
UPDATE domains SET sitemap_analysis_status = 'failed', sitemap_analysis_error = 'gone';
SELECT wf_retry_stage('domain', ARRAY(SELECT id FROM domains WHERE domain = 'one.example'));
SELECT wf_retry_stage('domain');
UPDATE domains SET sitemap_curation_status = 'Selected' WHERE domain = 'one.example';
SELECT domain, sitemap_curation_status, sitemap_analysis_status, sitemap_analysis_error FROM domains ORDER BY 1;
SELECT wf_cancel_stage('domain', ARRAY(SELECT id FROM domains));
SELECT domain, sitemap_curation_status, sitemap_analysis_status FROM domains ORDER BY 1;
INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status)
	SELECT id, 'https://' || domain || '/sitemap.xml', 'Selected' FROM domains;
SELECT wf_cancel_stage('sitemap_file', ARRAY(SELECT id FROM sitemap_files));
SELECT deep_scrape_curation_status, sitemap_import_status FROM sitemap_files;
INSERT INTO local_businesses (business_name, website_url, status) VALUES ('A', 'nowhere', 'Selected');
SELECT domain_extraction_status, domain_extraction_error FROM local_businesses;
UPDATE local_businesses SET website_url = 'https://three.example', domain_extraction_status = 'Error';
SELECT wf_retry_stage('local_business');
SELECT domain_extraction_status, domain_extraction_error FROM local_businesses;
SELECT wf_retry_stage('pages');
SELECT wf_retry_stage(NULL);
SELECT wf_cancel_stage('domain', NULL);
SELECT wf_pause('domain'), wf_resume('domain'), wf_pause('sitemap_file'), wf_resume('sitemap_file');

-- the views show each stage that was used
SELECT stage, status, count FROM wf_pipeline WHERE count > 0 ORDER BY 1, 2;
SELECT stage, done, total FROM wf_progress ORDER BY stage;

-- as somebody with rights on the table and the functions only
CREATE ROLE regress_wf_operator;
GRANT SELECT, UPDATE ON pages TO regress_wf_operator;
SET ROLE regress_wf_operator;
SELECT wf_pause('page');
SELECT wf_retry();
RESET ROLE;
SET ROLE regress_wf_operator;
SELECT wf_retry_errors('timeout');
RESET ROLE;
GRANT EXECUTE ON FUNCTION wf_set_page_status, wf_retry, wf_retry_errors, wf_cancel, wf_pause, wf_resume TO regress_wf_operator;
SELECT reset();
INSERT INTO wf_attempt (stage, item, attempt, started_at, finished_at, outcome) VALUES ('page', id(7), 1, now(), now(), 'dns');
SET ROLE regress_wf_operator;
SELECT wf_retry_errors('dns'), wf_retry_errors('dns');
SELECT * FROM wf_attempts;
SELECT * FROM wf_set_page_status(ids(1), 'Selected');
SELECT wf_retry(ids(6));
SELECT wf_cancel(ids(2));
SELECT wf_pause('page');
RESET ROLE;
SELECT paused_by FROM wf_paused;
SET ROLE regress_wf_operator;
SELECT wf_resume('page');
SELECT * FROM wf_paused;
SELECT wf_prioritize('page', ids(8));
RESET ROLE;
GRANT EXECUTE ON FUNCTION wf_prioritize TO regress_wf_operator;
SET ROLE regress_wf_operator;
SELECT wf_prioritize('page', ids(8)), wf_prioritize('page', ids(8), 0), wf_prioritize('page', ids(8), 3);
SELECT * FROM wf_priority;
RESET ROLE;
SELECT * FROM wishes();
REVOKE SELECT ON pages FROM regress_wf_operator;
SET ROLE regress_wf_operator;
SELECT wf_prioritize('page', ids(8));
RESET ROLE;
GRANT SELECT ON pages TO regress_wf_operator;
REVOKE UPDATE ON pages FROM regress_wf_operator;
SET ROLE regress_wf_operator;
SELECT wf_retry();
SELECT wf_retry_errors('gone%');
SELECT * FROM wf_set_page_status(ids(1), 'Selected');
RESET ROLE;
-- row level security is the invoker's
GRANT UPDATE ON pages TO regress_wf_operator;
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON pages TO regress_wf_operator USING (url IN ('1', '2'));
SET ROLE regress_wf_operator;
SELECT * FROM wf_set_page_status(ids(1, 2, 3, 4), 'Selected');
RESET ROLE;
DROP OWNED BY regress_wf_operator;
DROP ROLE regress_wf_operator;
ALTER TABLE pages DISABLE ROW LEVEL SECURITY;

-- hostile operators in the search path are not used; triggers keep the caller's path
CREATE SCHEMA evil;
CREATE FUNCTION evil.equal(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.equal);
CREATE FUNCTION evil.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.equal);
CREATE TABLE audit (what text);
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN INSERT INTO audit VALUES (NEW.url); RETURN NEW; END';
CREATE TRIGGER audit AFTER UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION write_audit();
SELECT reset();
SET search_path = evil, pg_catalog, public;
SELECT * FROM wf_set_page_status(ids(1), 'Selected');
SELECT wf_retry(ids(6));
SELECT wf_retry_errors('dns');
SELECT wf_cancel(ids(2));
RESET search_path;
SELECT * FROM audit ORDER BY what;
DROP TRIGGER audit ON pages;

-- other labels, a text column, no error column, nothing attached
SELECT action FROM wf_detach() WHERE part = 'pages';
DROP TABLE contacts, pages;
SELECT * FROM wf_set_page_status(ids(1), 'Selected');
CREATE TYPE cur AS ENUM ('Maybe', 'Not a Fit', 'Selected');
CREATE TABLE pages (id uuid, domain_id uuid, url text, page_curation_status cur, page_processing_status text,
	updated_at timestamp);
SELECT part, action FROM wf_attach(pages => 'pages');
INSERT INTO pages (id) SELECT id(n) FROM generate_series(1, 3) n;
SELECT * FROM wf_set_page_status(ids(1, 2), 'selected');
SELECT * FROM wf_set_page_status(ids(3), 'not_a_fit');
SELECT * FROM wf_set_page_status(ids(3), 'New');
SELECT wf_cancel(ids(1, 3));
SELECT page_curation_status, page_processing_status,
	updated_at IS NOT NULL AS touched FROM pages ORDER BY id;
ALTER TABLE pages ALTER COLUMN page_curation_status SET DEFAULT 'Maybe';
UPDATE pages SET page_curation_status = 'Maybe' WHERE page_curation_status IS NULL;
ALTER TABLE pages ALTER COLUMN page_curation_status SET NOT NULL;
SELECT wf_cancel(ids(2));


\c :regress_db
DROP DATABASE wf_test_control;
