
# A table of jobs, as the old service has it: each search for sitemaps that ended is
# a row of it, written with the status of the domain; none says that it is pending.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use WfTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $web = start_nginx(server => 'error_page 404 /404; location = /404 { internal; return 404; }');
my $node = new_node(conf => { 'wf_curation.max_attempts' => 2 });
my $port = $web->port;

sub value { return $node->safe_psql('postgres', $_[0]) }

# Search for the sitemaps of a domain; how that ended.
sub search
{
	my ($domain) = @_;

	value("INSERT INTO domains (domain) VALUES ('$domain') ON CONFLICT DO NOTHING");
	return search_sitemaps($node, "domain = '$domain'");
}

sub jobs
{
	return value("SELECT string_agg(concat_ws('|', status, progress, error, result_data), ' ' ORDER BY id) FROM jobs WHERE domain_id IS NOT NULL");
}

$web->add_page('/robots.txt', "User-agent: *\nSitemap: /a.txt\nSitemap: /b.txt\n");
$web->add_page("/$_.txt", $web->url("/$_", '127.0.52.1') . "\n") foreach qw(a b);
my $host = "127.0.52.1:$port";
is(search($host), 'submitted', 'a search without jobs');

value(q{ALTER TABLE domains ADD tenant_id uuid NOT NULL DEFAULT '550e8400-e29b-41d4-a716-446655440000';
	CREATE TABLE jobs (id serial PRIMARY KEY, job_id uuid NOT NULL UNIQUE, job_type varchar(50) NOT NULL,
		tenant_id text NOT NULL, created_by uuid, status varchar(50) NOT NULL, domain_id uuid REFERENCES domains,
		progress double precision DEFAULT 0, result_data jsonb, error text,
		created_at timestamptz NOT NULL, updated_at timestamp NOT NULL);
	INSERT INTO jobs (job_id, job_type, tenant_id, status, created_at, updated_at)
		VALUES (gen_random_uuid(), 'sitemap', '1', 'pending', now(), now())});
is(search($host), 'submitted', 'a search with a table that is not attached');
is(jobs(), '', 'does not write to it');

is(value("SELECT string_agg(action, ', ') FROM wf_attach(jobs => 'jobs')"), 'trigger created', 'attached');
is(search($host), 'submitted', 'a search that finds sitemaps');
my $found = sprintf 'complete|1|{"domain": "%s", "sitemaps": ["%s", "%s"]}', $host,
  map { $web->url($_, '127.0.52.1') } qw(/a.txt /b.txt);
is(jobs(), $found, 'is a row that says so');
is(value('SELECT job_type, tenant_id, created_by IS NULL, created_at <= updated_at AT TIME ZONE $$UTC$$,'
	  . ' domain_id = (SELECT id FROM domains) FROM jobs WHERE domain_id IS NOT NULL'),
	'sitemap|550e8400-e29b-41d4-a716-446655440000|t|t|t', 'with what such a row needs');
is(search($host), 'submitted', 'a second search');
is(jobs(), "$found $found", 'is a second row');

unlink $web->root . '/robots.txt';
value('DELETE FROM jobs WHERE domain_id IS NOT NULL');
is(search("127.0.52.2:$port"), 'failed: no sitemap found', 'a search that finds none');
like(jobs(), qr/^failed\|0\|no sitemap found\|\{"domain": "127\.0\.52\.2:$port", "sitemaps": \[\]\}$/, 'says that');
my $closed = PostgreSQL::Test::Cluster::get_free_port();
value('DELETE FROM jobs WHERE domain_id IS NOT NULL');
like(search("127.0.52.3:$closed"), qr/^failed: could not connect/, 'a search without an answer');
is(value("SELECT count(*) FROM wf_attempt WHERE outcome = 'connect'"), '2', 'was tried twice');
like(jobs(), qr/^failed\|0\|could not connect[^|]*\|[^|]*$/, 'and is one row');

# ---- nothing but ends

is(value("SELECT count(*) FROM jobs WHERE status NOT IN ('complete', 'failed')"), '1',
	'no row says pending but the one that another service wrote');
value("SELECT wf_pause('domain'); DELETE FROM jobs;"
	  . " UPDATE domains SET sitemap_curation_status = 'Selected', sitemap_analysis_status = 'queued'");
is(value('SELECT count(*) FROM jobs'), '0', 'what is queued has no row');
value("UPDATE domains SET sitemap_curation_status = 'Archived'; SELECT wf_resume('domain')");
value("INSERT INTO domains (domain, sitemap_curation_status) VALUES ('127.0.52.4:$port', 'Selected')");
$node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM jobs') or die 'no row';
is(value('SELECT d.domain FROM jobs j JOIN domains d ON d.id = j.domain_id'), "127.0.52.4:$port",
	'nor has what was taken back');

# ---- while a search goes on; its domain is deleted meanwhile

my $hanging = start_hanging_server(robots => 'hang');
my $slow = '127.0.52.5:' . $hanging->port;
value("DELETE FROM jobs; INSERT INTO domains (domain, sitemap_curation_status) VALUES ('$slow', 'Selected')");
wait_until(sub { $hanging->open_connections > 0 }, 'a search waits for its server');
is(value("SELECT sitemap_analysis_status FROM domains WHERE domain = '$slow'"), 'processing', 'a search that goes on');
is(value('SELECT count(*) FROM jobs'), '0', 'has no row');
value("DELETE FROM domains WHERE domain = '$slow'");
$hanging->stop;
$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM wf_claim') or die 'a claim is left';
is(value('SELECT count(*) FROM jobs'), '0', 'nor has one whose domain is gone');
$web->add_page('/robots.txt', "User-agent: *\nSitemap: /a.txt\n");
is(search($host), 'submitted', 'the next search');
is(value('SELECT count(*) FROM jobs'), '1', 'is a row again');

# ---- a table that refuses the row, and one that is gone

value("DELETE FROM jobs; ALTER TABLE jobs ADD CONSTRAINT refused CHECK (progress < 0)");
like(search($host), qr/^failed: could not store the result: .*"refused"/, 'an error of the table is the reason');
is(value('SELECT count(*) FROM jobs'), '0', 'and there is no row that says otherwise');
value(q{ALTER TABLE jobs DROP CONSTRAINT refused, ALTER status DROP DEFAULT;
	CREATE TYPE job_status AS ENUM ('PENDING', 'RUNNING', 'COMPLETE', 'FAILED');
	CREATE TYPE job_type AS ENUM ('SITEMAP', 'OTHER');
	ALTER TABLE jobs ALTER status TYPE job_status USING status::job_status, ALTER job_type TYPE job_type USING NULL});
is(search($host), 'submitted', 'a search with enum types');
is(value('SELECT job_type, status FROM jobs'), 'SITEMAP|COMPLETE', 'which are written as they are spelt');
value('ALTER TABLE jobs RENAME COLUMN job_id TO id_of_job');
is(search($host), 'submitted', 'a table that does not serve any more is in nobody\'s way');
like(value("SELECT detail FROM wf_health() WHERE check_name = 'columns_and_labels'"), qr/cannot be used as "jobs": column "job_id" does not exist/,
	'and wf_health() tells');
value('ALTER TABLE jobs RENAME COLUMN id_of_job TO job_id');
value('DROP TABLE jobs');
is(search($host), 'submitted', 'nor is one that was dropped');
is(value("SELECT status FROM wf_health() WHERE check_name = 'columns_and_labels'"), 'ok', 'all is well');

# ---- CREATE EXTENSION finds it, and leaves others of that name alone

value(q{CREATE DATABASE other});
sub other { return $node->safe_psql('other', $_[0]) }
other(q{CREATE TABLE jobs (id int, status text); CREATE EXTENSION wf_curation; DROP EXTENSION wf_curation});
other(q{DROP TABLE jobs;
	CREATE TABLE jobs (job_id uuid, job_type text, status text, domain_id uuid); CREATE EXTENSION wf_curation});
is(other("SELECT tgname FROM pg_trigger WHERE tgrelid = 'jobs'::regclass"), 'zz_wf_curation', 'attached by CREATE EXTENSION');
is(other("SELECT string_agg(action, ', ') FROM wf_detach() WHERE part = 'jobs'"), 'trigger dropped', 'and taken off by wf_detach()');

done_testing();
