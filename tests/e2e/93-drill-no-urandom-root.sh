#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: /dev has no urandom, nor anything but null, as in a bare chroot: all
# goes on, for getrandom(2) needs no file.  Where that is gone too, nothing is
# made of weak numbers: certificates, ticket keys and serving are refused.
set -eu
if [ "${1-}" != inside ]; then
	unshare -m true 2>/dev/null || {
		echo 'not run: no right to have mounts of our own'
		exit 77
	}
	exec unshare -m sh "$0" inside
fi
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
if ! mount -t tmpfs -o mode=755 none /dev || ! mknod -m 666 /dev/null c 1 3
then
	echo 'not run: no right to have another /dev'
	exit 77
fi
[ ! -e /dev/urandom ] || fail 'it is still there'
norandom=$BUILD/e2e/norandom

mkdir -p "$work/content/articles"
echo 'title: Home' >"$work/content/capsule.yaml"
printf -- '---\ntitle: A\ndate: 2026-01-01\n---\nText.\n' \
	>"$work/content/articles/a.md"
"$QASID" build "$work/content" --store "$work/store" 2>"$work/said" ||
	fail "no build: $(cat "$work/said")"
"$QASID" cert --ticket-keys "$work/keys" || fail 'no ticket keys'
serve --set public.gemini=1965 --set "tls.ticket_keys=$work/keys" --tickets on
"$peer" get gemini "$gemini" "gemini://$host/" >"$work/out" || fail 'no page'
grep -q '^# Home' "$work/out" || fail 'another page'
stop

code=0
"$norandom" true || code=$?
[ $code != 77 ] || {
	echo 'not run to its end: getrandom cannot be taken away'
	exit 77
}
refused() { # refused WORDS COMMAND...
	want=$1 code=0
	shift
	"$norandom" "$@" >"$work/out" 2>"$work/said" || code=$?
	[ $code = 1 ] || fail "$*: $code: $(cat "$work/said")"
	grep -q "$want" "$work/said" || fail "$*: $(cat "$work/said")"
}
refused 'make a certificate' "$QASID" cert --host new.test --dir "$work/new"
[ ! -e "$work/new/new.test.key" ] || fail 'a key of nothing'
refused 'getrandom' "$QASID" cert --ticket-keys "$work/new.keys"
[ ! -e "$work/new.keys" ] || fail 'ticket keys of nothing'
refused 'no random bytes to be had' "$QASID" serve --store "$work/store" \
	--host "$host" --certs "$work/certs" --gemini 127.0.0.1:0 \
	--gopher 127.0.0.1:0
# Nothing of an edition is random.
rm -rf "$work/store"
"$norandom" "$QASID" build "$work/content" --store "$work/store" \
	2>"$work/said" || fail "no build: $(cat "$work/said")"
echo 'no urandom: served; no getrandom: refused'
