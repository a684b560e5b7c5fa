#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: the disk is full wherever something is written.  What was there before
# stays and is served; the message names the file and says why; nothing half is
# left under a name; room makes it good.  (Mirrors: 83-sync-full-root.sh.)
set -eu
. "$TOP/tests/e2e/server.sh"
mkdir "$work/small"
mount -t tmpfs -o size=4m none "$work/small" 2>/dev/null || {
	echo 'not run: no right to mount a small disk'
	exit 77
}
trap '[ -z "$pid" ] || kill "$pid"; umount -l "$work/small"; pid=; clean_up' EXIT
small=$work/small
chmod 755 "$work"
fill_up() { # fill_up BYTES: leaves so many
	rm -f "$small/filler"
	left=$(($(df --output=avail -B1 "$small" | tail -n 1) - $1))
	[ "$left" -le 0 ] || head -c "$left" /dev/zero >"$small/filler"
}
room() {
	rm -f "$small/filler"
}
# full NAME COMMAND...: it fails with status 1, and says which file and why
full() {
	want=$1 code=0
	shift
	"$@" >"$work/out" 2>"$work/said" || code=$?
	[ $code = 1 ] || fail "$* on a full disk: $code: $(cat "$work/said")"
	grep -q "$want.*No space left on device" "$work/said" ||
		fail "$*: no clear word: $(tail -n 3 "$work/said")"
}

# --- an edition: from nothing, then the next one
content=$work/content
mkdir -p "$content/articles"
echo 'title: Capsule' >"$content/capsule.yaml"
article() { # article NAME
	printf -- '---\ntitle: %s\ndate: 2026-01-01\n---\n' "$1" \
		>"$content/articles/$1.md"
	seq -f "$1-%g" 4000 >>"$content/articles/$1.md"
}
article one
build() {
	"$QASID" build "$content" --store "$small/store"
}
for left in 0 12288 70000 300000; do
	fill_up $left
	full 'store' build
	if "$QASID" get --store "$small/store" g/ >"$work/out" 2>/dev/null; then
		fail "an edition out of $left bytes"
	fi
	rm -rf "$small/store"
done
fill_up 300000
full 'store' build
room
build 2>"$work/said" || fail "no edition with room: $(cat "$work/said")"
"$QASID" get --store "$small/store" --list >"$work/before"
for name in two three four; do article $name; done
for left in 0 60000 300000 600000; do
	fill_up $left
	full 'store' build
	"$QASID" get --store "$small/store" --list | cmp - "$work/before" ||
		fail "the edition suffered with $left bytes left"
done
room
build 2>"$work/said" || fail "no second edition: $(cat "$work/said")"
"$QASID" get --store "$small/store" g/articles/four.gmi >/dev/null ||
	fail 'the new article is not there'
set -- "$small/store"/search.*
[ $# -le 2 ] || fail "search indexes are left: $*"

# --- one file each
fill_up 0
full 'small/certs' "$QASID" cert --host "$host" --dir "$small/certs"
[ -z "$(find "$small/certs" -type f -size +0)" ] || fail 'half a certificate'
full 'small/x' "$QASID" export "$small/x" --store "$small/store"
[ -z "$(ls -d "$small"/x* 2>/dev/null)" ] || fail 'half an export'
full 'capsule.yaml' "$QASID" init "$small/site"
mkdir -p "$small/new/articles"
full 'articles/a-title.md' "$QASID" new --content "$small/new" 'A title'
[ -z "$(ls "$small/new/articles")" ] || fail 'half an article'
full 'capsule.yaml' "$QASID" import wordpress \
	"$TOP/tests/import/fifty.xml" "$small/import"
printable() { "$@" >/dev/full; }
full 'write' printable "$QASID" get --store "$small/store" g/
full 'standard output' printable "$QASID" version
full 'standard output' printable "$QASID" import wordpress \
	"$TOP/tests/import/fifty.xml" "$work/import"
room
"$QASID" cert --host "$host" --dir "$small/certs" >/dev/null 2>&1 ||
	fail 'no certificate with room'

# --- a server: its replies, counts, log; readers notice nothing but that a
# reply is not taken
echo 'replies: yes' >>"$content/capsule.yaml"
build 2>"$work/said" || fail "$(cat "$work/said")"
mkdir "$small/counts" "$small/inbox"
[ "$(id -u)" != 0 ] || chown nobody "$small/inbox"
ln -s "$small/store" "$work/store"
ln -s "$small/certs" "$work/certs"
ln -s "$small/log" "$work/log"
serve --set public.gemini=1965 --set "counts=$small/counts" \
	--set "replies.inbox=$small/inbox" --log stderr --workers 1
get() { # get PATH STATUS
	"$peer" get gemini "$gemini" "gemini://$host$1" >"$work/page" ||
		fail "no whole reply: $1"
	grep -q "^$2 " "$work/page" || fail "$1: $(head -n 1 "$work/page")"
}
told() { # WORDS
	"$slowpeer" await-text "$work/log" "$1" "$pid" || fail "no \"$1\""
}
get /articles/one.gmi 20
told ' gemini 20 /articles/one.gmi'
fill_up 0
# The log's last block is filled too.
i=0
while [ $i -lt 60 ]; do
	get "/articles/one.gmi?$i" 20
	get "/a-path-of-nothing-that-fills-the-last-block-of-the-log-soon" 51
	i=$((i + 1))
done
size=$(wc -c <"$small/log")
get '/articles/one/reply?Not%20taken' '4[0-9]'
grep -q 'full\|later' "$work/page" || fail "no word: $(cat "$work/page")"
[ -z "$(ls "$small/inbox")" ] || fail 'half a reply'
before=$(workers)
kill -HUP "$pid"
i=0
until [ "$(workers)" != "$before" ]; do
	i=$((i + 1))
	[ $i -lt 2000 ] || fail 'not reloaded'
done
get /articles/two.gmi 20
[ "$(wc -c <"$small/log")" = "$size" ] || fail 'the disk was not full'
[ -z "$(ls "$small/counts")" ] || fail 'half a file of counts'
room
kill -HUP "$pid"
told 'reloaded: 1 workers'
told 'lines before this were lost'
! grep -q '.qasid: ' "$small/log" || fail 'a line is glued to another'
get '/articles/one/reply?Taken' 20
[ "$(find "$small/inbox" -type f | wc -l)" = 1 ] || fail 'no reply with room'
fill_up 0
get /articles/one.gmi 20
room
get /articles/one.gmi 20
stop
awk '$3 == "/articles/one" { n = $4 } END { exit n < 60 }' \
	"$small"/counts/*.counts || fail "counts are lost"

# Where the log has room, it says what had none.
rm "$work/log"
serve --set public.gemini=1965 --set "counts=$small/counts" --workers 1
get /articles/one.gmi 20
fill_up 0
kill -HUP "$pid"
told 'counts not saved'
grep -q 'counts not saved.*small/counts.*No space left' "$work/log" ||
	fail 'no clear word of the counts'
told 'reloaded: 1 workers'
room
stop
echo 'a full disk: nothing lost'
