#!/bin/sh
# qasid-sync: brings a mirror of a Qasid site up to date.  See qasid-sync(1).
#
#	qasid-sync [-nv] [--verify] [-c SETTINGS]
#
# Run from cron or a timer.  Silent on success, one line on stderr when not.
# It decides when and in what order; what comes from the network is fetched,
# checked and unpacked by the helpers in `qasid sync`, and no path of the tree
# ever passes through this shell.
set -u
umask 022
LC_ALL=C
export LC_ALL

EX_USAGE=64 EX_DATAERR=65 EX_CANTCREAT=73 EX_IOERR=74 EX_TEMPFAIL=75
EX_CONFIG=78

settings=/etc/qasid/sync.conf
dry='' verify='' verbose=''

# --- settings -------------------------------------------------------------

name='' key='' source='' dir='' store='' qasid=qasid
pin='' connect='' jobs=4 rate='' budget_run='' budget_month=''
connect_timeout=30 idle_timeout=60 tries=3 delay=0 keep=yes lock_hours=24
pre='' post_change='' post_error='' log=''

complain() { # complain TEXT: one line
	printf 'qasid-sync: %s\n' "$*" >&2 # echo would read backslashes
}

bad_setting() { # bad_setting TEXT
	complain "$settings: $*"
	exit "$EX_CONFIG"
}

is_number() { # without a 0 in front, which the shell takes for octal
	case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac
	[ "${#1}" -le 18 ]
}

number() { # number NAME VALUE
	is_number "$2" || bad_setting "\"$1\" wants a number, not \"$2\""
}

# A line is a word and the rest of the line; nothing in it is evaluated.
set_value() { # set_value NAME VALUE
	case $1 in
	name) name=$2 ;;
	key) key=$2 ;;
	source) source=$2 ;;
	dir) dir=$2 ;;
	store) store=$2 ;;
	qasid) qasid=$2 ;;
	pin) pin=$2 ;;
	connect) connect=$2 ;;
	pre) pre=$2 ;;
	post-change) post_change=$2 ;;
	post-error) post_error=$2 ;;
	log) log=$2 ;;
	keep)
		case $2 in
		yes | no) keep=$2 ;;
		*) bad_setting "\"keep\" is yes or no, not \"$2\"" ;;
		esac
		;;
	jobs | rate | budget-run | budget-month | connect-timeout | \
		idle-timeout | tries | delay | lock-hours)
		number "$1" "$2"
		case $1 in
		jobs)
			case $2 in
			[1-9] | 1[0-6]) jobs=$2 ;;
			*) bad_setting '"jobs" is 1 to 16' ;;
			esac
			;;
		rate) rate=$2 ;;
		budget-run) budget_run=$2 ;;
		budget-month) budget_month=$2 ;;
		connect-timeout) connect_timeout=$2 ;;
		idle-timeout) idle_timeout=$2 ;;
		tries) tries=$2 ;;
		delay) delay=$2 ;;
		lock-hours) lock_hours=$2 ;;
		esac
		;;
	*) bad_setting "unknown setting \"$1\"" ;;
	esac
}

read_settings() {
	[ -r "$settings" ] || bad_setting 'cannot be read'
	cr=$(printf '\r')
	while read -r word rest || [ -n "$word" ]; do
		case $word$rest in
		*"$cr") bad_setting 'a line ends in CR: LF alone ends a line' ;;
		esac
		case $word in
		'' | '#'*) ;;
		*) set_value "$word" "$rest" ;;
		esac
	done <"$settings"
	[ -n "$name" ] || bad_setting '"name" is missing: the site to mirror'
	[ -n "$key" ] || bad_setting '"key" is missing: the key of the site'
	[ -n "$source" ] || bad_setting '"source" is missing: where from'
	case $source in
	gemini:// | gopher:// | rsync:// | *:///*)
		bad_setting "\"$source\" names no host"
		;;
	gemini://* | gopher://* | rsync://* | /*) ;;
	*://*) bad_setting "\"$source\": gemini, gopher or rsync" ;;
	*:*) ;; # by rsync
	*) bad_setting '"source", if a folder, begins with a slash' ;;
	esac
	case $dir in
	/*) ;;
	'') bad_setting '"dir" is missing: the folder of the mirror' ;;
	*) bad_setting '"dir" begins with a slash' ;;
	esac
	case $store in
	/*) ;;
	'') keep=no ;; # nothing would serve it
	*) bad_setting '"store" begins with a slash' ;;
	esac
	case $log in
	'') ;;
	/*)
		[ -f "$log" ] || [ ! -e "$log" ] ||
			bad_setting "\"$log\" is no file"
		true 2>/dev/null >>"$log" ||
			bad_setting "\"$log\" cannot be written"
		;;
	*) bad_setting '"log" begins with a slash' ;;
	esac
	for hook in "$pre" "$post_change" "$post_error"; do
		[ -z "$hook" ] || [ -x "$hook" ] ||
			bad_setting "\"$hook\" cannot be run"
	done
	command -v "$qasid" >/dev/null || bad_setting "no program \"$qasid\""
	command -v flock >/dev/null || bad_setting 'flock is not installed'
}

# --- what a run leaves behind ----------------------------------------------

started=$(date +%s)
bytes=0 serial=0 changed='' last_words='' child=''

now_text() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

spent_this_month() { # prints the bytes of this month so far
	month=0 count=0
	if [ -r "$dir/state/month" ]; then
		read -r month count <"$dir/state/month" || true
	fi
	[ "$month" = "$(date -u +%Y%m)" ] || count=0
	is_number "$count" || count=0
	echo "$count"
}

add_spent() { # add_spent BYTES
	bytes=$((bytes + $1))
	total=$(($(spent_this_month) + $1))
	echo "$(date -u +%Y%m) $total" 2>/dev/null >"$dir/state/month.new" &&
		mv "$dir/state/month.new" "$dir/state/month"
}

# Counts what a helper brought that ended before it could say so.
collect_spent() {
	[ -e "$dir/state/spending" ] || return 0
	spent=$(od -An -tu8 -N8 "$dir/state/spending" | tr -d ' ')
	is_number "$spent" && [ "$spent" -gt 0 ] && add_spent "$spent"
	rm -f "$dir/state/spending"
}

# What this run may still bring; empty: any number of bytes.
budget_left() {
	left=''
	if [ -n "$budget_run" ]; then
		left=$((budget_run - bytes))
		[ "$left" -ge 0 ] || left=0
	fi
	if [ -n "$budget_month" ]; then
		month_left=$((budget_month - $(spent_this_month)))
		[ "$month_left" -ge 0 ] || month_left=0
		if [ -z "$left" ] || [ "$month_left" -lt "$left" ]; then
			left=$month_left
		fi
	fi
	echo "$left"
}

write_log() { # write_log EXIT-CODE
	seconds=$(($(date +%s) - started))
	line="$(now_text) exit $1 serial $serial bytes $bytes seconds $seconds"
	[ -z "$last_words" ] || line="$line: $last_words"
	printf '%s\n' "$line" 2>/dev/null >>"${log:-$dir/state/log}"
}

# What people look at: who this mirror is, and how far it is.
write_trace() {
	printf 'site: %s\nserial: %s\ndate: %s\nsource: %s\nbytes: %s\n%s\n' \
		"$name" "$serial" "$(now_text)" "$source" "$bytes" \
		"program: $("$qasid" version)" >"$dir/state/trace.new" &&
		mv "$dir/state/trace.new" "$dir/state/trace"
}

finish() { # finish EXIT-CODE [TEXT]
	code=$1
	shift
	last_words=$*
	case $code in
	0) ;;
	64 | 126 | 127) code=$EX_CONFIG ;; # the settings made the command line
	65 | 69 | 73 | 74 | 75 | 78) ;;
	*)
		last_words=${last_words:-a helper ended with $code}
		code=$EX_TEMPFAIL
		;;
	esac
	if [ "$code" = "$EX_IOERR" ] && [ -z "$last_words" ]; then
		# The reason is written to that disk too, and did not fit.
		last_words="the disk of \"$dir\" is full or failing"
	fi
	[ "$code" = 0 ] || last_words=${last_words:-failed with $code}
	rm -f "$err" "$out"
	[ -n "$dry" ] || write_log "$code"
	if [ "$code" != 0 ]; then
		complain "$last_words"
		[ -z "$post_error" ] || [ -n "$dry" ] ||
			"$post_error" "$code" "$serial" 9>&- || true
	fi
	exit "$code"
}

# shellcheck disable=SC2317 # a trap reaches it
stop() { # by a signal: what we wait for ends too
	trap '' INT TERM HUP
	[ -z "$child" ] || {
		kill "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	}
	collect_spent
	finish "$EX_TEMPFAIL" 'stopped by a signal'
}

# --- helpers ----------------------------------------------------------------

# run COMMAND...: what it prints in $out, its words in $err.  It is waited for,
# not run in front, so that a signal is heard at once; it holds the lock too, so
# that it ends before another run begins, should this one be killed.
run() {
	"$@" >"$out" 2>"$err" &
	child=$!
	wait "$child"
	code=$?
	child=''
	return "$code"
}

pause() { # pause SECONDS
	sleep "$1" 9>&- &
	child=$!
	wait "$child"
	child=''
}

helper() { # helper VERB ARGS...
	run "$qasid" sync "$@"
	code=$?
	spent=$(sed -n 's/^bytes \([0-9]*\)$/\1/p' "$out")
	if [ -n "$spent" ]; then
		add_spent "$spent"
		rm -f "$dir/state/spending"
	else
		collect_spent
	fi
	if [ "$verbose" ]; then
		cat "$out" "$err" >&2
	elif [ "$code" = 0 ] && [ -s "$err" ]; then
		cat "$err" >&2 # a warning: of a changed certificate, say
	fi
	return "$code"
}

words() { # the last thing a helper said
	sed -n '$s/^qasid [a-z]*: //p' "$err"
}

fetch() { # fetch ARGS...
	left=$(budget_left)
	set -- fetch --dir "$dir" --name "$name" --key "$key" \
		--source "$source" --known "$dir/state/known" --jobs "$jobs" \
		--connect-timeout "$connect_timeout" \
		--idle-timeout "$idle_timeout" "$@"
	[ -z "$pin" ] || set -- "$@" --pin "$pin"
	[ -z "$connect" ] || set -- "$@" --connect "$connect"
	[ -z "$rate" ] || set -- "$@" --rate "$rate"
	[ -z "$left" ] || set -- "$@" --budget "$left"
	[ "$keep" = yes ] || set -- "$@" --no-keep
	helper "$@"
}

random() { # random N: 0 to N-1
	n=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')
	echo $((n % $1))
}

# A failure that may pass is tried again, each time after a longer pause.
fetch_with_tries() { # fetch_with_tries ARGS...
	try=1
	while :; do
		fetch "$@" && return 0
		code=$?
		if [ "$code" != "$EX_TEMPFAIL" ] || [ "$try" -ge "$tries" ] ||
			words | grep -q 'budget\|clock'; then
			return "$code"
		fi
		pause $((try * 2 + $(random 5)))
		try=$((try + 1))
	done
}

# --- the steps ----------------------------------------------------------------

take_lock() {
	mkdir -p "$dir/state" 2>/dev/null || {
		complain "cannot make \"$dir\""
		exit "$EX_CANTCREAT"
	}
	# A failed redirection of exec would end the shell with a code of its own.
	true 2>/dev/null >>"$dir/state/lock" || {
		complain "cannot write \"$dir/state/lock\""
		exit "$EX_CANTCREAT"
	}
	exec 9>>"$dir/state/lock"
	if flock -n 9; then
		touch "$dir/state/lock" # since when it is held
		return
	fi
	[ -z "$dry" ] || {
		complain 'another run is at work'
		exit "$EX_TEMPFAIL"
	}
	last=0
	if [ -r "$dir/state/last" ]; then
		read -r last <"$dir/state/last" || true
	fi
	is_number "$last" || last=0
	if [ "$last" = 0 ]; then # never done: since when has it been at work?
		last=$(stat -c %Y "$dir/state/lock" 2>/dev/null || echo "$started")
	fi
	[ $((started - last)) -lt $((lock_hours * 3600)) ] && exit 0
	complain "another run holds \"$dir/state/lock\", without success for" \
		"$(((started - last) / 3600)) hours"
	exit "$EX_TEMPFAIL"
}

read_serial() {
	serial=$(sed -n 's/^serial \([0-9]*\)$/\1/p' "$dir/state/head" \
		2>/dev/null | head -n 1)
	serial=${serial:-0}
}

# Files that the disk has changed come again, by themselves.
verify_tree() {
	helper verify --dir "$dir" --key "$key" && return
	code=$?
	[ "$code" = "$EX_DATAERR" ] || finish "$code" "$(words)"
	what=$(words)
	fetch_with_tries --repair || finish "$?" "$(words)"
	switch
	helper verify --dir "$dir" --key "$key" --quiet ||
		finish "$?" "$(words); before the repair: $what"
}

switch() {
	helper switch --dir "$dir" --key "$key" || finish "$?" "$(words)"
	changed=yes
}

# What the system says of a disk that is full or failing.
disk_words='No space left\|quota exceeded\|Input/output err\|Read-only file s'

# The store follows the tree and its head; one that was left behind by a run
# that was killed is made good.
build() {
	[ -n "$store" ] || return 0
	[ -e "$dir/state/head" ] || return 0
	if [ -z "$changed" ] && [ -e "$store/data.mdb" ] &&
		cmp -s "$dir/state/head" "$dir/state/built"; then
		return 0
	fi
	run "$qasid" build --store "$store" --sync-from "$dir" "$dir/content"
	code=$?
	# 1: an article was refused, as it was at the origin; the rest is there.
	if [ "$code" -gt 1 ] || ! grep -q '^edition' "$err"; then
		code=$EX_DATAERR
		! grep -q "$disk_words" "$err" || code=$EX_IOERR
		finish "$code" "the build failed: $(tail -n 1 "$err")"
	fi
	cp "$dir/state/head" "$dir/state/built.new" &&
		mv "$dir/state/built.new" "$dir/state/built"
}

usage() {
	echo 'usage: qasid-sync [-nv] [--verify] [-c SETTINGS]' >&2
	exit "$EX_USAGE"
}

while [ $# -gt 0 ]; do
	case $1 in
	-n) dry=yes ;;
	-v) verbose=yes ;;
	-V | --verify) verify=yes ;;
	-c)
		[ $# -ge 2 ] || usage
		settings=$2
		shift
		;;
	*) usage ;;
	esac
	shift
done

read_settings
take_lock
# What a run that was killed has left; it is over, as the lock is ours.
rm -f "$dir"/state/out.[0-9]* "$dir"/state/err.[0-9]* \
	"$dir"/state/*.[0-9]*.tmp "$dir"/state/*.new
out=$dir/state/out.$$ err=$dir/state/err.$$
# shellcheck disable=SC2015 # either failing is the failure
true 2>/dev/null >"$out" && true 2>/dev/null >"$err" || {
	complain "cannot write to \"$dir/state\""
	exit "$EX_CANTCREAT"
}
trap 'rm -f "$out" "$err"' EXIT
trap stop INT TERM HUP
read_serial
collect_spent # of a run that was killed
bytes=0       # and not of this one

if [ -n "$dry" ]; then
	fetch --dry-run || finish "$?" "$(words)"
	would=$(sed -n 's/^would \([0-9]*\)$/\1/p' "$out")
	echo "${would:-0} bytes would come"
	finish 0
fi

[ -z "$store" ] || [ -d "$store" ] || mkdir -p "$store" 2>/dev/null ||
	finish "$EX_CANTCREAT" "cannot make \"$store\""
[ "$delay" = 0 ] || pause "$(random "$delay")"
if [ -n "$pre" ]; then
	"$pre" "$serial" 9>&- || finish "$EX_TEMPFAIL" "the hook \"$pre\" failed"
fi
# A switch that an earlier run began comes first.
helper switch --finish --dir "$dir" --key "$key" || finish "$?" "$(words)"
grep -q '^finished' "$out" && changed=yes
read_serial
[ -z "$verify" ] || verify_tree
fetch_with_tries || finish "$?" "$(words)"
grep -q '^staged' "$out" && switch
read_serial
build
# shellcheck disable=SC2015 # as above
date +%s >"$dir/state/last" && write_trace ||
	finish "$EX_IOERR" "cannot write to \"$dir/state\""
if [ -n "$changed" ] && [ -n "$post_change" ]; then
	"$post_change" "$serial" 9>&- ||
		finish "$EX_TEMPFAIL" "the hook \"$post_change\" failed"
fi
finish 0
