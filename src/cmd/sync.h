/*
 * sync.h: the helpers of qasid-sync: what its verbs share.
 */
#ifndef CMD_SYNC_H
#define CMD_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/sign.h"
#include "client/fetch.h"
#include "cmd/args.h"

struct buf;
struct err;

enum {
	SYNC_JOBS_MAX = 16, /* parts in flight */
};

/* Where a mirror is, what it follows and how. */
struct sync_args {
	const char *dir, *name, *source;
	struct sign_key key;
	bool has_key, dry_run, keep, repair, finish;
	struct hash pin;
	char connect_host[ARGS_HOST_ROOM];
	struct fetch_opts opts;
	uint64_t budget; /* bytes it may still bring; UINT64_MAX: any */
	uint64_t spent;  /* bytes it has brought */
	/*
	 * The same, counted as they come and shared with the children, in the
	 * file state/spending: what is left of it when all were killed is
	 * counted by the next run.  NULL: not kept.
	 */
	uint64_t *meter;
	bool cut;        /* the last answer was, by the network */
	bool bad_source; /* `source` is no URL that can be asked */
	unsigned jobs;   /* parts in flight */
	int64_t now_s;
	const char *file; /* of unpack, verify */
	bool quiet;
};

/* The exit code for a failure: of sysexits.h, as MIRROR's table has them. */
int sync_exit(const struct err *e);
/* Prints *e in one line and returns that code. */
int sync_complain(const struct err *e);

/* --- sync_source.c: one file of the origin, by any transport ------------- */

enum source_end {
	SOURCE_GOT,
	SOURCE_ABSENT, /* it says that it has no such file */
	SOURCE_FAILED, /* *e says why */
};

/*
 * Appends the origin's file `path` ("since/5", a path with any characters) to
 * `out`, whose maximum is the limit; bytes are counted against args->budget.
 */
enum source_end source_get(
    struct sync_args *args, const char *path, struct buf *out, struct err *e);

/*
 * As above, but stops as soon as `enough` says so of what has come; where
 * source_can_peek() says no, all of it comes.
 */
enum source_end source_peek(struct sync_args *args, const char *path,
    bool (*enough)(void *ctx, struct slice got), void *ctx, struct buf *out,
    struct err *e);

bool source_can_peek(const struct sync_args *args);

/*
 * Whether an answer of `got` bytes, of `path`, that should have `want` was cut:
 * Gopher has no way to tell an end from a cut.  If so, *e says it.
 */
bool source_was_cut(struct sync_args *args, const char *path, uint64_t got,
    uint64_t want, struct err *e);

/* --- the verbs ----------------------------------------------------------- */

int sync_fetch(struct sync_args *args);
int sync_unpack(struct sync_args *args);
int sync_verify(struct sync_args *args);
int sync_switch(struct sync_args *args);
int sync_key(int argc, char **argv);
int sync_publish_folder(int argc, char **argv);

#endif
