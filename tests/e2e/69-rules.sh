#!/bin/sh
# shellcheck disable=SC2016,SC2059 # Markdown is the format of printf here
# PROTOCOLS.md, sections 4 and 6 by rule: what the filter makes of each trap,
# and that every page of the project's own edition keeps the rules.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
to() { # to FORM MARKDOWN: in $tmp/out, and nothing on stderr matters
	printf -- "$2" | "$QASID" build --stdout "$1" - >"$tmp/out" 2>"$tmp/err" ||
		fail "$1 of: $2"
}
is() { # is RULE LINE: exactly this line is there
	grep -qxF -- "$2" "$tmp/out" || {
		cat "$tmp/out"
		fail "rule $1: no line: $2"
	}
}
not() { # not RULE REGEX: no such line
	! grep -qE -- "$2" "$tmp/out" || {
		cat "$tmp/out"
		fail "rule $1: a line matches $2"
	}
}

# --- gemtext
# 35, 36: what begins like markup and is text gets a blank in front.
to gemini 'Text\\\n=> a\\\n\\# b\\\n\\> c\\\n\\* d\\\n\\`\\`\\` e\n'
for t in '=> a' '# b' '> c' '* d' '``` e'; do
	is 36 " $t"
done
is 35 Text
# 37: a paragraph is one line, a hard break a new one.
to gemini 'one\ntwo\nthree\\\nfour\n'
is 37 'one two three'
is 37 four
# 38: one link a line, valid URIs, each target once for a block.
to gemini 'A [x](<a b.md>), [y](پ.pdf) and [x](<a b.md>)\n\n[z](<a(1)[2].md>)\n'
is 38 '=> a%20b.gmi x'
is 38 '=> %D9%BE.pdf y (PDF)'
[ "$(grep -c '^=> a%20b' "$tmp/out")" = 1 ] || fail 'rule 38: a target twice'
not 38 "^=> [^ ]*[][<>{}|^]"
# 40: toggles are even; an inner toggle is shifted; words only at the opening.
to gemini '~~~~ md\n```\nx\n```\n~~~~\n'
is 40 '```md'
is 40 ' ```'
[ $(($(grep -c '^```' "$tmp/out") % 2)) = 0 ] || fail 'rule 40: odd toggles'
# 41: one first heading of level 1, none deeper than 3.
to gemini '---\ntitle: T\n---\n# a\n\n###### b\n'
[ "$(head -n 1 "$tmp/out")" = '# T' ] || fail 'rule 41: no title first'
[ "$(grep -c '^# ' "$tmp/out")" = 1 ] || fail 'rule 41: two titles'
not 41 '^####'
is 41 '### b'
# 42: emphasis goes, a narrow table is a grid, a picture a link with its kind.
to gemini '*a* **b** <sub>2</sub>\n\n|x|y|\n|---|---|\n|1|2|\n\n![m](m.png)\n'
is 42 'a b 2'
is 42 '```table: x, y'
is 42 '=> m.png m (image)'
# 43: no control characters, no BOM, NFC, no bidi embeddings.
printf '\357\273\277a\001b \342\200\252c e\314\201\n' |
	"$QASID" build --stdout gemini - >"$tmp/out" 2>/dev/null
is 43 'ab c é'

# --- menus
# 63, 64: exactly three tabs or an information line; a dot at the end.
to menu 'a\tb [x\ty](x.md)\n'
not 64 '^i.*b.*	.*	.*	.*	'
[ "$(tail -n 1 "$tmp/out")" = . ] || fail 'rule 63: no dot'
# 65: our own host, never localhost, on each own item.
is 65 '0x y	/articles/x.txt	gopher.example.org	70'
# 66: information lines have three tabs and a port.
awk -F '\t' '/^i/ && (NF != 4 || $4 !~ /^[0-9]+$/) { exit 1 }' "$tmp/out" ||
	fail 'rule 66: an information line without its fields'
# 67: types by target, documents as 9 with the kind in the name.
to menu '[a](a.pdf)\n\n[b](b.txt)\n\n![c](c.png)\n\n![d](d.gif)\n\n[e](e.mp3)\n'
is 67 '9a (PDF)	/articles/a.pdf	gopher.example.org	70'
is 67 'Ic (image)	/articles/c.png	gopher.example.org	70'
is 67 'gd (image)	/articles/d.gif	gopher.example.org	70'
for t in '^0b' '^se'; do
	grep -qE "$t" "$tmp/out" || fail "rule 67: no item $t"
done
# 68: outside links are h with URL:, gopher ones their own type and host.
to menu '[a](https://x.example/)\n\n[b](gopher://g.example:7070/0/t)\n'
is 68 'ha	URL:https://x.example/	gopher.example.org	70'
is 72 '0b	/t	g.example	7070'

# --- the whole edition
"$QASID" build "$TOP/content" --store "$tmp/s" 2>/dev/null
"$QASID" get --store "$tmp/s" --list >"$tmp/keys"
pages=0
cut -f 1 "$tmp/keys" | grep -E '^g/(.*/)?([^.]*|.*\.gmi)$' >"$tmp/gemtext"
while read -r key; do
	"$QASID" get --store "$tmp/s" "$key" >"$tmp/page"
	case $(awk -F '\t' -v k="$key" '$1 == k { print $2 }' "$tmp/keys") in
	page) ;;
	*) continue ;;
	esac
	pages=$((pages + 1))
	# 39: links into the site are relative, but for the addresses given.
	if grep -E '^=> (gemini|gopher)://h?localhost' "$tmp/page" |
		grep -vqE '(Gemini|Gopher|atom|Atom)'; then
		fail "rule 39: $key links to itself by host"
	fi
	# 44: the way to the index stands below.
	case $key in
	g/articles/*.gmi) grep -qE '^=> (\./|\.\./)' "$tmp/page" ||
		fail "rule 44: $key has no way up" ;;
	esac
done <"$tmp/gemtext"
[ "$pages" -gt 30 ] || fail "only $pages gemtext pages"
# 45: the same source gives the same bytes.
"$QASID" build "$TOP/content" --store "$tmp/s2" 2>/dev/null
for key in g/ o/ g/articles/price-of-water.gmi o/articles/pani-ki-qeemat.txt; do
	"$QASID" get --store "$tmp/s" "$key" >"$tmp/a"
	"$QASID" get --store "$tmp/s2" "$key" >"$tmp/b"
	cmp "$tmp/a" "$tmp/b" || fail "rule 45: $key differs"
done
# 65: one edition under two names differs in the name, and holds no third one.
grep -E '^[go]/' "$tmp/keys" | grep -E '	(text/(gemini|plain|gopher)|application/gopher)' |
	cut -f 1 | grep -E '^o/articles|^g/$|^o/$|^g/articles/[^/]*$' >"$tmp/some"
[ "$(grep -c '' "$tmp/some")" -gt 60 ] || fail 'rule 65: too few pages'
while read -r key; do
	for name in one.test two.test; do
		"$QASID" get --store "$tmp/s" --host $name "$key" |
			tee "$tmp/$name" | sed "s/$name/NAME/g" >"$tmp/$name.any"
	done
	cmp "$tmp/one.test.any" "$tmp/two.test.any" ||
		fail "rule 65: $key differs in more than the name"
	! grep -q 'localhost' "$tmp/one.test" || fail "rule 65: $key: localhost"
done <"$tmp/some"
# 69: gemtext over Gopher is a text item, and stands beside the text.
"$QASID" get --store "$tmp/s" o/articles/price-of-water | tr -d '\r' >"$tmp/out"
grep -qE '^0[^	]*	/articles/price-of-water.gmi	' "$tmp/out" ||
	fail 'rule 69: no gemtext item of type 0'
# 61, 62: texts end lines in CR LF and fill 67 columns.
"$QASID" get --store "$tmp/s" o/articles/price-of-water.txt >"$tmp/page"
[ "$(grep -c '' "$tmp/page")" = "$(grep -c "$(printf '\r')\$" "$tmp/page")" ] ||
	fail 'rule 61: a line without CR LF'
# 78, 80: no favicon unless the content has one; titan is told 59 (20-requests).
! grep -q 'favicon' "$tmp/keys" || fail 'rule 78: a favicon nobody gave'
grep -q 'titan' "$TOP/tests/e2e/gemini.table" || fail 'rule 80: no row for titan'
echo "rules: fine, $pages gemtext pages"
