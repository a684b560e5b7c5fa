#!/bin/sh
# A site and its mirrors by qasid-sync: first copy, deltas, a chain, repair,
# Gopher, a stick, a mirror of a mirror, key rotation, budgets, hooks, the lock.
# shellcheck disable=SC2154,SC2034 # set on one side, used on the other
site=capsule.institute.example
# shellcheck source=tests/e2e/sync_lib.sh
. "$TOP/tests/e2e/sync_lib.sh"

content=$tmp/content
cp -r "$TOP/content" "$content"
cat >"$content/articles/secret.md" <<-'END'
	---
	title: A draft
	draft: true
	---
	Xylophoneword stands in no published page.
END
cat >"$content/articles/later.md" <<-'END'
	---
	title: Later
	publishDate: 2999-01-01
	---
	Xylophoneword again.
END
cat >"$content/articles/taken-back.md" <<-'END'
	---
	title: Taken back
	date: 2020-01-01
	withdrawn: 2021-01-01
	---
	Xylophoneword, withdrawn.
END
echo xylophoneword >"$content/articles/unnamed.txt"
publish() {
	"$QASID" build --store "$tmp/store" --sync-key "$tmp/key" "$@" \
		"$content" >"$tmp/build.log" 2>&1 || {
		[ $? = 1 ] || {
			cat "$tmp/build.log"
			fail 'the build'
		}
	}
}
edition() { sed -n 's/^edition \([0-9]*\):.*/\1/p' "$tmp/build.log"; }
# What the mirrors must have: the published part of the content.
expected() {
	rm -rf "$tmp/want"
	cp -r "$content" "$tmp/want"
	(cd "$tmp/want/articles" && # not published in the project's own
		rm -f solar-on-the-roof.md flood-first-estimates.md)
	rm -f "$tmp/want/articles/secret.md" "$tmp/want/articles/later.md" \
		"$tmp/want/articles/taken-back.md" \
		"$tmp/want/articles/unnamed.txt"
	cp "$tmp/a/content/gone" "$tmp/want/gone"
}

publish
first=$(edition)
publish
[ "$(edition)" = "$first" ] || fail 'a second build made another edition'
serve origin "$tmp/store"
settings a "$origin_gemini"

# The first copy, and what is not in it.
mirror 0 ' bytes would come' a -n
[ ! -e "$tmp/a/state/head" ] || fail 'a dry run left a head'
mirror 0 '' a
expected
same "$tmp/want" "$tmp/a/content"
! grep -rqi xylophoneword "$tmp/a" "$tmp/a.store" ||
	fail 'what is not published has reached the mirror'
grep -q '^/articles/taken-back ' "$tmp/a/content/gone" ||
	fail 'the withdrawn address is not in gone'
grep -q '^serial: 1$' "$tmp/a/state/trace" || fail 'no trace'
mirror 0 '' a
"$QASID" get --store "$tmp/store" --list | grep -v '/.sync/\|^s/' |
	cut -f 1 >"$tmp/keys"
"$QASID" get --store "$tmp/a.store" --list | grep -v '/.sync/\|^s/' |
	cut -f 1 >"$tmp/keys.a"
cmp "$tmp/keys" "$tmp/keys.a" || fail 'the mirror has other pages'

# A mirror serves: readers and a mirror below it.
serve a "$tmp/a.store"
settings b "$a_gemini"
mirror 0 '' b
same "$tmp/a/content" "$tmp/b/content"

# Changes: edited, added, renamed, removed; three serials, so a chain for b.
echo 'One more sentence.' >>"$content/articles/indus-delta.md"
publish
mirror 0 '' a
cat >"$content/articles/new-one.md" <<-'END'
	---
	title: A new one
	date: 2026-02-03
	---
	Something was added.
END
publish
mirror 0 '' a
mv "$content/articles/new-one.md" "$content/articles/renamed.md"
sed -i 's/^title:/aliases: [new-one]\ntitle:/' "$content/articles/renamed.md"
publish
mirror 0 '' a
expected
same "$tmp/want" "$tmp/a/content"
grep -q '^serial: 4$' "$tmp/a/state/trace" || fail 'not at serial 4'
mirror 0 '' b
same "$tmp/a/content" "$tmp/b/content"
cmp "$tmp/a/state/head" "$tmp/b/state/head" ||
	fail 'the head was not handed on byte for byte'
bytes=$(tail -n 1 "$tmp/b/state/log" | sed 's/.* bytes \([0-9]*\) .*/\1/')
[ "$bytes" -lt 8000 ] || fail "a chain of three cost $bytes bytes"
"$QASID" get --connect "127.0.0.1:$a_gemini" --insecure \
	"gemini://$site:$a_gemini/articles/renamed.gmi" |
	grep -q 'Something was added' || fail 'the mirror serves the old edition'

# A new mirror of the mirror: deltas or parts that a never had are made up for.
settings c "$a_gemini"
mirror 0 '' c
same "$tmp/a/content" "$tmp/c/content"

# Repair: damaged, missing.
echo damage >>"$tmp/a/content/capsule.yaml"
rm "$tmp/a/content/articles/price-of-water.md"
mirror 0 '' a --verify
same "$tmp/want" "$tmp/a/content"
# A delta whose base the disk has changed.
echo damage >>"$tmp/a/content/articles/indus-delta.md"
echo 'Another sentence.' >>"$content/articles/indus-delta.md"
publish
mirror 0 '' a
expected
same "$tmp/want" "$tmp/a/content"
# What does not belong there is named, not removed.
echo stray >"$tmp/a/content/articles/stray.md"
mirror 65 'do not belong' a --verify
rm "$tmp/a/content/articles/stray.md"
mirror 0 '' a --verify

# The other transports carry the same.
settings d "$origin_gemini" "source gopher://$site:$origin_gopher
connect 127.0.0.1:$origin_gopher"
mirror 0 '' d
same "$tmp/a/content" "$tmp/d/content"
stick=$tmp/stick/.sync
"$QASID" get --store "$tmp/store" --list |
	sed -n 's|^g/.sync/\([^	]*\).*|\1|p' >"$tmp/files"
while read -r f; do
	mkdir -p "$stick/$(dirname "$f")"
	"$QASID" get --store "$tmp/store" "g/.sync/$f" >"$stick/$f"
done <"$tmp/files"
settings e 1 "source $tmp/stick"
mirror 0 '' e
same "$tmp/a/content" "$tmp/e/content"
settings f 1 "source localhost:$stick"
RSYNC_RSH="$tmp/rsh"
printf '#!/bin/sh\nshift\nexec "$@"\n' >"$tmp/rsh"
chmod +x "$tmp/rsh"
export RSYNC_RSH
mirror 0 '' f
same "$tmp/a/content" "$tmp/f/content"

# Budgets: a delta over it is refused, a first copy goes on where it stopped.
echo 'Yet another.' >>"$content/articles/indus-delta.md"
publish
settings a "$origin_gemini" 'budget-run 300'

mirror 75 'budget' a
settings a "$origin_gemini" 'budget-month 100'
mirror 75 'budget' a
settings a "$origin_gemini"
mirror 0 '' a

# Hooks, and their words.
# shellcheck disable=SC2016 # the hook's own
printf '#!/bin/sh\necho "$0 $*" >>%s\n' "$tmp/hooks" >"$tmp/hook"
chmod +x "$tmp/hook"
settings a "$origin_gemini" "pre $tmp/hook
post-change $tmp/hook
post-error $tmp/hook"
mirror 0 '' a
[ "$(wc -l <"$tmp/hooks")" = 1 ] || fail 'a hook for a change without one'
echo 'And another.' >>"$content/articles/indus-delta.md"
publish
mirror 0 '' a
[ "$(wc -l <"$tmp/hooks")" = 3 ] || fail 'no hook for a change'
settings a 1 "post-error $tmp/hook"
mirror 75 'refused' a
tail -n 1 "$tmp/hooks" | grep -q ' 75 ' || fail 'no hook for an error'

# Settings are parsed, never run, and mistakes are named.
for bad in 'nmae x' 'jobs many' 'jobs 0' 'jobs 17' 'delay 08' 'keep maybe' \
	"pre $tmp/none" 'dir relative' 'store relative' 'log relative' \
	"log $tmp" "log $tmp/none/log" "qasid $tmp/none"; do
	settings a "$origin_gemini" "$bad"
	mirror 78 'conf' a
	[ "$(wc -l <"$tmp/err")" = 1 ] || fail "$bad: $(cat "$tmp/err")"
done
# So are those that only the helpers can judge, in one line as well.
for bad in 'key short' 'pin xyz' 'connect nowhere' 'idle-timeout 100000' \
	'rate 999999999999999999' 'source'; do
	settings a "$origin_gemini" "$bad"
	mirror 78 '' a -n
	mirror 78 '' a
	[ "$(wc -l <"$tmp/err")" = 1 ] || fail "$bad: $(cat "$tmp/err")"
done
# shellcheck disable=SC2016 # it shall not expand
settings a "$origin_gemini" 'log $(touch '"$tmp"'/ran)/log'
mirror 78 'cannot be written\|begins with' a
[ ! -e "$tmp/ran" ] || fail 'a setting was run'
mirror 64 'usage' a --nonsense

# The lock: silent while its holder may be at work, named after a day.
settings a "$origin_gemini"
exec 8>>"$tmp/a/state/lock"
flock 8
mirror 0 '' a
echo 0 >"$tmp/a/state/last"
touch -d '2 days ago' "$tmp/a/state/lock"
mirror 75 'another run holds' a
exec 8>&-
mirror 0 '' a

# The origin looks at its mirrors, and readers see the list.
sed -i "s|^mirrors:.*|mirrors: [gemini://$site:$a_gemini/, gemini://$site:1/]|" \
	"$content/capsule.yaml"
publish
mirror 0 '' a
"$QASID" mirrors --key "$(cat "$tmp/key.pub")" --store "$tmp/store" \
	--connect "127.0.0.1:$a_gemini" --page "$content/pages/mirrors.md" \
	"$content" >"$tmp/out"
grep -q ":$a_gemini/	current	serial" "$tmp/out" || fail "$(cat "$tmp/out")"
grep -q ':1/	silent' "$tmp/out" || fail "$(cat "$tmp/out")"
"$QASID" mirrors --key "$("$QASID" sync key new "$tmp/key4")" \
	--store "$tmp/store" --connect "127.0.0.1:$a_gemini" "$content" |
	grep -q 'wrong	not signed' || fail 'a mirror under another key'
publish
# One page a language of the site, which home in that language leads to, in both
# protocols, beside the list itself.
shows() { # shows KEY WORDS: the page has them
	"$QASID" get --store "$tmp/store" "$1" >"$tmp/page" || fail "no $1"
	grep -qF -- "$2" "$tmp/page" || {
		cat "$tmp/page"
		fail "$1 has not: $2"
	}
}
shows g/mirrors.gmi 'is up to date.'
shows g/mirrors.gmi 'did not answer.'
shows g/mirrors-ur.gmi 'تازہ ترین ہے۔'
shows g/mirrors-ur.gmi "gemini://$site:$a_gemini/"
shows o/mirrors.txt 'is up to date.'
shows o/mirrors-ur.txt 'نے جواب نہیں دیا۔'
shows g/ '=> mirrors.gmi Mirrors'
shows o/ '1Mirrors	/mirrors	'
shows g/lang/ur/ '=> ../../mirrors-ur.gmi متبادل نقول'
shows o/lang/ur '	/mirrors-ur	'
shows g/mirrors.gmi 'mirrors-ur.gmi'
shows g/mirrors-ur.gmi 'mirrors.gmi'
for k in g/ o/ g/lang/ur/ o/lang/ur; do
	shows $k "gemini://$site:$a_gemini/"
done
mirror 0 '' a
same "$content/pages" "$tmp/a/content/pages"
# Asked again with the same answers, nothing is written and nothing published.
"$QASID" mirrors --key "$(cat "$tmp/key.pub")" --store "$tmp/store" \
	--connect "127.0.0.1:$a_gemini" --page "$content/pages/mirrors.md" \
	"$content" >"$tmp/out"
first=$(edition)
publish
[ "$(edition)" = "$first" ] || fail 'asking made an edition'
# An article under that name is nobody's to overwrite.
printf -- '---\ntitle: Mine\n---\nMine.\n' >"$tmp/mine.md"
cp "$tmp/mine.md" "$tmp/mine2.md"
if "$QASID" mirrors --key "$(cat "$tmp/key.pub")" --store "$tmp/store" \
	--connect "127.0.0.1:$a_gemini" --page "$tmp/mine.md" \
	"$content" >"$tmp/out" 2>"$tmp/err"; then
	fail 'an article was overwritten'
fi
grep -q 'not written by qasid mirrors' "$tmp/err" || fail "$(cat "$tmp/err")"
cmp "$tmp/mine.md" "$tmp/mine2.md" || fail 'an article was overwritten'
[ ! -e "$tmp/mine-ur.md" ] || fail 'half of the pages were written'
# One that is three serials behind.
for i in 1 2 3; do
	echo "Sentence $i." >>"$content/articles/indus-delta.md"
	publish
done
"$QASID" mirrors --key "$(cat "$tmp/key.pub")" --store "$tmp/store" \
	--connect "127.0.0.1:$a_gemini" --page "$content/pages/mirrors.md" \
	"$content" >"$tmp/out"
grep -q ":$a_gemini/	behind	serial" "$tmp/out" || fail "$(cat "$tmp/out")"
publish
shows g/mirrors.gmi "has what was published up to $(date -u +%Y-%m-)"
mirror 0 '' a

# Key rotation: announced for a while, then used; what is not is refused.
"$QASID" sync key new "$tmp/key2" >"$tmp/key2.pub"
"$QASID" sync key new "$tmp/key3" >"$tmp/key3.pub"
mv "$tmp/key" "$tmp/key1"
cp "$tmp/key3" "$tmp/key"
publish
mirror 65 'no key that is trusted' a
cp "$tmp/key1" "$tmp/key"
publish --sync-next "$tmp/key2"
mirror 0 '' a
cp "$tmp/key2" "$tmp/key"
echo 'Under the new key.' >>"$content/articles/indus-delta.md"
publish
mirror 0 '' a
expected
same "$tmp/want" "$tmp/a/content"
[ "$(head -n 1 "$tmp/a/state/keys")" = "$(cat "$tmp/key2.pub")" ] ||
	fail 'the new key was not taken'
cp "$tmp/key1" "$tmp/key"
echo 'Under the old key again.' >>"$content/articles/indus-delta.md"
publish
mirror 65 'no key that is trusted' a
echo 'sync: fine'
