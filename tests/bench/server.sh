#!/bin/sh
# server.sh BUILD: what a request costs the server (workers, sandbox, deadlines
# and counters on), beside a bare floor program in the same run, Debian's
# molly-brown and gophernicus and, where GMID names one, a gmid, and what an
# idle connection and a stalled reader hold.  COUNT requests a run (20000), RUNS
# runs (5); IDLE connections (15000, as descriptors allow); ARTICLES in the store
# (10000).
set -eu
build=$1
PATH=$PATH:/usr/sbin
: "${COUNT:=20000}" "${RUNS:=5}" "${IDLE:=15000}" "${ARTICLES:=10000}"
work=$(mktemp -d)
host=example.test
pids=
# shellcheck disable=SC2086 # several
trap '[ -z "$pids" ] || kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT
# shellcheck disable=SC3045 # every sh of ours has it
ulimit -n "$(ulimit -Hn)"
# shellcheck disable=SC3045
fds=$(ulimit -n)
[ "$fds" = unlimited ] || [ "$IDLE" -le $((fds - 1000)) ] || IDLE=$((fds - 1000))

"$build/qasid" cert --host $host --dir "$work/certs" >/dev/null 2>&1
make_list() {
	awk -v n="$ARTICLES" 'BEGIN { for (i = 0; i < n; i++) {
		printf "g/articles/a%d.gmi page text/gemini en *5000\n", i
		printf "o/articles/a%d page text/plain - *5000\n", i
	} }' </dev/null
}
make_list | "$build/e2e/mkstore" "$work/store"

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
		--set limits.connections=$((IDLE + 1000)) \
		--set limits.per_address=$((2 * IDLE)) \
		--set limits.request=10m \
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

# Others: each started adds a line "NAME PORT PID COUNT" to others.
mkdir -p "$work/pages/articles"
head -c 5000 /dev/zero | tr '\0' x | fold -w 79 >"$work/pages/articles/a77"
cp "$work/pages/articles/a77" "$work/pages/articles/a77.gmi"
chmod -R a+rX "$work"
other() { # NAME PORT COUNT COMMAND...
	name=$1 port=$2 times=$3
	shift 3
	"$@" >"$work/$name.log" 2>&1 &
	pids="$pids $!"
	echo "$name $port $! $times" >>"$work/others"
	tries=0
	until "$build/bench/load" "$protocol" "$port" "$request" $! 1 cold \
		>/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -ge 500 ] || ! kill -0 $!; then
			echo "$name does not serve" >&2
			exit 1
		fi
	done
}
others_of() { # PROTOCOL
	protocol=$1
	: >"$work/others"
	if [ "$1" = gopher ]; then
		command -v gophernicus >/dev/null || return 0
		rm -f "$work/inetd"
		"$build/e2e/inetd" "$work/inetd" "$(command -v gophernicus)" -nr \
			-nm -ns -nh -nf -nv -nx -h $host -r "$work/pages" \
			2>"$work/log" &
		pids="$pids $!"
		await "$work/inetd" $!
		echo "gophernicus $(cat "$work/inetd") $! $((COUNT / 40))" \
			>>"$work/others"
		return 0
	fi
	if command -v molly-brown >/dev/null; then
		port=$("$build/e2e/inetd" port)
		cat >"$work/molly.conf" <<-END
			Port = $port
			Hostname = "$host"
			CertPath = "$work/certs/$host.crt"
			KeyPath = "$work/certs/$host.key"
			DocBase = "$work/pages"
			AccessLog = "$work/molly.access"
			ErrorLog = "$work/molly.error"
		END
		other molly-brown "$port" "$COUNT" molly-brown \
			-c "$work/molly.conf"
	fi
	[ -n "${GMID-}" ] || return 0
	port=$("$build/e2e/inetd" port)
	cat >"$work/gmid.conf" <<-END
		prefork 1
		server "$host" {
			listen on * port $port
			cert "$work/certs/$host.crt"
			key "$work/certs/$host.key"
			root "$work/pages"
		}
	END
	other gmid "$port" "$COUNT" "$GMID" -f -c "$work/gmid.conf"
}
say_others() { # FLOOR
	while read -r name _; do
		echo "$1 $(field cpu_us <"$work/$name.runs") \
			$(field resumed <"$work/$name.runs")" |
			awk -v name="$name" '{
			printf "%24s %s (%s to %s) us, ratio %.2f; %d resumed\n",
				name, $5, $4, $6, $5 / $2, $8 }'
	done <"$work/others"
}
# Run by run in turns, so that what else the machine does meets both.
compare() { # NAME PROTOCOL TICKETS(0|1) WORD
	request=$url
	[ "$2" = gemini ] || request='/articles/a77\r\n'
	floor "$2" "$3"
	floor_pid=$pid floor_port=$port
	if [ "$3" = 0 ]; then qasid auto; else qasid on; fi
	port=$gopher
	[ "$2" = gopher ] || port=$gemini
	ours=$port ours_pid=$pid
	others_of "$2"
	port=$ours pid=$ours_pid
	while read -r name _; do
		: >"$work/$name.runs"
	done <"$work/others"
	: >"$work/floor.runs"
	: >"$work/qasid.runs"
	for _ in $(seq "$RUNS"); do
		"$build/bench/load" "$2" "$floor_port" "$request" "$floor_pid" \
			"$COUNT" "$4" >>"$work/floor.runs"
		"$build/bench/load" "$2" "$port" "$request" "$pid" \
			"$COUNT" "$4" >>"$work/qasid.runs"
		while read -r name at who times; do
			"$build/bench/load" "$2" "$at" "$request" "$who" \
				"$times" "$4" >>"$work/$name.runs" </dev/null
		done <"$work/others"
	done
	for p in $(cut -d' ' -f3 "$work/others") "$floor_pid"; do
		kill "$p"
		wait "$p" 2>/dev/null || true
	done
	end
	say "$1" "$(field cpu_us <"$work/floor.runs")" \
		"$(field cpu_us <"$work/qasid.runs")"
	say_others "$(field cpu_us <"$work/floor.runs")"
}
echo "CPU a request, $COUNT requests, median of $RUNS runs (least to most);"
echo "$ARTICLES articles"
compare 'Gemini, full handshake' gemini 0 full
compare 'Gemini, resumed' gemini 1 resume
compare 'Gopher' gopher 0 full

# Instructions a request in the process, of a worker by itself: a run of 400
# less one of 100.  valgrind has no AVX-512 and no ADX, so that the crypto takes
# more of them than in truth, on both sides alike.
counted() { # FILE
	sed -n 's/^totals: //p' "$1"
}
count_one() { # floor|alone PROTOCOL TICKETS WORD COUNT
	rm -f "$work/floor" "$work/ready"
	tickets=auto
	[ "$3" = 0 ] || tickets=on
	if [ "$1" = floor ]; then
		ready=$work/floor
		set -- "$@" "$build/bench/floor" "$2" "$ready" \
			"$work/certs/$host.crt" "$work/certs/$host.key" 5000 "$3"
	else
		ready=$work/ready
		set -- "$@" "$build/bench/alone" "$work/small" "$work/certs" \
			"$ready" $tickets
	fi
	kind=$1 protocol=$2 word=$4 times=$5
	shift 5
	valgrind --quiet --tool=callgrind \
		--callgrind-out-file="$work/$kind.$times" "$@" 2>"$work/log" &
	pid=$!
	pids=$pid
	await "$ready" $pid
	port=$(sed -n "s/^$protocol 127.0.0.1 //p" "$ready")
	[ "$kind" = alone ] || port=$(cat "$ready")
	request=$url
	[ "$protocol" = gemini ] || request='/articles/a77\r\n'
	"$build/bench/load" "$protocol" "$port" "$request" $pid "$times" \
		"$word" >/dev/null
	stop=$(sed -n 's/^stop //p' "$ready")
	kill "${stop:-$pid}"
	wait $pid 2>/dev/null || true
	pids=
}
instructions() { # NAME PROTOCOL TICKETS WORD
	for kind in floor alone; do
		for n in 100 400; do
			count_one "$kind" "$2" "$3" "$4" "$n"
		done
	done
	echo "$(counted "$work/floor.100") $(counted "$work/floor.400")" \
		"$(counted "$work/alone.100") $(counted "$work/alone.400")" |
		awk -v name="$1" '{ f = ($2 - $1) / 300; q = ($4 - $3) / 300
			printf "%-24s floor %d, qasid %d, ratio %.3f\n",
				name, f, q, q / f }'
}
if command -v valgrind >/dev/null; then
	# A map that fits valgrind's address space.
	make_list | "$build/e2e/mkstore" "$work/small" $((1 << 30))
	echo "Instructions a request, in the process"
	instructions 'Gemini, full handshake' gemini 0 full
	instructions 'Gemini, resumed' gemini 1 resume
	instructions 'Gopher' gopher 0 full
else
	echo "Instructions a request: not counted, there is no valgrind"
fi

echo "Memory of an idle TLS connection, of $IDLE; a healthy reader beside them"
floor gemini 0
"$build/bench/load" gemini "$port" "$url" $pid 2000 idle="$IDLE" |
	sed 's/^/floor: /'
end
qasid auto
"$build/bench/load" gemini "$gemini" "$url" $pid 2000 |
	sed 's/^/qasid without them: /'
"$build/bench/load" gemini "$gemini" "$url" $pid 2000 idle="$IDLE" |
	sed 's/^/qasid: /'
end

echo "Memory that three readers stalled in a file of 200 MB cost"
head -c 200000000 /dev/zero | tr '\0' x >"$work/large"
echo "g/large page application/octet-stream - @$work/large" |
	"$build/e2e/mkstore" "$work/store"
rm "$work/large"
private() { # KiB of the server's own, without the store's map
	for p in $pid $(pgrep -P $pid); do
		grep -E '^(Private_Dirty|Shared_Dirty)' "/proc/$p/smaps_rollup"
	done | awk '{ sum += $2 } END { print sum }'
}
qasid auto
"$build/bench/load" gemini "$gemini" "$url" $pid 200 >/dev/null
before=$(private)
for i in 1 2 3; do
	"$build/e2e/slowpeer" hold gemini "$gemini" \
		"gemini://$host/large" "$work/begun.$i" "$work/never" \
		>/dev/null 2>&1 &
	pids="$pids $!"
	await "$work/begun.$i" $!
done
echo "$before $(private)" | awk '{
	printf "%.0f KiB each\n", ($2 - $1) / 3 }'
