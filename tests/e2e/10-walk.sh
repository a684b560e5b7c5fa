#!/bin/sh
# shellcheck disable=SC1091,SC2154,SC2119 # server.sh sets them
# The project's own content, published and served: home, index, an English and
# an Urdu article, an attachment, an error, as a reader walks them; Gopher with
# curl and lynx, Gemini with our own client.
set -eu
. "$TOP/tests/e2e/server.sh"

"$QASID" build "$TOP/content" --store "$work/store" 2>"$work/build.log" || {
	cat "$work/build.log"
	fail 'the content does not build'
}
serve
url=gemini://$host:$gemini

gem() { # gem PATH: header and body in $work/page, CR removed
	"$QASID" get -i --known "$work/known" --connect "127.0.0.1:$gemini" \
		"$url$1" 2>"$work/err" | tr -d '\r' >"$work/page" || true
}
gopher_curl() { # gopher_curl TYPE SELECTOR
	curl -sS --max-time 20 "gopher://127.0.0.1:$gopher/$1$2" |
		tr -d '\r' >"$work/page"
}
gopher_lynx() {
	LC_ALL=C.UTF-8 lynx -dump -nolist -display_charset=utf-8 \
		-assume_charset=utf-8 "gopher://127.0.0.1:$gopher/$1$2" \
		>"$work/page"
}
sees() { # sees TEXT...: the page has a line with each
	for text in "$@"; do
		grep -qF -- "$text" "$work/page" || {
			head -n 30 "$work/page"
			cat "$work/err" 2>/dev/null || true
			fail "not on the page: $text"
		}
	done
}

en='The price of water: what a canal charge can and cannot do'
ur='پانی کی قیمت: آبیانہ کیا کر سکتا ہے اور کیا نہیں'

# --- Gemini
gem ''
sees '20 text/gemini; lang=en' '# Institute of Policy Studies' 'Articles'
gem /articles/
sees '20 text/gemini' "2026-03-12 $en" "2026-03-14 $ur"
gem /articles/price-of-water
sees '20 text/gemini; lang=en' "# $en" 'By Ayesha Rahman' '2026-03-12' \
	'## Why raising it is hard' '=> price-of-water/docs/price-of-water.pdf'
gem /articles/pani-ki-qeemat.gmi
sees '20 text/gemini; lang=ur' "# $ur" 'از عائشہ رحمان' '## حواشی' \
	'=> price-of-water.gmi English'
gem /articles/price-of-water/docs/price-of-water.pdf
sees '20 application/pdf'
"$QASID" get --known "$work/known" --connect "127.0.0.1:$gemini" \
	"$url/articles/price-of-water/docs/price-of-water.pdf" >"$work/pdf"
cmp "$work/pdf" "$TOP/content/articles/docs/price-of-water.pdf" ||
	fail 'the PDF came out otherwise'
gem /articles/no-such-thing.gmi
sees '51 '
gem /blog/heat/
sees "# A city in the shade"

# --- Gopher by curl
gopher_curl 1 /
sees 'iInstitute of Policy Studies' "1Articles	/articles"
gopher_curl 1 /articles
sees "12026-03-12 "
gopher_curl 0 /articles/price-of-water.txt
sees "$en" 'By Ayesha Rahman' 'Why raising it is hard' 'Links'
gopher_curl 0 /articles/pani-ki-qeemat.txt
sees "$ur" 'از عائشہ رحمان' 'روابط'
gopher_curl 9 /articles/price-of-water/docs/price-of-water.pdf
curl -sS --max-time 20 -o "$work/pdf" \
	"gopher://127.0.0.1:$gopher/9/articles/price-of-water/docs/price-of-water.pdf"
cmp "$work/pdf" "$TOP/content/articles/docs/price-of-water.pdf" ||
	fail 'the PDF came out otherwise over Gopher'
gopher_curl 1 /no-such-thing
sees '3Nothing is published here'

# --- and by lynx
gopher_lynx 1 /
sees 'Institute of Policy Studies' 'Articles'
gopher_lynx 1 /articles
sees '2026-03-12'
gopher_lynx 1 /articles/price-of-water
sees 'By Ayesha Rahman' 'Why raising it is hard' 'The price of water, two-page brief'
gopher_lynx 1 /articles/pani-ki-qeemat
sees 'از عائشہ رحمان'

# --- one article with the features of the institute's own (issue 2)
title='Public Libraries in Pakistan: Opening Doors and Building a Habit of Reading'
for form in gmi txt; do
	if [ $form = gmi ]; then
		gem /articles/libraries-and-reading-in-pakistan.gmi
		sees "# $title"
		headings=$(grep -c '^## ' "$work/page")
	else
		gopher_curl 0 /articles/libraries-and-reading-in-pakistan.txt
		headings=$(grep -cE '^-{3,66}$' "$work/page")
		headings=$((headings - 1)) # the Links list has one as well
	fi
	sees 'By ' 'Written by Mariam Yousaf' '2024-11-09'
	[ "$headings" = 8 ] || fail "$form: $headings headings, not 8"
done
stop
echo 'walk: fine'
