#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "markdown/lines.h"

#include "markdown/footnotes.h"

/* A definition found: where its text begins. */
struct definition {
	struct slice label, text;
	struct slice prefix; /* quote marks and blanks before it */
	unsigned quotes;
	unsigned indent; /* of continuation lines, columns */
};

struct taker {
	struct footnotes *f;
	struct arena *arena;
	struct buf notes, body;
	size_t cap; /* of f->notes */
	unsigned line;
};

/* The label of `[^label]` at the start of `s` and its length, or 0. */
static size_t
label_length(struct slice s)
{
	size_t end;

	if (!slice_starts(s, SLICE_LIT("[^")))
		return 0;
	end = slice_find(slice_upto(s, 256), ']');
	if (end >= s.len || end >= 256 || end == 2)
		return 0;
	for (size_t i = 2; i < end; i++)
		if (s.ptr[i] == '[' || s.ptr[i] == ' ' || s.ptr[i] == '\t')
			return 0;
	return end + 1;
}

static bool
is_definition(
    const struct line_state *state, const struct line *l, struct definition *d)
{
	size_t n = label_length(l->content);
	unsigned indent = l->quotes ? l->inner : l->indent;

	if (!n || l->markers || n == l->content.len || l->content.ptr[n] != ':')
		return false;
	if (indent > 3 && !state->in_list)
		return false;
	d->label = slice_make(l->content.ptr + 2, n - 3);
	d->text = slice_trim(slice_from(l->content, n + 1));
	d->prefix =
	    slice_make(l->text.ptr, (size_t)(l->content.ptr - l->text.ptr));
	d->quotes = l->quotes;
	d->indent = indent > 3 ? indent + 4 : 4;
	return true;
}

/* A line that goes on with a note's paragraph though it is not indented. */
static bool
is_lazy(const struct line *l)
{
	if (l->blank || l->markers || !l->content.len ||
	    label_length(l->content))
		return false;
	return !strchr("#|<=", l->content.ptr[0]) &&
	    !slice_starts(l->content, SLICE_LIT("```")) &&
	    !slice_starts(l->content, SLICE_LIT("~~~")) &&
	    !slice_starts(l->content, SLICE_LIT("---")) &&
	    !slice_starts(l->content, SLICE_LIT("***")) &&
	    !slice_starts(l->content, SLICE_LIT("___"));
}

/*
 * Takes `quotes` quote marks and `indent` columns off `s`; false when they are
 * not there.
 */
static bool
strip(struct slice *s, unsigned quotes, unsigned indent)
{
	unsigned at = 0;

	for (; quotes; quotes--) {
		struct slice t = *s;

		while (t.len && t.ptr[0] == ' ')
			t = slice_from(t, 1);
		if (!t.len || t.ptr[0] != '>')
			return false;
		*s = slice_from(t, 1);
		if (quotes == 1 && s->len && s->ptr[0] == ' ')
			*s = slice_from(*s, 1);
	}
	while (at < indent && s->len) {
		if (s->ptr[0] == '\t')
			at += 4 - at % 4;
		else if (s->ptr[0] == ' ')
			at++;
		else
			return false;
		*s = slice_from(*s, 1);
	}
	return at >= indent;
}

static struct footnote *
add_note(struct taker *t, const struct definition *d)
{
	struct footnotes *f = t->f;

	if (f->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		struct footnote *p = arena_calloc(t->arena, cap, sizeof(*p));

		if (!p)
			return NULL;
		if (f->count)
			memcpy(p, f->notes, f->count * sizeof(*p));
		f->notes = p;
		t->cap = cap;
	}
	f->notes[f->count] = (struct footnote){
		.label = d->label, .at = t->notes.len, .line = t->line
	};
	return &f->notes[f->count++];
}

/* An empty line where one was taken, its quote marks kept. */
static void
leave_blank(struct taker *t, const struct definition *d)
{
	if (d->quotes)
		buf_add(&t->body, d->prefix);
	buf_add_char(&t->body, '\n');
	t->line++;
}

/* Moves the definition `d`, whose first line is taken, and what follows it. */
static int
take_definition(struct taker *t, const struct definition *d, struct slice *rest)
{
	size_t blanks = 0;

	if (!add_note(t, d))
		return -1;
	buf_add(&t->notes, SLICE_LIT("+ "));
	buf_add(&t->notes, d->text);
	buf_add_char(&t->notes, '\n');
	leave_blank(t, d);
	while (rest->len) {
		struct slice after = *rest, text;
		struct line l;

		line_take(&after, &l);
		text = l.text;
		if (l.blank) {
			/* Taken only when an indented line follows. */
			blanks++;
			*rest = after;
			continue;
		}
		if (!strip(&text, d->quotes, d->indent)) {
			if (blanks || l.quotes != d->quotes || !is_lazy(&l))
				break;
			text = l.content;
		}
		for (; blanks; blanks--) {
			buf_add_char(&t->notes, '\n');
			leave_blank(t, d);
		}
		buf_add(&t->notes, SLICE_LIT("  "));
		buf_add(&t->notes, text);
		buf_add_char(&t->notes, '\n');
		leave_blank(t, d);
		*rest = after;
	}
	for (; blanks; blanks--)
		leave_blank(t, d);
	return 0;
}

static int
take_all(struct taker *t, struct slice body)
{
	struct line_state state = { 0 };
	struct slice rest = body;

	while (rest.len) {
		struct definition d;
		struct line l;

		line_take(&rest, &l);
		if (!line_step(&state, &l) && is_definition(&state, &l, &d)) {
			if (take_definition(t, &d, &rest) < 0)
				return -1;
			state.after_blank = true;
			continue;
		}
		buf_add(&t->body, l.text);
		buf_add_char(&t->body, '\n');
		t->line++;
	}
	return buf_failed(&t->body) || buf_failed(&t->notes) ? -1 : 0;
}

static int
by_label(const void *a, const void *b)
{
	const struct footnote *x = *(struct footnote *const *)a;
	const struct footnote *y = *(struct footnote *const *)b;
	int r = slice_cmp(x->label, y->label);

	if (r)
		return r;
	return x < y ? -1 : x > y;
}

static int
sort_labels(struct footnotes *f, struct arena *a)
{
	size_t n = 0;

	if (!(f->by_label =
		    arena_calloc(a, f->count, sizeof(struct footnote *))))
		return -1;
	for (size_t i = 0; i < f->count; i++)
		f->by_label[i] = &f->notes[i];
	qsort(f->by_label, f->count, sizeof(struct footnote *), by_label);
	for (size_t i = 0; i < f->count; i++) {
		struct footnote *note = f->by_label[i];

		if (n && slice_eq(f->by_label[n - 1]->label, note->label))
			note->duplicate = true;
		else
			f->by_label[n++] = note;
	}
	f->labels = n;
	return 0;
}

bool
footnotes_may_be_in(struct slice body)
{
	for (size_t at; (at = slice_find(body, '^')) < body.len;
	     body = slice_from(body, at + 1))
		if (at && body.ptr[at - 1] == '[')
			return true;
	return false;
}

int
footnotes_take(struct footnotes *f, struct arena *a, struct slice body,
    struct buf *text, size_t *body_at)
{
	struct taker t = { .f = f, .arena = a };
	int r = -1;

	*f = (struct footnotes){ 0 };
	buf_init(&t.notes, text->max);
	buf_init(&t.body, text->max);
	if (take_all(&t, body) < 0)
		goto out;
	if (f->count) {
		if (sort_labels(f, a) < 0)
			goto out;
		buf_add(text, buf_slice(&t.notes));
		buf_add(text, SLICE_LIT("<!-- -->\n"));
	}
	*body_at = text->len;
	buf_add(text, buf_slice(&t.body));
	r = buf_failed(text) ? -1 : 0;
out:
	buf_release(&t.notes);
	buf_release(&t.body);
	return r;
}

static int
find_label(const void *key, const void *entry)
{
	const struct slice *label = key;

	return slice_cmp(*label, (*(struct footnote *const *)entry)->label);
}

struct footnote *
footnotes_find(const struct footnotes *f, struct slice label)
{
	struct footnote **p;

	if (!f->labels)
		return NULL;
	p = bsearch(&label, f->by_label, f->labels, sizeof(struct footnote *),
	    find_label);
	return p ? *p : NULL;
}
