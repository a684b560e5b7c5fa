/*
 * cert.h: certificates and their keys: made, loaded, described.
 *
 * Keys cross module borders as PEM bytes.  Readers' clients pin a certificate
 * or its key (trust on first use), so one is made to last: no expiry in any
 * reader's life, the host name as subject and alternative name, nothing more,
 * at most 350 bytes of DER, because it crosses slow links at every page.
 *
 * What it does not do: it asks no authority and checks no chain.
 */
#ifndef CERT_CERT_H
#define CERT_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

struct err;

enum {
	CERT_PEM_MAX = 256 * 1024, /* bytes of a chain or key file */
	CERT_WARN_DAYS = 60,       /* before the end */
};

/* A chain and the key that matches its first certificate. */
struct cert {
	struct buf chain_pem, key_pem;
	size_t chain_der_bytes;        /* what a handshake sends */
	int64_t not_before, not_after; /* s, UTC */
	struct hash fingerprint;       /* SHA-256 of the first certificate */
	struct hash spki;              /* SHA-256 of its public key */
};

/*
 * Makes a P-256 key and a self-signed certificate for `host`, valid from
 * `now` (s, UTC) on; appends both as PEM.
 */
int cert_create(const char *host, int64_t now, struct buf *crt_pem,
    struct buf *key_pem, struct err *e) __attribute__((warn_unused_result));

/*
 * Loads a PEM chain (as certbot leaves it) and its key.  Fails when the key is
 * not the first certificate's.  Expiry is told, not judged.
 */
int cert_load(struct cert *c, const char *crt_path, const char *key_path,
    struct err *e) __attribute__((warn_unused_result));
/* As above from PEM bytes; `name` is for messages. */
int cert_parse(struct cert *c, struct slice crt_pem, struct slice key_pem,
    const char *name, struct err *e) __attribute__((warn_unused_result));
/* Wipes the key and frees; a released cert may be released again. */
void cert_release(struct cert *c);

/* Whether the certificate names `host` (wildcards as RFC 6125 has them). */
bool cert_covers(const struct cert *c, const char *host);

#endif
