#!/bin/sh
# What a mirror refuses though it is signed (a stolen key, a publisher gone
# wrong): paths that climb, hide or clash, and bombs; and answers that are cut
# off or never end on the wire.  Each by its exit code, the live tree untouched.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

mkdir -p "$tmp/tree/articles"
for i in 1 2 3; do seq $i 300 >"$tmp/tree/articles/$i.md"; done
tree_publish "$tmp/tree" "$tmp/store"
dump "$tmp/store" "$tmp/good"
fetch 0 '^staged 1 ' "$tmp/m" "$tmp/good"
"$QASID" sync switch --dir "$tmp/m" >/dev/null
cp -r "$tmp/tree" "$tmp/before"
untouched() { same "$tmp/before" "$tmp/m/content"; }
untouched
bad() { # bad TREE-HASH FILES BYTES: since/1 of $tmp/bad, from list and content
	mkdir -p "$tmp/bad/.sync/since"
	"$BUILD/e2e/badorigin" "$tmp/key" "$site" 1 "$tmp/list" "$tmp/content" \
		"$@" >"$tmp/bad/.sync/since/1" || fail badorigin
	cp "$tmp/bad/.sync/since/1" "$tmp/answer"
}
zeros=$(printf %064d 0)

# The same change by a good path is taken up to its switch: so it is the path
# that the others are refused for.
printf 'x' >"$tmp/content"
printf '+ 1 good\n\n' >"$tmp/list"
{
	(cd "$tmp/tree" && find . -type f) | sed 's|^\./||' | while read -r f; do
		echo "$(sha256sum <"$tmp/tree/$f" | cut -d ' ' -f 1)" \
			"$(wc -c <"$tmp/tree/$f") $f"
	done
	echo "$(printf x | sha256sum | cut -d ' ' -f 1) 1 good"
} | LC_ALL=C sort -k 3 >"$tmp/manifest"
tree=$(sha256sum <"$tmp/manifest" | cut -d ' ' -f 1)
tree_bytes=$(awk '{ n += $2 } END { print n }' "$tmp/manifest")
bad "$tree" 4 "$tree_bytes"
cp -r "$tmp/m" "$tmp/m2"
fetch 0 '^staged 2 4 ' "$tmp/m2" "$tmp/bad"
[ ! -e "$tmp/outside" ] || fail 'a file outside'

paths=0
while IFS= read -r path; do
	# shellcheck disable=SC2059 # with its escapes
	printf "+ 1 $path\n\n" >"$tmp/list"
	bad "$zeros" 10 5000
	fetch 65 '' "$tmp/m" "$tmp/bad"
	if [ -e "$tmp/outside" ] || [ -e "$tmp/m/outside" ]; then
		fail "written by $path"
	fi
	untouched
	rm -rf "$tmp/m/state/stage"
	paths=$((paths + 1))
done <<'END'
../outside
../../outside
articles/../../outside
/etc/outside
./outside
.hidden
articles/.hidden
-dash
articles//outside
articles/
 blank
blank\040
back\\\\slash
new\001line
\303\050
e\314\201
\342\200\256odd
articles/1.md/below
ARTICLES/1.md
articles
END
[ $paths = 20 ] || fail "$paths paths"

# Bombs: far more than the head allows, in the contents and in the list.
head -c 60000000 /dev/zero >"$tmp/content"
printf '+ 60000000 bomb\n\n' >"$tmp/list"
bad "$zeros" 10 5000
fetch 65 'more bytes than the head allows' "$tmp/m" "$tmp/bad"
printf '+ 900 bomb\n\n' >"$tmp/list"
bad "$zeros" 10 5000
[ "$(wc -c <"$tmp/answer")" -lt 100000 ] || fail 'a bomb of its full size'
fetch 65 '' "$tmp/m" "$tmp/bad"
head -c 500000 /dev/zero | tr '\0' '\n' >"$tmp/list"
printf 'x' >"$tmp/content"
bad "$zeros" 10 5000
fetch 65 '' "$tmp/m" "$tmp/bad"
awk 'BEGIN { for (i = 0; i < 30; i++) printf "+ 1 f%02d\n", i; print "" }' \
	</dev/null >"$tmp/list"
printf 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' >"$tmp/content"
bad "$zeros" 10 5000
fetch 65 '' "$tmp/m" "$tmp/bad" # 30 files where the head says ten
untouched
[ "$(du -sk "$tmp/m" | cut -f 1)" -lt 2000 ] || fail 'a bomb was unpacked'

# On the wire: cut without close_notify, reset, a byte at a time, silent.
printf '+ 1 good\n\n' >"$tmp/list"
printf 'x' >"$tmp/content"
bad "$tree" 4 "$tree_bytes"
mkdir "$tmp/www"
wire() { # wire BYTES END CODE WORDS: so much of the answer, ended so
	rm -f "$tmp/www"/* "$tmp/fake.port"
	{
		printf '20 application/octet-stream\r\n'
		head -c "$1" "$tmp/answer"
	} >"$tmp/www/1$2"
	"$BUILD/e2e/fakepeer" "$tmp/fake.port" "$tmp/www" \
		"$tmp/certs/$site.crt" "$tmp/certs/$site.key" &
	fake=$!
	pids="$pids $fake"
	until [ -s "$tmp/fake.port" ]; do
		kill -0 $fake || fail 'fakepeer died'
	done
	port=$(cat "$tmp/fake.port")
	rm -rf "$tmp/m/state/stage"
	fetch "$3" "$4" "$tmp/m" "gemini://$site:$port" --idle-timeout 1 \
		--connect "127.0.0.1:$port" --known "$tmp/known"
	kill $fake
	wait $fake 2>/dev/null || true
	untouched
}
all=$(wc -c <"$tmp/answer")
head=$(awk '{ n += length($0) + 1 } /^$/ { print n; exit }' "$tmp/answer")
wire "$all" '' 0 '^staged 2'
wire "$all" .drip 0 '^staged 2'
wire "$all" .cut 75 'ended too early'
wire "$all" .rst 75 ''
wire "$all" .stall 75 ''
for at in 0 100 "$head" $((head + 100)) $((all - 1)); do
	wire "$at" .cut 75 ''
	wire "$at" '' 65 '' # ended in good order, and yet not whole
done
echo "sync-hostile: $paths paths, fine"
