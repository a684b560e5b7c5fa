/*
 * The program's own pages: each is listed by pages_plan(), has a digest of what
 * it shows, and is a tree of nodes made by one function, rendered by the same
 * writers as the articles.  A new kind of index is a row in `makers` and its
 * listing in pages_plan().
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/pack.h"
#include "markdown/node.h"
#include "render/render.h"
#include "render/wrap.h"
#include "store/store.h"

#include "site/site_internal.h"

enum {
	HOME_ARTICLES = 10,
	LIST_ARTICLES = 100, /* on /articles/; the archive has them all */
	WIDTH = 67,
	PAGE_MAX = 64 * 1024 * 1024,
};

/* A page being made. */
struct page {
	struct site *site;
	const struct index *index;
	struct arena arena;
	struct md_node *tree;
	const struct words *words;
	struct slice lang;
	bool is_menu; /* labels are cut to a line */
	bool failed;
};

/* One protocol's form of an index. */
struct form {
	char protocol, gopher_type;
	enum links_form links;
	int (*render)(struct buf *, const struct md_node *,
	    const struct render_opts *, struct err *);
	unsigned columns;
	const char *media;
};

/* --- nodes --------------------------------------------------------------- */

static struct slice
keep(struct page *p, const char *text)
{
	if (!text)
		p->failed = true;
	return slice_cstr(text ? text : "");
}

static void
add_heading(struct page *p, unsigned level, struct slice text)
{
	struct md_node *n = md_add(&p->arena, p->tree, MD_HEADING);

	if (!n || !md_add_text(&p->arena, n, text))
		p->failed = true;
	else
		n->level = level;
}

static void
add_paragraph(struct page *p, struct slice text)
{
	struct md_node *n = md_add(&p->arena, p->tree, MD_PARAGRAPH);

	if (!text.len)
		return;
	if (!n || !md_add_text(&p->arena, n, text))
		p->failed = true;
}

static struct md_node *
add_list(struct page *p)
{
	struct md_node *n = md_add(&p->arena, p->tree, MD_LIST);

	if (n)
		n->tight = true;
	else
		p->failed = true;
	return n;
}

static void
add_item(struct page *p, struct md_node *list, struct slice address,
    struct slice label)
{
	struct md_node *n = list ? md_add(&p->arena, list, MD_ITEM) : NULL;
	struct slice href = keep(
	    p, arena_printf(&p->arena, LINKS_OWN "%.*s", SLICE_FMT(address)));

	if (n)
		n = md_add(&p->arena, n, MD_PARAGRAPH);
	if (!n || !md_add_link(&p->arena, n, href, label))
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

/* "2026-01-31 Title (6 KB)" */
static void
add_document(struct page *p, struct md_node *list, const struct doc *d)
{
	struct slice label = SLICE_NONE;
	struct buf text, size;

	buf_init(&text, (size_t)64 << 10);
	buf_init(&size, 64);
	buf_add_cstr(&size, " (");
	render_size(&size, d->size);
	buf_add_char(&size, ')');
	if (d->day) {
		char day[DATE_DAY_BYTES + 1];

		date_format_day(&d->art.fm.date, day);
		buf_addf(&text, "%s ", day);
	}
	if (p->is_menu)
		add_cut(&text, d->art.title,
		    WIDTH - (unsigned)(text.len + size.len));
	else
		buf_add(&text, d->art.title);
	buf_add(&text, buf_slice(&size));
	if (buf_failed(&text) || buf_failed(&size) ||
	    arena_copy(&p->arena, buf_slice(&text), &label) < 0)
		p->failed = true;
	buf_release(&text);
	buf_release(&size);
	add_item(p, list, d->address, label);
}

static void
add_documents(struct page *p, struct doc **docs, size_t count)
{
	struct md_node *list = count ? add_list(p) : NULL;

	for (size_t i = 0; i < count && !p->failed; i++)
		add_document(p, list, docs[i]);
}

static void
add_way(
    struct page *p, struct md_node *list, const char *address, enum word word)
{
	add_item(
	    p, list, slice_cstr(address), slice_cstr(p->words->word[word]));
}

/* --- the pages ----------------------------------------------------------- */

static void
make_home(struct page *p)
{
	const struct catalog *c = &p->site->catalog;
	struct slice title = catalog_text(&c->title, p->lang);
	struct md_node *list;

	add_heading(p, 0, title.len ? title : c->host);
	add_paragraph(p, catalog_text(&c->subtitle, p->lang));
	for (size_t i = 1; i < c->languages.count; i++) {
		struct slice other =
		    catalog_text(&c->title, c->languages.items[i]);

		if (!slice_eq(other, title))
			add_paragraph(p, other);
	}
	add_heading(p, 1, slice_cstr(p->words->word[WORD_NEW]));
	add_documents(p, p->index->docs, p->index->count);
	list = add_list(p);
	add_way(p, list, "/articles/", WORD_ARTICLES);
	add_way(p, list, "/archive/", WORD_ARCHIVE);
	if (!p->site->page_count)
		return;
	add_heading(p, 1, slice_cstr(p->words->word[WORD_PAGES]));
	list = add_list(p);
	for (size_t i = 0; i < p->site->page_count; i++)
		add_item(p, list, p->site->pages[i]->address,
		    p->site->pages[i]->art.title);
}

static void
make_articles(struct page *p)
{
	struct md_node *list;

	add_heading(p, 0, slice_cstr(p->words->word[WORD_ARTICLES]));
	add_documents(p, p->index->docs, p->index->count);
	list = add_list(p);
	add_way(p, list, "/archive/", WORD_ARCHIVE);
	add_way(p, list, "/", WORD_HOME);
}

static void
make_archive(struct page *p)
{
	struct md_node *list;

	add_heading(p, 0, slice_cstr(p->words->word[WORD_ARCHIVE]));
	list = add_list(p);
	for (size_t i = p->site->index_count; i-- && !p->failed;) {
		const struct index *x = &p->site->indexes[i];

		if (x->kind != INDEX_YEAR)
			continue;
		add_item(p, list, x->address,
		    keep(p,
			arena_printf(
			    &p->arena, "%u (%zu)", x->year, x->count)));
	}
	list = add_list(p);
	add_way(p, list, "/articles/", WORD_ARTICLES);
	add_way(p, list, "/", WORD_HOME);
}

static void
make_year(struct page *p)
{
	struct md_node *list;

	add_heading(p, 0,
	    keep(p,
		arena_printf(&p->arena, "%s %u", p->words->word[WORD_ARCHIVE],
		    p->index->year)));
	add_documents(p, p->index->docs, p->index->count);
	list = add_list(p);
	add_way(p, list, "/archive/", WORD_ARCHIVE);
	add_way(p, list, "/", WORD_HOME);
}

static void (*const makers[])(struct page *) = {
	[INDEX_HOME] = make_home,
	[INDEX_ARTICLES] = make_articles,
	[INDEX_ARCHIVE] = make_archive,
	[INDEX_YEAR] = make_year,
};

/* --- planning ------------------------------------------------------------ */

static int
by_address(const void *a, const void *b)
{
	return slice_cmp(((const struct index *)a)->address,
	    ((const struct index *)b)->address);
}

static void
plan_one(struct site *site, enum index_kind kind, const char *address,
    struct doc **docs, size_t count)
{
	site->indexes[site->index_count++] = (struct index){ .kind = kind,
		.address = slice_cstr(address),
		.docs = docs,
		.count = count };
}

static size_t
at_most(size_t n, size_t most)
{
	return n < most ? n : most;
}

/* The articles stand newest first, so those of a year stand together. */
static int
plan_years(struct site *site, struct err *e)
{
	size_t i = 0;

	while (i < site->article_count && site->articles[i]->day) {
		unsigned year = site->articles[i]->day / 10000;
		const char *address =
		    arena_printf(&site->arena, "/archive/%04u/", year);
		size_t from = i;

		if (!address)
			return err_memory(e);
		while (i < site->article_count &&
		    site->articles[i]->day / 10000 == year)
			i++;
		plan_one(
		    site, INDEX_YEAR, address, site->articles + from, i - from);
		site->indexes[site->index_count - 1].year = year;
	}
	return 0;
}

static size_t
count_years(const struct site *site)
{
	size_t years = 0;

	for (size_t i = 0; i < site->article_count; i++)
		years += !i ||
		    site->articles[i]->day / 10000 !=
			site->articles[i - 1]->day / 10000;
	return years;
}

int
pages_plan(struct site *site, struct err *e)
{
	size_t n = site->article_count;

	site->index_count = 0;
	site->indexes = arena_calloc(
	    &site->arena, count_years(site) + 3, sizeof(*site->indexes));
	if (!site->indexes)
		return err_memory(e);
	plan_one(
	    site, INDEX_HOME, "/", site->articles, at_most(n, HOME_ARTICLES));
	plan_one(site, INDEX_ARTICLES, "/articles/", site->articles,
	    at_most(n, LIST_ARTICLES));
	plan_one(site, INDEX_ARCHIVE, "/archive/", NULL, 0);
	if (plan_years(site, e) < 0)
		return -1;
	qsort(site->indexes, site->index_count, sizeof(*site->indexes),
	    by_address);
	return 0;
}

bool
pages_has(const struct site *site, struct slice address)
{
	char with_slash[TREE_PATH_MAX + 2];
	struct index want = { .count = 0 };

	if (!address.len || address.len > TREE_PATH_MAX)
		return false;
	memcpy(with_slash, address.ptr, address.len);
	if (address.ptr[address.len - 1] != '/')
		with_slash[address.len++] = '/';
	want.address = slice_make(with_slash, address.len);
	return site->index_count &&
	    bsearch(&want, site->indexes, site->index_count, sizeof(want),
		by_address);
}

/* --- making -------------------------------------------------------------- */

static void
pack_shown(struct buf *out, const struct doc *d)
{
	pack_slice(out, d->address);
	pack_slice(out, d->art.title);
	pack_number(out, d->day);
	pack_number(out, d->size);
}

static int
digest_of(const struct site *site, const struct index *x, struct hash *out)
{
	struct buf in;
	int rc;

	buf_init(&in, (size_t)1 << 30);
	pack_hash(&in, &site->base_hash);
	pack_slice(&in, x->address);
	for (size_t i = 0; i < x->count; i++)
		pack_shown(&in, x->docs[i]);
	for (size_t i = 0; x->kind == INDEX_HOME && i < site->page_count; i++)
		pack_shown(&in, site->pages[i]);
	for (size_t i = 0; x->kind == INDEX_ARCHIVE && i < site->index_count;
	     i++) {
		pack_slice(&in, site->indexes[i].address);
		pack_number(&in, site->indexes[i].count);
	}
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc;
}

/* Makes and renders the page in one form, and packs it. */
static int
pack_form(
    struct page *p, const struct form *f, struct buf *outputs, struct err *e)
{
	struct links links;
	struct render_opts opts = { .lang = p->lang,
		.words = p->words,
		.columns = f->columns,
		.crlf = f->protocol == 'o',
		.resolve = links_resolve,
		.resolve_ctx = &links };
	struct output o = { .protocol = f->protocol,
		.address = p->index->address,
		.kind = STORE_PAGE,
		.gopher_type = f->gopher_type,
		.media = slice_cstr(f->media),
		.lang = p->lang };
	struct buf page;
	int rc;

	arena_reset(&p->arena);
	p->is_menu = f->protocol == 'o';
	if (!(p->tree = md_add(&p->arena, NULL, MD_DOCUMENT)))
		return err_memory(e);
	makers[p->index->kind](p);
	if (p->failed)
		return err_memory(e);
	buf_init(&page, PAGE_MAX);
	links_init(&links, p->site, NULL, p->index->address, p->words);
	links.form = f->links;
	rc = f->render(&page, p->tree, &opts, e);
	o.body = buf_slice(&page);
	output_pack(outputs, &o);
	/* The empty selector is the home menu too (RFC 1436 §3.4). */
	if (p->is_menu && p->index->kind == INDEX_HOME) {
		o.address = SLICE_NONE;
		output_pack(outputs, &o);
	}
	links_release(&links);
	buf_release(&page);
	return rc;
}

static int
make_index(
    struct site *site, struct index *x, struct output_unit *u, struct err *e)
{
	static const struct form forms[] = {
		{ 'g', 0, LINKS_GEMINI, gemtext_render, 0, "text/gemini" },
		{ 'o', '1', LINKS_GOPHER, gophermap_render, WIDTH,
		    "application/gopher-menu" },
	};
	struct page p = {
		.site = site, .index = x, .lang = catalog_lang(&site->catalog)
	};
	struct buf outputs;
	int rc = 0;

	buf_init(&outputs, (size_t)PAGE_MAX * 3);
	arena_init(&p.arena, (size_t)1 << 30);
	p.words = words_in(site, p.lang);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !rc; i++)
		rc = pack_form(&p, &forms[i], &outputs, e);
	u->outputs = buf_slice(&outputs);
	if (!rc)
		rc = buf_failed(&outputs) ? err_memory(e)
					  : output_put(site, u, &x->unit, e);
	if (!rc)
		pack_slice(&site->put_units, x->unit);
	arena_release(&p.arena);
	buf_release(&outputs);
	return rc;
}

/* An index of the last build. */
struct old_index {
	struct site *site;
	struct err *err;
};

static int
load_index(void *ctx, struct slice key, struct slice value)
{
	struct old_index *o = ctx;
	struct slice name = slice_from(key, sizeof("u/") - 1);
	struct index want = { .address = slice_from(name, sizeof("i") - 1) };
	struct index *x = bsearch(&want, o->site->indexes, o->site->index_count,
	    sizeof(want), by_address);

	if (!x)
		return output_drop(o->site, name, value, o->err);
	x->unit = value;
	return 0;
}

int
pages_make(struct site *site, struct err *e)
{
	struct old_index old = { site, e };

	*e = ERR_INIT;
	if (store_state_each(
		site->store, SLICE_LIT("u/i/"), load_index, &old)) {
		if (e->kind == ERR_NONE)
			err_set(e, ERR_CORRUPT,
			    "the store's records cannot be read");
		return -1;
	}
	for (size_t i = 0; i < site->index_count; i++) {
		struct index *x = &site->indexes[i];
		struct output_unit u = { .before = x->unit };
		const char *name =
		    arena_printf(&site->arena, "i%.*s", SLICE_FMT(x->address));
		struct unit was;

		if (!name || digest_of(site, x, &u.digest) < 0)
			return err_memory(e);
		if (x->unit.len && unit_decode(x->unit, &was) == 0 &&
		    !memcmp(was.digest.b, u.digest.b, sizeof(was.digest.b)))
			continue;
		u.name = slice_cstr(name);
		if (make_index(site, x, &u, e) < 0)
			return -1;
	}
	return 0;
}
