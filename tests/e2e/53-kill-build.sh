#!/bin/sh
# kill -9 at many moments of a build: the store holds the old edition or the
# new one, whole, and the next build goes on from it.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
dump() { # dump STORE: every key, and the bytes of some
	"$QASID" get --store "$1" --list || fail "the store $1 cannot be read"
	for k in g/ g/articles/ g/articles/a7.gmi o/articles/a7.txt \
		g/articles/a7/big.bin; do
		"$QASID" get --store "$1" $k | cksum
	done
}
articles() { # articles WORD: forty articles that say it
	i=0
	while [ $i -lt 40 ]; do
		printf -- '---\ntitle: Article %s\ndate: 2026-01-31\n---\n%s %s\n' \
			$i "$1" "$text" >"$c/articles/a$i.md"
		i=$((i + 1))
	done
	echo 'See [this](big.bin).' >>"$c/articles/a7.md"
	head -c 2000000 /dev/zero | tr '\0' "$1" >"$c/articles/big.bin"
}
c=$tmp/c
mkdir -p "$c/articles"
echo 'title: Killed' >"$c/capsule.yaml"
text=$(awk 'BEGIN { for (i = 0; i < 900; i++) printf "word " }')

articles a
"$QASID" build "$c" --store "$tmp/old" 2>/dev/null
dump "$tmp/old" >"$tmp/old.dump"
articles b
cp -r "$tmp/old" "$tmp/new"
start=$(date +%s%N)
"$QASID" build "$c" --store "$tmp/new" 2>/dev/null
took=$((($(date +%s%N) - start) / 1000))
dump "$tmp/new" >"$tmp/new.dump"
! cmp -s "$tmp/old.dump" "$tmp/new.dump" || fail 'the editions are the same'

old=0 new=0 n=0 steps=40
while [ $n -lt $steps ]; do
	rm -rf "$tmp/s"
	cp -r "$tmp/old" "$tmp/s"
	after=$(printf '0.%06d' $((took * n * 14 / steps / 10 + 1)))
	timeout -s KILL "$after" "$QASID" build "$c" --store "$tmp/s" \
		2>/dev/null || true
	dump "$tmp/s" >"$tmp/dump"
	if cmp -s "$tmp/dump" "$tmp/old.dump"; then
		old=$((old + 1))
	elif cmp -s "$tmp/dump" "$tmp/new.dump"; then
		new=$((new + 1))
	else
		diff "$tmp/dump" "$tmp/new.dump" | head -5
		fail "killed after $after s: neither edition"
	fi
	"$QASID" build "$c" --store "$tmp/s" 2>"$tmp/err" || {
		cat "$tmp/err"
		fail "killed after $after s: no build after it"
	}
	dump "$tmp/s" | cmp -s - "$tmp/new.dump" ||
		fail "killed after $after s: the next build is another"
	n=$((n + 1))
done
[ $old -gt 0 ] || fail 'no build was killed in time'
echo "old edition $old times, new one $new times"
