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

struct buf;
struct err;

/* Where a mirror is, what it follows and how. */
struct sync_args {
	const char *dir, *name, *source;
	struct sign_key key;
	bool has_key, dry_run, keep, repair, finish;
	struct hash pin;
	char connect_host[256];
	struct fetch_opts opts;
	uint64_t budget; /* bytes it may still bring; UINT64_MAX: any */
	uint64_t spent;  /* bytes it has brought */
	unsigned jobs;   /* parts in flight */
	int64_t now_s;
	const char *file; /* of unpack, verify */
	bool quiet;
};

/* The exit code for a failure: of sysexits.h, as MIRROR's table has them. */
int sync_exit(const struct err *e);
/* Prints *e in one line and returns that code. */
int sync_complain(const struct err *e);

/* HOST:PORT, an IPv6 address in brackets; -1 when it is none. */
int sync_parse_connect(struct sync_args *args, const char *text)
    __attribute__((warn_unused_result));

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
 * As above, but stops as soon as `enough` says so of what has come.
 */
enum source_end source_peek(struct sync_args *args, const char *path,
    bool (*enough)(struct slice got), struct buf *out, struct err *e);

/* --- the verbs ----------------------------------------------------------- */

int sync_fetch(struct sync_args *args);
int sync_unpack(struct sync_args *args);
int sync_verify(struct sync_args *args);
int sync_switch(struct sync_args *args);
int sync_key(int argc, char **argv);
int sync_publish_folder(int argc, char **argv);

#endif
