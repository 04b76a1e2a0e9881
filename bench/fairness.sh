#!/bin/bash
#
# bench/fairness.sh
#	  Do slow hosts delay the pages of others?  Ten pages of a host alone, and
#	  beside 10,000 queued ones of a host that takes half a second for each; 600
#	  pages of 100 hosts beside a request that hangs; see bench/fairness.py.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

main()
{
	bench_set_up
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		wf_curation.databases = 'postgres'
		wf_curation.workers = 1
		wf_curation.request_timeout = '300s'
		wf_curation.allowed_networks = '127.0.0.0/8'
	CONF
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	run_python "$WORK/tree/bench/fairness.py"
}

require_root "$@"
exec </dev/null
main "$@"
