#!/bin/bash
#
# bench/wakeup.sh [COMMITS]
#	  How long from COMMIT to the request reaching the web server?  COMMITS
#	  (default 1,200) single-page transactions on an otherwise idle machine, one
#	  after the other with short random pauses; see bench/wakeup.py.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

has_worker()
{
	[ -n "$(worker_and_crawlers | tr -d ' ')" ]
}

main()
{
	bench_set_up
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		fsync = on
		wf_curation.databases = 'postgres'
		wf_curation.workers = 1
		wf_curation.allowed_networks = '127.0.0.0/8'
	CONF
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	wait_until 30 has_worker || die "no standing worker"
	run_python "$WORK/tree/bench/wakeup.py" "${1:-1200}"
}

require_root "$@"
exec </dev/null
main "$@"
