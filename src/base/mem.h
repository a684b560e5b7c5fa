/*
 * mem.h: the one door to the heap, so that tests can make it fail.
 *
 * Sizes are added and multiplied through the checked helpers: an overflow is
 * an allocation failure, never a small block.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc and free; NULL on failure. */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));
void *mem_calloc(size_t n, size_t size)
    __attribute__((malloc, warn_unused_result));
void *mem_realloc(void *p, size_t size) __attribute__((warn_unused_result));
void mem_free(void *p);

/*
 * As mem_alloc(), for a block of which all will soon be written: the system is
 * asked for its pages in one go, large ones where it has them, which costs a
 * small part of a fault for each.
 */
void *mem_alloc_filled(size_t size) __attribute__((malloc, warn_unused_result));

/* A NUL-terminated copy of `len` bytes at `s`; the caller frees it. */
char *mem_strndup(const char *s, size_t len)
    __attribute__((malloc, warn_unused_result));

/* *sum = a + b (or a * b); false, and *sum untouched, when that overflows. */
bool mem_add(size_t a, size_t b, size_t *sum)
    __attribute__((warn_unused_result));
bool mem_mul(size_t a, size_t b, size_t *product)
    __attribute__((warn_unused_result));

/*
 * For tests: the allocation after the next `count` ones fails, and so does
 * each one after it, until mem_fail_never().
 */
void mem_fail_after(unsigned long count);
void mem_fail_never(void);

#endif
