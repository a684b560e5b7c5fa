#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: a kernel without IPv6 (faults/qasid-clock has one where told so).  IPv4
# serves, an address of IPv6 that was asked for is an error, our client takes the
# address that works.  The addresses that nobody asked for by name, and sysctl
# disable_ipv6: 92-drill-no-ipv6-root.sh.
set -eu
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
fill_usual
real=$BUILD
mkdir "$work/bin"
ln -s "$BUILD/faults/qasid-clock" "$work/bin/qasid"
BUILD=$work/bin
export QASID_TEST_NO_IPV6=1
serve --set public.gemini=1965
"$peer" get gemini "$gemini" "gemini://$host/" >"$work/out" || fail 'no page'
grep -q '^# Home' "$work/out" || fail 'another page'
"$work/bin/qasid" get "gopher://localhost:$gopher/" >"$work/out" ||
	fail 'our client does not get by'
stop
refused() { # refused ADDRESS
	code=0
	"$work/bin/qasid" serve --store "$work/store" --host "$host" \
		--certs "$work/certs" --gemini 127.0.0.1:0 --gopher "$1" \
		>"$work/out" 2>&1 || code=$?
	[ $code = 1 ] || fail "$1: $code"
	grep -qF "listen on \"$1\": " "$work/out" || fail "$(cat "$work/out")"
}
refused '[::]:0'
refused '[::1]:7070'
refused '[2001:db8::1]:7070'
code=0
"$work/bin/qasid" get 'gopher://[::1]:70/' 2>"$work/out" || code=$?
[ $code != 0 ] || fail 'it reached ::1'
grep -q '::1.*not supported' "$work/out" || fail "$(cat "$work/out")"
BUILD=$real
echo 'no IPv6: served'
