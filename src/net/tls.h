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
};

/* A certificate and the names it is shown for. */
struct tls_identity {
	struct slice chain_pem, key_pem;
	const char *const *names;
	size_t name_count;
	bool ticket_13; /* send a ticket under TLS 1.3 */
};

struct tls_options {
	bool tickets; /* any at all */
	unsigned char ticket_key[TLS_TICKET_KEY_BYTES];
};

/* Fills in a new ticket key; 0, or -1 when there are no random bytes. */
int tls_new_ticket_key(struct tls_options *opts)
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
