#!/bin/sh
# Root publishes as the owner of the store's folder, and keys made by root are
# given to the owner of theirs; in root's own folders nothing changes.
set -eu
[ "$(id -u)" = 0 ] || {
	echo 'not root'
	exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
fail() {
	echo "FAILED: $*"
	sed 's/^/    /' "$tmp/out" 2>/dev/null || true
	exit 1
}
owners() { # DIR: those of all it holds
	find "$1" -mindepth 1 -printf '%U:%G\n' | sort -u | tr '\n' ' '
}
cd "$tmp"
"$QASID" init --host a.example content 2>out || fail 'no content'
mkdir store certs
chown 65534:65533 store certs
chmod 700 store certs
"$QASID" build content --store store >out 2>&1 || fail 'no edition'
[ "$(owners store)" = '65534:65533 ' ] || fail "of $(owners store)"
echo 'not to be given away' >secret
ln secret certs/hard
ln -s ../secret certs/soft
"$QASID" cert --host a.example --dir certs >out 2>&1 || fail 'no certificate'
[ "$(stat -c %U:%u:%a certs/a.example.key)" = "$(id -un 65534):65534:600" ] ||
	fail 'the key is not given'
[ "$(stat -c %u certs/a.example.crt)" = 65534 ] || fail 'nor the certificate'
[ "$(stat -c %u secret)" = 0 ] || fail 'a link was followed'
# A key that is root's alone signs all the same.
"$QASID" sync key new sync.key >public 2>out || fail 'no key'
echo 'More.' >>content/articles/welcome.md
"$QASID" build content --store store --sync-key sync.key >out 2>&1 ||
	fail 'not signed'
"$QASID" get --store store g/.sync/manifest >manifest 2>out || fail 'no manifest'
[ "$(owners store)" = '65534:65533 ' ] || fail "of $(owners store)"
# What the owner may not read is said, and nothing is changed.
chmod 700 content
code=0
"$QASID" build content --store store >out 2>&1 || code=$?
[ $code = 1 ] || fail "published what its owner cannot read: $code"
grep -q 'Permission denied' out || fail 'not said why'
chmod 755 content
# Root's own.
"$QASID" build content --store mine >out 2>&1 || fail 'no edition of root'
"$QASID" cert --host b.example --dir keys >out 2>&1 || fail 'no key of root'
[ "$(owners mine)$(owners keys)" = '0:0 0:0 ' ] || fail 'not of root'
echo 'owner: fine'
