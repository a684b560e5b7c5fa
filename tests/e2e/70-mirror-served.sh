#!/bin/sh
# A mirror that readers ask all the time, while kill -9 ends its qasid-sync at
# 20 points of the change: of what it fetches, switches and builds.  Readers see
# one edition or the next, whole, and never an older one again; the next run
# ends identical to the origin.
# shellcheck disable=SC2154 # set by sync_lib.sh
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"
ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks under ptrace
export ASAN_OPTIONS

content=$tmp/content lines=40
mkdir -p "$content/articles"
printf 'title: Editions\nhost: %s\n' "$site" >"$content/capsule.yaml"
edition() { # edition N: every article says so in each of its paragraphs
	for name in one two three; do
		{
			printf -- '---\ntitle: %s\ndate: 2026-01-01\n---\n' $name
			i=0
			while [ $i -lt $lines ]; do
				printf 'Edition %s\n\n' "$1"
				i=$((i + 1))
			done
		} >"$content/articles/$name.md"
	done
	"$QASID" build --store "$tmp/store" --sync-key "$tmp/key" "$content" \
		>"$tmp/build.log" 2>&1 || fail "$(cat "$tmp/build.log")"
}
edition 1
serve origin "$tmp/store"
settings m "$origin_gemini" "store $tmp/m.store"
mirror 0 '' m
serve m "$tmp/m.store"

# The readers: the articles in turns; each answer is a line, the edition that
# all its paragraphs have.
: >"$tmp/seen"
: >"$tmp/ask"
(
	while [ -e "$tmp/ask" ]; do
		for name in one two three; do
			nice curl -s "gopher://127.0.0.1:$m_gopher/0/articles/$name.txt" |
				tr -d '\r' | awk -v lines=$lines '
				/^Edition / { n++; if (n > 1 && $2 != last) mixed = 1
					last = $2 }
				END { print n == lines && !mixed ? last : "bad" }'
		done
	done >>"$tmp/seen"
) &
reader=$!
pids="$pids $reader"
answers() { wc -l <"$tmp/seen"; }

# killed N: as mirror, but killed before its Nth change of the disk
killed() {
	code=0
	"$BUILD/e2e/killat" "$1" sh "$sync" -c "$tmp/m.conf" \
		>"$tmp/out" 2>"$tmp/err" || code=$?
	# Its children die a moment later, and the lock with them.
	[ ! -e "$tmp/m/state/lock" ] || flock "$tmp/m/state/lock" true
}
edition 2
killed 1000000
[ $code != 126 ] || {
	rm "$tmp/ask"
	wait $reader
	echo 'no right to trace'
	exit 77
}
points=$(sed -n 's/^killat: \([0-9]*\) changes$/\1/p' "$tmp/err")
if [ $code != 0 ] || [ "$points" -lt 40 ]; then
	fail "exit $code, $points changes: $(cat "$tmp/err")"
fi
n=1
while [ $n -le 20 ]; do
	edition $((n + 2))
	killed $((n * points / 21))
	[ $code = 137 ] || fail "killed at $((n * points / 21)): exit $code"
	before=$(answers)
	until [ "$(answers)" -ge $((before + 3)) ]; do
		kill -0 $reader || fail 'the readers have left'
	done
	mirror 0 '' m
	same "$content" "$tmp/m/content"
	n=$((n + 1))
done
before=$(answers)
until [ "$(answers)" -ge $((before + 4)) ]; do
	kill -0 $reader || fail 'the readers have left'
done
rm "$tmp/ask"
wait $reader
sort -n -c "$tmp/seen" || fail 'an older edition came back'
! grep -q bad "$tmp/seen" || fail "$(grep -c bad "$tmp/seen") broken answers"
[ "$(tail -n 1 "$tmp/seen")" = 22 ] || fail "the end: $(tail -n 1 "$tmp/seen")"
echo "killed at 20 of $points changes; $(answers) answers, each one edition"
