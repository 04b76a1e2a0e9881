--
-- The dual-status rule, row by row of its table, through every way to write.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_trigger;
\c wf_test_trigger
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;
INSERT INTO domains (id, domain) VALUES ('00000000-0000-0000-0000-00000000000d', 'site.example');
ALTER TABLE pages ALTER COLUMN domain_id SET DEFAULT '00000000-0000-0000-0000-00000000000d';

-- A row per page: what it was called, and its three columns.
CREATE FUNCTION show(name text DEFAULT '%')
RETURNS TABLE (url text, curation text, processing text, error text)
LANGUAGE sql AS $$
	SELECT p.url, p.page_curation_status::text, p.page_processing_status::text, p.page_processing_error
	FROM pages p WHERE p.url LIKE name ORDER BY p.url COLLATE "C"
$$;

-- Forces a state past the trigger.
CREATE FUNCTION force(name text, curation text, processing text, err text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
	INSERT INTO pages (url, page_curation_status, page_processing_status, page_processing_error)
		VALUES (name, curation::page_curation_status, processing::page_processing_status, err)
		ON CONFLICT (domain_id, url) DO UPDATE SET
			page_curation_status = EXCLUDED.page_curation_status,
			page_processing_status = EXCLUDED.page_processing_status,
			page_processing_error = EXCLUDED.page_processing_error;
	ALTER TABLE pages ENABLE TRIGGER zz_wf_curation;
END $$;

--
-- 1. Curation becomes Selected, or Queued as V2 clients write.
--
INSERT INTO pages (url) VALUES ('1a'), ('1b'), ('1c');
INSERT INTO pages (url, page_curation_status) VALUES ('1d', 'Selected'), ('1e', 'Queued'),
	('1f', 'Archived');
SELECT * FROM show('1%');
UPDATE pages SET page_curation_status = 'Selected' WHERE url = '1a';
UPDATE pages SET page_curation_status = 'Queued' WHERE url = '1b';
UPDATE pages SET page_curation_status = 'Archived' WHERE url = '1c';
SELECT * FROM show('1%');
-- from every processing status; an error is cleared; another status named beside it loses
SELECT force('1g', 'New', 'Complete'), force('1h', 'New', 'Error', 'timed out'),
	force('1i', 'New', 'Processing'), force('1j', 'Archived', 'Filtered'),
	force('1k', 'New', 'Queued', 'waits for a retry'), force('1l', 'New', NULL);
UPDATE pages SET page_curation_status = 'Selected' WHERE url BETWEEN '1g' AND '1k';
UPDATE pages SET page_curation_status = 'Selected', page_processing_status = 'Complete',
	page_processing_error = 'mine' WHERE url = '1l';
SELECT * FROM show('1_') WHERE url >= '1g';

--
-- 2. INSERT with Selected and an explicit processing status is kept.
--
INSERT INTO pages (url, page_curation_status, page_processing_status, page_processing_error) VALUES
	('2a', 'Selected', 'Complete', NULL), ('2b', 'Selected', 'Error', 'was gone'),
	('2c', 'Selected', 'Processing', NULL), ('2d', 'Selected', 'Filtered', NULL),
	('2e', 'Selected', 'Queued', 'old failure'), ('2f', 'New', 'Queued', 'old failure'),
	('2g', 'New', NULL, 'a remark');
SELECT * FROM show('2%');

--
-- 3. No write leaves Selected with NULL.
--
UPDATE pages SET page_processing_status = NULL WHERE url IN ('2a', '2b', '2c', '2d', '2e');
SELECT force('3a', 'Selected', NULL), force('3b', 'Queued', NULL);
UPDATE pages SET title = 'touched' WHERE url IN ('3a', '3b');
SELECT * FROM show('2%') WHERE url <= '2e' UNION ALL SELECT * FROM show('3%');

--
-- 4. Selected to Selected, or from one queueing label to the other: unchanged.
--
SELECT force('4a', 'Selected', 'Complete'), force('4b', 'Selected', 'Error', 'gone'),
	force('4c', 'Selected', 'Processing'), force('4d', 'Selected', 'Queued', 'waits'),
	force('4e', 'Queued', 'Complete');
UPDATE pages SET page_curation_status = 'Selected' WHERE url LIKE '4%';
UPDATE pages SET page_curation_status = 'Queued' WHERE url LIKE '4%';
UPDATE pages SET title = 'touched' WHERE url LIKE '4%';
SELECT * FROM show('4%');

--
-- 5. Processing set to Queued by hand, whatever the curation.
--
SELECT force('5a', 'Selected', 'Error', 'gone'), force('5b', 'New', 'Complete'),
	force('5c', 'Archived', NULL), force('5d', 'Selected', 'Processing'),
	force('5e', 'Selected', 'Queued', 'waits'), force('5f', 'New', 'Filtered'),
	force('5g', 'Selected', 'Queued', 'waits'), force('5h', 'Selected', 'Queued');
-- the recovery statement that people know
UPDATE pages SET page_processing_status = 'Queued', page_processing_error = NULL
	WHERE page_curation_status = 'Selected' AND page_processing_status = 'Error' AND url = '5a';
-- without clearing the error, with one of their own, while waiting for a retry
UPDATE pages SET page_processing_status = 'Queued' WHERE url IN ('5b', '5c', '5d', '5e');
UPDATE pages SET page_processing_status = 'Queued', page_processing_error = 'mine' WHERE url IN ('5f', '5h');
-- erasing the error is a request, too
UPDATE pages SET page_processing_error = NULL WHERE url = '5g';
SELECT * FROM show('5%');
-- what is written beside a waiting page leaves it waiting
SELECT force('5i', 'Selected', 'Queued', 'waits');
UPDATE pages SET title = 'touched', url = '5i2' WHERE url = '5i';
SELECT * FROM show('5i%');
-- requested while leaving selection: the request is explicit
SELECT force('5j', 'Selected', 'Complete');
UPDATE pages SET page_curation_status = 'Archived', page_processing_status = 'Queued' WHERE url = '5j';
SELECT * FROM show('5j');

--
-- 6. to 8. Curation leaves Selected.
--
SELECT force('6a', 'Selected', 'Queued'), force('6b', 'Selected', 'Queued', 'waits'),
	force('6c', 'Selected', 'Processing'), force('6d', 'Selected', 'Complete'),
	force('6e', 'Selected', 'Error', 'gone'), force('6f', 'Selected', 'Filtered'),
	force('6g', 'Queued', 'Queued'), force('6h', 'Selected', 'Processing'),
	force('6i', 'Selected', 'Queued', 'waits');
UPDATE pages SET page_curation_status = 'Archived' WHERE url BETWEEN '6a' AND '6g';
-- together with a result of the writer's own: kept
UPDATE pages SET page_curation_status = 'New', page_processing_status = 'Complete' WHERE url = '6h';
-- an ORM that names every column
UPDATE pages SET page_curation_status = 'New', page_processing_status = page_processing_status,
	page_processing_error = page_processing_error, title = title WHERE url = '6i';
SELECT * FROM show('6%');
-- queued by hand and never selected: another unqueueing label changes nothing
SELECT force('6j', 'New', 'Queued');
UPDATE pages SET page_curation_status = 'Archived' WHERE url = '6j';
SELECT * FROM show('6j');

--
-- 9. While Processing: requeued by hand, selected again, url changed.
--
SELECT force('9a', 'Selected', 'Processing'), force('9b', 'New', 'Processing'),
	force('9c', 'Selected', 'Processing', 'first failure'), force('9d', 'New', 'Processing'),
	force('9e', 'Selected', 'Processing'), force('9f', 'Selected', 'Complete');
UPDATE pages SET page_processing_status = 'Queued' WHERE url = '9a';
UPDATE pages SET page_curation_status = 'Selected' WHERE url = '9b';
UPDATE pages SET url = url || '-moved' WHERE url IN ('9c', '9d', '9f');
UPDATE pages SET url = url WHERE url = '9e';
SELECT * FROM show('9%');

--
-- Another id, while Processing or waiting for a retry: nobody has noted anything for it.
--
SELECT force('aa', 'Selected', 'Processing'), force('ab', 'Selected', 'Queued', 'waits'),
	force('ac', 'Selected', 'Complete'), force('ad', 'Selected', 'Error', 'failed'), force('ae', 'New', NULL),
	force('af', 'Selected', 'Processing'), force('ag', 'Selected', 'Queued', 'waits');
UPDATE pages SET id = gen_random_uuid() WHERE url BETWEEN 'aa' AND 'ae';
UPDATE pages SET id = id WHERE url BETWEEN 'af' AND 'ag';
SELECT * FROM show('a_');

--
-- 10. Processing written by somebody else is left alone; so are deletions.
--
SELECT force('10a', 'Selected', 'Queued'), force('10b', 'New', NULL);
UPDATE pages SET page_processing_status = 'Processing', page_processing_error = NULL WHERE url LIKE '10_';
SELECT * FROM show('10%');
DELETE FROM pages WHERE url LIKE '10%';

--
-- COPY
--
TRUNCATE pages CASCADE;
COPY pages (url, page_curation_status, page_processing_status, page_processing_error) FROM stdin;
c1	Selected	\N	\N
c2	Selected	Complete	\N
c3	New	\N	\N
c4	Queued	\N	\N
c5	Selected	Queued	waits
c6	Archived	Error	gone
\.
SELECT * FROM show('c%');

--
-- INSERT … ON CONFLICT
--
INSERT INTO pages (url, page_curation_status) VALUES ('c2', 'Selected'), ('c3', 'Selected'), ('u1', 'Selected')
	ON CONFLICT (domain_id, url) DO NOTHING;
SELECT * FROM show() WHERE url IN ('c2', 'c3', 'u1');
INSERT INTO pages (url, page_curation_status) VALUES ('c2', 'Selected'), ('c3', 'Selected'), ('u2', 'New')
	ON CONFLICT (domain_id, url) DO UPDATE SET page_curation_status = EXCLUDED.page_curation_status;
SELECT * FROM show() WHERE url IN ('c2', 'c3', 'u2');
INSERT INTO pages (url, page_curation_status, page_processing_status)
	VALUES ('c2', 'Selected', 'Queued'), ('c6', 'Archived', 'Queued')
	ON CONFLICT (domain_id, url) DO UPDATE SET
		page_curation_status = EXCLUDED.page_curation_status,
		page_processing_status = EXCLUDED.page_processing_status;
SELECT * FROM show() WHERE url IN ('c2', 'c6');

--
-- MERGE
--
MERGE INTO pages p USING (VALUES ('c1', 'Archived'), ('c3', 'New'), ('m1', 'Selected'), ('m2', 'New')) v (url, label)
	ON p.url = v.url
	WHEN MATCHED THEN UPDATE SET page_curation_status = v.label::page_curation_status
	WHEN NOT MATCHED THEN INSERT (url, page_curation_status) VALUES (v.url, v.label::page_curation_status);
SELECT * FROM show() WHERE url IN ('c1', 'c3', 'm1', 'm2');
MERGE INTO pages p USING (VALUES ('m2')) v (url) ON p.url = v.url
	WHEN MATCHED THEN UPDATE SET page_curation_status = 'Selected';
SELECT * FROM show('m2');

--
-- In bulk, in one transaction with a rollback to a savepoint, prepared
--
TRUNCATE pages CASCADE;
INSERT INTO pages (url) SELECT 'b' || g FROM generate_series(1, 5000) g;
UPDATE pages SET page_curation_status = 'Selected';
SELECT page_curation_status, page_processing_status, count(*) FROM pages GROUP BY 1, 2;
BEGIN;
SAVEPOINT s;
UPDATE pages SET page_curation_status = 'Archived';
ROLLBACK TO s;
COMMIT;
SELECT page_curation_status, page_processing_status, count(*) FROM pages GROUP BY 1, 2;
UPDATE pages SET page_curation_status = 'Archived';
SELECT page_curation_status, page_processing_status, count(*) FROM pages GROUP BY 1, 2;
PREPARE sel (text, page_curation_status) AS UPDATE pages SET page_curation_status = $2 WHERE url = $1;
EXECUTE sel ('b1', 'Selected');
EXECUTE sel ('b2', 'Selected');
SELECT * FROM show('b_') WHERE url <= 'b2';

-- through a view
CREATE VIEW page_list AS SELECT url, page_curation_status FROM pages;
UPDATE page_list SET page_curation_status = 'Selected' WHERE url = 'b3';
SELECT * FROM show('b3');
DROP VIEW page_list;

--
-- Other triggers on the table: those before ours are seen, an updated_at trigger is normal
--
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := '2000-01-01'; RETURN NEW; END $$;
CREATE TRIGGER update_pages_updated_at BEFORE UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION auto_select() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.title = 'interesting' THEN NEW.page_curation_status := 'Selected'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER auto_select BEFORE INSERT OR UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION auto_select();
UPDATE pages SET title = 'interesting' WHERE url = 'b4';
INSERT INTO pages (url, title) VALUES ('o1', 'interesting');
SELECT s.*, updated_at = '2000-01-01' AS touched FROM show() s JOIN pages USING (url) WHERE url IN ('b4', 'o1')
	ORDER BY url COLLATE "C";
DROP TRIGGER auto_select ON pages;
DROP TRIGGER update_pages_updated_at ON pages;

--
-- Bypassed: nothing happens here; the sweep's business
--
SET session_replication_role = replica;
UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'b5';
RESET session_replication_role;
SELECT * FROM show('b5');

--
-- The table changes under a cached trigger: columns moved, label renamed, type changed
--
ALTER TABLE pages DROP COLUMN title, ADD COLUMN title2 text;
UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'b6';
ALTER TYPE page_processing_status RENAME VALUE 'Complete' TO 'Completed';
UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'b7';
SELECT * FROM show('b_') WHERE url >= 'b6' AND url <= 'b7';
SELECT action, detail FROM wf_detach();
ALTER TABLE pages ALTER COLUMN page_processing_status TYPE text;
SELECT action FROM wf_attach(pages => 'pages');
UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'b8';
SELECT * FROM show('b8');
ALTER TABLE pages ALTER COLUMN page_curation_status DROP DEFAULT;
ALTER TABLE pages ALTER COLUMN page_curation_status TYPE text;
UPDATE pages SET page_curation_status = 'Selected' WHERE url = 'b9';
SELECT * FROM show('b9');
-- what cannot queue any more says so
BEGIN;
ALTER TABLE pages RENAME COLUMN page_curation_status TO status;
UPDATE pages SET status = 'Selected' WHERE url = 'b10';
ROLLBACK;
BEGIN;
ALTER TABLE pages ALTER COLUMN page_curation_status TYPE integer USING 0;
UPDATE pages SET page_curation_status = 1 WHERE url = 'b10';
ROLLBACK;
BEGIN;
CREATE TYPE short_status AS ENUM ('New', 'Selected');
DROP INDEX pages_wf_ready_idx;
ALTER TABLE pages ALTER COLUMN page_processing_status TYPE short_status USING NULL;
INSERT INTO pages (url) VALUES ('b11');
ROLLBACK;
-- columns it only uses if they are there do not matter
BEGIN;
DROP INDEX pages_wf_ready_idx;
ALTER TABLE pages RENAME COLUMN page_processing_error TO err;
ALTER TABLE pages RENAME COLUMN url TO address;
UPDATE pages SET page_curation_status = 'Selected' WHERE address = 'b12';
SELECT address, page_curation_status, page_processing_status FROM pages WHERE address = 'b12';
ROLLBACK;

--
-- Misuse
--
SELECT wf_curation_trigger();
CREATE TABLE other (id int);
CREATE TRIGGER bad BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger();
INSERT INTO other VALUES (1);
DROP TRIGGER bad ON other;
CREATE TRIGGER bad BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger('nonsense');
INSERT INTO other VALUES (1);
DROP TRIGGER bad ON other;
CREATE TRIGGER bad AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger('pages');
INSERT INTO other VALUES (1);
DROP TRIGGER bad ON other;
CREATE TRIGGER bad BEFORE INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION wf_curation_trigger('pages');
INSERT INTO other VALUES (1);
DROP TRIGGER bad ON other;
CREATE TRIGGER bad BEFORE DELETE ON other FOR EACH ROW EXECUTE FUNCTION wf_curation_trigger('pages');
INSERT INTO other VALUES (1);
DELETE FROM other;
DROP TABLE other;

--
-- Partitioned pages: partitions with other column numbers, attached later, moved between
--
SELECT action, detail FROM wf_detach();
DROP TABLE contacts, pages;
CREATE TABLE pages (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	domain_id uuid,
	url text NOT NULL,
	page_curation_status page_curation_status NOT NULL DEFAULT 'New',
	page_processing_status page_processing_status,
	page_processing_error text,
	region text NOT NULL
) PARTITION BY LIST (region);
CREATE TABLE pages_us PARTITION OF pages FOR VALUES IN ('us');
CREATE TABLE pages_eu (
	region text NOT NULL,
	dropped int,
	page_processing_error text,
	page_processing_status page_processing_status,
	page_curation_status page_curation_status NOT NULL DEFAULT 'New',
	url text NOT NULL,
	domain_id uuid,
	id uuid NOT NULL DEFAULT gen_random_uuid()
);
ALTER TABLE pages_eu DROP COLUMN dropped;
ALTER TABLE pages ATTACH PARTITION pages_eu FOR VALUES IN ('eu');
SELECT part, action, detail FROM wf_attach(pages => 'pages');
INSERT INTO pages (url, region, page_curation_status) VALUES
	('p1', 'us', 'Selected'), ('p2', 'eu', 'Selected'), ('p3', 'us', 'New'), ('p4', 'eu', 'New');
UPDATE pages SET page_curation_status = 'Selected' WHERE url IN ('p3', 'p4');
SELECT p.tableoid::regclass, s.* FROM show() s JOIN pages p USING (url) ORDER BY url;
-- written at the partition itself, and moved to another one
INSERT INTO pages_eu (url, region, page_curation_status) VALUES ('p5', 'eu', 'Selected');
UPDATE pages_us SET page_curation_status = 'Archived' WHERE url = 'p3';
UPDATE pages SET region = 'eu', page_curation_status = 'Archived' WHERE url = 'p1';
UPDATE pages SET region = 'us' WHERE url = 'p2';
SELECT p.tableoid::regclass, s.* FROM show() s JOIN pages p USING (url) ORDER BY url;
-- a partition that brings an orphan: found by the sweep, or by the next write
CREATE TABLE pages_as (LIKE pages INCLUDING DEFAULTS);
INSERT INTO pages_as (url, region, page_curation_status) VALUES ('p6', 'as', 'Selected');
ALTER TABLE pages ATTACH PARTITION pages_as FOR VALUES IN ('as');
SELECT * FROM show('p6');
UPDATE pages SET url = 'p6b' WHERE url = 'p6';
SELECT * FROM show('p6b');
-- and a row that leaves selection while it waits for a retry
UPDATE pages SET page_processing_error = 'waits' WHERE url IN ('p2', 'p5');
SELECT * FROM show() WHERE url IN ('p2', 'p5');
UPDATE pages SET page_processing_status = 'Queued' WHERE url = 'p5';
UPDATE pages SET page_curation_status = 'New' WHERE url = 'p2';
SELECT * FROM show() WHERE url IN ('p2', 'p5');
SELECT action, detail FROM wf_detach();
SELECT count(*) FROM pg_trigger WHERE tgname = 'zz_wf_curation';

--
-- Text columns
--
DROP TABLE pages;
CREATE DOMAIN processing_text AS text CHECK (VALUE <> 'nonsense');
CREATE TABLE pages (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	domain_id uuid, url text,
	page_curation_status varchar(20) DEFAULT 'New',
	page_processing_status processing_text,
	page_processing_error text
);
SELECT action FROM wf_attach(pages => 'pages');
INSERT INTO pages (url, page_curation_status, page_processing_status) VALUES
	('t1', 'Selected', NULL), ('t2', 'selected', NULL), ('t3', NULL, NULL), ('t4', 'Maybe', 'Odd'),
	('t5', repeat('Selected', 2), NULL);
SELECT * FROM show('t%');
UPDATE pages SET page_curation_status = 'Selected';
SELECT * FROM show('t%');
UPDATE pages SET page_curation_status = NULL WHERE url IN ('t1', 't4');
SELECT * FROM show('t%');

\c :regress_db
DROP DATABASE wf_test_trigger;
