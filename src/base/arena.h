/*
 * arena.h: memory for one piece of work, freed at once.
 *
 * Blocks are never moved and never freed one by one: a pointer from an arena
 * lives until arena_reset() or arena_release().  Publisher code has one arena
 * an article and one a build.  Aligned for any object.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next, *end;           /* free room in the newest block */
	size_t used, max;           /* bytes handed out; their limit */
};

/* An empty arena that hands out up to `max_bytes`; allocates nothing. */
void arena_init(struct arena *a, size_t max_bytes);
/* Forgets everything handed out; keeps one block, of up to 2 MiB, for reuse. */
void arena_reset(struct arena *a);
/* Frees everything. */
void arena_release(struct arena *a);

/*
 * Says that about `bytes` more will be asked for: one block is made ready for
 * them (see mem_alloc_filled()).  Only a hint: where memory is short, or the limit
 * near, nothing is lost but time.
 */
void arena_expect(struct arena *a, size_t bytes);

/* `size` bytes, not cleared; NULL when memory or the limit is exhausted. */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((warn_unused_result));
/* `n` objects of `size` bytes, all zero; NULL as above or on overflow. */
void *arena_calloc(struct arena *a, size_t n, size_t size)
    __attribute__((warn_unused_result));
/* NUL-terminated copies; NULL as above. */
char *arena_strndup(struct arena *a, const char *s, size_t len)
    __attribute__((warn_unused_result));
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));
/* `a` and then `b`, NUL-terminated; a small part of arena_printf()'s time. */
char *arena_join(struct arena *arena, struct slice a, struct slice b)
    __attribute__((warn_unused_result));
char *arena_join3(struct arena *arena, struct slice a, struct slice b,
    struct slice c) __attribute__((warn_unused_result));
/* A copy of `s` (NUL behind it); 0, or -1 and *out untouched. */
int arena_copy(struct arena *a, struct slice s, struct slice *out)
    __attribute__((warn_unused_result));

#endif
