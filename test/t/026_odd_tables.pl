# Tables as people have them: domains over enums, labels of their own, no error
# column, tenant_id, short columns, pages without a domain.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $long = 'a' x 40;
my $web = start_nginx(pages => {
	(map { ("/$_.html" => "<p>info$_\@acme-widgets.com</p>") } 1 .. 5),
	'/long.html' => "<p>$long\@acme-widgets.com and short\@acme-widgets.com</p>",
	'/phone.html' => '<p>info1@acme-widgets.com 212-555-0143</p>' });
my $busy = start_server(sub { return (503, {}, 'busy') });
my $node = new_node(extension => 0, conf => {
	# not UTC, so that a time without zone is not right by chance
	'timezone' => 'Asia/Tokyo', 'wf_curation.require_domain_match' => 'on', 'wf_curation.max_attempts' => 2,
	'wf_curation.retry_delay' => '2s' });

sub value { return $node->safe_psql('postgres', $_[0]) }

value(q{
	CREATE TYPE "Page State" AS ENUM ('Queued', 'Processing', 'Completed', 'Failed', 'Not Wanted');
	CREATE DOMAIN page_state AS "Page State";
	CREATE DOMAIN choice AS varchar(20);
	CREATE TABLE domains (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain text UNIQUE);
	CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id text NOT NULL,
		domain_id uuid REFERENCES domains, url text, page_curation_status choice NOT NULL DEFAULT 'New',
		page_processing_status page_state, updated_at timestamp);
	CREATE TABLE contacts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id text NOT NULL,
		domain_id uuid, page_id uuid NOT NULL REFERENCES pages ON DELETE CASCADE,
		email varchar(40) NOT NULL, phone_number varchar(20), name varchar(12));
	-- triggers as people write them: names found through the search_path
	CREATE TABLE audit (what text);
	CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN INSERT INTO audit VALUES (TG_TABLE_NAME || ' ' || TG_NAME); RETURN NEW; END$$;
	CREATE TRIGGER at_once AFTER UPDATE ON pages FOR EACH ROW EXECUTE FUNCTION note_change();
	CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON contacts DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION note_change();
	CREATE EXTENSION wf_curation});

sub add
{
	my ($domain, @urls) = @_;

	value("INSERT INTO domains (domain) VALUES ('$domain') ON CONFLICT DO NOTHING") if defined $domain;
	my $id = defined $domain ? "(SELECT id FROM domains WHERE domain = '$domain')" : 'NULL';
	value("INSERT INTO pages (tenant_id, domain_id, url, page_curation_status) VALUES "
		. join(', ', map { "('t1', $id, '$_', 'Selected')" } @urls));
	return;
}

sub done { wait_until_done($node, $_[0]); return }

add('127.0.1.1', map { $web->url("/$_.html", '127.0.1.1') } 1 .. 5, 'long', 'missing');
done();
is(statuses($node), 'Completed=6 Failed=1', 'the labels of the table');
is(value("SELECT count(*) FILTER (WHERE tenant_id = 't1') || ',' || count(*) || ',' || min(name) FROM contacts"),
	'6,6,Contact at 1', 'tenant_id copied, long names cut');
is(value("SELECT count(*) FROM contacts WHERE email LIKE 'aaaa%'"), '0', 'an address that does not fit is not cut');
is(value("SELECT bool_and(abs(extract(epoch FROM updated_at - now() AT TIME ZONE 'UTC')) < 60) FROM pages"), 't',
	'updated_at without zone is UTC');

is(value("SELECT string_agg(DISTINCT what, ', ' ORDER BY what) FROM audit"), 'contacts at_commit, pages at_once',
	'triggers find what they name, deferred ones too');

# ---- contacts are found without a unique index, and in any case

value("UPDATE contacts SET email = upper(email) WHERE email ~ 'info1'");
add('127.0.1.1', $web->url('/phone.html', '127.0.1.1'));
value("UPDATE pages SET page_processing_status = 'Queued' WHERE url ~ '/[1-5].html'");
done();
is(value('SELECT count(*) FROM contacts'), '6', 'nothing doubled');
is(value("SELECT phone_number FROM contacts WHERE email = 'INFO1\@ACME-WIDGETS.COM'"), '+12125550143',
	'the missing phone filled in');

# ---- pages without a domain

add(undef, map { $web->url("/$_.html", '127.0.1.2') } 1, 2);
done();
value("UPDATE pages SET page_processing_status = 'Queued' WHERE domain_id IS NULL");
done();
is(value("SELECT string_agg(email, ',' ORDER BY email) FROM contacts WHERE domain_id IS NULL"),
	'info1@acme-widgets.com,info2@acme-widgets.com', 'their contacts are not doubled either');

# ---- require_domain_match

add('acme-widgets.com', $web->url('/1.html', '127.0.1.3'));
done();
is(statuses($node, "url ~ '127.0.1.3'"), 'Failed=1', 'a page outside its domain is refused');
like(value("SELECT error FROM wf_attempts WHERE url ~ '127.0.1.3'"), qr/require_domain_match/, 'and says why');

# ---- without an error column a waiting page still waits

add('127.0.1.4', $busy->url('/', '127.0.1.4'));
wait_until(sub { value('SELECT count(*) FROM wf_claim WHERE not_before IS NOT NULL') eq '1' }, 'a retry is due later');
value('SELECT * FROM wf_process_batch(10)');
is($busy->count_requests('/'), 1, 'and not before');
done();
is(statuses($node, "url ~ '127.0.1.4'"), 'Failed=1', 'until its attempts are used up');
is($busy->count_requests('/'), 2, 'two of them');

$node->stop;
done_testing();
