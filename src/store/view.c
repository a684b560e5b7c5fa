/*
 * view.c: one edition, held still by an LMDB read transaction, and the looking
 * up in it.
 */
#include "base/mem.h"

#include "store/view_internal.h"

/* Reads the edition's number and time; absent before the first publish. */
static void
load_edition(struct store_view *v)
{
	MDB_val key = store_val(SLICE_LIT("edition")), val;

	v->edition = 0;
	v->time_s = 0;
	if (mdb_get(v->txn, v->env->meta, &key, &val) == 0 &&
	    val.mv_size == STORE_META_EDITION_BYTES) {
		v->edition = store_get_u64(val.mv_data);
		v->time_s =
		    (int64_t)store_get_u64((const char *)val.mv_data + 8);
	}
}

struct store_view *
store_view_new(struct store_env *env, MDB_txn *txn)
{
	struct store_view *v = mem_calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->env = env;
	v->txn = txn;
	v->refs = 1;
	v->id = mdb_txn_id(txn);
	load_edition(v);
	return v;
}

void
store_view_renewed(struct store_view *v)
{
	size_t id = mdb_txn_id(v->txn);

	v->refs = 1;
	if (id == v->id)
		return;
	v->id = id;
	load_edition(v);
}

void
store_view_free(struct store_view *v)
{
	if (!v)
		return;
	mdb_txn_abort(v->txn);
	mem_free(v);
}

uint64_t
store_view_edition(const struct store_view *v)
{
	return v->edition;
}

int64_t
store_view_time(const struct store_view *v)
{
	return v->time_s;
}

enum store_found
store_view_get(struct store_view *v, struct slice key, struct store_entry *out)
{
	MDB_val k, val;
	int rc;

	if (!key.len || key.len > STORE_KEY_MAX)
		return STORE_ABSENT;
	k = store_val(key);
	rc = mdb_get(v->txn, v->env->pages, &k, &val);
	if (rc == MDB_NOTFOUND)
		return STORE_ABSENT;
	if (rc || store_record_decode(store_slice(val), out) < 0)
		return STORE_FAILED;
	return STORE_FOUND;
}

struct slice
store_view_body(struct store_view *v, const struct store_entry *entry,
    uint64_t offset, bool *ok)
{
	unsigned char key[STORE_CHUNK_KEY_BYTES];
	bool chunked = entry->size > STORE_CHUNK_OVER;
	uint64_t number = chunked ? offset / STORE_CHUNK_BYTES : 0;
	uint64_t start = number * STORE_CHUNK_BYTES, want;
	MDB_val k = { chunked ? sizeof(key) : HASH_BYTES, key }, val;

	*ok = true;
	if (offset >= entry->size)
		return SLICE_NONE;
	want = entry->size - start;
	if (chunked && want > STORE_CHUNK_BYTES)
		want = STORE_CHUNK_BYTES;
	store_chunk_key(&entry->hash, (uint32_t)number, key);
	if (mdb_get(v->txn, v->env->bodies, &k, &val) || val.mv_size != want) {
		*ok = false;
		return SLICE_NONE;
	}
	return slice_from(store_slice(val), (size_t)(offset - start));
}

int
store_view_each(struct store_view *v,
    int (*each)(void *ctx, struct slice key, const struct store_entry *entry),
    void *ctx)
{
	struct store_entry entry;
	MDB_cursor *cursor;
	MDB_val key, val;
	int rc, r = 0;

	if (mdb_cursor_open(v->txn, v->env->pages, &cursor))
		return -1;
	while (!(rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT))) {
		if (store_record_decode(store_slice(val), &entry) < 0)
			r = -1;
		else
			r = each(ctx, store_slice(key), &entry);
		if (r)
			break;
	}
	mdb_cursor_close(cursor);
	if (!r && rc != MDB_NOTFOUND)
		r = -1;
	return r;
}

struct slice
store_view_search(struct store_view *v)
{
	MDB_val key = store_val(SLICE_LIT("search")), val;

	if (mdb_get(v->txn, v->env->meta, &key, &val))
		return SLICE_NONE;
	return store_slice(val);
}
