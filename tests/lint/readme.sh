#!/bin/sh
# Every path, subcommand and target that README.md names exists, and README
# keeps under its 150 lines.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT

lines=$(wc -l <README.md)
[ "$lines" -lt 150 ] || echo "README.md has $lines lines; 149 at most" >>"$tmp"

# Paths stand alone in backquotes.
tr '`' '\n' <README.md |
	grep -E '^(src|tests|content|certs|\.ci)/[A-Za-z0-9_./*-]*$' |
	sort -u | while read -r p; do
	case $p in certs/*.crt | certs/*.key) continue ;; esac
	# shellcheck disable=SC2086 # globs are meant
	ls -d $p >/dev/null 2>&1 ||
		echo "README.md names $p, which is not there" >>"$tmp"
done
# So do commands.
tr '`' '\n' <README.md | grep -oE '^(.*/)?qasid [a-z]+' | sed 's/.*qasid //' |
	sort -u | while read -r c; do
	grep -q "{ \"$c\"," src/main.c ||
		echo "README.md names qasid $c, which src/main.c has not" >>"$tmp"
done
tr '`' '\n' <README.md | grep -oE '^make [a-z-]+' | sed 's/make //' |
	sort -u | while read -r t; do
	grep -qE "^$t:" Makefile ||
		echo "README.md names make $t, which the Makefile has not" >>"$tmp"
done
cat "$tmp"
[ ! -s "$tmp" ]
