# shellcheck shell=bash
#
# script/lib/common.sh
#	  What all scripts share: messages, becoming root and postgres, the
#	  temporary work directory.  Sourced, never run.
#
# Two users matter.  Packages and "make install" need root; initdb and the
# servers of the tests refuse root.  So the scripts run as root and hand every
# build and every server to the user postgres, in a directory it owns: it may
# not be able to read the clone, and the clone stays free of build products.

# The clone this script belongs to.
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# PostgreSQL and clang as the Debian release has them: 12, 13, or a later one.
case $(. /etc/os-release && echo "${VERSION_CODENAME:-}") in
	bookworm) PG_MAJOR=15 CLANG_MAJOR=14 ;;
	trixie) PG_MAJOR=17 CLANG_MAJOR=19 ;;
	*) PG_MAJOR=18 CLANG_MAJOR=19 ;;
esac
PG_MAJOR=${WF_PG_MAJOR:-$PG_MAJOR}
PG_BIN=/usr/lib/postgresql/$PG_MAJOR/bin
WORK=

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Start the calling script again under sudo unless it runs as root already.
# Only what the scripts read passes through: sudo drops the environment.
require_root()
{
	local name
	local -a keep=()

	[ "$(id -u)" -eq 0 ] && return
	command -v sudo >/dev/null || die "must run as root, and there is no sudo"
	for name in "${!WF_@}" CI TMPDIR http_proxy https_proxy no_proxy; do
		[ -n "${!name:-}" ] && keep+=("$name=${!name}")
	done
	exec sudo -- env "${keep[@]}" bash "$0" "$@"
}

# Make $WORK: root's directory, in which postgres owns what it needs.
make_work()
{
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/wf_$1.XXXXXX")
	chmod 755 "$WORK"
	mkdir "$WORK"/{home,tmp,nginx,cluster}
	chown postgres: "$WORK"/{home,tmp,nginx,cluster}
	cd "$WORK" || die "cannot enter $WORK"
}

# End what still runs on files below $WORK: servers that a test left behind
# because it was ended itself.  The directory's name is ours alone.
end_leftovers()
{
	local pid
	local -a pids=()

	mapfile -t pids < <(pgrep -f -- "$WORK/" || true)
	for pid in "${pids[@]}"; do
		# to a postmaster: fast shutdown
		kill -INT "$pid" 2>/dev/null || true
	done
	for pid in "${pids[@]}"; do
		wait_until 10 process_ended "$pid" || kill -KILL "$pid" 2>/dev/null || true
	done
}

# Called from the scripts' exit traps.
remove_work()
{
	[ -n "$WORK" ] || return 0
	cd /
	end_leftovers
	if [ -n "${WF_KEEP:-}" ]; then
		say "kept: $WORK"
	else
		rm -rf -- "$WORK"
	fi
}

# as_postgres COMMAND…: with a clean environment, in the current directory.
as_postgres()
{
	(exec_as_postgres "$@")
}

# The same in place of the shell: after "exec_as_postgres COMMAND &", $! is the
# command's own process id.
exec_as_postgres()
{
	exec setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all \
		env -i PATH="$PG_BIN:/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin" \
		HOME="$WORK/home" TMPDIR="$WORK/tmp" USER=postgres LOGNAME=postgres \
		LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 ${CI:+CI="$CI"} \
		${WF_CORPUS:+WF_CORPUS="$WF_CORPUS"} ${WF_OLD_BINDIR:+WF_OLD_BINDIR="$WF_OLD_BINDIR"} "$@"
}

# Print a port that nobody listens on.
free_port()
{
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# wait_until SECONDS COMMAND…: false when the command never succeeded.
wait_until()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# True when process $1 is gone.  A zombie counts as gone: its parent may be us.
process_ended()
{
	local state

	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# End one process that we started: politely, then not.
end_process()
{
	local pid=$1

	kill -TERM "$pid" 2>/dev/null || return 0
	wait_until "${2:-10}" process_ended "$pid" || kill -KILL "$pid" 2>/dev/null || true
}
