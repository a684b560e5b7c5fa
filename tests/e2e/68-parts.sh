#!/bin/sh
# A long article in parts: cut at headings, each with its own notes and its
# links; nothing of the whole is missing.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

words='water in the canal comes late and leaves early every other season here'
{
	printf -- '---\ntitle: Long\ndate: 2026-01-01\nattachments: [r.pdf]\n---\nLead.\n'
	for i in 1 2 3 4 5 6; do
		printf '\n## Heading %s\n\nRefers to a note.[^%s]\n\n' "$i" "$i"
		for _ in $(seq 100); do echo "$words"; done
	done
	for i in 1 2 3 4 5 6; do printf '\n[^%s]: Note number %s.\n' "$i" "$i"; done
} >"$c/articles/long.md"
printf '%%PDF-1.4\n' >"$c/articles/r.pdf"
article short.md Short 2026-01-02
build 0
a=articles/long
for p in gmi md; do is "g/$a.$p" "page text/$([ $p = md ] && echo markdown || echo gemini)"; done
is g/$a/all.gmi 'page text/gemini'
is g/$a/part-2.gmi 'page text/gemini'
absent g/$a/part-1.gmi
absent g/articles/short/all.gmi
for f in '' .txt .w40.txt .w0.txt .gmi; do
	[ -n "$(kind "o/$a/part-2$f")" ] || fail "no o/$a/part-2$f"
	[ -n "$(kind "o/$a/all$f")" ] || fail "no o/$a/all$f"
done
parts=$(get g/$a.gmi | sed -n 's/^=> long\/part-2.gmi Part 2 of \([0-9]\): .*/\1/p' |
	head -n 1)
[ "$parts" = 2 ] || fail "$parts parts"
for k in g/$a.gmi g/$a/part-2.gmi; do
	[ "$(get "$k" | wc -c)" -lt 25600 ] || fail "$k is over 25 KiB"
done

# every heading and note once in the parts, in order; a note where it is called
: >"$tmp/all"
get g/$a.gmi >>"$tmp/all"
get g/$a/part-2.gmi >>"$tmp/all"
[ "$(grep '^## Heading' "$tmp/all" | tr -dc 0-9)" = 123456 ] || fail headings
[ "$(grep '^\[[0-9]\] Note' "$tmp/all" | tr -dc 0-9)" = 112233445566 ] ||
	fail notes
for k in g/$a.gmi g/$a/part-2.gmi; do
	[ "$(get "$k" | sed -n 's/^Refers.*\[\([0-9]\)\]/\1/p')" = \
		"$(get "$k" | sed -n 's/^\[\([0-9]\)\] .*/\1/p')" ] ||
		fail "the notes of $k are not those it refers to"
done

# title, contents, the way on and back; the foot at the end
line g/$a.gmi '# Long'
get g/$a.gmi | grep -q '^=> long/all.gmi The whole article (' || fail whole
line g/$a.gmi '=> long/part-2.gmi Next: Part 2 of 2'
line g/$a/part-2.gmi '# Long (Part 2 of 2)'
line g/$a/part-2.gmi '=> ../long.gmi Previous: Part 1 of 2'
line g/$a/part-2.gmi '=> r.pdf r.pdf (PDF, 9 bytes)'
line g/$a/part-2.gmi '=> ../long.md Source'
line g/$a/all.gmi '=> ../long.gmi Contents'
line o/$a '1Next: Part 2 of 2	/articles/long/part-2	h.test	70'
line o/$a/part-2 '1Previous: Part 1 of 2	/articles/long	h.test	70'

# an attachment cannot take the address of a part; others, which were converted
# for its new title first, show the title that stays
printf 'x\n' >"$c/articles/all.gmi"
sed -i 's/\[r.pdf\]/[r.pdf, all.gmi]/; s/^title: .*/title: Longest/' \
	"$c/articles/long.md"
build 1
says '"articles/all.gmi" has the address of a part of this article'
line g/articles/short.gmi '=> long.gmi Previous: Long'
build 1
line g/articles/short.gmi '=> long.gmi Previous: Long'
rm "$c/articles/all.gmi"
sed -i 's/, all.gmi//' "$c/articles/long.md"
build 0
line g/articles/short.gmi '=> long.gmi Previous: Longest'

# a body that changes alone leaves the foot as it is
echo 'More.' >>"$c/articles/short.md"
build 0
line g/articles/short.gmi 'Body of Short. More.'
line g/articles/short.gmi '=> long.gmi Previous: Longest'
sed -i 's/^title: .*/title: Long/' "$c/articles/long.md"
build 0
line g/articles/short.gmi '=> long.gmi Previous: Long'

# shortened, it is one page again, and nobody is told of lost parts
sed -i '/^## Heading 2/,/^## Heading 6/d' "$c/articles/long.md"
build 0
silent 'no longer published'
absent g/$a/part-2.gmi
absent g/$a/all.gmi
echo 'parts: fine'
