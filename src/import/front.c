#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "markdown/entities.h"

#include "import/front.h"

void
front_add(struct buf *out, const char *key, struct slice value)
{
	buf_addf(out, "%s: ", key);
	yaml_add_scalar(out, value);
	buf_add_char(out, '\n');
}

/*
 * The bytes that the first character of `s` is of, and in dst what it stands
 * for, *made bytes.
 */
static size_t
take_character(struct slice s, char dst[ENTITY_MAX_BYTES], size_t *made)
{
	size_t n = entity_length(s);
	int decoded = n ? entity_decode(slice_upto(s, n), dst) : -1;

	*made = decoded < 0 ? 1 : (size_t)decoded;
	if (decoded >= 0)
		return n;
	dst[0] = s.ptr[0];
	return 1;
}

struct slice
front_plain(struct arena *arena, struct slice html)
{
	/* Some references are shorter than what they stand for. */
	char *p = arena_alloc(arena, 2 * html.len + ENTITY_MAX_BYTES);
	size_t len = 0, n;
	bool gap = false, tag = false;

	for (size_t i = 0; p && i < html.len; i += n) {
		char c[ENTITY_MAX_BYTES];
		size_t made;

		n = 1;
		if (tag || html.ptr[i] == '<') {
			tag = html.ptr[i] != '>';
			continue;
		}
		n = take_character(slice_from(html, i), c, &made);
		if (made == 1 && (unsigned char)*c <= ' ') {
			gap = len > 0;
			continue;
		}
		if (gap && made)
			p[len++] = ' ';
		gap = gap && !made;
		memcpy(p + len, c, made);
		len += made;
	}
	return slice_make(p, len);
}

const char *
front_language(const char *given, struct slice title, struct slice content)
{
	const struct slice texts[] = { title, content };
	size_t arabic = 0, latin = 0, n;
	bool tag = false;

	if (given)
		return given;
	for (size_t k = 0; k < 2; k++)
		for (struct slice s = texts[k]; s.len; s = slice_from(s, n)) {
			uint32_t c;

			n = utf8_decode(s.ptr, s.len, &c);
			n = n ? n : 1;
			tag = c == '<' || (tag && c != '>');
			if (tag)
				continue;
			arabic += c >= 0x600 && c < 0x780;
			latin += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		}
	/* Addresses and shortcodes are Latin in any language. */
	return arabic * 2 > latin ? "ur" : "en";
}
