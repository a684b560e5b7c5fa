#include "base/arena.h"
#include "base/utf8.h"

#include "content/text.h"

static bool
is_blank(uint32_t cp)
{
	return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0x2028 ||
	    cp == 0x2029;
}

static bool
is_dropped(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xfeff ||
	    (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Printable ASCII with single blanks inside needs no copy. */
static bool
is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c < 0x20 || c >= 0x7f ||
		    (c == ' ' &&
			(i == 0 || i + 1 == s.len || s.ptr[i + 1] == ' ')))
			return false;
	}
	return true;
}

int
text_clean(struct arena *a, struct slice s, struct slice *out)
{
	size_t len = 0, at = 0;
	bool gap = false;
	char *dst;

	if (is_clean(s)) {
		*out = s;
		return 0;
	}
	/* A blank and a character in place of what was one byte at least. */
	if (!(dst = arena_alloc(a, s.len * 3 + 1)))
		return -1;
	while (at < s.len) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr + at, s.len - at, &cp);

		at += n ? n : utf8_invalid_len(s.ptr + at, s.len - at);
		if (is_blank(cp)) {
			gap = len > 0;
			continue;
		}
		if (is_dropped(cp))
			continue;
		if (gap)
			dst[len++] = ' ';
		gap = false;
		len += utf8_encode(cp, dst + len);
	}
	dst[len] = '\0';
	*out = slice_make(dst, len);
	return 0;
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
to_case(char c, bool upper)
{
	if (upper && c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (!upper && c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

/* One subtag, in place: false when it is none. */
static bool
set_subtag_case(char *p, size_t len, bool first)
{
	bool alpha = true;

	if (len < (first ? 2 : 1) || len > 8)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool digit = p[i] >= '0' && p[i] <= '9';

		if (!is_alpha(p[i]) && (first || !digit))
			return false;
		alpha = alpha && is_alpha(p[i]);
	}
	for (size_t i = 0; i < len; i++)
		p[i] = to_case(p[i],
		    !first && alpha && (len == 2 || (len == 4 && i == 0)));
	return true;
}

int
text_lang(struct arena *a, struct slice s, struct slice *out)
{
	size_t start = 0;
	char *tag;

	if (!s.len || s.len > 35 || !(tag = arena_strndup(a, s.ptr, s.len)))
		return -1;
	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && tag[i] == '_')
			tag[i] = '-';
		if (i < s.len && tag[i] != '-')
			continue;
		if (!set_subtag_case(tag + start, i - start, start == 0))
			return -1;
		start = i + 1;
	}
	*out = slice_make(tag, s.len);
	return 0;
}

bool
text_lang_matches(struct slice want, struct slice have)
{
	return slice_starts(have, want) &&
	    (have.len == want.len || have.ptr[want.len] == '-');
}

/* --- conflicts ----------------------------------------------------------- */

static bool
is_fence(struct slice line)
{
	return slice_starts(line, SLICE_LIT("```")) ||
	    slice_starts(line, SLICE_LIT("~~~"));
}

unsigned
text_conflict(struct slice text)
{
	unsigned n = 0, begun = 0, parted = 0;
	bool in_code = false;

	if (!text.len || !memmem(text.ptr, text.len, "<<<<<<<", 7))
		return 0;
	while (text.len) {
		struct slice line = slice_take(&text, '\n');

		n++;
		in_code ^= is_fence(line);
		if (in_code)
			continue;
		if (slice_starts(line, SLICE_LIT("<<<<<<<"))) {
			begun = n;
			parted = 0;
		} else if (begun && slice_starts(line, SLICE_LIT("======="))) {
			parted = n;
		} else if (parted && slice_starts(line, SLICE_LIT(">>>>>>>"))) {
			return begun;
		}
	}
	return 0;
}
