#!/bin/sh
# kristall: Gemini in a window, on a screen of its own that holds a whole page.
# What it shows is copied out by its own "select all" and "copy"; a link is
# clicked where its colour stands on the picture of the screen.
. tests/clients/lib.sh
SITE_URL=$GEMINI
WIDTH=2400 HEIGHT=5000
# Where the page is: below the bars, left of the scroll bar.
LEFT=5 TOP=70 PAGE_WIDTH=2370 PAGE_HEIGHT=4880
# The real tools, not what else may go by their names.
PATH=/usr/bin:/bin
export XDG_RUNTIME_DIR="$HOME" QT_LOGGING_RULES='*=false'

mkdir -p "$HOME/.config/kristall" "$HOME/.config/fontconfig"
# A URL on the command line is opened only on the next reload, so the home page
# is its start page.
cat >"$HOME/.config/kristall/config.ini" <<INI
[General]
start_page=$GEMINI/

[Theme]
version=1
Link\color_internal="#ff0000"
Link\color_external="#ff0000"
Link\color_cross_scheme="#ff0000"
Formatting\text_width_enabled=false
INI
# One face for all Urdu letters.
cat >"$HOME/.config/fontconfig/fonts.conf" <<'XML'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<include>/etc/fonts/fonts.conf</include>
<alias binding="strong"><family>sans-serif</family><prefer>
<family>Noto Sans</family><family>Noto Naskh Arabic</family>
</prefer></alias>
</fontconfig>
XML

ended() {
	# shellcheck disable=SC2046 # a list of process ids
	kill $(cat "$WORK"/*.pid) 2>/dev/null || true
}
trap ended EXIT

# started NAME COMMAND...: runs it until this walk ends.
started() {
	name=$1
	shift
	"$@" >"$WORK/$name.log" 2>&1 &
	echo $! >"$WORK/$name.pid"
}

# --- driving ----------------------------------------------------------------

open() {
	started xvfb Xvfb -displayfd 5 -screen 0 ${WIDTH}x${HEIGHT}x24 \
		-nolisten tcp 5>"$WORK/display"
	until_true test -s "$WORK/display" || fail 'no X server' || return
	DISPLAY=:$(cat "$WORK/display")
	export DISPLAY
	started wm matchbox-window-manager -use_titlebar no
	started kristall kristall -i
	until_true xdotool search --onlyvisible --name Kristall >/dev/null ||
		fail 'no window'
}

visit() {
	xdotool key ctrl+l key ctrl+a type "$1" && xdotool key Return
}

back() {
	xdotool key alt+Left
}

# screen: the text of the page; a click on its empty margin first, so that it
# has the focus.
screen() {
	xdotool mousemove 10 400 click 1 key ctrl+a key ctrl+c
	timeout 5 xclip -o -selection clipboard -t UTF8_STRING 2>/dev/null
}

# mask FILE IMAGEMAGICK...: the page as ink.py wants it, ink as given.
mask() {
	file=$1
	shift
	xdotool mousemove 10 400 click 1
	import -window root "$WORK/shot.png"
	convert "$WORK/shot.png" -crop \
		"${PAGE_WIDTH}x$PAGE_HEIGHT+$LEFT+$TOP" +repage "$@" \
		-depth 8 "gray:$file"
}

# follow LABEL: the n-th link of the text is the n-th band of red ink.
follow() {
	see "$1" || return
	grep -E '^ *(→|⇒)' "$WORK/screen" >"$WORK/links"
	n=$(grep -nF -- "$1" "$WORK/links" | sed -n '1s/:.*//p')
	[ -n "$n" ] && until_true located || fail "no link '$1'" || return
	at=$(sed -n "${n}p" "$WORK/bands" | awk -v l=$LEFT -v t=$TOP '
		{ print int(($3 + $4) / 2) + l, int(($1 + $2) / 2) + t }')
	# shellcheck disable=SC2086 # x and y
	xdotool mousemove $at click 1
}

# located: as many bands as links are painted.
located() {
	mask "$WORK/red" -fuzz 40% -fill black +opaque red -threshold 10%
	python3 tests/clients/ink.py bands "$WORK/red" $PAGE_WIDTH \
		>"$WORK/bands"
	[ "$(wc -l <"$WORK/bands")" = "$(wc -l <"$WORK/links")" ]
}

# --- steps ------------------------------------------------------------------

step_attachment() {
	follow "$FILE_LINK" && see 'nsupported' && xdotool key ctrl+s &&
		until_true xdotool search --name 'Save' >/dev/null &&
		xdotool type "$HOME/brief.pdf" && xdotool key Return &&
		same_file "$HOME/brief.pdf"
}

step_urdu() {
	title='پانی کی قیمت: آبیانہ کیا کر سکتا ہے اور کیا نہیں'
	visit "$GEMINI/articles/price-of-water.gmi" &&
		follow "$OTHER_LINK" && page "$UR_TITLE" "$UR_TEXT" || return
	pango-view -q --no-display --font='Noto Naskh Arabic Bold 24' \
		--text "$title" -o "$WORK/title.png"
	convert "$WORK/title.png" -colorspace Gray -threshold 70% -negate \
		-depth 8 "gray:$WORK/title"
	until_true drawn_right || fail "$said"
}

# drawn_right: the lines stand at the right margin, the title is drawn as Pango
# draws it: joined letters, from right to left.
drawn_right() {
	mask "$WORK/ink" -colorspace Gray -threshold 70% -negate
	ink right 12 && ink joined 0 "$title" && ink same 0 "$WORK/title" \
		"$(identify -format %w "$WORK/title.png")"
}

ink() {
	what=$1
	shift
	said=$(python3 tests/clients/ink.py "$what" "$WORK/ink" $PAGE_WIDTH \
		"$@" 2>&1)
}

walk home index article attachment urdu back error redirect
