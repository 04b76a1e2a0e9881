# What is done to a database under its workers: it is renamed, dropped, given
# settings of its own; and the role whose rights they use goes and comes back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);


my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 20 });
my $hang = start_hanging_server();
my $node = new_node(databases => 'postgres, before', conf => {
	'wf_curation.poll_interval' => '500ms', 'wf_curation.max_concurrency_per_host' => 100 });

sub value { return $node->safe_psql($_[1] || 'postgres', $_[0]) }

# A finding of wf_health() in a database.
sub finding
{
	my ($database, $column, $detail) = @_;

	return value("SELECT $column FROM wf_health() WHERE status <> 'ok' AND detail ~ '$detail' LIMIT 1", $database);
}

# ---- a database is renamed: its workers are in the way until they are stopped

value('CREATE DATABASE before');
value('CREATE EXTENSION wf_curation', 'before');
recovers('a new database gets its worker', sub { count_workers($node, 'before') == 1 });
my ($rc, $out, $err) = $node->psql('postgres', 'ALTER DATABASE before RENAME TO after');
like($err, qr/is being accessed by other users/, 'a database cannot be renamed under its workers');
value('SELECT wf_workers_stop()', 'before');
recovers('its workers are stopped', sub { count_workers($node, 'before') == 0 });
value('ALTER DATABASE before RENAME TO after');
add_pages($node, { status => 'Selected', database => 'after' }, $web->url('/1.html', '127.0.1.1'));
recovers('the log says that the old name is no more', sub {
	server_log($node) =~ /database "before" of wf_curation\.databases does not exist/ });
like(finding('after', 'detail', 'wf_workers_stop'), qr/were stopped/, 'wf_health() says that it is stopped');
like(finding('after', 'detail', 'does not exist'), qr/names database "before", which does not exist/,
	'and that the list has the old name');
my $remedy = finding('after', 'remedy', 'does not exist');
like($remedy, qr/databases = 'postgres, after'/, 'the remedy puts the new one in its place');
value($remedy, 'after');
value(finding('after', 'remedy', 'wf_workers_stop'), 'after');
recovers('the workers find the renamed database', sub { statuses($node, 'true', 'after') eq 'Complete=1' });
value('SELECT wf_workers_stop()', 'after');
recovers('they stop', sub { count_workers($node, 'after') == 0 });
is(finding('postgres', 'detail', 'does not exist'), '', 'no database is missing any more');

# ---- the list has the new name first, and a restart makes workers

value('ALTER DATABASE after RENAME TO again');
value("ALTER SYSTEM SET wf_curation.databases = 'postgres, again'");
$node->restart;
recovers('a restart forgets that they were stopped', sub { count_workers($node, 'again') == 1 });

# ---- a worker takes what ALTER DATABASE and ALTER ROLE set

sub in_flight { return value("SELECT count(*) FROM pages WHERE page_processing_status = 'Processing'") }

add_pages($node, { status => 'Selected' }, map { $hang->url("/h$_", '127.0.2.1') } 1 .. 12);
recovers('twelve fetches hang', sub { in_flight() == 12 });
value('ALTER DATABASE postgres SET wf_curation.max_concurrency = 5');
recovers('a setting of the database holds from now on', sub { in_flight() == 5 });
value('ALTER DATABASE postgres RESET wf_curation.max_concurrency');
recovers('taken back, too', sub { in_flight() == 12 });
value('ALTER ROLE postgres IN DATABASE postgres SET wf_curation.max_concurrency = 4');
recovers('so does one of the role', sub { in_flight() == 4 });
is(value('SELECT max(attempt), max(deaths) FROM wf_claim'), '1|0', 'no attempt was lost for that');

value('DELETE FROM pages');

# ---- the role whose rights workers use is dropped

value('CREATE ROLE curator; GRANT ALL ON pages, contacts, domains TO curator');
value("ALTER SYSTEM SET wf_curation.role = 'curator'");
$node->reload;
add_pages($node, { status => 'Selected' }, $web->url('/2.html', '127.0.1.2'));
wait_for_status($node, 'Complete');
value('ALTER ROLE curator RENAME TO nobody_knows');
my ($pid) = value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND datname = 'postgres'");
add_pages($node, { status => 'Selected' }, $web->url('/3.html', '127.0.1.3'));
recovers('the worker says that its role is missing', sub {
	server_log($node) =~ /processes nothing.*role "curator"/ });
like(finding('postgres', 'detail', 'No role can be used'), qr/role "curator" .*does not exist/, 'so does wf_health()');
$remedy = finding('postgres', 'remedy', 'No role can be used');
is($remedy, 'CREATE ROLE curator NOLOGIN;', 'with a remedy');
# four polls later
my $polled = time + 2;
wait_until(sub { time >= $polled }, 'polls go by');
my $oid = value("SELECT oid FROM pg_database WHERE datname = 'postgres'");
is(scalar(() = server_log($node) =~ /stage "page" .*processes nothing in database $oid: .*role "curator"/g), 1,
	'it says so once');
is(value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND datname = 'postgres'"), $pid,
	'and does not end');
is(statuses($node), 'Complete=1 Queued=1', 'the page waits');
value('ALTER ROLE nobody_knows RENAME TO curator');
recovers('the role is back, and the page is done', sub { statuses($node) eq 'Complete=2' });

# ---- a database is dropped under its workers

value('ALTER SYSTEM RESET wf_curation.role');
value('ALTER ROLE postgres IN DATABASE postgres RESET ALL');
$node->reload;
add_pages($node, { status => 'Selected', database => 'again' }, map { $hang->url("/d$_", '127.0.3.1') } 1 .. 5);
recovers('fetches hang', sub { $hang->count_requests(qr/d/) >= 5 });
my $started = time;
value('DROP DATABASE again WITH (FORCE)');
cmp_ok(time - $started, '<', 2, 'DROP DATABASE (FORCE) does not wait for them');
recovers('the connections to the sites are closed', sub { $hang->open_connections == 0 });
like(finding('postgres', 'detail', 'does not exist'), qr/"again"/, 'wf_health() says that the list has it still');
value(finding('postgres', 'remedy', 'does not exist'));
is(value("SELECT setting FROM pg_file_settings WHERE name = 'wf_curation.databases' AND applied"), 'postgres',
	'the remedy takes it off');
add_pages($node, { status => 'Selected' }, $web->url('/4.html', '127.0.1.4'));
recovers('the other database is served', sub { statuses($node) eq 'Complete=3' });
unlike(server_log($node), qr/PANIC|TRAP|segfault|terminating any other/, 'no trouble in the log');

$node->stop;
done_testing();
