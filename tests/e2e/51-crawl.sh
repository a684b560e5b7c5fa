#!/bin/sh
# The crawler itself: it passes a small site and names each defect of another.
# A crawler that finds nothing anywhere would let every other test pass.
set -eu
tmp=$(mktemp -d)
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
	server=
}
trap 'stop; rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
serve() { # serve STORE: gemini and gopher addresses in $gemini, $gopher
	rm -f "$tmp/ready"
	"$QASID" serve --store "$1" --host site.test --certs "$tmp/certs" \
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
	[ -n "$gemini" ] || fail "no address for Gemini: $(cat "$tmp/ready")"
	[ -n "$gopher" ] || fail "no address for Gopher: $(cat "$tmp/ready")"
}
crawl() { # crawl WANTED-EXIT ARGS...
	want=$1 code=0
	shift
	timeout 60 "$BUILD/e2e/crawl" --gemini "$gemini" --gopher "$gopher" \
		"$@" "gemini://site.test:${gemini##*:}/" \
		"gopher://site.test:${gopher##*:}/" \
		>"$tmp/out" 2>&1 || code=$?
	[ "$code" = "$want" ] || {
		cat "$tmp/out"
		fail "crawl: exit $code, not $want"
	}
}
names() { # names WORDS: a finding has these
	grep -q -- "$1" "$tmp/out" || {
		cat "$tmp/out"
		fail "not found: $1"
	}
}

"$QASID" cert --host site.test --dir "$tmp/certs" >/dev/null 2>&1
g=text/gemini o=text/gopher t=text/plain
"$BUILD/e2e/mkstore" "$tmp/good" <<-END
	g/ page $g en # Home\n=> /a.gmi A\n=> old.gmi Old\n=> /search\n
	g/a.gmi page $g en # A\n=> / Home\n\`\`\`\n# code\n\`\`\`\n
	g/old.gmi redirect $g - /b.gmi
	g/b.gmi page $g ur # B\n=> https://elsewhere.example/ Out\n
	g/search search - - Words?
	o/ marked $o - iHello\t\t\t0\r\n0Text\t/t.txt\t\1\r\n.\r\n
	o/t.txt page $t - A line\r\nAnother\r\n
	END
serve "$tmp/good"
"$QASID" get --store "$tmp/good" --list >"$tmp/keys"
crawl 0 --keys "$tmp/keys"
names '^0 findings; 7 fetched: 3 gemtext, 1 menus, 1 texts'
echo 'g/lost.gmi	page' >>"$tmp/keys"
crawl 1 --keys "$tmp/keys"
names '^g/lost.gmi:0: published, but no link'
crawl 0 --keys "$tmp/keys" --allow 'g/l*'
: >"$tmp/none"
crawl 1 --keys "$tmp/none"
stop

long='one two three four five six seven eight nine ten eleven twelve thirteen'
word=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
"$BUILD/e2e/mkstore" "$tmp/bad" <<-END
	g/ page $g - # Home\n=> gone.gmi Lost\n=> /cr.gmi\n=> /toggle.gmi\n=>\n
	g/cr.gmi page $g en # A\r\n=> a%zz Bad\n# B\n#### C\nbell \1\n
	g/toggle.gmi page $g en text\n\`\`\`\nx\n\`\`\` words\n\`\`\`\nx
	o/ marked $o - iHello\tx\t\t0\r\n0Text\t/t.txt\t\1\r\n1M\t/m\t\1\r\n.\r\nx
	o/m marked $o - dDoc\t/d\t\1\r\n3No\t\t\t0\r\nno tabs\r\n1M\t/m\t\1\t+\r\nhH\t/h\t\1\r\ni$long\t\t\t0\n
	o/t.txt page $t - a\n.\r\n$long\r\n$word\r\n  $long\r\n
	END
serve "$tmp/bad"
crawl 1
names 'site.test:[0-9]*/:0: no lang'
names 'site.test:[0-9]*/:2: dead link .*gone.gmi: 51'
names 'site.test:[0-9]*/:5: a link without URL'
names 'cr.gmi:1: CR LF'
names 'cr.gmi:2: no URI'
names 'cr.gmi:3: a second title'
names 'cr.gmi:4: a heading of level 4'
names 'cr.gmi:5: control character U+0001'
names 'toggle.gmi:4: words behind'
names 'toggle.gmi:6: no newline at the end'
names 'toggle.gmi:6: an odd number of toggles'
names 'toggle.gmi:1: no title'
names '/:1: an information line that points'
names '/:5: a line behind the final dot'
names '1/m:1: type "d"'
names '1/m:2: type "3"'
names '1/m:3: fewer than three tabs'
names '1/m:4: a Gopher+ field'
names '1/m:5: an h item without URL:'
names '1/m:6: .* columns'
names '1/m:6: no final dot'
names 't.txt:1: a line without CR LF'
names 't.txt:2: a lone dot'
names 't.txt:3: .* columns'
if grep -q 't.txt:[45]' "$tmp/out"; then
	fail 'a word or code counted as too long'
fi
echo 'crawl: fine'
