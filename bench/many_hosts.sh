#!/bin/bash
#
# bench/many_hosts.sh [HOSTS]
#	  Does the crawler slow down or grow with the number of hosts it was at?
#	  HOSTS (default 60,000) small pages, each of a host of its own, through the
#	  crawler alone, 128 at once; see bench/many_hosts.py.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

main()
{
	local port

	bench_set_up
	mkdir "$WORK/www"
	echo '<p>info@acme-widgets.com</p>' >"$WORK/www/a.html"
	chmod -R a+rX "$WORK/www"
	port=$(free_port)
	{
		nginx_head 1
		echo "access_log off; server { listen 0.0.0.0:$port; root $WORK/www; } }"
	} >"$WORK/nginx.conf"
	start_nginx "$WORK/nginx.conf"
	as_postgres python3 "$WORK/tree/bench/many_hosts.py" "$WORK/tree" "$port" "${1:-60000}"
}

require_root "$@"
exec </dev/null
main "$@"
