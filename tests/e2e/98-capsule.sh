#!/bin/sh
# A slip in capsule.yaml takes nothing away: the last good one stays in use, with
# an error, while what is there is missing, empty, wrong, or would drop articles
# that are published.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

good() {
	printf 'title: A capsule\nhost: h.test\nlanguages: [en, ur]\n%s\n' \
		'terms: {"پانی": water}' >"$c/capsule.yaml"
}
stays() { # both articles, under the title
	get g/articles/urdu.gmi | grep -q '^# .*Urdu' || fail 'the Urdu article'
	line g/articles/plain.gmi '# Plain'
	line g/ '# A capsule'
	is g/tag/water/ 'page text/gemini'
}
good
article urdu.md Urdu 2026-01-01 'lang: ur\ntags: [پانی]\n'
article plain.md Plain 2026-01-02
build 0
stays

sed -i '/^terms/d' "$c/capsule.yaml"
build 1
says 'articles/urdu.md:5:8: the tag "پانی" makes no address'
says 'capsule.yaml: as it is now, 1 published article could not stay'
silent 'no longer published'
stays
build 1 # told as long as it is so
says 'could not stay'

: >"$c/capsule.yaml"
build 1
says 'capsule.yaml: not there, or empty: that of the last edition stays'
stays
rm "$c/capsule.yaml"
echo 'More.' >>"$c/articles/plain.md"
build 1
says 'that of the last edition stays'
stays
line g/articles/plain.gmi 'Body of Plain. More.'
echo 'title: [' >"$c/capsule.yaml"
build 1
says 'capsule.yaml:2:1: '
stays

# What was never published has nothing to keep; to do without is said so.
good
article new.md New 2026-01-03 'tags: [گندم]\n'
build 1
says 'the tag "گندم" makes no address'
silent 'could not stay'
rm "$c/articles/new.md" "$c/articles/urdu.md"
echo '{}' >"$c/capsule.yaml"
build 0
none g/ 'A capsule'

# What the program has, or may come to have, is no alias.
good
article old.md Old 2026-01-04 'aliases: [/.sync/head, /new.gmi, /robots.txt, /search, /tag/water/, /lang/ur/x, /a/../b, /offline/2026.gpub, /help, /new/post, /tag/water/post, /articles/older]\n'
build 0
for a in .sync/head new.gmi robots.txt search tag/water/ lang/ur/x a/../b \
	offline/2026.gpub help; do
	says "the alias \"/$a\" is no address, or is taken"
	[ "$(kind g/$a)" != 'redirect ' ] || fail "an alias: $a"
done
absent g/.sync/head
[ "$(grep -c 'the alias' "$tmp/err")" = 9 ] || fail 'too many aliases refused'
for a in new/post tag/water/post articles/older; do
	kind g/$a | grep -q '^redirect' || fail "no alias $a: $(kind g/$a)"
done
echo 'capsule: fine'
