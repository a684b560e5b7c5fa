#!/bin/sh
# run.sh BUILD: every part of the bench, one after the other: the programs
# bench_* and the scripts of this folder, but for those of `make bench-mirrors`.
# PART names one to run alone.
set -eu
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
case $build in /*) ;; *) build=$top/$build ;; esac
export BUILD="$build" TOP="$top"
for part in "$build"/bench/bench_* tests/bench/*.sh; do
	name=${part##*/}
	name=${name%.sh}
	case $part in *.d | *'*' | */run.sh | */mirror*.sh) continue ;; esac
	[ "${PART-$name}" = "$name" ] || continue
	echo "== $name"
	case $part in
	*.sh) sh "$part" "$build" ;;
	*) "$part" ;;
	esac
done
