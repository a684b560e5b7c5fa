#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# TLS on Gopher's port: peers that begin with it get the same pages over it, all
# others are served as ever.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
sock=$work/status.sock
export XDG_STATE_HOME="$work/state"
serve --set public.gemini=1965 --set public.gopher=70 \
	--set limits.handshake=600ms --set limits.request=400ms \
	--set "status.socket=$sock" --set proxy.from=127.0.0.9
secret() { # PATH ARGS: over TLS, by curl
	path=$1
	shift
	curl -sk --max-time 20 "$@" "gophers://127.0.0.1:$gopher/$path"
}
for path in '' 0/five.txt 0/articles/mim.txt 9/big.bin; do
	curl -s "gopher://127.0.0.1:$gopher/$path" >"$work/plain" ||
		fail "gopher://.../$path"
	secret "$path" >"$work/tls" || fail "gophers://.../$path"
	[ -s "$work/plain" ] || fail "nothing under \"$path\""
	cmp "$work/plain" "$work/tls" || fail "\"$path\" differs over TLS"
done
secret 0/five.txt --tlsv1.2 --tls-max 1.2 >"$work/tls" || fail "TLS 1.2"
curl -s "gopher://127.0.0.1:$gopher/0/five.txt" | cmp - "$work/tls" ||
	fail "another page over TLS 1.2"
"$BUILD/qasid" get --connect "127.0.0.1:$gopher" "gophers://$host/0/five.txt" |
	cmp - "$work/tls" || fail "qasid get gophers://"
grep -q "^$host 70 " "$work"/state/*/* || fail "its key is not remembered"
echo "the same pages"

# The reader behind a listed proxy.
secret 0/five.txt --haproxy-protocol --interface 127.0.0.9 |
	cmp - "$work/tls" || fail "not served behind a proxy"

# Whoever says nothing, or nothing more, is closed in time.
for state in tcp half; do
	"$slowpeer" silent gopher "$gopher" 5 $state >"$work/out" ||
		fail "a silent peer stays: $state"
done
"$slowpeer" silent gemini "$gopher" 5 tls >"$work/out" ||
	fail "a peer silent over TLS stays"
printf '\026' >"$work/noise"
[ "$("$peer" noise "$gopher" "$work/noise")" = 'nothing closed' ] ||
	fail "half a ClientHello"
printf '\026\003\001\000\005\001\000\000\001\003' >"$work/noise"
case $("$peer" noise "$gopher" "$work/noise") in
"alert "*" closed") ;;
*) fail "noise after the first byte" ;;
esac
echo "silent peers and noise are closed"

tries=0
until "$BUILD/qasid" status --socket "$sock" --prometheus >"$work/metrics" &&
	grep -qx 'qasid_connections_open 0' "$work/metrics"; do
	tries=$((tries + 1))
	[ $tries -lt 2000 ] || fail "connections stay open"
done
# Four pages, TLS 1.2, qasid get, the proxy's, five that then were silent.
grep -qxF 'qasid_handshakes_total{protocol="gopher",kind="full"} 12' \
	"$work/metrics" || fail "counted: $(grep handshakes "$work/metrics")"
grep -qxF 'qasid_handshakes_total{protocol="gemini",kind="full"} 0' \
	"$work/metrics" || fail "counted as Gemini's"
stop
for n in 'request_timeout 15' 'handshake_timeout 1' 'no_handshake 1'; do
	grep -q "$n" "$work/log" || fail "not counted: $n"
done

# Turned off, a ClientHello is a selector as any other.
serve --set gopher.tls=no
printf '\026\003\001\r\n' >"$work/hello"
"$peer" send gopher "$gopher" "$work/hello" | grep -q '^3Not a selector' ||
	fail "no error for a ClientHello"
if secret 0/five.txt >"$work/out" 2>&1; then
	fail "TLS where it is turned off"
fi
if "$BUILD/qasid" get --connect "127.0.0.1:$gopher" --known "$work/none" \
	"gophers://$host/0/five.txt" >"$work/out" 2>&1; then
	fail "qasid get over TLS where it is turned off"
fi
stop
