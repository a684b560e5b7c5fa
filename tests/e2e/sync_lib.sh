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

# serve NAME STORE [ARGS]: its addresses in ${NAME}_gemini and ${NAME}_gopher
serve() {
	name=$1 store=$2
	shift 2
	rm -f "$tmp/$name.ready"
	"$QASID" serve --store "$store" --host "$site" --certs "$tmp/certs" \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --workers 1 \
		--ready "$tmp/$name.ready" "$@" >"$tmp/$name.log" 2>&1 &
	serve_pid=$!
	pids="$pids $serve_pid"
	until [ -s "$tmp/$name.ready" ]; do
		kill -0 "$serve_pid" 2>/dev/null || {
			cat "$tmp/$name.log"
			fail "the server $name ended"
		}
	done
	eval "${name}_gemini=$(sed -n 's/^gemini .* //p' "$tmp/$name.ready")"
	eval "${name}_gopher=$(sed -n 's/^gopher .* //p' "$tmp/$name.ready")"
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
	elif [ "$want" != 0 ]; then
		[ -s "$tmp/err" ] || fail "qasid-sync $conf $*: nothing said"
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

# tree_publish FOLDER STORE ARGS...: publishes a folder, without pages
tree_publish() {
	folder=$1 store=$2
	shift 2
	"$QASID" sync publish --store "$store" --key "$tmp/key" \
		--name "$site" "$@" "$folder" >"$tmp/publish.out" ||
		fail "publish $folder"
}

# dump STORE FOLDER: what mirrors ask for, as plain files
dump() {
	rm -rf "$2"
	"$QASID" get --store "$1" --list |
		sed -n 's|^g/.sync/\([^	]*\).*|\1|p' >"$tmp/dump.list"
	while read -r file; do
		case $file in
		*/*) mkdir -p "$2/.sync/${file%/*}" ;;
		*) mkdir -p "$2/.sync" ;;
		esac
		"$QASID" get --store "$1" "g/.sync/$file" >"$2/.sync/$file"
	done <"$tmp/dump.list"
}

# fetch CODE WORDS MIRROR SOURCE ARGS...: the helper alone
fetch() {
	want=$1 words=$2 where=$3 from=$4 code=0
	shift 4
	timeout 60 "$QASID" sync fetch --dir "$where" --name "$site" \
		--key "$(cat "$tmp/key.pub")" --source "$from" "$@" \
		>"$tmp/out" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || {
		cat "$tmp/out" "$tmp/err"
		fail "fetch from $from: exit $code, not $want"
	}
	[ -z "$words" ] || grep -q -- "$words" "$tmp/out" "$tmp/err" ||
		fail "\"$words\" not in: $(cat "$tmp/out" "$tmp/err")"
}

# flip FILE OFFSET: another byte there
flip() {
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059 # the byte is the format
	printf "\\$(printf %o $(((byte + 1) % 256)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
