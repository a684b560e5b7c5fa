#include <stdlib.h>

#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#include "base/arena.h"
#include "base/buf.h"
#include "markdown/node.h"

#include "site/anchors.h"
#include "site/site_internal.h"

enum {
	ANCHOR_MAX = 4096 /* bytes */
};

/* A heading's anchor before it has a number, and which heading it is. */
struct base {
	struct slice text;
	size_t nth;
};

static bool
is_word(ucs4_t c)
{
	return uc_is_general_category(c, UC_CATEGORY_L) ||
	    uc_is_general_category(c, UC_CATEGORY_M) ||
	    uc_is_general_category(c, UC_CATEGORY_Nd) ||
	    uc_is_general_category(c, UC_CATEGORY_Pc);
}

void
anchors_slug(struct buf *out, struct slice text)
{
	while (text.len) {
		ucs4_t c;
		int n = u8_mbtouc(&c, (const uint8_t *)text.ptr, text.len);
		uint8_t bytes[6];
		int len;

		text = slice_from(text, (size_t)n);
		if (c == ' ')
			c = '-';
		else if (c != '-' && !is_word(c))
			continue;
		len = u8_uctomb(bytes, uc_tolower(c), sizeof(bytes));
		if (len > 0)
			buf_add_mem(out, bytes, (size_t)len);
	}
}

static int
by_text(const void *a, const void *b)
{
	const struct base *x = a, *y = b;
	int order = slice_cmp(x->text, y->text);

	if (order)
		return order;
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static int
by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static int
base_of(struct arena *a, const struct md_node *heading, struct slice *out)
{
	struct slice words;
	struct buf slug;
	int rc;

	if (document_words(a, heading, &words) < 0)
		return -1;
	buf_init(&slug, ANCHOR_MAX);
	anchors_slug(&slug, words);
	rc = buf_failed(&slug) ? -1 : arena_copy(a, buf_slice(&slug), out);
	buf_release(&slug);
	return rc;
}

/* Numbers those that are the same; they stand together. */
static int
number(struct arena *a, struct base *bases, size_t count)
{
	struct slice first = SLICE_NONE;
	size_t same = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text;

		if (!i || !slice_eq(bases[i].text, first)) {
			first = bases[i].text;
			same = 0;
			continue;
		}
		text = arena_printf(a, "%.*s-%zu", SLICE_FMT(first), ++same);
		if (!text)
			return -1;
		bases[i].text = slice_cstr(text);
	}
	return 0;
}

/*
 * The next of the values that stand behind id=, name= or {# in raw text;
 * false at the end.
 */
static bool
next_given(struct slice *text, struct slice *out)
{
	static const struct {
		const char *before;
		char end;
	} forms[] = { { " id=\"", '"' }, { " id='", '\'' }, { " name=\"", '"' },
		{ " name='", '\'' }, { "{#", '}' } };

	for (; text->len; *text = slice_from(*text, 1)) {
		if (text->ptr[0] != ' ' && text->ptr[0] != '{')
			continue;
		for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
			struct slice b = slice_cstr(forms[i].before), rest;

			if (!slice_starts(*text, b))
				continue;
			rest = slice_upto(slice_from(*text, b.len), ANCHOR_MAX);
			*out = slice_upto(rest, slice_find(rest, forms[i].end));
			*text = slice_from(*text, b.len);
			return true;
		}
	}
	return false;
}

static size_t
count_headings(const struct md_node *tree)
{
	size_t count = 0;

	for (const struct md_node *n = tree; n; n = md_next(n, tree, true))
		count += n->type == MD_HEADING;
	return count;
}

static size_t
count_given(struct slice text)
{
	struct slice one;
	size_t count = 0;

	while (next_given(&text, &one))
		count++;
	return count;
}

int
anchors_collect(struct arena *a, const struct md_node *tree, struct slice text,
    struct anchors *out)
{
	size_t headings = count_headings(tree), at = 0;
	struct base *bases = arena_calloc(a, headings + 1, sizeof(*bases));
	struct slice given;

	*out = (struct anchors){ .count = 0 };
	out->items = arena_calloc(
	    a, headings + count_given(text) + 1, sizeof(*out->items));
	if (!bases || !out->items)
		return -1;
	for (const struct md_node *n = tree; n; n = md_next(n, tree, true)) {
		if (n->type != MD_HEADING)
			continue;
		bases[at].nth = at;
		if (base_of(a, n, &bases[at++].text) < 0)
			return -1;
	}
	qsort(bases, headings, sizeof(*bases), by_text);
	if (number(a, bases, headings) < 0)
		return -1;
	for (size_t i = 0; i < headings; i++)
		out->items[out->count++] = bases[i].text;
	while (next_given(&text, &given))
		out->items[out->count++] = given;
	qsort(out->items, out->count, sizeof(*out->items), by_bytes);
	return 0;
}

bool
anchors_have(const struct anchors *all, struct slice anchor)
{
	return all->count &&
	    bsearch(
		&anchor, all->items, all->count, sizeof(*all->items), by_bytes);
}
