/*
 * reader.c: views for one process.
 *
 * A view that nobody uses gives up its snapshot at once (a held snapshot keeps
 * old pages from being reused) but keeps its transaction and its slot among
 * LMDB's readers, so that taking the next view is a store to memory.
 */
#include "base/err.h"
#include "base/mem.h"

#include "store/view_internal.h"

struct store_reader {
	struct store_env env;
	struct store_view *oldest, *newest; /* in use, linked by ->newer */
	struct store_view *spares;          /* reset, linked by ->newer */
	size_t held;
};

struct store_reader *
store_reader_open(const char *dir, struct err *e)
{
	struct store_reader *r = mem_calloc(1, sizeof(*r));

	if (!r) {
		err_memory(e);
		return NULL;
	}
	if (store_env_open(&r->env, dir, 0, false, e) < 0) {
		mem_free(r);
		return NULL;
	}
	return r;
}

void
store_reader_close(struct store_reader *r)
{
	struct store_view *v;

	if (!r)
		return;
	while ((v = r->spares)) {
		r->spares = v->newer;
		store_view_free(v);
	}
	store_env_close(&r->env);
	mem_free(r);
}

int
store_clear_slots(const char *dir)
{
	MDB_env *env;
	int dead = 0;

	if (mdb_env_create(&env))
		return 0;
	if (mdb_env_set_maxreaders(env, STORE_MAX_READERS) ||
	    mdb_env_open(env, dir, MDB_NOTLS | MDB_RDONLY, 0664) ||
	    mdb_reader_check(env, &dead))
		dead = 0;
	mdb_env_close(env);
	return dead;
}

static struct store_view *
spare_view(struct store_reader *r)
{
	struct store_view *v = r->spares;
	MDB_txn *txn;

	if (v) {
		if (mdb_txn_renew(v->txn))
			return NULL;
		r->spares = v->newer;
		store_view_renewed(v);
		return v;
	}
	if (mdb_txn_begin(r->env.env, NULL, MDB_RDONLY, &txn))
		return NULL;
	if (!(v = store_view_new(&r->env, txn))) {
		mdb_txn_abort(txn);
		return NULL;
	}
	v->reader = r;
	return v;
}

struct store_view *
store_reader_view(struct store_reader *r)
{
	struct store_view *v;
	MDB_envinfo info;

	if (r->newest) {
		if (mdb_env_info(r->env.env, &info))
			return NULL;
		if (info.me_last_txnid == r->newest->id) {
			r->newest->refs++;
			return r->newest;
		}
	}
	if (!(v = spare_view(r)))
		return NULL;
	v->newer = NULL;
	if (r->newest)
		r->newest->newer = v;
	else
		r->oldest = v;
	r->newest = v;
	r->held++;
	return v;
}

static void
unlink_view(struct store_reader *r, struct store_view *v)
{
	struct store_view **at = &r->oldest, *before = NULL;

	while (*at != v) {
		before = *at;
		at = &(*at)->newer;
	}
	*at = v->newer;
	if (r->newest == v)
		r->newest = before;
	r->held--;
}

void
store_view_drop(struct store_view *v)
{
	struct store_reader *r;

	if (!v || --v->refs)
		return;
	if (!(r = v->reader)) {
		store_view_free(v);
		return;
	}
	unlink_view(r, v);
	mdb_txn_reset(v->txn);
	v->newer = r->spares;
	r->spares = v;
}

size_t
store_reader_held(const struct store_reader *r)
{
	return r->held;
}

struct store_view *
store_reader_oldest(struct store_reader *r)
{
	return r->oldest;
}
