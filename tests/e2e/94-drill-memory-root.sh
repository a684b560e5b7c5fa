#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: a cgroup of 64 MiB, page cache and all: the shipped content is built and
# served in it.  Where the kernel ends a build for want of memory, the edition
# stays, and the next build makes good what it left.
set -eu
. "$TOP/tests/e2e/server.sh"
not_run() {
	echo "not run: $*"
	exit 77
}
case $BUILD in *asan*) not_run 'AddressSanitizer needs more' ;; esac
root=/sys/fs/cgroup
if [ -f $root/cgroup.controllers ]; then
	group=$root/qasid-drill-$$ max=memory.max
	grep -qw memory $root/cgroup.controllers || not_run 'no cgroup of memory'
	echo +memory >$root/cgroup.subtree_control 2>/dev/null || true
else
	group=$root/memory/qasid-drill-$$ max=memory.limit_in_bytes
fi
mkdir "$group" 2>/dev/null || not_run 'no right to make a cgroup'
trap 'clean_up; rmdir "$group"' EXIT
chmod 755 "$work"
limit() { # limit MEGABYTES
	echo $(($1 << 20)) >"$group/$max"
}
limit 64 2>/dev/null || not_run 'no cgroup of memory'
mkdir "$work/bin"
cat >"$work/bin/qasid" <<END
#!/bin/sh
echo \$\$ >"$group/cgroup.procs" || exit 77
exec "$QASID" "\$@"
END
chmod 755 "$work/bin/qasid"
code=0
"$work/bin/qasid" version >/dev/null 2>&1 || code=$?
[ $code != 77 ] || not_run 'no right to enter a cgroup'
killed() { # how often the kernel ended something there
	sed -n 's/^oom_kill //p' "$group/memory.events" \
		"$group/memory.oom_control" 2>/dev/null
}

"$work/bin/qasid" build "$TOP/content" --store "$work/store" --offline \
	2>"$work/said" || fail "no build in 64 MiB: $(cat "$work/said")"
BUILD=$work/bin
serve --set public.gemini=1965 --set limits.handshake=500ms --workers 2
for _ in 1 2 3 4 5 6 7 8; do
	"$peer" get gemini "$gemini" "gemini://$host/articles/" >"$work/page" ||
		fail 'no page in 64 MiB'
	grep -q '^20 ' "$work/page" || fail 'another page'
done
"$slowpeer" silent gemini "$gemini" 500 tcp >/dev/null || fail 'silent peers'
"$peer" get gemini "$gemini" "gemini://$host/" >"$work/page" ||
	fail 'no page after 500 silent peers'
stop
[ "$(killed)" = 0 ] || fail "64 MiB: the kernel ended $(killed)"

# Too little for a build: ended by the kernel, all at once or a helper of it.
"$QASID" get --store "$work/store" --list >"$work/before"
cp -r "$TOP/content" "$work/content"
printf '\nOne word more.\n' >>"$work/content/articles/price-of-water.md"
limit 2 2>/dev/null || not_run 'its end: the limit cannot be lowered'
code=0
"$work/bin/qasid" build "$work/content" --store "$work/store" \
	>"$work/out" 2>&1 || code=$?
[ $code != 0 ] || fail 'a build in 2 MiB?'
"$QASID" get --store "$work/store" --list | cmp - "$work/before" ||
	fail 'the edition suffered'
"$QASID" build "$work/content" --store "$work/store" 2>"$work/said" ||
	fail "no build afterwards: $(cat "$work/said")"
"$QASID" get --store "$work/store" g/articles/price-of-water.md |
	grep -q '^One word more' || fail 'the word is not there'
[ -z "$(find "$work/store" -name 'search.new*')" ] || fail 'half an index is left'
echo '64 MiB: built and served'
