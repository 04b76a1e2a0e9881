# wf_fetch(): one fetch for diagnosis, under the policy, without a trace.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(pages => { '/a.html' => '<p>info@acme-widgets.com</p>' });
my $moved = start_server(sub { return (302, { Location => $web->url('/a.html', '127.0.1.1') }, '') });
my $hang = start_hanging_server();
my $node = new_node(preload => 0);

sub value { return $node->safe_psql('postgres', $_[0]) }

my $url = $web->url('/a.html', '127.0.1.1');
is(value("SELECT status, effective_url, content_type, convert_from(body, 'UTF8'), outcome, error FROM wf_fetch('$url')"),
	"200|$url|text/html|<p>info\@acme-widgets.com</p>|ok|", 'a page');
is(value("SELECT value FROM wf_fetch('$url') f, wf_extract_contacts(f.body, f.content_type, f.effective_url)"),
	'info@acme-widgets.com', 'to be looked at');
is(value("SELECT status, effective_url FROM wf_fetch('" . $moved->url('/', '127.0.1.2') . "')"), "200|$url", 'a redirect');
is(value("SELECT status, outcome, error FROM wf_fetch('" . $web->url('/none', '127.0.1.1') . "')"),
	'404|http_client|HTTP status 404', 'a missing page');
is(value("SELECT status, outcome FROM wf_fetch('http://10.0.0.1/')"), '|policy', 'an address the policy refuses');
is(value("SELECT outcome FROM wf_fetch('ftp://example.org/')"), 'bad_url', 'no web address');
is(value("SET wf_curation.batch_timeout = '1s'; SELECT outcome FROM wf_fetch('" . $hang->url('/', '127.0.1.3') . "')"),
	'timeout', 'the time limit of a batch');
# who we say we are: the worker reads it from the database's settings
my $echo = start_server(sub { my ($path, $headers) = @_; return (200, { 'Content-Type' => 'text/plain' }, $headers->{'user-agent'}) });
my $agent = "SELECT convert_from(body, 'UTF8') FROM wf_fetch('" . $echo->url('/', '127.0.1.4') . "')";
is(value($agent), 'wf_curation/1.0', 'the User-Agent by default');
value("ALTER DATABASE postgres SET wf_curation.contact_url = 'https://example.org/bot'");
is(value($agent), 'wf_curation/1.0 (+https://example.org/bot)', 'says how to reach us');
value("ALTER DATABASE postgres SET wf_curation.user_agent = 'acme-bot/2'");
is(value($agent), 'acme-bot/2 (+https://example.org/bot)', 'whatever we call ourselves');
value("ALTER DATABASE postgres RESET wf_curation.contact_url");
is(value($agent), 'acme-bot/2', 'and no more when it is not set');

is(value('SELECT count(*) FROM pages') . value('SELECT count(*) FROM wf_attempt'), '00', 'nothing was written');

my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT wf_fetch('')");
like($err, qr/22023/, 'an empty URL');
($rc, $out, $err) = $node->psql('postgres', "CREATE ROLE anybody; SET ROLE anybody; SELECT wf_fetch('$url')");
like($err, qr/permission denied/, 'granted to nobody');

$node->stop;
done_testing();
