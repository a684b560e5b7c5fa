#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# The manuals tried: each message under DIAGNOSTICS of qasid-content(7) is
# caused, and each message that these causes bring forth stands there; the
# example capsule of that page builds; the examples of qasid.yaml(5) serve.
set -eu
. "$TOP/tests/e2e/server.sh"
PATH=$BUILD:$PATH
cd "$work"

# --- messages
mkdir -p c/articles/other c/articles/twin c/pages
cat >c/capsule.yaml <<'END'
title: Test
host: h.example
contact: mailto:office@h.example
security_expires: 2020-01-01
categories: [{name: Rivers, slug: water}]
END
article() { # article NAME: stdin, with front matter around its first lines
	cat >"c/articles/$1.md"
}
head_of() { # head_of NAME KEYS...: an article with these keys
	name=$1
	shift
	{
		echo ---
		printf '%b\n' "$@"
		printf -- '---\ntext\n'
	} | article "$name"
}
head_of colon 'title: A: b'
head_of tab 'title: A\n\tdate: 2026-01-31'
head_of date 'title: A' 'date: 31.1.2026'
head_of term 'title: A' 'tags: [پانی]'
head_of پانی 'title: A'
head_of twin 'title: A'
head_of twin/index 'title: A'
head_of twice 'title: A' 'tags: a' 'tags: b'
head_of claim 'title: A' 'categories: [Water]'
head_of alias 'title: A' 'aliases: [/old page]'
head_of draft 'title: A' 'draft: yes'
head_of back 'title: A' 'withdrawn: 2026-01-31'
head_of string 'title: [A]'
head_of list 'title: A' 'tags: [[a]]'
head_of other-name 'title: A' 'summary: a' 'excerpt: b'
printf '+++\ntitle = "A"\n+++\n' | article toml
printf -- '---\ntitle: Tag\n---\n' >c/pages/tag.md
printf 'no title\n' | article empty
printf -- '---\ntitle: A\n\n# A\n' | article open
printf 'pdf\n' >c/articles/other/x.pdf
printf 'text\n' >c/articles/فائل.txt
printf '# Inner\n\n[pdf](x.pdf)\n' >c/articles/other/inner.md
article links <<'END'
# Links
[a](nope.md) [b](draft.md) [c](back.md) [d](فائل.txt) {{< gallery >}} [^2] [^4]

[^3]: unused

[^4]: one

[^4]: another

| one |
|-----|
| a | two |
END
printf '[c](../articles/other/x.pdf)\n\n# About\n' >c/pages/about.md
printf '# Latin\n\ncaf\351\n' | article latin
{
	printf '# Deep\n\n'
	seq -s '>' 120 | tr -d 0-9
	printf ' text\n'
} | article deep
mkdir -p c/replies/latin
echo 'no head' >c/replies/latin/x.md
printf '/articles/links gone\n' >c/gone
printf '# Gone\n' | article gone
ln -s /etc/hostname c/articles/link.txt
printf 'x\n' >'c/articles/- x'
truncate -s 101M c/articles/large.bin
# Two messages need a file that changes under the build: their words alone.
cat "$TOP"/src/site/read.c "$TOP"/src/site/convert.c |
	sed -n 's/.*"\(changed [a-z ]*\)".*/\1/p' >messages
qasid build c --store store 2>first || true
rm c/articles/gone.md
qasid build c --store store 2>second || true
mkdir -p empty/articles
qasid build empty --store none 2>third || true
cat >>c/capsule.yaml <<'END'
languages: [en, ur]
END
head_of welsh 'title: A' 'lang: cy' 'translations: {ur: latin.md}'
article parts <<'END'
# Parts
[a](latin.md#nowhere) ![](large.bin) ![x](large.png) [b](large.bin)
END
{
	printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\1\0\0\0\1\10\0\0\0\0'
	head -c 200000 /dev/zero
} >c/articles/large.png
truncate -s 6M c/articles/large.bin
qasid check -v c >checked 2>check.log || true
printf 'titel: Test\n' >c/capsule.yaml
qasid build c --store store 2>fourth || true
# A capsule.yaml that loses what an article needs, then all.
mkdir -p k/articles
printf 'terms: {"پانی": water}\n' >k/capsule.yaml
for n in 1 2; do
	printf -- '---\ntitle: A\ntranslationKey: k\ntags: [پانی]\n---\n%s\n' \
		'<table><tr><td rowspan="2">a</td></tr></table>' >k/articles/$n.md
done
qasid build k --store kept 2>fifth || true
qasid check k >looked 2>check.log || true
echo 'title: A' >k/capsule.yaml
qasid build k --store kept 2>>fifth || true
: >k/capsule.yaml
qasid build k --store kept 2>>fifth || true
sed '/^edition /d' first second third fourth fifth checked looked >>messages

# The items as regular expressions: what is in capitals stands for anything.
sed -n '/^\.Sh DIAGNOSTICS/,/^\.Ss Codes/s/^\.It //p' \
	"$TOP/src/man/qasid-content.7" |
	sed 's/\\(dq/"/g; s/[][\.*^$+?(){}|]/\\&/g
		s/U\\+FFFD/U.FFFD/; s/\([^A-Za-z]\|^\)[A-Z][A-Z]*\([^A-Za-z]\|$\)/\1.*\2/g
		' >items
[ -s items ] || fail 'no DIAGNOSTICS'
while read -r item; do
	grep -qE -- "$item" messages || {
		cat messages
		fail "nothing says: $item"
	}
done <items
grep -vE -f items messages >others || true
# Not worth an entry: it says itself what to do.
sed -i '/capsule\.yaml: warning: not there/d' others
[ ! -s others ] || {
	cat others
	fail 'messages that the manual does not explain'
}

# --- the example of qasid-content(7)
# literal PAGE N: the Nth literal block of EXAMPLES.
literal() {
	awk -v n="$2" '/^\.Sh / { inside = $2 == "EXAMPLES" }
		!inside { next }
		/^\.Ed/ { open = 0 }
		open && i == n { gsub(/\\e/, "\\"); print }
		/^\.Bd -literal/ { open = 1; i++ }' "$TOP/src/man/$1"
}
mkdir -p content/articles/img
literal qasid-content.7 2 >content/capsule.yaml
literal qasid-content.7 3 >content/articles/pani.md
printf -- '---\ntitle: The price of water\n---\nText.\n' \
	>content/articles/price-of-water.md
printf 'png\n' >content/articles/img/channel.png
literal qasid-content.7 4 >commands
rm -rf store
while read -r line; do
	sh -c "$line" >page 2>log || fail "qasid-content(7): $line"
done <commands
for text in '# پانی کی قیمت' 'از عائشہ رحمان' 'price-of-water.gmi' \
	'pani-ki-qeemat/img/channel.png'; do
	grep -qF -- "$text" page || {
		cat page log
		fail "not on the page: $text"
	}
done
! grep -q ': ' log || fail 'the example of qasid-content(7) has a fault'

# --- the examples of qasid.yaml(5)
for name in capsule www.capsule; do
	qasid cert --host "$name.example.org" --dir certs >/dev/null 2>&1
done
for n in 1 2; do
	literal qasid.yaml.5 $n >settings.yaml
	[ -s settings.yaml ] || fail "qasid.yaml(5) has no example $n"
	rm -f ready
	qasid serve -c settings.yaml --store store --certs certs \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --ready ready \
		>log 2>&1 &
	pid=$!
	"$slowpeer" await ready $pid || fail "qasid.yaml(5), example $n"
	gopher=$(sed -n 's/^gopher 127.0.0.1 //p' ready)
	qasid get "gopher://127.0.0.1:$gopher/1/" | tr -d '\r' >page
	port=$gopher
	if [ $n = 2 ]; then port=70; fi
	grep -q "	capsule.example.org	$port$" page || {
		cat page
		fail "the menu does not name capsule.example.org and $port"
	}
	stop
done
echo 'manual: fine'
