/*
 * tally.h: how often articles were read, by protocol, as rows and as text: the
 * files that counts.h writes and `qasid counts` reads.
 *
 * One file a day (UTC), named "2026-11-23.counts", a line for each article and
 * protocol, in order of address:
 *
 *	2026-11-23 gemini /articles/water 12
 *
 * It knows no reader, no hour and nothing that a reader sent.
 */
#ifndef SERVER_TALLY_H
#define SERVER_TALLY_H

#include <stdint.h>

#include "base/buf.h"
#include "net/conn.h"

struct err;

enum {
	TALLY_NAME_MAX = 80,  /* bytes of an article's name */
	TALLY_FILE_BYTES = 24 /* of a file's name and its NUL */
};

struct tally_row {
	char name[TALLY_NAME_MAX + 4]; /* NUL-ended: "water" */
	uint64_t n[PROTOCOLS];
};

struct tally {
	struct buf rows; /* of struct tally_row */
};

void tally_init(struct tally *t);
void tally_release(struct tally *t);

/* The rows, and their number in *count; they move when one is added. */
struct tally_row *tally_rows(const struct tally *t, size_t *count);

/* Whether `name` may be an article's: small letters, digits, single "-". */
bool tally_is_name(struct slice name);

/* Adds a row for `name` (tally_is_name()); -1 when memory ends. */
int tally_add(struct tally *t, struct slice name, const uint64_t n[PROTOCOLS])
    __attribute__((warn_unused_result));

/* One row a name, in order of names; or the most read first. */
void tally_sort(struct tally *t);
void tally_sort_by_count(struct tally *t);

/* The name of the file of the day that `unix_s` lies in. */
void tally_file_name(int64_t unix_s, char out[TALLY_FILE_BYTES]);

/*
 * Adds the rows of file `name` in the folder `dir_fd`; one that is not there
 * has none.  On failure *e, and some rows may have been added.
 */
int tally_read(struct tally *t, int dir_fd, const char *name, struct err *e)
    __attribute__((warn_unused_result));
/* Appends the rows as the text of a file; `name` begins with its day. */
void tally_print(struct buf *out, const struct tally *t, const char *name);

#endif
