#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Every row of the request tables, over real sockets.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
serve --set public.gemini=1965 --set public.gopher=70
status=0
"$peer" table gemini "$gemini" "$host" "$TOP/tests/e2e/gemini.table" || status=1
"$peer" table gopher "$gopher" "$host" "$TOP/tests/e2e/gopher.table" || status=1
stop
# What the workers counted is what was asked.
grep -q 'stopped: accepted' "$work/log" || fail "no counts at the end"
exit $status
