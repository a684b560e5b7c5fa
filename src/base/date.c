#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"

static const unsigned month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	30, 31 };

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
days_in(int year, unsigned month)
{
	return month_days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Takes exactly `digits` digits off *s. */
static bool
take_number(struct slice *s, size_t digits, unsigned *out)
{
	unsigned n = 0;

	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (s->ptr[i] < '0' || s->ptr[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s->ptr[i] - '0');
	}
	*s = slice_from(*s, digits);
	*out = n;
	return true;
}

static bool
take_char(struct slice *s, char c)
{
	if (!s->len || s->ptr[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool
take_day(struct slice *s, struct date *d)
{
	unsigned year;

	if (!take_number(s, 4, &year) || !take_char(s, '-') ||
	    !take_number(s, 2, &d->month) || !take_char(s, '-') ||
	    !take_number(s, 2, &d->day))
		return false;
	d->year = (int)year;
	return year >= 1 && d->month >= 1 && d->month <= 12 && d->day >= 1 &&
	    d->day <= days_in(d->year, d->month);
}

static bool
take_time(struct slice *s, struct date *d)
{
	unsigned digit;

	if (!take_number(s, 2, &d->hour) || !take_char(s, ':') ||
	    !take_number(s, 2, &d->minute))
		return false;
	if (take_char(s, ':')) {
		if (!take_number(s, 2, &d->second))
			return false;
		if (take_char(s, '.')) {
			if (!take_number(s, 1, &digit))
				return false;
			while (take_number(s, 1, &digit))
				;
		}
	}
	d->has_time = true;
	/* RFC 3339 §5.6 knows leap seconds. */
	return d->hour <= 23 && d->minute <= 59 && d->second <= 60;
}

static bool
take_zone(struct slice *s, struct date *d)
{
	unsigned hours, minutes;
	int sign;

	take_char(s, ' ');
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (take_char(s, '+'))
		sign = 1;
	else if (take_char(s, '-'))
		sign = -1;
	else
		return false;
	if (!take_number(s, 2, &hours))
		return false;
	take_char(s, ':');
	if (!take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	d->zone_min = sign * (int)(hours * 60 + minutes);
	return true;
}

int
date_parse(struct slice s, struct date *out)
{
	struct date d = { .year = 0 };

	if (!take_day(&s, &d))
		return -1;
	if (s.len) {
		if (!take_char(&s, 'T') && !take_char(&s, 't') &&
		    !take_char(&s, ' '))
			return -1;
		if (!take_time(&s, &d))
			return -1;
		if (s.len && (!take_zone(&s, &d) || s.len))
			return -1;
	}
	*out = d;
	return 0;
}

/* Days from 1970-01-01 to the first of January of `year` and back. */
static int64_t
days_before_year(int year)
{
	int64_t y = year - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

int64_t
date_unix(const struct date *d)
{
	int64_t days = days_before_year(d->year) + d->day - 1;

	for (unsigned m = 1; m < d->month; m++)
		days += days_in(d->year, m);
	return days * 86400 + (int64_t)d->hour * 3600 +
	    ((int64_t)d->minute - d->zone_min) * 60 + d->second;
}

struct date
date_from_unix(int64_t unix_s)
{
	int64_t days = unix_s / 86400, rest = unix_s % 86400;
	struct date d = { .has_time = true };

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	if (days < days_before_year(1) || days >= days_before_year(10000))
		return (struct date){ .year = 0 };
	d.year = (int)(days / 366) + 1970;
	if (d.year < 1)
		d.year = 1;
	while (days < days_before_year(d.year))
		d.year--;
	while (days >= days_before_year(d.year + 1))
		d.year++;
	days -= days_before_year(d.year);
	d.month = 1;
	while (days >= days_in(d.year, d.month))
		days -= days_in(d.year, d.month++);
	d.day = (unsigned)days + 1;
	d.hour = (unsigned)(rest / 3600);
	d.minute = (unsigned)(rest / 60 % 60);
	d.second = (unsigned)(rest % 60);
	return d;
}

int
date_cmp(const struct date *a, const struct date *b)
{
	int64_t x = date_unix(a), y = date_unix(b);

	return (x > y) - (x < y);
}

void
date_format_day(const struct date *d, char out[DATE_DAY_BYTES + 1])
{
	/* The remainders say to the compiler what the type's ranges say. */
	snprintf(out, DATE_DAY_BYTES + 1, "%04u-%02u-%02u",
	    (unsigned)d->year % 10000, d->month % 100, d->day % 100);
}

void
date_format_rfc3339(const struct date *d, char out[DATE_RFC3339_BYTES + 1])
{
	unsigned zone = (unsigned)abs(d->zone_min);
	char day[DATE_DAY_BYTES + 1];

	date_format_day(d, day);
	if (!d->has_time)
		snprintf(out, DATE_RFC3339_BYTES + 1, "%sT12:00:00Z", day);
	else if (!zone)
		snprintf(out, DATE_RFC3339_BYTES + 1, "%sT%02u:%02u:%02uZ", day,
		    d->hour % 100, d->minute % 100, d->second % 100);
	else
		snprintf(out, DATE_RFC3339_BYTES + 1,
		    "%sT%02u:%02u:%02u%c%02u:%02u", day, d->hour % 100,
		    d->minute % 100, d->second % 100,
		    d->zone_min < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
}
