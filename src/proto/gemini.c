#include "base/uri.h"
#include "proto/protocol.h"

#include "proto/gemini.h"

_Static_assert((int)GEMINI_LINE_MAX <= (int)PROTOCOL_REQUEST_MAX,
    "a request of Gemini finds no room");
_Static_assert((int)GEMINI_HEADER_MAX <= (int)PROTOCOL_HEAD_MAX,
    "a head of Gemini finds no room");

enum line_state
gemini_line(const char *bytes, size_t len, size_t *line_len)
{
	struct slice s = slice_make(bytes, len);
	size_t cr = slice_find(s, '\r');

	/* One LF before any CR is the end of no request. */
	if (slice_find(slice_upto(s, cr), '\n') < cr)
		return LINE_BAD;
	if (cr + 1 < len) {
		if (bytes[cr + 1] != '\n' || cr > GEMINI_URI_MAX)
			return LINE_BAD;
		*line_len = cr;
		return LINE_WHOLE;
	}
	return len >= GEMINI_LINE_MAX ? LINE_BAD : LINE_MORE;
}

enum gemini_status
gemini_path(char *path, size_t len, struct slice *out)
{
	bool above;
	size_t n;

	if (!uri_decode_path(slice_make(path, len), path, &n))
		return GEMINI_NOT_FOUND;
	n = uri_remove_dots(path, n, &above);
	if (above)
		return GEMINI_NOT_FOUND;
	*out = slice_make(path, n);
	return GEMINI_SUCCESS;
}

enum gemini_status
gemini_parse(char *line, size_t len, struct gemini_request *out)
{
	static const char root[] = "/";
	struct uri uri;

	if (uri_parse(slice_make(line, len), &uri) < 0 || !uri.scheme.len)
		return GEMINI_BAD_REQUEST;
	out->port = uri_port(&uri, GEMINI_PORT);
	if (out->port < 0)
		return GEMINI_BAD_REQUEST;
	if (uri.has_userinfo || uri.has_fragment)
		return GEMINI_BAD_REQUEST;
	if (!slice_eq_nocase(uri.scheme, SLICE_LIT("gemini")))
		return GEMINI_PROXY_REFUSED;
	if (!uri.host.len)
		return GEMINI_BAD_REQUEST;
	out->host = uri.host;
	out->query = uri.query;
	out->has_query = uri.has_query;
	out->is_plain = false;
	out->path = slice_make(root, 1);
	if (!uri.path.len)
		return GEMINI_SUCCESS;
	return gemini_path(
	    line + (uri.path.ptr - line), uri.path.len, &out->path);
}

/* Appends what is no control character, up to `max` bytes; the new end. */
static size_t
add_clean(char *dst, size_t used, size_t max, struct slice s)
{
	for (size_t i = 0; i < s.len && used < max; i++)
		if ((unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f)
			dst[used++] = s.ptr[i];
	return used;
}

size_t
gemini_header(char *dst, enum gemini_status status, struct slice meta)
{
	size_t used = 3;

	dst[0] = (char)('0' + status / 10);
	dst[1] = (char)('0' + status % 10);
	dst[2] = ' ';
	used = add_clean(dst, used, 3 + GEMINI_META_MAX, meta);
	dst[used++] = '\r';
	dst[used++] = '\n';
	return used;
}

size_t
gemini_page_header(char *dst, struct slice media, struct slice lang)
{
	const size_t max = 3 + GEMINI_META_MAX;
	size_t used = add_clean(dst, 0, max, SLICE_LIT("20 "));

	used = add_clean(dst, used, max, media);
	if (lang.len && slice_eq(media, SLICE_LIT("text/gemini"))) {
		bool quote = slice_find(lang, ',') < lang.len;

		used = add_clean(dst, used, max, SLICE_LIT("; lang="));
		if (quote)
			used = add_clean(dst, used, max, SLICE_LIT("\""));
		used = add_clean(dst, used, max, lang);
		if (quote)
			used = add_clean(dst, used, max, SLICE_LIT("\""));
	}
	dst[used++] = '\r';
	dst[used++] = '\n';
	return used;
}

struct slice
gemini_reason(enum gemini_status status)
{
	switch (status) {
	case GEMINI_FAILED_FOR_NOW:
		return SLICE_LIT("Something failed here; try again later");
	case GEMINI_UNAVAILABLE:
		return SLICE_LIT("Too busy; try again later");
	case GEMINI_NOT_FOUND:
		return SLICE_LIT("Nothing is published under this address");
	case GEMINI_GONE:
		return SLICE_LIT("Withdrawn");
	case GEMINI_PROXY_REFUSED:
		return SLICE_LIT(
		    "This host, port or scheme is not served here");
	case GEMINI_BAD_REQUEST:
		return SLICE_LIT("Not a valid request");
	default:
		return SLICE_LIT("");
	}
}

static size_t
say(char *dst, enum gemini_status status, struct slice text,
    struct slice host_port)
{
	(void)host_port;
	return gemini_header(dst, status, text);
}

const struct protocol gemini_protocol = {
	.name = "gemini",
	.title = "Gemini",
	.store = 'g',
	.is_usual = true,
	.port = GEMINI_PORT,
	.tls = PROTOCOL_TLS_ALWAYS,
	.request_max = GEMINI_LINE_MAX,
	.line = gemini_line,
	.refusal = "Not a valid request",
	.parse = gemini_parse,
	.say = say,
	.page_head = gemini_page_header,
	.seconds_alone = true,
};
