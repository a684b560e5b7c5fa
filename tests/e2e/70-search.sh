#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC2119 # server.sh sets them
# Search over both protocols: the repository's content, published and served,
# and the list of queries with what they have to find; pages of results; hostile
# queries; and what becomes of it all when the process that searches dies, hangs
# or finds no index, while pages are served as ever.
set -eu
. "$TOP/tests/e2e/server.sh"
content=$work/content
cp -R "$TOP/content" "$content"
build() {
	"$QASID" build "$content" --store "$work/store" 2>"$work/build.log" || {
		cat "$work/build.log"
		fail 'the content does not build'
	}
}
build
serve --set public.gemini=1965 --workers 2

encode() { # every byte as %XX
	printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g'
}
gem() { # gem PATH: the reply in $work/page
	"$peer" get gemini "$gemini" "gemini://$host$1" | tr -d '\r' \
		>"$work/page" || fail "no whole reply: $1"
}
gopher() { # gopher SELECTOR [WORDS]
	if [ $# -gt 1 ]; then printf '%s\t%s\r\n' "$1" "$2"; else
		printf '%s\r\n' "$1"
	fi >"$work/request"
	"$peer" send gopher "$gopher" "$work/request" >"$work/menu" ||
		fail "no whole reply: $1"
	tr -d '\r' <"$work/menu" >"$work/page"
}
sees() { # sees LINE-PATTERN...
	for text in "$@"; do
		grep -q -- "$text" "$work/page" || {
			cat "$work/page"
			fail "not on the page: $text"
		}
	done
}
found_gemini() { # the results' addresses, one a line
	sed -n 's/^=> \(\/[^ ?]*\)\.gmi .*/\1/p' "$work/page" |
		sed 's/^\/articles\///'
}
found_gopher() {
	awk -F '\t' '/^1/ && $2 !~ /^\/(search.*|lang.*)?$/ { print $2 }' \
		"$work/page" | sed 's/^\/articles\///'
}
same() { # same FILE WANTED-WORDS: the first first, the rest in any order
	first=${2%% *}
	[ "$(head -n 1 "$1")" = "$first" ] || return 1
	[ "$(sort "$1")" = "$(printf '%s\n' "$2" | tr ' ' '\n' | sort)" ]
}

# --- the list, in both protocols
queries=0
while IFS='|' read -r query wanted; do
	case $query in '#'*) continue ;; esac
	query=${query% } wanted=${wanted# }
	gem "/search?$(encode "$query")"
	sees '^20 text/gemini; lang=en'
	found_gemini >"$work/found"
	same "$work/found" "$wanted" ||
		fail "Gemini, $query: $(tr '\n' ' ' <"$work/found")"
	gopher /search "$query"
	found_gopher >"$work/found"
	same "$work/found" "$wanted" ||
		fail "Gopher, $query: $(tr '\n' ' ' <"$work/found")"
	queries=$((queries + 1))
done <"$TOP/tests/e2e/search.queries"
[ "$queries" -ge 30 ] || fail "only $queries queries"

# --- prompts and ways to them
gem /search
sees '^10 Search: words'
gem '/search?'
sees '^10 '
gem '/search?%20%20'
sees '^10 '
gem '/lang/ur/search'
sees '^10 تلاش'
gem /
sees '^=> search Search$'
gem /lang/ur/
sees '^=> search تلاش$'
gopher ''
sees "^7Search	/search	$host	"
gopher /search ''
sees '^iSearch	' '^iAll words must be there' "^7Search again	/search	"
gopher /search
sees '^7Search again	'
gopher search water
sees '^12026-03-12 The price of water'

# --- a result: link with date and size, excerpt below; menus as rule 63 has it
gem "/search?canal%20charge"
sees '^# Search: canal charge$' '^Results: 2$' \
	'^=> /articles/price-of-water.gmi 2026-03-12 The price of .* (5.5 KB)$' \
	'^=> /search Search again$' '^=> / Home$'
grep -A1 '^=> /articles/price' "$work/page" | tail -n 1 | grep -qi canal ||
	fail 'the excerpt does not show the words'
gopher /search 'canal charge'
awk -F '\t' '$0 != "." && NF != 4 { exit 1 }' "$work/page" ||
	fail 'a menu line without three tabs'
awk -F '\t' 'length($1) > 130 { exit 1 }' "$work/page" || fail 'a long line'
[ "$(tail -n 1 "$work/page")" = . ] || fail 'no dot at the end'

# --- one language, and its page: from right to left
gem "/lang/ur/search?water"
sees '^20 text/gemini; lang=ur' '^# تلاش: water$' '^نتائج: 2$' \
	'^=> /search?water سب زبانوں میں تلاش$' '^=> /lang/ur/ سرورق$'
gopher /lang/ur/search water
sees '^1سب زبانوں میں تلاش	/search/1/water	' '^1سرورق	/lang/ur/	'
gem '/lang/ur/search?lang:en%20water'
sees '=> /articles/price-of-water.gmi'

# --- pages of results
i=0
while [ $i -lt 25 ]; do
	i=$((i + 1))
	printf -- '---\ntitle: Paged %d\ndate: 2020-01-%02d\n---\nturnpages.\n' \
		$i $i >"$content/articles/paged-$i.md"
done
build # a new edition: found at the next request, without a word to the server
gem '/search?turnpages'
sees '^Results: 25 (1-10)$' '^=> /search/2?turnpages Next$' \
	'^=> /articles/paged-25.gmi 2020-01-25 Paged 25 ('
gem '/search/3?turnpages'
sees '^Results: 25 (21-25)$' '^=> /search/2?turnpages Previous$'
gem '/search/2'
sees '^51 '
gopher /search turnpages
sees '^1Next	/search/2/turnpages	'
gopher /search/3/turnpages
sees '^iResults: 25 (21-25)	' '^1Previous	/search/2/turnpages	'
found_gopher >"$work/found"
[ "$(wc -l <"$work/found")" = 5 ] || fail 'the last page has not five'
gopher '/search/2/turn%70ages'
sees '^iResults: 25 (11-20)'
gopher '/search/2/turn%zzages'
sees '^3The words are not encoded'
gopher /search/0/x
sees '^3'

# --- what is withdrawn or edited is found no more
rm "$content/articles/paged-25.md"
sed -i 's/turnpages/otherpages/' "$content/articles/paged-24.md"
build
gem '/search?turnpages'
sees '^Results: 23 (1-10)$' '^=> /articles/paged-23.gmi'
gem '/search?otherpages'
sees '^Results: 1$'

# --- hostile queries: an answer, or a clear refusal
long=$(printf '%900s' '' | tr ' ' x)
gem "/search?$long"
sees '^20 '
gem "/search?$(printf 'a%.0s+' $(seq 400))"
sees '^20 \|^59 '
gem "/search?$(printf 'a%.0s%%20' $(seq 240))"
sees '^59 This is too much'
"$peer" get gemini "$gemini" "gemini://$host/search?$long$long" \
	>"$work/page" || fail 'no reply to a long query'
sees '^59 '
printf '/search\t%010000d\r\n' 0 >"$work/request"
"$peer" send gopher "$gopher" "$work/request" >"$work/page" ||
	fail 'no reply to 10 KB'
sees '^3'
gem '/search?%00'
sees '^59 The words of a search are text'
gem '/search?%ff%fe'
sees '^59 '
gem '/search?%zz'
sees '^59 '
gem "/search?$(encode "$(printf 'a\033[31m\001\342\200\256evil\tx')")"
sees '^# Search: a'
! grep -q "$(printf '\033\\|\001\\|\342\200\256')" "$work/page" ||
	fail 'control characters come back'
printf '/search\ta\033[31m\001\342\200\256b\r\n' >"$work/request"
"$peer" send gopher "$gopher" "$work/request" | tr -d '\r' >"$work/page"
! grep -q "$(printf '\033\\|\001\\|\342\200\256')" "$work/page" ||
	fail 'control characters come back over Gopher'
for query in '"' '*' '(' 'a AND' 'NEAR(a b)' 'title:x' '^a' 'a NOT b' \
	"';--" 'text MATCH' '{a}:b' 'a" OR "b' '%' '_' 'a*b*c*' '"a"*' '-a' \
	'author:' 'year:x' 'lang:"' '=> /x y' '# h' '```'; do
	gem "/search?$(encode "$query")"
	sees '^[12]0 '
	! grep -qi 'sql\|fts5\|syntax' "$work/page" || fail "$query: engine"
	gopher /search "$query"
	! grep -q '^3' "$work/page" || fail "Gopher: $query"
done

# --- the process that searches is killed: another takes its place
searcher() {
	named qasid-search
}
before=$(workers)
for _ in 1 2 3; do
	victim=$(searcher)
	[ -n "$victim" ] || victim=none
	kill -9 "$victim" 2>/dev/null || true
	gem /articles/price-of-water.gmi
	sees '^20 text/gemini'
	gem '/search?water'
	sees '^20 \|^40 The search does not answer'
done
"$slowpeer" await-text "$work/log" 'died of signal 9' "$pid" || fail 'no word'
gem '/search?water'
sees '^20 ' '^=> /articles/price-of-water.gmi'
[ "$(workers)" = "$before" ] || fail 'a worker died with the search'

# Stopped, it answers nothing: readers of pages do not notice, others are told.
"$QASID" build "$content" --store "$work/store" 2>/dev/null
victim=$(searcher)
kill -STOP "$victim"
"$peer" get gemini "$gemini" "gemini://$host/search?water" >"$work/late" &
reader=$!
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	gem /articles/price-of-water.gmi
	sees '^20 text/gemini'
done
kill -CONT "$victim"
wait $reader || fail 'no answer after a pause'
grep -q '^20 ' "$work/late" || fail 'another answer after a pause'

# Without its file: a clear word, and all is well after the next build.
rm "$work"/store/search.*
kill -9 "$(searcher)"
gem '/search?water'
sees '^40 The search does not answer'
gem /
sees '^20 '
build
gem '/search?water'
sees '^=> /articles/price-of-water.gmi'
stop

# --- switched off: by the operator, by the content
serve --set public.gemini=1965 --workers 1 --set limits.search=0
[ -z "$(searcher)" ] || fail 'a process searches nothing'
gem '/search?water'
sees '^41 '
stop
echo 'search: no' >>"$content/capsule.yaml"
build
rm "$content/articles/paged-1.md"
build
[ -z "$(find "$work/store" -name 'search.*')" ] || fail 'an index is left'
serve --set public.gemini=1965 --workers 1
gem /search
sees '^51 '
gem /
! grep -q search "$work/page" || fail 'the home page leads to no search'
stop
echo fine
