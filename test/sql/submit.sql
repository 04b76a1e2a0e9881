--
-- Entry points: domains, pages and sitemap files handed in by people.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_submit TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\c wf_test_submit
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;
INSERT INTO domains (domain) VALUES ('https://Old.example/');

-- each input has its outcome, in its place; one bad one fails nobody
SELECT input, id IS NOT NULL AS has_id, outcome, detail FROM wf_submit_domains(ARRAY[
	'https://WWW.One.example/x', 'one.example', 'old.example', 'bücher.example', NULL, ' ', 'no site',
	'info@x.example', '192.0.2.1', 'localhost', 'www.facebook.com']);
SELECT domain, sitemap_curation_status, sitemap_analysis_status FROM domains ORDER BY domain COLLATE "C";

SELECT input, id IS NOT NULL AS has_id, outcome, detail FROM wf_submit_pages(ARRAY[
	'https://www.one.example/contact#top', 'HTTPS://www.one.example:443/contact', 'two.example/kontakt',
	'http://127.0.10.1:8080/x', 'http://192.0.2.1/x', 'ftp://one.example/x', 'http://', NULL,
	'ann@one.example', 'mailto:ann@one.example', 'one.example/@ann', 'https://ann@one.example/x']);
SELECT d.domain, p.url, p.page_curation_status, p.page_processing_status
FROM pages p JOIN domains d ON d.id = p.domain_id ORDER BY p.url COLLATE "C";

-- again, selecting at once
SELECT outcome, detail FROM wf_submit_pages(ARRAY['https://www.one.example/contact', 'https://three.example/'], true);
SELECT outcome, detail FROM wf_submit_sitemaps(ARRAY['https://three.example/sitemap.xml'], select_now => true);
SELECT outcome, detail FROM wf_submit_domains(ARRAY['three.example'], true);
SELECT url, page_processing_status FROM pages ORDER BY url COLLATE "C";
SELECT url, deep_scrape_curation_status, sitemap_import_status FROM sitemap_files;
SELECT sitemap_curation_status, sitemap_analysis_status FROM domains WHERE domain = 'three.example';

-- a constraint refuses one of them
ALTER TABLE pages ADD CHECK (url !~ 'refused');
SELECT input, outcome, detail FROM wf_submit_pages(ARRAY['four.example/a', 'four.example/refused', 'four.example/b']);

-- what a row needs besides is copied from its domain, or said to be missing
ALTER TABLE pages ADD tenant int;
ALTER TABLE domains ADD tenant int;
UPDATE domains SET tenant = 7;
UPDATE pages SET tenant = 7;
ALTER TABLE pages ALTER tenant SET NOT NULL;
ALTER TABLE domains ALTER tenant SET NOT NULL;
SELECT input, outcome, detail FROM wf_submit_pages(ARRAY['one.example/y', 'new.example/y']);
SELECT tenant FROM pages WHERE url = 'https://one.example/y';

-- with the rights of the caller
CREATE ROLE regress_wf_submit;
GRANT EXECUTE ON FUNCTION wf_submit_pages(text[], boolean) TO regress_wf_submit;
SET ROLE regress_wf_submit;
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/z']);
RESET ROLE;
GRANT SELECT, INSERT ON pages TO regress_wf_submit;
GRANT SELECT ON domains TO regress_wf_submit;
SET ROLE regress_wf_submit;
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/z']);
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/z', 'other.example/z']);
RESET ROLE;
-- what a policy says is of a row
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON pages FOR SELECT USING (true);
CREATE POLICY writing ON pages FOR INSERT WITH CHECK (url !~ 'secret');
SET ROLE regress_wf_submit;
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/open', 'one.example/secret']);
RESET ROLE;
ALTER TABLE pages DISABLE ROW LEVEL SECURITY;
DROP POLICY reading ON pages;
DROP POLICY writing ON pages;
-- what a trigger passes over has a reason, too
CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER pass_over BEFORE INSERT ON pages FOR EACH ROW WHEN (NEW.url ~ 'over') EXECUTE FUNCTION pass_over();
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/over', 'one.example/stored'], true);
DROP TRIGGER pass_over ON pages;
-- a transaction that may not write is no fault of a row
BEGIN READ ONLY;
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/r']);
ROLLBACK;
-- an error ends its transaction, and nothing of that is left behind
SET default_transaction_read_only = on;
SELECT outcome, detail FROM wf_submit_pages(ARRAY['one.example/r']);
SET default_transaction_read_only = off;
CREATE FUNCTION cancelled() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN RAISE 'as if cancelled' USING ERRCODE = 'query_canceled'; END $$;
CREATE TRIGGER cancelled BEFORE INSERT ON domains FOR EACH ROW EXECUTE FUNCTION cancelled();
SELECT outcome, detail FROM wf_submit_pages(ARRAY['cancelled.example/r']);
INSERT INTO local_businesses (website_url, status) VALUES ('cancelled.example', 'Selected');
DROP TRIGGER cancelled ON domains;
SELECT count(*) FROM local_businesses;
DROP OWNED BY regress_wf_submit;
DROP ROLE regress_wf_submit;

SELECT count(*) FROM wf_submit_pages('{}');
SELECT outcome, count(*) FROM wf_submit_pages(ARRAY(SELECT 'one.example/' || i % 3000 FROM generate_series(1, 4000) i)) GROUP BY 1 ORDER BY 1;
SELECT wf_detach() IS NOT NULL AS detached LIMIT 1;
SELECT wf_submit_domains('{x.example}');

\c :regress_db
DROP DATABASE wf_test_submit WITH (FORCE);
