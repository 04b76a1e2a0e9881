# wf_curation.queue_on decides which curation labels queue.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use Test::More;

my $node = new_node(preload => 0);

add_pages($node, map { "https://site.example/$_" } 1 .. 9);

# The setting is the server's: changed by reload, by no session.
sub queue_on
{
	my ($labels) = @_;

	$node->append_conf('postgresql.conf', "wf_curation.queue_on = '$labels'");
	$node->reload;
	return $node->poll_query_until('postgres',
		"LOAD 'wf_curation'; SELECT current_setting('wf_curation.queue_on') = '$labels'",
		"LOAD\nt");
}

# Set the curation of a page; its processing status.
sub set_status
{
	my ($n, $label) = @_;

	$node->safe_psql('postgres',
		"UPDATE pages SET page_curation_status = '$label' WHERE url = 'https://site.example/$n'");
	return $node->safe_psql('postgres',
		"SELECT page_processing_status FROM pages WHERE url = 'https://site.example/$n'");
}

is(set_status(1, 'Selected'), 'Queued', 'default: Selected queues');
is(set_status(2, 'Queued'), 'Queued', 'and so does Queued');

ok(queue_on('Selected'), 'Selected alone');
is(set_status(3, 'Queued'), '', 'Queued is a label like any other');
is(set_status(3, 'Selected'), 'Queued', 'from it to Selected queues');
is(set_status(3, 'Queued'), '', 'and back takes the request away');
is( $node->safe_psql(
		'postgres', q{SELECT queued_count FROM wf_set_page_status(
		ARRAY(SELECT id FROM pages WHERE url ~ '/4$'), 'Queued')}),
	'0', 'wf_set_page_status follows');

ok(queue_on('Queued'), 'Queued alone, as in the old service');
is(set_status(5, 'Selected'), '', 'Selected does not queue');
is(set_status(5, 'Queued'), 'Queued', 'Queued does');

my ($rc, $out, $err) = $node->psql('postgres',
	"SELECT wf_version(); SET wf_curation.queue_on = 'Selected'");
isnt($rc, 0, 'no session can change it');
($rc, $out, $err) = $node->psql('postgres',
	"LOAD 'wf_curation'; ALTER SYSTEM SET wf_curation.queue_on = 'New'");
isnt($rc, 0, 'other labels are refused');

done_testing();
