#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/err.h"
#include "base/io.h"

#include "server/tally.h"

enum {
	ROWS_MAX_BYTES = 128 << 20,
	FILE_MAX_BYTES = 128 << 20,
};

static const char folder[] = "/articles/";

void
tally_init(struct tally *t)
{
	buf_init(&t->rows, ROWS_MAX_BYTES);
}

void
tally_release(struct tally *t)
{
	buf_release(&t->rows);
}

struct tally_row *
tally_rows(const struct tally *t, size_t *count)
{
	*count = t->rows.len / sizeof(struct tally_row);
	return (struct tally_row *)(void *)t->rows.ptr;
}

bool
tally_is_name(struct slice name)
{
	char before = '-';

	if (!name.len || name.len > TALLY_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    (c != '-' || before == '-'))
			return false;
		before = c;
	}
	return before != '-';
}

int
tally_add(struct tally *t, struct slice name, const uint64_t n[PROTOCOLS])
{
	struct tally_row row = { .name = "" };

	memcpy(row.name, name.ptr, name.len);
	memcpy(row.n, n, sizeof(row.n));
	buf_add_mem(&t->rows, &row, sizeof(row));
	return buf_failed(&t->rows) ? -1 : 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static uint64_t
total(const struct tally_row *row)
{
	uint64_t sum = 0;

	for (int p = 0; p < PROTOCOLS; p++)
		sum += row->n[p];
	return sum;
}

static int
by_count(const void *a, const void *b)
{
	uint64_t x = total(a), y = total(b);

	if (x != y)
		return x < y ? 1 : -1;
	return by_name(a, b);
}

void
tally_sort(struct tally *t)
{
	size_t count, kept = 0;
	struct tally_row *rows = tally_rows(t, &count);

	if (!count)
		return;
	qsort(rows, count, sizeof(*rows), by_name);
	for (size_t i = 1; i < count; i++) {
		if (by_name(&rows[kept], &rows[i]) != 0)
			rows[++kept] = rows[i];
		else
			for (int p = 0; p < PROTOCOLS; p++)
				rows[kept].n[p] += rows[i].n[p];
	}
	buf_truncate(&t->rows, (kept + 1) * sizeof(*rows));
}

void
tally_sort_by_count(struct tally *t)
{
	size_t count;
	struct tally_row *rows = tally_rows(t, &count);

	if (count)
		qsort(rows, count, sizeof(*rows), by_count);
}

void
tally_file_name(int64_t unix_s, char out[TALLY_FILE_BYTES])
{
	struct date day = date_from_unix(unix_s);

	date_format_day(&day, out);
	memcpy(out + DATE_DAY_BYTES, ".counts", sizeof(".counts"));
}

/* "gemini /articles/water 12", what stands behind the day. */
static int
parse_row(struct tally *t, struct slice line)
{
	struct slice protocol = slice_take(&line, ' ');
	struct slice article = slice_take(&line, ' ');
	uint64_t n[PROTOCOLS] = { 0 };
	int p = 0;

	while (p < PROTOCOLS && !slice_eq_cstr(protocol, protocols[p]->name))
		p++;
	if (p == PROTOCOLS || !slice_starts(article, slice_cstr(folder)))
		return -1;
	article = slice_from(article, sizeof(folder) - 1);
	if (!tally_is_name(article) || slice_uint(line, INT64_MAX, &n[p]) < 0)
		return -1;
	return tally_add(t, article, n);
}

int
tally_read(struct tally *t, int dir_fd, const char *name, struct err *e)
{
	struct err why = ERR_INIT;
	unsigned number = 0;
	struct slice day = slice_make(name, DATE_DAY_BYTES), rest;
	struct buf text;
	int r;

	buf_init(&text, FILE_MAX_BYTES + 1);
	r = io_read_below(dir_fd, name, FILE_MAX_BYTES, &text, NULL, &why);
	if (r < 0 && why.kind == ERR_MISSING)
		r = 0;
	else if (r < 0 && e)
		*e = why;
	rest = buf_slice(&text);
	while (r == 0 && rest.len) {
		struct slice line = slice_take(&rest, '\n');

		number++;
		if (!slice_starts(line, day) ||
		    parse_row(t, slice_from(line, day.len + 1)) < 0)
			r = err_at(e, name, number, 0, "no line of counts");
	}
	buf_release(&text);
	return r;
}

void
tally_print(struct buf *out, const struct tally *t, const char *name)
{
	size_t count;
	const struct tally_row *rows = tally_rows(t, &count);

	for (size_t i = 0; i < count; i++)
		for (int p = 0; p < PROTOCOLS; p++)
			if (rows[i].n[p])
				buf_addf(out, "%.*s %s %s%s %llu\n",
				    DATE_DAY_BYTES, name, protocols[p]->name,
				    folder, rows[i].name,
				    (unsigned long long)rows[i].n[p]);
}
