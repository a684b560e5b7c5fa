#!/bin/sh
# The same content gives the same bytes, whatever the locale, the time zone, the
# number of helpers, the order of the folder or the way it was built.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
dump() { # dump STORE: every key with its bytes
	"$QASID" get --store "$1" --list >"$tmp/list"
	cat "$tmp/list"
	cut -f 1 "$tmp/list" | while IFS= read -r k; do
		echo "== $k"
		"$QASID" get --store "$1" "$k"
	done
}
same() { # same STORE WORDS
	dump "$1" >"$tmp/dump"
	cmp "$tmp/dump" "$tmp/want" || fail "$2"
}
cp -r "$TOP/content" "$tmp/c"
"$QASID" build "$tmp/c" --store "$tmp/one" 2>/dev/null
dump "$tmp/one" >"$tmp/want"
[ "$(wc -l <"$tmp/list")" -gt 100 ] || fail 'there is little to compare'

LC_ALL=tr_TR.UTF-8 TZ=Asia/Karachi "$QASID" build "$tmp/c" --store "$tmp/two" \
	--jobs 1 2>/dev/null
same "$tmp/two" 'another locale, zone, number of helpers'

# The files made in another order, with other times and inodes.
mkdir "$tmp/d"
(cd "$tmp/c" && find . -type d | sort -r) | while IFS= read -r d; do
	mkdir -p "$tmp/d/$d"
done
(cd "$tmp/c" && find . -type f | sort -r) | while IFS= read -r f; do
	cp "$tmp/c/$f" "$tmp/d/$f"
	touch -d '2001-02-03 04:05:06' "$tmp/d/$f"
done
TZ=America/Caracas LC_ALL=C "$QASID" build "$tmp/d" --store "$tmp/three" \
	--jobs 7 2>/dev/null
same "$tmp/three" 'another order of the folder'

# Not at once, but file by file.
mkdir -p "$tmp/e"
cp "$tmp/c/capsule.yaml" "$tmp/e"
n=0
(cd "$tmp/c" && find . -type f | sort) >"$tmp/files"
while IFS= read -r f; do
	mkdir -p "$(dirname "$tmp/e/$f")"
	cp "$tmp/c/$f" "$tmp/e/$f"
	n=$((n + 1))
	[ $((n % 5)) -ne 0 ] ||
		"$QASID" build "$tmp/e" --store "$tmp/four" 2>/dev/null || true
done <"$tmp/files"
"$QASID" build "$tmp/e" --store "$tmp/four" 2>/dev/null
same "$tmp/four" 'file by file'
echo fine
