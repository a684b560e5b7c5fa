/*
 * How documents stand to each other: which article comes before and after in
 * its language, which documents say the same in other languages, which articles
 * share tags.
 *
 * Related are articles of one language: those that share most tags, among them
 * the nearest in time.  Only the WINDOW articles before and after under each
 * tag are looked at, so a new article changes the feet of its neighbours, not
 * of all that have its tags, and the work grows with the articles alone.
 */
#include <stdlib.h>

#include "base/err.h"

#include "site/site_internal.h"

enum {
	WINDOW = 8,
	OTHERS_MAX = 64, /* translations named in a foot */
};

/* --- before and after ---------------------------------------------------- */

static void
chain_languages(struct site *site)
{
	for (size_t k = 0; k < site->term_counts[TERM_LANG]; k++) {
		const struct term *t = site->terms[TERM_LANG][k];

		for (size_t i = 0; i < t->count; i++) {
			t->docs[i]->newer = i ? t->docs[i - 1] : NULL;
			t->docs[i]->older =
			    i + 1 < t->count ? t->docs[i + 1] : NULL;
		}
	}
}

/* --- translations -------------------------------------------------------- */

static struct doc *
group_of(struct doc *d)
{
	while (d->group != d) {
		d->group = d->group->group;
		d = d->group;
	}
	return d;
}

/* Makes one ring of two. */
static void
join(struct doc *a, struct doc *b)
{
	struct doc *x = group_of(a), *y = group_of(b), *next;

	if (x == y)
		return;
	y->group = x;
	next = x->next;
	x->next = y->next;
	y->next = next;
}

static int
by_key(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;
	int order = slice_cmp(
	    x->art.fm.translation_key.text, y->art.fm.translation_key.text);

	return order ? order
		     : slice_cmp(x->source->file->path, y->source->file->path);
}

static int
join_keys(struct site *site)
{
	struct doc **all;
	size_t n = 0;

	all = arena_calloc(
	    &site->arena, site->doc_count + 1, sizeof(struct doc *));
	if (!all)
		return -1;
	for (size_t i = 0; i < site->doc_count; i++)
		if (site->docs[i]->art.fm.translation_key.text.len)
			all[n++] = site->docs[i];
	qsort(all, n, sizeof(struct doc *), by_key);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(all[i]->art.fm.translation_key.text,
			all[i - 1]->art.fm.translation_key.text))
			join(all[i - 1], all[i]);
	return 0;
}

static void
join_named(struct site *site, struct doc *d)
{
	struct links l;

	links_init(&l, site, d, d->address, NULL);
	for (size_t i = 0; i < d->art.fm.translation_count; i++) {
		struct doc *other =
		    links_doc(&l, d->art.fm.translations[i].path.text);

		if (other)
			join(d, other);
	}
	links_release(&l);
}

static int
by_lang(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;
	int order = slice_cmp(x->lang, y->lang);

	return order ? order : slice_cmp(x->address, y->address);
}

/* The rest of its ring: what is published in other languages. */
static int
list_others(struct site *site, struct doc *d)
{
	struct doc *all[OTHERS_MAX];
	size_t n = 0;

	for (struct doc *o = d->next; o != d && n < OTHERS_MAX; o = o->next)
		if (!o->is_withdrawn && !slice_eq(o->lang, d->lang))
			all[n++] = o;
	d->other_count = n;
	if (!n)
		return 0;
	qsort(all, n, sizeof(struct doc *), by_lang);
	d->others = arena_calloc(&site->arena, n, sizeof(struct doc *));
	if (!d->others)
		return -1;
	memcpy(d->others, all, n * sizeof(struct doc *));
	return 0;
}

static int
join_translations(struct site *site)
{
	for (size_t i = 0; i < site->doc_count; i++)
		site->docs[i]->group = site->docs[i]->next = site->docs[i];
	for (size_t i = 0; i < site->doc_count; i++)
		if (site->docs[i]->art.fm.translation_count)
			join_named(site, site->docs[i]);
	if (join_keys(site) < 0)
		return -1;
	for (size_t i = 0; i < site->doc_count; i++)
		if (site->docs[i]->next != site->docs[i] &&
		    list_others(site, site->docs[i]) < 0)
			return -1;
	return 0;
}

/* --- shared tags --------------------------------------------------------- */

struct search {
	const struct doc *doc;
	unsigned stamp;
	struct doc *best[RELATED_MAX];
};

/* Near enough to compare distances in time. */
static long
days(const struct doc *d)
{
	return (long)(d->day / 10000) * 372 + (long)(d->day / 100 % 100) * 31 +
	    (long)(d->day % 100);
}

/* Whether `x` stands before `y` among the related of s->doc. */
static bool
is_nearer(const struct search *s, const struct doc *x, const struct doc *y)
{
	long dx, dy;

	if (!y)
		return true;
	if (x->score != y->score)
		return x->score > y->score;
	dx = labs(x->days - s->doc->days);
	dy = labs(y->days - s->doc->days);
	if (dx != dy)
		return dx < dy;
	return slice_cmp(x->address, y->address) < 0;
}

/* Takes `d` to its place among the best; its score has just grown. */
static void
rank(struct search *s, struct doc *d)
{
	size_t at = 0;

	while (at < RELATED_MAX && s->best[at] != d)
		at++;
	if (at == RELATED_MAX) {
		if (!is_nearer(s, d, s->best[RELATED_MAX - 1]))
			return;
		at = RELATED_MAX - 1;
		s->best[at] = d;
	}
	for (; at && is_nearer(s, d, s->best[at - 1]); at--) {
		s->best[at] = s->best[at - 1];
		s->best[at - 1] = d;
	}
}

static void
look(struct search *s, const struct term *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct doc *d = t->docs[i];

		if (d == s->doc || d->language != s->doc->language)
			continue;
		if (d->stamp != s->stamp) {
			d->stamp = s->stamp;
			d->score = 0;
		}
		d->score++;
		rank(s, d);
	}
}

static void
relate(struct doc *d, unsigned stamp)
{
	struct search s = { .doc = d, .stamp = stamp };

	for (size_t i = 0; i < d->term_count; i++) {
		const struct term *t = d->terms[i].term;
		size_t at = d->terms[i].at;

		if (t->kind == TERM_TAG)
			look(&s, t, at > WINDOW ? at - WINDOW : 0,
			    at + WINDOW < t->count ? at + WINDOW + 1
						   : t->count);
	}
	memcpy(d->related, s.best, sizeof(d->related));
}

int
relate_documents(struct site *site, struct err *e)
{
	chain_languages(site);
	if (join_translations(site) < 0)
		return err_memory(e);
	for (size_t i = 0; i < site->article_count; i++)
		site->articles[i]->days = days(site->articles[i]);
	for (size_t i = 0; i < site->article_count; i++)
		if (!plan_is_as_before(site, site->articles[i]))
			relate(site->articles[i], (unsigned)i + 1);
	return 0;
}
