#!/bin/bash
#
# bench/shutdown.sh [-r ROUNDS]
#	  How soon does everything end while 64 fetches hang?  Fast shutdown, DROP
#	  DATABASE (FORCE), cancel and terminate of wf_process_batch(), each ROUNDS
#	  (5) times: until the server is gone, the database is gone, or all pages
#	  are back in the queue.  See bench/shutdown.py.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=5

while getopts r: option "$@"; do
	case $option in
		r) ROUNDS=$OPTARG ;;
		*) die "usage: bench/shutdown.sh [-r ROUNDS]" ;;
	esac
done

main()
{
	bench_set_up
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		wf_curation.databases = 'postgres, victim'
		wf_curation.workers = 1
		wf_curation.allowed_networks = '127.0.0.0/8'
		wf_curation.max_concurrency = 64
		wf_curation.max_concurrency_per_host = 8
	CONF
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	run_python "$WORK/tree/bench/shutdown.py" "$CLUSTER/data" "$ROUNDS"
}

require_root "$@"
exec </dev/null
main
