# server.sh: sourced by the tests that need a running server.
# shellcheck shell=sh disable=SC2034 # variables of those who source this
#
# work		a folder of the test's own, removed at its end
# fill		a store at $work/store from the list on stdin
# serve ARGS	starts a server; sets $pid, $gemini, $gopher (ports)
# stop		stops it with SIGTERM and waits; its words are in $work/log
: "${BUILD:=.build/release}" "${TOP:=.}"
peer=$BUILD/e2e/peer
slowpeer=$BUILD/e2e/slowpeer
host=example.test
work=$(mktemp -d)
pid=

clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# The workers' process ids, a line each.
workers() {
	named qasid-worker
}
named() { # NAME: of the server's processes
	tr ' ' '\n' <"/proc/$pid/task/$pid/children" | grep . |
		while read -r child; do
			! grep -qx "$1" "/proc/$child/comm" || echo "$child"
		done | sort
}

fail() {
	echo "FAILED: $*"
	[ ! -f "$work/log" ] || sed 's/^/    /' "$work/log"
	exit 1
}

fill() {
	"$BUILD/e2e/mkstore" "$work/store"
}

fill_usual() {
	fill <"$TOP/tests/e2e/usual.list"
}

serve() {
	[ -f "$work/certs/$host.crt" ] ||
		"$BUILD/qasid" cert --host "$host" --dir "$work/certs" \
			>/dev/null 2>&1 || fail "no certificate"
	rm -f "$work/ready"
	"$BUILD/qasid" serve --store "$work/store" --host "$host" \
		--gemini 127.0.0.1:0 --gopher 127.0.0.1:0 \
		--certs "$work/certs" --ready "$work/ready" "$@" \
		>"$work/log" 2>&1 &
	pid=$!
	"$slowpeer" await "$work/ready" $pid || fail "the server is not ready"
	gemini=$(sed -n 's/^gemini 127.0.0.1 //p' "$work/ready")
	gopher=$(sed -n 's/^gopher 127.0.0.1 //p' "$work/ready")
}

stop() {
	kill "$pid"
	wait "$pid" || fail "the server ended with status $?"
	pid=
	is_sane
}

# Nothing that a sanitizer or the C library found in any process.
is_sane() {
	if grep -q 'Sanitizer\|runtime error\|corruption\|signal 11' "$work/log"
	then
		fail "a process broke"
	fi
}
