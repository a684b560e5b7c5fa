/*
 * answer.h: from a request to what is published under it.
 *
 * A request becomes a key of the store; what is not there exactly is looked
 * for in the few other spellings that DESIGN.md ("Addresses") allows, and
 * never anywhere else.  No path is opened, nothing is allocated for a page.
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "base/buf.h"
#include "base/marks.h"
#include "net/conn.h"

struct asker;
struct counts;
struct err;
struct poster;

struct answer_opts {
	const char *const *hosts;          /* ours; the first stands in links */
	size_t host_count;                 /* at least 1 */
	unsigned gemini_port, gopher_port; /* as readers see them */
	unsigned wait_s;       /* after which a place is free: limits.request */
	struct counts *counts; /* of articles; NULL: none are kept */
};

struct answer {
	struct answer_opts opts;
	struct store_reader *reader;
	struct buf storage; /* of the marks */
	struct marks marks;
	/* The caller's; set before the first request. */
	struct asker *asker;
	struct poster *poster;
};

/*
 * Ready to answer from `reader`; the hosts stay the caller's.  -1 when memory
 * ends.
 */
int answer_init(struct answer *a, const struct answer_opts *opts,
    struct store_reader *reader, struct err *e);
void answer_release(struct answer *a);

/* As conn_service.answer, with a struct answer as context. */
void answer_request(void *ctx, enum protocol_id protocol,
    struct conn_line *line, struct conn_reply *reply);

/* As conn_service.late. */
void answer_late(
    void *ctx, enum protocol_id protocol, struct conn_reply *reply);

#endif
