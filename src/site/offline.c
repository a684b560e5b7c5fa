#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/marks.h"
#include "base/mem.h"
#include "base/pack.h"
#include "markdown/node.h"
#include "render/render.h"
#include "site/build.h"
#include "site/bundle.h"
#include "site/offline_text.h"
#include "store/store.h"

#include "site/offline.h"
#include "site/site_internal.h"
#include "site/unchanged.h"

enum {
	OUTPUTS_MAX = SITE_FILE_MAX * 5,
	PAGE_MAX = 64 * 1024 * 1024,
	GEMPUB_META_MAX = 64 * 1024,
	NAME_MAX_BYTES = 8,
	COPIES_A_VOLUME = 2,
};

/* Zip cannot tell of an earlier time: 1980-01-01. */
static const int64_t earliest_s = 315532800;

/* What goes into one copy, in whatever format. */
struct volume {
	char name[NAME_MAX_BYTES]; /* "2026", "all" */
	struct doc **docs;         /* articles, newest first */
	size_t count;
	struct hash digest;
};

/* A page of a volume: where it is, in the capsule and in the copy. */
struct leaf {
	struct slice address; /* "/articles/x.gmi" */
	struct slice key;
};

struct packing {
	struct site *site;
	struct volume *volume;
	struct store_view *view;
	struct arena arena;
	struct leaf *leaves; /* sorted by address */
	size_t leaf_count;
	struct marks marks;
	struct buf storage, body, text, index, meta;
	struct err *err;
};

static const struct format {
	const char *suffix;
	enum bundle_format bundle;
	const char *media;
	bool whole;  /* of all volumes, else of the years */
	bool meta;   /* has gempub's metadata.txt */
	bool folder; /* all stands in one folder */
} formats[] = {
	{ ".tar.gz", BUNDLE_TAR_GZ, "application/gzip", false, false, true },
	{ ".gpub", BUNDLE_ZIP, "application/gpub+zip", false, true, false },
	{ ".zip", BUNDLE_ZIP, "application/zip", true, false, false },
};

static bool
is_whole(const struct volume *v)
{
	return !strcmp(v->name, OFFLINE_WHOLE);
}

/* --- volumes ------------------------------------------------------------- */

static void
pack_doc(struct buf *in, const struct doc *d)
{
	struct unit u;

	pack_slice(in, d->address);
	pack_slice(in, d->art.title);
	pack_number(in, d->day);
	if (unit_decode(d->source->unit, &u) == 0)
		pack_hash(in, &u.digest);
}

static int
digest_volume(const struct site *site, struct volume *v, struct err *e)
{
	struct buf in;
	int rc;

	buf_init(&in, (size_t)1 << 30);
	pack_hash(&in, &site->base_hash);
	pack_slice(&in, slice_cstr(v->name));
	for (size_t i = 0; i < v->count; i++)
		pack_doc(&in, v->docs[i]);
	for (size_t i = 0; is_whole(v) && i < site->page_count; i++)
		pack_doc(&in, site->pages[i]);
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), &v->digest);
	buf_release(&in);
	return rc < 0 ? err_memory(e) : 0;
}

/* One a year, and the whole; NULL and *e when memory ends. */
static struct volume *
list_volumes(struct site *site, size_t *count, struct err *e)
{
	struct volume *all;
	size_t years = 0, n = 0;

	for (size_t i = 0; i < site->article_count; i++)
		years += !i ||
		    site->articles[i]->day / 10000 !=
			site->articles[i - 1]->day / 10000;
	all = arena_calloc(&site->arena, years + 1, sizeof(*all));
	if (!all) {
		err_memory(e);
		return NULL;
	}
	for (size_t i = 0; i < site->article_count && site->articles[i]->day;) {
		unsigned year = site->articles[i]->day / 10000;
		struct volume *v = &all[n++];

		snprintf(v->name, sizeof(v->name), "%04u", year);
		v->docs = site->articles + i;
		for (; i < site->article_count &&
		     site->articles[i]->day / 10000 == year;
		     i++)
			v->count++;
	}
	snprintf(all[n].name, sizeof(all[n].name), OFFLINE_WHOLE);
	all[n].docs = site->articles;
	all[n++].count = site->article_count;
	*count = n;
	for (size_t i = 0; i < n; i++)
		if (digest_volume(site, &all[i], e) < 0)
			return NULL;
	return all;
}

/* The record of the last copy, empty where there is none; is it of `v`? */
static bool
is_made(struct site *site, const struct volume *v, struct slice *record)
{
	char key[sizeof("u/o/") + NAME_MAX_BYTES];
	struct unit u;

	snprintf(key, sizeof(key), "u/o/%s", v->name);
	if (store_state_get(site->store, slice_cstr(key), record) !=
	    STORE_FOUND)
		*record = SLICE_NONE;
	return record->len && unit_decode(*record, &u) == 0 &&
	    !memcmp(u.digest.b, v->digest.b, sizeof(u.digest.b));
}

/* --- what is offered ----------------------------------------------------- */

static int
add_copy(
    struct site *site, struct slice name, struct slice address, uint64_t size)
{
	struct copy *all =
	    arena_calloc(&site->arena, site->copy_count + 1, sizeof(*all));

	if (!all)
		return -1;
	if (site->copy_count)
		memcpy(all, site->copies, site->copy_count * sizeof(*all));
	site->copies = all;
	all += site->copy_count++;
	all->size = size;
	return arena_copy(&site->arena, name, &all->name) < 0 ||
		arena_copy(&site->arena, address, &all->address) < 0
	    ? -1
	    : 0;
}

/* A record keeps the files and their sizes where others keep dependencies. */
static int
add_copies(struct site *site, struct slice name, struct slice record)
{
	struct unpack in;
	struct unit u;

	if (unit_decode(record, &u) < 0)
		return 0;
	for (in.rest = u.deps, in.failed = false; in.rest.len && !in.failed;) {
		struct slice address = unpack_slice(&in);
		uint64_t size = unpack_number(&in);

		if (!in.failed && add_copy(site, name, address, size) < 0)
			return -1;
	}
	return 0;
}

static int
load_one(void *ctx, struct slice key, struct slice record)
{
	return add_copies(ctx, slice_from(key, sizeof("u/o/") - 1), record);
}

static int
by_copy(const void *a, const void *b)
{
	return slice_cmp(((const struct copy *)a)->address,
	    ((const struct copy *)b)->address);
}

static void
sort_copies(struct site *site)
{
	if (site->copy_count)
		qsort(site->copies, site->copy_count, sizeof(*site->copies),
		    by_copy);
}

int
offline_load(struct site *site, struct err *e)
{
	site->copy_count = 0;
	if (store_state_each(site->store, SLICE_LIT("u/o/"), load_one, site))
		return err_set(
		    e, ERR_CORRUPT, "the store's records cannot be read");
	sort_copies(site);
	return 0;
}

static bool
is_due(const struct site *site, int64_t made_s)
{
	/* What was made at a time to come was made by a wrong clock. */
	return site->opts->offline || made_s > site->opts->now_s ||
	    site->opts->now_s - made_s >= OFFLINE_AGE_S;
}

static int
note_time(struct site *site, struct err *e)
{
	struct buf value;
	int rc;

	buf_init(&value, 64);
	pack_signed(&value, site->opts->now_s);
	rc = store_state_put(site->store, SLICE_LIT("o"), buf_slice(&value), e);
	buf_release(&value);
	return rc;
}

int
offline_wanted(struct site *site, struct err *e)
{
	struct slice record;
	struct volume *all;
	size_t count;
	int64_t made_s = site->opts->now_s;

	if (!site->catalog.host.len || !site->article_count)
		return 0;
	if (store_state_get(site->store, SLICE_LIT("o"), &record) ==
	    STORE_FOUND) {
		struct unpack in = { .rest = record };

		made_s = unpack_signed(&in);
	} else if (note_time(site, e) < 0) {
		return -1;
	}
	if (!is_due(site, made_s)) {
		unchanged_until(site, made_s + OFFLINE_AGE_S);
		return 0;
	}
	if (!(all = list_volumes(site, &count, e)))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!is_made(site, &all[i], &record))
			return 1;
	return 0;
}

/* --- the pages of a volume ----------------------------------------------- */

static int
by_address(const void *a, const void *b)
{
	return slice_cmp(((const struct leaf *)a)->address,
	    ((const struct leaf *)b)->address);
}

static size_t
count_keys(const struct doc *d)
{
	struct unit u;
	struct slice key;
	size_t count = 0;

	if (unit_decode(d->source->unit, &u) == 0)
		while (unit_next(&u.keys, &key))
			count++;
	return count;
}

/* The gemtext that a document is, in one page or in parts. */
static void
add_leaves(struct packing *p, const struct doc *d)
{
	struct store_entry entry;
	struct unit u;
	struct slice key;

	if (unit_decode(d->source->unit, &u) < 0)
		return;
	while (unit_next(&u.keys, &key)) {
		struct slice address = slice_from(key, 1);

		if (!slice_starts(key, SLICE_LIT("g/")) ||
		    !slice_ends(key, SLICE_LIT(".gmi")) ||
		    slice_eq_cstr(address, "/index.gmi") ||
		    store_view_get(p->view, key, &entry) != STORE_FOUND ||
		    entry.kind != STORE_PAGE ||
		    !slice_eq_cstr(entry.media, "text/gemini"))
			continue;
		p->leaves[p->leaf_count++] = (struct leaf){ address, key };
	}
}

static int
list_leaves(struct packing *p)
{
	const struct volume *v = p->volume;
	const struct site *site = p->site;
	size_t pages = is_whole(v) ? site->page_count : 0, room = 1;

	for (size_t i = 0; i < v->count; i++)
		room += count_keys(v->docs[i]);
	for (size_t i = 0; i < pages; i++)
		room += count_keys(site->pages[i]);
	p->leaves = arena_calloc(&p->arena, room, sizeof(*p->leaves));
	if (!p->leaves)
		return err_memory(p->err);
	for (size_t i = 0; i < v->count; i++)
		add_leaves(p, v->docs[i]);
	for (size_t i = 0; i < pages; i++)
		add_leaves(p, site->pages[i]);
	qsort(p->leaves, p->leaf_count, sizeof(*p->leaves), by_address);
	return 0;
}

static bool
has_leaf(const struct packing *p, struct slice address)
{
	struct leaf want = { .address = address };

	return p->leaf_count &&
	    bsearch(&want, p->leaves, p->leaf_count, sizeof(want), by_address);
}

/* The lists of the capsule are the index of the copy. */
static struct slice
find_in_copy(void *ctx, struct slice address)
{
	const struct packing *p = ctx;
	struct slice own = address;

	if (has_leaf(p, address))
		return slice_from(address, 1);
	if (slice_eq_cstr(address, "/") ||
	    slice_eq_cstr(address, "/articles/") ||
	    (is_whole(p->volume) && slice_eq_cstr(address, "/archive/")))
		return SLICE_LIT("index.gmi");
	if (!slice_starts(own, SLICE_LIT("/archive/")))
		return SLICE_NONE;
	own = slice_from(own, sizeof("/archive/") - 1);
	if (slice_ends(own, SLICE_LIT("/")) &&
	    slice_eq_cstr(slice_upto(own, own.len - 1), p->volume->name))
		return SLICE_LIT("index.gmi");
	return SLICE_NONE;
}

/* p->text: the page as it stands in the copy. */
static int
read_leaf(struct packing *p, const struct leaf *l)
{
	struct offline_links links = {
		.host = p->site->catalog.host, .find = find_in_copy, .ctx = p
	};
	struct store_entry entry;
	bool ok = true;

	buf_clear(&p->body);
	buf_clear(&p->text);
	if (store_view_get(p->view, l->key, &entry) != STORE_FOUND)
		ok = false;
	for (uint64_t at = 0; ok && at < entry.size;) {
		struct slice part = store_view_body(p->view, &entry, at, &ok);

		marks_fill(&p->body, &p->marks, part);
		at += part.len;
		ok = ok && part.len;
	}
	if (!ok)
		return err_set(p->err, ERR_CORRUPT, "the store is damaged");
	offline_text(&p->text, buf_slice(&p->body), l->address,
	    slice_from(l->address, 1), &links);
	return buf_failed(&p->body) || buf_failed(&p->text) ? err_memory(p->err)
							    : 0;
}

/* --- the index and metadata.txt ------------------------------------------ */

static struct slice
title_of(const struct site *site)
{
	const struct catalog *c = &site->catalog;
	struct slice title = catalog_text(&c->title, catalog_lang(c));

	return title.len ? title : c->host;
}

static void
add_entry(struct packing *p, const struct doc *d)
{
	char address[sizeof("/articles/.gmi") + SLUG_MAX + 1];
	char day[DATE_DAY_BYTES + 1] = "";

	snprintf(address, sizeof(address), "%.*s.gmi", SLICE_FMT(d->address));
	if (!has_leaf(p, slice_cstr(address)))
		return;
	if (d->day)
		date_format_day(&d->art.fm.date, day);
	buf_addf(&p->index, "=> %s %s%s", address + 1, day, d->day ? " " : "");
	buf_add(&p->index, d->art.title);
	buf_add_char(&p->index, '\n');
}

static int
make_index(struct packing *p)
{
	const struct site *site = p->site;
	const struct volume *v = p->volume;

	buf_add_cstr(&p->index, "# ");
	buf_add(&p->index, title_of(site));
	if (!is_whole(v))
		buf_addf(&p->index, ": %s", v->name);
	buf_add_cstr(&p->index, "\n\n");
	for (size_t i = 0; i < v->count; i++) {
		unsigned year = v->docs[i]->day / 10000;

		if (is_whole(v) && year &&
		    (!i || year != v->docs[i - 1]->day / 10000))
			buf_addf(
			    &p->index, "%s## %04u\n\n", i ? "\n" : "", year);
		add_entry(p, v->docs[i]);
	}
	buf_add_char(&p->index, '\n');
	for (size_t i = 0; is_whole(v) && i < site->page_count; i++)
		add_entry(p, site->pages[i]);
	buf_add_cstr(&p->index, "=> gemini://");
	buf_add(&p->index, site->catalog.host);
	buf_add_cstr(&p->index, "/\n");
	return buf_failed(&p->index) ? err_memory(p->err) : 0;
}

/* gempub 1.0.0: lines of key and value. */
static int
make_meta(struct packing *p)
{
	const struct catalog *c = &p->site->catalog;
	const struct volume *v = p->volume;

	buf_add_cstr(&p->meta, "title: ");
	buf_add(&p->meta, title_of(p->site));
	buf_addf(
	    &p->meta, ": %s\ngpubVersion: 1.0.0\nindex: index.gmi\n", v->name);
	buf_addf(&p->meta, "author: %.*s\n", SLICE_FMT(title_of(p->site)));
	buf_addf(&p->meta, "language: %.*s\ncharset: UTF-8\n",
	    SLICE_FMT(catalog_lang(c)));
	if (v->count && v->docs[0]->day) {
		char day[DATE_DAY_BYTES + 1];

		date_format_day(&v->docs[0]->art.fm.date, day);
		buf_addf(
		    &p->meta, "publishDate: %s\npublished: %.4s\n", day, day);
	}
	if (c->licence.len)
		buf_addf(&p->meta, "license: %.*s\n", SLICE_FMT(c->licence));
	return buf_failed(&p->meta) ? err_memory(p->err) : 0;
}

/* --- packing ------------------------------------------------------------- */

static int
add_file(struct packing *p, struct bundle *b, const struct format *f,
    const char *path, struct slice bytes)
{
	const char *whole = path;

	if (f->folder)
		whole = arena_printf(&p->arena, "%s/%s", p->volume->name, path);
	if (!whole)
		return err_memory(p->err);
	return bundle_add(b, whole, bytes, p->err);
}

static int
add_files(struct packing *p, struct bundle *b, const struct format *f)
{
	if (f->meta &&
	    add_file(p, b, f, "metadata.txt", buf_slice(&p->meta)) < 0)
		return -1;
	if (add_file(p, b, f, "index.gmi", buf_slice(&p->index)) < 0)
		return -1;
	for (size_t i = 0; i < p->leaf_count; i++) {
		const struct leaf *l = &p->leaves[i];
		const char *path = arena_strndup(
		    &p->arena, l->address.ptr + 1, l->address.len - 1);

		if (!path)
			return err_memory(p->err);
		if (read_leaf(p, l) < 0 ||
		    add_file(p, b, f, path, buf_slice(&p->text)) < 0)
			return -1;
	}
	return 0;
}

static int64_t
time_of(const struct volume *v)
{
	int64_t time_s = earliest_s;

	if (v->count && v->docs[0]->day)
		time_s = date_unix(&v->docs[0]->art.fm.date);
	/* Zip counts in steps of two seconds. */
	return time_s < earliest_s ? earliest_s : time_s & ~(int64_t)1;
}

/* 0; 1 when the copy would be too large to offer; -1. */
static int
pack(struct packing *p, const struct format *f, struct buf *out)
{
	struct bundle *b;
	struct err end;
	int rc;

	buf_init(out, f->whole ? OFFLINE_WHOLE_MAX : SITE_FILE_MAX);
	b = bundle_begin(out, f->bundle, time_of(p->volume), p->err);
	if (!b)
		return -1;
	rc = add_files(p, b, f);
	if (bundle_end(b, &end) < 0 && rc == 0) {
		*p->err = end;
		rc = -1;
	}
	return rc < 0 && buf_failed(out) ? 1 : rc;
}

/* Packs the outputs of one format for both protocols. */
static int
offer(struct packing *p, const struct format *f, struct buf *outputs,
    struct buf *offered)
{
	struct output o = { .protocol = 'g',
		.kind = STORE_PAGE,
		.gopher_type = '9',
		.media = slice_cstr(f->media),
		.is_raw = true };
	const char *address = arena_printf(
	    &p->arena, OFFLINE_FOLDER "%s%s", p->volume->name, f->suffix);
	struct buf file;
	int rc;

	if (!address)
		return err_memory(p->err);
	rc = pack(p, f, &file);
	if (rc == 0) {
		o.address = slice_cstr(address);
		o.body = buf_slice(&file);
		output_pack(outputs, &o);
		o.protocol = 'o';
		output_pack(outputs, &o);
		pack_slice(offered, o.address);
		pack_number(offered, file.len);
	}
	buf_release(&file);
	return rc < 0 ? -1 : 0;
}

static int
put_volume(struct packing *p, struct slice before)
{
	struct output_unit u = { .before = before,
		.digest = p->volume->digest };
	const char *name = arena_printf(&p->arena, "o/%s", p->volume->name);
	struct slice record = SLICE_NONE;
	struct buf outputs, offered;
	int rc = name ? 0 : err_memory(p->err);

	buf_init(&outputs, OUTPUTS_MAX);
	buf_init(&offered, 4096);
	for (size_t i = 0; !rc && i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].whole == is_whole(p->volume))
			rc = offer(p, &formats[i], &outputs, &offered);
	if (!rc && (buf_failed(&outputs) || buf_failed(&offered)))
		rc = err_memory(p->err);
	u.name = slice_cstr(name);
	u.outputs = buf_slice(&outputs);
	u.deps = buf_slice(&offered);
	if (!rc)
		rc = output_put(p->site, &u, &record, p->err);
	if (!rc) {
		pack_slice(&p->site->put_units, record);
		if (add_copies(p->site, slice_cstr(p->volume->name), record) <
		    0)
			rc = err_memory(p->err);
	}
	buf_release(&outputs);
	buf_release(&offered);
	return rc;
}

static int
make_volume(struct site *site, struct volume *v, struct slice before,
    struct store_view *view, struct err *e)
{
	struct packing p = {
		.site = site, .volume = v, .view = view, .err = e
	};
	struct buf *all[] = { &p.body, &p.text, &p.index, &p.meta };
	char host[256];
	int rc;

	snprintf(host, sizeof(host), "%.*s", SLICE_FMT(site->catalog.host));
	arena_init(&p.arena, (size_t)1 << 30);
	buf_init(&p.storage, 4096);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_init(all[i], PAGE_MAX);
	p.meta.max = GEMPUB_META_MAX;
	rc = marks_make(&p.marks, &p.storage, host, 1965, 70);
	if (rc < 0)
		err_memory(e);
	else if (list_leaves(&p) < 0 || make_index(&p) < 0 ||
	    make_meta(&p) < 0 || put_volume(&p, before) < 0)
		rc = -1;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_release(all[i]);
	buf_release(&p.storage);
	arena_release(&p.arena);
	return rc;
}

struct dropping {
	struct site *site;
	const struct volume *all;
	size_t count;
	struct err *err;
};

/* A year that has no article any more. */
static int
drop_volume(void *ctx, struct slice key, struct slice record)
{
	struct dropping *d = ctx;
	struct slice name = slice_from(key, sizeof("u/o/") - 1);

	for (size_t i = 0; i < d->count; i++)
		if (slice_eq_cstr(name, d->all[i].name))
			return 0;
	return output_drop(
	    d->site, slice_from(key, sizeof("u/") - 1), record, d->err);
}

static int
make_volumes(struct site *site, struct volume *all, size_t count, struct err *e)
{
	struct store_view *view = store_writer_view(site->store, e);
	int rc = 0;

	if (!view)
		return -1;
	site->copy_count = 0;
	for (size_t i = 0; i < count && !rc; i++) {
		struct slice before;

		build_progress(site->opts, "copying", i + 1);
		if (!is_made(site, &all[i], &before))
			rc = make_volume(site, &all[i], before, view, e);
		else if (add_copies(site, slice_cstr(all[i].name), before) < 0)
			rc = err_memory(e);
	}
	store_view_drop(view);
	sort_copies(site);
	return rc;
}

int
offline_make(struct site *site, struct err *e)
{
	struct dropping d = { .site = site, .err = e };
	struct volume *all;

	/* What is published is no longer what the plan says. */
	if (site->converted)
		return 0;
	if (!(all = list_volumes(site, &d.count, e)))
		return -1;
	d.all = all;
	if (make_volumes(site, all, d.count, e) < 0)
		return -1;
	*e = ERR_INIT;
	if (store_state_each(site->store, SLICE_LIT("u/o/"), drop_volume, &d)) {
		if (e->kind == ERR_NONE)
			err_set(e, ERR_CORRUPT,
			    "the store's records cannot be read");
		return -1;
	}
	return note_time(site, e);
}
