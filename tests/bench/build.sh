#!/bin/sh
# build.sh BUILD [ARTICLES...]: how long a publish takes and how much memory: a
# generated capsule from nothing, with one article edited, with none; medians
# of five, but from nothing over 10,000 articles once.  Then gemtext alone of a
# 1 MB file beside lowdown, whole processes, 20 at a time in turns.
set -eu
build=$1
shift
[ $# -gt 0 ] || set -- 1000 10000
qasid=$build/qasid
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sh tests/run/deps.sh lowdown time 2>/dev/null

# timed COMMAND...: "seconds peak-KB" of one run, on stdout
timed() {
	/usr/bin/time -o "$tmp/time" -f '%e %M' "$@" >"$tmp/out" 2>&1 || {
		tail -n 5 "$tmp/out" >&2
		exit 1
	}
	cat "$tmp/time"
}
median() { # median COMMAND...: of five runs, by seconds
	for _ in 1 2 3 4 5; do
		timed "$@"
	done | sort -n | sed -n 3p
}

echo 'articles  from nothing   peak     one edited   none changed'
for n in "$@"; do
	rm -rf "$tmp/c" "$tmp/s"
	"$build/bench/corpus" "$tmp/c" "$n"
	[ "$n" -le 10000 ] && runs='1 2 3 4 5' || runs=1
	all=$(
		for _ in $runs; do
			rm -rf "$tmp/s"
			sync
			timed "$qasid" build "$tmp/c" --store "$tmp/s"
		done | sort -n | sed -n "$(((${#runs} + 3) / 4))p"
	)
	none=$(median "$qasid" build "$tmp/c" --store "$tmp/s")
	one=$(
		for i in 1 2 3 4 5; do
			echo "Edited $i." >>"$tmp/c/articles/05/a-5.md"
			timed "$qasid" build "$tmp/c" --store "$tmp/s"
		done | sort -n | sed -n 3p
	)
	printf '%8d  %8.2f s  %5d MB  %8.2f s  %10.2f s\n' "$n" "${all% *}" \
		$((${all#* } / 1024)) "${one% *}" "${none% *}"
done

"$build/bench/corpus" --one 1000000 >"$tmp/one.md"
# twenty COMMAND...: milliseconds of one of twenty
twenty() {
	# shellcheck disable=SC2016 # the other shell's
	timed sh -c 'n=0; while [ $n -lt 20 ]; do "$@" >/dev/null; n=$((n + 1))
		done' sh "$@" | awk '{ print $1 * 50 }'
}
: >"$tmp/ours"
: >"$tmp/theirs"
for _ in 1 2 3 4 5; do
	twenty "$qasid" build --stdout gemini "$tmp/one.md" >>"$tmp/ours"
	twenty lowdown -tgemini "$tmp/one.md" >>"$tmp/theirs"
done
ours=$(sort -n "$tmp/ours" | sed -n 3p)
theirs=$(sort -n "$tmp/theirs" | sed -n 3p)
awk -v a="$ours" -v b="$theirs" 'BEGIN {
	printf "gemtext of 1 MB, whole process: qasid %.1f ms, lowdown %.1f ms, ", a, b
	printf "%.1f times\n", b / a
}'
