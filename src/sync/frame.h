/*
 * frame.h: zstd frames, made and opened, with an old text as their base
 * (zstd's patch-from).
 *
 * Opening trusts nobody: it happens in a child process that can do nothing but
 * read, write and end (seccomp), with a window of at most
 * SYNC_WINDOW_LOG bits and a stated number of bytes that may come out.  A build
 * with a sanitizer, which needs more system calls, opens them without that.
 */
#ifndef SYNC_FRAME_H
#define SYNC_FRAME_H

#include <stdint.h>

#include "base/slice.h"

struct buf;
struct err;

enum {
	SYNC_WINDOW_LOG = 27,        /* 128 MiB: base and content together */
	SYNC_BASE_MAX = 64 << 20,    /* bytes of a base */
	SYNC_LEVEL = 19,             /* of zstd */
	SYNC_LEVEL_LARGE = 9,        /* where the text is over ... */
	SYNC_LARGE_BYTES = 16 << 20, /* ... this */
	SYNC_SNAP_WINDOW_LOG = 25,   /* 32 MiB */
	SYNC_SNAP_THREADS = 2,       /* that pack a snapshot ... */
	SYNC_SNAP_JOB = 16 << 20,    /* ... in pieces of so many bytes */
};

/*
 * Appends one frame of `text` to out, written against `base` (may be empty).
 * The same input gives the same bytes.  0, or -1 and *e.
 */
int sync_frame_make(struct buf *out, struct slice text, struct slice base,
    struct err *e) __attribute__((warn_unused_result));

/* --- a stream, written step by step -------------------------------------- */

struct sync_packer;

/* NULL and *e on failure; `pledged` bytes will be given. */
struct sync_packer *sync_packer_new(uint64_t pledged, struct err *e);
void sync_packer_free(struct sync_packer *p);

/* Packs `text`, appending what is ready to out; the last call has `end`. */
int sync_packer_add(struct sync_packer *p, struct slice text, bool end,
    struct buf *out, struct err *e) __attribute__((warn_unused_result));

/*
 * What follows is packed already, as pictures are: it is looked through with
 * SYNC_LEVEL_LARGE.  Appends what was held back.
 */
int sync_packer_hurry(struct sync_packer *p, struct buf *out, struct err *e)
    __attribute__((warn_unused_result));

/* --- opening ------------------------------------------------------------- */

/* Where the packed bytes come from and the others go. */
struct sync_pipe {
	/*
	 * The next part of the packed bytes, empty at the end; it must stay
	 * until the next call.  Negative: failed, *e is filled.
	 */
	int (*more)(void *ctx, struct slice *part, struct err *e);
	/* Takes the next part of the text.  Negative: failed, *e is filled. */
	int (*text)(void *ctx, struct slice part, struct err *e);
	void *ctx;
};

/*
 * Opens one frame against `base`; exactly one, to its end.  More than
 * `max_bytes` of text, a larger window than allowed, anything behind the frame
 * or any damage is an error.  0, or -1 and *e.
 */
int sync_frame_open(const struct sync_pipe *pipe, struct slice base,
    uint64_t max_bytes, struct err *e) __attribute__((warn_unused_result));

/* As above, from memory to the end of `out`. */
int sync_frame_read(struct buf *out, struct slice frame, struct slice base,
    uint64_t max_bytes, struct err *e) __attribute__((warn_unused_result));

#endif
