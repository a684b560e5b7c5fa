/*
 * cert.h: certificates and their keys: made, renewed, loaded, described.
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

/* RFC 5280 §4.1.2.5: the end of what has "no well-defined expiration date". */
#define CERT_NEVER INT64_C(253402300799)

/* From when to when one is valid, seconds since 1970, UTC. */
struct cert_span {
	int64_t from_s, until_s;
};

/* A chain and the key that matches its first certificate. */
struct cert {
	struct buf chain_pem, key_pem;
	size_t chain_der_bytes;        /* what a handshake sends */
	int64_t not_before, not_after; /* s, UTC */
	struct hash fingerprint;       /* SHA-256 of the first certificate */
	struct hash spki;              /* SHA-256 of its public key */
	bool self_signed;              /* its issuer is itself */
};

/*
 * Makes a P-256 key and a self-signed certificate for `host`, valid from
 * `now` (s, UTC) on; appends both as PEM.
 */
int cert_create(const char *host, int64_t now, struct buf *crt_pem,
    struct buf *key_pem, struct err *e) __attribute__((warn_unused_result));

/* As above, with an end. */
int cert_create_for(const char *host, const struct cert_span *span,
    struct buf *crt_pem, struct buf *key_pem, struct err *e)
    __attribute__((warn_unused_result));

/*
 * The certificate that comes after `old`: its subject and alternative names,
 * another serial, valid for `span`; cert_renew with its key, cert_succeed with
 * a new one.  One that an authority has signed is refused: only the authority
 * can make the next.  Appends PEM.
 */
int cert_renew(const struct cert *old, const char *host,
    const struct cert_span *span, struct buf *crt_pem, struct err *e)
    __attribute__((warn_unused_result));
int cert_succeed(const struct cert *old, const char *host,
    const struct cert_span *span, struct buf *crt_pem, struct buf *key_pem,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Loads a PEM chain (as certbot leaves it) and its key.  Fails when the key is
 * not the first certificate's.  Expiry is told, not judged.
 */
int cert_load(struct cert *c, const char *crt_path, const char *key_path,
    struct err *e) __attribute__((warn_unused_result));
/* As above from PEM bytes; `name` is for messages. */
int cert_parse(struct cert *c, struct slice crt_pem, struct slice key_pem,
    const char *name, struct err *e) __attribute__((warn_unused_result));
/* As above without a key, which stays empty. */
int cert_parse_public(struct cert *c, struct slice crt_pem, const char *name,
    struct err *e) __attribute__((warn_unused_result));
int cert_load_public(struct cert *c, const char *crt_path, struct err *e)
    __attribute__((warn_unused_result));
/*
 * Takes apart what holds a key and a chain in any order, other things besides;
 * appends each as PEM of its own.  `name` is for messages.  A key that TLS
 * would refuse as too weak is refused here.
 */
int cert_split(struct slice pem, const char *name, struct buf *crt_pem,
    struct buf *key_pem, struct err *e) __attribute__((warn_unused_result));
/* Appends the bytes of a file of certificates or keys. */
int cert_read_file(const char *path, struct buf *out, struct err *e)
    __attribute__((warn_unused_result));
/* Empties a buffer that has held a key. */
void cert_wipe(struct buf *b);
/* Wipes the key and frees; a released cert may be released again. */
void cert_release(struct cert *c);

/* Whether the certificate names `host` (wildcards as RFC 6125 has them). */
bool cert_covers(const struct cert *c, const char *host);

#endif
