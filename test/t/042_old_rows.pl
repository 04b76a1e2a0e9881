# What a service has left behind in years: rows that break rules which came later, and
# must keep nobody else from being processed.

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

$node->stop;
done_testing();
