/*
 * index.h: the publisher's half: the index of an edition, written beside the
 * store.
 *
 * It is written by a process of its own, so that what it costs runs beside
 * the conversion; the caller hands over records as they come.  A few changes
 * make a small file beside the last base, many a new base; neither touches a
 * file that a server may be reading.  The same documents give the same results
 * to every query, in whatever steps they came.
 *
 * What it does not do: it names nothing in the store; a file that no edition
 * came to name is removed by search_index_sweep().
 */
#ifndef SEARCH_INDEX_H
#define SEARCH_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct err;
struct search_index;

enum {
	SEARCH_NAME_MAX = 96, /* of an edition's index: store_put_search() */
};

/*
 * Begins the index that follows `current` in the folder `dir` (of the store);
 * an empty `current` begins from nothing.  About `changes` records and drops
 * are to come.  NULL and *e on failure.
 */
struct search_index *search_index_start(
    const char *dir, struct slice current, size_t changes, struct err *e);

/* A packed record (record.h), in the place of the last one of its path. */
int search_index_put(struct search_index *x, struct slice record, struct err *e)
    __attribute__((warn_unused_result));
/* The document at `path` is no more; nothing happens if it never was. */
int search_index_drop(struct search_index *x, struct slice path, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Waits until all is written and synced; its name, for the store, NUL-ended.
 * 0, or -1 and *e; `x` is freed in any case.
 */
int search_index_finish(struct search_index *x, char name[SEARCH_NAME_MAX],
    struct err *e) __attribute__((warn_unused_result));
/* Leaves nothing behind; NULL is fine. */
void search_index_cancel(struct search_index *x);

/*
 * Whether the index `name` can be followed: its files are there, and no more
 * than half of it is outdated.
 */
bool search_index_is_sound(const char *dir, struct slice name);
/* Removes all files of indexes in `dir` but those that the names name. */
void search_index_sweep(
    const char *dir, struct slice kept, struct slice also_kept);

#endif
