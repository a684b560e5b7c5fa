#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Caps: on connections of an address (44 and the seconds to wait, over Gopher a
# type 3 line), on connections in all, on descriptors; and whose address counts
# behind a proxy (FIELD.md, "NAT", "descriptor limit reached").
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual

holds=
hold() { # NAME: a reader that stays in the middle of a page
	"$slowpeer" hold gopher "$gopher" /big.bin "$work/begun.$1" \
		"$work/go" >"$work/held.$1" 2>&1 &
	holds="$holds $!"
	"$slowpeer" await "$work/begun.$1" $! || fail "reader $1 has not begun"
}
let_go() {
	: >"$work/go.tmp"
	mv "$work/go.tmp" "$work/go"
	for h in $holds; do
		wait "$h" || fail "a reader failed"
	done
	cat "$work"/held.* >"$work/all"
	if grep -v '^3000000 whole$' "$work/all"; then
		fail "a reader was cut"
	fi
	rm -f "$work"/begun.* "$work"/held.* "$work/go"
	holds=
}
answer() { # PROTOCOL: the first line of the home page's answer
	port=$gopher request=
	if [ "$1" = gemini ]; then
		port=$gemini request=gemini://$host/
	fi
	"$peer" get "$1" "$port" "$request" >"$work/out" || fail "$1: no answer"
	head -n 1 "$work/out" | tr -d '\r'
}
# A place is free once its connection is closed, a moment after the last byte.
served() { # WHAT
	tries=0
	while [ $tries -lt 500 ]; do
		tries=$((tries + 1))
		first=$(answer gemini) || first=
		case $first in 20*) break ;; esac
	done
	expect '20 text/gemini*' "$first" "$1"
}
expect() { # WANT GOT WHAT
	# shellcheck disable=SC2254 # a pattern
	case $2 in
	$1) echo "$3: $2" ;;
	*) fail "$3: $2, not $1" ;;
	esac
}

# Three readers are what an address may be; the fourth is told when to come.
serve --set public.gemini=1965 --workers 2 --set limits.per_address=3 \
	--set limits.request=12s
hold 1
hold 2
hold 3
expect '44 12' "$(answer gemini)" "a fourth reader"
expect '3Too many connections from your address; try again in 12 seconds*' \
	"$(answer gopher)" "a fourth reader over Gopher"
export PEER_FROM=127.0.0.2
expect '20 text/gemini*' "$(answer gemini)" "another address"
unset PEER_FROM
let_go
served "when they have gone"

# A worker that is killed takes its count with it.
hold 1
hold 2
hold 3
workers >"$work/old"
while read -r w; do
	kill -9 "$w"
	"$slowpeer" await-text "$work/log" "worker $w died" "$pid" ||
		fail "no word of a death"
done <"$work/old"
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
for h in $holds; do wait "$h" || true; done
rm -f "$work"/begun.* "$work"/held.* "$work/go"
holds=
served "after a worker's death"
stop

# Those who have their answer and do not go keep nobody out, and count.
serve --set public.gemini=1965 --workers 1 --set limits.connections=8 \
	--set limits.per_address=100 --set limits.drain=60s
"$slowpeer" idle gopher "$gopher" 8 "$work/begun.1" "$work/go" &
holds=$!
"$slowpeer" await "$work/begun.1" $! || fail "no idle peers"
for _ in 1 2 3 4; do
	expect 'iHome*' "$(answer gopher)" "beside those who do not go"
done
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $holds || fail "idle peers failed"
rm -f "$work"/begun.* "$work/go"
holds=
stop

# From a listed proxy, its word on who asks; from anybody else none.
serve --set public.gemini=1965 --set proxy.from=127.0.0.9 \
	--set limits.per_address=1
export PEER_FROM=127.0.0.9
export PEER_PROXY='PROXY TCP4 192.0.2.1 127.0.0.1 5000 1965'
hold 1
expect '44 30' "$(answer gemini)" "the same reader again"
PEER_PROXY='PROXY TCP4 192.0.2.2 127.0.0.1 5000 1965'
expect '20 text/gemini*' "$(answer gemini)" "another reader"
PEER_PROXY='PROXY TCP6 2001:db8:1:2::1 ::1 5000 1965'
hold 2
PEER_PROXY='PROXY TCP6 2001:db8:1:2:ffff::9 ::1 5000 1965'
expect '44 30' "$(answer gemini)" "the same /64"
PEER_PROXY='PROXY TCP6 2001:db8:1:3::1 ::1 5000 1965'
expect '20 text/gemini*' "$(answer gemini)" "another /64"
PEER_PROXY='PROXY UNKNOWN'
expect '20 text/gemini*' "$(answer gemini)" "the proxy itself"
unset PEER_PROXY
"$peer" get gopher "$gopher" /first >"$work/out" 2>&1 || true
[ ! -s "$work/out" ] || fail "answered a proxy without a header"
unset PEER_FROM
export PEER_PROXY='PROXY TCP4 192.0.2.3 127.0.0.1 5000 1965'
if "$peer" get gemini "$gemini" "gemini://$host/" >"$work/out" 2>&1; then
	fail "took a stranger's PROXY header"
fi
expect '3*' "$(answer gopher)" "a stranger's header as a selector"
unset PEER_PROXY
export PEER_FROM=127.0.0.3
expect '20 text/gemini*' "$(answer gemini)" "a reader without a proxy"
unset PEER_FROM
let_go
stop
grep -q 'bad_proxy 1' "$work/log" || fail "no bad_proxy counted"

# Few descriptors: those who find no place wait, quietly, and are served then.
(
	# shellcheck disable=SC3045 # every sh of ours has it
	ulimit -n 64
	exec "$BUILD/qasid" serve --store "$work/store" --host "$host" \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --workers 1 \
		--certs "$work/certs" --ready "$work/few" \
		--set limits.request=1500ms
) >"$work/log" 2>&1 &
pid=$!
"$slowpeer" await "$work/few" $pid || fail "not ready with 64 descriptors"
gopher=$(sed -n 's/^gopher 127.0.0.1 //p' "$work/few")
gemini=$(sed -n 's/^gemini 127.0.0.1 //p' "$work/few")
grep -q 'descriptors allow' "$work/log" || fail "no word of few descriptors"
"$slowpeer" silent gopher "$gopher" 150 half >"$work/held" ||
	fail "silent peers stay open"
worker=$(workers)
ticks=$(awk '{ print $14 + $15 }' "/proc/$worker/stat")
[ "$ticks" -lt 100 ] || fail "$ticks ticks of CPU: it spins"
serve_again=$(answer gemini)
[ -n "$serve_again" ] || fail "no answer afterwards"
lines=$(wc -l <"$work/log")
[ "$lines" -lt 12 ] || fail "$lines lines of log"
grep -q 'places of a worker are taken' "$work/log" || fail "no word of waiting"
echo "150 peers with 64 descriptors: $ticks ticks, $lines lines"
stop
