#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# run.sh SECONDS: the server under load of all kinds (soak.c), reloads, worker
# by worker, and an edition published every few seconds; no answer may be lost,
# memory stays flat, no sanitizer finds anything.  BUILD and TOP as for e2e.
set -eu
seconds=$1
. "$TOP/tests/e2e/server.sh"
fill_usual
mkdir "$work/counts"
# The sanitizer's own hoard of freed memory is not to be taken for growth.
export ASAN_OPTIONS=quarantine_size_mb=4:thread_local_quarantine_size_kb=64
serve --set public.gemini=1965 --set public.gopher=70 \
	--set limits.handshake=10s --set limits.request=10s \
	--set limits.stall=8s --set limits.drain=3s --set limits.reload=30s \
	--set "status.socket=$work/status" --set "counts=$work/counts"
mkfifo "$work/enough"
(
	n=0
	code=124
	# An edition every three seconds, until somebody writes into the pipe.
	while [ $code = 124 ]; do
		n=$((n + 1))
		printf 'g/tick.gmi page text/gemini en # Tick %d\\n\n' $n |
			"$BUILD/e2e/mkstore" "$work/store"
		code=0
		timeout 3 head -n 1 "$work/enough" >"$work/said" || code=$?
	done
	[ $code = 0 ]
) &
publisher=$!
code=0
"$BUILD/soak/soak" "$host" "$gemini" "$gopher" "$pid" "$seconds" || code=$?
echo enough >"$work/enough"
wait $publisher || fail "publishing failed"
"$BUILD/qasid" status --socket "$work/status"
stop
if grep 'died\|ended with status' "$work/log"; then
	fail "a worker died"
fi
[ $code = 0 ] || fail "the soak"
