#!/bin/sh
# Every path and every subcommand that README.md and the manuals name exists,
# and README keeps under its 150 lines.
set -eu
cd "$(dirname "$0")/../.."
bad=0
lines=$(wc -l <README.md)
if [ "$lines" -ge 150 ]; then
	echo "README.md has $lines lines; 149 at most"
	bad=1
fi
# `path/like.this` in backticks: a file, a folder or a glob that matches.
for p in $(grep -oE '`(src|tests|content|certs|\.ci)/[A-Za-z0-9_./*-]*`' README.md |
	tr -d '`' | sort -u); do
	# shellcheck disable=SC2086 # globs are meant
	if ! ls -d $p >/dev/null 2>&1; then
		case $p in certs/*.crt | certs/*.key) continue ;; esac
		echo "README.md names $p, which is not there"
		bad=1
	fi
done
for c in $(grep -oE 'qasid (build|serve|check|cert|sync|get|export|status|version|[a-z]+)\b' \
	README.md | sed 's/qasid //' | sort -u); do
	grep -q "{ \"$c\"," src/main.c || {
		case $c in is | and | serves | converts | was | has) continue ;; esac
		echo "README.md names \"qasid $c\", which src/main.c does not have"
		bad=1
	}
done
for t in $(grep -oE 'make [a-z-]+' README.md | sed 's/make //' | sort -u); do
	grep -qE "^$t:|^\.PHONY:.* $t( |\$)| $t " Makefile || {
		echo "README.md names \"make $t\", which the Makefile does not have"
		bad=1
	}
done
exit $bad
