# pg_upgrade: tables, rows, triggers and their attachment arrive; nothing is
# created anew, nothing is fetched again, and the queue works afterwards.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { map { ("/$_.html" => "<p>info\@site$_.com</p>") } 1 .. 3 });
my $old = new_node(name => 'old');
my $new = new_node(name => 'new', start => 0, extension => 0);

my @ids = add_pages($old, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. 3);
select_pages($old, "id = '$ids[0]'");
wait_for_status($old, 'Complete', "id = '$ids[0]'");
$old->safe_psql('postgres', "ALTER TABLE pages ADD COLUMN mine text DEFAULT 'kept';"
	. "SELECT wf_pause('page'); UPDATE pages SET page_curation_status = 'Selected' WHERE id = '$ids[1]'");

my $all = q{SELECT string_agg(p::text, E'\n' ORDER BY id) FROM pages p};
my $contacts = q{SELECT string_agg(c::text, E'\n' ORDER BY id) FROM contacts c};
my $attached = q{SELECT string_agg(tgrelid::regclass || ' ' || tgname || ' ' || encode(tgargs, 'escape'), E'\n' ORDER BY tgrelid::regclass::text)
	FROM pg_trigger WHERE tgname = 'zz_wf_curation'};
my %before = map { $_ => $old->safe_psql('postgres', $_) } ($all, $contacts, $attached);
my $bindir = $old->config_data('--bindir');

$old->stop;
# the extension must do nothing while the server is in upgrade mode, preloaded as it is
chdir PostgreSQL::Test::Utils::tempdir();
command_ok(
	[ "$bindir/pg_upgrade", '--no-sync', '-b', $bindir, '-B', $bindir, '-d', $old->data_dir, '-D', $new->data_dir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ],
	'pg_upgrade');
$new->start;

is($new->safe_psql('postgres', $_), $before{$_}, 'the same as before') foreach ($all, $contacts, $attached);
is($new->safe_psql('postgres', "SELECT count(*) FROM wf_paused"), '1', 'the pause is kept');
my $requests = $web->count_requests(qr/./);
$new->safe_psql('postgres', "SELECT wf_resume('page')");
wait_for_status($new, 'Complete', "id = '$ids[1]'");
select_pages($new, "id = '$ids[2]'");
wait_for_status($new, 'Complete', "id = '$ids[2]'");
is($web->count_requests(qr/./) - $requests, 2, 'what was Complete is not fetched again');
is($new->safe_psql('postgres', "SELECT count(*) FROM wf_health() WHERE status = 'fail'"), '0', 'wf_health() has no complaint');
$new->safe_psql('postgres', 'DROP EXTENSION wf_curation');
is($new->safe_psql('postgres', 'SELECT count(*) FROM contacts'), '3', 'DROP EXTENSION takes the triggers and no row');

$new->stop;
done_testing();
