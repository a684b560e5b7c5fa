/*
 * date.h: dates as authors write them, without the machine's clock or zone.
 *
 * Read: YYYY-MM-DD; with a time (YYYY-MM-DD HH:MM or HH:MM:SS, T or a blank
 * between); RFC 3339; a zone may also stand as +0500 or after a blank.  A date
 * without a zone is UTC, one without a time begins at midnight.  Years 0001 to
 * 9999 of the Gregorian calendar.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
	DATE_DAY_BYTES = 10,     /* "2026-01-31" */
	DATE_RFC3339_BYTES = 25, /* "2026-01-31T12:00:00+05:00" */
};

struct date {
	int year; /* 0: no date */
	unsigned month, day, hour, minute, second;
	int zone_min; /* minutes east of UTC */
	bool has_time;
};

/* Whether `d` holds a date. */
static inline bool
date_is_set(const struct date *d)
{
	return d->year != 0;
}

/* 0, or -1 and *out untouched when `s` is no date of the forms above. */
int date_parse(struct slice s, struct date *out)
    __attribute__((warn_unused_result));

/* Seconds since 1970-01-01T00:00:00Z. */
int64_t date_unix(const struct date *d);

/* The day and time (UTC) of `unix_s`; outside years 1 to 9999: no date. */
struct date date_from_unix(int64_t unix_s);

/* Earlier, same, later: less than, equal to, greater than 0.  By instant. */
int date_cmp(const struct date *a, const struct date *b);

/* The day as written, in its own zone, NUL-ended: "2026-01-31". */
void date_format_day(const struct date *d, char out[DATE_DAY_BYTES + 1]);

/* RFC 3339, NUL-ended; Z for UTC; a date without a time is at noon UTC. */
void date_format_rfc3339(
    const struct date *d, char out[DATE_RFC3339_BYTES + 1]);

#endif
