-- The suppression list, and erasing a person.

CREATE EXTENSION IF NOT EXISTS wf_curation;
INSERT INTO domains (domain) VALUES ('acme-widgets.com');
INSERT INTO pages (domain_id, url) SELECT id, 'http://acme-widgets.com/' FROM domains;
CREATE FUNCTION add_contact(address text) RETURNS bigint LANGUAGE sql AS $$
	WITH i AS (INSERT INTO contacts (domain_id, page_id, email)
		SELECT domain_id, id, address FROM pages WHERE url = 'http://acme-widgets.com/' RETURNING 1)
	SELECT count(*) FROM i $$;

-- what can be listed, in which form
SELECT wf_suppress(' Ann.Lee@Acme-Widgets.COM ', 'asked for it');
SELECT wf_suppress('ann.lee@acme-widgets.com');
SELECT wf_suppress('*.Bücher.example');
SELECT wf_suppress(encode(sha256('bob@acme-widgets.com'), 'hex'), 'asked by letter');
INSERT INTO wf_suppression (entry) VALUES ('@BY-HAND.example');
SELECT entry, kind, reason, created_by = session_user AS by_me FROM wf_suppression ORDER BY entry;
SELECT wf_suppress('com');
SELECT wf_suppress('Ann <ann@acme-widgets.com>');
SELECT wf_suppress(NULL);
UPDATE wf_suppression SET entry = 'nonsense' WHERE kind = 'hash';

-- an INSERT of a listed address is passed over
SELECT address, add_contact(address) FROM unnest(ARRAY[
	'ann.lee@acme-widgets.com', 'Ann.Lee@ACME-widgets.com', 'bob@acme-widgets.com',
	'a@bücher.example', 'a@mail.BÜCHER.example', 'a@xn--bcher-kva.example', 'b@by-hand.example',
	'a@notbücher.example', 'lee@acme-widgets.com', NULL, 'no address', '@', '']) address;
COPY contacts (domain_id, page_id, email) FROM PROGRAM
	'echo "00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000001,bob@acme-widgets.com"' (FORMAT csv);
INSERT INTO contacts (domain_id, page_id, email, name)
	SELECT domain_id, id, 'bob@acme-widgets.com', 'upsert' FROM pages
	ON CONFLICT (domain_id, lower(email)) DO UPDATE SET name = EXCLUDED.name;

-- an UPDATE to one is refused, others of the same row are not
UPDATE contacts SET email = 'bob@acme-widgets.com' WHERE email = 'lee@acme-widgets.com';
UPDATE contacts SET name = 'Lee' WHERE email = 'lee@acme-widgets.com';
SELECT wf_suppress('lee@acme-widgets.com');
UPDATE contacts SET name = 'Kim Lee' WHERE email = 'lee@acme-widgets.com' RETURNING name;

-- off the list
SELECT wf_unsuppress('Bob@acme-widgets.com'), wf_unsuppress('bob@acme-widgets.com');
SELECT add_contact('bob@acme-widgets.com');

-- erasing: contacts, evidence, origins, history; only a hash remains
INSERT INTO contacts (domain_id, page_id, email, context)
	SELECT domain_id, id, 'office@acme-widgets.com', 'write to Bob@acme-widgets.com' FROM pages;
INSERT INTO wf_finding (page_id, n, kind, value, name, source, position, context, found_at)
	SELECT p.id, v.n, v.kind, v.value, v.name, 'text', 0, v.context, now() FROM pages p, (VALUES
		(1, 'email', 'bob@acme-widgets.com', 'Bob Bar', 'x'),
		(2, 'phone', '+12125550100', 'Bob Bar', 'x'),
		(3, 'phone', '+12125550199', NULL, 'call or bob@acme-widgets.com')) v(n, kind, value, name, context);
INSERT INTO wf_contact_origin (contact_id, page_id, stored_at)
	SELECT id, page_id, now() FROM contacts WHERE email IN ('bob@acme-widgets.com', 'office@acme-widgets.com');
INSERT INTO wf_attempt (stage, item, attempt, url, started_at, finished_at, outcome, error)
	SELECT 'page', id, 1, url, now(), now(), 'store', 'no bob@acme-widgets.com here' FROM pages;
UPDATE pages SET page_processing_status = 'Error', page_processing_error = 'refused: bob@acme-widgets.com';
SELECT wf_suppress('bob@acme-widgets.com', 'named until erased');
SELECT * FROM wf_erase('BOB@acme-widgets.com', 'asked for it');
SELECT email, context FROM contacts WHERE email ~ 'bob|office' ORDER BY email;
SELECT kind, value, name, context FROM wf_findings;
SELECT field, evidence FROM wf_provenance;
SELECT url, error FROM wf_attempts;
SELECT page_processing_status, page_processing_error FROM pages;
SELECT count(*) FROM wf_suppression WHERE entry LIKE 'bob%';
SELECT kind, reason FROM wf_suppression WHERE entry = encode(sha256('bob@acme-widgets.com'), 'hex');
SELECT add_contact('bob@acme-widgets.com');
SELECT * FROM wf_erase('bob@acme-widgets.com');
SELECT * FROM wf_erase('acme-widgets.com');
SELECT * FROM wf_erase(NULL);

-- two sessions: see specs; who may: see privileges
SELECT wf_unsuppress(entry) FROM wf_suppression ORDER BY entry;
DROP FUNCTION add_contact;
DELETE FROM wf_finding; DELETE FROM wf_contact_origin; DELETE FROM wf_attempt;
DELETE FROM contacts; DELETE FROM pages; DELETE FROM domains;
