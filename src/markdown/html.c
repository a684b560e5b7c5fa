#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "markdown/entities.h"

#include "markdown/markdown_internal.h"

/*
 * Raw HTML: its text and links are kept, and the shape of its lists, tables,
 * headings and quotes.  A scanner of tags, not a parser of HTML: what is left
 * open is closed with the block of Markdown around it.
 */

enum {
	MAX_TAG_BYTES = 8192 /* a longer one is taken for text */
};

enum tag_kind {
	TAG_INLINE, /* dropped, its text stays */
	TAG_BLOCK,  /* ends a paragraph */
	TAG_LINK,
	TAG_IMAGE,
	TAG_FRAME, /* a link to what it shows */
	TAG_BREAK,
	TAG_CAPTION,
	TAG_CELL,
	TAG_CODE,
	TAG_HEADING,
	TAG_ITEM,
	TAG_LIST,
	TAG_PRE,
	TAG_QUOTE,
	TAG_ROW,
	TAG_RULE,
	TAG_SKIP, /* dropped with what is in it */
	TAG_STRIKE,
	TAG_TABLE,
};

struct tag {
	struct slice attributes;
	enum tag_kind kind;
	const char *name; /* from the table, or NULL */
	bool closing;
};

static const struct tag_name {
	const char *name;
	enum tag_kind kind;
} tag_names[] = {
	{ "a", TAG_LINK },
	{ "address", TAG_BLOCK },
	{ "area", TAG_FRAME },
	{ "article", TAG_BLOCK },
	{ "aside", TAG_BLOCK },
	{ "audio", TAG_FRAME },
	{ "blockquote", TAG_QUOTE },
	{ "br", TAG_BREAK },
	{ "caption", TAG_CAPTION },
	{ "center", TAG_BLOCK },
	{ "code", TAG_CODE },
	{ "dd", TAG_BLOCK },
	{ "del", TAG_STRIKE },
	{ "details", TAG_BLOCK },
	{ "div", TAG_BLOCK },
	{ "dl", TAG_BLOCK },
	{ "dt", TAG_BLOCK },
	{ "embed", TAG_FRAME },
	{ "figcaption", TAG_BLOCK },
	{ "figure", TAG_BLOCK },
	{ "footer", TAG_BLOCK },
	{ "form", TAG_BLOCK },
	{ "h1", TAG_HEADING },
	{ "h2", TAG_HEADING },
	{ "h3", TAG_HEADING },
	{ "h4", TAG_HEADING },
	{ "h5", TAG_HEADING },
	{ "h6", TAG_HEADING },
	{ "header", TAG_BLOCK },
	{ "hr", TAG_RULE },
	{ "iframe", TAG_FRAME },
	{ "img", TAG_IMAGE },
	{ "li", TAG_ITEM },
	{ "main", TAG_BLOCK },
	{ "nav", TAG_BLOCK },
	{ "object", TAG_FRAME },
	{ "ol", TAG_LIST },
	{ "p", TAG_BLOCK },
	{ "pre", TAG_PRE },
	{ "s", TAG_STRIKE },
	{ "script", TAG_SKIP },
	{ "section", TAG_BLOCK },
	{ "source", TAG_FRAME },
	{ "strike", TAG_STRIKE },
	{ "style", TAG_SKIP },
	{ "summary", TAG_BLOCK },
	{ "table", TAG_TABLE },
	{ "td", TAG_CELL },
	{ "template", TAG_SKIP },
	{ "th", TAG_CELL },
	{ "tr", TAG_ROW },
	{ "ul", TAG_LIST },
	{ "video", TAG_FRAME },
};

/* --- scanning ----------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool
is_letter(char c)
{
	char low = (char)(c | 0x20);

	return low >= 'a' && low <= 'z';
}

static int
compare_name(const void *key, const void *entry)
{
	const struct slice *name = key;

	return slice_cmp(
	    *name, slice_cstr(((const struct tag_name *)entry)->name));
}

static void
name_tag(struct tag *t, struct slice name)
{
	const struct tag_name *found;
	char low[12];
	struct slice s;

	if (name.len > sizeof(low))
		return;
	/* Digits have the bit that makes letters small. */
	for (size_t i = 0; i < name.len; i++)
		low[i] = (char)(name.ptr[i] | 0x20);
	s = slice_make(low, name.len);
	found = bsearch(&s, tag_names, sizeof(tag_names) / sizeof(tag_names[0]),
	    sizeof(tag_names[0]), compare_name);
	if (!found)
		return;
	t->kind = found->kind;
	t->name = found->name;
}

/* The offset of the > that ends a tag whose attributes begin at `i`, or 0. */
static size_t
tag_end(struct slice s, size_t i)
{
	unsigned char quote = 0;

	for (s = slice_upto(s, MAX_TAG_BYTES); i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '>')
			return i;
		else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
			quote = c;
	}
	return 0;
}

/* The length of the tag at the start of `s`, or 0; fills *t. */
static size_t
scan_tag(struct slice s, struct tag *t)
{
	size_t i = 1, start, end;

	*t = (struct tag){ .kind = TAG_INLINE };
	if (i < s.len && s.ptr[i] == '/') {
		t->closing = true;
		i++;
	}
	for (start = i; i < s.len && i - start < 64 &&
	     (is_letter(s.ptr[i]) ||
		 (i > start && s.ptr[i] >= '0' && s.ptr[i] <= '9'));)
		i++;
	/* An address in angle brackets is none, wherever it stands. */
	if (i == start || slice_starts(slice_from(s, i), SLICE_LIT("://")) ||
	    !(end = tag_end(s, i)))
		return 0;
	name_tag(t, slice_make(s.ptr + start, i - start));
	t->attributes = slice_make(s.ptr + i, end - i);
	return end + 1;
}

/* The raw value of attribute `name`, or an empty slice. */
static struct slice
attribute(const struct tag *t, const char *name)
{
	struct slice s = t->attributes, value;

	while ((s = slice_trim(s)).len) {
		struct slice key;
		size_t n = 0;

		while (n < s.len && !is_space(s.ptr[n]) && s.ptr[n] != '=')
			n++;
		key = slice_upto(s, n);
		s = slice_trim(slice_from(s, n ? n : 1));
		if (!s.len || s.ptr[0] != '=')
			continue;
		s = slice_trim(slice_from(s, 1));
		if (s.len && (s.ptr[0] == '"' || s.ptr[0] == '\'')) {
			n = slice_find(slice_from(s, 1), s.ptr[0]);
			value = slice_upto(slice_from(s, 1), n);
			n += 2;
		} else {
			for (n = 0; n < s.len && !is_space(s.ptr[n]);)
				n++;
			value = slice_upto(s, n);
		}
		if (slice_eq_nocase(key, slice_cstr(name)))
			return slice_trim(value);
		s = slice_from(s, n);
	}
	return SLICE_NONE;
}

/*
 * A copy of `s` in the arena, entities decoded, blanks run together (but not
 * in <pre>).
 */
static int
clean(struct builder *b, struct slice s, bool verbatim, struct slice *out)
{
	char *p = arena_alloc(b->arena, s.len + ENTITY_MAX_BYTES);
	char decoded[ENTITY_MAX_BYTES];
	size_t len = 0, n;

	if (!p)
		return -1;
	for (size_t i = 0; i < s.len; i += n) {
		int d = -1;

		n = 1;
		if (!verbatim && is_space(s.ptr[i])) {
			if (!len || p[len - 1] != ' ')
				p[len++] = ' ';
			continue;
		}
		if (s.ptr[i] == '&' &&
		    (n = entity_length(slice_from(s, i))) == 0)
			n = 1;
		if (n > 1)
			d = entity_decode(
			    slice_upto(slice_from(s, i), n), decoded);
		if (d < 0) {
			memcpy(p + len, s.ptr + i, n);
			len += n;
		} else if ((size_t)d <= n &&
		    !slice_eq(slice_make(decoded, (size_t)d), MD_SOFT_HYPHEN)) {
			memcpy(p + len, decoded, (size_t)d);
			len += (size_t)d;
		}
	}
	*out = slice_make(p, len);
	return 0;
}

/* --- text --------------------------------------------------------------- */

static int
add_text(struct builder *b, struct slice raw)
{
	const struct md_node *last = b->cur->last;
	struct slice text;

	if (b->skip_tag || !raw.len)
		return 0;
	if (b->pre) {
		if (clean(b, raw, true, &text) < 0)
			return -1;
		buf_add(&b->code, text);
		return 0;
	}
	if (clean(b, raw, false, &text) < 0)
		return -1;
	/* No blank at the start of a block, nor between two of them. */
	if (text.ptr[0] == ' ' &&
	    (!last || last->type == MD_BREAK || !md_is_inline(last->type)) &&
	    !md_is_inline(b->cur->type))
		text = slice_from(text, 1);
	return md_plain(b, text);
}

/* --- tags --------------------------------------------------------------- */

/* The innermost open node of `type` that HTML opened, or NULL. */
static struct md_node *
open_node(const struct builder *b, enum md_type type)
{
	struct md_node *n = b->cur;

	for (; n && n != b->floor; n = n->parent)
		if (n->type == type)
			return n;
	return NULL;
}

static void
close_node(struct builder *b, enum md_type type)
{
	struct md_node *n = open_node(b, type);

	if (!n)
		return;
	b->cur = n->parent;
	b->html_link = NULL;
}

/* Whether a span of md4c is open: then no block can begin. */
static bool
in_span(const struct builder *b)
{
	return b->frames && b->frames->node &&
	    md_is_inline(b->frames->node->type);
}

/* A block of `type`, or a new line where only inlines can stand. */
static struct md_node *
open_block(struct builder *b, enum md_type type, bool *flat)
{
	*flat = in_span(b);
	if (*flat)
		return md_break(b) < 0 ? NULL : b->cur;
	return md_open_block(b, type, flat);
}

static int
link_tag(struct builder *b, const struct tag *t)
{
	struct slice href;
	struct md_node *parent;

	if (b->html_link) {
		struct md_node *n = b->cur;

		while (n && n != b->html_link)
			n = n->parent;
		if (n)
			b->cur = n->parent;
		b->html_link = NULL;
	}
	href = attribute(t, "href");
	if (t->closing || !href.len)
		return 0;
	if (!(parent = md_inline_parent(b)) ||
	    !(b->html_link = md_add(b->arena, parent, MD_LINK)))
		return -1;
	b->cur = b->html_link;
	md_place(b, b->html_at, &b->cur->line, &b->cur->column);
	return clean(b, href, false, &b->cur->text);
}

/* Where what the tag shows is found; empty: nowhere. */
static struct slice
source_of(const struct tag *t)
{
	const char *name = t->name ? t->name : "";
	struct slice src = attribute(t, "src"), set;
	size_t n = 0;

	if (!src.len && !strcmp(name, "object"))
		src = attribute(t, "data");
	if (!src.len && !strcmp(name, "area"))
		src = attribute(t, "href");
	if (src.len || (t->kind != TAG_IMAGE && strcmp(name, "source") != 0))
		return src;
	/* Of "a.png 1x, b.png 2x" the first. */
	set = attribute(t, "srcset");
	while (n < set.len && !is_space(set.ptr[n]) && set.ptr[n] != ',')
		n++;
	return slice_upto(set, n);
}

static int
picture_tag(struct builder *b, const struct tag *t)
{
	bool image = t->kind == TAG_IMAGE;
	bool alt = image || !strcmp(t->name ? t->name : "", "area");
	struct slice src = source_of(t), label, title;
	struct md_node *parent, *n;

	if (t->closing)
		return 0;
	if (!src.len) {
		if (image && clean(b, attribute(t, "alt"), false, &label) < 0)
			return -1;
		return image && label.len ? md_plain(b, label) : 0;
	}
	if (!image && md_plain(b, SLICE_LIT(" ")) < 0)
		return -1;
	if (!(parent = md_inline_parent(b)) ||
	    !(n = md_add(b->arena, parent, image ? MD_IMAGE : MD_LINK)))
		return -1;
	md_place(b, b->html_at, &n->line, &n->column);
	if (clean(b, src, false, &n->text) < 0 ||
	    clean(b, attribute(t, alt ? "alt" : "title"), false, &label) < 0 ||
	    clean(b, attribute(t, "title"), false, &title) < 0)
		return -1;
	n->info = image ? title : SLICE_NONE;
	if (label.len && !md_add_text(b->arena, n, label))
		return -1;
	if (!image && md_plain(b, SLICE_LIT(" ")) < 0)
		return -1;
	if (b->in_caption && !in_span(b) && b->cur->type == MD_PARAGRAPH)
		return md_end_paragraph(b);
	return 0;
}

static int
strike_tag(struct builder *b, const struct tag *t)
{
	struct md_node *parent, *n;

	if (in_span(b))
		return 0;
	if (t->closing) {
		for (n = b->cur; n && md_is_inline(n->type); n = n->parent)
			if (n->type == MD_STRIKE)
				b->cur = n->parent;
		return 0;
	}
	if (!(parent = md_inline_parent(b)))
		return -1;
	if (parent->type == MD_STRIKE)
		return 0;
	if (!(n = md_add(b->arena, parent, MD_STRIKE)))
		return -1;
	b->cur = n;
	return 0;
}

static int
pre_tag(struct builder *b, const struct tag *t)
{
	struct md_node *n;
	bool flat;

	if (t->closing)
		return md_html_end(b);
	if (!(n = open_block(b, MD_CODE, &flat)))
		return -1;
	if (flat)
		return 0;
	b->pre = n;
	b->cur = n->parent;
	buf_clear(&b->code);
	return 0;
}

int
md_html_end(struct builder *b)
{
	struct md_node *n = b->pre;
	struct slice text;

	if (!n)
		return 0;
	b->pre = NULL;
	if (buf_failed(&b->code))
		return -1;
	if (b->code.len && b->code.ptr[b->code.len - 1] != '\n')
		buf_add_char(&b->code, '\n');
	text = buf_slice(&b->code);
	if (text.len && text.ptr[0] == '\n')
		text = slice_from(text, 1);
	return arena_copy(b->arena, text, &n->text);
}

static int
list_tag(struct builder *b, const struct tag *t)
{
	struct md_node *n;
	bool flat;

	if (t->closing) {
		close_node(b, MD_LIST);
		return 0;
	}
	if (!(n = open_block(b, MD_LIST, &flat)))
		return -1;
	if (flat)
		return 0;
	n->ordered = t->name[0] == 'o';
	n->tight = true;
	n->number = 1;
	return 0;
}

static int
item_tag(struct builder *b, const struct tag *t)
{
	struct md_node *n = open_node(b, MD_ITEM),
		       *list = open_node(b, MD_LIST);
	bool flat;

	/* An item that is open in this list ends; not one around the list. */
	if (n && (!list || list == n->parent))
		close_node(b, MD_ITEM);
	if (t->closing)
		return 0;
	if (!list || in_span(b)) {
		if (md_end_paragraph(b) < 0)
			return -1;
		return md_plain(b, SLICE_LIT("– "));
	}
	b->cur = list;
	b->html_link = NULL;
	return md_open_block(b, MD_ITEM, &flat) ? 0 : -1;
}

static int
row_tag(struct builder *b, const struct tag *t)
{
	struct md_node *table = open_node(b, MD_TABLE);
	bool flat;

	if (!table || in_span(b))
		return md_end_paragraph(b);
	b->cur = table;
	b->html_link = NULL;
	if (t->closing)
		return 0;
	return md_open_block(b, MD_ROW, &flat) ? 0 : -1;
}

/* Where in the source a tag stands; in a quote or an item about there. */
static const char *
place_of(const struct builder *b, const struct tag *t)
{
	const char *p = t->attributes.ptr, *html = b->html.ptr;

	return html && p >= html && p < html + b->html.len
	    ? b->html_at + (p - html)
	    : p;
}

/* The grid has no cells over several rows: what follows would move left. */
static void
tell_tall(struct builder *b, const struct tag *t)
{
	struct slice rows = attribute(t, "rowspan");

	if (rows.len && !slice_eq_cstr(rows, "1"))
		md_warn(b, place_of(b, t),
		    "a cell over %.*s rows: it stands in the first, and those "
		    "below have a cell less",
		    SLICE_FMT(rows));
}

static int
cell_tag(struct builder *b, const struct tag *t)
{
	struct md_node *table = open_node(b, MD_TABLE), *row;
	bool flat;

	if (!table || in_span(b))
		return md_plain(b, SLICE_LIT(" "));
	row = open_node(b, MD_ROW);
	if (t->closing) {
		b->cur = row ? row : table;
		return 0;
	}
	b->cur = row ? row : table;
	b->html_link = NULL;
	if (!row && !(row = md_open_block(b, MD_ROW, &flat)))
		return -1;
	/* A table that does not begin with headers has empty ones. */
	if (row == table->first && !row->first && t->name[1] == 'd') {
		b->cur = table;
		if (!md_open_block(b, MD_ROW, &flat))
			return -1;
	}
	tell_tall(b, t);
	return md_open_block(b, MD_CELL, &flat) ? 0 : -1;
}

/* A caption stands before its table. */
static int
caption_tag(struct builder *b, const struct tag *t)
{
	struct md_node *table = open_node(b, MD_TABLE), *n;

	if (t->closing && b->captioned) {
		b->cur = b->captioned;
		b->captioned = b->html_link = NULL;
		return 0;
	}
	if (!table || t->closing || in_span(b))
		return md_end_paragraph(b);
	b->html_link = NULL;
	if (!(n = md_add(b->arena, table->parent, MD_PARAGRAPH)))
		return -1;
	md_move(table, table->parent);
	b->cur = n;
	b->captioned = table;
	return 0;
}

static int
block_tag(struct builder *b, enum md_type type, const struct tag *t)
{
	struct md_node *n;
	bool flat;

	if (t->closing) {
		close_node(b, type);
		return 0;
	}
	if (!(n = open_block(b, type, &flat)))
		return -1;
	if (flat)
		return 0;
	if (type == MD_HEADING)
		n->level = (unsigned)(t->name[1] - '0');
	if (type == MD_RULE)
		b->cur = n->parent;
	return 0;
}

static int
apply(struct builder *b, const struct tag *t)
{
	switch (t->kind) {
	case TAG_BLOCK:
		return md_end_paragraph(b);
	case TAG_LINK:
		return link_tag(b, t);
	case TAG_IMAGE:
	case TAG_FRAME:
		return picture_tag(b, t);
	case TAG_BREAK:
		return md_inline_parent(b) ? md_break(b) : -1;
	case TAG_CAPTION:
		return caption_tag(b, t);
	case TAG_CELL:
		return cell_tag(b, t);
	case TAG_CODE:
		return md_plain(b, SLICE_LIT("`"));
	case TAG_HEADING:
		return block_tag(b, MD_HEADING, t);
	case TAG_ITEM:
		return item_tag(b, t);
	case TAG_LIST:
		return list_tag(b, t);
	case TAG_PRE:
		return pre_tag(b, t);
	case TAG_QUOTE:
		return block_tag(b, MD_QUOTE, t);
	case TAG_ROW:
		return row_tag(b, t);
	case TAG_RULE:
		return block_tag(b, MD_RULE, t);
	case TAG_STRIKE:
		return strike_tag(b, t);
	case TAG_TABLE:
		return block_tag(b, MD_TABLE, t);
	default:
		return 0;
	}
}

static int
use_tag(struct builder *b, const struct tag *t)
{
	if (b->skip_tag) {
		if (t->closing && t->name == b->skip_tag)
			b->skip_tag = NULL;
		return 0;
	}
	if (t->kind == TAG_SKIP) {
		b->skip_tag = t->closing ? NULL : t->name;
		return 0;
	}
	if (b->pre && t->kind == TAG_BREAK) {
		buf_add_char(&b->code, '\n');
		return 0;
	}
	if (b->pre && t->kind != TAG_PRE && t->kind != TAG_LINK &&
	    t->kind != TAG_IMAGE)
		return 0;
	return apply(b, t);
}

/* The length of the comment, declaration or section at the start of `s`. */
static size_t
comment_length(struct slice s)
{
	const char *close = ">", *end;

	if (slice_starts(s, SLICE_LIT("<!--")))
		close = "-->";
	else if (slice_starts(s, SLICE_LIT("<![CDATA[")))
		close = "]]>";
	else if (slice_starts(s, SLICE_LIT("<?")))
		close = "?>";
	else if (s.len < 3 || s.ptr[1] != '!' || !is_letter(s.ptr[2]))
		return 0;
	end = memmem(s.ptr + 2, s.len - 2, close, strlen(close));
	return end ? (size_t)(end - s.ptr) + strlen(close) : s.len;
}

int
md_html(struct builder *b, struct slice html)
{
	while (html.len) {
		size_t n = slice_find(html, '<');
		struct tag tag;

		if (add_text(b, slice_upto(html, n)) < 0)
			return -1;
		html = slice_from(html, n);
		if (!html.len)
			break;
		if ((n = comment_length(html))) {
			html = slice_from(html, n);
			continue;
		}
		n = scan_tag(html, &tag);
		if (n ? use_tag(b, &tag) < 0
		      : add_text(b, slice_upto(html, 1)) < 0)
			return -1;
		html = slice_from(html, n ? n : 1);
	}
	return 0;
}
