# Pages, robots.txt and sitemaps in several charsets, into databases of several
# encodings: never an error, nothing lost that the encoding has, and all that is
# stored is valid there.

use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use Encode qw(encode decode);
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# ---- what the server has

# A page whose title, name, job title and address have these texts.
sub page
{
	my ($title, $name, $job, $address) = @_;
	return "<title>$title</title><div itemscope itemtype='http://schema.org/Person'>"
	  . "<b itemprop='name'>$name</b> <i itemprop='jobTitle'>$job</i>"
	  . " <a itemprop='email' href='mailto:$address'>$address</a></div>";
}

my @german = ('Bäckerei Groß', 'Jürgen Müller', 'Geschäftsführer');
# names are recognised in Latin letters
my @greek = ('Αρτοποιείο', 'Kostas Hansen', 'CEO');
my @japanese = ('会社案内', 'Taro Hansen', 'CEO');
my @chinese = ("公司简介\x{20000}", 'Wei Hansen', 'CEO');

# Encode has GBK only; GB18030 writes with four bytes what that does not have.
sub gb18030
{
	my ($text) = @_;
	my %four = ("\x{20000}" => "\x95\x32\x82\x36", "\x{3400}" => "\x81\x39\xee\x39");
	return join('', map { $four{$_} || encode('cp936', $_) } split //, $text);
}

my %pages = (
	'/utf8' => [ 'text/html; charset=utf-8', encode('UTF-8', page(@german, 'utf8@bageri-eg.dk')) ],
	'/latin1' => [ 'text/html; charset=iso-8859-1', encode('iso-8859-1', page(@german, 'latin1@bageri-eg.dk')) ],
	'/wrong' => [ 'text/html; charset=utf-8', encode('cp1252', page(@german, 'wrong@bageri-eg.dk')) ],
	'/none' => [ 'text/html', encode('cp1252', page(@german, 'none@bageri-eg.dk')) ],
	'/utf16' => [ 'text/html', encode('UTF-16', page(@german, 'utf16@bageri-eg.dk')) ],
	'/greek' => [ 'text/html; charset=iso-8859-7', encode('iso-8859-7', page(@greek, 'greek@bageri-eg.dk')) ],
	'/sjis' => [ 'text/html', "<meta charset=x-sjis>" . encode('shiftjis', page(@japanese, 'sjis@bageri-eg.dk')) ],
	'/eucjp' => [ 'text/html; charset=euc-jp', encode('euc-jp', page(@japanese, 'eucjp@bageri-eg.dk')) ],
	'/gb18030' => [ 'text/html; charset=gb18030', gb18030(page(@chinese, 'gb18030@bageri-eg.dk')) ],
	'/gb2312' => [ 'text/html', '<meta charset=gb2312>' . gb18030(page(@chinese, 'gb2312@bageri-eg.dk')) ],
	'/nul' => [ 'text/html', "<title>a\0b&#0;c</title>\0\0" . page('x', "Kim\0 Hansen", 'CEO', 'nul@bageri-eg.dk') ],
	# addresses beyond ASCII
	'/idn' => [ 'text/html; charset=utf-8', encode('UTF-8', page(@german, 'idn@παράδειγμα.gr')) ],
	'/local' => [ 'text/html; charset=utf-8', encode('UTF-8', page(@german, 'δοκιμή@παράδειγμα.gr')) ],
	# texts about the page that come from the server
	'/type' => [ encode('UTF-8', 'application/größe-Ψ'), 'x' ]);
my %robots = (
	'127.0.36.2' => encode('UTF-16LE', "\x{feff}User-agent: *\r\nDisallow: /größe\r\n"),
	'127.0.36.3' => encode('iso-8859-1', "User-agent: *\nDisallow: /größe\n"),
	'127.0.36.4' => "\0\xff\xfe\xfd");

my $server = start_server(
	sub {
		my ($path, $headers) = @_;
		(my $host = $headers->{host}) =~ s/:.*//;
		return exists $robots{$host} ? (200, { 'Content-Type' => 'text/plain' }, $robots{$host}) : (404, {}, '')
		  if $path eq '/robots.txt';
		return (302, { Location => "/caf\xe9/\xce\xa8" }, '') if $path eq '/moved';
		my $page = $pages{$path} or return (404, {}, '');
		my ($type, $body) = @$page;
		return (200, { 'Content-Type' => $type, ETag => "\"caf\xe9\"" }, $body);
	});

my $node = new_node(preload => 0, conf => { 'wf_curation.respect_robots' => 'on', 'wf_curation.max_attempts' => 1 });

# Rows of a query in a database, as a client with UTF-8 sees them: what is not
# valid in the database's encoding would be an error.
sub value
{
	my ($db, $query) = @_;
	return decode('UTF-8', $node->safe_psql($db, encode('UTF-8', "SET client_encoding = 'UTF8'; $query")));
}

sub url { return $server->url($_[0], $_[1] || '127.0.36.1'); }

# What becomes of a text in an encoding.
sub shown
{
	my ($encoding, $text) = @_;
	return $text if $encoding eq 'UTF8' || $encoding eq 'SQL_ASCII';
	return decode('iso-8859-1', encode($encoding eq 'LATIN1' ? 'iso-8859-1' : 'cp1252', $text, sub { '?' }));
}

sub contact
{
	my ($db, $path) = @_;
	return value($db, "SELECT concat_ws('|', p.title, c.name, c.job_title, c.email) FROM pages p"
		  . " JOIN contacts c ON c.page_id = p.id WHERE p.url = '" . url($path) . "'");
}

my $tables = q{
	CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid, url text, title varchar(11),
		page_type text, sitemap_file_id uuid,
		page_curation_status text, page_processing_status text, page_processing_error varchar(60));
	CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid, page_id uuid, email text,
		name text, job_title varchar(9), phone_number text, source_url text);
	CREATE EXTENSION wf_curation};

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII', 'WIN1252')
{
	my $db = lc "in_$encoding";
	my $narrow = sub { return shown($encoding, substr($_[0], 0, $_[1])) };

	# a column of SQL_ASCII counts bytes, and what is cut must stay whole characters
	$narrow = sub { my ($text, $n) = @_; $text = substr($text, 0, -1) while length(encode('UTF-8', $text)) > $n; return $text }
	  if $encoding eq 'SQL_ASCII';
	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($db, $tables);
	$node->safe_psql($db, "INSERT INTO pages (url, page_curation_status) VALUES "
		  . join(', ', map { "('" . url($_) . "', 'Selected')" } '/moved', sort keys %pages));
	value($db, 'SELECT wf_process_batch(100)');
	is(value($db, "SELECT string_agg(url || ' ' || page_processing_status || ' ' || page_processing_error, '; ')"
			  . " FROM pages WHERE page_processing_status <> 'Complete' AND url !~ '/type|/moved'"),
		'', "$encoding: every page is Complete");

	my $german = sub { join('|', $narrow->($german[0], 11), shown($encoding, $german[1]), $narrow->($german[2], 9), $_[0]) };
	foreach my $case ([ '/utf8', 'utf8' ], [ '/latin1', 'latin1' ], [ '/none', 'none' ],
		[ '/utf16', 'utf16' ])
	{
		is(contact($db, $case->[0]), $german->("$case->[1]\@bageri-eg.dk"), "$encoding: $case->[0]");
	}
	# labelled UTF-8, which it is not: what is no character is U+FFFD
	like(contact($db, '/wrong'), qr/^B.+ckerei .*\|J.+rgen M.+ller\|Gesch.*\|wrong\@bageri-eg\.dk$/, "$encoding: /wrong");
	is(contact($db, '/greek'), join('|', $narrow->($greek[0], 11), shown($encoding, $greek[1]),
			$narrow->($greek[2], 9), 'greek@bageri-eg.dk'), "$encoding: letters that it may not have");
	foreach my $case ([ '/sjis', 'sjis' ], [ '/eucjp', 'eucjp' ])
	{
		is(contact($db, $case->[0]), join('|', $narrow->($japanese[0], 11), shown($encoding, $japanese[1]),
				$narrow->($japanese[2], 9), "$case->[1]\@bageri-eg.dk"), "$encoding: $case->[0]");
	}
	foreach my $case ([ '/gb18030', 'gb18030' ], [ '/gb2312', 'gb2312' ])
	{
		is(contact($db, $case->[0]), join('|', $narrow->($chinese[0], 11), shown($encoding, $chinese[1]),
				$narrow->($chinese[2], 9), "$case->[1]\@bageri-eg.dk"), "$encoding: $case->[0], with one of four bytes");
	}
	like(contact($db, '/nul'), qr/^a.?b.?c\|Kim.? Hansen\|CEO\|nul\@bageri-eg\.dk$/, "$encoding: NULs");

	# an address that cannot be written is another with '?' in it, so none
	my $holds = $encoding eq 'UTF8' || $encoding eq 'SQL_ASCII';
	is(contact($db, '/idn') =~ s/.*\|//r, $holds ? 'idn@παράδειγμα.gr' : 'idn@xn--hxajbheg2az3al.gr',
		"$encoding: a domain that it may not have");
	like(contact($db, '/local'), $holds ? qr/δοκιμή\@παράδειγμα\.gr/ : qr/notfound_/,
		"$encoding: a local part that it may not have");
	is(value($db, "SELECT count(*) FROM wf_findings WHERE kind = 'email' AND value ~ '[?]'"), '0',
		"$encoding: nor in the evidence");
	is(value($db, "SELECT string_agg(page_processing_status, ' ') FROM pages WHERE url ~ '/type|/moved'"),
		'Error Error', "$encoding: reasons");
	is(value($db, "SELECT count(*) FROM wf_attempts WHERE outcome IN ('store', 'crash', 'protocol', 'internal')"),
		'0', "$encoding: none of the database's making");

	# the same as a function
	value($db, "SELECT f.* FROM pages p, wf_fetch(p.url) w, wf_extract_contacts(w.body, w.content_type, w.effective_url) f");
	is(value($db, "SELECT value FROM wf_extract_contacts('\\x"
			  . unpack('H*', encode('UTF-8', page(@german, 'δοκιμή@παράδειγμα.gr'))) . "', 'text/html; charset=utf-8', NULL) WHERE kind = 'email'"),
		$holds ? 'δοκιμή@παράδειγμα.gr' : '', "$encoding: wf_extract_contacts() of it");

	# a second look finds the same
	my $before = value($db, 'SELECT count(*), min(xmin::text::bigint), max(xmin::text::bigint) FROM contacts');
	value($db, "UPDATE pages SET page_processing_status = 'Queued'");
	value($db, 'SELECT wf_process_batch(100)');
	is(value($db, 'SELECT count(*), min(xmin::text::bigint), max(xmin::text::bigint) FROM contacts'), $before,
		"$encoding: contacts fetched again are not written");

	# everything we keep, as text
	value($db, "SELECT x::text FROM $_ x") foreach qw(pages contacts wf_finding wf_attempt wf_robots wf_validator wf_contact_origin);
}

# ---- robots.txt

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII', 'WIN1252')
{
	my $db = lc "site_$encoding";

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION wf_curation');
	value($db, "INSERT INTO wf_category_rule (pattern, category) VALUES ('fr%C3%BCh', 'frühe Seite')");
	value($db, "INSERT INTO pages (url, page_curation_status) VALUES "
		  . join(', ', map { my $h = $_; map { "('" . url($_, "127.0.36.$h") . "', 'Selected')" } '/größe', '/utf8' } 2 .. 4));
	value($db, 'SELECT wf_process_batch(100)');
	is(value($db, "SELECT string_agg(page_processing_status || ' ' || coalesce(page_processing_error, '-'), ', ' ORDER BY url) FROM pages"),
		join(', ', ('Error disallowed by robots.txt', 'Complete -') x 2, 'Error HTTP status 404', 'Complete -'),
		"$encoding: rules of robots.txt in UTF-16 and windows-1252; and what is none");
	is(value($db, "SELECT wf_categorize('http://x.org/fr%C3%BCh')"), 'frühe Seite', "$encoding: a category of one's own");
}

# ---- sitemaps, and the pages that they list

my %sitemaps = (
	'utf16le' => [ 'ä', sub { encode('UTF-16LE', "\x{feff}$_[0]") } ],
	'utf16be' => [ 'Ψ', sub { encode('UTF-16BE', "\x{feff}<?xml version='1.0' encoding='UTF-16'?>$_[0]") } ],
	'cp1252' => [ '€', sub { encode('cp1252', "<?xml version='1.0' encoding='windows-1252'?>$_[0]") } ],
	'unsaid' => [ 'ß', sub { encode('cp1252', $_[0]) } ],
	'gb18030' => [ "简\x{3400}", sub { gb18030("<?xml version='1.0' encoding='GB18030'?>$_[0]") } ]);

sub escaped { return join('', map { sprintf '%%%02X', $_ } unpack('C*', encode('UTF-8', $_[0]))) }

sub listing
{
	my ($name, $host) = @_;
	my ($letters, $written) = @{ $sitemaps{$name} };
	return $written->("<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
		  . "<url><loc>http://$host/$name/$letters</loc></url></urlset>");
}

my $lists = start_server(
	sub {
		my ($path, $headers) = @_;
		return (200, { 'Content-Type' => 'application/xml' }, listing($1, $headers->{host})) if $path =~ m{^/(\w+)\.xml$};
		my ($name, $letters) = $path =~ m{^/(\w+)/(.*)$} or return (404, {}, '');
		return (404, {}, '') unless $sitemaps{$name} && $letters eq escaped($sitemaps{$name}[0]);
		return (200, { 'Content-Type' => 'text/html; charset=utf-8' }, "<p>$name\@bageri-eg.dk</p>");
	});

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII', 'WIN1252')
{
	my $db = lc "site_$encoding";

	value($db, "INSERT INTO domains (domain) VALUES ('127.0.36.5:" . $lists->port . "')");
	value($db, 'INSERT INTO sitemap_files (domain_id, url, deep_scrape_curation_status, sitemap_import_status)'
		  . " SELECT d.id, x, 'Selected', 'Queued' FROM domains d, unnest(ARRAY["
		  . join(', ', map { "'" . $lists->url("/$_.xml", '127.0.36.5') . "'" } sort keys %sitemaps)
		  . "]) x WHERE d.domain ~ '^127.0.36.5:'");
	value($db, 'SELECT wf_process_batch(100)');
	is(value($db, "SELECT string_agg(concat_ws(' ', sitemap_import_status, sitemap_import_error), ', ') FROM sitemap_files"),
		join(', ', ('Complete') x 5), "$encoding: sitemaps in other charsets are imported");
	is(value($db, "SELECT string_agg(substring(url FROM '36.5:\\d+(/.*)'), ' ' ORDER BY url) FROM pages WHERE url ~ '36.5:'"),
		join(' ', map { "/$_/" . escaped($sitemaps{$_}[0]) } sort keys %sitemaps), "$encoding: their URLs are those of the pages");
	value($db, "UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ '36.5:'");
	value($db, 'SELECT wf_process_batch(100)');
	is(value($db, "SELECT string_agg(c.email, ' ' ORDER BY c.email) FROM contacts c JOIN pages p ON p.id = c.page_id"
			  . " WHERE p.url ~ '36.5:'"), join(' ', map { "$_\@bageri-eg.dk" } sort keys %sitemaps), "$encoding: which are there");
}

# ---- bytes of the database that no encoding knows

my $odd = "set_byte(convert_to('" . url('/caf_') . "', 'SQL_ASCII'), " . length(url('/caf')) . ", 129)";
foreach my $encoding ('SQL_ASCII', 'WIN1252')
{
	my $db = lc "in_$encoding";

	$node->safe_psql($db, "INSERT INTO pages (url, page_curation_status) VALUES (convert_from($odd, '$encoding'), 'Selected')");
	is(value($db, 'SELECT claimed, failed FROM wf_process_batch(5)'), '1|1', "$encoding: a byte of no character in a URL");
	is(value($db, "SELECT count(*) FROM wf_attempts WHERE url LIKE '%caf\\%81' AND http_status = 404"), '1', "$encoding: is escaped");
	is(value($db, "SELECT http_status FROM wf_fetch(convert_from($odd, '$encoding')) f(http_status)"), '404', "$encoding: in wf_fetch()");
}

$node->stop;
done_testing();
