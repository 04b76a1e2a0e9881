-- wf_extract_contacts(): extraction as a function.

CREATE EXTENSION IF NOT EXISTS wf_curation;

SELECT kind, value, raw, source FROM wf_extract_contacts(
	'<p>Write to <b>In</b>fo@acme-widgets.com or call (212) 555-0199.</p>'
	'<a href="mailto:Sales%40acme-widgets.com?subject=x">mail</a>'
	'<a href="tel:+44-20-7946-0958">phone</a>');

-- the old filters are whole words of local part or domain
SELECT value FROM wf_extract_contacts(
	'noreply@acme-widgets.com no-reply@acme-widgets.com info@example.com '
	'dummy@acme-widgets.com info@besttest.com contest@acme-widgets.com');

-- what is not visible is not there
SELECT value FROM wf_extract_contacts(
	'<!-- hidden@acme-widgets.com --><script>var a = "script@acme-widgets.com";</script>'
	'<style>/* style@acme-widgets.com */</style><p>seen@acme-widgets.com</p>');

-- entities, cells, and no doubles
SELECT value FROM wf_extract_contacts(
	'<td>one&#64;acme-widgets.com</td><td>two&commat;acme-widgets.com</td><td>ONE@ACME-WIDGETS.COM</td>');

-- default_region decides about numbers without a country code
SELECT kind, value FROM wf_extract_contacts('call 212-555-0199');
SET wf_curation.default_region = 'DE';
SELECT kind, value FROM wf_extract_contacts('call 212-555-0199');
RESET wf_curation.default_region;

-- bytes: the charset is detected (header, meta, byte order mark)
SELECT value, context FROM wf_extract_contacts(
	convert_to('<p>Büro: buero@acme-widgets.com</p>', 'LATIN1'), 'text/html; charset=iso-8859-1', NULL);
SELECT value FROM wf_extract_contacts(
	'\xfffe3c0070003e00610040006200630064002e0063006f006d003c002f0070003e00'::bytea, NULL, NULL);

-- nothing, NULL and nonsense are no errors
SELECT * FROM wf_extract_contacts(NULL);
SELECT * FROM wf_extract_contacts('');
SELECT * FROM wf_extract_contacts(NULL, NULL, NULL);
SELECT count(*) FROM wf_extract_contacts('\x00ff00ff3c00403e40'::bytea, 'text/html; charset=nonsense', 'not a url');
SELECT count(*) FROM wf_extract_contacts(repeat('<p>@', 100000));

-- declared as it behaves
SELECT oid::regprocedure, provolatile, proparallel, proretset
FROM pg_proc WHERE proname = 'wf_extract_contacts' ORDER BY 1::text;

-- cancel and statement_timeout act while it runs
SET statement_timeout = '100ms';
SELECT count(*) FROM generate_series(1, 1000) g, wf_extract_contacts(repeat('<p>a@b.example x 212-555-0199 ', 100000 + g));
RESET statement_timeout;
