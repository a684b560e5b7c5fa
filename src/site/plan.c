#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/pack.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "site/build.h"
#include "store/store.h"

#include "site/foot.h"
#include "site/site_internal.h"
#include "site/unchanged.h"

/* First parts of addresses that pages cannot have. */
static const char *const reserved[] = { "all", "archive", "articles", "atom",
	"author", "caps", "category", "favicon", "files", "lang", "new",
	"offline", "robots", "search", "series", "tag" };

static void
say(struct site *site, struct source *s, enum diag_level level,
    const struct err *why)
{
	struct buf all;
	struct diag d = { .sink = messages_pack, .ctx = &all };

	buf_init(&all, (size_t)16 << 20);
	buf_add(&all, s->messages);
	diag_err(&d, level, why);
	if (!buf_failed(&all) &&
	    arena_copy(&site->arena, buf_slice(&all), &s->messages) < 0)
		s->messages = SLICE_NONE;
	buf_release(&all);
}

void
plan_say(struct site *site, struct source *s, const struct err *why)
{
	say(site, s, DIAG_ERROR, why);
}

int
plan_refuse(struct site *site, struct source *s, struct err *e)
{
	s->refused = s->is_old = true;
	s->is_done = false;
	if (slice_eq(s->payload, s->old_payload))
		s->payload = SLICE_NONE;
	else
		s->payload = s->old_payload;
	/* A stamp that fits no file: it is read again the next time. */
	s->stamp = (struct io_stamp){ .size = 0 };
	s->looked_ns = 0;
	return records_put_source(site, s, e);
}

/* --- documents ----------------------------------------------------------- */

/* "articles/2026/x.md": "x"; of "articles/x/index.md" the folder's name. */
static struct slice
stem_of(struct slice path)
{
	size_t end = path.len, start;

	while (end && path.ptr[end - 1] != '.')
		end--;
	path = slice_upto(path, end ? end - 1 : path.len);
	for (start = path.len; start && path.ptr[start - 1] != '/';)
		start--;
	if (slice_eq_cstr(slice_from(path, start), "index") && start) {
		struct slice folder = slice_upto(path, start - 1);

		for (start = folder.len; start && folder.ptr[start - 1] != '/';)
			start--;
		if (start)
			return slice_from(folder, start);
		return SLICE_LIT("index");
	}
	return slice_from(path, start);
}

/* Names the kind of fault; returns -1, to be returned on. */
static int
fault(struct err *e, const char *code)
{
	e->code = code;
	return -1;
}

static int
make_slug(struct site *site, struct doc *d, struct err *e)
{
	struct slice path = d->source->file->path;
	char slug[SLUG_MAX + 1];
	size_t len = slug_make(stem_of(path), slug);

	if (!len) {
		err_at(e, path.ptr, 0, 0,
		    "the file name makes no address; give it one: slug: a-z, "
		    "0-9 and hyphens");
		return fault(e, "slug");
	}
	if (arena_copy(&site->arena, slice_make(slug, len), &d->slug) < 0)
		return err_memory(e);
	return 0;
}

static bool
is_one_of(struct slice word, const char *const *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_cstr(word, all[i]))
			return true;
	return false;
}

static bool
is_reserved(struct slice slug)
{
	return is_one_of(
	    slug, reserved, sizeof(reserved) / sizeof(reserved[0]));
}

static int
settle_slug(struct site *site, struct doc *d, struct err *e)
{
	const struct fm_text *given = &d->art.fm.slug;
	bool is_article = d->source->kind == SOURCE_ARTICLE;
	const char *address;

	d->slug = given->text;
	if (!d->slug.len && make_slug(site, d, e) < 0)
		return -1;
	if (!is_article && is_reserved(d->slug)) {
		err_at(e, d->source->file->path.ptr, given->line, given->column,
		    "the address /%.*s is the program's own; give it "
		    "another: slug: ...",
		    SLICE_FMT(d->slug));
		return fault(e, "address-taken");
	}
	address = arena_join(
	    &site->arena, slice_cstr(is_article ? "/articles/" : "/"), d->slug);
	if (!address)
		return err_memory(e);
	d->address = slice_cstr(address);
	return 0;
}

int
plan_settle(struct site *site, struct doc *d, struct err *e)
{
	const struct frontmatter *fm = &d->art.fm;

	d->lang =
	    fm->lang.text.len ? fm->lang.text : catalog_lang(&site->catalog);
	d->is_withdrawn = date_is_set(&fm->withdrawn);
	if (date_is_set(&fm->date)) {
		d->day = (unsigned)fm->date.year * 10000 +
		    fm->date.month * 100 + fm->date.day;
		d->instant_s = date_unix(&fm->date);
	}
	if (!d->art.title.len) {
		err_at(e, d->source->file->path.ptr, 1, 1,
		    "no title: neither in the front matter nor as a heading");
		return fault(e, "no-title");
	}
	if (settle_slug(site, d, e) < 0)
		return -1;
	return terms_settle(site, d, e) < 0 ? fault(e, "term") : 0;
}

/*
 * Where the clock stands before the last edition it is wrong, or was: what was
 * published then stays.
 */
static bool
is_due(struct site *site, const struct source *s, const struct frontmatter *fm)
{
	if (fm->draft && !site->opts->drafts)
		return false;
	if (site->opts->all_dates || !date_is_set(&fm->publish_date) ||
	    date_unix(&fm->publish_date) <= site->opts->now_s)
		return true;
	unchanged_until(site, date_unix(&fm->publish_date));
	return s->unit.len && site->opts->now_s < site->last_s;
}

/* Makes s->doc, or leaves it NULL; a state that is refused gives way. */
static int
make_doc(struct site *site, struct source *s, struct err *e)
{
	s->doc = s->draft = NULL;
	while (s->payload.len) {
		struct doc *d = arena_calloc(&site->arena, 1, sizeof(*d));
		struct err why = ERR_INIT;

		if (!d)
			return err_memory(e);
		d->source = s;
		if (article_decode(&site->arena, s->payload, &d->art) < 0)
			return err_set(e, ERR_CORRUPT,
			    "the record of \"%s\" is damaged",
			    s->file->path.ptr);
		if (!is_due(site, s, &d->art.fm)) {
			s->draft = d;
			return 0;
		}
		if (plan_settle(site, d, &why) == 0) {
			s->doc = d;
			return 0;
		}
		plan_say(site, s, &why);
		capsule_note_loss(site, s);
		if (plan_refuse(site, s, e) < 0)
			return -1;
	}
	return 0;
}

/* --- addresses ----------------------------------------------------------- */

static int
by_address(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = slice_cmp(x->address, y->address);

	if (order)
		return order;
	if (x->is_alias != y->is_alias)
		return x->is_alias ? 1 : -1;
	/* Who was there before goes first, then the order of paths. */
	if (x->doc->source->stale != y->doc->source->stale)
		return x->doc->source->stale ? 1 : -1;
	return slice_cmp(
	    x->doc->source->file->path, y->doc->source->file->path);
}

static void
say_twin(struct site *site, const struct place *p, const struct place *other)
{
	struct err why;

	err_at(&why, p->doc->source->file->path.ptr, p->doc->art.fm.slug.line,
	    p->doc->art.fm.slug.column,
	    "the address %.*s is also the address of %.*s",
	    SLICE_FMT(p->address), SLICE_FMT(other->doc->source->file->path));
	fault(&why, "address-taken");
	plan_say(site, p->doc->source, &why);
}

/*
 * Refuses the later one of two documents at one address; how many, or -1.
 * Without a store nobody knows which is the later one: both are told of.
 */
static int
refuse_twins(struct site *site, struct err *e)
{
	struct place *first = site->places;
	int refused = 0;

	for (size_t i = 1; i < site->place_count; i++) {
		struct place *p = &site->places[i];

		if (!slice_eq(p->address, first->address)) {
			first = p;
			continue;
		}
		say_twin(site, p, first);
		if (!site->store)
			say_twin(site, first, p);
		if (plan_refuse(site, p->doc->source, e) < 0 ||
		    make_doc(site, p->doc->source, e) < 0)
			return -1;
		refused++;
	}
	return refused;
}

struct slice
plan_alias_stem(struct slice alias)
{
	if (alias.len > 1 && alias.ptr[alias.len - 1] == '/')
		alias.len--;
	return alias;
}

/* An alias as an address; false when it can be none. */
static bool
alias_address(struct site *site, struct slice given, struct slice *out)
{
	char decoded[STORE_KEY_MAX];
	const char *text;
	size_t at, len;

	/* Of a whole URL the path counts. */
	for (at = 0; at + 2 < given.len; at++)
		if (!memcmp(given.ptr + at, "://", 3)) {
			given = slice_from(given, at + 3);
			given = slice_from(given, slice_find(given, '/'));
			break;
		}
	for (size_t i = 0; i < given.len; i++)
		if ((unsigned char)given.ptr[i] <= ' ' ||
		    given.ptr[i] == 0x7f || given.ptr[i] == '?' ||
		    given.ptr[i] == '#')
			return false;
	/* "/x", "/x.gmi" and "/x.md" stand for all forms of a page. */
	if (slice_ends(given, SLICE_LIT(".gmi")))
		given.len -= sizeof(".gmi") - 1;
	else if (slice_ends(given, SLICE_LIT(".md")))
		given.len -= sizeof(".md") - 1;
	if (!given.len || given.len + sizeof("/.w40.txt") > STORE_KEY_MAX)
		return false;
	/* As the server asks the store for it: decoded. */
	if (!uri_decode_path(given, decoded, &len) ||
	    !utf8_valid(slice_make(decoded, len)))
		return false;
	text = arena_printf(&site->arena, "%s%.*s",
	    given.ptr[0] == '/' ? "" : "/", (int)len, decoded);
	*out = slice_cstr(text);
	return out->len > 1;
}

/* Whether an index stands at `address`, with or without a slash behind it. */
static bool
is_index(struct site *site, struct slice address)
{
	const char *folder =
	    arena_printf(&site->arena, "%.*s/", SLICE_FMT(address));

	return pages_find(site, address) ||
	    (folder && pages_find(site, slice_cstr(folder)));
}

static bool
is_own_address(struct site *site, struct slice address)
{
	static const char *const ends[] = { ".gmi", ".md", ".txt", "/" };

	if (plan_find_doc(site, address) || is_index(site, address))
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct slice end = slice_cstr(ends[i]);

		if (slice_ends(address, end) &&
		    plan_find_doc(
			site, slice_upto(address, address.len - end.len)))
			return true;
	}
	return false;
}

static bool
has_alias(const struct doc *d, struct slice stem)
{
	for (size_t i = 0; i < d->alias_count; i++)
		if (slice_eq(plan_alias_stem(d->aliases[i]), stem))
			return true;
	return false;
}

/*
 * Whether an alias is what the program itself has or may come to have: its own
 * names at the top, the pages of terms, whatever begins with a dot.
 */
static bool
is_programs(struct slice alias)
{
	static const char *const own[] = { "atom", "caps", "favicon", "help",
		"new", "robots", "search" };
	static const char *const lists[] = { "author", "category", "series",
		"tag" };
	static const char *const folders[] = { "archive", "lang", "offline" };
	struct slice rest = slice_from(alias, 1), first = SLICE_NONE;
	size_t segments = 0;

	while (rest.len) {
		struct slice s = slice_take(&rest, '/');

		if (slice_starts(s, SLICE_LIT(".")))
			return true;
		if (!segments++)
			first = slice_upto(s, slice_find(s, '.'));
	}
	return is_one_of(
		   first, folders, sizeof(folders) / sizeof(folders[0])) ||
	    (segments < 2 &&
		is_one_of(first, own, sizeof(own) / sizeof(own[0]))) ||
	    (segments < 3 &&
		is_one_of(first, lists, sizeof(lists) / sizeof(lists[0])));
}

/* Takes the aliases of `d` that are sound; `all` has room for them. */
static int
add_aliases(struct site *site, struct doc *d, struct place *all, size_t *count,
    struct err *e)
{
	const struct fm_list *given = &d->art.fm.aliases;

	d->aliases =
	    arena_calloc(&site->arena, given->count + 1, sizeof(*d->aliases));
	if (!d->aliases)
		return err_memory(e);
	for (size_t i = 0; i < given->count; i++) {
		const struct fm_text *t = &given->items[i];
		struct slice address, stem;
		struct err why;

		if (alias_address(site, t->text, &address) &&
		    !is_programs(address) &&
		    !is_own_address(site, stem = plan_alias_stem(address))) {
			if (has_alias(d, stem))
				continue;
			all[(*count)++] = (struct place){ stem, d, true };
			d->aliases[d->alias_count++] = address;
			continue;
		}
		err_at(&why, d->source->file->path.ptr, t->line, t->column,
		    "the alias \"%.*s\" is no address, or is taken",
		    SLICE_FMT(t->text));
		fault(&why, "alias");
		say(site, d->source, DIAG_WARNING, &why);
	}
	return 0;
}

/* Where in the front matter of `d` the alias of this stem stands; or NULL. */
static const struct fm_text *
alias_text(struct site *site, const struct doc *d, struct slice stem)
{
	const struct fm_list *given = &d->art.fm.aliases;
	struct slice address;

	for (size_t i = 0; i < given->count; i++)
		if (alias_address(site, given->items[i].text, &address) &&
		    slice_eq(plan_alias_stem(address), stem))
			return &given->items[i];
	return NULL;
}

/* Of two aliases at one address the second is told of and left out. */
static void
drop_twin_aliases(struct site *site)
{
	for (size_t i = 1; i < site->place_count; i++) {
		struct place *p = &site->places[i], *q = p - 1;
		const struct fm_text *t;
		struct err why;
		size_t k = 0;

		if (!slice_eq(p->address, q->address) || p->doc == q->doc)
			continue;
		t = alias_text(site, p->doc, p->address);
		err_at(&why, p->doc->source->file->path.ptr, t ? t->line : 0,
		    t ? t->column : 0, "the alias %.*s is taken by %.*s",
		    SLICE_FMT(p->address),
		    SLICE_FMT(q->doc->source->file->path));
		fault(&why, "alias");
		say(site, p->doc->source, DIAG_WARNING, &why);
		while (k < p->doc->alias_count &&
		    !slice_eq(plan_alias_stem(p->doc->aliases[k]), p->address))
			k++;
		if (k < p->doc->alias_count)
			p->doc->aliases[k] =
			    p->doc->aliases[--p->doc->alias_count];
		p->doc = q->doc;
	}
}

static void
place_docs(struct site *site)
{
	site->place_count = 0;
	for (size_t i = 0; i < site->source_count; i++) {
		struct doc *d = site->sources[i].doc;

		if (d)
			site->places[site->place_count++] =
			    (struct place){ d->address, d, false };
	}
	if (site->place_count)
		qsort(site->places, site->place_count, sizeof(*site->places),
		    by_address);
}

/* The documents by address, until no two have the same. */
static int
settle_addresses(struct site *site, struct err *e)
{
	int refused;

	site->places = arena_calloc(
	    &site->arena, site->source_count + 1, sizeof(*site->places));
	if (!site->places)
		return err_memory(e);
	do {
		place_docs(site);
		if ((refused = refuse_twins(site, e)) < 0)
			return -1;
	} while (refused);
	return 0;
}

/* Aliases take what neither documents nor indexes have. */
static int
settle_aliases(struct site *site, struct err *e)
{
	size_t room = site->place_count + 1, count = site->place_count;
	struct place *all;

	for (size_t i = 0; i < site->doc_count; i++)
		room += site->docs[i]->art.fm.aliases.count;
	if (!(all = arena_calloc(&site->arena, room, sizeof(*all))))
		return err_memory(e);
	if (count)
		memcpy(all, site->places, count * sizeof(*all));
	for (size_t i = 0; i < site->doc_count; i++)
		if (add_aliases(site, site->docs[i], all, &count, e) < 0)
			return -1;
	site->places = all;
	site->place_count = count;
	if (count)
		qsort(all, count, sizeof(*all), by_address);
	drop_twin_aliases(site);
	return 0;
}

/* --- lists --------------------------------------------------------------- */

static int
newest_first(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;

	if (x->day != y->day)
		return x->day > y->day ? -1 : 1;
	if (x->instant_s != y->instant_s)
		return x->instant_s > y->instant_s ? -1 : 1;
	return slice_cmp(x->source->file->path, y->source->file->path);
}

static int
pages_by_address(const void *a, const void *b)
{
	const struct doc *x = *(struct doc *const *)a;
	const struct doc *y = *(struct doc *const *)b;

	return slice_cmp(x->address, y->address);
}

static int
make_lists(struct site *site, struct err *e)
{
	size_t room = site->source_count + 1;

	site->docs = arena_calloc(&site->arena, room, sizeof(struct doc *));
	site->articles = arena_calloc(&site->arena, room, sizeof(struct doc *));
	site->pages = arena_calloc(&site->arena, room, sizeof(struct doc *));
	if (!site->docs || !site->articles || !site->pages)
		return err_memory(e);
	site->doc_count = site->article_count = site->page_count = 0;
	for (size_t i = 0; i < site->source_count; i++) {
		struct doc *d = site->sources[i].doc;

		if (!d)
			continue;
		site->docs[site->doc_count++] = d;
		if (d->is_withdrawn)
			continue;
		if (d->source->kind == SOURCE_ARTICLE)
			site->articles[site->article_count++] = d;
		else
			site->pages[site->page_count++] = d;
	}
	if (site->article_count)
		qsort(site->articles, site->article_count, sizeof(struct doc *),
		    newest_first);
	if (site->page_count)
		qsort(site->pages, site->page_count, sizeof(struct doc *),
		    pages_by_address);
	return 0;
}

/* --- asking -------------------------------------------------------------- */

struct source *
plan_find_source(const struct site *site, struct slice path)
{
	size_t low = 0, high = site->source_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct source *s = &site->sources[mid];
		int order = slice_cmp(s->file->path, path);

		if (order == 0)
			return s;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct doc *
plan_find_doc(const struct site *site, struct slice address)
{
	size_t low = 0, high = site->place_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct place *p = &site->places[mid];
		int order = slice_cmp(p->address, address);

		if (order == 0)
			return p->doc;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

int
plan_digest(const struct site *site, const struct doc *d, struct hash *out)
{
	struct buf in;
	int rc;

	buf_init(&in, (size_t)64 << 20);
	pack_hash(&in, &site->base_hash);
	pack_hash(&in, &d->art.source);
	pack_slice(&in, d->address);
	pack_slice(&in, d->lang);
	pack_number(&in, d->is_withdrawn);
	pack_number(&in, d->alias_count);
	for (size_t i = 0; i < d->alias_count; i++)
		pack_slice(&in, d->aliases[i]);
	foot_digest(d, &in);
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc;
}

int
plan_deps_digest(const struct site *site, const struct doc *d,
    struct slice deps, struct hash *out)
{
	struct slice dep;
	struct buf in;
	int rc;

	buf_init(&in, (size_t)64 << 20);
	while (unit_next(&deps, &dep)) {
		pack_slice(&in, dep);
		links_digest(site, d, dep, &in);
	}
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc;
}

/* --- the map ------------------------------------------------------------- */

/* Whether all that documents show of one another is what it was. */
static bool
has_old_heads(const struct site *site)
{
	for (size_t i = 0; i < site->source_count; i++) {
		const struct source *s = &site->sources[i];

		if (s->kind != SOURCE_FILE &&
		    s->payload.ptr != s->old_payload.ptr &&
		    !slice_eq(
			article_head(s->payload), article_head(s->old_payload)))
			return false;
	}
	return true;
}

static int
hash_map(struct site *site, struct err *e)
{
	struct slice old;
	struct buf in;
	int rc;

	buf_init(&in, (size_t)4 << 30);
	pack_hash(&in, &site->base_hash);
	for (size_t i = 0; i < site->source_count; i++) {
		const struct source *s = &site->sources[i];

		pack_slice(&in, s->file->path);
		pack_number(&in, s->kind);
		if (s->kind == SOURCE_FILE)
			pack_slice(&in, s->payload);
		else
			pack_slice(&in, s->doc ? s->doc->address : SLICE_NONE);
		pack_number(&in, s->doc && s->doc->is_withdrawn);
	}
	for (size_t i = 0; i < site->place_count; i++)
		if (site->places[i].is_alias) {
			pack_slice(&in, site->places[i].address);
			pack_slice(&in, site->places[i].doc->address);
		}
	for (size_t i = 0; i < site->index_count; i++)
		pack_slice(&in, site->indexes[i]->address);
	rc = buf_failed(&in) || hash_of(buf_slice(&in), &site->map_hash) < 0
	    ? err_memory(e)
	    : 0;
	buf_release(&in);
	site->map_is_old = site->store &&
	    store_state_get(site->store, SLICE_LIT("m"), &old) == STORE_FOUND &&
	    slice_eq(old,
		slice_make(
		    (const char *)site->map_hash.b, sizeof(site->map_hash.b)));
	site->heads_are_old = site->map_is_old && has_old_heads(site);
	return rc;
}

bool
plan_is_as_before(const struct site *site, const struct doc *d)
{
	const struct source *s = d->source;

	/* What was made by this build was made by an earlier plan of it. */
	return site->heads_are_old && !s->stale && !s->is_done && s->unit.len;
}

int
plan_keep_map(struct site *site, struct err *e)
{
	if (site->map_is_old)
		return 0;
	return store_state_put(site->store, SLICE_LIT("m"),
	    slice_make(
		(const char *)site->map_hash.b, sizeof(site->map_hash.b)),
	    e);
}

static int
name_docs(struct site *site, struct err *e)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, (size_t)1 << 20);
	for (size_t i = 0; !rc && i < site->source_count; i++) {
		struct doc *d = site->sources[i].doc;

		if (!d)
			continue;
		buf_clear(&text);
		pack_slice(&text, d->address);
		pack_slice(&text, d->art.title);
		pack_slice(&text, d->lang);
		if (buf_failed(&text) ||
		    arena_copy(&site->arena, buf_slice(&text), &d->named) < 0)
			rc = err_memory(e);
	}
	buf_release(&text);
	return rc;
}

int
plan_documents(struct site *site, struct err *e)
{
	for (size_t i = 0; i < site->source_count; i++) {
		struct source *s = &site->sources[i];

		if (s->kind != SOURCE_FILE && make_doc(site, s, e) < 0)
			return -1;
	}
	if (settle_addresses(site, e) < 0 || name_docs(site, e) < 0 ||
	    make_lists(site, e) < 0 || terms_plan(site, e) < 0 ||
	    pages_plan(site, e) < 0 || settle_aliases(site, e) < 0 ||
	    replying_plan(site, e) < 0 || hash_map(site, e) < 0)
		return -1;
	return relate_documents(site, e);
}
