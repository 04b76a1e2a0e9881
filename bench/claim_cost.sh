#!/bin/bash
#
# bench/claim_cost.sh [-r ITEMS] [-n ROUNDS] SIZE…
#	  What a claim costs, by the length of the queue.  SIZE is
#	  PAGES:DOMAINS[:WAITING[:CLOSED]], PAGES ready ones over DOMAINS, WAITING
#	  further ones that wait for a retry, and in front of them all CLOSED domains with
#	  100 ready pages each whose hosts are in back-off.  Each SIZE has a database of its
#	  own; in ROUNDS (default 3) they take turns, and a worker whose crawler answers at
#	  once takes ITEMS (default 2500) of each.  Printed are the milliseconds that the
#	  statements of claiming (finding domains and items, the UPDATE, the claims;
#	  pg_stat_statements) took for each item, median of the rounds, and the ratio to the
#	  first SIZE.  Then the plans of the statements that find items, at the last SIZE.
#
# Default: 10000:1 10000:1000 1000000:1 1000000:100000 1000000:100000:100000
# 1000000:100000:100000:1000 10000000:100000

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ITEMS=2500
ROUNDS=3
CLOSED_PAGES=100
while getopts r:n: option "$@"; do
	case $option in
		r) ITEMS=$OPTARG ;;
		n) ROUNDS=$OPTARG ;;
		*) die "usage: bench/claim_cost.sh [-r ITEMS] [-n ROUNDS] SIZE…" ;;
	esac
done
shift $((OPTIND - 1))
[ "$#" -gt 0 ] || set -- 10000:1 10000:1000 1000000:1 1000000:100000 1000000:100000:100000 \
	1000000:100000:100000:1000 10000000:100000

# A number of a SIZE, 0 if it has none.
part()
{
	local -a parts

	IFS=: read -ra parts <<<"$1"
	echo "${parts[$2]:-0}"
}

# load DATABASE SIZE
load()
{
	local DATABASE=$1 pages domains waiting closed

	pages=$(part "$2" 0) domains=$(part "$2" 1) waiting=$(part "$2" 2) closed=$(part "$2" 3)
	query "CREATE EXTENSION wf_curation" >/dev/null
	query "SELECT wf_pause('page')" >/dev/null
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
	# their ids come before all others; for such names the crawler asks for a pause
	query "INSERT INTO domains (id, domain)
		SELECT lpad(to_hex(g), 32, '0')::uuid, 'pause' || g || '.example' FROM generate_series(1, $closed) g" >/dev/null
	query "SET session_replication_role = replica; INSERT INTO pages (domain_id, url, page_curation_status,
			page_processing_status)
		SELECT d.id, 'https://' || d.domain || '/page/' || g, 'Selected', 'Queued'
		FROM domains d, generate_series(1, $CLOSED_PAGES) g WHERE d.domain ~ '^pause'" >/dev/null
	query "VACUUM ANALYZE pages" >/dev/null
	query "VACUUM ANALYZE wf_claim" >/dev/null
	query "CHECKPOINT" >/dev/null
}

ended() { query "SELECT coalesce(pg_sequence_last_value('wf_attempt_id_seq'), 0)"; }

# The worker is through with what the stage was allowed to claim.
is_at_rest() { [ "$(query "SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL")" -eq 0 ]; }

are_closed() { [ "$(query "SELECT count(*) FROM wf_host WHERE not_before > now()")" -ge "$1" ]; }

# Milliseconds of claiming for each item claimed.
claim_ms()
{
	query "SELECT round((sum(total_exec_time) / max(rows) FILTER (WHERE query ~ '^INSERT INTO public.wf_claim'))::numeric, 4)
		FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
		WHERE query ~ '^(INSERT INTO public.wf_claim|WITH RECURSIVE d|SELECT p.id, p.url::pg_catalog.text FROM public.pages|UPDATE public.pages p SET .*SKIP LOCKED)'"
}

# Let the worker close the hosts in front first: that is not what is measured.
close_hosts()
{
	local DATABASE=$1

	[ "$2" -gt 0 ] || return 0
	query "SELECT wf_resume('page')" >/dev/null
	wait_until 120 are_closed "$2" || die "hosts in front are not in back-off"
	query "SELECT wf_pause('page')" >/dev/null
	wait_until 60 is_at_rest
}

# measure DATABASE PAGES: claims some, prints the milliseconds for each.
measure()
{
	local DATABASE=$1 wanted

	query "SELECT pg_stat_statements_reset()" >/dev/null
	wanted=$(($(ended) + ITEMS))
	[ "$wanted" -lt "$2" ] || wanted=$2
	query "SELECT wf_resume('page')" >/dev/null
	while [ "$(ended)" -lt "$wanted" ]; do sleep 0.02; done
	query "SELECT wf_pause('page')" >/dev/null
	wait_until 60 is_at_rest
	claim_ms
}

start_server()
{
	local i names=

	for i in $(seq "$#"); do names+=${names:+,}size$i; done
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation, pg_stat_statements'
		shared_buffers = 4GB
		max_wal_size = 16GB
		checkpoint_timeout = 1h
		autovacuum = off
		max_worker_processes = $(($# * 2 + 8))
		wf_curation.databases = '$names'
		wf_curation.workers = 1
		wf_curation.poll_interval = '1s'
		wf_curation.crawler_path = '$WORK/home/instant_crawler'
		wf_curation.max_concurrency = 64
		wf_curation.max_concurrency_per_host = 64
		wf_curation.placeholder_contacts = off
	CONF
	start_cluster "$WORK/bench.conf"
	for i in $(seq "$#"); do
		query "CREATE DATABASE size$i" >/dev/null
		DATABASE=size$i query "CREATE EXTENSION pg_stat_statements" >/dev/null
	done
}

bench_set_up
compile_instant_crawler
start_server "$@"
i=0
for size; do
	i=$((i + 1))
	load "size$i" "$size"
	close_hosts "size$i" "$(part "$size" 3)"
done
for _ in $(seq "$ROUNDS"); do
	i=0
	for size; do
		i=$((i + 1))
		measure "size$i" "$(part "$size" 0)" >>"$WORK/ms$i"
	done
done
i=0
for size; do
	i=$((i + 1))
	MS=$(sort -n "$WORK/ms$i" | sed -n "$((ROUNDS / 2 + 1))p")
	: "${FIRST:=$MS}"
	awk -v s="$size" -v m="$MS" -v f="$FIRST" -v all="$(tr '\n' ' ' <"$WORK/ms$i")" \
		'BEGIN { printf "%-28s %.4f ms for each item claimed, ratio %.2f (%s)\n", s, m, m / f, all }'
done

DATABASE=size$# sql -P pager=off <<-SQL
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
