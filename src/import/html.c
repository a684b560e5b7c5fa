#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/err.h"

#include "import/html_internal.h"

enum {
	OUT_FACTOR = 64, /* what a byte of HTML may become at most */
	ARENA_MAX = 256 * 1024 * 1024,
};

enum kind {
	KIND_INLINE, /* dropped, its text stays */
	KIND_BLOCK,
	KIND_BREAK,
	KIND_CAPTION,
	KIND_CELL,
	KIND_CODE,
	KIND_DROP, /* with what is in it */
	KIND_EMPHASIS,
	KIND_FORM,
	KIND_FRAME,
	KIND_HEADING,
	KIND_IMAGE,
	KIND_ITEM,
	KIND_LINK,
	KIND_LIST,
	KIND_PRE,
	KIND_QUOTE,
	KIND_ROW,
	KIND_RULE,
	KIND_STRIKE,
	KIND_STRONG,
	KIND_TABLE,
};

static const struct {
	const char *name;
	enum kind kind;
} kinds[] = {
	{ "a", KIND_LINK },
	{ "address", KIND_BLOCK },
	{ "article", KIND_BLOCK },
	{ "aside", KIND_BLOCK },
	{ "audio", KIND_FRAME },
	{ "b", KIND_STRONG },
	{ "blockquote", KIND_QUOTE },
	{ "br", KIND_BREAK },
	{ "button", KIND_FORM },
	{ "caption", KIND_CAPTION },
	{ "center", KIND_BLOCK },
	{ "code", KIND_CODE },
	{ "dd", KIND_BLOCK },
	{ "del", KIND_STRIKE },
	{ "details", KIND_BLOCK },
	{ "div", KIND_BLOCK },
	{ "dl", KIND_BLOCK },
	{ "dt", KIND_BLOCK },
	{ "em", KIND_EMPHASIS },
	{ "embed", KIND_FRAME },
	{ "figcaption", KIND_BLOCK },
	{ "figure", KIND_BLOCK },
	{ "footer", KIND_BLOCK },
	{ "form", KIND_FORM },
	{ "h1", KIND_HEADING },
	{ "h2", KIND_HEADING },
	{ "h3", KIND_HEADING },
	{ "h4", KIND_HEADING },
	{ "h5", KIND_HEADING },
	{ "h6", KIND_HEADING },
	{ "header", KIND_BLOCK },
	{ "hr", KIND_RULE },
	{ "i", KIND_EMPHASIS },
	{ "iframe", KIND_FRAME },
	{ "img", KIND_IMAGE },
	{ "input", KIND_FORM },
	{ "li", KIND_ITEM },
	{ "main", KIND_BLOCK },
	{ "nav", KIND_BLOCK },
	{ "object", KIND_FRAME },
	{ "ol", KIND_LIST },
	{ "p", KIND_BLOCK },
	{ "pre", KIND_PRE },
	{ "s", KIND_STRIKE },
	{ "script", KIND_DROP },
	{ "section", KIND_BLOCK },
	{ "select", KIND_FORM },
	{ "source", KIND_FRAME },
	{ "strike", KIND_STRIKE },
	{ "strong", KIND_STRONG },
	{ "style", KIND_DROP },
	{ "summary", KIND_BLOCK },
	{ "svg", KIND_DROP },
	{ "table", KIND_TABLE },
	{ "td", KIND_CELL },
	{ "template", KIND_DROP },
	{ "textarea", KIND_FORM },
	{ "th", KIND_CELL },
	{ "title", KIND_BLOCK },
	{ "tr", KIND_ROW },
	{ "ul", KIND_LIST },
	{ "video", KIND_FRAME },
};

/* --- messages ------------------------------------------------------------------ */

void
html_tell(struct html *h, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	for (; h->counted < h->at; h->counted++)
		h->line += *h->counted == '\n';
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_at(
	    h->opts->diag, DIAG_WARNING, h->opts->file, h->line, 0, "%s", text);
}

/* --- blocks ---------------------------------------------------------------------- */

/* What stands before a line: the marks of open quotes and items. */
static void
add_prefix(struct html *h, bool is_blank)
{
	size_t blanks = 0;

	for (size_t i = 0; i < h->box_count; i++) {
		struct box *b = &h->boxes[i];

		if (b->kind == BOX_LIST)
			continue;
		if (b->kind == BOX_ITEM && (b->started || is_blank)) {
			blanks += strlen(b->marker);
			continue;
		}
		buf_add_repeat(h->out, ' ', blanks);
		blanks = 0;
		if (b->kind == BOX_QUOTE) {
			buf_add_char(h->out, '>');
			blanks = 1;
			continue;
		}
		buf_add_cstr(h->out, b->marker);
		b->started = true;
	}
	if (!is_blank)
		buf_add_repeat(h->out, ' ', blanks);
}

void
html_write_line(struct html *h, struct slice line)
{
	add_prefix(h, !line.len);
	buf_add(h->out, line);
	buf_add_char(h->out, '\n');
}

/* An item but the first follows the one before without a blank line. */
static bool
is_next_item(const struct html *h)
{
	size_t n = h->box_count;

	return n > 1 && h->boxes[n - 1].kind == BOX_ITEM &&
	    !h->boxes[n - 1].started && h->boxes[n - 2].number > 2;
}

void
html_begin_block(struct html *h)
{
	if (h->after_block && !is_next_item(h))
		html_write_line(h, SLICE_NONE);
	h->after_block = true;
	h->after_list = 0;
}

/* Without a break or blank at its end. */
static void
trim_para(struct html *h)
{
	struct slice s = buf_slice(&h->para);

	while (slice_ends(s, SLICE_LIT("\\\n")))
		s.len -= 2;
	while (h->opts->plain && slice_ends(s, SLICE_LIT("\n")))
		s.len--;
	while (slice_ends(s, SLICE_LIT("<br>")))
		s.len -= 4;
	buf_truncate(&h->para, s.len);
	h->space = false;
}

void
html_flush(struct html *h)
{
	struct slice s;

	if (h->in_code)
		html_code_end(h);
	trim_para(h);
	html_suspend_marks(h);
	s = buf_slice(&h->para);
	if (s.len && h->in_cell) {
		if (h->cell.len)
			buf_add_cstr(&h->cell, "<br>");
		buf_add(&h->cell, s);
	} else if (s.len) {
		html_begin_block(h);
		add_prefix(h, false);
		if (h->heading) {
			buf_add_repeat(h->out, '#', h->heading);
			buf_add_char(h->out, ' ');
		}
		while (s.len) {
			size_t n = slice_find(s, '\n');

			buf_add(h->out, slice_upto(s, n));
			buf_add_char(h->out, '\n');
			if (n < s.len)
				add_prefix(h, false);
			s = slice_from(s, n + 1);
		}
	}
	if (buf_failed(&h->para))
		h->out->failed = true;
	buf_clear(&h->para);
}

static void
push_box(struct html *h, struct box box)
{
	if (h->box_count < BOXES_MAX && !h->too_deep) {
		h->boxes[h->box_count++] = box;
		return;
	}
	if (!h->too_deep++)
		html_tell(h, "nested deeper than %d: flattened", BOXES_MAX);
}

/* Closes the innermost box of `kind`, and what is in it. */
static void
pop_box(struct html *h, enum box_kind kind)
{
	size_t n = h->box_count;

	if (h->too_deep) {
		h->too_deep--;
		return;
	}
	while (n > h->cell_boxes && h->boxes[n - 1].kind != kind)
		n--;
	if (n <= h->cell_boxes)
		return;
	h->box_count = n - 1;
	if (kind == BOX_LIST)
		h->after_list = h->boxes[n - 1].mark;
}

static void
list_tag(struct html *h, const struct tag *t)
{
	bool ordered = html_named(t, "ol");
	const char *marks = ordered ? ".)" : "-*";
	char before;

	html_flush(h);
	if (h->in_cell)
		return;
	if (t->closing) {
		pop_box(h, BOX_LIST);
		return;
	}
	/* Two lists in a row are two. */
	before = h->after_list;
	push_box(h,
	    (struct box){ .kind = BOX_LIST,
		.ordered = ordered,
		.mark = marks[before == marks[0]],
		.number = 1 });
}

static void
item_tag(struct html *h, const struct tag *t)
{
	struct box *list, item = { .kind = BOX_ITEM };
	size_t n;

	html_flush(h);
	if (h->in_cell) {
		if (!t->closing)
			html_text(h, SLICE_LIT("\xe2\x80\x93 "));
		return;
	}
	if (h->too_deep)
		return;
	/* An item that is open in this list ends; not one around the list. */
	for (n = h->box_count; n && h->boxes[n - 1].kind != BOX_LIST;)
		if (h->boxes[--n].kind == BOX_ITEM)
			h->box_count = n;
	if (t->closing)
		return;
	if (!n) {
		push_box(h,
		    (struct box){ .kind = BOX_LIST, .mark = '-', .number = 1 });
		n = h->box_count;
	}
	h->box_count = n;
	list = &h->boxes[n - 1];
	if (list->ordered)
		snprintf(item.marker, sizeof(item.marker), "%u%c ",
		    list->number, list->mark);
	else
		snprintf(item.marker, sizeof(item.marker), "%c ", list->mark);
	list->number++;
	push_box(h, item);
}

static void
quote_tag(struct html *h, const struct tag *t)
{
	html_flush(h);
	if (h->in_cell)
		return;
	if (t->closing)
		pop_box(h, BOX_QUOTE);
	else
		push_box(h, (struct box){ .kind = BOX_QUOTE });
}

static void
pre_end(struct html *h)
{
	struct slice s = buf_slice(&h->code);
	size_t ticks = 3, n;

	h->in_pre = false;
	while (s.len && s.ptr[s.len - 1] == '\n')
		s.len--;
	if (s.len && s.ptr[0] == '\n')
		s = slice_from(s, 1);
	for (size_t i = 0, run = 0; i < s.len; i++) {
		run = s.ptr[i] == '`' ? run + 1 : 0;
		ticks = run >= ticks ? run + 1 : ticks;
	}
	if (s.len && h->in_cell) {
		html_code_end(h);
		html_flush(h);
	} else if (s.len) {
		char fence[64];

		ticks = ticks < sizeof(fence) ? ticks : sizeof(fence) - 1;
		memset(fence, '`', ticks);
		html_begin_block(h);
		html_write_line(h, slice_make(fence, ticks));
		for (; s.len; s = slice_from(s, n + 1)) {
			n = slice_find(s, '\n');
			html_write_line(h, slice_upto(s, n));
		}
		html_write_line(h, slice_make(fence, ticks));
	}
	buf_clear(&h->code);
}

/* --- tags ---------------------------------------------------------------------- */

static enum kind
kind_of(const struct tag *t)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (html_named(t, kinds[i].name))
			return kinds[i].kind;
	return KIND_INLINE;
}

static void
link_tag(struct html *h, const struct tag *t)
{
	struct slice href = html_attribute(t->attributes, "href");

	html_close_mark(h, 'L');
	if (t->closing) {
		if (h->in_caption &&
		    slice_ends(buf_slice(&h->para), SLICE_LIT(")")))
			html_flush(h);
		return;
	}
	buf_clear(&h->href);
	html_decode(&h->href, href);
	if (h->href.len)
		html_open_mark(h, 'L');
}

static bool
in_link(const struct html *h)
{
	for (size_t i = 0; i < h->mark_count; i++)
		if (h->marks[i].kind == 'L')
			return true;
	return false;
}

static void
image_tag(struct html *h, const struct tag *t)
{
	html_image(h, html_attribute(t->attributes, "src"),
	    html_attribute(t->attributes, "alt"),
	    html_attribute(t->attributes, "title"));
	if (h->in_caption && !in_link(h))
		html_flush(h);
}

/* What is played or shown in a frame becomes a link of its own. */
static void
frame_tag(struct html *h, const struct tag *t)
{
	struct slice a = t->attributes, src = html_attribute(a, "src");
	struct slice title = html_attribute(a, "title");
	struct slice poster = html_attribute(a, "poster");

	if (!src.len)
		src = html_attribute(a, "data");
	html_flush(h);
	if (t->closing)
		return;
	html_link(h, src, title);
	html_flush(h);
	html_image(h, poster, SLICE_NONE, SLICE_NONE);
	html_flush(h);
}

static void
heading_tag(struct html *h, const struct tag *t)
{
	html_flush(h);
	h->heading = 0;
	if (!t->closing && !h->in_cell && !h->opts->plain)
		h->heading = (unsigned)(t->name.ptr[1] - '0');
}

static void
form_tag(struct html *h, const struct tag *t)
{
	struct slice value = html_attribute(t->attributes, "value");

	if (t->closing)
		return;
	if (html_named(t, "input") && value.len &&
	    !slice_eq_nocase(
		html_attribute(t->attributes, "type"), SLICE_LIT("hidden")))
		html_text(h, value);
	html_tell(
	    h, "a form (<%.*s>): its text alone is kept", SLICE_FMT(t->name));
}

static void
mark_tag(struct html *h, const struct tag *t, char kind)
{
	if (t->closing)
		html_close_mark(h, kind);
	else
		html_open_mark(h, kind);
}

static void
rule_tag(struct html *h)
{
	html_flush(h);
	if (h->in_cell)
		return;
	html_begin_block(h);
	html_write_line(h, SLICE_LIT("---"));
}

static void
code_tag(struct html *h, const struct tag *t)
{
	if (h->opts->plain)
		return;
	if (t->closing && h->in_code)
		html_code_end(h);
	else if (!t->closing)
		h->in_code = true;
}

static void
pre_tag(struct html *h, const struct tag *t)
{
	html_flush(h);
	h->in_pre = !t->closing && !h->opts->plain;
}

static void
apply_block(struct html *h, const struct tag *t, enum kind kind)
{
	switch (kind) {
	case KIND_CELL:
		html_cell(h, t);
		break;
	case KIND_HEADING:
		heading_tag(h, t);
		break;
	case KIND_ITEM:
		item_tag(h, t);
		break;
	case KIND_LIST:
		list_tag(h, t);
		break;
	case KIND_PRE:
		pre_tag(h, t);
		break;
	case KIND_QUOTE:
		quote_tag(h, t);
		break;
	case KIND_ROW:
		html_row(h);
		break;
	case KIND_RULE:
		rule_tag(h);
		break;
	case KIND_TABLE:
		html_table_tag(h, t);
		break;
	default:
		html_flush(h);
	}
}

static void
apply(struct html *h, const struct tag *t, enum kind kind)
{
	switch (kind) {
	case KIND_INLINE:
	case KIND_DROP:
		break;
	case KIND_BREAK:
		html_break(h);
		break;
	case KIND_CODE:
		code_tag(h, t);
		break;
	case KIND_EMPHASIS:
		mark_tag(h, t, 'E');
		break;
	case KIND_STRONG:
		mark_tag(h, t, 'S');
		break;
	case KIND_STRIKE:
		mark_tag(h, t, '~');
		break;
	case KIND_FORM:
		form_tag(h, t);
		break;
	case KIND_FRAME:
		frame_tag(h, t);
		break;
	case KIND_IMAGE:
		image_tag(h, t);
		break;
	case KIND_LINK:
		link_tag(h, t);
		break;
	default:
		apply_block(h, t, kind);
	}
}

/* The bytes up to and with the end tag of `name`, or all. */
static size_t
dropped_length(struct slice s, struct slice name)
{
	struct tag t;

	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.ptr[i] == '<' && s.ptr[i + 1] == '/' &&
		    slice_eq_nocase(
			slice_upto(slice_from(s, i + 2), name.len), name)) {
			size_t n = html_tag(slice_from(s, i), &t);

			return i + (n ? n : 1);
		}
	return s.len;
}

/* A tag inside code: only its end counts, and line breaks. */
static void
use_in_code(struct html *h, const struct tag *t, enum kind kind)
{
	if (kind == KIND_BREAK)
		buf_add_char(&h->code, '\n');
	else if (kind == KIND_PRE && t->closing && h->in_pre)
		pre_end(h);
	else if (kind == KIND_IMAGE ||
	    (kind == KIND_LINK && !t->closing &&
		html_attribute(t->attributes, "href").len))
		html_tell(h, "a link or picture in code: left out");
}

/* Uses the tag at the start of `s`, which has `n` bytes; what it takes. */
static size_t
use_tag(struct html *h, struct slice s, const struct tag *t, size_t n)
{
	enum kind kind = kind_of(t);

	if (h->in_pre) {
		use_in_code(h, t, kind);
		return n;
	}
	if (h->in_code && kind == KIND_IMAGE)
		html_code_end(h);
	if (h->in_code && kind == KIND_LINK) {
		html_code_end(h);
		h->in_code = true;
	}
	if (kind == KIND_DROP && !t->closing) {
		html_tell(h, "<%.*s>: left out", SLICE_FMT(t->name));
		return n + dropped_length(slice_from(s, n), t->name);
	}
	apply(h, t, kind);
	return n;
}

/* What stands at a `<` or `[`: the bytes that it takes, at least 1. */
static size_t
special(struct html *h, struct slice s)
{
	struct tag tag;
	size_t n;

	if (s.ptr[0] == '[') {
		n = h->in_pre || h->in_code || h->opts->plain
		    ? 0
		    : html_shortcode(h, s);
	} else {
		if ((n = html_comment(s)))
			return n;
		if ((n = html_tag(s, &tag)))
			return use_tag(h, s, &tag, n);
	}
	if (!n)
		html_text(h, slice_upto(s, n = 1));
	return n;
}

static void
convert(struct html *h)
{
	struct slice s = h->src;
	size_t n;

	while (s.len) {
		for (n = 0; n < s.len && s.ptr[n] != '<' && s.ptr[n] != '[';)
			n++;
		h->at = s.ptr;
		if (n)
			html_text(h, slice_upto(s, n));
		s = slice_from(s, n);
		h->at = s.ptr;
		if (s.len)
			s = slice_from(s, special(h, s));
	}
	if (h->in_pre)
		pre_end(h);
	html_flush(h);
	while (h->tables)
		html_table_tag(h, &(struct tag){ .closing = true });
}

int
import_html(struct buf *out, struct slice html, const struct import_html *opts,
    struct err *e)
{
	struct html h = { .opts = opts,
		.out = out,
		.src = html,
		.at = html.ptr,
		.counted = html.ptr,
		.line = opts->first_line };
	size_t max = (html.len + 64) * OUT_FACTOR;
	int rc = 0;

	if (html.len > IMPORT_HTML_MAX)
		return err_at(e, opts->file, opts->first_line, 0,
		    "a text of more than %d bytes", IMPORT_HTML_MAX);
	arena_init(&h.arena, ARENA_MAX);
	buf_init(&h.para, max);
	buf_init(&h.code, max);
	buf_init(&h.cell, max);
	buf_init(&h.href, HREF_MAX);
	buf_init(&h.caption, HREF_MAX);
	convert(&h);
	if (buf_failed(out) || buf_failed(&h.cell) || buf_failed(&h.code))
		rc = err_at(e, opts->file, opts->first_line, 0,
		    "a text that would become too long");
	buf_release(&h.caption);
	buf_release(&h.href);
	buf_release(&h.cell);
	buf_release(&h.code);
	buf_release(&h.para);
	arena_release(&h.arena);
	return rc;
}
