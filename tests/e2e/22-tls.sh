#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Versions, suites, tickets, names and certificates (rules 1 to 7, 12, 18, 20).
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
serve --set public.gemini=1965

expect() { # WANT GOT WHAT
	# shellcheck disable=SC2254 # a pattern
	case $2 in
	$1) echo "$3: $2" ;;
	*) fail "$3: $2, not $1" ;;
	esac
}
expect 'refused: *protocol version*' "$("$peer" hello "$gemini" 1.0)" "TLS 1.0"
expect 'refused: *protocol version*' "$("$peer" hello "$gemini" 1.1)" "TLS 1.1"
expect 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256' \
	"$("$peer" hello "$gemini" 1.2)" "TLS 1.2"
expect 'TLSv1.3 TLS_AES_128_GCM_SHA256' "$("$peer" hello "$gemini" 1.3)" \
	"TLS 1.3"
chosen() { # ARGS: the suite and the key exchange that the server chose
	printf '\n' | openssl s_client -connect "127.0.0.1:$gemini" "$@" \
		2>/dev/null | sed -n 's/.*Cipher is \(.*\)/\1/p
			s/^Server Temp Key: \([^,]*\).*, \([0-9]*\) bits/\1 \2/p' |
		tr '\n' ' '
}
# The cheapest suite first, whatever the client would like best; of the groups
# X25519, but none that costs a round trip more.
expect 'X25519 253 TLS_AES_128_GCM_SHA256 ' "$(chosen -ciphersuites \
	TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256)" \
	"1.3, other preferences"
expect '* TLS_CHACHA20_POLY1305_SHA256 ' "$(chosen -ciphersuites \
	TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256)" "1.3, no AES-128"
expect '* TLS_AES_256_GCM_SHA384 ' \
	"$(chosen -ciphersuites TLS_AES_256_GCM_SHA384)" "1.3, AES-256 alone"
expect 'X25519 253 ECDHE-ECDSA-AES128-GCM-SHA256 ' "$(chosen -tls1_2 \
	-groups P-384:P-256:X25519 -cipher \
	ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256)" \
	"1.2, other preferences"
expect 'ECDH 256 *' "$(chosen -groups P-256:X25519)" "1.3, a share of P-256"
expect 'ECDH 384 *' "$(chosen -groups P-384)" "1.3, P-384 alone"
expect '(NONE) ' "$(chosen -tls1_2 -cipher AES128-GCM-SHA256)" \
	"1.2 without forward secrecy"
url=gemini://$host/
expect 'tickets 0 resumed 0' "$("$peer" tickets "$gemini" "$url" "$host" 1.3)" \
	"no ticket under 1.3"
for _ in 1 2 3 4 5 6; do # whichever worker answers
	expect 'tickets 1 resumed 2' \
		"$("$peer" tickets "$gemini" "$url" "$host" 1.2)" "1.2 resumes"
done
stop
serve --set public.gemini=1965 --tickets on
for _ in 1 2 3 4 5 6; do
	expect 'tickets 1 resumed 2' \
		"$("$peer" tickets "$gemini" "$url" "$host" 1.3)" "1.3 resumes"
done
stop
serve --set public.gemini=1965 --tickets off
expect 'tickets 0 resumed 0' "$("$peer" tickets "$gemini" "$url" "$host" 1.3)" \
	"tickets off, 1.3"
expect 'tickets 0 resumed 0' "$("$peer" tickets "$gemini" "$url" "$host" 1.2)" \
	"tickets off, 1.2"
stop

# Keys in a file: sessions resume after a restart and on another node, through
# two rotations of the keys; then no longer.
keys=$work/ticket.keys
"$BUILD/qasid" cert --ticket-keys "$keys" || fail "no ticket keys"
[ "$(stat -c %a "$keys")" = 600 ] || fail "the ticket keys' mode"
node() { # another process, the same file; its port is $gemini
	serve --set public.gemini=1965 --tickets on --set "tls.ticket_keys=$keys"
}
session=$work/session
again() { # WANT VERSION WHAT
	expect "$1" "$("$peer" resume "$gemini" "$url" "$host" "$2" "$session")" \
		"$3"
}
for v in 1.2 1.3; do
	rm -f "$session"
	node
	again 'resumed 0' $v "$v: a first visit"
	again 'resumed 1' $v "$v: the same node"
	stop
	node
	again 'resumed 1' $v "$v: after a restart"
	cp "$session" "$work/old"
	"$BUILD/qasid" cert --ticket-keys "$keys"
	kill -HUP "$pid"
	"$slowpeer" await-text "$work/log" 'reloaded: 2 workers' "$pid" ||
		fail "no reload"
	again 'resumed 1' $v "$v: after a rotation"
	stop
	"$BUILD/qasid" cert --ticket-keys "$keys"
	node
	again 'resumed 1' $v "$v: after two"
	stop
	"$BUILD/qasid" cert --ticket-keys "$keys"
	"$BUILD/qasid" cert --ticket-keys "$keys"
	node
	cp "$work/old" "$session"
	again 'resumed 0' $v "$v: a key that is gone"
	again 'resumed 1' $v "$v: and with the one of today"
	stop
done
[ "$(wc -l <"$keys")" = 3 ] || fail "the file grows"
echo short >"$work/bad.keys"
if "$BUILD/qasid" serve --check --store "$work/store" --host "$host" \
	--certs "$work/certs" --set "tls.ticket_keys=$work/bad.keys" \
	2>"$work/out"; then
	fail "took a bad file of ticket keys"
fi
grep -q 'bad.keys:1: no ticket key' "$work/out" || fail "no word of the line"

# Two names: each has its own certificate by SNI, and the first's links.
"$BUILD/qasid" cert --host second.test --dir "$work/certs" >/dev/null 2>&1
serve --set public.gemini=1965 --set public.gopher=70 --host second.test
subject() {
	printf '\n' | openssl s_client -connect "127.0.0.1:$gemini" "$@" 2>/dev/null |
		openssl x509 -noout -subject
}
expect "*= $host" "$(subject -servername "$host")" "certificate for $host"
expect "*= second.test" "$(subject -servername second.test)" \
	"certificate for second.test"
expect "*= second.test" "$(subject -servername SECOND.Test)" "SNI without case"
expect "*= $host" "$(subject -servername other.test)" "an unknown name"
expect "*= $host" "$(subject -noservername)" "no name"
"$peer" get gemini "$gemini" gemini://second.test/ >"$work/out" ||
	fail "second.test is not served"
grep -q '^# Home' "$work/out" || fail "second.test serves something else"
stop

# Chains as certbot leaves them, and what is refused.
mkdir -p "$work/bot/$host"
cat "$work/certs/$host.crt" "$work/certs/second.test.crt" \
	>"$work/bot/$host/fullchain.pem"
cp "$work/certs/$host.key" "$work/bot/$host/privkey.pem"
serve --certs "$work/bot"
"$peer" get gemini "$gemini" "gemini://$host:$gemini/" >"$work/out" ||
	fail "certbot's files do not serve"
stop
refused() { # WANT ARGS
	want=$1
	shift
	if "$BUILD/qasid" serve --store "$work/store" --gemini 127.0.0.1:0 \
		--gopher 127.0.0.1:0 "$@" >"$work/log" 2>&1; then
		fail "served: $want"
	fi
	grep -q "$want" "$work/log" || fail "no word of: $want"
	echo "refused: $want"
}
mkdir "$work/bad"
cp "$work/certs/$host.crt" "$work/bad"
cp "$work/certs/second.test.key" "$work/bad/$host.key"
refused 'does not match' --host "$host" --certs "$work/bad"
refused 'no certificate for "other.test"' --host other.test --certs "$work/certs"
echo x >"$work/bad/$host.key"
refused 'no unencrypted PEM key' --host "$host" --certs "$work/bad"
echo x >"$work/bad/$host.crt"
refused 'no PEM certificate' --host "$host" --certs "$work/bad"
refused 'no host name' --certs "$work/certs"
refused 'no store in' --host "$host" --certs "$work/certs" --store "$work/none"
refused 'no ADDR:PORT' --host "$host" --certs "$work/certs" --gemini x:y

# An end that is near is told (openssl makes such a certificate).
mkdir "$work/near"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj "/CN=$host" -addext "subjectAltName=DNS:$host" \
	-keyout "$work/near/$host.key" -out "$work/near/$host.crt" 2>/dev/null
serve --certs "$work/near"
grep -q 'expires in \(29\|30\) days' "$work/log" || fail "no warning of expiry"
stop

# qasid cert: size, rights, fingerprints, never twice.
"$BUILD/qasid" cert --host nineteen-chars.test --dir "$work/new" \
	>"$work/prints" 2>/dev/null
bytes=$(openssl x509 -in "$work/new/nineteen-chars.test.crt" -outform der | wc -c)
[ "$bytes" -le 350 ] || fail "$bytes bytes of DER"
[ "$(stat -c %a "$work/new/nineteen-chars.test.key")" = 600 ] || fail "key's mode"
want=$(openssl x509 -in "$work/new/nineteen-chars.test.crt" -outform der |
	sha256sum | cut -d' ' -f1)
grep -q "certificate sha256 $want" "$work/prints" || fail "fingerprint"
want=$(openssl x509 -in "$work/new/nineteen-chars.test.crt" -pubkey -noout |
	openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1)
grep -q "public-key sha256 $want" "$work/prints" || fail "key's fingerprint"
openssl verify -CAfile "$work/new/nineteen-chars.test.crt" \
	-verify_hostname nineteen-chars.test \
	"$work/new/nineteen-chars.test.crt" >/dev/null || fail "verification"
if "$BUILD/qasid" cert --host nineteen-chars.test --dir "$work/new" \
	>/dev/null 2>"$work/out"; then
	fail "overwrote a certificate"
fi
if "$BUILD/qasid" cert --host ../x --dir "$work/new" 2>/dev/null; then
	fail "took a path for a host"
fi
echo "certificate of $bytes bytes"
