#include <string.h>

#include "markdown/entities.h"

#include "import/html_internal.h"

enum {
	TAG_BYTES_MAX = 64 * 1024 /* a longer one is taken for text */
};

bool
html_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
is_letter(char c)
{
	char low = (char)(c | 0x20);

	return low >= 'a' && low <= 'z';
}

static bool
is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

/* The offset of the > that ends the tag, or 0. */
static size_t
tag_end(struct slice s, size_t i)
{
	char quote = 0;

	for (s = slice_upto(s, TAG_BYTES_MAX); i < s.len; i++) {
		char c = s.ptr[i];

		if (quote && c == quote)
			quote = 0;
		else if (quote)
			continue;
		else if (c == '>')
			return i;
		else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
			quote = c;
	}
	return 0;
}

size_t
html_tag(struct slice s, struct tag *t)
{
	size_t i = 1, start, end;

	*t = (struct tag){ .closing = s.len > 1 && s.ptr[1] == '/' };
	i += t->closing;
	for (start = i; i < s.len && i - start < 64 && is_name(s.ptr[i]);)
		i++;
	if (i == start || !is_letter(s.ptr[start]) || !(end = tag_end(s, i)))
		return 0;
	t->name = slice_make(s.ptr + start, i - start);
	t->attributes = slice_make(s.ptr + i, end - i);
	return end + 1;
}

size_t
html_comment(struct slice s)
{
	const char *close = ">", *end;

	if (slice_starts(s, SLICE_LIT("<!--")))
		close = "-->";
	else if (slice_starts(s, SLICE_LIT("<![CDATA[")))
		close = "]]>";
	else if (!slice_starts(s, SLICE_LIT("<?")) &&
	    (s.len < 3 || s.ptr[1] != '!' || !is_letter(s.ptr[2])))
		return 0;
	end = memmem(s.ptr + 2, s.len - 2, close, strlen(close));
	return end ? (size_t)(end - s.ptr) + strlen(close) : s.len;
}

bool
html_named(const struct tag *t, const char *name)
{
	return slice_eq_nocase(t->name, slice_cstr(name));
}

bool
html_next_attribute(struct slice *s, struct slice *key, struct slice *value)
{
	size_t n = 0;

	*s = slice_trim(*s);
	*value = SLICE_NONE;
	if (!s->len)
		return false;
	while (n < s->len && !html_is_space(s->ptr[n]) && s->ptr[n] != '=')
		n++;
	*key = slice_upto(*s, n);
	*s = slice_trim(slice_from(*s, n ? n : 1));
	if (!n || !s->len || s->ptr[0] != '=')
		return true;
	*s = slice_trim(slice_from(*s, 1));
	if (s->len && (s->ptr[0] == '"' || s->ptr[0] == '\'')) {
		n = slice_find(slice_from(*s, 1), s->ptr[0]);
		*value = slice_upto(slice_from(*s, 1), n);
		n += 2;
	} else {
		for (n = 0; n < s->len && !html_is_space(s->ptr[n]);)
			n++;
		*value = slice_upto(*s, n);
	}
	*value = slice_trim(*value);
	*s = slice_from(*s, n);
	return true;
}

struct slice
html_attribute(struct slice attributes, const char *name)
{
	struct slice key, value;

	while (html_next_attribute(&attributes, &key, &value))
		if (slice_eq_nocase(key, slice_cstr(name)))
			return value;
	return SLICE_NONE;
}

void
html_decode(struct buf *out, struct slice s)
{
	char decoded[ENTITY_MAX_BYTES];
	size_t n;

	for (; s.len; s = slice_from(s, n)) {
		int d = -1;

		n = slice_find(s, '&');
		buf_add(out, slice_upto(s, n));
		s = slice_from(s, n);
		if (!s.len)
			break;
		n = entity_length(s);
		if (n)
			d = entity_decode(slice_upto(s, n), decoded);
		n = d < 0 ? 1 : n;
		if (d < 0)
			buf_add_char(out, '&');
		else
			buf_add_mem(out, decoded, (size_t)d);
	}
}
