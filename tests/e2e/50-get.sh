#!/bin/sh
# qasid get against a server that cuts, stalls, drips and lies: exit codes,
# messages, trust on first use.
set -eu
tmp=$(mktemp -d)
pids=
cleanup() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap cleanup EXIT
export XDG_STATE_HOME="$tmp/state"

fail() {
	echo "FAILED: $*"
	exit 1
}
certificate() { # certificate NAME HOST
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$tmp/$1.key" -out "$tmp/$1.crt" -days 100 \
		-subj "/CN=$2" -addext "subjectAltName=DNS:$2" 2>/dev/null
}
dated() { # dated NAME BEGIN END: as certificate, for site.test
	mkdir "$tmp/$1.ca"
	: >"$tmp/$1.ca/index"
	cat >"$tmp/$1.ca/conf" <<-END
		[ca]
		default_ca = here
		[here]
		database = $tmp/$1.ca/index
		new_certs_dir = $tmp/$1.ca
		rand_serial = yes
		default_md = sha256
		policy = any
		copy_extensions = copy
		[any]
		commonName = supplied
	END
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$tmp/$1.key" -out "$tmp/$1.csr" -subj /CN=site.test \
		-addext subjectAltName=DNS:site.test 2>/dev/null
	openssl ca -batch -config "$tmp/$1.ca/conf" -selfsign -notext \
		-keyfile "$tmp/$1.key" -in "$tmp/$1.csr" -out "$tmp/$1.crt" \
		-startdate "$2" -enddate "$3" 2>/dev/null
}
start() { # start NAME ARGS...: fakepeer, its port in $port
	name=$1
	shift
	"$BUILD/e2e/fakepeer" "$tmp/$name.port" "$tmp/www" "$@" &
	pids="$pids $!"
	last=$!
	until [ -s "$tmp/$name.port" ]; do
		kill -0 "$last" 2>/dev/null || fail "fakepeer died"
	done
	port=$(cat "$tmp/$name.port")
}
# get CODE WORDS ARGS...: the exit code, and words on stderr ("" for silence)
get() {
	want=$1 words=$2
	shift 2
	code=0
	timeout 30 "$QASID" get --connect "127.0.0.1:$port" --idle 2 "$@" \
		>"$tmp/out" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || {
		cat "$tmp/err"
		fail "get $*: exit $code, not $want"
	}
	if [ -z "$words" ]; then
		[ ! -s "$tmp/err" ] || fail "get $*: says $(cat "$tmp/err")"
	else
		grep -q -- "$words" "$tmp/err" ||
			fail "get $*: \"$words\" not in: $(cat "$tmp/err")"
	fi
}
page() { # page NAME FORMAT: a canned answer
	# shellcheck disable=SC2059 # the answer is a format
	printf "$2" >"$tmp/www/$1"
}

mkdir "$tmp/www"
page whole '20 text/gemini; lang=en\r\n# Title\n'
page whole.drip '20 text/gemini; lang=en\r\n# Title\n'
page whole.cut '20 text/gemini\r\n# Ti'
page whole.rst '20 text/gemini\r\n# Ti'
page whole.stall '20 text/gemini\r\n# Ti'
page empty ''
page noheader '<html>\r\n'
page lf '20 text/gemini\n# x\n'
page esc '51 no\033[31m\r\n'
page missing '51 Not here\r\n'
page slow '44 Wait\r\n'
page input '10 Which?\r\n'
page loop '30 loop\r\n'
page moved '31 /whole\r\n'
page away '31 gopher://site.test/0/whole\r\n'
page stray '51 Not here\r\nbody'
certificate a site.test
certificate b site.test
certificate other other.test
dated old 20200101000000Z 20210101000000Z
dated future 20900101000000Z 20910101000000Z
start a "$tmp/a.crt" "$tmp/a.key"
u=gemini://site.test

get 0 '' $u/whole
[ "$(cat "$tmp/out")" = '# Title' ] || fail "the body: $(cat "$tmp/out")"
get 0 '' $u/whole.drip
[ "$(cat "$tmp/out")" = '# Title' ] || fail "dripped: $(cat "$tmp/out")"
get 0 '' -i $u/moved
grep -q '^20 text/gemini; lang=en' "$tmp/out" || fail 'no header with -i'
grep -q '^31' "$tmp/out" && fail 'a followed redirect shown'
get 0 '' --head $u/whole
[ "$(wc -l <"$tmp/out")" = 1 ] || fail 'a body with --head'
get 75 'ended too early' $u/whole.cut
get 75 'receive' $u/whole.rst
get 75 'nothing came' $u/whole.stall
get 65 'no header' $u/empty
get 65 'no status' $u/noheader
get 65 'CR LF' $u/lf
get 65 'no clean UTF-8' $u/esc
get 66 'Not here' $u/missing
get 75 'Wait' $u/slow
get 65 'Which' $u/input
get 65 'redirects' $u/loop
get 65 'another protocol' $u/away
get 65 'body behind' $u/stray
get 65 'over 3 bytes' --max 3 $u/whole
get 0 '' --max 8 $u/whole
get 64 'no URL' /whole
get 64 'usage' --pin xyz $u/whole
get 0 '' --output "$tmp/file" $u/whole
[ "$(cat "$tmp/file")" = '# Title' ] || fail 'the output file'
get 75 'too early' --output "$tmp/cut" $u/whole.cut
[ ! -e "$tmp/cut" ] || fail 'a cut file was kept'
[ ! -e "$tmp/cut.part" ] || fail 'part of a cut file was kept'
get 73 'open' --output "$tmp/none/file" $u/whole

# Progress on a terminal, and on nothing else.
{
	printf '20 application/octet-stream\r\n'
	head -c 100000 /dev/zero
} >"$tmp/www/large"
get 0 '' --output "$tmp/large" $u/large
script -qec "'$QASID' get --connect 127.0.0.1:$port --output '$tmp/large' \
	$u/large" /dev/null >"$tmp/terminal" </dev/null
grep -q ' kB ' "$tmp/terminal" || fail 'no progress on a terminal'
grep -q '100000 bytes' "$tmp/terminal" || fail 'no end of the progress'
[ "$(wc -c <"$tmp/large")" = 100000 ] || fail 'progress in the file'
# No redirect, where none is wanted.
get 65 '31 /whole' --redirects 0 $u/moved

# The key was remembered once; another one is refused, or warned of.
[ "$(wc -l <"$tmp/state/qasid/known")" = 1 ] || fail 'not one known line'
cp "$tmp/state/qasid/known" "$tmp/known"
spki=$(openssl x509 -in "$tmp/a.crt" -pubkey -noout |
	openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -c1-64)
grep -q " $spki " "$tmp/known" || fail 'not the SHA-256 of the key'
start b "$tmp/b.crt" "$tmp/b.key"
sed -i "s/ [0-9]* / $port /" "$tmp/state/qasid/known"
sed "s/^[^ ]* [0-9]*/site.test 1965/" "$tmp/known" >"$tmp/state/qasid/known"
get 65 'has changed before its time' $u/whole
get 0 'warning.*has changed' --warn $u/whole
get 0 '' --insecure $u/whole
get 65 'pinned' --pin "$spki" $u/whole
pin=$(openssl x509 -in "$tmp/b.crt" -outform DER |
	openssl dgst -sha256 -r | cut -c1-64)
get 0 '' --pin "$pin" $u/whole
cmp -s "$tmp/state/qasid/known" "$tmp/known" || fail 'a doubtful key was kept'
# After the date it was good for, a new key is a new acquaintance.
sed -i 's/ [-0-9]*$/ 2020-01-01/' "$tmp/state/qasid/known"
get 0 'warning.*new key' $u/whole
get 0 '' $u/whole

start other "$tmp/other.crt" "$tmp/other.key"
get 65 'not made for' --known "$tmp/k2" $u/whole
get 0 'not made for' --warn --known "$tmp/k2" $u/whole

start old "$tmp/old.crt" "$tmp/old.key"
get 65 'ended on 2021-01-01' --known "$tmp/k3" $u/whole
get 0 'ended on' --warn --known "$tmp/k3" $u/whole
start future "$tmp/future.crt" "$tmp/future.key"
get 65 'begins on 2090-01-01: is this clock right' --known "$tmp/k4" $u/whole

# Gopher: plain, errors as items, a reset.
page text 'A line\r\n'
page menu 'iHello\t\t\t0\r\n.\r\n'
page error '3Nothing here\t\thost\t70\r\n.\r\n'
page text.rst 'A li'
start plain
get 0 '' gopher://site.test/0/text
[ "$(cat "$tmp/out")" = "$(printf 'A line\r')" ] || fail 'the text'
get 0 '' gopher://site.test/1/menu
get 66 'Nothing here' gopher://site.test/0/error
get 75 'receive' gopher://site.test/0/text.rst
get 75 'TLS\|nothing came' $u/whole
port=1
get 75 'onnection refused' $u/whole
echo 'get: fine'
