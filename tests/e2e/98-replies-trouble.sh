#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC2119 # server.sh sets them
# Replies in trouble: the inbox's disk is full, the process that takes them
# hangs, readers of Gopher send what should not be in a line.  Each reader is
# told, pages are served as ever, and all is well when the trouble is over.
set -eu
. "$TOP/tests/e2e/server.sh"
content=$work/content inbox=$work/inbox
mkdir -p "$content/articles" "$inbox"
printf 'title: Capsule\nhost: perm.test\nreplies: yes\n' \
	>"$content/capsule.yaml"
printf -- '---\ntitle: One\ndate: 2026-01-01\n---\nBody.\n' \
	>"$content/articles/one.md"
# Two pages long: room for a folder's own needs, none for a file.
disk=
if mount -t tmpfs -o size=64k none "$inbox" 2>/dev/null; then
	disk=yes
	trap 'clean_up_disk; clean_up' EXIT
fi
clean_up_disk() {
	umount -l "$inbox"
}
[ "$(id -u)" != 0 ] || chown nobody "$inbox"
build() {
	"$QASID" build "$content" --store "$work/store" 2>"$work/build.log" || {
		cat "$work/build.log"
		fail 'the content does not build'
	}
}
build
serve --set public.gemini=1965 --set replies.inbox="$inbox" \
	--set replies.max=50 --set replies.hour=2000 --workers 1

gem() { # gem PATH: the reply in $work/page
	"$peer" get gemini "$gemini" "gemini://$host$1" | tr -d '\r' \
		>"$work/page" || fail "no whole reply: $1"
}
gopher() { # gopher SELECTOR [WORDS]
	printf '%s\t%b\r\n' "$1" "${2-}" >"$work/request"
	"$peer" send gopher "$gopher" "$work/request" | tr -d '\r' \
		>"$work/page" || fail "no whole reply: $1"
}
sees() {
	for text in "$@"; do
		grep -q -- "$text" "$work/page" || {
			cat "$work/page"
			fail "not on the page: $text"
		}
	done
}
replies() {
	"$QASID" replies --inbox "$inbox" --content "$content" "$@"
}
waiting() {
	replies list | wc -l
}

# --- no room on the disk: nothing by halves; room makes it good
if [ "$disk" ]; then
	cat /dev/zero >"$inbox/filler" 2>/dev/null || true
	gem '/articles/one/reply?No%20room%20for%20this'
	sees '^41 Too many replies'
	gopher /articles/one/reply 'nor for this'
	sees '^3Too many replies'
	gem /articles/one.gmi
	sees '^20 '
	[ "$(ls -A "$inbox")" = filler ] || fail 'a part of a reply is left'
	rm "$inbox/filler"
	gem '/articles/one/reply?There%20is%20room'
	sees '^20 '
	[ "$(waiting)" = 1 ] || fail 'the reply does not wait'
	replies reject "$(replies list | cut -c 1-12)"
fi

# --- the process that takes them hangs: each is told, the rest goes on
p=$(named qasid-replies)
kill -STOP "$p"
"$peer" get gemini "$gemini" "gemini://$host/articles/one/reply?a" \
	>"$work/first" &
first=$!
gem /articles/one.gmi
sees '^20 '
gopher /articles/one/reply b
sees '^3.*try again later'
gopher /articles/one
sees '^iBody\.'
wait $first || fail 'no whole reply from a server whose receiver hangs'
grep -q '^4[0-9] ' "$work/first" || fail "$(cat "$work/first")"
kill -CONT "$p"
gem '/articles/one/reply?after%20that'
sees '^20 '
[ "$(named qasid-replies)" = "$p" ] || fail 'it was replaced'
for id in $(replies list | cut -c 1-12); do replies reject "$id"; done

# --- lines of menus, control bytes, overrides from readers of Gopher
hostile() { # hostile N: words that are more than words
	case $(($1 % 8)) in
	0) printf '%s' '\0011evil\t/x\tevil.test\t70' ;;
	1) printf '%s' '\r1evil\t/x\tevil.test\t70\r' ;;
	2) printf '%s' '\0342\0200\0256\0342\0201\0246txet' ;;
	3) printf '%s' '\0033[2J\0007\0233\003331m\0001' ;;
	4) printf '%s' '\0377\0300\0200\0355\0240\0200x' ;;
	5) printf '%s' '=> gemini://evil.test/ x' ;;
	6) printf '%s' '\t+\t!\t$' ;;
	7) printf '%s' '.\t.' ;;
	esac
}
i=0
while [ $i -lt 200 ]; do
	printf '/articles/one/reply\t%b %s\r\n' "$(hostile $i)" $((i / 8)) \
		>"$work/request"
	"$peer" send gopher "$gopher" "$work/request" || fail "hostile reply $i"
	i=$((i + 1))
done >"$work/answers"
awk -F '\t' '$0 !~ /^\.\r?$/ && NF != 4 { exit 1 }' "$work/answers" ||
	fail 'a line of a menu is broken'
! grep -q '^1evil\|	evil.test' "$work/answers" || fail 'an item of a reader'
n=$(waiting)
case $n in [1-9] | [1-4][0-9] | 50) ;; *) fail "$n replies wait" ;; esac
for id in $(replies list | cut -c 1-12); do
	replies accept "$id"
done >/dev/null
build
for page in gem:/articles/one.gmi gopher:/articles/one; do
	"${page%%:*}" "${page#*:}"
	sees Replies
	# The tabs of a menu are its own.
	sed 1d "$work/page" | tr -d '\n\t' | LC_ALL=C grep -q '[[:cntrl:]]' &&
		fail 'a control character is published'
	! grep -q '^=> gemini://evil\|^1evil\|	evil.test' "$work/page" ||
		fail 'a line of a reader is a link'
done
awk -F '\t' '$0 != "." && NF != 4 { exit 1 }' "$work/page" ||
	fail 'a line of the menu is broken'
stop
[ "$disk" ] || {
	echo 'in part: no right to mount a small disk'
	exit 77
}
