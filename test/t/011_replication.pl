# A logical subscriber: rows arrive as they are, the trigger does not fire for
# them; it fires for what is written at the subscriber.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use Test::More;

my $publisher = new_node(
	name => 'publisher', preload => 0, init => { allows_streaming => 'logical' });
my $subscriber = new_node(
	name => 'subscriber', preload => 0,
	conf => { 'max_logical_replication_workers' => 8 });

$publisher->safe_psql(
	'postgres', q{
	INSERT INTO domains (domain) VALUES ('site.example');
	INSERT INTO pages (domain_id, url)
		SELECT id, 'https://site.example/' || g FROM domains, generate_series(1, 5) g;
	CREATE PUBLICATION wf FOR TABLE domains, pages, contacts});
my $connstr = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION wf CONNECTION '$connstr' PUBLICATION wf");
$subscriber->poll_query_until('postgres',
	q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')})
  or die 'the subscriber does not synchronise';

my $list = q{SELECT string_agg(right(url, 1) || ' ' || page_curation_status || ' ' ||
	coalesce(page_processing_status::text, '-'), ', ' ORDER BY url) FROM pages};

is($subscriber->safe_psql('postgres', $list),
	'1 New -, 2 New -, 3 New -, 4 New -, 5 New -', 'initial copy');

# Queued at the publisher, in the transaction of the UPDATE.
$publisher->safe_psql('postgres',
	q{UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ '[12]$'});
$publisher->wait_for_catchup('wf');
is($subscriber->safe_psql('postgres', $list), $publisher->safe_psql('postgres', $list),
	'queued rows arrive queued');

# What the publisher's trigger did not see stays as it came.
$publisher->safe_psql(
	'postgres', q{
	ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
	UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ '3$';
	INSERT INTO pages (domain_id, url, page_curation_status)
		SELECT id, 'https://site.example/6', 'Selected' FROM domains;
	ALTER TABLE pages ENABLE TRIGGER zz_wf_curation});
$publisher->wait_for_catchup('wf');
is( $subscriber->safe_psql('postgres', $list),
	'1 Selected Queued, 2 Selected Queued, 3 Selected -, 4 New -, 5 New -, 6 Selected -',
	'the trigger does not fire for replicated rows');

# It is an ordinary trigger for whoever writes at the subscriber.
$subscriber->safe_psql('postgres',
	q{UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ '4$'});
like($subscriber->safe_psql('postgres', $list), qr/4 Selected Queued/, 'it fires for local writes');

# ENABLE ALWAYS is the user's choice, and is kept by wf_attach().
$subscriber->safe_psql(
	'postgres', q{
	ALTER TABLE pages ENABLE ALWAYS TRIGGER zz_wf_curation;
	SELECT * FROM wf_attach()});
$publisher->safe_psql(
	'postgres', q{
	ALTER TABLE pages DISABLE TRIGGER zz_wf_curation;
	UPDATE pages SET page_curation_status = 'Selected' WHERE url ~ '5$';
	ALTER TABLE pages ENABLE TRIGGER zz_wf_curation});
$publisher->wait_for_catchup('wf');
like($subscriber->safe_psql('postgres', $list), qr/5 Selected Queued/, 'ENABLE ALWAYS fires');

# Its pages are the publisher's to process.
my ($rc, $out, $err) = $subscriber->psql('postgres', 'SELECT wf_process_batch(10)');
like($err, qr/fed by a logical subscription/, 'the subscriber processes nothing');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM wf_attempt'), '0', 'and has tried nothing');
$subscriber->append_conf('postgresql.conf', 'wf_curation.process_replicated = on');
$subscriber->reload;
$subscriber->safe_psql('postgres', "UPDATE pages SET url = 'http://10.0.0.1/' || right(url, 1)");
is($subscriber->safe_psql('postgres', 'SELECT claimed > 0, claimed = failed FROM wf_process_batch(10)'),
	't|t', 'process_replicated lets it');

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION wf');
done_testing();
