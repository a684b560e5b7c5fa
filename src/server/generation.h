/*
 * generation.h: one reading of settings, certificates and addresses, and the
 * workers that serve by it.
 *
 * A reload makes a new one beside the old; the old one's workers drain.
 */
#ifndef SERVER_GENERATION_H
#define SERVER_GENERATION_H

#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "server/sockets.h"
#include "server/worker.h"

struct err;
struct ip_range;
struct tls_tickets;

enum {
	GENERATION_WORKERS_MAX = 256,
	GENERATION_SLOTS = 1024, /* of the status map */
};

struct child {
	pid_t pid;   /* 0: not running */
	int control; /* ours; -1 when closed */
	unsigned slot;
	uint64_t started_ms;
};

/* Processes that work for all workers. */
enum helper_kind {
	HELPER_SEARCH,
	HELPER_REPLIES,
	HELPERS,
};

/* Between a worker and a helper, whoever these are now. */
struct helper_link {
	int worker, helper; /* its ends; -1: none */
};

struct helper {
	struct child child;
	uint64_t again_at_ms; /* once it has died */
	unsigned deaths;      /* in a series */
	struct helper_link links[GENERATION_WORKERS_MAX];
};

struct generation {
	struct config config;
	struct tls_ctx *tls;
	struct sockets sockets;
	struct sandbox_opts sandbox;
	const char *user; /* dropped to; empty: none */
	unsigned max_conns, per_address, gemini_port, gopher_port;
	struct ip_range *proxies; /* config.proxies.count of them */
	unsigned count;           /* workers wanted; 0 once it drains */
	struct child children[GENERATION_WORKERS_MAX];
	struct helper helpers[HELPERS];
	struct generation *older;
	uint64_t kill_at_ms; /* of a draining one */
	int64_t cert_end_s;  /* of the certificate that ends first, UTC */
	int64_t loaded_s;    /* when the certificates were read, UTC */
};

/*
 * What settings `c` (taken over, released on failure too) need to be served:
 * certificates, user, store, addresses; `old` (may be NULL) lends its sockets.
 * Warnings go to the log.  NULL and *e on failure.
 */
struct generation *generation_new(struct config *c,
    const struct generation *old, struct tls_tickets *tickets, struct err *e);
/* One without workers and settings but the defaults; NULL and *e. */
struct generation *generation_new_empty(struct err *e);
/*
 * Whether settings `c` (released) could be served: all that generation_new()
 * and a worker do, but for the addresses.  0, or -1 and *e.
 */
int generation_check(
    struct config *c, struct tls_tickets *tickets, struct err *e);
/*
 * The first time (s, UTC) after those certificates were read at which one of
 * them is to be followed by its next, as the folder says now; 0: none is.
 */
int64_t generation_next_s(const struct generation *g);
/* Makes the links of all workers to the helpers that are wanted. */
int generation_link(struct generation *g, struct err *e);
/* Frees what is not shared with `next` (may be NULL); workers are gone. */
void generation_free(struct generation *g, const struct generation *next);

#endif
