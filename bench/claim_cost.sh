#!/bin/bash
#
# bench/claim_cost.sh [-r ITEMS] SIZE…
#	  What a claim costs, by the length of the queue.  SIZE is
#	  PAGES:DOMAINS[:WAITING], PAGES ready ones over DOMAINS and WAITING further
#	  ones that wait for a retry.  A worker whose crawler answers at once takes
#	  ITEMS (default 20000) of them; printed are, for each item, the milliseconds
#	  that the statements of claiming took (finding domains and items, the
#	  UPDATE, the claims; pg_stat_statements), and the ratio to the first SIZE.
#	  Then the plans of the statements that find items, at the last SIZE.
#
# Default: 10000:1 10000:1000 1000000:1 1000000:100000 1000000:100000:100000

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ITEMS=20000
while getopts r: option "$@"; do
	case $option in
		r) ITEMS=$OPTARG ;;
		*) die "usage: bench/claim_cost.sh [-r ITEMS] SIZE…" ;;
	esac
done
shift $((OPTIND - 1))
[ "$#" -gt 0 ] || set -- 10000:1 10000:1000 1000000:1 1000000:100000 1000000:100000:100000

load()
{
	local pages=$1 domains=$2 waiting=$3

	query "TRUNCATE pages, domains, contacts, sitemap_files, wf_claim, wf_attempt RESTART IDENTITY" >/dev/null
	query "INSERT INTO domains (domain)
		SELECT 'site' || g || '.example' FROM generate_series(1, $domains) g" >/dev/null
	query "SET session_replication_role = replica; INSERT INTO pages (domain_id, url, page_curation_status,
			page_processing_status, page_processing_error)
		SELECT d.id, 'https://' || d.domain || '/page/' || g, 'Selected', 'Queued',
			CASE WHEN g > $pages THEN 'HTTP status 503' END
		FROM generate_series(1, $pages + $waiting) g
		JOIN (SELECT id, domain, row_number() OVER () AS n FROM domains) d ON d.n = g % $domains + 1" >/dev/null
	query "INSERT INTO wf_claim (stage, item, attempt, token, claimed_at, not_before)
		SELECT 'page', id, 1, 0, now(), now() + interval '1 day' FROM pages
		WHERE page_processing_error IS NOT NULL" >/dev/null
	query "VACUUM ANALYZE pages" >/dev/null
	query "VACUUM ANALYZE wf_claim" >/dev/null
	query "CHECKPOINT" >/dev/null
}

enable()
{
	query "ALTER SYSTEM SET wf_curation.enabled = $1" >/dev/null
	query "SELECT pg_reload_conf()" >/dev/null
}

ended() { query "SELECT coalesce(pg_sequence_last_value('wf_attempt_id_seq'), 0)"; }

# Milliseconds of claiming for each item claimed.
claim_ms()
{
	query "SELECT round((sum(total_exec_time) / max(rows) FILTER (WHERE query ~ '^INSERT INTO public.wf_claim'))::numeric, 4)
		FROM pg_stat_statements
		WHERE query ~ '^(INSERT INTO public.wf_claim|WITH RECURSIVE d|SELECT p.id FROM public.pages p WHERE p.page_processing_status|UPDATE public.pages p SET .*SKIP LOCKED)'"
}

measure()
{
	local pages domains waiting wanted

	IFS=: read -r pages domains waiting <<<"$1:0"
	waiting=${waiting%%:*}
	wanted=$((ITEMS < pages ? ITEMS : pages))
	load "$pages" "$domains" "${waiting:-0}"
	query "SELECT pg_stat_statements_reset()" >/dev/null
	enable on
	while [ "$(ended)" -lt "$wanted" ]; do sleep 0.05; done
	enable off
	MS=$(claim_ms)
	: "${FIRST:=$MS}"
	awk -v s="$1" -v m="$MS" -v f="$FIRST" \
		'BEGIN { printf "%-24s %.4f ms for each item claimed, ratio %.2f\n", s, m, m / f }'
	wait_until 60 test "$(query "SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL")" -eq 0
}

bench_set_up
compile_instant_crawler
cat >"$WORK/bench.conf" <<-CONF
	shared_preload_libraries = 'wf_curation, pg_stat_statements'
	shared_buffers = 1GB
	max_wal_size = 16GB
	checkpoint_timeout = 1h
	autovacuum = off
	wf_curation.databases = 'postgres'
	wf_curation.enabled = off
	wf_curation.crawler_path = '$WORK/home/instant_crawler'
	wf_curation.max_concurrency = 64
	wf_curation.max_concurrency_per_host = 64
	wf_curation.placeholder_contacts = off
CONF
start_cluster "$WORK/bench.conf"
query "CREATE EXTENSION pg_stat_statements" >/dev/null
query "CREATE EXTENSION wf_curation" >/dev/null
for size; do
	measure "$size"
done

sql -P pager=off <<-SQL
	SET enable_seqscan = off; SET enable_bitmapscan = off;
	\echo the next 64 domains with ready items:
	EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) WITH RECURSIVE d(domain_id) AS (
		(SELECT p.domain_id FROM pages p WHERE p.page_processing_status = 'Queued' AND p.page_processing_error IS NULL
			AND p.domain_id >= '00000000-0000-0000-0000-000000000000' ORDER BY p.domain_id LIMIT 1)
		UNION ALL
		SELECT (SELECT p.domain_id FROM pages p WHERE p.page_processing_status = 'Queued' AND p.page_processing_error IS NULL
			AND p.domain_id > d.domain_id ORDER BY p.domain_id LIMIT 1) FROM d WHERE d.domain_id IS NOT NULL)
	SELECT d.domain_id FROM d WHERE d.domain_id IS NOT NULL LIMIT 64;
	SELECT domain_id AS d FROM pages WHERE page_processing_status = 'Queued' AND page_processing_error IS NULL
		ORDER BY domain_id LIMIT 1 \gset
	\echo 32 items of a domain:
	EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT p.id FROM pages p
	WHERE p.page_processing_status = 'Queued' AND p.page_processing_error IS NULL AND p.domain_id = :'d'
		AND p.id >= '00000000-0000-0000-0000-000000000000' ORDER BY p.domain_id, p.id LIMIT 32;
SQL
