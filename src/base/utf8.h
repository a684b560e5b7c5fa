/*
 * utf8.h: decoding and encoding of UTF-8 (RFC 3629), strictly.
 *
 * Overlong forms, surrogates and code points above U+10FFFF are invalid.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
	UTF8_REPLACEMENT = 0xfffd
};

/*
 * Decodes the character at `s` (of `len` bytes): *cp and its length in bytes,
 * or 0 when there is no valid one (*cp is then UTF8_REPLACEMENT).
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);

/*
 * The length of the maximal invalid subpart at `s` (Unicode 3.9, table 3-8):
 * the bytes that one U+FFFD replaces; at least 1 for len > 0.  Only meaningful
 * where utf8_decode() gave 0.
 */
size_t utf8_invalid_len(const char *s, size_t len);

/* Writes `cp` (valid, not a surrogate) to dst; returns its 1 to 4 bytes. */
size_t utf8_encode(uint32_t cp, char dst[4]);

bool utf8_valid(struct slice s);

/* Characters (code points) in `s`; each invalid byte counts as one. */
size_t utf8_count(struct slice s);

#endif
