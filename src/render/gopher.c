#include "render/gopher.h"

struct place {
	unsigned depth;
	size_t outer; /* bytes of r->prefix around the innermost item */
	bool in_item; /* of a list, or a note */
	bool gathers; /* links wait for the end of what is around */
};

static void render_blocks(
    struct render *r, const struct md_node *parent, struct place at);

/* --- lines ------------------------------------------------------------------ */

void
gopher_eol(struct render *r)
{
	if (r->opts->crlf)
		buf_add_char(r->out, '\r');
	buf_add_char(r->out, '\n');
}

static void
end_line(struct render *r)
{
	if (r->format == FORMAT_MENU)
		buf_add(r->out, SLICE_LIT("\t\t\t0"));
	gopher_eol(r);
}

static struct slice
trimmed(struct slice s)
{
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* NO-BREAK SPACE has done its work when lines are filled. */
static void
add_without_nbsp(struct buf *out, struct slice s)
{
	const char *p;

	while (s.len && (p = memmem(s.ptr, s.len, "\xc2\xa0", 2))) {
		buf_add(out, slice_upto(s, (size_t)(p - s.ptr)));
		buf_add_char(out, ' ');
		s = slice_from(s, (size_t)(p - s.ptr) + 2);
	}
	buf_add(out, s);
}

/* "http://..." or "[1] http://...": such a line keeps its own direction. */
static bool
is_address_line(struct slice s)
{
	s = slice_trim(s);
	if (s.len && s.ptr[0] == '[')
		s = slice_trim(slice_from(s, slice_find(s, ']') + 1));
	return memmem(s.ptr ? s.ptr : "", s.len, "://", 3) &&
	    slice_find(s, ' ') == s.len;
}

/* Whether a client would set the line from left to right, and should not. */
static bool
flips(struct slice front, struct slice text)
{
	enum direction d = render_direction(front);

	if (d == DIRECTION_NONE)
		d = render_direction(text);
	return d == DIRECTION_LTR && !is_address_line(text);
}

void
gopher_text_line(struct render *r, struct slice text)
{
	struct slice front = buf_slice(r->lead_pending ? &r->lead : &r->prefix);

	r->lead_pending = r->lead_word = false;
	if (r->format == FORMAT_MENU)
		buf_add_char(r->out, 'i');
	text = trimmed(text);
	if (!text.len)
		front = trimmed(front);
	if (r->rtl && flips(front, text))
		buf_add(r->out, RENDER_RLM);
	buf_add(r->out, front);
	add_without_nbsp(r->out, text);
	/* Some clients take a lone dot for the end. */
	if (r->format == FORMAT_TEXT && !front.len && text.len == 1 &&
	    text.ptr[0] == '.')
		buf_add_char(r->out, ' ');
	end_line(r);
}

static unsigned
room(const struct render *r, const struct buf *front)
{
	unsigned columns = r->opts->columns, taken;

	if (!columns)
		return 0;
	taken = wrap_width(buf_slice(front));
	/* However deep it stands, some words must fit in a line. */
	return taken + 10 < columns ? columns - taken : 10;
}

/* A line of a filled ASCII paragraph, where nothing needs a look. */
static void
put_plain(struct render *r, struct slice line)
{
	if (r->format == FORMAT_MENU)
		buf_add_char(r->out, 'i');
	buf_add(r->out, buf_slice(&r->prefix));
	buf_add(r->out, line);
	end_line(r);
}

void
gopher_fill(struct render *r, struct slice text)
{
	unsigned columns = room(r, &r->prefix);
	bool plain;
	struct slice line;

	if (!text.len) {
		gopher_text_line(r, text);
		return;
	}
	if (wrap_start(&r->wrap, text) < 0) {
		r->failed = true;
		return;
	}
	plain = !r->wrap.nbsp && !r->rtl;
	if (r->lead_pending && wrap_take(&r->wrap, room(r, &r->lead), &line))
		gopher_text_line(r, line);
	while (wrap_take(&r->wrap, columns, &line)) {
		if (plain && line.len > 1)
			put_plain(r, line);
		else
			gopher_text_line(r, line);
	}
}

void
gopher_blank(struct render *r)
{
	struct slice front = trimmed(buf_slice(&r->prefix));

	if (r->format == FORMAT_MENU)
		buf_add_char(r->out, 'i');
	buf_add(r->out, front);
	end_line(r);
}

/* Code and grids: as they are, but no tab may stand in a menu. */
static void
put_verbatim(struct render *r, struct slice text)
{
	struct slice front = buf_slice(r->lead_pending ? &r->lead : &r->prefix);

	r->lead_pending = false;
	if (r->format == FORMAT_MENU)
		buf_add_char(r->out, 'i');
	buf_add(r->out, trimmed(text).len ? front : trimmed(front));
	if (r->format == FORMAT_TEXT ||
	    !memchr(text.ptr ? text.ptr : "", '\t', text.len)) {
		buf_add(r->out, text);
	} else {
		unsigned column = 0;

		for (size_t i = 0; i < text.len; i++) {
			unsigned n = text.ptr[i] == '\t' ? 8 - column % 8 : 0;

			buf_add_repeat(r->out, ' ', n);
			if (!n)
				buf_add_char(r->out, text.ptr[i]);
			column += n ? n : 1;
		}
	}
	if (r->format == FORMAT_TEXT && !front.len && text.len == 1 &&
	    text.ptr[0] == '.')
		buf_add_char(r->out, ' ');
	end_line(r);
}

/* --- what stands in front of lines ------------------------------------------ */

/* `mark` before the next line, `columns` blanks before those after it. */
static void
indent(struct render *r, struct slice mark, size_t columns)
{
	if (!r->lead_pending) {
		buf_clear(&r->lead);
		buf_add(&r->lead, buf_slice(&r->prefix));
	}
	buf_add(&r->lead, mark);
	buf_add_repeat(&r->prefix, ' ', columns);
	r->lead_pending = true;
}

static void
outdent(struct render *r, size_t prefix)
{
	if (r->lead_pending && r->lead_matters)
		gopher_text_line(r, SLICE_NONE);
	r->lead_pending = false;
	buf_truncate(&r->prefix, prefix);
}

/* --- blocks ------------------------------------------------------------------ */

static void
put_links(struct render *r, const struct place *at)
{
	if (r->format == FORMAT_MENU && !at->gathers)
		gophermap_items(r, SLICE_NONE, SLICE_NONE);
}

static void
flatten(struct buf *text, size_t from)
{
	for (size_t i = from; i < text->len; i++)
		if (text->ptr[i] == '\n')
			text->ptr[i] = ' ';
}

/* A heading's lines; the mark below is as wide as the widest of them. */
static void
put_heading(struct render *r, struct slice text, char mark)
{
	bool plain = r->prefix.len || r->lead_pending || !mark;
	unsigned columns = room(r, &r->prefix), widest = 0;
	struct slice line;

	if (plain) {
		gopher_fill(r, text);
		return;
	}
	if (wrap_start(&r->wrap, text) < 0)
		r->failed = true;
	while (!r->failed && wrap_take(&r->wrap, columns, &line)) {
		unsigned width = wrap_width(line);

		widest = width > widest ? width : widest;
		gopher_text_line(r, line);
	}
	buf_clear(&r->line);
	buf_add_repeat(&r->line, mark, widest);
	gopher_text_line(r, buf_slice(&r->line));
}

void
gopher_own_heading(struct render *r, enum word w)
{
	put_heading(r, render_word(r, w), '-');
}

static void
render_heading(
    struct render *r, const struct md_node *n, const struct place *at)
{
	static const char marks[] = { '\0', '=', '-' };
	unsigned level = render_level(r, n);

	flow_block(r, n);
	flatten(&r->text, 0);
	put_heading(r, buf_slice(&r->text), marks[level < 3 ? level : 0]);
	put_links(r, at);
}

/* The blanks in front of the list around the innermost item. */
static struct slice
outer_prefix(const struct render *r, const struct place *at)
{
	return slice_upto(
	    buf_slice(&r->prefix), at->in_item ? at->outer : r->prefix.len);
}

static void
render_links_alone(
    struct render *r, const struct md_node *n, const struct place *at)
{
	flow_links(r, n);
	if (r->format == FORMAT_TEXT) {
		gopher_fill(r, buf_slice(&r->text));
		return;
	}
	gophermap_items(r,
	    r->lead_pending && r->lead_matters ? buf_slice(&r->lead)
					       : outer_prefix(r, at),
	    outer_prefix(r, at));
	r->lead_pending = false;
}

static void
render_paragraph(
    struct render *r, const struct md_node *n, const struct place *at)
{
	bool alone = !(r->lead_pending && r->lead_task) &&
	    (r->format == FORMAT_TEXT || !at->gathers);

	if (alone && flow_only_links(r, n)) {
		render_links_alone(r, n, at);
		return;
	}
	flow_block(r, n);
	/* A picture that is missing and has no words shows nothing. */
	if (!r->text.len && !r->item_count)
		return;
	gopher_fill(r, buf_slice(&r->text));
	put_links(r, at);
}

static void
render_code(struct render *r, const struct md_node *n, const struct place *at)
{
	size_t prefix = r->prefix.len;
	struct slice text = n->text;

	if (!at->in_item)
		indent(r, SLICE_LIT("  "), 2);
	while (text.len) {
		size_t end = slice_find(text, '\n');

		put_verbatim(r, slice_upto(text, end));
		text = slice_from(text, end + 1);
	}
	if (!at->in_item) {
		r->lead_pending = false;
		buf_truncate(&r->prefix, prefix);
	}
}

/* "Header: cell", its further lines two columns deeper than those below it. */
static void
render_field(struct render *r, const struct md_node *head,
    const struct md_node *cell, size_t mark)
{
	size_t header, prefix = r->prefix.len;

	buf_clear(&r->text);
	if (head)
		flow_add(r, head);
	header = r->text.len;
	flatten(&r->text, 0);
	if (header)
		buf_add(&r->text, SLICE_LIT(": "));
	if (cell)
		flow_add(r, cell);
	if (!r->text.len)
		return;
	indent(r, mark ? SLICE_LIT("  ") : SLICE_NONE, 4);
	gopher_fill(r, buf_slice(&r->text));
	buf_truncate(&r->prefix, prefix);
}

static void
render_records(
    struct render *r, const struct md_node *table, const struct place *at)
{
	const struct md_node *row = table->first->next;

	if (!at->gathers)
		links_clear(r);
	for (; row; row = row->next) {
		const struct md_node *head = table->first->first;
		const struct md_node *c = row->first;

		if (row != table->first->next)
			gopher_blank(r);
		/* A row that is too short has empty cells. */
		for (size_t mark = 0; c || head; mark = 2) {
			render_field(r, head, c, mark);
			head = head ? head->next : NULL;
			c = c ? c->next : NULL;
		}
		put_links(r, at);
	}
}

static void
render_table(struct render *r, const struct md_node *n, const struct place *at)
{
	unsigned columns = room(r, &r->prefix);
	struct grid g;

	if (!n->first)
		return;
	if (grid_make(&g, r, n) == 0) {
		if (g.width <= columns || g.rows < 2) {
			grid_emit(&g, r, gopher_text_line);
			put_links(r, at);
		} else {
			render_records(r, n, at);
		}
	}
	grid_release(&g);
}

static void
render_rule(struct render *r)
{
	unsigned columns = room(r, &r->prefix);

	buf_clear(&r->line);
	buf_add_repeat(&r->line, '-', columns ? columns : 3);
	gopher_text_line(r, buf_slice(&r->line));
}

static void
put_marker(struct render *r, const struct md_node *list,
    const struct md_node *item, unsigned number)
{
	size_t width;

	buf_clear(&r->line);
	if (list->ordered) {
		buf_add_uint(&r->line, number);
		buf_add(&r->line, SLICE_LIT(". "));
	} else {
		buf_add(&r->line, SLICE_LIT("* "));
	}
	width = r->line.len;
	if (item->task == MD_TASK_OPEN)
		buf_add(&r->line, SLICE_LIT("[ ] "));
	else if (item->task == MD_TASK_DONE)
		buf_add(&r->line, SLICE_LIT("[x] "));
	indent(r, buf_slice(&r->line), width);
	r->lead_matters = list->ordered || item->task != MD_TASK_NONE;
	r->lead_task = item->task != MD_TASK_NONE;
}

/* NOLINTBEGIN(misc-no-recursion): at most RENDER_MAX_DEPTH deep */
static void
render_list(struct render *r, const struct md_node *list, struct place at)
{
	size_t prefix = r->prefix.len;
	unsigned number = list->number;

	at.in_item = true;
	at.outer = prefix;
	for (const struct md_node *i = list->first; i; i = i->next, number++) {
		put_marker(r, list, i, number);
		render_blocks(r, i, at);
		outdent(r, prefix);
	}
}

static void
render_quote(struct render *r, const struct md_node *n, struct place at)
{
	size_t prefix = r->prefix.len;
	struct place inner = { .depth = at.depth, .gathers = true };

	indent(r, SLICE_LIT("> "), 0);
	r->lead_matters = r->lead_task = false;
	buf_add(&r->prefix, SLICE_LIT("> "));
	if (n->info.len)
		render_admonition(r, n->info);
	render_blocks(r, n, inner);
	outdent(r, prefix);
	put_links(r, &at);
}

static void
render_notes(struct render *r, const struct md_node *notes, struct place at)
{
	bool text = r->format == FORMAT_TEXT;
	struct place outer = at;

	gopher_own_heading(r, WORD_NOTES);
	at.in_item = true;
	at.gathers = true;
	for (const struct md_node *n = notes->first; n; n = n->next) {
		gopher_blank(r);
		buf_clear(&r->line);
		buf_add_char(&r->line, text ? '(' : '[');
		buf_add_uint(&r->line, n->number);
		buf_add_cstr(&r->line, text ? ") " : "] ");
		at.outer = r->prefix.len;
		indent(r, buf_slice(&r->line), r->line.len);
		r->lead_matters = true;
		r->lead_task = false;
		render_blocks(r, n, at);
		outdent(r, at.outer);
		put_links(r, &outer);
	}
}

static void
render_block(struct render *r, const struct md_node *n, struct place at)
{
	/* "Note:" stands before words, or in a line of its own. */
	if (r->lead_pending && r->lead_word && n->type != MD_PARAGRAPH)
		gopher_text_line(r, SLICE_NONE);
	switch (n->type) {
	case MD_HEADING:
		render_heading(r, n, &at);
		break;
	case MD_PARAGRAPH:
		render_paragraph(r, n, &at);
		break;
	case MD_LIST:
		render_list(r, n, at);
		break;
	case MD_QUOTE:
		render_quote(r, n, at);
		break;
	case MD_CODE:
		render_code(r, n, &at);
		break;
	case MD_TABLE:
		render_table(r, n, &at);
		break;
	case MD_RULE:
		render_rule(r);
		break;
	case MD_NOTES:
		render_notes(r, n, at);
		break;
	default:
		break;
	}
}

/* A list under an item's words needs no blank line. */
static bool
follows_at_once(const struct md_node *prev, const struct md_node *n)
{
	return n->type == MD_LIST && n->parent->type == MD_ITEM && prev &&
	    prev->type == MD_PARAGRAPH;
}

static void
render_blocks(struct render *r, const struct md_node *parent, struct place at)
{
	const struct md_node *prev = NULL;
	bool first = true;

	if (!render_deeper(r, at.depth++))
		return;
	for (const struct md_node *n = parent->first; n; n = n->next) {
		size_t before = r->out->len, start;

		if (!first && !follows_at_once(prev, n))
			gopher_blank(r);
		start = r->out->len;
		render_block(r, n, at);
		/* A block that shows nothing takes no room. */
		if (r->out->len == start)
			buf_truncate(r->out, before);
		else
			first = false;
		prev = n;
	}
}

/* NOLINTEND(misc-no-recursion) */

void
gopher_blocks(struct render *r, const struct md_node *doc)
{
	render_blocks(r, doc, (struct place){ 0 });
}
