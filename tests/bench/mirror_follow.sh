#!/bin/sh
# mirror_follow.sh BUILD: three mirrors, each in a namespace of its own, follow
# an origin over lines of 50 kbit/s, 600 ms and 2 % loss while it publishes ten
# times; the third is a mirror of the first.  All must end equal.  Needs root.
# KBIT, RTT_MS, LOSS_PERMILLE change the lines, SECONDS_MAX the patience.
set -eu
build=$1
: "${KBIT:=50}" "${RTT_MS:=600}" "${LOSS_PERMILLE:=20}" "${SECONDS_MAX:=900}"
top=$(cd "$(dirname "$0")/../.." && pwd)
case $build in /*) ;; *) build=$top/$build ;; esac
qasid=$build/qasid corpus=$build/bench/mirror_corpus
# shellcheck source=tests/bench/mirror_lib.sh
. "$top/tests/bench/mirror_lib.sh"
serials=11 # the first state, then ten
end=$(($(date +%s) + SECONDS_MAX))

in_time() {
	[ "$(date +%s)" -lt "$end" ] || failed 'the mirrors did not get there'
}

# lay_line FROM TO NUMBER: 10.97.NUMBER.1 and .2
lay_line() {
	"$build/bench/slowlink" "$ns-$1" "$ns-$2" "line$3" "$KBIT" "$RTT_MS" \
		"$LOSS_PERMILLE" >"$tmp/line$3.ready" &
	pids="$pids $!"
	until [ -s "$tmp/line$3.ready" ]; do in_time; done
	ip -n "$ns-$1" addr add "10.97.$3.1/30" dev "line$3"
	ip -n "$ns-$2" addr add "10.97.$3.2/30" dev "line$3"
	ip -n "$ns-$1" link set "line$3" up
	ip -n "$ns-$2" link set "line$3" up
}

publish_site() {
	"$qasid" build --store "$tmp/store" --sync-key "$tmp/key" \
		"$tmp/content" >"$tmp/build.log" 2>&1 || {
		cat "$tmp/build.log" >&2
		failed 'the build'
	}
}

serial_of() { # serial_of MIRROR
	sed -n 's/^serial //p' "$tmp/$1/state/head" 2>/dev/null | head -n 1
}
runs_of() { # runs_of MIRROR
	[ ! -e "$tmp/$1/state/log" ] || wc -l <"$tmp/$1/state/log"
}

# follow MIRROR: one run after the other, as an eager cron, until it is there.
follow() {
	while [ "$(serial_of "$1")" != $serials ]; do
		code=0
		ip netns exec "$ns-$1" sh "$sync" -c "$tmp/$1.conf" || code=$?
		# An origin that cannot be reached is worth another try.
		[ $code = 0 ] || [ $code = 75 ] || return $code
	done
}

ip netns add "$ns-srv"
ip -n "$ns-srv" link set lo up
for m in m1 m2 m3; do
	ip netns add "$ns-$m"
	ip -n "$ns-$m" link set lo up
done
lay_line srv m1 1
lay_line srv m2 2
lay_line m1 m3 3
"$qasid" sync key new "$tmp/key" >"$tmp/key.pub"
for m in m1 m2 m3; do settings $m "10.97.${m#m}.1" "store $tmp/$m.store"; done
"$qasid" cert --host site.test --dir "$tmp/certs" >/dev/null 2>&1
"$corpus" "$tmp/content" 30
rm -r "$tmp/content/files"
printf 'title: The site\nhost: site.test\n' >"$tmp/content/capsule.yaml"
publish_site
serve() { # serve NAMESPACE STORE
	serve_in "$1" "$qasid" serve --store "$2" --host site.test \
		--certs "$tmp/certs" --gemini 0.0.0.0:1965 \
		--gopher 0.0.0.0:7070 --workers 1
	until ip netns exec "$ns-$1" ss -Htln 'sport = :1965' | grep -q .; do
		in_time
	done
}
serve srv "$tmp/store"

start=$(date +%s)
followers=
begin() { # begin MIRROR
	follow "$1" >"$tmp/$1.said" 2>&1 &
	pids="$pids $!"
	followers="$followers $1:$!"
}
begin m1
begin m2
# What a mirror serves is there once it has built for the first time.
until [ -e "$tmp/m1/state/built" ]; do in_time; done
serve m1 "$tmp/m1.store"
begin m3
# The next state comes when m2 or m3, in turns, has ended a run more, wherever
# the others are.
n=1
while [ $n -lt $serials ]; do
	watched=m$((2 + n % 2))
	runs=$(runs_of $watched)
	case $((n % 3)) in
	0) "$corpus" "$tmp/content" add "added-$n" ;;
	*) "$corpus" "$tmp/content" edit $n $n ;;
	esac
	publish_site
	n=$((n + 1))
	until [ "$(runs_of $watched)" != "$runs" ]; do in_time; done
done
for f in $followers; do
	while kill -0 "${f#*:}" 2>/dev/null; do in_time; done
	wait "${f#*:}" || {
		cat "$tmp/${f%:*}.said" >&2
		failed "${f%:*} gave up"
	}
done
over=0
for m in m1 m2 m3; do
	echo "$m: serial $(serial_of $m) in $(runs_of $m) runs," \
		"$(awk '{ for (i = 1; i < NF; i++) if ($i == "bytes") n += $(i + 1) }
			END { print n }' "$tmp/$m/state/log") bytes of answers"
	diff -r --exclude=gone "$tmp/content" "$tmp/$m/content" &&
		cmp "$tmp/m1/state/head" "$tmp/$m/state/head" || over=1
done
echo "three mirrors followed ten publishes in $(($(date +%s) - start)) s"
exit $over
