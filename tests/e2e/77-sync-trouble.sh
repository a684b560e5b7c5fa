#!/bin/sh
# What befalls a mirror between two runs, and in the midst of one: a snapshot
# that is replaced while a first copy is under way, signals, a script that is
# killed alone, damage on its own disk, a source that talks without end or in
# control codes, keys that change twice.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
parts() { find "$tmp/$1/state/$2" -name '0*' 2>/dev/null | wc -l; }
spent() { tail -n 1 "$tmp/$1/state/log" | sed 's/.* bytes \([0-9]*\) .*/\1/'; }
from() { # from MIRROR SOURCE [LINES]: a mirror that follows a folder
	settings "$1" 1 "source $2
${3-}"
}
snapped() { sed -n 's/^snap \([0-9]*\) .*/\1/p' "$1/.sync/since/0"; }

tree=$tmp/tree
mkdir -p "$tree/pages" "$tree/files"
printf -- '---\ntitle: About\n---\nAbout us.\n' >"$tree/pages/about.md"
for i in 1 2 3 4 5 6; do seq $i 300 >"$tree/files/$i.txt"; done
head -c 1200000 /dev/urandom >"$tree/files/old.bin"
tree_publish "$tree" "$tmp/store"
dump "$tmp/store" "$tmp/one"
[ "$(snapped "$tmp/one")" = 1 ] || fail 'no first snapshot'

# --- A new snapshot in the midst of a first copy: what is held is gone on with.
from a "$tmp/one" 'budget-run 1000000'
mirror 75 budget a
held=$(parts a stage/snap/1)
[ "$held" -ge 2 ] || fail "$held parts held"
cp -a "$tmp/a" "$tmp/b"
cp -a "$tmp/a" "$tmp/c"
head -c 150000 /dev/urandom >"$tree/files/new.bin"
tree_publish "$tree" "$tmp/store"
dump "$tmp/store" "$tmp/two"
[ "$(snapped "$tmp/two")" = 2 ] || fail 'no second snapshot'
from a "$tmp/two"
sed 's/^dir .*//' "$tmp/a.conf" >"$tmp/b.conf"
echo "dir $tmp/b" >>"$tmp/b.conf"
cp "$tmp/a.conf" "$tmp/a2.conf"
would=$(sh "$sync" -c "$tmp/b.conf" -n | sed 's/ .*//')
mirror 0 '' a
same "$tree" "$tmp/a/content"
[ "$(spent a)" -lt 800000 ] || fail "began again: $(spent a) bytes"
[ "$(parts a answers/snap/1)" -ge 4 ] || fail 'the old snapshot is not kept'
[ ! -e "$tmp/a/state/answers/snap/2" ] || fail 'half a snapshot is kept'
off=$(($(spent a) - would))
[ "${off#-}" -lt 10000 ] || fail "would be $would, was $(spent a)"
# Where the source has thrown the old one away, the new one is taken.
rm -r "$tmp/two/.sync/snap/1"
from b "$tmp/two"
mirror 0 '' b
same "$tree" "$tmp/b/content"
# A held list or head that the disk has changed is not believed.
cp "$tmp/one/.sync/snap/1/"0* "$tmp/two/.sync/snap/2/" 2>/dev/null
dump "$tmp/store" "$tmp/two"
flip "$tmp/c/state/stage/snap/1/list" 40
from c "$tmp/two"
mirror 0 '' c
same "$tree" "$tmp/c/content"

# --- A mirror of a mirror that is at another serial than its snapshot: parts and
# deltas, not file by file; nothing is brought to say so.
"$QASID" build --store "$tmp/a.store" --sync-from "$tmp/a" "$tmp/a/content" \
	>"$tmp/build.log" 2>&1 || [ $? = 1 ] || fail "$(cat "$tmp/build.log")"
dump "$tmp/a.store" "$tmp/relay"
[ -e "$tmp/relay/.sync/snap/head" ] || fail 'no word of the snapshot'
[ -e "$tmp/relay/.sync/since/1" ] || fail 'no delta from the snapshot'
[ ! -e "$tmp/relay/.sync/snap/2" ] || fail 'what it never had is served'
from d "$tmp/relay"
rm -r "$tmp/relay/.sync/f"
mirror 0 ' bytes would come' d -n
[ "$(parts d stage/snap)" = 0 ] || fail 'a dry run brought parts'
mirror 0 '' d
same "$tree" "$tmp/d/content"
cmp "$tmp/d/state/head" "$tmp/two/.sync/since/0" || fail 'not at the newest'
# Another's head under that name is not believed.
dump "$tmp/a.store" "$tmp/relay"
flip "$tmp/relay/.sync/snap/head" 60
from e "$tmp/relay"
mirror 0 '' e
same "$tree" "$tmp/e/content"
# Without any snapshot: by file, and a dry run brings none.
rm -r "$tmp/relay/.sync/snap"
from e2 "$tmp/relay"
mirror 0 '1[0-9]\{6\} bytes would come' e2 -n
[ -z "$(ls "$tmp/e2/state/stage/obj")" ] || fail 'a dry run brought files'
mirror 0 '' e2
same "$tree" "$tmp/e2/content"

# --- The mirror's own disk: a manifest, a head of it, a staged content.
cp "$tmp/a/state/manifest" "$tmp/manifest"
flip "$tmp/a/state/manifest" 70
mirror 0 '' a2
cmp "$tmp/manifest" "$tmp/a/state/manifest" || fail 'the manifest is not mended'
[ "$(spent a)" -lt 3000 ] || fail "to mend it cost $(spent a)"
: >"$tmp/a/state/manifest"
mirror 0 '' a2 --verify
cmp "$tmp/manifest" "$tmp/a/state/manifest" || fail 'the manifest is not mended'
same "$tree" "$tmp/a/content"
rm "$tmp/a/content/files/3.txt"
mkdir -p "$tmp/a/state/stage/obj"
echo rubbish >"$tmp/a/state/stage/obj/$(sha256sum "$tree/files/3.txt" | cut -c1-64)"
mirror 0 '' a2 --verify
same "$tree" "$tmp/a/content"

# A folder in place of a file gives way.
rm "$tmp/a/content/files/3.txt"
mkdir -p "$tmp/a/content/files/3.txt/in it"
echo stray >"$tmp/a/content/files/3.txt/in it/too"
mirror 0 '' a2 --verify
same "$tree" "$tmp/a/content"

# --- Signals.  TERM ends a run at once, with its helper and their children.
serve origin "$tmp/store"
slow() { # slow MIRROR: its run, which would take a minute, in $run
	settings "$1" "$origin_gemini" 'rate 20000'
	sed -i '/^store /d' "$tmp/$1.conf"
	sh "$sync" -c "$tmp/$1.conf" >"$tmp/out" 2>"$tmp/err" &
	run=$!
	until [ -e "$tmp/$1/state/stage/snap/2/list" ]; do
		kill -0 "$run" || fail "$1: $(cat "$tmp/err")"
	done
	helper=$(cat "/proc/$run/task/$run/children")
}
slow term
code=0
kill "$run"
wait "$run" || code=$?
[ $code = 75 ] || fail "stopped by TERM: exit $code"
grep -q 'stopped by a signal' "$tmp/err" || fail "$(cat "$tmp/err")"
[ "$(spent term)" -gt 0 ] || fail 'what a stopped run brought is not counted'
flock -w 20 "$tmp/term/state/lock" true || fail 'a helper is left'
# A script that is killed alone leaves its helper at work, under the lock.
slow kill
kill -9 "$run"
wait "$run" || true
mirror 0 '' kill
[ ! -e "$tmp/kill/state/head" ] || fail 'two runs at a time'
mirror 75 'another run' kill -n
# shellcheck disable=SC2086 # a list
kill $helper
flock -w 20 "$tmp/kill/state/lock" true || fail 'a helper is left'
brought=$(od -An -tu8 "$tmp/kill/state/spending" | tr -d ' ')
[ "$brought" -gt 0 ] || fail 'what a killed run brought is not counted'
mirror 0 ' bytes would come' kill -n
[ "$(sed 's/.* //' "$tmp/kill/state/month")" -ge "$brought" ] ||
	fail 'what a killed run brought is not in the month'
sed -i '/^rate/d' "$tmp/kill.conf"
mirror 0 '' kill
same "$tree" "$tmp/kill/content"

# --- A source without end, or in control codes.
mkdir "$tmp/www"
fake() { # fake NAME ARGS...: its port in $fake
	name=$1
	shift
	"$BUILD/e2e/fakepeer" "$tmp/$name.port" "$tmp/www" "$@" 2>/dev/null &
	pids="$pids $!"
	until [ -s "$tmp/$name.port" ]; do :; done
	fake=$(cat "$tmp/$name.port")
}
fake tls "$tmp/certs/$site.crt" "$tmp/certs/$site.key"
tls=$fake
fake plain
plain=$fake
header='20 application/octet-stream\r\n'
endless() { head -c 3000000 /dev/zero | tr '\0' x; }
{
	# shellcheck disable=SC2059 # a format
	printf "$header"'qasid-sync 1 '
	endless
} >"$tmp/www/0"
settings liar "$tls"
mirror 65 '' liar
[ "$(spent liar)" -lt 100000 ] || fail "$(spent liar) bytes of no head"
# A good head, and a delta that claims more than any can have.
cp -a "$tmp/a" "$tmp/liar.a"
serial=$(sed -n 's/^serial //p' "$tmp/a/state/head")
echo more >>"$tree/files/1.txt"
tree_publish "$tree" "$tmp/store"
"$QASID" get --store "$tmp/store" "g/.sync/since/0" >"$tmp/new.head"
{
	# shellcheck disable=SC2059
	printf "$header"
	cat "$tmp/new.head"
	printf 'delta %s %s 1000 200000000\nto %064d\nsig %s==\n' "$serial" \
		"$((serial + 1))" 7 "$(head -c 86 /dev/zero | tr '\0' A)"
	endless
} | tr -d '\000' >"$tmp/www/$serial"
settings liar.a "$tls"
sed -i '/^store /d' "$tmp/liar.a.conf"
mirror 75 'not to be believed' liar.a
[ "$(spent liar.a)" -lt 100000 ] || fail "$(spent liar.a) bytes of a lie"
same "$tmp/a/content" "$tmp/liar.a/content"
# What a server says cannot move the terminal, not by way of the shell either.
printf '3\\033[31mred\\ngreen\t\terr\t70\r\n.\r\n' >"$tmp/www/0"
settings rude 1 "source gopher://$site:$plain
connect 127.0.0.1:$plain"
mirror 65 'red' rude
esc=$(printf '\033')
! grep -q "$esc" "$tmp/err" "$tmp/rude/state/log" || fail 'an escape came through'
[ "$(wc -l <"$tmp/err")" = 1 ] || fail 'a line was made of a server'"'"'s words'

# --- A delta that the link always cuts: the files come by themselves.
mkdir "$tmp/cuts"
cp -a "$tree" "$tmp/cuts/tree"
for i in 1 2 3; do head -c 300000 /dev/urandom >"$tmp/cuts/tree/$i.bin"; done
cp -a "$tmp/store" "$tmp/cuts/store"
at=$("$QASID" get --store "$tmp/store" g/.sync/since/0 |
	sed -n 's/^serial //p')
dump "$tmp/store" "$tmp/cuts/before"
tree_publish "$tmp/cuts/tree" "$tmp/cuts/store"
dump "$tmp/cuts/store" "$tmp/cuts/after"
cut=$tmp/cuts/after/.sync
[ "$(wc -c <"$cut/since/$at")" -gt 900000 ] || fail 'a small delta'
for way in gemini gopher; do
	from cut "$tmp/cuts/before"
	rm -rf "$tmp/cut" "$tmp/cut.store" "$tmp/www"/*
	mirror 0 '' cut
	end='' head=''
	if [ $way = gemini ]; then end=.cut head=$header; fi
	# No snapshot is there.
	if [ $way = gemini ]; then
		printf '51 none\r\n' >"$tmp/www/list"
	else
		printf '3none\t\terr\t70\r\n.\r\n' >"$tmp/www/list"
	fi
	cp "$tmp/www/list" "$tmp/www/head"
	# shellcheck disable=SC2059 # a format
	for f in since/0 manifest f/1.bin f/2.bin f/3.bin; do
		{
			printf "$head"
			cat "$cut/$f"
		} >"$tmp/www/${f#*/}"
	done
	# shellcheck disable=SC2059 # a format
	{
		printf "$head"
		head -c 400000 "$cut/since/$at"
	} >"$tmp/www/$at$end"
	if [ $way = gemini ]; then
		settings cut "$tls"
	else
		settings cut 1 "source gopher://$site:$plain
connect 127.0.0.1:$plain"
	fi
	mv "$tmp/www/2.bin" "$tmp/2.bin"
	head -c 200000 "$tmp/2.bin" >"$tmp/www/2.bin$end"
	mirror 75 '' cut # a file is cut too; the others stay
	rm "$tmp/www/2.bin$end"
	mv "$tmp/2.bin" "$tmp/www/2.bin"
	mirror 0 '' cut
	same "$tmp/cuts/tree" "$tmp/cut/content"
	[ "$(spent cut)" -lt 700000 ] ||
		fail "$way: $(spent cut) bytes: the delta, or a file, again"
	# A head that is cut is 75 over either.
	head -c 200 "$tmp/www/0" >"$tmp/www/$((at + 1))$end"
	mirror 75 '' cut
done

# --- Parts in flight: four, and no more.
mkdir "$tmp/bin"
real=$(command -v rsync)
cat >"$tmp/bin/rsync" <<END
#!/bin/sh
[ "\$1" != --server ] || exec "$real" "\$@"
name=\$(tr -d '\\000')
case \$name in snap/*/0*)
	echo + >>"$tmp/flights"
	i=0
	while [ \$i -lt 3000 ] && [ "\$(grep -c + "$tmp/flights")" -lt 4 ]; do
		i=\$((i + 1))
	done
	printf '%s\\0' "\$name" | "$real" "\$@"
	code=\$?
	echo - >>"$tmp/flights"
	exit \$code
	;;
esac
printf '%s\\0' "\$name" | exec "$real" "\$@"
END
printf '#!/bin/sh\nshift\nexec "$@"\n' >"$tmp/rsh"
chmod +x "$tmp/bin/rsync" "$tmp/rsh"
dump "$tmp/store" "$tmp/three"
from flight "localhost:$tmp/three/.sync"
RSYNC_RSH="$tmp/rsh" PATH="$tmp/bin:$PATH" mirror 0 '' flight
same "$tree" "$tmp/flight/content"
most=$(awk '/\+/ { if (++n > most) most = n } /-/ { n-- } END { print most }' \
	"$tmp/flights")
[ "$most" = 4 ] || fail "$most parts in flight"

# --- Disk: what cannot be made is 73.
from disk "$tmp/three"
mkdir -p "$tmp/disk/state/lock"
mirror 73 'cannot write' disk
rm -r "$tmp/disk"
echo >"$tmp/disk"
mirror 73 'cannot make' disk

rm "$tmp/disk"
echo >"$tmp/disk.store"
mirror 73 'cannot make' disk
rm "$tmp/disk.store"

# --- What the settings name wrongly is 78, a stick that is not there 75.
for bad in 'source http://x/' 'source gemini://' 'source stick' \
	'source gemini://x:99999'; do
	settings wrong 1
	sed -i "s|^source .*|$bad|" "$tmp/wrong.conf"
	mirror 78 '' wrong
done
settings wrong 99999
sed -i 's|^source .*|source gemini://x|' "$tmp/wrong.conf"
mirror 78 99999 wrong
from wrong "$tmp/nowhere"
mirror 75 'nowhere' wrong
mkdir "$tmp/empty"
from wrong "$tmp/empty"
mirror 75 'holds no .sync' wrong
sed 's/$/\r/' "$tmp/a.conf" >"$tmp/crlf.conf"
mirror 78 'crlf.conf: .*CR' crlf
# What a run that was killed left is cleared away.
touch "$tmp/a/state/out.123" "$tmp/a/state/err.123"
mirror 0 '' a2
if [ -e "$tmp/a/state/out.123" ] || [ -e "$tmp/a/state/err.123" ]; then
	fail 'out and err of a run that was killed'
fi

# --- The key changes twice; the settings have the first one all the while.
cp "$tmp/a.conf" "$tmp/rot.conf"
sed -i "s|^dir .*|dir $tmp/rot|; s|^source .*|source $tmp/rot.stick|" \
	"$tmp/rot.conf"
dump "$tmp/store" "$tmp/rot.stick"
mirror 0 '' rot
for k in 2 3; do
	"$QASID" sync key new "$tmp/key$k" >"$tmp/key$k.pub"
	tree_publish "$tree" "$tmp/store" --next "$tmp/key$k"
	dump "$tmp/store" "$tmp/rot.stick"
	mirror 0 '' rot
	cp "$tmp/key$k" "$tmp/key"
	tree_publish "$tree" "$tmp/store"
	dump "$tmp/store" "$tmp/rot.stick"
	mirror 0 '' rot
	echo "under key $k" >>"$tree/files/2.txt"
	tree_publish "$tree" "$tmp/store"
	dump "$tmp/store" "$tmp/rot.stick"
	mirror 0 '' rot
	same "$tree" "$tmp/rot/content"
done
# Signed anew, without a change: who begins now knows the last key alone, and
# needs deltas that were made before it.
"$QASID" sync key new "$tmp/key4" >"$tmp/key.pub"
cp "$tmp/key4" "$tmp/key"
tree_publish "$tree" "$tmp/store"
grep -q '^resigned' "$tmp/publish.out" || fail "$(cat "$tmp/publish.out")"
dump "$tmp/store" "$tmp/rot.stick"
from fresh "$tmp/rot.stick"
mirror 0 '' fresh
same "$tree" "$tmp/fresh/content"
# A new key in the settings is the operator's word.
mirror 65 'no key that is trusted' rot
sed -i "s|^key .*|key $(cat "$tmp/key.pub")|" "$tmp/rot.conf"
mirror 0 '' rot
echo 'sync-trouble: fine'
