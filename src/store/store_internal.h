/*
 * store_internal.h: how the store lies in LMDB; for store/ alone.
 *
 * Databases of the one environment:
 *	pages	key -> record (record.c)
 *	bodies	SHA-256 -> body, or SHA-256 and a 4-byte number (most
 *		significant byte first) -> chunk
 *	refs	SHA-256 -> how many pages show that body, 4 bytes.  0: put, and
 *		not yet named by a page
 *	state	the publisher's records
 *	meta	"format", "edition", "search", "staged"
 * Numbers are little-endian unless said otherwise.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include <lmdb.h>

#include "store/store.h"

struct buf;

enum {
	STORE_FORMAT = 1, /* of all the above */
	STORE_MAX_READERS = 1024,
	STORE_RECORD_FIXED = 48, /* bytes before the strings */
	STORE_RECORD_MAX = STORE_RECORD_FIXED + 2 * 255, /* bytes */
	STORE_CHUNK_KEY_BYTES = HASH_BYTES + 4,
	STORE_META_EDITION_BYTES = 16, /* number and time */
};

struct store_env {
	MDB_env *env;
	MDB_dbi pages, bodies, refs, state, meta;
	char *dir;
};

/* A record's bytes for an entry and back; decode -1: not a record of ours. */
size_t store_record_encode(
    const struct store_entry *entry, unsigned char out[STORE_RECORD_MAX]);
int store_record_decode(struct slice record, struct store_entry *entry);

uint32_t store_get_u32(const void *p);
uint64_t store_get_u64(const void *p);
void store_set_u32(void *p, uint32_t v);
void store_set_u64(void *p, uint64_t v);

/* The key of chunk `number` of the body with `hash`. */
void store_chunk_key(const struct hash *hash, uint32_t number,
    unsigned char key[STORE_CHUNK_KEY_BYTES]);

/* Makes the folder and those above it that are missing; -1 and *e. */
int store_make_dir(const char *dir, struct err *e);

/*
 * Opens the environment in `dir` (copied); with `write` makes what is
 * missing in the folder.
 * -1 and *e on failure.
 */
int store_env_open(struct store_env *env, const char *dir, uint64_t map_bytes,
    bool write, struct err *e);
void store_env_close(struct store_env *env);

/* Fills *e for LMDB's result `rc`; returns -1. */
int store_fail(
    struct err *e, const char *what, const struct store_env *env, int rc);

/* A view over a read transaction that the view then owns; NULL on failure. */
struct store_view *store_view_new(struct store_env *env, MDB_txn *txn);
void store_view_free(struct store_view *v);

static inline MDB_val
store_val(struct slice s)
{
	/* LMDB does not write through a key or a value to be put. */
	union {
		const char *in;
		void *out;
	} p = { .in = s.ptr };

	return (MDB_val){ s.len, p.out };
}

static inline struct slice
store_slice(MDB_val v)
{
	return slice_make(v.mv_data, v.mv_size);
}

#endif
