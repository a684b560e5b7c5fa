#!/bin/sh
# qasid build --watch publishes what is saved, renamed, deleted, put into new
# folders; a failed edition leaves the one before; SIGTERM ends it.
set -eu
tmp=$(mktemp -d)
watcher=
clean_up() {
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
fail() {
	echo "FAILED: $*"
	cat "$tmp/said" 2>/dev/null || true
	exit 1
}
mkdir -p "$tmp/c/articles" "$tmp/more/deep"
echo 'title: Watched' >"$tmp/c/capsule.yaml"
article() { # article TITLE
	printf -- '---\ntitle: %s\ndate: 2026-01-31\n---\nText.\n' "$1"
}
article One >"$tmp/c/articles/one.md"

# What the watcher says comes by a pipe: reading it is the waiting.
mkfifo "$tmp/pipe"
"$QASID" build --watch "$tmp/c" --store "$tmp/store" 2>"$tmp/pipe" &
watcher=$!
exec 3<"$tmp/pipe"
edition() { # edition N: waits for the line of an edition
	while read -r line <&3; do
		echo "$line" >>"$tmp/said"
		case $line in edition\ $1:*) return ;; edition*) break ;; esac
	done
	fail "not edition $1: ${line-nothing}"
}
refusal() { # refusal WORDS: waits for a line that has them
	while read -r line <&3; do
		echo "$line" >>"$tmp/said"
		case $line in *$1*) return ;; edition*) break ;; esac
	done
	fail "no refusal: $1"
}
has() {
	"$QASID" get --store "$tmp/store" "g/articles/$1.gmi" 2>/dev/null |
		grep -qx "# $2" || fail "$1 is not \"$2\""
}
hasnt() {
	! "$QASID" get --store "$tmp/store" "g/articles/$1.gmi" \
		>/dev/null 2>&1 || fail "$1 is still there"
}

edition 1
has one One
article 'One again' >"$tmp/c/articles/one.md"
edition 2
has one 'One again'
# As editors save: beside it, then over it, with a backup.
article 'By rename' >"$tmp/c/articles/.one.md.swp"
cp "$tmp/c/articles/one.md" "$tmp/c/articles/one.md~"
mv "$tmp/c/articles/.one.md.swp" "$tmp/c/articles/one.md"
edition 3
has one 'By rename'
article Two >"$tmp/c/articles/two.md"
edition 4
has two Two
mv "$tmp/c/articles/two.md" "$tmp/c/articles/three.md"
edition 5
has three Two
hasnt two
rm "$tmp/c/articles/three.md"
edition 6
hasnt three
# A folder that comes with what is in it, and what is then put into it.
article Deep >"$tmp/more/deep/deep.md"
mv "$tmp/more" "$tmp/c/articles/more"
edition 7
has deep Deep
article Deeper >"$tmp/c/articles/more/deep/deeper.md"
edition 8
has deeper Deeper
mkdir -p "$tmp/c/articles/a/b"
article Fresh >"$tmp/c/articles/a/b/fresh.md"
edition 9
has fresh Fresh
rm -r "$tmp/c/articles/a"
edition 10
hasnt fresh
# Beside the articles.
echo 'title: Renamed' >"$tmp/c/capsule.yaml"
edition 11
"$QASID" get --store "$tmp/store" g/ | grep -qx '# Renamed' || fail 'no title'
# What cannot be published leaves what is there, and it goes on.
echo 'title: [' >"$tmp/c/capsule.yaml"
refusal 'capsule.yaml:'
edition 11 # with the last good one
has one 'By rename'
echo 'title: Mended' >"$tmp/c/capsule.yaml"
edition 12
article '"' >"$tmp/c/articles/one.md"
refusal 'one.md:'
has one 'By rename'
while read -r line <&3; do
	case $line in edition*) break ;; esac
done
article Last >"$tmp/c/articles/one.md"
read -r line <&3
case $line in edition*) ;; *) fail "$line" ;; esac
has one Last

kill -TERM "$watcher"
code=0
wait "$watcher" || code=$?
watcher=
[ $code = 0 ] || fail "it ended with $code"
echo 'watch: fine'
