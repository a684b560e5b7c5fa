/*
 * tls.h: the server's side of TLS 1.2 and 1.3, by OpenSSL.
 *
 * Reply only: no client certificate is asked for, no early data taken, nothing
 * renegotiated.  AES-128-GCM and X25519 come first because they cost least;
 * under 1.2 only forward-secret AEAD suites are offered.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include "base/slice.h"
#include "net/stream.h"

struct err;
struct tls_ctx;

enum {
	TLS_TICKET_KEY_BYTES = 80, /* name, cipher key, MAC key */
	TLS_TICKET_KEYS = 3,
};

/*
 * Keys that session tickets are sealed with, in memory that all workers share,
 * so that they can change under them.  The first is the next one, accepted
 * already, since other nodes may have it; the second seals; the third, which
 * did before, is still accepted.  Of one key alone, that.
 */
struct tls_tickets;

/* A certificate and the names it is shown for. */
struct tls_identity {
	struct slice chain_pem, key_pem;
	const char *const *names;
	size_t name_count;
	bool ticket_13; /* send a ticket under TLS 1.3 */
};

struct tls_options {
	struct tls_tickets *tickets; /* NULL: none are sent */
};

/* Without a key yet, for all processes forked later; NULL: no memory. */
struct tls_tickets *tls_tickets_new(void);
void tls_tickets_free(struct tls_tickets *t);
/* The keys from now on, 1 to TLS_TICKET_KEYS of them. */
void tls_tickets_set(struct tls_tickets *t,
    unsigned char keys[][TLS_TICKET_KEY_BYTES], size_t count);
/* Puts a new key in front; 0, or -1 when there are no random bytes. */
int tls_tickets_rotate(struct tls_tickets *t)
    __attribute__((warn_unused_result));

/*
 * A context for all connections: the first identity is for those who name no
 * host or an unknown one.  Bytes and names are copied.  NULL and *e on
 * failure.
 */
struct tls_ctx *tls_ctx_new(const struct tls_identity *ids, size_t count,
    const struct tls_options *opts, struct err *e);
void tls_ctx_free(struct tls_ctx *t);

/* Whether the handshake on `s` resumed a session. */
bool tls_resumed(const struct stream *s);

#endif
