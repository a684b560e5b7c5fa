#!/bin/sh
# A first copy, killed with kill -9 after each 5 % of what it changes on the
# disk, part by part: what comes next goes on from there and ends identical to
# the origin.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks under ptrace
export ASAN_OPTIONS

mkdir -p "$tmp/tree/articles"
for i in 1 2 3 4 5 6; do seq $i 200 >"$tmp/tree/articles/$i.md"; done
head -c 5300000 /dev/urandom >"$tmp/tree/large.pdf"
tree_publish "$tmp/tree" "$tmp/store"
serve origin "$tmp/store"
settings m "$origin_gemini"
sed -i '/^store /d' "$tmp/m.conf"
killed() { # killed N: qasid-sync, before its Nth change of the disk
	code=0
	"$BUILD/e2e/killat" "$1" sh "$sync" -c "$tmp/m.conf" \
		>"$tmp/out" 2>"$tmp/err" || code=$?
	# Its children die a moment later, and the lock with them.
	[ ! -e "$tmp/m/state/lock" ] || flock "$tmp/m/state/lock" true
}
killed 1000000
[ $code != 126 ] || {
	echo 'no right to trace'
	exit 77
}
points=$(sed -n 's/^killat: \([0-9]*\) changes$/\1/p' "$tmp/err")
if [ $code != 0 ] || [ "$points" -lt 60 ]; then
	fail "exit $code, $points changes: $(cat "$tmp/err")"
fi
same "$tmp/tree" "$tmp/m/content"
full=$(sed 's/.* bytes \([0-9]*\) .*/\1/' "$tmp/m/state/log")
n=1 saved=0
while [ $n -le 19 ]; do
	rm -rf "$tmp/m"
	killed $((n * points / 20))
	[ $code = 137 ] || fail "at $n of 20: exit $code"
	mirror 0 '' m
	same "$tmp/tree" "$tmp/m/content"
	"$QASID" sync verify --quiet --dir "$tmp/m" || fail "verify after $n"
	bytes=$(tail -n 1 "$tmp/m/state/log" | sed 's/.* bytes \([0-9]*\) .*/\1/')
	[ "$bytes" -le "$full" ] || fail "at $n of 20: $bytes bytes more"
	[ "$bytes" = "$full" ] || saved=$((saved + 1))
	n=$((n + 1))
done
[ $saved -ge 12 ] || fail "only $saved of 19 went on from where they were"
echo "killed at each 5 % of $points changes; $saved went on from there"
