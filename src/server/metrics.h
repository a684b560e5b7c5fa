/*
 * metrics.h: the status socket: what the server counts, in Prometheus' text
 * format, to whoever may open a Unix socket on this machine.
 *
 * The parent serves it between two signals.  What a client sends is thrown
 * away unread; one that says nothing for a while is dropped.  Answers begin
 * with an HTTP header, so curl and Prometheus' agents can read them, and a
 * proxy's health check: 503 where no new reader should be sent.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/status.h"

struct buf;
struct err;

enum {
	METRICS_CLIENTS = 8,
	METRICS_FDS = METRICS_CLIENTS + 1,
};

/* What is told besides the counters. */
struct metrics_facts {
	struct status sum;
	unsigned workers;
	bool stopping;
	uint64_t edition;  /* 0: unknown */
	int64_t edition_s; /* when it was published, UTC */
	int64_t cert_end_s;
};

struct metrics {
	char path[108];
	struct pollfd fds[METRICS_FDS]; /* the socket, then clients */
	uint64_t since_ms[METRICS_FDS];
};

void metrics_init(struct metrics *m);
/*
 * Listens on the Unix socket `path` in place of the one before; an empty path:
 * on none.  A socket that nobody answers on is replaced.  On failure *e, and
 * all is as it was.
 */
int metrics_open(struct metrics *m, const char *path, struct err *e)
    __attribute__((warn_unused_result));
/* Closes all; `unlink_it` also takes the socket's name away. */
void metrics_close(struct metrics *m, int unlink_it);

/* After poll() over m->fds: takes clients in, calls facts() and answers. */
void metrics_step(struct metrics *m, uint64_t now_ms,
    void (*facts)(void *ctx, struct metrics_facts *out), void *ctx);

/* Appends the facts as Prometheus has them; `now_s` is the time, UTC. */
void metrics_print(
    struct buf *out, const struct metrics_facts *facts, int64_t now_s);

#endif
