#include "base/buf.h"
#include "base/uri.h"
#include "proto/protocol.h"

#include "proto/gopher.h"

_Static_assert((int)GOPHER_LINE_MAX <= (int)PROTOCOL_REQUEST_MAX,
    "a request of Gopher finds no room");
_Static_assert((int)GOPHER_ERROR_MAX <= (int)PROTOCOL_HEAD_MAX,
    "an error of Gopher finds no room");

enum line_state
gopher_line(const char *bytes, size_t len, size_t *line_len)
{
	size_t n = slice_find(slice_make(bytes, len), '\n');

	if (n < len) {
		n -= n && bytes[n - 1] == '\r';
		*line_len = n;
		return n > GOPHER_SELECTOR_MAX ? LINE_BAD : LINE_WHOLE;
	}
	return len >= GOPHER_LINE_MAX ? LINE_BAD : LINE_MORE;
}

/* "GET /x HTTP/1.1" and its like, as browsers send to any port. */
static bool
is_http(struct slice s)
{
	static const char *const methods[] = { "GET ", "HEAD ", "POST ",
		"OPTIONS ", "CONNECT ", "PUT " };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct slice m = slice_cstr(methods[i]);

		if (!slice_starts(s, m))
			continue;
		for (size_t at = m.len; at + 6 <= s.len; at++)
			if (!memcmp(s.ptr + at, " HTTP/", 6))
				return true;
	}
	return false;
}

/* Nothing else is repeated to a browser: no script, no markup (rule 68). */
static bool
may_repeat(struct slice url)
{
	static const char *const schemes[] = { "http", "https", "gemini",
		"mailto" };
	struct uri uri;

	if (uri_parse(url, &uri) < 0)
		return false;
	if (slice_find(url, '\'') < url.len)
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (slice_eq_nocase(uri.scheme, slice_cstr(schemes[i])))
			return true;
	return false;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return true;
	return false;
}

void
gopher_parse(struct slice line, struct gopher_request *out)
{
	size_t tab = slice_find(line, '\t');
	struct slice url;

	*out = (struct gopher_request){ .kind = GOPHER_ITEM };
	out->selector = slice_upto(line, tab);
	if (tab < line.len) {
		out->has_search = true;
		out->search = slice_from(line, tab + 1);
	}
	if (has_control(out->selector)) {
		out->kind = GOPHER_BAD;
		return;
	}
	if (is_http(line)) {
		out->kind = GOPHER_HTTP;
		return;
	}
	/* UMN gopher asks this first and goes away when it is not understood. */
	if (out->selector.len <= 1 && out->search.len &&
	    out->search.ptr[0] == '$') {
		out->kind = GOPHER_INFO;
		return;
	}
	url = out->selector;
	if (slice_starts(url, SLICE_LIT("/")))
		url = slice_from(url, 1);
	if (slice_starts(url, SLICE_LIT("URL:"))) {
		out->selector = slice_from(url, 4);
		out->kind = may_repeat(out->selector) ? GOPHER_URL : GOPHER_BAD;
	}
}

static size_t
add(char *dst, size_t used, struct slice s)
{
	size_t n =
	    s.len < GOPHER_ERROR_MAX - used ? s.len : GOPHER_ERROR_MAX - used;

	if (n)
		memcpy(dst + used, s.ptr, n);
	return used + n;
}

size_t
gopher_error(char *dst, struct slice text, struct slice host_port)
{
	size_t used = add(dst, 0, SLICE_LIT("3"));

	used = add(dst, used, text);
	used = add(dst, used, SLICE_LIT("\t\t"));
	used = add(dst, used, host_port);
	return add(dst, used, SLICE_LIT("\r\n.\r\n"));
}

void
gopher_info(struct buf *out, struct slice host_port)
{
	buf_add_cstr(out, "+-1\r\n+INFO: 1Main menu\t\t");
	buf_add(out, host_port);
	buf_add_cstr(
	    out, "\r\n+VIEWS:\r\n application/gopher+-menu: <512b>\r\n.\r\n");
}

static void
add_html(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		switch (s.ptr[i]) {
		case '&':
			buf_add_cstr(out, "&amp;");
			break;
		case '<':
			buf_add_cstr(out, "&lt;");
			break;
		case '>':
			buf_add_cstr(out, "&gt;");
			break;
		case '"':
			buf_add_cstr(out, "&quot;");
			break;
		case '\'':
			buf_add_cstr(out, "&#39;");
			break;
		default:
			buf_add_char(out, s.ptr[i]);
		}
}

static void
add_link(struct buf *out, struct slice url, const char *path)
{
	buf_add_cstr(out, "<a href=\"");
	add_html(out, url);
	buf_addf(out, "%s\">", path);
	add_html(out, url);
	buf_addf(out, "%s</a>", path);
}

void
gopher_url_page(struct buf *out, struct slice url)
{
	buf_add_cstr(out,
	    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"refresh\" content=\"5; url=");
	add_html(out, url);
	buf_add_cstr(out,
	    "\">\n<title>A link</title></head>\n<body><p>This link leads out "
	    "of Gopher: ");
	add_link(out, url, "");
	buf_add_cstr(out, "</p></body></html>\n");
}

void
gopher_http_page(
    struct buf *out, struct slice gopher_url, struct slice gemini_url)
{
	buf_add_cstr(out,
	    "HTTP/1.0 400 Not a web server\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Connection: close\r\n\r\n"
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Gopher</title>\n"
	    "<meta name=\"viewport\" content=\"width=device-width\"></head>\n"
	    "<body><p>This is a Gopher server, not a website: its pages are "
	    "texts that load fast on a slow link. They are at</p>\n<p>");
	add_link(out, gopher_url, "/");
	buf_add_cstr(out, "<br>\n");
	add_link(out, gemini_url, "/");
	buf_add_cstr(out,
	    "</p>\n<p>A program that reads both is Lagrange, for telephones "
	    "and computers; in a terminal, Bombadillo.</p></body></html>\n");
}

static size_t
say(char *dst, enum gemini_status status, struct slice text,
    struct slice host_port)
{
	(void)status;
	return gopher_error(dst, text, host_port);
}

const struct protocol gopher_protocol = {
	.name = "gopher",
	.title = "Gopher",
	.store = 'o',
	.is_usual = true,
	.port = GOPHER_PORT,
	.elsewhere = GOPHER_ELSEWHERE,
	.tls = PROTOCOL_TLS_IF_ASKED,
	.request_max = GOPHER_LINE_MAX,
	.line = gopher_line,
	.refusal = "Not a selector of this server; "
		   "the empty selector leads to the main menu",
	.say = say,
};
