# What the tests of a published site share; sourced.
# shellcheck shell=sh
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
c=$tmp/c s=$tmp/s
fail() {
	echo "FAILED: $*"
	[ ! -f "$tmp/err" ] || cat "$tmp/err"
	exit 1
}
build() { # build WANTED-EXIT ARGS...
	want=$1 code=0
	shift
	"$QASID" build "$c" --store "$s" "$@" 2>"$tmp/err" || code=$?
	[ "$code" = "$want" ] || fail "exit $code, not $want"
}
says() { # says WORDS: the build said so
	grep -qF -- "$1" "$tmp/err" || fail "not said: $1"
}
silent() { # silent WORDS
	! grep -qF -- "$1" "$tmp/err" || fail "said: $1"
}
get() {
	"$QASID" get --store "$s" --host h.test "$1"
}
line() { # line KEY LINE: the page has exactly this line
	get "$1" | tr -d '\r' >"$tmp/page" || fail "no $1"
	grep -qxF -- "$2" "$tmp/page" || {
		cat "$tmp/page"
		fail "$1 has no line: $2"
	}
}
none() { # none KEY WORDS: the page has them not
	get "$1" >"$tmp/page" || fail "no $1"
	! grep -qF -- "$2" "$tmp/page" || fail "$1 has: $2"
}
kind() { # kind KEY: its line in the list, blank-separated
	"$QASID" get --store "$s" --list | awk -F '\t' -v k="$1" '$1 == k {
		print $2, $3 }'
}
is() { # is KEY KIND-AND-MEDIA
	[ "$(kind "$1")" = "$2" ] || fail "$1 is \"$(kind "$1")\", not \"$2\""
}
absent() {
	[ -z "$(kind "$1")" ] || fail "$1 is there"
}
article() { # article FILE TITLE DATE [LINES-OF-HEAD]
	mkdir -p "$(dirname "$c/articles/$1")"
	printf -- '---\ntitle: %s\ndate: %s\n%b---\nBody of %s.\n' \
		"$2" "$3" "${4-}" "$2" >"$c/articles/$1"
}
mkdir -p "$c/articles" "$c/pages"
