#!/bin/bash
#
# bench/soak.sh [-n PAGES] [-s SITES] [-c CONCURRENCY] [-i SECONDS] [-d DIRECTORY]
#	  Does memory grow?  PAGES (100,000) pages of SITES (5,000) sites, taken in
#	  turn from the files of DIRECTORY (default the corpus beside the repository,
#	  else the demo's site), are selected and fetched by one standing worker; the
#	  memory of worker and crawler is noted every SECONDS (3).
#
# Warm-up is the first tenth of the pages.  What counts is private memory
# (RssAnon): the rest of VmRSS is program text and the shared buffers a process
# has touched, which the setting limits.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

TOTAL=100000
SITES=5000
CONCURRENCY=64
INTERVAL=3
PAGES=${WF_CORPUS:-$TREE/../shared/corpus}/html
LIMIT_KB=10240

while getopts n:s:c:i:d: option "$@"; do
	case $option in
		n) TOTAL=$OPTARG ;;
		s) SITES=$OPTARG ;;
		c) CONCURRENCY=$OPTARG ;;
		i) INTERVAL=$OPTARG ;;
		d) PAGES=$OPTARG ;;
		*) die "usage: bench/soak.sh [-n PAGES] [-s SITES] [-c CONCURRENCY] [-i SECONDS] [-d DIRECTORY]" ;;
	esac
done
[ -d "$PAGES" ] || PAGES=$TREE/demo/site

# Every file under a number, on every loopback address.
serve_pages()
{
	local file n=0

	mkdir "$WORK/www"
	while IFS= read -r file; do
		cp "$file" "$WORK/www/$n.html"
		n=$((n + 1))
	done < <(find "$PAGES" -type f -name '*.htm*' | sort)
	[ "$n" -gt 0 ] || die "no pages in $PAGES"
	FILES=$n
	chmod -R a+rX "$WORK/www"
	PORT=$(free_port)
	{
		nginx_head 2
		echo "access_log off; open_file_cache max=2000 inactive=600s; open_file_cache_valid 600s;"
		echo "server { listen 0.0.0.0:$PORT; root $WORK/www; } }"
	} >"$WORK/nginx.conf"
	start_nginx "$WORK/nginx.conf"
	say "$FILES files, $(du -sm "$WORK/www" | cut -f 1) MB; $TOTAL pages of $SITES sites"
}

start_database()
{
	# few shared buffers: all of them are touched during warm-up
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		shared_buffers = 64MB
		max_wal_size = 4GB
		wf_curation.databases = 'postgres'
		wf_curation.workers = 1
		wf_curation.allowed_networks = '127.0.0.0/8'
		wf_curation.max_concurrency = $CONCURRENCY
	CONF
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	# 127.64.0.1 and the following addresses
	query "INSERT INTO domains (domain)
		SELECT host('127.64.0.1'::inet + n) FROM generate_series(0, $SITES - 1) n" >/dev/null
	query "INSERT INTO pages (domain_id, url)
		SELECT d.id, format('http://%s:%s/%s.html?%s', d.domain, $PORT, n % $FILES, n)
		FROM generate_series(0, $TOTAL - 1) n
		JOIN domains d ON d.domain = host('127.64.0.1'::inet + n % $SITES)" >/dev/null
	query "VACUUM ANALYZE pages" >/dev/null
}

# Kilobytes: "VmRSS RssAnon" of a process.
memory_of()
{
	awk '/^VmRSS/ { rss = $2 } /^RssAnon/ { anon = $2 } END { print rss, anon }' "/proc/$1/status"
}

# What the worker's memory contexts add up to, as the server's log has it.
contexts_of()
{
	local before

	before=$(grand_totals)
	query "SELECT pg_log_backend_memory_contexts($1)" >/dev/null
	wait_until 10 has_more_totals "$before" || return 0
	grep 'Grand total:' "$CLUSTER/server.log" | tail -n 1 | sed 's/.*Grand total: //'
}

grand_totals()
{
	grep -c 'Grand total:' "$CLUSTER/server.log" || true
}

has_more_totals()
{
	[ "$(grand_totals)" -gt "$1" ]
}

has_crawler()
{
	[ "$(worker_and_crawlers | wc -w)" -eq 2 ]
}

# One line each INTERVAL: pages done, then memory of worker and crawler.
sample_until_done()
{
	local worker=$1 crawler=$2 done_pages=0 start=$SECONDS warm=

	printf '%8s %7s %12s %12s %12s %12s\n' pages seconds \
		worker_rss worker_anon crawler_rss crawler_anon
	while [ "$done_pages" -lt "$TOTAL" ]; do
		sleep "$INTERVAL"
		done_pages=$(query "SELECT count(*) FROM pages
			WHERE page_processing_status IN ('Complete', 'Error')")
		# shellcheck disable=SC2046,SC2183 # two numbers each
		printf '%8d %7d %12d %12d %12d %12d\n' "$done_pages" $((SECONDS - start)) \
			$(memory_of "$worker") $(memory_of "$crawler") | tee -a "$WORK/samples"
		if [ -z "$warm" ] && [ "$done_pages" -ge $((TOTAL / 10)) ]; then
			warm=1
			say "         worker's contexts: $(contexts_of "$worker")"
		fi
	done
	say "         worker's contexts: $(contexts_of "$worker")"
}

# Largest minus smallest of each column after warm-up.
report()
{
	awk -v warm=$((TOTAL / 10)) -v limit="$LIMIT_KB" '
		$1 >= warm {
			for (i = 3; i <= 6; i++) {
				if (!n || $i < least[i]) least[i] = $i
				if (!n || $i > most[i]) most[i] = $i
			}
			n++
		}
		END {
			split("x x worker_rss worker_anon crawler_rss crawler_anon", name)
			for (i = 3; i <= 6; i++)
				printf "%-12s after warm-up: %d to %d kB, difference %d kB\n",
					name[i], least[i], most[i], most[i] - least[i]
			bad = most[4] - least[4] > limit || most[6] - least[6] > limit
			print "private memory of both within " limit " kB: " (bad ? "NO" : "yes")
			exit bad
		}' "$WORK/samples"
}

main()
{
	bench_set_up
	serve_pages
	start_database
	query "UPDATE pages SET page_curation_status = 'Selected'" >/dev/null
	wait_until 30 has_crawler || die "no worker with a crawler"
	# shellcheck disable=SC2046 # two numbers
	set -- $(worker_and_crawlers)
	sample_until_done "$@"
	[ "$(worker_and_crawlers | xargs)" = "$*" ] || die "the processes changed during the run"
	query "SELECT page_processing_status || ' ' || count(*) FROM pages GROUP BY page_processing_status"
	report
}

require_root "$@"
exec </dev/null
main
