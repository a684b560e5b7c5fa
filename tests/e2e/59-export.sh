#!/bin/sh
# qasid export: every page of the edition as a file with its marks filled in,
# in one step, and never over a folder that is not an export.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	cat "$tmp/err" 2>/dev/null || true
	exit 1
}
export_to() { # export_to WANTED-EXIT DIR
	code=0
	"$QASID" export --store "$tmp/store" --host site.example \
		--gemini-port 1966 --gopher-port 7070 "$2" 2>"$tmp/err" || code=$?
	[ "$code" = "$1" ] || fail "exit $code, not $1"
}
"$QASID" build "$TOP/content" --store "$tmp/store" 2>"$tmp/err" ||
	fail 'the content does not build'
export_to 0 "$tmp/out"

# --- every page, with the same bytes; a menu without its final dot
n=0
"$QASID" get --store "$tmp/store" --list >"$tmp/list"
tab=$(printf '\t')
while IFS=$tab read -r key kind media size; do
	case $kind:$key in page:[go]/*) ;; *) continue ;; esac
	case $key in g*) file=gemini${key#g} ;; *) file=gopher${key#o} ;; esac
	case $media:$file in
	application/gopher-menu:*) file=${file%/}/gophermap ;;
	*/) file=${file}index.gmi ;;
	esac
	"$QASID" get --store "$tmp/store" --host site.example \
		--gemini-port 1966 --gopher-port 7070 "$key" >"$tmp/whole"
	# What other servers serve is not searched.
	case $media:$key in
	application/gopher-menu:*) grep -v '^7' ;;
	*:g/ | *:g/lang/*/ | *:g/*help.gmi) grep -v '^=> search ' ;;
	*) cat ;;
	esac <"$tmp/whole" >"$tmp/want"
	[ -f "$tmp/out/$file" ] || fail "no $file for $key ($size bytes)"
	if [ "$media" = application/gopher-menu ]; then
		printf '.\r\n' | cat "$tmp/out/$file" - >"$tmp/got"
		cmp "$tmp/got" "$tmp/want" || fail "$key"
		if grep -v "^.[^$tab]*${tab}[^$tab]*${tab}[^$tab]*${tab}[0-9]" \
			"$tmp/out/$file"; then
			fail "$file: a line without a type or tabs"
		fi
	else
		cmp "$tmp/out/$file" "$tmp/want" || fail "$key"
	fi
	n=$((n + 1))
done <"$tmp/list"
[ $n -gt 150 ] || fail "only $n pages"
! LC_ALL=C grep -rlI "$(printf '[\001\002\003]')" "$tmp/out" ||
	fail 'a mark is left'

# --- what no file can answer
grep -q '^=> ../../articles/price-of-water.gmi ' \
	"$tmp/out/gemini/2019/price-of-water/index.gmi" || fail 'no alias'
grep -q . "$tmp/out/gemini/articles/flood-first-estimates.gmi" ||
	fail 'nothing says that an article is withdrawn'

# --- again, over itself, with what was removed gone
echo mine >"$tmp/out/gemini/left-over.gmi"
export_to 0 "$tmp/out"
[ ! -e "$tmp/out/gemini/left-over.gmi" ] || fail 'not a new tree'
mkdir "$tmp/empty"
export_to 0 "$tmp/empty/"
diff -r "$tmp/out" "$tmp/empty" >/dev/null || fail 'another export'

# --- not over anything else
mkdir "$tmp/full"
echo mine >"$tmp/full/file"
export_to 1 "$tmp/full"
grep -q 'neither empty nor an export' "$tmp/err" || fail 'no reason'
[ "$(cat "$tmp/full/file")" = mine ] || fail 'the file is gone'
export_to 1 "$tmp/full/file"
ln -s "$tmp/out" "$tmp/link"
export_to 1 "$tmp/link"
[ "$(find "$tmp" -maxdepth 1 -name '*.new-*' | wc -l)" = 0 ] ||
	fail 'something is left beside'

# --- a store that is damaged, or none: DIR stays as it was
mv "$tmp/store" "$tmp/elsewhere"
export_to 1 "$tmp/out"
[ -f "$tmp/out/gemini/index.gmi" ] || fail 'the old export is gone'
echo 'export: fine'
