--
-- Import: COPY into a view finds or creates domains, pages and sitemap files.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_import TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\c wf_test_import
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;
RESET client_min_messages;
INSERT INTO domains (domain) VALUES ('https://Old.example/');

-- one bad row fails nobody, and is named
\copy wf_import_domains (domain) FROM stdin (FORMAT csv, HEADER)
domain
https://WWW.One.example/x
one.example
old.example
bücher.example
info@x.example

"two.example"
192.0.2.1
\.
SELECT domain, sitemap_curation_status, sitemap_analysis_status FROM domains ORDER BY domain COLLATE "C";

-- what is selected at once is queued, as if by hand; select_now is for each row
\copy wf_import_pages FROM stdin (FORMAT csv)
https://www.one.example/contact#top,t
HTTPS://www.one.example:443/contact,f
three.example/kontakt,
ftp://one.example/x,t
\.
SELECT d.domain, p.url, p.page_curation_status, p.page_processing_status
FROM pages p JOIN domains d ON d.id = p.domain_id ORDER BY p.url COLLATE "C";
\copy wf_import_sitemaps FROM stdin
https://one.example/sitemap.xml	t
https://four.example/sitemap.xml	f
\.
SELECT url, deep_scrape_curation_status, sitemap_import_status FROM sitemap_files ORDER BY url COLLATE "C";
SELECT count(*) FROM domains;

-- the view has no rows of its own, and takes nothing but rows
SELECT * FROM wf_import_pages;
UPDATE wf_import_pages SET select_now = true;
DELETE FROM wf_import_pages;

-- INSERT, in pieces larger than what is handed over at once
INSERT INTO wf_import_pages (url) SELECT 'one.example/' || i % 2000 FROM generate_series(1, 2500) i;
SELECT count(*) FROM pages;
INSERT INTO wf_import_pages (url) SELECT 'x' WHERE false;
INSERT INTO wf_import_pages (url) VALUES ('one.example/returned') RETURNING url, select_now;
-- not more than 100 complaints
\set VERBOSITY terse
INSERT INTO wf_import_domains (domain) SELECT 'no site' FROM generate_series(1, 1500);

-- what does not end well leaves nothing behind
BEGIN;
INSERT INTO wf_import_domains (domain) SELECT 'half-' || 1 / (1500 - i) || '.example' FROM generate_series(1, 1600) i;
ROLLBACK;
DO $$
BEGIN
	INSERT INTO wf_import_domains (domain) SELECT 'half-' || 1 / (20 - i) || '.example' FROM generate_series(1, 30) i;
EXCEPTION WHEN division_by_zero THEN
	INSERT INTO wf_import_domains (domain) VALUES ('whole.example');
END $$;
INSERT INTO wf_import_domains (domain) VALUES ('whole-2.example');
SELECT domain FROM domains WHERE domain ~ '^(half|whole)' ORDER BY domain;

-- one statement within another, of the same view and of another one
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.domain = 'outer.example' THEN
		INSERT INTO wf_import_domains (domain) VALUES ('inner.example'), ('no inner site');
		INSERT INTO wf_import_pages (url) VALUES ('inner.example/page');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER more AFTER INSERT ON domains FOR EACH ROW EXECUTE FUNCTION more();
INSERT INTO wf_import_domains (domain) VALUES ('outer.example'), ('no outer site'), ('last.example');
SELECT domain FROM domains WHERE domain ~ '^(outer|inner|last)' ORDER BY domain;
DROP TRIGGER more ON domains;
CREATE FUNCTION import_one(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO wf_import_domains (domain) VALUES ('by-function-' || $1);
	RETURN $1;
END $$;
INSERT INTO wf_import_domains (domain) SELECT import_one(i || '.example') FROM generate_series(1, 2) i;
SELECT count(*) FROM domains WHERE domain ~ '^([12]|by-function-[12])[.]example$';

-- a row that the table refuses
ALTER TABLE pages ADD CHECK (url !~ 'refused');
INSERT INTO wf_import_pages (url) VALUES ('five.example/a'), ('five.example/refused'), ('five.example/b');
SELECT url FROM pages WHERE url ~ 'five' ORDER BY 1;

-- with the rights of whoever imports
CREATE ROLE regress_wf_import;
SET ROLE regress_wf_import;
INSERT INTO wf_import_domains (domain) VALUES ('six.example');
RESET ROLE;
GRANT INSERT ON wf_import_domains TO regress_wf_import;
SET ROLE regress_wf_import;
INSERT INTO wf_import_domains (domain) VALUES ('six.example');
RESET ROLE;
GRANT SELECT, INSERT ON domains TO regress_wf_import;
SET ROLE regress_wf_import;
INSERT INTO wf_import_domains (domain) VALUES ('six.example');
RESET ROLE;
DROP OWNED BY regress_wf_import;
DROP ROLE regress_wf_import;

-- the trigger function serves its views only
CREATE TABLE t (domain text, select_now boolean);
CREATE TRIGGER t AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION wf_import_trigger('domains');
INSERT INTO t VALUES ('seven.example');
SELECT wf_detach() IS NOT NULL AS detached LIMIT 1;
INSERT INTO wf_import_domains (domain) VALUES ('seven.example');

\c :regress_db
DROP DATABASE wf_test_import WITH (FORCE);
