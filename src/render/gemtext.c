#include "render/render_internal.h"

/*
 * Gemtext has no escape: what begins a line decides what the line is.  So every
 * line of text goes through put_text(), which guards it.
 *
 * r->prefix holds "> " for each quote around; r->lead what an item's first line
 * begins with.
 */

/* Where a block stands: what decides the spacing around it. */
struct place {
	unsigned depth;
	unsigned lists; /* around it */
	unsigned chain; /* lists around the ordered ones that `number` counts */
	struct slice number; /* of the ordered items around it: "8.1." */
	bool loose;          /* blank lines between blocks here */
	bool gathers;        /* links wait for the end of what is around */
};

static void render_blocks(
    struct render *r, const struct md_node *parent, struct place at);

/* --- lines ------------------------------------------------------------------ */

static bool
needs_guard(struct slice s)
{
	if (!s.len)
		return false;
	switch (s.ptr[0]) {
	case '#':
	case '>':
		return true;
	case '=':
		return slice_starts(s, SLICE_LIT("=>"));
	case '`':
		return slice_starts(s, SLICE_LIT("```"));
	case '*':
		return slice_starts(s, SLICE_LIT("* "));
	default:
		return false;
	}
}

/* What the line begins with; true when the text behind it needs no guard. */
static bool
put_start(struct render *r)
{
	buf_add(r->out, buf_slice(&r->prefix));
	if (r->lead_pending) {
		buf_add(r->out, buf_slice(&r->lead));
		r->lead_pending = false;
		return r->prefix.len || r->lead.len;
	}
	return r->prefix.len != 0;
}

static struct slice
trimmed(struct slice s)
{
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static void
put_blank(struct render *r)
{
	buf_add(r->out, trimmed(buf_slice(&r->prefix)));
	buf_add_char(r->out, '\n');
}

/* One line of text; of the paragraph's lines only the first may get RLM. */
static void
put_text(struct render *r, struct slice s, bool first)
{
	bool safe = put_start(r);

	s = trimmed(s);
	if (r->rtl && first && render_direction(s) == DIRECTION_LTR) {
		buf_add(r->out, RENDER_RLM);
		safe = true;
	}
	if (!safe && needs_guard(s))
		buf_add_char(r->out, ' ');
	buf_add(r->out, s);
	while (!s.len && r->out->len && r->out->ptr[r->out->len - 1] == ' ')
		buf_truncate(r->out, r->out->len - 1);
	buf_add_char(r->out, '\n');
}

/* `text`, whose hard breaks are LF. */
static void
put_lines(struct render *r, struct slice text)
{
	bool first = true;

	do {
		size_t n = slice_find(text, '\n');

		put_text(r, slice_upto(text, n), first);
		text = slice_from(text, n + 1);
		first = false;
	} while (text.len);
}

static void
put_link(struct render *r, const struct link_item *i, struct slice lead)
{
	struct slice label = links_label(r, i);

	buf_add(r->out, SLICE_LIT("=> "));
	buf_add(r->out, i->target->uri);
	/* An address that is its own label needs none. */
	if (lead.len || !slice_eq(label, i->target->uri)) {
		buf_add_char(r->out, ' ');
		buf_add(r->out, lead);
		buf_add(r->out, label);
	}
	buf_add_char(r->out, '\n');
}

static void
put_links(struct render *r)
{
	for (size_t i = 0; i < r->item_count; i++)
		put_link(r, &r->items[i], SLICE_NONE);
	links_clear(r);
}

/* --- blocks ----------------------------------------------------------------- */

static void
render_heading(
    struct render *r, const struct md_node *n, const struct place *at)
{
	unsigned level = render_level(r, n);

	flow_block(r, n);
	for (size_t i = 0; i < r->text.len; i++)
		if (r->text.ptr[i] == '\n')
			r->text.ptr[i] = ' ';
	if (r->prefix.len || r->lead_pending) {
		put_text(r, buf_slice(&r->text), true);
	} else {
		buf_add_repeat(r->out, '#', level > 3 ? 3 : level);
		buf_add_char(r->out, ' ');
		if (r->rtl &&
		    render_direction(buf_slice(&r->text)) == DIRECTION_LTR)
			buf_add(r->out, RENDER_RLM);
		buf_add(r->out, trimmed(buf_slice(&r->text)));
		buf_add_char(r->out, '\n');
	}
	if (!at->gathers)
		put_links(r);
}

/* Links alone: just their lines; a number in front stays with its label. */
static void
render_links_alone(struct render *r, const struct md_node *n)
{
	struct slice lead = SLICE_NONE;

	flow_links(r, n);
	if (r->lead_pending && r->lead_matters && r->lead.ptr[0] != '*')
		lead = buf_slice(&r->lead);
	r->lead_pending = false;
	for (size_t i = 0; i < r->item_count; i++) {
		put_link(r, &r->items[i], lead);
		lead = SLICE_NONE;
	}
	links_clear(r);
}

static void
render_paragraph(
    struct render *r, const struct md_node *n, const struct place *at)
{
	bool task = r->lead_pending && r->lead_task;

	if (!at->gathers && !task && flow_only_links(r, n)) {
		render_links_alone(r, n);
		return;
	}
	flow_block(r, n);
	/* A picture that is missing and has no words shows nothing. */
	if (!r->text.len && !r->item_count)
		return;
	put_lines(r, buf_slice(&r->text));
	if (at->gathers)
		return;
	if (at->loose && r->item_count)
		put_blank(r);
	put_links(r);
}

/* A line of a preformatted block, where only ``` needs a guard. */
static void
put_verbatim(struct render *r, struct slice s)
{
	if (slice_starts(s, SLICE_LIT("```")))
		buf_add_char(r->out, ' ');
	buf_add(r->out, s);
	buf_add_char(r->out, '\n');
}

static void
put_fence(struct render *r, struct slice alt)
{
	buf_add(r->out, SLICE_LIT("```"));
	buf_add(r->out, trimmed(alt));
	buf_add_char(r->out, '\n');
}

/*
 * Where no text follows what a line was to begin with: a number, a box or a
 * word stands alone, a mere bullet goes.
 */
static void
settle_lead(struct render *r)
{
	if (r->lead_pending && r->lead_matters)
		put_text(r, SLICE_NONE, false);
	r->lead_pending = false;
}

static void
render_code(struct render *r, const struct md_node *n)
{
	struct slice text = n->text;

	settle_lead(r);
	put_fence(r, n->info);
	while (text.len) {
		size_t end = slice_find(text, '\n');

		put_verbatim(r, slice_upto(text, end));
		text = slice_from(text, end + 1);
	}
	put_fence(r, SLICE_NONE);
}

/* "Header: cell", or what there is of it. */
static void
render_field(
    struct render *r, const struct md_node *head, const struct md_node *cell)
{
	size_t header;

	buf_clear(&r->text);
	if (head)
		flow_add(r, head);
	header = r->text.len;
	for (size_t i = 0; i < header; i++)
		if (r->text.ptr[i] == '\n')
			r->text.ptr[i] = ' ';
	if (header)
		buf_add(&r->text, SLICE_LIT(": "));
	if (cell)
		flow_add(r, cell);
	if (r->text.len || !r->lead_pending)
		put_lines(r, buf_slice(&r->text));
	r->lead_pending = false;
}

static void
render_record(struct render *r, const struct md_node *table,
    const struct md_node *row, const struct place *at)
{
	const struct md_node *head = table->first->first, *cell = row->first;

	/* A row that is too short has empty cells. */
	for (bool first = true; cell || head; first = false) {
		if (!first) {
			buf_clear(&r->lead);
			buf_add(&r->lead, SLICE_LIT("* "));
			r->lead_pending = true;
		}
		render_field(r, head, cell);
		head = head ? head->next : NULL;
		cell = cell ? cell->next : NULL;
	}
	if (!at->gathers)
		put_links(r);
}

static void
render_table(struct render *r, const struct md_node *n, const struct place *at)
{
	const struct md_node *row;
	struct grid g;

	if (!n->first)
		return;
	settle_lead(r);
	if (grid_make(&g, r, n) < 0)
		goto out;
	if (g.width <= RENDER_GRID_COLUMNS || g.rows < 2) {
		buf_clear(&r->text);
		buf_add(&r->text, render_word(r, WORD_TABLE));
		if (g.has_header) {
			buf_add(&r->text, SLICE_LIT(": "));
			grid_headers(&g, r, &r->text);
		}
		put_fence(r, buf_slice(&r->text));
		grid_emit(&g, r, put_verbatim);
		put_fence(r, SLICE_NONE);
		if (!at->gathers)
			put_links(r);
		goto out;
	}
	if (!at->gathers)
		links_clear(r);
	for (row = n->first->next; row; row = row->next) {
		if (row != n->first->next && at->loose)
			put_blank(r);
		render_record(r, n, row, at);
	}
out:
	grid_release(&g);
}

/* What an item's first line begins with. */
static void
make_lead(struct render *r, const struct md_node *list,
    const struct md_node *item, unsigned number, const struct place *at)
{
	unsigned dashes = list->ordered ? at->chain : at->lists;

	buf_clear(&r->lead);
	if (!list->ordered || dashes)
		buf_add(&r->lead, SLICE_LIT("* "));
	while (dashes--)
		buf_add(&r->lead, SLICE_LIT("– "));
	if (list->ordered) {
		buf_add(&r->lead, at->number);
		buf_add_uint(&r->lead, number);
		buf_add(&r->lead, SLICE_LIT(". "));
	}
	if (item->task == MD_TASK_OPEN)
		buf_add(&r->lead, SLICE_LIT("[ ] "));
	else if (item->task == MD_TASK_DONE)
		buf_add(&r->lead,
		    r->rtl ? SLICE_LIT("\xe2\x80\x8f[x] ") : SLICE_LIT("[x] "));
	r->lead_pending = true;
	r->lead_matters = list->ordered || item->task != MD_TASK_NONE;
	r->lead_task = item->task != MD_TASK_NONE;
}

/* NOLINTBEGIN(misc-no-recursion): at most RENDER_MAX_DEPTH deep */
static void
render_list(struct render *r, const struct md_node *list, struct place at)
{
	struct place inner = at;
	unsigned number = list->number;
	struct buf path;

	buf_init(&path, 4096);
	inner.loose = false;
	inner.lists = at.lists + 1;
	if (!at.number.len)
		at.chain = at.lists;
	inner.chain = at.chain;
	for (const struct md_node *i = list->first; i; i = i->next, number++) {
		settle_lead(r);
		make_lead(r, list, i, number, &at);
		buf_clear(&path);
		if (list->ordered) {
			buf_add(&path, at.number);
			buf_add_uint(&path, number);
			buf_add_char(&path, '.');
		}
		inner.number = buf_slice(&path);
		render_blocks(r, i, inner);
		settle_lead(r);
	}
	if (buf_failed(&path))
		r->failed = true;
	buf_release(&path);
}

static void
render_quote(struct render *r, const struct md_node *n, struct place at)
{
	size_t prefix = r->prefix.len;
	bool outer = !at.gathers;

	settle_lead(r);
	buf_add(&r->prefix, SLICE_LIT("> "));
	at.loose = true;
	at.gathers = true;
	at.lists = at.chain = 0;
	at.number = SLICE_NONE;
	buf_clear(&r->lead);
	if (n->info.len)
		render_admonition(r, n->info);
	render_blocks(r, n, at);
	settle_lead(r);
	buf_truncate(&r->prefix, prefix);
	if (outer)
		put_links(r);
}

static void
render_notes(struct render *r, const struct md_node *notes, struct place at)
{
	buf_add(r->out, SLICE_LIT("## "));
	buf_add(r->out, render_word(r, WORD_NOTES));
	buf_add_char(r->out, '\n');
	at.loose = false;
	at.gathers = true;
	for (const struct md_node *n = notes->first; n; n = n->next) {
		put_blank(r);
		buf_clear(&r->lead);
		buf_add_char(&r->lead, '[');
		buf_add_uint(&r->lead, n->number);
		buf_add(&r->lead, SLICE_LIT("] "));
		r->lead_pending = r->lead_matters = true;
		render_blocks(r, n, at);
		settle_lead(r);
		put_links(r);
	}
}

static void
render_block(struct render *r, const struct md_node *n, struct place at)
{
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
		render_code(r, n);
		break;
	case MD_TABLE:
		render_table(r, n, &at);
		break;
	case MD_RULE:
		settle_lead(r);
		put_text(r, SLICE_LIT("---"), false);
		break;
	case MD_NOTES:
		render_notes(r, n, at);
		break;
	default:
		break;
	}
}

/* What stands outside the quote that it is part of. */
static bool
is_preformatted(const struct md_node *n)
{
	return n && (n->type == MD_CODE || n->type == MD_TABLE);
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
		bool leaves_quote = is_preformatted(n) || is_preformatted(prev);

		if (!first && at.loose && !(r->prefix.len && leaves_quote))
			put_blank(r);
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

int
gemtext_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
{
	size_t start = out->len;
	struct render r;

	render_begin(&r, out, FORMAT_GEMTEXT, opts, doc);
	render_blocks(&r, doc, (struct place){ .loose = true });
	if (out->len == start)
		buf_add_char(out, '\n');
	return render_end(&r, e);
}
