# shellcheck shell=bash
#
# script/lib/build.sh
#	  Copy the tree, build it as postgres, install it as root.

# What a build, a test run or an editor leaves behind is not copied.
COPY_EXCLUDES=(
	--exclude=./.git --exclude=./log --exclude=./build --exclude='./tmp_check*'
	--exclude=./results --exclude=./output_iso --exclude='./regression.*'
	--exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude=__pycache__
	--exclude=./wf_crawler --exclude=./wf_crawler_faults
)

# copy_tree DIR: the clone's files, owned by postgres.
copy_tree()
{
	mkdir "$1"
	tar -C "$TREE" "${COPY_EXCLUDES[@]}" -cf - . | tar -C "$1" --no-same-owner -xf -
	chown -R postgres: "$1"
}

# Where PGXS finds the server.  WF_PRIVATE=1 gives the tests a server of their
# own: programs and files find each other by relative paths, so a copy works,
# and several people can test on one machine without meeting.
choose_server()
{
	if [ -n "${WF_PRIVATE:-}" ]; then
		private_server "$WORK/server"
	fi
	[ -x "$PG_BIN/pg_config" ] || die "no $PG_BIN/pg_config"
}

private_server()
{
	local root=$1

	mkdir -p "$root/usr/lib/postgresql" "$root/usr/share/postgresql"
	cp -a "/usr/lib/postgresql/$PG_MAJOR" "$root/usr/lib/postgresql/"
	cp -a "/usr/share/postgresql/$PG_MAJOR" "$root/usr/share/postgresql/"
	ln -s /usr/include "$root/usr/include"
	ln -s "/usr/lib/$(uname -m)-linux-gnu" "$root/usr/lib/"
	PG_BIN=$root/usr/lib/postgresql/$PG_MAJOR/bin
}

# The processors to use; make's own default is one.
jobs_option()
{
	printf -- '-j%s' "$(nproc)"
}

# build_with DIR COMPILER [FLAG…].  No LLVM bitcode: nothing of ours would
# gain from being inlined, and it doubles the time.
build_with()
{
	local dir=$1 compiler=$2

	shift 2
	as_postgres make -C "$dir" "$(jobs_option)" PG_CONFIG="$PG_BIN/pg_config" \
		with_llvm=no CC="$compiler" COPT="$*" all
}

# Installing needs root (unless the server is a copy, where it does no harm).
install_from()
{
	make -C "$1" PG_CONFIG="$PG_BIN/pg_config" with_llvm=no install
}
