/* sql/wf_curation--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION wf_curation" to load this file. \quit

--
-- 1. What the extension keeps for itself.  Dumped are pauses and wishes, the suppression
--    list, where contacts came from and what the gateway cost; claims are void after a
--    restore, history and findings are personal data that the next fetch brings anew (so
--    validators, which say that it need not, are not dumped either).
--

-- Items in flight (worker_pid set; 0 stands for a service that is not ours) or
-- waiting for a retry (not_before set).  site is the key of that in wf_host.  deaths counts workers that ended with
-- the item among others in flight, deaths_alone those that had only this one.
CREATE TABLE wf_claim (
	stage			text NOT NULL,
	item			uuid NOT NULL,
	attempt			integer NOT NULL,
	token			bigint NOT NULL,
	worker_pid		integer,
	worker_started	timestamp with time zone,
	claimed_at		timestamp with time zone NOT NULL,	-- or put back to wait
	lease_until		timestamp with time zone,
	not_before		timestamp with time zone,
	deaths			integer NOT NULL DEFAULT 0,
	deaths_alone	integer NOT NULL DEFAULT 0,
	site			bigint NOT NULL DEFAULT 0,
	fallback		boolean NOT NULL DEFAULT false,	-- the second way of wf_curation.gateway_mode
	PRIMARY KEY (item, stage)	-- item first: it alone leads to a row
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE wf_claim IS 'items in flight or waiting for a retry; the status column is the queue, this is not';
REVOKE ALL ON wf_claim FROM PUBLIC;
CREATE INDEX wf_claim_due_idx ON wf_claim (stage, not_before) WHERE worker_pid IS NULL;

-- Every attempt that ended, for wf_curation.history_retention.
CREATE TABLE wf_attempt (
	id				bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	stage			text NOT NULL,
	item			uuid NOT NULL,
	attempt			integer NOT NULL,
	url				text,
	started_at		timestamp with time zone NOT NULL,
	finished_at		timestamp with time zone NOT NULL,
	worker_pid		integer,
	outcome			text NOT NULL,
	http_status		integer,
	bytes			bigint,
	contacts		integer,
	error			text,
	credits			integer
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wf_attempt IS 'history of attempts; pruned after wf_curation.history_retention';
REVOKE ALL ON wf_attempt FROM PUBLIC;
CREATE INDEX wf_attempt_item_idx ON wf_attempt (item);
CREATE INDEX wf_attempt_finished_idx ON wf_attempt (finished_at);

-- Stages an operator has paused.  A row here is the pause.
CREATE TABLE wf_paused (
	stage			text PRIMARY KEY,
	since			timestamp with time zone NOT NULL,
	paused_by		text NOT NULL
);
COMMENT ON TABLE wf_paused IS 'stages paused by wf_pause()';
REVOKE ALL ON wf_paused FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('wf_paused', '');

-- Ready items an operator wants to have first.  A row is a wish, no second queue: the
-- claim that grants it deletes it, so does who finds the item not ready.
CREATE TABLE wf_priority (
	stage			text NOT NULL,
	item			uuid NOT NULL,
	priority		integer NOT NULL,
	asked_at		timestamp with time zone NOT NULL,
	PRIMARY KEY (item, stage)	-- item first, as in wf_claim
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE wf_priority IS 'ready items that wf_prioritize() wants to have taken first';
REVOKE ALL ON wf_priority FROM PUBLIC;
CREATE INDEX wf_priority_order_idx ON wf_priority (stage, priority DESC, asked_at, item);
SELECT pg_catalog.pg_extension_config_dump('wf_priority', '');

-- When the sweep last ran, and what it repaired: one row.
CREATE TABLE wf_sweep_state (
	only_row		boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	last_sweep		timestamp with time zone NOT NULL,
	repaired		bigint NOT NULL,
	repaired_total	bigint NOT NULL
);
COMMENT ON TABLE wf_sweep_state IS 'time and result of the last sweep';
REVOKE ALL ON wf_sweep_state FROM PUBLIC;

-- What was found on which page: a page's rows are those of its last good fetch.
CREATE TABLE wf_finding (
	page_id			uuid NOT NULL,
	n				integer NOT NULL,
	kind			text NOT NULL,
	value			text NOT NULL,
	raw				text,
	name			text,
	job_title		text,
	phone			text,
	source			text NOT NULL,
	position		bigint NOT NULL,
	context			text,
	found_at		timestamp with time zone NOT NULL,
	told			integer NOT NULL DEFAULT 0,
	PRIMARY KEY (page_id, n)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wf_finding IS 'what was found on each page; rows of the view wf_findings';
COMMENT ON COLUMN wf_finding.told IS 'what structured data say of it: 1 the value, 2 name and job title, 4 the telephone number; added up';
REVOKE ALL ON wf_finding FROM PUBLIC;

-- What the version of each page whose evidence we have is asked for by, so that
-- a server may answer 304; written with the evidence, gone with the page.
CREATE TABLE wf_validator (
	page_id			uuid PRIMARY KEY,
	url				text NOT NULL,
	version_url		text NOT NULL,
	etag			text,
	last_modified	text,
	findings		integer NOT NULL,
	version			text NOT NULL,
	stored_at		timestamp with time zone NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wf_validator IS
	'ETag and Last-Modified of each page as last fetched, for conditional requests';
COMMENT ON COLUMN wf_validator.url IS 'of the page when it was fetched; another one is fetched without conditions';
COMMENT ON COLUMN wf_validator.version_url IS 'where redirects led, and the answer came from';
COMMENT ON COLUMN wf_validator.findings IS 'rows of the page in wf_finding; where some are missing it is fetched without conditions';
COMMENT ON COLUMN wf_validator.version IS 'of the extension that examined the page; another one fetches it anew';
REVOKE ALL ON wf_validator FROM PUBLIC;

-- Where the fields of a contact came from, one row for each contact that we
-- stored, or that gained by us.  A field is ours while strength is set and its value
-- still has that hash; from is NULL where the page is that of the address.
CREATE TABLE wf_contact_origin (
	contact_id		uuid PRIMARY KEY,
	page_id			uuid,	-- of the address; NULL: somebody else wrote it
	stored_at		timestamp with time zone NOT NULL,
	name_from		uuid,
	name_strength	smallint,
	name_hash		bigint,
	phone_from		uuid,
	phone_strength	smallint,
	phone_hash		bigint,
	title_from		uuid,
	title_strength	smallint,
	title_hash		bigint
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wf_contact_origin IS
	'which page each field of a contact came from; rows of the view wf_provenance';
REVOKE ALL ON wf_contact_origin FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('wf_contact_origin', '');

-- Whose addresses are never stored.  The three kinds never look alike, so that
-- one look-up in one index serves them.
CREATE TABLE wf_suppression (
	entry			text COLLATE "C" PRIMARY KEY,
	kind			text NOT NULL GENERATED ALWAYS AS (CASE
						WHEN pg_catalog.strpos(entry, '@') OPERATOR(pg_catalog.>) 0 THEN 'address'
						WHEN pg_catalog.strpos(entry, '.') OPERATOR(pg_catalog.>) 0 THEN 'domain'
						ELSE 'hash' END) STORED,
	reason			text,
	created_at		timestamp with time zone NOT NULL DEFAULT pg_catalog.now(),
	created_by		text NOT NULL DEFAULT SESSION_USER
);
COMMENT ON TABLE wf_suppression IS
	'addresses, domains and hashes of addresses of which no contact is ever stored';
COMMENT ON COLUMN wf_suppression.entry IS
	'an address or domain in lower case, international domains in ASCII; or the SHA-256 of such an address, in hexadecimal';
REVOKE ALL ON wf_suppression FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('wf_suppression', '');

CREATE FUNCTION wf_suppression_trigger()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'wf_suppression_trigger';
COMMENT ON FUNCTION wf_suppression_trigger() IS
	'row trigger of wf_suppression: brings entries into the form in which they are compared';
REVOKE ALL ON FUNCTION wf_suppression_trigger() FROM PUBLIC;
CREATE TRIGGER wf_suppression_form BEFORE INSERT OR UPDATE ON wf_suppression
	FOR EACH ROW EXECUTE FUNCTION wf_suppression_trigger();

-- Sitemap files that were asked for by a request for an index: how deep below it, and
-- which request.  Each is queued by a request at most once; ended ones are asked for anew.
CREATE TABLE wf_sitemap_request (
	item			uuid PRIMARY KEY,
	depth			integer NOT NULL,
	request			bigint NOT NULL,
	ended			boolean NOT NULL DEFAULT false,
	noted_at		timestamp with time zone NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE wf_sitemap_request IS
	'sitemap files below an index that was asked for: how deep, for a day';
COMMENT ON COLUMN wf_sitemap_request.request IS 'token of the claim of the index that somebody asked for';
REVOKE ALL ON wf_sitemap_request FROM PUBLIC;

-- What the next worker must know of a site: only of those that want pauses or
-- fail.  A site is used by one worker at a time, which writes its row.
CREATE TABLE wf_host (
	key				bigint PRIMARY KEY,
	site			text NOT NULL,
	not_before		timestamp with time zone NOT NULL,
	delay_ms		integer NOT NULL,
	slow_ms			integer NOT NULL,
	failures		integer NOT NULL,
	openings		integer NOT NULL,
	updated_at		timestamp with time zone NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE wf_host IS 'sites that want pauses or fail, and until when they are left alone';
COMMENT ON COLUMN wf_host.delay_ms IS 'between the starts of two requests';
COMMENT ON COLUMN wf_host.slow_ms IS 'the part of that which answers 429 and 503 led to';
COMMENT ON COLUMN wf_host.failures IS 'weight since the last good answer; from 10 on the circuit breaker is open';
COMMENT ON COLUMN wf_host.openings IS 'how often it opened since then; each doubles the pause';
REVOKE ALL ON wf_host FROM PUBLIC;

-- robots.txt of each authority, for a day; empty where there is none.
CREATE TABLE wf_robots (
	key				bigint NOT NULL,
	origin			text NOT NULL,
	site			text NOT NULL,
	valid_until		timestamp with time zone NOT NULL,
	body			bytea NOT NULL,
	PRIMARY KEY (key, origin)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE wf_robots IS 'robots.txt of each authority, for at most 24 hours';
COMMENT ON COLUMN wf_robots.key IS 'of the site, as in wf_host';
REVOKE ALL ON wf_robots FROM PUBLIC;
CREATE INDEX wf_robots_valid_until_idx ON wf_robots (valid_until);

-- What the gateway has cost, one row for each calendar month (UTC).  Dumped: a
-- restored database has spent it, too.
CREATE TABLE wf_gateway_credits (
	month			date PRIMARY KEY,
	spent			bigint NOT NULL,
	calls			bigint NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE wf_gateway_credits IS 'credits that the gateway has cost in each month (UTC)';
COMMENT ON COLUMN wf_gateway_credits.spent IS
	'credits charged, and set aside for calls that have not ended or of which nothing was heard again';
COMMENT ON COLUMN wf_gateway_credits.calls IS 'calls for which credits were set aside';
REVOKE ALL ON wf_gateway_credits FROM PUBLIC;
GRANT SELECT ON wf_gateway_credits TO pg_monitor;
SELECT pg_catalog.pg_extension_config_dump('wf_gateway_credits', '');

--
-- 2. Processing.
--

CREATE FUNCTION wf_process_batch(batch_size integer DEFAULT 10,
	OUT claimed integer, OUT completed integer, OUT failed integer,
	OUT returned integer, OUT contacts integer)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'wf_process_batch';
COMMENT ON FUNCTION wf_process_batch(integer) IS
	'process up to batch_size (NULL: wf_curation.batch_size) ready items now and wait until they have ended';
REVOKE ALL ON FUNCTION wf_process_batch(integer) FROM PUBLIC;

CREATE PROCEDURE wf_process(batch_size integer DEFAULT 10)
LANGUAGE c
AS 'MODULE_PATHNAME', 'wf_process';
COMMENT ON PROCEDURE wf_process(integer) IS
	'as wf_process_batch, but the caller holds no snapshot while waiting';
REVOKE ALL ON PROCEDURE wf_process(integer) FROM PUBLIC;

CREATE FUNCTION wf_fetch(url text,
	OUT status integer, OUT effective_url text, OUT content_type text, OUT body bytea,
	OUT outcome text, OUT error text)
RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'wf_fetch';
COMMENT ON FUNCTION wf_fetch(text) IS
	'one fetch under the full policy, for diagnosis; stores no result';
REVOKE ALL ON FUNCTION wf_fetch(text) FROM PUBLIC;

CREATE FUNCTION wf_workers_start(n integer DEFAULT 1)
RETURNS integer
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_workers_start';
COMMENT ON FUNCTION wf_workers_start(integer) IS
	'start standing workers for this database; returns how many were started';
REVOKE ALL ON FUNCTION wf_workers_start(integer) FROM PUBLIC;

CREATE FUNCTION wf_workers_stop()
RETURNS integer
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_workers_stop';
COMMENT ON FUNCTION wf_workers_stop() IS
	'stop the standing workers of this database; returns how many were asked to stop';
REVOKE ALL ON FUNCTION wf_workers_stop() FROM PUBLIC;

CREATE FUNCTION wf_heal(OUT orphans bigint, OUT lost_claims bigint, OUT stale_claims bigint,
	OUT foreign_processing bigint, OUT pruned bigint)
RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_heal';
COMMENT ON FUNCTION wf_heal() IS
	'run the sweep now; returns what it repaired';
REVOKE ALL ON FUNCTION wf_heal() FROM PUBLIC;

CREATE FUNCTION wf_version()
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'wf_version';
COMMENT ON FUNCTION wf_version() IS 'version of the loaded library';
REVOKE ALL ON FUNCTION wf_version() FROM PUBLIC;

--
-- 3. The user's tables: the trigger, and attaching.
--

CREATE FUNCTION wf_curation_trigger()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'wf_curation_trigger';
COMMENT ON FUNCTION wf_curation_trigger() IS
	'row trigger that keeps the dual-status rule; created by wf_attach()';
REVOKE ALL ON FUNCTION wf_curation_trigger() FROM PUBLIC;

CREATE FUNCTION wf_business_trigger()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_business_trigger';
COMMENT ON FUNCTION wf_business_trigger() IS
	'row trigger that finds or creates the domains of selected businesses; created by wf_attach()';
REVOKE ALL ON FUNCTION wf_business_trigger() FROM PUBLIC;

CREATE FUNCTION wf_attach(pages regclass DEFAULT NULL, contacts regclass DEFAULT NULL,
	domains regclass DEFAULT NULL, sitemap_files regclass DEFAULT NULL,
	local_businesses regclass DEFAULT NULL, jobs regclass DEFAULT NULL,
	OUT part text, OUT table_name text, OUT action text, OUT detail text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 4
AS 'MODULE_PATHNAME', 'wf_attach';
COMMENT ON FUNCTION wf_attach(regclass, regclass, regclass, regclass, regclass, regclass) IS
	'attach tables: the given ones or, without arguments, those found by name; idempotent';
REVOKE ALL ON FUNCTION wf_attach(regclass, regclass, regclass, regclass, regclass, regclass) FROM PUBLIC;

CREATE FUNCTION wf_detach(OUT part text, OUT table_name text, OUT action text, OUT detail text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 4
AS 'MODULE_PATHNAME', 'wf_detach';
COMMENT ON FUNCTION wf_detach() IS
	'take triggers and indexes of the extension off all attached tables; no row is touched';
REVOKE ALL ON FUNCTION wf_detach() FROM PUBLIC;

CREATE FUNCTION wf_check("table" regclass, part text DEFAULT NULL,
	OUT part_name text, OUT subject text, OUT status text, OUT detail text, OUT remedy text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10
AS 'MODULE_PATHNAME', 'wf_check';
COMMENT ON FUNCTION wf_check(regclass, text) IS
	'dry run of wf_attach(): what it would do with a table, or why it would refuse';
REVOKE ALL ON FUNCTION wf_check(regclass, text) FROM PUBLIC;

--
-- 4. Control.
--

CREATE FUNCTION wf_set_page_status(page_ids uuid[], status text,
	OUT updated_count integer, OUT queued_count integer)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_set_page_status';
COMMENT ON FUNCTION wf_set_page_status(uuid[], text) IS
	'set the curation status of pages; Selected always queues anew';
REVOKE ALL ON FUNCTION wf_set_page_status(uuid[], text) FROM PUBLIC;

CREATE FUNCTION wf_retry(page_ids uuid[] DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_retry';
COMMENT ON FUNCTION wf_retry(uuid[]) IS
	'queue pages in Error anew, without argument all of them; returns how many';
REVOKE ALL ON FUNCTION wf_retry(uuid[]) FROM PUBLIC;

CREATE FUNCTION wf_cancel(page_ids uuid[])
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_cancel';
COMMENT ON FUNCTION wf_cancel(uuid[]) IS
	'take back pages that are queued or running; selected ones become New; returns how many';
REVOKE ALL ON FUNCTION wf_cancel(uuid[]) FROM PUBLIC;

CREATE FUNCTION wf_retry_errors(error text, stage text DEFAULT 'page')
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_retry_errors';
COMMENT ON FUNCTION wf_retry_errors(text, text) IS
	'queue items in Error anew, by the class of their last attempt (as in wf_attempts.outcome) or by a pattern of their error text with % in it; returns how many';
REVOKE ALL ON FUNCTION wf_retry_errors(text, text) FROM PUBLIC;

-- The same for any stage: page, sitemap_file, domain, local_business.
CREATE FUNCTION wf_retry_stage(stage text, ids uuid[] DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_retry_stage';
COMMENT ON FUNCTION wf_retry_stage(text, uuid[]) IS
	'queue items of a stage that are in Error anew, all of them where ids is NULL; returns how many';
REVOKE ALL ON FUNCTION wf_retry_stage(text, uuid[]) FROM PUBLIC;

CREATE FUNCTION wf_cancel_stage(stage text, ids uuid[])
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_cancel_stage';
COMMENT ON FUNCTION wf_cancel_stage(text, uuid[]) IS
	'take back items of a stage that are queued or running; selected ones become New; returns how many';
REVOKE ALL ON FUNCTION wf_cancel_stage(text, uuid[]) FROM PUBLIC;

CREATE FUNCTION wf_prioritize(stage text, ids uuid[], priority integer DEFAULT 1)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_prioritize';
COMMENT ON FUNCTION wf_prioritize(text, uuid[], integer) IS
	'have ready items of a stage (page, sitemap_file, domain) taken before others, the highest priority first; 0: no longer; returns how many';
REVOKE ALL ON FUNCTION wf_prioritize(text, uuid[], integer) FROM PUBLIC;

-- These two write a table of the extension for callers who may not.
CREATE FUNCTION wf_pause(stage text)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_pause';
COMMENT ON FUNCTION wf_pause(text) IS
	'stop taking items of a stage; false if it was paused already';
REVOKE ALL ON FUNCTION wf_pause(text) FROM PUBLIC;

CREATE FUNCTION wf_resume(stage text)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_resume';
COMMENT ON FUNCTION wf_resume(text) IS
	'go on taking items of a stage; false if it was not paused';
REVOKE ALL ON FUNCTION wf_resume(text) FROM PUBLIC;

-- Who is not to be stored.  These write tables of the extension for callers who
-- may not; user tables with the rights that workers have.
CREATE FUNCTION wf_suppress(entry text, reason text DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_suppress';
COMMENT ON FUNCTION wf_suppress(text, text) IS
	'never again store contacts of an address, of a domain and those below it, or of an address with that SHA-256; false if it was listed already';
REVOKE ALL ON FUNCTION wf_suppress(text, text) FROM PUBLIC;

CREATE FUNCTION wf_unsuppress(entry text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_unsuppress';
COMMENT ON FUNCTION wf_unsuppress(text) IS
	'take an address (also one that wf_erase() listed), a domain or a hash off the list; false if it was not there';
REVOKE ALL ON FUNCTION wf_unsuppress(text) FROM PUBLIC;

CREATE FUNCTION wf_erase(address text, reason text DEFAULT NULL,
	OUT contacts bigint, OUT findings bigint, OUT provenance bigint, OUT history bigint)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_erase';
COMMENT ON FUNCTION wf_erase(text, text) IS
	'erase one person everywhere and list the hash of the address, so that it is never stored again; returns what was erased';
REVOKE ALL ON FUNCTION wf_erase(text, text) FROM PUBLIC;

--
-- Categories of pages.  Built-in rules are ours and come with the version; a
-- rule of one's own replaces a built-in one with the same pattern, and is dumped.
-- Words of other scripts are percent-encoded, so that they are the same in any
-- encoding of a database.
--

CREATE FUNCTION wf_is_category_pattern(pattern text)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'wf_is_category_pattern';
COMMENT ON FUNCTION wf_is_category_pattern(text) IS 'can a rule of wf_category_rule have this pattern?';
REVOKE ALL ON FUNCTION wf_is_category_pattern(text) FROM PUBLIC;

CREATE TABLE wf_category_rule (
	pattern			text NOT NULL CHECK (@extschema@.wf_is_category_pattern(pattern)),
	category		text NOT NULL CHECK (pg_catalog.octet_length(category) BETWEEN 1 AND 64),
	action			text NOT NULL DEFAULT 'keep' CHECK (action IN ('select', 'keep', 'filter')),
	builtin			boolean NOT NULL DEFAULT false,
	PRIMARY KEY (pattern, builtin)
);
COMMENT ON TABLE wf_category_rule IS 'which words in a URL tell what kind of page it leads to';
COMMENT ON COLUMN wf_category_rule.pattern IS
	'words of a path segment; "kontakt *", "* kontakt", "team/*", "tag/**", ".pdf", "?parameter", "<career>/<contact>"';
COMMENT ON COLUMN wf_category_rule.action IS
	'what an import does: select (if wf_curation.auto_select is on), keep, or filter as of low value';
COMMENT ON COLUMN wf_category_rule.builtin IS 'came with the extension; your own rules have false and win';
REVOKE ALL ON wf_category_rule FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('wf_category_rule', 'WHERE NOT builtin');

CREATE FUNCTION wf_category_rule_changed()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'wf_category_rule_changed';
COMMENT ON FUNCTION wf_category_rule_changed() IS 'makes all sessions read wf_category_rule anew';
REVOKE ALL ON FUNCTION wf_category_rule_changed() FROM PUBLIC;
CREATE TRIGGER wf_category_rule_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wf_category_rule
	FOR EACH STATEMENT EXECUTE FUNCTION wf_category_rule_changed();

INSERT INTO wf_category_rule (pattern, category, action, builtin)
SELECT pattern, v.category, v.action, true FROM (VALUES
	('contact', 'select',
		'contact|contacts|contact us|contact me|contact info|contact information|contact details|'
		'contact form|contact page|get in touch|reach us|write to us|talk to us|how to find us|find us|'
		'where to find us|customer service contact|contactus form|kontakt|kontakte|kontakt *|'
		'kontaktformular|kontaktdaten|kontaktieren sie uns|so erreichen sie uns|so finden sie uns|'
		'ihr weg zu uns|anfahrt|anfahrt *|ansprechpartner|ansprechpartner *|contacto|contactos|'
		'contacto *|contactenos|contactanos|contacta|contacta con nosotros|contactar|contacte|contatti|'
		'contatti *|contattaci|contatto|dove siamo|contato|fale conosco|contactez nous|nous contacter|'
		'contactez|nous trouver|contacteer ons|contact opnemen|neem contact op|kontakta oss|kontakt oss|'
		'kontakt os|ota yhteytta|yhteystiedot|yhteys|skontaktuj sie|kontakty|kontakt z nami|kapcsolat|'
		'elerhetoseg|elerhetosegek|contacteaza ne|kontaktirajte nas|iletisim|bize ulasin|lien he|'
		'hubungi kami|kontak|kontak kami|%D0%BA%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82%D1%8B|'
		'%D0%BA%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82|%D0%BA%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82%D0%B8|'
		'%D1%81%D0%B2%D1%8F%D0%B7%D0%B0%D1%82%D1%8C%D1%81%D1%8F %D1%81 %D0%BD%D0%B0%D0%BC%D0%B8|'
		'%D0%BE%D0%B1%D1%80%D0%B0%D1%82%D0%BD%D0%B0%D1%8F %D1%81%D0%B2%D1%8F%D0%B7%D1%8C|'
		'%CE%B5%CF%80%CE%B9%CE%BA%CE%BF%CE%B9%CE%BD%CF%89%CE%BD%CE%B9%CE%B1|'
		'%CE%B5%CF%80%CE%B9%CE%BA%CE%BF%CE%B9%CE%BD%CF%89%CE%BD%CE%B7%CF%83%CF%84%CE%B5 %CE%BC%CE%B1%CE%B6%CE%B9 %CE%BC%CE%B1%CF%82|'
		'%E3%81%8A%E5%95%8F%E3%81%84%E5%90%88%E3%82%8F%E3%81%9B|%E3%81%8A%E5%95%8F%E5%90%88%E3%81%9B|'
		'%E3%81%8A%E5%95%8F%E3%81%84%E5%90%88%E3%82%8F%E3%81%9B%E3%83%95%E3%82%A9%E3%83%BC%E3%83%A0|'
		'%E9%80%A3%E7%B5%A1%E5%85%88|%E8%81%94%E7%B3%BB%E6%88%91%E4%BB%AC|'
		'%E8%81%94%E7%B3%BB%E6%96%B9%E5%BC%8F|%E8%81%AF%E7%B5%A1%E6%88%91%E5%80%91|'
		'%E8%81%AF%E7%B9%AB%E6%88%91%E5%80%91|%EB%AC%B8%EC%9D%98|%EB%AC%B8%EC%9D%98%ED%95%98%EA%B8%B0|'
		'%EC%97%B0%EB%9D%BD%EC%B2%98|'
		'%E0%B8%95%E0%B8%B4%E0%B8%94%E0%B8%95%E0%B9%88%E0%B8%AD%E0%B9%80%E0%B8%A3%E0%B8%B2|'
		'%E0%B8%95%E0%B8%B4%E0%B8%94%E0%B8%95%E0%B9%88%E0%B8%AD|%D7%A6%D7%95%D7%A8 %D7%A7%D7%A9%D7%A8|'
		'%D7%A6%D7%A8%D7%95 %D7%A7%D7%A9%D7%A8|%D8%A7%D8%AA%D8%B5%D9%84 %D8%A8%D9%86%D8%A7|'
		'%D8%AA%D9%85%D8%A7%D8%B3 %D8%A8%D8%A7 %D9%85%D8%A7|'
		'%E0%A4%B8%E0%A4%82%E0%A4%AA%E0%A4%B0%E0%A5%8D%E0%A4%95|'
		'%E0%A4%B8%E0%A4%82%E0%A4%AA%E0%A4%B0%E0%A5%8D%E0%A4%95 %E0%A4%95%E0%A4%B0%E0%A5%87%E0%A4%82'),
	('career', 'keep',
		'career|careers|job|jobs|karriere|stellenangebote|stellen|offene stellen|jobs und karriere|'
		'carrieres|carriere|emploi|emplois|recrutement|empleo|empleos|trabaja con nosotros|carreiras|'
		'trabalhe conosco|lavora con noi|carriera|lavoro|vacatures|werken bij|werken bij *|jobba hos oss|'
		'lediga jobb|praca|kariera|vakansii|%D0%B2%D0%B0%D0%BA%D0%B0%D0%BD%D1%81%D0%B8%D0%B8|'
		'work with us|join us|join our team|vacancies|employment|recruitment|'
		'%E6%8E%A1%E7%94%A8%E6%83%85%E5%A0%B1|%E6%8B%9B%E8%81%98'),
	('career_contact', 'select',
		'<career>/<contact>'),
	('legal', 'select',
		'impressum|imprint|legal notice|legal notices|anbieterkennzeichnung|mentions legales|'
		'mention legale|aviso legal|note legali|informativa legale|juridische informatie|'
		'informacje prawne|impresum|legal information|rechtliche hinweise|impressum *|'
		'%E7%89%B9%E5%AE%9A%E5%95%86%E5%8F%96%E5%BC%95%E6%B3%95%E3%81%AB%E5%9F%BA%E3%81%A5%E3%81%8F%E8%A1%A8%E8%A8%98|'
		'%E7%89%B9%E5%AE%9A%E5%95%86%E5%8F%96%E5%BC%95%E6%B3%95|%E4%BC%9A%E7%A4%BE%E6%A6%82%E8%A6%81|'
		'tokushoho'),
	('about', 'keep',
		'about|about us|about me|about the company|our story|our company|who we are|company|'
		'company profile|the company|uber uns|ueber uns|uber mich|ueber mich|wir uber uns|wir ueber uns|'
		'unternehmen|firma|qui sommes nous|a propos|a propos de nous|notre histoire|notre entreprise|'
		'sobre nosotros|quienes somos|nosotros|acerca de|acerca de nosotros|la empresa|empresa|chi siamo|'
		'azienda|l azienda|sobre|sobre nos|quem somos|over ons|wie zijn wij|wie we zijn|om oss|om os|'
		'tietoa meista|meista|o nas|o firmie|o spolecnosti|rolunk|despre noi|hakkimizda|kurumsal|'
		'gioi thieu|tentang kami|%D0%BE %D0%BD%D0%B0%D1%81|'
		'%D0%BE %D0%BA%D0%BE%D0%BC%D0%BF%D0%B0%D0%BD%D0%B8%D0%B8|%D0%BF%D1%80%D0%BE %D0%BD%D0%B0%D1%81|'
		'%CF%83%CF%87%CE%B5%CF%84%CE%B9%CE%BA%CE%B1 %CE%BC%CE%B5 %CE%B5%CE%BC%CE%B1%CF%82|'
		'%CE%B7 %CE%B5%CF%84%CE%B1%CE%B9%CF%81%CE%B5%CE%B9%CE%B1|%E4%BC%9A%E7%A4%BE%E6%A1%88%E5%86%85|'
		'%E7%A7%81%E3%81%9F%E3%81%A1%E3%81%AB%E3%81%A4%E3%81%84%E3%81%A6|'
		'%E5%85%B3%E4%BA%8E%E6%88%91%E4%BB%AC|%E5%85%AC%E5%8F%B8%E7%AE%80%E4%BB%8B|'
		'%E9%97%9C%E6%96%BC%E6%88%91%E5%80%91|%ED%9A%8C%EC%82%AC%EC%86%8C%EA%B0%9C|'
		'%E0%B9%80%E0%B8%81%E0%B8%B5%E0%B9%88%E0%B8%A2%E0%B8%A7%E0%B8%81%E0%B8%B1%E0%B8%9A%E0%B9%80%E0%B8%A3%E0%B8%B2|'
		'%D7%90%D7%95%D7%93%D7%95%D7%AA|%D9%85%D9%86 %D9%86%D8%AD%D9%86'),
	('team', 'keep',
		'team|our team|the team|meet the team|meet our team|staff|our staff|people|our people|leadership|'
		'management|management team|doctors|our doctors|attorneys|our attorneys|agents|faculty|'
		'unser team|das team|mitarbeiter|team *|equipe|notre equipe|l equipe|equipo|nuestro equipo|'
		'il team|il nostro team|lo staff|equipe *|ons team|medewerkers|vart team|medarbeidere|'
		'medarbetare|medarbejdere|henkilosto|zespol|nasz zespol|tym|csapat|csapatunk|echipa|ekibimiz|'
		'%D0%BA%D0%BE%D0%BC%D0%B0%D0%BD%D0%B4%D0%B0|'
		'%D0%BD%D0%B0%D1%88%D0%B0 %D0%BA%D0%BE%D0%BC%D0%B0%D0%BD%D0%B4%D0%B0|'
		'%D1%81%D0%BE%D1%82%D1%80%D1%83%D0%B4%D0%BD%D0%B8%D0%BA%D0%B8|'
		'%CE%B7 %CE%BF%CE%BC%CE%B1%CE%B4%CE%B1 %CE%BC%CE%B1%CF%82|%E3%82%B9%E3%82%BF%E3%83%83%E3%83%95|'
		'%E3%82%B9%E3%82%BF%E3%83%83%E3%83%95%E7%B4%B9%E4%BB%8B|%E5%9B%A2%E9%98%9F|'
		'%E6%88%91%E4%BB%AC%E7%9A%84%E5%9B%A2%E9%98%9F|team/*|our team/*|staff/*|people/*|attorneys/*|'
		'doctors/*|equipe/*|equipo/*|mitarbeiter/*'),
	('location', 'keep',
		'location|locations|our locations|offices|our offices|branches|store locator|find a store|'
		'standorte|standort|filialen|agences|nos agences|sedes|sucursales|oficinas|sedi|le nostre sedi|'
		'filialer|kontor|vestigingen|oddzialy|%D0%B0%D0%B4%D1%80%D0%B5%D1%81%D0%B0|'
		'%D1%84%D0%B8%D0%BB%D0%B8%D0%B0%D0%BB%D1%8B|location/*|locations/*|offices/*|standorte/*'),
	('services', 'keep',
		'service|services|our services|what we do|leistungen|unsere leistungen|dienstleistungen|angebot|'
		'prestations|nos services|nos prestations|servicios|nuestros servicios|servizi|i nostri servizi|'
		'servicos|diensten|onze diensten|tjanster|ydelser|tjenester|palvelut|uslugi|oferta|sluzby|'
		'szolgaltatasok|servicii|hizmetler|hizmetlerimiz|dich vu|%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8|'
		'%D0%BF%D0%BE%D1%81%D0%BB%D1%83%D0%B3%D0%B8|'
		'%CF%85%CF%80%CE%B7%CF%81%CE%B5%CF%83%CE%B9%CE%B5%CF%82|%E3%82%B5%E3%83%BC%E3%83%93%E3%82%B9|'
		'%E6%9C%8D%E5%8A%A1|%E6%9C%8D%E5%8B%99|%EC%84%9C%EB%B9%84%EC%8A%A4|services/*|leistungen/*|'
		'servicios/*'),
	('pricing', 'keep',
		'pricing|prices|price list|rates|fees|plans|plans and pricing|preise|preisliste|tarife|tarifs|'
		'nos tarifs|precios|tarifas|prezzi|listino prezzi|tariffe|precos|planos|prijzen|tarieven|priser|'
		'hinnat|hinnasto|cennik|ceny|cenik|arak|preturi|fiyatlar|bang gia|%D1%86%D0%B5%D0%BD%D1%8B|'
		'%D0%BF%D1%80%D0%B0%D0%B9%D1%81|%D1%86%D1%96%D0%BD%D0%B8|%CF%84%CE%B9%CE%BC%CE%B5%CF%82|'
		'%E6%96%99%E9%87%91|%E6%96%99%E9%87%91%E8%A1%A8|%E4%BB%B7%E6%A0%BC'),
	('menu', 'keep',
		'menu|menus|our menu|food menu|dinner menu|lunch menu|drinks menu|speisekarte|speisen|'
		'getrankekarte|mittagskarte|karte|la carte|notre carte|carte|carta|la carta|nuestra carta|'
		'il menu|menukaart|meny|menukort|ruokalista|jidelni listek|etlap|meniu|%D0%BC%D0%B5%D0%BD%D1%8E|'
		'%CE%BC%CE%B5%CE%BD%CE%BF%CF%85|%E3%83%A1%E3%83%8B%E3%83%A5%E3%83%BC|%E8%8F%9C%E5%8D%95|'
		'%E8%8F%9C%E5%96%AE|%EB%A9%94%EB%89%B4'),
	('home', 'keep',
		'/|home|homepage|startseite|accueil|inicio'),
	('policy', 'filter',
		'privacy|privacy policy|privacy notice|privacy statement|cookies|cookie policy|cookie notice|'
		'terms|terms of service|terms of use|terms and conditions|conditions|disclaimer|accessibility|'
		'accessibility statement|gdpr|dsgvo|datenschutz|datenschutzerklarung|datenschutzerklaerung|'
		'datenschutz *|agb|agbs|allgemeine geschaftsbedingungen|nutzungsbedingungen|widerruf|'
		'widerrufsbelehrung|politique de confidentialite|confidentialite|cgv|cgu|conditions generales *|'
		'politique cookies|politica de privacidad|privacidad|politica de cookies|terminos y condiciones|'
		'condiciones *|informativa privacy|politica de privacidade|politica sulla privacy|'
		'termini e condizioni|privacyverklaring|privacybeleid|algemene voorwaarden|integritetspolicy|'
		'personvern|tietosuoja|tietosuojaseloste|polityka prywatnosci|regulamin|adatvedelem|'
		'adatkezelesi tajekoztato|gizlilik politikasi|'
		'%D0%BF%D0%BE%D0%BB%D1%96%D1%82%D0%B8%D0%BA%D0%B0 %D0%BA%D0%BE%D0%BD%D1%84%D1%96%D0%B4%D0%B5%D0%BD%D1%86%D1%96%D0%B9%D0%BD%D0%BE%D1%81%D1%82%D1%96|'
		'%D0%BF%D0%BE%D0%BB%D0%B8%D1%82%D0%B8%D0%BA%D0%B0 %D0%BA%D0%BE%D0%BD%D1%84%D0%B8%D0%B4%D0%B5%D0%BD%D1%86%D0%B8%D0%B0%D0%BB%D1%8C%D0%BD%D0%BE%D1%81%D1%82%D0%B8|'
		'%E3%83%97%E3%83%A9%E3%82%A4%E3%83%90%E3%82%B7%E3%83%BC%E3%83%9D%E3%83%AA%E3%82%B7%E3%83%BC|'
		'%E4%B8%AA%E4%BA%BA%E4%BF%A1%E6%81%AF%E4%BF%9D%E6%8A%A4%E6%94%BF%E7%AD%96|'
		'%E9%9A%90%E7%A7%81%E6%94%BF%E7%AD%96'),
	('account', 'filter',
		'login|log in|signin|sign in|signup|sign up|register|registration|logout|account|my account|'
		'password|lost password|forgot password|reset password|anmelden|einloggen|registrieren|'
		'mein konto|connexion|mon compte|se connecter|inscription|iniciar sesion|mi cuenta|accedi|'
		'area riservata|entrar|minha conta|inloggen|mijn account|logga in|user/**|users/**|account/**|'
		'my account/**|wp login'),
	('shop', 'filter',
		'cart|basket|shopping cart|checkout|wishlist|warenkorb|kasse|merkzettel|panier|commande|carrito|'
		'finalizar compra|carrello|cassa|carrinho|winkelwagen|winkelmand|varukorg|handlekurv|kurv|'
		'ostoskori|koszyk|kosik|kosar|cart/**|checkout/**|?add to cart|?add to wishlist'),
	('search', 'filter',
		'search|search results|suche|recherche|buscar|busqueda|cerca|zoeken|sok|szukaj|?s|search/**'),
	('archive', 'filter',
		'tag/**|tags/**|category/**|categories/**|kategorie/**|kategorien/**|categoria/**|categorie/**|'
		'schlagwort/**|etiqueta/**|etiquette/**|author/**|authors/**|archive/**|archives/**|?replytocom|'
		'?share|?print|?orderby'),
	('feed', 'filter',
		'feed|feeds|rss|atom|feed/**|comments/**|trackback|amp|print|.rss|.atom'),
	('system', 'filter',
		'wp admin/**|wp content/**|wp includes/**|wp json/**|cgi bin/**|xmlrpc|wp cron|admin/**|'
		'administrator/**|cdn cgi/**|node modules/**'),
	('confirmation', 'filter',
		'thank you|thanks|danke|vielen dank|merci|gracias|grazie|obrigado|bedankt|tack|confirmation|'
		'unsubscribe|newsletter unsubscribe|404|error 404|not found'),
	('file', 'filter',
		'.pdf|.jpg|.jpeg|.png|.gif|.svg|.webp|.avif|.ico|.bmp|.tif|.tiff|.mp3|.mp4|.m4a|.m4v|.avi|.mov|'
		'.mpg|.mpeg|.wmv|.webm|.ogg|.wav|.flv|.zip|.gz|.tgz|.rar|.7z|.tar|.exe|.dmg|.apk|.iso|.doc|.docx|'
		'.xls|.xlsx|.ppt|.pptx|.odt|.ods|.csv|.ics|.vcf|.css|.js|.json|.xml|.txt|.woff|.woff2|.ttf|.eot|'
		'.swf|.rtf|.eps|.ai|.psd')
) v(category, action, patterns), pg_catalog.string_to_table(v.patterns, '|') pattern;

CREATE FUNCTION wf_categorize(url text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'wf_categorize';
COMMENT ON FUNCTION wf_categorize(text) IS
	'category of the page that a URL leads to, by the rules in wf_category_rule; unknown if none matches';
REVOKE ALL ON FUNCTION wf_categorize(text) FROM PUBLIC;

--
-- Entry points: whatever people have, one row of outcome for each (created, exists
-- or invalid); select_now also selects what was found or created.
--

CREATE FUNCTION wf_submit_domains(domains text[], select_now boolean DEFAULT false,
	OUT input text, OUT id uuid, OUT outcome text, OUT detail text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100
AS 'MODULE_PATHNAME', 'wf_submit_domains';
COMMENT ON FUNCTION wf_submit_domains(text[], boolean) IS
	'find or create domains, given as names or web addresses';
REVOKE ALL ON FUNCTION wf_submit_domains(text[], boolean) FROM PUBLIC;

CREATE FUNCTION wf_submit_pages(urls text[], select_now boolean DEFAULT false,
	OUT input text, OUT id uuid, OUT outcome text, OUT detail text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100
AS 'MODULE_PATHNAME', 'wf_submit_pages';
COMMENT ON FUNCTION wf_submit_pages(text[], boolean) IS
	'find or create pages, and the domains they belong to';
REVOKE ALL ON FUNCTION wf_submit_pages(text[], boolean) FROM PUBLIC;

CREATE FUNCTION wf_submit_sitemaps(urls text[], select_now boolean DEFAULT false,
	OUT input text, OUT id uuid, OUT outcome text, OUT detail text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100
AS 'MODULE_PATHNAME', 'wf_submit_sitemaps';
COMMENT ON FUNCTION wf_submit_sitemaps(text[], boolean) IS
	'find or create sitemap files, and the domains they belong to';
REVOKE ALL ON FUNCTION wf_submit_sitemaps(text[], boolean) FROM PUBLIC;

-- The same by COPY: one row for each, by the same code.  Their rows are in the
-- attached tables; the views themselves have none.
CREATE FUNCTION wf_import_trigger()
RETURNS trigger
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'wf_import_trigger';
COMMENT ON FUNCTION wf_import_trigger() IS
	'finds or creates what is inserted into wf_import_domains, wf_import_pages and wf_import_sitemaps';
REVOKE ALL ON FUNCTION wf_import_trigger() FROM PUBLIC;

CREATE VIEW wf_import_domains AS
	SELECT NULL::text AS domain, NULL::boolean AS select_now WHERE false;
COMMENT ON VIEW wf_import_domains IS
	'COPY or INSERT into it finds or creates domains, as wf_submit_domains() does';
CREATE TRIGGER wf_import INSTEAD OF INSERT ON wf_import_domains
	FOR EACH ROW EXECUTE FUNCTION wf_import_trigger('domains');
CREATE TRIGGER wf_import_end AFTER INSERT ON wf_import_domains
	FOR EACH STATEMENT EXECUTE FUNCTION wf_import_trigger('domains');
REVOKE ALL ON wf_import_domains FROM PUBLIC;

CREATE VIEW wf_import_pages AS
	SELECT NULL::text AS url, NULL::boolean AS select_now WHERE false;
COMMENT ON VIEW wf_import_pages IS
	'COPY or INSERT into it finds or creates pages, as wf_submit_pages() does';
CREATE TRIGGER wf_import INSTEAD OF INSERT ON wf_import_pages
	FOR EACH ROW EXECUTE FUNCTION wf_import_trigger('pages');
CREATE TRIGGER wf_import_end AFTER INSERT ON wf_import_pages
	FOR EACH STATEMENT EXECUTE FUNCTION wf_import_trigger('pages');
REVOKE ALL ON wf_import_pages FROM PUBLIC;

CREATE VIEW wf_import_sitemaps AS
	SELECT NULL::text AS url, NULL::boolean AS select_now WHERE false;
COMMENT ON VIEW wf_import_sitemaps IS
	'COPY or INSERT into it finds or creates sitemap files, as wf_submit_sitemaps() does';
CREATE TRIGGER wf_import INSTEAD OF INSERT ON wf_import_sitemaps
	FOR EACH ROW EXECUTE FUNCTION wf_import_trigger('sitemap_files');
CREATE TRIGGER wf_import_end AFTER INSERT ON wf_import_sitemaps
	FOR EACH STATEMENT EXECUTE FUNCTION wf_import_trigger('sitemap_files');
REVOKE ALL ON wf_import_sitemaps FROM PUBLIC;

--
-- Extraction: no network, no tables; for everybody.
--

CREATE FUNCTION wf_extract_contacts(html text, url text DEFAULT NULL,
	OUT kind text, OUT value text, OUT raw text, OUT name text, OUT job_title text,
	OUT context text, OUT source text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'wf_extract_contacts_text';
COMMENT ON FUNCTION wf_extract_contacts(text, text) IS
	'contacts on a web page given as text';

CREATE FUNCTION wf_extract_contacts(body bytea, content_type text, url text,
	OUT kind text, OUT value text, OUT raw text, OUT name text, OUT job_title text,
	OUT context text, OUT source text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'wf_extract_contacts_bytea';
COMMENT ON FUNCTION wf_extract_contacts(bytea, text, text) IS
	'contacts on a web page given as bytes, whose charset is detected';

--
-- Schedule
--

CREATE FUNCTION wf_schedule(batch_size integer DEFAULT 10, schedule text DEFAULT '* * * * *')
RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_schedule';
COMMENT ON FUNCTION wf_schedule(integer, text) IS
	'have pg_cron process a batch regularly; returns the job id';
REVOKE ALL ON FUNCTION wf_schedule(integer, text) FROM PUBLIC;

CREATE FUNCTION wf_unschedule()
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_unschedule';
COMMENT ON FUNCTION wf_unschedule() IS
	'remove the pg_cron job of this database; false if there was none';
REVOKE ALL ON FUNCTION wf_unschedule() FROM PUBLIC;

--
-- 5. Seeing it work.  No view depends on a user's table: they stand on functions
--    that look the attached tables up when called.  SECURITY DEFINER lets members
--    of pg_monitor read our own tables; a user's table is counted as its owner.
--

CREATE FUNCTION wf_pipeline(OUT stage text, OUT status text, OUT count bigint,
	OUT oldest timestamp with time zone, OUT next_due timestamp with time zone)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 5 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'wf_pipeline';
COMMENT ON FUNCTION wf_pipeline() IS 'rows of the view wf_pipeline';
REVOKE ALL ON FUNCTION wf_pipeline() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wf_pipeline() TO pg_monitor;

CREATE VIEW wf_pipeline AS
	SELECT p.stage, p.status, p.count, p.oldest, p.next_due FROM wf_pipeline() p;
COMMENT ON VIEW wf_pipeline IS
	'how many items of each stage have which status: pages, and the stages before them once they were used';
COMMENT ON COLUMN wf_pipeline.status IS
	'processing status as the table spells it; NULL: selected and not queued, which the sweep repairs';
COMMENT ON COLUMN wf_pipeline.oldest IS 'the earliest updated_at among them';
COMMENT ON COLUMN wf_pipeline.next_due IS 'when the next retry among them is due';
REVOKE ALL ON wf_pipeline FROM PUBLIC;
GRANT SELECT ON wf_pipeline TO pg_monitor;

CREATE FUNCTION wf_workers(OUT pid integer, OUT database text, OUT state text,
	OUT in_flight integer, OUT pages_per_second double precision, OUT crawler_pid integer,
	OUT kind text, OUT started timestamp with time zone)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000 ROWS 4 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'wf_workers';
COMMENT ON FUNCTION wf_workers() IS 'rows of the view wf_workers';
REVOKE ALL ON FUNCTION wf_workers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wf_workers() TO pg_monitor;

CREATE VIEW wf_workers AS
	SELECT w.pid, w.database, w.state, w.in_flight, w.pages_per_second, w.crawler_pid, w.kind, w.started
	FROM wf_workers() w;
COMMENT ON VIEW wf_workers IS 'the workers of the server, those of other databases, too';
COMMENT ON COLUMN wf_workers.state IS
	'starting, idle, busy or blocked; NULL, as in_flight and crawler_pid, where the library is not preloaded';
COMMENT ON COLUMN wf_workers.pages_per_second IS
	'of the last minute; of workers of other databases since their start';
COMMENT ON COLUMN wf_workers.kind IS 'standing or on-demand';
REVOKE ALL ON wf_workers FROM PUBLIC;
GRANT SELECT ON wf_workers TO pg_monitor;

CREATE FUNCTION wf_progress(OUT stage text, OUT done bigint, OUT total bigint,
	OUT rate double precision, OUT eta timestamp with time zone)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000 ROWS 1 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'wf_progress';
COMMENT ON FUNCTION wf_progress() IS 'rows of the view wf_progress';
REVOKE ALL ON FUNCTION wf_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wf_progress() TO pg_monitor;

CREATE VIEW wf_progress AS
	SELECT p.stage, p.done, p.total, p.rate, p.eta FROM wf_progress() p;
COMMENT ON VIEW wf_progress IS
	'how far each stage is, and when it will be done: pages, and the stages before them once they were used';
COMMENT ON COLUMN wf_progress.done IS 'items that ended, well or not';
COMMENT ON COLUMN wf_progress.total IS 'those and the ones queued or in flight';
COMMENT ON COLUMN wf_progress.rate IS 'items that ended per second, over the last five minutes';
COMMENT ON COLUMN wf_progress.eta IS 'when the rest will be done at this rate';
REVOKE ALL ON wf_progress FROM PUBLIC;
GRANT SELECT ON wf_progress TO pg_monitor;

CREATE FUNCTION wf_health(OUT check_name text, OUT status text, OUT detail text, OUT remedy text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000 ROWS 40 SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms'
AS 'MODULE_PATHNAME', 'wf_health';
COMMENT ON FUNCTION wf_health() IS
	'everything that is known to go wrong: ok, warn or fail, and the statement that repairs it';
REVOKE ALL ON FUNCTION wf_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wf_health() TO pg_monitor;

-- URLs and errors may be personal data: for the owner only.
CREATE VIEW wf_attempts AS
	SELECT a.id, a.stage, a.item AS page_id, a.url, a.attempt, a.outcome, a.http_status,
		a.bytes, a.contacts, a.error, a.started_at AS started, a.finished_at AS finished,
		a.finished_at - a.started_at AS took, a.worker_pid, a.credits
	FROM wf_attempt a;
COMMENT ON VIEW wf_attempts IS 'every attempt that ended, for wf_curation.history_retention';
COMMENT ON COLUMN wf_attempts.outcome IS 'ok, or the class of the error';
COMMENT ON COLUMN wf_attempts.contacts IS 'addresses found on the page';
COMMENT ON COLUMN wf_attempts.credits IS
	'what the call of the gateway cost, or at most cost; NULL: it was fetched directly';
REVOKE ALL ON wf_attempts FROM PUBLIC;

-- Both are personal data: for the owner only.
CREATE VIEW wf_findings AS
	SELECT f.page_id, f.kind, f.value, f.raw, f.name, f.job_title, f.phone, f.source,
		f.position, f.context, f.found_at
	FROM wf_finding f;
COMMENT ON VIEW wf_findings IS 'evidence of each contact: where on the page it was found';
COMMENT ON COLUMN wf_findings.phone IS 'of an address: the number that the page ties to it';
COMMENT ON COLUMN wf_findings.position IS 'byte offset in the UTF-8 form of the page';
COMMENT ON COLUMN wf_findings.found_at IS 'since when it has been found like this';
COMMENT ON COLUMN wf_findings.context IS 'the text around it, at most 100 characters';
REVOKE ALL ON wf_findings FROM PUBLIC;

CREATE VIEW wf_provenance AS
	SELECT o.contact_id, f.field, f.page_id, f.evidence, o.stored_at
	FROM wf_contact_origin o CROSS JOIN LATERAL (VALUES
		('email', o.page_id, CASE WHEN o.page_id IS NOT NULL THEN 'found' END),
		('name', COALESCE(o.name_from, o.page_id), ('{page,text,structured}'::text[])[o.name_strength]),
		('phone_number', COALESCE(o.phone_from, o.page_id), ('{page,text,structured}'::text[])[o.phone_strength]),
		('job_title', COALESCE(o.title_from, o.page_id), ('{page,text,structured}'::text[])[o.title_strength])
	) f(field, page_id, evidence)
	WHERE f.evidence IS NOT NULL;
COMMENT ON COLUMN wf_provenance.evidence IS
	'found; of the page, in the text beside the address, or in structured data with it';
COMMENT ON VIEW wf_provenance IS 'which page each field of a contact came from, as it was stored last';
REVOKE ALL ON wf_provenance FROM PUBLIC;

-- Creates and attaches the user's tables now; not kept.
CREATE FUNCTION wf_install()
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'wf_install';
REVOKE ALL ON FUNCTION wf_install() FROM PUBLIC;
SELECT wf_install();
DROP FUNCTION wf_install();
