#!/bin/bash
#
# bench/kill.sh [-c CRAWLERS] [-w WORKERS]
#	  What does kill -9 cost?  The crawler is killed CRAWLERS (100) times, then
#	  the worker WORKERS (20) times, at random moments with at least 64 pages in
#	  flight each time; see bench/kill.py.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

CRAWLERS=100
WORKERS=20

while getopts c:w: option "$@"; do
	case $option in
		c) CRAWLERS=$OPTARG ;;
		w) WORKERS=$OPTARG ;;
		*) die "usage: bench/kill.sh [-c CRAWLERS] [-w WORKERS]" ;;
	esac
done

main()
{
	bench_set_up
	# slots are refilled sixteen at a time: 64 to 80 are in flight
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		restart_after_crash = on
		wf_curation.databases = 'postgres'
		wf_curation.workers = 1
		wf_curation.allowed_networks = '127.0.0.0/8'
		wf_curation.max_concurrency = 80
		wf_curation.max_concurrency_per_host = 10
		wf_curation.retry_delay = '200ms'
	CONF
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	run_python "$WORK/tree/bench/kill.py" "$CRAWLERS" "$WORKERS" "$CLUSTER/server.log"
}

require_root "$@"
exec </dev/null
main
