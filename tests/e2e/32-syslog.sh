#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Lines to syslog: requests and the server's own words, through a restart of
# syslog and a reload, never with an address (FIELD.md, "logs").
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
url=gemini://$host
listen() { # a syslog at $work/dev
	"$BUILD/e2e/syslogd" "$work/dev" "$work/sys" &
	syslog=$!
	"$slowpeer" await "$work/dev" $syslog || fail "no syslog"
}
told() { # WORDS
	"$slowpeer" await-text "$work/sys" "$1" "$pid" ||
		fail "no \"$1\" in syslog: $(cat "$work/sys")"
}
get() { # PATH
	"$peer" get gemini "$gemini" "$url$1" >/dev/null || fail "no $1"
}
: >"$work/sys"
listen
cat >"$work/qasid.yaml" <<-END
	hosts: [$host]
	public: {gemini: 1965, gopher: 70}
	syslog: $work/dev
	messages: syslog
	log: syslog
END
serve -c "$work/qasid.yaml"
get /five.gmi?secret=1
get /articles/mim.gmi
get /%C2%9B%ff
"$peer" get gopher "$gopher" '/articles/mim.txt\tsecret' >/dev/null ||
	fail "no menu"
told 'gopher 20 /articles/mim.txt'
told 'gemini 20 /five.gmi'
told 'gemini 51 /\xc2\x9b\xff'
grep -Eq "^<29>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} qasid\[$pid\]: serving " \
	"$work/sys" || fail "no word of serving: $(cat "$work/sys")"
grep -Eq "^<30>.* qasid\[$pid\]: 20..-..-..T..:..Z gemini 20 /five.gmi [0-9]+ [0-9]+$" \
	"$work/sys" || fail "another line: $(cat "$work/sys")"
[ ! -s "$work/log" ] || fail "words on stderr too"

# Syslog is started anew: nothing more is lost.
kill $syslog
wait $syslog 2>/dev/null || true
listen
get /two.gmi
told 'gemini 20 /two.gmi'
kill -HUP "$pid"
told 'reloaded: 2 workers'
get /none.gmi
told 'gemini 20 /none.gmi'

# It is away: stderr has what it would have got.
kill $syslog
wait $syslog 2>/dev/null || true
get /five.gmi
"$slowpeer" await-text "$work/log" 'gemini 20 /five.gmi' "$pid" ||
	fail "a line is lost where syslog is away"
cp "$work/qasid.yaml" "$work/good.yaml"
echo 'wokers: 3' >>"$work/qasid.yaml"
kill -HUP "$pid"
"$slowpeer" await-text "$work/log" 'reload failed' "$pid" ||
	fail "words are lost where syslog is away"
listen

# Requests alone, and the words where they were.
sed 's/^messages:.*/messages: stderr/' "$work/good.yaml" >"$work/qasid.yaml"
kill -HUP "$pid"
"$slowpeer" await-text "$work/log" 'reloaded: 2 workers' "$pid" ||
	fail "no word of a reload on stderr"
get /own.gmi
told 'gemini 20 /own.gmi'
stop
kill $syslog
wait $syslog 2>/dev/null || true
grep -q 'qasid: stopped' "$work/log" || fail "no last word"
if grep -q 'secret\|127\.0\.0\.1 ' "$work/sys" "$work/log"; then
	fail "a query or an address in the log"
fi
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177-\377]')" "$work/sys"; then
	fail "a raw byte in the log"
fi

# What cannot be is said: an unknown place; a syslog that is not there.
if "$BUILD/qasid" serve --check --store "$work/store" --host "$host" \
	--certs "$work/certs" --set messages=off 2>"$work/out"; then
	fail "messages: off is taken"
fi
grep -q '"messages" is one of stderr, syslog' "$work/out" || fail "no word of it"
serve --set "syslog=$work/none" --log syslog
grep -q 'no syslog: connect ".*/none"' "$work/log" || fail "no word of syslog"
stop
