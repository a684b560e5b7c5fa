/*
 * Which pages the program makes of many documents: the home page, lists of
 * articles by year, the pages of terms, feeds.  No page grows without end: a
 * term shows its newest articles and leads to its years, a year or another long
 * list is cut in pages (PROTOCOLS.md 70).
 */
#include <stdlib.h>

#include "base/err.h"

#include "site/offline.h"
#include "site/page.h"

/* --- the list of them ---------------------------------------------------- */

static int
make_room(struct site *site)
{
	size_t room = site->index_room ? site->index_room * 2 : 256;
	struct index **all;

	if (site->index_count < site->index_room)
		return 0;
	all = arena_calloc(&site->arena, room, sizeof(struct index *));
	if (!all)
		return -1;
	if (site->index_count)
		memcpy(all, site->indexes,
		    site->index_count * sizeof(struct index *));
	site->indexes = all;
	site->index_room = room;
	return 0;
}

/* A copy of `like` at "FOLDERname"; NULL: memory ended. */
static struct index *
add(struct site *site, const struct index *like, struct slice folder,
    const char *name)
{
	const char *address =
	    arena_join(&site->arena, folder, slice_cstr(name));
	struct index *x = arena_alloc(&site->arena, sizeof(*x));

	if (!address || !x || make_room(site) < 0)
		return NULL;
	*x = *like;
	x->address = slice_cstr(address);
	site->indexes[site->index_count++] = x;
	return x;
}

static size_t
at_most(size_t n, size_t most)
{
	return n < most ? n : most;
}

/* --- long lists ---------------------------------------------------------- */

/* The name of page `n` in its folder, which is the first page itself. */
static const char *
part_name(struct site *site, size_t n)
{
	return n == 1 ? "" : arena_printf(&site->arena, "page-%zu.gmi", n);
}

/* Shows of `like`, which lists everything, what page `n` has of it. */
static struct index *
add_part(
    struct site *site, const struct index *like, struct slice folder, size_t n)
{
	size_t from = (n - 1) * PAGE_PART_MAX;
	const char *name = part_name(site, n);
	struct index *x = name ? add(site, like, folder, name) : NULL;

	if (!x)
		return NULL;
	x->form = n == 1 ? FORM_FOLDER : FORM_PAGE;
	x->page = n;
	if (x->docs) {
		x->docs += from;
		x->count = at_most(x->count - from, PAGE_PART_MAX);
	}
	if (x->terms) {
		x->terms += from;
		x->term_count = at_most(x->term_count - from, PAGE_PART_MAX);
	}
	return x;
}

/* Cuts what `like` lists into pages; the first of them, NULL: no memory. */
static struct index *
add_parts(struct site *site, const struct index *like, struct slice folder)
{
	size_t all = like->count + like->term_count;
	size_t pages = (all + PAGE_PART_MAX - 1) / PAGE_PART_MAX;
	struct index whole = *like, *first = NULL, *last = NULL;

	whole.pages = pages ? pages : 1;
	for (size_t n = 1; n <= whole.pages; n++) {
		struct index *x = add_part(site, &whole, folder, n);

		if (!x)
			return NULL;
		if (last) {
			last->after = x->address;
			x->before = last->address;
		}
		last = x;
		if (!first)
			first = x;
	}
	return first;
}

static unsigned
year_of(const struct doc *d)
{
	return d->day / 10000;
}

static struct index *
add_year(struct site *site, const struct index *like, struct slice folder,
    unsigned year)
{
	const char *text = year ? arena_printf(&site->arena, "%04u", year) : "";
	const char *name = text
	    ? arena_printf(&site->arena, "%.*s%s/", SLICE_FMT(folder),
		  year ? text : "undated")
	    : NULL;
	struct index x = *like;

	if (!name)
		return NULL;
	x.year = slice_cstr(text);
	x.year_count = x.count;
	return add_parts(site, &x, slice_cstr(name));
}

/*
 * Lists `docs` (newest first, so those of a year stand together) by year in
 * folders below that of `of`.
 */
static int
add_years(struct site *site, struct index *of, struct doc **docs, size_t count)
{
	struct index like = { .kind = INDEX_YEAR,
		.lang = of->lang,
		.term = of->term,
		.up = of->address };
	size_t years = 0;

	for (size_t i = 0; i < count; i++)
		years += !i || year_of(docs[i]) != year_of(docs[i - 1]);
	of->years =
	    arena_calloc(&site->arena, years + 1, sizeof(struct index *));
	if (!of->years)
		return -1;
	for (size_t i = 0; i < count;) {
		size_t from = i;
		unsigned year = year_of(docs[i]);
		struct index *x;

		while (i < count && year_of(docs[i]) == year)
			i++;
		like.docs = docs + from;
		like.count = i - from;
		if (!(x = add_year(site, &like, of->address, year)))
			return -1;
		of->years[of->years_count++] = x;
	}
	return 0;
}

/* --- feeds --------------------------------------------------------------- */

/* Of articles that have a date. */
static int
add_feeds(
    struct site *site, const struct index *of, struct doc **docs, size_t count)
{
	struct index like = { .kind = INDEX_FEED,
		.form = FORM_FEED,
		.lang = of->lang,
		.term = of->term,
		.up = of->address,
		.docs = docs };

	while (like.count < count && like.count < PAGE_FEED_MAX &&
	    docs[like.count]->day)
		like.count++;
	if (!like.count)
		return 0;
	if (!add(site, &like, of->address, "new.gmi"))
		return -1;
	/* Without a permanent host there are no permanent ids. */
	if (!site->catalog.host.len)
		return 0;
	like.kind = INDEX_ATOM;
	like.form = FORM_GEMINI;
	return add(site, &like, of->address, "atom.xml") ? 0 : -1;
}

/* --- terms --------------------------------------------------------------- */

/* A series is read from its beginning. */
static int
add_series(struct site *site, struct index *like, struct slice folder)
{
	struct doc **docs =
	    arena_calloc(&site->arena, like->count + 1, sizeof(struct doc *));

	if (!docs)
		return -1;
	for (size_t i = 0; i < like->count; i++)
		docs[i] = like->docs[like->count - 1 - i];
	like->docs = docs;
	return add_parts(site, like, folder) ? 0 : -1;
}

static int
add_term(struct site *site, struct term *t)
{
	struct index like = { .kind = INDEX_TERM,
		.lang = t->lang,
		.term = t,
		.docs = t->docs,
		.count = t->count,
		.up = slice_cstr(term_folder(t->kind)) };
	struct index *x;

	if (t->kind == TERM_SERIES)
		return add_series(site, &like, t->address);
	like.count = at_most(t->count, PAGE_LIST_MAX);
	if (!(x = add(site, &like, t->address, "")))
		return -1;
	if (t->count > PAGE_LIST_MAX &&
	    add_years(site, x, t->docs, t->count) < 0)
		return -1;
	if (t->kind != TERM_LANG && t->kind != TERM_CATEGORY)
		return 0;
	return add_feeds(site, x, t->docs, t->count);
}

static int
add_terms(struct site *site, enum term_kind kind)
{
	struct index like = { .kind = INDEX_TERMS,
		.lang = catalog_lang(&site->catalog),
		.terms_kind = kind,
		.terms = site->terms[kind],
		.term_count = site->term_counts[kind],
		.up = SLICE_LIT("/") };

	if (!like.term_count)
		return 0;
	if (!add_parts(site, &like, slice_cstr(term_folder(kind))))
		return -1;
	for (size_t i = 0; i < site->term_counts[kind]; i++)
		if (add_term(site, site->terms[kind][i]) < 0)
			return -1;
	return 0;
}

/* --- all ----------------------------------------------------------------- */

static int
add_articles(struct site *site)
{
	struct doc **docs = site->articles;
	size_t n = site->article_count;
	struct index like = { .lang = catalog_lang(&site->catalog),
		.up = SLICE_LIT("/"),
		.docs = docs };
	struct index *home, *x;

	like.kind = INDEX_HOME;
	like.count = at_most(n, PAGE_HOME_MAX);
	if (!(home = add(site, &like, SLICE_LIT("/"), "")) ||
	    add_feeds(site, home, docs, n) < 0)
		return -1;
	like.kind = INDEX_ARTICLES;
	like.count = at_most(n, PAGE_LIST_MAX);
	if (!add(site, &like, SLICE_LIT("/articles/"), ""))
		return -1;
	like.kind = INDEX_ARCHIVE;
	like.count = 0;
	if (!(x = add(site, &like, SLICE_LIT("/archive/"), "")))
		return -1;
	like.kind = INDEX_OFFLINE;
	if (offline_is_offered(site) &&
	    !add(site, &like, SLICE_LIT("/offline/"), ""))
		return -1;
	return add_years(site, x, docs, n);
}

/* A site may have a page of that name of its own. */
static int
add_help(struct site *site)
{
	struct slice lang = catalog_lang(&site->catalog);
	struct index like = { .kind = INDEX_HELP,
		.form = FORM_PAGE,
		.up = SLICE_LIT("/"),
		.lang = help_speaks(lang) ? lang : SLICE_LIT("en") };

	if (plan_find_doc(site, SLICE_LIT("/help")))
		return 0;
	if (!add(site, &like, SLICE_LIT("/"), "help.gmi"))
		return -1;
	for (size_t i = 0; i < site->term_counts[TERM_LANG]; i++) {
		const struct term *t = site->terms[TERM_LANG][i];

		if (slice_eq(t->lang, lang) || !help_speaks(t->lang))
			continue;
		like.lang = t->lang;
		like.up = t->address;
		if (!add(site, &like, t->address, "help.gmi"))
			return -1;
	}
	return 0;
}

static int
by_address(const void *a, const void *b)
{
	return slice_cmp((*(struct index *const *)a)->address,
	    (*(struct index *const *)b)->address);
}

int
pages_plan(struct site *site, struct err *e)
{
	site->index_count = 0;
	if (add_articles(site) < 0 || add_help(site) < 0)
		return err_memory(e);
	for (int kind = 0; kind < TERM_KINDS; kind++)
		if (add_terms(site, (enum term_kind)kind) < 0)
			return err_memory(e);
	qsort(site->indexes, site->index_count, sizeof(struct index *),
	    by_address);
	return 0;
}

static struct index *
find_exact(const struct site *site, struct slice address)
{
	size_t low = 0, high = site->index_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = slice_cmp(site->indexes[mid]->address, address);

		if (order == 0)
			return site->indexes[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct index *
pages_find(const struct site *site, struct slice address)
{
	char with_slash[TREE_PATH_MAX + 2];
	struct index *x = find_exact(site, address);

	if (x || !address.len || address.len > TREE_PATH_MAX ||
	    address.ptr[address.len - 1] == '/')
		return x;
	memcpy(with_slash, address.ptr, address.len);
	with_slash[address.len++] = '/';
	return find_exact(site, slice_make(with_slash, address.len));
}
