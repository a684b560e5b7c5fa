#!/bin/sh
# The guides tried: the article of qasid-publishers(7) and its sister pass
# `qasid check` and are published; what qasid-operators(7) says to back up
# brings back the same pages, the same key and, with --sync-serial, mirrors that
# had a later serial than the new store; its lines for HAProxy and nftables are
# read by those, where they are installed.
# shellcheck disable=SC2034 # for sync_lib.sh
site=capsule.example.org
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
PATH=$PATH:/usr/sbin:/sbin
cd "$tmp"

# literal PAGE SECTION N: the Nth literal block of a section.
literal() {
	awk -v name="$2" -v n="$3" '/^\.Sh / { inside = substr($0, 5) == name }
		!inside { next }
		/^\.Ed/ { open = 0 }
		open && i == n { gsub(/\\e/, "\\"); print }
		/^\.Bd -literal/ { open = 1; i++ }' "$TOP/src/man/$1"
}

# --- the publisher's guide
mkdir -p content/articles
literal qasid-publishers.7 EXAMPLES 1 >content/articles/the-price-of-water.md
literal qasid-publishers.7 EXAMPLES 2 >content/articles/pani-ki-qeemat.md
literal qasid-publishers.7 EXAMPLES 3 >content/capsule.yaml
echo "host: $site" >>content/capsule.yaml
printf '\377\330\377\340\0\020JFIF\0' >content/articles/canal.jpg
printf '%%PDF-1.4\n' >content/articles/survey-2026.pdf
"$QASID" check -v content >found 2>&1 || {
	cat found
	fail 'the check finds an error in the example'
}
grep -qx '2 articles, 0 pages, 2 files: 0 errors, 0 warnings' found || {
	cat found
	fail 'the check finds something in the example'
}

# --- backup and restore
publish() {
	"$QASID" build content --store store --sync-key key "$@" >built 2>&1 || {
		cat built
		fail 'the build'
	}
}
pages() { # of the store, but for what is kept for mirrors
	"$QASID" get --store store --list | cut -f 1 |
		grep -v '^./\.sync\|^s/' | sort | while read -r key; do
		echo "== $key"
		"$QASID" get --store store "$key"
	done
}
settings m 1965
sed -i "s|^source .*|source $tmp/stick|" m.conf
follow() { # CODE WORDS
	rm -rf stick
	dump "$tmp/store" "$tmp/stick"
	mirror "$1" "$2" m
}
"$QASID" cert --host "$site" --dir certs 2>/dev/null || true
publish
for day in 2026-04-01 2026-04-02; do
	sed -i "/^updated/d; s/^lang: en/&\nupdated: $day/" \
		content/articles/the-price-of-water.md
	publish
done
follow 0 ''
grep -qx 'serial 3' m/state/head || fail "not at 3: $(cat m/state/head)"
pages >before
tar -czf saved.tar.gz certs content key
rm -rf certs content key store

tar -xzf saved.tar.gz
publish
follow 65 'the origin went back from serial 3 to 1'
publish --sync-serial 10
follow 0 ''
grep -qx 'serial 10' m/state/head || fail "not at 10: $(cat m/state/head)"
publish
follow 0 ''
grep -qx 'serial 10' m/state/head || fail "moved on: $(cat m/state/head)"
same content/articles m/content/articles
pages >after
cmp before after || fail 'other pages than before'
pin=$(openssl x509 -in "certs/$site.crt" -noout -pubkey |
	openssl pkey -pubin -outform der | sha256sum)
serve restored "$tmp/store"
# shellcheck disable=SC2154 # serve sets it
"$QASID" get --head --pin "${pin%% *}" --connect "127.0.0.1:$restored_gemini" \
	"gemini://$site:$restored_gemini/" >header || fail 'another key'
grep -q '^20 text/gemini' header || fail "no page: $(cat header)"

# --- what others read
literal qasid-operators.7 'SEVERAL SERVERS BEHIND ONE NAME' 2 >haproxy.cfg
grep -q send-proxy-v2 haproxy.cfg || fail 'no lines for HAProxy'
if command -v haproxy >/dev/null; then
	haproxy -c -f haproxy.cfg >out 2>&1 || {
		cat out
		fail 'HAProxy does not read the lines for it'
	}
fi
literal qasid-operators.7 'SEVERAL SERVERS BEHIND ONE NAME' 1 >node.yaml
"$QASID" check -c node.yaml >effective 2>out || fail 'the settings of a node'
grep -q 'from: .*192.0.2.1' effective || fail 'a node without a proxy'
for n in 1 2; do
	literal qasid-operators.7 FIREWALL $n >nft
	grep -q 'tcp dport' nft || fail 'no lines for nftables'
	if [ "$(id -u)" = 0 ] && command -v nft >/dev/null &&
		nft list tables >/dev/null 2>&1; then
		nft -c -f nft >out 2>&1 || {
			cat out
			fail 'nftables does not read the lines for it'
		}
	fi
done
echo 'guides: fine'
