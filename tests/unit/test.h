/*
 * test.h: what every unit program includes: cmocka, in the order it wants.
 */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

/* `got` must hold exactly the bytes of the C string `want`. */
#define assert_slice(got, want)                                                \
	do {                                                                   \
		struct slice got_ = (got);                                     \
		assert_int_equal(got_.len, strlen(want));                      \
		assert_memory_equal(got_.ptr ? got_.ptr : "", want, got_.len); \
	} while (0)

#endif
