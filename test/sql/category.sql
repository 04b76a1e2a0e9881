--
-- Categories of pages: the rules that come with the extension, and one's own.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE wf_test_category TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\c wf_test_category
SET client_min_messages = warning;
CREATE EXTENSION wf_curation;

-- in the languages people use; what is expected stands in front
SELECT v.expected, wf_categorize(v.url) AS got, v.url FROM (VALUES
	('contact', 'https://x.example/contact'), ('contact', 'https://x.example/contact-us/'),
	('contact', 'https://x.example/ContactUs.aspx'), ('contact', 'https://x.example/get-in-touch'),
	('contact', 'https://x.example/kontakt.html'), ('contact', 'https://x.example/de/kontakt-anfahrt'),
	('contact', 'https://x.example/contacto/'), ('contact', 'https://x.example/contatti'),
	('contact', 'https://x.example/fale-conosco'), ('contact', 'https://x.example/nous-contacter'),
	('contact', 'https://x.example/yhteystiedot'), ('contact', 'https://x.example/iletisim'),
	('contact', 'https://x.example/%C4%B0leti%C5%9Fim'),
	('contact', 'https://x.example/контакты'), ('contact', 'https://x.example/επικοινωνία'),
	('contact', 'https://x.example/お問い合わせ'), ('contact', 'https://x.example/%E8%81%94%E7%B3%BB%E6%88%91%E4%BB%AC'),
	('contact', 'https://x.example/צור-קשר'), ('contact', 'https://x.example/?page=contact'),
	('career_contact', 'https://x.example/careers/contact'), ('career_contact', 'https://x.example/karriere/kontakt'),
	('legal', 'https://x.example/impressum'), ('legal', 'https://x.example/mentions-legales'),
	('legal', 'https://x.example/aviso-legal'), ('legal', 'https://x.example/note-legali'),
	('about', 'https://x.example/about-us'), ('about', 'https://x.example/%C3%BCber-uns'),
	('about', 'https://x.example/ueber-uns'), ('about', 'https://x.example/quienes-somos'),
	('about', 'https://x.example/quiénes-somos'), ('about', 'https://x.example/chi-siamo'),
	('team', 'https://x.example/équipe'), ('team', 'https://x.example/our-team/ann-example'),
	('services', 'https://x.example/leistungen'), ('pricing', 'https://x.example/preise'),
	('menu', 'https://x.example/speisekarte'), ('home', 'https://x.example/'),
	('policy', 'https://x.example/datenschutz'), ('policy', 'https://x.example/privacy-policy'),
	('file', 'https://x.example/contact.pdf'), ('file', 'https://x.example/logo.PNG'),
	('feed', 'https://x.example/blog/feed/'), ('archive', 'https://x.example/tag/contact'),
	('account', 'https://x.example/login'), ('shop', 'https://x.example/cart'),
	('system', 'https://x.example/wp-content/uploads/x'), ('archive', 'https://x.example/post?replytocom=7'),
	-- words, not parts of words
	('unknown', 'https://x.example/contact-lenses'), ('unknown', 'https://x.example/kontaktlinsen'),
	('unknown', 'https://x.example/steam'), ('unknown', 'https://x.example/step?step=3'),
	('unknown', 'https://x.example/page?map=12'), ('unknown', 'https://x.example/contactless-payment'),
	('unknown', 'https://contact.example/x'), ('unknown', 'https://x.example/cartography')
) v(expected, url) WHERE wf_categorize(v.url) <> v.expected;

SELECT category, action, count(*) > 0 AS rules FROM wf_category_rule GROUP BY 1, 2 ORDER BY 1;
SELECT wf_categorize(NULL) IS NULL AS strict;

-- one's own rules: at once, before built-in ones, until they are gone
INSERT INTO wf_category_rule (pattern, category, action) VALUES ('lenses', 'product', 'filter'), ('contact', 'mine', 'keep');
SELECT wf_categorize('/lenses'), wf_categorize('/contact'), wf_categorize('/contact-us');
BEGIN;
UPDATE wf_category_rule SET category = 'other' WHERE category = 'mine';
SELECT wf_categorize('/contact');
ROLLBACK;
SELECT wf_categorize('/contact');
DELETE FROM wf_category_rule WHERE NOT builtin;
SELECT wf_categorize('/lenses'), wf_categorize('/contact');
\set VERBOSITY terse
INSERT INTO wf_category_rule (pattern, category) VALUES ('a/b', 'x');
INSERT INTO wf_category_rule (pattern, category) VALUES ('**', 'x');
INSERT INTO wf_category_rule (pattern, category, action) VALUES ('x', 'x', 'drop');
\set VERBOSITY default

-- no privilege on the rules is needed, only on the function
CREATE ROLE regress_wf_category;
GRANT EXECUTE ON FUNCTION wf_categorize(text) TO regress_wf_category;
SET ROLE regress_wf_category;
SELECT wf_categorize('/kontakt');
SELECT count(*) FROM wf_category_rule;
RESET ROLE;
DROP OWNED BY regress_wf_category;
DROP ROLE regress_wf_category;

-- many
SELECT count(*) FROM (SELECT wf_categorize('https://x.example/' || i || '/contact') c FROM generate_series(1, 1000) i) x
WHERE c = 'contact';

\c :regress_db
DROP DATABASE wf_test_category WITH (FORCE);
