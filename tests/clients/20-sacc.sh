#!/bin/sh
# sacc: Gopher.  A link is found by the search from the end, as the whole of a
# long label stands above it, and opened by l.  It has no address line, so an
# address is opened from the shell.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1

open() {
	terminal sacc "$1"
}

follow() {
	see "$1" && keys G / && until_true cursor_low && type_line "$1" &&
		keys N l
}

# cursor_low: the search asks on the last line.
cursor_low() {
	[ "$(tm display-message -p -t walk '#{cursor_y}')" = 249 ]
}

back() {
	keys h
}

step_attachment() {
	follow "$FILE_LINK" && see 'Download to' &&
		type_line "$HOME/brief.pdf" && same_file "$HOME/brief.pdf"
}

walk home index article attachment urdu back error redirect
