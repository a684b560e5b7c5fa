#!/bin/sh
# qasid build: what is published from a tree, and what a change to it changes.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
c=$tmp/c s=$tmp/s
fail() {
	echo "FAILED: $*"
	[ ! -f "$tmp/err" ] || cat "$tmp/err"
	exit 1
}
build() { # build WANTED-EXIT ARGS...
	want=$1 code=0
	shift
	"$QASID" build "$c" --store "$s" "$@" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || fail "exit $code, not $want"
}
says() { # says WORDS: the build said so
	grep -qF -- "$1" "$tmp/err" || fail "not said: $1"
}
silent() { # silent WORDS
	! grep -qF -- "$1" "$tmp/err" || fail "said: $1"
}
get() {
	"$QASID" get --store "$s" --host h.test "$1"
}
has() { # has KEY WORDS
	get "$1" >"$tmp/page" || fail "no $1"
	grep -qF -- "$2" "$tmp/page" || {
		cat "$tmp/page"
		fail "$1 lacks: $2"
	}
}
kind() { # kind KEY: its line in the list, blank-separated
	"$QASID" get --store "$s" --list | awk -F '\t' -v k="$1" '$1 == k {
		print $2, $3 }'
}
is() { # is KEY KIND-AND-MEDIA
	[ "$(kind "$1")" = "$2" ] || fail "$1 is \"$(kind "$1")\", not \"$2\""
}
absent() {
	[ -z "$(kind "$1")" ] || fail "$1 is there"
}
article() { # article FILE TITLE [LINES-OF-HEAD]
	mkdir -p "$(dirname "$c/articles/$1")"
	printf -- '---\ntitle: %s\ndate: 2026-01-31\nlang: en\n%b---\nBody of %s.\n' \
		"$2" "${3-}" "$2" >"$c/articles/$1"
}

mkdir -p "$c/articles" "$c/pages" "$c/files"
cat >"$c/capsule.yaml" <<END
title: {en: The Capsule, ur: کیپسول}
subtitle: A subtitle
host: h.test
languages: [en, ur]
terms: {پانی: water}
END
article one.md One 'tags: [پانی]\naliases: [/old/one.html, /2019/one/, /old/text.txt]\n'
article sub/two.md Two 'attachments: [{file: data/r.pdf, title: Report}]\n'
cat >>"$c/articles/sub/two.md" <<'END'

See [one](../one.md), [shared](../../files/g.txt) and ![a dot](dot.gif).
END
article draft.md Draft 'draft: true\n'
article later.md Later 'publishDate: 9999-01-01\n'
article out.md Out 'withdrawn: 2026-02-01\naliases: [/was/out]\n'
mkdir "$c/articles/sub/data"
printf '%%PDF-1.4\n' >"$c/articles/sub/data/r.pdf"
printf 'GIF89a\001\000\001\000\000\000\000;' >"$c/articles/sub/dot.gif"
printf 'shared\n.\n' >"$c/files/g.txt"
printf 'unused\n' >"$c/files/unused.txt"
printf -- '---\ntitle: About\n---\nAbout us.\n' >"$c/pages/about.md"
echo '/articles/first  Merged into one' >"$c/gone"

# --- everything is where it should be
build 0 -v
says 'edition 1: 2 articles, 1 page; 4 converted, 0 refused'
says 'files/unused.txt: note: no page leads to it: left out'
is g/ 'page text/gemini'
is o 'page application/gopher-menu'
is o/ 'page application/gopher-menu'
has g/ '=> articles/one.gmi 2026-01-31 One ('
has o '12026-01-31 One ('
has o '	/articles/one	h.test	70'
has g/articles/ '=> two.gmi 2026-01-31 Two ('
has g/archive/2026/ '=> ../../articles/two.gmi 2026-01-31 Two ('
has g/archive/ '=> 2026/ 2026 (2)'
for k in g/articles/two.gmi o/articles/two.gmi; do is $k 'page text/gemini'; done
is o/articles/two 'page application/gopher-menu'
for k in .txt .w40.txt .w0.txt; do is "o/articles/two$k" 'page text/plain'; done
for k in g o; do
	is $k/articles/two.md 'page text/markdown'
	is $k/articles/two/data/r.pdf 'page application/pdf'
	is $k/articles/two/dot.gif 'page image/gif'
	is $k/files/g.txt 'page text/plain'
	absent $k/files/unused.txt
	absent $k/articles/draft.md
	absent $k/articles/later.md
done
has g/articles/two.gmi '=> one.gmi one'
has g/articles/two.gmi '=> ../files/g.txt shared (text, 9 bytes)'
has g/articles/two.gmi '=> two/dot.gif a dot (image, 14 bytes)'
has g/articles/two.gmi '=> two/data/r.pdf Report (PDF, 9 bytes)'
has o/articles/two 'ga dot (image, 14 bytes)	/articles/two/dot.gif	h.test	70'
has o/articles/two '9Report (PDF, 9 bytes)	/articles/two/data/r.pdf'
has o/articles/two '1one	/articles/one	h.test	70'
has o/articles/two.txt 'gopher://h.test/0/articles/one.txt'
has o/articles/two.gmi '=> gopher://h.test/9/articles/two/data/r.pdf'
has o/articles/two.gmi '=> one.gmi one'
[ "$(get o/files/g.txt | od -An -c | tr -d ' \n')" = 'shared\r\n.\r\n' ] ||
	fail 'a text file over Gopher has CR LF and no lone dot'
has g/about.gmi 'About us.'
is g/old/one.html 'redirect '
[ "$(get g/old/one.html)" = /articles/one.gmi ] || fail 'target of an alias'
is g/2019/one/ 'redirect '
has o/2019/one 'Body of One.'
# An alias without an extension stands for all forms, each for the same one.
[ "$(get g/2019/one.gmi)" = /articles/one.gmi ] || fail 'alias, gemtext'
[ "$(get g/2019/one.md)" = /articles/one.md ] || fail 'alias, source'
is o/2019/one 'page application/gopher-menu'
for k in .txt .w40.txt .w0.txt .gmi .md; do
	get "o/articles/one$k" >"$tmp/there"
	get "o/2019/one$k" | cmp - "$tmp/there" || fail "alias, $k"
done
is o/old/text.txt 'page text/plain'
is g/was/out.gmi 'gone '
for k in g/articles/out.gmi g/articles/out o/articles/out.txt g/was/out \
	g/articles/first.gmi g/articles/first o/articles/first.txt; do
	is $k 'gone '
done
has g/articles/first.gmi 'Merged into one'
! get g/ | grep -q Out || fail 'a withdrawn article is listed'

# --- names with blanks
mkdir -p "$c/articles/d e"
printf 'x\n' >"$c/articles/d e/a b.txt"
article 'd e/blank.md' Blank
printf '\n[a](a%%20b.txt)\n' >>"$c/articles/d e/blank.md"
build 0
has 'g/articles/blank/a b.txt' x
rm -r "$c/articles/d e" "$s"
build 0

# --- nothing changed: nothing is written, once all files are a moment old
# (the build that finds them so notes it)
builds=0
while
	before=$(cksum "$s/data.mdb")
	build 0
	says 'edition 1: 2 articles, 1 page; 0 converted, 0 refused'
	[ "$before" != "$(cksum "$s/data.mdb")" ]
do
	builds=$((builds + 1))
	[ $builds -lt 20 ] || fail 'every build writes'
done

# --- one edit: one article, and the lists that show it
echo 'A line more than there was, to make it longer by far.' >>"$c/articles/one.md"
build 0
says 'edition 2: 2 articles, 1 page; 1 converted, 0 refused'
has g/articles/one.gmi 'A line more'

# --- a file that another names changes: its size is told anew
printf '%%PDF-1.4\nlonger\n' >"$c/articles/sub/data/r.pdf"
build 0
says '1 converted'
has g/articles/two.gmi '(PDF, 16 bytes)'
[ "$(get g/articles/two/data/r.pdf | wc -c)" = 16 ] || fail 'the new file'

# --- an address changes: who links to it follows; the old one is told of
sed -i 's/^title: One/slug: first-one\n&/' "$c/articles/one.md"
build 0
says '2 converted'
says '/articles/one.gmi is no longer published'
says 'add "aliases: [/articles/one]" to the new file'
says 'add to content/gone: /articles/one REASON'
has g/articles/two.gmi '=> first-one.gmi one'
absent g/articles/one.gmi
absent o/articles/one
sed -i 's,/old/one.html,/articles/one,' "$c/articles/one.md"
build 0
silent 'no longer published'
is g/articles/one.gmi 'redirect '
absent g/old/one.html

# --- a bad article is refused, with its place; the last good one stays
cp "$c/articles/one.md" "$tmp/one.md"
sed -i 's/^date: .*/date: soon/' "$c/articles/one.md"
article three.md Three
build 1
says 'articles/one.md:4:7: "soon" is no date'
# Three, and the foot of its neighbour.
says '3 articles, 1 page; 2 converted, 1 refused'
has g/articles/first-one.gmi 'A line more'
has g/articles/three.gmi 'Body of Three.'
build 1
says 'articles/one.md:4:7: "soon" is no date'
says '0 converted, 1 refused'
# What it links to may change meanwhile: it is made of its last good source.
printf '\nSee [two](sub/two.md).\n' >>"$tmp/one.md"
cp "$tmp/one.md" "$c/articles/one.md"
build 0
sed -i 's/^lang: en/lang: !x/' "$c/articles/one.md"
sed -i 's/^title: Two/slug: second\n&/' "$c/articles/sub/two.md"
build 1
says 'articles/one.md:5:7: tags are not allowed'
has g/articles/first-one.gmi '=> second.gmi two'
cp "$tmp/one.md" "$c/articles/one.md"
build 0

# --- dead links are told with their place, and are text
printf '\n[gone](nowhere.md) and [draft](draft.md)\n' >>"$c/articles/three.md"
build 0
says 'articles/three.md:8:1: warning: "nowhere.md" leads nowhere'
says 'articles/three.md:8:24: warning: "draft.md" is not published'
has g/articles/three.gmi 'gone and draft'

# --- what the front matter names and is not there leaves nothing behind
article five.md Five 'updated: 2026-01-31\ntranslations: {ur: nowhere.md, de: draft.md}\nattachments: [{file: none.pdf, title: The report}, {file: sub/dot.gif, title: A dot}]\n'
printf '\n![](missing.png)\n\n[Above](five.md) and [so](/articles/five.gmi).\n' \
	>>"$c/articles/five.md"
build 0
says 'articles/five.md:6:20: warning: "nowhere.md" leads nowhere'
says 'articles/five.md:6:36: warning: "draft.md" is not published'
says 'articles/five.md:7:22: warning: "none.pdf" leads nowhere'
has g/articles/five.gmi '=> five/sub/dot.gif A dot (image, 14 bytes)'
for k in g/articles/five.gmi o/articles/five o/articles/five.txt; do
	! get $k | grep -q 'report\|(ur)\|(de)\|updated' || fail "debris in $k"
	[ "$(get $k | grep -c 'A dot')" -lt 2 ] ||
		[ $k = o/articles/five.txt ] || fail "$k shows a file twice"
	get $k | tr -d '\r' | sed 's/^i	.*//' | uniq -d | grep -qx '' &&
		fail "$k has two blank lines"
done
# A link to itself is none to its other forms.
has o/articles/five '1Above	/articles/five	h.test	70'
has o/articles/five '0Gemtext	/articles/five.gmi	h.test	70'
rm "$c/articles/five.md"
build 0

# --- deletion
rm "$c/articles/three.md"
build 0
says '/articles/three.gmi is no longer published'
absent g/articles/three.gmi
absent o/articles/three.w40.txt
! get g/articles/ | grep -q Three || fail 'a deleted article is listed'

# --- in a menu a long title is one line; gemtext has it whole
long='A title that is so long that no menu of sixty-seven columns can hold it'
article four.md "$long"
build 0
has g/articles/ "$long ("
has o/articles '12026-01-31 A title that is so long that no menu… ('
! get o/articles | grep -q 'columns can hold' || fail 'a title of two lines'
rm "$c/articles/four.md"
build 0

# --- capsule.yaml is in everything
sed -i 's/A subtitle/Another subtitle/' "$c/capsule.yaml"
build 0
says '4 converted'
has g/ 'Another subtitle'

# --- wrong usage
code=0
"$QASID" build --nonsense 2>/dev/null || code=$?
[ $code = 2 ] || fail "exit $code on wrong usage"
echo fine
