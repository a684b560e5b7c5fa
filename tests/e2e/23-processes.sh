#!/bin/sh
# shellcheck disable=SC1091,SC2154 # server.sh sets them
# Workers that die, reloads and stops in mid-transfer (FIELD.md, "Servers under
# stress"; STYLE.md, "Processes").
set -eu
. "$TOP/tests/e2e/server.sh"
fill_usual
cat >"$work/qasid.yaml" <<-END
	hosts: [$host]
	public: {gemini: 1965, gopher: 70}
	workers: 2
END
serve -c "$work/qasid.yaml"
url=gemini://$host/
home() {
	"$peer" get gemini "$gemini" "$url" >"$work/out" || fail "$1: no answer"
	grep -q '^# Home' "$work/out" || fail "$1: another page"
}
[ "$(workers | wc -l)" = 2 ] || fail "not two workers"
home start

# A reader in mid-page lives through a reload, and through the other worker's
# death; the reader tells when it has begun.
transfer() {
	rm -f "$work/begun" "$work/got"
	"$slowpeer" hold gemini "$gemini" "gemini://$host/big.bin" "$work/begun" \
		"$work/go" >"$work/got" 2>&1 &
	reader=$!
	"$slowpeer" await "$work/begun" $reader || fail "the reader has not begun"
}
finish() {
	: >"$work/go.tmp"
	mv "$work/go.tmp" "$work/go"
	wait $reader || fail "$1: the reader failed"
	grep -q "^3000029 whole$" "$work/got" ||
		fail "$1: $(cat "$work/got"), not 3000029 whole"
	rm -f "$work/go"
	echo "$1: whole"
}
told() { # WORDS: waits until the log holds them
	"$slowpeer" await-text "$work/log" "$1" "$pid" || fail "no \"$1\" in the log"
}
transfer
before=$(workers)
kill -HUP "$pid"
told 'reloaded: 2 workers'
home "after a reload"
[ "$(workers)" != "$before" ] || fail "the same workers after a reload"
finish "reload"

# Settings that are wrong change nothing.
cp "$work/qasid.yaml" "$work/good.yaml"
echo 'wokers: 3' >>"$work/qasid.yaml"
kill -HUP "$pid"
told 'did you mean "workers"'
told 'all stays as it is'
home "after a failed reload"
cp "$work/good.yaml" "$work/qasid.yaml"
mv "$work/certs/$host.key" "$work/key"
kill -HUP "$pid"
told 'example.test.key'
home "after a reload without a key"
mv "$work/key" "$work/certs/$host.key"

# A worker dies: its readers are cut, nobody else notices, another takes over.
# (one of the new generation: the old one's may be about to end)
echo "$before" >"$work/old"
victim=$(workers | grep -vxF -f "$work/old" | head -n 1)
kill -9 "$victim"
told "worker $victim died of signal 9"
for _ in 1 2 3 4 5 6 7 8; do
	home "after a worker's death"
done

# SIGTERM: the page in transfer is finished, new peers are refused.
transfer
kill "$pid"
tries=0
while "$peer" get gemini "$gemini" "$url" >/dev/null 2>"$work/out"; do
	tries=$((tries + 1))
	[ $tries -lt 1000 ] || fail "new peers are served after a stop"
done
grep -q 'connect: Connection refused' "$work/out" ||
	fail "a new peer is not refused: $(cat "$work/out")"
finish "stop"
wait "$pid" || fail "the server ended with status $?"
pid=
grep -q 'qasid: stopped' "$work/log" || fail "no last word"

# With a limit: a reader that never ends is cut when it is over.
serve -c "$work/qasid.yaml" --set limits.stop=200ms
transfer
kill "$pid"
wait "$pid" || fail "the server ended with status $?"
pid=
: >"$work/go.tmp"
mv "$work/go.tmp" "$work/go"
wait $reader || true
grep -q 'cut$' "$work/got" || fail "not cut at the limit: $(cat "$work/got")"
rm -f "$work/go"
