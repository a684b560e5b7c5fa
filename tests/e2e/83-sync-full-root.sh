#!/bin/sh
# A mirror on a full disk: nothing of the live tree is touched, the exit code
# says what it was, and room makes it good.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

mkdir "$tmp/small"
mount -t tmpfs -o size=40m none "$tmp/small" 2>/dev/null || {
	echo 'not run: no right to mount a small disk'
	exit 77
}
trap 'umount "$tmp/small"; cleanup' EXIT
small() { df --output=avail -B1 "$tmp/small" | tail -n 1; }
fill() { # fill BYTES: leaves so many
	head -c $(($(small) - $1)) /dev/zero >"$tmp/small/filler"
}

mkdir -p "$tmp/words/articles"
i=0
while [ $i -lt 80 ]; do
	{
		printf -- '---\ntitle: Article %s\n---\n' $i
		seq -f "word${i}x%g" 9000
	} >"$tmp/words/articles/$i.md"
	i=$((i + 1))
done
tree_publish "$tmp/words" "$tmp/words.store"
dump "$tmp/words.store" "$tmp/words.stick"

# The mirror's disk, in the midst of a first copy.
fill 100000
fetch 74 'No space left' "$tmp/small/m" "$tmp/words.stick"
rm "$tmp/small/filler"
fill 5000000
fetch 74 'do not fit on the disk' "$tmp/small/m" "$tmp/words.stick"
[ -z "$(ls "$tmp/small/m/content")" ] || fail 'written on a full disk'
rm "$tmp/small/filler"
fetch 0 '^staged 1' "$tmp/small/m" "$tmp/words.stick"
"$QASID" sync switch --dir "$tmp/small/m" >/dev/null
same "$tmp/words" "$tmp/small/m/content"

# The store's disk alone: 74, not the data; and room makes it good.
rm -rf "$tmp/small"/*
settings full 1 "source $tmp/words.stick"
sed -i "s|^store .*|store $tmp/small/store|" "$tmp/full.conf"
fill 12000000
mirror 74 'No space left' full
rm "$tmp/small/filler"
mount -o remount,size=200m "$tmp/small"
mirror 0 '' full
same "$tmp/words" "$tmp/full/content"

# The mirror's disk, so full that not even the reason fits.
rm -rf "$tmp/small"/*
settings tiny 1 "source $tmp/words.stick"
sed -i "s|^dir .*|dir $tmp/small/m|" "$tmp/tiny.conf"
mkdir -p "$tmp/small/m/state"
: >"$tmp/small/m/state/lock"
cat /dev/zero >"$tmp/small/filler" 2>/dev/null || true
mirror 74 'disk' tiny
[ "$(wc -l <"$tmp/err")" = 1 ] || fail "$(cat "$tmp/err")"
echo 'sync-full: fine'
