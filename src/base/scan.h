/*
 * scan.h: eight bytes looked at in one go, for loops that pass over prose.
 *
 * Each test is exact about "none of the eight", which is all that a loop needs
 * before it steps on by eight; which byte it was is found one by one.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	SCAN_BYTES = 8
};

#define SCAN_ONES ((uint64_t)0x0101010101010101u)
#define SCAN_HIGH ((uint64_t)0x8080808080808080u)

/* The eight bytes at `p`, aligned or not. */
static inline uint64_t
scan_load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Whether one is not ASCII. */
static inline bool
scan_high(uint64_t w)
{
	return w & SCAN_HIGH;
}

/* Whether one is below `c`, which is at most 0x80. */
static inline bool
scan_below(uint64_t w, unsigned char c)
{
	return (w - SCAN_ONES * c) & ~w & SCAN_HIGH;
}

/* Whether one is `c`. */
static inline bool
scan_equal(uint64_t w, unsigned char c)
{
	return scan_below(w ^ SCAN_ONES * c, 1);
}

#endif
