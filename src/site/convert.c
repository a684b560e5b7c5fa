/*
 * Documents become pages, in helpers that were forked once the plan stood, so
 * that each knows all addresses.  A helper replies:
 *
 *	0 or 1 (sound), size of the gemtext, messages, dependencies, outputs
 */
#include <stdio.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "markdown/markdown.h"
#include "markdown/node.h"
#include "render/render.h"
#include "site/build.h"
#include "site/pool.h"
#include "store/store.h"

#include "site/site_internal.h"

enum {
	SOURCE_MAX = MD_MAX_BYTES + 128 * 1024,
	PAGE_MAX = 64 * 1024 * 1024,
	MESSAGES_MAX = 4 * 1024 * 1024,
	WIDTH = 67, /* RENDERING.md: columns of Gopher texts and menus */
	NARROW = 40,
};

struct converting {
	struct site *site;
	struct doc **stale;
	size_t lost; /* refused while converting */
	/* Only in a helper: */
	struct arena arena;
	struct buf bytes, page, other, messages, deps, outputs;
	bool is_ready;
};

/* --- in a helper --------------------------------------------------------- */

struct job {
	struct converting *c;
	struct doc *doc;
	struct document document;
	struct links links;
	const struct words *words;
	struct diag diag;
	struct err *err;
	uint64_t size;
};

static const struct form {
	char protocol;
	const char *suffix;
	enum links_form links;
	int (*render)(struct buf *, const struct md_node *,
	    const struct render_opts *, struct err *);
	unsigned columns;
	char gopher_type;
	const char *media;
	bool article_only;
} forms[] = {
	{ 'g', ".gmi", LINKS_GEMINI, gemtext_render, 0, 0, "text/gemini",
	    false },
	{ 'o', ".gmi", LINKS_GEMTEXT_ON_GOPHER, gemtext_render, 0, '0',
	    "text/gemini", false },
	{ 'o', "", LINKS_GOPHER, gophermap_render, WIDTH, '1',
	    "application/gopher-menu", false },
	{ 'o', ".txt", LINKS_GOPHER, gophertext_render, WIDTH, '0',
	    "text/plain", false },
	{ 'o', ".w40.txt", LINKS_GOPHER, gophertext_render, NARROW, '0',
	    "text/plain", true },
	{ 'o', ".w0.txt", LINKS_GOPHER, gophertext_render, 0, '0', "text/plain",
	    true },
};

/* `suffix` behind the document's address, in the arena. */
static struct slice
own_address(struct job *j, const char *suffix)
{
	const char *s = arena_printf(
	    &j->c->arena, "%.*s%s", SLICE_FMT(j->doc->address), suffix);

	return slice_cstr(s ? s : "");
}

static int
pack_page(struct job *j, const struct output *o)
{
	if (!o->address.len)
		return err_memory(j->err);
	output_pack(&j->c->outputs, o);
	return buf_failed(&j->c->outputs) ? err_memory(j->err) : 0;
}

static void
foot_link(
    struct job *j, struct md_node *p, struct slice address, struct slice label)
{
	const char *own =
	    arena_printf(&j->c->arena, LINKS_OWN "%.*s", SLICE_FMT(address));

	if (p->first)
		(void)md_add(&j->c->arena, p, MD_BREAK);
	(void)md_add_link(&j->c->arena, p, slice_cstr(own), label);
}

static struct slice
word(const struct job *j, enum word w)
{
	return slice_cstr(j->words->word[w]);
}

/* The ways on from a page: its other forms, and up. */
static struct md_node *
make_foot(struct job *j, const struct form *f)
{
	struct md_node *p = md_add(&j->c->arena, NULL, MD_PARAGRAPH);
	bool article = j->doc->source->kind == SOURCE_ARTICLE;
	const char *gemtext = arena_printf(
	    &j->c->arena, "%s (gemtext)", j->words->word[WORD_TEXT]);

	if (!p || !gemtext)
		return NULL;
	if (f->gopher_type == '1') {
		foot_link(j, p, own_address(j, ".txt"), word(j, WORD_TEXT));
		if (article) {
			foot_link(j, p, own_address(j, ".w40.txt"),
			    word(j, WORD_NARROW_TEXT));
			foot_link(j, p, own_address(j, ".w0.txt"),
			    word(j, WORD_UNWRAPPED_TEXT));
		}
		foot_link(j, p, own_address(j, ".gmi"), slice_cstr(gemtext));
	}
	foot_link(j, p, own_address(j, ".md"), word(j, WORD_SOURCE));
	if (article)
		foot_link(
		    j, p, SLICE_LIT("/articles/"), word(j, WORD_ARTICLES));
	foot_link(j, p, SLICE_LIT("/"), word(j, WORD_HOME));
	return p;
}

static int
render_form(struct job *j, const struct form *f)
{
	struct converting *c = j->c;
	struct md_node *tree = j->document.tree, *last = tree->last;
	struct md_node *foot = make_foot(j, f);
	struct render_opts opts = { .lang = j->doc->lang,
		.words = j->words,
		.columns = f->columns,
		.crlf = f->protocol == 'o',
		.resolve = links_resolve,
		.resolve_ctx = &j->links };
	struct output o = { .protocol = f->protocol,
		.address = own_address(j, f->suffix),
		.kind = STORE_PAGE,
		.gopher_type = f->gopher_type,
		.media = slice_cstr(f->media),
		.lang = j->doc->lang };
	int rc;

	if (!foot)
		return err_memory(j->err);
	buf_clear(&c->page);
	j->links.form = f->links;
	md_move(foot, tree);
	rc = f->render(&c->page, tree, &opts, j->err);
	/* The foot goes again: each form has its own. */
	if (last)
		last->next = NULL;
	else
		tree->first = NULL;
	tree->last = last;
	if (rc < 0)
		return -1;
	if (f->protocol == 'g')
		j->size = c->page.len;
	o.body = buf_slice(&c->page);
	if (pack_page(j, &o) < 0)
		return -1;
	if (f->gopher_type != '1')
		return 0;
	/* Over Gopher an alias serves what it stands for. */
	for (size_t i = 0; i < j->doc->alias_count; i++) {
		o.address = j->doc->aliases[i];
		if (pack_page(j, &o) < 0)
			return -1;
	}
	return 0;
}

static int
pack_source(struct job *j)
{
	struct output o = { .protocol = 'g',
		.address = own_address(j, ".md"),
		.kind = STORE_PAGE,
		.gopher_type = '0',
		.media = SLICE_LIT("text/markdown"),
		.lang = j->doc->lang,
		.body = j->document.text };

	if (pack_page(j, &o) < 0)
		return -1;
	buf_clear(&j->c->page);
	output_crlf(&j->c->page, j->document.text);
	if (buf_failed(&j->c->page))
		return err_memory(j->err);
	o.protocol = 'o';
	o.body = buf_slice(&j->c->page);
	return pack_page(j, &o);
}

static int
pack_aliases(struct job *j)
{
	struct output o = { .protocol = 'g',
		.kind = STORE_REDIRECT,
		.body = own_address(j, ".gmi") };

	for (size_t i = 0; i < j->doc->alias_count; i++) {
		o.address = j->doc->aliases[i];
		if (pack_page(j, &o) < 0)
			return -1;
	}
	return 0;
}

/* The files that stand with the document, in both protocols. */
static int
pack_files(struct job *j)
{
	struct slice deps = buf_slice(&j->c->deps), dep;
	struct buf *address = &j->c->other;

	while (unit_next(&deps, &dep)) {
		struct source *s = links_file(j->c->site, j->doc, dep, address);
		struct output o = { .protocol = 'g', .kind = STORE_PAGE };
		const char *own;

		if (!s || slice_starts(s->file->path, SLICE_LIT("files/")))
			continue;
		own = arena_strndup(&j->c->arena, address->ptr, address->len);
		o.address = slice_cstr(own ? own : "");
		o.media = s->media;
		o.gopher_type = links_gopher_type(s);
		o.path = s->file->path;
		if (pack_page(j, &o) < 0)
			return -1;
		o.protocol = 'o';
		if (pack_page(j, &o) < 0)
			return -1;
	}
	return 0;
}

/* All addresses of a withdrawn document say so. */
static int
pack_gone(struct job *j)
{
	static const char *const suffixes[] = { "", ".gmi", ".md", ".txt",
		".w40.txt", ".w0.txt" };
	char day[DATE_DAY_BYTES + 1];
	struct output o = { .kind = STORE_GONE, .lang = j->doc->lang };
	const char *text;

	date_format_day(&j->doc->art.fm.withdrawn, day);
	text = arena_printf(&j->c->arena, "%s: %.*s (%s)",
	    j->words->word[WORD_WITHDRAWN], SLICE_FMT(j->doc->art.title), day);
	if (!text)
		return err_memory(j->err);
	o.body = slice_cstr(text);
	for (int k = 0; k < 2; k++) {
		o.protocol = k ? 'o' : 'g';
		o.gopher_type = k ? '0' : 0;
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes);
		     i++) {
			o.address = own_address(j, suffixes[i]);
			if (pack_page(j, &o) < 0)
				return -1;
		}
		for (size_t i = 0; i < j->doc->alias_count; i++) {
			o.address = j->doc->aliases[i];
			if (pack_page(j, &o) < 0)
				return -1;
		}
	}
	return 0;
}

static int
compose(struct job *j)
{
	struct head h = { .art = &j->doc->art,
		.catalog = &j->c->site->catalog,
		.words = j->words,
		.lang = j->doc->lang };
	struct md_node *tree = j->document.tree;

	if (head_add(&j->c->arena, tree, &h) < 0 ||
	    head_add_tail(&j->c->arena, tree, &h) < 0)
		return err_memory(j->err);
	return links_check(&j->links, tree, &j->diag, &j->c->deps, j->err);
}

static int
convert(struct job *j, struct slice given)
{
	struct converting *c = j->c;
	struct doc *d = j->doc;
	struct document_opts opts = { .file = d->source->file->path.ptr,
		.diag = &j->diag,
		.whole = true,
		.promote = PROMOTE_ALWAYS,
		.again = true };
	struct hash hash;

	if (d->is_withdrawn)
		return pack_gone(j);
	if (given.len) {
		buf_add(&c->bytes, given);
	} else if (io_read_below(c->site->content_fd, opts.file, SOURCE_MAX,
		       &c->bytes, NULL, j->err) < 0 ||
	    hash_of(buf_slice(&c->bytes), &hash) < 0) {
		return -1;
	} else if (memcmp(hash.b, d->art.source.b, sizeof(hash.b)) != 0) {
		return err_at(
		    j->err, opts.file, 0, 0, "changed during the build");
	}
	if (document_parse(&c->arena, buf_slice(&c->bytes), &opts, &j->document,
		j->err) < 0 ||
	    compose(j) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((!forms[i].article_only ||
			d->source->kind == SOURCE_ARTICLE) &&
		    render_form(j, &forms[i]) < 0)
			return -1;
	if (pack_source(j) < 0 || pack_aliases(j) < 0)
		return -1;
	return pack_files(j);
}

static void
prepare(struct converting *c)
{
	struct buf *all[] = { &c->bytes, &c->page, &c->other, &c->messages,
		&c->deps, &c->outputs };

	if (!c->is_ready) {
		arena_init(&c->arena, (size_t)512 << 20);
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			buf_init(all[i], PAGE_MAX);
		c->messages.max = MESSAGES_MAX;
		c->outputs.max = (size_t)PAGE_MAX * 3;
		c->is_ready = true;
	}
	arena_reset(&c->arena);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_clear(all[i]);
}

static void
work(void *ctx, size_t job, struct slice given, struct buf *reply)
{
	struct converting *c = ctx;
	struct err e = ERR_INIT;
	struct job j = { .c = c, .doc = c->stale[job], .err = &e };
	struct slice address;
	int rc = -1;

	prepare(c);
	j.diag = (struct diag){ .sink = messages_pack, .ctx = &c->messages };
	j.words = words_in(c->site, j.doc->lang);
	address = own_address(&j, ".gmi");
	links_init(&j.links, c->site, j.doc, address, j.words);
	rc = convert(&j, given);
	if (rc < 0)
		diag_err(&j.diag, DIAG_ERROR, &e);
	links_release(&j.links);
	c->messages.failed = false;
	pack_number(reply, rc == 0);
	pack_number(reply, j.size);
	pack_slice(reply, buf_slice(&c->messages));
	pack_slice(reply, buf_slice(&c->deps));
	pack_slice(reply, rc == 0 ? buf_slice(&c->outputs) : SLICE_NONE);
}

/* --- in the parent ------------------------------------------------------- */

static int
add_messages(
    struct site *site, struct source *s, struct slice more, struct err *e)
{
	char *all = arena_alloc(&site->arena, s->messages.len + more.len + 1);

	if (!all)
		return err_memory(e);
	if (s->messages.len)
		memcpy(all, s->messages.ptr, s->messages.len);
	if (more.len)
		memcpy(all + s->messages.len, more.ptr, more.len);
	s->messages = slice_make(all, s->messages.len + more.len);
	return 0;
}

static int
refuse(struct converting *c, struct source *s, struct err *e)
{
	c->lost++;
	return plan_refuse(c->site, s, e);
}

static int
take(void *ctx, size_t job, struct slice reply, struct err *e)
{
	struct converting *c = ctx;
	struct doc *d = c->stale[job];
	struct source *s = d->source;
	struct unpack in = { .rest = reply };
	bool sound = unpack_number(&in) == 1;
	struct output_unit u = { .before = s->unit };
	struct slice messages;
	const char *name;

	u.size = unpack_number(&in);
	messages = unpack_slice(&in);
	u.deps = unpack_slice(&in);
	u.outputs = unpack_slice(&in);
	if (in.failed)
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	if (add_messages(c->site, s, messages, e) < 0)
		return -1;
	if (!sound)
		return refuse(c, s, e);
	build_progress(c->site->opts, "converting", ++c->site->converted);
	name =
	    arena_printf(&c->site->arena, "d/%.*s", SLICE_FMT(s->file->path));
	if (!name || plan_digest(c->site, d, &u.digest) < 0 ||
	    plan_deps_digest(c->site, d, u.deps, &u.deps_digest) < 0)
		return err_memory(e);
	u.name = slice_cstr(name);
	if (output_put(c->site, &u, &s->unit, e) < 0)
		return -1;
	d->size = u.size;
	s->is_done = true;
	return 0;
}

static int
lost(void *ctx, size_t job, const char *why, struct err *e)
{
	struct converting *c = ctx;
	struct source *s = c->stale[job]->source;
	struct err said;

	err_at(&said, s->file->path.ptr, 0, 0, "%s", why);
	plan_say(c->site, s, &said);
	return refuse(c, s, e);
}

/* The last good source is in the store, as the page that shows it. */
static int
give_last_good(
    struct converting *c, const struct doc *d, struct buf *out, struct err *e)
{
	struct store_view *v = store_writer_view(c->site->store, e);
	struct slice deps, key;
	struct store_entry entry;
	struct unit u;
	bool ok = false;

	if (!v)
		return -1;
	if (unit_decode(d->source->unit, &u) < 0)
		u.keys = SLICE_NONE;
	deps = u.keys;
	while (!ok && unit_next(&deps, &key)) {
		if (!slice_starts(key, SLICE_LIT("g/")) ||
		    !slice_ends(key, SLICE_LIT(".md")) ||
		    store_view_get(v, key, &entry) != STORE_FOUND ||
		    entry.kind != STORE_PAGE)
			continue;
		for (uint64_t at = 0; at < entry.size;) {
			struct slice part = store_view_body(v, &entry, at, &ok);

			if (!part.len)
				break;
			buf_add(out, part);
			at += part.len;
		}
	}
	store_view_drop(v);
	return 0;
}

static int
give(void *ctx, size_t job, struct buf *out, struct err *e)
{
	struct converting *c = ctx;
	const struct doc *d = c->stale[job];

	if (!d->source->is_old || d->is_withdrawn)
		return 0;
	return give_last_good(c, d, out, e);
}

/* Whether `d` must be converted; of one that need not be, takes the size. */
static int
is_stale(const struct site *site, struct doc *d, bool *stale, struct err *e)
{
	struct hash digest;
	struct unit u;

	*stale = true;
	if (!d->source->unit.len || unit_decode(d->source->unit, &u) < 0)
		return 0;
	d->size = u.size;
	if (plan_digest(site, d, &digest) < 0)
		return err_memory(e);
	if (memcmp(digest.b, u.digest.b, sizeof(digest.b)) != 0)
		return 0;
	/* What was made by this build was made by an earlier plan of it. */
	if (!site->map_is_old || d->source->is_done) {
		if (plan_deps_digest(site, d, u.deps, &digest) < 0)
			return err_memory(e);
		if (memcmp(digest.b, u.deps_digest.b, sizeof(digest.b)) != 0)
			return 0;
	}
	*stale = false;
	return 0;
}

/* Documents that are no longer published leave the edition. */
static int
drop_units(struct site *site, struct err *e)
{
	for (size_t i = 0; i < site->source_count; i++) {
		struct source *s = &site->sources[i];
		const char *name;

		if (s->kind == SOURCE_FILE || s->doc || !s->unit.len)
			continue;
		name = arena_printf(
		    &site->arena, "d/%.*s", SLICE_FMT(s->file->path));
		if (!name)
			return err_memory(e);
		if (output_drop(site, slice_cstr(name), s->unit, e) < 0)
			return -1;
		s->unit = SLICE_NONE;
		s->is_done = false;
	}
	return 0;
}

int
convert_documents(struct site *site, bool *again, struct err *e)
{
	static const struct pool_ops ops = {
		.give = give, .work = work, .take = take, .lost = lost
	};
	struct pool_opts opts = { .helpers = site->opts->jobs };
	struct converting c = { .site = site };
	size_t count = 0;

	c.stale = arena_calloc(
	    &site->arena, site->doc_count + 1, sizeof(struct doc *));
	if (!c.stale)
		return err_memory(e);
	if (drop_units(site, e) < 0)
		return -1;
	for (size_t i = 0; i < site->doc_count; i++) {
		bool stale;

		if (is_stale(site, site->docs[i], &stale, e) < 0)
			return -1;
		if (stale)
			c.stale[count++] = site->docs[i];
	}
	if (pool_run(&opts, &ops, &c, count, e) < 0)
		return -1;
	*again = c.lost > 0;
	return 0;
}
