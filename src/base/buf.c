#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#include "base/buf.h"

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .max = max_bytes };
}

void
buf_release(struct buf *b)
{
	mem_free(b->ptr);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

int
buf_reserve(struct buf *b, size_t more)
{
	size_t need, cap;
	char *p;

	if (b->failed)
		return -1;
	if (!mem_add(b->len, more, &need) || need > b->max)
		goto fail;
	if (need <= b->cap)
		return 0;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	p = b->ptr ? mem_realloc(b->ptr, cap) : mem_alloc_filled(cap);
	if (!p)
		goto fail;
	b->ptr = p;
	b->cap = cap;
	return 0;
fail:
	b->failed = true;
	return -1;
}

void
buf_add_slow(struct buf *b, const void *ptr, size_t len)
{
	if (!len || buf_reserve(b, len) < 0)
		return;
	memcpy(b->ptr + b->len, ptr, len);
	b->len += len;
}

void
buf_add_mem(struct buf *b, const void *ptr, size_t len)
{
	buf_add_slow(b, ptr, len);
}

void
buf_add_cstr(struct buf *b, const char *s)
{
	buf_add_slow(b, s, strlen(s));
}

void
buf_add_uint(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_add_slow(b, digits + at, sizeof(digits) - at);
}

void
buf_add_repeat(struct buf *b, char c, size_t times)
{
	if (!times || buf_reserve(b, times) < 0)
		return;
	memset(b->ptr + b->len, c, times);
	b->len += times;
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* One byte more for vsnprintf's NUL, which is not counted. */
	if (n < 0 || buf_reserve(b, (size_t)n + 1) < 0) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len < b->len)
		b->len = len;
}

const char *
buf_cstr(struct buf *b)
{
	if (buf_reserve(b, 1) < 0)
		return NULL;
	b->ptr[b->len] = '\0';
	return b->ptr;
}
