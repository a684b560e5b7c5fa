#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# A publish shows at the next request without a signal; a page in transfer stays
# of its own edition; a killed worker's slot in the store is freed; a store that
# is truncated ends workers with a word, not the server; and running out of
# descriptors pauses, then recovers.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
serve --set public.gemini=1965 --workers 2
url=gemini://$host
shows() { # TEXT WHAT
	for _ in 1 2 3 4 5 6; do
		"$peer" get gemini "$gemini" "$url/" >"$work/out" || fail "$2"
		grep -q "^# $1\$" "$work/out" || fail "$2: not $1"
	done
}
shows Home start
"$slowpeer" hold gemini "$gemini" "$url/big.bin" "$work/begun" "$work/go" \
	>"$work/got" &
reader=$!
"$slowpeer" await "$work/begun" $reader || fail "the reader has not begun"
for n in 1 2 3; do
	fill <<-END
		g/ page text/gemini en # Edition$n\n
		g/big.bin page application/octet-stream - *20$n
	END
	shows "Edition$n" "publish $n"
done
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $reader || fail "the reader"
grep -q '^3000029 whole$' "$work/got" || fail "old edition: $(cat "$work/got")"

# Killed workers leave no slot behind: the next one clears it.
victims=$(cat "/proc/$pid/task/$pid/children")
for v in $victims; do
	kill -9 "$v"
	"$slowpeer" await-text "$work/log" "$v died" "$pid" ||
		fail "no word of $v"
done
shows Edition3 "after two deaths"

# A truncated store: readers of what is gone are cut, the server stays.
cp "$work/store/data.mdb" "$work/copy"
: >"$work/store/data.mdb"
"$peer" get gemini "$gemini" "$url/" >"$work/out" 2>&1 || true
"$slowpeer" await-text "$work/log" 'store was truncated' "$pid" ||
	fail "no word of the truncated store"
kill -0 "$pid" || fail "the server ended"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
pid=
rm -rf "$work/store"

# Few descriptors: fewer connections, said at start; a flood passes.
fill_usual
# shellcheck disable=SC3045 # dash has it
ulimit -n 90
serve --set public.gemini=1965 --set limits.handshake=500ms --workers 2
grep -q 'descriptors allow' "$work/log" || fail "no word of the limit"
"$slowpeer" silent gemini "$gemini" 70 tcp >/dev/null || fail "silent peers"
shows Home "after a flood"
stop
