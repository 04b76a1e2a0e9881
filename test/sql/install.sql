--
-- CREATE EXTENSION and DROP EXTENSION: fresh tables, existing tables, restore.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_install;
\c wf_test_install

-- fresh
CREATE EXTENSION wf_curation;
SELECT wf_version();
SELECT table_name, string_agg(column_name || ' ' || udt_name
	|| CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
	|| coalesce(' default ' || column_default, ''), E'\n' ORDER BY ordinal_position) AS columns
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'wf\_%'
GROUP BY table_name ORDER BY table_name COLLATE "C";
SELECT t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) AS labels
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname ORDER BY t.typname COLLATE "C";
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'wf\_%'
ORDER BY indexdef COLLATE "C";
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conrelid::regclass::text COLLATE "C", pg_get_constraintdef(oid) COLLATE "C";
SELECT tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'zz_wf%'
ORDER BY tgrelid::regclass::text COLLATE "C";

-- the tables and types are the user's own; the extension owns nothing of theirs
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'wf_curation')
	AND classid IN ('pg_class'::regclass, 'pg_type'::regclass)
	AND pg_describe_object(classid, objid, 0) !~ '\mwf_';
-- trigger and index go with it, without CASCADE
SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'x'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'wf_curation')
ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C";

-- everything is described, nothing is executable by PUBLIC but extraction
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass
	AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'wf_curation' AND (obj_description(p.oid, 'pg_proc') IS NULL
	OR (p.proname <> 'wf_extract_contacts' AND has_function_privilege('public', p.oid, 'EXECUTE')));
SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
	AND c.relkind IN ('r', 'p', 'v') AND obj_description(c.oid, 'pg_class') IS NULL;
SELECT c.oid::regclass FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass
	AND d.objid = c.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'wf_curation' AND c.relkind IN ('r', 'p')
	AND (has_table_privilege('public', c.oid, 'SELECT') OR has_table_privilege('public', c.oid, 'INSERT'));

-- it works
INSERT INTO domains (id, domain) VALUES ('00000000-0000-0000-0000-00000000000d', 'site.example');
INSERT INTO pages (id, domain_id, url) VALUES
	('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000d', 'https://site.example/');
UPDATE pages SET page_curation_status = 'Selected';
SELECT url, page_curation_status, page_processing_status FROM pages;
INSERT INTO contacts (domain_id, page_id, email) SELECT domain_id, id, 'Info@Site.example' FROM pages;
INSERT INTO contacts (domain_id, page_id, email) SELECT domain_id, id, 'info@site.example' FROM pages
	ON CONFLICT (domain_id, lower(email)) DO NOTHING;
SELECT email FROM contacts;

-- dropped: every table, column and row stays; created again: attached again
ALTER TABLE pages ADD COLUMN note text DEFAULT 'my own';
DROP EXTENSION wf_curation;
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
ORDER BY relname COLLATE "C";
SELECT url, page_curation_status, page_processing_status, note FROM pages;
SELECT email FROM contacts;
SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal;
SELECT count(*) FROM pg_class WHERE relname = 'pages_wf_ready_idx';
UPDATE pages SET page_curation_status = 'New', page_processing_status = NULL;
CREATE EXTENSION wf_curation;
UPDATE pages SET page_curation_status = 'Selected';
SELECT url, page_curation_status, page_processing_status, note FROM pages;
SELECT part, table_name, action, detail FROM wf_attach();

-- a user may drop what is hers while the extension stays
DROP TABLE contacts;
SELECT part, table_name, action, detail FROM wf_attach();
DROP EXTENSION wf_curation;
DROP TABLE pages, sitemap_files, domains, local_businesses;

-- the enums that are left are used again
CREATE EXTENSION wf_curation;
SELECT count(*) FROM pg_type WHERE typtype = 'e';
DROP EXTENSION wf_curation;
DROP TABLE contacts, pages, sitemap_files, domains, local_businesses;

-- a type of the name without our labels: ours is called otherwise
ALTER TYPE page_curation_status RENAME VALUE 'Archived' TO 'Gone';
CREATE EXTENSION wf_curation;
SELECT atttypid::regtype FROM pg_attribute
WHERE attrelid = 'pages'::regclass AND attname = 'page_curation_status';
DROP EXTENSION wf_curation;
DROP TABLE contacts, pages, sitemap_files, domains, local_businesses;
DROP TYPE wf_page_curation_status;
ALTER TYPE page_curation_status RENAME VALUE 'Gone' TO 'Archived';

-- in another schema, with an odd name; enums of public are used
CREATE SCHEMA "Odd Schema";
CREATE EXTENSION wf_curation SCHEMA "Odd Schema";
SELECT relname FROM pg_class WHERE relnamespace = '"Odd Schema"'::regnamespace AND relkind = 'r'
	AND relname NOT LIKE 'wf\_%' ORDER BY relname COLLATE "C";
SELECT count(*) FROM pg_type WHERE typnamespace = '"Odd Schema"'::regnamespace AND typtype = 'e';
INSERT INTO "Odd Schema".pages (url, page_curation_status) VALUES ('https://site.example/', 'Selected');
SELECT url, page_processing_status FROM "Odd Schema".pages;
SELECT part, table_name, action, detail FROM "Odd Schema".wf_attach();
DROP EXTENSION wf_curation;

-- one table of the name with the columns: attached where it is, and no second one made
CREATE EXTENSION wf_curation;
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_wf_curation' ORDER BY tgrelid::regclass::text COLLATE "C";
SELECT to_regclass('public.pages'), to_regclass('public.domains');
DROP EXTENSION wf_curation;

-- several: left alone, and said so
CREATE TABLE pages (LIKE "Odd Schema".pages);
CREATE EXTENSION wf_curation;
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_wf_curation' ORDER BY tgrelid::regclass::text COLLATE "C";
SELECT wf_attach();
SELECT part, table_name, action FROM wf_attach(pages => '"Odd Schema".pages');
DROP EXTENSION wf_curation;

-- another table of the name that is something else does not matter
DROP TABLE pages;
CREATE TABLE pages (id int, title text);
CREATE EXTENSION wf_curation;
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_wf_curation' ORDER BY tgrelid::regclass::text COLLATE "C";
DROP EXTENSION wf_curation;

-- alone it is left alone
DROP SCHEMA "Odd Schema" CASCADE;
CREATE VIEW contacts AS SELECT 1 AS id;
CREATE EXTENSION wf_curation;
SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation';
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
	AND relname NOT LIKE 'wf\_%' ORDER BY relname COLLATE "C";
DROP EXTENSION wf_curation;
DROP VIEW contacts;
DROP TABLE pages, sitemap_files, domains, local_businesses;

-- so is one with the columns but without the labels, with the remedy
CREATE TYPE half AS ENUM ('Queued', 'Processing');
CREATE TABLE pages (id uuid, domain_id uuid, url text,
	page_curation_status page_curation_status, page_processing_status half);
CREATE EXTENSION wf_curation;
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_wf_curation';
DROP EXTENSION wf_curation;
DROP TABLE contacts, pages, sitemap_files, domains, local_businesses;

-- an object that is no table takes the name
CREATE TYPE pages AS (a int);
CREATE EXTENSION wf_curation;
DROP EXTENSION wf_curation;
DROP TYPE pages;
DROP TABLE contacts, sitemap_files, domains, local_businesses;

-- while a dump is restored nothing is created or attached
SET row_security = off;
SET xmloption = content;
CREATE EXTENSION wf_curation;
SELECT to_regclass('pages'), to_regclass('contacts');
DROP EXTENSION wf_curation;
RESET xmloption;
CREATE EXTENSION wf_curation;
SELECT to_regclass('pages'), to_regclass('contacts');
RESET row_security;

-- no leftovers, and no entry for anybody else
SELECT to_regprocedure('wf_install()');
\c :regress_db
DROP DATABASE wf_test_install;
