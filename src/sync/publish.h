/*
 * publish.h: the publisher's side of the mirrors: what `qasid build` adds to
 * an edition so that others can follow it.
 *
 * Everything is put into the store as pages under "/.sync/" of both protocols,
 * in the transaction of the edition itself, so that heads, deltas and pages
 * change in one step:
 *
 *	since/N       head, and from the kept serial N a delta to a later one
 *	since/0       head
 *	snap/S/list   "tree SHA-256 FILES BYTES", then "SHA-256 SIZE" a part
 *	snap/S/000000 and on: parts of one zstd stream: lines "+ SIZE PATH", an
 *	              empty line, the contents in that order, texts first
 *	manifest      one zstd frame
 *	f/PATH        a file, for repair
 *
 * What only the publisher needs stands in the store's state records under
 * "sync/", and old contents under keys that begin with 's', which no protocol
 * asks for.  So one transaction and one kill -9 rule cover all of it, a body
 * stands once however many serials, pages and protocols share it, and there is
 * no second folder to fall out of step.
 *
 * Kept serials: the last SYNC_LAST, all of the last day, the last of each of
 * SYNC_DAYS days and SYNC_WEEKS weeks, and those of the snapshots.  The last
 * ones get a delta to the newest at each publish; an older one keeps the delta
 * it has for as long as the serial it leads to is kept.
 */
#ifndef SYNC_PUBLISH_H
#define SYNC_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "sync/tree.h"

struct buf;
struct err;
struct store_writer;

enum {
	SYNC_LAST = 32,
	SYNC_DAYS = 31,
	SYNC_WEEKS = 52,
	SYNC_RESIGN_S = 24 * 3600 - 600, /* a daily run is always in time */
	SYNC_VALID_S = 30 * 24 * 3600,
	SYNC_GRACE_S = 24 * 3600, /* nothing is deleted sooner */
	SYNC_PART_BYTES = 256 * 1024,
	SYNC_SNAP_PERCENT = 10, /* a delta over this much of it: a new one */
	SYNC_CONTENT_MAX = 256 << 20, /* bytes of one file */
};

/* What is published: the files of the tree, and a way to read them. */
struct sync_source {
	struct sync_tree *tree; /* is sorted and checked by sync_publish() */
	/* Appends the content of `f`; 0, or -1 and *e. */
	int (*read)(void *ctx, const struct sync_file *f, struct buf *out,
	    struct err *e);
	void *ctx;
};

struct sync_settings {
	struct slice name;     /* the site's permanent host */
	struct slice key_pem;  /* the private key that signs */
	struct slice next_pem; /* the key to come, announced; or empty */
	/* No serial below: for a store that was lost, or is an old copy, as
	 * mirrors refuse a serial older than theirs.  0: as the store has it. */
	uint64_t least_serial;
	int64_t now_s;
};

struct sync_report {
	uint64_t serial;
	bool changed;  /* a new serial */
	bool resigned; /* a new head */
	bool snapshot; /* a new one was made */
};

/*
 * Adds to what `w` will publish whatever the mirrors need for `src`; the caller
 * then calls store_publish().  A file whose hash is that of the last serial is
 * not read.  0, or -1 and *e (a path that breaks the rule, a key that does not
 * sign); the caller then drops the edition or publishes without.
 */
int sync_publish(struct store_writer *w, const struct sync_source *src,
    const struct sync_settings *set, struct sync_report *out, struct err *e)
    __attribute__((warn_unused_result));

/* Fills the empty tree `out` with what the last serial has, sorted. */
int sync_published(struct store_writer *w, struct sync_tree *out, struct err *e)
    __attribute__((warn_unused_result));

#endif
