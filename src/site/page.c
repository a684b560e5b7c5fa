#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "markdown/node.h"
#include "render/render.h"
#include "render/wrap.h"

#include "site/offline.h"
#include "site/page.h"

enum {
	WORDS_A_MINUTE = 200, /* of a reader who is in no hurry */
};

/* --- nodes --------------------------------------------------------------- */

void
page_begin(struct page *p, const struct site *site, const struct index *x,
    struct arena *a)
{
	*p = (struct page){ .site = site,
		.index = x,
		.arena = a,
		.lang = x->lang,
		.words = words_in(site, x->lang) };
	page_clear(p);
}

void
page_clear(struct page *p)
{
	page_end_list(p);
	if (!(p->tree = md_add(p->arena, NULL, MD_DOCUMENT)))
		p->failed = true;
}

struct slice
page_word(const struct page *p, enum word w)
{
	return slice_cstr(p->words->word[w]);
}

struct slice
page_text(struct page *p, const char *fmt, ...)
{
	char stack[512];
	struct slice out = SLICE_NONE;
	char *heap = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(stack, sizeof(stack), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(stack) &&
	    (heap = arena_alloc(p->arena, (size_t)len + 1))) {
		va_start(ap, fmt);
		vsnprintf(heap, (size_t)len + 1, fmt, ap);
		va_end(ap);
		return slice_make(heap, (size_t)len);
	}
	if (len < 0 || len >= (int)sizeof(stack) ||
	    arena_copy(p->arena, slice_make(stack, (size_t)len), &out) < 0)
		p->failed = true;
	return out;
}

void
page_end_list(struct page *p)
{
	p->list = NULL;
}

void
page_add_heading(struct page *p, unsigned level, struct slice text)
{
	struct md_node *n = md_add(p->arena, p->tree, MD_HEADING);

	page_end_list(p);
	if (!n || !md_add_text(p->arena, n, text))
		p->failed = true;
	else
		n->level = level;
}

void
page_add_paragraph(struct page *p, struct slice text)
{
	struct md_node *n;

	page_end_list(p);
	if (!text.len)
		return;
	n = md_add(p->arena, p->tree, MD_PARAGRAPH);
	if (!n || !md_add_text(p->arena, n, text))
		p->failed = true;
}

static struct md_node *
add_item(struct page *p)
{
	struct md_node *n;

	if (!p->list) {
		p->list = md_add(p->arena, p->tree, MD_LIST);
		if (p->list)
			p->list->tight = true;
	}
	n = p->list ? md_add(p->arena, p->list, MD_ITEM) : NULL;
	if (n)
		n = md_add(p->arena, n, MD_PARAGRAPH);
	if (!n)
		p->failed = true;
	return n;
}

void
page_add_entry(struct page *p, struct slice text)
{
	struct md_node *n = add_item(p);

	if (n && !md_add_text(p->arena, n, text))
		p->failed = true;
}

void
page_add_link(struct page *p, const char *scheme, struct slice address,
    struct slice label)
{
	struct md_node *n = add_item(p);
	struct slice href = page_text(p, "%s%.*s", scheme, SLICE_FMT(address));

	if (n && !md_add_link(p->arena, n, href, label))
		p->failed = true;
}

/*
 * `title`, or its beginning up to a blank with an ellipsis behind, in `room`
 * columns: an item of a menu is one line, and the page itself has it all.
 */
static void
add_cut(struct buf *out, struct slice title, unsigned room)
{
	size_t len;

	if (wrap_width(title) <= room) {
		buf_add(out, title);
		return;
	}
	len = wrap_fit(title, room - 1);
	while (len && title.ptr[len] != ' ')
		len--;
	if (!len)
		len = wrap_fit(title, room - 1);
	buf_add(out, slice_trim(slice_upto(title, len)));
	buf_add_cstr(out, "\xe2\x80\xa6");
}

uint64_t
page_minutes(const struct doc *d)
{
	uint64_t minutes = (d->words + WORDS_A_MINUTE / 2) / WORDS_A_MINUTE;

	return minutes ? minutes : 1;
}

void
page_add_doc(struct page *p, const struct doc *d, bool with_size)
{
	unsigned room = PAGE_WIDTH;
	struct slice size = page_text(p, " (%.*s%s %" PRIu64 " %s)",
	    SLICE_FMT(d->kilo), p->words->word[WORD_SEPARATOR], page_minutes(d),
	    p->words->word[WORD_MINUTES]);
	struct buf text;

	buf_init(&text, (size_t)64 << 10);
	if (d->day) {
		char day[DATE_DAY_BYTES + 1];

		date_format_day(&d->art.fm.date, day);
		buf_addf(&text, "%s ", day);
		room -= DATE_DAY_BYTES + 1;
	}
	if (with_size)
		room -= wrap_width(size);
	if (p->is_menu)
		add_cut(&text, d->art.title, room);
	else
		buf_add(&text, d->art.title);
	if (with_size)
		buf_add(&text, size);
	if (buf_failed(&text))
		p->failed = true;
	page_add_link(p, LINKS_PAGE, d->address,
	    page_text(p, "%.*s", SLICE_FMT(buf_slice(&text))));
	buf_release(&text);
}

void
page_add_docs(struct page *p)
{
	for (size_t i = 0; i < p->index->count && !p->failed; i++)
		page_add_doc(p, p->index->docs[i], true);
	page_end_list(p);
}

/* --- what several pages have --------------------------------------------- */

static void
add_way(struct page *p, const char *address, enum word w)
{
	page_add_link(p, LINKS_OWN, slice_cstr(address), page_word(p, w));
}

/* The home page of the page's language. */
static void
add_home(struct page *p)
{
	const struct term *t = terms_lang(p->site, p->lang);

	if (t && !slice_eq(p->lang, catalog_lang(&p->site->catalog)))
		page_add_link(
		    p, LINKS_OWN, t->address, page_word(p, WORD_HOME));
	else
		add_way(p, "/", WORD_HOME);
}

/* "Water (5)" */
static void
add_terms(struct page *p, struct term *const *terms, size_t count)
{
	for (size_t i = 0; i < count && !p->failed; i++) {
		struct slice name = term_name(terms[i], p->lang);

		page_add_link(p, LINKS_OWN, terms[i]->address,
		    page_text(
			p, "%.*s (%zu)", SLICE_FMT(name), terms[i]->count));
	}
	page_end_list(p);
}

/* "2026 (31)" */
static void
add_years(struct page *p)
{
	for (size_t i = 0; i < p->index->years_count && !p->failed; i++) {
		const struct index *x = p->index->years[i];

		page_add_link(p, LINKS_OWN, x->address,
		    page_text(p, "%.*s (%zu)",
			SLICE_FMT(x->year.len ? x->year
					      : page_word(p, WORD_ARTICLES)),
			x->year_count));
	}
	page_end_list(p);
}

/* "Archive 2026 (2/3)" */
static void
add_title(struct page *p, struct slice title)
{
	const struct index *x = p->index;

	if (x->year.len)
		title = page_text(
		    p, "%.*s %.*s", SLICE_FMT(title), SLICE_FMT(x->year));
	if (x->pages > 1)
		title = page_text(
		    p, "%.*s (%zu/%zu)", SLICE_FMT(title), x->page, x->pages);
	page_add_heading(p, 0, title);
}

/* The pages around this one of the same list. */
static void
add_around(struct page *p)
{
	if (p->index->after.len)
		page_add_link(
		    p, LINKS_OWN, p->index->after, page_word(p, WORD_NEXT));
	if (p->index->before.len)
		page_add_link(p, LINKS_OWN, p->index->before,
		    page_word(p, WORD_PREVIOUS));
}

static void
add_pages(struct page *p)
{
	for (size_t i = 0; i < p->site->page_count && !p->failed; i++) {
		const struct doc *d = p->site->pages[i];

		if (slice_eq(d->lang, p->lang))
			page_add_link(p, LINKS_PAGE, d->address, d->art.title);
	}
}

/* Where words are asked for, of `folder`: "/" or a language's. */
static void
add_search(struct page *p, struct slice folder)
{
	if (searching_is_wanted(p->site))
		page_add_link(p, LINKS_SEARCH,
		    page_text(p, "%.*ssearch", SLICE_FMT(folder)),
		    page_word(p, WORD_SEARCH));
}

static void
add_help(struct page *p)
{
	const struct index *x = help_find(p->site, p->lang);

	if (x)
		page_add_link(
		    p, LINKS_OWN, x->address, page_word(p, WORD_HELP));
}

/* Homes in other languages, each named in itself. */
static void
add_languages(struct page *p)
{
	const struct site *site = p->site;

	for (size_t i = 0; i < site->term_counts[TERM_LANG]; i++) {
		const struct term *t = site->terms[TERM_LANG][i];
		bool own = slice_eq(t->lang, catalog_lang(&site->catalog));

		if (!slice_eq(t->lang, p->lang))
			page_add_link(p, LINKS_OWN,
			    own ? SLICE_LIT("/") : t->address,
			    words_language(t->lang));
	}
	page_end_list(p);
}

static void
add_categories(struct page *p)
{
	size_t count = p->site->term_counts[TERM_CATEGORY];

	if (!count)
		return;
	page_add_heading(p, 1, page_word(p, WORD_CATEGORIES));
	add_terms(p, p->site->terms[TERM_CATEGORY], count);
}

/* --- the pages ----------------------------------------------------------- */

static struct slice
capsule_title(const struct page *p)
{
	const struct catalog *c = &p->site->catalog;
	struct slice title = catalog_text(&c->title, p->lang);

	if (!title.len)
		title = c->host;
	return title.len ? title : page_word(p, WORD_ARTICLES);
}

static void
add_folders(struct page *p)
{
	static const enum term_kind kinds[] = { TERM_TAG, TERM_AUTHOR,
		TERM_SERIES, TERM_LANG };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (p->site->term_counts[kinds[i]])
			add_way(p, term_folder(kinds[i]), term_words(kinds[i]));
}

static void
add_mirrors(struct page *p)
{
	const struct catalog_list *all = &p->site->catalog.mirrors;

	if (!all->count)
		return;
	page_add_heading(p, 1, page_word(p, WORD_MIRRORS));
	for (size_t i = 0; i < all->count; i++)
		page_add_link(p, "", all->items[i], all->items[i]);
}

static void
make_home(struct page *p)
{
	page_add_heading(p, 0, capsule_title(p));
	page_add_paragraph(
	    p, catalog_text(&p->site->catalog.subtitle, p->lang));
	add_languages(p);
	if (p->index->count)
		page_add_heading(p, 1, page_word(p, WORD_NEW));
	page_add_docs(p);
	if (p->site->article_count) {
		add_search(p, SLICE_LIT("/"));
		add_way(p, "/new.gmi", WORD_SUBSCRIBE);
		add_way(p, "/articles/", WORD_ARTICLES);
		add_way(p, "/archive/", WORD_ARCHIVE);
	}
	if (offline_is_offered(p->site))
		add_way(p, "/offline/", WORD_OFFLINE);
	add_folders(p);
	add_help(p);
	add_categories(p);
	if (p->site->page_count)
		page_add_heading(p, 1, page_word(p, WORD_PAGES));
	add_pages(p);
	add_mirrors(p);
}

static void
make_articles(struct page *p)
{
	add_title(p, page_word(p, WORD_ARTICLES));
	page_add_docs(p);
	add_way(p, "/archive/", WORD_ARCHIVE);
	add_home(p);
}

static void
make_archive(struct page *p)
{
	add_title(p, page_word(p, WORD_ARCHIVE));
	add_years(p);
	add_way(p, "/articles/", WORD_ARTICLES);
	add_home(p);
}

/* "Category: Water" */
static struct slice
term_title(struct page *p, const struct term *t)
{
	struct slice kind = page_word(p, term_word(t->kind));
	struct slice name = term_name(t, p->lang);

	if (t->kind == TERM_LANG)
		return name;
	return page_text(p, "%.*s: %.*s", SLICE_FMT(kind), SLICE_FMT(name));
}

static void
make_year(struct page *p)
{
	const struct term *t = p->index->term;

	add_title(p, t ? term_title(p, t) : page_word(p, WORD_ARCHIVE));
	page_add_docs(p);
	add_around(p);
	if (t)
		page_add_link(p, LINKS_OWN, t->address, term_name(t, p->lang));
	else
		add_way(p, "/archive/", WORD_ARCHIVE);
	add_home(p);
}

static void
make_terms(struct page *p)
{
	enum term_kind kind = p->index->terms_kind;

	add_title(p, page_word(p, term_words(kind)));
	add_terms(p, p->index->terms, p->index->term_count);
	add_around(p);
	add_home(p);
}

/* "اردو: پانی" */
static void
add_other_name(
    struct page *p, const struct term *t, struct slice lang, struct slice name)
{
	struct slice language = words_language(lang);

	if (slice_eq(name, term_name(t, p->lang)))
		return;
	if (language.len)
		name = page_text(
		    p, "%.*s: %.*s", SLICE_FMT(language), SLICE_FMT(name));
	page_add_paragraph(p, name);
}

static void
add_other_names(struct page *p, const struct term *t)
{
	const struct catalog_texts *known = t->known ? &t->known->names : NULL;

	if (known)
		add_other_name(p, t, SLICE_NONE, t->known->name);
	for (size_t i = 0; known && i < known->count; i++)
		add_other_name(
		    p, t, known->items[i].lang, known->items[i].text);
	for (const struct term_name *n = known ? NULL : t->names; n;
	     n = n->next)
		add_other_name(p, t, n->lang, n->text);
}

static void
add_feed(struct page *p, const struct term *t)
{
	struct slice address =
	    page_text(p, "%.*snew.gmi", SLICE_FMT(t->address));

	if (pages_find(p->site, address))
		page_add_link(
		    p, LINKS_OWN, address, page_word(p, WORD_SUBSCRIBE));
}

static void
make_language(struct page *p, const struct term *t)
{
	page_add_heading(p, 0, capsule_title(p));
	page_add_paragraph(
	    p, catalog_text(&p->site->catalog.subtitle, p->lang));
	add_languages(p);
	if (p->index->count)
		page_add_heading(p, 1, page_word(p, WORD_ARTICLES));
	page_add_docs(p);
	add_years(p);
	add_search(p, t->address);
	add_feed(p, t);
	add_way(p, "/archive/", WORD_ARCHIVE);
	add_folders(p);
	add_help(p);
	add_categories(p);
	page_add_heading(p, 1, page_word(p, WORD_PAGES));
	add_pages(p);
	add_mirrors(p);
	/* Else it is among the languages. */
	if (slice_eq(p->lang, catalog_lang(&p->site->catalog)))
		add_way(p, "/", WORD_HOME);
}

static void
make_term(struct page *p)
{
	const struct term *t = p->index->term;
	struct slice url = term_url(t);

	if (t->kind == TERM_LANG) {
		make_language(p, t);
		return;
	}
	add_title(p, term_title(p, t));
	if (p->index->page < 2) {
		add_other_names(p, t);
		page_add_paragraph(p, term_about(t, p->lang));
		if (url.len)
			page_add_link(p, "", url, url);
		page_end_list(p);
	}
	page_add_docs(p);
	add_years(p);
	add_around(p);
	add_feed(p, t);
	add_way(p, term_folder(t->kind), term_words(t->kind));
	add_home(p);
}

static void (*const makers[])(struct page *) = {
	[INDEX_HOME] = make_home,
	[INDEX_ARTICLES] = make_articles,
	[INDEX_ARCHIVE] = make_archive,
	[INDEX_YEAR] = make_year,
	[INDEX_TERMS] = make_terms,
	[INDEX_TERM] = make_term,
	[INDEX_FEED] = feed_make,
	[INDEX_HELP] = help_make,
};

void
page_make(struct page *p)
{
	makers[p->index->kind](p);
}
