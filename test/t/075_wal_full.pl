# The disk of pg_wal is full while workers store.  What happens is PostgreSQL's: it PANICs,
# and recovers, or cannot even do that, until there is room.  Then it comes back, or is
# started, and the workers finish what they had: every selected page ends Complete, none
# is lost, no contact is doubled, no claim is left.
#
# The disk is a small file system of the test's own, where an ordinary user may mount one;
# elsewhere the test is skipped.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant PAGES => 200;
use constant ADDRESSES => 20;

my $disk = enter_small_disk('32m');
plan skip_all => 'no file system can be mounted here' unless defined $disk;

sub body
{
	my ($n) = @_;

	return join "\n", map { "<p>Desk $_ <a href='mailto:desk$_\@site$n.com'>write</a></p>" } 1 .. ADDRESSES;
}

my $web = start_nginx(pages => { map { ("/$_.html" => body($_)) } 1 .. PAGES });
# each megabyte of WAL needs a new file, and no checkpoint makes room
my $node = new_node(start => 0, init => { extra => [ '--wal-segsize=1' ] }, conf => {
	'wal_recycle' => 'off', 'checkpoint_timeout' => '1h', 'restart_after_crash' => 'on',
	'wf_curation.poll_interval' => '1s' });
my $wal = $node->data_dir . '/pg_wal';
system_or_bail('mv', $wal, "$disk/pg_wal");
symlink "$disk/pg_wal", $wal or die "$wal: $!";
$node->start;

sub value { return $node->safe_psql('postgres', $_[0]) }

sub answers { return $node->psql('postgres', 'SELECT 1') == 0 }

value(q{CREATE EXTENSION wf_curation; SELECT wf_pause('page')});
my @ids = add_pages($node, map { $web->url("/$_.html", "127.0.1.$_") } 1 .. PAGES);
select_pages($node);
value('CHECKPOINT');

sub fill
{
	open(my $filler, '>>:raw', "$disk/filler") or die "$disk/filler: $!";
	1 while syswrite $filler, 'x' x 4096;
	close $filler;
	return;
}

fill();
$node->psql('postgres', q{SELECT wf_resume('page')});
recovers('the server panics', sub {
	server_log($node) =~ /PANIC:  could not write to file "pg_wal\/xlogtemp[^"]*": No space left on device/ });

# what recovery removes is no room for what comes
fill();
my $gave_up = sub { !-e $node->data_dir . '/postmaster.pid' };
wait_until(sub { $gave_up->() || answers() }, 'it gives up, or is back already');
unlink "$disk/filler" or die "$disk/filler: $!";
wait_until(sub { $gave_up->() || answers() }, 'or when there is room');
if ($gave_up->())
{
	note('it gave up');
	$node->stop('immediate', fail_ok => 1);
	$node->start;
}
recovers('every selected page ends Complete', sub {
	answers() && statuses($node) eq 'Complete=' . PAGES });
is(value('SELECT count(*) FROM pages WHERE id IN (\'' . join("', '", @ids) . '\')'), PAGES, 'none is lost');
is(value('SELECT count(*), count(DISTINCT (domain_id, email)) FROM contacts'),
	join('|', (PAGES * ADDRESSES) x 2), 'no contact is lost or doubled');
is(value('SELECT count(*) FROM wf_claim'), 0, 'no claim is left');
is(value('SELECT wf_heal()'), '(0,0,0,0,0)', 'there is nothing to repair');
recovers('wf_health() finds nothing that fails', sub { value("SELECT count(*) FROM wf_health() WHERE status = 'fail'") eq '0' });
unlike(server_log($node), qr/TRAP|segfault/, 'no trouble of another kind');

$node->stop;
done_testing();
