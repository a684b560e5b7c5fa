#include "import/html_internal.h"

/* Tables; one within another gives its cells' texts to the cell around it. */

static struct row *
open_row(struct html *h)
{
	struct row *r = arena_calloc(&h->arena, 1, sizeof(*r));

	if (!r) {
		h->out->failed = true;
		return NULL;
	}
	if (h->table.last)
		h->table.last->next = r;
	else
		h->table.first = r;
	h->table.last = r;
	return r;
}

static void
add_cell(struct html *h, struct slice text)
{
	struct row *r = h->table.last;
	struct cell *c = arena_calloc(&h->arena, 1, sizeof(*c));

	if (!r || !c || arena_copy(&h->arena, text, &c->text) < 0) {
		h->out->failed = true;
		return;
	}
	if (r->last)
		r->last->next = c;
	else
		r->first = c;
	r->last = c;
	r->count++;
	if (r->count > h->table.columns)
		h->table.columns = r->count;
}

void
html_cell_end(struct html *h)
{
	if (!h->in_cell)
		return;
	html_flush(h);
	h->in_cell = false;
	h->cell_boxes = 0;
	add_cell(h, buf_slice(&h->cell));
	for (; h->span > 1; h->span--)
		add_cell(h, SLICE_NONE);
	if (buf_failed(&h->cell))
		h->out->failed = true;
	buf_clear(&h->cell);
}

void
html_row(struct html *h)
{
	if (h->tables != 1) {
		html_flush(h);
		return;
	}
	html_cell_end(h);
	html_flush(h);
	/* A row is made by its first cell. */
	if (h->table.last && h->table.last->count)
		(void)open_row(h);
}

void
html_cell(struct html *h, const struct tag *t)
{
	struct slice span;
	uint64_t columns;

	if (h->tables != 1) {
		html_flush(h);
		return;
	}
	html_cell_end(h);
	html_flush(h);
	if (t->closing)
		return;
	if (!h->table.last && !open_row(h))
		return;
	if (html_named(t, "th"))
		h->table.last->header = true;
	span = html_attribute(t->attributes, "colspan");
	if (slice_uint(span, COLUMNS_MAX, &columns) < 0 || !columns)
		columns = 1;
	span = html_attribute(t->attributes, "rowspan");
	if (columns > 1 || (span.len && !slice_eq_cstr(span, "1")))
		html_tell(h,
		    "a cell over several rows or columns: the table "
		    "has it once");
	h->in_cell = true;
	h->span = (unsigned)columns;
	h->cell_boxes = h->box_count;
}

/* A table wider than Markdown takes: its cells as paragraphs. */
static void
write_cells(struct html *h, const struct row *r)
{
	for (const struct cell *c = r->first; c; c = c->next)
		if (c->text.len) {
			html_begin_block(h);
			html_write_line(h, c->text);
		}
}

static void
write_row(struct html *h, const struct row *r, struct buf *line)
{
	const struct cell *c = r ? r->first : NULL;

	buf_clear(line);
	for (size_t i = 0; i < h->table.columns; i++) {
		buf_add_cstr(line, "| ");
		if (c && c->text.len) {
			buf_add(line, c->text);
			buf_add_char(line, ' ');
		}
		c = c ? c->next : NULL;
	}
	buf_add_char(line, '|');
	if (buf_failed(line))
		h->out->failed = true;
	html_write_line(h, buf_slice(line));
}

static void
write_table(struct html *h)
{
	const struct row *r = h->table.first;
	struct buf line;

	if (!h->table.columns)
		return;
	if (h->table.columns > COLUMNS_MAX) {
		html_tell(h,
		    "a table of more than %d columns: its cells are "
		    "paragraphs",
		    COLUMNS_MAX);
		for (; r; r = r->next)
			write_cells(h, r);
		return;
	}
	buf_init(&line, h->out->max);
	html_begin_block(h);
	/* One that does not begin with headers has empty ones. */
	write_row(h, r->header ? r : NULL, &line);
	buf_clear(&line);
	for (size_t i = 0; i < h->table.columns; i++)
		buf_add_cstr(&line, "|---");
	buf_add_char(&line, '|');
	html_write_line(h, buf_slice(&line));
	for (r = r->header ? r->next : r; r; r = r->next)
		if (r->count)
			write_row(h, r, &line);
	buf_release(&line);
}

void
html_table_tag(struct html *h, const struct tag *t)
{
	html_flush(h);
	if (!t->closing) {
		h->tables++;
		if (h->tables == 2)
			html_tell(h, "a table in a table: its texts alone");
		return;
	}
	if (!h->tables || --h->tables)
		return;
	html_cell_end(h);
	write_table(h);
	h->table = (struct table){ .first = NULL };
}
