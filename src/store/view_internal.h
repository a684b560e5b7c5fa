/*
 * view_internal.h: the inside of a view, for the reader and the writer.
 */
#ifndef STORE_VIEW_INTERNAL_H
#define STORE_VIEW_INTERNAL_H

#include "store/store_internal.h"

struct store_view {
	struct store_env *env;
	struct store_reader *reader; /* NULL: the writer's own view */
	struct store_view *newer;    /* in the reader's list, or its spares */
	MDB_txn *txn;
	size_t refs;
	size_t id; /* LMDB's number of the last transaction it sees */
	uint64_t edition;
	int64_t time_s;
};

/* After mdb_txn_renew: one reference, and the edition it now shows. */
void store_view_renewed(struct store_view *v);

#endif
