#!/bin/bash
#
# bench/queue.sh [-n ITEMS] [-d DOMAINS] [-w WORKERS] [-c CONCURRENCY] [-s] [-H]
#	  The queue without network: standing workers whose crawler answers at once.
#	  Items that were claimed and finished, per second, for each tenth of them,
#	  and per CPU second (user and system) of workers and crawlers, which other
#	  work on the machine disturbs less.
#
# -H holds a transaction with a snapshot and an xid open all the time, which
# keeps every dead row and index entry alive; -s prints the statements that took
# most of the time (pg_stat_statements; slows all down a little).
#
# Contacts play no part: pages have none, and placeholders are off.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ITEMS=200000
DOMAINS=10000
WORKERS=1
CONCURRENCY=1024
STATEMENTS=
HOLD=

while getopts n:d:w:c:sH option "$@"; do
	case $option in
		n) ITEMS=$OPTARG ;;
		d) DOMAINS=$OPTARG ;;
		w) WORKERS=$OPTARG ;;
		c) CONCURRENCY=$OPTARG ;;
		s) STATEMENTS=1 ;;
		H) HOLD=1 ;;
		*) die "usage: bench/queue.sh [-n ITEMS] [-d DOMAINS] [-w WORKERS] [-c CONCURRENCY] [-s] [-H]" ;;
	esac
done

bench_set_up

start_database()
{
	bulk_settings >"$WORK/bench.conf"
	cat >>"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation$([ -z "$STATEMENTS" ] || echo ,pg_stat_statements)'
		wf_curation.workers = $WORKERS
		wf_curation.enabled = off
		wf_curation.crawler_path = '$WORK/home/instant_crawler'
		wf_curation.max_concurrency = $CONCURRENCY
		wf_curation.max_concurrency_per_host = $((CONCURRENCY < 100 ? CONCURRENCY : 100))
		wf_curation.placeholder_contacts = off
	CONF
	start_cluster "$WORK/bench.conf"
	[ -z "$STATEMENTS" ] || query "CREATE EXTENSION pg_stat_statements" >/dev/null
	query "CREATE EXTENSION wf_curation" >/dev/null
	query "INSERT INTO domains (domain)
		SELECT 'site' || g || '.example' FROM generate_series(1, $DOMAINS) g" >/dev/null
	query "INSERT INTO pages (domain_id, url, page_curation_status)
		SELECT d.id, 'https://' || d.domain || '/page/' || g, 'Selected'
		FROM generate_series(1, $ITEMS) g
		JOIN (SELECT id, domain, row_number() OVER () AS n FROM domains) d
			ON d.n = g % $DOMAINS + 1" >/dev/null
	query "VACUUM ANALYZE pages" >/dev/null
	query "CHECKPOINT" >/dev/null
}

# A session that holds a snapshot until the shell ends it.
hold_transaction()
{
	mkfifo "$WORK/hold"
	chmod 666 "$WORK/hold"
	sql <"$WORK/hold" >/dev/null &
	exec 9>"$WORK/hold"
	echo "BEGIN ISOLATION LEVEL REPEATABLE READ;
		CREATE TEMP TABLE held (n int); SELECT count(*) FROM wf_claim;" >&9
	wait_until 10 test "$(query "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL")" -gt 0
}

# Ended attempts are what the history has; counting pages would cost the run.
ended() { query "SELECT coalesce(pg_sequence_last_value('wf_attempt_id_seq'), 0)"; }

# CPU seconds of workers and crawlers so far.
# shellcheck disable=SC2046 # a list of numbers
cpu_now() { cpu_of $(worker_and_crawlers) | awk '{ print $1 + $2 }'; }

run()
{
	local tenth=1 start now last cpu last_cpu first_cpu

	query "ALTER SYSTEM SET wf_curation.enabled = on" >/dev/null
	first_cpu=$(cpu_now)
	last_cpu=$first_cpu
	start=$(date +%s.%N)
	last=$start
	query "SELECT pg_reload_conf()" >/dev/null
	while [ "$tenth" -le 10 ]; do
		sleep 0.05
		[ "$(ended)" -ge $((ITEMS * tenth / 10)) ] || continue
		now=$(date +%s.%N)
		cpu=$(cpu_now)
		awk -v t="$tenth" -v n=$((ITEMS / 10)) -v a="$last" -v b="$now" -v c="$last_cpu" -v d="$cpu" \
			'BEGIN { printf "tenth %2d: %7.0f items/s, %7.0f per CPU second\n", t, n / (b - a), n / (d - c) }'
		last=$now
		last_cpu=$cpu
		tenth=$((tenth + 1))
	done
	awk -v n="$ITEMS" -v a="$start" -v b="$last" -v c="$first_cpu" -v d="$last_cpu" \
		'BEGIN { printf "all:      %7.0f items/s, %7.0f per CPU second\n", n / (b - a), n / (d - c) }'
}

compile_instant_crawler
start_database
[ -z "$HOLD" ] || hold_transaction
wait_until 10 test "$(query "SELECT count(*) FROM wf_workers")" -ge "$WORKERS"
[ -z "$STATEMENTS" ] || query "SELECT pg_stat_statements_reset()" >/dev/null
run
if [ -n "$STATEMENTS" ]; then
	sql -P pager=off -c "SELECT calls, round(total_exec_time) AS ms, round(mean_exec_time::numeric, 3) AS mean,
		rows, left(query, 110) AS query
		FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 16"
fi
query "SELECT page_processing_status, count(*) FROM pages GROUP BY 1"
