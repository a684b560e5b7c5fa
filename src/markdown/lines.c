#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/utf8.h"
#include "markdown/markdown.h"

#include "markdown/lines.h"

enum {
	/* Deepest nesting times lines: about half a second of md4c. */
	MAX_NESTED_LINES = 40 * 1000 * 1000,
	MAX_CELLS = 250 * 1000, /* of a table */
	MAX_EXTRA_TOLD = 20,
	TAB_STOP = 4
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes blanks off *s; returns the columns they fill. */
static unsigned
take_blanks(struct slice *s)
{
	unsigned columns = 0;

	for (; s->len && is_blank(s->ptr[0]); *s = slice_from(*s, 1))
		columns +=
		    s->ptr[0] == '\t' ? TAB_STOP - columns % TAB_STOP : 1;
	return columns;
}

/* The length of the list marker that `s` begins with, or 0. */
static size_t
marker_length(struct slice s)
{
	size_t n = 0;

	if (!s.len)
		return 0;
	if (s.ptr[0] == '-' || s.ptr[0] == '+' || s.ptr[0] == '*') {
		n = 1;
	} else {
		while (n < s.len && n < 9 && s.ptr[n] >= '0' && s.ptr[n] <= '9')
			n++;
		if (!n || n == s.len || (s.ptr[n] != '.' && s.ptr[n] != ')'))
			return 0;
		n++;
	}
	return n == s.len || is_blank(s.ptr[n]) ? n : 0;
}

void
line_take(struct slice *rest, struct line *l)
{
	size_t end = slice_find(*rest, '\n');
	struct slice s = slice_upto(*rest, end);

	*l = (struct line){ .text = s };
	*rest = slice_from(*rest, end + 1);
	/* Prose begins with a letter: nothing to take off. */
	if (s.len && ((unsigned char)s.ptr[0] | 0x20) >= 'a') {
		l->content = s;
		return;
	}
	l->indent = l->inner = take_blanks(&s);
	for (;;) {
		size_t n = 0;

		if (s.len && s.ptr[0] == '>') {
			l->quotes++;
			n = 1;
		} else if ((n = marker_length(s))) {
			l->markers++;
		}
		if (!n)
			break;
		s = slice_from(s, n);
		l->inner = take_blanks(&s);
	}
	l->content = s;
	l->blank = !s.len && !l->markers;
}

/* The length of the run of c that `s` begins with. */
static unsigned
run_of(struct slice s, char c)
{
	unsigned n = 0;

	while (n < s.len && s.ptr[n] == c)
		n++;
	return n;
}

/* Whether the fence of *s ends at this line, or has ended before it. */
static bool
fence_ends(const struct line_state *s, const struct line *l, bool *before)
{
	unsigned n = run_of(l->content, s->fence);

	*before = l->quotes < s->fence_quotes ||
	    (s->fence_in_list && !l->blank && !l->indent && !l->quotes);
	return *before ||
	    (n >= s->fence_len && !l->markers &&
		slice_trim(slice_from(l->content, n)).len == 0);
}

/* HTML blocks that may hold anything up to their end (CommonMark 4.6, 1-5). */
static const char *const html_opens[] = { "<!--", "<?", "<![CDATA[", "<pre",
	"<script", "<style", "<textarea", NULL };
static const char *const html_closes[] = { "-->", "?>", "]]>" };
static const char *const raw_closes[] = { "</pre>", "</script>", "</style>",
	"</textarea>" };

static bool
holds_nocase(struct slice s, const char *what)
{
	struct slice w = slice_cstr(what);

	for (; s.len >= w.len; s = slice_from(s, 1))
		if (slice_eq_nocase(slice_upto(s, w.len), w))
			return true;
	return false;
}

/* Which of html_opens the line begins with, counted from 1; 0: none. */
static unsigned
html_kind(struct slice s)
{
	for (unsigned i = 0; html_opens[i]; i++) {
		struct slice open = slice_cstr(html_opens[i]);

		if (!slice_eq_nocase(slice_upto(s, open.len), open))
			continue;
		if (i < 3 || s.len == open.len || is_blank(s.ptr[open.len]) ||
		    s.ptr[open.len] == '>')
			return i + 1;
	}
	return 0;
}

static bool
html_closes_in(unsigned kind, struct slice s)
{
	if (kind <= 3)
		return holds_nocase(s, html_closes[kind - 1]);
	for (unsigned i = 0; i < 4; i++)
		if (holds_nocase(s, raw_closes[i]))
			return true;
	return false;
}

/* Whether the line is of such a block: then nothing in it is a fence. */
static bool
html_step(struct line_state *s, const struct line *l)
{
	unsigned kind = s->html;

	if (kind &&
	    (l->quotes < s->fence_quotes ||
		(s->fence_in_list && !l->blank && !l->indent && !l->quotes)))
		kind = s->html = 0;
	if (!kind) {
		if (!l->content.len || l->content.ptr[0] != '<' || l->inner > 3)
			return false;
		if (!(kind = html_kind(l->content)))
			return false;
		s->html = kind;
		s->fence_quotes = l->quotes;
		s->fence_in_list = l->markers || (s->in_list && l->indent > 1);
		/* "<!-->" does not end itself. */
		if (html_closes_in(kind,
			slice_from(l->content, strlen(html_opens[kind - 1]))))
			s->html = 0;
		return true;
	}
	if (html_closes_in(kind, l->text))
		s->html = 0;
	return true;
}

bool
line_step(struct line_state *s, const struct line *l)
{
	bool before;
	unsigned n;
	char c;

	if (!s->fence && html_step(s, l))
		return true;
	if (s->fence) {
		if (!fence_ends(s, l, &before))
			return true;
		s->fence = 0;
		if (!before)
			return true;
	}
	if (l->markers)
		s->in_list = true;
	else if (s->after_blank && !l->blank && !l->indent)
		s->in_list = false;
	s->after_blank = l->blank;
	if (!l->content.len)
		return false;
	c = l->content.ptr[0];
	if ((c != '`' && c != '~') || (n = run_of(l->content, c)) < 3 ||
	    (l->inner > 3 && !s->in_list))
		return false;
	if (c == '`' &&
	    slice_find(slice_from(l->content, n), '`') < l->content.len - n)
		return false;
	s->fence = c;
	s->fence_len = n;
	s->fence_quotes = l->quotes;
	s->fence_in_list = l->markers || (s->in_list && l->indent > 1);
	return true;
}

/* Whether `l` begins a block of its own, whatever stood before it. */
static bool
begins_block(const struct line *l)
{
	if (l->blank)
		return true;
	if (l->indent >= TAB_STOP)
		return false;
	return l->markers || slice_starts(l->content, SLICE_LIT("#")) ||
	    (slice_starts(l->content, SLICE_LIT("[^")) &&
		memmem(l->content.ptr, l->content.len, "]:", 2));
}

/* Counts the cells of a row that holds nothing but dashes, colons and pipes. */
static unsigned
rule_cells(struct slice s, bool *narrow)
{
	unsigned cells = 0, len = 0;
	bool pipe = false, dash = false;

	*narrow = false;
	s = slice_trim(s);
	for (size_t i = 0; i <= s.len; i++) {
		char c = '|';

		if (i < s.len)
			c = s.ptr[i];
		if (c == '-' || c == ':') {
			len++;
			dash = dash || c == '-';
		} else if (c == '|') {
			pipe = pipe || i < s.len;
			cells += len != 0;
			*narrow = *narrow || (len && len < 3);
			len = 0;
		} else if (!is_blank(c)) {
			return 0;
		}
	}
	return pipe && dash ? cells : 0;
}

/* What lines_guard() counts on its way. */
struct guard {
	size_t paragraph;      /* bytes without an empty line */
	size_t columns, cells; /* of the table that the paragraph may be */
};

/* Whether the paragraph stays within limits with `l`. */
static bool
guard_line(struct guard *g, const struct line *l, bool code, size_t cap)
{
	bool narrow;

	if (code || begins_block(l))
		*g = (struct guard){ 0 };
	if (code || l->blank)
		return true;
	g->paragraph += l->text.len + 1;
	if (!g->columns && l->content.len && strchr("|:-", l->content.ptr[0]))
		g->columns = rule_cells(l->content, &narrow);
	/* md4c makes short rows as long as the rule. */
	g->cells += g->columns;
	return g->paragraph <= cap && g->cells <= MAX_CELLS;
}

int
lines_guard(struct slice body, const struct md_opts *o, struct err *e)
{
	size_t max = o->max_bytes ? o->max_bytes : MD_MAX_BYTES;
	size_t cap = o->max_paragraph_bytes ? o->max_paragraph_bytes
					    : MD_MAX_PARAGRAPH_BYTES;
	size_t lines = 0, deepest = 0;
	struct line_state state = { 0 };
	struct guard guard = { 0 };
	struct slice rest = body;
	struct line l;

	if (body.len > max)
		return err_at(e, o->file, 0, 0,
		    "%zu bytes of text; at most %zu are converted", body.len,
		    max);
	for (; rest.len; lines++) {
		line_take(&rest, &l);
		if (!guard_line(&guard, &l, line_step(&state, &l), cap))
			return err_at(e, o->file,
			    o->first_line + (unsigned)lines, 0,
			    guard.cells > MAX_CELLS
				? "a table of over %zu cells"
				: "a paragraph of over %zu bytes",
			    guard.cells > MAX_CELLS ? (size_t)MAX_CELLS : cap);
		if (l.quotes + l.markers + l.indent / 2 > deepest)
			deepest = l.quotes + l.markers + l.indent / 2;
	}
	if (deepest * lines > MAX_NESTED_LINES)
		return err_at(e, o->file, 0, 0,
		    "blocks nested about %zu deep in %zu lines", deepest,
		    lines);
	return 0;
}

/* --- tables ------------------------------------------------------------------ */

/* Whether `row` under `above` is a rule that md4c would not take for one. */
static bool
is_narrow_rule(const struct line *above, const struct line *row)
{
	bool narrow;

	if (!row->content.len || !strchr("|:-", row->content.ptr[0]) ||
	    slice_find(above->content, '|') == above->content.len)
		return false;
	return rule_cells(row->content, &narrow) && narrow;
}

/* Each run of dashes three longer: no cell has less than three characters. */
static void
add_widened(struct buf *out, struct slice row)
{
	for (size_t i = 0; i < row.len; i++) {
		buf_add_char(out, row.ptr[i]);
		if (row.ptr[i] == '-' &&
		    (i + 1 == row.len || row.ptr[i + 1] != '-'))
			buf_add(out, SLICE_LIT("---"));
	}
}

bool
lines_widen_tables(struct buf *out, struct slice body)
{
	struct slice rest = body, kept = body;
	struct line_state state = { 0 };
	struct line above = { .blank = true }, row;
	bool changed = false;

	if (slice_find(body, '|') == body.len)
		return false;
	for (; rest.len; above = row) {
		line_take(&rest, &row);
		if (line_step(&state, &row) || above.blank ||
		    !is_narrow_rule(&above, &row))
			continue;
		buf_add(out,
		    slice_make(kept.ptr, (size_t)(row.content.ptr - kept.ptr)));
		add_widened(out, row.content);
		kept = slice_from(kept,
		    (size_t)(row.content.ptr - kept.ptr) + row.content.len);
		changed = true;
	}
	if (changed)
		buf_add(out, kept);
	return changed;
}

/*
 * Where the cell behind the first `cells` of a row begins, the row's end where
 * there is none.  A pipe in code or behind a backslash parts no cells.
 */
static size_t
cell_after(struct slice row, unsigned cells)
{
	unsigned code = 0, n;
	size_t i = slice_starts(row, SLICE_LIT("|")) ? 1 : 0;

	for (; i < row.len; i++) {
		if (row.ptr[i] == '\\' && !code) {
			i++;
		} else if (row.ptr[i] == '`') {
			n = run_of(slice_from(row, i), '`');
			i += n - 1;
			if (!code)
				code = n;
			else if (code == n)
				code = 0;
		} else if (row.ptr[i] == '|' && !code && !--cells) {
			return i + 1;
		}
	}
	return row.len;
}

/* Tells of what `row` holds behind its first `cells`; 1, or 0: nothing. */
static unsigned
tell_extra(const struct md_opts *o, const struct line *row, unsigned cells,
    unsigned number)
{
	size_t at = cell_after(row->content, cells);
	struct slice extra = slice_trim(slice_from(row->content, at));
	struct slice before;

	if (slice_ends(extra, SLICE_LIT("|")))
		extra = slice_trim(slice_upto(extra, extra.len - 1));
	if (!extra.len)
		return 0;
	before = slice_make(row->text.ptr, (size_t)(extra.ptr - row->text.ptr));
	diag_at(o->diag, DIAG_WARNING, o->file, number,
	    (unsigned)utf8_count(before) + 1,
	    "more cells than the table has columns (%u): lost: %.*s", cells,
	    (int)(extra.len < 60 ? extra.len : 60), extra.ptr);
	return 1;
}

void
lines_tell_extra_cells(struct slice body, const struct md_opts *o)
{
	struct slice rest = body;
	struct line_state state = { 0 };
	struct line above = { .blank = true }, row;
	unsigned cells = 0, told = 0, number = o->first_line;
	bool starts = false, narrow;

	if (slice_find(body, '|') == body.len)
		return;
	for (; rest.len && told < MAX_EXTRA_TOLD; above = row, number++) {
		bool code, headers = starts;

		line_take(&rest, &row);
		code = line_step(&state, &row);
		/* Only the first line of a paragraph can be the headers. */
		starts = !code && !row.blank &&
		    (above.blank || begins_block(&row) ||
			slice_starts(above.content, SLICE_LIT("#")));
		if (code || row.blank || starts) {
			cells = 0;
		} else if (cells) {
			told += tell_extra(o, &row, cells, number);
		} else if (headers &&
		    slice_find(above.content, '|') < above.content.len &&
		    (cells = rule_cells(row.content, &narrow))) {
			told += tell_extra(o, &above, cells, number - 1);
		}
	}
}
