# From UPDATE to contacts: standing worker, on-demand batches, retries, and
# what a user may do to a page while it is being fetched.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(
	pages => {
		'/contact.html' =>
		  '<title>Acme</title><p>Write to Info@acme-widgets.com or <a href="mailto:sales@acme-widgets.com">sales</a>,'
		  . ' call (212) 555-0199.</p>',
		'/phone.html' => '<p>Call 212-555-0143 today.</p>',
		'/nothing.html' => '<p>Nothing to see here.</p>',
	});
my $hang = start_hanging_server();
my $flaky_count = 0;
my $flaky = start_server(sub {
	my ($path) = @_;
	return (503, {}, 'busy') if $path =~ /always/;
	return (200, { 'Content-Type' => 'text/html' }, '<p>late@acme-widgets.com</p>');
});

my $node = new_node(conf => { 'wf_curation.max_attempts' => 3,
							  'wf_curation.max_concurrency_per_host' => 100 });

sub value { return $node->safe_psql('postgres', $_[0]) }

# ---- the main job

my ($contact, $phone, $nothing, $missing) = add_pages($node,
	map { $web->url("/$_.html", '127.0.1.1') } qw(contact phone nothing missing));
select_pages($node);
wait_until_done($node);
is(statuses($node), 'Complete=3 Error=1', 'found pages are Complete, the missing one is Error');
is(value("SELECT string_agg(email, ',' ORDER BY email) FROM contacts WHERE page_id = '$contact'"),
	'info@acme-widgets.com,sales@acme-widgets.com', 'every address of the page, in lower case');
is(value("SELECT count(DISTINCT phone_number) FROM contacts WHERE page_id = '$contact' AND phone_number IS NOT NULL"),
	'1', 'with the phone of the page');
is(value("SELECT string_agg(name || '|' || source_url, ',') FROM contacts WHERE email = 'info\@acme-widgets.com'"),
	'Contact at 127.0.1.1|' . $web->url('/contact.html', '127.0.1.1'), 'name and source');
is(value("SELECT email FROM contacts WHERE page_id = '$phone'"), "notfound_$phone\@127.0.1.1",
	'a page without an address has a placeholder');
isnt(value("SELECT phone_number FROM contacts WHERE page_id = '$phone'"), '', 'which carries the phone');
is(value("SELECT string_agg(contact_scrape_status::text, ',' ORDER BY url) FROM pages"),
	'ContactFound,Error,NoContactFound,NoContactFound', 'contact_scrape_status');
like(value("SELECT page_processing_error FROM pages WHERE id = '$missing'"), qr/404/, 'the reason is the status code');
is($web->count_requests('/missing.html'), 1, 'a 404 is not tried again');
is(value('SELECT count(*) FROM wf_claim'), '0', 'no claim is left');
is(value('SELECT count(*) FROM wf_attempt'), '4', 'history has the attempts');

# ---- no placeholder where none is wanted

value('DELETE FROM contacts WHERE email ~ $$^notfound_$$; ALTER SYSTEM SET wf_curation.placeholder_contacts = off');
$node->reload;
value("UPDATE pages SET page_processing_status = 'Queued' WHERE id IN ('$phone', '$nothing')");
wait_until_done($node);
is(value("SELECT count(*) || ',' || count(email) || ',' || count(phone_number) FROM contacts"
	  . " WHERE page_id IN ('$phone', '$nothing')"), '1,0,1',
	'placeholder_contacts = off: no row but for a number that was found');
is(value("SELECT string_agg(page_processing_status || ' ' || contact_scrape_status, ',') FROM pages"
	  . " WHERE id IN ('$phone', '$nothing')"),
	'Complete NoContactFound,Complete NoContactFound', 'which its page says itself');
value('ALTER SYSTEM RESET wf_curation.placeholder_contacts; DELETE FROM contacts WHERE email IS NULL');
$node->reload;

# ---- fetching again neither doubles nor overwrites

value("UPDATE contacts SET name = 'Jane Doe', phone_number = NULL WHERE email = 'info\@acme-widgets.com'");
value("UPDATE pages SET page_processing_status = 'Queued' WHERE id = '$contact'");
wait_until_done($node);
is(value("SELECT count(*) || ',' || max(name) FILTER (WHERE email ~ 'info') || ',' || count(phone_number)"
	  . " FROM contacts WHERE page_id = '$contact'"),
	'2,Jane Doe,2', 'nothing doubled, the name kept, the missing phone filled in');

# ---- retries

my ($always) = add_pages($node, $flaky->url('/always', '127.0.2.1'));
select_pages($node, "id = '$always'");
wait_for_status($node, 'Error', "id = '$always'");
is($flaky->count_requests('/always'), 3, 'a 503 is tried max_attempts times');
like(value("SELECT page_processing_error FROM pages WHERE id = '$always'"), qr/503/, 'and ends with its reason');

# ---- while a fetch hangs: no transaction, no snapshot, no lock

my @hanging = add_pages($node, map { $hang->url("/p$_", '127.0.3.1') } 1 .. 5);
select_pages($node, "url ~ '127.0.3.1'");
wait_until(sub { $hang->count_requests(qr/p/) == 5 }, 'five fetches hang');
is(statuses($node, "url ~ '127.0.3.1'"), 'Processing=5', 'Processing is visible to others');
is(value("SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ '^wf_curation'"
	  . " AND (xact_start IS NOT NULL OR backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"),
	'0', 'no transaction and no snapshot while they hang');
is(value("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.backend_type ~ '^wf_curation'"
	  . " AND NOT (l.locktype = 'advisory' AND l.objsubid = 22342)"),
	'0', 'and no lock but that of the site');

# ---- what users do meanwhile

value("UPDATE pages SET page_curation_status = 'Archived' WHERE id = '$hanging[0]'");
is(value("SELECT page_processing_status IS NULL FROM pages WHERE id = '$hanging[0]'"), 't', 'de-selected: NULL');
value("DELETE FROM pages WHERE id = '$hanging[1]'");
value("UPDATE pages SET url = '" . $web->url('/contact.html', '127.0.3.2') . "' WHERE id = '$hanging[2]'");
wait_for_status($node, 'Complete', "id = '$hanging[2]'");
value("SELECT wf_set_page_status(ARRAY['$hanging[3]'::uuid], 'Selected')");
wait_until(sub { $hang->count_requests('/p4') == 2 }, 're-queued while Processing: fetched again');

# ---- the server stops at once, and the pages are back in the queue

my $started = time;
$node->stop('fast');
cmp_ok(time - $started, '<=', 3, 'fast shutdown with hanging fetches');
$hang->stop;
$node->append_conf('postgresql.conf', "wf_curation.enabled = off");
$node->start;
is(value("SELECT string_agg(DISTINCT page_processing_status::text, ',') FROM pages WHERE id IN ('$hanging[3]', '$hanging[4]')"),
	'Queued', 'what was in flight is Queued again');
is(value("SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL"), '0', 'and no claim is left');
$node->append_conf('postgresql.conf', "wf_curation.enabled = on");
$node->reload;
wait_until_done($node, "id IN ('$hanging[3]', '$hanging[4]')");

$node->stop;
done_testing();
