#!/bin/sh
# A reply travels over each protocol: sent by curl over Gopher and by openssl
# over Gemini, read and accepted on the command line, on the page in both
# protocols after the next build, on the mirror's page in both after the next
# sync.
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
serve origin "$tmp/store" --set replies.inbox="$inbox"
settings m "$origin_gemini"
mirror 0 '' m
serve copy "$tmp/m.store"

gopher() { # gopher PORT TYPE-AND-SELECTOR
	curl -sS -m 20 "gopher://127.0.0.1:$1/$2" | tr -d '\r'
}
gemini() { # gemini PORT PATH
	printf 'gemini://%s:%s%s\r\n' "$site" "$1" "$2" |
		timeout 20 openssl s_client -quiet -ign_eof -servername "$site" \
			-connect "127.0.0.1:$1" 2>/dev/null | tr -d '\r'
}
shows() { # shows COMMAND ARGS... TEXT: its answer has the text
	"$1" "$2" "$3" >"$tmp/page" || fail "no answer: $*"
	grep -q -- "$4" "$tmp/page" || {
		cat "$tmp/page"
		fail "not there: $*"
	}
}
everywhere() { # everywhere PORTS-OF: both replies in both protocols
	eval "g=\${$1_gemini} o=\${$1_gopher}"
	for text in 'A word by curl' 'نہروں پر ایک بات'; do
		shows gemini "$g" /articles/one.gmi "^> $text\$"
		shows gopher "$o" 1/articles/one "$text"
		shows gopher "$o" 0/articles/one.txt "$text"
	done
	shows gemini "$g" /articles/one.gmi '^## Replies (2)$'
}

# --- sent; the article's page says where to
shows gopher "$origin_gopher" 1/articles/one \
	"^7Write a reply	/articles/one/reply	$site"
shows gopher "$origin_gopher" '7/articles/one/reply%09A%20word%20by%20curl' \
	'^iThank you'
shows gemini "$origin_gemini" /articles/one.gmi '^=> one/reply Write a reply$'
shows gemini "$origin_gemini" /articles/one/reply '^10 Your reply'
path=$(printf %s 'نہروں پر ایک بات' | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
shows gemini "$origin_gemini" "/articles/one/reply?$path" '^20 '

# --- seen by nobody yet, here or there
build
mirror 0 '' m
for port in $origin_gemini $copy_gemini; do
	gemini "$port" /articles/one.gmi >"$tmp/page"
	grep -q '^Body' "$tmp/page" || fail 'no page'
	! grep -q 'by curl' "$tmp/page" || fail 'a reply is shown unread'
done

# --- read and accepted; after a build on the page, after a sync on the mirror's
replies="$QASID replies --inbox $inbox --content $content"
[ "$($replies list | wc -l)" = 2 ] || fail 'two replies do not wait'
for id in $($replies list | cut -c 1-12); do
	$replies show "$id" >>"$tmp/read"
	$replies accept "$id" >/dev/null
done
grep -qx 'A word by curl' "$tmp/read" || fail 'the editor reads another text'
build
everywhere origin
! gemini "$copy_gemini" /articles/one.gmi | grep -q 'by curl' ||
	fail 'on the mirror before it asked'
mirror 0 '' m
everywhere copy
