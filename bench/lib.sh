# shellcheck shell=bash
#
# bench/lib.sh
#	  What the measurements share: set-up as script/demo does it, and the CPU
#	  time of the worker and its crawler.

# shellcheck source=script/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../script/lib/common.sh"
# shellcheck source=script/lib/packages.sh
. "$TREE/script/lib/packages.sh"
# shellcheck source=script/lib/build.sh
. "$TREE/script/lib/build.sh"
# shellcheck source=script/lib/server.sh
. "$TREE/script/lib/server.sh"

bench_clean_up()
{
	local status=$?

	trap - EXIT
	trap : INT TERM HUP
	trap '' PIPE
	set +e
	if [ "$status" -ne 0 ] && [ -n "$CLUSTER" ]; then
		tail -n 40 "$CLUSTER/server.log" >&2
	fi
	stop_servers || true
	release_services
	remove_work
	exit "$status"
}

# Packages, a copy of the tree in $WORK/tree, built and installed.
bench_set_up()
{
	install_packages "${PACKAGES_BASE[@]}" "$@"
	make_work bench
	trap bench_clean_up EXIT
	trap 'exit 130' INT TERM HUP
	trap 'exit 141' PIPE
	choose_server
	copy_tree "$WORK/tree"
	{ build_with "$WORK/tree" gcc && install_from "$WORK/tree"; } >"$WORK/build.log" 2>&1 || {
		tail -n 60 "$WORK/build.log" >&2
		die "could not build"
	}
}

# Settings of a server that takes millions of rows at once.
bulk_settings()
{
	cat <<-CONF
		shared_buffers = 1GB
		max_wal_size = 8GB
		checkpoint_timeout = 30min
		wf_curation.databases = 'postgres'
	CONF
}

# A Python program that is connected to the server by default.
run_python()
{
	as_postgres PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER=postgres PGDATABASE=postgres python3 "$@"
}

compile_bare_fetch()
{
	as_postgres gcc -std=gnu99 -O2 -Wall -o "$WORK/home/bare_fetch" \
		"$WORK/tree/bench/bare_fetch.c" -lcurl
}

# A crawler that answers at once, for what is measured without network.
compile_instant_crawler()
{
	as_postgres gcc -std=gnu99 -O2 -Wall -I"$WORK/tree" -o "$WORK/home/instant_crawler" \
		"$WORK/tree/bench/instant_crawler.c" "$WORK/tree"/core/wf_{arena,finding,message,outcome,site,text,url}.c -lidn2 -lpsl
}

# Process ids of the standing worker and of its crawlers.
worker_and_crawlers()
{
	local worker pids

	pids=$(query "SELECT pid FROM pg_stat_activity
		WHERE backend_type ~ '^wf_curation' AND backend_type !~ 'launcher'")
	for worker in $pids; do
		pids+=" $(pgrep -P "$worker" -x wf_crawler | tr '\n' ' ')" || true
	done
	echo "$pids" | tr '\n' ' '
}

# Seconds of CPU, "USER SYSTEM", of the given processes with all their threads.
cpu_of()
{
	local pid

	for pid; do
		# fields 14 and 15, counted behind the name, which may have blanks
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk -v hz="$(getconf CLK_TCK)" '{ u += $12; s += $13 } END { print u / hz, s / hz }'
}

# Private memory: what is resident without shared buffers and program text.
rss_of()
{
	local pid

	for pid; do
		awk -v pid="$pid" '/^Name/ { name = $2 } /^RssAnon/ { printf "%s[%s] %d kB  ", name, pid, $2 }' \
			"/proc/$pid/status"
	done
	echo
}
