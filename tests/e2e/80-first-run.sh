#!/bin/sh
# init makes a folder that check finds nothing in and that is never an old one;
# new begins articles and overwrites none; serve --dev builds, serves on ports of
# its own, publishes what is saved, drafts too, and leaves nothing behind.
set -eu
tmp=$(mktemp -d)
server=
clean_up() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$server" ] || wait "$server" 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
fail() {
	echo "FAILED: $*"
	sed 's/^/    /' "$tmp/said" 2>/dev/null || true
	exit 1
}
# status N COMMAND: it must end with that status; its words are in $tmp/said.
status() {
	want=$1
	shift
	code=0
	"$@" >"$tmp/said" 2>&1 || code=$?
	[ "$code" = "$want" ] || fail "$*: $code, not $want"
}
cd "$tmp"

# --- init
status 0 "$QASID" init --title 'A: "b" & ت' --host capsule.example content
status 0 "$QASID" check --strict -v content
grep -q '^2 articles, 0 pages, 0 files: 0 errors, 0 warnings' said ||
	fail 'the samples are not clean'
status 0 "$QASID" build content --store store
"$QASID" get --store store g/ >home
grep -qxF '# A: "b" & ت' home || fail 'another title'
"$QASID" get --store store g/articles/khush-aamdeed.gmi >page
grep -q '^# خوش آمدید' page || fail 'no Urdu sample'
grep -q '^=> welcome.gmi English' page || fail 'no way to the translation'
find content -type f -exec sha256sum {} + | sort >before
status 1 "$QASID" init content
grep -q 'not empty' said || fail 'not said why'
mkdir other && touch other/.x
status 1 "$QASID" init other
[ "$(ls -A other)" = .x ] || fail 'something was written'
mkdir empty && status 0 "$QASID" init empty
status 1 "$QASID" init no/such/folder
status 2 "$QASID" init
status 2 "$QASID" init a b
status 2 "$QASID" init --title "$(printf 'a\nb')" c
find content -type f -exec sha256sum {} + | sort | cmp - before ||
	fail 'a folder that was there is another now'

# --- new
"$QASID" new --author 'Ayesha "A" Rahman' "The price of wäter: what's it?" \
	>path 2>said || fail 'no article'
[ "$(cat path)" = content/articles/the-price-of-water-whats-it.md ] ||
	fail "another path: $(cat path)"
# Its author makes no address: check says so, of drafts too.
status 1 "$QASID" check --strict content
sed -i 's/^terms:$/&\n  "Ayesha \\"A\\" Rahman": ayesha-rahman/' content/capsule.yaml
status 0 "$QASID" check --strict content
"$QASID" build --stdout gemini "$(cat path)" >page
grep -qF "# The price of wäter: what's it?" page || fail 'another title'
grep -qF 'By Ayesha "A" Rahman' page || fail 'another author'
echo kept >>"$(cat path)"
status 1 "$QASID" new "The price of water: what's it?"
grep -qx kept "$(cat path)" || fail 'overwritten'
status 1 "$QASID" new 'پانی کی قیمت'
grep -q -- --slug said || fail 'no word of --slug'
status 0 "$QASID" new --lang ur --slug pani 'پانی کی قیمت'
grep -qx 'lang: ur' content/articles/pani.md || fail 'no language'
status 1 "$QASID" new --slug ../x Title
status 1 "$QASID" new --lang 'x y' Title
status 1 "$QASID" new --content nowhere Title
status 2 "$QASID" new
status 2 "$QASID" new a b
status 0 "$QASID" build content --store store
grep -q ' 2 articles' said || fail 'drafts are published'

# --- serve --dev
mkdir run
mkfifo pipe
TMPDIR=$tmp/run "$QASID" serve --dev --gemini 127.0.0.1:0 \
	--gopher 127.0.0.1:0 content >pipe 2>said &
server=$!
exec 3<pipe
read -r gemini <&3 || fail 'no address'
read -r gopher <&3 || fail 'no second address'
case $gemini in gemini://localhost:*/) ;; *) fail "$gemini" ;; esac
case $gopher in gopher://localhost:*/) ;; *) fail "$gopher" ;; esac
port=${gopher##*:}
"$QASID" get --insecure --connect "127.0.0.1:$(echo "${gemini##*:}" | tr -d /)" \
	"${gemini}articles/pani.gmi" >page 2>/dev/null || fail 'no page'
grep -q '^# پانی کی قیمت' page || fail 'no draft'
wait_for() { # wait_for WORDS: until the page over Gopher has them
	tries=0
	until "$QASID" get "gopher://127.0.0.1:${port%/}/0/articles/pani.txt" \
		2>/dev/null | grep -q "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "never published: $1"
	done
}
wait_for قیمت
echo 'A new sentence.' >>content/articles/pani.md
wait_for 'A new sentence'
# What cannot be published leaves what is there.
cp content/capsule.yaml good.yaml
echo 'title: [' >content/capsule.yaml
tries=0
until grep -q 'content/capsule.yaml:' said; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || fail 'no word of the fault'
	"$QASID" version >/dev/null
done
wait_for 'A new sentence'
cp good.yaml content/capsule.yaml
echo 'Another one.' >>content/articles/pani.md
wait_for 'Another one'
kill -INT "$server"
code=0
wait "$server" || code=$?
server=
[ $code = 0 ] || fail "it ended with $code"
[ -z "$(ls -A run)" ] || fail 'something was left behind'
! "$QASID" get "gopher://127.0.0.1:${port%/}/" >/dev/null 2>&1 ||
	fail 'it still serves'
if grep -q 'Sanitizer\|runtime error' said; then
	fail 'a process broke'
fi
# A folder that is not there.
status 1 env TMPDIR="$tmp/run" "$QASID" serve --dev nowhere
[ -z "$(ls -A run)" ] || fail 'something was left behind'
status 2 "$QASID" serve content
echo 'first run: fine'
