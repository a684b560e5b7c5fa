#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Certificates for a lifetime: renewed with the same key, followed by the next
# one at its time, out to PEM and in again, under readers who pin them.
set -eu
. "$TOP/tests/e2e/server.sh"
qasid=$BUILD/qasid
certs=$work/certs
c=$work/content
export XDG_STATE_HOME="$work/state"
told() { # WORDS: waits until the log holds them
	"$slowpeer" await-text "$work/log" "$1" "$pid" || fail "no \"$1\" in the log"
}
cert() { # ARGS: must do; its words are in $work/out and $work/err
	"$qasid" cert "$@" >"$work/out" 2>"$work/err" ||
		fail "cert $*: $(cat "$work/err")"
}
prints() { # WHAT [FILE]: the fingerprint in the words of a command
	sed -n "s/^ *$1 sha256 //p" "${2-$work/out}"
}
served() { # the certificate that is served: certificate, key
	openssl s_client -connect "127.0.0.1:$gemini" -servername "$host" \
		</dev/null 2>/dev/null | openssl x509 >"$work/served.crt" ||
		fail "no certificate is served"
	served_cert=$(openssl x509 -in "$work/served.crt" -outform DER |
		sha256sum | cut -d ' ' -f 1)
	served_key=$(openssl x509 -in "$work/served.crt" -pubkey -noout |
		openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1)
}
get() { # WANTED-EXIT WORDS ARGS: over TLS to the server; "" for silence
	want=$1 words=$2 code=0
	shift 2
	"$qasid" get --connect "127.0.0.1:$gemini" "$@" >"$work/page" \
		2>"$work/geterr" || code=$?
	[ "$code" = "$want" ] || fail "get: exit $code: $(cat "$work/geterr")"
	grep -q "$words" "$work/geterr" || [ -z "$words$(cat "$work/geterr")" ] ||
		fail "get says \"$(cat "$work/geterr")\", not \"$words\""
}

mkdir -p "$c/pages" "$c/articles"
cat >"$c/capsule.yaml" <<-END
	title: Institute
	host: $host
	languages: [en, ur]
END
printf -- '---\ntitle: About\n---\nUs.\n' >"$c/pages/about.md"
publish() {
	"$qasid" build "$c" --store "$work/store" 2>"$work/err" ||
		fail "build: $(cat "$work/err")"
}
publish
serve --set public.gemini=1965 --workers 1
url=gemini://$host/about.gmi
served
first_cert=$served_cert first_key=$served_key

# --- renewed: the key stays
get 0 '' --known "$work/known" "$url"
cert renew --host "$host" --dir "$certs" --until 2040-01-01
[ "$(prints public-key)" = "$first_key" ] || fail "renewed with another key"
renewed=$(prints certificate)
[ "$renewed" != "$first_cert" ] || fail "the same certificate"
[ -s "$certs/$host.crt.old" ] || fail "the old one is not kept"
served
[ "$served_cert" = "$first_cert" ] || fail "another one before SIGHUP"
kill -HUP "$pid"
told 'reloaded: 1 workers'
served
[ "$served_cert" = "$renewed" ] || fail "the renewed one is not served"
get 0 '' --known "$work/known" "$url"
grep -q "$first_key $renewed 2039-12-31" "$work/known" ||
	fail "the reader does not know the new end: $(cat "$work/known")"
get 0 '' --pin "$first_key" "$url"
get 65 'not the pinned one\|pin' --pin "$first_cert" "$url"
openssl x509 -in "$certs/$host.crt" -noout -subject -ext subjectAltName \
	>"$work/names"
for name in "DNS:$host" "CN = $host"; do
	grep -q "$name" "$work/names" || fail "other names: $(cat "$work/names")"
done
cert renew --host "$host" --dir "$certs"
[ -s "$certs/$host.crt.old.2" ] || fail "the second old one is not kept"
cert list --dir "$certs"
grep -q "^$host: in use, no end\$" "$work/out" || fail "list: $(cat "$work/out")"
kill -HUP "$pid"
"$slowpeer" await-text "$work/log" 'reloaded: 1 workers
qasid: reloaded: 1 workers' "$pid" || fail "no second reload"
echo "renewed: the key holds"

# --- rollover: announced, then served
if "$qasid" cert rollover --host "$host" --dir "$certs" 2>"$work/err"; then
	fail "a certificate without an end is followed at no time"
fi
grep -q 'has no end' "$work/err" || fail "$(cat "$work/err")"
page=$c/pages/certificate.md
echo mine >"$page"
if "$qasid" cert rollover --host "$host" --dir "$certs" --at 2030-01-01 \
	--page "$page" "$c" 2>"$work/err"; then
	fail "somebody's page is overwritten"
fi
[ ! -e "$certs/$host.next.crt" ] || fail "prepared, and not announced"
rm "$page"
cert rollover --host "$host" --dir "$certs" --at 2030-01-01 --page "$page" "$c"
next_cert=$(prints 'next certificate') next_key=$(prints 'next public-key')
[ "$(stat -c %a "$certs/$host.next.key")" = 600 ] || fail "rights of the key"
publish
served
[ "$served_key" = "$first_key" ] || fail "the next one too early"
get 0 '' "gemini://$host/certificate.gmi"
for print in "$next_key" "$next_cert" "$first_key"; do
	grep -qx "$print" "$work/page" ||
		fail "not announced over Gemini: $(cat "$work/page")"
done
grep -q 'from 2030-01-01 00:00 UTC on' "$work/page" || fail "no time"
"$peer" get gopher "$gopher" /certificate.txt | tr -d '\r' >"$work/text"
for print in "$next_key" "$next_cert" "$first_key"; do
	grep -q "^ *$print\$" "$work/text" ||
		fail "not announced over Gopher: $(cat "$work/text")"
done
"$peer" get gopher "$gopher" /certificate-ur | grep -q "$next_key" ||
	fail "not announced in Urdu"
cert list --dir "$certs"
grep -q "^$host: next from 2030-01-01 00:00 UTC on, in [0-9]* days, no end\$" \
	"$work/out" || fail "list: $(cat "$work/out")"
if "$qasid" cert rollover --host "$host" --dir "$certs" 2>"$work/err"; then
	fail "another next key"
fi
grep -q 'is prepared already' "$work/err" || fail "$(cat "$work/err")"

# The time comes, in mid-transfer: nobody is cut, nobody refused.
fill_big() {
	head -c 3000000 /dev/zero | tr '\0' x >"$c/articles/big.txt"
	printf -- '---\ntitle: Big\ndate: 2026-01-01\n---\n[it](big.txt)\n' \
		>"$c/articles/big.md"
	publish
}
fill_big
"$slowpeer" hold gemini "$gemini" "gemini://$host/articles/big/big.txt" \
	"$work/begun" "$work/go" >"$work/got" 2>&1 &
reader=$!
"$slowpeer" await "$work/begun" $reader || fail "the reader has not begun"
at=$(date -u -d "@$(($(date +%s) + 3))" +%Y-%m-%dT%H:%M:%SZ)
cert rollover --host "$host" --dir "$certs" --at "$at" --page "$page" "$c"
[ "$(prints 'next public-key')" = "$next_key" ] || fail "moved: another key"
kill -HUP "$pid"
told 'the next certificate for example.test comes in 0 days'
! grep -q 'expires in' "$work/log" || fail "told of an end that is provided for"
served
[ "$served_key" = "$first_key" ] || [ "$(date +%s)" -ge "$(date -d "$at" +%s)" ] ||
	fail "switched at once"
n=0
until grep -q 'time of the next certificate has come' "$work/log" &&
	"$slowpeer" await-text "$work/log" "that was its next, public-key sha256 $next_key" "$pid" &&
	get 0 '' --pin "$next_key" "$url"; do
	get 0 '' --insecure "$url"
	n=$((n + 1))
done
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $reader || fail "the reader failed: $(cat "$work/got")"
grep -q ' whole$' "$work/got" || fail "cut: $(cat "$work/got")"
served
[ "$served_cert" = "$next_cert" ] || fail "what was announced is not served"
[ "$(date +%s)" -ge "$(date -d "$at" +%s)" ] || fail "before its time"
get 65 'changed\|another key' --known "$work/known" "$url"
cert list --dir "$certs"
[ "$(prints public-key)" = "$next_key" ] || fail "list: $(cat "$work/out")"
echo "followed: $n requests while waiting, none lost"

# Put in order at the next change, and the same after a new start.
stop
serve --set public.gemini=1965 --workers 1
served
[ "$served_cert" = "$next_cert" ] || fail "another one after a new start"
stop
cert renew --host "$host" --dir "$certs"
[ "$(prints public-key)" = "$next_key" ] || fail "renewed the old one"
[ -z "$(find "$certs" -name '*.next.*')" ] || fail "not put in order"
openssl pkey -in "$certs/$host.key.old" -pubout -outform DER | sha256sum |
	grep -q "^$first_key" || fail "the first key is lost"
serve --set public.gemini=1965 --workers 1
served
[ "$served_key" = "$next_key" ] || fail "another key after the renewal"
stop

# --- out and in again
pem=$work/host.pem
cert export --host "$host" --dir "$certs" "$pem"
[ "$(stat -c %a "$pem")" = 600 ] || fail "rights of the export"
if "$qasid" cert export --host "$host" --dir "$certs" "$pem" 2>"$work/err"; then
	fail "an export overwrites"
fi
cert import --host "$host" --dir "$work/moved" "$pem"
for end in crt key; do
	cmp "$certs/$host.$end" "$work/moved/$host.$end" || fail "another $end"
done
[ "$(stat -c %a "$work/moved/$host.key")" = 600 ] || fail "rights of the key"

cd "$work/moved"
snapshot() {
	for f in *; do
		echo "$f $(sha256sum <"$f")"
	done
}
snapshot >"$work/before"
refuse() { # WORDS FILES
	words=$1
	shift
	if "$qasid" cert import --host "$host" --dir . "$@" >"$work/out" 2>"$work/err"
	then
		fail "$*: is taken"
	fi
	grep -q "$words" "$work/err" || fail "$*: says $(cat "$work/err")"
	grep -q "\"$1\"" "$work/err" || fail "$*: not named in $(cat "$work/err")"
	snapshot | cmp -s - "$work/before" || fail "$*: something changed"
}
"$qasid" cert --host other.test --dir "$work/other" >/dev/null 2>&1
(umask 077 && cat "$work/other/other.test.key" "$certs/$host.crt" >"$work/mixed.pem")
refuse 'does not match' "$work/mixed.pem"
cat "$work/other/"* >"$work/other.pem"
refuse "does not name \"$host\"" "$work/other.pem"
head -c 4000 /dev/urandom >"$work/garbage.pem"
refuse 'no unencrypted PEM key' "$work/garbage.pem"
refuse 'no unencrypted PEM key' "$certs/$host.crt"
refuse 'no PEM certificate' "$certs/$host.key"
head -c 300 "$pem" >"$work/half.pem"
refuse 'no PEM certificate' "$work/half.pem"
refuse 'No such file' "$work/none.pem"
made() { # NAME BITS OPENSSL-ARGS
	openssl req -x509 -newkey rsa:"$2" -nodes -keyout "$work/$1.k" \
		-out "$work/$1.c" -subj "/CN=$host" 2>/dev/null \
		-addext "subjectAltName=DNS:$host" -days 30
	cat "$work/$1.c" "$work/$1.k" >"$work/$1.pem"
}
made weak 1024
refuse 'too weak' "$work/weak.pem"
openssl pkcs8 -topk8 -in "$work/moved/$host.key" -passout pass:x \
	-out "$work/locked.key"
refuse 'no unencrypted PEM key' "$work/locked.key" "$certs/$host.crt"
: >"$work/index"
cat >"$work/conf" <<-END
	[ca]
	default_ca = here
	[here]
	database = $work/index
	new_certs_dir = $work
	rand_serial = yes
	default_md = sha256
	policy = any
	copy_extensions = copy
	[any]
	commonName = supplied
END
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$work/dated.key" -out "$work/dated.csr" -subj "/CN=$host" \
	-addext "subjectAltName=DNS:$host" 2>/dev/null
dated() { # NAME BEGIN END
	: >"$work/index"
	openssl ca -batch -config "$work/conf" -selfsign -notext \
		-keyfile "$work/dated.key" -in "$work/dated.csr" \
		-out "$work/$1.crt" -startdate "$2" -enddate "$3" 2>/dev/null
}
dated ended 20200101000000Z 20210101000000Z
refuse 'has expired: 2021-01-01' "$work/ended.crt" "$work/dated.key"
dated early 20900101000000Z 20910101000000Z
refuse 'not valid before 2090-01-01' "$work/early.crt" "$work/dated.key"
chmod o+w .
if "$qasid" cert renew --host "$host" --dir . 2>"$work/err"; then
	fail "a folder that everybody may write to"
fi
grep -q 'everybody may write' "$work/err" || fail "$(cat "$work/err")"
chmod o-w .
snapshot | cmp -s - "$work/before" || fail "something changed"

# A good one in two files takes the place; the old pair is kept.
made good 2048
cert import --host "$host" --dir . "$work/good.c" "$work/good.k"
grep -q 'looks like an attack' "$work/err" || fail "no word of another key"
cmp "$certs/$host.key" "$host.key.old" || fail "the old key is lost"
cmp "$certs/$host.crt" "$host.crt.old" || fail "the old certificate is lost"
certs=$work/moved
serve --certs "$certs" --set public.gemini=1965 --workers 1
served
[ "$served_key" = "$(cert list --dir "$certs" && prints public-key)" ] ||
	fail "the imported one is not served"
stop

# What is prepared can be taken back, and a next one that is broken is told of
# and does not end the site.
cert rollover --host "$host" --dir "$certs" --at "$(date -u -d '+10 days' +%F)"
cert rollover --host "$host" --dir "$certs" --cancel
grep -q 'is taken back.*qasid cert announce' "$work/err" ||
	fail "--cancel says: $(cat "$work/err")"
[ -s "$certs/$host.next.key.old" ] || fail "the key taken back is lost"
serve --certs "$certs" --set public.gemini=1965 --workers 1
told 'expires in '
stop
cert renew --host "$host" --dir "$certs" --at "$(date -u -d '+10 days' +%F)"
[ "$(prints 'next public-key')" = "$served_key" ] || fail "renewed with another key"
serve --certs "$certs" --set public.gemini=1965 --workers 1 \
	--set "status.socket=$work/status"
told 'comes in '
! grep -q 'expires in' "$work/log" || fail "told of an end that is provided for"
"$qasid" status --socket "$work/status" --prometheus >"$work/out"
[ "$(sed -n 's/^qasid_certificate_days_left //p' "$work/out")" -gt 100000 ] ||
	fail "the end is not the next one's: $(cat "$work/out")"
stop
cp "$work/dated.key" "$certs/$host.next.key"
echo 2026-01-01 >"$certs/$host.next.at"
serve --certs "$certs" --set public.gemini=1965 --workers 1
told 'is not to be used'
served
[ "$served_key" = "$(openssl pkey -in "$host.key" -pubout -outform DER |
	sha256sum | cut -d ' ' -f 1)" ] || fail "not the sound one"
stop
echo "export and import: fine"
