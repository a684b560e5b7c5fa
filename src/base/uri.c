#include <arpa/inet.h>

#include "base/buf.h"

#include "base/uri.h"

/* Which parts of a URI a byte may stand in (RFC 3986 appendix A). */
enum {
	IN_SCHEME = 1, /* after the first letter */
	IN_REGNAME = 2,
	IN_USERINFO = 4,
	IN_PATH = 8,
	IN_QUERY = 16, /* and fragment */
	IS_ALPHA = 32,
	IS_DIGIT = 64,
	IS_HEX = 128,
};

static unsigned
class_of(unsigned char c)
{
	const unsigned part = IN_REGNAME | IN_USERINFO | IN_PATH | IN_QUERY;

	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return part | IN_SCHEME | IS_ALPHA |
		    ((c | 0x20) <= 'f' ? IS_HEX : 0);
	if (c >= '0' && c <= '9')
		return part | IN_SCHEME | IS_DIGIT | IS_HEX;
	switch (c) {
	case '+':
	case '-':
	case '.':
		return part | IN_SCHEME;
	case '_':
	case '~':
	case '!':
	case '$':
	case '&':
	case '\'':
	case '(':
	case ')':
	case '*':
	case ',':
	case ';':
	case '=':
		return part;
	case ':':
		return IN_USERINFO | IN_PATH | IN_QUERY;
	case '@':
	case '/':
		return IN_PATH | IN_QUERY;
	case '?':
		return IN_QUERY;
	default:
		return 0;
	}
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether `s` is characters of class `in` and whole %XX alone. */
static bool
made_of(struct slice s, unsigned in)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (class_of(c) & in)
			continue;
		if (c != '%' || s.len - i < 3 ||
		    hex_value((unsigned char)s.ptr[i + 1]) < 0 ||
		    hex_value((unsigned char)s.ptr[i + 2]) < 0)
			return false;
		i += 2;
	}
	return true;
}

/* "[" IPv6address or IPvFuture "]" */
static bool
is_ip_literal(struct slice s)
{
	struct in6_addr addr;
	char text[64];

	if (s.len < 4 || s.ptr[s.len - 1] != ']')
		return false;
	s = slice_make(s.ptr + 1, s.len - 2);
	if ((s.ptr[0] | 0x20) == 'v') {
		size_t dot;

		s = slice_from(s, 1);
		dot = slice_find(s, '.');
		if (dot == 0 || dot + 1 >= s.len)
			return false;
		for (size_t i = 0; i < dot; i++)
			if (!(class_of((unsigned char)s.ptr[i]) & IS_HEX))
				return false;
		s = slice_from(s, dot + 1);
		return slice_find(s, '%') == s.len && made_of(s, IN_USERINFO);
	}
	if (s.len >= sizeof(text) || memchr(s.ptr, '\0', s.len))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

static int
parse_authority(struct slice s, struct uri *out)
{
	size_t at = slice_find(s, '@');

	if (at < s.len) {
		out->has_userinfo = true;
		out->userinfo = slice_upto(s, at);
		if (!made_of(out->userinfo, IN_USERINFO))
			return -1;
		s = slice_from(s, at + 1);
	}
	if (s.len && s.ptr[0] == '[') {
		size_t end = slice_find(s, ']');

		if (end == s.len)
			return -1;
		out->host = slice_upto(s, end + 1);
		if (!is_ip_literal(out->host))
			return -1;
	} else {
		out->host = slice_upto(s, slice_find(s, ':'));
		if (!made_of(out->host, IN_REGNAME))
			return -1;
	}
	s = slice_from(s, out->host.len);
	if (!s.len)
		return 0;
	if (s.ptr[0] != ':')
		return -1;
	out->has_port = true;
	out->port = slice_from(s, 1);
	for (size_t i = 0; i < out->port.len; i++)
		if (!(class_of((unsigned char)out->port.ptr[i]) & IS_DIGIT))
			return -1;
	return 0;
}

/* The scheme in front of `*s`, if there is one, taken off it. */
static void
parse_scheme(struct slice *s, struct uri *out)
{
	size_t n = 0;

	while (n < s->len && class_of((unsigned char)s->ptr[n]) & IN_SCHEME)
		n++;
	if (n == 0 || n == s->len || s->ptr[n] != ':' ||
	    !(class_of((unsigned char)s->ptr[0]) & IS_ALPHA))
		return;
	out->scheme = slice_upto(*s, n);
	*s = slice_from(*s, n + 1);
}

int
uri_parse(struct slice s, struct uri *out)
{
	size_t n;

	*out = (struct uri){ 0 };
	parse_scheme(&s, out);
	n = slice_find(s, '#');
	if (n < s.len) {
		out->has_fragment = true;
		out->fragment = slice_from(s, n + 1);
		s = slice_upto(s, n);
	}
	n = slice_find(s, '?');
	if (n < s.len) {
		out->has_query = true;
		out->query = slice_from(s, n + 1);
		s = slice_upto(s, n);
	}
	if (slice_starts(s, SLICE_LIT("//"))) {
		struct slice rest = slice_from(s, 2);

		n = slice_find(rest, '/');
		out->has_authority = true;
		if (parse_authority(slice_upto(rest, n), out) < 0)
			return -1;
		s = slice_from(rest, n);
	}
	out->path = s;
	/* Without a scheme, the first segment may hold no colon (§4.2). */
	if (!out->scheme.len && !out->has_authority &&
	    slice_find(s, ':') < slice_find(s, '/'))
		return -1;
	if (!made_of(out->path, IN_PATH) || !made_of(out->query, IN_QUERY) ||
	    !made_of(out->fragment, IN_QUERY))
		return -1;
	return 0;
}

int
uri_port(const struct uri *u, int none)
{
	int n = 0;

	if (!u->port.len)
		return none;
	for (size_t i = 0; i < u->port.len; i++) {
		n = n * 10 + (u->port.ptr[i] - '0');
		if (n > 65535)
			return -1;
	}
	return n;
}

bool
uri_host_eq(struct slice a, struct slice b)
{
	return slice_eq_nocase(a, b);
}

long
uri_decode(struct slice s, char *dst)
{
	size_t used = 0;

	for (size_t i = 0; i < s.len; i++) {
		int hi, lo;

		if (s.ptr[i] != '%') {
			dst[used++] = s.ptr[i];
			continue;
		}
		if (s.len - i < 3 ||
		    (hi = hex_value((unsigned char)s.ptr[i + 1])) < 0 ||
		    (lo = hex_value((unsigned char)s.ptr[i + 2])) < 0)
			return -1;
		dst[used++] = (char)(hi << 4 | lo);
		i += 2;
	}
	return (long)used;
}

static void
add_escaped(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	buf_add_char(out, '%');
	buf_add_char(out, digits[c >> 4]);
	buf_add_char(out, digits[c & 15]);
}

bool
uri_decode_path(struct slice raw, char *dst, size_t *len)
{
	size_t used = 0;

	while (raw.len) {
		size_t n = slice_find(raw, '/');
		long got = uri_decode(slice_upto(raw, n), dst + used);

		if (got < 0)
			return false;
		for (long i = 0; i < got; i++) {
			unsigned char c = (unsigned char)dst[used + (size_t)i];

			if (c < 0x20 || c == 0x7f || c == '/')
				return false;
		}
		used += (size_t)got;
		if (n < raw.len)
			dst[used++] = '/';
		raw = slice_from(raw, n + 1);
	}
	*len = used;
	return true;
}

void
uri_encode(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (class_of((unsigned char)s.ptr[i]) & IN_PATH)
			buf_add_char(out, s.ptr[i]);
		else
			add_escaped(out, (unsigned char)s.ptr[i]);
}

void
uri_repair(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		struct slice triplet = slice_upto(slice_from(s, i), 3);

		if (class_of(c) || c == '#' || c == '[' || c == ']' ||
		    (c == '%' && triplet.len == 3 && made_of(triplet, 0)))
			buf_add_char(out, (char)c);
		else
			add_escaped(out, c);
	}
}

size_t
uri_remove_dots(char *path, size_t len, bool *above)
{
	size_t in = 0, out = 0;
	bool absolute = len && path[0] == '/', over = false;

	if (absolute)
		in = out = 1;
	while (in < len) {
		struct slice rest = slice_make(path + in, len - in);
		size_t n = slice_find(rest, '/');
		bool slash = n < rest.len;
		struct slice seg = slice_upto(rest, n);

		in += n + slash;
		if (slice_eq_cstr(seg, "."))
			continue;
		if (slice_eq_cstr(seg, "..")) {
			size_t root = absolute ? 1 : 0;

			over |= out == root;
			if (out > root)
				out--; /* the slash behind the segment */
			while (out > root && path[out - 1] != '/')
				out--;
			continue;
		}
		memmove(path + out, seg.ptr, n + slash);
		out += n + slash;
	}
	if (above)
		*above = over;
	return out;
}

/* §5.2.3: the reference's path in the place of the base's last segment. */
static void
merge_paths(struct buf *out, const struct uri *base, struct slice path)
{
	size_t n = base->path.len;

	if (path.len && path.ptr[0] == '/') {
		buf_add(out, path);
		return;
	}
	if (base->has_authority && !n) {
		buf_add_char(out, '/');
	} else {
		while (n && base->path.ptr[n - 1] != '/')
			n--;
		buf_add(out, slice_upto(base->path, n));
	}
	buf_add(out, path);
}

static void
add_authority(struct buf *out, const struct uri *u)
{
	if (!u->has_authority)
		return;
	buf_add_cstr(out, "//");
	if (u->has_userinfo) {
		buf_add(out, u->userinfo);
		buf_add_char(out, '@');
	}
	buf_add(out, u->host);
	if (u->has_port) {
		buf_add_char(out, ':');
		buf_add(out, u->port);
	}
}

/* The path behind out's authority or scheme, its dot segments removed. */
static void
add_clean_path(struct buf *out, size_t start, bool has_authority)
{
	size_t n;

	if (buf_failed(out) || out->len == start)
		return;
	n = uri_remove_dots(out->ptr + start, out->len - start, NULL);
	buf_truncate(out, start + n);
	/* "//" would now begin an authority (RFC 3986 §3.3): "/." before it. */
	if (!has_authority && n > 1 && !memcmp(out->ptr + start, "//", 2) &&
	    buf_reserve(out, 2) == 0) {
		memmove(out->ptr + start + 2, out->ptr + start, n);
		memcpy(out->ptr + start, "/.", 2);
		out->len += 2;
	}
}

void
uri_resolve(struct buf *out, const struct uri *base, const struct uri *ref)
{
	const struct uri *top = ref->scheme.len ? ref : base;
	const struct uri *query = ref;
	bool own = ref->scheme.len || ref->has_authority;
	size_t start;

	if (top->scheme.len) {
		buf_add(out, top->scheme);
		buf_add_char(out, ':');
	}
	add_authority(out, own ? ref : base);
	start = out->len;
	if (own) {
		buf_add(out, ref->path);
	} else if (!ref->path.len) {
		buf_add(out, base->path);
		if (!ref->has_query)
			query = base;
	} else {
		merge_paths(out, base, ref->path);
	}
	if (own || ref->path.len)
		add_clean_path(out, start, (own ? ref : base)->has_authority);
	if (query->has_query) {
		buf_add_char(out, '?');
		buf_add(out, query->query);
	}
	if (ref->has_fragment) {
		buf_add_char(out, '#');
		buf_add(out, ref->fragment);
	}
}
