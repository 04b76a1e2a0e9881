#!/bin/bash
#
# bench/extract.sh [-r ROUNDS] [-d DIRECTORY]
#	  Extraction as a SQL function against the two regular expressions of the
#	  service it replaces, over the same pages (default: the corpus beside the
#	  repository) in one backend.
#
# Every file is a row of a table, stored without compression.  In each round, by
# turns: the two expressions with PCRE2's JIT, the tokenizer alone and
# wf_extract_contacts, all over the same values in the backend's memory; then
# wf_extract_contacts over the values fetched from their table.  CPU time of the
# backend; medians.  PostgreSQL's own regexp_matches runs once.  Then
# wf_extract_contacts over the table four times over, by one process and by two
# parallel workers: wall-clock time.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=9
PAGES=${WF_CORPUS:-$TREE/../shared/corpus}/html

while getopts r:d: option "$@"; do
	case $option in
		r) ROUNDS=$OPTARG ;;
		d) PAGES=$OPTARG ;;
		*) die "usage: bench/extract.sh [-r ROUNDS] [-d DIRECTORY]" ;;
	esac
done
[ -d "$PAGES" ] || die "no directory of pages at $PAGES (-d names another)"

build_functions()
{
	echo '{ local: wf_*; };' >"$WORK/own_symbols"
	as_postgres gcc -std=gnu99 -O2 -fPIC -shared -Wall -Wl,--version-script="$WORK/own_symbols" \
		-I"$("$PG_BIN/pg_config" --includedir-server)" -I"$WORK/tree" \
		-o "$WORK/home/bench_extract.so" "$WORK/tree/bench/extract_functions.c" \
		"$WORK/tree/core/wf_html.c" "$WORK/tree/core/wf_text.c" "$WORK/tree/core/wf_arena.c" \
		-lpcre2-8
}

start_database()
{
	cat >"$WORK/bench.conf" <<-CONF
		shared_buffers = 1GB
		jit = off
		max_parallel_workers = 4
		autovacuum = off
	CONF
	start_cluster "$WORK/bench.conf"
	mkdir "$WORK/pages"
	cp "$PAGES"/* "$WORK/pages"
	chmod -R a+rX "$WORK/pages"
	sql <<-SQL
		CREATE EXTENSION wf_curation;
		CREATE FUNCTION bench_cpu() RETURNS float8 AS '$WORK/home/bench_extract' LANGUAGE c;
		CREATE FUNCTION bench_keep(bytea) RETURNS int4 AS '$WORK/home/bench_extract' LANGUAGE c;
		CREATE FUNCTION bench_kept(int4) RETURNS bytea AS '$WORK/home/bench_extract' LANGUAGE c STABLE;
		CREATE FUNCTION bench_regexes(bytea) RETURNS int8 AS '$WORK/home/bench_extract' LANGUAGE c;
		CREATE FUNCTION bench_tokens(bytea) RETURNS int8 AS '$WORK/home/bench_extract' LANGUAGE c;

		CREATE TABLE page (name text, url text, body bytea);
		ALTER TABLE page ALTER body SET STORAGE EXTERNAL;
		INSERT INTO page
			SELECT name, 'https://' || regexp_replace(name, '^.*__|\.html\$', '', 'g'),
				pg_read_binary_file('$WORK/pages/' || name)
			FROM pg_ls_dir('$WORK/pages') name ORDER BY name;
		-- few rows to a block, so that workers share them evenly
		CREATE TABLE crawl (LIKE page INCLUDING STORAGE) WITH (fillfactor = 10);
		ALTER TABLE crawl SET (parallel_workers = 2);
		INSERT INTO crawl SELECT page.* FROM page, generate_series(1, 4);
		VACUUM ANALYZE page, crawl;
	SQL
	say "$(query "SELECT format('%s pages, %s MB', count(*), round(sum(length(body)) / 1e6, 1)) FROM page")"
}

# One backend, every variant once in each round, the first round not counted.
measure()
{
	sql -At <<-SQL
		CREATE TABLE result (variant text, seconds float8);
		DO \$\$
		DECLARE
			variant text;
			started float8;
		BEGIN
			CREATE TEMP TABLE kept AS SELECT bench_keep(body) AS body, url FROM page;
			FOR round IN 0..$ROUNDS LOOP
				FOREACH variant IN ARRAY ARRAY[
					'sum(bench_regexes(bench_kept(body))) FROM kept',
					'sum(bench_tokens(bench_kept(body))) FROM kept',
					'count(c) FROM kept, wf_extract_contacts(bench_kept(body), NULL, url) c',
					'count(f) FROM page, wf_extract_contacts(body, NULL, url) f']
				LOOP
					started := bench_cpu();
					EXECUTE 'SELECT ' || variant;
					IF round > 0 THEN
						INSERT INTO result VALUES (variant, bench_cpu() - started);
					END IF;
				END LOOP;
			END LOOP;
		END \$\$;
		CREATE VIEW median AS
			SELECT substring(variant, '\((?:bench_)?(\w+)') AS variant,
				percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds,
				(SELECT sum(length(body)) / 1e6 FROM page) AS mb
			FROM result GROUP BY 1;
		SELECT format('%-50s %s MB/s', label, round((mb / seconds)::numeric))
		FROM (VALUES (1, 'regexes', 'two expressions, PCRE2 with JIT'),
				(2, 'tokens', 'tokenizer alone'),
				(3, 'c', 'wf_extract_contacts'),
				(4, 'f', '... and the values fetched from their table')) AS line (n, variant, label)
			JOIN median USING (variant) ORDER BY n;
		SELECT format('ratio: %s over the same bytes in memory, %s strict (extraction with fetching, expressions without)',
			round((e.seconds / x.seconds)::numeric, 2),
			round((e.seconds / f.seconds)::numeric, 2))
		FROM median e, median x, median f
		WHERE e.variant = 'regexes' AND x.variant = 'c' AND f.variant = 'f';
	SQL
}

measure_regexp_matches()
{
	sql -At <<-SQL
		DO \$\$
		DECLARE
			started float8;
			mb float8;
		BEGIN
			CREATE TABLE plain AS SELECT convert_from(body, 'LATIN1') AS body FROM page
				WHERE position('\x00'::bytea IN body) = 0;
			started := bench_cpu();
			PERFORM count(*) FROM plain,
				regexp_matches(body, '[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}', 'g');
			PERFORM count(*) FROM plain,
				regexp_matches(body, '\+?1?\s*\(?[0-9]{3}\)?[-.\s]?[0-9]{3}[-.\s]?[0-9]{4}', 'g');
			started := bench_cpu() - started;
			SELECT sum(octet_length(body)) / 1e6 FROM plain INTO mb;
			RAISE NOTICE 'the same expressions, regexp_matches (once): % MB/s', round(mb / started);
		END \$\$;
	SQL
}

# measure_crawl WORKERS: seconds of wall-clock time.
measure_crawl()
{
	sql -At <<-SQL
		SET max_parallel_workers_per_gather = $1;
		SET parallel_setup_cost = 0;
		SET parallel_tuple_cost = 0;
		SET min_parallel_table_scan_size = 0;
		SET parallel_leader_participation = off;
		\timing on
		SELECT count(c) FROM crawl, wf_extract_contacts(body, NULL, url) c;
	SQL
}

measure_parallel()
{
	local round

	for round in $(seq 5); do
		printf '%s %s\n' \
			"$(measure_crawl 0 | sed -n 's/^Time: \([0-9.]*\).*/\1/p')" \
			"$(measure_crawl 2 | sed -n 's/^Time: \([0-9.]*\).*/\1/p')"
	done | awk '{ print $1, $2, $1 / $2 }' | sort -k 3 -n |
		awk '{ line[NR] = $0 } END { split(line[int((NR + 1) / 2)], v)
			printf "table four times over: %.0f ms in one process, %.0f ms with 2 workers, ratio %.2f (median of %d)\n", v[1], v[2], v[3], NR }'
}

main()
{
	bench_set_up libpcre2-dev
	build_functions
	start_database
	measure
	measure_regexp_matches
	measure_parallel
}

require_root "$@"
exec </dev/null
main
