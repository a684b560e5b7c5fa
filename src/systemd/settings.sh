#!/bin/sh
# settings.sh QASID: the settings file of an installed server, made of what the
# program itself knows (qasid check -c): every key with its help and default,
# as a comment but for those that the units need.
set -eu
qasid=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" # no folder "content" to be checked as well
# The keys in use, and an example of what has to be set.
cat >used.yaml <<'END'
store:
  folder: /var/lib/qasid/store
hosts: [capsule.example.org]
certs: /var/lib/qasid/certs
status:
  socket: /run/qasid/status
END
used='store store.folder certs status status.socket'
cat <<'END'
# Settings of qasid serve; see qasid.yaml(5).
#
# A line that begins with # and a key shows what holds without it; take the #
# away, from the line of its group too, to change it. What is wrong here:
#
#	qasid serve -c /etc/qasid/qasid.yaml --check
#
# After a change: systemctl reload qasid. As long as systemd passes the sockets
# (qasid.socket, qasid-gopher.socket), "listen" and "user" are not looked at.
#
# One key has to be set: hosts, the names that readers type.

END
"$qasid" check -c used.yaml >all.yaml
awk -v used="$used" '
	BEGIN { n = split(used, words, " ")
		for (i = 1; i <= n; i++) in_use[words[i]] = 1 }
	!/^ *[a-z_]+:/ { exit 1 }
	{ key = $1; sub(/:.*/, "", key)
		if (!/^ /) group = key
		else key = group "." key
		print (key in in_use ? "" : "#") $0; lines++ }
	END { exit !lines }' all.yaml
