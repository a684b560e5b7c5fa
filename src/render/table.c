#include "render/render_internal.h"

enum {
	GUTTER = 2 /* columns between cells */
};

static const struct cell *
cell_at(const struct grid *g, size_t row, size_t column)
{
	return &g->cells[row * g->columns + column];
}

static struct slice
cell_text(const struct grid *g, const struct cell *c)
{
	return slice_upto(slice_from(buf_slice(&g->text), c->text), c->len);
}

static void
count(struct grid *g, const struct md_node *table)
{
	for (const struct md_node *row = table->first; row; row = row->next) {
		size_t n = 0;

		for (const struct md_node *c = row->first; c; c = c->next)
			n++;
		if (n > g->columns)
			g->columns = n;
		g->rows++;
	}
}

/* The line of `text` that *text begins with; takes it off. */
static struct slice
take_line(struct slice *text)
{
	size_t n = slice_find(*text, '\n');
	struct slice line = slice_upto(*text, n);

	*text = slice_from(*text, n + 1);
	return line;
}

static void
widen(struct grid *g, size_t column, struct slice text)
{
	while (text.len) {
		unsigned width = wrap_width(take_line(&text));

		if (width > g->widths[column])
			g->widths[column] = width;
	}
}

static void
fill_row(struct grid *g, struct render *r, const struct md_node *row, size_t n)
{
	struct cell *cell = &g->cells[n * g->columns];

	for (const struct md_node *c = row->first; c; c = c->next, cell++) {
		flow_block(r, c);
		cell->text = g->text.len;
		buf_add(&g->text, buf_slice(&r->text));
		cell->len = g->text.len - cell->text;
		cell->align = c->align;
		if (!n && cell->len)
			g->has_header = true;
	}
}

int
grid_make(struct grid *g, struct render *r, const struct md_node *table)
{
	size_t n = 0, cells;

	*g = (struct grid){ 0 };
	buf_init(&g->text, r->text.max);
	count(g, table);
	if (!mem_mul(g->rows, g->columns, &cells) ||
	    !(g->cells = mem_calloc(cells + 1, sizeof(*g->cells))) ||
	    !(g->widths = mem_calloc(g->columns + 1, sizeof(*g->widths)))) {
		r->failed = true;
		return -1;
	}
	for (const struct md_node *row = table->first; row; row = row->next)
		fill_row(g, r, row, n++);
	if (buf_failed(&g->text)) {
		r->failed = true;
		return -1;
	}
	for (n = 0; n < cells; n++)
		widen(g, n % g->columns, cell_text(g, &g->cells[n]));
	g->width = g->columns ? GUTTER * (g->columns - 1) : 0;
	for (n = 0; n < g->columns; n++)
		g->width += g->widths[n];
	return 0;
}

void
grid_release(struct grid *g)
{
	buf_release(&g->text);
	mem_free(g->cells);
	mem_free(g->widths);
}

void
grid_headers(const struct grid *g, const struct render *r, struct buf *out)
{
	for (size_t i = 0; i < g->columns; i++) {
		struct slice text = cell_text(g, cell_at(g, 0, i));

		if (i) {
			buf_add(out, render_word(r, WORD_SEPARATOR));
			buf_add_char(out, ' ');
		}
		while (text.len) {
			buf_add(out, take_line(&text));
			if (text.len)
				buf_add_char(out, ' ');
		}
	}
}

static void
add_cell(const struct grid *g, struct buf *line, size_t column,
    struct slice text, enum md_align align)
{
	size_t room = g->widths[column] - wrap_width(text), left = 0;

	if (align == MD_ALIGNED_END)
		left = room;
	else if (align == MD_ALIGNED_CENTRE)
		left = room / 2;
	buf_add_repeat(line, ' ', left);
	buf_add(line, text);
	buf_add_repeat(line, ' ', room - left);
	if (column + 1 < g->columns)
		buf_add_repeat(line, ' ', GUTTER);
}

static void
emit_trimmed(struct buf *line, struct render *r,
    void (*emit)(struct render *r, struct slice line))
{
	struct slice s = buf_slice(line);

	while (s.len && s.ptr[s.len - 1] == ' ')
		s.len--;
	emit(r, s);
}

/* A row is as high as its highest cell. */
static void
emit_row(struct grid *g, struct render *r, size_t row, struct buf *line,
    void (*emit)(struct render *r, struct slice line))
{
	bool more = true;

	for (size_t height = 0; more && !r->failed; height++) {
		more = false;
		buf_clear(line);
		for (size_t i = 0; i < g->columns; i++) {
			const struct cell *c = cell_at(g, row, i);
			struct slice text = cell_text(g, c), cut = SLICE_NONE;

			for (size_t k = 0; k <= height; k++)
				cut = take_line(&text);
			more = more || text.len;
			add_cell(g, line, i, cut, c->align);
		}
		emit_trimmed(line, r, emit);
	}
}

void
grid_emit(struct grid *g, struct render *r,
    void (*emit)(struct render *r, struct slice line))
{
	struct buf line;

	buf_init(&line, r->text.max);
	for (size_t row = g->has_header ? 0 : 1; row < g->rows; row++) {
		emit_row(g, r, row, &line, emit);
		if (row)
			continue;
		buf_clear(&line);
		for (size_t i = 0; i < g->columns; i++) {
			buf_add_repeat(&line, '-', g->widths[i]);
			if (i + 1 < g->columns)
				buf_add_repeat(&line, ' ', GUTTER);
		}
		emit_trimmed(&line, r, emit);
	}
	if (buf_failed(&line))
		r->failed = true;
	buf_release(&line);
}
