#!/bin/sh
# What stands below each article for those who keep it or pass it on, in each
# form; the plain text over Gemini; minutes in lists; help for new readers.
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

cat >"$c/capsule.yaml" <<'END'
title: {en: Capsule, ur: کیپسول}
host: perm.test
languages: [en, ur]
licence: CC BY 4.0
mirrors: [gemini://m.test/, gopher://m.test/]
END
article one.md One 2026-01-01 'canonical: https://web.test/one?a=1\n'
article two.md Two 2026-01-02 'licence: All rights reserved\ncanonical: "javascript:x"\naliases: [/articles/old]\n'
article ek.md 'ایک' 2026-01-03 'lang: ur\ncanonical: http://web.test/ek\n'
i=0
while [ $i -lt 450 ]; do
	printf 'word ' && i=$((i + 1))
done >>"$c/articles/two.md"
printf -- '---\ntitle: Long\n---\n' >"$c/articles/long.md"
for part in 1 2 3; do
	printf '\n## Part %s\n\n' "$part"
	i=0
	while [ $i -lt 150 ]; do
		printf '%0100d\n\n' 0
		i=$((i + 1))
	done
done >>"$c/articles/long.md"
build 0

# --- addresses in both protocols and on the web, mirrors, licence, forms
line g/articles/one.gmi '=> gemini://h.test/articles/one.gmi Gemini'
line g/articles/one.gmi '=> gopher://h.test/1/articles/one Gopher'
line g/articles/one.gmi '=> https://web.test/one?a=1 Web'
line g/articles/one.gmi '=> gemini://m.test/articles/one.gmi Mirror: m.test'
line g/articles/one.gmi '=> one.txt Text'
line g/articles/one.gmi '=> one.md Source'
line g/articles/one.gmi '=> ../new.gmi Subscribe'
line g/articles/one.gmi 'Licence: CC BY 4.0'
tab='	'
line o/articles/one "hGemini${tab}URL:gemini://h.test/articles/one.gmi${tab}h.test${tab}70"
line o/articles/one "1Gopher${tab}/articles/one${tab}h.test${tab}70"
line o/articles/one "hWeb${tab}URL:https://web.test/one?a=1${tab}h.test${tab}70"
line o/articles/one "1Mirror: m.test${tab}/articles/one${tab}m.test${tab}70"
line o/articles/one "0Text${tab}/articles/one.txt${tab}h.test${tab}70"
line o/articles/one "0Source${tab}/articles/one.md${tab}h.test${tab}70"
line o/articles/one "0Subscribe${tab}/new.txt${tab}h.test${tab}70"
line o/articles/one "iLicence: CC BY 4.0${tab}${tab}${tab}0"
for f in txt w40.txt w0.txt; do
	for want in gemini://h.test/articles/one.gmi \
		gopher://h.test/1/articles/one 'https://web.test/one?a=1' \
		gopher://m.test/0/articles/one.txt gopher://h.test/0/new.txt; do
		get "o/articles/one.$f" | tr -d '\r' |
			grep -q "^\[[0-9]*\] $want\$" ||
			fail "one.$f lacks $want"
	done
	line "o/articles/one.$f" 'Licence: CC BY 4.0'
done
line g/articles/ek.gmi '=> http://web.test/ek ویب'
line g/articles/ek.gmi '=> ../lang/ur/new.gmi باخبر رہیے'

# --- an article's own licence, once; what is no URL is no link
line g/articles/two.gmi 'Licence: All rights reserved'
none g/articles/two.gmi 'CC BY'
[ "$(get g/articles/two.gmi | grep -c Licence)" = 1 ] || fail 'licence twice'
none g/articles/two.gmi javascript
none g/articles/two.gmi ' Web'

# --- the text is offered over Gemini as over Gopher, and so are its parts
is g/articles/one.txt 'page text/plain'
get g/articles/one.txt >"$tmp/g"
get o/articles/one.txt | cmp - "$tmp/g" || fail 'two texts'
is g/articles/long/part-2.txt 'page text/plain'
is g/articles/old.txt 'redirect '
line g/articles/old.txt /articles/two.txt
# The last part and the whole have the foot.
line g/articles/long/part-3.gmi 'Licence: CC BY 4.0'
line g/articles/long/all.gmi 'Licence: CC BY 4.0'

# --- lists tell size and minutes
get g/ | grep -q '^=> articles/two.gmi 2026-01-02 Two (.*B, 2 min)$' ||
	fail 'minutes on the home page'
get g/lang/ur/ | grep -q ' ایک (.*، 1 منٹ)$' || fail 'minutes in Urdu'
get o/archive/2026 | grep -q '^12026-01-02 Two (.*B, 2 min)	' ||
	fail 'minutes in a menu'

# --- help, in each language, with other words over Gopher
line g/help.gmi '# Help for readers'
line g/help.gmi '=> gopher://h.test/1/help Gopher'
get g/help.gmi | grep -q '^You are reading over Gemini' || fail 'help'
get o/help | grep -q '^iYou are reading over Gopher' || fail 'help over Gopher'
line o/help "hGemini${tab}URL:gemini://h.test/help.gmi${tab}h.test${tab}70"
line g/lang/ur/help.gmi '# قارئین کے لیے مدد'
is o/lang/ur/help 'page application/gopher-menu'
line g/ '=> help.gmi Help for readers'
line g/lang/ur/ '=> help.gmi قارئین کے لیے مدد'
absent g/lang/en/help.gmi

# --- a page of the site's own takes its place
printf -- '---\ntitle: Own help\n---\nAsk.\n' >"$c/pages/help.md"
build 0
line g/help.gmi 'Ask.'
none g/ 'Help for readers'
rm "$c/pages/help.md"
build 0
line g/help.gmi '# Help for readers'
