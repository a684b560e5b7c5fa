# mirror_lib.sh: two network namespaces with a pair of virtual Ethernet devices
# without offloads between them, their packet counters, and servers in the first
# one; sourced by the scripts that measure mirrors.  Everything lies in $tmp.
# shellcheck shell=sh disable=SC2034,SC2154 # set on one side, used on the other
[ "$(id -u)" = 0 ] || {
	echo 'bench-mirrors: needs root, for network namespaces' >&2
	exit 2
}
sh "$top/tests/run/deps.sh" rsync git casync iproute2 python3
sync=$top/src/sync/qasid-sync.sh

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
	for n in $(ip netns list | sed -n "s/^\($ns-[a-z0-9]*\).*/\1/p"); do
		ip netns pids "$n" | xargs -r kill 2>/dev/null || true
		ip netns del "$n" || true
	done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 2' INT TERM HUP

failed() { # failed TEXT: nothing was measured
	echo "bench-mirrors: $*" >&2
	exit 2
}

# serve_in NAMESPACE COMMAND...: in the background, until stop.  No function
# around `ip`: the kill must reach the server itself.
serve_in() {
	where=$1
	shift
	ip netns exec "$ns-$where" "$@" >>"$tmp/servers.log" 2>&1 &
	pids="$pids $!"
}

await() { # await NAMESPACE PORT
	while ! ip netns exec "$ns-$1" ss -Htln "sport = :$2" | grep -q .; do :; done
}

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
		failed "$what failed"
	}
	settle
	bytes=$(($(counter) - before))
}

# --- publishing, with each of them ----------------------------------------------

serve_all() { # at $1, an address in the namespace srv
	"$qasid" cert --host site.test --dir "$tmp/certs" >/dev/null 2>&1
	serve_in srv "$qasid" serve --store "$tmp/store" --host site.test \
		--certs "$tmp/certs" --gemini "$1:1965" --gopher "$1:7070" \
		--workers 1 --ready "$tmp/ready"
	cat >"$tmp/rsyncd.conf" <<-END
		use chroot = no
		[tree]
		path = $tmp/tree
		read only = yes
	END
	serve_in srv rsync --daemon --no-detach --config "$tmp/rsyncd.conf" \
		--log-file "$tmp/rsync.log" --address "$1" --port 8730
	serve_in srv "$(git --exec-path)/git-daemon" --reuseaddr --export-all \
		--base-path="$tmp" --listen="$1" --port=9418 "$tmp/tree.git"
	serve_in srv python3 -m http.server 8000 --bind "$1" \
		--directory "$tmp/casync"
	for port in 1965 7070 8730 9418 8000; do await srv $port; done
}

new_site() { # new_site ARTICLES
	rm -rf "$tmp/store" "$tmp/tree" "$tmp/tree.git" "$tmp/casync" \
		"$tmp"/by-* "$tmp"/mirror*
	"$corpus" "$tmp/tree" "$1"
	mkdir -p "$tmp/casync"
	git init -q --bare "$tmp/tree.git"
	git --git-dir="$tmp/tree.git" config core.bare false
}

publish_ours() {
	"$qasid" sync publish --store "$tmp/store" --key "$tmp/key" \
		--name site.test "$tmp/tree" >"$tmp/publish.log"
}

publish() {
	publish_ours
	git --git-dir="$tmp/tree.git" --work-tree="$tmp/tree" add -A
	git --git-dir="$tmp/tree.git" --work-tree="$tmp/tree" -c user.name=b \
		-c user.email=b@site.test -c gc.auto=0 commit -qm state
	casync make --store="$tmp/casync/store.castr" \
		"$tmp/casync/tree.caidx" "$tmp/tree" >/dev/null 2>&1
}

# settings NAME ADDRESS [LINES]: those of mirror NAME in $tmp/NAME
settings() {
	{
		echo 'name site.test'
		echo "key $(cat "$tmp/key.pub")"
		echo 'source gemini://site.test'
		echo "connect $2:1965"
		echo "dir $tmp/$1"
		echo "qasid $qasid"
		echo 'tries 1'
		[ -z "${3-}" ] || printf '%s\n' "$3"
	} >"$tmp/$1.conf"
}
