#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: IPv6 switched off by sysctl, in a network of its own: the addresses that
# the server has by default serve over IPv4; one of IPv6 asked for is an error.
set -eu
if [ "${1-}" != inside ]; then
	unshare -n true 2>/dev/null || {
		echo 'not run: no right to have a network of our own'
		exit 77
	}
	exec unshare -n sh "$0" inside
fi
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
ip link set lo up
for where in all default lo; do
	echo 1 >"/proc/sys/net/ipv6/conf/$where/disable_ipv6" 2>/dev/null || {
		echo 'not run: no IPv6 to switch off'
		exit 77
	}
done
fill_usual
"$QASID" cert --host "$host" --dir "$work/certs" >/dev/null 2>&1
start() { # start PROGRAM: with the addresses it has by default
	rm -f "$work/ready"
	"$1" serve --store "$work/store" --host "$host" \
		--certs "$work/certs" --ready "$work/ready" >"$work/log" 2>&1 &
	pid=$!
	"$slowpeer" await "$work/ready" $pid || fail 'it does not start'
	"$peer" get gemini 1965 "gemini://$host/" >"$work/out" || fail 'no page'
	grep -q '^# Home' "$work/out" || fail 'another page'
	"$1" get gopher://localhost/ >"$work/out" || fail 'no menu'
	stop
}
start "$QASID"
export QASID_TEST_NO_IPV6=1 # nor has the kernel
start "$BUILD/faults/qasid-clock"
for port in 1965 70; do
	grep -q "no IPv6 here: not listening on \[::\]:$port" "$work/log" ||
		fail 'no word of what is left out'
done
code=0
"$QASID" serve --store "$work/store" --host "$host" --certs "$work/certs" \
	--gopher '[::1]:7070' >"$work/out" 2>&1 || code=$?
[ $code = 1 ] || fail "::1 served without IPv6: $code"
grep -q 'listen on "\[::1\]:7070": Cannot assign' "$work/out" ||
	fail "$(cat "$work/out")"
echo 'IPv6 switched off: served'
