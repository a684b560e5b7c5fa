/*
 * publish_internal.h: one run of sync_publish(), shared by its parts.
 */
#ifndef SYNC_PUBLISH_INTERNAL_H
#define SYNC_PUBLISH_INTERNAL_H

#include "base/buf.h"
#include "base/hash.h"
#include "sync/head.h"
#include "sync/history.h"
#include "sync/publish.h"

struct store_view;
struct store_writer;

enum {
	SYNC_SNAPS_MAX = 8, /* at once */
	SYNC_PATH_ROOM = 600,
};

struct sync_snap {
	uint64_t serial;
	int64_t time_s;
	struct hash list;
	uint64_t list_bytes, bytes, parts; /* bytes: of all parts */
};

struct publisher {
	struct store_writer *w;
	struct store_view *view; /* the edition before; NULL: there is none */
	const struct sync_source *src;
	const struct sync_settings *set;
	struct sign_key key;  /* the public half of set->key_pem */
	struct sync_tree old; /* of the last serial */
	struct buf old_head;
	struct sync_head before; /* serial 0: never published */
	struct sync_head now;
	struct sync_history hist;
	struct sync_snap snaps[SYNC_SNAPS_MAX]; /* the newest last */
	size_t snap_count;
};

/* Fills in what is empty; the caller has set w, src and set.  Releases. */
void publisher_init(struct publisher *p);
void publisher_release(struct publisher *p);

/* Reads what was published before: p->before and p->old. */
int publisher_load(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));

/* Puts the files that differ from p->old, and the manifest. */
int publisher_put_tree(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));

/* The content of `f` as it is, or was, in some kept state. */
int publisher_read(struct publisher *p, const struct sync_file *f,
    struct buf *out, struct err *e) __attribute__((warn_unused_result));

/* --- deltas.c ------------------------------------------------------------ */

/*
 * Appends the signed deltas that lead from kept serial number `from` to number
 * `to` (in p->hist, whose pasts are filled).
 */
int publisher_deltas(struct publisher *p, size_t from, size_t to,
    struct buf *out, struct err *e) __attribute__((warn_unused_result));

/* --- snapshot.c ---------------------------------------------------------- */

/* Reads and puts the records of the snapshots. */
int snapshots_load(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));
int snapshots_save(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));

/* Makes a snapshot of the new tree and puts its pages. */
int snapshot_make(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));

/* Deletes the pages of one. */
int snapshot_delete(struct publisher *p, const struct sync_snap *s,
    struct err *e) __attribute__((warn_unused_result));

/* Deletes those that another has replaced for SYNC_GRACE_S. */
int snapshots_prune(struct publisher *p, struct err *e)
    __attribute__((warn_unused_result));

#endif
