/*
 * history.h: the serials that the publisher keeps, and what the tree was at
 * each of them.
 *
 * A kept serial has an undo list: what to change in the state of the next kept
 * one to have its own, in the form of a manifest, where a file that was not
 * there has a hash of zeros (SYNC_WAS_NOT).  The newest state is the tree
 * itself, so all of this together is as large as what changed.
 */
#ifndef SYNC_HISTORY_H
#define SYNC_HISTORY_H

#include <stdint.h>

#include "base/slice.h"
#include "sync/tree.h"

struct err;
struct store_writer;

enum {
	SYNC_KEPT_MAX = 1024, /* serials at once, a bound against bad records */
	SYNC_FRESH_MAX = 256, /* of them for their age of under a day alone */
};

struct sync_kept {
	uint64_t serial;
	int64_t time_s;
	bool lasting;          /* the last of a day or week, or a snapshot's */
	bool dirty;            /* its undo list is not in the records yet */
	struct sync_tree undo; /* empty for the newest */
	struct sync_tree
	    past; /* all undone from the newest, see history_pasts */
};

struct sync_history {
	struct sync_kept *kept; /* ascending; the last is the newest */
	size_t count, cap;
};

static inline bool
sync_was_not(const struct sync_file *f)
{
	static const struct hash zeros;

	return hash_eq(&f->hash, &zeros);
}

void history_init(struct sync_history *h);
void history_release(struct sync_history *h);

/* Reads the records of `w`; none give an empty history.  0, or -1 and *e. */
int history_load(struct sync_history *h, struct store_writer *w, struct err *e)
    __attribute__((warn_unused_result));

/* Deletes the record of a serial that was dropped. */
int history_forget(struct store_writer *w, uint64_t serial, struct err *e)
    __attribute__((warn_unused_result));

/* Puts the records; those of dropped serials are the caller's. */
int history_save(const struct sync_history *h, struct store_writer *w,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Adds the serial `serial` as the newest; the undo list of the one that was
 * newest so far becomes what leads from `now` back to `before`.
 */
int history_add(struct sync_history *h, uint64_t serial, int64_t time_s,
    const struct sync_tree *before, const struct sync_tree *now, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Drops what need not be kept at `now_s`; `snaps` are the serials of the
 * snapshots.  dropped[i], up to SYNC_KEPT_MAX, receives the serials; how many,
 * or -1 and *e.
 */
int history_prune(struct sync_history *h, int64_t now_s, const uint64_t *snaps,
    size_t snap_count, uint64_t *dropped, struct err *e)
    __attribute__((warn_unused_result));

/* Fills every kept serial's `past`: what differs from the newest state. */
int history_pasts(struct sync_history *h, struct err *e)
    __attribute__((warn_unused_result));

/* The place of `serial` in h->kept, or h->count. */
size_t history_find(const struct sync_history *h, uint64_t serial);

#endif
