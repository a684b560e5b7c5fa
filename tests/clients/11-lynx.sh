#!/bin/sh
# lynx: Gopher, with numbered links.
. tests/clients/lib.sh
SITE_URL=$GOPHER/1
cat >"$HOME/lynx.cfg" <<'CFG'
DEFAULT_KEYPAD_MODE:LINKS_ARE_NUMBERED
CHARACTER_SET:utf-8
ASSUME_CHARSET:utf-8
NO_PAUSE:TRUE
CFG

open() {
	terminal lynx -cfg="$HOME/lynx.cfg" "$1"
}

follow() {
	n=$(number "$1") && keys "${n%"${n#?}"}" && see 'Follow link' &&
		type_line "${n#?}"
}

visit() {
	keys g && see 'URL to open' && keys C-u && type_line "$1"
}

back() {
	keys Left
}

step_attachment() {
	follow "$FILE_LINK" && see 'D)ownload' && keys d &&
		follow 'Save to disk' && see 'Enter a filename' && keys C-u &&
		type_line "$HOME/brief.pdf" && same_file "$HOME/brief.pdf" &&
		keys Left && see "$EN_TEXT"
}

walk home index article attachment urdu back error redirect
