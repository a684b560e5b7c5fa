#!/bin/sh
# mirrors.sh BUILD [ARTICLES...]: what following a site costs, in bytes on the
# wire with TCP/IP headers, both ways, beside rsync, git and casync in the same
# run.  Needs root.
#
# Prints a table a corpus; ends with 1 when a figure of ours is over its target
# (MIRROR.md), with 2 when it cannot measure.
set -eu
if [ $# = 0 ]; then
	echo 'usage: mirrors.sh BUILD [ARTICLES...]' >&2
	exit 2
fi
build=$1
shift
[ $# -gt 0 ] || set -- 1000
top=$(cd "$(dirname "$0")/../.." && pwd)
case $build in /*) ;; *) build=$top/$build ;; esac
qasid=$build/qasid corpus=$build/bench/mirror_corpus
slowlink=$build/bench/slowlink
# shellcheck source=tests/bench/mirror_lib.sh
. "$top/tests/bench/mirror_lib.sh"
part=262144 over=0

# --- the four, each with its command --------------------------------------------

by() { # by NAME FOLDER: sets $command, run by "sh -c" in the client's namespace
	case $1 in
	qasid-sync*) command="sh '$sync' -c '$tmp/$2.conf'" ;;
	rsync) command="rsync -az --delete rsync://10.98.0.1:8730/tree/ '$tmp/$2/'" ;;
	rsync-partial) command="rsync -az --partial --timeout=10 --delete \
rsync://10.98.0.1:8730/tree/ '$tmp/$2/'" ;;
	git) command="if [ -d '$tmp/$2' ]; then cd '$tmp/$2' &&
git fetch -q --depth 1 origin && git reset -q --hard FETCH_HEAD; else
git clone -q --depth 1 git://10.98.0.1/tree.git '$tmp/$2'; fi" ;;
	casync) command="mkdir -p '$tmp/$2' && casync extract --seed='$tmp/$2' \
--store=http://10.98.0.1:8000/store.castr \
http://10.98.0.1:8000/tree.caidx '$tmp/$2'" ;;
	esac
}

bytes_of() { # bytes_of NAME FOLDER: measures, in $bytes
	by "$1" "$2"
	measure "$1" sh -c "$command"
}

equal() { # equal FOLDER WHEN
	diff -r --exclude=.git "$tmp/tree" "$tmp/$1" >/dev/null ||
		failed "$1 differs after \"$2\""
}

verdict() { # verdict FIGURE TARGET
	if [ "$1" -gt "$2" ]; then
		printf '  over its target'
		over=1
	fi
}

row() { # row NAME TARGET-BYTES: measures all four, prints a line
	bytes_of qasid-sync mirror
	mine=$bytes
	equal mirror/content "$1"
	bytes_of rsync by-rsync
	by_rsync=$bytes
	bytes_of git by-git
	by_git=$bytes
	bytes_of casync by-casync
	printf '%-28s %11s %11s %11s %11s %11s' "$1" "$mine" "$2" \
		"$by_rsync" "$by_git" "$bytes"
	verdict "$mine" "$2"
	echo
}

# --- the server's work ------------------------------------------------------------

cpu_ticks() { # cpu_ticks PORT: of its server, the workers and what they waited for
	for p in $(srv ss -Htlnp "sport = :$1" | grep -o 'pid=[0-9]*' |
		tr -d 'pid=' | sort -u); do
		awk '{ print $14 + $15 + $16 + $17 }' "/proc/$p/stat"
	done | awk '{ n += $1 } END { print n }'
}

poll() { # poll PORT TIMES COMMAND...: CPU a poll in $micros
	port=$1 times=$2 i=0
	shift 2
	start=$(cpu_ticks "$port")
	while [ $i -lt "$times" ]; do
		cli "$@" >/dev/null 2>&1 || failed "a poll of $port"
		i=$((i + 1))
	done
	settle
	ticks=$(($(cpu_ticks "$port") - start))
	micros=$((ticks * 1000000 / $(getconf CLK_TCK) / times))
}

# A poll is one request: no script around it, as it is the server we ask about.
polls() {
	poll 1965 200 "$qasid" sync fetch --dir "$tmp/mirror" \
		--name site.test --key "$(cat "$tmp/key.pub")" \
		--source gemini://site.test --connect 10.98.0.1:1965 \
		--known "$tmp/known"
	mine=$micros
	by rsync by-rsync
	poll 8730 10 sh -c "$command"
	by_rsync=$micros
	by git by-git
	poll 9418 10 sh -c "$command"
	printf '%-28s %11s %11s %11s %11s %11s' 'server CPU a poll, us' "$mine" \
		1500 "$by_rsync" "$micros" -
	verdict "$mine" 1500
	echo
}

# --- broken off -------------------------------------------------------------------

# What TCP carried so far: how many empty acknowledgements there were is chance.
carried() {
	cli sh -c 'cd /sys/class/net/v1/statistics &&
		cat rx_bytes tx_bytes rx_packets tx_packets' | tr '\n' ' ' |
		awk '{ print $1 + $2 - 66 * ($3 + $4) }'
}

# halve NAME: a first copy, once in one go and once killed in the middle and
# begun again; what the second carried more, in percent and $waste
halve() {
	by "$1" one-go
	rm -rf "$tmp/one-go" "$tmp/halves"
	settle
	before=$(carried)
	cli sh -c "$command" >"$tmp/measure.log" 2>&1 || failed "$1, in one go"
	settle
	whole=$(($(carried) - before))
	by "$1" halves
	before=$(carried)
	setsid ip netns exec "$ns-cli" sh -c "$command" >/dev/null 2>&1 &
	run=$!
	while [ $(($(carried) - before)) -lt $((whole / 2)) ]; do
		kill -0 $run 2>/dev/null || failed "$1 was not to be halved"
	done
	kill -9 "-$run" || failed "$1 was not to be halved"
	wait $run 2>/dev/null || true
	[ "$1" != git ] || rm -rf "$tmp/halves" # as a clone that is asked to end
	settle
	cli sh -c "$command" >"$tmp/measure.log" 2>&1 || {
		cat "$tmp/measure.log" >&2
		failed "$1, the second half"
	}
	settle
	waste=$(($(carried) - before - whole))
	[ $waste -ge 0 ] || waste=0
}

percent() {
	awk "BEGIN { printf \"%.1f%%\", 100 * $waste / $whole }"
}

halves() {
	for jobs in 1 4; do
		for name in one-go halves; do
			settings $name 10.98.0.1 "jobs $jobs"
		done
		halve qasid-sync
		equal halves/content 'cut at 50 %'
		mine=$waste
		[ $jobs = 4 ] || one=$waste
	done
	ours=$(percent)
	halve rsync
	by_rsync=$(percent)
	halve rsync-partial
	by_rsync=$by_rsync/$(percent)
	halve git
	by_git=$(percent)
	halve casync
	# A part a job, and what asking for it again costs.
	printf '%-28s %11s %11s %11s %11s %11s' 'cut at 50 %: waste, 1 job' \
		"$one" $((part + 32768)) "$by_rsync" "$by_git" "$(percent)"
	verdict "$one" $((part + 32768))
	printf '\n%-28s %11s %11s' "  with 4 jobs ($ours)" "$mine" \
		$((4 * part + 32768))
	verdict "$mine" $((4 * part + 32768))
	echo
}

arrival() { # arrival NAME TRIES: in $end, over the line that drops
	tries=1
	by "$1" dropped
	rm -rf "$tmp/dropped"
	until cli timeout 60 sh -c "$command" >"$tmp/measure.log" 2>&1; do
		if [ $tries = "$2" ]; then
			end="never in $2"
			return
		fi
		tries=$((tries + 1))
	done
	end="$tries tries"
}

# The same addresses by way of a line that is gone after each 4 MB.
drops() {
	ip netns exec "$ns-srv" "$slowlink" "$ns-srv" "$ns-cli" line0 0 20 0 4000 \
		>"$tmp/ready.line" &
	line=$!
	pids="$pids $line"
	until [ -s "$tmp/ready.line" ]; do :; done
	ip -n "$ns-srv" link set line0 up
	ip -n "$ns-cli" link set line0 up
	ip -n "$ns-srv" route add 10.98.0.2/32 dev line0 src 10.98.0.1
	ip -n "$ns-cli" route add 10.98.0.1/32 dev line0 src 10.98.0.2
	settings dropped 10.98.0.1
	arrival qasid-sync 1
	mine=$end
	[ "$end" != '1 tries' ] || {
		mine=arrives
		equal dropped/content 'drops'
	}
	arrival rsync-partial 18
	by_rsync=$end
	arrival git 3
	by_git=$end
	arrival casync 40
	printf '%-28s %11s %11s %11s %11s %11s' 'a drop every 4 MB' "$mine" \
		arrives "$by_rsync" "$by_git" "$end"
	[ "$mine" = arrives ] || verdict 1 0
	echo
	kill $line
	wait $line 2>/dev/null || true
}

# --- the run ----------------------------------------------------------------------

run_corpus() { # run_corpus ARTICLES NOTHING ONE ADDED HUNDRED INSIDE FIRST
	new_site "$1"
	publish
	serve_all 10.98.0.1
	settings mirror 10.98.0.1
	echo
	echo "$1 articles; bytes with TCP/IP headers, both ways"
	printf '%-28s %11s %11s %11s %11s %11s\n' '' qasid-sync target \
		'rsync -az' 'git shallow' casync
	row 'first copy' "$7"
	row 'nothing new' "$2"
	polls
	"$corpus" "$tmp/tree" edit 1 1
	publish
	row 'one article edited' "$3"
	"$corpus" "$tmp/tree" add one-more
	publish
	row 'one added' "$4"
	"$corpus" "$tmp/tree" edit 100 2
	publish
	row '100 edited' "$5"
	head -c 1024 /dev/urandom | dd of="$tmp/tree/files/report-00.pdf" bs=1 \
		seek=2000000 conv=notrunc status=none
	publish
	row '1 KB inside a 5 MB PDF' "$6"
	halves
	drops
	stop
}

lay_link
"$qasid" sync key new "$tmp/key" >"$tmp/key.pub"
for n; do
	case $n in
	1000) run_corpus 1000 2900 3300 5200 23000 4700 32000000 ;;
	10000) run_corpus 10000 2900 3300 5200 23000 4700 47500000 ;;
	100000) run_corpus 100000 2900 3300 5200 23000 4700 205000000 ;;
	*) failed "no targets for $n articles" ;;
	esac
done
exit $over
