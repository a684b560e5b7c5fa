#!/bin/sh
# What an installation brings besides the program: a settings file with every
# key of qasid.yaml(5), which is right as it stands and with each # taken away;
# completions for bash and fish of every command and option.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	sed 's/^/    /' "$tmp/out" 2>/dev/null || true
	exit 1
}
prefix=$tmp/usr
make -C "$TOP" -s -o all -o "$QASID" install QASID="$QASID" \
	PREFIX="$prefix" >"$tmp/out" 2>&1 || fail 'no installation'
cd "$tmp"

# --- settings
file=$prefix/share/doc/qasid/qasid.yaml
sed 's/^#\( *[a-z_]*:\)/\1/' "$file" >all.yaml
for f in "$file" all.yaml; do
	"$QASID" check -c "$f" >out 2>&1 || fail "${f##*/} is no settings file"
done
# Dotted keys: of the file, of the manual, which lint holds to the program's.
awk '/^[a-z_]+:/ { group = $1; sub(/:.*/, "", group) }
	/^[a-z_]+: [^#]/ { print group }
	/^ +[a-z_]+:/ { key = $1; sub(/:.*/, "", key); print group "." key }' \
	all.yaml | sort >keys
sed -n 's/^\.It Ic \([a-z_.]*\) Ar .*/\1/p' "$TOP/src/man/qasid.yaml.5" |
	sort >wanted
[ -s wanted ] || fail 'no keys in the manual'
diff wanted keys >out || fail 'other keys than the manual has'
# What it sets is where the units and the package put things.
grep -v '^ *#' "$file" | grep . | sed 's/ *#.*//' >own.txt
cat >out <<'END'
store:
  folder: "/var/lib/qasid/store"
certs: "/var/lib/qasid/certs"
status:
  socket: "/run/qasid/status"
END
cmp -s out own.txt || fail "other settings: $(cat own.txt)"
# The name is all that is missing, and its line is there to be changed.
code=0
"$QASID" serve -c "$file" --check >out 2>&1 || code=$?
[ $code = 1 ] || fail "it serves without a name: $code"
grep -q 'host' out || fail 'no word of the name'
sed 's/^#hosts: .*/hosts: [institute.example]/' "$file" >own.yaml
"$QASID" check -c own.yaml | grep -q '^hosts: \["institute.example"\]' ||
	fail 'no line for the name'

# --- completions
cat >ask.bash <<'END'
# ask.bash FILE WORD...: what completes the last word.
. "$1"
shift
COMP_WORDS=(qasid "$@") COMP_CWORD=$#
_qasid
printf '%s\n' "${COMPREPLY[@]}"
END
fish=$prefix/share/fish/vendor_completions.d/qasid.fish
completed() { # completed ANSWERS WORD...: what the last word may become
	wanted=$1
	shift
	bash ask.bash "$prefix/share/bash-completion/completions/qasid" "$@" |
		sort | tr '\n' ' ' >out
	[ "$(cat out)" = "$wanted " ] || fail "completed otherwise: $*"
}
echo help >help
"$QASID" help | sed -n 's/^  \([a-z]*\) .*/\1/p' | cat - help |
	sort | tr '\n' ' ' | sed 's/ $//' >commands
completed "$(cat commands)" ''
tr ' ' '\n' <commands | while read -r c; do
	grep -q "__fish_use_subcommand -f -a $c " "$fish" || [ "$c" = help ] ||
		fail "fish: no $c"
done
mkdir -p sub/one
: >sub/two
completed build bu
completed gemini build --stdout ge
completed --store build --sto
completed sub/one build --store sub/
completed 'sub/one sub/two' build --sync-key sub/
completed '' build --jobs 1
completed 'limits.stall= limits.stop=' serve --set limits.st
completed wordpress import w
completed sub/two get -o sub/t
# Each option that the manual names, for its command.
awk '/^\.Ss qasid / { command = $3 }
	/^\.Sh / { command = "" }
	/^\.It Fl / && command {
		for (i = 2; i < NF; i++)
			if ($i == "Fl") print command, "-" $(i + 1) }' \
	"$TOP/src/man/qasid.1" >options
[ "$(wc -l <options)" -gt 80 ] || fail 'no options in the manual'
sed 's/^\([a-z]*\) --/\1 -l /; s/^\([a-z]*\) -\([a-z]\)$/\1 -s \2/' options |
	while read -r command kind name; do
		grep -qE "_from $command' $kind $name( |\$)" "$fish" ||
			fail "fish: no $command $kind $name"
	done
while read -r command option; do
	bash ask.bash "$prefix/share/bash-completion/completions/qasid" \
		"$command" "$option" | grep -qxF -- "$option" ||
		fail "bash: no $command $option"
done <options
if command -v fish >/dev/null; then
	fish --no-execute "$fish" >out 2>&1 || fail 'fish does not read it'
fi
echo 'package: fine'
