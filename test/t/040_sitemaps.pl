
# From a domain to its sitemaps to its pages: selected by UPDATE, found and
# imported by a standing worker.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use IO::Compress::Gzip qw(gzip);
use Test::More;

my $web = start_nginx(server => 'error_page 404 /404; location = /404 { internal; return 404; }');
my $node = new_node(conf => { 'wf_curation.max_attempts' => 2, 'wf_curation.respect_robots' => 'on' });
my $port = $web->port;

sub value { return $node->safe_psql('postgres', $_[0]) }

# One site for each host: nginx has one root, so paths start with the host's name.
sub site_url { return $web->url($_[1], $_[0]); }

sub urlset
{
	my ($host, @pages) = @_;
	return '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
	  . join('', map {
		my ($path, $date) = @$_;
		'<url><loc>' . ($path =~ /^http/ ? $path : site_url($host, $path)) . '</loc>'
		  . ($date ? "<lastmod>$date</lastmod>" : '') . '</url>' } @pages)
	  . '</urlset>';
}

sub compressed
{
	my ($text) = @_;
	my $out;
	gzip(\$text => \$out);
	return $out;
}

sub add_domain
{
	my ($domain) = @_;
	return value("INSERT INTO domains (domain) VALUES ('$domain') RETURNING id");
}

sub import_file
{
	my ($id) = @_;
	value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected', sitemap_import_status = 'Queued'"
		  . " WHERE id = '$id'");
	$node->poll_query_until('postgres', "SELECT sitemap_import_status IN ('Complete', 'Error')"
		  . " FROM sitemap_files WHERE id = '$id'") or die 'import did not end';
	return value("SELECT concat_ws(': ', sitemap_import_status, sitemap_import_error)"
		  . " FROM sitemap_files WHERE id = '$id'");
}

sub add_file
{
	my ($domain, $url) = @_;
	return value("INSERT INTO sitemap_files (domain_id, url) VALUES ('$domain', '$url') RETURNING id");
}

# ---- a site whose robots.txt names its sitemaps

my $host = '127.0.40.1';
$web->add_page('/robots.txt', "User-agent: *\nDisallow: /private\nSitemap: /main.xml.gz\nSitemap: /index.xml\n"
	  . "Sitemap: /gone.xml\nSitemap: /soft.html\n");
$web->add_page('/main.xml.gz', compressed(urlset($host, [ '/a', '2024-01-02' ], [ '/b' ], [ '/a#again' ],
			[ 'http://elsewhere.invalid/' ], [ 'mailto:x@y.invalid' ])));
$web->add_page('/index.xml', '<sitemapindex>'
	  . join('', map { '<sitemap><loc>' . site_url($host, $_) . '</loc></sitemap>' } qw(/child.xml /index.xml))
	  . '</sitemapindex>');
$web->add_page('/child.xml', urlset($host, [ '/c', '2024-05-06T07:08:09+02:00' ]));
$web->add_page('/soft.html', '<!doctype html><p>Not here, sorry.</p>');

my $domain = add_domain("$host:$port");
is(search_sitemaps($node, "id = '$domain'"), 'submitted', 'a domain with sitemaps is submitted');
is(value("SELECT string_agg(concat_ws('|', regexp_replace(url, '.*/', ''), sitemap_type, discovery_method,"
	  . " url_count, deep_scrape_curation_status, sitemap_import_status), ' ' ORDER BY url)"
	  . " FROM sitemap_files WHERE domain_id = '$domain'"),
	'index.xml|index|robots_txt|2|New main.xml.gz|standard|robots_txt|3|New',
	'its sitemaps are rows, the soft 404 and the missing one are none');
is($web->count_requests('/sitemap.xml'), 0, 'no guesses where robots.txt tells');
value("UPDATE sitemap_files SET url_count = 99, sitemap_type = NULL WHERE url ~ 'main'");
is(search_sitemaps($node, "id = '$domain'"), 'submitted', 'a second look');
is(value("SELECT count(*) || '|' || sum(url_count) || '|' || count(sitemap_type)"
	  . " FROM sitemap_files WHERE domain_id = '$domain'"), '2|5|2', 'refreshes and does not double');

# ---- import

my $main = value("SELECT id FROM sitemap_files WHERE url ~ 'main'");
is(import_file($main), 'Complete', 'a compressed sitemap is imported');
is(value("SELECT string_agg(concat_ws('|', regexp_replace(url, '.*/', ''),"
	  . " last_modified AT TIME ZONE 'UTC', page_curation_status, page_processing_status), ' ' ORDER BY url)"
	  . " FROM pages WHERE domain_id = '$domain' AND sitemap_file_id = '$main'"),
	'a|2024-01-02 00:00:00|New b|New', 'its pages are New, those of other sites are not taken');
is(value("SELECT url_count FROM sitemap_files WHERE id = '$main'"), '2', 'and counted');
is(value("SELECT error FROM wf_attempt WHERE item = '$main' AND outcome = 'ok'"),
	'left out: 1 URLs of other sites, 1 doubles, 1 invalid', 'what was left out is in the history');

$web->add_page('/main.xml.gz', urlset($host, [ '/a', '2025-01-02' ], [ '/b', '2020-01-01' ], [ '/new' ]));
value("UPDATE pages SET last_modified = '2023-01-01', title = 'mine' WHERE url ~ '/b\$'");
is(import_file($main), 'Complete', 'a second import (the file is not compressed any more)');
is(value("SELECT string_agg(concat_ws('|', regexp_replace(url, '.*/', ''), last_modified::date, title), ' ' ORDER BY url)"
	  . " FROM pages WHERE sitemap_file_id = '$main'"),
	'a|2025-01-02 b|2023-01-01|mine new', 'newer dates are taken, older ones and the rest of a row are left alone');

my $index = value("SELECT id FROM sitemap_files WHERE url ~ 'index'");
is(import_file($index), 'Complete', 'an index is imported');
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM sitemap_files WHERE url ~ 'child'"
	  . " AND sitemap_import_status = 'Complete'") or die 'child was not imported';
is(value("SELECT discovery_method || '|' || sitemap_type || '|' || url_count FROM sitemap_files WHERE url ~ 'child'"),
	'sitemap_index|standard|1', 'its children are files of the domain, imported by the same request');
is(value("SELECT last_modified AT TIME ZONE 'UTC' FROM pages WHERE url ~ '/c\$'"), '2024-05-06 05:08:09',
	'with their pages');
is(value("SELECT count(*) FROM sitemap_files WHERE url ~ 'index'"), '1', 'an index that lists itself is no ring');

# ---- a second request reads all of it again, a ring ends, what people put aside stays

sub wait_for_all
{
	my ($what) = @_;
	$node->poll_query_until('postgres', "SELECT bool_and(sitemap_import_status IS NULL"
		  . " OR sitemap_import_status IN ('Complete', 'Error')) FROM sitemap_files") or die $what;
	return;
}

$web->add_page('/child.xml', urlset($host, ['/c'], ['/c2']));
value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected', sitemap_import_status = NULL WHERE url ~ 'index'");
wait_for_all('index was not imported again');
is(value("SELECT count(*) FROM pages WHERE url ~ '/c2?\$'"), '2', 'a second request for an index reads its sitemaps again');
value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Archived' WHERE url ~ 'child'");
my $reads = $web->count_requests('/child.xml');
is(import_file($index), 'Complete', 'and a third');
wait_for_all('import did not end');
is($web->count_requests('/child.xml'), $reads, 'without the one that somebody put aside');

# a chain of indexes, each of which lists the first one, too
sub chain_url { return site_url('127.0.40.6', "/chain/$_[0].xml"); }
mkdir $web->root . '/chain';
foreach my $i (0 .. 7)
{
	$web->add_page("/chain/$i.xml", '<sitemapindex>'
		  . join('', map { '<sitemap><loc>' . chain_url($_) . '</loc></sitemap>' } $i + 1, 0) . '</sitemapindex>');
}
my $chain = add_domain("127.0.40.6:$port");
my $top = add_file($chain, chain_url(0));

sub chain_rows
{
	wait_for_all('chain was not imported');
	return value("SELECT string_agg(concat_ws(':', substring(url, '(\\d)\\.xml'), discovery_method,"
		  . " sitemap_import_status, sitemap_import_error), ' ' ORDER BY url) FROM sitemap_files WHERE domain_id = '$chain'");
}

my $rows = join(' ', '0:Complete', '1:sitemap_index:Complete', (map { "$_:sitemap_index_$_:Complete" } 2 .. 4),
	'5:sitemap_index_5:Error:left out more than 5 levels below the sitemap asked for: 1 sitemaps');
is(import_file($top), 'Complete', 'a chain of indexes');
is(chain_rows(), $rows, 'ends after five levels, which the last of them says');
is($web->count_requests('/chain/0.xml'), 1, 'and asks for each once');
is(import_file($top), 'Complete', 'a second request');
is(chain_rows(), $rows, 'ends there, too');
is($web->count_requests('/chain/5.xml'), 2, 'having asked for each once more');
like(value("SELECT detail FROM wf_health() WHERE check_name = 'sitemap_depth'"), qr/^1 sitemap file is cut off/,
	'wf_health() tells');
value(value("SELECT remedy FROM wf_health() WHERE check_name = 'sitemap_depth'"));
$node->poll_query_until('postgres', "SELECT count(*) = 9 FROM sitemap_files WHERE domain_id = '$chain'"
	  . " AND sitemap_import_status IS NOT NULL") or die 'remedy';
wait_for_all('remedy');
is(value("SELECT status FROM wf_health() WHERE check_name = 'sitemap_depth'"), 'ok',
	'and its remedy leads to the end');
value("ALTER TABLE sitemap_files DROP COLUMN discovery_method;"
	  . "DELETE FROM sitemap_files WHERE domain_id = '$chain' AND id <> '$top'");
is(import_file($top), 'Complete', 'the chain without a column that says how a sitemap was found');
wait_for_all('chain');
is(value("SELECT count(*) FROM sitemap_files WHERE domain_id = '$chain'"), '6', 'is as long');
value("ALTER TABLE sitemap_files ADD discovery_method text;"
	  . "DELETE FROM sitemap_files WHERE domain_id = '$chain'");
value("UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected' WHERE url ~ 'child'");

# ---- what is no sitemap is never Complete

my %bad = (
	'/soft.html' => qr/^Error: not a sitemap: a web page/,
	'/gone.xml' => qr/^Error: HTTP status 404/,
	'/private/s.xml' => qr/^Error: disallowed by robots.txt/,
	'/empty.xml' => qr/^Error: .*empty/,
	'/none.xml' => qr/^Error: sitemap lists no URLs/,
	'/other.xml' => qr/^Error: all 1 URLs are on other sites/,
	'/bomb.xml' => qr/^Error: not a sitemap: document type/,
	'/cut.xml' => qr/^Error: only the first 2 URLs could be taken: XML breaks off/,
);
$web->add_page('/empty.xml', '');
$web->add_page('/none.xml', urlset($host));
$web->add_page('/other.xml', urlset($host, [ 'http://elsewhere.invalid/x' ]));
$web->add_page('/bomb.xml', '<!DOCTYPE urlset [<!ENTITY a "x">]>' . urlset($host, [ '/bomb' ]));
(my $cut = urlset($host, [ '/cut1' ], [ '/cut2' ], [ '/cut3' ])) =~ s{/cut3.*}{}s;
$web->add_page('/cut.xml', $cut);
foreach my $path (sort keys %bad)
{
	like(import_file(add_file($domain, site_url($host, $path))), $bad{$path}, "$path ends in Error with its reason");
}
is(value("SELECT count(*) FROM pages WHERE url ~ 'cut'"), '2', 'what came before a fault is kept');

# ---- many URLs

$web->add_page('/many.xml', urlset($host, map { ["/many/$_"] } 1 .. 12345));
is(import_file(add_file($domain, site_url($host, '/many.xml'))), 'Complete', 'more than one message holds');
is(value("SELECT count(*) FROM pages WHERE url ~ '/many/'"), '12345', 'all of them are there');

# ---- a page that cannot be stored

value(q{CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN IF NEW.url LIKE '%/refused' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER refuse BEFORE INSERT ON pages FOR EACH ROW EXECUTE FUNCTION refuse()});
$web->add_page('/refused.xml', urlset($host, ['/refused']));
like(import_file(add_file($domain, site_url($host, '/refused.xml'))),
	qr/^Error: could not store its URLs: not this one/, 'an error of the table is the reason');
value('DROP TRIGGER refuse ON pages');

# ---- domains without sitemaps, and those that do not answer

unlink $web->root . '/robots.txt';
my $none = add_domain("127.0.40.2:$port");
is(search_sitemaps($node, "id = '$none'"), 'failed: no sitemap found', 'none found is a distinct outcome');
is(value("SELECT outcome || '|' || count(*) FROM wf_attempt WHERE item = '$none' GROUP BY outcome"),
	'none_found|1', 'which is not tried again');
is(value("SELECT count(*) FROM sitemap_files WHERE domain_id = '$none'"), '0', 'and promises nothing');
my $closed = PostgreSQL::Test::Cluster::get_free_port();
my $down = add_domain("127.0.40.3:$closed");
like(search_sitemaps($node, "id = '$down'"), qr/^failed: could not connect/, 'no answer is another reason');
is(value("SELECT count(*) FROM wf_attempt WHERE item = '$down' AND outcome = 'connect'"), '2',
	'and tried again');

# ---- the usual place, and import without being asked

$node->append_conf('postgresql.conf', "wf_curation.auto_import = on");
$node->reload;
$node->poll_query_until('postgres', "SELECT setting = 'on' FROM pg_settings WHERE name = 'wf_curation.auto_import'");
$web->add_page('/sitemap.xml', urlset('127.0.40.4', ['/auto']));
my $auto = add_domain("127.0.40.4:$port");
is(search_sitemaps($node, "id = '$auto'"), 'submitted', 'found where sitemaps mostly are');
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pages WHERE url ~ '/auto\$'")
  or die 'was not imported';
is(value("SELECT discovery_method || '|' || deep_scrape_curation_status FROM sitemap_files WHERE domain_id = '$auto'"),
	'common_path|Selected', 'auto_import selects what was found');

# ---- tables without a unique key

value('ALTER TABLE pages DROP CONSTRAINT pages_domain_id_url_key;'
	  . 'ALTER TABLE sitemap_files DROP CONSTRAINT sitemap_files_domain_id_url_key');
is(import_file($main), 'Complete', 'import without a unique key');
is(search_sitemaps($node, "id = '$auto'"), 'submitted', 'analysis without one');
is(value('SELECT count(*) FROM (SELECT 1 FROM pages GROUP BY domain_id, url HAVING count(*) > 1) d'), '0',
	'no page twice');
is(value('SELECT count(*) FROM (SELECT 1 FROM sitemap_files GROUP BY domain_id, url HAVING count(*) > 1) d'), '0',
	'no sitemap twice');

# ---- a type of labels that must be supplied

value(q{CREATE TYPE sitemap_kind AS ENUM ('INDEX', 'STANDARD', 'IMAGE');
	ALTER TABLE sitemap_files ALTER sitemap_type TYPE sitemap_kind USING
		CASE sitemap_type WHEN 'index' THEN 'INDEX' ELSE 'STANDARD' END::sitemap_kind;
	ALTER TABLE sitemap_files ALTER sitemap_type SET NOT NULL});
$web->add_page('/list.txt', join('', map { site_url('127.0.40.5', $_) . "\n" } qw(/l1 /l2)));
$web->add_page('/leaf.xml', urlset('127.0.40.5', ['/leaf']));
$web->add_page('/sitemap.xml', '<sitemapindex><sitemap><loc>' . site_url('127.0.40.5', '/list.txt')
	  . '</loc></sitemap><sitemap><loc>' . site_url('127.0.40.5', '/leaf.xml') . '</loc></sitemap></sitemapindex>');
my $kinds = add_domain("127.0.40.5:$port");
is(search_sitemaps($node, "id = '$kinds'"), 'submitted', 'analysis with an enum of types');
$node->poll_query_until('postgres', "SELECT count(*) = 3 FROM sitemap_files WHERE domain_id = '$kinds'"
	  . " AND sitemap_import_status = 'Complete'") or die 'index was not imported';
is(value("SELECT string_agg(concat_ws('|', regexp_replace(url, '.*/', ''), sitemap_type, url_count), ' ' ORDER BY url)"
	  . " FROM sitemap_files WHERE domain_id = '$kinds'"),
	'leaf.xml|STANDARD|1 list.txt|STANDARD|2 sitemap.xml|INDEX|2', 'types are those of the enum');
is(search_sitemaps($node, "id = '$kinds'"), 'submitted', 'a second look with an enum');
is(value("SELECT outcome FROM wf_submit_sitemaps(ARRAY['" . site_url('127.0.40.5', '/soft.html') . "'], true)"),
	'created', 'submitted where a type must be supplied');
$node->poll_query_until('postgres', "SELECT sitemap_import_status = 'Error' FROM sitemap_files"
	  . " WHERE domain_id = '$kinds' AND url ~ 'soft'") or die 'submitted file was not imported';
like(value("SELECT sitemap_import_error FROM sitemap_files WHERE domain_id = '$kinds' AND url ~ 'soft'"),
	qr/^not a sitemap: a web page/, 'a file that is none of the types ends with its own reason');
value(q{CREATE TYPE image_kind AS ENUM ('IMAGE', 'INDEX');
	CREATE TABLE images (LIKE sitemap_files INCLUDING ALL);
	ALTER TABLE images ALTER sitemap_type TYPE image_kind USING NULL});
my ($code, $out, $err) = $node->psql('postgres', q{BEGIN; SELECT wf_detach(); SELECT wf_attach(sitemap_files => 'images')});
like($err, qr/type public\.image_kind .*"sitemap_type" has no label for "standard"/, 'an enum without the usual type is refused');
value('ALTER TABLE sitemap_files ALTER sitemap_type DROP NOT NULL');

is(value('SELECT count(*) FROM wf_claim'), '0', 'no claim is left');

# ---- categories of pages

value("INSERT INTO wf_category_rule (pattern, category, action) VALUES ('offers', 'offer', 'keep')");
$node->append_conf('postgresql.conf', "wf_curation.auto_select = on");
$node->reload;
$node->poll_query_until('postgres', "SELECT setting = 'on' FROM pg_settings WHERE name = 'wf_curation.auto_select'");
$web->add_page('/kinds.xml', urlset('127.0.40.9', [ '/kontakt.html' ], [ '/offers' ], [ '/x.pdf' ], [ '/y' ]));
$domain = add_domain("127.0.40.9:$port");
is(import_file(add_file($domain, site_url('127.0.40.9', '/kinds.xml'))), 'Complete', 'pages of several kinds');
is(value("SELECT string_agg(concat_ws('|', regexp_replace(url, '.*/', ''), page_type, page_curation_status,"
	  . " page_processing_status IS NOT NULL, page_processing_status = 'Filtered'), ' ' ORDER BY url)"
	  . " FROM pages WHERE domain_id = '$domain'"),
	'kontakt.html|contact|Selected|t|f offers|offer|New|f x.pdf|file|New|t|t y|New|f',
	'contact pages are selected, files filtered, types stored');

done_testing();
