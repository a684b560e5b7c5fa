#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/date.h"

static const struct good {
	const char *text, *day, *rfc3339;
	int64_t unix_s;
} good[] = {
	{ "1970-01-01", "1970-01-01", "1970-01-01T12:00:00Z", 0 },
	{ "2026-01-31", "2026-01-31", "2026-01-31T12:00:00Z", 1769817600 },
	{ "2024-02-29 10:20", "2024-02-29", "2024-02-29T10:20:00Z",
	    1709202000 },
	{ "2025-03-01T09:00:00+05:00", "2025-03-01",
	    "2025-03-01T09:00:00+05:00", 1740801600 },
	{ "2025-03-01 09:00:00 +0500", "2025-03-01",
	    "2025-03-01T09:00:00+05:00", 1740801600 },
	{ "2025-03-01t09:00:00.123z", "2025-03-01", "2025-03-01T09:00:00Z",
	    1740819600 },
	{ "0001-01-01", "0001-01-01", "0001-01-01T12:00:00Z", -62135596800 },
	{ "9999-12-31T23:59:60-00:30", "9999-12-31",
	    "9999-12-31T23:59:60-00:30", 253402302600 },
};

static void
dates_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char day[DATE_DAY_BYTES + 1], full[DATE_RFC3339_BYTES + 1];
		struct date d = { .year = 0 };

		assert_int_equal(date_parse(slice_cstr(good[i].text), &d), 0);
		assert_true(date_is_set(&d));
		date_format_day(&d, day);
		date_format_rfc3339(&d, full);
		assert_string_equal(day, good[i].day);
		assert_string_equal(full, good[i].rfc3339);
		assert_true(date_unix(&d) == good[i].unix_s);
	}
}

static void
others_are_refused(void **state)
{
	static const char *const bad[] = { "", "2026", "2026-01", "2026-1-31",
		"2026-13-01", "2026-00-01", "2026-04-31", "2025-02-29",
		"1900-02-29", "2026-01-00", "0000-01-01", "31.01.2026",
		"2026/01/31", "2026-01-31x", "2026-01-31T", "2026-01-31 24:00",
		"2026-01-31 10", "2026-01-31 10:60", "2026-01-31 10:00:61",
		"2026-01-31 10:00:00.", "2026-01-31 10:00:00+5",
		"2026-01-31 10:00:00+24:00", "2026-01-31 10:00:00ZZ",
		"2026-01-31 ", " 2026-01-31" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct date d = { .year = 7 };

		assert_int_equal(date_parse(slice_cstr(bad[i]), &d), -1);
		assert_int_equal(d.year, 7);
	}
}

static void
seconds_and_back(void **state)
{
	(void)state;
	for (int64_t s = -62135596800; s <= 253402300799; s += 86399 * 37) {
		struct date d = date_from_unix(s);

		assert_true(date_unix(&d) == s);
	}
	assert_false(date_from_unix(-62135596801).year);
	assert_false(date_from_unix(253402300800).year);
	assert_false(date_from_unix(INT64_MIN).year);
	assert_false(date_from_unix(INT64_MAX).year);
}

static void
order_is_by_instant(void **state)
{
	struct date a, b;

	(void)state;
	assert_int_equal(
	    date_parse(SLICE_LIT("2025-03-01T01:00:00+05:00"), &a), 0);
	assert_int_equal(date_parse(SLICE_LIT("2025-03-01"), &b), 0);
	assert_true(date_cmp(&a, &b) < 0);
	assert_true(date_cmp(&b, &a) > 0);
	assert_int_equal(date_cmp(&a, &a), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(seconds_and_back),
		cmocka_unit_test(order_is_by_instant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
