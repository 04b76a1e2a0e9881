# shellcheck shell=bash
#
# script/lib/packages.sh
#	  The Debian packages that building, the demo and the tests need, and
#	  their installation without starting a single service.

# To build and to run the demo.
PACKAGES_BASE=(
	"postgresql-$PG_MAJOR" "postgresql-server-dev-$PG_MAJOR"
	gcc make pkg-config
	libcurl4-openssl-dev libssl-dev libpsl-dev libidn2-dev libexpat1-dev
	libseccomp-dev zlib1g-dev
	nginx-light python3 ca-certificates procps
)

# For the tests on top.  clang's runtime has the sanitizers and the fuzzer.
PACKAGES_TEST=(
	"clang-$CLANG_MAJOR" "libclang-rt-$CLANG_MAJOR-dev" "llvm-$CLANG_MAJOR"
	"postgresql-$PG_MAJOR-cron" pgbouncer libipc-run-perl
	openssl iproute2 codespell shellcheck
)

POLICY=/usr/sbin/policy-rc.d
CLUSTER_CONF=/etc/postgresql-common/createcluster.d/wf_curation.conf

# Print those of the given packages that are not installed.
missing_packages()
{
	local name

	for name; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
			grep -qx installed || printf '%s\n' "$name"
	done
}

# Packages start their services and PostgreSQL makes a cluster of its own:
# neither is wanted, and an existing policy of the machine is left alone.
hold_services()
{
	if [ ! -e "$POLICY" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$POLICY"
		chmod 755 "$POLICY"
		HELD_POLICY=1
	fi
	mkdir -p "${CLUSTER_CONF%/*}"
	printf 'create_main_cluster = false\n' >"$CLUSTER_CONF"
}

release_services()
{
	[ -z "${HELD_POLICY:-}" ] || rm -f "$POLICY"
	HELD_POLICY=
	rm -f "$CLUSTER_CONF"
}

apt_get()
{
	DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-confold "$@" </dev/null
}

# install_packages NAME…: those that are missing; silent when none is.
install_packages()
{
	local -a missing
	local status=0

	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "missing, and this is no Debian to install them: ${missing[*]}"
	say "installing: ${missing[*]}"
	hold_services
	{ apt_get update && apt_get install --no-install-recommends "${missing[@]}"; } || status=$?
	release_services
	[ "$status" -eq 0 ] || die "apt-get could not install the packages above"
}
