#!/bin/sh
# elpher: Gemini in Emacs.  A link is chosen by its label.
. tests/clients/lib.sh
SITE_URL=$GEMINI
# elpher 2.10.2 divides by the size of a heading's font, which a terminal does
# not have, and so shows no page with a heading there.
cat >"$HOME/init.el" <<'EL'
(setq inhibit-startup-screen t)
(package-initialize)
(require 'elpher)
(advice-add 'face-font :override (lambda (&rest _) "Mono:pixelsize=12"))
EL

open() {
	terminal emacs -nw -q -l "$HOME/init.el" \
		--eval "'(elpher-go \"$1\")'"
}

visit() {
	keys g && see 'Gemini URL:' && type_line "$1"
}

follow() {
	see "$1" && keys m && see 'Directory item' && type_line "$1"
}

back() {
	keys u
}

step_attachment() {
	follow "$FILE_LINK" && see 'Download' && keys C-a C-k &&
		type_line "$HOME/brief.pdf" && same_file "$HOME/brief.pdf"
}

walk home index article attachment urdu back error redirect
