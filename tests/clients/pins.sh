#!/bin/sh
# pins.sh QASID: what bombadillo, which remembers whole certificates, sees of one
# that changes, as CERTIFICATES in qasid.yaml(5) has it: nothing where the next
# one comes at the end of the one it knows; a refusal where it comes before.
# (qasid get, which remembers keys: tests/e2e/86-cert-life.sh)
set -eu
qasid=$(realpath "$1")
cd "$(dirname "$0")/../.."
sh tests/run/deps.sh bombadillo tmux
WORK=$(mktemp -d)
HOME=$WORK/home CONTENT=$PWD/content
export WORK HOME CONTENT LC_ALL=C.UTF-8 TERM=xterm-256color
mkdir -p "$HOME/.config" "$HOME/files"
export XDG_CONFIG_HOME="$HOME/.config"
printf '[SETTINGS]\nsavelocation=%s\n' "$HOME/files" \
	>"$XDG_CONFIG_HOME/.bombadillo.ini"
server=
finish() {
	tmux -S "$WORK/tmux" kill-server 2>/dev/null || true
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
GEMINI=
# shellcheck disable=SC1091 # lib.sh
. tests/clients/lib.sh
die() {
	echo "FAILED: $* $(cat "$WORK/reason" 2>/dev/null)"
	screen 2>/dev/null | grep . || true
	cat "$WORK/serve.log"
	exit 1
}
told() { # COUNT WORDS: the server has said them so often
	[ "$(grep -c -- "$2" "$WORK/serve.log")" -ge "$1" ]
}
cert() {
	"$qasid" cert "$@" --host localhost --dir "$WORK/certs" >/dev/null \
		2>"$WORK/err" || die "cert $*: $(cat "$WORK/err")"
}
prompt() {
	screen | grep -qx ':'
}
visit() { # ADDRESS TEXT: another page each time, so that it is not the old one
	keys : && until_true prompt && type_line "$1" && see "$2"
}

"$qasid" build content --store "$WORK/store" 2>/dev/null
ends=$(date -u -d '+15 seconds' +%Y-%m-%dT%H:%M:%SZ)
cert --until "$ends"
"$qasid" serve --store "$WORK/store" --host localhost --certs "$WORK/certs" \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --ready "$WORK/ready" \
	2>"$WORK/serve.log" &
server=$!
until_true test -s "$WORK/ready" || die 'no server'
GEMINI=gemini://localhost:$(sed -n 's/^gemini [^ ]* //p' "$WORK/ready")

terminal bombadillo "$GEMINI/"
see "$SITE" || die 'no home page'
cert renew --at "$ends"
kill -HUP "$server"
export PATIENCE=60
until_true told 1 'that was its next' || die 'not followed'
visit "$GEMINI/articles/price-of-water.gmi" "$EN_TEXT" ||
	die 'refused at the end of the one it knows'
echo 'bombadillo: another certificate at the end of the old one: nothing seen'

cert renew
kill -HUP "$server"
until_true told 3 reloaded || die 'no reload'
visit "$GEMINI/about.gmi" 'No matching certificate' ||
	die 'took another one before the end'
echo 'bombadillo: another certificate before that: refused'
visit 'purge localhost' 'localhost' || true
visit "$GEMINI/articles/pani-ki-qeemat.gmi" "$UR_TEXT" ||
	die 'refused after its reader forgot the old one'
echo 'bombadillo: after its reader forgot the old one: taken'
