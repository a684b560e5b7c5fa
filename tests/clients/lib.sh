# shellcheck shell=sh
# lib.sh: what the walks share.  A walk is NN-name.sh: one client that goes
# through the site as a reader does.  It sources this file, says how the client
# is driven and ends with `walk STEP...`:
#
#   open URL       starts the client there
#   follow LABEL   opens the link with this label
#   visit URL      opens an address that is typed in (else: `open`)
#   back           returns to the page before
#   page TEXT...   waits until the page with these words is there (else: `see`)
#
# The steps below do with these; a walk replaces those that differ.  A step goes
# on where the one before it ended and returns 0 (the reader saw what he must
# see), 77 (`na REASON`: the client has no such thing) or anything else.
# Nothing sleeps for luck: `see` looks again until the words stand on the
# screen or its time is up.
#
# run.sh gives in the environment: GEMINI and GOPHER (the two home pages without
# the final slash), CONTENT (the content folder), WORK (a folder of this walk
# alone, HOME inside it).

# The words that a reader must see, as content/ has them.  A label in a menu of
# Gopher is cut where it is too long; the whole of it stands above.
# shellcheck disable=SC2034 # for the walks
{
	SITE='Institute of Policy Studies'
	INDEX_LINK=Articles
	EN_LINK='canal charge can'
	EN_TITLE='The price of water'
	EN_TEXT='Ask a farmer at the tail'
	FILE_LINK='two-page brief'
	UR_LINK='پانی کی قیمت'
	UR_TITLE='پانی کی قیمت'
	UR_TEXT='نہر کے آخری سرے'
	OTHER_LINK='اردو'
	OLD_LINK='What a union council is for'
	ALIAS=/old/water.html
	MISSING=/articles/no-such-article
	NOT_FOUND='Nothing is published'
}
PDF=$CONTENT/articles/docs/price-of-water.pdf
# Seconds that a reader would wait for a page on a loaded machine.
PATIENCE=${PATIENCE-20}

# --- steps ------------------------------------------------------------------

page() {
	see "$@"
}

visit() {
	open "$1"
}

step_home() {
	open "$SITE_URL/" && page "$SITE" "$INDEX_LINK"
}

step_index() {
	follow "$INDEX_LINK" && page "$EN_LINK" "$UR_LINK" "$OLD_LINK"
}

step_article() {
	follow "$EN_LINK" && page "$EN_TITLE" "$EN_TEXT" "$FILE_LINK"
}

step_urdu() {
	follow "$OTHER_LINK" && page "$UR_TITLE" "$UR_TEXT" "!$EN_TEXT"
}

step_back() {
	back && page "$EN_TEXT" "!$UR_TEXT"
}

step_error() {
	visit "$SITE_URL$MISSING" && page "$NOT_FOUND"
}

step_redirect() {
	visit "$SITE_URL$ALIAS" && page "$EN_TITLE" "$EN_TEXT"
}

# na REASON: this client has no such thing.
na() {
	echo "$*" >"$WORK/reason"
	return 77
}

# fail REASON: says why, for the log below the table.
fail() {
	echo "$*" >"$WORK/reason"
	return 1
}

# walk STEP...: does the steps and writes one line each to $WORK/result.
walk() {
	for step in "$@"; do
		: >"$WORK/reason"
		code=0
		"step_$step" || code=$?
		case $code in
		0) echo "$step ok" ;;
		77) echo "$step n/a $(cat "$WORK/reason")" ;;
		*)
			echo "$step FAILED $(cat "$WORK/reason")"
			screen >"$WORK/$step.screen" 2>/dev/null || true
			PATIENCE=5
			;;
		esac >>"$WORK/result"
	done
	[ ! -S "$WORK/tmux" ] || tm kill-server
}

# until_true COMMAND...: tries it until it succeeds or PATIENCE is over.
until_true() {
	end=$(($(date +%s) + PATIENCE))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# same_file FILE: it is, byte for byte, the attachment of the content folder.
same_file() {
	until_true cmp -s "$1" "$PDF" || fail "not the published file: $1"
}

# --- terminal clients -------------------------------------------------------

tm() {
	tmux -S "$WORK/tmux" -f /dev/null "$@"
}

# terminal COMMAND...: runs the client, in place of the one that ran before, on
# a screen that holds a whole page.
terminal() {
	if tm has-session 2>/dev/null; then
		tm respawn-pane -k -t walk "env -u TMUX $*"
	else
		tm new-session -d -x 120 -y 250 -c "$HOME" -s walk "env -u TMUX $*" \; \
			set-option remain-on-exit on
	fi
}

# screen: the text on the screen.  Blanks at line ends are cut.
screen() {
	tm capture-pane -p -t walk
}

keys() {
	tm send-keys -t walk "$@"
}

# type_line TEXT: TEXT as typed, and Return.
type_line() {
	tm send-keys -t walk -l -- "$1"
	keys Enter
}

on_screen() {
	screen >"$WORK/screen"
	for text in "$@"; do
		case $text in
		'!'*) ! grep -qF -- "${text#!}" "$WORK/screen" || return 1 ;;
		*) grep -qF -- "$text" "$WORK/screen" || return 1 ;;
		esac
	done
}

# see TEXT...: waits until each TEXT stands on the screen (!TEXT: does not).
see() {
	until_true on_screen "$@" || fail "not on the screen: $*"
}

# number LABEL: the number of the link with this label: `[12] ... LABEL`.
number() {
	until_true on_screen "$1" || true
	n=$(screen | sed -n "s/^.*\[\([0-9][0-9]*\)\].*$1.*/\1/p" | head -n 1)
	[ -n "$n" ] || fail "no link '$1'" || return
	echo "$n"
}
