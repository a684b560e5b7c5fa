#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: the store is deleted, truncated or emptied under a running server.  The
# server lives, says what happened, and serves the next edition by itself; every
# command says what is wrong and what to do.
set -eu
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
content=$work/content store=$work/store sock=$work/status
mkdir -p "$content/articles"
{
	printf -- '---\ntitle: Long\ndate: 2026-01-01\n---\n'
	seq 20000 | sed G
} >"$content/articles/long.md"
build() { # build TITLE
	echo "title: $1" >"$content/capsule.yaml"
	"$QASID" build "$content" --store "$store" 2>"$work/said" ||
		fail "no build: $(cat "$work/said")"
}
told() { # WORDS: from here on in the log
	"$slowpeer" await-text "$work/log" "$1" "$pid" || fail "no \"$1\""
}
shows() { # shows TITLE: once it is served
	tries=0
	until "$peer" get gemini "$gemini" "gemini://$host/" 2>/dev/null |
		grep -qx "# $1"; do
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || fail "$1 is not served"
	done
}
status() {
	"$QASID" status --socket "$sock" >"$work/words" ||
		fail 'the status socket is dead'
	kill -0 "$pid" || fail 'the server died of a look at its store'
}
refuses() { # refuses COMMAND...: status 1, and what to do
	code=0
	"$@" >/dev/null 2>"$work/said" || code=$?
	[ $code = 1 ] || fail "$*: $code: $(cat "$work/said")"
	grep -q 'store.*build' "$work/said" || fail "$*: $(cat "$work/said")"
}
commands() {
	refuses "$QASID" get --store "$store" g/articles/long.gmi
	refuses "$QASID" export "$work/out" --store "$store"
	refuses "$QASID" serve --check --store "$store" --host "$host" \
		--certs "$work/certs"
}
build First
serve --set public.gemini=1965 --set status.socket="$sock" --workers 2
shows First

# --- deleted: the edition is served on; the next one, another file, is taken up
rm -rf "$store"
shows First
told 'is gone: its last edition is served until there is another'
commands
status
shows First
build Second
told 'is another one now'
told 'reloaded: 2 workers'
shows Second

# --- truncated: workers end with a word; neither a status nor a reload nor a
# build falls into the hole; deleted and built again it's well
cut() {
	truncate -s $(($(stat -c %s "$store/data.mdb") / 2)) "$store/data.mdb"
}
cut
"$peer" get gemini "$gemini" "gemini://$host/articles/long.gmi" \
	>/dev/null 2>&1 || true
told 'the store was truncated while it was read'
status
: >>"$work/log"
kill -HUP "$pid"
told 'reload failed, all stays as it is: '
status
refuses "$QASID" build "$content" --store "$store"
rm -rf "$store"
build Third
shows Third

# --- emptied, as an editor of disks does; built into as it is
: >"$store/data.mdb"
"$peer" get gemini "$gemini" "gemini://$host/articles/long.gmi" \
	>/dev/null 2>&1 || true
commands
status
build Fourth
shows Fourth

# --- the data alone deleted
rm "$store/data.mdb"
shows Fourth
build Fifth
shows Fifth
stop
echo 'a store lost five times: served again each time'
