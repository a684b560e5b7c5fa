#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: the clock is wrong, or a certificate has ended.  No edition loses what
# it had, feeds know no clock, the server serves on and says what is the matter,
# our own client tells a wrong clock from an ended certificate.
set -eu
. "$TOP/tests/e2e/server.sh"
now=$(date +%s)
clock=$BUILD/faults/qasid-clock
past=$((1000 - now)) future=3155760000 # 1970, in a hundred years
day=864000
chmod 755 "$work"

content=$work/content
mkdir -p "$content/articles"
printf 'title: Capsule\nhost: %s\n' "$host" >"$content/capsule.yaml"
article() { # article NAME PUBLISHDATE
	printf -- '---\ntitle: %s\ndate: 2026-01-01\npublishDate: %s\n---\nText.\n' \
		"$1" "$2" >"$content/articles/$1.md"
}
tomorrow=$(date -u -d '+2 days' +%F)
article out "$(date -u -d '-2 days' +%F)"
article embargo "$tomorrow"
build() { # build OFFSET: after an edit
	echo More. >>"$content/articles/out.md"
	QASID_TEST_CLOCK=$1 "$clock" build "$content" --store "$work/store" \
		2>"$work/said" || fail "no build: $(cat "$work/said")"
}
has() { # has ARTICLE...
	"$QASID" get --store "$work/store" --list >"$work/list"
	grep -o '^g/articles/[a-z]*\.gmi' "$work/list" |
		sed 's|.*/||; s|\.gmi||' | sort | tr '\n' ' ' >"$work/has"
	[ "$(cat "$work/has")" = "$* " ] || fail "published: $(cat "$work/has")"
}
feeds() {
	for key in g/atom.xml o/new.txt g/new.gmi; do
		"$QASID" get --store "$work/store" $key
	done
}
warned() {
	grep -q "warning: this machine's clock says $1.*last edition is of" \
		"$work/said" || fail "no word of the clock: $(cat "$work/said")"
}
build 0
has out
feeds >"$work/feeds"
# Twice: the wrong time is not taken for that of an edition.
for _ in 1 2; do
	build $past
	warned 1970-01-01
	has out
	feeds | cmp - "$work/feeds" || fail 'a feed knows the clock'
done
build 0
! grep -q warning "$work/said" || fail "a right clock: $(cat "$work/said")"

# --- the server: the clock behind, the certificate ended
mkdir "$work/certs"
(
	cd "$work/certs"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$host.key" -out "$host.crt" -days 2 -subj "/CN=$host" \
		-addext "subjectAltName=DNS:$host" 2>/dev/null
)
mkdir "$work/bin"
ln -s "$clock" "$work/bin/qasid"
real=$BUILD
drill() { # drill OFFSET LOG STATUS CLIENT
	export QASID_TEST_CLOCK="$1"
	BUILD=$work/bin
	serve --set public.gemini=1965 --set status.socket="$work/status"
	BUILD=$real
	grep -q "$2" "$work/log" || fail "clock $1: no word: $2"
	"$peer" get gemini "$gemini" "gemini://$host/articles/out.gmi" \
		>"$work/page" || fail "clock $1: no page"
	grep -q '^# out' "$work/page" || fail "clock $1: another page"
	"$clock" status --socket "$work/status" >"$work/words"
	grep -q "$3" "$work/words" ||
		fail "clock $1: status: $(grep -e edition -e cert "$work/words")"
	code=0
	HOME=$work "$clock" get --connect "127.0.0.1:$gemini" \
		"gemini://$host/" >"$work/page" 2>"$work/said" || code=$?
	[ "$code" != 0 ] || fail "clock $1: the client asks nothing"
	grep -q "$4" "$work/said" || fail "clock $1: $(cat "$work/said")"
	stop
	unset QASID_TEST_CLOCK
}
began=$(date -u -d "@$now" +%F)
drill $day 'certificate for .* ended on 20..-..-..: .*clock' \
	'certificate ends .* days ago$' 'ended on 20..-'
drill -$day "is not valid before $began: .*clock right" \
	'edition published .*a clock is or was wrong' "begins on $began.*clock"
drill $past "is not valid before $began: .*clock right" \
	'certificate ends .*in [0-9]* days' "begins on $began.*clock"

# --- the clock ahead: what went out stays out, and says so; later embargoes hold
build $future
has embargo out
article later "$tomorrow"
build 0
warned 20
has embargo out
echo 'a wrong clock: nothing lost'
