#include "base/buf.h"
#include "base/uri.h"
#include "proto/protocol.h"

#include "proto/spartan.h"

_Static_assert((int)SPARTAN_REQUEST_MAX <= (int)PROTOCOL_REQUEST_MAX,
    "a request of Spartan finds no room");
_Static_assert((int)GEMINI_HEADER_MAX <= (int)PROTOCOL_HEAD_MAX,
    "a head of Spartan finds no room");

/* The line's last word, as a number up to what a request may have. */
static int
read_length(struct slice line, size_t *out)
{
	size_t at = line.len, n = 0;

	while (at && line.ptr[at - 1] != ' ')
		at--;
	if (!at || at == line.len)
		return -1;
	for (; at < line.len; at++) {
		if (line.ptr[at] < '0' || line.ptr[at] > '9')
			return -1;
		n = n * 10 + (size_t)(line.ptr[at] - '0');
		if (n > SPARTAN_REQUEST_MAX)
			return -1;
	}
	*out = n;
	return 0;
}

enum line_state
spartan_line(const char *bytes, size_t len, size_t *request_len)
{
	size_t cr = 0, data, need;

	while (cr < len && bytes[cr] >= ' ' && bytes[cr] < 0x7f)
		cr++;
	if (cr + 1 >= len) {
		if (cr < len && bytes[cr] != '\r')
			return LINE_BAD;
		return len >= SPARTAN_REQUEST_MAX ? LINE_BAD : LINE_MORE;
	}
	if (bytes[cr] != '\r' || bytes[cr + 1] != '\n' ||
	    read_length(slice_make(bytes, cr), &data) < 0)
		return LINE_BAD;
	need = cr + 2 + data;
	if (need > SPARTAN_REQUEST_MAX)
		return LINE_BAD;
	if (need > len)
		return LINE_MORE;
	*request_len = need;
	return LINE_WHOLE;
}

static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* A name, an IPv4 address, or an IPv6 address in brackets; no port. */
static bool
is_host(struct slice s)
{
	bool literal = s.len > 2 && s.ptr[0] == '[';

	if (literal && s.ptr[s.len - 1] != ']')
		return false;
	if (literal)
		s = slice_make(s.ptr + 1, s.len - 2);
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter_or_digit(s.ptr[i]) && s.ptr[i] != '.' &&
		    (literal ? s.ptr[i] != ':'
			     : s.ptr[i] != '-' && s.ptr[i] != '_'))
			return false;
	return s.len > 0;
}

enum gemini_status
spartan_parse(char *request, size_t len, struct gemini_request *out)
{
	struct slice all =
	    slice_upto(slice_make(request, len), SPARTAN_REQUEST_MAX);
	size_t line_len = slice_find(all, '\r');
	struct slice line, host, path, data;
	struct uri uri;

	line = slice_upto(all, line_len);
	data = slice_from(all, line_len + 2);
	host = slice_take(&line, ' ');
	path = slice_take(&line, ' ');
	/* What is left is the length, and was read with the line's end. */
	if (!is_host(host) || !path.len || path.ptr[0] != '/' || !line.len ||
	    slice_find(line, ' ') < line.len)
		return GEMINI_BAD_REQUEST;
	/* "//" would begin a host. */
	if (slice_starts(path, SLICE_LIT("//")) || uri_parse(path, &uri) < 0 ||
	    uri.has_fragment)
		return GEMINI_BAD_REQUEST;
	*out = (struct gemini_request){ .host = host,
		.port = GEMINI_PORT_NONE,
		.query = data.len ? data : uri.query,
		.has_query = data.len || uri.has_query,
		.is_plain = data.len > 0 };
	return gemini_path(
	    request + (uri.path.ptr - request), uri.path.len, &out->path);
}

/* Takes the second digit out of a head of Gemini's; its new length. */
static size_t
shorten(char *dst, size_t len, char digit)
{
	dst[0] = digit;
	memmove(dst + 1, dst + 2, len - 2);
	return len - 1;
}

size_t
spartan_header(char *dst, enum gemini_status status, struct slice text)
{
	bool ours = slice_starts(text, SLICE_LIT("/")) &&
	    !slice_starts(text, SLICE_LIT("//"));
	size_t len = gemini_header(dst, status, text);

	switch (status / 10) {
	case 3:
		return shorten(dst, len, ours ? '3' : '4');
	case 4:
		return shorten(dst, len, '5');
	default:
		return shorten(dst, len, '4');
	}
}

size_t
spartan_page_header(char *dst, struct slice media, struct slice lang)
{
	return shorten(dst, gemini_page_header(dst, media, lang), '2');
}

void
spartan_ask_page(struct buf *out, struct slice path, struct slice prompt)
{
	buf_add_cstr(out, "=: ");
	uri_encode(out, path);
	buf_addf(out, " %.*s\n", SLICE_FMT(prompt));
}

static size_t
say(char *dst, enum gemini_status status, struct slice text,
    struct slice host_port)
{
	(void)host_port;
	return spartan_header(dst, status, text);
}

const struct protocol spartan_protocol = {
	.name = "spartan",
	.title = "Spartan",
	.store = 'g',
	.port = SPARTAN_PORT,
	.tls = PROTOCOL_TLS_NEVER,
	.request_max = SPARTAN_REQUEST_MAX,
	.line = spartan_line,
	.refusal = "Not a valid request, or one of over 1536 bytes",
	.parse = spartan_parse,
	.say = say,
	.page_head = spartan_page_header,
	.ask_page = spartan_ask_page,
};
