# shellcheck shell=bash
#
# script/lib/server.sh
#	  A throwaway PostgreSQL cluster and nginx, both as postgres below $WORK.
#
# The cluster listens on a socket in $WORK only.  What was started here is
# ended by stop_servers, by process id.

CLUSTER=
NGINX_PID=

# start_cluster [SETTINGS-FILE…]: the files' lines are appended to
# postgresql.conf.  Sets PGHOST and PGPORT for sql.
start_cluster()
{
	local file

	CLUSTER=$WORK/cluster
	as_postgres mkdir "$CLUSTER/socket"
	as_postgres initdb -D "$CLUSTER/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
		--no-sync >"$WORK/initdb.log" 2>&1 || { cat "$WORK/initdb.log" >&2; return 1; }
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$CLUSTER/socket'"
		echo "fsync = off"
		for file; do cat "$file"; done
	} >>"$CLUSTER/data/postgresql.conf"
	as_postgres pg_ctl -D "$CLUSTER/data" -l "$CLUSTER/server.log" -w -t 60 start >/dev/null || {
		cat "$CLUSTER/server.log" >&2
		CLUSTER=
		return 1
	}
	PGHOST=$CLUSTER/socket
	PGPORT=5432
}

# sql [psql option…]: in database postgres unless -d says otherwise.
sql()
{
	as_postgres PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER=postgres \
		PGDATABASE="${DATABASE:-postgres}" psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# query STATEMENT: the bare result.
query()
{
	sql -At -c "$1"
}

# start_nginx CONFIG-FILE: one that keeps to $WORK (see nginx_head).
start_nginx()
{
	exec_as_postgres nginx -e "$WORK/nginx/error.log" -c "$1" &
	NGINX_PID=$!
	wait_until 10 test -s "$WORK/nginx/pid" || {
		cat "$WORK/nginx/error.log" >&2
		die "nginx did not start"
	}
}

# Print the start of a configuration: in the foreground, no path outside
# $WORK/nginx.  The caller adds servers and the closing brace of http.
nginx_head()
{
	local dir=$WORK/nginx kind

	cat <<-CONF
		daemon off;
		worker_processes ${1:-1};
		worker_rlimit_nofile 8192;
		pid $dir/pid;
		error_log $dir/error.log;
		events { worker_connections 4096; }
		http {
			default_type application/octet-stream;
			types { text/html html; text/plain txt; application/xml xml; }
			sendfile on;
			tcp_nopush on;
			keepalive_requests 100000;
	CONF
	for kind in client_body proxy fastcgi uwsgi scgi; do
		echo "	${kind}_temp_path $dir/$kind;"
	done
}

stop_servers()
{
	if [ -n "$CLUSTER" ]; then
		as_postgres pg_ctl -D "$CLUSTER/data" -m fast -w -t 60 stop >/dev/null ||
			as_postgres pg_ctl -D "$CLUSTER/data" -m immediate stop >/dev/null || true
		CLUSTER=
	fi
	if [ -n "$NGINX_PID" ]; then
		end_process "$NGINX_PID"
		wait "$NGINX_PID" 2>/dev/null || true
		NGINX_PID=
	fi
}
