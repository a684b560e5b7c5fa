/*
 * buf.h: an owning, growable run of bytes with a maximum.
 *
 * Failure is sticky: when memory ends or the maximum is reached, the buffer
 * stops growing, buf_failed() turns true, and every later addition is ignored.
 * So a writer adds without checking and asks once at the end; what it then
 * holds is a prefix and must be thrown away.
 *
 * The bytes may move at any addition: a slice into a buffer dies with the next
 * one.  There is no NUL behind them; buf_cstr() puts one there.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
	char *ptr;
	size_t len, cap;
	size_t max;  /* bytes; reaching it is a failure */
	bool failed; /* sticky; cleared by buf_clear() */
};

/* An empty buffer that may hold up to `max_bytes`; allocates nothing. */
void buf_init(struct buf *b, size_t max_bytes);
/* Frees the bytes; the buffer is empty again with the same maximum. */
void buf_release(struct buf *b);
/* Forgets the bytes and the failure, keeps the memory. */
void buf_clear(struct buf *b);

/*
 * Makes room for `more` bytes beyond len, which are going to be written (see
 * mem_alloc_filled()); 0, or -1 (and failed).
 */
int buf_reserve(struct buf *b, size_t more);
void buf_add_mem(struct buf *b, const void *ptr, size_t len);
void buf_add_slow(struct buf *b, const void *ptr, size_t len);
void buf_add_cstr(struct buf *b, const char *s);
void buf_add_uint(struct buf *b, uint64_t n);
void buf_add_repeat(struct buf *b, char c, size_t times);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Cuts the buffer to `len` bytes; a longer len changes nothing. */
void buf_truncate(struct buf *b, size_t len);

/*
 * The bytes as a C string, NUL added behind them (not counted in len); NULL
 * when the buffer has failed.  Dies with the next addition.
 */
const char *buf_cstr(struct buf *b);

static inline bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return slice_make(b->ptr, b->len);
}

static inline void
buf_add(struct buf *b, struct slice s)
{
	if (s.len <= b->cap - b->len && s.len && !b->failed) {
		memcpy(b->ptr + b->len, s.ptr, s.len);
		b->len += s.len;
	} else if (s.len) {
		buf_add_slow(b, s.ptr, s.len);
	}
}

static inline void
buf_add_char(struct buf *b, char c)
{
	if (b->len < b->cap && !b->failed)
		b->ptr[b->len++] = c;
	else
		buf_add_slow(b, &c, 1);
}

#endif
