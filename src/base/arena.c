#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

#include "base/arena.h"

enum {
	/* A block is as large as all before it, within these. */
	BLOCK_BYTES_MIN = 64 * 1024,
	/* With its head a large page: mem_alloc_filled() wastes nothing. */
	BLOCK_BYTES_MAX = 2 * 1024 * 1024 - 64
};

struct arena_block {
	struct arena_block *prev;
	size_t cap;
	max_align_t data[];
};

void
arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){ .max = max_bytes };
}

static void
take_newest(struct arena *a)
{
	struct arena_block *b = a->blocks;

	a->next = b ? (char *)b->data : NULL;
	a->end = b ? a->next + b->cap : NULL;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *kept = NULL, *prev;

	/* The newest is the largest, unless it was made for a giant. */
	for (struct arena_block *b = a->blocks; b; b = prev) {
		prev = b->prev;
		if (kept || b->cap > BLOCK_BYTES_MAX) {
			mem_free(b);
		} else {
			kept = b;
			kept->prev = NULL;
		}
	}
	a->blocks = kept;
	take_newest(a);
	a->used = 0;
}

void
arena_release(struct arena *a)
{
	struct arena_block *b = a->blocks, *prev;

	for (; b; b = prev) {
		prev = b->prev;
		mem_free(b);
	}
	arena_init(a, a->max);
}

static int
add_block(struct arena *a, size_t cap)
{
	struct arena_block *b;
	size_t all;

	if (!mem_add(cap, sizeof(*b), &all) || !(b = mem_alloc_filled(all)))
		return -1;
	b->prev = a->blocks;
	b->cap = cap;
	a->blocks = b;
	take_newest(a);
	return 0;
}

static int
grow(struct arena *a, size_t size)
{
	size_t cap = a->used;

	if (cap > BLOCK_BYTES_MAX / 4)
		cap = BLOCK_BYTES_MAX;
	if (cap < BLOCK_BYTES_MIN)
		cap = BLOCK_BYTES_MIN;
	return add_block(a, cap > size ? cap : size);
}

void
arena_expect(struct arena *a, size_t bytes)
{
	if (bytes > a->max - a->used)
		bytes = a->max - a->used;
	if (bytes > (size_t)(a->end - a->next))
		(void)add_block(a, bytes);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t rounded;
	void *p;

	if (!mem_add(size, align - 1, &rounded))
		return NULL;
	rounded &= ~(align - 1);
	if (rounded > a->max - a->used)
		return NULL;
	if (rounded > (size_t)(a->end - a->next) && grow(a, rounded) < 0)
		return NULL;
	p = a->next;
	a->next += rounded;
	a->used += rounded;
	return p;
}

void *
arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t all;
	void *p;

	if (!mem_mul(n, size, &all) || !(p = arena_alloc(a, all)))
		return NULL;
	return memset(p, 0, all);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	size_t size;
	char *p;

	if (!mem_add(len, 1, &size) || !(p = arena_alloc(a, size)))
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !(p = arena_alloc(a, (size_t)n + 1)))
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

char *
arena_join3(struct arena *arena, struct slice a, struct slice b, struct slice c)
{
	const struct slice all[] = { a, b, c };
	size_t size = 1, at = 0;
	char *p;

	for (size_t i = 0; i < 3; i++)
		if (!mem_add(size, all[i].len, &size))
			return NULL;
	if (!(p = arena_alloc(arena, size)))
		return NULL;
	for (size_t i = 0; i < 3; i++) {
		if (all[i].len)
			memcpy(p + at, all[i].ptr, all[i].len);
		at += all[i].len;
	}
	p[at] = '\0';
	return p;
}

char *
arena_join(struct arena *arena, struct slice a, struct slice b)
{
	return arena_join3(arena, a, b, SLICE_NONE);
}

int
arena_copy(struct arena *a, struct slice s, struct slice *out)
{
	char *p = arena_strndup(a, s.ptr, s.len);

	if (!p)
		return -1;
	*out = slice_make(p, s.len);
	return 0;
}
