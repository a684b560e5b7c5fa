#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# What README shows publishers and operators works as it stands there: the
# article is built, the commands run, the page is served.  Only folders and ports
# are ours: /var/lib/qasid and /srv are below the test's, and serve gets loopback
# ports.  What needs apt and systemd `make deb-test` tries.
set -eu
. "$TOP/tests/e2e/server.sh"
PATH=$BUILD:$PATH
mkdir -p "$work/lib" "$work/blocks"
cd "$work"

# block SECTION N: the Nth indented block of a section.
block() {
	awk -v section="## $1" -v n="$2" '
		/^## / { inside = $0 == section }
		!inside { next }
		/^    / { if (!open) { open = 1; i++ }
			if (i == n) { print substr($0, 5); seen = 1 } next }
		/^$/ { next }
		{ open = 0 }
		END { exit !seen }' "$TOP/README.md" |
		sed "s|/var/lib/qasid|$work/lib|g; s|/srv/|$work/srv/|g"
}
# run FILE: its commands, each of which must be one of the program's.
run() {
	while read -r line; do
		case $line in
		'qasid '*) sh -c "$line" >>out 2>log || fail "$line" ;;
		*) fail "no command of ours in README: $line" ;;
		esac
	done <"$1"
}
sees() { # sees FILE TEXT...
	file=$1
	shift
	for text in "$@"; do
		grep -qF -- "$text" "$file" || {
			cat "$file"
			fail "not in $file: $text"
		}
	done
}

# --- publishers
block 'For publishers' 1 >article || fail 'README shows no article'
block 'For publishers' 2 >commands || fail 'README shows no commands'
name=$(sed -n 's/.*, say .\([a-z-]*\.md\).:$/\1/p' "$TOP/README.md")
[ -n "$name" ] || fail 'README gives the article no name'
mkdir -p content/articles
cp article "content/articles/$name"
printf '%%PDF-1.4\n' >content/articles/report.pdf
printf 'title: Test\nhost: capsule.example.org\n' >content/capsule.yaml
run commands
title=$(sed -n 's/^title: //p' article)
sees out "# $title" '=> report.pdf'
[ -d store ] || fail 'no store'
qasid get --store store --list >keys
sees keys "g/articles/${name%.md}.gmi"

# --- operators
block 'For operators' 1 >five || fail 'README shows no commands'
[ "$(wc -l <five)" = 5 ] || fail 'README has not five commands'
mkdir -p srv
grep '^qasid ' five >before
[ "$(wc -l <before)" = 2 ] || fail 'README has other commands than it had'
run before
cp article "srv/capsule/articles/$name"
cp content/articles/report.pdf srv/capsule/articles/
block 'For operators' 2 >commands || fail 'README shows no server'
grep -v '^qasid serve ' commands >before
[ "$(wc -l <before)" = 1 ] || fail 'README has other commands than it had'
run before
command=$(grep '^qasid serve ' commands) || fail 'README does not serve'

# start COMMAND: ... with ports of our own; sets $pid, $gemini, $gopher.
start() {
	rm -f ready
	sh -c "exec $1 --gemini 127.0.0.1:0 --gopher 127.0.0.1:0 \
		--ready ready" >log 2>&1 &
	pid=$!
	"$slowpeer" await ready $pid || fail "$1"
	gemini=$(sed -n 's/^gemini 127.0.0.1 //p' ready)
	gopher=$(sed -n 's/^gopher 127.0.0.1 //p' ready)
}
walk() {
	host=capsule.example.org
	qasid get --known known --connect "127.0.0.1:$gemini" \
		"gemini://$host:$gemini/articles/${name%.md}.gmi" >page ||
		fail 'Gemini does not answer'
	sees page "# $title" '(PDF, 9 bytes)'
	qasid get "gopher://127.0.0.1:$gopher/0/articles/${name%.md}.txt" |
		tr -d '\r' >page || fail 'Gopher does not answer'
	sees page "$title" 'By Ayesha Rahman' '[1]'
}
start "$command"
walk
stop
! grep -q 'gemini 20 /' log || fail 'the log is not off'

echo 'readme: fine'
