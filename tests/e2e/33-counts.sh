#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Counts of articles by day: over both protocols, through a worker's death, a
# reload, an upgrade and a restart; no address, no query, nothing of a reader's.
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
mkdir "$work/counts"
day=$(date -u +%F)
serve --set public.gemini=1965 --set "counts=$work/counts"
url=gemini://$host
get() { # PATH
	"$peer" get gemini "$gemini" "$url$1" >/dev/null || fail "no $1"
}
told() { # WORDS
	"$slowpeer" await-text "$work/log" "$1" "$pid" || fail "no \"$1\""
}
get /articles/mim.gmi?secret
get /articles/mim.md
# Not the text of an article, or not there, or only on the way to it.
get /
get /articles/
get /articles/mim/report.pdf
get /articles/nowhere.gmi
get /articles/mim
"$peer" get gopher "$gopher" /articles/mim.txt >/dev/null || fail "no text"
"$peer" get gopher "$gopher" articles/mim.txt >/dev/null || fail "no text"
"$peer" get gopher "$gopher" /articles/moved >/dev/null || fail "no text"
kill -9 "$(workers | head -n 1)"
told 'died of signal 9'
[ ! -e "$work/counts/$day.counts" ] || fail "saved unasked"
kill -HUP "$pid"
told 'reloaded: 2 workers'
expect() { # LINES of the day's file
	sort >"$work/want"
	if [ "$(date -u +%F)" != "$day" ]; then
		echo "midnight came: not looked at"
		exit 77
	fi
	cmp -s "$work/want" "$work/counts/$day.counts" ||
		fail "$(cat "$work/counts/$day.counts")"
}
expect <<END
$day gemini /articles/mim 2
$day gopher /articles/mim 3
END
get /articles/mim.gmi
: >"$work/log"
kill -USR2 "$pid"
told 'reloaded: 2 workers'
get /articles/mim.gmi
stop
serve --set public.gemini=1965 --set "counts=$work/counts"
get /articles/mim.gmi
stop
expect <<END
$day gemini /articles/mim 5
$day gopher /articles/mim 3
END
[ "$(stat -c %a "$work/counts/$day.counts")" = 640 ] || fail "the file's mode"

printf '2026-01-31 gopher /articles/old 7\n2026-01-31 gemini /articles/mim 1\n' \
	>"$work/counts/2026-01-31.counts"
"$BUILD/qasid" counts --folder "$work/counts" --days 1 >"$work/out"
diff - "$work/out" <<'END' || fail "other sums"
       all     gemini     gopher  article
         8          5          3  /articles/mim
END
printf 'counts: %s\n' "$work/counts" >"$work/qasid.yaml"
"$BUILD/qasid" counts -c "$work/qasid.yaml" --days 2 --until 2026-02-01 \
	>"$work/out"
diff - "$work/out" <<'END' || fail "other sums of January"
       all     gemini     gopher  article
         7          0          7  /articles/old
         1          1          0  /articles/mim
END
"$BUILD/qasid" counts --folder "$work/counts" --until 2020-01-01 >"$work/out"
[ ! -s "$work/out" ] || fail "sums of nothing"
echo 'gemini /articles/mim' >"$work/counts/2026-01-30.counts"
if "$BUILD/qasid" counts --folder "$work/counts" --until 2026-02-01 \
	2>"$work/out"; then
	fail "read a damaged file"
fi
grep -q '2026-01-30.counts:1: no line of counts' "$work/out" || fail "no word"
for bad in --days=x --until=soon --fodler=x more; do
	code=0
	"$BUILD/qasid" counts "$bad" 2>/dev/null || code=$?
	[ $code = 2 ] || fail "counts $bad: $code"
done

# A folder that is not there is told before anything is served.
if "$BUILD/qasid" serve --check --store "$work/store" --host "$host" \
	--certs "$work/certs" --set "counts=$work/none" 2>"$work/out"; then
	fail "a folder that is not there is taken"
fi
grep -q 'none' "$work/out" || fail "no word of the folder"
# One store that is not there is told once, not by every worker.
if "$BUILD/qasid" serve --store "$work/none" --host "$host" --workers 4 \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --certs "$work/certs" \
	2>"$work/out"; then
	fail "served no store"
fi
[ "$(wc -l <"$work/out")" = 1 ] || fail "said more than once: $(cat "$work/out")"
