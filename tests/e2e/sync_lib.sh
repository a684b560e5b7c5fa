# sync_lib.sh: an origin that publishes and serves, and mirrors of it; sourced
# by the tests of the mirrors.  Everything lies in $tmp.
# shellcheck shell=sh disable=SC2034,SC2154 # set on one side, used on the other
set -eu
tmp=$(mktemp -d)
pids=
cleanup() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
site=${site-site.test}
sync=$TOP/src/sync/qasid-sync.sh

fail() {
	echo "FAILED: $*"
	exit 1
}

# serve NAME STORE: its addresses in ${NAME}_gemini and ${NAME}_gopher
serve() {
	rm -f "$tmp/$1.ready"
	"$QASID" serve --store "$2" --host "$site" --certs "$tmp/certs" \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --workers 1 \
		--ready "$tmp/$1.ready" >"$tmp/$1.log" 2>&1 &
	serve_pid=$!
	pids="$pids $serve_pid"
	until [ -s "$tmp/$1.ready" ]; do
		kill -0 "$serve_pid" 2>/dev/null || {
			cat "$tmp/$1.log"
			fail "the server $1 ended"
		}
	done
	eval "$1_gemini=$(sed -n 's/^gemini .* //p' "$tmp/$1.ready")"
	eval "$1_gopher=$(sed -n 's/^gopher .* //p' "$tmp/$1.ready")"
}

# settings NAME PORT [LINES]: the settings of mirror NAME that follows PORT
settings() {
	{
		echo "name $site"
		echo "key $(cat "$tmp/key.pub")"
		echo "source gemini://$site:$2"
		echo "connect 127.0.0.1:$2"
		echo "dir $tmp/$1"
		echo "store $tmp/$1.store"
		echo "qasid $QASID"
		echo 'idle-timeout 10'
		echo 'tries 1'
		[ -z "${3-}" ] || printf '%s\n' "$3"
	} >"$tmp/$1.conf"
}

# mirror CODE WORDS NAME ARGS...: runs qasid-sync; "" for silence
mirror() {
	want=$1 words=$2 conf=$3 code=0
	shift 3
	timeout 120 sh "$sync" -c "$tmp/$conf.conf" "$@" \
		>"$tmp/out" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || {
		cat "$tmp/out" "$tmp/err"
		fail "qasid-sync $conf $*: exit $code, not $want"
	}
	if [ -n "$words" ]; then
		grep -q -- "$words" "$tmp/out" "$tmp/err" ||
			fail "\"$words\" not in: $(cat "$tmp/out" "$tmp/err")"
	elif [ -s "$tmp/out" ] || [ -s "$tmp/err" ]; then
		fail "qasid-sync $conf says: $(cat "$tmp/out" "$tmp/err")"
	fi
}

same() { # same FOLDER FOLDER
	diff -r "$1" "$2" >"$tmp/diff" || {
		head -n 20 "$tmp/diff"
		fail "$1 and $2 differ"
	}
}

"$QASID" cert --host "$site" --dir "$tmp/certs" >/dev/null 2>&1
"$QASID" sync key new "$tmp/key" >"$tmp/key.pub"
