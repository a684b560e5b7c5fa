#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum {
	LARGE_PAGE_BYTES = 2 * 1024 * 1024,
	HEAP_BYTES = 16 /* before each piece */
};

/* Allocations left before failure; 0 means "fails now". */
static unsigned long fail_budget;
static bool fail_armed;

static bool
must_fail(void)
{
	if (!fail_armed)
		return false;
	if (!fail_budget)
		return true;
	fail_budget--;
	return false;
}

void *
mem_alloc(size_t size)
{
	return must_fail() ? NULL : malloc(size ? size : 1);
}

void *
mem_calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *
mem_realloc(void *p, size_t size)
{
	return must_fail() ? NULL : realloc(p, size ? size : 1);
}

void
mem_free(void *p)
{
	free(p);
}

void *
mem_alloc_filled(size_t size)
{
	size_t rounded, held;
	void *p = NULL;

	if (size < LARGE_PAGE_BYTES / 4 ||
	    !mem_add(size, LARGE_PAGE_BYTES - 1, &rounded))
		return mem_alloc(size);
	rounded -= rounded % LARGE_PAGE_BYTES;
	/* The heap keeps some bytes before each piece: a large page of their
	 * own for those would be a waste. */
	held = rounded - size < HEAP_BYTES ? size : rounded - HEAP_BYTES;
	if (must_fail() || posix_memalign(&p, LARGE_PAGE_BYTES, held))
		return NULL;
#if defined(MADV_HUGEPAGE) && defined(MADV_POPULATE_WRITE)
	/* Hints: a kernel that knows neither gives the pages one by one. */
	(void)madvise(p, rounded, MADV_HUGEPAGE);
	(void)madvise(p, size, MADV_POPULATE_WRITE);
#endif
	return p;
}

char *
mem_strndup(const char *s, size_t len)
{
	size_t size;
	char *p;

	if (!mem_add(len, 1, &size) || !(p = mem_alloc(size)))
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

bool
mem_add(size_t a, size_t b, size_t *sum)
{
	size_t r;

	if (__builtin_add_overflow(a, b, &r))
		return false;
	*sum = r;
	return true;
}

bool
mem_mul(size_t a, size_t b, size_t *product)
{
	size_t r;

	if (__builtin_mul_overflow(a, b, &r))
		return false;
	*product = r;
	return true;
}

void
mem_fail_after(unsigned long count)
{
	fail_armed = true;
	fail_budget = count;
}

void
mem_fail_never(void)
{
	fail_armed = false;
}
