#!/bin/bash
#
# What the row trigger costs a writer: bulk UPDATE of pages to Selected, and
# COPY of new pages, each against the same table without the trigger.
#
# Usage: bench/trigger.sh [rows] [pairs]      (default 1000000 rows, 5 pairs)
#
# Connects as psql does (PGHOST, PGPORT, PGUSER; a superuser) to a running
# server on which wf_curation is installed, and works in a database of its own,
# wf_bench_trigger, which it drops at the end.  Alternates the two variants,
# each on a freshly loaded and vacuumed table after a checkpoint, and prints
# all times and the ratio of each pair with their medians.
#
# Bounds: UPDATE 1.15, COPY 1.3.  Exit status 1 if a median is over.

set -euo pipefail

rows=${1:-1000000}
pairs=${2:-5}
db=wf_bench_trigger
dir=$(mktemp -d)
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $db" || true; rm -rf "$dir"' EXIT

sql() { psql -X -q -v ON_ERROR_STOP=1 -d "$db" -At "$@"; }

# Milliseconds that one statement takes.
timed() {
	sql -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1
}

load() {
	sql <<-SQL
		TRUNCATE pages, contacts;
		INSERT INTO pages (id, domain_id, url, title)
			SELECT id, domain_id, url, title FROM source;
		VACUUM (ANALYZE) pages;
		CHECKPOINT;
	SQL
}

trigger() { sql -c "ALTER TABLE pages $1 TRIGGER zz_wf_curation"; }

median() { sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }

# One variant of each measurement; $1 is the variant.
measure_update() {
	load
	if [ "$1" = with ]; then
		trigger ENABLE
		timed "UPDATE pages SET page_curation_status = 'Selected'"
	else
		trigger DISABLE
		timed "UPDATE pages SET page_curation_status = 'Selected', page_processing_status = 'Queued'"
	fi
}

measure_copy() {
	sql -c 'TRUNCATE pages, contacts' -c CHECKPOINT
	if [ "$1" = with ]; then trigger ENABLE; else trigger DISABLE; fi
	sql -c '\timing on' \
		-c "\\copy pages (id, domain_id, url, title, page_curation_status, page_processing_status) FROM '$dir/$1.copy'" |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p'
}

prepare() {
	psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $db" -c "CREATE DATABASE $db"
	sql <<-SQL
		CREATE EXTENSION wf_curation;
		INSERT INTO domains (domain) SELECT 'site' || g || '.example' FROM generate_series(1, 1000) g;
		CREATE TABLE source AS
			SELECT gen_random_uuid() AS id, d.id AS domain_id,
				'https://' || d.domain || '/page/' || g AS url, 'Page ' || g AS title
			FROM generate_series(1, $rows) g
			JOIN (SELECT id, domain, row_number() OVER () AS n FROM domains) d ON d.n = g % 1000 + 1;
		ALTER TABLE pages SET (autovacuum_enabled = off);
		INSERT INTO wf_claim (stage, item, attempt, token, claimed_at)
			SELECT 'page', id, 1, 1, now() FROM source LIMIT 10000;
		\\copy (SELECT id, domain_id, url, title, 'Selected', NULL FROM source) TO '$dir/with.copy'
		\\copy (SELECT id, domain_id, url, title, 'Selected', 'Queued' FROM source) TO '$dir/without.copy'
	SQL
}

# Alternate the variants and print the median ratio; $1 measurement, $2 bound.
compare() {
	local i with without
	: > "$dir/ratios"
	for ((i = 1; i <= pairs; i++)); do
		if ((i % 2)); then
			without=$("measure_$1" without)
			with=$("measure_$1" with)
		else
			with=$("measure_$1" with)
			without=$("measure_$1" without)
		fi
		awk -v w="$with" -v o="$without" 'BEGIN {printf "%.4f\n", w / o}' >> "$dir/ratios"
		echo "$1 pair $i: without $without ms, with $with ms, ratio $(tail -1 "$dir/ratios")"
	done
	awk -v r="$(median < "$dir/ratios")" -v b="$2" -v n="$1" \
		'BEGIN {printf "%s: median ratio %.3f (bound %.2f)\n", n, r, b; exit r > b}'
}

prepare
status=0
compare update 1.15 || status=1
compare copy 1.3 || status=1
exit $status
