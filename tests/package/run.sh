#!/bin/sh
# run.sh DEB [ROOT]: the package in a bare Debian 12: installed, a capsule over
# both protocols in five commands and three minutes, an upgrade under load
# without one request lost, removed, installed again, purged.  Needs root; apt
# needs its archive.  ROOT is a clean root as debootstrap leaves it, of which a
# copy is used; without it debootstrap makes one.
set -eu
deb=$1 pristine=${2-} host=capsule.example.org
: "${QASID_PACKAGE_WORK:=}"

fail() {
	echo "FAILED: $*"
	[ ! -f "$work/said" ] || tail -n 30 "$work/said" | sed 's/^/    /'
	exit 1
}
say() {
	printf '%s\n' "$*"
}
# c COMMAND...: in the root; what it says is kept.
c() {
	LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" \
		>"$work/said" 2>&1
}
version() {
	# shellcheck disable=SC2016 # dpkg-query's
	c dpkg-query -W -f '${Version} ${db:Status-Status}' qasid || return 1
	cat "$work/said"
}

# --- first, with the network: a root, and what the package depends on
if [ -z "$QASID_PACKAGE_WORK" ]; then
	[ "$(id -u)" = 0 ] || {
		echo 'make deb-test needs root' >&2
		exit 1
	}
	[ -s "$deb" ] || {
		echo "no package $deb" >&2
		exit 1
	}
	work=$(mktemp -d)
	root=$work/root
	trap 'rm -rf --one-file-system "$work"' EXIT
	trap 'exit 1' INT TERM
	if [ -n "$pristine" ]; then
		cp -a "$pristine" "$root"
	else
		say 'debootstrap makes a root'
		debootstrap --variant=minbase bookworm "$root" \
			>"$work/said" 2>&1 || fail 'no root'
	fi
	# The package before this one: the same, but for its number.
	dpkg-deb -R "$deb" "$work/old"
	sed -i 's/^Version: .*/Version: 0.0.1/' "$work/old/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$work/old" "$root/tmp/old.deb" \
		>"$work/said"
	cp "$deb" "$root/tmp/new.deb"
	c apt-get -q update || fail 'no archive'
	c apt-get -q install -y --download-only ./tmp/old.deb ||
		fail 'what it depends on cannot be had'
	# Then on a network of its own, where all ports are free, and with a
	# /proc that goes with the processes.
	QASID_PACKAGE_WORK=$work unshare --net --mount sh "$0" "$@"
	exit
fi

# --- without one
work=$QASID_PACKAGE_WORK
root=$work/root
server='' load=''
clean_up() {
	for p in $server $load; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
}
trap clean_up EXIT
trap 'exit 1' INT TERM
ip link set lo up
mount -t proc proc "$root/proc"
echo "127.0.0.1 localhost $host" >"$root/etc/hosts"
find "$root" -xdev -name '*qasid*' -printf '/%P\n' | sort >"$work/before"
start=$(date +%s)

# --- the five commands
c apt-get -q install -y ./tmp/old.deb || fail 'not installed'
c qasid init --host $host /srv/capsule || fail 'no content'
c qasid cert --host $host --dir /var/lib/qasid/certs || fail 'no certificate'
c qasid build --store /var/lib/qasid/store /srv/capsule || fail 'no edition'
serve() {
	rm -f "$root/tmp/ready"
	chroot "$root" qasid serve -c /etc/qasid/qasid.yaml --host $host \
		--ready /tmp/ready >"$work/log" 2>&1 &
	server=$!
	until [ -e "$root/tmp/ready" ]; do
		kill -0 $server || fail "it does not serve: $(cat "$work/log")"
	done
}
serve
reads() { # both protocols have the sample article
	c qasid get "gemini://$host/articles/welcome.gmi" || fail 'no Gemini'
	grep -q '^# Welcome' "$work/said" || fail 'another page'
	c qasid get "gopher://$host/0/articles/welcome.txt" || fail 'no Gopher'
	grep -q '^Welcome' "$work/said" || fail 'another text'
}
reads
took=$(($(date +%s) - start))
[ $took -lt 180 ] || fail "five commands took $took s"
say "five commands: $took s, without downloads"

# --- what is installed
[ "$(version)" = '0.0.1 installed' ] || fail "$(version)"
for f in usr/bin/qasid usr/bin/qasid-sync etc/qasid/qasid.yaml \
	lib/systemd/system/qasid.service lib/systemd/system/qasid.socket \
	lib/systemd/system/qasid-gopher.socket \
	lib/systemd/system/qasid-publish.service \
	lib/systemd/system/qasid-sync.timer \
	usr/share/bash-completion/completions/qasid \
	usr/share/fish/vendor_completions.d/qasid.fish; do
	[ -s "$root/$f" ] || fail "not installed: $f"
done
[ -z "$(find "$root/etc/systemd" -name '*qasid*')" ] || fail 'a unit is enabled'
user=$(sed -n 's/^_qasid:x:\([0-9]*\):.*/\1/p' "$root/etc/passwd")
[ -n "$user" ] || fail 'no user'
for f in certs/$host.key store/data.mdb store/lock.mdb; do
	[ "$(stat -c %u "$root/var/lib/qasid/$f")" = "$user" ] ||
		fail "not the server's: $f"
done
grep -q 'user _qasid' "$work/log" || fail 'its workers are somebody else'
key=$(sha256sum "$root/var/lib/qasid/certs/$host.key")

# --- an upgrade under load, settings changed before it
sed -i "s/^#hosts:.*/hosts: [$host]/" "$root/etc/qasid/qasid.yaml"
cp "$root/etc/qasid/qasid.yaml" "$work/settings"
# The readers' program is none that an upgrade changes.
cp "$root/usr/bin/qasid" "$root/tmp/reader"
: >"$work/asked"
: >"$work/lost"
for url in "gemini://$host/articles/welcome.gmi" \
	"gopher://$host/0/articles/welcome.txt"; do
	while [ ! -e "$work/enough" ]; do
		timeout 60 chroot "$root" /tmp/reader get "$url" \
			>/dev/null 2>>"$work/lost" || echo "$url" >>"$work/lost"
		echo "$url" >>"$work/asked"
	done &
	load="$load $!"
done
more() { # N: until so many more were answered
	until=$(($(wc -l <"$work/asked") + $1))
	while [ "$(wc -l <"$work/asked")" -lt $until ]; do :; done
}
more 20
c apt-get -q install -y ./tmp/new.deb || fail 'no upgrade'
more 20
# As the package does where there is systemd.
kill -USR2 $server
tries=0
until grep -q 'upgraded' "$work/log"; do
	tries=$((tries + 1))
	[ $tries -lt 600 ] || fail "it did not change: $(cat "$work/log")"
	kill -0 $server || fail 'it ended'
	more 1
done
more 40
: >"$work/enough"
for p in $load; do
	wait "$p" || true
done
load=''
[ ! -s "$work/lost" ] || fail "lost: $(sort "$work/lost" | uniq -c)"
say "an upgrade: none of $(wc -l <"$work/asked") requests lost"
case $(version) in
0.0.1*) fail 'still the old one' ;;
*' installed') ;;
*) fail "$(version)" ;;
esac
cmp -s "$work/settings" "$root/etc/qasid/qasid.yaml" ||
	fail 'the settings are others'
[ "$(sha256sum "$root/var/lib/qasid/certs/$host.key")" = "$key" ] ||
	fail 'another key'
reads
kill $server
wait $server || fail 'it did not end well'
server=''

# --- removed, and back
c apt-get -q remove -y qasid || fail 'not removed'
[ ! -e "$root/usr/bin/qasid" ] || fail 'the program is still there'
cmp -s "$work/settings" "$root/etc/qasid/qasid.yaml" ||
	fail 'removing took the settings'
c apt-get -q install -y ./tmp/new.deb || fail 'not installed again'
serve
reads # which remembers the certificate
kill $server
wait $server || true
server=''

# --- purged: the keys stay, the rest goes
c apt-get -q purge -y qasid || fail 'not purged'
grep -q 'kept: /var/lib/qasid' "$work/said" || fail 'not said what stays'
[ ! -e "$root/etc/qasid" ] || fail 'settings are left'
[ ! -e "$root/var/lib/qasid/store" ] || fail 'the store is left'
[ "$(sha256sum "$root/var/lib/qasid/certs/$host.key")" = "$key" ] ||
	fail 'the key is lost'
rm -r "$root/var/lib/qasid" "$root/root/.local"
find "$root" -xdev -name '*qasid*' -printf '/%P\n' | sort |
	comm -13 "$work/before" - >"$work/left"
[ ! -s "$work/left" ] || fail "left: $(cat "$work/left")"
# Installed and purged without ever being used: nothing at all is left.
c apt-get -q install -y ./tmp/new.deb || fail 'not installed a third time'
c apt-get -q purge -y qasid || fail 'not purged'
[ ! -e "$root/var/lib/qasid" ] || fail 'folders are left'
say 'installed, upgraded, removed, purged: fine'
