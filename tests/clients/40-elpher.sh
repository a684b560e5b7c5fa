#!/bin/sh
# elpher: Gemini in Emacs (41: Gopher).  Emacs orders the letters of a line
# itself: what is right for a reader stands on the screen from right to left.
. tests/clients/lib.sh

mirrored() {
	sed -e '/\n/!G' -e 's/\(.\)\(.*\n\)/&\2\1/' -e '//D' -e 's/.//'
}

SITE_URL=${SITE_URL-$GEMINI}
UR_LINK=$(echo "$UR_LINK" | mirrored)
UR_TITLE=$(echo "$UR_TITLE" | mirrored)
UR_TEXT=$(echo "$UR_TEXT" | mirrored)
# Two faults stand in the way on this screen and this link: elpher 2.10.2
# divides by the size of a heading's font, which a terminal does not have; and
# Emacs 28 never says that a connection is open whose TLS handshake ends before
# it looked at the socket.  So connections block until they are open, and the
# word is said here.
cat >"$HOME/init.el" <<'EL'
(setq inhibit-startup-screen t)
(package-initialize)
(require 'elpher)
(advice-add 'face-font :override
	    (lambda (&rest _) "Mono:pixelsize=12"))
(defun say-open (process)
  (when (eq (process-status process) 'open)
    (run-at-time 0 nil
      (lambda (p) (funcall (process-sentinel p) p "open\n")) process))
  process)
(advice-add 'make-network-process :filter-args
	    (lambda (args) (plist-put args :nowait nil)))
(advice-add 'make-network-process :filter-return #'say-open)
EL

open() {
	terminal emacs -nw -q -l "$HOME/init.el" \
		--eval "'(elpher-go \"$1\")'"
}

visit() {
	keys g && see 'Gemini URL:' && type_line "$1"
}

# follow LABEL: the label is searched from the end, the point stays on it.
follow() {
	keys 'M->' C-r && see 'I-search backward:' && type_line "$1" &&
		see '!I-search' && keys Enter
}

back() {
	keys u
}

step_attachment() {
	follow "$FILE_LINK" && see 'Download' && keys C-a C-k &&
		type_line "$HOME/brief.pdf" && same_file "$HOME/brief.pdf"
}

walk home index article attachment urdu back error redirect
