#!/bin/sh
# What README shows operators of mirrors, in a fresh home: five lines of settings
# and three commands make a mirror that serves.  Only folders, the key and where
# to connect are ours.
# shellcheck disable=SC2154 # set by sync_lib.sh
site=capsule.example.org
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

mkdir -p "$tmp/content/articles" "$tmp/bin" "$tmp/home" "$tmp/lib"
printf 'title: Site\nhost: %s\n' "$site" >"$tmp/content/capsule.yaml"
printf -- '---\ntitle: One\ndate: 2026-01-31\n---\nText of one.\n' \
	>"$tmp/content/articles/one.md"
"$QASID" build --store "$tmp/store" --sync-key "$tmp/key" "$tmp/content" \
	2>"$tmp/err" || fail "$(cat "$tmp/err")"
serve origin "$tmp/store"

ln -s "$QASID" "$tmp/bin/qasid"
cp "$sync" "$tmp/bin/qasid-sync"
chmod +x "$tmp/bin/qasid-sync"
HOME=$tmp/home PATH=$tmp/bin:$PATH
unset XDG_STATE_HOME
export HOME PATH
cd "$HOME" || exit 1
block() { # block N: the Nth indented block of the section
	awk -v n="$1" '
		/^## / { inside = $0 == "## For mirrors" }
		!inside { next }
		/^    / { if (!open) { open = 1; i++ }
			if (i == n) print substr($0, 5); next }
		{ open = 0 }' "$TOP/README.md" |
		sed "s|/var/lib/qasid|$tmp/lib|"
}
# Our key and port; all other lines as they stand.
block 1 | sed "s|^key .*|key $(cat "$tmp/key.pub")|
	s|^source gemini://[^ ]*|&:$origin_gemini|" >sync.conf
[ "$(wc -l <sync.conf)" = 5 ] || fail 'README shows other settings'
echo "connect 127.0.0.1:$origin_gemini" >>sync.conf
grep -q '/etc/qasid/sync.conf' "$TOP/README.md" || fail 'where do they go?'
grep -q '^settings=/etc/qasid/sync.conf$' "$sync" || fail 'they go elsewhere'

block 2 >commands
[ "$(wc -l <commands)" = 3 ] || fail 'README has not three commands'
[ "$(sed -n 1p commands)" = qasid-sync ] || fail 'README does not sync'
qasid-sync -c sync.conf >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
[ ! -s "$tmp/out" ] || fail "qasid-sync says: $(cat "$tmp/out")"
sh -c "$(sed -n 2p commands)" >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
sh -c "exec $(sed -n 3p commands) --gemini 127.0.0.1:0 \
	--gopher 127.0.0.1:0 --ready $tmp/ready" >"$tmp/log" 2>&1 &
mirror_pid=$!
pids="$pids $mirror_pid"
until [ -s "$tmp/ready" ]; do
	kill -0 $mirror_pid 2>/dev/null || fail "$(cat "$tmp/log")"
done
gemini=$(sed -n 's/^gemini .* //p' "$tmp/ready")
gopher=$(sed -n 's/^gopher .* //p' "$tmp/ready")
page() { # page WORDS: both protocols of the running mirror show them
	qasid get --connect "127.0.0.1:$gemini" \
		"gemini://mirror.example.net:$gemini/articles/one.gmi" |
		grep -q "$1" || fail "Gemini has not: $1"
	qasid get "gopher://127.0.0.1:$gopher/0/articles/one.txt" |
		grep -q "$1" || fail "Gopher has not: $1"
}
page 'Text of one'
# Its own name stands in its pages, not the origin's.
qasid get "gopher://127.0.0.1:$gopher/1/" | grep -q 'mirror.example.net' ||
	fail 'links under another name'
# After a change the next run builds, and the running server shows the new
# edition at the next request, without a signal.
echo 'A second sentence.' >>"$tmp/content/articles/one.md"
qasid build --store "$tmp/store" --sync-key "$tmp/key" "$tmp/content" \
	2>"$tmp/err" || fail "$(cat "$tmp/err")"
qasid-sync -c sync.conf >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
page 'A second sentence'
kill -0 $mirror_pid || fail 'the server ended'
echo 'sync-readme: fine'
