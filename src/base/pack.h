/*
 * pack.h: numbers and texts as bytes, and back: for records in the store and
 * messages between processes of one program.
 *
 * A number is base 128, low part first; a text has its length before it.
 * Reading never goes beyond the bytes; its failure is sticky, so a reader takes
 * what it wants and asks once at the end.
 */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

struct buf;

void pack_number(struct buf *out, uint64_t n);
void pack_signed(struct buf *out, int64_t n);
void pack_slice(struct buf *out, struct slice s);
void pack_hash(struct buf *out, const struct hash *h);

struct unpack {
	struct slice rest; /* what has not been read */
	bool failed;
};

/* After a failure each returns 0, an empty slice, or zeros. */
uint64_t unpack_number(struct unpack *in);
int64_t unpack_signed(struct unpack *in);
/* Points into the bytes. */
struct slice unpack_slice(struct unpack *in);
struct hash unpack_hash(struct unpack *in);
/* A count of things of at least one byte each: never more than bytes left. */
size_t unpack_count(struct unpack *in);

#endif
