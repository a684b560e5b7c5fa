#!/bin/sh
# build.sh VERSION BUILD-DEPENDENCY...: makes .build/deb/qasid_VERSION_ARCH.deb
# from a copy of the sources and has lintian look at it.
set -eu
cd "$(dirname "$0")/../.."
version=$1
shift
top=$PWD/.build/deb
tree=$top/qasid-$version
rm -rf "$top"
mkdir -p "$tree/tests"
cp -a Makefile LICENSE README.md src "$tree/"
cp -a tests/lint "$tree/tests/"
mv "$tree/src/debian" "$tree/debian"
rm "$tree/debian/build.sh"

# Who and when as the last commit has it, so that a commit makes one package.
who='the Qasid authors <qasid@localhost.localdomain>' when=
if git rev-parse --git-dir >/dev/null 2>&1; then
	who=$(git log -1 --format='%an <%ae>')
	when=$(git log -1 --format=%cD)
fi
cat >"$tree/debian/changelog" <<END
qasid ($version) unstable; urgency=medium

  * Release $version.

 -- $who  ${when:-$(date -R)}
END
depends=$(printf '%s, ' "$@")
sed -i "s/@BUILD_DEPENDS@/${depends%, }/; s/@MAINTAINER@/$who/" \
	"$tree/debian/control"

(cd "$tree" && DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS:-parallel=2} \
	dpkg-buildpackage -us -uc -b >"$top/log" 2>&1) || {
	tail -n 40 "$top/log"
	exit 1
}
lintian --fail-on error --tag-display-limit 0 "$top"/*.changes
ls "$top"/qasid_"$version"_*.deb
