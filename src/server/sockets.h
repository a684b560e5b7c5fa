/*
 * sockets.h: the listening sockets of the settings, bound once and kept from
 * one generation of workers to the next.
 */
#ifndef SERVER_SOCKETS_H
#define SERVER_SOCKETS_H

#include <stdbool.h>

#include "net/listener.h"
#include "server/worker.h"

struct config;
struct err;

enum {
	SOCKETS_MAX = 64,
};

struct bound_socket {
	char asked[LISTENER_ADDR_MAX]; /* as the settings have it */
	char name[LISTENER_ADDR_MAX];  /* as it is */
	int port;
	bool fell_back; /* to its protocol's other port */
};

struct sockets {
	struct worker_socket workers[SOCKETS_MAX]; /* fd and protocol */
	struct bound_socket bound[SOCKETS_MAX];
	size_t count;
	bool activated; /* by the service manager: the settings have no say */
};

/*
 * Takes the sockets that a service manager has bound and passed (LISTEN_FDS,
 * sd_listen_fds(3)); named by protocol there ("gemini"), or on a port that tells.
 * Their number, 0 where there are none, or -1 and *e.
 */
int sockets_take_passed(struct sockets *s, struct err *e);

/* Whether the settings name addresses that can be bound at all; -1 and *e. */
int sockets_check(const struct config *c, struct err *e)
    __attribute__((warn_unused_result));
/*
 * Binds what the settings ask for, taking over from `old` (may be NULL) what is
 * bound there already.  On failure *e, and `old` is as it was.
 */
int sockets_open(struct sockets *s, const struct sockets *old,
    const struct config *c, struct err *e) __attribute__((warn_unused_result));
/* Closes those of `s` that `kept` (may be NULL) does not share. */
void sockets_close(struct sockets *s, const struct sockets *kept);

/* The port of the first socket of a protocol; 0: none. */
int sockets_port(const struct sockets *s, enum protocol_id protocol);

#endif
