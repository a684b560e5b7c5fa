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
