# shellcheck shell=bash
#
# script/lib/tally.sh
#	  Run checks, keep their logs, add up what passed.
#
# Each check writes log/NAME.log, shown when the check fails.  A check is one
# test, or as many as a counter finds in its log.  A counter prints "PASSED
# FAILED SKIPPED"; a command that fails without a failed test counts as one
# failed, and so does one that ran no test at all.

PASSED=0
FAILED=0
SKIPPED=0
LOG_DIR=
LOG_LINES=${WF_LOG_LINES:-150}

open_logs()
{
	LOG_DIR=$TREE/log
	if ! mkdir -p "$LOG_DIR" 2>/dev/null || [ ! -w "$LOG_DIR" ]; then
		LOG_DIR=$WORK/log
		mkdir -p "$LOG_DIR"
	fi
	rm -f -- "$LOG_DIR"/*.log
}

# Let the user who called sudo read and remove what we leave in the clone.
give_back()
{
	local dir

	for dir; do
		[ -z "${SUDO_UID:-}" ] || [ ! -d "$dir" ] ||
			chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$dir"
	done
}

count_as_one()
{
	if [ "$2" -eq 0 ]; then echo 1 0 0; else echo 0 1 0; fi
}

# TAP, also as "prove -v" prints it, possibly several streams in one log.
# Subtests are indented and belong to their parent's line.  A plan that was
# not kept shows up as prove's, or the program's, exit status.
count_tap()
{
	awk '
		/^ok [0-9]+.*# *[Ss][Kk][Ii][Pp]/	{ skipped++; next }
		/^ok [0-9]+/						{ passed++; next }
		/^not ok [0-9]+.*# *[Tt][Oo][Dd][Oo]/	{ skipped++; next }
		/^not ok [0-9]+/					{ failed++; next }
		/^1\.\.0 # *[Ss][Kk][Ii][Pp]/		{ skipped++ }
		END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# pg_regress and pg_isolation_regress: "All 7 tests passed.", "2 of 7 tests
# failed." in every version, whatever the lines before look like.
count_regress()
{
	sed -nE \
		-e 's/^[# ]*All ([0-9]+) tests passed.*/\1 0 0/p' \
		-e 's/^[# ]*([0-9]+) of ([0-9]+) tests failed.*/\1 \2/p' "$1" |
		awk 'NF == 3 { print; next } NF == 2 { print $2 - $1, $1, 0 }' |
		tail -n 1
}

# A line "N passed, N failed", the last of the log.
count_summary()
{
	sed -nE 's/^([^:]*: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \3 \5/p' "$1" |
		awk '{ print $1, $2, $3 + 0 }' | tail -n 1
}

# check NAME COUNTER COMMAND…: the command's status never ends the script;
# CHECK_OK says how it went, empty for a failure.  A check that takes longer
# than CHECK_SECONDS is ended and has failed.
CHECK_OK=
CHECK_SECONDS=900
CHECK_GROUP=
check()
{
	local name=$1 counter=$2 log=$LOG_DIR/$1.log status=0 start=$SECONDS
	local passed failed skipped

	shift 2
	run_limited "$log" "$@" || status=$?
	read -r passed failed skipped < <("$counter" "$log" "$status") || true
	: "${passed:=0}" "${failed:=0}" "${skipped:=0}"
	if [ $((passed + failed + skipped)) -eq 0 ] && [ "$status" -eq 0 ]; then
		echo "$name: no test was run" >>"$log"
		failed=1
	elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1
	fi
	CHECK_OK=
	[ "$failed" -gt 0 ] || CHECK_OK=1
	add_result "$name" "$passed" "$failed" "$skipped" $((SECONDS - start))
}

# In the background, so that a signal to the script acts at once; with job
# control, which gives the command a process group to be ended by and leaves its
# signals alone (without, SIGINT would be ignored in all of it).
run_limited()
{
	local log=$1 status=0 watchdog

	shift
	set -m
	("$@") >"$log" 2>&1 </dev/null &
	CHECK_GROUP=$!
	(
		sleep "$CHECK_SECONDS"
		echo "*** ended after $CHECK_SECONDS s" >>"$log"
		kill -TERM -- "-$CHECK_GROUP"
		sleep 10
		kill -KILL -- "-$CHECK_GROUP"
	) >/dev/null 2>&1 &
	watchdog=$!
	set +m
	wait "$CHECK_GROUP" || status=$?
	kill -TERM -- "-$watchdog" 2>/dev/null || true
	wait "$watchdog" 2>/dev/null || true
	CHECK_GROUP=
	return "$status"
}

# For the exit trap: whatever the check in hand has started.
end_check()
{
	[ -z "$CHECK_GROUP" ] || kill -TERM -- "-$CHECK_GROUP" 2>/dev/null || true
}

add_result()
{
	local word=ok

	PASSED=$((PASSED + $2))
	FAILED=$((FAILED + $3))
	SKIPPED=$((SKIPPED + $4))
	[ "$3" -eq 0 ] || word=FAILED
	printf '%-7s %-20s %4d passed %3d failed %3d skipped %5d s\n' \
		"$word" "$1" "$2" "$3" "$4" "$5"
	[ "$3" -eq 0 ] || show_log "$1"
}

show_log()
{
	local log=$LOG_DIR/$1.log

	printf -- '--- last %d lines of %s\n' "$LOG_LINES" "$log"
	tail -n "$LOG_LINES" "$log" | sed 's/^/| /'
	printf -- '---\n'
}

# skip NAME REASON: something that cannot be tested here.
skip()
{
	SKIPPED=$((SKIPPED + 1))
	printf '%-7s %-20s %s\n' skipped "$1" "$2"
}

# The closing line: alone, and the truth.
print_tally()
{
	if [ "$SKIPPED" -gt 0 ]; then
		printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
	else
		printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
	fi
}
