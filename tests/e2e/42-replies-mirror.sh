#!/bin/sh
# A reply travels on: sent to the origin, accepted there, on the mirror after
# the next sync, with the same bytes but for the server's name.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

content=$tmp/content inbox=$tmp/inbox
mkdir -p "$content/articles" "$inbox"
[ "$(id -u)" != 0 ] || chown nobody "$inbox"
printf 'title: Capsule\nhost: %s\nreplies: yes\n' "$site" \
	>"$content/capsule.yaml"
printf -- '---\ntitle: One\ndate: 2026-01-01\n---\nBody.\n' \
	>"$content/articles/one.md"
build() {
	"$QASID" build --store "$tmp/store" --sync-key "$tmp/key" "$content" \
		>"$tmp/build.log" 2>&1 || fail "$(cat "$tmp/build.log")"
}
build
serve origin "$tmp/store" \
	--set replies.inbox="$inbox"
settings m "$origin_gemini"
mirror 0 '' m

"$BUILD/e2e/peer" get gemini "$origin_gemini" \
	"gemini://$site:$origin_gemini/articles/one/reply?A%20word%20from%20far" >"$tmp/page" ||
	fail 'no whole reply'
grep -q '^20 ' "$tmp/page" || fail 'the reply is not taken'
build
mirror 0 '' m
! grep -rq 'A word from far' "$tmp/m" || fail 'an unread reply is mirrored'

id=$("$QASID" replies --inbox "$inbox" list | cut -c 1-12)
"$QASID" replies --inbox "$inbox" --content "$content" accept "$id" >/dev/null
build
mirror 0 '' m
for store in "$tmp/store" "$tmp/m.store"; do
	"$QASID" get --store "$store" --host x.test g/articles/one.gmi \
		>"$tmp/${store##*/}.gmi"
	grep -qx '> A word from far' "$tmp/${store##*/}.gmi" ||
		fail "not in $store"
done
cmp "$tmp/store.gmi" "$tmp/m.store.gmi" || fail 'the mirror shows another page'
