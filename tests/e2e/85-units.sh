#!/bin/sh
# The installed units: systemd finds no fault in them, none is exposed more than
# 2.0 of 10, and of each program that they start there is one.
set -eu
command -v systemd-analyze >/dev/null || {
	echo 'no systemd-analyze'
	exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	sed 's/^/    /' "$tmp/out" 2>/dev/null || true
	exit 1
}
prefix=$tmp/usr
units=$prefix/lib/systemd/system
make -C "$TOP" -s -o all -o "$QASID" install QASID="$QASID" \
	PREFIX="$prefix" >"$tmp/out" 2>&1 || fail 'no installation'
for u in qasid.service qasid.socket qasid-gopher.socket qasid-publish.service \
	qasid-sync.service qasid-sync.timer; do
	[ -s "$units/$u" ] || fail "not installed: $u"
	grep -qF "$u" "$TOP"/src/man/qasid.1 "$TOP"/src/man/qasid-sync.1 ||
		fail "not in a manual: $u"
done
systemd-analyze verify --man=no "$units"/* >"$tmp/out" 2>&1 || true
! grep qasid "$tmp/out" || fail 'systemd finds fault'
for u in "$units"/*.service; do
	systemd-analyze security --offline=true --no-pager --threshold=20 "$u" \
		>"$tmp/out" 2>&1 || fail "exposed: ${u##*/}"
	grep -q 'Overall exposure level' "$tmp/out" || fail "no figure: $u"
	sed -n 's/^\(Exec[A-Za-z]*\)=-*\([^ ]*\).*/\2/p' "$u" |
		while read -r program; do
			[ -x "$program" ] || fail "${u##*/}: no $program"
		done
done
echo 'units: fine'
