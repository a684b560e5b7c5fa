#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Silent, slow and hostile peers (PROTOCOLS.md, rules 9, 15, 16, 54; FIELD.md,
# "Servers under stress"), with the settings' times lowered.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
serve --set public.gemini=1965 --set public.gopher=70 \
	--set limits.handshake=300ms --set limits.request=500ms \
	--set limits.stall=1500ms --set limits.drain=400ms

# within FIRST LAST MIN MAX: all of them lasted between MIN and MAX ms.
within() {
	if [ "$1" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		fail "$5: closed after $1 to $2 ms, not $3 to $4"
	fi
}
# A busy machine is late, never early; but the server's clock starts when the
# connection comes, the client's when its call has returned.
slack=3000 early=100

silent() { # PROTOCOL COUNT STATE MIN
	port=$gopher
	[ "$1" = gopher ] || port=$gemini
	times=$("$slowpeer" silent "$1" "$port" "$2" "$3") || fail "$1 $3 stays open"
	# shellcheck disable=SC2086 # two numbers
	within $times $(($4 - early)) $(($4 + slack)) "$1 $3"
	echo "$1 silent $3: $times ms"
}
silent gemini 20 tcp 300
silent gemini 20 tls 500
silent gemini 20 half 500
silent gopher 20 tcp 500
silent gopher 20 half 500

# Others are served while they are held.
"$slowpeer" silent gemini "$gemini" 200 tls >"$work/held" &
held=$!
"$peer" get gemini "$gemini" "gemini://$host/" >"$work/out" ||
	fail "not served beside silent peers"
wait $held || fail "held peers"

# A reader that stops for less than the stall's time gets the whole page;
# one that stops for longer is given up.
whole=$(printf '20 application/octet-stream\r\n' | wc -c)
whole=$((whole + 3000000))
got=$("$slowpeer" pause gemini "$gemini" "gemini://$host/big.bin" 1000 900)
[ "$got" = "$whole whole" ] || fail "after a pause: $got, not $whole whole"
got=$("$slowpeer" pause gopher "$gopher" /big.bin 1000 900)
[ "$got" = "3000000 whole" ] || fail "after a pause: $got, not 3000000 whole"
for p in gemini gopher; do
	request=/big.bin
	port=$gopher
	if [ $p = gemini ]; then
		request=gemini://$host/big.bin
		port=$gemini
	fi
	got=$("$slowpeer" pause $p "$port" "$request" 1000 9000)
	case $got in
	*cut) ;;
	*) fail "$p: a stalled reader was not given up: $got" ;;
	esac
	echo "$p stalled: $got"
done

# Noise on the TLS port: never plaintext, and closed.
noise() {
	got=$("$peer" noise "$gemini" "$work/noise")
	case $got in
	"nothing closed" | "alert "*" closed") ;;
	*) fail "$1 on the TLS port: $got" ;;
	esac
	echo "$1: $got"
}
printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' "$host" >"$work/noise"
noise HTTP
printf 'gemini://%s/\r\n' "$host" >"$work/noise"
noise "a Gemini line"
printf '\026\003\001\000\005\001\000\000\001\003' >"$work/noise"
noise "a broken ClientHello"
printf '\026\003\001\377\377' >"$work/noise"
noise "an over-long record"
dd if=/dev/urandom of="$work/noise" bs=60000 count=1 2>/dev/null
printf '\026\003\003\100\000' | dd of="$work/noise" conv=notrunc 2>/dev/null
noise "random bytes"

# The over-long request's 59 arrives, whatever follows it.
for n in 1100 60000 250000; do
	{ printf 'gemini://%s/' "$host"; head -c $n /dev/zero | tr '\0' a; } \
		>"$work/long"
	"$peer" send gemini "$gemini" "$work/long" >"$work/out" ||
		fail "reset at a request of $n bytes"
	grep -q '^59 ' "$work/out" || fail "no 59 for $n bytes"
	"$peer" send gopher "$gopher" "$work/long" >"$work/out" ||
		fail "reset at a selector of $n bytes"
	grep -q '^3' "$work/out" || fail "no error for $n bytes"
done
stop
for reason in handshake_timeout request_timeout stalled no_handshake; do
	grep -q "$reason [0-9]" "$work/log" || fail "no $reason counted"
done
