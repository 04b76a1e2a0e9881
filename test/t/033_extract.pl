# wf_extract_contacts() over stored pages: in parallel, in other encodings, and
# ended at once by a time limit.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use Time::HiRes qw(time);
use WfTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(preload => 0);

sub value { return $node->safe_psql('postgres', $_[0]) }

# A stored crawl: the same answer by one process and by three.
value(q{CREATE TABLE crawl (url text, body bytea);
	INSERT INTO crawl SELECT 'https://site' || i || '.example.dk/',
		convert_to(format('<p>kim%s@bageri-eg.dk, Tel. +45 33 12 34 %s</p>', i, 10 + i % 90), 'UTF8')
	FROM generate_series(1, 5000) i; ANALYZE crawl});
my $query = q{SELECT count(*), count(DISTINCT value), min(value) FROM crawl,
	LATERAL wf_extract_contacts(body, 'text/html', url)};
my $serial = value("SET max_parallel_workers_per_gather = 0; $query");
my $parallel = q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;
	SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;};
like($serial, qr/^10000\|5090\|/, 'each page has an address and a number');
is(value("$parallel $query"), $serial, 'the same by three processes');
like(value("$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query"),
	qr/Workers Launched: 2/, 'which there were');

# 200 MB that take seconds, and a time limit: within 100 ms once the function
# runs, and as much as a busy machine may add.
my $long = q{SELECT count(*) FROM wf_extract_contacts(
	convert_to(repeat('<i>1</i> a &amp; <b x=y>b</b>@', 7000000), 'UTF8'), NULL, NULL)};
my $start = time;
value($long);
my $whole = time - $start;
my $limit = $whole / 5;	# the machine may be busier now than later
$start = time;
my ($rc, $out, $err) = $node->psql('postgres',
	sprintf("SET statement_timeout = '%dms'; %s", 1000 * $limit, $long));
my $over = time - $start - $limit;
like($err, qr/canceling statement due to statement timeout/, 'a time limit ends it');
cmp_ok($over, '<', 0.1 + $whole / 4, sprintf('soon (%.2f s late, the whole takes %.2f s)', $over, $whole));

# An interrupt that comes again and again and ends nothing does not keep it from its end.
is(value("SET statement_timeout = '60s'; SET client_connection_check_interval = '20ms'; $long"), '0',
	'looks at the client every 20 ms');

# Bytes of any kind, in databases of any encoding: never an error, and what comes
# out is valid there.
my $odd = q{SELECT kind, value, name FROM wf_extract_contacts(
	'\x3c703e4ac3bc7267656e204dc3bc6c6c657220266c743b6ac3bc7267656e40626167657269'
	'2d65672e646b2667743b00ff80c32028626f782920ceb1c3bf3c2f703e'::bytea, 'text/html; charset=utf-8', NULL)};
foreach my $encoding ('UTF8', 'LATIN1', 'WIN1252', 'SQL_ASCII')
{
	my $db = lc("in_$encoding");

	value("CREATE DATABASE $db ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION wf_curation');
	is($node->safe_psql($db, "SET client_encoding = 'UTF8'; SELECT count(*) FROM ($odd) f WHERE kind = 'email'"),
		'1', "$encoding: bytes that are no text");
	is($node->safe_psql($db, "SELECT count(*) FROM wf_extract_contacts('<p>kim\@bageri-eg.dk &#1;&#960;&#xFFFE;</p>')"),
		'1', "$encoding: references to what the encoding has not");
	is($node->safe_psql($db, q{SELECT count(*) FROM wf_extract_contacts('\x', NULL, NULL)}), '0', "$encoding: nothing");
	is($node->safe_psql($db, 'SELECT count(*) FROM wf_extract_contacts(NULL::text)'), '0', "$encoding: NULL");
}

is($node->safe_psql('in_win1252', q{SELECT count(*) FROM wf_extract_contacts(
	'<p>kim@bageri-eg.dk ' || convert_from('\x81', 'WIN1252') || '</p>')}),
	'1', 'a character that has no equal in UTF-8');

$node->stop;
done_testing();
