#include "test.h"

#include "site/parts.h"

enum {
	MOST = 16
};

static size_t starts[MOST];

static size_t
cut(const struct parts_block *blocks, size_t count, size_t limit)
{
	return parts_cut(blocks, count, limit, starts);
}

static void
short_ones_stay_whole(void **state)
{
	const struct parts_block blocks[] = { { 10, 0 }, { 2, 1 }, { 50, 0 } };

	(void)state;
	assert_int_equal(cut(blocks, 0, 100), 0);
	assert_int_equal(cut(blocks, 3, 100), 1);
	assert_int_equal(starts[0], 0);
}

static void
only_at_headings(void **state)
{
	const struct parts_block plain[] = { { 90, 0 }, { 90, 0 }, { 90, 0 } };
	const struct parts_block one[] = { { 90, 0 }, { 90, 0 }, { 5, 2 },
		{ 90, 0 } };

	(void)state;
	assert_int_equal(cut(plain, 3, 100), 1);
	assert_int_equal(cut(one, 4, 100), 2);
	assert_int_equal(starts[1], 2);
}

/* Two parts of one size rather than a full one and a rest. */
static void
of_one_size(void **state)
{
	const struct parts_block blocks[] = { { 1, 1 }, { 29, 0 }, { 1, 1 },
		{ 29, 0 }, { 1, 1 }, { 29, 0 }, { 1, 1 }, { 29, 0 } };

	(void)state;
	assert_int_equal(cut(blocks, 8, 100), 2);
	assert_int_equal(starts[1], 4);
}

/* A lower heading is cut at only where a higher section is too long. */
static void
at_high_headings(void **state)
{
	const struct parts_block high[] = { { 1, 1 }, { 40, 0 }, { 1, 2 },
		{ 40, 0 }, { 1, 1 }, { 40, 0 } };
	const struct parts_block low[] = { { 1, 1 }, { 60, 0 }, { 1, 2 },
		{ 60, 0 }, { 1, 1 }, { 60, 0 } };

	(void)state;
	assert_int_equal(cut(high, 6, 100), 2);
	assert_int_equal(starts[1], 4);
	assert_int_equal(cut(low, 6, 100), 3);
	assert_int_equal(starts[1], 2);
	assert_int_equal(starts[2], 4);
}

/* No part is over the limit where headings allow it. */
static void
never_over(void **state)
{
	struct parts_block blocks[MOST];
	size_t parts;

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		blocks[i] = (struct parts_block){ 10 + (i * 37) % 50, 1 };
	parts = cut(blocks, MOST, 100);
	for (size_t p = 0; p < parts; p++) {
		size_t end = p + 1 < parts ? starts[p + 1] : MOST, bytes = 0;

		for (size_t i = starts[p]; i < end; i++)
			bytes += blocks[i].bytes;
		assert_true(bytes <= 100);
		assert_true(end > starts[p]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones_stay_whole),
		cmocka_unit_test(only_at_headings),
		cmocka_unit_test(of_one_size),
		cmocka_unit_test(at_high_headings),
		cmocka_unit_test(never_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
