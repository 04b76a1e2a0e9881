# What a service has left behind in years: rows that break rules which came later, and
# must keep nobody else from being processed and repaired; tables that insist.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $refused = 'http://10.0.0.1';	# by policy, at once
my $web = start_nginx(pages => {
	'/address.html' => '<p>Write to ann@acme-widgets.com</p>',
	'/number.html' => '<p>Phone: (212) 555-0142</p>',
	'/robots.txt' => "Sitemap: /index.xml\n",
	'/index.xml' => sitemap('sitemapindex', '<sitemap><loc>/pages.xml</loc></sitemap>'),
	'/pages.xml' => sitemap('urlset', '<url><loc>/address.html</loc></url><url><loc>/number.html</loc></url>') });
my $node = new_node();

sub sitemap
{
	my ($root, $entries) = @_;
	return "<?xml version='1.0'?><$root xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>$entries</$root>";
}

sub value { return $node->safe_psql('postgres', $_[0]) }

# Rows as they were written before there was a rule, and behind the trigger's back.
sub behind
{
	my ($sql) = @_;
	return value("ALTER TABLE pages DROP CONSTRAINT IF EXISTS is_url; SET session_replication_role = replica; $sql;"
		  . " ALTER TABLE pages ADD CONSTRAINT is_url CHECK (url ~ '^http') NOT VALID");
}

# ---- pages that cannot be claimed

value("INSERT INTO domains (id, domain) VALUES ('00000000-0000-0000-0000-000000000001', 'first.invalid'),"
	  . " ('00000000-0000-0000-0000-000000000002', 'second.invalid')");
# so many, and first in the index, that every claim meets them
behind("INSERT INTO pages (id, domain_id, url, page_curation_status, page_processing_status)"
	  . " SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid,"
	  . " ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, 'www.old.invalid/' || n, 'Selected', 'Queued'"
	  . ' FROM generate_series(1, 20) n');
add_pages($node, { status => 'Selected' }, map { "$refused/$_" } 1 .. 10);
value("UPDATE pages SET domain_id = '00000000-0000-0000-0000-000000000001' WHERE url ~ '$refused'");
wait_for_status($node, 'Error', "url ~ '$refused'");
is(statuses($node, "url ~ 'old'"), 'Queued=20', 'those that refuse to be claimed wait');

# ---- pages that cannot be repaired

behind("DELETE FROM pages; INSERT INTO pages (url, page_curation_status, page_processing_status)"
	  . " SELECT CASE WHEN n % 10 = 1 THEN 'www.old.invalid/' ELSE '$refused/' END || n || coalesce(s, ''), 'Selected', s::page_processing_status"
	  . " FROM generate_series(1, 100) n, (VALUES (NULL), ('Error')) v(s)");
is(value('SELECT orphans FROM wf_heal()'), '90', 'orphans are queued, but for those that refuse');
wait_for_status($node, 'Error', "url ~ '$refused'");
is(value("SELECT count(*) FROM pages WHERE page_processing_status = 'Error' AND page_processing_error IS NULL"), '10',
	'the others in Error have a reason');
like(server_log($node), qr/10 rows of stage "page" refuse to be repaired: .*is_url/, 'and the log tells of the rest');

# ---- pages that cannot be taken back

behind("DELETE FROM pages; DELETE FROM wf_claim; INSERT INTO pages (url, page_curation_status, page_processing_status)"
	  . " SELECT CASE WHEN n <= 10 THEN 'www.old.invalid/' ELSE '$refused/' END || n, 'Selected', 'Processing'"
	  . ' FROM generate_series(1, 30) n');
value('SELECT wf_heal()');
value("UPDATE wf_claim SET lease_until = now() - interval '1 minute'");
value('SELECT wf_heal()');
wait_for_status($node, 'Error', "url ~ '$refused'");
is(statuses($node, "url !~ '$refused'"), 'Processing=10', 'what another service left is processed, but for those that refuse');
like(value('SELECT DISTINCT page_processing_error FROM pages WHERE page_processing_error IS NOT NULL'), qr/policy|refused/,
	'with a true reason');

# ---- businesses that cannot be written

value("SET session_replication_role = replica; INSERT INTO local_businesses (business_name, website_url, status)"
	  . " SELECT CASE WHEN n % 4 = 1 THEN '' ELSE 'b' END, 'http://site' || n || '.widgets-invented.com', 'Selected'"
	  . " FROM generate_series(1, 20) n; ALTER TABLE local_businesses ADD CHECK (business_name <> '') NOT VALID");
value('SELECT wf_heal()');
is(value("SELECT domain_extraction_status, count(*) FROM local_businesses GROUP BY 1 ORDER BY 1"), "Complete|15\n|5",
	'businesses are dealt with, but for those that refuse');
like(server_log($node), qr/5 rows of businesses refuse to be repaired: .*check/, 'and the log tells of the rest');

# ---- placeholders of the old service, which had less of the page's id, and another host

my ($page) = add_pages($node, $web->url('/number.html', '127.0.42.2'));
value("INSERT INTO contacts (domain_id, page_id, email, phone_number) SELECT domain_id, id,"
	  . " 'NotFound_' || left(id::text, 8) || '\@old.invalid', 'Phone not found' FROM pages WHERE id = '$page'");
select_pages($node, "id = '$page'");
wait_for_status($node, 'Complete', "id = '$page'");
is(value("SELECT string_agg(phone_number, ',') FROM contacts WHERE page_id = '$page'"), '+12125550142',
	'the placeholder that is there gains');

# ---- tables whose columns must not be null, with and without a default

value('CREATE DATABASE strict');

sub strict { return $node->safe_psql('strict', $_[0]) }

sub batches
{
	strict('SELECT wf_process_batch(100)') for 1 .. 3;
	return;
}

strict(q{
	CREATE SCHEMA tools;
	CREATE FUNCTION tools.unknown() RETURNS text LANGUAGE sql AS $$SELECT 'unknown'$$;
	CREATE TABLE domains (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain text UNIQUE,
		sitemap_curation_status text, sitemap_analysis_status text, sitemap_analysis_error text);
	CREATE TABLE sitemap_files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL, url text NOT NULL,
		sitemap_type text NOT NULL, discovery_method varchar(20) NOT NULL, lastmod timestamp NOT NULL DEFAULT now(),
		url_count int NOT NULL, deep_scrape_curation_status text, sitemap_import_status text);
	CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL, url text NOT NULL,
		page_type varchar(10) NOT NULL DEFAULT tools.unknown(), last_modified timestamptz NOT NULL DEFAULT now(),
		page_curation_status text NOT NULL DEFAULT 'New', page_processing_status text, page_processing_error text);
	CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL, page_id uuid NOT NULL,
		email text NOT NULL, name text NOT NULL, phone_number varchar(10) NOT NULL DEFAULT 'none', job_title text NOT NULL,
		context varchar(5) NOT NULL);
	ALTER DATABASE strict SET wf_curation.placeholder_contacts = off;
	CREATE EXTENSION wf_curation});
strict("INSERT INTO domains (domain, sitemap_curation_status) VALUES ('" . $web->url('', '127.0.42.1') . "', 'Selected')");
batches();
is(strict('SELECT sitemap_analysis_status, sitemap_analysis_error IS NULL FROM domains'), 'submitted|t', 'a search is stored');
strict("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'");
batches();
is(strict('SELECT string_agg(DISTINCT sitemap_import_status, chr(44)) FROM sitemap_files'), 'Complete', 'so are sitemaps');
is(strict('SELECT count(*), min(page_type), count(last_modified) FROM pages'), '2|unknown|2', 'and pages, with the defaults of the table');
strict("UPDATE pages SET page_curation_status = 'Selected'");
batches();
is(strict('SELECT string_agg(DISTINCT page_processing_status, chr(44)) FROM pages'), 'Complete', 'pages are Complete');
is(strict("SELECT email, phone_number, job_title FROM contacts"), 'ann@acme-widgets.com|none|',
	'with a contact that has the default, or nothing; none without an address');
$web->add_page('/address.html', "<table><tr><td>Ann Lee</td><td><a href='mailto:ann\@acme-widgets.com'>mail</a></td></tr></table>");
strict("UPDATE pages SET page_processing_status = 'Queued'");
batches();
is(strict('SELECT name FROM contacts'), 'Ann Lee', 'which gains as others do');

# ---- tables whose ids and times the service made

value('CREATE DATABASE made');

sub made { return $node->safe_psql('made', $_[0]) }

my $times = 'created_at timestamp NOT NULL, updated_at timestamptz NOT NULL';
my $statuses = "page_curation_status text DEFAULT 'New', page_processing_status text, page_processing_error text";
made(qq{
	CREATE TABLE local_businesses (id uuid PRIMARY KEY, website_url text, status text, domain_extraction_status text, domain_extraction_error text);
	CREATE TABLE domains (id uuid PRIMARY KEY, domain text UNIQUE, sitemap_curation_status text, sitemap_analysis_status text,
		sitemap_analysis_error text, local_business_id uuid, $times);
	CREATE TABLE sitemap_files (id uuid PRIMARY KEY, domain_id uuid, url text, sitemap_type text, deep_scrape_curation_status text,
		sitemap_import_status text, sitemap_import_error text, $times);
	CREATE TABLE pages (id uuid PRIMARY KEY, domain_id uuid, url text, $statuses, $times);
	CREATE TABLE contacts (id uuid PRIMARY KEY, domain_id uuid, page_id uuid, email text, $times);
	CREATE EXTENSION wf_curation});
made("INSERT INTO local_businesses VALUES (gen_random_uuid(), '" . $web->url('/', '127.0.42.3') . "', 'Selected')");
is(made('SELECT count(*), min(domain_extraction_status) FROM domains, local_businesses'), '1|Complete', 'a business has a domain');
is(made("SELECT string_agg(outcome, ',') FROM wf_submit_domains('{one.example}') UNION ALL"
	  . " SELECT string_agg(outcome, ',') FROM wf_submit_pages('{two.example/x}')"), "created\ncreated", 'what is handed in is created');
made("UPDATE domains SET sitemap_curation_status = 'Selected' WHERE local_business_id IS NOT NULL");
made('SELECT wf_process_batch(100)');
made("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'");
made('SELECT wf_process_batch(100)') for 1 .. 3;
made("UPDATE pages SET page_curation_status = 'Selected', created_at = '2001-01-01' WHERE url ~ 'address'");
made('SELECT wf_process_batch(100)');
is(made("SELECT count(*), bool_and(abs(extract(epoch FROM created_at - now() AT TIME ZONE 'UTC')) < 600) FROM contacts"), '1|t',
	'and its contacts, with times of their own');
is(made("SELECT count(*) FROM wf_health() WHERE check_name = 'new_rows' AND status <> 'ok'"), '0', 'which is in order');

# ---- tables without a key, with rows without an id

value('CREATE DATABASE loose');

sub loose { return $node->safe_psql('loose', $_[0]) }

loose(qq{
	CREATE TABLE local_businesses (id uuid, website_url text, status text, domain_extraction_status text, domain_extraction_error text);
	CREATE TABLE domains (id uuid, domain text, sitemap_curation_status text, sitemap_analysis_status text,
		sitemap_analysis_error text, local_business_id uuid);
	CREATE TABLE pages (id uuid, domain_id uuid, url text, $statuses);
	CREATE TABLE contacts (id uuid, domain_id uuid, page_id uuid, email text, phone_number text);
	CREATE EXTENSION wf_curation});
# the domain, the page and an address are there, without ids
my @loose = map { $web->url($_, '127.0.42.5') } '/address.html', '/number.html';
loose("INSERT INTO domains (domain) VALUES ('127.0.42.5'); INSERT INTO contacts (email) VALUES ('ann\@acme-widgets.com');"
	  . "INSERT INTO pages (url, page_curation_status, page_processing_status) VALUES ('$loose[0]', 'Selected', 'Queued')");
is(loose("SELECT string_agg(outcome, ',') FROM wf_submit_pages(ARRAY['$loose[0]', '$loose[1]'], true)"), 'created,created',
	'those without an id are no pages');
loose("INSERT INTO pages (id, url, page_curation_status) VALUES (gen_random_uuid(), '$loose[0]?1', 'Selected')");
loose("INSERT INTO local_businesses VALUES (gen_random_uuid(), '$loose[0]', 'Selected')");
loose('SELECT wf_process_batch(100)') for 1 .. 2;
is(loose("SELECT count(*) FILTER (WHERE page_processing_status = 'Complete'), count(*) FROM pages WHERE id IS NOT NULL"), '3|3',
	'pages become Complete');
is(loose(q{SELECT count(*), count(id) FROM contacts WHERE email = 'ann@acme-widgets.com'}), '2|1', 'and contacts have ids');
is(loose('SELECT count(DISTINCT id) FROM domains'), '1', 'and so does their domain');

# ---- tables that ON CONFLICT cannot be used with

my %odd = (
	late_keys => q{
		ALTER TABLE sitemap_files DROP CONSTRAINT sitemap_files_domain_id_url_key, ADD UNIQUE (domain_id, url) DEFERRABLE;
		ALTER TABLE pages DROP CONSTRAINT pages_domain_id_url_key, ADD UNIQUE (domain_id, url) DEFERRABLE;
		ALTER TABLE contacts ADD UNIQUE (domain_id, email) DEFERRABLE INITIALLY DEFERRED;
		DO $$ BEGIN
			EXECUTE 'DROP INDEX ' || (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'contacts'::regclass AND indexprs IS NOT NULL);
		END $$;
		SELECT wf_attach(contacts => 'contacts')},
	rules => q{
		CREATE TABLE noted (id uuid);
		CREATE RULE note AS ON INSERT TO domains DO ALSO INSERT INTO noted VALUES (NEW.id);
		CREATE RULE note AS ON INSERT TO sitemap_files DO ALSO INSERT INTO noted VALUES (NEW.id);
		CREATE RULE note AS ON INSERT TO pages DO ALSO INSERT INTO noted VALUES (NEW.id);
		CREATE RULE note AS ON INSERT TO contacts DO ALSO INSERT INTO noted VALUES (NEW.id)});

foreach my $how (sort keys %odd)
{
	my $run = sub { return $node->safe_psql($how, $_[0]) };
	my $batch = sub { $run->('SELECT wf_process_batch(100)') for 1 .. 3 };
	my @urls = map { $web->url("/$_.html", '127.0.42.4') } qw(address other);

	value("CREATE DATABASE $how");
	$run->("CREATE EXTENSION wf_curation; $odd{$how}");
	$run->("SELECT wf_submit_domains(ARRAY['" . $web->url('', '127.0.42.4') . "'], true)");
	$batch->();
	$run->("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'");
	$batch->();
	is($run->("SELECT string_agg(outcome, ',') FROM wf_submit_pages(ARRAY['" . join("', '", @urls) . "'])"), 'exists,created',
		"$how: pages are imported, and handed in");
	$run->("UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ 'address'");
	$batch->();
	is(statuses($node, "url ~ 'address'", $how), 'Complete=1', "$how: and end Complete");
	is($run->("SELECT count(*) FROM contacts WHERE email = 'ann\@acme-widgets.com'"), '1', "$how: with their contacts");
}

$node->stop;
done_testing();
