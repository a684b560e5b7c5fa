#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/scan.h"

#include "markdown/markdown_internal.h"

/*
 * What may stand in text beside words.  Each taker is called at a place in src
 * and returns the bytes it took there (they may go beyond the run of text that
 * md4c gave), 0 when there is nothing of its kind, or -1 when memory ended.
 */

/* The rest of the source from `p` on, no further than a blank line. */
static struct slice
ahead(const struct builder *b, const char *p, size_t most)
{
	size_t left = (size_t)(b->src + b->src_len - p);
	struct slice s = slice_make(p, left < most ? left : most);
	const char *end = memmem(s.ptr, s.len, "\n\n", 2);

	return end ? slice_upto(s, (size_t)(end - s.ptr)) : s;
}

/* --- arguments of shortcodes -------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool
is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* Takes the next word, or key="value", off *args; false at the end. */
static bool
next_argument(struct slice *args, struct slice *key, struct slice *value)
{
	struct slice s = slice_trim(*args);
	size_t n = 0;

	*key = SLICE_NONE;
	if (!s.len)
		return false;
	while (n < s.len && !is_space(s.ptr[n]) && s.ptr[n] != '=' &&
	    !is_quote(s.ptr[n]))
		n++;
	if (n && n < s.len && s.ptr[n] == '=') {
		*key = slice_upto(s, n);
		s = slice_from(s, n + 1);
	}
	if (s.len && is_quote(s.ptr[0])) {
		n = slice_find(slice_from(s, 1), s.ptr[0]);
		*value = slice_upto(slice_from(s, 1), n);
		n += 2;
	} else {
		for (n = 0; n < s.len && !is_space(s.ptr[n]);)
			n++;
		*value = slice_upto(s, n);
	}
	*args = slice_from(s, n ? n : 1);
	return true;
}

/* The value of `name`, or the first plain word when `name` is "". */
static struct slice
argument(struct slice args, const char *name)
{
	struct slice key, value;

	while (next_argument(&args, &key, &value))
		if (slice_eq_cstr(key, name))
			return value;
	return SLICE_NONE;
}

/* --- shortcodes of Hugo ------------------------------------------------- */

static int
add_link(struct builder *b, enum md_type type, struct slice target,
    struct slice label)
{
	struct md_node *parent = md_inline_parent(b), *n;

	if (!parent || !(n = md_add(b->arena, parent, type)))
		return -1;
	n->text = target;
	n->line = b->cur->line;
	n->column = b->cur->column;
	if (label.len && !md_add_text(b->arena, n, label))
		return -1;
	return 0;
}

static int
figure(struct builder *b, struct slice args)
{
	struct slice src = argument(args, "src"), alt = argument(args, "alt");
	struct slice link = argument(args, "link");
	struct slice title = argument(args, "title");
	struct slice caption = argument(args, "caption");

	if (link.len && add_link(b, MD_LINK, link, alt) < 0)
		return -1;
	if (add_link(b, MD_IMAGE, src, alt) < 0)
		return -1;
	b->cur->last->info = title.len ? title : caption;
	if (!title.len || !caption.len || slice_eq(title, caption))
		return md_end_paragraph(b);
	if (md_end_paragraph(b) < 0 || md_plain(b, caption) < 0)
		return -1;
	return md_end_paragraph(b);
}

static const struct service {
	const char *name, *prefix, *suffix;
} services[] = {
	{ "youtube", "https://www.youtube.com/watch?v=", "" },
	{ "youtubepl", "https://www.youtube.com/playlist?list=", "" },
	{ "vimeo", "https://vimeo.com/", "" },
	{ "instagram", "https://www.instagram.com/p/", "/" },
};

static int
video(struct builder *b, const struct service *s, struct slice args)
{
	struct slice id = argument(args, "id"), title;
	char *url;

	if (!id.len)
		id = argument(args, "");
	url = arena_printf(
	    b->arena, "%s%.*s%s", s->prefix, SLICE_FMT(id), s->suffix);
	if (!url)
		return -1;
	title = argument(args, "title");
	return add_link(
	    b, MD_LINK, slice_cstr(url), title.len ? title : slice_cstr(url));
}

static int
gist(struct builder *b, struct slice args)
{
	struct slice key, user, id;
	char *url;

	if (!next_argument(&args, &key, &user) ||
	    !next_argument(&args, &key, &id))
		return 1;
	url = arena_printf(b->arena, "https://gist.github.com/%.*s/%.*s",
	    SLICE_FMT(user), SLICE_FMT(id));
	if (!url)
		return -1;
	return add_link(b, MD_LINK, slice_cstr(url), slice_cstr(url));
}

/* 0: done; 1: not known; -1: memory ended. */
static int
shortcode(struct builder *b, struct slice inner)
{
	struct slice args = slice_trim(inner), name, key;

	if (!next_argument(&args, &key, &name))
		return 1;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (slice_eq_cstr(name, services[i].name))
			return video(b, &services[i], args);
	if (slice_eq_cstr(name, "gist"))
		return gist(b, args);
	if (slice_eq_cstr(name, "figure") && argument(args, "src").len)
		return figure(b, args);
	return 1;
}

static long
take_shortcode(struct builder *b, const char *p)
{
	struct slice s = ahead(b, p, MAX_SHORTCODE_BYTES);
	const char *end, *close;
	size_t len;
	int r;

	if (slice_starts(s, SLICE_LIT("{{<")))
		close = ">}}";
	else if (slice_starts(s, SLICE_LIT("{{%")))
		close = "%}}";
	else
		return 0;
	if (!(end = memmem(p + 3, s.len - 3, close, 3)))
		return 0;
	len = (size_t)(end - p) + 3;
	r = shortcode(b, slice_make(p + 3, len - 6));
	if (r > 0)
		md_warn(b, p, "shortcode not known, left as it is: %.*s",
		    (int)(len < 60 ? len : 60), p);
	return r < 0 ? -1 : r > 0 ? 0 : (long)len;
}

/* --- attribute lists: {width=50%}, {#id .class}, {: .class} ------------- */

static bool
is_attribute_list(struct slice s)
{
	struct slice key, value;
	bool any = false;

	if (s.len && s.ptr[0] == ':')
		s = slice_from(s, 1);
	while (next_argument(&s, &key, &value)) {
		if (!key.len &&
		    (value.len < 2 ||
			(value.ptr[0] != '#' && value.ptr[0] != '.')))
			return false;
		any = true;
	}
	return any;
}

static long
take_attributes(struct builder *b, const char *p, bool at_start)
{
	struct slice s = ahead(b, p, 512);
	struct slice line = slice_upto(s, slice_find(s, '\n'));
	size_t end = slice_find(line, '}');
	const struct md_node *last = b->cur->last;
	bool after = at_start && last &&
	    (last->type == MD_IMAGE || last->type == MD_LINK ||
		last->type == MD_CODE_SPAN);
	bool closing = b->cur->type == MD_HEADING && end + 1 >= line.len;

	if (end == line.len ||
	    (!after && !closing && !slice_starts(line, SLICE_LIT("{:"))))
		return 0;
	if (!is_attribute_list(slice_upto(slice_from(line, 1), end - 1)))
		return 0;
	return (long)end + 1;
}

/* --- shortcodes of WordPress -------------------------------------------- */

/* The length of `[name ...]` at the start of `s`, or 0. */
static size_t
bracketed(struct slice s, struct slice name)
{
	size_t end = slice_find(s, ']');
	char c;

	if (!slice_starts(slice_from(s, 1), name) || end == s.len)
		return 0;
	c = s.ptr[1 + name.len];
	return c == ']' || is_space(c) ? end + 1 : 0;
}

/* [embed]URL[/embed]: a link. */
static long
take_embed(struct builder *b, struct slice s, size_t n)
{
	const char *end = memmem(s.ptr + n, s.len - n, "[/embed]", 8);
	struct slice url;

	if (!end)
		return 0;
	url = slice_trim(slice_make(s.ptr + n, (size_t)(end - s.ptr) - n));
	if (url.len && add_link(b, MD_LINK, url, url) < 0)
		return -1;
	return (long)(end - s.ptr) + 8;
}

static long
take_bracket(struct builder *b, const char *p)
{
	struct slice s = ahead(b, p, MAX_SHORTCODE_BYTES);
	size_t n;

	if ((n = bracketed(s, SLICE_LIT("caption")))) {
		if (md_end_paragraph(b) < 0)
			return -1;
		b->in_caption = true;
		b->caption = argument(slice_make(p + 8, n - 9), "caption");
		return (long)n;
	}
	if ((n = bracketed(s, SLICE_LIT("/caption")))) {
		struct slice caption = b->caption;

		b->in_caption = false;
		b->caption = SLICE_NONE;
		if (md_end_paragraph(b) < 0 || md_plain(b, caption) < 0 ||
		    md_end_paragraph(b) < 0)
			return -1;
		return (long)n;
	}
	if ((n = bracketed(s, SLICE_LIT("embed"))))
		return take_embed(b, s, n);
	if (s.len > 2 && s.ptr[1] >= 'a' && s.ptr[1] <= 'z' &&
	    (n = slice_find(s, ']')) < s.len && slice_find(s, '=') < n &&
	    (memchr(p, '"', n) || memchr(p, '\'', n)))
		md_warn(b, p, "shortcode not known, left as it is: %.*s",
		    (int)(n < 60 ? n + 1 : 60), p);
	return 0;
}

/* --- references to footnotes -------------------------------------------- */

static long
take_reference(struct builder *b, const char *p)
{
	struct slice s = ahead(b, p, 256);
	size_t end = slice_find(s, ']');
	struct md_node *parent, *n;
	struct footnote *note;

	if (!slice_starts(s, SLICE_LIT("[^")) || end == s.len || end == 2)
		return 0;
	note = footnotes_find(&b->notes, slice_make(p + 2, end - 2));
	if (!note) {
		md_warn(b, p, "footnote not defined: %.*s",
		    (int)(end < 60 ? end + 1 : 60), p);
		return 0;
	}
	if (!(parent = md_inline_parent(b)) ||
	    !(n = md_add(b->arena, parent, MD_NOTE_REF)))
		return -1;
	/* Its place among the definitions; the real number comes later. */
	n->number = (unsigned)(note - b->notes.notes) + 1;
	return (long)end + 1;
}

/* --- the run of text ---------------------------------------------------- */

static long
take(struct builder *b, const char *p, size_t left, bool at_start)
{
	long n;

	switch (*p) {
	case '[':
		if (left > 1 && p[1] == '^')
			return take_reference(b, p);
		return take_bracket(b, p);
	case '{':
		n = take_shortcode(b, p);
		return n ? n : take_attributes(b, p, at_start);
	default:
		if (slice_starts(slice_make(p, left), MD_SOFT_HYPHEN))
			return 2;
		return slice_starts(slice_make(p, left), MD_ZWSP) ? 3 : 0;
	}
}

/* The offset of the next byte that may begin something, or s.len. */
static size_t
next_special(struct slice s, size_t from)
{
	static const bool special[256] = {
		['['] = true, ['{'] = true, [0xc2] = true, [0xe2] = true
	};

	for (;; from++) {
		/* With the bit that tells '[' from '{', and c2 from e2, set. */
		while (from + SCAN_BYTES <= s.len) {
			uint64_t w = scan_load(s.ptr + from) | SCAN_ONES * 0x20;

			if (scan_equal(w, '{') || scan_equal(w, 0xe2))
				break;
			from += SCAN_BYTES;
		}
		if (from >= s.len || special[(unsigned char)s.ptr[from]])
			return from;
	}
}

int
md_text(struct builder *b, struct slice text)
{
	size_t at = 0;

	if (!md_in_src(b, text.ptr))
		return md_plain(b, text);
	while ((at = next_special(text, at)) < text.len) {
		const char *p = text.ptr + at;
		struct slice before = slice_upto(text, at);
		long n;

		/* What stood before is in the tree when a taker looks. */
		if (*p == '[' || *p == '{') {
			if (md_plain(b, before) < 0)
				return -1;
			text = slice_from(text, at);
			before = slice_upto(text, 0);
			at = 0;
		}
		n = take(b, p, text.len - at, b->cur->last && !before.len);
		if (n < 0 || (n && md_plain(b, before) < 0))
			return -1;
		if (!n) {
			at++;
			continue;
		}
		if ((size_t)n > text.len - at) {
			b->skip_until = p + n;
			return 0;
		}
		text = slice_from(text, at + (size_t)n);
		at = 0;
	}
	return md_plain(b, text);
}
