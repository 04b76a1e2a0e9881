--
-- wf_attach(), wf_detach() and wf_check() on tables as users have them.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_attach;
\c wf_test_attach
CREATE SCHEMA ext;
SET client_min_messages = warning;
CREATE EXTENSION wf_curation SCHEMA ext;
SELECT action FROM ext.wf_detach();
DROP TABLE ext.contacts, ext.pages, ext.sitemap_files, ext.domains, ext.local_businesses;
RESET client_min_messages;
SELECT part, table_name, action, detail FROM ext.wf_attach();

--
-- A table as the old service has it: types under other and quoted mixed-case
-- names, labels with blanks and other spellings, tenant_id, updated_at trigger.
--
CREATE SCHEMA "Odd Schema";
CREATE TYPE "Odd Schema"."PageCuration Enum" AS ENUM ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived');
CREATE TYPE "Odd Schema"."ProcessingStatus" AS ENUM ('Failed', 'Completed', 'Processing', 'Queued', 'Skipped');
CREATE TYPE scrape AS ENUM ('New', 'Contact Found', 'No Contact Found', 'Error', 'Not a Fit');
CREATE TABLE "Odd Schema"."Web pages" (
	tenant_id uuid NOT NULL,
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	domain_id uuid NOT NULL,
	url text NOT NULL,
	host text GENERATED ALWAYS AS (split_part(url, '/', 3)) STORED,
	page_curation_status "Odd Schema"."PageCuration Enum" NOT NULL DEFAULT 'New',
	page_processing_status "Odd Schema"."ProcessingStatus",
	page_processing_error text,
	contact_scrape_status scrape,
	updated_at timestamp DEFAULT now()
);
CREATE TABLE "Odd Schema"."People's ""contacts""" (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id uuid NOT NULL,
	domain_id uuid NOT NULL,
	page_id uuid NOT NULL REFERENCES "Odd Schema"."Web pages" ON DELETE CASCADE,
	email varchar(255) NOT NULL,
	name varchar(255), phone_number varchar(50),
	UNIQUE (domain_id, email)
);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := '2000-01-01'; RETURN NEW; END $$;
CREATE TRIGGER zz_updated_at BEFORE UPDATE ON "Odd Schema"."Web pages" FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO "Odd Schema"."Web pages" (tenant_id, domain_id, url, page_curation_status)
	SELECT gen_random_uuid(), gen_random_uuid(), 'https://a.example/' || g, 'Maybe' FROM generate_series(1, 3) g;

SELECT * FROM ext.wf_check('"Odd Schema"."Web pages"');
SELECT * FROM ext.wf_check('"Odd Schema"."People''s ""contacts"""');
SELECT * FROM ext.wf_attach(pages => '"Odd Schema"."Web pages"', contacts => '"Odd Schema"."People''s ""contacts"""');
SELECT * FROM ext.wf_attach(pages => '"Odd Schema"."Web pages"', contacts => '"Odd Schema"."People''s ""contacts"""');
SELECT * FROM ext.wf_attach();
SELECT * FROM ext.wf_check('"Odd Schema"."Web pages"');
SELECT indexdef FROM pg_indexes WHERE indexname LIKE '%wf_ready%';
SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = 'zz_wf_curation';
UPDATE "Odd Schema"."Web pages" SET page_curation_status = 'Selected' WHERE url LIKE '%1';
SELECT url, page_curation_status, page_processing_status, updated_at = '2000-01-01' AS touched
	FROM "Odd Schema"."Web pages" ORDER BY url;
-- nothing of the user's was changed: no other index, column or constraint
SELECT attname FROM pg_attribute WHERE attrelid = '"Odd Schema"."Web pages"'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) FROM pg_index WHERE indrelid = '"Odd Schema"."Web pages"'::regclass;

-- the contacts' own unique index is used once it serves
SELECT tgargs FROM pg_trigger WHERE tgname = 'zz_wf_curation' AND tgnargs = 2;
CREATE UNIQUE INDEX ON "Odd Schema"."People's ""contacts""" (domain_id, lower(email));
SELECT part, action, detail FROM ext.wf_attach();
SELECT * FROM ext.wf_check('"Odd Schema"."People''s ""contacts"""', 'contacts');

-- a disabled trigger is enabled again
ALTER TABLE "Odd Schema"."Web pages" DISABLE TRIGGER zz_wf_curation;
SELECT part, action FROM ext.wf_attach(pages => '"Odd Schema"."Web pages"');

-- one table a part, one part a table
CREATE TABLE second (LIKE "Odd Schema"."Web pages" INCLUDING DEFAULTS);
SELECT * FROM ext.wf_attach(pages => 'second');
SELECT * FROM ext.wf_attach(contacts => '"Odd Schema"."Web pages"');
SELECT * FROM ext.wf_check('second');
SELECT part_name, subject, detail FROM ext.wf_check('"Odd Schema"."Web pages"', 'contacts');

-- detached, also twice; all rows stay
SELECT * FROM ext.wf_detach();
SELECT * FROM ext.wf_detach();
SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation';
SELECT url, page_curation_status, page_processing_status FROM "Odd Schema"."Web pages" ORDER BY url;
DROP TABLE second;
DROP TABLE "Odd Schema"."People's ""contacts""", "Odd Schema"."Web pages";
DROP TYPE "Odd Schema"."PageCuration Enum", "Odd Schema"."ProcessingStatus";

--
-- What does not fit: one error each, and nothing is changed
--
CREATE TYPE cur AS ENUM ('New', 'Selected');
CREATE TYPE pro AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
CREATE FUNCTION make(changes text DEFAULT NULL) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
BEGIN
	DROP TABLE IF EXISTS p CASCADE;
	CREATE TABLE p (id uuid, domain_id uuid, url text, page_curation_status cur,
		page_processing_status pro, page_processing_error text);
	IF changes IS NOT NULL THEN EXECUTE 'ALTER TABLE p ' || changes; END IF;
END $$;
CREATE FUNCTION try() RETURNS TABLE (code text, message text, detail text, hint text, "table" text, "column" text)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ext.wf_attach(pages => 'p');
	message := 'attached';
	PERFORM ext.wf_detach();
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, "table" = TABLE_NAME, "column" = COLUMN_NAME;
	RETURN NEXT;
END $$;
\x on
SELECT make();
SELECT * FROM try();
SELECT make('DROP COLUMN page_processing_status');
SELECT * FROM try();
SELECT make('DROP COLUMN url, DROP COLUMN domain_id');
SELECT * FROM try();
SELECT make('ALTER COLUMN id TYPE text');
SELECT * FROM try();
SELECT make('ALTER COLUMN page_curation_status TYPE boolean USING true');
SELECT * FROM try();
CREATE TYPE no_error AS ENUM ('Queued', 'Processing', 'Complete');
SELECT make('ALTER COLUMN page_processing_status TYPE no_error USING NULL');
SELECT * FROM try();
CREATE TYPE "No Selected" AS ENUM ('new', 'chosen');
SELECT make('ALTER COLUMN page_curation_status TYPE "No Selected" USING NULL');
SELECT * FROM try();
SELECT make('ALTER COLUMN page_processing_status TYPE varchar(9)');
SELECT * FROM try();
SELECT make('ALTER COLUMN page_processing_status TYPE varchar(10), ADD contact_scrape_status varchar(5)');
SELECT * FROM try();
SELECT make('ALTER COLUMN page_processing_status SET NOT NULL');
SELECT * FROM try();
SELECT make('DROP COLUMN page_processing_status, ADD COLUMN page_processing_status text GENERATED ALWAYS AS (lower(url)) STORED');
SELECT * FROM try();
SELECT make('ALTER COLUMN page_processing_error SET NOT NULL');
SELECT * FROM try();
-- optional columns of unusable type are not used
SELECT make('ALTER COLUMN page_processing_error TYPE integer USING 0, ADD contact_scrape_status boolean');
SELECT * FROM try();
\x off
SELECT * FROM ext.wf_check('p');
\x on
-- but an enum without the labels is a mistake
SELECT make('ADD contact_scrape_status cur');
SELECT * FROM try();

-- not a table that can be attached
CREATE VIEW v AS SELECT * FROM p;
SELECT * FROM ext.wf_attach(pages => 'v');
CREATE TEMP TABLE tp (LIKE p);
\set VERBOSITY sqlstate
SELECT * FROM ext.wf_attach(pages => 'tp');
\set VERBOSITY default
SELECT * FROM ext.wf_attach(pages => 'pg_class');
SELECT * FROM ext.wf_attach(domains => 'p');
SELECT * FROM ext.wf_attach(pages => 0);
SELECT * FROM ext.wf_check('p', 'nonsense');
SELECT * FROM ext.wf_check(NULL);
\x off

-- a stranger's trigger has the name
SELECT make();
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER zz_wf_curation BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT * FROM ext.wf_attach(pages => 'p');
-- a trigger of ours that is not as it should be is replaced
DROP TRIGGER zz_wf_curation ON p;
CREATE TRIGGER mine BEFORE UPDATE OF url ON p FOR EACH ROW EXECUTE FUNCTION ext.wf_curation_trigger('pages');
SELECT part, action FROM ext.wf_attach(pages => 'p');
SELECT tgname, tgtype FROM pg_trigger WHERE tgrelid = 'p'::regclass;
SELECT action FROM ext.wf_detach();

-- nothing was left behind by all those errors
SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'zz_wf%';
SELECT relname FROM pg_class WHERE relname LIKE '%wf_ready%';

--
-- Rights: the caller owns the table; row level security must not hide rows
--
CREATE ROLE regress_wf_owner;
CREATE ROLE regress_wf_other;
GRANT USAGE ON SCHEMA ext TO regress_wf_owner, regress_wf_other;
GRANT CREATE ON SCHEMA public TO regress_wf_owner;
GRANT EXECUTE ON FUNCTION ext.wf_attach, ext.wf_detach, ext.wf_curation_trigger
	TO regress_wf_owner, regress_wf_other;
ALTER TABLE p OWNER TO regress_wf_owner;
SET ROLE regress_wf_other;
SELECT * FROM ext.wf_attach(pages => 'p');
SET ROLE regress_wf_owner;
SELECT part, action FROM ext.wf_attach(pages => 'p');
SET ROLE regress_wf_other;
SELECT * FROM ext.wf_detach();
SET ROLE regress_wf_owner;
SELECT part, action FROM ext.wf_detach();
RESET ROLE;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
SELECT part, action FROM ext.wf_attach(pages => 'p');
SELECT action FROM ext.wf_detach();
ALTER TABLE p FORCE ROW LEVEL SECURITY;
SELECT part, action FROM ext.wf_attach(pages => 'p');
ALTER ROLE regress_wf_owner BYPASSRLS;
SELECT part, action FROM ext.wf_attach(pages => 'p');
SELECT action FROM ext.wf_detach();
ALTER TABLE p OWNER TO CURRENT_USER;
DROP OWNED BY regress_wf_owner, regress_wf_other;
DROP ROLE regress_wf_owner;
DROP ROLE regress_wf_other;
SELECT ext.wf_check('p');

--
-- More than 100,000 rows: the statement is printed, an equivalent index accepted
--
SELECT make();
INSERT INTO p (id, domain_id, url) SELECT gen_random_uuid(), gen_random_uuid(), 'u' FROM generate_series(1, 100001);
VACUUM ANALYZE p;
SELECT part, action, detail FROM ext.wf_attach(pages => 'p');
SELECT * FROM ext.wf_check('p');
-- indexes that are not equivalent
CREATE INDEX ON p (domain_id, id);
CREATE INDEX ON p (domain_id, id) WHERE page_processing_status = 'Queued';
CREATE INDEX ON p (id, domain_id) WHERE page_processing_status = 'Queued' AND page_processing_error IS NULL;
CREATE INDEX ON p (domain_id, id) WHERE page_processing_status = 'Error' AND page_processing_error IS NULL;
SET client_min_messages = error;
SELECT action FROM ext.wf_attach(pages => 'p') WHERE action LIKE 'index%';
RESET client_min_messages;
CREATE INDEX CONCURRENTLY p_wf_ready_idx ON public.p USING btree (domain_id, id) WHERE page_processing_status OPERATOR(pg_catalog.=) 'Queued' AND page_processing_error IS NULL;
SELECT part, action, detail FROM ext.wf_attach(pages => 'p');
SELECT part, action, detail FROM ext.wf_detach();
-- written in another way, under another name: accepted, and not ours to drop
CREATE INDEX mine ON p (domain_id, id) INCLUDE (url)
	WHERE page_processing_error IS NULL AND 'Queued' = page_processing_status;
SELECT part, action, detail FROM ext.wf_attach(pages => 'p');
SELECT part, action, detail FROM ext.wf_detach();
DROP TABLE p;
-- partitioned
CREATE TABLE p (id uuid, domain_id uuid, url text, page_curation_status cur, page_processing_status pro)
	PARTITION BY HASH (id);
CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO p (id, domain_id, url) SELECT gen_random_uuid(), gen_random_uuid(), 'u' FROM generate_series(1, 110000);
VACUUM ANALYZE p;
SELECT part, action, regexp_replace(detail, ' WHERE .*', '') FROM ext.wf_attach(pages => 'p');
SELECT action FROM ext.wf_detach();
TRUNCATE p;
SELECT part, action, detail FROM ext.wf_attach(pages => 'p');
SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation';
INSERT INTO p (id, page_curation_status) VALUES (gen_random_uuid(), 'Selected');
SELECT page_processing_status FROM p;
-- all of it goes with the extension, without CASCADE
DROP EXTENSION wf_curation;
SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation';
SELECT relname FROM pg_class WHERE relname LIKE '%wf_ready%';
SELECT page_processing_status FROM p;
DROP TABLE p;

--
-- Domains over enum and text, dropped columns before ours
--
SET client_min_messages = warning;
CREATE EXTENSION wf_curation SCHEMA ext;
SELECT action FROM ext.wf_detach();
RESET client_min_messages;
CREATE DOMAIN pro_domain AS pro;
CREATE DOMAIN cur_domain AS varchar(30) CHECK (VALUE IN ('New', 'Selected', 'Archived'));
CREATE DOMAIN id_domain AS uuid NOT NULL;
CREATE DOMAIN address AS text COLLATE "C";
CREATE TABLE p (gone int, id id_domain PRIMARY KEY, gone2 text, domain_id id_domain, url address,
	page_curation_status cur_domain DEFAULT 'New', page_processing_status pro_domain, page_processing_error address);
ALTER TABLE p DROP COLUMN gone, DROP COLUMN gone2;
SELECT * FROM ext.wf_attach(pages => 'p');
SELECT indexdef FROM pg_indexes WHERE indexname = 'p_wf_ready_idx';
INSERT INTO p (id, domain_id, url) VALUES (gen_random_uuid(), gen_random_uuid(), 'u');
UPDATE p SET page_curation_status = 'Selected';
SELECT page_curation_status, page_processing_status FROM p;
SELECT part, action, detail FROM ext.wf_attach(pages => 'p');
SELECT * FROM ext.wf_set_page_status((SELECT array_agg(id::uuid) FROM p), 'selected');
SELECT ext.wf_cancel((SELECT array_agg(id::uuid) FROM p));
SELECT page_curation_status, page_processing_status FROM p;
SELECT count(*) FROM ext.wf_detach();

-- names as long as names can be
CREATE TABLE a123456789012345678901234567890123456789012345678901234567890ab (LIKE p INCLUDING ALL);
SELECT * FROM ext.wf_attach(pages => 'a123456789012345678901234567890123456789012345678901234567890ab');
SELECT count(*) FROM ext.wf_detach();

-- hostile objects in the search path are not used
CREATE SCHEMA evil;
CREATE FUNCTION evil.equal(pro, pro) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
CREATE OPERATOR evil.= (LEFTARG = pro, RIGHTARG = pro, FUNCTION = evil.equal);
CREATE TABLE evil.pg_class (oid oid, relname name);
CREATE TABLE evil.p (LIKE p INCLUDING DEFAULTS);
ALTER TABLE evil.p ALTER COLUMN page_processing_status TYPE pro;
SET search_path = evil, pg_catalog, public, ext;
SELECT part, action FROM wf_attach(pages => 'evil.p');
SELECT indexdef FROM pg_indexes WHERE indexname = 'p_wf_ready_idx';
SELECT part, action FROM wf_attach();
SELECT count(*) FROM wf_detach();
RESET search_path;

\c :regress_db
DROP DATABASE wf_test_attach;
