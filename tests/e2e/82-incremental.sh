#!/bin/sh
# After any edit the edition is the one that a build from nothing makes: random
# edits of a small capsule, one after another; SEED chooses them.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"
: "${SEED:=$(date +%s)}" "${STEPS:=25}"
echo "SEED=$SEED"
awk -v seed="$SEED" 'BEGIN {
	srand(seed)
	for (i = 0; i < 100000; i++)
		print int(rand() * 1000000)
}' >"$tmp/numbers"
exec 3<"$tmp/numbers"
random() { # random N: sets n, 0 to N - 1
	read -r n <&3
	n=$((n % $1))
}
any_article() { # sets file to one of them
	set -- "$c"/articles/*.md
	random $#
	shift "$n"
	file=$1
}
head_line() { # head_line KEY VALUE: in place of the key's line, if there is one
	sed -i "/^$1: /d" "$file"
	sed -i "1a $1: $2" "$file"
}
some_tags() {
	tags=
	for t in water canal flood grain debt; do
		random 2
		[ "$n" = 0 ] || tags="$tags${tags:+, }$t"
	done
}
write_article() { # write_article NUMBER
	file=$c/articles/a$1.md
	random 2
	lang=$([ "$n" = 0 ] && echo en || echo ur)
	some_tags
	random 19
	cat >"$file" <<END
---
title: Title of $1
date: 202$((1 + $1 % 5))-0$((1 + $1 % 9))-$((n + 10))
lang: $lang
tags: [$tags]
authors: [Author $((n % 3))]
---
Body of $1 and [another](a$(($1 / 2)).md).

## A heading

![A well](well$((n % 2)).png) and [a page](../pages/about.md).
END
}
step() {
	any_article
	random 14
	kind=$n
	case $n in
	0 | 1) echo "Another line, $step." >>"$file" ;;
	2) head_line title "Title in step $step" ;;
	3)
		some_tags
		head_line tags "[$tags]"
		;;
	4)
		random 19
		head_line date "2023-05-$((n + 10))"
		;;
	5) rm "$file" ;;
	6) mv "$file" "$c/articles/moved$step.md" ;;
	7) write_article $((100 + step)) ;;
	8) head_line draft true ;;
	9) head_line aliases "[/old/step-$step]" ;;
	10) head_line withdrawn 2024-01-01 ;;
	11) echo "$step" >>"$c/articles/well$((step % 2)).png" ;;
	12) head_line translation_key "pair$((step % 3))" ;;
	13)
		sed -i '/^title: /d' "$c/capsule.yaml"
		echo "title: Capsule in step $step" >>"$c/capsule.yaml"
		;;
	esac
}
tree() { # tree STORE DIR
	rm -rf "$2"
	"$QASID" export --store "$1" --host h.test "$2" >/dev/null 2>&1 ||
		fail "export of $1"
}

printf 'title: A capsule\nhost: h.test\nlanguages: [en, ur]\n' \
	>"$c/capsule.yaml"
printf -- '---\ntitle: About\n---\nOf [one](../articles/a1.md).\n' \
	>"$c/pages/about.md"
echo 0 >"$c/articles/well0.png"
echo 1 >"$c/articles/well1.png"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do write_article $i; done
build 0 >/dev/null
step=1
while [ "$step" -le "$STEPS" ]; do
	step
	"$QASID" build "$c" --store "$s" >/dev/null 2>"$tmp/err" || :
	rm -rf "$tmp/s2"
	"$QASID" build "$c" --store "$tmp/s2" >/dev/null 2>"$tmp/err" || :
	tree "$s" "$tmp/x1"
	tree "$tmp/s2" "$tmp/x2"
	diff -r -x .qasid-export "$tmp/x1" "$tmp/x2" >"$tmp/diff" || {
		head -n 20 "$tmp/diff"
		fail "step $step, edit $kind of $file, SEED=$SEED"
	}
	step=$((step + 1))
done
[ "$("$QASID" get --store "$s" --list | wc -l)" -gt 100 ] || fail 'no pages'
echo "incremental: $STEPS edits, fine"
