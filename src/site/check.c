/*
 * The steps are those of a build (site_internal.h) up to the plan, without a
 * store; then each document is looked through in a helper, and what concerns
 * several documents is decided here.  A helper replies:
 *
 *	0 or 1 (sound), messages, dependencies, anchors, references
 *
 * A reference is a link with a fragment: line, column, path of the document it
 * leads to, fragment.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/uri.h"
#include "content/text.h"
#include "markdown/markdown.h"
#include "markdown/node.h"
#include "render/render.h"
#include "site/anchors.h"
#include "site/build.h"
#include "site/pool.h"

#include "site/check.h"
#include "site/site_internal.h"

enum {
	SOURCE_MAX = MD_MAX_BYTES + 128 * 1024,
	REPLY_MAX = 64 * 1024 * 1024,
	SIZE_TEXT_MAX = 64,
};

/* What a helper found out about a document. */
struct looked {
	struct slice deps, anchors, refs;
	struct anchors list; /* of `anchors`, once somebody asks */
	bool has_list;
};

struct check {
	const struct check_opts *opts;
	struct site *site;
	/* Those of the site, then those that wait, each in order of paths. */
	struct doc **docs;
	size_t count;
	struct looked *looked; /* one a document */
	bool in_draft;         /* what is told now is of a draft */
	/* Only in a helper: */
	struct arena arena;
	struct buf bytes, messages, deps, anchors, refs;
	size_t *seen; /* one a source: the job + 1 that told of it */
	bool is_ready;
};

/* A draft, or an article that is not yet due. */
static bool
is_waiting(const struct doc *d)
{
	return d->source->draft == d;
}

static bool
is_draft(const struct doc *d)
{
	return is_waiting(d) && d->art.fm.draft;
}

/*
 * A publisher's message may weigh more, or less, before it publishes; in a
 * draft all weighs less, as no reader sees it.
 */
static void
pass_on(void *ctx, const struct diag_item *item)
{
	static const struct {
		const char *code;
		enum diag_level level;
	} weights[] = {
		{ "dead-link", DIAG_ERROR },
		{ "unknown-key", DIAG_WARNING },
	};
	const struct check *c = ctx;
	struct diag *out = c->opts->diag;
	enum diag_level level = item->level;

	for (size_t i = 0; item->code && i < sizeof(weights) / sizeof(*weights);
	     i++)
		if (!strcmp(item->code, weights[i].code))
			level = weights[i].level;
	if (c->in_draft)
		level = level == DIAG_ERROR ? DIAG_WARNING : DIAG_NOTE;
	out->code = item->code ? item->code : "file";
	diag_at(
	    out, level, item->file, item->line, item->column, "%s", item->text);
	out->code = NULL;
}

/* --- in a helper: one document ------------------------------------------- */

struct look {
	struct check *check;
	struct doc *doc;
	size_t job;
	struct document document;
	struct links links;
	struct diag diag;
};

/* Of the next message; all of check's own have one. */
static struct diag *
coded(struct diag *d, const char *code)
{
	d->code = code;
	return d;
}

static void
look_at_file(struct look *l, const struct md_node *n, const struct source *s)
{
	bool picture = slice_starts(s->media, SLICE_LIT("image/"));
	uint64_t most = picture ? l->check->opts->picture_bytes
				: l->check->opts->attachment_bytes;
	size_t index = (size_t)(s - l->check->site->sources);
	struct buf is, may;

	if (s->stamp.size <= most || l->check->seen[index] == l->job + 1)
		return;
	l->check->seen[index] = l->job + 1;
	buf_init(&is, SIZE_TEXT_MAX);
	buf_init(&may, SIZE_TEXT_MAX);
	render_size(&is, s->stamp.size);
	render_size(&may, most);
	diag_at(coded(&l->diag, picture ? "large-picture" : "large-attachment"),
	    DIAG_WARNING, l->doc->source->file->path.ptr, n->line, n->column,
	    "%s \"%.*s\" has %.*s, more than %.*s",
	    picture ? "picture" : "attachment", SLICE_FMT(s->file->path),
	    SLICE_FMT(buf_slice(&is)), SLICE_FMT(buf_slice(&may)));
	buf_release(&is);
	buf_release(&may);
}

static bool
has_words(const struct md_node *n)
{
	for (const struct md_node *m = n; m; m = md_next(m, n, true))
		if (m != n && (m->type == MD_TEXT || m->type == MD_CODE_SPAN) &&
		    slice_trim(m->text).len)
			return true;
	return false;
}

static void
look_at_link(struct look *l, const struct md_node *n)
{
	struct links_target to;

	if (n->type == MD_IMAGE && !has_words(n))
		diag_at(coded(&l->diag, "no-alt"), DIAG_WARNING,
		    l->doc->source->file->path.ptr, n->line, n->column,
		    "picture \"%.*s\" has no alternative text",
		    SLICE_FMT(n->text));
	links_find(&l->links, n->text, &to);
	if (to.file)
		look_at_file(l, n, to.file);
	if (!to.doc || !to.fragment.len)
		return;
	pack_number(&l->check->refs, n->line);
	pack_number(&l->check->refs, n->column);
	pack_slice(&l->check->refs, to.doc->source->file->path);
	pack_slice(&l->check->refs, to.fragment);
}

static int
pack_anchors(struct look *l, struct err *e)
{
	struct anchors all;

	if (anchors_collect(
		&l->check->arena, l->document.tree, l->document.text, &all) < 0)
		return err_memory(e);
	for (size_t i = 0; i < all.count; i++)
		pack_slice(&l->check->anchors, all.items[i]);
	return 0;
}

static int
look_through(struct look *l, struct err *e)
{
	struct check *c = l->check;
	struct document_opts opts = { .file = l->doc->source->file->path.ptr,
		.diag = &l->diag,
		.whole = true,
		.promote = PROMOTE_ALWAYS,
		.again = true };
	struct head h = { .art = &l->doc->art,
		.catalog = &c->site->catalog,
		.words = words_in(c->site, l->doc->lang),
		.lang = l->doc->lang };
	struct md_node *tree;

	if (io_read_below(c->site->content_fd, opts.file, SOURCE_MAX, &c->bytes,
		NULL, e) < 0 ||
	    document_parse(
		&c->arena, buf_slice(&c->bytes), &opts, &l->document, e) < 0)
		return -1;
	tree = l->document.tree;
	if (head_add(&c->arena, tree, &h) < 0)
		return err_memory(e);
	if (pack_anchors(l, e) < 0)
		return -1;
	if (head_add_tail(&c->arena, tree, &h) < 0)
		return err_memory(e);
	for (const struct md_node *n = tree; n; n = md_next(n, tree, true))
		if (n->type == MD_LINK || n->type == MD_IMAGE)
			look_at_link(l, n);
	return links_check(&l->links, tree, &l->diag, &c->deps, e);
}

static void
prepare(struct check *c)
{
	struct buf *all[] = { &c->bytes, &c->messages, &c->deps, &c->anchors,
		&c->refs };

	if (!c->is_ready) {
		arena_init(&c->arena, (size_t)512 << 20);
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			buf_init(all[i], REPLY_MAX);
		c->seen =
		    mem_calloc(c->site->source_count + 1, sizeof(*c->seen));
		c->is_ready = true;
	}
	arena_reset(&c->arena);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_clear(all[i]);
}

static void
work(void *ctx, size_t job, struct slice given, struct buf *reply)
{
	struct check *c = ctx;
	struct look l = { .check = c, .doc = c->docs[job], .job = job };
	struct err e = ERR_INIT;
	const char *address;
	int rc;

	(void)given;
	prepare(c);
	l.diag = (struct diag){ .sink = messages_pack, .ctx = &c->messages };
	address =
	    arena_printf(&c->arena, "%.*s.gmi", SLICE_FMT(l.doc->address));
	links_init(&l.links, c->site, l.doc, slice_cstr(address),
	    words_in(c->site, l.doc->lang));
	rc = c->seen && address ? look_through(&l, &e) : err_memory(&e);
	if (rc < 0)
		diag_err(&l.diag, DIAG_ERROR, &e);
	links_release(&l.links);
	c->messages.failed = false;
	pack_number(reply,
	    rc == 0 && !buf_failed(&c->deps) && !buf_failed(&c->anchors) &&
		!buf_failed(&c->refs));
	pack_slice(reply, buf_slice(&c->messages));
	pack_slice(reply, buf_slice(&c->deps));
	pack_slice(reply, buf_slice(&c->anchors));
	pack_slice(reply, buf_slice(&c->refs));
}

/* --- in the parent ------------------------------------------------------- */

static int
take(void *ctx, size_t job, struct slice reply, struct err *e)
{
	struct check *c = ctx;
	struct doc *d = c->docs[job];
	struct unpack in = { .rest = reply };
	bool sound = unpack_number(&in) == 1;
	struct slice messages = unpack_slice(&in), kept;
	struct looked *l = &c->looked[job];

	l->deps = unpack_slice(&in);
	l->anchors = unpack_slice(&in);
	l->refs = unpack_slice(&in);
	if (in.failed)
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	if (!sound)
		l->deps = l->anchors = l->refs = SLICE_NONE;
	if (arena_copy(&c->site->arena, messages, &kept) < 0 ||
	    arena_copy(&c->site->arena, l->deps, &l->deps) < 0 ||
	    arena_copy(&c->site->arena, l->anchors, &l->anchors) < 0 ||
	    arena_copy(&c->site->arena, l->refs, &l->refs) < 0)
		return err_memory(e);
	c->in_draft = is_draft(d);
	messages_tell(c->site->diag, d->source->file->path.ptr, kept);
	c->in_draft = false;
	return 0;
}

static int
lost(void *ctx, size_t job, const char *why, struct err *e)
{
	struct check *c = ctx;

	(void)e;
	c->in_draft = is_draft(c->docs[job]);
	diag_at(coded(c->site->diag, "markdown"), DIAG_ERROR,
	    c->docs[job]->source->file->path.ptr, 0, 0, "%s", why);
	c->in_draft = false;
	return 0;
}

static int
look_through_all(struct check *c, struct err *e)
{
	static const struct pool_ops ops = {
		.work = work, .take = take, .lost = lost
	};
	struct pool_opts opts = { .helpers = c->opts->jobs };
	struct site *site = c->site;

	c->looked =
	    arena_calloc(&site->arena, c->count + 1, sizeof(*c->looked));
	if (!c->looked)
		return err_memory(e);
	return pool_run(&opts, &ops, c, c->count, e);
}

/* --- fragments ----------------------------------------------------------- */

static int
open_anchors(struct check *c, struct looked *l, struct err *e)
{
	struct slice rest = l->anchors, one;
	size_t count = 0;

	while (unit_next(&rest, &one))
		count++;
	l->list.items =
	    arena_calloc(&c->site->arena, count + 1, sizeof(struct slice));
	if (!l->list.items)
		return err_memory(e);
	for (rest = l->anchors; unit_next(&rest, &one);)
		l->list.items[l->list.count++] = one;
	l->has_list = true;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;

	return slice_cmp(x->source->file->path, y->source->file->path);
}

/* What is known of the document at `path`; NULL: it could not be read. */
static struct looked *
find_looked(struct check *c, struct slice path)
{
	struct source *s = plan_find_source(c->site, path);
	size_t first = 0, count = c->site->doc_count;
	struct doc **at;

	if (!s || (!s->doc && !s->draft))
		return NULL;
	if (!s->doc) {
		first = count;
		count = c->count - first;
	}
	at = bsearch(s->doc ? &s->doc : &s->draft, c->docs + first, count,
	    sizeof(struct doc *), by_path);
	return at ? &c->looked[at - c->docs] : NULL;
}

static int
check_fragments(struct check *c, size_t i, struct err *e)
{
	struct unpack in = { .rest = c->looked[i].refs };

	while (in.rest.len && !in.failed) {
		unsigned line = (unsigned)unpack_number(&in);
		unsigned column = (unsigned)unpack_number(&in);
		struct slice path = unpack_slice(&in);
		struct slice fragment = unpack_slice(&in);
		struct looked *l = find_looked(c, path);
		char *plain =
		    arena_strndup(&c->site->arena, fragment.ptr, fragment.len);
		long len = plain ? uri_decode(fragment, plain) : 0;

		if (!plain || (l && !l->has_list && open_anchors(c, l, e) < 0))
			return err_memory(e);
		if (!l || !l->anchors.len || anchors_have(&l->list, fragment) ||
		    (len > 0 &&
			anchors_have(&l->list, slice_make(plain, (size_t)len))))
			continue;
		diag_at(coded(c->site->diag, "dead-anchor"), DIAG_ERROR,
		    c->docs[i]->source->file->path.ptr, line, column,
		    "\"#%.*s\" is no heading of %.*s", SLICE_FMT(fragment),
		    SLICE_FMT(path));
	}
	return 0;
}

/* --- dates, languages, translations -------------------------------------- */

static bool
is_known_language(const struct catalog *c, struct slice lang)
{
	for (size_t i = 0; i < c->languages.count; i++)
		if (text_lang_matches(c->languages.items[i], lang))
			return true;
	return false;
}

static void
check_language(struct check *c, const struct doc *d)
{
	const struct catalog *catalog = &c->site->catalog;
	const struct fm_text *lang = &d->art.fm.lang;
	const char *file = d->source->file->path.ptr;

	if (lang->text.len && catalog->languages.count &&
	    !is_known_language(catalog, lang->text))
		diag_at(coded(c->site->diag, "unknown-language"), DIAG_WARNING,
		    file, lang->line, lang->column,
		    "the language \"%.*s\" is not among those of "
		    "capsule.yaml",
		    SLICE_FMT(lang->text));
	if (!lang->text.len && catalog->languages.count > 1)
		diag_at(coded(c->site->diag, "no-language"), DIAG_WARNING, file,
		    1, 1, "no lang: taken as \"%.*s\"", SLICE_FMT(d->lang));
	if (!lang->text.len && !catalog->languages.count)
		diag_at(coded(c->site->diag, "no-language"), DIAG_WARNING, file,
		    1, 1, "no lang, and capsule.yaml has no languages");
}

static bool
is_translated_to(struct check *c, const struct doc *from, const struct doc *to)
{
	const struct frontmatter *fm = &from->art.fm;
	struct links links;
	bool found = false;

	links_init(&links, c->site, from, from->address, words_for(from->lang));
	for (size_t i = 0; !found && i < fm->translation_count; i++) {
		struct links_target target;

		links_find(&links, fm->translations[i].path.text, &target);
		found = target.doc == to;
	}
	links_release(&links);
	return found;
}

static void
check_translation(struct check *c, const struct doc *d,
    const struct fm_translation *t, const struct doc *to)
{
	const struct fm_text *key = &d->art.fm.translation_key;
	const char *file = d->source->file->path.ptr;
	bool one_key = key->text.len &&
	    slice_eq(key->text, to->art.fm.translation_key.text);

	if (!text_lang_matches(t->lang, to->lang))
		diag_at(coded(c->site->diag, "translation-language"),
		    DIAG_WARNING, file, t->path.line, t->path.column,
		    "%.*s is in \"%.*s\", not in \"%.*s\"",
		    SLICE_FMT(to->source->file->path), SLICE_FMT(to->lang),
		    SLICE_FMT(t->lang));
	if (!one_key && to != d && !is_translated_to(c, to, d))
		diag_at(coded(c->site->diag, "translation-one-way"),
		    DIAG_WARNING, file, t->path.line, t->path.column,
		    "%.*s does not name this file among its translations",
		    SLICE_FMT(to->source->file->path));
}

/* Of a ring of translations only one can be in each language. */
static void
check_twins(struct check *c, const struct doc *d)
{
	const struct fm_text *key = &d->art.fm.translation_key;

	if (!key->text.len || !d->group)
		return;
	for (const struct doc *o = d->next; o != d; o = o->next)
		if (slice_eq(o->lang, d->lang) &&
		    slice_eq(o->art.fm.translation_key.text, key->text))
			diag_at(coded(c->site->diag, "translation-twin"),
			    DIAG_WARNING, d->source->file->path.ptr, key->line,
			    key->column,
			    "%.*s has this key, too, and is in the same "
			    "language",
			    SLICE_FMT(o->source->file->path));
}

static void
check_head(struct check *c, const struct doc *d)
{
	const struct frontmatter *fm = &d->art.fm;
	struct links links;

	check_language(c, d);
	if (!d->day && d->source->kind == SOURCE_ARTICLE && !d->is_withdrawn)
		diag_at(coded(c->site->diag, "no-date"), DIAG_WARNING,
		    d->source->file->path.ptr, 1, 1,
		    "no date: neither in the archive nor in the feeds");
	check_twins(c, d);
	if (!fm->translation_count)
		return;
	links_init(&links, c->site, d, d->address, words_for(d->lang));
	for (size_t i = 0; i < fm->translation_count; i++) {
		struct links_target to;

		links_find(&links, fm->translations[i].path.text, &to);
		if (to.doc)
			check_translation(c, d, &fm->translations[i], to.doc);
	}
	links_release(&links);
}

/* --- addresses ----------------------------------------------------------- */

struct claim {
	struct slice address; /* without a slash at its end */
	const char *owner;    /* file; NULL: the program */
};

struct claims {
	struct claim *items;
	size_t count, cap;
	bool failed;
};

static void
claim(struct claims *all, const char *address, const char *owner)
{
	struct slice a = slice_cstr(address);

	if (!address)
		all->failed = true;
	if (all->count == all->cap && !all->failed) {
		size_t cap = all->cap ? all->cap * 2 : 1024;
		struct claim *more =
		    mem_realloc(all->items, cap * sizeof(*more));

		all->failed = !more;
		all->items = more ? more : all->items;
		all->cap = more ? cap : all->cap;
	}
	if (all->failed)
		return;
	while (a.len && a.ptr[a.len - 1] == '/')
		a.len--;
	all->items[all->count++] = (struct claim){ a, owner };
}

static void
claim_doc(struct check *c, struct claims *all, size_t i)
{
	static const char *const forms[] = { "", ".gmi", ".md", ".txt",
		".w40.txt", ".w0.txt" };
	struct doc *d = c->docs[i];
	struct slice rest = c->looked[i].deps, dep;
	struct arena *a = &c->site->arena;
	struct buf address;

	for (size_t k = 0; !is_waiting(d) && k < sizeof(forms) / sizeof(*forms);
	     k++)
		claim(all,
		    arena_printf(a, "%.*s%s", SLICE_FMT(d->address), forms[k]),
		    d->source->file->path.ptr);
	for (size_t k = 0; k < d->alias_count; k++)
		claim(all,
		    arena_strndup(a, d->aliases[k].ptr, d->aliases[k].len),
		    d->source->file->path.ptr);
	for (size_t k = 0; k < d->reply_count; k++)
		d->replies[k]->named = true;
	buf_init(&address, (size_t)64 << 10);
	while (unit_next(&rest, &dep)) {
		struct source *s = links_file(c->site, d, dep, &address);

		if (!s)
			continue;
		s->named = true;
		if (is_waiting(d))
			continue;
		claim(all, arena_strndup(a, address.ptr, address.len),
		    s->file->path.ptr);
	}
	buf_release(&address);
}

static int
by_address(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = slice_cmp(x->address, y->address);

	if (order)
		return order;
	if (!x->owner || !y->owner)
		return x->owner ? 1 : y->owner ? -1 : 0;
	return strcmp(x->owner, y->owner);
}

static int
check_addresses(struct check *c, struct err *e)
{
	struct claims all = { .count = 0 };
	struct site *site = c->site;

	for (size_t i = 0; i < c->count; i++)
		claim_doc(c, &all, i);
	for (size_t i = 0; i < site->index_count; i++)
		claim(&all,
		    arena_strndup(&site->arena, site->indexes[i]->address.ptr,
			site->indexes[i]->address.len),
		    NULL);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_address);
	for (size_t i = 1; i < all.count; i++) {
		const struct claim *is = &all.items[i], *was = is - 1;

		if (!slice_eq(is->address, was->address) || !is->owner ||
		    (was->owner && !strcmp(is->owner, was->owner)))
			continue;
		diag_at(coded(site->diag, "address-taken"), DIAG_ERROR,
		    is->owner, 0, 0, "its address %.*s is taken by %s",
		    SLICE_FMT(is->address),
		    was->owner ? was->owner : "an index");
	}
	mem_free(all.items);
	return all.failed ? err_memory(e) : 0;
}

static void
tell_unused(struct site *site)
{
	for (size_t i = 0; i < site->source_count; i++) {
		const struct source *s = &site->sources[i];

		if (s->kind == SOURCE_FILE && !s->named)
			diag_at(coded(site->diag, "unused-file"), DIAG_NOTE,
			    s->file->path.ptr, 0, 0, "no page leads to it");
	}
}

/* --- all ----------------------------------------------------------------- */

static int
plan(struct check *c, struct err *e)
{
	struct site *site = c->site;
	int rc;

	if (site_open(site, e) < 0 || site_scan(site, e) < 0 ||
	    records_load(site, e) < 0 || read_sources(site, e) < 0)
		return -1;
	if (site->capsule.len && !site->catalog.host.len)
		diag_at(coded(site->diag, "no-host"), DIAG_WARNING,
		    "capsule.yaml", 0, 0,
		    "no host: no Atom feeds and no copies to take along, whose "
		    "links need the site's name");
	rc = plan_documents(site, e);
	for (size_t i = 0; i < site->source_count; i++) {
		const struct doc *d = site->sources[i].draft;

		c->in_draft = d && is_draft(d);
		messages_tell(site->diag, site->sources[i].file->path.ptr,
		    site->sources[i].messages);
	}
	c->in_draft = false;
	return rc;
}

/* Whether what waits could be published as it is; told of where not. */
static bool
settle_waiting(struct check *c, struct doc *d)
{
	struct site *site = c->site;
	const struct doc *other;
	struct err why = ERR_INIT;
	bool settled;

	c->in_draft = is_draft(d);
	settled = plan_settle(site, d, &why) == 0;
	if (!settled)
		diag_err(site->diag, DIAG_ERROR, &why);
	else if ((other = plan_find_doc(site, d->address)))
		diag_at(coded(site->diag, "address-taken"), DIAG_ERROR,
		    d->source->file->path.ptr, d->art.fm.slug.line,
		    d->art.fm.slug.column,
		    "the address %.*s is also the address of %.*s",
		    SLICE_FMT(d->address),
		    SLICE_FMT(other->source->file->path));
	coded(site->diag, NULL);
	c->in_draft = false;
	return settled;
}

/* What is to be published later is looked through as well. */
static int
gather(struct check *c, struct err *e)
{
	struct site *site = c->site;

	c->docs = arena_calloc(
	    &site->arena, site->source_count + 1, sizeof(struct doc *));
	if (!c->docs)
		return err_memory(e);
	for (; c->count < site->doc_count; c->count++)
		c->docs[c->count] = site->docs[c->count];
	for (size_t i = 0; i < site->source_count; i++) {
		struct doc *d = site->sources[i].draft;

		if (d && settle_waiting(c, d))
			c->docs[c->count++] = d;
	}
	return 0;
}

static int
run(struct check *c, struct err *e)
{
	struct site *site = c->site;

	if (plan(c, e) < 0 || gather(c, e) < 0 || look_through_all(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->count; i++) {
		int rc;

		c->in_draft = is_draft(c->docs[i]);
		check_head(c, c->docs[i]);
		rc = check_fragments(c, i, e);
		c->in_draft = false;
		if (rc < 0)
			return -1;
	}
	if (check_addresses(c, e) < 0)
		return -1;
	tell_unused(site);
	coded(site->diag, "gone");
	return gone_check(site, e);
}

int
site_check(
    const struct check_opts *opts, struct check_result *result, struct err *e)
{
	struct site site;
	struct check c = { .opts = opts, .site = &site };
	struct diag weigh = { .sink = pass_on, .ctx = &c };
	struct site_opts build = { .content = opts->content,
		.jobs = opts->jobs,
		.now_s = opts->now_s,
		.diag = &weigh };
	int rc;

	site_init(&site, &build);
	rc = run(&c, e);
	*result = (struct check_result){ .articles = site.article_count,
		.pages = site.page_count,
		.waiting = c.count - site.doc_count };
	for (size_t i = 0; i < site.source_count; i++)
		result->files += site.sources[i].kind == SOURCE_FILE;
	site_release(&site);
	return rc;
}
