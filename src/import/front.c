#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "base/yaml.h"

#include "import/front.h"

void
front_add(struct buf *out, const char *key, struct slice value)
{
	buf_addf(out, "%s: ", key);
	yaml_add_scalar(out, value);
	buf_add_char(out, '\n');
}

struct slice
front_plain(struct arena *arena, struct slice html)
{
	char *p = arena_alloc(arena, html.len + 1);
	size_t len = 0;
	bool gap = false, tag = false;

	for (size_t i = 0; p && i < html.len; i++) {
		char c = html.ptr[i];

		if (tag || c == '<') {
			tag = c != '>';
			continue;
		}
		if ((unsigned char)c <= ' ') {
			gap = len > 0;
			continue;
		}
		if (gap)
			p[len++] = ' ';
		gap = false;
		p[len++] = c;
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
