/*
 * handover.h: from one binary to the next, in the same process.
 *
 * The parent writes down its sockets and workers, and execs the program it was
 * started from anew: same process id, same children, no socket closed, so no
 * connection is refused or cut.  The new program reads what was written down,
 * takes the old workers for a generation to be drained, and reloads.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

struct err;
struct generation;

/* Learns where the program lies; before anything changes folder or file. */
void handover_init(void);

/*
 * Tries the program (serve --check with the same arguments) and then becomes
 * it; the workers of `g` and of the generations before it go along.  It
 * returns on failure alone, -1 and *e, with all as it was.
 */
int handover_exec(const struct generation *g, struct err *e);

/*
 * The generation that was handed over; NULL when this is an ordinary start, or
 * with *e when what was handed over cannot be read.
 */
struct generation *handover_take(struct err *e);

#endif
