#include "base/buf.h"
#include "base/scan.h"

#include "base/marks.h"

const struct slice *
marks_text(const struct marks *m, char c)
{
	switch (c) {
	case MARK_HOST_PORT:
		return &m->host_port;
	case MARK_GOPHER:
		return &m->gopher;
	case MARK_GEMINI:
		return &m->gemini;
	default:
		return NULL;
	}
}

size_t
marks_find(struct slice s)
{
	size_t i = 0;

	for (;;) {
		while (i + SCAN_BYTES <= s.len &&
		    !scan_below(scan_load(s.ptr + i), MARK_GEMINI + 1))
			i += SCAN_BYTES;
		if (i == s.len ||
		    (s.ptr[i] >= MARK_HOST_PORT && s.ptr[i] <= MARK_GEMINI))
			return i;
		i++;
	}
}

void
marks_fill(struct buf *out, const struct marks *m, struct slice s)
{
	while (s.len) {
		size_t n = marks_find(s);

		buf_add(out, slice_upto(s, n));
		if (n < s.len)
			buf_add(out, *marks_text(m, s.ptr[n]));
		s = slice_from(s, n + 1);
	}
}

static size_t
add_url(struct buf *b, const char *scheme, const char *host, unsigned port,
    unsigned default_port)
{
	size_t start = b->len;

	buf_addf(b, "%s://%s", scheme, host);
	if (port != default_port)
		buf_addf(b, ":%u", port);
	return b->len - start;
}

int
marks_make(struct marks *m, struct buf *storage, const char *host,
    unsigned gemini_port, unsigned gopher_port)
{
	/* An IPv6 literal is bracketed in a URL and bare in a menu. */
	const char *open = strchr(host, ':') ? "[" : "";
	const char *close = *open ? "]" : "";
	size_t start = storage->len, a, b, c;
	struct buf url_host;

	buf_init(&url_host, 1024);
	buf_addf(&url_host, "%s%s%s", open, host, close);
	if (!buf_cstr(&url_host)) {
		buf_release(&url_host);
		return -1;
	}
	buf_addf(storage, "%s\t%u", host, gopher_port);
	a = storage->len - start;
	b = add_url(storage, "gopher", url_host.ptr, gopher_port, 70);
	c = add_url(storage, "gemini", url_host.ptr, gemini_port, 1965);
	buf_release(&url_host);
	if (buf_failed(storage))
		return -1;
	m->host_port = slice_make(storage->ptr + start, a);
	m->gopher = slice_make(storage->ptr + start + a, b);
	m->gemini = slice_make(storage->ptr + start + a + b, c);
	return 0;
}
