#!/bin/sh
# curl: Gopher, one request a run; links are followed by the fields of the menu.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1

open() {
	curl -sS -m "$PATIENCE" -o "${2-$WORK/got}" "$1"
}

screen() {
	cat "$WORK/got"
}

# follow LABEL [FILE]: the answer goes to FILE, else to the "screen".
follow() {
	url=$(grep -av '^i' "$WORK/got" | grep -aF -- "$1" | head -n 1 | tr -d '\r' |
		awk -F '\t' '{ print $3 ":" $4 "/" substr($1, 1, 1) $2 }')
	open "gopher://$url" "${2-$WORK/got}"
}

step_attachment() {
	follow "$FILE_LINK" "$HOME/brief.pdf" && same_file "$HOME/brief.pdf"
}

step_back() {
	na 'one request a run'
}

walk home index article attachment urdu back error redirect
