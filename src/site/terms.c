/*
 * Terms: what articles are filed under.  Every spelling that an article uses is
 * looked up once and leads to the one term that has its slug; two different
 * names under one slug are an error of the article that came second.
 */
#include <stdlib.h>

#include "base/err.h"

#include "site/site_internal.h"

/* NOLINTBEGIN(readability-identifier-naming): uthash's names */
#define HASH_NONFATAL_OOM 1
#include "base/mem.h"
#define uthash_malloc(size)    mem_alloc(size)
#define uthash_free(ptr, size) mem_free(ptr)
#include <uthash.h>
/* NOLINTEND(readability-identifier-naming) */

enum {
	SPELLING_MAX = 1024 /* bytes; of a longer one only its slug counts */
};

/* A spelling that was met, or an address; both lead to a term. */
struct entry {
	UT_hash_handle hh;
	struct term *term;
	struct slice key; /* a digit for the kind, and the text */
};

struct term_table {
	struct entry *spellings, *addresses;
	struct term **all;
	size_t count, cap;
};

static const struct kind {
	const char *folder;
	enum word one, many;
} kinds[TERM_KINDS] = {
	[TERM_CATEGORY] = { "/category/", WORD_CATEGORY, WORD_CATEGORIES },
	[TERM_TAG] = { "/tag/", WORD_TAG, WORD_TAGS },
	[TERM_AUTHOR] = { "/author/", WORD_AUTHOR, WORD_AUTHORS },
	[TERM_SERIES] = { "/series/", WORD_SERIES, WORD_SERIES },
	[TERM_LANG] = { "/lang/", WORD_LANGUAGES, WORD_LANGUAGES },
};

const char *
term_folder(enum term_kind kind)
{
	return kinds[kind].folder;
}

enum word
term_word(enum term_kind kind)
{
	return kinds[kind].one;
}

enum word
term_words(enum term_kind kind)
{
	return kinds[kind].many;
}

/* --- names --------------------------------------------------------------- */

struct slice
term_name(const struct term *t, struct slice lang)
{
	if (t->kind == TERM_LANG)
		return words_language(t->slug);
	if (t->known)
		return catalog_name_in(t->known, lang);
	for (const struct term_name *n = t->names; n; n = n->next)
		if (slice_eq(n->lang, lang))
			return n->text;
	return t->names ? t->names->text : t->slug;
}

struct slice
term_about(const struct term *t, struct slice lang)
{
	if (t->known && t->known->about.count)
		return catalog_text(&t->known->about, lang);
	return t->person ? t->person->bio : SLICE_NONE;
}

struct slice
term_url(const struct term *t)
{
	if (t->known && t->known->url.len)
		return t->known->url;
	return t->person ? t->person->url : SLICE_NONE;
}

const struct term *
terms_lang(const struct site *site, struct slice lang)
{
	for (size_t i = 0; i < site->term_counts[TERM_LANG]; i++)
		if (slice_eq(site->terms[TERM_LANG][i]->lang, lang))
			return site->terms[TERM_LANG][i];
	return NULL;
}

/* --- the table ----------------------------------------------------------- */

/* NOLINTBEGIN(readability-function-*): uthash's macros */
static struct entry *
find_entry(struct entry *head, struct slice key)
{
	struct entry *found;

	HASH_FIND(hh, head, key.ptr, key.len, found);
	return found;
}

static int
add_entry(
    struct site *site, struct entry **head, struct slice key, struct term *t)
{
	struct entry *n = arena_calloc(&site->arena, 1, sizeof(*n));

	if (!n || arena_copy(&site->arena, key, &n->key) < 0)
		return -1;
	n->term = t;
	HASH_ADD_KEYPTR(hh, *head, n->key.ptr, n->key.len, n);
	/* Without memory uthash leaves the element out. */
	return n->hh.tbl ? 0 : -1;
}

void
terms_release(struct site *site)
{
	struct term_table *t = site->term_table;

	if (!t)
		return;
	HASH_CLEAR(hh, t->spellings);
	HASH_CLEAR(hh, t->addresses);
	mem_free(t->all);
	mem_free(t);
	site->term_table = NULL;
}
/* NOLINTEND(readability-function-*) */

static struct term_table *
open_table(struct site *site)
{
	if (!site->term_table)
		site->term_table = mem_calloc(1, sizeof(*site->term_table));
	return site->term_table;
}

static int
note_term(struct term_table *table, struct term *t)
{
	if (table->count == table->cap) {
		size_t cap = table->cap ? table->cap * 2 : 64, bytes;
		struct term **all;

		if (!mem_mul(cap, sizeof(struct term *), &bytes) ||
		    !(all = mem_realloc(table->all, bytes)))
			return -1;
		table->all = all;
		table->cap = cap;
	}
	table->all[table->count++] = t;
	return 0;
}

/* The term of `kind` under `slug`, made if need be; NULL: memory ended. */
static struct term *
term_at(struct site *site, enum term_kind kind, struct slice slug)
{
	struct term_table *table = open_table(site);
	const char *address = arena_printf(
	    &site->arena, "%s%.*s/", kinds[kind].folder, SLICE_FMT(slug));
	struct entry *old;
	struct term *t;

	if (!table || !address)
		return NULL;
	old = find_entry(table->addresses, slice_cstr(address));
	if (old)
		return old->term;
	if (!(t = arena_calloc(&site->arena, 1, sizeof(*t))))
		return NULL;
	t->kind = kind;
	t->address = slice_cstr(address);
	t->slug = slice_from(t->address, strlen(kinds[kind].folder));
	t->slug.len--;
	if (note_term(table, t) < 0 ||
	    add_entry(site, &table->addresses, t->address, t) < 0)
		return NULL;
	return t;
}

/* --- of one document ----------------------------------------------------- */

static const struct catalog_names *
known_names(const struct site *site, enum term_kind kind)
{
	switch (kind) {
	case TERM_CATEGORY:
		return &site->catalog.categories;
	case TERM_AUTHOR:
		return &site->catalog.authors;
	case TERM_SERIES:
		return &site->catalog.series;
	default:
		return NULL;
	}
}

/* The entry of capsule.yaml that has this slug. */
static const struct catalog_name *
known_at(const struct catalog_names *names, struct slice slug)
{
	for (size_t i = 0; names && i < names->count; i++)
		if (slice_eq(names->items[i].slug, slug))
			return &names->items[i];
	return NULL;
}

static int
bad_term(const struct doc *d, const struct fm_text *t, enum term_kind kind,
    struct err *e)
{
	return err_at(e, d->source->file->path.ptr, t->line, t->column,
	    "the %s \"%.*s\" makes no address; give it one in capsule.yaml: "
	    "terms: {\"%.*s\": a-z, 0-9, hyphens}",
	    words_name(kinds[kind].one), SLICE_FMT(t->text),
	    SLICE_FMT(t->text));
}

/*
 * A slug that capsule.yaml gave to one name by hand, and that another name
 * makes by itself, is claimed by two.
 */
static bool
is_claimed(const struct site *site, const struct catalog_names *names,
    struct slice spelling, struct slice slug)
{
	const struct catalog_name *n = known_at(names, slug);
	char made[SLUG_MAX + 1];

	if (!n || catalog_find(names, spelling) ||
	    catalog_has_term(&site->catalog, spelling))
		return false;
	return !slice_eq(slice_make(made, slug_make(n->name, made)), slug);
}

/* Looks a spelling up for the first time. */
static struct term *
meet(struct site *site, const struct doc *d, enum term_kind kind,
    const struct fm_text *t, struct err *e)
{
	const struct catalog_names *names = known_names(site, kind);
	char slug[SLUG_MAX + 1];
	size_t len = catalog_slug(&site->catalog, names, t->text, slug);
	struct slice as_slug = slice_make(slug, len);
	struct term *term;

	if (!len) {
		bad_term(d, t, kind, e);
		return NULL;
	}
	if (is_claimed(site, names, t->text, as_slug)) {
		const struct catalog_name *n = known_at(names, as_slug);

		err_at(e, d->source->file->path.ptr, t->line, t->column,
		    "the %s \"%.*s\" has the address of \"%.*s\" "
		    "(capsule.yaml:%u), %s; give it another there, or say "
		    "that they are one: terms: {\"%.*s\": %s}",
		    words_name(kinds[kind].one), SLICE_FMT(t->text),
		    SLICE_FMT(n->name), n->line, slug, SLICE_FMT(t->text),
		    slug);
		return NULL;
	}
	if (!(term = term_at(site, kind, as_slug))) {
		err_memory(e);
		return NULL;
	}
	term->known = known_at(names, as_slug);
	return term;
}

static struct term *
find_term(struct site *site, const struct doc *d, enum term_kind kind,
    const struct fm_text *t, struct err *e)
{
	char key[SPELLING_MAX + 1];
	struct term_table *table = open_table(site);
	struct slice text = slice_upto(t->text, SPELLING_MAX);
	struct entry *old;
	struct term *term;

	if (!table) {
		err_memory(e);
		return NULL;
	}
	key[0] = (char)('0' + (int)kind);
	if (text.len)
		memcpy(key + 1, text.ptr, text.len);
	old = find_entry(table->spellings, slice_make(key, text.len + 1));
	if (old)
		return old->term;
	if (!(term = meet(site, d, kind, t, e)))
		return NULL;
	if (add_entry(site, &table->spellings, slice_make(key, text.len + 1),
		term) < 0) {
		err_memory(e);
		return NULL;
	}
	return term;
}

static int
add_term(struct site *site, struct doc *d, enum term_kind kind,
    const struct fm_text *t, struct err *e)
{
	struct term *term;

	if (!t->text.len)
		return 0;
	if (!(term = find_term(site, d, kind, t, e)))
		return -1;
	for (size_t i = 0; i < d->term_count; i++)
		if (d->terms[i].term == term)
			return 0;
	d->terms[d->term_count++] =
	    (struct doc_term){ .term = term, .text = t->text };
	return 0;
}

/* Who wrote it for the author is an author too, where the name can be one. */
static int
add_writer(struct site *site, struct doc *d, struct err *e)
{
	const struct fm_text *t = &d->art.fm.written_by;
	char slug[SLUG_MAX + 1];

	if (!catalog_slug(
		&site->catalog, &site->catalog.authors, t->text, slug))
		return 0;
	return add_term(site, d, TERM_AUTHOR, t, e);
}

int
terms_settle(struct site *site, struct doc *d, struct err *e)
{
	const struct frontmatter *fm = &d->art.fm;
	/* Series, writer and language are one each. */
	size_t room =
	    fm->categories.count + fm->tags.count + fm->author_count + 3;

	d->terms = arena_calloc(&site->arena, room, sizeof(*d->terms));
	if (!d->terms)
		return err_memory(e);
	if (add_term(site, d, TERM_SERIES, &fm->series, e) < 0)
		return -1;
	for (size_t i = 0; i < fm->author_count; i++)
		if (add_term(site, d, TERM_AUTHOR, &fm->authors[i].name, e) < 0)
			return -1;
	if (fm->written_by.text.len && add_writer(site, d, e) < 0)
		return -1;
	for (size_t i = 0; i < fm->categories.count; i++)
		if (add_term(site, d, TERM_CATEGORY, &fm->categories.items[i],
			e) < 0)
			return -1;
	for (size_t i = 0; i < fm->tags.count; i++)
		if (add_term(site, d, TERM_TAG, &fm->tags.items[i], e) < 0)
			return -1;
	return 0;
}

/* --- of all -------------------------------------------------------------- */

static struct term *
lang_term(struct site *site, struct slice lang)
{
	char slug[SLUG_MAX + 1];
	size_t len = slug_make(lang, slug);
	struct term *t;

	/* A language tag is always a slug (text_lang). */
	t = term_at(site, TERM_LANG, slice_make(slug, len));
	if (t)
		t->lang = lang;
	return t;
}

/* Names a term as `d` has it, unless an older article has named it. */
static int
name_term(struct site *site, const struct doc *d, const struct doc_term *dt)
{
	struct term_name **end = &dt->term->names, *n;

	for (; *end; end = &(*end)->next)
		if (slice_eq((*end)->lang, d->lang))
			return 0;
	if (!(n = arena_calloc(&site->arena, 1, sizeof(*n))))
		return -1;
	n->lang = d->lang;
	n->text = dt->text;
	*end = n;
	return 0;
}

static void
name_person(struct term *t, const struct doc *d, struct slice text)
{
	for (size_t i = 0; i < d->art.fm.author_count && !t->person; i++) {
		const struct fm_person *p = &d->art.fm.authors[i];

		if (slice_eq(p->name.text, text) && (p->url.len || p->bio.len))
			t->person = p;
	}
}

/* The language of a term's page: its articles', where they share one. */
static struct slice
page_lang(const struct site *site, const struct term *t)
{
	for (size_t i = 1; i < t->count; i++)
		if (!slice_eq(t->docs[i]->lang, t->docs[0]->lang))
			return catalog_lang(&site->catalog);
	return t->count ? t->docs[0]->lang : catalog_lang(&site->catalog);
}

static void
count_all(struct site *site)
{
	for (size_t i = 0; i < site->article_count; i++) {
		struct doc *d = site->articles[i];

		for (size_t k = 0; k < d->term_count; k++)
			d->terms[k].term->count++;
	}
}

/* Newest first; the names go by the oldest. */
static int
fill_all(struct site *site)
{
	for (size_t i = 0; i < site->article_count; i++) {
		struct doc *d = site->articles[i];

		for (size_t k = 0; k < d->term_count; k++) {
			struct term *t = d->terms[k].term;

			d->terms[k].at = t->count;
			t->docs[t->count++] = d;
		}
	}
	for (size_t i = site->article_count; i--;) {
		struct doc *d = site->articles[i];

		for (size_t k = 0; k < d->term_count; k++) {
			if (d->terms[k].term->kind == TERM_AUTHOR)
				name_person(
				    d->terms[k].term, d, d->terms[k].text);
			if (d->terms[k].term->kind != TERM_LANG &&
			    name_term(site, d, &d->terms[k]) < 0)
				return -1;
		}
	}
	return 0;
}

static int
by_slug(const void *a, const void *b)
{
	const struct term *x = *(struct term *const *)a;
	const struct term *y = *(struct term *const *)b;

	return slice_cmp(x->slug, y->slug);
}

/* Those that have articles; a language may have pages alone. */
static int
list_all(struct site *site, struct err *e)
{
	const struct term_table *table = site->term_table;

	for (int k = 0; k < TERM_KINDS; k++) {
		struct term **list = arena_calloc(&site->arena,
		    (table ? table->count : 0) + 1, sizeof(struct term *));
		size_t n = 0;

		if (!list)
			return err_memory(e);
		for (size_t i = 0; table && i < table->count; i++) {
			struct term *t = table->all[i];

			if ((int)t->kind != k || !t->docs)
				continue;
			if (k != TERM_LANG)
				t->lang = page_lang(site, t);
			list[n++] = t;
		}
		qsort(list, n, sizeof(struct term *), by_slug);
		site->terms[k] = list;
		site->term_counts[k] = n;
	}
	return 0;
}

/* Each document has its language as a term, an article among its articles. */
static int
add_languages(struct site *site)
{
	static struct doc *none[1];
	struct term *last = NULL;

	for (size_t i = 0; i < site->page_count; i++) {
		struct term *t = lang_term(site, site->pages[i]->lang);

		if (!t)
			return -1;
		t->docs = none;
	}
	for (size_t i = 0; i < site->article_count; i++) {
		struct doc *d = site->articles[i];
		struct term *t = last;

		if (!t || !slice_eq(t->lang, d->lang))
			t = lang_term(site, d->lang);
		if (!t)
			return -1;
		d->language = last = t;
		d->terms[d->term_count++] =
		    (struct doc_term){ .term = t, .text = d->lang };
	}
	return 0;
}

int
terms_plan(struct site *site, struct err *e)
{
	struct term_table *table = open_table(site);

	if (!table)
		return err_memory(e);
	for (size_t i = 0; i < table->count; i++) {
		table->all[i]->count = 0;
		table->all[i]->docs = NULL;
		table->all[i]->names = NULL;
		table->all[i]->person = NULL;
	}
	if (add_languages(site) < 0)
		return err_memory(e);
	count_all(site);
	for (size_t i = 0; i < table->count; i++) {
		struct term *t = table->all[i];

		if (!t->count)
			continue;
		t->docs =
		    arena_calloc(&site->arena, t->count, sizeof(struct doc *));
		if (!t->docs)
			return err_memory(e);
		t->count = 0;
	}
	if (fill_all(site) < 0)
		return err_memory(e);
	return list_all(site, e);
}
