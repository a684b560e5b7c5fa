#!/bin/sh
# run.sh BINARIES SECONDS [TARGET]: fuzzes one target, or all two at a time.
# New inputs go to .build/fuzz/corpus/; a crasher is kept there and named.
set -eu
bin=$1 seconds=$2 only=${3-}
status=0
for t in "$bin"/*; do
	name=${t##*/}
	case $name in *.d) continue ;; esac
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	work=.build/fuzz/corpus/$name
	mkdir -p "$work" ".build/fuzz/crash/$name"
	echo "fuzz $name: $seconds s"
	"$t" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
		-artifact_prefix=".build/fuzz/crash/$name/" -print_final_stats=1 \
		"$work" "tests/fuzz/corpus/$name" >".build/fuzz/$name.log" 2>&1 || {
		echo "finding in $name:"
		tail -n 30 ".build/fuzz/$name.log"
		status=1
	}
	grep -E 'stat::(number_of_executed_units|peak_rss_mb)' \
		".build/fuzz/$name.log" || true
done
exit $status
