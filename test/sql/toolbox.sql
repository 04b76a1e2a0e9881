--
-- The scripts of the old service, each as the statement that the README gives
-- for it: read from there and run.  Then the diagnostic queries of its
-- documents, unchanged, where ../shared is beside the clone.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_toolbox;
\c wf_test_toolbox
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;
\pset format unaligned
\pset null NULL
INSERT INTO domains (id, domain) VALUES
	('00000000-0000-0000-0000-00000000000a', 'acme-widgets.com'), ('00000000-0000-0000-0000-00000000000b', 'dmos.com');
INSERT INTO pages (id, domain_id, url, page_curation_status, page_processing_status, page_processing_error) VALUES
	('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'https://acme-widgets.com/1', 'Selected', 'Complete', NULL),
	('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000a', 'https://acme-widgets.com/2', 'Selected', 'Error', 'HTTP status 404'),
	('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-00000000000a', 'https://acme-widgets.com/3', 'Selected', NULL, NULL),
	('00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-00000000000b', 'https://dmos.com/4', 'New', NULL, NULL);
INSERT INTO contacts (domain_id, page_id, email, name, phone_number, created_at)
	SELECT '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', 'person' || n || '@acme-widgets.com',
		'Person ' || n, '+12125550100', timestamptz '2026-01-01 00:00+00' + n * interval '1 day'
	FROM generate_series(1, 12) n;
INSERT INTO contacts (domain_id, page_id, email)
	VALUES ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000004', 'info@dmos.com');
UPDATE contacts SET created_at = '2025-12-31 00:00+00' WHERE email = 'info@dmos.com';

-- the table of the README: one statement for each script, none left out
\set readme `cat "$PG_ABS_SRCDIR/../README.md"`
CREATE TABLE toolbox AS
	SELECT m.ord, m.cell[1] AS script, m.cell[2] AS statement
	FROM regexp_matches(:'readme', '^\| (\w+\.py) \| `([^`]+)` \|$', 'gn') WITH ORDINALITY m(cell, ord);
SELECT script FROM toolbox ORDER BY ord;
SELECT statement FROM toolbox ORDER BY ord \gexec
-- what the two that write have left
SELECT url, page_processing_status, page_processing_error FROM pages ORDER BY url;
SELECT count(*) FROM contacts WHERE email = 'info@dmos.com';

-- the queries of the old documents; toolbox_1.out is for where they are not there
\set seed `cat "$PG_ABS_SRCDIR"/../../shared/seeds/001_*.txt 2>/dev/null`
SELECT btrim(m.cell[1], E' \n\r') AS query
FROM regexp_matches(:'seed', '```sql\r?\n([^`]+)```', 'g') WITH ORDINALITY m(cell, ord) ORDER BY ord \gexec
SELECT 'skipped: no ../shared/seeds beside the clone' AS message WHERE :'seed' = '';

\c :regress_db
DROP DATABASE wf_test_toolbox;
