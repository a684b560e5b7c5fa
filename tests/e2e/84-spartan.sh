#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC2119 # server.sh sets them
# Spartan: off unless asked for; the pages of Gemini, redirects, what is gone
# or not there; searches and replies by a data block; hostile requests; caps;
# and its name in the log, the counters and the counts.
set -eu
. "$TOP/tests/e2e/server.sh"
content=$work/content inbox=$work/inbox sock=$work/status
cp -R "$TOP/content" "$content"
mkdir "$inbox" "$work/counts"
[ "$(id -u)" != 0 ] || chown nobody "$inbox"
grep -q '^replies:' "$content/capsule.yaml" ||
	echo 'replies: yes' >>"$content/capsule.yaml"
"$QASID" build "$content" --store "$work/store" 2>"$work/build.log" || {
	cat "$work/build.log"
	fail 'the content does not build'
}

# --- off by default
serve
! grep -q spartan "$work/ready" "$work/log" || fail 'Spartan is on unasked'
stop
! grep -q spartan "$work/log" || fail 'Spartan counted unasked'

"$QASID" cert --host ::1 --dir "$work/certs" >/dev/null 2>&1 ||
	fail 'no second certificate'
serve --spartan 127.0.0.1:0 --set public.gemini=1965 --log stderr \
	--set replies.inbox="$inbox" --set "status.socket=$sock" \
	--set "counts=$work/counts" --set limits.request=400ms --host '::1' \
	--workers 2
spartan=$(sed -n 's/^spartan 127.0.0.1 //p' "$work/ready")
grep -q 'gopher on [0-9.:]*, spartan on 127.0.0.1:' "$work/log" ||
	fail 'the server does not say where Spartan is'

say() { # say REQUEST [HOW]: as it is; the reply in $work/page
	"$peer" get gopher "$spartan" "$1" "${2:-raw}" >"$work/raw" ||
		fail "no whole reply: $1"
	tr -d '\r' <"$work/raw" >"$work/page"
}
ask() { # ask PATH [DATA]
	data=${2:-}
	say "$host $1 $(printf %s "$data" | wc -c)\r\n$data"
}
sees() {
	for text in "$@"; do
		grep -q -- "$text" "$work/page" || {
			cat "$work/page"
			fail "not on the page: $text"
		}
	done
}
first() { # first LINE WHAT: and nothing behind it
	head -n 1 "$work/page" | grep -q -- "$1" || {
		head -n 3 "$work/page"
		fail "$2: not $1"
	}
	# shellcheck disable=SC2015 # an error of one line is all there is
	case $1 in
	'^2'*) ;;
	*) [ "$(wc -l <"$work/page")" = 1 ] || fail "$2: more than a line" ;;
	esac
}

# --- the same pages as over Gemini, but for the status
for path in / /articles/price-of-water.gmi /articles/pani-ki-qeemat.gmi \
	/articles/price-of-water.md /articles/ /atom.xml /robots.txt \
	/articles/price-of-water/docs/price-of-water.pdf; do
	"$peer" get gemini "$gemini" "gemini://$host$path" |
		sed '1s/^20 /2 /' >"$work/want"
	ask "$path"
	first "^2 " "$path"
	diff "$work/want" "$work/raw" || fail "$path differs from Gemini's"
done
ask /articles/pani-ki-qeemat.gmi
first '^2 text/gemini; lang=ur$' 'an Urdu page'
sees 'پانی'
say "$(printf %s "$host" | tr '[:lower:]' '[:upper:]') / 0\r\n" bytes
first '^2 text/gemini' 'a host in capitals, byte by byte'
say '[::1] / 0\r\n'
first '^2 text/gemini' 'an address in brackets'
say "$host /articles/a/../pani%2Dki-qeemat.gmi 0\r\n"
first '^2 text/gemini; lang=ur$' 'an encoded path'
say "$host / 0\r\n$host /articles/ 0\r\n"
first '^2 text/gemini' 'more than one request'

# --- elsewhere, gone, not there, not here
ask /old/water.html
first '^3 /articles/price-of-water.gmi$' 'an alias'
ask /articles/price-of-water
first '^3 /articles/price-of-water.gmi$' 'a page without its ending'
ask /articles
first '^3 /articles/$' 'a folder'
ask /articles/first-draft.gmi
first '^4 Superseded by the article on the price of water$' 'a page withdrawn'
for path in /nowhere /../etc/passwd /a%2Fb /%00; do
	ask $path
	first '^4 Nothing is published under this address$' "$path"
done
say 'other.test / 0\r\n'
first '^4 This host, port or scheme is not served here$' 'another host'

# --- input: a page that asks, an answer by data, or by a query left in the path
ask /search
first '^2 text/gemini; lang=en$' 'a search without words'
sees '^=: /search Search: words'
ask /search '  '
sees '^=: /search '
ask /search 'canal charge'
first '^2 text/gemini; lang=en$' 'a search'
sees '^# Search: canal charge$' \
	'^=> /articles/price-of-water.gmi 2026-03-12 The price of '
ask /lang/ur/search پانی
first '^2 text/gemini; lang=ur$' 'a search in Urdu'
sees '^# تلاش: پانی$' '^=> /articles/pani-ki-qeemat.gmi '
say "$host /search?canal%20charge 0\r\n"
sees '^# Search: canal charge$'
say "$host /search 3\r\n\xff\xfe\x01"
first '^4 The words of a search are text in UTF-8$' 'words that are no text'
say "$host /search 1400\r\n\{1400a}"
first '^4 ' 'words without end'
ask /articles/price-of-water/reply
sees '^=: /articles/price-of-water/reply Your reply'
ask /articles/price-of-water/reply 'نہروں پر بہت خوب۔ 100% true'
sees '^Thank you\.' '^=> \.\./price-of-water\.gmi '
replies() {
	"$QASID" replies --inbox "$inbox" --content "$content" "$@"
}
replies show "$(replies list | cut -d ' ' -f 1 | head -n 1)" >"$work/page"
sees '100% true'

# --- no requests
bad() { # bad WHAT REQUEST
	say "$2"
	first '^4 Not a valid request, or one of over 1536 bytes$' "$1"
}
bad 'a line feed alone' "$host / 0\n"
bad 'a NUL' "$host /\x00 0\r\n"
bad 'TLS' '\x16\x03\x01\x02\x00\x01'
bad 'HTTP' "GET / HTTP/1.1\r\nHost: $host\r\n\r\n"
bad 'a Gemini request' "gemini://$host/\r\n"
bad 'a selector' '/articles/\r\n'
bad 'nothing' '\r\n'
bad 'no length' "$host /\r\n"
bad 'a length that is none' "$host / x\r\n"
bad 'a length below nothing' "$host / -1\r\n"
bad 'a length of 2^64' "$host / 18446744073709551616\r\n"
bad 'data that is too much' "$host / 2000\r\n"
bad 'a port' "$host:300 / 0\r\n"
bad 'a URL' "$host spartan://$host/ 0\r\n"
bad 'two blanks' "$host  / 0\r\n"
bad 'no ASCII' "$host /\xc3\xa9 0\r\n"
bad 'a long line' "$host /\{3000a} 0\r\n"
bad 'a long line without end' "\{7000a}"
for n in 60000 250000; do
	{ printf '%s / %d\r\n' "$host" $n; head -c $n /dev/zero; } >"$work/long"
	"$peer" send gopher "$spartan" "$work/long" >"$work/out" ||
		fail "reset at $n bytes of data"
	grep -q '^4 ' "$work/out" || fail "no 4 for $n bytes"
done

# --- unfinished: closed in time, and nobody waits for them
silence() { # silence WHAT REQUEST HOW: closed without a byte
	"$peer" get gopher "$spartan" "$2" "$3" >"$work/raw" ||
		fail "reset: $1"
	[ ! -s "$work/raw" ] || fail "answered $1"
}
silence 'half a line' "$host /" raw,half
silence 'data cut short' "$host /search 9\r\nwat" raw,half
silence 'data that does not come' "$host /search 9\r\nwat" raw
"$slowpeer" silent gopher "$spartan" 20 half >"$work/held" ||
	fail 'silent peers stay open'

# --- its name where things are counted
"$QASID" status --socket "$sock" --prometheus >"$work/page"
sees '^qasid_requests_total{protocol="spartan",status="20"} [1-9]' \
	'^qasid_requests_total{protocol="spartan",status="31"} 3$' \
	'^qasid_requests_total{protocol="spartan",status="52"} 1$' \
	'^qasid_requests_total{protocol="spartan",status="53"} 1$' \
	'^qasid_sent_bytes_total{protocol="spartan"} [1-9]'
! grep -q 'handshakes.*spartan' "$work/page" || fail 'handshakes of Spartan'
# A reload keeps the socket, and so does an upgrade.
: >"$work/log"
kill -USR2 "$pid"
"$slowpeer" await-text "$work/log" 'reloaded: 2 workers' "$pid" ||
	fail 'no upgrade'
ask /articles/price-of-water.gmi
first '^2 text/gemini' 'after an upgrade'
stop
grep -q 'Z spartan 20 /articles/price-of-water.gmi ' "$work/log" ||
	fail 'no line in the log'
! grep -q 'canal\|true' "$work/log" || fail 'data in the log'
grep -q ', spartan 20 ' "$work/log" || fail 'no sum at the end'
grep -q "spartan /articles/price-of-water [3-9]$" "$work"/counts/*.counts ||
	fail 'not in the counts'
"$QASID" counts --folder "$work/counts" >"$work/page"
sees '^       all     gemini     gopher    spartan  article$'

# --- caps: whose address holds enough is told so in words
serve --spartan 127.0.0.1:0 --set limits.per_address=1 \
	--set limits.request=12s
spartan=$(sed -n 's/^spartan 127.0.0.1 //p' "$work/ready")
"$slowpeer" wait gopher "$spartan" "$host / 0" half "$work/begun" "$work/go" \
	>/dev/null 2>&1 &
held=$!
"$slowpeer" await "$work/begun" $held || fail 'no peer is held'
say "$host / 0\r\n"
first '^5 Too many connections from your address; try again in 12 seconds$' \
	'a second connection'
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $held || true
stop
