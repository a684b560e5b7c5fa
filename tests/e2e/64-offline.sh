#!/bin/sh
# Offline copies: made when asked for, never by an edit (test_offline.c: and when
# a day old); the same bytes whatever the way they were made; no dead link when
# unpacked.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
build() { # build STORE ARGS...
	store=$tmp/$1
	shift
	"$QASID" build "$tmp/c" --store "$store" "$@" 2>"$tmp/err" || {
		cat "$tmp/err"
		fail 'it does not build'
	}
}
get() { # get STORE KEY
	"$QASID" get --store "$tmp/$1" "$2"
}
sums() { # sums STORE: of each copy
	"$QASID" get --store "$tmp/$1" --list | cut -f 1 | grep /offline |
		while read -r key; do
			echo "$key $(get "$1" "$key" | cksum)"
		done
}
cp -r "$TOP/content" "$tmp/c"
build one
[ -z "$(sums one)" ] || fail 'copies that nobody asked for'
build one --offline
sums one >"$tmp/first"
for key in g/offline/ g/offline/2025.tar.gz o/offline/2025.gpub \
	g/offline/all.zip o/offline; do
	grep -q "^$key " "$tmp/first" || fail "no $key"
done
"$QASID" get --store "$tmp/one" --list >"$tmp/list"
grep -q "^g/offline/2024.gpub	page	application/gpub+zip	" "$tmp/list" ||
	fail 'the media type of a gempub'
get one g/offline/ | grep -qE '^=> 2024.tar.gz .* KB\)$' || fail 'no size'
grep -q '^edition 2:' "$tmp/err" || fail 'not in an edition of its own'
get one g/ | grep -qx '=> offline/ Offline copies' || fail 'no link from home'
get one o/ | grep -q '^1Offline copies	/offline/*	' || fail 'no item at home'
build one --offline
grep -q '^edition 2:' "$tmp/err" || fail 'made again for nothing'

# --- an edit leaves them; when asked, they follow
printf -- '---\ntitle: An edit\nlang: en\ndate: 2025-12-31\n---\nText.\n' \
	>"$tmp/c/articles/edit.md"
build one
sums one | cmp -s - "$tmp/first" || fail 'an edit made copies'
cp -r "$tmp/one" "$tmp/asked"
build asked --offline
sums asked >"$tmp/second"
for key in g/offline/2025.gpub g/offline/all.zip; do
	[ "$(grep "^$key" "$tmp/first")" != "$(grep "^$key" "$tmp/second")" ] ||
		fail "$key has not followed"
done
[ "$(grep /offline/2024 "$tmp/first")" = \
	"$(grep /offline/2024 "$tmp/second")" ] || fail '2024 has changed'

# --- the same bytes from nothing, elsewhere
LC_ALL=C TZ=Asia/Karachi build two --offline --jobs 1
sums two | cmp -s - "$tmp/second" || fail 'other bytes from nothing'

# --- a year that is no more
grep -rl '^date: 2023' "$tmp/c/articles" | xargs rm
build two --offline
! sums two | grep -q /offline/2023 || fail '2023 is still offered'

# --- unpacked: every relative link leads to a file, the others are whole
rm -rf "$tmp/c"
cp -r "$TOP/content" "$tmp/c"
build three --offline
links() { # links FILE: targets of its link lines
	awk '/^```/ { code = !code } /^=>/ && !code { print $2 }' "$1"
}
crawl() { # crawl FOLDER: every page, every link
	found=0
	(cd "$1" && find . -name '*.gmi') >"$tmp/pages"
	while read -r page; do
		links "$1/$page" >"$tmp/links"
		while read -r to; do
			case $to in
			*://* | mailto:*) continue ;;
			/*) fail "$page: $to" ;;
			esac
			[ -f "$1/$(dirname "$page")/$to" ] ||
				fail "$page: dead link $to"
			found=$((found + 1))
		done <"$tmp/links"
		! LC_ALL=C grep -q "$(printf '[\001\002\003]')" "$1/$page" ||
			fail "$page: a mark"
		! grep -q 'localhost' "$1/$page" || fail "$page: another host"
	done <"$tmp/pages"
	[ $found -gt 5 ] || fail "only $found links in $1"
}
get three g/offline/2024.tar.gz | tar -xzf - -C "$tmp"
crawl "$tmp/2024"
grep -q '^=> gemini://capsule.institute.example/' \
	"$tmp/2024/articles/union-councils.gmi" || fail 'no full URL'
grep -q '^=> articles/reading-a-budget.gmi 2024-06-18 ' \
	"$tmp/2024/index.gmi" || fail 'no index'
for zip in 2025.gpub all.zip; do
	get three g/offline/$zip >"$tmp/$zip"
	mkdir "$tmp/un-$zip"
	unzip -q "$tmp/$zip" -d "$tmp/un-$zip"
	crawl "$tmp/un-$zip"
done
grep -qx 'gpubVersion: 1.0.0' "$tmp/un-2025.gpub/metadata.txt" ||
	fail 'no gempub'
grep -qx 'index: index.gmi' "$tmp/un-2025.gpub/metadata.txt" || fail 'no index'
[ "$(find "$tmp/un-all.zip" -name '*.gmi' | wc -l)" -gt 19 ] ||
	fail 'not the whole'

# --- without a permanent host there is nothing to link to
sed -i '/^host:/d' "$tmp/c/capsule.yaml"
build four --offline
[ -z "$(sums four)" ] || fail 'copies without a host'
echo 'offline: fine'
