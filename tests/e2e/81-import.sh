#!/bin/sh
# import wordpress: fifty posts become a folder that builds; a second run changes
# nothing; what was edited is kept until --force; files are taken from a folder
# and the others listed; hostile XML is refused in little time and memory.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	tail -n 20 "$tmp/said" 2>/dev/null | sed 's/^/    /' || true
	exit 1
}
export=$TOP/tests/import/fifty.xml
import() { # import STATUS ARGS: messages in $tmp/said, output in $tmp/wanted
	want=$1
	shift
	code=0
	"$QASID" import wordpress "$@" >"$tmp/wanted" 2>"$tmp/said" || code=$?
	[ "$code" = "$want" ] || fail "import $*: $code, not $want"
}
state() {
	find "$tmp/c" -type f -exec sha256sum {} + | sort
	find "$tmp/c" -type f -printf '%p %T@\n' | sort
}

import 0 "$export" "$tmp/c"
grep -q '^50 articles, 1 pages, 30 comments; files: 82 written' "$tmp/said" ||
	fail 'other counts'
grep -q '^.*/fifty.xml:[0-9]*: warning: shortcode \[contact-form\]' \
	"$tmp/said" || fail 'a shortcode is not told of'
line=$(sed -n 's/.*fifty.xml:\([0-9]*\): warning: shortcode.*/\1/p' \
	"$tmp/said" | head -n 1)
sed -n "${line}p" "$export" | grep -q 'contact-form' || fail 'another line'
grep -q '^https://institute.example/wp-content/uploads/2019/05/pic-5.jpg	2019/05/pic-5.jpg$' \
	"$tmp/wanted" || fail 'a picture is not listed'
[ -z "$(sort "$tmp/wanted" | uniq -d)" ] || fail 'a file is listed twice'
! grep -rq 'mail.example' "$tmp/c" || fail 'an e-mail address was kept'
grep -qx 'aliases: \[/2019/05/post-1\]' "$tmp/c/articles/post-1.md" ||
	fail 'no alias'
"$QASID" build "$tmp/c" --store "$tmp/store" >"$tmp/said" 2>&1 ||
	fail 'it does not build'
grep -q ': 49 articles, 1 page; 50 converted, 0 refused' "$tmp/said" ||
	fail 'another edition'
"$QASID" get --store "$tmp/store" g/2019/05/post-1 >"$tmp/page" 2>&1 ||
	fail 'the old address is gone'

state >"$tmp/before"
import 0 "$export" "$tmp/c"
grep -q ' 0 written, 82 as they were, 0 edited' "$tmp/said" ||
	fail 'a second run writes'
state | cmp - "$tmp/before" || fail 'a second run changes something'

# What a person wrote is kept, whatever the next export says.
echo 'By hand.' >>"$tmp/c/articles/post-1.md"
import 0 "$export" "$tmp/c"
grep -q '^articles/post-1.md: warning: edited since' "$tmp/said" ||
	fail 'not said'
grep -q ' 1 edited since' "$tmp/said" || fail 'not counted'
grep -qx 'By hand.' "$tmp/c/articles/post-1.md" || fail 'overwritten'
import 0 "$export" "$tmp/c"
grep -qx 'By hand.' "$tmp/c/articles/post-1.md" || fail 'overwritten at last'
sed 's/About us/About them/' "$export" >"$tmp/newer.xml"
import 0 "$tmp/newer.xml" "$tmp/c"
grep -q ' 1 written, 80 as they were, 1 edited' "$tmp/said" ||
	fail 'a newer export'
grep -qx 'title: About them' "$tmp/c/pages/about.md" || fail 'not the newer'
import 0 --force "$export" "$tmp/c"
! grep -qx 'By hand.' "$tmp/c/articles/post-1.md" || fail '--force is weak'

# Files from a folder.
mkdir -p "$tmp/up/2019/05"
echo picture >"$tmp/up/2019/05/pic-5.jpg"
ln -s /etc/passwd "$tmp/up/2019/05/pic-3-300x200.jpg"
import 0 --files "$tmp/up" "$export" "$tmp/c"
grep -qx picture "$tmp/c/files/uploads/2019/05/pic-5.jpg" || fail 'not taken'
[ ! -e "$tmp/c/files/uploads/2019/05/pic-3-300x200.jpg" ] ||
	fail 'a symbolic link was followed'
! grep -q 'pic-5.jpg' "$tmp/wanted" || fail 'still wanted'
grep -rq '(/files/uploads/2019/05/pic-5.jpg)' "$tmp/c/articles" ||
	fail 'no link to it'

# A picture whose name no file here can have is told of by its line.
sed 's,uploads/2019/05/pic-5.jpg,uploads/2019/05/pic%d9%86.jpg,g' "$export" \
	>"$tmp/odd.xml"
import 0 "$tmp/odd.xml" "$tmp/odd"
grep -q "^$tmp/odd.xml:[1-9][0-9]*: warning: a name that no file here can have: https://institute.example/wp-content/uploads/2019/05/pic%d9%86.jpg" \
	"$tmp/said" || fail 'a picture was passed over'
! grep -q 'pic%d9' "$tmp/wanted" || fail 'it is wanted'

# Hostile XML.
{
	echo '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">'
	n=0
	while [ $n -lt 20 ]; do
		echo "<!ENTITY a$((n + 1)) \"&a$n;&a$n;&a$n;&a$n;&a$n;&a$n;\">"
		n=$((n + 1))
	done
	echo ']><rss><channel><item><title>&a20;</title></item></channel></rss>'
} >"$tmp/laughs.xml"
printf '%s' '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>' \
	>"$tmp/outside.xml"
head -c 100000 "$export" >"$tmp/half.xml"
for x in laughs outside half; do
	import 1 "$tmp/$x.xml" "$tmp/d"
	grep -q "$x.xml:" "$tmp/said" || fail 'not said where'
	! grep -q 'root:' "$tmp/said" || fail 'a file was read'
done
[ -z "$(find "$tmp/d" -name '*.md')" ] || fail 'something was written'
import 1 "$tmp/none.xml" "$tmp/d"
import 2 --lang 'x y' "$export" "$tmp/d"
if "$QASID" import drupal x >"$tmp/said" 2>&1; then fail 'what is drupal'; fi

# Comments stand below their article, in order, on both protocols; hostile ones
# harm nobody; a second import adds none.
comment() { # comment ID DATE NAME URL APPROVED TEXT
	cat <<END
<wp:comment><wp:comment_id>$1</wp:comment_id>
<wp:comment_author><![CDATA[$3]]></wp:comment_author>
<wp:comment_author_email>secret@mail.example</wp:comment_author_email>
<wp:comment_author_url><![CDATA[$4]]></wp:comment_author_url>
<wp:comment_author_IP>192.0.2.77</wp:comment_author_IP>
<wp:comment_date_gmt>$2</wp:comment_date_gmt>
<wp:comment_content><![CDATA[$6]]></wp:comment_content>
<wp:comment_approved>$5</wp:comment_approved></wp:comment>
END
}
item() { # item SLUG TYPE: comments on standard input
	cat <<END
<item><title>Tom &amp;amp; Ann on $1</title>
<link>https://institute.example/$1/</link>
<content:encoded><![CDATA[Body.]]></content:encoded>
<wp:post_date_gmt>2019-05-01 10:00:00</wp:post_date_gmt>
<wp:post_name>$1</wp:post_name><wp:status>publish</wp:status>
<wp:post_type>$2</wp:post_type>
END
	cat
	echo '</item>'
}
newline='
'
{
	cat <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<rss><channel><title>Capsule</title>
<wp:base_site_url>https://institute.example</wp:base_site_url>
END
	{
		comment 12 '2019-06-02 08:00:30' 'Bilal' '' 1 'The second.'
		comment 11 '2019-06-02 08:00:10' \
			'Tom &amp; Ann tom@mail.example' \
			'https://ann.example/?a=1&amp;b' 1 \
			'The <b>first</b>, see <a href="/water/">water</a>.'
		comment 13 '2019-06-03 08:00:00' 'hidden' '' 0 'Not approved.'
		comment 14 '2019-06-04 08:00:00' \
			"x${newline}---${newline}date: 1999-01-01" 'mailto:x@y' 1 \
			"---${newline}=> gemini://evil.test/ x${newline}1evil	/x	evil.test	70${newline}.${newline}\`\`\`${newline}# Heading"
		comment 15 '0000-00-00 00:00:00' 'me@mail.example' '' 1 'Undated.'
		comment 16 '2019-06-05 08:00:00' 'Empty' '' 1 ' <br/> '
	} | item water post
	comment 17 '2019-06-05 08:00:00' Asma '' 1 'On a page.' |
		item contact page
	echo '</channel></rss>'
} >"$tmp/talk.xml"
page() { # page KEY: into $tmp/page
	"$QASID" get --store "$tmp/r.store" "$1" >"$tmp/page" 2>"$tmp/said" ||
		fail "no page $1"
}
sees() {
	for text in "$@"; do
		grep -q -- "$text" "$tmp/page" || {
			cat "$tmp/page"
			fail "not on the page: $text"
		}
	done
}
import 0 "$tmp/talk.xml" "$tmp/r"
grep -q 'talk.xml:[0-9]*: warning: a comment without a date' "$tmp/said" ||
	fail 'no word of a date'
grep -q 'warning: comments on a page, .* 1 left out' "$tmp/said" ||
	fail 'no word of a comment on a page'
(cd "$tmp/r/replies" && find . -type f | sort) >"$tmp/names"
cat >"$tmp/want" <<'EOF'
./water/20190501T1000-000000000015.md
./water/20190602T0800-000000000011.md
./water/20190602T0800-000000000012.md
./water/20190604T0800-000000000014.md
EOF
cmp "$tmp/names" "$tmp/want" || fail 'replies have other names'
cat >"$tmp/want" <<'EOF'
---
date: 2019-06-02T08:00:10Z
name: Tom & Ann (https://ann.example/?a=1&b)
---
The first, see water (https://institute.example/water/).
EOF
cmp "$tmp/r/replies/water/20190602T0800-000000000011.md" "$tmp/want" ||
	fail 'another reply'
! grep -rq 'mail.example\|192.0.2.77\|x@y' "$tmp/r" ||
	fail 'an address of a person was kept'
build_r() {
	"$QASID" build "$tmp/r" --store "$tmp/r.store" >"$tmp/said" 2>&1 ||
		fail 'replies do not build'
	! grep -q 'this is no reply' "$tmp/said" || fail 'no reply'
}
build_r
page g/articles/water.gmi
sees '^# Tom & Ann on water' '^## Replies (4)$' '^A reader, 2019-05-01' \
	'^Tom & Ann (https://ann.example/?a=1&b), ' '^> The second\.$'
[ "$(grep -n '^> The first' "$tmp/page" | cut -d : -f 1)" -lt \
	"$(grep -n '^> The second' "$tmp/page" | cut -d : -f 1)" ] ||
	fail 'another order'
! grep -q '^=> gemini://evil\|^1evil\|^```\|^# Heading\|^date: 1999' \
	"$tmp/page" || fail 'a comment is more than text'
page o/articles/water
sees '^iReplies (4)' '^i.*The second\.'
tr -d '\r' <"$tmp/page" | awk -F '\t' '$0 != "." && NF != 4 { exit 1 }' ||
	fail 'a line of a menu is broken'
! grep -q '^[^i.].*evil' "$tmp/page" || fail 'an item of a reader'
cp "$tmp/page" "$tmp/first"
import 0 "$tmp/talk.xml" "$tmp/r"
grep -q ' 0 written, 7 as they were' "$tmp/said" || fail 'written again'
build_r
page o/articles/water
cmp "$tmp/page" "$tmp/first" || fail 'a second import adds replies'

# A folder of HTML.
mkdir -p "$tmp/site/notes" "$tmp/site/img"
echo picture >"$tmp/site/img/a.png"
cat >"$tmp/site/notes/price of water.html" <<'EOF'
<!DOCTYPE html>
<html lang="en"><head><title>Water &amp; its price</title>
<meta name="author" content="Ayesha Rahman"><meta name="date" content="2019-03-04">
</head><body>
<p>See <a href="../index.html#x">home</a>, <img src="/img/a.png" alt="A map">
and <a href="https://example.org/">outside</a>.</p>
<script>lost()</script>
</body></html>
EOF
cat >"$tmp/site/index.html" <<'EOF'
<html><body><h1>پانی</h1><a href="notes/price%20of%20water.html">قیمت</a></body></html>
EOF
code=0
"$QASID" import html "$tmp/site" "$tmp/h" >"$tmp/wanted" 2>"$tmp/said" || code=$?
[ $code = 0 ] || fail 'no folder of HTML'
cat >"$tmp/want" <<'EOF'
---
title: Water & its price
author: Ayesha Rahman
date: 2019-03-04T12:00:00Z
lang: en
slug: price-of-water
aliases: [/notes/price%20of%20water.html]
---

See [home](index.md), ![A map](/files/import/img/a.png) and [outside](https://example.org/).
EOF
cmp "$tmp/h/articles/price-of-water.md" "$tmp/want" || {
	cat "$tmp/h/articles/price-of-water.md"
	fail 'another article'
}
grep -qx 'lang: ur' "$tmp/h/articles/index.md" || fail 'not in Urdu'
grep -q '^notes/price of water.html:7: warning: <script>: left out' \
	"$tmp/said" || fail 'a script is not told of'
grep -qx picture "$tmp/h/files/import/img/a.png" || fail 'no picture'
"$QASID" import html "$tmp/site" "$tmp/h" >"$tmp/wanted" 2>"$tmp/said"
grep -q ' 0 written, 3 as they were' "$tmp/said" || fail 'a second run writes'
echo 'import: fine'
