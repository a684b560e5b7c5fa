#!/bin/sh
# make.sh bash|fish QASID: prints completions for that shell, made of what
# "qasid help" and the manual pages say, which lint holds to the program: an
# option that is in qasid(1) is completed.
set -eu
shell=$1
qasid=$(realpath "$2")
cd "$(dirname "$0")/../man"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# commands: NAME TAB HELP.
"$qasid" help | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1\t\2/p' >"$tmp/commands"
[ -s "$tmp/commands" ]
# facts, fields by tabs: "sub COMMAND WORD"; "option COMMAND -x ARGUMENT", the
# argument being what qasid(1) calls it, or empty; "words COMMAND -x A B ...".
awk '
	BEGIN { OFS = "\t" }
	/^\.Sh / { synopsis = $2 == "SYNOPSIS"; command = "" }
	synopsis && $1 == ".Nm" { command = "" }
	synopsis && $1 == ".Cm" && command != "" {
		if (NF == 2 || $3 == "|")
			for (i = 2; i <= NF; i += 2) print "sub", command, $i
		else
			print "sub", command, $2
	}
	synopsis && $1 == ".Cm" && command == "" {
		command = $2
		if (NF > 2) print "sub", command, $3
	}
	synopsis && command != "" {
		for (i = 1; i < NF - 1; i++)
			if ($i ~ /^\.?Fl$/ && $(i + 2) == "Cm") {
				words = $(i + 3)
				for (k = i + 4; k < NF && $k == "|"; k += 2)
					words = words " " $(k + 1)
				print "words", command, "-" $(i + 1), words
			}
	}
	/^\.Ss qasid / { command = $3 }
	/^\.It Fl / && command != "" && !synopsis {
		for (i = NF - 1; i > 1; i--) {
			if ($i != "Fl") continue
			# "Fl o , Fl -output Ar file": both take it.
			if ($(i + 2) == "Ar") arg = $(i + 3)
			else if ($(i + 2) != ",") arg = ""
			print "option", command, "-" $(i + 1), arg
		}
	}' qasid.1 | sort -u >"$tmp/facts"
sed -n 's/^\.It Ic \([a-z_.]*\) Ar .*/\1=/p' qasid.yaml.5 >"$tmp/keys"

# kinds: "COMMAND -x KIND WORDS": what completes the argument; KIND is none,
# dirs, files or words.
awk -F '\t' -v OFS='\t' -v keys="$(tr '\n' ' ' <"$tmp/keys")" '
	$1 == "words" { words[$2, $3] = $4 }
	$1 == "option" { order[++n] = $2 OFS $3; of[$2, $3] = $4 }
	END {
		for (i = 1; i <= n; i++) {
			split(order[i], a, OFS)
			arg = of[a[1], a[2]]
			kind = "none"
			if ((a[1], a[2]) in words) kind = "words"
			else if (arg ~ /^(dir|folder|mirror|content)$/)
				kind = "dirs"
			else if (arg ~ /^(file|path)$/) kind = "files"
			else if (arg == "") kind = "flag"
			w = words[a[1], a[2]]
			if (a[2] == "--set") { kind = "words"; w = keys }
			print a[1], a[2], kind, w
		}
	}' "$tmp/facts" >"$tmp/kinds"

bash_completions() {
	cat <<'END'
# Completions of qasid(1) for bash, made from its manual.
_qasid() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words='' kind=files
	if [ "$COMP_CWORD" = 1 ]; then
END
	printf "\t\twords='%s' kind=words\n\telse\n\tcase \"\$command \$prev\" in\n" \
		"$(cut -f1 "$tmp/commands" | tr '\n' ' ')help"
	awk -F '\t' '$3 != "flag" {
		printf "\t\"%s %s\") kind=%s words=\"%s\" ;;\n", $1, $2, $3, $4
	}' "$tmp/kinds"
	printf '\t*) case "%s" in\n' "\$command \$cur"
	awk -F '\t' '{ all[$1] = all[$1] " " $2 }
		END { for (c in all)
			printf "\t\"%s -\"*) kind=words words=\"%s\" ;;\n",
			    c, substr(all[c], 2) }' "$tmp/kinds" | sort
	awk -F '\t' '$1 == "sub" { all[$2] = all[$2] " " $3 }
		END { for (c in all)
			printf "\t\"%s \"*) [ \"$COMP_CWORD\" != 2 ] || " \
			    "kind=words words=\"%s\" ;;\n",
			    c, substr(all[c], 2) }' "$tmp/facts" | sort
	cat <<'END'
	esac ;;
	esac
	fi
	case $kind in
	none) COMPREPLY=() ;;
	words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
	dirs | files)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -"${kind:0:1}" -- "$cur")
		;;
	esac
	case ${COMPREPLY[0]-} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -F _qasid qasid
END
}

fish_completions() {
	echo '# Completions of qasid(1) for fish, made from its manual.'
	awk -F '\t' '{
		gsub(/\x27/, "\\\x27", $2)
		printf "complete -c qasid -n __fish_use_subcommand -f -a %s" \
		    " -d \x27%s\x27\n", $1, $2
	}' "$tmp/commands"
	awk -F '\t' '$1 == "sub" {
		printf "complete -c qasid -n \x27__fish_seen_subcommand_from" \
		    " %s\x27 -f -a %s\n", $2, $3
	}' "$tmp/facts"
	awk -F '\t' '
		BEGIN { how["flag"] = ""; how["none"] = " -x"
			how["files"] = " -r -F"
			how["dirs"] = " -x -a \x27(__fish_complete_directories)\x27" }
		{
			name = $2
			form = "-s"
			if (sub(/^--/, "", name)) form = "-l"
			sub(/^-/, "", name)
			how["words"] = " -x -a \x27" $4 "\x27"
			printf "complete -c qasid -n" \
			    " \x27__fish_seen_subcommand_from %s\x27 %s %s%s\n",
			    $1, form, name, how[$3]
		}' "$tmp/kinds"
}

case $shell in
bash) bash_completions ;;
fish) fish_completions ;;
*)
	echo "make.sh: no completions for $shell" >&2
	exit 2
	;;
esac
