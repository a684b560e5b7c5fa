#include <md4c.h>

#include "base/arena.h"
#include "base/err.h"
#include "markdown/entities.h"
#include "markdown/lines.h"
#include "markdown/markdown_internal.h"

#include "markdown/markdown.h"

/* md4c reads past the end of what it is given. */
enum {
	PADDING = 16,
	MAX_TOO_DEEP_WARNINGS = 20
};

/* --- frames ------------------------------------------------------------- */

static struct frame *
push(struct builder *b, int span)
{
	struct frame *f = b->spare;

	if (f)
		b->spare = f->up;
	else if (!(f = arena_alloc(b->arena, sizeof(*f))))
		return NULL;
	*f = (struct frame){
		.up = b->frames, .cur = b->cur, .floor = b->floor, .span = span
	};
	b->frames = f;
	return f;
}

static void
pop(struct builder *b)
{
	struct frame *f = b->frames;

	b->frames = f->up;
	f->up = b->spare;
	b->spare = f;
}

/* What was gathered of code or HTML is used before anything else happens. */
static int
flush_html(struct builder *b)
{
	int r;

	if (!b->html.len)
		return 0;
	r = md_html(b, buf_slice(&b->html));
	buf_clear(&b->html);
	return r;
}

/* --- blocks ------------------------------------------------------------- */

static int
attribute(struct builder *b, const MD_ATTRIBUTE *a, struct slice *out)
{
	struct buf text;
	int r;

	*out = SLICE_NONE;
	if (!a->size)
		return 0;
	if (a->substr_offsets[1] == a->size &&
	    a->substr_types[0] == MD_TEXT_NORMAL) {
		*out = slice_make(a->text, a->size);
		if (md_in_src(b, a->text))
			return 0;
		return arena_copy(b->arena, *out, out);
	}
	buf_init(&text, (size_t)a->size * 4 + ENTITY_MAX_BYTES);
	for (size_t i = 0; a->substr_offsets[i] < a->size; i++) {
		struct slice s = slice_make(a->text + a->substr_offsets[i],
		    a->substr_offsets[i + 1] - a->substr_offsets[i]);
		char decoded[ENTITY_MAX_BYTES];
		int n = -1;

		if (a->substr_types[i] == MD_TEXT_ENTITY)
			n = entity_decode(s, decoded);
		buf_add(&text, n < 0 ? s : slice_make(decoded, (size_t)n));
	}
	r = buf_failed(&text) ? -1
			      : arena_copy(b->arena, buf_slice(&text), out);
	buf_release(&text);
	return r;
}

static enum md_align
alignment(const MD_BLOCK_TD_DETAIL *d)
{
	if (d->align == MD_ALIGN_RIGHT)
		return MD_ALIGNED_END;
	return d->align == MD_ALIGN_CENTER ? MD_ALIGNED_CENTRE
					   : MD_ALIGNED_START;
}

static int
enter_list(struct builder *b, bool ordered, unsigned start, bool tight)
{
	struct md_node *n;
	bool flat;

	if (b->notes_next) {
		/* Detached: it becomes the last block when all is read. */
		b->notes_next = false;
		n = b->note_list = md_add(b->arena, NULL, MD_NOTES);
		if (!n)
			return -1;
		n->parent = b->doc;
		b->cur = n;
		return 0;
	}
	if (!(n = md_open_block(b, MD_LIST, &flat)))
		return -1;
	if (flat)
		return 0;
	n->ordered = ordered;
	n->number = start;
	n->tight = tight;
	return 0;
}

static int
enter_item(struct builder *b, const MD_BLOCK_LI_DETAIL *d)
{
	struct md_node *n;
	bool flat;

	md_close_inlines(b);
	if (b->cur->type == MD_NOTES) {
		if (md_descend(b, MD_NOTE) < 0)
			return -1;
		b->floor = b->cur;
		return 0;
	}
	if (!(n = md_open_block(b, MD_ITEM, &flat)))
		return -1;
	if (flat)
		return 0;
	b->floor = n;
	if (d->is_task)
		n->task = d->task_mark == ' ' ? MD_TASK_OPEN : MD_TASK_DONE;
	return 0;
}

static int
enter_heading(struct builder *b, unsigned level)
{
	struct md_node *n;
	bool flat;

	if (!(n = md_open_block(b, MD_HEADING, &flat)))
		return -1;
	if (!flat)
		n->level = level;
	return 0;
}

static int
enter_code(struct builder *b, const MD_BLOCK_CODE_DETAIL *d)
{
	struct md_node *n;
	bool flat;

	if (!(n = md_open_block(b, MD_CODE, &flat)))
		return -1;
	b->in_code = true;
	buf_clear(&b->code);
	b->frames->node = flat ? NULL : n;
	return flat ? 0 : attribute(b, &d->lang, &n->info);
}

/* Code where only inlines can stand: a line each. */
static int
flat_code(struct builder *b, struct slice code)
{
	while (code.len) {
		size_t end = slice_find(code, '\n');
		struct md_node *n;

		if (md_break(b) < 0 ||
		    !(n = md_add(b->arena, b->cur, MD_CODE_SPAN)) ||
		    arena_copy(b->arena, slice_upto(code, end), &n->text) < 0)
			return -1;
		code = slice_from(code, end + 1);
	}
	return 0;
}

static int
leave_code(struct builder *b)
{
	struct md_node *n = b->frames->node;

	b->in_code = false;
	if (buf_failed(&b->code))
		return -1;
	if (!n)
		return flat_code(b, buf_slice(&b->code));
	return arena_copy(b->arena, buf_slice(&b->code), &n->text);
}

static int
enter_simple(struct builder *b, enum md_type type)
{
	bool flat;
	struct md_node *n = md_open_block(b, type, &flat);

	if (n && !flat && type == MD_QUOTE)
		b->floor = n;
	return n ? 0 : -1;
}

static int
enter_cell(struct builder *b, const MD_BLOCK_TD_DETAIL *d)
{
	bool flat;
	struct md_node *n = md_open_block(b, MD_CELL, &flat);

	if (n && !flat)
		n->align = alignment(d);
	return n ? 0 : -1;
}

static int
enter_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct builder *b = ctx;
	const MD_BLOCK_OL_DETAIL *ol = detail;
	const MD_BLOCK_UL_DETAIL *ul = detail;

	if (type == MD_BLOCK_DOC || type == MD_BLOCK_THEAD ||
	    type == MD_BLOCK_TBODY)
		return 0;
	if (flush_html(b) < 0)
		return -1;
	if (!md_in_cell(b))
		md_close_inlines(b);
	b->in_caption = false;
	b->skip_tag = NULL;
	b->skip_until = NULL;
	b->captioned = NULL;
	if (!push(b, -1))
		return -1;
	switch (type) {
	case MD_BLOCK_QUOTE:
		return enter_simple(b, MD_QUOTE);
	case MD_BLOCK_UL:
		return enter_list(b, false, 0, ul->is_tight);
	case MD_BLOCK_OL:
		return enter_list(b, true, ol->start, ol->is_tight);
	case MD_BLOCK_LI:
		return enter_item(b, detail);
	case MD_BLOCK_HR:
		return enter_simple(b, MD_RULE);
	case MD_BLOCK_H:
		return enter_heading(
		    b, ((const MD_BLOCK_H_DETAIL *)detail)->level);
	case MD_BLOCK_CODE:
		return enter_code(b, detail);
	case MD_BLOCK_P:
		return enter_simple(b, MD_PARAGRAPH);
	case MD_BLOCK_TABLE:
		return enter_simple(b, MD_TABLE);
	case MD_BLOCK_TR:
		return enter_simple(b, MD_ROW);
	case MD_BLOCK_TH:
	case MD_BLOCK_TD:
		return enter_cell(b, detail);
	default:
		return 0;
	}
}

static int
leave_block(MD_BLOCKTYPE type, void *detail, void *ctx)
{
	struct builder *b = ctx;
	int r;

	(void)detail;
	r = flush_html(b);
	if (type == MD_BLOCK_DOC || type == MD_BLOCK_THEAD ||
	    type == MD_BLOCK_TBODY || r < 0)
		return r;
	while (b->frames->span >= 0)
		pop(b);
	if (type == MD_BLOCK_CODE)
		r = leave_code(b);
	if (type == MD_BLOCK_HTML) {
		/* What HTML opened here stays open for the blocks to come. */
		r = md_html_end(b);
		if (!md_in_cell(b))
			md_close_inlines(b);
	} else {
		b->cur = b->frames->cur;
		b->html_link = NULL;
	}
	b->floor = b->frames->floor;
	pop(b);
	return r;
}

/* --- spans -------------------------------------------------------------- */

static unsigned
span_depth(const struct md_node *n)
{
	unsigned depth = 0;

	for (; n && md_is_inline(n->type); n = n->parent)
		depth++;
	return depth;
}

static int
open_span(struct builder *b, enum md_type type, const MD_ATTRIBUTE *target,
    const MD_ATTRIBUTE *title)
{
	struct md_node *parent = md_inline_parent(b), *n;

	if (!parent)
		return -1;
	if (span_depth(parent) >= MAX_SPAN_DEPTH) {
		if (target && b->lost_links++ < MAX_TOO_DEEP_WARNINGS)
			md_warn(b, target->text, "link nested too deep: lost");
		return 0;
	}
	if (!(n = md_add(b->arena, parent, type)))
		return -1;
	b->frames->node = b->cur = n;
	if (target && attribute(b, target, &n->text) < 0)
		return -1;
	return title ? attribute(b, title, &n->info) : 0;
}

static int
enter_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct builder *b = ctx;
	const MD_SPAN_A_DETAIL *a = detail;
	const MD_SPAN_IMG_DETAIL *img = detail;

	if (type != MD_SPAN_A && type != MD_SPAN_IMG && type != MD_SPAN_DEL &&
	    type != MD_SPAN_CODE)
		return 0;
	if (flush_html(b) < 0 || !push(b, (int)type))
		return -1;
	b->frames->in_skip = b->skip_until != NULL;
	if (type == MD_SPAN_CODE) {
		b->in_code = true;
		buf_clear(&b->code);
		return 0;
	}
	if (b->skip_tag)
		return 0;
	if (type == MD_SPAN_A)
		return open_span(b, MD_LINK, &a->href, NULL);
	if (type == MD_SPAN_IMG)
		return open_span(b, MD_IMAGE, &img->src, &img->title);
	return open_span(b, MD_STRIKE, NULL, NULL);
}

static int
leave_code_span(struct builder *b)
{
	struct md_node *parent, *n;

	b->in_code = false;
	if (!b->code.len || b->skip_tag)
		return 0;
	if (buf_failed(&b->code) || !(parent = md_inline_parent(b)) ||
	    !(n = md_add(b->arena, parent, MD_CODE_SPAN)))
		return -1;
	b->frames->cur = b->cur;
	return arena_copy(b->arena, buf_slice(&b->code), &n->text);
}

/*
 * md4c 0.4.8 does not always enter what it leaves: in a quoted line such as
 * `|a|~~b~~` the first ~~ comes as text.
 */
static bool
is_open(const struct builder *b, int span)
{
	const struct frame *f = b->frames;

	while (f && f->span >= 0 && f->span != span)
		f = f->up;
	return f && f->span == span;
}

static int
leave_span(MD_SPANTYPE type, void *detail, void *ctx)
{
	struct builder *b = ctx;
	struct md_node *n;
	int r = 0;

	(void)detail;
	if (type != MD_SPAN_A && type != MD_SPAN_IMG && type != MD_SPAN_DEL &&
	    type != MD_SPAN_CODE)
		return 0;
	if (flush_html(b) < 0)
		return -1;
	if (!is_open(b, (int)type))
		return type == MD_SPAN_DEL ? md_plain(b, SLICE_LIT("~~")) : 0;
	while (b->frames->span != (int)type)
		pop(b);
	if (type == MD_SPAN_CODE)
		r = leave_code_span(b);
	n = b->frames->node;
	if (n) {
		b->cur = n->parent;
		b->html_link = NULL;
		/* It stood in a shortcode: that has said where it leads. */
		if (b->frames->in_skip && !n->first)
			md_move(n, NULL);
		else if (!n->line)
			md_place(b, n->text.ptr, &n->line, &n->column);
	}
	pop(b);
	if (n && b->in_caption && b->cur->type == MD_PARAGRAPH)
		r = md_end_paragraph(b);
	return r;
}

/* --- text --------------------------------------------------------------- */

static int
soft_break(struct builder *b)
{
	b->before_soft = b->cur->last;
	return b->before_soft ? md_plain(b, MD_SOFT_BREAK) : 0;
}

static int
entity(struct builder *b, struct slice text)
{
	char decoded[ENTITY_MAX_BYTES];
	int n = entity_decode(text, decoded);
	struct slice copy;

	if (n < 0)
		return md_plain(b, text);
	/* Soft hyphen and ZERO WIDTH SPACE go. */
	if (!n || slice_eq(slice_make(decoded, (size_t)n), MD_SOFT_HYPHEN) ||
	    slice_eq(slice_make(decoded, (size_t)n), MD_ZWSP))
		return 0;
	if (arena_copy(b->arena, slice_make(decoded, (size_t)n), &copy) < 0)
		return -1;
	return md_plain(b, copy);
}

/* Whether a shortcode took the text at `p`; cuts *text to what is left. */
static bool
swallowed(struct builder *b, struct slice *text)
{
	if (!b->skip_until || !md_in_src(b, text->ptr))
		return false;
	if (text->ptr >= b->skip_until) {
		b->skip_until = NULL;
		return false;
	}
	if (text->ptr + text->len <= b->skip_until)
		return true;
	*text = slice_from(*text, (size_t)(b->skip_until - text->ptr));
	b->skip_until = NULL;
	return false;
}

static int
text_callback(MD_TEXTTYPE type, const MD_CHAR *p, MD_SIZE len, void *ctx)
{
	struct builder *b = ctx;
	struct slice text = slice_make(p, len);

	if (b->in_code && type != MD_TEXT_HTML) {
		md_place_nodes(b, p);
		buf_add(
		    &b->code, type == MD_TEXT_SOFTBR ? SLICE_LIT(" ") : text);
		return 0;
	}
	if (swallowed(b, &text))
		return 0;
	if (type == MD_TEXT_HTML) {
		if (!b->html.len)
			b->html_at = p;
		buf_add(&b->html, text);
		return buf_failed(&b->html) ? -1 : 0;
	}
	if (flush_html(b) < 0)
		return -1;
	if (b->skip_tag || (b->skip_until && type != MD_TEXT_NORMAL))
		return 0;
	md_place_nodes(b, p);
	switch (type) {
	case MD_TEXT_NULLCHAR:
		return md_plain(b, SLICE_LIT("\xef\xbf\xbd"));
	case MD_TEXT_BR:
		return md_inline_parent(b) ? md_break(b) : -1;
	case MD_TEXT_SOFTBR:
		return soft_break(b);
	case MD_TEXT_ENTITY:
		return entity(b, text);
	default:
		return md_text(b, text);
	}
}

/* --- the whole ---------------------------------------------------------- */

/* Has `text` parsed: a copy, its last line ended, with zeros behind it. */
static int
set_source(struct builder *b, struct slice text)
{
	char *src = arena_alloc(b->arena, text.len + 1 + PADDING);

	if (!src)
		return -1;
	if (text.len)
		memcpy(src, text.ptr, text.len);
	src[text.len] = '\n';
	memset(src + text.len + 1, 0, PADDING);
	b->src = src;
	b->src_len = text.len + 1;
	return md_index_lines(
	    b, slice_make(src, b->src_len), &b->line_starts, &b->line_count);
}

static int
take_notes(struct builder *b, struct slice body)
{
	struct buf text;
	int r;

	/* Notes are indented anew: two columns a line at most. */
	buf_init(&text, body.len * 4 + 64);
	r = footnotes_take(&b->notes, b->arena, body, &text, &b->body_at);
	if (!r)
		r = set_source(b, buf_slice(&text));
	b->body = body;
	if (!r)
		r = md_index_lines(b, body, &b->body_starts, &b->body_lines);
	b->notes_next = b->notes.count != 0;
	buf_release(&text);
	return r;
}

static int
prepare(struct builder *b, struct slice body, struct err *e)
{
	int r;

	if (lines_guard(body, b->opts, e) < 0)
		return -1;
	lines_tell_extra_cells(body, b->opts);
	if (lines_widen_tables(&b->widened, body))
		body = buf_slice(&b->widened);
	if (buf_failed(&b->widened))
		return err_memory(e);
	r = footnotes_may_be_in(body) ? take_notes(b, body)
				      : set_source(b, body);
	return r < 0 ? err_memory(e) : 0;
}

struct md_node *
md_parse_document(struct arena *a, struct slice body,
    const struct md_opts *opts, struct err *e)
{
	static const MD_PARSER parser = {
		.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
		    MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEAUTOLINKS,
		.enter_block = enter_block,
		.leave_block = leave_block,
		.enter_span = enter_span,
		.leave_span = leave_span,
		.text = text_callback,
	};
	struct builder b = { .arena = a, .opts = opts };

	b.max_depth = opts->max_depth ? opts->max_depth : MD_MAX_DEPTH;
	buf_init(&b.widened, body.len * 4 + 64);
	if (prepare(&b, body, e) < 0) {
		buf_release(&b.widened);
		return NULL;
	}
	buf_init(&b.code, b.src_len * 2 + 64);
	buf_init(&b.html, b.src_len * 2 + 64);
	b.doc = b.cur = b.floor = md_add(a, NULL, MD_DOCUMENT);
	if (!b.doc || md_parse(b.src, (MD_SIZE)b.src_len, &parser, &b) != 0 ||
	    md_shape(&b) < 0) {
		err_memory(e);
		b.doc = NULL;
	}
	buf_release(&b.code);
	buf_release(&b.html);
	buf_release(&b.widened);
	return b.doc;
}
