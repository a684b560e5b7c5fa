/*
 * Documents become pages, in helpers that were forked once the plan stood, so
 * that each knows all addresses.  A helper replies:
 *
 *	outputs; 0 or 1 (sound), size of the gemtext, words, messages,
 *	dependencies, record for the search index; how long the outputs are
 *
 * The outputs are nearly all of it, so they are packed where they are sent
 * from, and their length (eight bytes, as in memory) stands at the end.
 */
#include <stdio.h>
#include <stdlib.h>

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

#include "site/job.h"
#include "site/parts.h"

enum {
	SOURCE_MAX = MD_MAX_BYTES + 128 * 1024,
	PAGE_MAX = 64 * 1024 * 1024,
	MESSAGES_MAX = 4 * 1024 * 1024,
};

struct converting {
	struct site *site;
	struct doc **stale;
	size_t count;     /* behind them: read again for their words alone */
	size_t lost;      /* refused while converting */
	struct scratch s; /* only in a helper */
};

/* --- in a helper --------------------------------------------------------- */

struct slice
job_address(struct job *j, struct slice address, const char *suffix)
{
	return slice_cstr(
	    arena_join(&j->s->arena, address, slice_cstr(suffix)));
}

int
job_pack(struct job *j, const struct output *o)
{
	if (!o->address.len)
		return err_memory(j->err);
	output_pack(j->outputs, o);
	return buf_failed(j->outputs) ? err_memory(j->err) : 0;
}

struct slice
job_alias(struct job *j, struct slice alias, const char *suffix)
{
	return job_address(j, *suffix ? plan_alias_stem(alias) : alias, suffix);
}

bool
job_has_all_forms(struct slice alias)
{
	size_t at;

	alias = plan_alias_stem(alias);
	at = alias.len;
	while (at && alias.ptr[at - 1] != '/')
		at--;
	alias = slice_from(alias, at);
	return alias.len && slice_find(alias, '.') == alias.len;
}

static int
pack_source(struct job *j)
{
	struct output o = { .protocol = 'g',
		.address = job_address(j, j->doc->address, ".md"),
		.kind = STORE_PAGE,
		.gopher_type = '0',
		.media = SLICE_LIT("text/markdown"),
		.lang = j->doc->lang,
		.body = j->document.text };

	if (job_pack(j, &o) < 0)
		return -1;
	buf_clear(&j->s->page);
	output_crlf(&j->s->page, j->document.text);
	if (buf_failed(&j->s->page))
		return err_memory(j->err);
	o.protocol = 'o';
	o.body = buf_slice(&j->s->page);
	if (job_pack(j, &o) < 0)
		return -1;
	for (size_t i = 0; i < j->doc->alias_count; i++) {
		if (!job_has_all_forms(j->doc->aliases[i]))
			continue;
		o.address = job_alias(j, j->doc->aliases[i], ".md");
		if (job_pack(j, &o) < 0)
			return -1;
	}
	return 0;
}

static int
pack_aliases(struct job *j)
{
	static const struct {
		const char *from, *to;
	} ends[] = { { "", ".gmi" }, { ".gmi", ".gmi" }, { ".md", ".md" },
		{ ".txt", ".txt" } };
	const size_t all = sizeof(ends) / sizeof(ends[0]);
	struct output o = { .protocol = 'g', .kind = STORE_REDIRECT };

	for (size_t i = 0; i < j->doc->alias_count; i++) {
		struct slice alias = j->doc->aliases[i];
		size_t count = job_has_all_forms(alias) ? all : 1;

		for (size_t k = 0; k < count; k++) {
			o.address = job_alias(j, alias, ends[k].from);
			o.body = job_address(j, j->doc->address, ends[k].to);
			if (job_pack(j, &o) < 0)
				return -1;
		}
	}
	return 0;
}

/* Whether the program itself has `name` below the document's address. */
static bool
is_taken(const struct job *j, struct slice name)
{
	if (j->size > PARTS_OVER_BYTES && sheets_is_part(name))
		return true;
	return replying_is_wanted(j->site, j->doc) &&
	    slice_eq_cstr(name, "reply");
}

/* The files that stand with the document, in both protocols. */
static int
pack_files(struct job *j)
{
	struct slice deps = buf_slice(&j->s->deps), dep;
	struct buf *address = &j->s->other;

	while (unit_next(&deps, &dep)) {
		struct source *s = links_file(j->site, j->doc, dep, address);
		struct output o = { .protocol = 'g', .kind = STORE_PAGE };
		const char *own;

		if (!s || slice_starts(s->file->path, SLICE_LIT("files/")))
			continue;
		if (is_taken(j,
			slice_from(
			    buf_slice(address), j->doc->address.len + 1)))
			return err_at(j->err, j->doc->source->file->path.ptr, 0,
			    0,
			    "\"%s\" has the address of a part of this "
			    "article, or of its replies; rename it",
			    s->file->path.ptr);
		own = arena_strndup(&j->s->arena, address->ptr, address->len);
		o.address = slice_cstr(own ? own : "");
		o.media = s->media;
		o.gopher_type = links_gopher_type(s);
		o.path = s->file->path;
		if (job_pack(j, &o) < 0)
			return -1;
		o.protocol = 'o';
		if (job_pack(j, &o) < 0)
			return -1;
	}
	return 0;
}

/* The same at all forms of `address`, or there alone where it has none. */
static int
pack_all_forms(struct job *j, struct slice address, struct output *o)
{
	static const char *const suffixes[] = { "", ".gmi", ".md", ".txt",
		".w40.txt", ".w0.txt" };
	size_t count = sizeof(suffixes) / sizeof(suffixes[0]);

	if (!job_has_all_forms(address))
		count = 1;
	for (size_t i = 0; i < count; i++) {
		o->address = job_alias(j, address, suffixes[i]);
		if (job_pack(j, o) < 0)
			return -1;
	}
	return 0;
}

/* All addresses of a withdrawn document say so. */
static int
pack_gone(struct job *j)
{
	struct slice why = j->doc->art.fm.summary.text;
	char day[DATE_DAY_BYTES + 1];
	struct output o = { .kind = STORE_GONE, .lang = j->doc->lang };
	const char *text;

	date_format_day(&j->doc->art.fm.withdrawn, day);
	/* The summary says why; a reply's line has no room for more. */
	text = arena_printf(&j->s->arena, "%s: %.*s (%s)%s%.*s",
	    j->words->word[WORD_WITHDRAWN], SLICE_FMT(j->doc->art.title), day,
	    why.len ? ". " : "", SLICE_FMT(why));
	if (!text)
		return err_memory(j->err);
	o.body = slice_cstr(text);
	for (int k = 0; k < 2; k++) {
		o.protocol = k ? 'o' : 'g';
		o.gopher_type = k ? '0' : 0;
		if (pack_all_forms(j, j->doc->address, &o) < 0)
			return -1;
		for (size_t i = 0; i < j->doc->alias_count; i++)
			if (pack_all_forms(j, j->doc->aliases[i], &o) < 0)
				return -1;
	}
	return 0;
}

/* A link of the front matter that may not be shown. */
static int
note_unshown(struct job *j, struct md_node *block, const struct fm_text *path)
{
	struct md_node *n =
	    md_add_link(&j->s->arena, block, path->text, path->text);

	if (!n)
		return err_memory(j->err);
	n->line = path->line;
	n->column = path->column;
	return 0;
}

/*
 * The foot links to translations, and attachments that are not there are not
 * shown; what leads nowhere is told here.  Leaves the others in *art.
 */
static int
check_unshown(struct job *j, struct article *art)
{
	struct frontmatter *fm = &art->fm;
	struct md_node *block = md_add(&j->s->arena, NULL, MD_PARAGRAPH);
	struct fm_file *kept =
	    arena_calloc(&j->s->arena, fm->attachment_count + 1, sizeof(*kept));
	size_t count = 0;

	if (!block || !kept)
		return err_memory(j->err);
	for (size_t i = 0; i < fm->translation_count; i++)
		if (note_unshown(j, block, &fm->translations[i].path) < 0)
			return -1;
	for (size_t i = 0; i < fm->attachment_count; i++) {
		const struct fm_file *f = &fm->attachments[i];
		struct render_target to;

		links_resolve(&j->links, f->file.text, false, &to);
		if (to.kind != RENDER_NO_TARGET)
			kept[count++] = *f;
		else if (note_unshown(j, block, &f->file) < 0)
			return -1;
	}
	fm->attachments = kept;
	fm->attachment_count = count;
	return links_check(&j->links, block, &j->diag, &j->s->deps, j->err);
}

static int
compose(struct job *j)
{
	struct article art = j->doc->art;
	struct head h = { .art = &art,
		.catalog = &j->site->catalog,
		.words = j->words,
		.lang = j->doc->lang,
		.has_foot = true };
	struct md_node *tree = j->document.tree;

	j->body_first = tree->first;
	j->body_last = tree->last;
	if (check_unshown(j, &art) < 0)
		return -1;
	if (head_add(&j->s->arena, tree, &h) < 0 ||
	    head_add_tail(&j->s->arena, tree, &h) < 0)
		return err_memory(j->err);
	return links_check(&j->links, tree, &j->diag, &j->s->deps, j->err);
}

static int
convert(struct job *j, struct slice given, bool words_only)
{
	struct scratch *c = j->s;
	struct doc *d = j->doc;
	struct document_opts opts = { .file = d->source->file->path.ptr,
		.diag = &j->diag,
		.whole = true,
		.promote = PROMOTE_ALWAYS,
		.again = true,
		.head = &d->art.fm };
	struct hash hash;

	if (d->is_withdrawn)
		return pack_gone(j);
	if (given.len) {
		buf_add(&c->bytes, given);
	} else if (io_read_below(j->site->content_fd, opts.file, SOURCE_MAX,
		       &c->bytes, NULL, j->err) < 0 ||
	    hash_of(buf_slice(&c->bytes), &hash) < 0) {
		return -1;
	} else if (memcmp(hash.b, d->art.source.b, sizeof(hash.b)) != 0) {
		return err_at(
		    j->err, opts.file, 0, 0, "changed during the build");
	}
	if (document_parse(&c->arena, buf_slice(&c->bytes), &opts, &j->document,
		j->err) < 0 ||
	    job_add_words(j) < 0)
		return -1;
	if (words_only)
		return 0;
	if (compose(j) < 0 || job_read_replies(j) < 0)
		return -1;
	if (sheets_pack(j) < 0 || pack_source(j) < 0 || pack_aliases(j) < 0 ||
	    job_pack_reply(j) < 0)
		return -1;
	return pack_files(j);
}

static void
prepare(struct scratch *c)
{
	struct buf *all[] = { &c->bytes, &c->page, &c->other, &c->messages,
		&c->deps, &c->words, &c->record };

	if (!c->is_ready) {
		arena_init(&c->arena, (size_t)512 << 20);
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			buf_init(all[i], PAGE_MAX);
		c->messages.max = MESSAGES_MAX;
		c->is_ready = true;
	}
	arena_reset(&c->arena);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_clear(all[i]);
}

/* Of a document that was converted by an earlier build. */
static bool
is_in_parts(const struct job *j)
{
	struct slice keys, key;
	struct unit u;

	if (unit_decode(j->doc->source->unit, &u) < 0)
		return false;
	keys = u.keys;
	while (unit_next(&keys, &key))
		if (slice_starts(key, SLICE_LIT("g")) &&
		    slice_ends(key, SLICE_LIT("/all.gmi")))
			return true;
	return false;
}

static void
work(void *ctx, size_t job, struct slice given, struct buf *reply)
{
	struct converting *c = ctx;
	struct err e = ERR_INIT;
	struct scratch *s = &c->s;
	struct job j = { .s = s,
		.site = c->site,
		.doc = c->stale[job],
		.err = &e,
		.outputs = reply };
	struct slice address;
	uint64_t outputs;
	int rc = -1;

	prepare(s);
	j.diag = (struct diag){ .sink = messages_pack, .ctx = &s->messages };
	j.words = words_in(c->site, j.doc->lang);
	address = job_address(&j, j.doc->address, ".gmi");
	links_init(&j.links, c->site, j.doc, address, j.words);
	rc = convert(&j, given, job >= c->count);
	if (job >= c->count) {
		j.size = j.doc->size;
		j.in_parts = is_in_parts(&j);
	}
	if (rc == 0 && !j.doc->is_withdrawn && searching_is_wanted(c->site))
		rc = job_pack_words(&j, &s->record);
	if (rc < 0)
		diag_err(&j.diag, DIAG_ERROR, &e);
	links_release(&j.links);
	s->messages.failed = false;
	if (rc < 0)
		buf_clear(reply);
	outputs = reply->len;
	pack_number(reply, rc == 0);
	pack_number(reply, j.size);
	pack_number(reply, j.word_count);
	pack_slice(reply, buf_slice(&s->messages));
	pack_slice(reply, buf_slice(&s->deps));
	pack_slice(reply, rc == 0 ? buf_slice(&s->record) : SLICE_NONE);
	buf_add_mem(reply, &outputs, sizeof(outputs));
}

/* --- in the parent ------------------------------------------------------- */

/* Takes the outputs off a reply; -1 where their length cannot be. */
static int
take_outputs(struct slice *reply, struct slice *out)
{
	uint64_t len;

	if (reply->len < sizeof(len))
		return -1;
	reply->len -= sizeof(len);
	memcpy(&len, reply->ptr + reply->len, sizeof(len));
	if (len > reply->len)
		return -1;
	*out = slice_upto(*reply, (size_t)len);
	*reply = slice_from(*reply, (size_t)len);
	return 0;
}

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
	struct output_unit u = { .before = s->unit, .doc = d };
	struct slice messages, record;
	struct unpack in = { .failed = take_outputs(&reply, &u.outputs) < 0 };
	const char *name;
	bool sound;

	in.rest = reply;
	sound = unpack_number(&in) == 1;
	u.size = unpack_number(&in);
	u.words = unpack_number(&in);
	messages = unpack_slice(&in);
	u.deps = unpack_slice(&in);
	record = unpack_slice(&in);
	if (in.failed)
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	/* All else is as it was, and was told then. */
	if (job >= c->count)
		return sound ? searching_put(c->site, s, record, e) : 0;
	if (add_messages(c->site, s, messages, e) < 0)
		return -1;
	if (!sound)
		return refuse(c, s, e);
	build_progress(c->site->opts, "converting", ++c->site->converted);
	name = arena_join(&c->site->arena, SLICE_LIT("d/"), s->file->path);
	if (!name || plan_digest(c->site, d, &u.digest) < 0 ||
	    plan_deps_digest(c->site, d, u.deps, &u.deps_digest) < 0)
		return err_memory(e);
	u.name = slice_cstr(name);
	if (output_put(c->site, &u, &s->unit, e) < 0)
		return -1;
	d->size = u.size;
	d->words = u.words;
	s->is_done = true;
	return searching_put(c->site, s, record, e);
}

static int
lost(void *ctx, size_t job, const char *why, struct err *e)
{
	struct converting *c = ctx;
	struct source *s = c->stale[job]->source;
	struct err said;

	if (job >= c->count)
		return 0;
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
	d->words = u.words;
	if (plan_is_as_before(site, d)) {
		*stale = false;
		return 0;
	}
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
		if (output_drop(site, slice_cstr(name), s->unit, e) < 0 ||
		    searching_drop(site, s->file->path, e) < 0)
			return -1;
		s->unit = SLICE_NONE;
		s->is_done = false;
	}
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;

	return slice_cmp(x->source->file->path, y->source->file->path);
}

/*
 * Where the search index begins anew: adds the documents that it lacks and
 * that need not be converted; how many.
 */
static size_t
add_unindexed(struct converting *c)
{
	const struct site *site = c->site;
	size_t words = 0;

	if (!searching_wants_all(c->site, c->count))
		return 0;
	for (size_t i = 0; i < site->doc_count; i++) {
		struct doc *d = site->docs[i];

		if (d->is_withdrawn || d->source->is_indexed ||
		    (c->count &&
			bsearch(&d, c->stale, c->count, sizeof(struct doc *),
			    by_path)))
			continue;
		c->stale[c->count + words++] = d;
	}
	return words;
}

int
convert_documents(struct site *site, bool *again, struct err *e)
{
	static const struct pool_ops ops = {
		.give = give, .work = work, .take = take, .lost = lost
	};
	struct pool_opts opts = { .helpers = site->opts->jobs };
	struct converting c = { .site = site };
	size_t words;

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
			c.stale[c.count++] = site->docs[i];
		/* Now, and not once there are helpers: what is written then is
		 * copied first. */
		else if (pages_show(site, site->docs[i]) < 0)
			return err_memory(e);
	}
	words = add_unindexed(&c);
	if (searching_begin(site, c.count + words, e) < 0 ||
	    pool_run(&opts, &ops, &c, c.count + words, e) < 0)
		return -1;
	*again = c.lost > 0;
	return 0;
}
