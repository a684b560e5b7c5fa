#include "proto/proxy.h"

enum {
	V2_FIXED = 16, /* signature, command, family, length */
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	V2_TCP4 = 0x11,
	V2_TCP6 = 0x21,
};

static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";
static const char v1_signature[] = "PROXY ";

/* "TCP4 SOURCE TARGET PORT PORT", "TCP6 ..." or "UNKNOWN ...". */
static enum line_state
parse_v1(struct slice line, struct ip *from)
{
	struct slice family = slice_take(&line, ' ');
	struct slice source = slice_take(&line, ' ');
	struct slice target = slice_take(&line, ' ');
	struct slice port = slice_take(&line, ' ');
	struct ip to;
	uint64_t n;

	if (slice_eq_cstr(family, "UNKNOWN"))
		return LINE_WHOLE;
	if (!ip_parse(source, from) || !ip_parse(target, &to) ||
	    slice_uint(port, 65535, &n) < 0 || slice_uint(line, 65535, &n) < 0)
		return LINE_BAD;
	if (from->bits != to.bits ||
	    !slice_eq_cstr(family, from->bits == 32 ? "TCP4" : "TCP6"))
		return LINE_BAD;
	return LINE_WHOLE;
}

static enum line_state
header_v1(struct slice s, struct ip *from, size_t *header_len)
{
	size_t lf = slice_find(slice_upto(s, PROXY_V1_MAX), '\n');

	if (lf == s.len && s.len < PROXY_V1_MAX)
		return LINE_MORE;
	if (lf >= s.len || lf >= PROXY_V1_MAX || s.ptr[lf - 1] != '\r')
		return LINE_BAD;
	*header_len = lf + 1;
	return parse_v1(slice_from(slice_upto(s, lf - 1), 6), from);
}

static enum line_state
header_v2(struct slice s, struct ip *from, size_t *header_len)
{
	const unsigned char *b = (const unsigned char *)s.ptr;
	size_t need = 0, rest;

	if (s.len < V2_FIXED)
		return LINE_MORE;
	if (b[12] != V2_LOCAL && b[12] != V2_PROXY)
		return LINE_BAD;
	rest = (size_t)b[14] << 8 | b[15];
	if (b[12] == V2_PROXY && b[13] == V2_TCP4)
		need = 12;
	else if (b[12] == V2_PROXY && b[13] == V2_TCP6)
		need = 36;
	if (rest < need || rest > PROXY_HEADER_MAX - V2_FIXED)
		return LINE_BAD;
	if (s.len < V2_FIXED + rest)
		return LINE_MORE;
	if (need) {
		from->bits = need == 12 ? 32 : 128;
		memcpy(from->bytes, b + V2_FIXED, from->bits / 8);
	}
	*header_len = V2_FIXED + rest;
	return LINE_WHOLE;
}

enum line_state
proxy_header(const char *bytes, size_t len, struct ip *from, size_t *header_len)
{
	struct slice s = slice_make(bytes, len);
	struct slice v1 = SLICE_LIT(v1_signature);
	struct slice v2 = SLICE_LIT(v2_signature);
	enum line_state state = LINE_BAD;
	struct ip ip = { .bits = 0 };

	if (slice_starts(s, v1))
		state = header_v1(s, &ip, header_len);
	else if (slice_starts(s, v2))
		state = header_v2(s, &ip, header_len);
	else if (slice_starts(v1, s) || slice_starts(v2, s))
		state = LINE_MORE;
	if (state == LINE_WHOLE)
		*from = ip;
	return state;
}
