#!/bin/sh
# Each command tells how it is used when asked, on stdout, and nothing else.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
"$QASID" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' >"$tmp/commands"
[ "$(wc -l <"$tmp/commands")" -ge 15 ] || fail 'too few commands'
while read -r c; do
	"$QASID" "$c" --help >"$tmp/out" 2>"$tmp/err" || fail "$c --help: exit $?"
	[ "$(head -n 1 "$tmp/out" | cut -d ' ' -f 1-3)" = "usage: qasid $c" ] ||
		fail "$c --help says: $(head -n 1 "$tmp/out")"
	[ ! -s "$tmp/err" ] || fail "$c --help complains: $(cat "$tmp/err")"
	grep -q "^\.It Cm $c\|^\.Ic $c\|qasid $c\|Nm $c\|Cm $c" \
		"$TOP/src/man/qasid.1" || fail "qasid.1 does not know $c"
done <"$tmp/commands"
code=0
"$QASID" nothing >"$tmp/out" 2>"$tmp/err" || code=$?
[ "$code" = 2 ] || fail "an unknown command: exit $code"
grep -q 'no command "nothing"' "$tmp/err" || fail "says: $(cat "$tmp/err")"
echo 'help: fine'
