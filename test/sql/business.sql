--
-- From businesses to domains: selecting a business finds or creates its domain.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_business TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\c wf_test_business
CREATE EXTENSION wf_curation;
CREATE VIEW outcome AS
	SELECT b.business_name AS name, b.status, b.domain_extraction_status AS extraction,
		b.domain_extraction_error AS error
	FROM local_businesses b;

-- what the texts of web sites become
INSERT INTO local_businesses (id, business_name, website_url) VALUES
	('00000000-0000-0000-0000-000000000001', '01 plain', 'http://one.example/'),
	('00000000-0000-0000-0000-000000000002', '02 case, www, port, user', 'HTTPS://user:pw@WWW.Two.Example:8443/x?y'),
	('00000000-0000-0000-0000-000000000003', '03 twice', 'https://https://three.example.'),
	('00000000-0000-0000-0000-000000000004', '04 awww', 'awww.four.example'),
	('00000000-0000-0000-0000-000000000005', '05 idn', 'www.bücher.example'),
	('00000000-0000-0000-0000-000000000006', '06 co.uk', 'http://www.shop.six.co.uk/'),
	('00000000-0000-0000-0000-000000000007', '07 as 01', 'www.one.example/contact'),
	('00000000-0000-0000-0000-000000000008', '08 null', NULL),
	('00000000-0000-0000-0000-000000000009', '09 empty', ' '),
	('00000000-0000-0000-0000-000000000010', '10 text', 'no web site'),
	('00000000-0000-0000-0000-000000000011', '11 mail', 'info@eleven.example'),
	('00000000-0000-0000-0000-000000000012', '12 address', 'http://192.0.2.7/'),
	('00000000-0000-0000-0000-000000000013', '13 open network', 'http://127.0.10.1/'),
	('00000000-0000-0000-0000-000000000014', '14 network', 'https://www.facebook.com/fourteen'),
	('00000000-0000-0000-0000-000000000015', '15 suffix', 'http://co.uk/'),
	('00000000-0000-0000-0000-000000000016', '16 scheme', 'ftp://sixteen.example/');
SELECT count(*) FROM domains;
UPDATE local_businesses SET status = 'Selected';
SELECT * FROM outcome ORDER BY name;
SELECT d.domain, d.status, d.sitemap_curation_status, d.sitemap_analysis_status, b.business_name
FROM domains d LEFT JOIN local_businesses b ON b.id = d.local_business_id ORDER BY d.domain COLLATE "C";

-- the dual-status rule, as for pages
UPDATE local_businesses SET status = 'Maybe' WHERE business_name = '01 plain';
SELECT * FROM outcome WHERE name = '01 plain';
UPDATE local_businesses SET website_url = 'https://ten.example' WHERE business_name = '10 text';
SELECT * FROM outcome WHERE name = '10 text';
UPDATE local_businesses SET domain_extraction_status = 'Queued' WHERE business_name = '10 text';
SELECT * FROM outcome WHERE name = '10 text';
INSERT INTO local_businesses (business_name, website_url, status, domain_extraction_status)
	VALUES ('17 migrated', 'seventeen.example', 'Selected', 'Complete'),
		('18 by insert', 'eighteen.example', 'Selected', NULL);
SELECT * FROM outcome WHERE name ~ '^1[78]' ORDER BY name;
SELECT domain FROM domains WHERE domain ~ 'teen' ORDER BY 1;

-- nothing happens for a row that is not written
INSERT INTO local_businesses (id, business_name, website_url, status)
	VALUES ('00000000-0000-0000-0000-000000000001', 'again', 'again.example', 'Selected')
	ON CONFLICT DO NOTHING;
INSERT INTO local_businesses (id, business_name, website_url, status)
	VALUES ('00000000-0000-0000-0000-000000000001', 'again', 'again.example', 'Selected')
	ON CONFLICT (id) DO UPDATE SET business_name = local_businesses.business_name;
SELECT count(*) FROM domains WHERE domain = 'again.example';
INSERT INTO local_businesses (id, business_name, website_url, status)
	VALUES ('00000000-0000-0000-0000-000000000001', 'again', 'again.example', 'Selected')
	ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, website_url = EXCLUDED.website_url;
SELECT count(*) FROM domains WHERE domain = 'again.example';
BEGIN;
SAVEPOINT s;
INSERT INTO local_businesses (business_name, website_url, status) VALUES ('19', 'nineteen.example', 'Selected');
ROLLBACK TO s;
INSERT INTO local_businesses (business_name, website_url, status) VALUES ('20', 'twenty.example', 'Selected');
COMMIT;
SELECT domain FROM domains WHERE domain IN ('nineteen.example', 'twenty.example');

-- domains of old data, however spelled, are found, not doubled; one that has a
-- business keeps it
INSERT INTO domains (domain) VALUES ('https://Old-One.example/'), ('OLD-TWO.example'), ('www.old-three.example'),
	('https://https://old-four.example');
INSERT INTO local_businesses (id, business_name, website_url) VALUES
	('00000000-0000-0000-0000-000000000021', '21', 'old-one.example'),
	('00000000-0000-0000-0000-000000000022', '22', 'old-two.example'),
	('00000000-0000-0000-0000-000000000023', '23', 'old-three.example'),
	('00000000-0000-0000-0000-000000000024', '24', 'old-four.example'),
	('00000000-0000-0000-0000-000000000025', '25', 'www.old-one.example');
UPDATE local_businesses SET status = 'Selected' WHERE business_name IN ('21', '22', '23', '24');
UPDATE local_businesses SET status = 'Selected' WHERE business_name = '25';
SELECT d.domain, b.business_name FROM domains d JOIN local_businesses b ON b.id = d.local_business_id
WHERE d.domain ILIKE '%old%' ORDER BY 2;
SELECT count(*) FROM domains WHERE domain ILIKE '%old-%';
SELECT * FROM outcome WHERE name ~ '^2[1-5]' ORDER BY 1;

-- one row's trouble is its own
ALTER TABLE domains ADD CHECK (domain !~ 'refused');
INSERT INTO local_businesses (business_name, website_url, status) VALUES
	('31', 'thirty-one.example', 'Selected'), ('32', 'refused.example', 'Selected'),
	('33', 'thirty-three.example', 'Selected');
SELECT * FROM outcome WHERE name ~ '^3[1-3]' ORDER BY 1;
SELECT domain FROM domains WHERE domain ~ 'thirty|refused' ORDER BY 1;

-- whoever may not write domains only queues
CREATE ROLE regress_wf_clerk;
GRANT SELECT, UPDATE ON local_businesses TO regress_wf_clerk;
INSERT INTO local_businesses (business_name, website_url) VALUES ('41', 'forty-one.example');
SET ROLE regress_wf_clerk;
UPDATE local_businesses SET status = 'Selected' WHERE business_name = '41';
RESET ROLE;
SELECT * FROM outcome WHERE name = '41';
SELECT count(*) FROM domains WHERE domain = 'forty-one.example';
UPDATE local_businesses SET phone = '1' WHERE business_name = '41';	-- by somebody who may
SELECT * FROM outcome WHERE name = '41';
-- … or the sweep, with the owner's; it also finds what the trigger missed
INSERT INTO local_businesses (business_name, website_url)
	VALUES ('42', 'forty-two.example'), ('43', 'forty-three.example'), ('44', NULL);
SET ROLE regress_wf_clerk;
UPDATE local_businesses SET status = 'Selected' WHERE business_name = '42';
RESET ROLE;
SET session_replication_role = replica;
UPDATE local_businesses SET status = 'Selected' WHERE business_name IN ('43', '44');
RESET session_replication_role;
SELECT orphans FROM wf_heal();
SELECT * FROM outcome WHERE name ~ '^4[234]' ORDER BY 1;
SELECT orphans FROM wf_heal();
REVOKE ALL ON local_businesses FROM regress_wf_clerk;
DROP ROLE regress_wf_clerk;

-- COPY and MERGE
COPY local_businesses (business_name, website_url, status) FROM stdin;
51	fifty-one.example	Selected
52	fifty-two.example	Selected
\.
MERGE INTO local_businesses b USING (VALUES ('53', 'fifty-three.example')) v(name, url) ON b.business_name = v.name
WHEN NOT MATCHED THEN INSERT (business_name, website_url, status) VALUES (v.name, v.url, 'Selected');
SELECT * FROM outcome WHERE name ~ '^5' ORDER BY 1;

-- bulk: one statement for all
INSERT INTO local_businesses (business_name, website_url, status)
	SELECT 'bulk', 'bulk-' || i || '.example', 'Selected' FROM generate_series(1, 2000) i;
SELECT domain_extraction_status, count(*) FROM local_businesses WHERE business_name = 'bulk' GROUP BY 1;
SELECT count(*) FROM domains WHERE domain ~ '^bulk-' AND local_business_id IS NOT NULL;

DROP EXTENSION wf_curation;
DROP VIEW outcome;
DROP TABLE contacts, pages, sitemap_files, domains, local_businesses;
DROP TYPE page_curation_status, page_processing_status, contact_scrape_status, sitemap_curation_status,
	sitemap_analysis_status, sitemap_import_status, domain_extraction_status;

-- a table of one's own: other spellings, a tenant, no unique domain, no link
CREATE TYPE place_status_enum AS ENUM ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived');
CREATE TYPE domain_extraction_status_enum AS ENUM ('Queued', 'Processing', 'Completed', 'Error');
CREATE TABLE local_businesses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL,
	website_url varchar(200), status place_status_enum NOT NULL DEFAULT 'New',
	domain_extraction_status domain_extraction_status_enum, domain_extraction_error varchar(1024));
CREATE TABLE domains (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL,
	domain varchar(255) NOT NULL, status varchar(50) NOT NULL, sitemap_curation_status place_status_enum NOT NULL,
	sitemap_analysis_status text DEFAULT 'pending', sitemap_analysis_error text);
CREATE EXTENSION wf_curation;
INSERT INTO local_businesses (tenant_id, website_url, status) VALUES
	('11111111-1111-1111-1111-111111111111', 'www.alpha.example', 'Selected'),
	('22222222-2222-2222-2222-222222222222', 'alpha.example/contact', 'Selected');
SELECT website_url, domain_extraction_status, domain_extraction_error FROM local_businesses ORDER BY tenant_id;
SELECT count(*) AS copied FROM domains d JOIN local_businesses b USING (tenant_id);
SELECT domain, status, sitemap_curation_status, sitemap_analysis_status FROM domains;
-- pending is no request
UPDATE domains SET sitemap_curation_status = 'Selected';
SELECT sitemap_curation_status, sitemap_analysis_status FROM domains;
UPDATE domains SET sitemap_curation_status = 'Not a Fit';
SELECT sitemap_curation_status, sitemap_analysis_status FROM domains;
-- without domains
SELECT part, action FROM wf_detach() WHERE part = 'local_businesses' ORDER BY 2;
SELECT part, action FROM wf_attach(local_businesses => 'local_businesses');
INSERT INTO local_businesses (tenant_id, website_url, status) VALUES
	('11111111-1111-1111-1111-111111111111', 'www.beta.example', 'Selected') RETURNING domain_extraction_status;
SELECT website_url, domain_extraction_status, domain_extraction_error FROM local_businesses
	WHERE website_url = 'www.beta.example';
DROP EXTENSION wf_curation;
SELECT count(*) FROM pg_trigger WHERE tgname ~ 'wf_';
DROP TABLE contacts, pages, sitemap_files, domains, local_businesses;
DROP TYPE page_curation_status, page_processing_status, contact_scrape_status, sitemap_curation_status,
	sitemap_import_status, place_status_enum, domain_extraction_status_enum;
\c :regress_db
DROP DATABASE wf_test_business WITH (FORCE);
