#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#include "search/search_internal.h"

int
search_db_fail(sqlite3 *db, struct err *e)
{
	bool full = db && (sqlite3_errcode(db) & 0xff) == SQLITE_FULL;
	const char *path = db ? sqlite3_db_filename(db, "main") : NULL;

	err_set(e, ERR_SYSTEM, "search index%s%s%s: %s",
	    path && *path ? " \"" : "", path ? path : "",
	    path && *path ? "\"" : "",
	    full     ? strerror(ENOSPC)
		: db ? sqlite3_errmsg(db)
		     : "out of memory");
	if (e && full)
		e->saved_errno = ENOSPC;
	return -1;
}

/* `path` as SQLite's URI wants it; false when it does not fit. */
static bool
make_uri(char *out, size_t cap, const char *dir, struct slice name)
{
	size_t used = (size_t)snprintf(out, cap, "file:");
	char path[SEARCH_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%.*s", dir, SLICE_FMT(name));

	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	for (const char *p = path; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    *p == '/' || *p == '.' || *p == '-' || *p == '_';

		if (used + 4 >= cap)
			return false;
		used += (size_t)snprintf(out + used, cap - used,
		    plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
	return used + sizeof("?mode=ro&immutable=1") < cap &&
	    snprintf(out + used, cap - used, "?mode=ro&immutable=1") > 0;
}

sqlite3 *
search_db_open(const char *dir, struct slice name, struct err *e)
{
	char uri[SEARCH_PATH_MAX * 3 + 64];
	sqlite3 *db = NULL;

	if (!make_uri(uri, sizeof(uri), dir, name)) {
		err_set(e, ERR_LIMIT, "\"%s\": too long a path", dir);
		return NULL;
	}
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
		NULL) == SQLITE_OK)
		return db;
	err_set(e, ERR_SYSTEM, "open \"%s/%.*s\": %s", dir, SLICE_FMT(name),
	    db ? sqlite3_errmsg(db) : "out of memory");
	sqlite3_close(db);
	return NULL;
}

sqlite3_stmt *
search_db_prepare(sqlite3 *db, const char *sql, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v3(
		db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) == SQLITE_OK)
		return s;
	search_db_fail(db, e);
	return NULL;
}

void
search_bind(sqlite3_stmt *s, int at, struct slice text)
{
	sqlite3_bind_text(
	    s, at, text.len ? text.ptr : "", (int)text.len, SQLITE_STATIC);
}

struct slice
search_column(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);

	return slice_make(text, (size_t)sqlite3_column_bytes(s, at));
}
