#!/bin/sh
# shellcheck disable=SC1091,SC2119,SC2154 # server.sh sets them
# Old addresses beyond ASCII, as WordPress makes them, lead to the article over
# both protocols, however they are encoded; so do lines of content/gone.
set -eu
. "$TOP/tests/e2e/server.sh"
c=$work/content
mkdir -p "$c/articles"
printf 'title: T\nhost: %s\n' "$host" >"$c/capsule.yaml"
printf -- '---\ntitle: New\ndate: 2026-01-01\naliases: [%s, %s, %s]\n---\nText.\n' \
	'/2021/03/%d9%be%d8%a7%d9%86%db%8c/' '"/b/پانی"' '/sub/a%20b.htm' \
	>"$c/articles/new.md"
printf '/x%%20y Lost.\n/جو Gone, too.\n' >"$c/gone"
"$BUILD/qasid" build --store "$work/store" "$c" >"$work/log" 2>&1 || {
	cat "$work/log"
	fail 'the build'
}
! grep warning "$work/log" || fail 'a warning'
serve
ask() { # ask CODE PATH: over Gemini; the head of the last answer
	"$BUILD/qasid" get --head -i --known "$work/known" \
		--connect "127.0.0.1:$gemini" "gemini://$host:$gemini$2" \
		>"$work/head" 2>&1 || :
	grep -q "^$1 \| $1 " "$work/head" || fail "$2: $(cat "$work/head")"
}
for p in '/2021/03/%d9%be%d8%a7%d9%86%db%8c/' '/2021/03/%D9%BE%D8%A7%D9%86%DB%8C' \
	/b/%D9%BE%D8%A7%D9%86%DB%8C /sub/a%20b.htm; do
	"$BUILD/qasid" get --known "$work/known" \
		--connect "127.0.0.1:$gemini" "gemini://$host:$gemini$p" \
		>"$work/page" 2>"$work/err" || fail "$p: $(cat "$work/err")"
	grep -q '^# New' "$work/page" || fail "$p: $(cat "$work/page")"
done
for p in '2021/03/%d9%be%d8%a7%d9%86%db%8c' b/پانی 'sub/a%20b.htm' \
	'2021/03/پانی'; do
	curl -s "gopher://127.0.0.1:$gopher/1/$p" >"$work/page" ||
		fail "gopher $p"
	grep -q 'New' "$work/page" || fail "gopher $p: $(cat "$work/page")"
done
ask 52 /x%20y
ask 52 /%D8%AC%D9%88
stop
echo 'old addresses: fine'
