/*
 * The program's own pages: each has a digest of what it shows; one whose digest
 * is not that of the last edition is made and put.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/pack.h"
#include "markdown/node.h"
#include "render/render.h"
#include "store/store.h"

#include "site/offline.h"
#include "site/page.h"

enum {
	PAGE_MAX = 64 * 1024 * 1024,
};

/* --- digests ------------------------------------------------------------- */

static void
pack_terms(
    struct buf *out, struct term *const *terms, size_t count, struct slice lang)
{
	pack_number(out, count);
	for (size_t i = 0; i < count; i++) {
		pack_slice(out, terms[i]->address);
		pack_slice(out, term_name(terms[i], lang));
		pack_number(out, terms[i]->count);
	}
}

static void
pack_term(struct buf *out, const struct term *t, struct slice lang)
{
	pack_slice(out, term_name(t, lang));
	for (const struct term_name *n = t->names; n; n = n->next) {
		pack_slice(out, n->lang);
		pack_slice(out, n->text);
	}
	pack_slice(out, term_about(t, lang));
	pack_slice(out, term_url(t));
}

/* Home pages show categories, languages, pages, and which lists there are. */
static void
pack_home(struct buf *out, const struct site *site, struct slice lang)
{
	static const enum term_kind shown[] = { TERM_CATEGORY, TERM_LANG };

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		pack_terms(out, site->terms[shown[i]],
		    site->term_counts[shown[i]], lang);
	for (int k = 0; k < TERM_KINDS; k++)
		pack_number(out, site->term_counts[k] > 0);
	help_digest(site, out);
	for (size_t i = 0; i < site->page_count; i++)
		if (slice_eq(site->pages[i]->lang, lang)) {
			pack_slice(out, site->pages[i]->address);
			pack_slice(out, site->pages[i]->art.title);
		}
}

static void
pack_index(struct buf *out, const struct site *site, const struct index *x)
{
	bool feed = x->kind == INDEX_FEED || x->kind == INDEX_ATOM;

	pack_number(out, x->kind);
	pack_slice(out, x->address);
	pack_slice(out, x->lang);
	pack_number(out, x->page);
	pack_number(out, x->pages);
	for (size_t i = 0; i < x->count; i++)
		if (feed) {
			pack_slice(out, x->docs[i]->address);
			pack_slice(out, x->docs[i]->art.title);
			feed_digest(x->docs[i], out);
		} else {
			pack_slice(out, x->docs[i]->shown);
		}
	pack_terms(out, x->terms, x->term_count, x->lang);
	for (size_t i = 0; i < x->years_count; i++) {
		pack_slice(out, x->years[i]->address);
		pack_number(out, x->years[i]->year_count);
	}
	if (x->term)
		pack_term(out, x->term, x->lang);
	if (x->kind == INDEX_HOME ||
	    (x->term && x->kind == INDEX_TERM && x->term->kind == TERM_LANG))
		pack_home(out, site, x->lang);
	if (x->kind == INDEX_HELP)
		help_digest(site, out);
}

static int
digest_of(const struct site *site, const struct index *x, struct buf *in,
    struct hash *out)
{
	buf_clear(in);
	pack_hash(in, &site->base_hash);
	pack_index(in, site, x);
	return buf_failed(in) ? -1 : hash_of(buf_slice(in), out);
}

/* --- making -------------------------------------------------------------- */

/* A unit being made. */
struct making {
	struct site *site;
	struct index *index;
	struct page page;
	struct links links;
	struct render_opts opts;
	struct arena arena;
	struct buf body, outputs;
	struct err *err;
};

static int
pack_body(struct making *m, struct output *o)
{
	o->kind = STORE_PAGE;
	o->lang = m->index->lang;
	o->body = buf_slice(&m->body);
	output_pack(&m->outputs, o);
	return buf_failed(&m->outputs) ? err_memory(m->err) : 0;
}

/* The address as Gopher has it: without .gmi, with `suffix`. */
static struct slice
gopher_address(struct making *m, const char *suffix)
{
	struct slice address = m->index->address;

	if (slice_ends(address, SLICE_LIT(".gmi")))
		address.len -= sizeof(".gmi") - 1;
	return page_text(&m->page, "%.*s%s", SLICE_FMT(address), suffix);
}

/* The subtitle of a feed stands directly below its title (rule 73). */
static void
close_heads(struct buf *body)
{
	size_t end = slice_find(buf_slice(body), '\n');

	if (end + 3 >= body->len || body->ptr[end + 1] != '\n' ||
	    body->ptr[end + 2] != '#')
		return;
	memmove(body->ptr + end + 1, body->ptr + end + 2, body->len - end - 2);
	buf_truncate(body, body->len - 1);
}

static int
make_gemtext(struct making *m)
{
	struct output o = { .protocol = 'g',
		.address = m->index->address,
		.media = SLICE_LIT("text/gemini") };

	buf_clear(&m->body);
	m->links.form = LINKS_GEMINI;
	if (gemtext_render(&m->body, m->page.tree, &m->opts, m->err) < 0)
		return -1;
	if (m->index->kind == INDEX_FEED)
		close_heads(&m->body);
	return pack_body(m, &o);
}

static int
make_menu(struct making *m)
{
	struct output o = { .protocol = 'o',
		.gopher_type = '1',
		.media = SLICE_LIT("application/gopher-menu") };

	buf_clear(&m->body);
	arena_reset(&m->arena);
	m->page.is_menu = true;
	page_clear(&m->page);
	page_make(&m->page);
	if (m->page.failed)
		return err_memory(m->err);
	o.address = gopher_address(m, "");
	if (gophermap_render(&m->body, m->page.tree, &m->opts, m->err) < 0 ||
	    pack_body(m, &o) < 0)
		return -1;
	if (m->index->kind != INDEX_HOME)
		return 0;
	/* The empty selector is the home menu too (RFC 1436 §3.4). */
	o.address = SLICE_NONE;
	return pack_body(m, &o);
}

/* As many entries as PAGE_NEWS_BYTES hold. */
static int
make_news(struct making *m)
{
	struct output o = { .protocol = 'o',
		.gopher_type = '0',
		.address = gopher_address(m, ".txt"),
		.media = SLICE_LIT("text/plain") };
	size_t count = m->index->count;

	do {
		struct page p;

		page_begin(&p, m->site, m->index, &m->arena);
		feed_make_news(&p, count);
		if (p.failed)
			return err_memory(m->err);
		buf_clear(&m->body);
		if (gophertext_render(&m->body, p.tree, &m->opts, m->err) < 0)
			return -1;
	} while (m->body.len > PAGE_NEWS_BYTES && --count);
	return pack_body(m, &o);
}

static int
make_atom(struct making *m)
{
	struct output o = { .protocol = 'g',
		.address = m->index->address,
		.media = SLICE_LIT("application/atom+xml") };

	buf_clear(&m->body);
	feed_make_atom(&m->page, &m->body);
	if (m->page.failed || buf_failed(&m->body))
		return err_memory(m->err);
	return pack_body(m, &o);
}

static int
make_outputs(struct making *m)
{
	if (m->index->form == FORM_GEMINI)
		return make_atom(m);
	page_make(&m->page);
	if (m->page.failed)
		return err_memory(m->err);
	if (make_gemtext(m) < 0)
		return -1;
	m->links.form = LINKS_GOPHER;
	m->opts.columns = PAGE_WIDTH;
	m->opts.crlf = true;
	return m->index->form == FORM_FEED ? make_news(m) : make_menu(m);
}

static void
making_init(struct making *m, struct site *site, struct index *x, struct err *e)
{
	*m = (struct making){ .site = site, .index = x, .err = e };
	arena_init(&m->arena, (size_t)1 << 30);
	buf_init(&m->body, PAGE_MAX);
	buf_init(&m->outputs, (size_t)PAGE_MAX * 3);
	page_begin(&m->page, site, x, &m->arena);
	links_init(&m->links, site, NULL, x->address, m->page.words);
	m->opts = (struct render_opts){ .lang = x->lang,
		.words = m->page.words,
		.resolve = links_resolve,
		.resolve_ctx = &m->links };
}

static void
making_release(struct making *m)
{
	links_release(&m->links);
	buf_release(&m->body);
	buf_release(&m->outputs);
	arena_release(&m->arena);
}

static int
make_index(
    struct site *site, struct index *x, struct output_unit *u, struct err *e)
{
	struct making m;
	int rc;

	making_init(&m, site, x, e);
	rc = make_outputs(&m);
	u->outputs = buf_slice(&m.outputs);
	if (!rc)
		rc = output_put(site, u, &x->unit, e);
	if (!rc)
		pack_slice(&site->put_units, x->unit);
	making_release(&m);
	return rc;
}

/* --- all of them --------------------------------------------------------- */

/* An index of the last build. */
struct old_index {
	struct site *site;
	size_t at; /* the first index not below the key */
	struct err *err;
};

/* Keys come in order, and so do the indexes. */
static int
load_index(void *ctx, struct slice key, struct slice value)
{
	struct old_index *o = ctx;
	struct slice name = slice_from(key, sizeof("u/") - 1);
	struct slice address = slice_from(name, sizeof("i") - 1);
	int order = 1;

	while (o->at < o->site->index_count &&
	    (order = slice_cmp(o->site->indexes[o->at]->address, address)) < 0)
		o->at++;
	if (o->at == o->site->index_count || order)
		return output_drop(o->site, name, value, o->err);
	o->site->indexes[o->at]->unit = value;
	return 0;
}

static int
load_all(struct site *site, struct err *e)
{
	struct old_index old = { .site = site, .err = e };

	*e = ERR_INIT;
	if (!store_state_each(site->store, SLICE_LIT("u/i/"), load_index, &old))
		return 0;
	if (e->kind == ERR_NONE)
		err_set(e, ERR_CORRUPT, "the store's records cannot be read");
	return -1;
}

int
pages_show(struct site *site, struct doc *d)
{
	struct buf text;
	size_t start;
	int rc;

	buf_init(&text, (size_t)1 << 20);
	buf_add(&text, d->named);
	pack_number(&text, d->day);
	pack_number(&text, page_minutes(d));
	start = text.len;
	render_size(&text, d->size);
	rc = buf_failed(&text)
	    ? -1
	    : arena_copy(&site->arena, buf_slice(&text), &d->shown);
	if (!rc)
		d->kilo = slice_from(d->shown, start);
	buf_release(&text);
	return rc;
}

static int
make_stale(struct site *site, struct index *x, struct buf *in, struct err *e)
{
	struct output_unit u = { .before = x->unit };
	const char *name =
	    arena_printf(&site->arena, "i%.*s", SLICE_FMT(x->address));
	struct unit was;

	if (!name || digest_of(site, x, in, &u.digest) < 0)
		return err_memory(e);
	if (x->unit.len && unit_decode(x->unit, &was) == 0 &&
	    hash_eq(&was.digest, &u.digest))
		return 0;
	u.name = slice_cstr(name);
	return make_index(site, x, &u, e);
}

int
pages_make(struct site *site, struct err *e)
{
	struct buf in;
	int rc = 0;

	if (load_all(site, e) < 0)
		return -1;
	for (size_t i = 0; i < site->article_count; i++)
		if (!site->articles[i]->shown.len &&
		    pages_show(site, site->articles[i]) < 0)
			return err_memory(e);
	buf_init(&in, (size_t)1 << 30);
	for (size_t i = 0; i < site->index_count && !rc; i++)
		if (site->indexes[i]->kind != INDEX_OFFLINE)
			rc = make_stale(site, site->indexes[i], &in, e);
	buf_release(&in);
	return rc;
}
