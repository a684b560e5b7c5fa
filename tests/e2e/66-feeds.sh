#!/bin/sh
# new.gmi, new.txt and atom.xml (PROTOCOLS.md, rules 73 to 76).
# shellcheck source=tests/e2e/site_lib.sh disable=SC2154
. "$TOP/tests/e2e/site_lib.sh"

cat >"$c/capsule.yaml" <<'END'
title: {en: "A & B", ur: کیپسول}
subtitle: Sub
host: perm.test
languages: [en, ur]
categories: [Water]
END
for i in $(seq 10 49); do
	article "a$i.md" "Title $i" "2026-01-01 01:$i" 'category: Water\nsummary: S <1>\n'
done
article ur.md 'پانی' 2026-02-01 'lang: ur\n'
article undated.md Undated 2026-01-01
sed -i '/^date:/d' "$c/articles/undated.md"
build 0

# 73: the first # line, the ## line directly behind it
get g/new.gmi >"$tmp/new"
[ "$(sed -n 1p "$tmp/new")" = '# A & B' ] || fail '73: the title'
[ "$(sed -n 2p "$tmp/new")" = '## Sub' ] || fail '73: the subtitle'
# 73, 74: dated links, newest first, 30 of them, one an address
entries='^=> [^ ]* [0-9]\{4\}-[0-9][0-9]-[0-9][0-9] [^ ]'
grep "$entries" "$tmp/new" >"$tmp/entries"
[ "$(wc -l <"$tmp/entries")" = 30 ] || fail '74: 30 entries'
[ "$(sed -n 1p "$tmp/entries")" = '=> articles/ur.gmi 2026-02-01 پانی' ] ||
	fail '74: the newest first'
[ "$(sed -n 2p "$tmp/entries")" = '=> articles/a49.gmi 2026-01-01 Title 49' ] ||
	fail '74: by time within a day'
[ -z "$(cut -d ' ' -f 2 "$tmp/entries" | sort | uniq -d)" ] ||
	fail '73: one entry an address'
! grep -q Undated "$tmp/new" || fail '73: an entry has a date'
# of a language, of a category
line g/lang/ur/new.gmi '# کیپسول'
line g/lang/ur/new.gmi '=> ../../articles/ur.gmi 2026-02-01 پانی'
none g/lang/ur/new.gmi Title
line g/category/water/new.gmi '# A & B: Water'
none g/category/water/new.gmi ur.gmi

# new.txt: dates and titles, under 1 KB
is o/new.txt 'page text/plain'
get o/new.txt >"$tmp/txt"
[ "$(wc -c <"$tmp/txt")" -lt 1024 ] || fail 'new.txt is over 1 KB'
[ "$(wc -c <"$tmp/txt")" -gt 600 ] || fail 'new.txt could hold more'
line o/new.txt '* 2026-02-01 پانی'
line o/lang/ur/new.txt '* 2026-02-01 پانی'

# 75: Atom
is g/atom.xml 'page application/atom+xml'
get g/atom.xml >"$tmp/atom"
python3 - "$tmp/atom" <<'END' || fail '75: the feed'
import sys
import xml.etree.ElementTree as E
ns = '{http://www.w3.org/2005/Atom}'
f = E.parse(sys.argv[1]).getroot()
def one(e, name):
    all = e.findall(ns + name)
    assert len(all) == 1, (name, len(all))
    return all[0].text
assert f.tag == ns + 'feed'
assert one(f, 'id') == 'gemini://perm.test/atom.xml'
assert one(f, 'title') == 'A & B'
# 76: the newest entry's, not the time of the build
assert one(f, 'updated') == '2026-02-01T12:00:00Z', one(f, 'updated')
assert f.find(ns + 'author') is not None
links = {l.get('rel'): l.get('href') for l in f.findall(ns + 'link')}
assert links == {'self': 'gemini://h.test/atom.xml',
                 'alternate': 'gemini://h.test/'}, links
entries = f.findall(ns + 'entry')
assert len(entries) == 30
ids = set()
for e in entries:
    ids.add(one(e, 'id'))
    one(e, 'title'), one(e, 'updated')
    assert e.find(ns + 'link').get('href').startswith('gemini://h.test/articles/')
assert len(ids) == 30
# The id names the permanent host, whoever serves the feed.
assert 'gemini://perm.test/articles/a49.gmi' in ids
assert one(entries[1], 'summary') == 'S <1>'
END
is g/lang/ur/atom.xml 'page application/atom+xml'
is g/category/water/atom.xml 'page application/atom+xml'

# 75: an id does not change with the title; no permanent host, no ids
sed -i 's/^title: .*/title: Other/' "$c/articles/a49.md"
build 0
get g/atom.xml | grep -q 'gemini://perm.test/articles/a49.gmi' || fail 'the id'
get g/atom.xml | grep -q '<title>Other</title>' || fail 'the new title'
sed -i '/^host:/d' "$c/capsule.yaml"
build 0
absent g/atom.xml
is g/new.gmi 'page text/gemini'
echo 'feeds: fine'
