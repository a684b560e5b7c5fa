#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# A reload and a stop with peers in every state of a connection, over Gemini,
# Gopher, and Gopher over TLS: a reload closes nothing, a stop lets all come to
# their end.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
peers=
hold() { # NAME COMMAND...: a peer that waits; its words go to got.NAME
	name=$1
	shift
	"$@" "$work/begun.$name" "$work/go" >"$work/got.$name" 2>&1 &
	peers="$peers $!"
	"$slowpeer" await "$work/begun.$name" $! || fail "$name: not begun"
}
one_each() { # NAME SPEECH PORT FIVE BIG
	for state in tcp tls half asked read; do
		hold "$1.$state" "$slowpeer" wait "$2" "$3" "$4" $state
	done
	PEER_FROM=127.0.0.9 hold "$1.proxy" "$slowpeer" wait "$2" "$3" "$4" proxy
	hold "$1.sending" "$slowpeer" hold "$2" "$3" "$5"
}
begin() {
	serve --set public.gemini=1965 --set public.gopher=70 --set workers=2 \
		--set limits.stop=20s --set limits.drain=1m \
		--set proxy.from=127.0.0.9 \
		--set "status.socket=$work/status"
	one_each gemini gemini "$gemini" "gemini://$host/five.gmi" \
		"gemini://$host/big.bin"
	one_each gopher gopher "$gopher" /five.txt /big.bin
	one_each gophers gemini "$gopher" /five.txt /big.bin
	# The kernel keeps who has said nothing to itself, for about a second.
	tries=0
	until "$BUILD/qasid" status --socket "$work/status" --prometheus |
		grep -qx 'qasid_connections_open 21'; do
		tries=$((tries + 1))
		[ $tries -lt 10000 ] || fail "not all are accepted"
	done
}
end() { # WORD
	: >"$work/go.tmp"
	mv "$work/go.tmp" "$work/go"
	for p in $peers; do
		wait "$p" || fail "$1: a peer failed: $(tail -n 3 "$work"/got.*)"
	done
	peers=
	for f in "$work"/got.*; do
		case $f in
		*.sending) want='^30000[0-9]* whole$' ;;
		*) want='^50[0-9]* whole$' ;;
		esac
		grep -q "$want" "$f" || fail "$1, ${f##*/}: $(cat "$f")"
	done
	echo "$1: $(find "$work" -name 'got.*' | wc -l) peers, all answered"
	rm -f "$work"/begun.* "$work"/got.* "$work/go"
}
ended() { # none was closed by us
	grep -q "done" "$work/log" || fail "nobody is counted"
	if grep -o ' \(stopped\|broken\|stalled\|[a-z_]*timeout\) [0-9]*' \
		"$work/log"; then
		fail "somebody was closed"
	fi
}

begin
kill -HUP "$pid"
"$slowpeer" await-text "$work/log" 'reloaded: 2 workers' "$pid" ||
	fail "no reload"
end reload
stop
ended

begin
kill "$pid"
# Refused when all workers have heard of it.
tries=0
while "$peer" get gopher "$gopher" '' >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 1000 ] || fail "new peers are served after a stop"
done
health=$(curl -s -o "$work/out" -w '%{http_code}' --unix-socket "$work/status" \
	http://localhost/)
[ "$health" = 503 ] || fail "no word of the stop for a health check: $health"
end stop
wait "$pid" || fail "the server ended with status $?"
pid=
ended
is_sane
