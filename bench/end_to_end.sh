#!/bin/bash
#
# bench/end_to_end.sh [-r ROUNDS] [-n REPEATS] [-m worker|cron] [-d DIRECTORY]
#	  The main job on real pages: every file of DIRECTORY (default the corpus
#	  beside the repository) is a page of a site of its own, served by nginx on
#	  a loopback address of its own; one UPDATE selects them all.
#
# Part 1: each page once; prints how every page ended and the contacts.
# Part 2 (-m worker only): REPEATS times in turn, the pages ROUNDS times over by
# bare_fetch and by the worker: pages per CPU second of each (worker + crawler,
# user + system), and the ratio.  -m cron has pg_cron call wf_process instead.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=10
REPEATS=3
MODE=worker
PAGES=${WF_CORPUS:-$TREE/../shared/corpus}/html
PATIENCE=900

while getopts r:n:m:d: option "$@"; do
	case $option in
		r) ROUNDS=$OPTARG ;;
		n) REPEATS=$OPTARG ;;
		m) MODE=$OPTARG ;;
		d) PAGES=$OPTARG ;;
		*) die "usage: bench/end_to_end.sh [-r ROUNDS] [-n REPEATS] [-m worker|cron] [-d DIRECTORY]" ;;
	esac
done
[ -d "$PAGES" ] || die "no directory of pages at $PAGES (-d names another)"
PAGES=$(cd "$PAGES" && pwd -P)

# $WORK/www/ADDRESS/page.html for each file; addresses 127.100.B.C.
lay_out_sites()
{
	local file n=0 address

	mkdir "$WORK/www"
	for file in "$PAGES"/*; do
		address=127.100.$((n / 200)).$((n % 200 + 1))
		mkdir "$WORK/www/$address"
		cp "$file" "$WORK/www/$address/page.html"
		echo "$address" >>"$WORK/addresses"
		n=$((n + 1))
	done
	chmod -R a+rX "$WORK/www"
	say "$n pages, $(du -sm "$WORK/www" | cut -f 1) MB"
}

serve_sites()
{
	PORT=$(free_port)
	{
		nginx_head 2
		echo "access_log off; open_file_cache max=2000 inactive=600s; open_file_cache_valid 600s;"
		echo "server {"
		sed "s/.*/listen &:$PORT;/" "$WORK/addresses"
		# shellcheck disable=SC2016 # nginx's variable
		printf 'root %s/www/$server_addr;\n} }\n' "$WORK"
	} >"$WORK/nginx.conf"
	start_nginx "$WORK/nginx.conf"
	sed "s!.*!http://&:$PORT/page.html!" "$WORK/addresses" >"$WORK/urls"
	chmod a+r "$WORK/urls"
}

start_database()
{
	cat >"$WORK/bench.conf" <<-CONF
		shared_preload_libraries = '$([ "$MODE" = worker ] || echo pg_cron,)wf_curation'
		shared_buffers = 512MB
		max_wal_size = 4GB
		wf_curation.databases = 'postgres'
		wf_curation.workers = $([ "$MODE" = worker ] && echo 1 || echo 0)
		wf_curation.allowed_networks = '127.0.0.0/8'
	CONF
	if [ "$MODE" = cron ]; then
		echo "cron.database_name = 'postgres'" >>"$WORK/bench.conf"
		echo "cron.host = '$WORK/cluster/socket'" >>"$WORK/bench.conf"
	fi
	start_cluster "$WORK/bench.conf"
	query "CREATE EXTENSION wf_curation" >/dev/null
	sql -c "CREATE TABLE site (address text); COPY site FROM STDIN" <"$WORK/addresses"
	query "INSERT INTO domains (domain) SELECT address FROM site" >/dev/null
}

# add_pages ROUNDS LABEL: rows in status New.
add_pages()
{
	query "INSERT INTO pages (domain_id, url)
		SELECT d.id, format('http://%s:%s/page.html?%s-%s', d.domain, $PORT, '$2', r)
		FROM domains d, generate_series(1, $1) r" >/dev/null
	query "VACUUM ANALYZE pages" >/dev/null
}

# Select the pages of a label by one UPDATE and wait until they have ended.
process()
{
	local like="%?$1-%" deadline=$((SECONDS + PATIENCE))

	query "UPDATE pages SET page_curation_status = 'Selected' WHERE url LIKE '$like'" >/dev/null
	while [ "$(query "SELECT count(*) FROM pages
			WHERE page_processing_status IN ('Queued', 'Processing')")" -gt 0 ]; do
		[ "$SECONDS" -lt "$deadline" ] || { say "NOT FINISHED after $PATIENCE s"; return 1; }
		sleep 0.1
	done
}

report_job()
{
	say
	say "how the pages ended:"
	sql -P pager=off -c "
		SELECT page_curation_status, page_processing_status, contact_scrape_status, count(*),
			count(*) FILTER (WHERE page_processing_error IS NOT NULL) AS with_reason
		FROM pages GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
	sql -P pager=off -c "
		SELECT left(regexp_replace(page_processing_error, '[0-9.]{7,}', 'N'), 90) AS reason, count(*)
		FROM pages WHERE page_processing_error IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 20"
	sql -P pager=off -c "
		SELECT count(*) FILTER (WHERE email NOT LIKE 'notfound\_%') AS contacts,
			count(*) FILTER (WHERE email LIKE 'notfound\_%') AS placeholders,
			count(phone_number) AS with_phone FROM contacts"
	say "Error without a reason, Queued or Processing: $(query "SELECT count(*) FROM pages
		WHERE page_processing_status IS NULL OR page_processing_status IN ('Queued', 'Processing')
			OR (page_processing_status = 'Error' AND page_processing_error IS NULL)")"
}

# Sets BARE: pages per CPU second.
measure_bare()
{
	local line

	line=$(as_postgres "$WORK/home/bare_fetch" -c 64 -r "$ROUNDS" "$WORK/urls")
	say "bare     $line"
	BARE=${line##* }
}

# Sets OURS likewise.
measure_worker()
{
	local label=$1 pids before after start end

	add_pages "$ROUNDS" "$label"
	sleep 1
	pids=$(worker_and_crawlers)
	# shellcheck disable=SC2086 # a list
	before=$(cpu_of $pids)
	start=$(date +%s.%N)
	process "$label"
	end=$(date +%s.%N)
	# shellcheck disable=SC2086
	after=$(cpu_of $pids)
	[ "$pids" = "$(worker_and_crawlers)" ] || say "the processes changed during the run"
	OURS=$(printf '%s %s %s %s %s\n' "$before" "$after" \
		"$(query "SELECT count(*) FROM pages WHERE url LIKE '%?$label-%' AND page_processing_status = 'Complete'")" \
		"$start" "$end" | awk '{
			u = $3 - $1; s = $4 - $2
			printf "pages %d wall %.3f user %.2f system %.2f pages_per_second %.1f pages_per_cpu_second %.1f",
				$5, $7 - $6, u, s, $5 / ($7 - $6), $5 / (u + s) }')
	say "worker   $OURS"
	# shellcheck disable=SC2086
	say "         $(rss_of $pids)"
	OURS=${OURS##* }
}

measure_ratio()
{
	local i

	say
	say "rate: $(wc -l <"$WORK/urls") pages, $ROUNDS times over, in turn; identity encoding"
	compile_bare_fetch
	as_postgres "$WORK/home/bare_fetch" -c 64 "$WORK/urls" >/dev/null
	for i in $(seq "$REPEATS"); do
		measure_bare
		measure_worker "m$i"
		awk -v o="$OURS" -v b="$BARE" 'BEGIN { printf "ratio    %.3f\n", o / b }' | tee -a "$WORK/ratios"
	done
	sort -k 2 -n "$WORK/ratios" | awk '{ r[NR] = $2 } END { print "median ratio", r[int((NR + 1) / 2)] }'
}

main()
{
	local -a extra=()

	[ "$MODE" = worker ] || extra=("postgresql-$PG_MAJOR-cron")
	bench_set_up "${extra[@]}"
	lay_out_sites
	serve_sites
	start_database
	add_pages 1 once
	if [ "$MODE" = cron ]; then
		query "CREATE EXTENSION pg_cron" >/dev/null
		query "SELECT wf_schedule(1000)" >/dev/null
	fi
	process once
	report_job
	if [ "$MODE" = cron ]; then
		say "runs of pg_cron's job: $(query "SELECT string_agg(n || ' ' || status, ', ')
			FROM (SELECT status, count(*) AS n FROM cron.job_run_details GROUP BY 1) x")"
	else
		measure_ratio
	fi
	say "server log, warnings and worse: $(grep -cE '(WARNING|ERROR|FATAL|PANIC):' "$CLUSTER/server.log" || true)"
}

require_root "$@"
exec </dev/null
main
