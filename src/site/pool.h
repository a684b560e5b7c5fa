/*
 * pool.h: helper processes that do the work which foreign bytes could stop.
 *
 * A parser that loops or crashes takes its helper with it, not the build: the
 * parent names the job, starts a new helper and goes on.  Helpers are forked
 * when there is work, so they see all that the parent knew at that moment; what
 * they find out comes back as bytes over a pipe.  They may read the content
 * tree and nothing else is left to them: no file can be written, nothing
 * executed, no core dumped, memory is bounded.
 *
 * A helper is given several jobs ahead, so that neither side waits.
 */
#ifndef SITE_POOL_H
#define SITE_POOL_H

#include "base/slice.h"

struct buf;
struct err;

struct pool_ops {
	/*
	 * Parent: appends what a helper needs besides what it saw when it was
	 * forked; may be NULL.
	 */
	int (*give)(void *ctx, size_t job, struct buf *out, struct err *e);
	/* Helper: does the job, appends the reply. */
	void (*work)(
	    void *ctx, size_t job, struct slice given, struct buf *reply);
	/* Parent: takes the reply, which dies with the call. */
	int (*take)(void *ctx, size_t job, struct slice reply, struct err *e);
	/* Parent: the job ended its helper; `why` says how. */
	int (*lost)(void *ctx, size_t job, const char *why, struct err *e);
};

struct pool_opts {
	unsigned helpers;   /* at most; 0: as many as cores */
	unsigned cpu_ms;    /* a job may take; 0: 2000 */
	size_t reply_bytes; /* at most; 0: 256 MiB */
};

/*
 * Does jobs 0 to `jobs` - 1, in any order; returns when all are taken or lost.
 * -1 and *e when a parent's callback fails or no helper can be started.
 */
int pool_run(const struct pool_opts *opts, const struct pool_ops *ops,
    void *ctx, size_t jobs, struct err *e) __attribute__((warn_unused_result));

#endif
