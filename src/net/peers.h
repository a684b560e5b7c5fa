/*
 * peers.h: how many connections an address holds, over all workers.
 *
 * One table a worker, in memory that all share; only its own worker writes to
 * it, so nothing is locked, and the table of a worker that died is emptied.
 * What is kept of an address is a keyed hash: of IPv6 the first 64 bits, which
 * are one reader's or one house's.  It is a bound against the few that take
 * all, not a ledger: where a table has no room, a connection is not counted.
 */
#ifndef NET_PEERS_H
#define NET_PEERS_H

#include <stddef.h>
#include <stdint.h>

struct ip;
struct peers;

/* `slots` empty tables, for all processes forked later; NULL: no memory. */
struct peers *peers_new(size_t slots);
void peers_free(struct peers *p);

/* What stands for an address; 0 for one that is not known. */
uint64_t peers_key(const struct peers *p, const struct ip *ip);
/* One connection more of `key` in `slot`; how many there are in all slots. */
unsigned peers_enter(struct peers *p, size_t slot, uint64_t key);
/* One less; after peers_enter() alone. */
void peers_leave(struct peers *p, size_t slot, uint64_t key);
/* The worker of `slot` is gone. */
void peers_clear(struct peers *p, size_t slot);

#endif
