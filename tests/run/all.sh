#!/bin/sh
# all.sh BUILD: runs every unit program, corpus replay, golden case and
# end-to-end script against the binaries in BUILD; the last line counts them.
# A test ends with 0 (passed), 77 (not run: says why) or anything else.
set -eu
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
case $build in /*) ;; *) build=$top/$build ;; esac
export QASID="$build/qasid" BUILD="$build" TOP="$top"
logs=$build/logs
rm -rf "$logs"
mkdir -p "$logs"

list=$logs/list
{
	for t in "$build"/unit/test_*; do
		case $t in *.d | *'*') continue ;; esac
		echo "unit/${t##*/} $t"
	done
	for t in "$build"/replay/*; do
		case $t in *.d | *'*') continue ;; esac
		echo "replay/${t##*/} $t tests/fuzz/corpus/${t##*/}"
	done
	[ ! -f tests/golden/run.sh ] || echo "golden sh tests/golden/run.sh"
	for t in tests/e2e/[0-9]*.sh; do
		[ -f "$t" ] || continue
		t=${t##*/}
		echo "e2e/${t%.sh} sh tests/e2e/$t"
	done
} >"$list"

# Two at a time: the machine of record has two cores.
xargs -P 2 -L 1 sh tests/run/one.sh "$logs" <"$list" || true

passed=0 failed=0 skipped=0
while read -r name rest; do
	log=$logs/$(printf '%s' "$name" | tr / -)
	case $(cat "$log.exit" 2>/dev/null || echo none) in
	0) passed=$((passed + 1)) ;;
	77)
		skipped=$((skipped + 1))
		echo "not run: $name: $(tail -n 1 "$log.out")"
		;;
	*)
		failed=$((failed + 1))
		echo "FAILED: $name"
		tail -n 40 "$log.out" | sed 's/^/    /'
		;;
	esac
done <"$list"
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
