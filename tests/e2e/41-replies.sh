#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC2119 # server.sh sets them
# Replies: one travels over each protocol, is read and accepted on the command
# line, stands below its article after the next build; a server without an inbox passes readers on; hostile replies,
# a full inbox, too many at once, a dead process harm nobody.
set -eu
. "$TOP/tests/e2e/server.sh"
content=$work/content inbox=$work/inbox
mkdir -p "$content/articles" "$inbox"
cat >"$content/capsule.yaml" <<'END'
title: Capsule
host: perm.test
languages: [en, ur]
replies: yes
END
printf -- '---\ntitle: One\ndate: 2026-01-01\n---\nBody.\n' \
	>"$content/articles/one.md"
printf -- '---\ntitle: ایک\nlang: ur\ndate: 2026-01-01\n---\nمتن۔\n' \
	>"$content/articles/ek.md"
# Workers of root become nobody, and so does what writes there.
[ "$(id -u)" != 0 ] || chown nobody "$inbox"
build() {
	"$QASID" build "$content" --store "$work/store" 2>"$work/build.log" || {
		cat "$work/build.log"
		fail 'the content does not build'
	}
}
build
serve --set public.gemini=1965 --set replies.inbox="$inbox" \
	--set replies.max=20 --set replies.hour=2000 --workers 2

gem() { # gem PATH: the reply in $work/page
	"$peer" get gemini "$gemini" "gemini://$host$1" | tr -d '\r' \
		>"$work/page" || fail "no whole reply: $1"
}
gopher() { # gopher SELECTOR [WORDS]
	if [ $# -gt 1 ]; then printf '%s\t%s\r\n' "$1" "$2"; else
		printf '%s\r\n' "$1"
	fi >"$work/request"
	"$peer" send gopher "$gopher" "$work/request" >"$work/menu" ||
		fail "no whole reply: $1"
	tr -d '\r' <"$work/menu" >"$work/page"
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
tab='	'

# --- readers are asked
gem /articles/one.gmi
sees '^=> one/reply Write a reply$'
gem /articles/one/reply
sees '^10 Your reply\.'
gem /articles/ek/reply
sees '^10 اپنی رائے'
gopher /articles/one
sees "^7Write a reply$tab/articles/one/reply$tab$host"
gopher /articles/one/reply
sees "^7Write a reply$tab/articles/one/reply$tab$host" '^\.$'

# --- one over each protocol; nothing is shown before it is accepted
gem '/articles/one/reply?Well%20said%2C%20on%20canals.'
sees '^20 text/gemini; lang=en$' '^Thank you\.' '^=> reply Write more$' \
	'^=> \.\./one\.gmi Back to the article$'
gopher /articles/ek/reply 'بہت خوب، نہروں پر۔'
sees '^iشکریہ۔' "^1مضمون پر واپس$tab/articles/ek$tab$host"
[ "$(waiting)" = 2 ] || fail 'two replies do not wait'
build
gem /articles/one.gmi
! grep -q 'Well said' "$work/page" || fail 'a reply is shown unread'
[ "$(stat -c %a "$inbox"/one.*)" = 640 ] || fail 'who may read a reply'

# --- other servers take none: what is exported does not ask
"$QASID" export "$work/out" --store "$work/store" --host x.test \
	>/dev/null 2>&1 || fail 'no export'
# Texts name the address alone.
! grep -q 'Write a reply' "$work"/out/gemini/articles/*.gmi \
	"$work/out/gopher/articles/one/gophermap" ||
	fail 'an exported page asks for a reply'

# --- read, accepted with a name, shown with the count; in parts, as one
one=$(replies list | sed -n 's/  .*articles.one .*//p')
ek=$(replies list | sed -n 's/  .*articles.ek .*//p')
replies show "$one" >"$work/page"
sees '^Well said, on canals\.$'
replies --name Asma accept "$one" >"$work/page"
sees 'content/replies/one/2.*md$'
replies accept "$ek" >/dev/null
gem '/articles/one/reply?The%20first%20part'
gem '/articles/one/reply?and%20the%20second.'
# shellcheck disable=SC2046 # two IDs
replies accept $(replies list | grep first | cut -c 1-12) \
	$(replies list | grep second | cut -c 1-12) >/dev/null
[ "$(waiting)" = 0 ] || fail 'an accepted reply still waits'
build
gem /articles/one.gmi
sees '^## Replies (2)$' '^Asma, 2.*:$' '^> Well said, on canals\.$' \
	'^A reader, ' '^> The first part' '^> and the second\.'
gem /articles/ek.gmi
sees '^## آرا (1)$' '^ایک قاری، ' '^> بہت خوب، نہروں پر۔$'
gopher /articles/one
sees '^iReplies (2)' 'Well said, on canals'
gopher /articles/one.w40.txt
sees '^> Well said, on canals'
build
grep -q 'nothing has changed\|0 converted' "$work/build.log" ||
	fail 'a second build converts'

# --- rejected
gem '/articles/one/reply?spam'
replies reject "$(replies list | cut -c 1-12)"
[ "$(waiting)" = 0 ] || fail 'a rejected reply still waits'
if replies reject 0123 2>/dev/null; then fail 'what is not there'; fi

# --- hostile ones: neither the terminal, nor the page, nor the server suffers
hostile() { # hostile N: a line of trouble, encoded
	case $(($1 % 8)) in
	0) printf '%%0A%%3D%%3E%%20gemini%%3A%%2F%%2Fevil.test%%2F%%20x' ;;
	1) printf '%%0D%%0A1evil%%09%%2Fx%%09evil.test%%0970%%0D%%0A.%%0D%%0A' ;;
	2) printf '%%E2%%80%%AE%%E2%%81%%A6txet%%E2%%80%%AB' ;;
	3) printf '%%1B%%5B2J%%07%%9B31m%%00%%01%%02%%03' ;;
	4) printf '%%FF%%C0%%80%%ED%%A0%%80x' ;;
	5) printf -- '---%%0Aname%%3A%%20Editor%%0A---%%0A%%60%%60%%60%%0A%%23' ;;
	6) printf '%%3Cscript%%3E%%5Ba%%5D(javascript%%3Ax)!%%5Bp%%5D(/etc/passwd)' ;;
	7) printf '%%20%%0A%%09%%0A' ;;
	esac
}
i=0
while [ $i -lt 1000 ]; do
	printf 'gemini://%s/articles/one/reply?%s%s\n' "$host" "$(hostile $i)" \
		$((i / 8))
	i=$((i + 1))
done >"$work/uris"
export peer gemini
# shellcheck disable=SC2016 # for the inner shell
xargs -n 50 -P 2 sh -c 'for uri; do
	"$peer" get gemini "$gemini" "$uri" | head -n 1 | cut -c 1-3
done' sh <"$work/uris" >"$work/statuses" || fail 'a hostile reply hangs'
[ "$(grep -c '^[1-5][0-9] ' "$work/statuses")" = 1000 ] ||
	fail "not every hostile reply has its answer"
[ "$(waiting)" -le 20 ] || fail 'the inbox holds more than it may'
gem '/articles/one/reply?one%20more'
sees '^41 Too many replies'
replies list >"$work/list"
LC_ALL=C grep -q '[[:cntrl:]]' "$work/list" && fail 'a control character'
cut -c 1-12 <"$work/list" | while read -r id; do
	replies show "$id"
	replies accept "$id" >/dev/null
done >"$work/shown"
tr -d '\n' <"$work/shown" | LC_ALL=C grep -q '[[:cntrl:]]' &&
	fail 'a control character is shown'
build
gem /articles/one.gmi
for bad in '^=> gemini://evil' '^1evil' '^```' '^Editor' 'javascript.*) *$'; do
	! grep -q "$bad" "$work/page" || {
		[ "$bad" = 'javascript.*) *$' ] || fail "hostile: $bad"
	}
done
sed 1d "$work/page" | tr -d '\n' | LC_ALL=C grep -q '[[:cntrl:]]' &&
	fail 'a control character is published'
# U+202E, U+2066 and U+202B turn what follows round.
LC_ALL=C grep -q "$(printf '\342\200\256\|\342\201\246\|\342\200\253')" \
	"$work/page" && fail 'an override is published'
gopher /articles/one
awk -F '\t' '$0 != "." && NF != 4 { exit 1 }' "$work/page" ||
	fail 'a line of a menu is broken'
! grep -q '^[^i.].*evil' "$work/page" || fail 'an item of a reader'
awk 'BEGIN { printf "gemini://'"$host"'/articles/one/reply?"
	for (i = 0; i < 1000000; i++) printf "aaaaaaaaaa"; print "\r" }' \
	>"$work/request"
"$peer" send gemini "$gemini" "$work/request" >"$work/page" ||
	fail 'no reply to 10 MB'
sees '^59 '

# --- no address is kept anywhere
! grep -rq '127\.0\.0\.1' "$inbox" "$content/replies" || fail 'an address'

# --- the process that takes them: confined, killed, replaced
receiver() {
	named qasid-replies
}
p=$(receiver)
[ -n "$p" ] || fail 'no process takes replies'
for want in 'NoNewPrivs:	1' 'Seccomp:	2' 'CapEff:	0000000000000000'; do
	grep -qx "$want" "/proc/$p/status" || fail "$p without $want"
done
kill -STOP "$p"
gem /articles/one.gmi
sees '^20 '
kill -KILL "$p"
"$slowpeer" await-text "$work/log" "replies $p died" "$pid" ||
	fail 'its death is not told'
i=0
until [ -n "$(receiver)" ] && gem '/articles/one/reply?Still%20here' &&
	grep -q '^20 ' "$work/page"; do
	i=$((i + 1))
	[ $i -lt 100 ] || fail 'no replies after a death'
done
stop

# --- too many in an hour
serve --set public.gemini=1965 --set replies.inbox="$inbox" \
	--set replies.hour=2
gem '/articles/one/reply?a'
gem '/articles/one/reply?b'
gem '/articles/one/reply?c'
sees '^44 60$'
stop

# --- a copy passes readers on, and shows what was accepted
serve --set public.gemini=1965
gem '/articles/one/reply?x'
sees '^30 gemini://perm.test/articles/one/reply$'
gopher /articles/one/reply x
sees "^7Write a reply$tab/articles/one/reply${tab}perm.test${tab}70$"
gem /articles/one.gmi
sees '^> Well said, on canals\.$'
stop
