#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Each call that a worker makes for a request fails once: short reads and
# writes, EINTR, EAGAIN, EMFILE, ENOMEM, an error of OpenSSL's or LMDB's at any
# step (tests/faults).  Nobody gets a wrong page, or a short one that seems whole.
set -eu
. "$TOP/tests/e2e/server.sh"
{
	cat "$TOP/tests/e2e/usual.list"
	echo 'g/mid.bin page application/octet-stream - *600000'
	echo 'o/mid.bin page application/octet-stream - *600000'
} | fill
truncate -s 4096 "$work/faults"
export QASID_TEST_FAULTS="$work/faults"
real=$BUILD
mkdir -p "$work/bin"
ln -s "$real/faults/qasid" "$work/bin/qasid"
"$real/qasid" cert --host "$host" --dir "$work/certs" >/dev/null 2>&1
ASAN_OPTIONS=abort_on_error=1:detect_leaks=0 \
	"$real/faults/drive" "$work/faults" start "$work/bin/qasid" serve \
	--check --store "$work/store" --host "$host" --certs "$work/certs" ||
	fail "it breaks where memory ends at start"
BUILD=$work/bin
serve --workers 1 --set public.gemini=1965 --set public.gopher=70 \
	--set limits.drain=50ms --set limits.request=2s
worker=$(tr -d ' ' <"/proc/$pid/task/$pid/children")
code=0
"$real/faults/drive" "$work/faults" "$host" "$gemini" "$gopher" "$worker" ||
	code=$?
[ "$worker" = "$(tr -d ' ' <"/proc/$pid/task/$pid/children")" ] ||
	fail "the worker died"
[ $code = 0 ] || fail "a reader was told something wrong"
stop
