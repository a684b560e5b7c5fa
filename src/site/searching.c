/*
 * What readers search: each document's words on the way to the index, and the
 * prompts at /search and at each language's own.
 *
 * The words are those of the source's tree: no head, foot or link to another
 * article, which would make each article a result for its neighbours' titles.
 */
#include <stdio.h>

#include "base/err.h"
#include "base/pack.h"
#include "markdown/node.h"
#include "render/render.h"
#include "search/fold.h"
#include "search/index.h"
#include "search/query.h"
#include "search/record.h"
#include "search/texts.h"
#include "store/store.h"

#include "site/build.h"
#include "site/job.h"

/* --- in a helper --------------------------------------------------------- */

/* The words of all texts below `tree`; how many. */
static size_t
add_body(struct job *j, struct buf *out, const struct md_node *tree)
{
	struct buf *run = &j->s->other;
	size_t count = 0;

	/* A word may go on from one node to the next: *wat*er. */
	buf_clear(run);
	for (const struct md_node *n = tree; n; n = md_next(n, tree, true)) {
		bool ends = n->type < MD_TEXT || n->type == MD_BREAK ||
		    n->type == MD_NOTE_REF || n->type == MD_IMAGE;

		if (ends && run->len) {
			count += fold_add(out, "", buf_slice(run));
			buf_clear(run);
		}
		if (n->type == MD_TEXT || n->type == MD_CODE_SPAN ||
		    n->type == MD_CODE)
			buf_add(run, n->text);
		else if (n->type == MD_IMAGE)
			count += fold_add(out, "", n->info);
	}
	count += fold_add(out, "", buf_slice(run));
	if (buf_failed(run))
		out->failed = true;
	return count;
}

int
job_add_words(struct job *j)
{
	struct buf *out = &j->s->words;

	j->word_count = add_body(j, out, j->document.tree);
	j->word_count += fold_add(out, "", j->document.art.fm.summary.text);
	return buf_failed(out) ? err_memory(j->err) : 0;
}

/* A name to look for, and what parts it from the next. */
static void
add_facet(struct buf *out, enum query_kind kind, struct slice name)
{
	fold_add(out, query_prefix(kind), name);
	buf_add_cstr(out, "= ");
}

/* All names that a term goes by. */
static size_t
add_term(struct buf *words, struct buf *facets, const struct doc_term *dt)
{
	const struct term *t = dt->term;
	enum query_kind kind =
	    t->kind == TERM_AUTHOR ? QUERY_AUTHOR : QUERY_TAG;
	const struct catalog_texts *names = t->known ? &t->known->names : NULL;
	size_t count = fold_add(words, "", dt->text);

	add_facet(facets, kind, dt->text);
	add_facet(facets, kind, t->slug);
	if (t->known && !slice_eq(t->known->name, dt->text)) {
		count += fold_add(words, "", t->known->name);
		add_facet(facets, kind, t->known->name);
	}
	for (size_t i = 0; names && i < names->count; i++) {
		if (slice_eq(names->items[i].text, dt->text))
			continue;
		count += fold_add(words, "", names->items[i].text);
		add_facet(facets, kind, names->items[i].text);
	}
	return count;
}

static void
add_facets(struct buf *words, struct buf *facets, const struct doc *d,
    unsigned *length)
{
	for (size_t i = 0; i < d->term_count; i++)
		if (d->terms[i].term->kind != TERM_LANG)
			*length +=
			    (unsigned)add_term(words, facets, &d->terms[i]);
	if (d->day) {
		char year[16];
		int n = snprintf(year, sizeof(year), "%u", d->day / 10000);

		add_facet(facets, QUERY_YEAR, slice_make(year, (size_t)n));
	}
	add_facet(
	    facets, QUERY_LANG, slice_upto(d->lang, slice_find(d->lang, '-')));
	add_facet(facets, QUERY_LANG, words_language(d->lang));
}

int
job_pack_words(struct job *j, struct buf *out)
{
	const struct doc *d = j->doc;
	struct search_record r = { .path = d->source->file->path,
		.address = d->address,
		.title = d->art.title,
		.lang = d->lang,
		.day = d->day,
		.in_parts = j->in_parts,
		.length = (unsigned)j->word_count };
	struct buf title, tags, facets, size;

	buf_init(&title, (size_t)1 << 20);
	buf_init(&tags, (size_t)1 << 20);
	buf_init(&facets, (size_t)1 << 20);
	buf_init(&size, 64);
	render_size(&size, j->size);
	r.length += (unsigned)fold_add(&title, "", d->art.title);
	add_facets(&tags, &facets, d, &r.length);
	r.size = buf_slice(&size);
	r.title_words = buf_slice(&title);
	r.tag_words = buf_slice(&tags);
	r.facets = buf_slice(&facets);
	r.body_words = buf_slice(&j->s->words);
	search_record_pack(out, &r);
	if (buf_failed(&title) || buf_failed(&tags) || buf_failed(&facets))
		out->failed = true;
	buf_release(&title);
	buf_release(&tags);
	buf_release(&facets);
	buf_release(&size);
	return buf_failed(out) ? err_memory(j->err) : 0;
}

/* --- the index ----------------------------------------------------------- */

void
searching_init(struct searching *s)
{
	*s = (struct searching){ .index = NULL };
	buf_init(&s->dropped, (size_t)1 << 30);
}

void
searching_release(struct searching *s)
{
	search_index_cancel(s->index);
	s->index = NULL;
	buf_release(&s->dropped);
}

bool
searching_is_wanted(const struct site *site)
{
	return !site->catalog.no_search;
}

int
searching_load(struct site *site, struct err *e)
{
	struct store_view *v = store_writer_view(site->store, e);
	int rc;

	if (!v)
		return -1;
	rc = arena_copy(
	    &site->arena, store_view_search(v), &site->searching.current);
	store_view_drop(v);
	return rc < 0 ? err_memory(e) : 0;
}

bool
searching_is_sound(const struct site *site)
{
	return !searching_is_wanted(site) ||
	    search_index_is_sound(site->opts->store, site->searching.current);
}

bool
searching_wants_all(struct site *site, size_t stale)
{
	struct searching *s = &site->searching;

	if (!searching_is_wanted(site))
		return false;
	/* What is already told stays told when the plan is made again. */
	if (!s->index)
		s->is_fresh = stale > site->doc_count / 2 ||
		    !search_index_is_sound(site->opts->store, s->current);
	return s->is_fresh;
}

int
searching_begin(struct site *site, size_t changes, struct err *e)
{
	struct searching *s = &site->searching;
	struct slice rest = buf_slice(&s->dropped), path;

	if (s->index || !searching_is_wanted(site) || (!changes && !rest.len))
		return 0;
	s->index = search_index_start(site->opts->store,
	    s->is_fresh ? SLICE_NONE : s->current, changes, e);
	if (!s->index)
		return -1;
	while (unit_next(&rest, &path))
		if (search_index_drop(s->index, path, e) < 0)
			return -1;
	buf_clear(&s->dropped);
	return 0;
}

int
searching_put(
    struct site *site, struct source *src, struct slice record, struct err *e)
{
	struct searching *s = &site->searching;
	struct search_record r;

	src->is_indexed = true;
	if (!s->index)
		return 0;
	if (!record.len)
		return search_index_drop(s->index, src->file->path, e);
	/* A helper's word is taken for its own document alone. */
	if (search_record_unpack(record, &r) < 0 ||
	    !slice_eq(r.path, src->file->path) || !src->doc ||
	    !slice_eq(r.address, src->doc->address))
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	return search_index_put(s->index, record, e);
}

int
searching_drop(struct site *site, struct slice path, struct err *e)
{
	struct searching *s = &site->searching;

	if (s->index)
		return search_index_drop(s->index, path, e);
	pack_slice(&s->dropped, path);
	return buf_failed(&s->dropped) ? err_memory(e) : 0;
}

/* --- the prompts --------------------------------------------------------- */

/* One search in both protocols, `folder` in front; of one language, or all. */
static void
pack_search(struct buf *out, const struct site *site, struct slice folder,
    struct slice lang, bool only)
{
	static const enum word shown[SEARCH_TEXTS] = {
		[SEARCH_PROMPT] = WORD_SEARCH_PROMPT,
		[SEARCH_TITLE] = WORD_SEARCH,
		[SEARCH_RESULTS] = WORD_RESULTS,
		[SEARCH_NONE] = WORD_NO_RESULTS,
		[SEARCH_NEXT] = WORD_NEXT,
		[SEARCH_PREVIOUS] = WORD_PREVIOUS,
		[SEARCH_AGAIN] = WORD_SEARCH_AGAIN,
		[SEARCH_ALL] = WORD_SEARCH_ALL,
		[SEARCH_HELP] = WORD_SEARCH_HELP,
		[SEARCH_LATE] = WORD_SEARCH_LATE,
		[SEARCH_TOO_LONG] = WORD_SEARCH_TOO_LONG,
		[SEARCH_DOWN] = WORD_SEARCH_DOWN,
		[SEARCH_HOME] = WORD_HOME,
	};
	const struct words *w = words_in(site, lang);
	struct output o = { .protocol = 'g',
		.kind = STORE_SEARCH,
		.gopher_type = '7',
		.media = SLICE_LIT("text/plain"),
		.lang = lang };
	struct search_texts t;
	struct buf body, address;

	buf_init(&body, (size_t)64 << 10);
	buf_init(&address, STORE_KEY_MAX);
	for (int i = 0; i < SEARCH_TEXTS; i++)
		t.text[i] = slice_cstr(w->word[shown[i]]);
	t.text[SEARCH_LANG] = only ? lang : SLICE_NONE;
	t.text[SEARCH_RTL] = w->rtl ? SLICE_LIT("rtl") : SLICE_NONE;
	search_texts_write(&body, &t);
	buf_add(&address, folder);
	buf_add_cstr(&address, "search");
	o.address = buf_slice(&address);
	o.body = buf_slice(&body);
	output_pack(out, &o);
	o.protocol = 'o';
	output_pack(out, &o);
	if (buf_failed(&body) || buf_failed(&address))
		out->failed = true;
	buf_release(&body);
	buf_release(&address);
}

static int
put_prompts(struct site *site, struct output_unit *u, struct err *e)
{
	struct slice record = SLICE_NONE;
	struct buf out;
	int rc;

	buf_init(&out, (size_t)4 << 20);
	if (searching_is_wanted(site)) {
		pack_search(&out, site, SLICE_LIT("/"),
		    catalog_lang(&site->catalog), false);
		for (size_t i = 0; i < site->term_counts[TERM_LANG]; i++) {
			const struct term *t = site->terms[TERM_LANG][i];

			pack_search(&out, site, t->address, t->lang, true);
		}
	}
	u->outputs = buf_slice(&out);
	rc = buf_failed(&out) ? err_memory(e) : output_put(site, u, &record, e);
	if (!rc)
		pack_slice(&site->put_units, record);
	buf_release(&out);
	return rc;
}

/* As other units: put where what it is made of has changed. */
static int
make_prompts(struct site *site, struct err *e)
{
	struct output_unit u = { .name = SLICE_LIT("s") };
	struct buf in;
	struct unit was;
	int rc = 0;

	if (store_state_get(site->store, SLICE_LIT("u/s"), &u.before) !=
	    STORE_FOUND)
		u.before = SLICE_NONE;
	buf_init(&in, (size_t)64 << 10);
	pack_hash(&in, &site->base_hash);
	for (size_t i = 0; i < site->term_counts[TERM_LANG]; i++)
		pack_slice(&in, site->terms[TERM_LANG][i]->address);
	if (buf_failed(&in) || hash_of(buf_slice(&in), &u.digest) < 0)
		rc = err_memory(e);
	else if (!u.before.len || unit_decode(u.before, &was) < 0 ||
	    !hash_eq(&was.digest, &u.digest))
		rc = put_prompts(site, &u, e);
	buf_release(&in);
	return rc;
}

int
searching_finish(struct site *site, struct err *e)
{
	struct searching *s = &site->searching;
	struct search_index *index;
	char name[SEARCH_NAME_MAX];

	if (make_prompts(site, e) < 0)
		return -1;
	if (!searching_is_wanted(site))
		return s->current.len
		    ? store_put_search(site->store, SLICE_NONE, e)
		    : 0;
	if (searching_begin(site, 0, e) < 0)
		return -1;
	if (!s->index)
		return 0;
	build_progress(site->opts, "indexing", site->converted);
	index = s->index;
	s->index = NULL;
	if (search_index_finish(index, name, e) < 0)
		return -1;
	return store_put_search(site->store, slice_cstr(name), e);
}

void
searching_sweep(const struct site *site)
{
	struct store_view *v = store_writer_view(site->store, NULL);

	struct slice now, before = site->searching.current;

	if (!v)
		return;
	now = store_view_search(v);
	if (!now.len || !slice_eq(now, before))
		search_index_sweep(site->opts->store, now, before);
	store_view_drop(v);
}
