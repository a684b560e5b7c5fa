#include <string.h>

#include "import/html_internal.h"

enum {
	SHORTCODE_BYTES_MAX = 32 * 1024
};

struct shortcode {
	struct slice name, attributes;
	bool closing;
};

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	    c == '-';
}

/* The length of what has the form of one at the start of `s`, or 0. */
static size_t
scan(struct slice s, struct shortcode *code)
{
	size_t i = 1, start;
	char quote = 0;

	*code = (struct shortcode){ .closing = s.len > 1 && s.ptr[1] == '/' };
	s = slice_upto(s, SHORTCODE_BYTES_MAX);
	i += code->closing;
	for (start = i; i < s.len && is_name(s.ptr[i]);)
		i++;
	code->name = slice_make(s.ptr + start, i - start);
	if (code->name.len < 3 || i == s.len ||
	    (s.ptr[i] != ']' && s.ptr[i] != '=' && !html_is_space(s.ptr[i])))
		return 0;
	for (start = i; i < s.len; i++) {
		char c = s.ptr[i];

		if (quote && c == quote)
			quote = 0;
		else if (quote)
			continue;
		else if (c == ']')
			break;
		else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
			quote = c;
		else if (c == '[')
			return 0;
	}
	if (i == s.len)
		return 0;
	code->attributes = slice_make(s.ptr + start, i - start);
	return i + 1;
}

static void
caption(struct html *h, const struct shortcode *code)
{
	html_flush(h);
	h->in_caption = !code->closing;
	if (!code->closing) {
		buf_clear(&h->caption);
		html_decode(
		    &h->caption, html_attribute(code->attributes, "caption"));
		return;
	}
	/* It was an attribute once, in which HTML may stand: its text. */
	if (h->caption.len) {
		struct slice s = buf_slice(&h->caption);

		while (s.len) {
			struct tag t;
			size_t n = slice_find(s, '<');

			html_text(h, slice_upto(s, n));
			s = slice_from(s, n);
			n = s.len ? html_tag(s, &t) : 0;
			if (s.len && !n)
				html_text(h, slice_upto(s, n = 1));
			s = slice_from(s, n);
		}
		html_flush(h);
	}
	buf_clear(&h->caption);
}

static void
gallery_picture(struct html *h, struct slice id, size_t n, bool *found)
{
	struct slice target = SLICE_NONE, title = SLICE_NONE;

	*found = h->opts->picture &&
	    h->opts->picture(h->opts->ctx, id, n, &target, &title);
	if (!*found)
		return;
	html_image(h, target, title, SLICE_NONE);
	html_flush(h);
}

static void
gallery(struct html *h, const struct shortcode *code)
{
	struct slice ids = html_attribute(code->attributes, "ids");
	bool found = true;

	if (!ids.len)
		ids = html_attribute(code->attributes, "include");
	html_flush(h);
	for (size_t n = 0; !ids.len && found; n++) {
		gallery_picture(h, SLICE_NONE, n, &found);
		if (!n && !found)
			html_tell(h, "[gallery] without pictures");
	}
	while (ids.len) {
		struct slice id = slice_trim(slice_take(&ids, ','));

		gallery_picture(h, id, 0, &found);
		if (!found)
			html_tell(h, "[gallery]: no picture %.*s",
			    SLICE_FMT(slice_upto(id, 32)));
	}
}

/* [audio mp3="..."], [video mp4="..." poster="..."]: each file of it. */
static void
played(struct html *h, const struct shortcode *code)
{
	struct slice s = code->attributes, key, value;

	html_flush(h);
	while (!code->closing && html_next_attribute(&s, &key, &value)) {
		if (!memchr(value.len ? value.ptr : "", '/', value.len))
			continue;
		if (slice_eq_cstr(key, "poster"))
			html_image(h, value, SLICE_NONE, SLICE_NONE);
		else
			html_link(h, value, SLICE_NONE);
		html_flush(h);
	}
}

/* [youtube URL], [youtube=URL] */
static void
named_url(struct html *h, const struct shortcode *code)
{
	struct slice url = slice_trim(code->attributes);

	html_flush(h);
	if (url.len && url.ptr[0] == '=')
		url = slice_from(url, 1);
	if (!code->closing)
		html_link(h, url, code->name);
	html_flush(h);
}

static bool
is_url(const struct shortcode *code)
{
	struct slice s = slice_trim(code->attributes);

	return s.len && memmem(s.ptr, s.len, "://", 3) &&
	    (slice_eq_cstr(code->name, "youtube") ||
		slice_eq_cstr(code->name, "vimeo"));
}

size_t
html_shortcode(struct html *h, struct slice s)
{
	struct shortcode code;
	size_t n = scan(s, &code);

	if (!n)
		return 0;
	if (slice_eq_cstr(code.name, "caption") ||
	    slice_eq_cstr(code.name, "wp_caption"))
		caption(h, &code);
	else if (slice_eq_cstr(code.name, "gallery"))
		gallery(h, &code);
	else if (slice_eq_cstr(code.name, "embed"))
		html_flush(h);
	else if (slice_eq_cstr(code.name, "audio") ||
	    slice_eq_cstr(code.name, "video"))
		played(h, &code);
	else if (is_url(&code))
		named_url(h, &code);
	else {
		/* A word in brackets may be just that. */
		if (code.attributes.len || code.closing)
			html_tell(h, "shortcode [%.*s] not known: left as text",
			    SLICE_FMT(slice_upto(code.name, 40)));
		return 0;
	}
	return n;
}
