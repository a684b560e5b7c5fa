#include "base/buf.h"
#include "base/utf8.h"
#include "search/fold.h"

#include "search/query.h"

/* The names of filters, folded. */
static const struct {
	const char *name;
	enum query_kind kind;
} filters[] = {
	{ "author", QUERY_AUTHOR },
	{ "by", QUERY_AUTHOR },
	{ "مصنف", QUERY_AUTHOR },
	{ "tag", QUERY_TAG },
	{ "category", QUERY_TAG },
	{ "موضوع", QUERY_TAG },
	{ "زمرہ", QUERY_TAG },
	{ "year", QUERY_YEAR },
	{ "سال", QUERY_YEAR },
	{ "lang", QUERY_LANG },
	{ "language", QUERY_LANG },
	{ "زبان", QUERY_LANG },
};

const char *
query_prefix(enum query_kind kind)
{
	static const char *const prefixes[QUERY_KINDS] = {
		[QUERY_WORDS] = "",
		[QUERY_AUTHOR] = "a=",
		[QUERY_TAG] = "t=",
		[QUERY_YEAR] = "y=",
		[QUERY_LANG] = "l=",
	};

	return prefixes[kind];
}

/* The bytes of a blank at the beginning of `s`; 0: there is none. */
static size_t
blank(struct slice s)
{
	static const char *const wide[] = { "\xc2\xa0", "\xe3\x80\x80" };

	if (!s.len)
		return 0;
	if ((unsigned char)s.ptr[0] <= ' ' || s.ptr[0] == 0x7f)
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (slice_starts(s, slice_cstr(wide[i])))
			return strlen(wide[i]);
	return 0;
}

/* The same of a quotation mark, however it is typed. */
static size_t
quote(struct slice s)
{
	static const char *const marks[] = { "\"", "“", "”", "„", "«", "»" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (slice_starts(s, slice_cstr(marks[i])))
			return strlen(marks[i]);
	return 0;
}

/* The same of an asterisk. */
static size_t
star(struct slice s)
{
	static const char *const marks[] = { "*", "٭" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (slice_starts(s, slice_cstr(marks[i])))
			return strlen(marks[i]);
	return 0;
}

static void
skip(struct slice *s, size_t bytes)
{
	*s = slice_from(*s, bytes);
}

/* Takes what stands before a quotation mark, or a blank where that ends it. */
static struct slice
take_until(struct slice *s, bool blank_ends)
{
	struct slice whole = *s;

	while (s->len && !quote(*s) && !(blank_ends && blank(*s)))
		skip(s, 1);
	return slice_upto(whole, whole.len - s->len);
}

/* Adds folded words to the room; how many, or -1 when it is full. */
static int
add_words(struct query *q, struct slice text, const char *prefix)
{
	struct slice before = slice_cstr(prefix);
	int count = 0;
	struct fold f;

	fold_init(&f, text);
	while (fold_next(&f)) {
		if (q->used + before.len + f.len + 1 > sizeof(q->room))
			return -1;
		memcpy(q->room + q->used, before.ptr, before.len);
		memcpy(q->room + q->used + before.len, f.word, f.len);
		q->used += before.len + f.len;
		q->room[q->used++] = ' ';
		count++;
	}
	return count;
}

/* Whether the last word of `words` has two letters at least. */
static bool
may_go_on(struct slice words, const char *prefix)
{
	size_t at = words.len - 1;

	while (at && words.ptr[at - 1] != ' ')
		at--;
	return utf8_count(slice_make(words.ptr + at, words.len - 1 - at)) >=
	    strlen(prefix) + 2;
}

static enum query_result
add_term(struct query *q, enum query_kind kind, struct slice text, bool prefix)
{
	size_t from = q->used;
	struct query_term *t;
	int n = add_words(q, text, query_prefix(kind));

	if (n < 0 || (n && q->count == QUERY_TERMS_MAX))
		return QUERY_TOO_LONG;
	if (!n)
		return QUERY_FINE;
	t = &q->terms[q->count++];
	t->kind = kind;
	t->words = slice_make(q->room + from, q->used - from);
	t->prefix = prefix && may_go_on(t->words, query_prefix(kind));
	return QUERY_FINE;
}

/*
 * Takes "author:" and its like off `chunk`: what is asked of.  The name may
 * be in any case and in any form of its letters.
 */
static enum query_kind
take_filter(struct slice *chunk)
{
	size_t colon = slice_find(*chunk, ':');
	struct fold f;

	if (colon == chunk->len)
		return QUERY_WORDS;
	fold_init(&f, slice_upto(*chunk, colon));
	if (!fold_next(&f) || f.from || f.to != colon)
		return QUERY_WORDS;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (slice_eq_cstr(fold_word(&f), filters[i].name)) {
			skip(chunk, colon + 1);
			return filters[i].kind;
		}
	return QUERY_WORDS;
}

/* Takes a quoted text off *s, whose opening mark is there, and its star. */
static struct slice
take_quoted(struct slice *s, bool *prefix)
{
	struct slice text;

	skip(s, quote(*s));
	text = take_until(s, false);
	skip(s, quote(*s));
	*prefix = star(*s) > 0;
	skip(s, star(*s));
	return text;
}

static enum query_result
take_term(struct slice *s, struct query *q)
{
	enum query_kind kind = QUERY_WORDS;
	struct slice chunk;
	bool prefix;

	if (!quote(*s)) {
		chunk = take_until(s, true);
		kind = take_filter(&chunk);
		if (chunk.len || !quote(*s)) {
			prefix = slice_ends(chunk, SLICE_LIT("*")) ||
			    slice_ends(chunk, SLICE_LIT("٭"));
			return add_term(q, kind, chunk, prefix);
		}
	}
	chunk = take_quoted(s, &prefix);
	return add_term(q, kind, chunk, prefix);
}

enum query_result
query_parse(struct slice typed, struct query *q)
{
	enum query_result r = QUERY_FINE;

	q->count = 0;
	q->used = 0;
	if (typed.len > QUERY_BYTES_MAX)
		return QUERY_TOO_LONG;
	if (!utf8_valid(typed) || slice_find(typed, '\0') < typed.len)
		return QUERY_NO_TEXT;
	while (r == QUERY_FINE && typed.len) {
		size_t n = blank(typed);

		if (n)
			skip(&typed, n);
		else
			r = take_term(&typed, q);
	}
	if (r == QUERY_FINE && !q->count)
		r = QUERY_EMPTY;
	return r;
}

void
query_add_lang(struct query *q, struct slice lang)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->terms[i].kind == QUERY_LANG)
			return;
	(void)add_term(
	    q, QUERY_LANG, slice_upto(lang, slice_find(lang, '-')), false);
}

size_t
query_word_terms(const struct query *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++)
		n += q->terms[i].kind == QUERY_WORDS;
	return n;
}

static void
add_match(struct buf *out, const struct query_term *t)
{
	buf_add_cstr(
	    out, t->kind == QUERY_WORDS ? "{title tags body}:\"" : "facets:\"");
	buf_add(out, slice_upto(t->words, t->words.len - 1));
	buf_add_cstr(out, t->prefix ? "\"*" : "\"");
}

/* All terms of a kind, joined. */
static void
add_kind(
    struct buf *out, const struct query *q, enum query_kind kind, bool either)
{
	bool first = true, open = out->len > 0;

	for (size_t i = 0; i < q->count; i++) {
		if (q->terms[i].kind != kind)
			continue;
		if (first)
			buf_add_cstr(out, open ? " AND (" : "(");
		else
			buf_add_cstr(out, either ? " OR " : " AND ");
		first = false;
		add_match(out, &q->terms[i]);
	}
	if (!first)
		buf_add_char(out, ')');
}

void
query_match(const struct query *q, bool any, struct buf *out)
{
	buf_clear(out);
	add_kind(out, q, QUERY_WORDS, any);
	for (int k = QUERY_WORDS + 1; k < QUERY_KINDS && !any; k++)
		add_kind(out, q, (enum query_kind)k,
		    k == QUERY_YEAR || k == QUERY_LANG);
}
