/*
 * look.h: what the supervisor asks of the store, without touching its pages.
 *
 * A store is memory that is mapped: one that was truncated or damaged ends who
 * reads it.  The supervisor must not end, so a child reads, and tells.
 */
#ifndef SERVER_LOOK_H
#define SERVER_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct look {
	uint64_t edition; /* 0: nothing was published yet */
	int64_t time_s;
};

/* The newest edition in the folder `store`; -1 and *e when it has none. */
int look_into(const char *store, struct look *out, struct err *e)
    __attribute__((warn_unused_result));

/* Which file a store is, and in which state. */
struct look_file {
	bool is_there;
	dev_t dev;
	ino_t ino;
	int64_t mtime_ns;
};

void look_at(const char *store, struct look_file *out);

#endif
