#!/bin/sh
# robots.txt, caps.txt, security.txt, favicon.txt (PROTOCOLS.md, rules 71, 77
# to 79); aliases, withdrawn addresses, renamed files.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

cat >"$c/capsule.yaml" <<'END'
title: T
contact: mailto:office@h.test
languages: [en, ur]
END
article one.md One 2026-01-01 'aliases: [/articles/eins, /old/one.html]\n'
build 0

# 77: robots.txt, over Gopher under both selectors
for k in g/robots.txt o/robots.txt orobots.txt; do
	is "$k" 'page text/plain'
	line "$k" 'User-agent: *'
	line "$k" 'Disallow: /.sync/'
done
# 71: caps.txt
for k in o/caps.txt ocaps.txt; do
	[ "$(get "$k" | tr -d '\r' | sed -n 1p)" = CAPS ] || fail '71: first line'
	for l in CapsVersion=1 ExpireCapsAfter=86400 PathDelimeter=/ \
		PathIdentity=. PathParent=.. ServerDefaultEncoding=UTF-8 \
		ServerSupportsStdinScripts=FALSE ServerAdmin=office@h.test; do
		line "$k" "$l"
	done
	get "$k" | grep -q "$(printf '\r')" || fail '71: CR LF'
done
# 79: only when the institute says until when
absent g/.well-known/security.txt
echo 'security_expires: 2001-01-31' >>"$c/capsule.yaml"
build 0
says 'security_expires: 2001-01-31 is past'
line g/.well-known/security.txt 'Contact: mailto:office@h.test'
line g/.well-known/security.txt 'Expires: 2001-01-31T12:00:00Z'
line g/.well-known/security.txt 'Preferred-Languages: en, ur'
sed -i 's/2001/9000/' "$c/capsule.yaml"
build 0
silent security_expires
# 78: never made, served when given
absent g/favicon.txt
printf '📜\n' >"$c/favicon.txt"
build 0
line g/favicon.txt '📜'
printf 'not\nan emoji\n' >"$c/favicon.txt"
build 1
says 'favicon.txt:1:1: one emoji is wanted'
rm "$c/favicon.txt"
build 0
absent g/favicon.txt

# --- an alias without an ending stands for all forms of the old address
[ "$(get g/articles/eins)" = /articles/one.gmi ] || fail 'an alias'
[ "$(get g/articles/eins.gmi)" = /articles/one.gmi ] || fail 'its .gmi'
[ "$(get g/articles/eins.md)" = /articles/one.md ] || fail 'its .md'
[ "$(get g/old/one.html)" = /articles/one.gmi ] || fail 'a foreign alias'
absent g/old/one.html.gmi
for f in '' .txt .w40.txt .w0.txt .gmi .md; do
	[ "$(get "o/articles/eins$f" | cksum)" = "$(get "o/articles/one$f" |
		cksum)" ] || fail "o/articles/eins$f"
done
[ "$(get o/old/one.html | cksum)" = "$(get o/articles/one | cksum)" ] ||
	fail 'a foreign alias over Gopher'

# --- a file that goes is told of, with the line to add; and the line helps
mv "$c/articles/one.md" "$c/articles/uno.md"
build 0
says '/articles/one.gmi is no longer published'
says 'aliases: [/articles/one]'
absent g/articles/one.gmi
sed -i 's,aliases: \[,&/articles/one\, ,' "$c/articles/uno.md"
build 0
[ "$(get g/articles/one.gmi)" = /articles/uno.gmi ] || fail 'the new alias'
is o/articles/one.txt 'page text/plain'
article two.md Two 2026-01-02
build 0
rm "$c/articles/two.md"
echo '/articles/two.gmi Said twice' >"$c/gone"
build 0
silent 'no longer published'
for k in g/articles/two.gmi g/articles/two o/articles/two o/articles/two.txt; do
	is "$k" 'gone '
	line "$k" 'Said twice'
done

# --- withdrawn: the reason is the summary
sed -i 's/^title: One/&\nwithdrawn: 2026-03-01\nsummary: It was wrong./' \
	"$c/articles/uno.md"
article three.md Three 2026-01-03
build 0
for k in g/articles/uno.gmi o/articles/uno o/articles/uno.txt g/old/one.html; do
	line "$k" 'Withdrawn: One (2026-03-01). It was wrong.'
done
echo 'wellknown: fine'
