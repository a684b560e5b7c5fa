#!/bin/sh
# qasid-sync over each transport, Gemini, Gopher, rsync and a folder: what would
# come, a first copy in many runs under a budget, each kept serial to the newest
# one, a chain, repair, the rate, the trace, a mirror of the mirror.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
printf '#!/bin/sh\nshift\nexec "$@"\n' >"$tmp/rsh"
chmod +x "$tmp/rsh"
RSYNC_RSH=$tmp/rsh
export RSYNC_RSH

# ways NAME STORE: the lines of settings for each transport, in $tmp/NAME.WAY
ways() {
	eval "gemini=\$$1_gemini gopher=\$$1_gopher"
	dump "$2" "$tmp/$1.stick"
	printf 'source gemini://%s:%s\nconnect 127.0.0.1:%s\n' \
		"$site" "$gemini" "$gemini" >"$tmp/$1.gemini"
	printf 'source gopher://%s:%s\nconnect 127.0.0.1:%s\n' \
		"$site" "$gopher" "$gopher" >"$tmp/$1.gopher"
	echo "source localhost:$tmp/$1.stick/.sync" >"$tmp/$1.rsync"
	echo "source $tmp/$1.stick" >"$tmp/$1.folder"
}
# follow MIRROR ORIGIN WAY [LINES]: settings
follow() {
	settings "$1" 1 "$(cat "$tmp/$2.$3")
${4-}"
}
spent() { # spent MIRROR: bytes of the last run
	tail -n 1 "$tmp/$1/state/log" | sed 's/.* bytes \([0-9]*\) .*/\1/'
}
all="gemini gopher rsync folder"

# A tree with names that a shell, rsync or a URL would take for something else.
tree=$tmp/tree
mkdir -p "$tree/files/sub folder"
for i in 1 2 3 4 5 6 7 8; do seq $i 400 >"$tree/files/$i.md"; done
echo odd >"$tree/files/sub folder/\$(touch $$) * [a] ?%41;'\".md"
echo a >"$tree/files/sub folder/b"
printf 'Urdu\n' >"$tree/files/اردو.md"
: >"$tree/files/empty.md"
mkdir "$tree/pages"
printf -- '---\ntitle: About\n---\nAbout us.\n' >"$tree/pages/about.md"
head -c 900000 /dev/urandom >"$tree/picture.png"
tree_publish "$tree" "$tmp/store"
serve origin "$tmp/store"
ways origin "$tmp/store"
size=$("$QASID" get --store "$tmp/store" --list |
	sed -n 's|^g/.sync/snap/1/0.*|&|p' | wc -l)
[ "$size" -ge 4 ] || fail "a snapshot of $size parts"

for way in $all; do
	# What would come, without its coming.
	follow "$way" origin "$way" 'budget-run 500000'
	mirror 0 '9[0-9]\{5\} bytes would come' "$way" -n
	[ ! -e "$tmp/$way/state/head" ] || fail "$way: a dry run left a head"
	[ -z "$(find "$tmp/$way/state/stage/snap" -name '0*')" ] ||
		fail "$way: a dry run brought parts"
	# In runs of half a megabyte, none of it twice.
	sum=0 runs=0 code=75
	while [ $code = 75 ]; do
		[ $runs -lt 5 ] || fail "$way: no end"
		code=0
		sh "$sync" -c "$tmp/$way.conf" >"$tmp/out" 2>&1 || code=$?
		[ $code = 0 ] || grep -q budget "$tmp/out" ||
			fail "$way: $(cat "$tmp/out")"
		[ "$(spent "$way")" -le 500000 ] || fail "$way: over its budget"
		sum=$((sum + $(spent "$way"))) runs=$((runs + 1))
	done
	case "$code $runs" in
	0\ [2-9]) ;;
	*) fail "$way: $runs runs, exit $code" ;;
	esac
	[ "$sum" -lt 960000 ] || fail "$way: $sum bytes for a first copy"
	same "$tree" "$tmp/$way/content"
	grep -q "^source: $(sed -n 's/^source //p' "$tmp/origin.$way")" \
		"$tmp/$way/state/trace" || fail "$way: no trace"
	follow "$way" origin "$way"
	mirror 0 '' "$way"
	[ "$(spent "$way")" -lt 1000 ] || fail "$way: nothing new is dear"
	# A month's budget counts all runs of it.
	follow "$way" origin "$way" 'budget-month 100000'
	mirror 75 'budget' "$way"
	follow "$way" origin "$way"
done

# Five more serials; a mirror stays at each.
settings at 1 "$(cat "$tmp/origin.gemini")"
sed -i '/^store /d' "$tmp/at.conf"
mirror 0 '' at
n=1
while [ $n -lt 6 ]; do
	rm -rf "$tmp/at.$n"
	cp -a "$tmp/at" "$tmp/at.$n"
	n=$((n + 1))
	seq $n 3 700 >"$tree/files/$((n % 8 + 1)).md"
	echo "$n" >"$tree/files/new $n.md"
	rm -f "$tree/files/new $((n - 2)).md"
	tree_publish "$tree" "$tmp/store"
	mirror 0 '' at
done
same "$tree" "$tmp/at/content"
ways origin "$tmp/store"
n=1
while [ $n -lt 6 ]; do # the first by each way, the others in turn
	case $n in
	1) some=$all ;;
	*) some=$(echo "$all" | cut -d ' ' -f $((n % 4 + 1))) ;;
	esac
	for way in $some; do
		rm -rf "$tmp/one"
		cp -a "$tmp/at.$n" "$tmp/one"
		follow one origin "$way" 'keep no'
		sed -i '/^store /d' "$tmp/one.conf"
		mirror 0 '' one
		same "$tree" "$tmp/one/content"
		[ "$(spent one)" -lt 9000 ] ||
			fail "$way: from $n by $(spent one) bytes"
	done
	n=$((n + 1))
done

for way in $all; do
	mirror 0 '' "$way"
	same "$tree" "$tmp/$way/content"
	# Repair brings what is damaged, and that alone.
	echo damage >>"$tmp/$way/content/files/اردو.md"
	rm "$tmp/$way/content/files/3.md"
	rm "$tmp/$way/content/files/sub folder/"*.md
	mirror 0 '' "$way" --verify
	same "$tree" "$tmp/$way/content"
	[ "$(spent "$way")" -lt 9000 ] || fail "$way: a dear repair"
done

# The rate, of all parts together; a folder is not slowed.
for way in gemini rsync; do
	follow slow origin "$way" 'rate 1500000'
	sed -i '/^store /d' "$tmp/slow.conf"
	rm -rf "$tmp/slow"
	start=$(date +%s%N)
	mirror 0 '' slow
	took=$((($(date +%s%N) - start) / 1000000))
	[ "$took" -ge 400 ] || fail "$way: 950 kB at 1.5 MB/s took $took ms"
done

# A mirror below one of them: it never had the serials in between, and what its
# mirror was given is enough.
serve gemini "$tmp/gemini.store"
ways gemini "$tmp/gemini.store"
for way in gopher folder; do
	follow below gemini "$way"
	rm -rf "$tmp/below" "$tmp/below.store"
	mirror 0 '' below
	same "$tree" "$tmp/below/content"
	cmp "$tmp/below/state/head" "$tmp/at/state/head" || fail "$way: the head"
	[ "$(spent below)" -lt 960000 ] ||
		fail "$way: a mirror's mirror cost $(spent below) bytes"
done
[ ! -e "$$" ] || fail 'a path was run'
echo 'sync-ways: fine'
