#include "base/buf.h"
#include "base/uri.h"

#include "site/offline_text.h"

enum {
	URL_MAX = 64 * 1024 /* bytes */
};

/* `to`, a path below the root of the copy, seen from the file `path`. */
static void
add_relative(struct buf *out, struct slice path, struct slice to)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '/')
			buf_add_cstr(out, "../");
	uri_encode(out, to);
}

/* Appends what `url`, which has no scheme, is in the copy. */
static void
add_target(struct buf *out, struct slice url, struct slice address,
    struct slice path, const struct offline_links *links)
{
	struct uri base, ref;
	struct slice found = SLICE_NONE, whole;
	struct buf absolute, plain;
	long len;

	buf_init(&absolute, URL_MAX);
	buf_init(&plain, URL_MAX);
	if (uri_parse(address, &base) < 0 || uri_parse(url, &ref) < 0) {
		buf_add(out, url);
		goto out;
	}
	uri_resolve(&absolute, &base, &ref);
	whole = buf_slice(&absolute);
	whole = slice_upto(whole, slice_find(whole, '?'));
	if (buf_reserve(&plain, whole.len + 1) == 0 &&
	    (len = uri_decode(whole, plain.ptr)) > 0)
		found =
		    links->find(links->ctx, slice_make(plain.ptr, (size_t)len));
	if (found.len) {
		add_relative(out, path, found);
	} else {
		buf_add_cstr(out, "gemini://");
		buf_add(out, links->host);
		buf_add(out, buf_slice(&absolute));
	}
out:
	if (buf_failed(&absolute) || buf_failed(&plain))
		out->failed = true;
	buf_release(&absolute);
	buf_release(&plain);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether `url` is neither relative nor an absolute path of ours. */
static bool
is_foreign(struct slice url)
{
	struct uri u;

	return uri_parse(url, &u) < 0 || u.scheme.len || u.has_authority;
}

static void
add_link(struct buf *out, struct slice line, struct slice address,
    struct slice path, const struct offline_links *links)
{
	size_t start = 2, end;
	struct slice url;

	while (start < line.len && is_blank(line.ptr[start]))
		start++;
	for (end = start; end < line.len && !is_blank(line.ptr[end]);)
		end++;
	url = slice_make(line.ptr + start, end - start);
	if (!url.len || is_foreign(url)) {
		buf_add(out, line);
		return;
	}
	buf_add_cstr(out, "=> ");
	add_target(out, url, address, path, links);
	buf_add(out, slice_from(line, end));
}

void
offline_text(struct buf *out, struct slice page, struct slice address,
    struct slice path, const struct offline_links *links)
{
	bool code = false;

	while (page.len) {
		size_t len = slice_find(page, '\n');
		struct slice line = slice_upto(page, len);

		if (slice_starts(line, SLICE_LIT("```")))
			code = !code;
		if (!code && slice_starts(line, SLICE_LIT("=>")))
			add_link(out, line, address, path, links);
		else
			buf_add(out, line);
		buf_add_char(out, '\n');
		page = slice_from(page, len + 1);
	}
}
