#!/bin/bash
#
# bench/extract_instructions.sh [-n N] [-d DIRECTORY] [-l LINES]
#	  Instructions that extraction takes for each byte of a page, by callgrind:
#	  a measure of progress that does not depend on what else the machine does.
#	  Every N-th file (10 unless said otherwise) of DIRECTORY (the corpus), and
#	  the LINES (20) functions that take most.

set -euo pipefail

# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

EVERY=10
LINES_SHOWN=20
PAGES=${WF_CORPUS:-$TREE/../shared/corpus}/html

while getopts n:d:l: option "$@"; do
	case $option in
		n) EVERY=$OPTARG ;;
		d) PAGES=$OPTARG ;;
		l) LINES_SHOWN=$OPTARG ;;
		*) die "usage: bench/extract_instructions.sh [-n N] [-d DIRECTORY] [-l LINES]" ;;
	esac
done
[ -d "$PAGES" ] || die "no directory of pages at $PAGES (-d names another)"

build_program()
{
	local -a sources=()
	local name

	# the core files of the server library: no network, no sandbox
	for name in $(sed -n '/^CORE_SHARED *=/,/[^\\]$/p' "$TREE/Makefile" | tr '\\=' '  '); do
		[ ! -e "$TREE/core/wf_$name.c" ] || sources+=("$TREE/core/wf_$name.c")
	done
	gcc -std=gnu99 -O2 -g -fPIC -I"$TREE" -o "$WORK/extract_corpus" \
		"$TREE/test/unit/extract_corpus.c" "${sources[@]}" -lidn2 -lpsl
}

main()
{
	local -a files=()
	local file n=0 bytes

	install_packages "${PACKAGES_BASE[@]}" valgrind
	make_work bench
	trap 'remove_work' EXIT
	for file in "$PAGES"/*; do
		[ $((n++ % EVERY)) -ne 0 ] || files+=("$file")
	done
	bytes=$(cat "${files[@]}" | wc -c)
	build_program
	valgrind --tool=callgrind --toggle-collect=wf_page_extract \
		--callgrind-out-file="$WORK/callgrind.out" \
		"$WORK/extract_corpus" "${files[@]}" >/dev/null 2>"$WORK/valgrind.log"
	callgrind_annotate "$WORK/callgrind.out" >"$WORK/profile"
	awk -v bytes="$bytes" -v pages="${#files[@]}" '/PROGRAM TOTALS/ { gsub(",", "", $1)
		printf "%d pages, %d bytes: %.2f instructions a byte\n", pages, bytes, $1 / bytes }' "$WORK/profile"
	sed -n '/file:function/,$p' "$WORK/profile" | sed -n "3,$((LINES_SHOWN + 2))p" |
		sed 's/ \[.*//; s![^ ]*/!!'
}

require_root "$@"
exec </dev/null
main
