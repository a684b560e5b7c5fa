#!/bin/sh
# coverage.sh BUILD: lines covered by the tests, a line a layer (gcov).
set -eu
build=$1
for dir in "$build"/src/*/; do
	layer=$(basename "$dir")
	(cd "$dir" && gcov -n -- *.gcda 2>/dev/null) |
		awk -v layer="$layer" '
			/^File .src\// { mine = index($0, "src/" layer "/") }
			/^Lines executed/ && mine {
				split($0, f, /[:% ]+/)
				covered += f[3] * $NF / 100; all += $NF; mine = 0
			}
			END { if (all)
				printf "%-10s %5.1f %% of %d lines\n", layer,
					100 * covered / all, all }'
done
