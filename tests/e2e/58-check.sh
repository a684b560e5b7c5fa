#!/bin/sh
# qasid check finds each fault that issue 4 names, at its place, and nothing in
# the project's own content.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	cat "$tmp/out" "$tmp/err" 2>/dev/null || true
	exit 1
}
check() { # check WANTED-EXIT ARGS...
	want=$1 code=0
	shift
	"$QASID" check "$@" >"$tmp/out" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || fail "check $*: exit $code, not $want"
}
finds() { # finds LINE: exactly this line
	grep -qxF -- "$1" "$tmp/out" || fail "not found: $1"
}

# --- nothing is wrong with what we publish ourselves
check 0 "$TOP/content"
grep -q ': 0 errors, ' "$tmp/err" || fail 'no counts'

# --- a tree in which everything is
cd "$tmp"
mkdir -p c/articles/img c/pages c/files
cat >c/capsule.yaml <<'END'
title: Faults
host: faults.example
languages: [en, ur]
END
cat >c/articles/a.md <<'END'
---
title: First
date: 2026-01-31
lang: en
catagory: Water
Layout: wide
aliases: [/old, /articles/b, /archive/2026/, /twice]
translations:
  ur: b.md
  fr: c.md
---
## The *Price*, of `water`!
## The price of water
<a id="own"></a>

[dead](nowhere.md), [a](#the-price-of-water), [b](#the-price-of-water-1),
[c](#the-price-of-water-2), [d](b.md#قیمت), [e](b.md#%D9%82%DB%8C%D9%85%D8%AA)
[f](b.md#gone), [g](#own), [h](#first), [i](draft.md)

![](img/big.gif) ![Said](img/big.gif) [Data](data.bin)
END
printf -- '---\ntitle: دوسرا\ndate: 2026-02-01\nlang: ur\naliases: /articles/a/data.bin\n---\n## قیمت\n' \
	>c/articles/b.md
printf -- '---\nlang: de\naliases: [/once, /twice]\ntranslations: {en: a.md}\n---\n# Third\n\nText[^9].\n' \
	>c/articles/c.md
cat >c/articles/draft.md <<'END'
---
title: Draft
draft: true
lang: en
---
## Part

[dead](nowhere.md) [other](later.md) [self](draft.md#part) [gone](draft.md#gone)
[file](half.txt) x[^1] ![](img/big.gif)

| A |
|---|
| b | c |
END
printf -- '---\ntitle: Later\nlang: en\ndate: 2026-03-01\npublishDate: 2999-01-01\nslug: b\n---\n[d](draft.md)\n' \
	>c/articles/later.md
printf -- '---\ndraft: true\nlang: en\n---\nText.\n' >c/articles/bare.md
echo half >c/articles/half.txt
printf -- '---\ntitle: Twin\nslug: a\nlang: en\ndate: 2026-01-01\n---\nText.\n' \
	>c/articles/twin.md
printf 'Text without a heading.\n' >c/articles/untitled.md
printf -- '---\ntitle: X\ndate: 31.1.2026\n---\n' >c/articles/wrong-date.md
printf -- '---\ntitle: X\nlang: "?"\n---\n' >c/articles/wrong-lang.md
printf -- '---\ntitle: About\n---\nText.\n' >c/pages/about.md
printf '/about gone for good\n/kept fine\n' >c/gone
{
	printf GIF89a
	head -c 230000 /dev/zero
} >c/articles/img/big.gif
head -c 6100000 /dev/zero >c/articles/data.bin
echo unused >c/files/unused.txt

for i in 1 2; do
	printf -- '---\ntitle: T%s\ndate: 2026-01-01\nlang: en\n%s\n---\n%s\n' $i \
		'translationKey: kk' \
		'[q](?x=1) <table><tr><td rowspan="2">P</td></tr></table>' \
		>c/articles/twin$i.md
done
check 1 -v c
finds 'c/articles/twin1.md:5:17: warning: articles/twin2.md has this key, too, and is in the same language'
finds 'c/articles/twin2.md:7:1: error: "?x=1" leads nowhere: no such file or address'
finds 'c/articles/twin2.md:7:25: warning: a cell over 2 rows: it stands in the first, and those below have a cell less'
finds 'c/articles/a.md:5:1: warning: unknown key "catagory"; is "category" meant?'
finds 'c/articles/a.md:6:1: warning: unknown key "Layout"'
finds 'c/articles/a.md:9:7: warning: articles/b.md does not name this file among its translations'
finds 'c/articles/a.md:10:7: warning: articles/c.md is in "de", not in "fr"'
finds 'c/articles/a.md:7:17: warning: the alias "/articles/b" is no address, or is taken'
finds 'c/articles/a.md:7:30: warning: the alias "/archive/2026/" is no address, or is taken'
finds 'c/articles/data.bin:1:1: error: its address /articles/a/data.bin is taken by articles/b.md'
finds 'c/articles/a.md:16:1: error: "nowhere.md" leads nowhere: no such file or address'
finds 'c/articles/a.md:17:1: error: "#the-price-of-water-2" is no heading of articles/a.md'
finds 'c/articles/a.md:18:1: error: "#gone" is no heading of articles/b.md'
finds 'c/articles/a.md:18:41: error: "draft.md" is not published: a draft, not yet due, or refused'
finds 'c/articles/a.md:20:5: warning: picture "img/big.gif" has no alternative text'
finds 'c/articles/a.md:20:5: warning: picture "articles/img/big.gif" has 230 KB, more than 100 KB'
[ "$(grep -c 'a.md.*has 230 KB' "$tmp/out")" = 1 ] || fail 'one picture told of twice'
finds 'c/articles/a.md:20:39: warning: attachment "articles/data.bin" has 6.1 MB, more than 5.0 MB'
finds 'c/articles/c.md:1:1: warning: no date: neither in the archive nor in the feeds'
finds 'c/articles/c.md:8:5: warning: footnote not defined: [^9]'
finds 'c/articles/c.md:3:18: warning: the alias /twice is taken by articles/a.md'
finds 'c/articles/c.md:2:7: warning: the language "de" is not among those of capsule.yaml'
finds 'c/articles/twin.md:3:7: error: the address /articles/a is also the address of articles/a.md'
finds 'c/articles/a.md:1:1: error: the address /articles/a is also the address of articles/twin.md'
finds 'c/articles/untitled.md:1:1: error: no title: neither in the front matter nor as a heading'
finds 'c/articles/wrong-date.md:3:7: error: "31.1.2026" is no date, such as 2026-01-31'
finds 'c/articles/wrong-lang.md:3:7: error: "?" is no language tag, such as en or ur'
finds 'c/pages/about.md:1:1: warning: no lang: taken as "en"'
finds 'c/gone:1:1: error: /about is published'
finds 'c/files/unused.txt:1:1: note: no page leads to it'
# In a draft an error is a warning, a warning a note.
finds 'c/articles/bare.md:1:1: warning: no title: neither in the front matter nor as a heading'
finds 'c/articles/draft.md:1:1: note: no date: neither in the archive nor in the feeds'
finds 'c/articles/draft.md:8:1: warning: "nowhere.md" leads nowhere: no such file or address'
finds 'c/articles/draft.md:8:20: warning: "later.md" is not published: a draft, not yet due, or refused'
finds 'c/articles/draft.md:8:60: warning: "#gone" is no heading of articles/draft.md'
finds 'c/articles/draft.md:9:19: note: footnote not defined: [^1]'
finds 'c/articles/draft.md:9:28: note: picture "img/big.gif" has no alternative text'
finds 'c/articles/draft.md:13:7: note: more cells than the table has columns (1): lost: c'
finds 'c/articles/later.md:6:7: error: the address /articles/b is also the address of articles/b.md'
finds 'c/articles/later.md:8:1: error: "draft.md" is not published: a draft, not yet due, or refused'
! grep -q 'half.txt' "$tmp/out" || fail 'a file that a draft names is told of'
grep -q '^5 articles, 1 page, 2 not yet published, 4 files: 15 errors, 22 warnings$' "$tmp/err" ||
	fail 'other counts'

# --- notes only with -v, other limits, warnings as errors
check 1 --max-picture 300 --max-attachment 7000 c
! grep -q 'note:\|has 230 KB\|has 6.1 MB' "$tmp/out" || fail 'limits or notes'
mkdir -p d/pages
printf -- '---\ntitle: X\nlang: en\ncolour: "\\"red\\" \\\\ \\x1b"\n"a\\x1bb": 1\n---\nText.\n' \
	>d/pages/x.md
printf 'host: x.example\nlanguages: [en]\n' >d/capsule.yaml
check 0 d
finds 'd/pages/x.md:5:1: warning: unknown key "a\x1bb"'
check 1 --strict d
finds 'd/pages/x.md:5:1: error: unknown key "a\x1bb"'

# --- JSON: one array, told right to the last backslash
check 0 --format json d
cat >want <<'END'
[{"file": "d/pages/x.md", "line": 4, "column": 1, "level": "warning", "code": "unknown-key", "text": "unknown key \"colour\""},
 {"file": "d/pages/x.md", "line": 5, "column": 1, "level": "warning", "code": "unknown-key", "text": "unknown key \"a\\x1bb\""}]
END
cmp want out || fail 'the JSON is wrong'
check 1 --format json c
python3 -m json.tool out >/dev/null || fail 'no JSON'
for code in address-taken alias dead-anchor dead-link front-matter gone \
	large-attachment large-picture markdown no-alt no-date no-language \
	no-title \
	translation-language translation-one-way translation-twin unknown-key \
	unknown-language
do
	grep -q "\"code\": \"$code\"" out || fail "no code $code"
done

# --- in notes, which are indented anew, places are those of the file
mkdir -p n/articles
printf -- '---\ntitle: N\ndate: 2026-01-01\nlang: en\n---\nA[^1].\n\n%s\n    %s\n' \
	'[^1]: some words [n](gone.md)' 'پانی [o](away.md)' >n/articles/n.md
check 1 n
finds 'n/articles/n.md:8:18: error: "gone.md" leads nowhere: no such file or address'
finds 'n/articles/n.md:9:10: error: "away.md" leads nowhere: no such file or address'

# --- settings, and a content folder that is none
printf 'hosts: [x.example]\nworkers: 3\n' >good.yaml
printf 'hosts: [x.example]\nworker: 3\n' >bad.yaml
check 0 -c good.yaml d
grep -q '^workers: 3' "$tmp/out" || fail 'the settings are not printed'
check 1 -c bad.yaml d
grep -q '^bad.yaml:2:1: error: unknown key "worker"' "$tmp/out" ||
	fail 'the settings are not checked'
check 1 no-such-folder
# Where nothing is published from, the settings alone.
check 0 -c good.yaml
grep -q '^  handshake: 60s' "$tmp/out" || fail 'a time is not as it is written'
[ ! -s "$tmp/err" ] || fail 'a content folder nobody asked for'
check 1 -c bad.yaml
check 1 -c good.yaml no-such-folder
for option in --help -h --version; do
	"$QASID" $option >"$tmp/out" 2>"$tmp/err" || fail "$option"
	grep -q qasid "$tmp/out" || fail "$option says nothing"
done
check 2 --format xml d
check 2 c d
printf 'title: [\n' >d/capsule.yaml
check 1 d
grep -q '^d/capsule.yaml:2:1: error: ' "$tmp/out" || fail 'capsule.yaml'
echo 'check: fine'
