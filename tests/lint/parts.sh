#!/bin/sh
# parts.sh BUILD CC LDFLAGS SERVER_LIBS PUBLISHER_LIBS: links each half of the
# program whole, with nothing but its own libraries (DESIGN.md, "Shape"): the
# server without libmagic and md4c, the publisher without libssl.
set -eu
build=$1 cc=$2 ldflags=$3 server_libs=$4 publisher_libs=$5
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo 'int main(void) { return 0; }' >"$tmp/main.c"

half() { # half NAME LIBS LAYER...
	name=$1 libs=$2
	shift 2
	archives=
	for layer in "$@"; do
		a=$build/lib$layer.a
		[ ! -f "$a" ] || archives="$archives $a"
	done
	# shellcheck disable=SC2086 # lists of words
	$cc $ldflags -o "$tmp/$name" "$tmp/main.c" -Wl,--whole-archive \
		$archives -Wl,--no-whole-archive $build/libmarkdown.a \
		$build/libbase.a $libs || {
		echo "the $name does not link with its own libraries alone"
		exit 1
	}
}
# Of markdown the server has the sanitiser alone, which replies go through.
half server "$server_libs" server config cert net proto search store replies \
	base
half publisher "$publisher_libs" site config content markdown render search \
	store sync replies base
