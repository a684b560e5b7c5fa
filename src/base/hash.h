/*
 * hash.h: SHA-256 (FIPS 180-4), by libcrypto.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

enum {
	HASH_BYTES = 32,
	HASH_HEX_BYTES = 64
};

struct hash {
	uint8_t b[HASH_BYTES];
};

struct hash_state; /* owned by hash_new/hash_free */

/* The digest of `s`; 0, or -1 when libcrypto fails. */
int hash_of(struct slice s, struct hash *out)
    __attribute__((warn_unused_result));

/*
 * Step by step.  hash_new: NULL on failure.  hash_add's failure is kept and
 * told by hash_end, which leaves the state ready for the next message.
 */
struct hash_state *hash_new(void);
void hash_free(struct hash_state *h);
void hash_add(struct hash_state *h, struct slice s);
int hash_end(struct hash_state *h, struct hash *out)
    __attribute__((warn_unused_result));

/* Lower-case hexadecimal, NUL-ended. */
void hash_hex(const struct hash *h, char out[HASH_HEX_BYTES + 1]);

/* Reads what hash_hex() writes; 0, or -1 and *out untouched. */
int hash_parse(struct slice hex, struct hash *out)
    __attribute__((warn_unused_result));

static inline bool
hash_eq(const struct hash *a, const struct hash *b)
{
	return !memcmp(a->b, b->b, HASH_BYTES);
}

#endif
