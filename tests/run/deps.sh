#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages that are missing, by apt.
set -eu
missing=
for p in "$@"; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null 2>&1; then
	sudo=sudo
else
	echo "missing packages, and no right to install them:$missing" >&2
	echo "as root: apt-get install$missing" >&2
	exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
$sudo apt-get install -y -q --no-install-recommends $missing >&2 || {
	$sudo apt-get update -q >&2
	$sudo apt-get install -y -q --no-install-recommends $missing >&2
}
