/*
 * The publisher's records in the store, read in the order of their keys beside
 * the tree, which is sorted the same way:
 *
 *	f/PATH	  what is known of a file: stamp, and what was read
 *	u/d/PATH  what became of a document: digest, dependencies, keys
 *	u/f/PATH  the same of a shared file
 *	u/i/NAME  the same of an index
 */
#include <time.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/pack.h"
#include "store/store.h"

#include "site/site_internal.h"

enum {
	RECORD_VERSION = 2, /* of the form of records */
	/* A file may change again without its times showing it. */
	FINE_NS = 20 * 1000 * 1000,
	COARSE_NS = 2000 * 1000 * 1000,
};

struct merge {
	struct site *site;
	size_t at;   /* the first source not below the key */
	size_t skip; /* bytes of the key before the path */
	struct err *err;
};

/* --- units --------------------------------------------------------------- */

int
unit_decode(struct slice bytes, struct unit *out)
{
	struct unpack in = { .rest = bytes };

	if (unpack_number(&in) != RECORD_VERSION)
		return -1;
	out->digest = unpack_hash(&in);
	out->deps_digest = unpack_hash(&in);
	out->size = unpack_number(&in);
	out->deps = unpack_slice(&in);
	out->keys = unpack_slice(&in);
	/* Records of earlier builds end here. */
	out->words = in.rest.len ? unpack_number(&in) : 0;
	return in.failed || in.rest.len ? -1 : 0;
}

void
unit_encode(struct buf *out, const struct unit *u)
{
	pack_number(out, RECORD_VERSION);
	pack_hash(out, &u->digest);
	pack_hash(out, &u->deps_digest);
	pack_number(out, u->size);
	pack_slice(out, u->deps);
	pack_slice(out, u->keys);
	pack_number(out, u->words);
}

bool
unit_next(struct slice *packed, struct slice *out)
{
	struct unpack in = { .rest = *packed };

	if (!packed->len)
		return false;
	*out = unpack_slice(&in);
	*packed = in.rest;
	return !in.failed;
}

/* --- files --------------------------------------------------------------- */

void
records_pack_file(struct buf *out, const struct source *s)
{
	pack_hash(out, &s->hash);
	pack_slice(out, s->media);
}

int
records_open_file(struct source *s)
{
	struct unpack in = { .rest = s->payload };

	s->hash = unpack_hash(&in);
	s->media = unpack_slice(&in);
	return in.failed || in.rest.len ? -1 : 0;
}

static void
pack_source(struct buf *out, const struct source *s)
{
	pack_number(out, RECORD_VERSION);
	pack_number(out, s->kind);
	pack_number(out, s->stamp.size);
	pack_number(out, s->stamp.inode);
	pack_signed(out, s->stamp.mtime_ns);
	pack_signed(out, s->stamp.ctime_ns);
	pack_signed(out, s->looked_ns);
	pack_slice(out, s->payload);
}

int64_t
records_now_ns(void)
{
	struct timespec ts;

	/* The clock that file systems stamp with. */
	if (clock_gettime(CLOCK_REALTIME_COARSE, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

bool
records_is_racy(const struct io_stamp *stamp, int64_t looked_ns)
{
	int64_t grain = stamp->mtime_ns % 1000000 ? FINE_NS : COARSE_NS;

	return stamp->mtime_ns + grain > looked_ns ||
	    stamp->ctime_ns + grain > looked_ns;
}

/* Takes over what a record says of the file `s`, if it can. */
static void
open_source(struct source *s, struct slice record)
{
	struct unpack in = { .rest = record };
	struct io_stamp stamp;
	struct slice payload;
	int64_t looked_ns;

	if (unpack_number(&in) != RECORD_VERSION ||
	    unpack_number(&in) != s->kind)
		return;
	stamp.size = unpack_number(&in);
	stamp.inode = unpack_number(&in);
	stamp.mtime_ns = unpack_signed(&in);
	stamp.ctime_ns = unpack_signed(&in);
	looked_ns = unpack_signed(&in);
	payload = unpack_slice(&in);
	if (in.failed || in.rest.len)
		return;
	s->payload = s->old_payload = payload;
	s->stamp = stamp;
	s->looked_ns = looked_ns;
	s->stale = !io_stamp_eq(&stamp, &s->file->stamp) ||
	    records_is_racy(&stamp, looked_ns);
	if (s->kind == SOURCE_FILE && records_open_file(s) < 0)
		s->stale = true;
}

static int
delete_state(struct site *site, struct slice key, struct err *e)
{
	return store_state_put(site->store, key, SLICE_NONE, e);
}

/* The source that a record's key names; NULL: the file is no more. */
static struct source *
match(struct merge *m, struct slice key)
{
	struct slice path = slice_from(key, m->skip);

	while (m->at < m->site->source_count) {
		struct source *s = &m->site->sources[m->at];
		int order = slice_cmp(s->file->path, path);

		if (order == 0)
			return s;
		if (order > 0)
			return NULL;
		m->at++;
	}
	return NULL;
}

static int
load_source(void *ctx, struct slice key, struct slice value)
{
	struct merge *m = ctx;
	struct source *s = match(m, key);

	if (!s)
		return delete_state(m->site, key, m->err) < 0 ? -1 : 0;
	open_source(s, value);
	return 0;
}

static int
load_unit(void *ctx, struct slice key, struct slice value)
{
	struct merge *m = ctx;
	struct source *s = match(m, key);
	struct unit u;

	if (s && s->kind != SOURCE_FILE) {
		s->unit = value;
		return 0;
	}
	if (unit_decode(value, &u) == 0)
		buf_add(&m->site->dropped, u.keys);
	if (searching_drop(m->site, slice_from(key, m->skip), m->err) < 0)
		return -1;
	return delete_state(m->site, key, m->err) < 0 ? -1 : 0;
}

static int
load_file_unit(void *ctx, struct slice key, struct slice value)
{
	struct merge *m = ctx;
	struct source *s = match(m, key);
	struct unit u;

	if (s && s->kind == SOURCE_FILE) {
		s->unit = value;
		return 0;
	}
	if (unit_decode(value, &u) == 0)
		buf_add(&m->site->dropped, u.keys);
	return delete_state(m->site, key, m->err) < 0 ? -1 : 0;
}

static enum source_kind
kind_of(struct slice path)
{
	bool is_md = slice_ends(path, SLICE_LIT(".md")) ||
	    slice_ends(path, SLICE_LIT(".markdown"));

	if (is_md && slice_starts(path, SLICE_LIT("articles/")))
		return SOURCE_ARTICLE;
	if (is_md && slice_starts(path, SLICE_LIT("pages/")))
		return SOURCE_PAGE;
	return SOURCE_FILE;
}

static int
load_each(struct site *site, struct slice prefix,
    int (*each)(void *, struct slice, struct slice), struct err *e)
{
	struct merge m = { .site = site, .skip = prefix.len, .err = e };

	*e = ERR_INIT;
	if (!store_state_each(site->store, prefix, each, &m))
		return 0;
	if (e->kind == ERR_NONE)
		err_set(e, ERR_CORRUPT, "the store's records cannot be read");
	return -1;
}

int
records_load(struct site *site, struct err *e)
{
	site->source_count = site->tree.count;
	site->sources = arena_calloc(
	    &site->arena, site->source_count + 1, sizeof(*site->sources));
	if (!site->sources)
		return err_memory(e);
	for (size_t i = 0; i < site->source_count; i++) {
		struct source *s = &site->sources[i];

		s->file = &site->tree.files[i];
		s->kind = kind_of(s->file->path);
		s->stale = true;
	}
	if (!site->store)
		return 0;
	if (load_each(site, SLICE_LIT("f/"), load_source, e) < 0 ||
	    load_each(site, SLICE_LIT("u/d/"), load_unit, e) < 0 ||
	    load_each(site, SLICE_LIT("u/f/"), load_file_unit, e) < 0)
		return -1;
	return 0;
}

int
records_put_source(struct site *site, const struct source *s, struct err *e)
{
	struct buf key, value;
	int rc;

	if (!site->store)
		return 0;
	buf_init(&key, STORE_KEY_MAX);
	buf_init(&value, (size_t)16 << 20);
	buf_add_cstr(&key, "f/");
	buf_add(&key, s->file->path);
	pack_source(&value, s);
	rc = buf_failed(&key) || buf_failed(&value)
	    ? err_memory(e)
	    : store_state_put(
		  site->store, buf_slice(&key), buf_slice(&value), e);
	buf_release(&key);
	buf_release(&value);
	return rc;
}
