#!/bin/bash
#
# bench/import.sh [-f FILES] [-u URLS]
#	  What an import of sitemaps costs: 20 files of 50,000 URLs each (unless said
#	  otherwise), by one standing worker and its crawler from nginx on loopback,
#	  against COPY of the same rows into the same table.
#
# Prints seconds, pages per second, the ratio to COPY, and the peak memory of worker
# and crawler: their own (anonymous), sampled, and the highest with the shared buffers
# and the program text that they touched.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

FILES=20
URLS=50000

while getopts f:u: option "$@"; do
	case $option in
		f) FILES=$OPTARG ;;
		u) URLS=$OPTARG ;;
		*) die "usage: bench/import.sh [-f FILES] [-u URLS]" ;;
	esac
done

COLUMNS='domain_id, url, last_modified, sitemap_file_id, page_curation_status'
OWN=0

write_sitemaps()
{
	mkdir "$WORK/site"
	python3 - "$WORK/site" "$FILES" "$URLS" "http://127.0.0.1:$PORT" <<-'PY'
		import sys
		where, files, urls, base = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
		for f in range(files):
		    with open("%s/%d.xml" % (where, f), "w") as out:
		        out.write('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
		        for u in range(urls):
		            out.write("<url><loc>%s/section-%d/a-page-with-a-name-%d.html</loc>"
		                      "<lastmod>2024-01-02T03:04:05Z</lastmod></url>" % (base, f, u))
		        out.write("</urlset>")
	PY
	chmod -R a+rX "$WORK/site"
}

serve_sitemaps()
{
	PORT=$(free_port)
	write_sitemaps
	{
		nginx_head
		echo "access_log off; server { listen 127.0.0.1:$PORT; root $WORK/site; } }"
	} >"$WORK/nginx.conf"
	start_nginx "$WORK/nginx.conf"
}

start_database()
{
	bulk_settings >"$WORK/bench.conf"
	cat >>"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = 'wf_curation'
		wf_curation.workers = 1
		wf_curation.allowed_networks = '127.0.0.0/8'
		wf_curation.host_delay = 0
	CONF
	start_cluster "$WORK/bench.conf"
	sql <<-SQL
		CREATE EXTENSION wf_curation;
		INSERT INTO domains (domain) VALUES ('127.0.0.1');
		INSERT INTO sitemap_files (domain_id, url)
			SELECT id, 'http://127.0.0.1:$PORT/' || f || '.xml'
			FROM domains, generate_series(0, $FILES - 1) f;
		CHECKPOINT;
	SQL
}

ended()
{
	query "SELECT count(*) FROM sitemap_files WHERE sitemap_import_status IN ('Complete', 'Error')"
}

# The worker's and the crawler's own memory just now; each one's largest is kept.
own_memory()
{
	# shellcheck disable=SC2046 # a list of numbers
	cat $(printf '/proc/%s/status\n' $(worker_and_crawlers)) 2>/dev/null |
		awk -v top="$OWN" '/^RssAnon/ { if ($2 > top) top = $2 } END { print top }'
}

# The highest of process $1 with all it touched, in MB.
peak()
{
	awk '/^VmHWM/ { printf "%d", $2 / 1024 }' "/proc/$1/status"
}

seconds()
{
	local start

	start=$(date +%s.%N)
	"$@"
	echo "$(date +%s.%N) $start" | awk '{ print $1 - $2 }'
}

import()
{
	query "UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'" >/dev/null
	until [ "$(ended)" = "$FILES" ]; do
		OWN=$(own_memory)
		sleep 0.2
	done
	echo "$OWN" >"$WORK/own"
}

copy_in()
{
	sql -c "COPY pages ($COLUMNS) FROM STDIN" <"$WORK/rows"
}

bench_set_up
serve_sitemaps
start_database
wait_until 10 test "$(query "SELECT count(*) FROM wf_workers")" -ge 1
imported=$(seconds import)
pages=$(query "SELECT count(*) FROM pages")
bad=$(query "SELECT count(*) FROM sitemap_files WHERE sitemap_import_status <> 'Complete'")
peaks=
for pid in $(worker_and_crawlers); do
	peaks+=" $(cat "/proc/$pid/comm") $(peak "$pid") MB"
done
query "COPY (SELECT $COLUMNS FROM pages ORDER BY sitemap_file_id, url) TO STDOUT" >"$WORK/rows"
query "SET client_min_messages = warning; TRUNCATE pages CASCADE" >/dev/null
query "CHECKPOINT" >/dev/null
copied=$(seconds copy_in)
awk -v p="$pages" -v bad="$bad" -v i="$imported" -v c="$copied" -v own="$(cat "$WORK/own")" -v peaks="$peaks" 'BEGIN {
	printf "%d pages imported in %.1f s: %d pages/s; %d files not Complete\n", p, i, p / i, bad
	printf "COPY of the same rows: %.1f s: %d pages/s; import takes %.2f times as long\n", c, p / c, i / c
	printf "memory: own of the larger process at most %d MB; with all that was touched:%s\n", own / 1024, peaks
}'
