#!/bin/sh
# vf1: Gopher at a prompt.  Each command starts on an empty screen, so that
# what is seen is its answer.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1

open() {
	terminal vf1 "$1"
}

page() {
	see "$@" 'VF-1>'
}

command() {
	see 'VF-1>' && keys -R && type_line "$1"
}

follow() {
	n=$(number "$1") && command "$n"
}

visit() {
	command "go $1"
}

back() {
	command back
}

# The file joins the history, and vf1 would open it again on the way back.
step_attachment() {
	follow "$FILE_LINK" && command "save $HOME/brief.pdf" &&
		see 'Saved to' && same_file "$HOME/brief.pdf"
}

walk home index article urdu back attachment error redirect
