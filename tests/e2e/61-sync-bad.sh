#!/bin/sh
# What a mirror refuses: changed heads, deltas, lists and parts, cut answers, an
# origin that went back or froze, a wrong clock; and what it warns of: a changed
# certificate.  The live tree stays as it was throughout.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

mkdir -p "$tmp/tree/articles"
i=0
while [ $i -lt 40 ]; do
	seq $i 300 >"$tmp/tree/articles/$i.md"
	i=$((i + 1))
done
head -c 600000 /dev/urandom >"$tmp/tree/picture.png"
tree_publish "$tmp/tree" "$tmp/store"
dump "$tmp/store" "$tmp/one"
fetch 0 '^staged 1 41 ' "$tmp/m" "$tmp/one"
"$QASID" sync switch --dir "$tmp/m" >/dev/null
cp -r "$tmp/tree" "$tmp/before"
untouched() { same "$tmp/before" "$tmp/m/content"; }
untouched

seq 5 5 3000 >"$tmp/tree/articles/7.md"
head -c 3000 /dev/urandom >"$tmp/tree/articles/new.md"
tree_publish "$tmp/tree" "$tmp/store"
dump "$tmp/store" "$tmp/two"
answer=$tmp/two/.sync/since/1
head_len=$(wc -c <"$tmp/two/.sync/since/0")
all_len=$(wc -c <"$answer")
[ "$all_len" -gt $((head_len + 2000)) ] || fail 'a delta of no size'

# unpack CODE FILE: the answer FILE, in a process of its own
unpack() {
	code=0
	"$QASID" sync unpack --dir "$tmp/m" --name "$site" \
		--key "$(cat "$tmp/key.pub")" "$2" >"$tmp/out" 2>"$tmp/err" ||
		code=$?
	[ "$code" = "$1" ] || {
		cat "$tmp/out" "$tmp/err"
		fail "unpack: exit $code, not $1"
	}
}

# Each byte of the head; 200 random bytes of the delta behind it, and of parts
# (50 under the sanitizers, where each takes four times as long); cuts.  SEED
# chooses the bytes.
: "${SEED:=$(date +%s)}"
case $BUILD in */asan) flips=50 ;; *) flips=200 ;; esac
echo "SEED=$SEED"
awk -v seed="$SEED" 'BEGIN {
	srand(seed)
	for (i = 0; i < 1000; i++)
		print int(rand() * 100000000)
}' >"$tmp/numbers"
exec 3<"$tmp/numbers"
at=0
while [ $at -lt "$head_len" ]; do
	cp "$answer" "$tmp/answer"
	flip "$tmp/answer" $at
	unpack 65 "$tmp/answer"
	at=$((at + 1))
done
n=0
while [ $n -lt $flips ]; do
	read -r at <&3
	cp "$answer" "$tmp/answer"
	flip "$tmp/answer" $((head_len + at % (all_len - head_len)))
	unpack 65 "$tmp/answer"
	n=$((n + 1))
done
for at in 0 1 $((head_len - 1)) $((head_len + 1)) $((head_len + 200)) \
	$((all_len - 1)); do
	head -c "$at" "$answer" >"$tmp/answer"
	unpack 65 "$tmp/answer"
done
untouched
printf x | cat "$answer" - >"$tmp/answer"
unpack 65 "$tmp/answer"
# An old delta under the new head, another site, another key.
"$QASID" sync key new "$tmp/other" >"$tmp/other.pub"
fetch 65 'of the site' "$tmp/m" "$tmp/two" --name other.test
cp -r "$tmp/m" "$tmp/m2"
fetch 65 'no key' "$tmp/m2" "$tmp/two" --key "$(cat "$tmp/other.pub")"
untouched
unpack 0 "$answer"
untouched # staged, not switched
rm -r "$tmp/m/state/stage"

# The list and the parts of a snapshot.
parts=$(find "$tmp/one/.sync/snap/1" -name '0*' | wc -l)
[ "$parts" -ge 3 ] || fail "a snapshot of $parts parts"
n=0
while [ $n -lt $flips ]; do
	read -r at <&3
	part=$tmp/one/.sync/snap/1/$(printf %06d $((n % parts)))
	cp "$part" "$tmp/part"
	flip "$part" $((at % $(wc -c <"$part")))
	fetch 65 'not the part that was signed' "$tmp/fresh" "$tmp/one" \
		--jobs 1
	cp "$tmp/part" "$part"
	rm -rf "$tmp/fresh/state/stage"
	n=$((n + 1))
done
cp "$tmp/one/.sync/snap/1/list" "$tmp/list"
flip "$tmp/one/.sync/snap/1/list" 40
fetch 65 'list is not the one that was signed' "$tmp/fresh" "$tmp/one"
cp "$tmp/list" "$tmp/one/.sync/snap/1/list"
[ -z "$(ls "$tmp/fresh/content")" ] || fail 'something was unpacked'
fetch 0 '^staged 1 ' "$tmp/fresh" "$tmp/one"

# What is fetched for a repair is checked as well.
echo x >>"$tmp/m/content/articles/7.md"
cp "$tmp/two/.sync/f/articles/7.md" "$tmp/file"
echo x >>"$tmp/two/.sync/f/articles/7.md"
fetch 65 'another content\|larger than' "$tmp/m" "$tmp/two" --repair
cp "$tmp/file" "$tmp/two/.sync/f/articles/7.md"
cp "$tmp/before/articles/7.md" "$tmp/m/content/articles/7.md"
cp "$tmp/two/.sync/manifest" "$tmp/file"
flip "$tmp/two/.sync/manifest" 60
fetch 65 '' "$tmp/m" "$tmp/two" --repair
cp "$tmp/file" "$tmp/two/.sync/manifest"
untouched

# Forward, then: an origin that went back, one that froze, wrong clocks.
fetch 0 '^staged 2 ' "$tmp/m" "$tmp/two"
"$QASID" sync switch --dir "$tmp/m" >/dev/null
rm -rf "$tmp/before"
cp -r "$tmp/tree" "$tmp/before"
untouched
cp "$tmp/one/.sync/since/0" "$tmp/one/.sync/since/2"
fetch 65 'went back from serial 2 to 1' "$tmp/m" "$tmp/one"
now=$(date +%s)
fetch 0 '^same 2' "$tmp/m" "$tmp/two" --now $((now + 29 * 86400))
fetch 69 'frozen' "$tmp/m" "$tmp/two" --now $((now + 31 * 86400))
fetch 75 'clock is .* behind' "$tmp/m" "$tmp/two" --now 1000000
# Signed anew after a day; the same state under an older head is refused.
tree_publish "$tmp/tree" "$tmp/store" --now $((now + 85900))
grep -q '^resigned 2' "$tmp/publish.out" || fail 'not signed anew'
dump "$tmp/store" "$tmp/three"
fetch 0 '^resigned 2' "$tmp/m" "$tmp/three" --now $((now + 85900))
fetch 65 'older than the one held' "$tmp/m" "$tmp/two"
untouched

# A tree that breaks the path rule is not published.
for bad in .hidden -dash 'back\slash' 'trailing '; do
	echo x >"$tmp/tree/$bad"
	if "$QASID" sync publish --store "$tmp/store" --key "$tmp/key" \
		--name "$site" "$tmp/tree" 2>"$tmp/err"; then
		fail "published: $bad"
	fi
	grep -q 'the path' "$tmp/err" || fail "not named: $(cat "$tmp/err")"
	rm "$tmp/tree/$bad"
done
ln -s /etc/passwd "$tmp/tree/link"
if "$QASID" sync publish --store "$tmp/store" --key "$tmp/key" \
	--name "$site" "$tmp/tree" 2>/dev/null; then
	fail 'published a symbolic link'
fi
rm "$tmp/tree/link"
# A link in the mirror's own folder leads nowhere.
mkdir "$tmp/outside"
mv "$tmp/m/content/articles" "$tmp/elsewhere"
ln -s "$tmp/outside" "$tmp/m/content/articles"
seq 9 >"$tmp/tree/articles/7.md"
tree_publish "$tmp/tree" "$tmp/store" --now $((now + 85901))
dump "$tmp/store" "$tmp/four"
fetch 0 '^staged 3' "$tmp/m" "$tmp/four" --now $((now + 85901))
code=0
"$QASID" sync switch --dir "$tmp/m" >"$tmp/out" 2>&1 || code=$?
[ "$code" = 73 ] || fail "a switch through a link: exit $code"
[ -z "$(ls "$tmp/outside")" ] || fail 'written through a link'
rm "$tmp/m/content/articles"
mv "$tmp/elsewhere" "$tmp/m/content/articles"
"$QASID" sync switch --dir "$tmp/m" >/dev/null || fail 'the switch goes on'
same "$tmp/tree" "$tmp/m/content"

# Over the network: a cut answer is worth another try; a certificate that
# changed is a warning, the signature is the trust.
serve origin "$tmp/store"
fetch 0 '^same 3' "$tmp/m" "gemini://$site:$origin_gemini" \
	--connect "127.0.0.1:$origin_gemini" --known "$tmp/known"
kill "$serve_pid"
wait "$serve_pid" 2>/dev/null || true
rm -r "$tmp/certs"
"$QASID" cert --host "$site" --dir "$tmp/certs" >/dev/null 2>&1
port=$origin_gemini
serve origin "$tmp/store"
sed -i "s/ $port / $origin_gemini /" "$tmp/known"
fetch 0 'warning.*has changed' "$tmp/m" "gemini://$site:$origin_gemini" \
	--connect "127.0.0.1:$origin_gemini" --known "$tmp/known"
fetch 0 '^same 3' "$tmp/m" "gemini://$site:$origin_gemini" \
	--connect "127.0.0.1:$origin_gemini" --known "$tmp/known"
fetch 65 'not the one that was pinned' "$tmp/m" \
	"gemini://$site:$origin_gemini" --pin "$(printf %064d 7)" \
	--connect "127.0.0.1:$origin_gemini"
same "$tmp/tree" "$tmp/m/content"
echo 'sync-bad: fine'
