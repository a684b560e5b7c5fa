#!/bin/sh
# Categories, tags, authors, series, languages: their pages, their links, what
# an edit of one article makes anew, and what is refused.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

cat >"$c/capsule.yaml" <<'END'
title: {en: Capsule, ur: کیپسول}
subtitle: {en: Sub, ur: ذیلی}
host: perm.test
languages: [en, ur]
licence: CC BY 4.0
mirrors: [gemini://m.test/]
authors:
  - {name: Ann Ali, names: {ur: این علی}, bio: {en: Writes.}, url: https://a.test/}
  - {name: Dr. Zed, slug: zed}
categories: [{name: Water, names: {ur: پانی}, description: {en: Wet.}}]
terms: {نہر: canal}
END
article one.md One 2026-01-01 'lang: en\nauthor: Ann Ali\ncategory: Water\ntags: [canal, Dam]\nseries: Rivers\ntranslations: {ur: ek.md}\n'
article ek.md 'ایک' 2026-01-02 'lang: ur\nauthor: این علی\ncategory: پانی\ntags: [نہر, صرف]\n'
article two.md Two 2026-01-03 'lang: en\ncategory: Water\ntags: [canal, dam]\nseries: Rivers\n'
article three.md Three 2026-01-04 'lang: en\ntags: [canal]\n'
article draft.md Draft 2026-01-05 'draft: true\ntags: [hidden]\n'
article out.md Out 2026-01-06 'withdrawn: 2026-02-01\ntags: [lost]\nsummary: It was wrong.\n'

# --- a term without a slug is refused, with the line to add
build 1
says 'articles/ek.md:7:13: the tag "صرف" makes no address'
says 'terms: {"صرف": a-z, 0-9, hyphens}'
sed -i 's/^terms: {/terms: {صرف: only, /' "$c/capsule.yaml"
build 0

# --- indexes and their terms, over both protocols
line g/category/ '=> water/ Water (3)'
line g/category/water/ '# Category: Water'
line g/category/water/ 'Wet.'
line g/category/water/ 'اردو: پانی'
get g/category/water/ | grep -q '^=> ../../articles/two.gmi 2026-01-03 Two (' ||
	fail 'an entry of a category'
get o/category/water | grep -q '^12026-01-03 Two (.*)	/articles/two	h.test	70' ||
	fail 'an entry of a category over Gopher'
line g/tag/ '=> dam/ Dam (2)'
line g/tag/canal/ '# Tag: canal'
line g/tag/canal/ 'اردو: نہر'
# All its articles are in Urdu, so is its page.
line g/tag/only/ '# موضوع: صرف'
line g/author/ann-ali/ '# Author: Ann Ali'
line g/author/ann-ali/ 'Writes.'
line g/author/ann-ali/ '=> https://a.test/'
# A series is read from its beginning.
[ "$(get g/series/rivers/ | sed -n 's/^=> .* \(2026-[^ ]*\) .*/\1/p' |
	tr '\n' ' ')" = '2026-01-01 2026-01-03 ' ] || fail 'order of a series'
line g/lang/ '=> ur/ اردو (1)'
line g/lang/ur/ '# کیپسول'
line g/lang/ur/ 'ذیلی'
line g/lang/ur/ '=> ../../ English'
line g/ '=> lang/ur/ اردو'
get g/lang/ur/ | grep -q 'پانی (3)' || fail 'a category in Urdu'
absent g/tag/hidden/
absent g/tag/lost/

# --- feet: both directions of a translation, neighbours, related, addresses
line g/articles/one.gmi '=> ek.gmi اردو'
line g/articles/ek.gmi '=> one.gmi English'
line o/articles/ek '1‏English	/articles/one	h.test	70'
line g/articles/one.gmi '=> two.gmi Next: Two'
line g/articles/two.gmi '=> one.gmi Previous: One'
line g/articles/two.gmi '=> three.gmi Next: Three'
line g/articles/three.gmi '## Related articles'
# One and Two share two tags, Three one of them.
[ "$(get g/articles/one.gmi | sed -n '/^## Related/,/^=> .*Next/p' |
	grep -c '^=> t')" = 3 ] || fail 'the related articles of One'
get g/articles/one.gmi | grep -A 2 '^## Related' | grep -qx '=> two.gmi Two' ||
	fail 'who shares most tags comes first'
line g/articles/one.gmi '=> ../author/ann-ali/ Author: Ann Ali'
line g/articles/one.gmi '=> ../tag/dam/ Tag: Dam'
line g/articles/one.gmi '=> gemini://h.test/articles/one.gmi Gemini'
line g/articles/one.gmi '=> gopher://h.test/1/articles/one Gopher'
line g/articles/one.gmi '=> gemini://m.test/articles/one.gmi Mirror: m.test'
line g/articles/one.gmi 'Licence: CC BY 4.0'
line o/articles/one 'hGemini	URL:gemini://h.test/articles/one.gmi	h.test	70'
line g/articles/ek.gmi 'موضوعات: نہر، صرف'
line g/articles/ek.gmi '=> ../lang/ur/new.gmi باخبر رہیے'
line g/articles/ek.gmi '=> ../lang/ur/ سرورق'

# --- a slug that is another's is an error that names both places
article four.md Four 2026-01-07 'author: Zed\n'
build 1
says 'articles/four.md:4:9: the author "Zed" has the address of "Dr. Zed" (capsule.yaml:9), zed'
rm "$c/articles/four.md"
build 0

# --- an edit of one article makes that article anew, and nothing it is not in
before=$(get g/tag/only/ | cksum)
echo 'A word.' >>"$c/articles/three.md"
build 0
says ' 1 converted, 0 refused'
sed -i 's/^title: Three/title: Drei/' "$c/articles/three.md"
build 0
# Itself, its neighbour, and who names it as related: One and Two.
says ' 3 converted, 0 refused'
line g/articles/two.gmi '=> three.gmi Next: Drei'
[ "$before" = "$(get g/tag/only/ | cksum)" ] || fail 'another page changed'

# --- a term's last article takes its page along, without a word
sed -i 's/, صرف//' "$c/articles/ek.md"
build 0
absent g/tag/only/
absent o/tag/only
silent 'no longer published'

# --- long lists: the newest fifty, then years, years in pages (rule 70)
for i in $(seq 1 260); do
	article "many/m$i.md" "M$i" 2025-03-01 'tags: [canal]\n'
done
build 0
[ "$(get g/articles/ | grep -c '^=> .* 202')" = 50 ] || fail '/articles/'
[ "$(get g/tag/canal/ | grep -c '^=> .* 202[56]-')" = 50 ] || fail '/tag/canal/'
line g/tag/canal/ '=> 2025/ 2025 (260)'
[ "$(get g/archive/2025/ | grep -c '^=> .* 2025-')" = 200 ] || fail 'page 1'
line g/archive/2025/ '# Archive 2025 (1/2)'
line g/archive/2025/ '=> page-2.gmi Next'
[ "$(get g/archive/2025/page-2.gmi | grep -c '^=> .* 2025-')" = 60 ] ||
	fail 'page 2'
line g/archive/2025/page-2.gmi '=> ./ Previous'
line o/archive/2025 '1Next	/archive/2025/page-2	h.test	70'
is o/archive/2025/page-2 'page application/gopher-menu'
line g/tag/canal/2025/page-2.gmi '# Tag: canal 2025 (2/2)'
echo 'taxonomies: fine'
