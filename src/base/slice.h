/*
 * slice.h: a pointer and a length that never own what they point to.
 *
 * A slice lives as long as the buffer or arena it points into; whoever hands
 * one out says which.  The bytes are not terminated by NUL.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;      /* bytes */
};

#define SLICE_NONE ((struct slice){ NULL, 0 })
/* A slice of a string literal. */
#define SLICE_LIT(s) ((struct slice){ (s), sizeof(s) - 1 })
/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).len, (s).len ? (s).ptr : ""

static inline struct slice
slice_make(const char *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* The bytes of the NUL-terminated `cstr`; NULL gives an empty slice. */
static inline struct slice
slice_cstr(const char *cstr)
{
	return (struct slice){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

static inline bool
slice_eq_cstr(struct slice a, const char *cstr)
{
	return slice_eq(a, slice_cstr(cstr));
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 || !memcmp(s.ptr, prefix.ptr, prefix.len));
}

static inline bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    (suffix.len == 0 ||
		!memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len));
}

/* `s` from byte `from` on; empty when there is no such byte. */
static inline struct slice
slice_from(struct slice s, size_t from)
{
	if (from >= s.len)
		return slice_make(s.len ? s.ptr + s.len : s.ptr, 0);
	return slice_make(s.ptr + from, s.len - from);
}

/* The first `len` bytes of `s`, or all of it. */
static inline struct slice
slice_upto(struct slice s, size_t len)
{
	return slice_make(s.ptr, len < s.len ? len : s.len);
}

/* The offset of the first byte `c` in `s`, or s.len. */
static inline size_t
slice_find(struct slice s, char c)
{
	const char *p = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return p ? (size_t)(p - s.ptr) : s.len;
}

/* Byte order, as memcmp; a shorter prefix comes first. */
int slice_cmp(struct slice a, struct slice b);

/* Equal when ASCII letters of either case count as one. */
bool slice_eq_nocase(struct slice a, struct slice b);

/*
 * How many letters must change to make `a` of `b` (Levenshtein's distance), by
 * bytes, to SLICE_DISTANCE_MAX bytes a side; where one is longer, the sum of
 * their lengths.
 */
enum {
	SLICE_DISTANCE_MAX = 64
};
size_t slice_distance(struct slice a, struct slice b);

/*
 * Reads `s`, decimal digits and nothing else, no zero in front of another
 * digit, up to `max`; 0, or -1 and *out untouched.
 */
int slice_uint(struct slice s, uint64_t max, uint64_t *out)
    __attribute__((warn_unused_result));

/*
 * The bytes of *s in front of the first byte `c`, taken off it with that byte;
 * all of *s when there is none.
 */
static inline struct slice
slice_take(struct slice *s, char c)
{
	struct slice part = slice_upto(*s, slice_find(*s, c));

	*s = slice_from(*s, part.len + 1);
	return part;
}

/* `s` without leading and trailing blanks, tabs, CR and LF. */
struct slice slice_trim(struct slice s);

#endif
