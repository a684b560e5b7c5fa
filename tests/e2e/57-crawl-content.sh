#!/bin/sh
# The repository's own content, published and served: a crawler from home over
# both protocols reaches every address, finds no dead link, no malformed line.
set -eu
tmp=$(mktemp -d)
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
}
trap 'stop; rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
"$QASID" cert --host site.test --dir "$tmp/certs" >/dev/null 2>&1
"$QASID" build "$TOP/content" --store "$tmp/store" 2>"$tmp/build.log" || {
	cat "$tmp/build.log"
	fail 'the content is not published'
}
! grep -v '^edition' "$tmp/build.log" || fail 'the content has warnings'
"$QASID" serve --store "$tmp/store" --host site.test --certs "$tmp/certs" \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --workers 1 \
	--ready "$tmp/ready" >"$tmp/serve.log" 2>&1 &
server=$!
until [ -s "$tmp/ready" ]; do
	kill -0 "$server" 2>/dev/null || {
		cat "$tmp/serve.log"
		fail 'the server ended'
	}
done
gemini=$(sed -n 's/^gemini \(.*\) /\1:/p' "$tmp/ready")
gopher=$(sed -n 's/^gopher \(.*\) /\1:/p' "$tmp/ready")
# All that is published but what is there for old links only, and what programs
# ask for by name.
"$QASID" get --store "$tmp/store" --list >"$tmp/list"
awk -F '\t' '
	$2 == "redirect" { old = "o" substr($1, 2); sub("/$", "", old)
		skip[old] = skip[old ".txt"] = 1
		skip[old ".w40.txt"] = skip[old ".w0.txt"] = 1 }
	$2 == "page" { page[++n] = $1 }
	END { for (i = 1; i <= n; i++) if (!(page[i] in skip)) print page[i] }
' "$tmp/list" >"$tmp/keys"
timeout 120 "$BUILD/e2e/crawl" --gemini "$gemini" --gopher "$gopher" \
	--keys "$tmp/keys" --allow '[go]*/robots.txt' --allow 'o*caps.txt' \
	--allow orobots.txt --allow g/.well-known/security.txt \
	"gemini://site.test:${gemini##*:}/" \
	"gopher://site.test:${gopher##*:}/" >"$tmp/out" 2>&1 || {
	cat "$tmp/out"
	fail 'the crawler has findings'
}
tail -n 1 "$tmp/out"
