#!/bin/sh
# server.sh BUILD: what a request costs the server (workers, sandbox, deadlines
# and counters on), beside a bare floor program in the same run, and what an
# idle connection holds.  COUNT requests a run (20000), RUNS runs (5); IDLE
# connections (5000); ARTICLES in the store (10000).
set -eu
build=$1
: "${COUNT:=20000}" "${RUNS:=5}" "${IDLE:=5000}" "${ARTICLES:=10000}"
work=$(mktemp -d)
host=example.test
pids=
# shellcheck disable=SC2086 # several
trap '[ -z "$pids" ] || kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck disable=SC3045 # every sh of ours has it
ulimit -n "$(ulimit -Hn)"

"$build/qasid" cert --host $host --dir "$work/certs" >/dev/null 2>&1
awk -v n="$ARTICLES" 'BEGIN {
	for (i = 0; i < n; i++) {
		printf "g/articles/a%d.gmi page text/gemini en *5000\n", i
		printf "o/articles/a%d page text/plain - *5000\n", i
	}
}' </dev/null | "$build/e2e/mkstore" "$work/store"

await() { # FILE PID
	"$build/e2e/slowpeer" await "$1" "$2"
}
floor() { # PROTOCOL TICKETS
	rm -f "$work/floor"
	"$build/bench/floor" "$1" "$work/floor" "$work/certs/$host.crt" \
		"$work/certs/$host.key" 5000 "$2" &
	pid=$!
	pids="$pids $pid"
	await "$work/floor" $pid
	port=$(cat "$work/floor")
}
qasid() { # TICKETS
	rm -f "$work/ready"
	"$build/qasid" serve --store "$work/store" --host $host \
		--certs "$work/certs" --gemini 127.0.0.1:0 --gopher 127.0.0.1:0 \
		--set public.gemini=1965 --tickets "$1" --ready "$work/ready" \
		2>"$work/log" &
	pid=$!
	pids="$pids $pid"
	await "$work/ready" $pid
	gemini=$(sed -n 's/^gemini 127.0.0.1 //p' "$work/ready")
	gopher=$(sed -n 's/^gopher 127.0.0.1 //p' "$work/ready")
}
end() {
	kill $pid
	wait $pid 2>/dev/null || true
	pids=
}
field() { # NAME: of the lines on stdin, sorted: least, median, most
	sed -n "s/.*$1 \([0-9.]*\).*/\1/p" | sort -n | awk '
		{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }'
}
say() { # NAME FLOOR OURS
	echo "$2 $3" | awk -v name="$1" '{
		printf "%-24s floor %s (%s to %s) us, qasid %s (%s to %s) us, ratio %.2f\n",
			name, $2, $1, $3, $5, $4, $6, $5 / $2 }'
}
url='gemini://example.test/articles/a77.gmi\r\n'
# Run by run in turns, so that what else the machine does meets both.
compare() { # NAME PROTOCOL TICKETS(0|1) WORD
	request=$url
	[ "$2" = gemini ] || request='/articles/a77\r\n'
	floor "$2" "$3"
	floor_pid=$pid floor_port=$port
	if [ "$3" = 0 ]; then qasid auto; else qasid on; fi
	port=$gopher
	[ "$2" = gopher ] || port=$gemini
	: >"$work/floor.runs"
	: >"$work/qasid.runs"
	for _ in $(seq "$RUNS"); do
		"$build/bench/load" "$2" "$floor_port" "$request" "$floor_pid" \
			"$COUNT" "$4" >>"$work/floor.runs"
		"$build/bench/load" "$2" "$port" "$request" "$pid" \
			"$COUNT" "$4" >>"$work/qasid.runs"
	done
	end
	pid=$floor_pid
	end
	say "$1" "$(field cpu_us <"$work/floor.runs")" \
		"$(field cpu_us <"$work/qasid.runs")"
}
echo "CPU a request, $COUNT requests, median of $RUNS runs (least to most)"
compare 'Gemini, full handshake' gemini 0 full
compare 'Gemini, resumed' gemini 1 resume
compare 'Gopher' gopher 0 full

echo "Memory of an idle TLS connection, of $IDLE"
floor gemini 0
a=$("$build/bench/load" gemini "$port" "$url" $pid 1000 idle="$IDLE")
end
qasid auto
b=$("$build/bench/load" gemini "$gemini" "$url" $pid 1000)
c=$("$build/bench/load" gemini "$gemini" "$url" $pid 1000 idle="$IDLE")
end
echo "floor: $a"
echo "qasid: $c"
echo "qasid without them: $b"
