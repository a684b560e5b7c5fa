#!/bin/sh
# shellcheck disable=SC2154 # set by site_lib.sh
# Drill: the content folder as an editor, a file manager or a git pull leaves it
# half-way.  What is half keeps its last good version and is named with its line;
# the others go on; what is no content is not published.
# shellcheck source=tests/e2e/site_lib.sh
. "$TOP/tests/e2e/site_lib.sh"

printf 'title: Capsule\nhost: h.test\n' >"$c/capsule.yaml"
for name in one two three; do
	article $name.md $name 2026-01-01
done
echo picture >"$c/articles/map.png"
echo '![A map](map.png)' >>"$c/articles/three.md"
build 0
"$QASID" get --store "$s" --list >"$tmp/good"
a=$c/articles
as_before() { # one's page is the last good one, and nothing else has changed
	line g/articles/one.gmi 'Body of one.'
	"$QASID" get --store "$s" --list | cmp - "$tmp/good" ||
		fail "another edition"
}

# --- what editors, file managers and git leave lying
cp "$a/one.md" "$tmp/one.md"
for junk in .one.md.swp .one.md.swx one.md~ '#one.md#' one.md.tmp one.md.orig \
	one.md.rej one.md.bak one.md.4711.tmp 4913 .goutputstream-AB \
	.~lock.one.md# .DS_Store Thumbs.db .one.md.un~; do
	cp "$tmp/one.md" "$a/$junk"
done
ln -s user@machine.4711:1 "$a/.#one.md"
mkdir -p "$c/.git/articles" "$a/.git" "$a/.hg"
cp "$tmp/one.md" "$c/.git/articles/x.md"
cp "$tmp/one.md" "$a/.git/x.md"
echo '<<<<<<< HEAD' >"$c/.git/MERGE_MSG"
: >"$c/.git/index.lock"
build 0
as_before
rm -rf "${a:?}"/.[!.]* "${a:?}"/*~ "${a:?}"/#* "$a"/one.md.* "$a/4913" \
	"$c/.git"

# --- one article in every half state
half() { # half WORDS: the file is refused, and named
	build 1
	says "one.md:"
	says "$1"
	as_before
}
: >"$a/one.md"
half 'no title'
head -c 20 "$tmp/one.md" >"$a/one.md"
half 'front matter without its end'
echo '---' >"$a/one.md"
half 'front matter without its end'
head -c 4096 /dev/zero >"$a/one.md" # after a power cut
half 'one.md'
{
	cat "$tmp/one.md"
	printf '<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> origin/main\n'
} >"$a/one.md"
half 'one.md:6:1: a conflict that git left'
sed 's/^title.*/<<<<<<< HEAD\n&\n=======\ntitle: Uno\n>>>>>>> origin\/main/' \
	"$tmp/one.md" >"$a/one.md"
half 'one.md:2:1: a conflict that git left'
chmod 000 "$a/one.md"
if [ "$(id -u)" != 0 ]; then half 'one.md'; fi
chmod 644 "$a/one.md"
# What is about conflicts is none.
{
	cat "$tmp/one.md"
	printf '\n~~~\n<<<<<<< HEAD\n=======\n>>>>>>> x\n~~~\n'
} >"$a/one.md"
build 0
line g/articles/one.gmi '>>>>>>> x'
cp "$tmp/one.md" "$a/one.md"
build 0
as_before

# --- the others go on meanwhile
: >"$a/one.md"
echo 'A word more.' >>"$a/two.md"
build 1
line g/articles/two.gmi 'Body of two. A word more.'
line g/articles/one.gmi 'Body of one.'
cp "$tmp/one.md" "$a/one.md"
build 0
"$QASID" get --store "$s" --list >"$tmp/good"

# --- capsule.yaml, of which the last good one serves, and all of the articles
whole() { # whole WORDS: nothing has changed
	build 1
	says "$1"
	as_before
}
cp "$c/capsule.yaml" "$tmp/capsule.yaml"
: >"$c/capsule.yaml"
whole 'capsule.yaml: not there, or empty: that of the last edition stays'
printf '<<<<<<< HEAD\ntitle: A\n=======\ntitle: B\n>>>>>>> x\n' \
	>"$c/capsule.yaml"
whole 'capsule.yaml:1:1: a conflict that git left'
printf 'title: Capsule\nhost: {h' >"$c/capsule.yaml"
whole 'capsule.yaml:3:'
cp "$tmp/capsule.yaml" "$c/capsule.yaml"
rm "$c/capsule.yaml"
whole 'capsule.yaml: not there, or empty: that of the last edition stays'
cp "$tmp/capsule.yaml" "$c/capsule.yaml"
mv "$a" "$c/articles.old"
whole 'nothing to publish'
mkdir "$a"
whole 'nothing to publish'
rmdir "$a"
mv "$c/articles.old" "$a"
build 0
as_before
echo 'half-written content: nothing lost'
