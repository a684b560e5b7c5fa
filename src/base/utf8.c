#include "base/scan.h"

#include "base/utf8.h"

/*
 * The allowed range of the second byte tells overlong forms and surrogates
 * apart (RFC 3629 section 4).
 */
static bool
second_ok(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

/* The length that a first byte announces; 0 for a byte that cannot be one. */
static size_t
announced(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 0;
}

size_t
utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t need;
	uint32_t v;

	*cp = UTF8_REPLACEMENT;
	if (!len || !(need = announced(u[0])) || need > len)
		return 0;
	if (need == 1) {
		*cp = u[0];
		return 1;
	}
	if (!second_ok(u[0], u[1]))
		return 0;
	v = u[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (u[i] & 0x3fu);
	}
	*cp = v;
	return need;
}

size_t
utf8_invalid_len(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t need, n;

	if (!len || !(need = announced(u[0])) || len < 2 ||
	    !second_ok(u[0], u[1]))
		return 1;
	for (n = 2; n < need && n < len && (u[n] & 0xc0) == 0x80; n++)
		;
	return n;
}

size_t
utf8_encode(uint32_t cp, char dst[4])
{
	if (cp < 0x80) {
		dst[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		dst[0] = (char)(0xc0 | cp >> 6);
		dst[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		dst[0] = (char)(0xe0 | cp >> 12);
		dst[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | cp >> 18);
	dst[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

bool
utf8_valid(struct slice s)
{
	size_t at = 0;
	uint32_t cp;

	while (at < s.len) {
		size_t n = utf8_decode(s.ptr + at, s.len - at, &cp);

		if (!n)
			return false;
		at += n;
	}
	return true;
}

size_t
utf8_count(struct slice s)
{
	size_t at = 0, count = 0;
	uint32_t cp;

	for (; at < s.len; count++) {
		size_t n;

		for (; at + SCAN_BYTES <= s.len &&
		     !scan_high(scan_load(s.ptr + at));
		     at += SCAN_BYTES)
			count += SCAN_BYTES;
		if (at == s.len)
			break;
		n = utf8_decode(s.ptr + at, s.len - at, &cp);

		at += n ? n : 1;
	}
	return count;
}
