#!/bin/sh
# bombadillo: Gemini in a terminal (32: Gopher).  It takes the home folder from the password
# file, so its settings come by XDG_CONFIG_HOME and name the folder for files.
. tests/clients/lib.sh
SITE_URL=${SITE_URL-$GEMINI}
export XDG_CONFIG_HOME="$HOME/.config"
mkdir -p "$XDG_CONFIG_HOME" "$HOME/files"
printf '[SETTINGS]\nsavelocation=%s\n' "$HOME/files" \
	>"$XDG_CONFIG_HOME/.bombadillo.ini"

open() {
	terminal bombadillo "$1"
}

# visit TEXT: a number or an address.
visit() {
	keys : && until_true prompt && type_line "$1"
}

prompt() {
	screen | grep -qx ':'
}

follow() {
	n=$(number "$1") && visit "$n"
}

back() {
	keys b
}

step_attachment() {
	follow "$FILE_LINK" && see 'File saved to' &&
		same_file "$HOME/files/${PDF##*/}"
}

if [ "$SITE_URL" = "$GEMINI" ]; then
	step_error() {
		visit "$GEMINI$MISSING" && see 'Permanent Failure' "$NOT_FOUND"
	}

	step_redirect() {
		back && see "!$EN_TEXT" && visit "$GEMINI$ALIAS" &&
			see 'Follow redirect' && type_line y && see "$EN_TEXT"
	}
fi

walk home index article attachment urdu back error redirect
