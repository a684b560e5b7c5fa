#!/bin/sh
# amfora: Gemini in a terminal.  Links by number at its bottom bar; errors,
# redirects and files come as boxes with buttons.
. tests/clients/lib.sh
SITE_URL=$GEMINI

open() {
	terminal amfora "$1"
}

# The address in the bottom bar says that the page is done; a key pressed
# before that is lost.
page() {
	see "$@" && { until_true settled || fail 'no address in the bar'; }
}

settled() {
	screen | grep -q '^gemini://'
}

# visit TEXT: a number or an address.
visit() {
	keys Space && see 'URL/Num./Search:' && type_line "$1"
}

follow() {
	n=$(number "$1") && visit "$n"
}

back() {
	keys b
}

step_attachment() {
	follow "$FILE_LINK" && see Open Download Cancel &&
		keys Tab && keys Enter && see 'Download complete' &&
		keys Enter && page '!Download complete' &&
		same_file "$HOME/Downloads/${PDF##*/}"
}

step_error() {
	visit "$GEMINI$MISSING" && see 'Not Found' Ok && keys Enter &&
		page '!Not Found' "$EN_TEXT"
}

step_redirect() {
	back && page "!$EN_TEXT" && visit "$GEMINI$ALIAS" &&
		see 'Follow redirect?' && keys Enter && page "$EN_TEXT"
}

walk home index article attachment urdu back error redirect
