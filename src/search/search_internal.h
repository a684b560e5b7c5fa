/*
 * search_internal.h: what the index and the query share: the files' form.
 *
 * An edition's index is one file or two: a base, and a small delta of what
 * changed since the base was made.  Neither is ever written to again once it
 * has its name, so readers may map it.  Its name in the store is the file
 * names, the newest first, parted by a blank: "search.D.db search.B.db".
 *
 *	doc   a row a document: what is shown of it, how long it is
 *	gone  delta: rows of the base that are no more
 *	text  FTS5 without content: folded words by doc.id.  Rows that doc has
 *	      not (replaced, removed) stay in it and are passed over: taking
 *	      them out would need the words they were made of.
 *
 * A delta's doc keeps the records too, so that a new base can be made of an
 * old one and them.
 */
#ifndef SEARCH_SEARCH_INTERNAL_H
#define SEARCH_SEARCH_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/slice.h"

struct err;

enum {
	SEARCH_FILES = 2, /* of one edition's index */
	SEARCH_PATH_MAX = 4096,
};

#define SEARCH_PREFIX "search."
#define SEARCH_SUFFIX ".db"

/* Opens "DIR/NAME" for reading, and never for writing; NULL and *e. */
sqlite3 *search_db_open(const char *dir, struct slice name, struct err *e);
/* As sqlite3_prepare_v3() of one statement; NULL and *e. */
sqlite3_stmt *search_db_prepare(sqlite3 *db, const char *sql, struct err *e);
/* What the database says went wrong; -1. */
int search_db_fail(sqlite3 *db, struct err *e);

void search_bind(sqlite3_stmt *s, int at, struct slice text);
/* The text of a column; it lives until the statement's next step. */
struct slice search_column(sqlite3_stmt *s, int at);

#endif
