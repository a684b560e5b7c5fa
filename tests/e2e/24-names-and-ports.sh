#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# One store under two names and ports: every own link is right on both.  IPv6,
# and the default addresses with and without the right to port 70.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual

check() { # HOST GOPHER_URL GEMINI_URL GOPHER_PORT
	"$peer" get gemini "$gemini" "gemini://$1:$port/own.gmi" >"$work/out" ||
		fail "own.gmi of $1"
	printf '20 text/gemini; lang=en\r\n=> %s/1/a A\n=> %s/b B\n' "$2" "$3" |
		cmp - "$work/out" || fail "links of $1 over Gemini"
	"$peer" get gopher "$gopher" /own >"$work/out" || fail "/own of $1"
	printf '1Own\t/own\t%s\t%s\r\nhOut\tURL:%s/b\t%s\t%s\r\n.\r\n' \
		"$1" "$4" "$3" "$1" "$4" | cmp - "$work/out" ||
		fail "links of $1 over Gopher"
}
port=1965
serve --set public.gemini=1965 --set public.gopher=70
check "$host" "gopher://$host" "gemini://$host" 70
stop
host=mirror.test
port=2001
serve --set public.gemini=2001 --set public.gopher=7070
check $host "gopher://$host:7070" "gemini://$host:2001" 7070
stop
# Without public ports: the ones that are listened on.
serve
port=$gemini
check $host "gopher://$host:$gopher" "gemini://$host:$gemini" "$gopher"
stop

if [ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6; then
	serve --gemini '[::1]:0' --gopher '[::1]:0' --set public.gemini=1965
	gopher6=$(sed -n 's/^gopher \[::1\] //p' "$work/ready")
	[ "$(curl -s "gopher://[::1]:$gopher6/0/caps.txt" | tr -d '\r')" = CAPS ] ||
		fail "Gopher over IPv6"
	gemini6=$(sed -n 's/^gemini \[::1\] //p' "$work/ready")
	printf 'gemini://%s/\r\n' $host |
		openssl s_client -quiet -connect "[::1]:$gemini6" 2>/dev/null |
		grep -q '# Home' || fail "Gemini over IPv6"
	stop
	echo "IPv6: served"
fi

# The default addresses, in a network of their own.
if ! unshare -n true 2>/dev/null || ! command -v setpriv >/dev/null; then
	echo "default addresses: not tried, no right to a network of its own"
	exit 0
fi
chmod 755 "$work" "$work/certs" "$work/store"
chmod 644 "$work/certs/"* "$work/store/"*
chmod 666 "$work/store/lock.mdb"
defaults() {
	rm -f "$work/ready" "$work/made/ready"
	unshare -n "$@" "$BUILD/qasid" serve --store "$work/store" --host $host \
		--certs "$work/certs" --ready "$work/made/ready" \
		>"$work/log" 2>&1 &
	pid=$!
	"$slowpeer" await "$work/made/ready" $pid || fail "defaults: not ready"
}
mkdir -m 777 "$work/made"
defaults
grep -q 'gemini on 0.0.0.0:1965 \[::\]:1965, gopher on 0.0.0.0:70 \[::\]:70' \
	"$work/log" || fail "the default addresses"
grep -q 'user [a-z_]*, no new privileges' "$work/log" || fail "root not dropped"
stop
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 70 ]; then
	defaults setpriv --reuid=65534 --regid=65534 --clear-groups
	grep -q 'no right to listen on 0.0.0.0:70: Gopher is on 0.0.0.0:7070' \
		"$work/log" || fail "no word of port 7070"
	grep -q 'gopher on 0.0.0.0:7070 \[::\]:7070' "$work/log" ||
		fail "not on 7070"
	stop
fi
