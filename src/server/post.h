/*
 * post.h: a worker's part in replies: it asks readers for them, hands them to
 * the process that takes them, goes on serving, and tells each reader what
 * became of his when that is known.
 *
 * Where no replies are taken, as on a mirror, readers are passed on to the
 * permanent host that the edition names.
 */
#ifndef SERVER_POST_H
#define SERVER_POST_H

#include "base/marks.h"
#include "net/conn.h"

struct err;
struct loop;
struct poster;

struct poster_opts {
	struct store_reader *reader;
	const struct marks *marks;
	const char *const *hosts; /* ours: nobody is passed on to these */
	size_t host_count;
	uint64_t wait_ms; /* after which an answer is no longer expected */
};

/*
 * Hands replies over by `fd` (taken over; -1: none are taken here); NULL and
 * *e on failure.  The opts' arrays outlive it.
 */
struct poster *poster_new(
    struct loop *loop, int fd, const struct poster_opts *opts, struct err *e);
void poster_free(struct poster *p);
/* Where the answers go; before the first reply. */
void poster_set_pool(struct poster *p, struct conn_pool *pool);

/* What a reader sent. */
struct posted {
	enum protocol_id protocol;
	uint64_t ticket;
	struct slice key;  /* of the entry: "g/articles/x/reply" */
	struct slice text; /* decoded; empty: it is asked for */
	const struct store_entry *entry;
	struct store_view *view; /* not taken over */
};

/* Hands it over; the reply comes later, or is made at once. */
void poster_post(
    struct poster *p, const struct posted *posted, struct conn_reply *reply);

#endif
