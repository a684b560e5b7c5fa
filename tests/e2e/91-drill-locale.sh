#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Drill: locale C, ur_PK (its digits, its month names, its order of letters), one
# that is not installed, none at all.  Every command does the same and says the
# same; an edition is the same to the byte.
set -eu
. "$TOP/tests/e2e/server.sh"
chmod 755 "$work"
unset LC_ALL LC_CTYPE LC_TIME LC_NUMERIC LC_COLLATE LC_MESSAGES LANG LANGUAGE
mkdir "$work/locales"
if localedef -i ur_PK -f UTF-8 "$work/locales/ur_PK.UTF-8" 2>/dev/null ||
	[ -d "$work/locales/ur_PK.UTF-8" ]; then
	export LOCPATH="$work/locales"
	# It is there: the month is no English one.
	LC_ALL=ur_PK.UTF-8 date -d 2026-01-15 +%B | LC_ALL=C grep -q '[a-z]' &&
		fail 'ur_PK is not what it should be'
else
	echo 'ur_PK cannot be made here: it is asked for all the same'
fi
for locale in C ur_PK.UTF-8 xx_XX.UTF-8 none; do
	if [ "$locale" = none ]; then unset LC_ALL; else export LC_ALL="$locale"; fi
	{
		"$QASID" build "$TOP/content" --store "$work/store"
		"$QASID" get --store "$work/store" --list
		"$QASID" get --store "$work/store" g/new.gmi
		"$QASID" get --store "$work/store" o/articles/pani-ki-qeemat
		"$QASID" import wordpress "$TOP/tests/import/fifty.xml" \
			"$work/import" | LC_ALL=C sort
		cat "$work/import/articles"/post-1*.md
	} >"$work/out" 2>&1 || fail "$locale: $(tail -n 3 "$work/out")"
	grep -qi 'locale' "$work/out" && fail "$locale: $(grep -i locale "$work/out")"
	"$QASID" export "$work/plain" --store "$work/store" \
		--host h.test >/dev/null 2>&1 || fail "$locale: no export"
	(cd "$work/plain" && find . -type f -exec sha256sum {} + |
		LC_ALL=C sort) >>"$work/out"
	[ -f "$work/first" ] || cp "$work/out" "$work/first"
	diff "$work/first" "$work/out" || fail "locale \"$locale\": it differs"
	rm -rf "$work/store" "$work/import" "$work/plain"
done

# A server, its log and its replies to a reader.
export LC_ALL=ur_PK.UTF-8 LANG=xx_XX
"$QASID" build "$TOP/content" --store "$work/store" 2>/dev/null
serve --set public.gemini=1965 --log stderr --set status.socket="$work/status"
"$peer" get gemini "$gemini" "gemini://$host/search?%D9%BE%D8%A7%D9%86%DB%8C" \
	>"$work/page" || fail 'no search'
grep -q '^=> .*pani-ki-qeemat' "$work/page" || fail 'nothing found in Urdu'
"$slowpeer" await-text "$work/log" ' gemini 20 /search' "$pid" || fail 'no log'
grep -q '^20[0-9][0-9]-[01][0-9]-.* gemini 20 /search' "$work/log" ||
	fail 'another date in the log'
"$QASID" status --socket "$work/status" | grep -q '^sent .* [0-9]* ' ||
	fail 'no status'
stop
echo 'four locales, the same bytes'
