#!/bin/sh
# The manuals say what the program knows, and nothing else:
#
# - qasid.yaml(5): every key of the table in src/config/config.c as
#   ".It Ic KEY", and on the next line its default, "Default: VALUE.";
# - qasid-content(7): the keys of front matter (.It Ic) and of the mappings in
#   it (.It Cm) under FRONT MATTER; those of capsule.yaml under CAPSULE.YAML;
#   the program's own words (.It Cm) under WORDS; the codes of findings
#   (.It Cm) under DIAGNOSTICS;
# - qasid(1): every subcommand of src/main.c as ".Ss qasid NAME", and below it
#   each option of src/cmd/NAME.c and src/cmd/NAME_*.c as ".It Fl ...";
# - qasid-operators(7): each metric (.It Ic) and each reason why a connection
#   ended (.It Cm) under WHAT TO WATCH; each status (.It) under THE LOG; what the
#   server says (.It, in capitals what varies) under MESSAGES, where nothing
#   stands that is not in the source;
# - qasid-publishers(7): what the check says (.It) under CHECKING;
# - every page has EXAMPLES, and nothing for mandoc to find.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# flat FILE: the file on one line, so that a table's rows may be wrapped.
flat() {
	tr '\n\t' '  ' <"$1"
	echo
}
# table FILE NAME: the initialiser of the array NAME, one row a line.
table() {
	flat "$1" | sed "s/.*[ *]$2\[[A-Z_]*\] = {//; s/ };.*//" |
		sed 's/}, *{/},\n{/g'
}
# firsts: of rows the first text between quotes.
firsts() {
	sed -n 's/^[^"]*"\([^"]*\)".*/\1/p'
}
# section FILE NAME: the lines of a section.
section() {
	awk -v name="$2" '
		/^\.Sh / { inside = substr($0, 5) == name }
		inside' "$1"
}
# items MACRO: the arguments of ".It MACRO a , b Ar c": a and b, a line each.
items() {
	sed -n "s/^\.It $1 //p" | sed 's/ \(Ar\|Ta\|Ns\|Pq\) .*//' |
		sed 's/[ ,]\{1,\}/\n/g'
}
# same WHAT: $tmp/code and $tmp/man hold the same lines, in any order.
same() {
	sort -u "$tmp/code" >"$tmp/code.s"
	sort -u "$tmp/man" >"$tmp/man.s"
	[ -s "$tmp/code.s" ] || echo "$1: nothing found in the source"
	comm -23 "$tmp/code.s" "$tmp/man.s" |
		sed "s/^/$1: not in the manual: /"
	comm -13 "$tmp/code.s" "$tmp/man.s" |
		sed "s/^/$1: not in the program: /"
}

settings() {
	table src/config/config.c settings |
		sed -n 's/^[^"]*"\([^"]*\)",[^,]*,[^,]*, *\(NULL\|"\([^"]*\)"\),.*/\1 \2/p' |
		sed 's/"//g; s/ NULL$/ empty/; s/ $/ empty/' >"$tmp/code"
	awk '/^\.It Ic / { key = $3 }
		/^Default: / {
			sub(/^Default: /, ""); sub(/\.$/, ""); print key, $0
		}' src/man/qasid.yaml.5 >"$tmp/man"
	same 'qasid.yaml(5), key and default'
	items Ic <src/man/qasid.yaml.5 >"$tmp/man"
	table src/config/config.c settings | firsts >"$tmp/code"
	same 'qasid.yaml(5), key'
}

content() {
	section src/man/qasid-content.7 'FRONT MATTER' >"$tmp/section"
	table src/content/frontmatter.c keys | firsts >"$tmp/code"
	items Ic <"$tmp/section" | tr '[:upper:]' '[:lower:]' >"$tmp/man"
	same 'qasid-content(7), front matter'
	flat src/content/frontmatter.c |
		grep -oE 'nocase\(m->key, +SLICE_LIT\("[a-z_]+' |
		sed 's/.*"//' >"$tmp/code"
	items Cm <"$tmp/section" >"$tmp/man"
	same 'qasid-content(7), mapping in front matter'

	section src/man/qasid-content.7 CAPSULE.YAML >"$tmp/section"
	table src/content/catalog.c capsule_keys | firsts >"$tmp/code"
	items Ic <"$tmp/section" >"$tmp/man"
	same 'qasid-content(7), capsule.yaml'
	table src/content/catalog.c name_keys | firsts >"$tmp/code"
	items Cm <"$tmp/section" >"$tmp/man"
	same 'qasid-content(7), author, category or series'

	section src/man/qasid-content.7 WORDS >"$tmp/section"
	table src/render/words.c names | grep -oE '"[^"]+"' | tr -d '"' \
		>"$tmp/code"
	items Cm <"$tmp/section" >"$tmp/man"
	same 'qasid-content(7), word'
}

# What `qasid check` finds has a code: coded(d, "x"), fault(e, "x"), a phase.
codes() {
	for f in src/site/*.c src/content/*.c src/cmd/check.c; do
		flat "$f" | grep -oE \
			'(coded|fault|begin_phase)\([^)]*\)|code = [^;]*;' |
			grep -oE '"[a-z-]+"' || true
	done | tr -d '"' >"$tmp/code"
	section src/man/qasid-content.7 DIAGNOSTICS | items Cm >"$tmp/man"
	same 'qasid-content(7), code'
}

# COMMAND -x and COMMAND --long, a line each.
code_options() {
	for f in src/cmd/*.c; do
		command=${f##*/}
		command=${command%.c}
		command=${command%%_*}
		flat "$f" | grep -oE \
			'\{ +"[a-z0-9-]+", +(no|required|optional)_argument' |
			sed "s/[^\"]*\"\([^\"]*\)\".*/$command --\1/" || true
		# A table of flags with the settings they stand for.
		if grep -q ' flag_keys\[\] = {' "$f"; then
			table "$f" flag_keys | firsts |
				sed "s/^/$command --/"
		fi
		flat "$f" | grep -oE 'getopt_long\([^"]*"[a-zA-Z:]*"' |
			sed 's/.*("*//; s/[^"]*"//; s/[":]//g' | fold -w1 |
			sed -n "s/^[a-zA-Z]$/$command -&/p" || true
	done
}
man_options() {
	awk '/^\.Sh / { command = "" }
		/^\.Ss qasid / { command = $3 }
		/^\.It Fl / && command {
			for (i = 2; i < NF; i++)
				if ($i == "Fl")
					print command, "-" $(i + 1)
		}' src/man/qasid.1
}

command_line() {
	table src/main.c commands | firsts >"$tmp/code"
	sed -n 's/^\.Ss qasid //p' src/man/qasid.1 >"$tmp/man"
	same 'qasid(1), command'
	code_options >"$tmp/code"
	man_options >"$tmp/man"
	same 'qasid(1), option'
}

# one_string FILE: it on one line, literals that stand side by side joined, and
# \001 for a quote in one.
one_string() {
	flat "$1" | sed 's/\\"/\x01/g; s/" *"//g'
}
# Messages, a line each, with "*" for what varies.
without_names() {
	sed -E 's/\\\(dq|\\"|\x01/"/g; s/\\&//g
		s/%[-.*0-9]*(ll|l|z|h)?[a-z]/*/g; s/\<[A-Z]+\>/*/g
		s/\*+/*/g; s/ +$//' | grep '[a-z][a-z][a-z]'
}
# The longest piece between the asterisks of each line.
longest_piece() {
	awk -F'[*]' '{
		best = ""
		for (i = 1; i <= NF; i++) {
			gsub(/^[^A-Za-z]+|[^A-Za-z]+$/, "", $i)
			if (length($i) > length(best))
				best = $i
		}
		print best
	}'
}
# said PAGE SECTION: what a section says that the program says, it does say;
# the items are left in $tmp/items.
said() {
	section "src/man/$1" "$2" | sed -n 's/^\.It //p' |
		without_names | sort -u >"$tmp/items"
	[ -s "$tmp/items" ] || echo "$1, $2: no messages found"
	cat src/*/*.c >"$tmp/sources"
	one_string "$tmp/sources" | without_names >"$tmp/all"
	longest_piece <"$tmp/items" | while read -r piece; do
		grep -qF -- "$piece" "$tmp/all" ||
			echo "$1, $2: not in the program: $piece"
	done
}
server_words() {
	said qasid-operators.7 MESSAGES
	for f in src/server/*.c src/cert/cert.c src/net/listener.c; do
		one_string "$f" | grep -oE \
			'(log_say|log_err|err_set)\([^";]*"[^"]*"' |
			sed -E 's/^log_err[^"]*"(.*)"$/\1: %s/
				s/^[^"]*"(.*)"$/\1/' || true
	done | without_names | sort -u |
		comm -23 - "$tmp/items" |
		sed 's/^/qasid-operators(7): not in the manual: /'
}
operators() {
	section src/man/qasid-operators.7 'WHAT TO WATCH' >"$tmp/section"
	flat src/server/metrics.c | grep -oE '(head|single)\(out, *"[a-z_]+"' |
		sed 's/.*"\(.*\)"/qasid_\1/' >"$tmp/code"
	items Ic <"$tmp/section" >"$tmp/man"
	same 'qasid-operators(7), metric'
	table src/net/conn.c names | grep -oE '"[a-z_]+"' | tr -d '"' \
		>"$tmp/code"
	items Cm <"$tmp/section" >"$tmp/man"
	same 'qasid-operators(7), reason'
	sed -n 's/^.GEMINI_[A-Z_]* = \([0-9][0-9]\),.*/\1/p' \
		src/proto/gemini.h >"$tmp/code"
	section src/man/qasid-operators.7 'THE LOG' |
		sed -n 's/^\.It \([0-9][0-9]\)$/\1/p' >"$tmp/man"
	same 'qasid-operators(7), status'
	server_words
}

{
	settings
	content
	codes
	command_line
	operators
	said qasid-publishers.7 CHECKING
	for f in src/man/*.[157]; do
		grep -q '^\.Sh EXAMPLES' "$f" || echo "$f has no EXAMPLES"
	done
} >"$tmp/found"
# The pages refer to each other: mandoc looks for them in a tree of manuals.
for f in src/man/*.[157]; do
	install -D -m 644 "$f" "$tmp/tree/man${f##*.}/${f##*/}"
done
PATH=$PATH:/usr/sbin makewhatis "$tmp/tree"
MANPATH=$tmp/tree mandoc -Tlint -Wstyle src/man/*.[157] >>"$tmp/found" || true
cat "$tmp/found"
[ ! -s "$tmp/found" ]
