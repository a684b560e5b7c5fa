#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# The request log: off by default; no address, no query, no byte of a peer's
# that a terminal would act on; its lines are not to be forged.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
serve --set public.gemini=1965
"$peer" get gemini "$gemini" "gemini://$host/" >/dev/null
stop
if grep -q '^[0-9]' "$work/log"; then
	fail "a request was logged unasked"
fi
serve --set public.gemini=1965 --log stderr
"$peer" get gemini "$gemini" "gemini://$host/five.gmi?secret=1" >/dev/null
"$peer" get gemini "$gemini" "gemini://$host/%C2%9B%E2%80%AE%ff" >/dev/null
"$peer" get gopher "$gopher" '/articles/mim.txt\tsecret' >/dev/null
"$peer" get gopher "$gopher" '\xff\xfe' >/dev/null
"$peer" get gopher "$gopher" 'x\x1b[2J' >/dev/null
stop
grep '^20..-..-..T..:..Z g' "$work/log" | cut -d' ' -f2-4 | sort >"$work/lines"
sort >"$work/want" <<'END'
gemini 20 /five.gmi
gemini 51 /\xc2\x9b\xe2\x80\xae\xff
gopher 20 /articles/mim.txt
gopher 51 \xff\xfe
gopher 59 -
END
diff "$work/want" "$work/lines" || fail "other lines"
if grep -q 'secret\|127\.0\.0\.1 ' "$work/log"; then
	fail "a query or an address in the log"
fi
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177-\377]')" "$work/log"; then
	fail "a raw byte in the log"
fi

# Whoever reads the log stops: readers are served, lines are lost and counted.
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
rm -f "$work/ready"
"$BUILD/qasid" serve --store "$work/store" --host "$host" --log stderr \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --certs "$work/certs" \
	--set workers=1 --set "status.socket=$work/status" \
	--ready "$work/ready" 2>"$work/pipe" &
pid=$!
"$slowpeer" await "$work/ready" $pid || fail "not ready"
gopher=$(sed -n 's/^gopher 127.0.0.1 //p' "$work/ready")
{ head -c 500 /dev/zero | tr '\0' '\377' && printf '\r\n'; } >"$work/long"
for i in $(seq 50); do # 2,000 bytes a line
	timeout 20 "$peer" send gopher "$gopher" "$work/long" >"$work/out" ||
		fail "no answer to request $i, the log is stuck"
done
[ -s "$work/out" ] || fail "an empty answer"
tries=0 # a line is written when its connection has ended
until "$BUILD/qasid" status --socket "$work/status" --prometheus |
	grep -qx 'qasid_connections_open 0'; do
	tries=$((tries + 1))
	[ $tries -lt 2000 ] || fail "connections stay open"
done
dd bs=65536 count=1 <&9 >"$work/part" 2>/dev/null
"$peer" get gopher "$gopher" /five.txt >"$work/out" || fail "no answer any more"
kill "$pid"
wait "$pid" || fail "the server ended with status $?"
pid=
exec 8<"$work/pipe" 9>&-
cat <&8 >>"$work/part"
lost=$(sed -n 's/^qasid: \([0-9]*\) lines before this were lost$/\1/p' "$work/part")
[ "${lost:-0}" -gt 10 ] || fail "nothing said of what was lost: $lost"
[ $((lost + $(grep -c '^20..-.* gopher ' "$work/part"))) = 51 ] ||
	fail "$lost lost, $(grep -c '^20' "$work/part") written, not 51 in all"
grep -q ' gopher 20 /five.txt ' "$work/part" || fail "no line afterwards"
grep -q '^qasid: stopped: ' "$work/part" || fail "no last word"
