#!/bin/sh
# gopher: the University of Minnesota's client, which asks for Gopher+ first.
# Its menus show letters that are not Latin as single bytes, so there the walk
# goes by dates; Urdu is read in the pager.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1
UR_LINK=2026-03-14
export LESS=
echo 'map: text/plain,less %s,' >"$HOME/.gopherrc"

open() {
	terminal gopher "$1"
}

visit() {
	keys w && see 'URL to connect to' && type_line "$1"
}

follow() {
	n=$(number "$1") && type_line "$n"
}

back() {
	keys u
}

step_attachment() {
	follow "$FILE_LINK" && see 'Save in file' && keys Enter &&
		until_true saved
}

# saved: it is there, under a name made of the label.
saved() {
	cmp -s "$PDF" "$HOME"/The-price-of-water*
}

step_urdu() {
	visit "$GOPHER/1/articles/pani-ki-qeemat" && see '!Ask a farmer' &&
		visit "$GOPHER/0/articles/pani-ki-qeemat.txt" &&
		see "$UR_TITLE" "$UR_TEXT" && keys q && see 'Press <RETURN>' &&
		keys Enter && see "!$UR_TEXT"
}

walk home index article attachment urdu back error redirect
