#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# What FIELD.md lists as the failures of others, row by row, and where it is
# tried; those that stand nowhere else are tried here.
#
#	silent TCP, silent TLS, half a request	21-slow-peers
#	memory per idle TLS connection		here
#	three readers stop in a 200 MB file	here
#	a stall in mid-download, then on	21-slow-peers
#	descriptor limit reached		27-caps, test_listener, 34-faults
#	SIGHUP between handshake and request	37-states
#	SIGTERM in mid-download			37-states, make haproxy
#	a worker dies				23-processes, 27-caps
#	FIFO or device below the root		54-bad-input
#	an early error with unread input	21-slow-peers
#	request in two records, byte by byte	20-requests
#	half-close or close_notify at once	20-requests
#	%2e%2e, %2F, %00, dotfiles		20-requests; symlinks 54-bad-input
#	sandbox					test_sandbox, test_confine, here
#	tickets					22-tls; certificate request here
#	close_notify only when whole		20-requests, 34-faults
#	URL: redirect page			20-requests
#	long Urdu lines				golden, test_wrap
#	NAT					27-caps
#	logs					25-log, 32-syslog
set -eu
. "$TOP/tests/e2e/server.sh"
{
	cat "$TOP/tests/e2e/usual.list"
	echo 'o/huge.bin page application/octet-stream - *200000000'
} | fill
cat >"$work/qasid.yaml" <<-END
	hosts: [$host]
	public: {gemini: 1965, gopher: 70}
	workers: 2
END
serve -c "$work/qasid.yaml"
sanitized=
if grep -q 'widened for sanitizers' "$work/log"; then sanitized=yes; fi
workers() {
	cat "/proc/$pid/task/$pid/children"
}
let_go() {
	: >"$work/go.tmp"
	mv "$work/go.tmp" "$work/go"
	for p in $peers; do
		wait "$p" || fail "a peer failed"
	done
	rm -f "$work"/begun.* "$work/go"
	peers=
}
peers=

# --- sandbox: what the kernel says of the workers that serve
for w in $(workers); do
	for want in 'NoNewPrivs:	1' 'Seccomp:	2' 'CapEff:	0000000000000000'; do
		[ "$(id -u)" = 0 ] || case $want in Cap*) continue ;; esac
		grep -qx "$want" "/proc/$w/status" ||
			fail "worker $w without $want"
	done
	if [ "$(id -u)" = 0 ]; then
		grep -q '^Uid:	0	' "/proc/$w/status" && fail "a worker is root"
	fi
	for f in "/proc/$w/fd/"*; do
		held=$(readlink "$f" || true)
		# A peer of the tests above may have gone meanwhile.
		case $held in '') continue ;; esac
		case $held in
		*/data.mdb | */lock.mdb | /dev/null | socket:* | pipe:* | \
			anon_inode:* | "$work/log") ;;
		*) fail "worker $w holds \"$held\" as $f" ;;
		esac
	done
done
echo "sandbox: $(workers | wc -w) workers closed in"

# --- no certificate is asked of readers
printf '\n' | openssl s_client -msg -connect "127.0.0.1:$gemini" \
	>"$work/hello" 2>/dev/null || true
grep -q 'Certificate$' "$work/hello" || fail "no handshake was seen"
if grep -q 'CertificateRequest' "$work/hello"; then
	fail "readers are asked for a certificate"
fi

# --- memory: of idle connections, of readers that stop
memory() { # KiB that belong to the processes alone
	for w in $pid $(workers); do
		cat "/proc/$w/smaps_rollup"
	done | awk '/^Pss_Anon|^Pss_Shmem/ { n += $2 } END { print int(n) }'
}
idle=400
"$slowpeer" idle gemini "$gemini" 50 "$work/begun.0" "$work/go" &
peers=$!
"$slowpeer" await "$work/begun.0" $! || fail "no idle connections"
let_go
before=$(memory)
"$slowpeer" idle gemini "$gemini" $idle "$work/begun.1" "$work/go" &
peers=$!
"$slowpeer" await "$work/begun.1" $! || fail "no idle connections"
each=$((($(memory) - before) * 10 / idle))
"$peer" get gemini "$gemini" "gemini://$host/" >"$work/out" ||
	fail "not served beside idle connections"
let_go
echo "idle TLS connections: $each tenths of a KiB each"
[ -n "$sanitized" ] || [ $each -le 135 ] || fail "more than 13 KiB"
before=$(memory)
for i in 1 2 3; do
	"$slowpeer" hold gopher "$gopher" /huge.bin "$work/begun.$i" \
		"$work/go" >"$work/held.$i" 2>&1 &
	peers="$peers $!"
	"$slowpeer" await "$work/begun.$i" $! || fail "reader $i has not begun"
done
each=$((($(memory) - before) / 3))
echo "readers stopped in 200 MB: $each KiB each"
[ -n "$sanitized" ] || [ $each -lt 100 ] || fail "100 KiB or more"
for p in $peers; do
	kill "$p"
	wait "$p" 2>/dev/null || true
done
stop
