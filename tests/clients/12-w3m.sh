#!/bin/sh
# w3m: Gopher.  A link is found by the search from the end, as the whole of a
# long label stands above it, and opened by Return.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1

open() {
	terminal w3m "$1"
}

# ask KEY PROMPT TEXT: KEY brings the prompt, TEXT is typed in place of what
# stands there.
ask() {
	keys "$1" && see "$2" && keys C-u && type_line "$3"
}

follow() {
	see "$1" && keys G && ask '?' 'Backward:' "$1" && see '!Backward:' &&
		keys Enter
}

visit() {
	ask U 'Goto URL' "$1"
}

back() {
	keys B
}

step_attachment() {
	follow "$FILE_LINK" && see 'Save file to' && keys C-u &&
		type_line "$HOME/brief.pdf" && same_file "$HOME/brief.pdf" &&
		see 'Download List' && keys B && see "$EN_TEXT"
}

walk home index article attachment urdu back error redirect
