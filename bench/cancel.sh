#!/bin/bash
#
# bench/cancel.sh [-m MEGABYTES] [-r REPEATS]
#	  How soon does a statement end whose extraction is cancelled?  Values of 1 GB
#	  (1,000 MB unless said otherwise) of many kinds, each cancelled REPEATS (3)
#	  times by pg_cancel_backend() at points spread over the statement's run.
#
# The value is in a table, uncompressed, and fetching it can be cancelled, too.
# Milliseconds from the call of pg_cancel_backend() until pg_stat_activity shows the
# statement no longer; the same of pg_sleep() for comparison, by itself and by a statement
# that holds such a value, which the server has to give back.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

MEGABYTES=1000
REPEATS=3

while getopts m:r: option "$@"; do
	case $option in
		m) MEGABYTES=$OPTARG ;;
		r) REPEATS=$OPTARG ;;
		*) die "usage: bench/cancel.sh [-m MEGABYTES] [-r REPEATS]" ;;
	esac
done

# NAME|WHAT STANDS IN FRONT|WHAT IS REPEATED, as SQL strings
KINDS=(
	"words||'lorem ipsum '"
	"blanks||'          '"
	"one word||'x'"
	"markup||'<i>1</i> a &amp; <b x=y>b</b>@'"
	"one tag|'<a '|'b=\"c\" '"
	"open tags||'<a href=\"'"
	"references||'&#64;&amp;'"
	"one comment|'<!--'|'- - '"
	"one script|'<script>'|'var a=\"b@c.de\";'"
	"JSON-LD|'<script type=\"application/ld+json\">['|'{\"@type\":\"Person\"},'"
	"itemref|'<div itemscope itemref=\"nowhere\">a@b.de</div>'|'lorem ipsum '"
	"at signs||'@'"
	"spelt||'a (at) b (dot) c '"
	"digits||'030 1234567 '"
	"addresses||'info@shop.example '"
	"UTF-8||U&'\\00E4\\4E2D '"
	"not UTF-8||bytes"
)

# The value: bytea, so that what is no UTF-8 has its turn.
store_value()
{
	local front=${1:-"''"} unit=$2 bytes

	query "TRUNCATE big" >/dev/null
	if [ "$unit" = bytes ]; then
		query "INSERT INTO big SELECT decode(repeat('ff61', $((MEGABYTES * 500000))), 'hex')" >/dev/null
		return
	fi
	bytes=$(query "SELECT octet_length($unit)")
	query "INSERT INTO big
		SELECT convert_to($front || repeat($unit, $((MEGABYTES * 1000000 / bytes - 100))), 'UTF8')" >/dev/null
}

now_ms()
{
	echo $(($(date +%s%N) / 1000000))
}

elapsed_ms()
{
	local start

	start=$(now_ms)
	query "$1" >/dev/null
	echo $(($(now_ms) - start))
}

# bench_cancel(ms): waits until the other session is at it, and so long; cancels it and
# says how many milliseconds that took, or NULL when it was over.
make_function()
{
	sql <<-'SQL'
		CREATE FUNCTION bench_cancel(ms int) RETURNS numeric LANGUAGE plpgsql AS $$
		DECLARE
			other int;
			called timestamptz;
		BEGIN
			LOOP
				PERFORM pg_stat_clear_snapshot();
				SELECT a.pid INTO other FROM pg_stat_activity a
				WHERE a.application_name = 'cancelled' AND a.state = 'active' AND a.query !~ '^SET';
				EXIT WHEN FOUND;
				PERFORM pg_sleep(0.002);
			END LOOP;
			PERFORM pg_sleep(ms / 1000.0);
			called := clock_timestamp();
			PERFORM pg_cancel_backend(other);
			LOOP
				PERFORM pg_stat_clear_snapshot();
				EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = other AND a.state = 'active');
				PERFORM pg_sleep(0.001);
			END LOOP;
			RETURN round(extract(epoch FROM clock_timestamp() - called) * 1000, 1);
		END $$;
	SQL
}

# cancel_at MILLISECONDS STATEMENT: prints how long the end took; "over" when the
# statement had ended before.
cancel_at()
{
	local pid ms

	sql -At -c "SET application_name = 'cancelled'" -c "$2" >/dev/null 2>"$WORK/error" &
	pid=$!
	ms=$(query "SELECT bench_cancel($1)")
	wait "$pid" || true
	if grep -q 'canceling statement' "$WORK/error"; then
		echo "$ms"
	else
		echo over
	fi
}

# measure NAME STATEMENT
measure()
{
	local name=$1 whole worst=0 i ms ended=

	whole=$(elapsed_ms "$2")
	for ((i = 1; i <= REPEATS; i++)); do
		ms=$(cancel_at $((whole * i / (REPEATS + 1))) "$2")
		ended+=" $ms"
		[ "$ms" = over ] || worst=$(printf '%s\n' "$worst" "$ms" | sort -n | tail -n 1)
	done
	printf '%-12s %6d ms; cancelled after%s ms\n' "$name" "$whole" "$ended"
	WORST=$(printf '%s\n' "$WORST" "$worst" | sort -n | tail -n 1)
}

bench_set_up
echo "max_wal_size = 8GB" >"$WORK/bench.conf"
start_cluster "$WORK/bench.conf"
query "CREATE EXTENSION wf_curation" >/dev/null
make_function
query "CREATE UNLOGGED TABLE big (body bytea)" >/dev/null
query "ALTER TABLE big ALTER body SET STORAGE EXTERNAL" >/dev/null
WORST=0
measure pg_sleep "SELECT pg_sleep(2)"
store_value "" "'x'"
measure "value held" "SELECT pg_sleep(2 + 0 * length(substring(body FROM 1))) FROM big"
WORST=0
for kind in "${KINDS[@]}"; do
	IFS='|' read -r name front unit <<<"$kind"
	store_value "$front" "$unit"
	measure "$name" "SELECT count(*) FROM big, wf_extract_contacts(body, 'text/html', NULL)"
done
say "worst: $WORST ms"
