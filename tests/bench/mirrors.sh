#!/bin/sh
# mirrors.sh BUILD [ARTICLES...]: what following a site costs, in bytes on the
# wire with TCP/IP headers, both ways, beside rsync, git and casync in the same
# run.  Two network namespaces, a pair of virtual Ethernet devices without
# offloads between them, and their packet counters.  Needs root.
#
# Prints a table a corpus; ends with 1 when a figure of ours is over its target
# (MIRROR.md), with 2 when it cannot measure.
set -eu
build=$1
shift
[ $# -gt 0 ] || set -- 1000
top=$(cd "$(dirname "$0")/../.." && pwd)
case $build in /*) ;; *) build=$top/$build ;; esac
qasid=$build/qasid sync=$top/src/sync/qasid-sync.sh corpus=$build/bench/mirror_corpus

[ "$(id -u)" = 0 ] || {
	echo 'bench-mirrors: needs root, for network namespaces' >&2
	exit 2
}
sh "$top/tests/run/deps.sh" rsync git casync iproute2 python3

tmp=$(mktemp -d)
ns=qasid$$
pids=
srv() { ip netns exec "$ns-srv" "$@"; }
cli() { ip netns exec "$ns-cli" "$@"; }
stop() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	for p in $pids; do wait "$p" 2>/dev/null || true; done
	pids=
}
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	stop
	ip netns del "$ns-srv" 2>/dev/null || true
	ip netns del "$ns-cli" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 2' INT TERM HUP

# --- the link -----------------------------------------------------------------

lay_link() {
	ip netns add "$ns-srv" && ip netns add "$ns-cli" || exit 2
	ip link add v0 netns "$ns-srv" type veth peer name v1 netns "$ns-cli"
	for end in srv:v0:10.98.0.1 cli:v1:10.98.0.2; do
		n=$ns-${end%%:*} dev=${end#*:}
		addr=${dev#*:} dev=${dev%%:*}
		ip netns exec "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		ip -n "$n" link set lo up
		# Segments as on a real wire, so that each header counts.
		ip -n "$n" link set "$dev" gso_max_size 1514 gso_max_segs 1 arp off
		ip -n "$n" addr add "$addr/24" dev "$dev"
		ip -n "$n" link set "$dev" up
	done
	srv_mac=$(ip -n "$ns-srv" -o link show v0 | sed 's/.*ether \([^ ]*\).*/\1/')
	cli_mac=$(ip -n "$ns-cli" -o link show v1 | sed 's/.*ether \([^ ]*\).*/\1/')
	ip -n "$ns-srv" neigh add 10.98.0.2 lladdr "$cli_mac" dev v0
	ip -n "$ns-cli" neigh add 10.98.0.1 lladdr "$srv_mac" dev v1
}

# Bytes that crossed the link so far, without the 14 of Ethernet a packet.
counter() {
	cli cat /sys/class/net/v1/statistics/rx_bytes \
		/sys/class/net/v1/statistics/tx_bytes \
		/sys/class/net/v1/statistics/rx_packets \
		/sys/class/net/v1/statistics/tx_packets | tr '\n' ' ' |
		awk '{ print $1 + $2 - 14 * ($3 + $4) }'
}

# The last FINs belong to what is measured.
settle() {
	while cli ss -Htan | grep -qv 'TIME-WAIT\|LISTEN' ||
		srv ss -Htan | grep -qv 'TIME-WAIT\|LISTEN'; do :; done
}

# measure NAME COMMAND...: its bytes in $bytes
measure() {
	what=$1
	shift
	settle
	before=$(counter)
	cli "$@" >"$tmp/measure.log" 2>&1 || {
		cat "$tmp/measure.log" >&2
		echo "bench-mirrors: $what failed" >&2
		exit 2
	}
	settle
	bytes=$(($(counter) - before))
}

# --- servers ------------------------------------------------------------------

await() { # await PORT
	while ! srv ss -Htln "sport = :$1" | grep -q .; do :; done
}

start_servers() {
	"$qasid" cert --host site.test --dir "$tmp/certs" >/dev/null 2>&1
	srv "$qasid" serve --store "$tmp/store" --host site.test \
		--certs "$tmp/certs" --gemini 10.98.0.1:1965 \
		--gopher 10.98.0.1:7070 --workers 1 --ready "$tmp/ready" \
		>"$tmp/serve.log" 2>&1 &
	pids="$pids $!"
	cat >"$tmp/rsyncd.conf" <<-END
		use chroot = no
		[tree]
		path = $tmp/tree
		read only = yes
	END
	srv rsync --daemon --no-detach --config "$tmp/rsyncd.conf" \
		--log-file "$tmp/rsync.log" --address 10.98.0.1 --port 8730 &
	pids="$pids $!"
	srv git daemon --reuseaddr --export-all --base-path="$tmp" \
		--listen=10.98.0.1 --port=9418 "$tmp/tree.git" \
		>/dev/null 2>&1 &
	pids="$pids $!"
	srv python3 -m http.server 8000 --bind 10.98.0.1 \
		--directory "$tmp/casync" >/dev/null 2>&1 &
	pids="$pids $!"
	await 1965
	await 8730
	await 9418
	await 8000
}

# --- publishing, with each of them ---------------------------------------------

publish() {
	"$qasid" sync publish --store "$tmp/store" --key "$tmp/key" \
		--name site.test "$tmp/tree" >/dev/null
	git --git-dir="$tmp/tree.git" --work-tree="$tmp/tree" add -A
	git --git-dir="$tmp/tree.git" --work-tree="$tmp/tree" -c user.name=b \
		-c user.email=b@site.test commit -qm state
	casync make --store="$tmp/casync/store.castr" \
		"$tmp/casync/tree.caidx" "$tmp/tree" >/dev/null 2>&1
}

ours() { measure qasid-sync sh "$sync" -c "$tmp/sync.conf"; }
rsyncs() {
	measure rsync rsync -az --delete rsync://10.98.0.1:8730/tree/ \
		"$tmp/by-rsync/"
}
gits() {
	if [ -d "$tmp/by-git" ]; then
		measure git sh -c "cd $tmp/by-git &&
			git fetch -q --depth 1 origin && git reset -q --hard FETCH_HEAD"
	else
		measure git git clone -q --depth 1 git://10.98.0.1/tree.git \
			"$tmp/by-git"
	fi
}
casyncs() {
	mkdir -p "$tmp/by-casync"
	measure casync casync extract --seed="$tmp/by-casync" \
		--store=http://10.98.0.1:8000/store.castr \
		http://10.98.0.1:8000/tree.caidx "$tmp/by-casync"
}

# --- rows -----------------------------------------------------------------------

over=0
row() { # row NAME TARGET-BYTES: measures all four, prints a line
	ours
	mine=$bytes
	diff -r "$tmp/tree" "$tmp/mirror/content" >/dev/null || {
		echo "bench-mirrors: the mirror differs after \"$1\"" >&2
		exit 2
	}
	rsyncs
	by_rsync=$bytes
	gits
	by_git=$bytes
	casyncs
	verdict=
	[ "$mine" -le "$2" ] || {
		verdict='  over its target'
		over=1
	}
	printf '%-28s %11s %11s %11s %11s %11s%s\n' "$1" "$mine" "$2" \
		"$by_rsync" "$by_git" "$bytes" "$verdict"
}

cpu_ticks() { # of the server and its workers
	for p in $(srv ss -Htlnp 'sport = :1965' | grep -o 'pid=[0-9]*' |
		tr -d 'pid=' | sort -u); do
		awk '{ print $14 + $15 }' "/proc/$p/stat"
	done | awk '{ n += $1 } END { print n }'
}

# A poll is one request: no script around it, as it is the server we ask about.
polls() {
	n=200 start=$(cpu_ticks) i=0
	while [ $i -lt $n ]; do
		cli "$qasid" sync fetch --dir "$tmp/mirror" --name site.test \
			--key "$(cat "$tmp/key.pub")" \
			--source gemini://site.test --connect 10.98.0.1:1965 \
			--known "$tmp/known" >/dev/null
		i=$((i + 1))
	done
	ticks=$(($(cpu_ticks) - start))
	echo "server CPU a poll: $((ticks * 1000000 / $(getconf CLK_TCK) / n)) microseconds (target 1500)"
	[ $((ticks * 1000000 / $(getconf CLK_TCK) / n)) -le 1500 ] || over=1
}

# A first copy that is killed when half of its parts are there, then resumed.
halves() {
	sed "s|^dir .*|dir $tmp/half|" "$tmp/sync.conf" >"$tmp/half.conf"
	parts=$("$qasid" get --store "$tmp/store" --list |
		grep -c "^g/.sync/snap/.*/0")
	settle
	before=$(counter)
	cli setsid sh "$sync" -c "$tmp/half.conf" >/dev/null 2>&1 &
	run=$!
	count() {
		find "$tmp/half/state/stage/snap" -name '0*' 2>/dev/null | wc -l
	}
	while kill -0 $run 2>/dev/null && [ "$(count)" -lt $((parts / 2)) ]; do :; done
	kill -9 "-$run" 2>/dev/null || true
	wait $run 2>/dev/null || true
	settle
	cli sh "$sync" -c "$tmp/half.conf"
	settle
	halved=$(($(counter) - before))
	diff -r "$tmp/tree" "$tmp/half/content" >/dev/null || exit 2
	waste=$((halved - first))
	echo "cut at 50 % and resumed: $waste bytes more than in one go (target: the parts in flight, $((4 * 262144 + 65536)))"
	[ "$waste" -le $((4 * 262144 + 65536)) ] || over=1
}

run_corpus() { # run_corpus ARTICLES NOTHING ONE ADDED HUNDRED INSIDE FIRST
	rm -rf "$tmp/store" "$tmp/tree" "$tmp/tree.git" "$tmp/casync" \
		"$tmp"/by-* "$tmp/mirror" "$tmp/half"
	"$corpus" "$tmp/tree" "$1"
	mkdir -p "$tmp/casync"
	git init -q --bare "$tmp/tree.git"
	git --git-dir="$tmp/tree.git" config core.bare false
	publish
	start_servers
	echo
	echo "$1 articles; bytes with TCP/IP headers, both ways"
	printf '%-28s %11s %11s %11s %11s %11s\n' '' qasid-sync target \
		'rsync -az' 'git shallow' casync
	row 'first copy' "$7"
	first=$mine
	row 'nothing new' "$2"
	"$corpus" "$tmp/tree" edit 1 1
	publish
	row 'one article edited' "$3"
	"$corpus" "$tmp/tree" add one-more
	publish
	row 'one added' "$4"
	"$corpus" "$tmp/tree" edit 100 2
	publish
	row '100 edited' "$5"
	head -c 1024 /dev/urandom | dd of="$tmp/tree/files/report-00.pdf" bs=1 \
		seek=2000000 conv=notrunc status=none
	publish
	row '1 KB inside a 5 MB PDF' "$6"
	polls
	halves
	stop
}

lay_link
"$qasid" sync key new "$tmp/key" >"$tmp/key.pub"
cat >"$tmp/sync.conf" <<END
name site.test
key $(cat "$tmp/key.pub")
source gemini://site.test
connect 10.98.0.1:1965
dir $tmp/mirror
qasid $qasid
tries 1
END
for n; do
	case $n in
	1000) run_corpus 1000 2900 3300 5200 23000 4700 32000000 ;;
	10000) run_corpus 10000 2900 3300 5200 23000 4700 47500000 ;;
	100000) run_corpus 100000 2900 3300 5200 23000 4700 205000000 ;;
	*)
		echo "bench-mirrors: no targets for $n articles" >&2
		exit 2
		;;
	esac
done
exit $over
