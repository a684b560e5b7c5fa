#!/bin/sh
# Bad input: each a clear message with the name of the file, what is sound is
# published, and the store is whole.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
c=$tmp/c s=$tmp/s
fail() {
	echo "FAILED: $*"
	[ ! -f "$tmp/err" ] || cat "$tmp/err"
	exit 1
}
build() { # build WANTED-EXIT
	code=0
	timeout 60 "$QASID" build "$c" --store "$s" 2>"$tmp/err" || code=$?
	[ "$code" = "$1" ] || fail "exit $code, not $1"
}
says() {
	grep -qF -- "$1" "$tmp/err" || fail "not said: $1"
}
whole() { # the sound article is there
	"$QASID" get --store "$s" g/articles/sound.gmi |
		grep -q 'Sound words' || fail 'the sound article is not there'
}
article() { # article FILE: with standard input as its body
	{
		printf -- '---\ntitle: T\ndate: 2026-01-31\n%s---\n' "${2-}"
		cat
	} >"$c/articles/$1"
}
only() { # only NAME: the tree holds the sound article and that file
	find "$c/articles" -mindepth 1 ! -name sound.md ! -name "$1" \
		-exec rm -rf {} +
}

# --- nothing there
build 1
says "open folder \"$c\""
mkdir "$c"
build 1
says 'nothing to publish'
mkdir "$c/articles" "$c/pages"
build 1
says 'nothing to publish'
echo 'Sound words.' | article sound.md
build 0
says 'capsule.yaml: warning: not there'
[ "$("$QASID" get --store "$s" g/ | head -n 1)" = '# Articles' ] ||
	fail 'home has no title'
echo 'title: Bad' >"$c/capsule.yaml"
build 0
whole
[ "$("$QASID" get --store "$s" g/ | head -n 3 | tr '\n' '|')" = \
	'# Bad||## New|' ] || fail 'home without a subtitle'
edition=$(sed -n 's/^edition \([0-9]*\):.*/\1/p' "$tmp/err")

# --- capsule.yaml
echo 'titel: Bad' >"$c/capsule.yaml"
build 1
says 'capsule.yaml:1:1: unknown key "titel"; is "title" meant?'
printf 'title: a\n\tb' >"$c/capsule.yaml"
build 1
says 'capsule.yaml:2:'
echo 'words: {en: {lynx: a}}' >"$c/capsule.yaml"
build 1
says 'capsule.yaml:1:14: the program has no word "lynx"'
echo 'title: Bad' >"$c/capsule.yaml"
build 0
grep -q "^edition $edition:" "$tmp/err" || fail 'a new edition of nothing new'
whole

# --- one article
bad() { # bad WORDS: standard input as articles/bad.md is refused so
	cat >"$c/articles/bad.md"
	build 1
	says "articles/bad.md$1"
	whole
	build 1
	says "articles/bad.md$1"
	rm "$c/articles/bad.md"
}
bad ':2:5: mapping values are not allowed' <<'END'
---
a: b: c
---
END
bad ':2:8: a string is wanted here' <<'END'
---
tags: [[x]]
---
END
bad ':1:1: front matter in TOML' <<'END'
+++
title = "x"
+++
END
bad ':1:1: no title' <<'END'
No title and no heading.
END
bad ':3:8: the tag "C#" makes no address' <<'END'
---
title: T
tags: [C#]
---
END
bad ':3:7: "a b" is no slug' <<'END'
---
title: T
slug: a b
---
END
# An alias that can be none is left out, and the article published.
cat >"$c/articles/bad.md" <<'END'
---
title: T
aliases: [/articles/]
---
END
build 0
says 'articles/bad.md:3:11: warning: the alias "/articles/" is no address, or is taken'
says ', 0 refused'
"$QASID" get --store "$s" g/articles/bad.gmi >/dev/null || fail 'not published'
rm "$c/articles/bad.md"
awk 'BEGIN { print "---\ntitle: T\n---"
	for (i = 0; i < 60000; i++) printf "word words " }' |
	bad ':'
printf -- '---\ntitle: T\n---\n' >"$tmp/large"
head -c 5000000 /dev/zero | tr '\0' '\n' >>"$tmp/large"
bad ': larger than' <"$tmp/large"

# --- a file name that makes no address, and two that make the same
echo x | article 'a.b.md'
build 1
says 'articles/a.b.md: the file name makes no address'
only none
mkdir "$c/articles/x"
echo first | article one.md
build 0
echo second | article x/one.md
build 1
says 'articles/x/one.md: the address /articles/one is also the address of articles/one.md'
"$QASID" get --store "$s" g/articles/one.gmi | grep -q first ||
	fail 'the newcomer took the address'
only none
printf -- '---\ntitle: T\n---\n' >"$c/pages/archive.md"
build 1
says "pages/archive.md: the address /archive is the program's own"
rm "$c/pages/archive.md"
echo a | article a.md 'aliases: [/same]
'
echo b | article b.md 'aliases: [/same]
'
build 0
says 'articles/b.md:4:11: warning: the alias /same is taken by articles/a.md'
only none
build 0
printf 'articles/x y\n' >"$c/gone"
build 1
says 'gone:1:1: "articles/x" is no address'
printf '/articles/sound is not\n' >"$c/gone"
build 1
says 'gone:1:1: /articles/sound is published'
rm "$c/gone"
build 0

# --- invalid UTF-8 is told and mended
printf 'caf\351 is\377\n' | article utf8.md
build 0
says 'articles/utf8.md:5:4: warning:'
"$QASID" get --store "$s" g/articles/utf8.gmi | grep -q 'caf.* is' ||
	fail 'the article with invalid UTF-8'
only none

# --- what is no regular file
echo secret >"$tmp/secret.md"
ln -s "$tmp/secret.md" "$c/articles/link.md"
ln -s "$tmp" "$c/articles/folder"
mkfifo "$c/articles/fifo.md"
echo '[it](out.pdf)' | article names.md
ln -s /etc/passwd "$c/articles/out.pdf"
build 1
says 'articles/link.md: a symbolic link'
says 'articles/folder: a symbolic link'
says 'articles/fifo.md: a FIFO'
says 'articles/out.pdf: a symbolic link'
says 'articles/names.md:5:1: warning: "out.pdf" leads nowhere'
whole
! "$QASID" get --store "$s" --list | grep -qE 'link|folder|fifo|out.pdf' ||
	fail 'something else than a file is published'
only none

# --- a file that nobody may read; root builds as somebody else
echo x | article locked.md
chmod 0 "$c/articles/locked.md"
mine=$QASID
if [ "$(id -u)" = 0 ]; then
	cp "$QASID" "$tmp/qasid"
	printf '#!/bin/sh\nexec setpriv --reuid nobody --clear-groups "%s" "$@"\n' \
		"$tmp/qasid" >"$tmp/as-nobody"
	chmod +x "$tmp/as-nobody"
	chown -R nobody "$tmp"
	QASID=$tmp/as-nobody
fi
build 1
says 'articles/locked.md: Permission denied'
QASID=$mine
whole
chmod 600 "$c/articles/locked.md"
only none

# --- names
echo x | article "$(printf 'a\033b.md')"
build 1
says 'articles/a\x1bb.md: its name holds a control character'
only none
long=$(awk 'BEGIN { for (i = 0; i < 200; i++) printf "x" }')
mkdir -p "$c/articles/$long/$long"
echo x | article "$long/$long/$long.md"
build 1
says 'its path is longer than 500 bytes'
only none
echo '[r](ر.pdf)' | article r.md
echo x >"$c/articles/ر.pdf"
build 0
says 'articles/r.md:5:1: warning: "ر.pdf" has a name that no address can hold'
only none
echo '[up](../capsule.yaml), [up](../../../../etc/passwd)' | article up.md
build 0
says 'articles/up.md:5:1: warning: "../capsule.yaml" leads nowhere'
says 'articles/up.md:5:24: warning: "../../../../etc/passwd" leads nowhere'
only none

# --- a file that changes while it is read: whole, or refused by name
(
	i=0
	while [ -e "$c/articles/sound.md" ]; do
		i=$((i + 1))
		{
			printf -- '---\ntitle: Busy\n---\nBegin %s\n\n' $i
			printf 'Middle %s\n\n%s\n\nEnd %s\n' $i "$long" $i
		} >"$c/articles/busy.md"
	done
) &
writer=$!
n=0
while [ $n -lt 15 ]; do
	n=$((n + 1))
	code=0
	"$QASID" build "$c" --store "$s" 2>"$tmp/err" || code=$?
	[ $code -le 1 ] || fail "exit $code beside a writer"
	whole
	"$QASID" get --store "$s" g/articles/busy.gmi >"$tmp/busy" 2>/dev/null ||
		continue
	[ "$(sed -n 's/^Begin //p' "$tmp/busy")" = \
		"$(sed -n 's/^Middle //p' "$tmp/busy")" ] || {
		kill $writer
		fail 'a mix of two states'
	}
done
kill $writer
wait $writer 2>/dev/null || true
only none
build 0

# --- a disk that is full in mid-build
i=0
while [ $i -lt 200 ]; do
	echo "Number $i $long $long $long $long" | article "n$i.md"
	i=$((i + 1))
done
before=$("$QASID" get --store "$s" --list | cksum)
for mode in default ignore; do
	(
		[ $mode = default ] || trap '' XFSZ
		cd "$tmp"
		ulimit -f $(($(wc -c <"$s/data.mdb") / 512 + 40))
		code=0
		"$QASID" build "$c" --store "$s" 2>"$tmp/err" || code=$?
		[ $code != 0 ] || fail 'the disk was not full'
	)
	[ "$before" = "$("$QASID" get --store "$s" --list | cksum)" ] ||
		fail 'a full disk changed the store'
	whole
done
grep -q '^write store' "$tmp/err" || fail 'the full disk is not named'
build 0
"$QASID" get --store "$s" g/articles/n199.gmi | grep -q 'Number 199' ||
	fail 'no build after the full disk'

echo fine
