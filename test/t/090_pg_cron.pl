# The real pg_cron drives processing, where no standing worker runs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use Test::More;

my $web = start_nginx(
	pages => {
		map { ("/$_.html" => "<p>Write to office$_\@kesselflicker-musterbach.com</p>") } 1 .. 5
	});
my $node = new_node(
	preload => 'pg_cron,wf_curation',
	workers => 0,
	conf => { 'cron.database_name' => 'postgres' });

# Without pg_cron's extension the error says what is missing.
my ($rc, $out, $err) = $node->psql('postgres', 'SELECT wf_schedule(10)');
isnt($rc, 0, 'wf_schedule fails where pg_cron is absent');
like($err, qr/pg_cron/, 'and names pg_cron');

# pg_cron's job connects by TCP or socket as the role that scheduled it.
$node->append_conf('postgresql.conf', "cron.host = '" . $node->host . "'");
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');
$node->safe_psql('postgres', 'SELECT wf_schedule(10)');
is($node->safe_psql('postgres', 'SELECT count(*), min(schedule) FROM cron.job'),
	'1|* * * * *', 'one job, every minute');
$node->safe_psql('postgres', 'SELECT wf_schedule(10)');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '1', 'scheduling again changes it');

# The job runs as whoever schedules it.
$node->safe_psql('postgres', q{CREATE ROLE scheduler LOGIN; GRANT USAGE ON SCHEMA cron TO scheduler;
	GRANT EXECUTE ON FUNCTION wf_schedule(int, text) TO scheduler});
($rc, $out, $err) = $node->psql('postgres', 'SET ROLE scheduler; SELECT wf_schedule()');
like($err, qr/permission denied for procedure public\.wf_process/,
	'refused to a role that may not call wf_process()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '1', 'and no job made');
$node->safe_psql('postgres', 'GRANT EXECUTE ON PROCEDURE wf_process(int) TO scheduler');
like($node->safe_psql('postgres', q{BEGIN; SET ROLE scheduler; SELECT wf_schedule(); ROLLBACK}),
	qr/^\d+$/, 'granted to one that may');

add_pages($node, map { $web->url("/$_.html") } 1 .. 5);
select_pages($node);
is(statuses($node), 'Queued=5', 'queued by the UPDATE; nobody processes yet');

# The next full minute, and one more should pg_cron have just missed it.
ok( $node->poll_query_until(
		'postgres',
		q{SELECT count(*) = 5 FROM pages WHERE page_processing_status::text = 'Complete'}),
	'pg_cron processes the pages');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT email) FROM contacts'),
	'5', 'contacts are stored');
ok($node->poll_query_until('postgres',
		q{SELECT bool_and(status = 'succeeded') FROM cron.job_run_details WHERE end_time IS NOT NULL}),
	'every run succeeded');
is($web->count_requests, 5, 'each page was fetched once');

$node->safe_psql('postgres', 'SELECT wf_unschedule()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '0', 'the job is gone');

done_testing();
