#include "base/err.h"
#include "markdown/markdown.h"

#include "markdown/lines.h"

enum {
	/* Deepest nesting times lines: about half a second of md4c. */
	MAX_NESTED_LINES = 40 * 1000 * 1000,
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

bool
line_step(struct line_state *s, const struct line *l)
{
	bool before;
	unsigned n;
	char c;

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
	return l->blank || (l->markers && l->indent < TAB_STOP) ||
	    (l->indent < TAB_STOP && l->content.len &&
		l->content.ptr[0] == '#');
}

int
lines_guard(struct slice body, const struct md_opts *o, struct err *e)
{
	size_t max = o->max_bytes ? o->max_bytes : MD_MAX_BYTES;
	size_t cap = o->max_paragraph_bytes ? o->max_paragraph_bytes
					    : MD_MAX_PARAGRAPH_BYTES;
	size_t paragraph = 0, lines = 0, deepest = 0;
	struct line_state state = { 0 };
	struct slice rest = body;
	struct line l;

	if (body.len > max)
		return err_at(e, o->file, 0, 0,
		    "%zu bytes of text; at most %zu are converted", body.len,
		    max);
	for (; rest.len; lines++) {
		bool code;

		line_take(&rest, &l);
		code = line_step(&state, &l);
		if (code || begins_block(&l))
			paragraph = 0;
		paragraph += code ? 0 : l.text.len + 1;
		if (paragraph > cap)
			return err_at(e, o->file,
			    o->first_line + (unsigned)lines, 0,
			    "a paragraph of over %zu bytes", cap);
		if (l.quotes + l.markers + l.indent / 2 > deepest)
			deepest = l.quotes + l.markers + l.indent / 2;
	}
	if (deepest * lines > MAX_NESTED_LINES)
		return err_at(e, o->file, 0, 0,
		    "blocks nested about %zu deep in %zu lines", deepest,
		    lines);
	return 0;
}
