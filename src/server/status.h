/*
 * status.h: what the server counts, in memory that parent and workers share.
 *
 * Each worker writes to a slot of its own and the parent adds them up, so
 * nothing is locked; a sum may be a moment old.  Nothing in here names a
 * reader or a page.
 */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "net/conn.h"

struct buf;

enum {
	STATUS_CODES = 70, /* Gemini's status numbers fit below */
};

struct status {
	uint64_t accepted, pauses;
	uint64_t open; /* now; of a worker that is gone 0 */
	uint64_t requests[PROTOCOLS][STATUS_CODES];
	uint64_t ended[CONN_REASONS];
	uint64_t bytes[PROTOCOLS];
	uint64_t handshakes[PROTOCOLS], resumed[PROTOCOLS];
};

/* `slots` empty slots, for all processes forked later; NULL: no memory. */
struct status *status_map_new(size_t slots);
void status_map_free(struct status *map, size_t slots);

void status_count(struct status *s, const struct conn_event *event);
void status_sum(const struct status *map, size_t slots, struct status *out);
/* Appends the sums as one line for people, without an end. */
void status_print(struct buf *out, const struct status *s);

#endif
