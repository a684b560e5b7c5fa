#!/bin/sh
# run.sh QASID [WALK...]: publishes content/, serves it on loopback and lets the
# clients of Debian 12 walk through it (all of NN-name.sh, or those named).
# Prints what each client did at each step and ends with "N passed, N failed".
# KEEP=DIR in the environment: screens, pictures and files are left there.
set -eu
qasid=$(realpath "$1")
shift
cd "$(dirname "$0")/../.."

steps='home index article attachment urdu back error redirect'

sh tests/run/deps.sh curl lynx w3m gopher sacc vf1 bombadillo amfora kristall \
	elpa-elpher emacs-nox tmux xvfb xauth xdotool xclip imagemagick \
	matchbox-window-manager fonts-noto-core pango1.0-tools python3-minimal

work=${KEEP-$(mktemp -d)}
mkdir -p "$work"
work=$(realpath "$work")
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -n "${KEEP-}" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

"$qasid" build content --store "$work/store"
"$qasid" cert --host localhost --dir "$work/certs"
"$qasid" serve --store "$work/store" --host localhost --certs "$work/certs" \
	--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 --ready "$work/ready" \
	2>"$work/serve.log" &
server=$!
until [ -s "$work/ready" ]; do
	kill -0 "$server" || {
		cat "$work/serve.log" >&2
		exit 1
	}
	sleep 0.1
done

port() {
	sed -n "s/^$1 [^ ]* \([0-9]*\)$/\1/p" "$work/ready"
}
GEMINI=gemini://localhost:$(port gemini)
GOPHER=gopher://localhost:$(port gopher)
export GEMINI GOPHER CONTENT="$PWD/content"
export LC_ALL=C.UTF-8 TERM=xterm-256color

if [ $# -eq 0 ]; then
	for file in tests/clients/[0-9]*.sh; do
		file=${file##*/}
		set -- "$@" "${file%.sh}"
	done
fi

passed=0 failed=0

# cell STEP: what the walk said of the step, and its count.
cell() {
	said=$(sed -n "s/^$1 //p" "$WORK/result" 2>/dev/null)
	case $said in
	ok) passed=$((passed + 1)) ;;
	n/a*) ;;
	*) failed=$((failed + 1)) ;;
	esac
	said=${said:-FAILED}
	printf ' %-10s' "${said%% *}"
}

printf '%-18s' client
# shellcheck disable=SC2086 # a list of words
printf ' %-10s' $steps
echo
for walk in "$@"; do
	WORK=$work/$walk HOME=$work/$walk/home
	export WORK HOME
	mkdir -p "$HOME"
	chmod 700 "$HOME"
	timeout -k 5 300 sh "tests/clients/$walk.sh" >"$WORK/log" 2>&1 || true
	printf '%-18s' "${walk#*-}"
	for step in $steps; do
		cell "$step"
	done
	echo
done

for walk in "$@"; do
	grep -E ' (n/a|FAILED) ' "$work/$walk/result" |
		sed "s/^/${walk#*-}: /" || true
	for shot in "$work/$walk"/*.screen; do
		[ -f "$shot" ] || continue
		echo "--- ${walk#*-}: the screen at ${shot##*/}"
		grep -v '^ *$' "$shot" | head -n 40 || true
	done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
