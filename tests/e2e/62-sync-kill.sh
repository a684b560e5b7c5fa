#!/bin/sh
# kill -9 at every change of the disk that a switch makes, and at each 5 % of a
# first copy: the next run ends identical to the origin.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks under ptrace
export ASAN_OPTIONS

tree=$tmp/tree
mkdir -p "$tree/articles" "$tree/becomes-file" "$tree/gone/deep"
for i in 1 2 3 4 5 6; do seq $i 200 >"$tree/articles/$i.md"; done
for i in 1 2; do seq $i 50 >"$tree/gone/deep/$i.md"; done
echo file >"$tree/becomes-folder"
echo inner >"$tree/becomes-file/inner"
cp "$tree/articles/1.md" "$tree/articles/twin.md"
tree_publish "$tree" "$tmp/store"
dump "$tmp/store" "$tmp/stick"
fetch 0 '^staged 1' "$tmp/m" "$tmp/stick"
"$QASID" sync switch --dir "$tmp/m" >/dev/null
same "$tree" "$tmp/m/content"
cp -r "$tree" "$tmp/old"

rm -r "$tree/gone" "$tree/becomes-file" "$tree/becomes-folder"
echo now >"$tree/becomes-file"
mkdir "$tree/becomes-folder" "$tree/articles/sub"
echo now >"$tree/becomes-folder/inner"
for i in 2 3; do seq $i 3 300 >"$tree/articles/$i.md"; done
cp "$tree/articles/2.md" "$tree/articles/sub/twin of 2.md"
tree_publish "$tree" "$tmp/store"
dump "$tmp/store" "$tmp/stick"
fetch 0 '^staged 2' "$tmp/m" "$tmp/stick"

# One kill for each change that the switch makes.
n=1
while :; do
	rm -rf "$tmp/k"
	cp -a "$tmp/m" "$tmp/k"
	killed=0
	"$BUILD/e2e/killat" $n "$QASID" sync switch --dir "$tmp/k" \
		>"$tmp/out" 2>"$tmp/err" || killed=$?
	[ "$killed" = 126 ] && {
		echo 'no right to trace'
		exit 77
	}
	if [ "$killed" = 137 ] && [ -e "$tmp/k/state/commit" ]; then
		"$QASID" sync switch --finish --dir "$tmp/k" >"$tmp/out" ||
			fail "the switch killed at $n is not finished"
		grep -q '^finished 2' "$tmp/out" || fail "at $n: $(cat "$tmp/out")"
	elif [ "$killed" = 137 ] && ! grep -q '^serial 2$' "$tmp/k/state/head"; then
		same "$tmp/old" "$tmp/k/content" # not begun
		fetch 0 '^staged 2' "$tmp/k" "$tmp/stick"
		"$QASID" sync switch --dir "$tmp/k" >/dev/null
	fi
	same "$tree" "$tmp/k/content"
	"$QASID" sync verify --quiet --dir "$tmp/k" || fail "verify after $n"
	[ "$killed" = 137 ] || break
	n=$((n + 1))
done
[ "$killed" = 0 ] || fail "the switch that was not killed: exit $killed"
[ $n -gt 30 ] || fail "only $n points"
echo "killed at each of $((n - 1)) points of a switch"

# A first copy over the network, killed with all its children as its parts
# come in, time after time.
head -c 5500000 /dev/urandom >"$tree/large.bin"
tree_publish "$tree" "$tmp/store"
serve origin "$tmp/store"
settings f "$origin_gemini" 'rate 6000000
jobs 1'
sed -i '/^store /d' "$tmp/f.conf"
count() { find "$tmp/f/state/stage/snap" -name '0*' 2>/dev/null | wc -l; }
total=$("$QASID" get --store "$tmp/store" --list |
	grep -c '^g/.sync/snap/3/0')
[ "$total" -ge 20 ] || fail "a snapshot of $total parts"
kills=0 most=0
while [ ! -e "$tmp/f/state/head" ]; do
	setsid sh "$sync" -c "$tmp/f.conf" >/dev/null 2>&1 &
	run=$!
	want=$((most + 1))
	while kill -0 $run 2>/dev/null && [ "$(count)" -lt "$want" ]; do :; done
	if kill -9 "-$run" 2>/dev/null; then
		kills=$((kills + 1))
	fi
	wait $run 2>/dev/null || true
	have=$(count)
	if [ ! -e "$tmp/f/state/head" ] && [ "$have" -lt "$most" ]; then
		fail "$have parts after $most"
	fi
	[ "$have" -lt "$most" ] || most=$have
	[ $kills -lt 200 ] || fail 'no progress'
	[ "$most" -lt "$total" ] || break
done
# While one of the killed still dies it holds the lock, and a run leaves it so.
until [ -e "$tmp/f/state/head" ]; do
	mirror 0 '' f
done
same "$tree" "$tmp/f/content"
[ $kills -ge 10 ] || fail "only $kills kills"
echo "killed $kills times in a first copy of $total parts"
echo 'sync-kill: fine'
