/*
 * writer.c: the publisher's side: bodies ahead, then one switch.
 *
 * Page and state records wait in memory and are applied, sorted by key, in the
 * transaction that makes the new edition.  Bodies go into LMDB at once; when
 * STAGE_BYTES of them are dirty the transaction is committed early, so that
 * memory stays bounded: such bodies have a reference count of 0 and no page
 * names them.  "staged" in meta says that some may be left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include "store/view_internal.h"

enum {
	STAGE_BYTES = 32 * 1024 * 1024,
	LOOKS_MAX = 1024
};

/* A put or (no value) a delete that waits for store_publish(). */
struct change {
	struct slice key, value;
	size_t order; /* of two for one key the later one counts */
};

struct changes {
	struct change *all;
	size_t count, cap;
};

struct store_writer {
	struct store_env env;
	int lock_fd;
	MDB_txn *txn;        /* open write transaction, or NULL */
	MDB_txn *state_txn;  /* snapshot for store_state_get, or NULL */
	size_t staged_bytes; /* bodies put in the open transaction */
	size_t looks;        /* at bodies, since the map was given back */
	size_t fresh;        /* bodies new in this session */
	bool staged;         /* some bodies were committed ahead */
	struct arena arena;  /* bytes of the changes */
	struct changes pages, states;
	struct slice search;
	bool has_search;
	void *map; /* where LMDB has mapped the file, or NULL */
	size_t map_bytes;
};

static int
take_lock(struct store_writer *w, const char *dir, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/publish.lock", dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, ERR_LIMIT, "path of the store is too long");
	w->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
	if (w->lock_fd < 0)
		return err_errno(e, "open", path);
	/*
	 * A lock of this process, not of the descriptor as flock()'s is: the
	 * helpers of a publisher that was killed may outlive it for a moment,
	 * and must not keep the next one out.
	 */
	if (fcntl(w->lock_fd, F_SETLK, &whole) == 0)
		return 0;
	if (errno == EACCES || errno == EAGAIN)
		return err_set(e, ERR_CONFLICT,
		    "another publisher is at work on \"%s\"", dir);
	return err_errno(e, "lock", path);
}

static int
begin(struct store_writer *w, struct err *e)
{
	int rc;

	if (w->txn)
		return 0;
	if ((rc = mdb_txn_begin(w->env.env, NULL, 0, &w->txn)))
		return store_fail(e, "write store", &w->env, rc);
	return 0;
}

static void
rollback(struct store_writer *w)
{
	if (w->txn)
		mdb_txn_abort(w->txn);
	w->txn = NULL;
	w->staged_bytes = 0;
}

static int
commit(struct store_writer *w, struct err *e)
{
	int rc = mdb_txn_commit(w->txn);

	w->txn = NULL;
	w->staged_bytes = 0;
	return rc ? store_fail(e, "write store", &w->env, rc) : 0;
}

static int
put(struct store_writer *w, MDB_dbi dbi, struct slice key, struct slice value,
    struct err *e)
{
	MDB_val k = store_val(key), v = store_val(value);
	int rc = mdb_put(w->txn, dbi, &k, &v, 0);

	return rc ? store_fail(e, "write store", &w->env, rc) : 0;
}

static int
del(struct store_writer *w, MDB_dbi dbi, struct slice key, struct err *e)
{
	MDB_val k = store_val(key);
	int rc = mdb_del(w->txn, dbi, &k, NULL);

	if (rc && rc != MDB_NOTFOUND)
		return store_fail(e, "write store", &w->env, rc);
	return 0;
}

static struct slice
hash_key(const struct hash *h)
{
	return slice_make((const char *)h->b, HASH_BYTES);
}

/* --- bodies -------------------------------------------------------------- */

/*
 * A look at a leaf makes the kernel map its neighbours too: after 80,000 bodies
 * 400 MB were resident so, of pages that the page cache holds anyway.  Every
 * LOOKS_MAX looks they are given back.
 */
static void
note_look(struct store_writer *w)
{
	if (++w->looks < LOOKS_MAX || !w->map)
		return;
	w->looks = 0;
	madvise(w->map, w->map_bytes, MADV_DONTNEED);
}

static int
put_refs(struct store_writer *w, const struct hash *hash, uint32_t refs,
    struct err *e)
{
	char bytes[4];

	store_set_u32(bytes, refs);
	return put(w, w->env.refs, hash_key(hash), slice_make(bytes, 4), e);
}

static int
delete_body(struct store_writer *w, const struct hash *hash, struct err *e)
{
	unsigned char key[STORE_CHUNK_KEY_BYTES];
	int rc = 0;

	if (del(w, w->env.refs, hash_key(hash), e) < 0 ||
	    del(w, w->env.bodies, hash_key(hash), e) < 0)
		return -1;
	for (uint32_t n = 0; !rc; n++) {
		MDB_val k = { sizeof(key), key };

		store_chunk_key(hash, n, key);
		rc = mdb_del(w->txn, w->env.bodies, &k, NULL);
	}
	return rc == MDB_NOTFOUND ? 0
				  : store_fail(e, "write store", &w->env, rc);
}

/* Deletes each body that no page names. */
static int
sweep(struct store_writer *w, struct err *e)
{
	MDB_cursor *cursor;
	MDB_val key, val;
	struct buf dead;
	int rc, r = -1;

	buf_init(&dead, (size_t)1 << 31);
	if ((rc = mdb_cursor_open(w->txn, w->env.refs, &cursor)))
		return store_fail(e, "write store", &w->env, rc);
	while (!(rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT)))
		if (key.mv_size == HASH_BYTES && val.mv_size == 4 &&
		    !store_get_u32(val.mv_data))
			buf_add(&dead, store_slice(key));
	mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND) {
		store_fail(e, "write store", &w->env, rc);
		goto out;
	}
	if (buf_failed(&dead)) {
		err_memory(e);
		goto out;
	}
	for (size_t at = 0; at < dead.len; at += HASH_BYTES) {
		struct hash hash;

		memcpy(hash.b, dead.ptr + at, HASH_BYTES);
		if (delete_body(w, &hash, e) < 0)
			goto out;
	}
	r = del(w, w->env.meta, SLICE_LIT("staged"), e);
out:
	buf_release(&dead);
	return r;
}

/* What a publisher that died left behind. */
static int
sweep_leftovers(struct store_writer *w, struct err *e)
{
	MDB_val key = store_val(SLICE_LIT("staged")), val;

	if (begin(w, e) < 0)
		return -1;
	if (mdb_get(w->txn, w->env.meta, &key, &val)) {
		rollback(w);
		return 0;
	}
	if (sweep(w, e) < 0) {
		rollback(w);
		return -1;
	}
	return commit(w, e);
}

static int
put_chunks(struct store_writer *w, const struct hash *hash, struct slice body,
    struct err *e)
{
	unsigned char key[STORE_CHUNK_KEY_BYTES];

	for (uint32_t n = 0; body.len; n++) {
		struct slice chunk = slice_upto(body, STORE_CHUNK_BYTES);

		store_chunk_key(hash, n, key);
		if (put(w, w->env.bodies,
			slice_make((const char *)key, sizeof(key)), chunk,
			e) < 0)
			return -1;
		body = slice_from(body, chunk.len);
	}
	return 0;
}

/*
 * Lets go of a snapshot that holds no records, so that none was handed out: as
 * long as one is held, what commits set free cannot be used again (a first
 * build of 100,000 articles left 4 of 11 GB so).
 */
static void
drop_empty_state(struct store_writer *w)
{
	MDB_stat stat;

	if (!w->state_txn || mdb_stat(w->state_txn, w->env.state, &stat) ||
	    stat.ms_entries)
		return;
	mdb_txn_abort(w->state_txn);
	w->state_txn = NULL;
}

/* Commits the bodies put so far, ahead of the pages that will name them. */
static int
stage(struct store_writer *w, struct err *e)
{
	if (put(w, w->env.meta, SLICE_LIT("staged"), SLICE_LIT("1"), e) < 0) {
		rollback(w);
		return -1;
	}
	w->staged = true;
	if (commit(w, e) < 0)
		return -1;
	drop_empty_state(w);
	return 0;
}

int
store_put_body(struct store_writer *w, const struct hash *hash,
    struct slice body, struct err *e)
{
	MDB_val key = store_val(hash_key(hash)), val;
	int rc;

	if (begin(w, e) < 0)
		return -1;
	note_look(w);
	rc = mdb_get(w->txn, w->env.refs, &key, &val);
	if (rc == 0)
		return 0;
	if (rc != MDB_NOTFOUND)
		return store_fail(e, "read store", &w->env, rc);
	if (put_refs(w, hash, 0, e) < 0)
		goto err;
	if (body.len > STORE_CHUNK_OVER) {
		if (put_chunks(w, hash, body, e) < 0)
			goto err;
	} else if (put(w, w->env.bodies, hash_key(hash), body, e) < 0) {
		goto err;
	}
	w->fresh++;
	w->staged_bytes += body.len;
	return w->staged_bytes > STAGE_BYTES ? stage(w, e) : 0;
err:
	rollback(w);
	return -1;
}

/* --- changes that wait --------------------------------------------------- */

static int
add_change(struct store_writer *w, struct changes *c, struct slice key,
    struct slice value, struct err *e)
{
	struct change *at;

	if (!key.len || key.len > STORE_KEY_MAX)
		return err_set(e, ERR_LIMIT,
		    "key of %zu bytes: a key has 1 to %d", key.len,
		    STORE_KEY_MAX);
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 256, bytes;
		struct change *all;

		if (!mem_mul(cap, sizeof(*all), &bytes) ||
		    !(all = mem_realloc(c->all, bytes)))
			return err_memory(e);
		c->all = all;
		c->cap = cap;
	}
	at = &c->all[c->count];
	at->order = c->count;
	at->value = SLICE_NONE;
	if (arena_copy(&w->arena, key, &at->key) < 0 ||
	    (value.len && arena_copy(&w->arena, value, &at->value) < 0))
		return err_memory(e);
	c->count++;
	return 0;
}

static void
forget_changes(struct store_writer *w)
{
	w->pages.count = w->states.count = 0;
	w->has_search = false;
	arena_reset(&w->arena);
}

int
store_put_page(struct store_writer *w, struct slice key,
    const struct store_entry *entry, struct err *e)
{
	unsigned char record[STORE_RECORD_MAX];
	size_t len;

	if (entry->media.len > 255 || entry->lang.len > 255)
		return err_set(e, ERR_LIMIT,
		    "\"%.*s\": media type or language over 255 bytes",
		    SLICE_FMT(key));
	len = store_record_encode(entry, record);
	return add_change(
	    w, &w->pages, key, slice_make((const char *)record, len), e);
}

int
store_delete_page(struct store_writer *w, struct slice key, struct err *e)
{
	return add_change(w, &w->pages, key, SLICE_NONE, e);
}

int
store_state_put(
    struct store_writer *w, struct slice key, struct slice value, struct err *e)
{
	return add_change(w, &w->states, key, value, e);
}

int
store_put_search(struct store_writer *w, struct slice name, struct err *e)
{
	if (arena_copy(&w->arena, name, &w->search) < 0)
		return err_memory(e);
	w->has_search = true;
	return 0;
}

size_t
store_pending(const struct store_writer *w)
{
	return w->pages.count + w->states.count + (w->has_search ? 1 : 0);
}

/* --- the publisher's records --------------------------------------------- */

static MDB_txn *
state_txn(struct store_writer *w)
{
	if (!w->state_txn &&
	    mdb_txn_begin(w->env.env, NULL, MDB_RDONLY, &w->state_txn))
		w->state_txn = NULL;
	return w->state_txn;
}

enum store_found
store_state_get(struct store_writer *w, struct slice key, struct slice *value)
{
	MDB_txn *txn = state_txn(w);
	MDB_val k, v;
	int rc;

	if (!key.len || key.len > STORE_KEY_MAX)
		return STORE_ABSENT;
	if (!txn)
		return STORE_FAILED;
	k = store_val(key);
	rc = mdb_get(txn, w->env.state, &k, &v);
	if (rc)
		return rc == MDB_NOTFOUND ? STORE_ABSENT : STORE_FAILED;
	*value = store_slice(v);
	return STORE_FOUND;
}

int
store_state_each(struct store_writer *w, struct slice prefix,
    int (*each)(void *ctx, struct slice key, struct slice value), void *ctx)
{
	MDB_txn *txn = state_txn(w);
	MDB_val key = store_val(prefix), val;
	MDB_cursor *cursor;
	int rc, r = 0;

	if (!txn || mdb_cursor_open(txn, w->env.state, &cursor))
		return -1;
	rc = mdb_cursor_get(
	    cursor, &key, &val, prefix.len ? MDB_SET_RANGE : MDB_FIRST);
	while (!rc && slice_starts(store_slice(key), prefix)) {
		if ((r = each(ctx, store_slice(key), store_slice(val))))
			break;
		rc = mdb_cursor_get(cursor, &key, &val, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (!r && rc && rc != MDB_NOTFOUND)
		r = -1;
	return r;
}

/* --- publishing ---------------------------------------------------------- */

static int
change_cmp(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int r = slice_cmp(x->key, y->key);

	if (r)
		return r;
	return x->order < y->order ? -1 : 1;
}

/* What the publishing transaction has seen and done. */
struct tally {
	size_t written;     /* what readers see: pages and the search index */
	size_t noted;       /* the publisher's own records */
	size_t adopted;     /* bodies whose count left 0 */
	struct buf orphans; /* hashes whose count came to 0 */
};

static int
shift_refs(struct store_writer *w, const struct hash *hash, int by,
    struct tally *t, struct err *e)
{
	MDB_val key = store_val(hash_key(hash)), val;
	uint32_t refs;
	int rc;

	note_look(w);
	rc = mdb_get(w->txn, w->env.refs, &key, &val);
	if (rc || val.mv_size != 4)
		return err_set(e, ERR_CORRUPT,
		    "store \"%s\": a page names a body that is not there",
		    w->env.dir);
	refs = store_get_u32(val.mv_data);
	if (by > 0 && refs == 0)
		t->adopted++;
	if (by < 0 && refs <= 1)
		buf_add(&t->orphans, hash_key(hash));
	if (by > 0)
		refs++;
	else if (refs)
		refs--;
	return put_refs(w, hash, refs, e);
}

static bool
is_same(MDB_val old, struct slice value)
{
	return slice_eq(store_slice(old), value);
}

/* Applies one change; *old_hash and *new_hash tell a page's bodies apart. */
static int
apply_page(struct store_writer *w, const struct change *c, struct tally *t,
    struct err *e)
{
	struct store_entry was, is;
	MDB_val key = store_val(c->key), old;
	int rc = mdb_get(w->txn, w->env.pages, &key, &old);
	bool had = rc == 0;

	if (rc && rc != MDB_NOTFOUND)
		return store_fail(e, "read store", &w->env, rc);
	if (had ? is_same(old, c->value) : !c->value.len)
		return 0;
	t->written++;
	if (had && store_record_decode(store_slice(old), &was) < 0)
		return err_set(e, ERR_CORRUPT,
		    "store \"%s\": damaged record of \"%.*s\"", w->env.dir,
		    SLICE_FMT(c->key));
	if (c->value.len &&
	    (store_record_decode(c->value, &is) < 0 ||
		shift_refs(w, &is.hash, 1, t, e) < 0))
		return -1;
	if (had && shift_refs(w, &was.hash, -1, t, e) < 0)
		return -1;
	return c->value.len ? put(w, w->env.pages, c->key, c->value, e)
			    : del(w, w->env.pages, c->key, e);
}

static int
apply_state(struct store_writer *w, const struct change *c, struct tally *t,
    struct err *e)
{
	MDB_val key = store_val(c->key), old;
	int rc = mdb_get(w->txn, w->env.state, &key, &old);

	if (rc && rc != MDB_NOTFOUND)
		return store_fail(e, "read store", &w->env, rc);
	if (rc == 0 ? is_same(old, c->value) : !c->value.len)
		return 0;
	t->noted++;
	return c->value.len ? put(w, w->env.state, c->key, c->value, e)
			    : del(w, w->env.state, c->key, e);
}

static int
apply_all(struct store_writer *w, struct changes *c,
    int (*apply)(struct store_writer *, const struct change *, struct tally *,
	struct err *),
    struct tally *t, struct err *e)
{
	if (c->count)
		qsort(c->all, c->count, sizeof(*c->all), change_cmp);
	for (size_t i = 0; i < c->count; i++) {
		if (i + 1 < c->count &&
		    slice_eq(c->all[i].key, c->all[i + 1].key))
			continue;
		if (apply(w, &c->all[i], t, e) < 0)
			return -1;
	}
	return 0;
}

static int
apply_search(struct store_writer *w, struct tally *t, struct err *e)
{
	MDB_val key = store_val(SLICE_LIT("search")), old;

	if (!w->has_search)
		return 0;
	if (!mdb_get(w->txn, w->env.meta, &key, &old) &&
	    is_same(old, w->search))
		return 0;
	t->written++;
	return put(w, w->env.meta, SLICE_LIT("search"), w->search, e);
}

static int
drop_orphans(struct store_writer *w, const struct tally *t, struct err *e)
{
	if (buf_failed(&t->orphans))
		return err_memory(e);
	for (size_t at = 0; at < t->orphans.len; at += HASH_BYTES) {
		struct hash hash;
		MDB_val key, val;

		memcpy(hash.b, t->orphans.ptr + at, HASH_BYTES);
		key = store_val(hash_key(&hash));
		if (!mdb_get(w->txn, w->env.refs, &key, &val) &&
		    !store_get_u32(val.mv_data) && delete_body(w, &hash, e) < 0)
			return -1;
	}
	return 0;
}

static int
number_edition(struct store_writer *w, int64_t time_s, struct err *e)
{
	MDB_val key = store_val(SLICE_LIT("edition")), val;
	char bytes[STORE_META_EDITION_BYTES];
	uint64_t edition = 0;

	if (!mdb_get(w->txn, w->env.meta, &key, &val) &&
	    val.mv_size == sizeof(bytes))
		edition = store_get_u64(val.mv_data);
	store_set_u64(bytes, edition + 1);
	store_set_u64(bytes + 8, (uint64_t)time_s);
	return put(w, w->env.meta, SLICE_LIT("edition"),
	    slice_make(bytes, sizeof(bytes)), e);
}

static int
publish_changes(
    struct store_writer *w, int64_t time_s, struct tally *t, struct err *e)
{
	if (apply_all(w, &w->pages, apply_page, t, e) < 0 ||
	    apply_all(w, &w->states, apply_state, t, e) < 0 ||
	    apply_search(w, t, e) < 0)
		return -1;
	if (!t->written && !t->noted && !w->fresh && !w->staged) {
		rollback(w);
		return 0;
	}
	if (drop_orphans(w, t, e) < 0)
		return -1;
	/* Bodies that were put and that no page came to name. */
	if (w->fresh != t->adopted
		? sweep(w, e) < 0
		: del(w, w->env.meta, SLICE_LIT("staged"), e) < 0)
		return -1;
	if (t->written && number_edition(w, time_s, e) < 0)
		return -1;
	return commit(w, e);
}

int
store_publish(struct store_writer *w, int64_t time_s, struct err *e)
{
	struct tally t = { 0 };
	int r;

	if (w->state_txn)
		mdb_txn_abort(w->state_txn);
	w->state_txn = NULL;
	if (!store_pending(w) && !w->fresh)
		return 0;
	buf_init(&t.orphans, (size_t)1 << 31);
	r = begin(w, e);
	if (r == 0)
		r = publish_changes(w, time_s, &t, e);
	if (r < 0)
		rollback(w);
	buf_release(&t.orphans);
	forget_changes(w);
	w->fresh = 0;
	w->staged = false;
	return r;
}

/* --- the map in memory ------------------------------------------------- */

/* A line of /proc/self/maps: "start-end perms offset device inode path". */
static void
match_map(struct store_writer *w, const char *line, uint64_t inode)
{
	char *at;
	uintptr_t start = strtoull(line, &at, 16), end = 0;

	if (*at == '-')
		end = strtoull(at + 1, &at, 16);
	for (int field = 0; field < 3 && at; field++)
		at = strchr(at + (*at == ' '), ' ');
	if (!at || end <= start || strtoull(at, NULL, 10) != inode)
		return;
	w->map = (void *)start; /* NOLINT(performance-no-int-to-ptr) */
	w->map_bytes = end - start;
}

/*
 * Finds where LMDB has mapped its file: it tells only for fixed maps, so look
 * the file's inode up among our mappings (Linux; elsewhere nothing is found,
 * and nothing is given back).
 */
static void
find_map(struct store_writer *w)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	mdb_filehandle_t fd;
	char line[PATH_MAX + 128];
	struct stat st;

	if (!maps)
		return;
	if (mdb_env_get_fd(w->env.env, &fd) || fstat(fd, &st) < 0)
		st.st_ino = 0;
	while (st.st_ino && !w->map && fgets(line, sizeof(line), maps))
		match_map(w, line, st.st_ino);
	fclose(maps);
}

/* --- opening and closing ------------------------------------------------- */

struct store_writer *
store_writer_open(const char *dir, uint64_t map_bytes, struct err *e)
{
	struct store_writer *w = mem_calloc(1, sizeof(*w));

	if (!w) {
		err_memory(e);
		return NULL;
	}
	w->lock_fd = -1;
	arena_init(&w->arena, (size_t)1 << 32);
	if (store_make_dir(dir, e) < 0 || take_lock(w, dir, e) < 0 ||
	    store_env_open(&w->env, dir, map_bytes, true, e) < 0 ||
	    sweep_leftovers(w, e) < 0) {
		store_writer_close(w);
		return NULL;
	}
	find_map(w);
	store_clear_stale_readers(w);
	return w;
}

void
store_writer_close(struct store_writer *w)
{
	if (!w)
		return;
	rollback(w);
	if (w->state_txn)
		mdb_txn_abort(w->state_txn);
	mem_free(w->pages.all);
	mem_free(w->states.all);
	arena_release(&w->arena);
	store_env_close(&w->env);
	if (w->lock_fd >= 0)
		close(w->lock_fd);
	mem_free(w);
}

int
store_clear_stale_readers(struct store_writer *w)
{
	int dead = 0;

	return mdb_reader_check(w->env.env, &dead) ? 0 : dead;
}

struct store_view *
store_writer_view(struct store_writer *w, struct err *e)
{
	struct store_view *v;
	MDB_txn *txn;
	int rc = mdb_txn_begin(w->env.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		store_fail(e, "read store", &w->env, rc);
		return NULL;
	}
	if (!(v = store_view_new(&w->env, txn))) {
		mdb_txn_abort(txn);
		err_memory(e);
	}
	return v;
}
