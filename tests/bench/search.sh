#!/bin/sh
# search.sh BUILD: what a search costs the process that searches, and readers of
# pages nothing.  ARTICLES generated ones (10000), COUNT pages a run (5000), RUNS
# pairs of runs (5): pages alone, and pages while SEARCHES (50) a second run.
set -eu
build=$1
: "${ARTICLES:=10000}" "${COUNT:=5000}" "${RUNS:=5}" "${SEARCHES:=50}"
work=$(mktemp -d)
pid=
stream=
clean_up() {
	[ -z "$stream" ] || kill "$stream" 2>/dev/null || true
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT

"$build/bench/corpus" "$work/content" "$ARTICLES"
"$build/qasid" build "$work/content" --store "$work/store" 2>"$work/log"
du -k "$work"/store/search.* | sed "s,\s.*, KB of index,"
set -- la budpo 'la budpo' '"la budpo"' getcenal 'riformnal ingbud riget' \
	'propropo procywa' 'verpo*' 'form district' 'author:"author 36"' \
	'la year:2012' 'tag:"tag 93"' 'lang:ur پانی' 'میں' 'نہر کا' 'بجٹ' \
	'"پانی نہر"' 'قا سال:2012' 'title' 'article 77' 'nothing'
"$build/bench/search_cost" "$work/store" 21 "$@"

"$build/qasid" cert --host example.test --dir "$work/certs" >/dev/null 2>&1
"$build/qasid" serve --store "$work/store" --host example.test \
	--certs "$work/certs" --gemini 127.0.0.1:0 --gopher 127.0.0.1:0 \
	--set public.gemini=1965 --ready "$work/ready" 2>"$work/log" &
pid=$!
"$build/e2e/slowpeer" await "$work/ready" $pid
gemini=$(sed -n 's/^gemini 127.0.0.1 //p' "$work/ready")
gopher=$(sed -n 's/^gopher 127.0.0.1 //p' "$work/ready")
load() { # FILE
	"$build/bench/load" gemini "$gemini" \
		'gemini://example.test/articles/a-77.gmi\r\n' "$pid" "$COUNT" \
		>>"$work/$1"
}
for _ in $(seq "$RUNS"); do
	load alone
	"$build/bench/search_stream" "$gopher" "$SEARCHES" "$work/answers" \
		"$@" &
	stream=$!
	load searched
	kill "$stream"
	wait "$stream" 2>/dev/null || true
	stream=
	sed 's/^/searches meanwhile: /' "$work/answers"
done
median() { # FILE FIELD
	sed -n "s/.*$2 \([0-9.]*\).*/\1/p" "$work/$1" | sort -n |
		sed -n "$(((RUNS + 1) / 2))p"
}
for field in p50_ms p99_ms; do
	echo "$(median alone $field) $(median searched $field)" |
		awk -v f=$field '{ printf "pages, %s: alone %s, with searches %s, ratio %.2f\n",
			f, $1, $2, $2 / $1 }'
done
