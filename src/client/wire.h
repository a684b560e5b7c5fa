/*
 * wire.h: one connection of a client, TCP or TLS on it, blocking with
 * time-outs.
 *
 * There is no total time-out: a slow link takes as long as it takes, a silent
 * one ends after the idle time.  The end of a TLS stream counts only with a
 * close_notify; without it the answer was cut.
 *
 * It verifies nothing: whoever opens a TLS stream asks for its certificate and
 * decides (known.h).  The caller ignores SIGPIPE.
 */
#ifndef CLIENT_WIRE_H
#define CLIENT_WIRE_H

#include <sys/types.h>

#include "base/slice.h"
#include "client/known.h"

struct err;
struct wire;

struct wire_to {
	const char *host; /* name or address to connect to */
	const char *port; /* decimal */
	bool tls;         /* TLS 1.2 or newer */
	const char *name; /* whom TLS asks for (SNI, but for an address) */
	int connect_ms;   /* for each address of `host` */
	int idle_ms;      /* for each silence */
};

/*
 * Connects to the first address that answers, and shakes hands.  NULL and *e
 * (ERR_STOPPED: worth another try; ERR_INVALID: no TLS there) on failure.
 */
struct wire *wire_open(const struct wire_to *to, struct err *e);
/* Closes; NULL does nothing. */
void wire_close(struct wire *s);

/*
 * The peer's certificate, and whether it was made for `name`; -1 and *e when
 * it cannot be read.
 */
int wire_cert(struct wire *s, const char *name, struct known_cert *out,
    bool *named, struct err *e) __attribute__((warn_unused_result));

/* Sends all of `bytes`; 0, or -1 and *e (ERR_STOPPED). */
int wire_write(struct wire *s, struct slice bytes, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Reads up to `cap` bytes: how many, 0 at the proper end, -1 and *e when the
 * answer was cut or the peer fell silent (ERR_STOPPED).
 */
ssize_t wire_read(struct wire *s, char *dst, size_t cap, struct err *e)
    __attribute__((warn_unused_result));

#endif
