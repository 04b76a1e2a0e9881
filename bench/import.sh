#!/bin/bash
#
# What an import of sitemaps costs: 20 files of 50,000 URLs each, by a worker
# and its crawler, against COPY of the same rows into the same table.
#
# Usage: bench/import.sh [files] [URLs of a file]      (default 20, 50000)
#
# Connects as psql does (PGHOST, PGPORT, PGUSER; a superuser) to a server of
# this machine with wf_curation preloaded, wf_curation.allowed_networks =
# '127.0.0.0/8' and a standing worker of database postgres, in which it makes the
# extension anew.  Prints seconds, pages per second, the ratio to COPY, and the
# peak memory of worker and crawler.

set -euo pipefail

files=${1:-20}
urls=${2:-50000}
dir=$(mktemp -d)
chmod 755 "$dir"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT

sql() { PGOPTIONS=--client-min-messages=warning psql -X -q -v ON_ERROR_STOP=1 -d postgres -At "$@"; }

python3 - "$dir" "$files" "$urls" <<'PY' &
import functools, http.server, sys
where, files, urls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=where))
base = "http://127.0.0.1:%d" % server.server_port
for f in range(files):
    with open("%s/%d.xml" % (where, f), "w") as out:
        out.write('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">')
        for u in range(urls):
            out.write("<url><loc>%s/section-%d/a-page-with-a-name-%d.html</loc>"
                      "<lastmod>2024-01-02T03:04:05Z</lastmod></url>" % (base, f, u))
        out.write("</urlset>")
open(where + "/base", "w").write(base)
sys.stderr = open("/dev/null", "w")
server.serve_forever()
PY
server=$!
until [ -s "$dir/base" ]; do
	kill -0 "$server"
	read -rt 0.2 <> <(:) || true
done
base=$(cat "$dir/base")

sql >/dev/null <<SQL
DROP EXTENSION IF EXISTS wf_curation CASCADE;
DROP TABLE IF EXISTS contacts, pages, sitemap_files, domains, local_businesses CASCADE;
CREATE EXTENSION wf_curation;
INSERT INTO domains (domain) VALUES ('${base#http://}');
INSERT INTO sitemap_files (domain_id, url)
	SELECT id, '$base/' || f || '.xml' FROM domains, generate_series(0, $files - 1) f;
CHECKPOINT;
SQL

# Highest VmHWM of a process, in MB.
peak() { awk '/^VmHWM/ {printf "%d", $2 / 1024}' "/proc/$1/status"; }

start=$(date +%s.%N)
sql -c "UPDATE sitemap_files SET deep_scrape_curation_status = 'Selected'"
until [ "$(sql -c "SELECT count(*) FROM sitemap_files WHERE sitemap_import_status IN ('Complete', 'Error')")" = "$files" ]; do
	read -rt 0.2 <> <(:) || true
done
end=$(date +%s.%N)
worker=$(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'wf_curation worker' AND datname = 'postgres'")
crawler=$(pgrep -P "$worker" || true)
pages=$(sql -c 'SELECT count(*) FROM pages')
bad=$(sql -c "SELECT count(*) FROM sitemap_files WHERE sitemap_import_status <> 'Complete'")
worker_peak=$(peak "$worker")
crawler_peak=$([ -z "$crawler" ] || peak "$crawler")

columns='domain_id, url, last_modified, sitemap_file_id, page_curation_status'
sql -c "COPY (SELECT $columns FROM pages ORDER BY sitemap_file_id, url) TO STDOUT" >"$dir/rows"
sql -c 'TRUNCATE pages CASCADE' -c CHECKPOINT
copy_start=$(date +%s.%N)
sql -c "COPY pages ($columns) FROM STDIN" <"$dir/rows"
copy_end=$(date +%s.%N)

awk -v p="$pages" -v bad="$bad" -v a="$start" -v b="$end" -v c="$copy_start" -v d="$copy_end" \
	-v w="$worker_peak" -v k="$crawler_peak" 'BEGIN {
	printf "%d pages imported in %.1f s: %d pages/s; %d files not Complete\n", p, b - a, p / (b - a), bad
	printf "COPY of the same rows: %.1f s: %d pages/s; import takes %.1f times as long\n", d - c, p / (d - c), (b - a) / (d - c)
	printf "peak memory: worker %s MB (with shared buffers it touched), crawler %s MB\n", w, k
}'
