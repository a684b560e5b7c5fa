#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: 64 descriptors; 64 MiB of memory of our own (RLIMIT_DATA); too little
# address space for the store's map.  Building and serving need no more than the
# first two; the third is told with its remedy.  By cgroup: 94-drill-memory-root.sh.
set -eu
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
real=$BUILD
mkdir "$work/bin"
under() { # under LIMIT: the program as $work/bin/qasid has it
	printf '#!/bin/sh\nexec prlimit --%s "%s" "$@"\n' "$1" "$QASID" \
		>"$work/bin/qasid"
	chmod 755 "$work/bin/qasid"
}
few=$work/bin/qasid
all() { # all WHAT: every command that works on files
	rm -rf "$work/store" "$work/plain" "$work/import"
	for command in "build $TOP/content --store $work/store" \
		"build $TOP/content --store $work/store --offline" \
		"check $TOP/content" \
		"export $work/plain --store $work/store --host h.test" \
		"import wordpress $TOP/tests/import/fifty.xml $work/import" \
		"get --store $work/store --list"; do
		# shellcheck disable=SC2086 # words
		"$few" $command >"$work/out" 2>"$work/said" ||
			fail "$1: $command: $(tail -n 3 "$work/said")"
	done
}
pages() { # pages WHAT
	for _ in 1 2 3 4 5 6 7 8; do
		"$peer" get gemini "$gemini" "gemini://$host/articles/" \
			>"$work/page" || fail "$1: no page"
		grep -q '^20 ' "$work/page" || fail "$1: another page"
	done
	"$peer" get gemini "$gemini" "gemini://$host/search?water" \
		>"$work/page" || fail "$1: no search"
	grep -q '^=> ' "$work/page" || fail "$1: nothing found"
}

# --- 64 descriptors: fewer readers at once, told at start; a flood passes
under nofile=64:64
all descriptors
BUILD=$work/bin
serve --set public.gemini=1965 --set limits.handshake=200ms --workers 2
grep -q '64 descriptors allow [0-9]* connections a worker, not' "$work/log" ||
	fail 'no word of the limit'
pages descriptors
"$slowpeer" silent gemini "$gemini" 70 tcp >/dev/null || fail 'silent peers'
pages 'after a flood'
stop

# --- 64 MiB of its own (AddressSanitizer reserves terabytes)
case $real in *asan*)
	echo 'descriptors: fine; memory cannot be limited under ASan'
	exit 0
	;;
esac
under data=67108864
rm -rf "$work/store"
"$few" build "$TOP/content" --store "$work/store" 2>"$work/said" ||
	fail "no build in 64 MiB: $(cat "$work/said")"
serve --set public.gemini=1965 --set limits.handshake=200ms --workers 2
pages memory
"$slowpeer" silent gemini "$gemini" 100 tcp >/dev/null || fail 'silent peers'
pages 'after a flood'
stop
# A build that finds no memory ends with a word, and takes nothing away.
"$QASID" get --store "$work/store" --list >"$work/before"
cp -r "$TOP/content" "$work/content"
echo 'One word more.' >>"$work/content/articles/price-of-water.md"
under data=3000000
code=0
"$few" build "$work/content" --store "$work/store" 2>"$work/said" || code=$?
[ $code = 1 ] || fail "3 MB: $code: $(cat "$work/said")"
grep -qi 'memory' "$work/said" || fail "3 MB: $(cat "$work/said")"
"$QASID" get --store "$work/store" --list | cmp - "$work/before" ||
	fail 'the edition suffered'

# --- less address space than the map of the store
under as=67108864
code=0
"$few" build "$work/content" --store "$work/store" 2>"$work/said" || code=$?
[ $code = 1 ] || fail "address space: $code"
grep -q 'store.*no address space.*ulimit -v' "$work/said" ||
	fail "address space: $(cat "$work/said")"
echo 'few descriptors, little memory: served'
