# What a service has left behind in years: rows that break rules which came later, and
# must keep nobody else from being processed and repaired.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $refused = 'http://10.0.0.1';	# by policy, at once
my $node = new_node();

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

$node->stop;
done_testing();
