#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# What operators have: the status socket, a service manager's sockets and its
# questions, and a new program under way without one connection refused.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
url=gemini://$host/
told() { # WORDS: waits until the log holds them
	"$slowpeer" await-text "${2-$work/log}" "$1" "$pid" ||
		fail "no \"$1\" in ${2-the log}"
}

# --- status
sock=$work/status.sock
serve --set public.gemini=1965 --set "status.socket=$sock"
for _ in 1 2 3; do
	"$peer" get gemini "$gemini" "$url" >/dev/null || fail "no page"
done
"$peer" get gemini "$gemini" "${url}nowhere" >/dev/null || true
"$peer" get gopher "$gopher" '' >/dev/null || fail "no menu"
counted() { # LINE
	grep -qxF "$1" "$work/metrics" || {
		cat "$work/metrics"
		fail "status without: $1"
	}
}
# Counted when a connection ends, a moment after its last byte.
tries=0
if "$BUILD/qasid" status --socket "$work/none" 2>"$work/said"; then
	fail 'the status of no server'
fi
grep -q "no server answers at the status socket \"$work/none\"" "$work/said" ||
	fail "no server: $(cat "$work/said")"
until "$BUILD/qasid" status --socket "$sock" --prometheus >"$work/metrics" &&
	grep -qx 'qasid_connections_open 0' "$work/metrics"; do
	tries=$((tries + 1))
	[ $tries -lt 2000 ] || fail "connections stay open"
done
counted 'qasid_requests_total{protocol="gemini",status="20"} 3'
counted 'qasid_requests_total{protocol="gemini",status="51"} 1'
counted 'qasid_requests_total{protocol="gopher",status="20"} 1'
counted 'qasid_handshakes_total{protocol="gemini",kind="full"} 4'
counted 'qasid_handshakes_total{protocol="gemini",kind="resumed"} 0'
counted 'qasid_connections_accepted_total 5'
counted 'qasid_connections_ended_total{reason="done"} 5'
counted 'qasid_edition 1'
grep -q '^qasid_edition_age_seconds [0-9]' "$work/metrics" || fail "no age"
grep -q '^qasid_certificate_days_left [1-9]' "$work/metrics" || fail "no days"
# As Prometheus' text format has it: each name is introduced once.
grep -v '^#' "$work/metrics" | sed 's/[{ ].*//' | sort -u >"$work/names"
sed -n 's/^# TYPE \([a-z_]*\) \(counter\|gauge\)$/\1/p' "$work/metrics" |
	sort | cmp - "$work/names" || fail "TYPE lines"
"$BUILD/qasid" status --socket "$sock" >"$work/words"
for words in 'answers  *gemini 20  *3' 'TLS handshakes  *gemini full  *4' \
	'connections ended  *done  *5' 'connections open now  *0' \
	'sent  *gopher  *[0-9]* bytes' 'edition published  *[0-9]* seconds ago' \
	'certificate ends  *in [0-9]* days'; do
	grep -qx "$words" "$work/words" || {
		cat "$work/words"
		fail "status in words: no $words"
	}
done
curl -s --unix-socket "$sock" http://localhost/metrics >"$work/curled"
grep -q '^qasid_workers 2$' "$work/curled" || fail "status over HTTP"
[ "$(stat -c %a "$sock")" = 660 ] || fail "the socket's mode"
if "$BUILD/qasid" status --socket "$work/none" 2>"$work/out"; then
	fail "status of nobody"
fi
grep -q 'none' "$work/out" || fail "no word of the missing socket"
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
# What a killed server left lying does not keep the next from starting.
serve --set "status.socket=$sock"
"$BUILD/qasid" status --socket "$sock" >/dev/null || fail "a stale socket stays"
stop
[ ! -e "$sock" ] || fail "the socket is left lying"

# --- a service manager
"$BUILD/e2e/launcher" "$work/ports" "$work/words" "$BUILD/qasid" serve \
	--store "$work/store" --host "$host" --certs "$work/certs" \
	--set limits.stop=5s >"$work/log" 2>&1 &
pid=$!
"$slowpeer" await "$work/ports" $pid || fail "no launcher"
: >>"$work/words.new"
told 'serving example.test'
read -r gemini gopher <"$work/ports"
told 'READY=1' "$work/words"
"$peer" get gemini "$gemini" "gemini://$host:$gemini/" >"$work/out" ||
	fail "no page on a passed socket"
grep -q '^# Home' "$work/out" || fail "another page on a passed socket"
"$peer" get gopher "$gopher" '' >/dev/null || fail "no menu on a passed socket"
: >"$work/words"
kill -HUP "$pid"
told 'reloaded: 2 workers'
told 'READY=1' "$work/words"
grep -q '^RELOADING=1$' "$work/words" || fail "no word of reloading"
grep -Eq '^MONOTONIC_USEC=[0-9]+$' "$work/words" || fail "no time of reloading"
"$peer" get gemini "$gemini" "gemini://$host:$gemini/" >"$work/out" ||
	fail "no page after a reload on passed sockets"
kill "$pid"
wait "$pid" || fail "the server ended with status $?"
pid=
grep -q '^STOPPING=1$' "$work/words" || fail "no word of stopping"

# --- a new program
cp "$BUILD/qasid" "$work/qasid"
"$work/qasid" serve --check --store "$work/store" --host "$host" \
	--certs "$work/certs" || fail "--check finds something"
for bad in '--gemini 1965' '--gopher localhost:70' '--spartan 0.0.0.0:99999'; do
	# shellcheck disable=SC2086 # two words
	if "$work/qasid" serve --check --store "$work/store" --host "$host" \
		--certs "$work/certs" $bad 2>"$work/said"; then
		fail "--check takes $bad"
	fi
	grep -q 'is no ADDR:PORT' "$work/said" || fail "$bad: $(cat "$work/said")"
done
if "$work/qasid" serve --check --store "$work/none" --host "$host" \
	--certs "$work/certs" 2>"$work/out"; then
	fail "--check finds nothing"
fi
rm -f "$work/ready"
"$work/qasid" serve --store "$work/store" --host "$host" \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --certs "$work/certs" \
	--ready "$work/ready" --set public.gemini=1965 >"$work/log" 2>&1 &
pid=$!
"$slowpeer" await "$work/ready" $pid || fail "the server is not ready"
gemini=$(sed -n 's/^gemini 127.0.0.1 //p' "$work/ready")
(
	asked=0
	while [ ! -e "$work/enough" ]; do
		"$peer" get gemini "$gemini" "$url" >/dev/null || echo lost
		asked=$((asked + 1))
	done
	echo "asked $asked"
) >"$work/load" 2>&1 &
load=$!
"$slowpeer" hold gemini "$gemini" "gemini://$host/big.bin" "$work/begun" \
	"$work/go" >"$work/got" 2>&1 &
reader=$!
"$slowpeer" await "$work/begun" $reader || fail "the reader has not begun"
before=$(cat "/proc/$pid/task/$pid/children")
cp "$BUILD/qasid" "$work/next"
mv "$work/next" "$work/qasid" # another file under the same name
kill -USR2 "$pid"
told 'upgraded: this is version'
told 'reloaded: 2 workers'
[ "$(cat "/proc/$pid/task/$pid/children")" != "$before" ] ||
	fail "the same workers after an upgrade"
case $(readlink "/proc/$pid/exe") in
*deleted*) fail "the old program runs on" ;;
esac
"$peer" get gemini "$gemini" "$url" >/dev/null || fail "no page afterwards"
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $reader || fail "the reader failed"
grep -qx '3000029 whole' "$work/got" || fail "cut: $(cat "$work/got")"
# A program that does not work is not changed to.
printf '#!/bin/sh\nexit 1\n' >"$work/next"
chmod 755 "$work/next"
mv "$work/next" "$work/qasid"
kill -USR2 "$pid"
told 'upgrade failed, all stays as it is'
"$peer" get gemini "$gemini" "$url" >/dev/null || fail "no page after a failure"
: >"$work/enough"
wait $load
if grep -q lost "$work/load"; then
	fail "requests were lost: $(sort "$work/load" | uniq -c)"
fi
echo "upgrade: $(cat "$work/load"), none lost"
stop
