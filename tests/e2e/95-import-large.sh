#!/bin/sh
# A large export is imported in ordinary memory: four times its size and what
# any command needs.  `make import-large` does it with one of 100 MB.
set -eu
megabytes=${MEGABYTES:-24}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "FAILED: $*"
	tail -n 20 "$tmp/said" 2>/dev/null | sed 's/^/    /' || true
	exit 1
}

posts=$((megabytes * 5))
awk -v posts="$posts" 'BEGIN {
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss><channel>" \
		"<title>Large</title>" \
		"<wp:base_site_url>https://institute.example</wp:base_site_url>"
	for (i = 0; i < 2150; i++)
		text = text "<p>Water and <b>roads</b> of the district, see " \
			"<a href=\"https://example.org/\">there</a>.</p>\n"
	for (n = 1; n <= posts; n++)
		printf("<item><title>Post %d</title>" \
			"<link>https://institute.example/post-%d/</link>" \
			"<content:encoded><![CDATA[%s]]></content:encoded>" \
			"<wp:post_id>%d</wp:post_id>" \
			"<wp:post_date_gmt>2019-05-01 10:00:00</wp:post_date_gmt>" \
			"<wp:post_name>post-%d</wp:post_name>" \
			"<wp:status>publish</wp:status>" \
			"<wp:post_type>post</wp:post_type></item>\n",
			n, n, text, n, n)
	print "</channel></rss>"
}' >"$tmp/large.xml"
size=$(($(wc -c <"$tmp/large.xml") / 1000))
[ "$size" -ge $((megabytes * 990)) ] || fail "only $size kB were written"
# AddressSanitizer reserves 20 TB.
case $BUILD in
*asan*) set -- ;;
*) set -- prlimit --as=$(((size * 4 + 50000) * 1000)) ;;
esac
"$@" "$QASID" import wordpress "$tmp/large.xml" "$tmp/c" \
	>/dev/null 2>"$tmp/said" || fail "an export of $size kB is not imported"
grep -q "^$posts articles" "$tmp/said" || fail 'other counts'
[ "$(find "$tmp/c/articles" -type f | wc -l)" = "$posts" ] || fail 'posts lost'
echo "import-large: $size kB, fine"
