#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/utf8.h"

#include "markdown/markdown_internal.h"

enum {
	NOTE_LINE_MAX = 64 * 1024 /* bytes of a line that are counted through */
};

bool
md_in_src(const struct builder *b, const char *p)
{
	return p >= b->src && p < b->src + b->src_len;
}

int
md_index_lines(
    struct builder *b, struct slice text, uint32_t **starts, size_t *count)
{
	struct slice rest = text;
	size_t lines = 1, at;

	for (; (at = slice_find(rest, '\n')) < rest.len; lines++)
		rest = slice_from(rest, at + 1);
	*count = 0;
	*starts = arena_alloc(b->arena, lines * sizeof(uint32_t));
	if (!*starts)
		return -1;
	for (rest = text; *count < lines;) {
		(*starts)[(*count)++] = (uint32_t)(rest.ptr - text.ptr);
		rest = slice_from(rest, slice_find(rest, '\n') + 1);
	}
	return 0;
}

/* The index of the line that holds offset `at`. */
static size_t
line_of(const struct builder *b, size_t at)
{
	size_t low = 0, high = b->line_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (b->line_starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The note whose text holds offset `at`. */
static const struct footnote *
note_of(const struct builder *b, size_t at)
{
	size_t low = 0, high = b->notes.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (b->notes.notes[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &b->notes.notes[low];
}

/* The characters in line `i` before offset `at`; counts on from last time. */
static size_t
column_of(struct builder *b, size_t i, size_t at)
{
	size_t from = b->line_starts[i], count = 0;

	if (b->counted_line == i && b->counted_to >= from &&
	    b->counted_to <= at) {
		from = b->counted_to;
		count = b->counted;
	}
	count += utf8_count(slice_make(b->src + from, at - from));
	b->counted_line = i;
	b->counted_to = at;
	b->counted = count;
	return count;
}

/*
 * The column of `p`, which is in a note, in line `line` of the body: there the
 * note's lines are indented otherwise, so what follows `p` is counted back from
 * the end.  0 where the line is not the same, or longer than it is worth.
 */
static unsigned
note_column(const struct builder *b, size_t line, const char *p)
{
	struct slice rest = slice_make(p, (size_t)(b->src + b->src_len - p));
	struct slice whole;

	if (line >= b->body_lines)
		return 0;
	whole = slice_from(b->body, b->body_starts[line]);
	whole = slice_upto(whole, slice_find(whole, '\n'));
	rest = slice_upto(rest, slice_find(rest, '\n'));
	if (whole.len > NOTE_LINE_MAX || !slice_ends(whole, rest))
		return 0;
	return (unsigned)utf8_count(slice_upto(whole, whole.len - rest.len)) +
	    1;
}

void
md_place(struct builder *b, const char *p, unsigned *line, unsigned *column)
{
	const struct footnote *note;
	size_t at, i;

	*line = *column = 0;
	if (!md_in_src(b, p))
		return;
	at = (size_t)(p - b->src);
	i = line_of(b, at);
	if (at < b->body_at) {
		note = note_of(b, at);
		*line = note->line + (unsigned)(i - line_of(b, note->at));
		*column = note_column(b, *line, p);
	} else {
		*line = (unsigned)(i - line_of(b, b->body_at));
		*column = (unsigned)column_of(b, i, at) + 1;
	}
	*line += b->opts->first_line ? b->opts->first_line : 1;
}

void
md_warn(struct builder *b, const char *at, const char *fmt, ...)
{
	unsigned line, column;
	char text[400];
	va_list ap;

	if (!b->opts->diag)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	md_place(b, at, &line, &column);
	diag_at(b->opts->diag, DIAG_WARNING, b->opts->file, line, column, "%s",
	    text);
}

void
md_place_nodes(struct builder *b, const char *p)
{
	unsigned line, column;

	if (b->cur->line || !md_in_src(b, p))
		return;
	if (p > b->src && p[-1] == '[') {
		p--;
		if (p > b->src && p[-1] == '!')
			p--;
	}
	md_place(b, p, &line, &column);
	for (struct md_node *n = b->cur; n && !n->line; n = n->parent) {
		n->line = line;
		n->column = column;
	}
}
