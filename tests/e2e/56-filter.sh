#!/bin/sh
# qasid build --stdout: a filter like any other.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
cat >"$tmp/a.md" <<'END'
---
title: T
---
See [other](x/other.md) and a sentence that is long enough to be wrapped.
END
"$QASID" build --stdout gopher "$tmp/a.md" >"$tmp/file"
"$QASID" build --stdout gopher - <"$tmp/a.md" | cmp - "$tmp/file" ||
	fail 'standard input'
"$QASID" build --stdout gopher --host h.test --port 7070 --base /b/ - \
	<"$tmp/a.md" | grep -qF '[1] gopher://h.test:7070/0/b/x/other.txt' ||
	fail 'host, port and base'
"$QASID" build --stdout menu --host h.test --port 7070 "$tmp/a.md" |
	grep -qF '0other	/articles/x/other.txt	h.test	7070' ||
	fail 'host and port of a menu'
[ "$("$QASID" build --stdout gopher --width 20 "$tmp/a.md" |
	awk 'NR > 2 && !/gopher:/ && length > 20' | wc -l)" = 0 ] ||
	fail 'width'
"$QASID" build --stdout gopher --width 0 "$tmp/a.md" |
	grep -q '^See other.*wrapped\.$' || fail 'unwrapped'
code=0
printf -- '---\ndate: x\n---\n' |
	"$QASID" build --stdout gemini - >"$tmp/out" 2>"$tmp/err" || code=$?
[ $code = 1 ] || fail "exit $code on bad front matter"
[ ! -s "$tmp/out" ] || fail 'something on standard output'
grep -q '^standard input:2:7: "x" is no date' "$tmp/err" || fail 'the place'
for args in '--stdout html a' '--stdout gemini' '--stdout gemini a b' \
	'--width x a' '--stdout gemini --base x a' '--port 70000 a'; do
	code=0
	# shellcheck disable=SC2086 # words
	"$QASID" build $args 2>/dev/null || code=$?
	[ $code = 2 ] || fail "exit $code on: $args"
done
code=0
"$QASID" build --stdout gemini "$tmp/none.md" 2>/dev/null || code=$?
[ $code = 1 ] || fail "exit $code on a missing file"
! "$QASID" build --stdout gemini "$tmp/a.md" >/dev/full 2>/dev/null ||
	fail 'a full output is no error'
echo fine
