#!/bin/sh
# real.sh QASID: the real article of the institute, whose path stands in
# QASID_REAL_ARTICLE, in all three forms: title, byline, date, eight headings.
set -eu
qasid=$1
if [ -z "${QASID_REAL_ARTICLE-}" ]; then
	echo 'set QASID_REAL_ARTICLE to the path of the article' >&2
	exit 2
fi
for form in gemini gopher menu; do
	out=$("$qasid" build --stdout "$form" "$QASID_REAL_ARTICLE")
	want() { # want REGEX: some line of the output matches
		printf '%s\n' "$out" | grep -qE -- "$1" || {
			echo "$form: no line matches $1" >&2
			exit 1
		}
	}
	want 'Mental Health in Pakistan: Breaking Stigmas and'
	want 'By Rehan Zahid'
	want 'Written by Radma Nouman'
	want '2024-02-01'
	case $form in
	gemini) headings=$(printf '%s\n' "$out" | grep -c '^## ') ;;
	gopher) headings=$(printf '%s\n' "$out" | grep -cE '^-{3,66}$') ;;
	menu) headings=$(printf '%s\n' "$out" | grep -cE '^i-{3,66}	') ;;
	esac
	[ "$headings" = 8 ] || {
		echo "$form: $headings headings, not 8" >&2
		exit 1
	}
	printf '%s\n' "$out" | tail -n 3 | grep -q 'Institute of Policy' || {
		echo "$form: the last line is missing" >&2
		exit 1
	}
	echo "$form: title, bylines, date, 8 headings"
done
