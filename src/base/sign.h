/*
 * sign.h: ed25519 signatures (RFC 8032), by libcrypto, and the base64 they are
 * written in.
 *
 * Private keys cross borders as PEM bytes (PKCS #8, not encrypted: the file's
 * mode is their protection), public keys and signatures as raw bytes or as
 * base64 with its padding and nothing else around it.
 */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct err;

enum {
	SIGN_KEY_BYTES = 32,
	SIGN_BYTES = 64,
	SIGN_KEY_TEXT = 44, /* characters of base64 */
	SIGN_TEXT = 88,
};

struct sign_key { /* a public one */
	uint8_t b[SIGN_KEY_BYTES];
};

struct signature {
	uint8_t b[SIGN_BYTES];
};

/* Appends a new private key's PEM to out; 0, or -1 and *e. */
int sign_new_pem(struct buf *out, struct err *e)
    __attribute__((warn_unused_result));

/* The public half of the private key `pem`; 0, or -1 and *e. */
int sign_public(struct slice pem, struct sign_key *out, struct err *e)
    __attribute__((warn_unused_result));

/* Signs `message` with the private key `pem`; 0, or -1 and *e. */
int sign_make(struct slice pem, struct slice message, struct signature *out,
    struct err *e) __attribute__((warn_unused_result));

/* Whether `sig` is the signature of `message` by `key`'s private half. */
bool sign_check(const struct sign_key *key, struct slice message,
    const struct signature *sig);

/* As base64, NUL-ended. */
void sign_key_text(const struct sign_key *key, char out[SIGN_KEY_TEXT + 1]);
void sign_text(const struct signature *sig, char out[SIGN_TEXT + 1]);

/* Read what those write, and nothing else; 0, or -1 and *out untouched. */
int sign_key_parse(struct slice text, struct sign_key *out)
    __attribute__((warn_unused_result));
int sign_parse(struct slice text, struct signature *out)
    __attribute__((warn_unused_result));

static inline bool
sign_key_eq(const struct sign_key *a, const struct sign_key *b)
{
	return !memcmp(a->b, b->b, SIGN_KEY_BYTES);
}

#endif
