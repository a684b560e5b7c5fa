#!/bin/sh
# Converts each NAME.md here with the filter and compares, byte by byte, with
# what a careful editor made of it:
#	NAME.gmi NAME.txt NAME.map	and where they stand
#	NAME.w40.txt NAME.w0.txt NAME.w40.map
# Every NAME.md has the first three.  UPDATE=1 rewrites instead (update.sh).
set -eu
cd "$(dirname "$0")"
: "${QASID:=../../.build/release/qasid}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compared=0 bad=0

one() { # one FORM WIDTH SOURCE WANTED
	if ! "$QASID" build --stdout "$1" --width "$2" "$3" >"$work/got" \
		2>"$work/messages"; then
		echo "$3: $1 at $2 columns failed:"
		cat "$work/messages"
		bad=$((bad + 1))
		return
	fi
	compared=$((compared + 1))
	if [ "${UPDATE:-}" ]; then
		if ! cmp -s "$4" "$work/got"; then
			diff -u "$4" "$work/got" || true
			cp "$work/got" "$4"
		fi
	elif [ ! -f "$4" ]; then
		echo "$4: missing"
		bad=$((bad + 1))
	elif ! cmp -s "$4" "$work/got"; then
		diff -u "$4" "$work/got" || true
		bad=$((bad + 1))
	fi
}

for source in *.md; do
	name=${source%.md}
	[ -z "${UPDATE:-}" ] || touch "$name.gmi" "$name.txt" "$name.map"
	one gemini 67 "$source" "$name.gmi"
	one gopher 67 "$source" "$name.txt"
	one menu 67 "$source" "$name.map"
	for wanted in "$name".w*.txt "$name".w*.map; do
		[ -f "$wanted" ] || continue
		width=${wanted#"$name".w}
		form=menu
		[ "${wanted%.txt}" = "$wanted" ] || form=gopher
		one "$form" "${width%%.*}" "$source" "$wanted"
	done
done
echo "$compared compared, $bad different"
[ "$compared" -gt 0 ] && [ "$bad" = 0 ]
