#!/bin/sh
# line.sh BUILD: a page of 5,000 bytes over a slow, far line (600 ms, 50 kbit/s
# down, 20 up), from us, the bare floor, Debian's molly-brown and, where GMID
# names one, a gmid: bytes of IP packets each way, and the time until the first
# line and the whole page are there, without loss and with 2 %.  RUNS each (15).
# Needs root, for network namespaces.
set -eu
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${RUNS:=15}" "${RTT_MS:=600}" "${KBIT:=50/20}" "${LOSS:=0 20}"
host=example.test
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ]; then
	echo 'line: not measured: needs root and /dev/net/tun' >&2
	exit 0
fi
sh "$top/tests/run/deps.sh" iproute2 molly-brown
work=$(mktemp -d)
ns=qasidline$$
pids=
clean_up() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	for p in $pids; do wait "$p" 2>/dev/null || true; done
	ip netns del $ns-srv 2>/dev/null || true
	ip netns del $ns-cli 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 2' INT TERM

# A user that servers drop to reads the pages as well.
chmod 755 "$work"
"$build/qasid" cert --host $host --dir "$work/certs" >/dev/null 2>&1
mkdir -p "$work/pages/articles"
awk 'BEGIN { for (i = 0; i < 157; i++) printf "line %-26d\n", i }' |
	head -c 5000 >"$work/pages/articles/a77.gmi"
echo "g/articles/a77.gmi page text/gemini - @$work/pages/articles/a77.gmi" |
	"$build/e2e/mkstore" "$work/store"
url="gemini://$host/articles/a77.gmi\\r\\n"

# lay_line PERMILLE: the line with this loss; it ends with the next.
line=
lay_line() {
	if [ -n "$line" ]; then
		kill "$line"
		wait "$line" 2>/dev/null || true
		ip netns del $ns-srv
		ip netns del $ns-cli
	fi
	ip netns add $ns-srv
	ip netns add $ns-cli
	mkfifo "$work/said"
	"$build/bench/slowlink" $ns-srv $ns-cli line0 "$KBIT" "$RTT_MS" "$1" \
		>"$work/said" &
	line=$!
	pids="$pids $line"
	read -r _ <"$work/said"
	rm "$work/said"
	for end in srv:10.99.0.1 cli:10.99.0.2; do
		n=$ns-${end%%:*}
		ip netns exec "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		ip -n "$n" link set lo up
		ip -n "$n" addr add "${end#*:}/30" dev line0
		ip -n "$n" link set line0 mtu 1400 up
	done
}
serve() { # COMMAND...: in the background, behind the line
	ip netns exec $ns-srv "$@" >>"$work/servers.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
}
await_port() {
	until ip netns exec $ns-srv ss -Htln "sport = :$1" | grep -q .; do
		kill -0 "$pid" || { cat "$work/servers.log"; exit 1; }
	done
}
counters() { # packets' bytes down and up, so far
	for way in rx tx; do
		ip netns exec $ns-cli cat \
			/sys/class/net/line0/statistics/${way}_bytes
	done | tr '\n' ' '
}
fetch() { # COUNT
	PEER_TO=10.99.0.1 ip netns exec $ns-cli "$build/bench/load" gemini \
		"$port" "$url" $$ "$1" full cold
}
settle() { # the last FINs are counted as well
	while ip netns exec $ns-cli ss -Htan | grep -qv 'TIME-WAIT\|LISTEN' ||
		ip netns exec $ns-srv ss -Htan | grep -qv 'TIME-WAIT\|LISTEN'; do :
	done
}
measure() { # NAME PORT
	port=$2
	if [ "$loss" = 0 ]; then
		before=$(counters)
		fetch 1 >/dev/null
		settle
		echo "$before $(counters)" | awk -v name="$1" '{
			printf "%-12s %d bytes down, %d up\n", name, $3 - $1,
				$4 - $2 }'
	fi
	fetch "$RUNS" | awk -v name="$1" '{
		printf "%-12s first line %d ms, whole page %d ms\n", name,
			$8, $4 }'
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}
measure_all() {
	serve "$build/qasid" serve --store "$work/store" --host $host \
		--certs "$work/certs" --gemini 10.99.0.1:1965 \
		--gopher 10.99.0.1:70
	await_port 1965
	measure qasid 1965
	serve env FLOOR_ANY=1 "$build/bench/floor" gemini \
		"$work/floor" "$work/certs/$host.crt" "$work/certs/$host.key" \
		5000 1
	"$build/e2e/slowpeer" await "$work/floor" $pid
	measure floor "$(cat "$work/floor")"
	rm "$work/floor"
	cat >"$work/molly.conf" <<-END
		Port = 1966
		Hostname = "$host"
		CertPath = "$work/certs/$host.crt"
		KeyPath = "$work/certs/$host.key"
		DocBase = "$work/pages"
		AccessLog = "$work/molly.access"
		ErrorLog = "$work/molly.error"
	END
	serve molly-brown -c "$work/molly.conf"
	await_port 1966
	measure molly-brown 1966
	[ -n "${GMID-}" ] || return 0
	cat >"$work/gmid.conf" <<-END
		prefork 1
		server "$host" {
			listen on * port 1967
			cert "$work/certs/$host.crt"
			key "$work/certs/$host.key"
			root "$work/pages"
		}
	END
	serve "$GMID" -f -c "$work/gmid.conf"
	await_port 1967
	measure gmid 1967
}
for loss in $LOSS; do
	echo "$RTT_MS ms, $KBIT kbit/s, loss $loss in 1,000; medians of $RUNS"
	lay_line "$loss"
	measure_all
done
