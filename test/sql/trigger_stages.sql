--
-- The dual-status rule of domains and sitemap_files, as trigger.sql has it for pages.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_trigger_stages;
\c wf_test_trigger_stages
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;

CREATE VIEW show AS
	SELECT * FROM (
		SELECT 'domain', domain, sitemap_curation_status, sitemap_analysis_status::text,
			sitemap_analysis_error FROM domains
		UNION ALL
		SELECT 'sitemap_file', url, deep_scrape_curation_status, sitemap_import_status::text,
			sitemap_import_error FROM sitemap_files
	) s (stage, name, curation, processing, error)
	ORDER BY stage, name COLLATE "C";

--
-- 1. Curation becomes Selected: from every processing status, and the error is cleared.
--
ALTER TABLE domains DISABLE TRIGGER zz_wf_curation;
INSERT INTO domains (domain, sitemap_analysis_status, sitemap_analysis_error)
	SELECT coalesce('1' || s, '1null'), s, 'old failure'
	FROM unnest(array_append(enum_range(NULL::sitemap_analysis_status), NULL)) s;
ALTER TABLE domains ENABLE TRIGGER zz_wf_curation;
ALTER TABLE sitemap_files DISABLE TRIGGER zz_wf_curation;
INSERT INTO sitemap_files (url, sitemap_import_status, sitemap_import_error)
	SELECT coalesce('1' || s, '1null'), s, 'old failure'
	FROM unnest(array_append(enum_range(NULL::sitemap_import_status), NULL)) s;
ALTER TABLE sitemap_files ENABLE TRIGGER zz_wf_curation;
SELECT * FROM show;
UPDATE domains SET sitemap_curation_status = 'Selected';
UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected';
SELECT * FROM show;

--
-- 2. INSERT with Selected: queued, but an explicit processing status is kept.
--
INSERT INTO domains (domain, sitemap_curation_status, sitemap_analysis_status) VALUES
	('2a', 'Selected', NULL), ('2b', 'Selected', 'submitted'), ('2c', 'Selected', 'failed');
INSERT INTO sitemap_files (url, deep_scrape_curation_status, sitemap_import_status) VALUES
	('2a', 'Selected', NULL), ('2b', 'Selected', 'Complete'), ('2c', 'Selected', 'Error');
SELECT * FROM show WHERE name LIKE '2%';

--
-- 3. No write leaves Selected with NULL; another curation queues nothing.
--
UPDATE domains SET sitemap_analysis_status = NULL;
UPDATE sitemap_files SET sitemap_import_status = NULL;
INSERT INTO domains (domain, sitemap_curation_status) VALUES ('3a', 'Maybe'), ('3b', 'Archived');
INSERT INTO sitemap_files (url, deep_scrape_curation_status) VALUES ('3a', 'Maybe'), ('3b', 'Archived');
SELECT stage, curation, processing, count(*) FROM show GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

\c :regress_db
DROP DATABASE wf_test_trigger_stages;
