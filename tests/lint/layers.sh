#!/bin/sh
# Holds src/ to layers.txt: each quoted include must name the file's own layer,
# base, or a layer listed for it; and the headers of foreign libraries must stay
# in the files that own them.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top/src"
bad=0
for dir in */; do
	layer=${dir%/}
	ls "$layer"/*.[ch] >/dev/null 2>&1 || continue # manuals and the like
	if ! grep -q "^$layer:" ../tests/lint/layers.txt; then
		echo "src/$layer: not in tests/lint/layers.txt"
		bad=1
		continue
	fi
	allowed=" base $layer $(sed -n "s/^$layer: *//p" ../tests/lint/layers.txt) "
	for line in $(grep -Hn '^#include "' "$layer"/*.c "$layer"/*.h 2>/dev/null |
		sed 's/#include "\([^"]*\)".*/\1/' | tr -d ' ' || true); do
		inc=${line##*:}
		dep=${inc%%/*}
		case $allowed in
		*" $dep "*) ;;
		*)
			echo "src/${line%:*}: layer $layer may not include $inc"
			bad=1
			;;
		esac
	done
done
owner() { # owner PATTERN REGEX-OF-FILES
	for f in $(grep -rlE "#include <$1" . | sed 's|^\./||' || true); do
		if ! printf '%s\n' "$f" | grep -qE "^($2)$"; then
			echo "src/$f: may not include <$1...>"
			bad=1
		fi
	done
}
owner 'openssl/' 'net/tls[a-z_]*\.[ch]|client/[a-z_]*\.[ch]|cert/[a-z_]*\.[ch]|base/hash\.c|base/sign\.c'
owner 'magic\.h' 'site/mime\.c'
owner '(linux/)?seccomp\.h|linux/landlock\.h' 'server/sandbox\.c|site/confine\.c|sync/open\.c'
owner 'lmdb\.h' 'store/[a-z_]*\.[ch]'
owner 'event2/' 'net/loop[a-z_]*\.[ch]'
owner 'archive(_entry)?\.h' 'site/bundle\.c'
owner 'libxml/' 'import/wxr\.c'
owner 'md4c\.h' 'markdown/[a-z_]*\.[ch]'
owner 'sqlite3\.h' 'search/[a-z_]*\.[ch]'
owner 'yaml\.h' 'base/yaml\.c'
exit $bad
