#include <stdint.h>
#include <stdlib.h>
#include <uninorm.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/scan.h"
#include "base/utf8.h"

#include "markdown/sanitise.h"

enum {
	MAX_WARNINGS = 20
};

struct sanitiser {
	struct buf *out;
	struct slice in;
	const char *file;
	struct diag *diag;
	unsigned long invalid; /* subparts replaced */
	/* Where the position of the last warning was counted to. */
	size_t counted, line_start;
	unsigned line;
};

/*
 * What a first byte asks for: nothing (it is copied), a look at the character
 * it begins, or work of its own.
 */
static bool
is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

static size_t
plain_run(const char *p, size_t len)
{
	size_t i = 0;

	for (;;) {
		/* Eight at a time while all are from 0x20 to 0x7e. */
		for (; i + SCAN_BYTES <= len; i += SCAN_BYTES) {
			uint64_t w = scan_load(p + i);

			if (scan_high(
				w | (w - SCAN_ONES * 0x20) | (w + SCAN_ONES)))
				break;
		}
		if (i == len || !is_plain((unsigned char)p[i]))
			return i;
		i++;
	}
}

/* Counts lines up to offset `at`; a CR that no LF follows ends one too. */
static void
count_lines(struct sanitiser *s, size_t at)
{
	for (; s->counted < at; s->counted++) {
		char c = s->in.ptr[s->counted];

		if (c == '\n' ||
		    (c == '\r' &&
			(s->counted + 1 == s->in.len ||
			    s->in.ptr[s->counted + 1] != '\n'))) {
			s->line++;
			s->line_start = s->counted + 1;
		}
	}
}

static size_t
replace_invalid(struct sanitiser *s, size_t at)
{
	size_t n = utf8_invalid_len(s->in.ptr + at, s->in.len - at);

	buf_add(s->out, SLICE_LIT("\xef\xbf\xbd"));
	if (s->invalid++ < MAX_WARNINGS) {
		struct slice before;

		count_lines(s, at);
		before =
		    slice_make(s->in.ptr + s->line_start, at - s->line_start);
		diag_at(s->diag, DIAG_WARNING, s->file, s->line,
		    (unsigned)utf8_count(before) + 1,
		    "not UTF-8: replaced by U+FFFD");
	}
	return n;
}

enum fate {
	KEEP,
	DROP,
	MAKE_SPACE
};

static enum fate
fate_of(uint32_t cp)
{
	if (cp == 0x2028 || cp == 0x2029 || cp == 0x0b || cp == 0x0c)
		return MAKE_SPACE;
	if (cp < 0x20)
		return cp == '\t' || cp == '\n' ? KEEP : DROP;
	if (cp >= 0x7f && cp < 0xa0)
		return DROP;
	if ((cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069))
		return DROP;
	return KEEP;
}

/* The character at `at`, which is not plain ASCII; returns its length. */
static size_t
special(struct sanitiser *s, size_t at)
{
	const char *p = s->in.ptr + at;
	size_t left = s->in.len - at, n;
	uint32_t cp;

	if (*p == '\r') {
		buf_add_char(s->out, '\n');
		return left > 1 && p[1] == '\n' ? 2 : 1;
	}
	if (!(n = utf8_decode(p, left, &cp)))
		return replace_invalid(s, at);
	switch (fate_of(cp)) {
	case KEEP:
		buf_add(s->out, slice_make(p, n));
		break;
	case MAKE_SPACE:
		buf_add_char(s->out, ' ');
		break;
	case DROP:
		break;
	}
	return n;
}

/* The letters of a script without special characters, copied in one go. */
static size_t
letter_run(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t i = 0;

	/* Two-byte characters from U+00C0 on hold none that goes. */
	while (i + 1 < len && u[i] >= 0xc3 && u[i] <= 0xdf &&
	    (u[i + 1] & 0xc0) == 0x80)
		i += 2;
	return i;
}

/*
 * Whether `s` may hold what is not in NFC: combining marks that have composed
 * forms, or a character of the blocks beyond Arabic, punctuation aside.
 */
static bool
may_need_nfc(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;

	for (size_t i = 0; i + 1 < s.len; i++) {
		unsigned char c, d;

		/* Never to the last byte: the one after it is looked at. */
		while (i + SCAN_BYTES + 1 < s.len &&
		    !scan_high(scan_load(s.ptr + i)))
			i += SCAN_BYTES;
		if (i + 1 == s.len)
			return false;
		c = p[i];
		d = p[i + 1];
		if (c < 0xcc || c == 0xef)
			continue;
		if (c == 0xcc || c == 0xcd || (c >= 0xe0 && c != 0xe2) ||
		    (c == 0xd9 && d >= 0x93 && d <= 0x95))
			return true;
		/* U+2000, U+2001 and letter-like signs. */
		if (c == 0xe2 &&
		    (d > 0x80 || (i + 2 < s.len && p[i + 2] < 0x82)))
			return true;
	}
	return false;
}

/* Puts what stands in out from `start` on into NFC. */
static void
normalise(struct buf *out, size_t start)
{
	struct slice s = slice_from(buf_slice(out), start);
	size_t len = 0;
	uint8_t *p;

	if (buf_failed(out) || !may_need_nfc(s))
		return;
	p = u8_normalize(
	    UNINORM_NFC, (const uint8_t *)s.ptr, s.len, NULL, &len);
	if (!p) {
		/* Asking for the impossible marks the buffer as failed. */
		(void)buf_reserve(out, SIZE_MAX);
		return;
	}
	buf_truncate(out, start);
	buf_add_mem(out, p, len);
	free(p);
}

bool
md_is_clean(struct slice in)
{
	size_t at = 0;

	if (slice_starts(in, SLICE_LIT("\xef\xbb\xbf")))
		return false;
	while (at < in.len) {
		const char *p = in.ptr + at;
		size_t left = in.len - at, n = plain_run(p, left);
		uint32_t cp;

		n += letter_run(p + n, left - n);
		if (!n &&
		    (!(n = utf8_decode(p, left, &cp)) || fate_of(cp) != KEEP))
			return false;
		at += n;
	}
	return !may_need_nfc(in);
}

void
md_sanitise(struct buf *out, struct slice in, const char *file, struct diag *d)
{
	struct sanitiser s = {
		.out = out, .in = in, .file = file, .diag = d, .line = 1
	};
	size_t at = 0, start = out->len;

	if (slice_starts(in, SLICE_LIT("\xef\xbb\xbf")))
		at = s.counted = s.line_start = 3;
	while (at < in.len && !buf_failed(out)) {
		size_t n = plain_run(in.ptr + at, in.len - at);

		n += letter_run(in.ptr + at + n, in.len - at - n);
		buf_add(out, slice_make(in.ptr + at, n));
		at += n;
		if (!n)
			at += special(&s, at);
	}
	normalise(out, start);
	if (s.invalid > MAX_WARNINGS)
		diag_at(d, DIAG_WARNING, file, 0, 0,
		    "not UTF-8 in %lu more places", s.invalid - MAX_WARNINGS);
}
