#!/bin/sh
# make install puts qasid-sync, its manual, units and cron line where they are
# looked for, with the paths of the prefix; systemd finds no fault in the units.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
prefix=$tmp/usr
# The program as it is, whatever mode it was built in.
make -C "$TOP" -s -o all -o "$QASID" install QASID="$QASID" \
	PREFIX="$prefix" >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
units=$prefix/lib/systemd/system
for f in "$prefix/bin/qasid-sync" "$units/qasid-sync.service" \
	"$units/qasid-sync.timer" "$prefix/share/doc/qasid/qasid-sync.cron" \
	"$prefix/share/man/man1/qasid-sync.1"; do
	[ -s "$f" ] || fail "not installed: $f"
done
grep -q "^ExecStart=$prefix/bin/qasid-sync\$" "$units/qasid-sync.service" ||
	fail 'the unit runs another program'
grep -q "[0-9* ]* _qasid $prefix/bin/qasid-sync\$" \
	"$prefix/share/doc/qasid/qasid-sync.cron" || fail 'no line for cron'
code=0
"$prefix/bin/qasid-sync" --nonsense 2>/dev/null || code=$?
[ $code = 64 ] || fail "the installed script: exit $code"
# What the manual says of the units is so.
grep -q "^\.Pa qasid-sync.service\$" "$TOP/src/man/qasid-sync.1" ||
	fail 'no unit in the manual'
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify --man=no "$units/qasid-sync.service" \
		"$units/qasid-sync.timer" >"$tmp/out" 2>&1 || true
	! grep 'qasid-sync' "$tmp/out" || fail 'systemd finds fault'
	echo 'sync-install: fine'
else
	echo 'sync-install: fine, but no systemd-analyze to ask'
fi
