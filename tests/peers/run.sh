#!/bin/sh
# run.sh: Debian's gophernicus and molly-brown serve an export, and send what we
# send: a content with lines that begin with each character to which gophernicus
# gives a meaning, and the project's own.
# shellcheck disable=SC1091,SC2154,SC2119,SC2016 # server.sh sets them; Markdown
set -eu
: "${BUILD:?}" "${TOP:?}" "${QASID:?}"
. "$TOP/tests/e2e/server.sh"
inetd='' molly=''
end_peers() {
	for p in $inetd $molly; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	inetd='' molly=''
	[ -z "$pid" ] || stop
}
trap 'end_peers; clean_up' EXIT

for program in gophernicus molly-brown; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
		fail "$program is not installed: make peers installs it"
done
gophernicus=$(PATH=$PATH:/usr/sbin command -v gophernicus)

make_content() { # lines and links that begin with each of them
	mkdir -p "$work/starts/articles"
	printf 'title: "# Starts"\nhost: %s\n' "$host" \
		>"$work/starts/capsule.yaml"
	{
		printf -- '---\ntitle: "* starts"\ndate: 2026-01-31\n---\n'
		for c in '#' '*' . - : = ! '~' %; do
			printf '\\%s begins a line\n\n\\%s\n\n' "$c" "$c"
			printf '[%s a link](https://example.org/)\n\n' "$c"
			printf '```\n%s code\n%s\n```\n\n' "$c" "$c"
			printf '> \\%s quoted\n\n- \\%s item\n\n' "$c" "$c"
		done
	} >"$work/starts/articles/starts.md"
}

serve_peers() {
	rm -f "$work/inetd.ready"
	"$BUILD/e2e/inetd" "$work/inetd.ready" "$gophernicus" -nr -nm -ns -nh \
		-nf -nv -nx -h "$host" -p "$gopher_port" -r "$work/out/gopher" \
		2>>"$work/log" &
	inetd=$!
	"$slowpeer" await "$work/inetd.ready" $inetd || fail 'no gophernicus'
	gophernicus_port=$(cat "$work/inetd.ready")
	molly_port=$("$BUILD/e2e/inetd" port)
	cat >"$work/molly.conf" <<-END
		Port = $molly_port
		Hostname = "$host"
		CertPath = "$work/certs/$host.crt"
		KeyPath = "$work/certs/$host.key"
		DocBase = "$work/out/gemini"
		GeminiExt = "gmi"
		AccessLog = "$work/molly.access"
		ErrorLog = "$work/molly.error"
	END
	molly-brown -c "$work/molly.conf" >>"$work/log" 2>&1 &
	molly=$!
	until gemini_get "$molly_port" / >/dev/null 2>&1; do
		kill -0 $molly || fail "molly-brown ended"
	done
}
gemini_get() { # gemini_get PORT PATH: header and body
	timeout 20 "$QASID" get -i --known "$work/known-$1" \
		--connect "127.0.0.1:$1" "gemini://$host:$1$2"
}
gopher_get() { # gopher_get PORT SELECTOR
	curl -sS --max-time 20 "gopher://127.0.0.1:$1/1$2"
}

# Each page over both protocols, from the peer and from us.
compare() {
	n=0
	"$QASID" get --store "$work/store" --list >"$work/list"
	while IFS='	' read -r key kind media size; do
		[ "$kind" = page ] || continue
		address=${key#?}
		case $key in
		g*)
			gemini_get "$molly_port" "$address" >"$work/peer"
			gemini_get "$gemini" "$address" >"$work/ours"
			head -n 1 "$work/peer" | grep -q "^20 $media" ||
				case $media in
				text/gemini) fail "$key: $(head -n 1 "$work/peer")" ;;
				esac
			sed 1d "$work/peer" >"$work/a"
			sed 1d "$work/ours" >"$work/b"
			;;
		*)
			gopher_get "$gophernicus_port" "$address" >"$work/a"
			gopher_get "$gopher" "$address" >"$work/b"
			# Gemtext has LF with us, CR LF with gophernicus.
			[ "$media" != text/gemini ] || {
				tr -d '\r' <"$work/a" >"$work/c"
				mv "$work/c" "$work/a"
			}
			;;
		esac
		cmp "$work/a" "$work/b" || {
			diff -a "$work/a" "$work/b" | head -5
			fail "$key ($size bytes) is another"
		}
		n=$((n + 1))
	done <"$work/list"
}

check() { # check CONTENT
	rm -rf "$work/store"
	"$QASID" build "$1" --store "$work/store" 2>"$work/build.log" || {
		cat "$work/build.log"
		fail "$1 does not build"
	}
	serve
	# Links in what a peer serves lead to us: one host and port in both.
	gopher_port=$gopher
	"$QASID" export --store "$work/store" --host "$host" \
		--gemini-port "$gemini" --gopher-port "$gopher" "$work/out" \
		2>"$work/build.log" || fail "$(cat "$work/build.log")"
	serve_peers
	compare
	echo "$n pages of ${1##*/}: the same from gophernicus, molly-brown, us"
}

make_content
check "$work/starts"
for c in '#' '*' . - : = ! '~' %; do
	gopher_get "$gophernicus_port" /articles/starts >"$work/a"
	grep -qaF "i$c begins a line	" "$work/a" || fail "lost: $c begins a line"
	grep -qaF "i$c	" "$work/a" || fail "lost: a line of $c alone"
	grep -qaF "h$c a link	" "$work/a" || fail "lost: the link of $c"
done
end_peers
check "$TOP/content"
end_peers
echo 'peers: fine'
