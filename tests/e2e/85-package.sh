#!/bin/sh
# What an installation brings besides the program: a settings file with every
# key of qasid.yaml(5), which is right as it stands and with each # taken away.
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
echo 'package: fine'
