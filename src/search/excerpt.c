#include "base/buf.h"
#include "base/utf8.h"
#include "search/fold.h"
#include "search/query.h"

#include "search/excerpt.h"

enum {
	WORDS_MAX = 32,
	LEAD = 50,  /* letters shown before the first word found */
	SHORT = 80, /* bytes: so short a line tells little: a date, a name */
};

/* The query's words, one by one. */
struct wanted {
	struct slice words[WORDS_MAX];
	bool prefix[WORDS_MAX];
	size_t count;
};

static void
want(const struct query *q, struct wanted *w)
{
	w->count = 0;
	for (size_t i = 0; i < q->count; i++) {
		struct slice rest = q->terms[i].words;

		if (q->terms[i].kind != QUERY_WORDS)
			continue;
		while (rest.len && w->count < WORDS_MAX) {
			w->words[w->count] = slice_take(&rest, ' ');
			w->prefix[w->count++] = !rest.len && q->terms[i].prefix;
		}
	}
}

/* The number of the word that `s` is, or WORDS_MAX. */
static size_t
which(const struct wanted *w, struct slice s)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->prefix[i] ? slice_starts(s, w->words[i])
				 : slice_eq(s, w->words[i]))
			return i;
	return WORDS_MAX;
}

static unsigned
bits(uint32_t n)
{
	return (unsigned)__builtin_popcount(n);
}

/* How many different words stand in `line`, and where the first begins. */
static unsigned
look(const struct wanted *w, struct slice line, size_t *first)
{
	uint32_t seen = 0;
	struct fold f;

	fold_init(&f, line);
	while (fold_next(&f)) {
		size_t i = which(w, fold_word(&f));

		if (i == WORDS_MAX)
			continue;
		if (!seen)
			*first = f.from;
		seen |= (uint32_t)1 << i;
	}
	return bits(seen);
}

/* Takes the next line of text off *page, its markup away; empty: none. */
static struct slice
take_line(struct slice *page, bool *pre)
{
	while (page->len) {
		struct slice line = slice_take(page, '\n');

		if (slice_starts(line, SLICE_LIT("```"))) {
			*pre = !*pre;
			continue;
		}
		if (*pre || slice_starts(line, SLICE_LIT("#")) ||
		    slice_starts(line, SLICE_LIT("=>")))
			continue;
		if (slice_starts(line, SLICE_LIT("* ")) ||
		    slice_starts(line, SLICE_LIT("> ")))
			line = slice_from(line, 2);
		line = slice_trim(line);
		if (line.len)
			return line;
	}
	return SLICE_NONE;
}

/* Moves `at` back over `letters` characters, then on behind a blank. */
static size_t
step_back(struct slice line, size_t at, unsigned letters)
{
	size_t from = at;

	while (from && letters) {
		from--;
		if (((unsigned char)line.ptr[from] & 0xc0) != 0x80)
			letters--;
	}
	if (!from)
		return 0;
	while (from < at && line.ptr[from - 1] != ' ')
		from++;
	return from;
}

static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	    (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) ||
	    cp == 0x2028 || cp == 0x2029;
}

void
excerpt_add_clean(struct buf *out, struct slice s)
{
	while (s.len) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr, s.len, &cp);

		if (n && !is_control(cp))
			buf_add_mem(out, s.ptr, n);
		else
			buf_add_char(out, ' ');
		s = slice_from(s, n ? n : 1);
	}
}

/* Appends about EXCERPT_LETTERS of `line` from `at` on, to a blank's end. */
static void
add_cut(struct buf *out, struct slice line, size_t at)
{
	size_t letters = 0, end = at, blank = at;

	if (at)
		buf_add_cstr(out, "…");
	while (end < line.len && letters < EXCERPT_LETTERS) {
		uint32_t cp;
		size_t n = utf8_decode(line.ptr + end, line.len - end, &cp);

		if (line.ptr[end] == ' ')
			blank = end;
		end += n ? n : 1;
		letters++;
	}
	if (end < line.len && blank > at + SHORT / 2)
		end = blank;
	excerpt_add_clean(out, slice_make(line.ptr + at, end - at));
	if (end < line.len)
		buf_add_cstr(out, " …");
}

void
excerpt_add(struct buf *out, const struct query *q, struct slice page)
{
	struct slice best = SLICE_NONE, opening = SLICE_NONE, line;
	unsigned most = 0;
	size_t best_at = 0;
	struct wanted w;
	bool pre = false;

	page = slice_upto(page, EXCERPT_SCAN);
	want(q, &w);
	while ((line = take_line(&page, &pre)).len) {
		size_t at = 0;
		unsigned n = w.count ? look(&w, line, &at) * 2 : 0;

		if (n && line.len > SHORT)
			n++;
		if (n > most) {
			most = n;
			best = line;
			best_at = at;
		}
		if (!opening.len && line.len > SHORT)
			opening = line;
		if (most > w.count * 2 && opening.len)
			break;
	}
	if (!best.len)
		best = opening;
	if (best.len)
		add_cut(out, best, step_back(best, best_at, LEAD));
}
