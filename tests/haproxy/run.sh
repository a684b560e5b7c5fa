#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# run.sh: three nodes behind HAProxy (PROXY protocol 2, one file of ticket
# keys, health checks on the status sockets): sessions resume on whichever node
# answers, each reader's address reaches the node, one node stops and one is
# killed under load.
set -eu
. "$TOP/tests/e2e/server.sh"
PATH=$PATH:/usr/sbin
{
	cat "$TOP/tests/e2e/usual.list"
	# More than all buffers on the way hold.
	echo 'o/huge.bin page application/octet-stream - *40000000'
} | fill
host_url=gemini://$host
ha='' nodes='' load='' held=''
end() {
	: >"$work/enough"
	for p in $load $held $ha $nodes; do
		kill "$p" 2>/dev/null || true
	done
	clean_up
}
trap end EXIT

keys=$work/ticket.keys
"$BUILD/qasid" cert --ticket-keys "$keys" || fail "no ticket keys"
# Each node is a mirror, with a store of its own.
node() { # NUMBER
	cp -r "$work/store" "$work/store.$1"
	printf 'g/node page text/gemini en node %d\\n\n' "$1" |
		"$BUILD/e2e/mkstore" "$work/store.$1"
	"$BUILD/qasid" serve --store "$work/store.$1" --host "$host" \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --certs "$work/certs" \
		--set public.gemini=1965 --set public.gopher=70 --tickets on \
		--set "tls.ticket_keys=$keys" --set proxy.from=127.0.0.1 \
		--set limits.per_address=2 --set limits.stop=20s \
		--set "status.socket=$work/status.$1" \
		--ready "$work/ready.$1" >"$work/log.$1" 2>&1 &
	node=$!
	nodes="$nodes $node"
	"$slowpeer" await "$work/ready.$1" $node || {
		cat "$work/log.$1"
		fail "node $1 is not ready"
	}
}
port() { # NUMBER PROTOCOL
	sed -n "s/^$2 127.0.0.1 //p" "$work/ready.$1"
}
"$BUILD/qasid" cert --host "$host" --dir "$work/certs" >/dev/null 2>&1
node 1
first=$node
node 2
second=$node
node 3

# What an operator writes, but for the sockets, which are passed.
{
	cat <<-END
		defaults
		    mode tcp
		    balance roundrobin
		    timeout connect 2s
		    timeout client 2m
		    timeout server 2m
		    timeout check 2s
		    retries 3
		    option redispatch 1
		    option httpchk GET /
		    default-server send-proxy-v2 check inter 200ms fall 1 rise 1
		listen gemini
		    bind fd@4
	END
	for n in 1 2 3; do
		echo "    server n$n 127.0.0.1:$(port $n gemini)" \
			"addr unix@$work/status.$n"
	done
	cat <<-END
		listen gopher
		    bind fd@3
	END
	for n in 1 2 3; do
		echo "    server n$n 127.0.0.1:$(port $n gopher)" \
			"addr unix@$work/status.$n"
	done
} >"$work/haproxy.cfg"
"$BUILD/e2e/launcher" "$work/ports" "$work/words" \
	"$(command -v haproxy)" -db -f "$work/haproxy.cfg" >"$work/log" 2>&1 &
ha=$!
"$slowpeer" await "$work/ports" $ha || fail "no launcher"
read -r gemini gopher <"$work/ports"

answered() { # prints which node answered
	"$peer" get gemini "$gemini" "$host_url/node" | sed -n 's/^node //p'
}
for _ in 1 2 3 4 5 6; do
	answered
done | sort -u >"$work/which"
[ "$(tr '\n' ' ' <"$work/which")" = "1 2 3 " ] ||
	fail "not every node answers: $(cat "$work/which")"
"$peer" get gopher "$gopher" '' >"$work/out" || fail "no menu"
grep -q Home "$work/out" || fail "another menu"
echo "three nodes answer"

# A session of one node resumes on the two others.
for v in 1.2 1.3; do
	rm -f "$work/session"
	for want in 0 1 1 1 1 1 1; do
		got=$("$peer" resume "$gemini" "$host_url/" "$host" $v \
			"$work/session")
		[ "$got" = "resumed $want" ] || fail "TLS $v: $got, not $want"
	done
done
echo "sessions resume on every node"

# The reader's address counts, not the proxy's: a node takes two of one.
for i in 1 2 3 4 5 6; do
	PEER_FROM=127.0.0.5 "$slowpeer" hold gopher "$gopher" /huge.bin \
		"$work/begun.$i" "$work/go" >"$work/held.$i" 2>&1 &
	load="$load $!"
	"$slowpeer" await "$work/begun.$i" $! || fail "reader $i has not begun"
done
PEER_FROM=127.0.0.5 "$peer" get gemini "$gemini" "$host_url/" >"$work/out" ||
	fail "no answer for a seventh reader"
grep -q '^44 30' "$work/out" || fail "a seventh is served: $(head -1 "$work/out")"
PEER_FROM=127.0.0.6 "$peer" get gemini "$gemini" "$host_url/" >"$work/out" ||
	fail "no answer for another address"
grep -q '^20 ' "$work/out" || fail "another address is not served"
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
for p in $load; do wait "$p"; done
load=
cat "$work"/held.* >"$work/all"
if grep -v '^40000000 whole$' "$work/all"; then fail "a reader was cut"; fi
echo "addresses of readers count"

# Under load: one node stops, and not one request is lost; one is killed, and
# none but those that it was about to answer.
readers=4
reader() { # NUMBER: lines "ok" and "lost"
	export PEER_FROM="127.0.1.$1"
	while [ ! -e "$work/enough" ]; do
		if "$peer" get gemini "$gemini" "$host_url/five.gmi" \
			>"$work/got.$1" 2>/dev/null &&
			[ "$(wc -c <"$work/got.$1")" = "$size" ]; then
			echo ok
		else
			echo lost
		fi
	done
}
"$peer" get gemini "$gemini" "$host_url/five.gmi" >"$work/out"
size=$(wc -c <"$work/out")
for i in $(seq $readers); do
	reader "$i" >"$work/load.$i" &
	load="$load $!"
done
so_far() {
	cat "$work"/load.* | wc -l
}
go_on() { # until 200 more requests are answered
	until=$(($(so_far) + 200)) tries=0
	while [ "$(so_far)" -lt "$until" ]; do
		tries=$((tries + 1))
		[ $tries -lt 20000 ] || fail "no more answers"
	done
}
lost() {
	cat "$work"/load.* | grep -c lost || true
}
go_on
# One that stops says so to the health check, while it serves its last reader.
for i in 7 8 9; do
	PEER_FROM=127.0.0.$i "$slowpeer" hold gopher "$gopher" /huge.bin \
		"$work/begun.$i" "$work/go.2" >"$work/held.$i" 2>&1 &
	held="$held $!"
	"$slowpeer" await "$work/begun.$i" $! || fail "reader $i has not begun"
done
kill "$first"
"$slowpeer" await-text "$work/log" \
	'gemini/n1 is DOWN, reason: Layer7 wrong status, code: 503' $ha ||
	fail "the health check does not see a stop"
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go.2"
for p in $held; do wait "$p"; done
held=
if cat "$work"/held.[789] | grep -v '^40000000 whole$'; then
	fail "a reader was cut by a stop"
fi
wait "$first" || fail "node 1 ended with status $?"
go_on
n=$(lost)
[ "$n" = 0 ] || fail "$n requests lost when a node stopped"
echo "a node stopped: $(so_far) requests, none lost"
# shellcheck disable=SC2046 # a list
kill -9 "$second" $(cat "/proc/$second/task/$second/children")
go_on
: >"$work/enough"
for p in $load; do wait "$p"; done
load=
n=$(lost)
[ "$n" -le $readers ] || fail "$n of $(so_far) lost, $readers in flight"
echo "a node killed: $(so_far) requests, $n lost of $readers in flight"
cp "$work/log.3" "$work/log"
is_sane
