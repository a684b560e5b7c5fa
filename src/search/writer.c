/*
 * How an index follows another:
 *
 *	from nothing	a new base
 *	few changes	a new delta: the last one, copied, and the changes
 *	many changes	a new base: the last one, copied, with the last delta's
 *			records and the changes
 *
 * so what a change costs does not grow with the base, but for one in some
 * hundreds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "search/record.h"

#include "search/index_internal.h"

enum {
	DELTA_ROWS = 256, /* in all, replaced ones too */
	RUN_BYTES = 160,  /* a run's share of a document */
	RUN_MIN = 1 << 20,
	RUN_MAX = 1 << 26,
	/* A base may have as many outdated rows as good ones, and these. */
	SPARE_ROWS = 1000,
	NAME_DIGITS = 16,
};

struct search_writer {
	char dir[SEARCH_PATH_MAX], temp[SEARCH_PATH_MAX + 32];
	sqlite3 *db;   /* being written */
	sqlite3 *base; /* of a delta; read only */
	sqlite3_stmt *text, *doc, *forget, *old, *gone;
	char base_name[64]; /* of a delta */
	struct hash_state *hash;
	int64_t last;  /* the highest id ever given */
	bool is_there; /* `temp` */
};

/* --- files --------------------------------------------------------------- */

static int
copy_bytes(int from, int to)
{
	ssize_t n;

	/* Where the file system can share the blocks, nothing is copied. */
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	return n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS
	    ? -1
	    : (n < 0);
}

/* The same by hand, where the kernel does not. */
static int
copy_by_hand(int from, int to)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (io_write_all(to, slice_make(bytes, (size_t)n)) < 0)
			return -1;
	return (int)n;
}

/* Makes w->temp, a copy of the file `name`, or empty. */
static int
make_temp(struct search_writer *w, struct slice name, struct err *e)
{
	int from = -1, to, rc = 0;

	snprintf(w->temp, sizeof(w->temp), "%s/" SEARCH_PREFIX "new-%ld",
	    w->dir, (long)getpid());
	to = open(
	    w->temp, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (to < 0)
		return err_errno(e, "make", w->temp);
	w->is_there = true;
	if (name.len) {
		char path[SEARCH_PATH_MAX + 128];

		snprintf(
		    path, sizeof(path), "%s/%.*s", w->dir, SLICE_FMT(name));
		from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (from < 0)
			rc = err_errno(e, "open", path);
		else if ((rc = copy_bytes(from, to)) > 0)
			rc = copy_by_hand(from, to);
		if (rc < 0 && from >= 0)
			err_errno(e, "copy", path);
	}
	if (from >= 0)
		close(from);
	close(to);
	return rc;
}

/* --- the database -------------------------------------------------------- */

static int
run(struct search_writer *w, const char *sql, struct err *e)
{
	if (sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return search_db_fail(w->db, e);
}

static int
step(struct search_writer *w, sqlite3_stmt *s, struct err *e)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return 0;
	return search_db_fail(w->db, e);
}

/* The first number that `sql` gives; 0 where it gives none. */
static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = search_db_prepare(db, sql, NULL);
	int64_t n = 0;

	if (s && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/*
 * Nothing is journalled or synced on the way: the file has no name yet, and
 * loses itself with any failure.
 */
static const char settings[] = "PRAGMA journal_mode=OFF;"
			       "PRAGMA synchronous=OFF;"
			       "PRAGMA locking_mode=EXCLUSIVE;"
			       "PRAGMA cache_size=-8192;"
			       "PRAGMA temp_store=MEMORY;";

static const char tables[] =
    "CREATE TABLE doc(id INTEGER PRIMARY KEY, path TEXT UNIQUE, address TEXT,"
    " title TEXT, size TEXT, lang TEXT, day INTEGER, parts INTEGER,"
    " length INTEGER, record BLOB);"
    "CREATE TABLE gone(id INTEGER PRIMARY KEY);"
    "CREATE TABLE last(id INTEGER);"
    "INSERT INTO last VALUES(0);"
    "CREATE VIRTUAL TABLE text USING fts5(title, tags, body, facets,"
    " content='', columnsize=0, tokenize=\"ascii tokenchars '='\");";

/*
 * A base from nothing is written in runs of words sorted in memory, which are
 * not merged.  Runs that fit the processor's cache cost half of what large ones
 * do (1 MB: 0.57 of 64 MB, for 10,000 articles); a query looks into each.
 */
static const char bulk[] =
    "INSERT INTO text(text, rank) VALUES('automerge', 0);"
    "INSERT INTO text(text, rank) VALUES('crisismerge', 1000);";
static const char no_bulk[] =
    "INSERT INTO text(text, rank) VALUES('automerge', 4);"
    "INSERT INTO text(text, rank) VALUES('crisismerge', 16);"
    "INSERT INTO text(text, rank) VALUES('hashsize', 1048576);";

static int
open_temp(struct search_writer *w, bool fresh, struct err *e)
{
	if (sqlite3_open_v2(w->temp, &w->db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		return search_db_fail(w->db, e);
	if (run(w, settings, e) < 0 || run(w, "BEGIN", e) < 0 ||
	    (fresh && run(w, tables, e) < 0))
		return -1;
	w->text = search_db_prepare(w->db,
	    "INSERT INTO text(rowid, title, tags, body, facets)"
	    " VALUES(?1, ?2, ?3, ?4, ?5)",
	    e);
	w->doc = search_db_prepare(w->db,
	    "INSERT OR REPLACE INTO doc VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
	    " ?8, ?9, ?10)",
	    e);
	w->forget =
	    search_db_prepare(w->db, "DELETE FROM doc WHERE path = ?1", e);
	w->gone = search_db_prepare(
	    w->db, "INSERT OR IGNORE INTO gone VALUES(?1)", e);
	return w->text && w->doc && w->forget && w->gone ? 0 : -1;
}

/* --- the three ways ------------------------------------------------------ */

static const char last_id[] = "SELECT id FROM last";

static int
begin_base(struct search_writer *w, size_t changes, struct err *e)
{
	size_t bytes = RUN_MAX;
	char sql[80];

	if (changes < RUN_MAX / RUN_BYTES)
		bytes = changes * RUN_BYTES;
	snprintf(sql, sizeof(sql),
	    "INSERT INTO text(text, rank) VALUES('hashsize', %zu)",
	    bytes < RUN_MIN ? (size_t)RUN_MIN : bytes);
	if (make_temp(w, SLICE_NONE, e) < 0 || open_temp(w, true, e) < 0 ||
	    run(w, bulk, e) < 0)
		return -1;
	return run(w, sql, e);
}

/* `delta` may be empty. */
static int
begin_delta(struct search_writer *w, struct slice delta, struct err *e)
{
	if (make_temp(w, delta, e) < 0 || open_temp(w, !delta.len, e) < 0 ||
	    (!delta.len && run(w, no_bulk, e) < 0))
		return -1;
	w->old =
	    search_db_prepare(w->base, "SELECT id FROM doc WHERE path = ?1", e);
	w->last = number(delta.len ? w->db : w->base, last_id);
	return w->old ? 0 : -1;
}

/* Takes over what the last delta has. */
static int
apply_delta(struct search_writer *w, sqlite3 *delta, struct err *e)
{
	sqlite3_stmt *gone = search_db_prepare(delta, "SELECT id FROM gone", e);
	sqlite3_stmt *records =
	    search_db_prepare(delta, "SELECT record FROM doc ORDER BY id", e);
	sqlite3_stmt *forget =
	    search_db_prepare(w->db, "DELETE FROM doc WHERE id = ?1", e);
	int rc = gone && records && forget ? 0 : -1;

	while (rc == 0 && sqlite3_step(gone) == SQLITE_ROW) {
		sqlite3_bind_int64(forget, 1, sqlite3_column_int64(gone, 0));
		rc = step(w, forget, e);
	}
	while (rc == 0 && sqlite3_step(records) == SQLITE_ROW)
		rc = search_writer_put(w, search_column(records, 0), e);
	sqlite3_finalize(gone);
	sqlite3_finalize(records);
	sqlite3_finalize(forget);
	return rc;
}

/* `delta` may be NULL. */
static int
begin_from(
    struct search_writer *w, struct slice base, sqlite3 *delta, struct err *e)
{
	if (make_temp(w, base, e) < 0 || open_temp(w, false, e) < 0 ||
	    run(w, no_bulk, e) < 0)
		return -1;
	w->last = number(w->db, last_id);
	return delta ? apply_delta(w, delta, e) : 0;
}

/* By what there is and how much is to come. */
static int
begin(struct search_writer *w, struct slice current, size_t changes,
    struct err *e)
{
	struct slice first = slice_take(&current, ' ');
	struct slice base = current.len ? current : first;
	struct slice delta = current.len ? first : SLICE_NONE;
	sqlite3 *newest = NULL;
	int64_t rows = 0;
	int rc = -1;

	hash_add(w->hash, first);
	if (!first.len)
		return begin_base(w, changes, e);
	if (!(w->base = search_db_open(w->dir, base, e)))
		return -1;
	if (delta.len) {
		if (!(newest = search_db_open(w->dir, delta, e)))
			return -1;
		rows = number(newest, last_id) - number(w->base, last_id);
	}
	if ((size_t)rows + changes <= DELTA_ROWS) {
		snprintf(w->base_name, sizeof(w->base_name), "%.*s",
		    SLICE_FMT(base));
		rc = begin_delta(w, delta, e);
	} else {
		sqlite3_close(w->base);
		w->base = NULL;
		rc = begin_from(w, base, newest, e);
	}
	sqlite3_close(newest);
	return rc;
}

struct search_writer *
search_writer_new(
    const char *dir, struct slice current, size_t changes, struct err *e)
{
	struct search_writer *w = mem_calloc(1, sizeof(*w));

	if (!w || !(w->hash = hash_new())) {
		mem_free(w);
		err_memory(e);
		return NULL;
	}
	snprintf(w->dir, sizeof(w->dir), "%s", dir);
	if (begin(w, current, changes, e) == 0)
		return w;
	search_writer_free(w);
	return NULL;
}

static void
close_db(struct search_writer *w)
{
	sqlite3_finalize(w->text);
	sqlite3_finalize(w->doc);
	sqlite3_finalize(w->forget);
	sqlite3_finalize(w->gone);
	sqlite3_finalize(w->old);
	sqlite3_close(w->db);
	sqlite3_close(w->base);
	w->text = w->doc = w->forget = w->gone = w->old = NULL;
	w->db = w->base = NULL;
}

void
search_writer_free(struct search_writer *w)
{
	if (!w)
		return;
	close_db(w);
	if (w->is_there)
		(void)unlink(w->temp);
	hash_free(w->hash);
	mem_free(w);
}

/* --- changes ------------------------------------------------------------- */

/* A row of the base is no more. */
static int
forget_old(struct search_writer *w, struct slice path, struct err *e)
{
	int rc = 0;

	if (!w->base)
		return 0;
	search_bind(w->old, 1, path);
	if (sqlite3_step(w->old) == SQLITE_ROW) {
		sqlite3_bind_int64(w->gone, 1, sqlite3_column_int64(w->old, 0));
		rc = step(w, w->gone, e);
	}
	sqlite3_reset(w->old);
	return rc;
}

int
search_writer_put(struct search_writer *w, struct slice record, struct err *e)
{
	struct search_record r;
	int64_t id = w->last + 1;

	if (search_record_unpack(record, &r) < 0)
		return err_set(
		    e, ERR_CORRUPT, "search index: a damaged record");
	if (forget_old(w, r.path, e) < 0)
		return -1;
	hash_add(w->hash, record);
	sqlite3_bind_int64(w->text, 1, id);
	search_bind(w->text, 2, r.title_words);
	search_bind(w->text, 3, r.tag_words);
	search_bind(w->text, 4, r.body_words);
	search_bind(w->text, 5, r.facets);
	sqlite3_bind_int64(w->doc, 1, id);
	search_bind(w->doc, 2, r.path);
	search_bind(w->doc, 3, r.address);
	search_bind(w->doc, 4, r.title);
	search_bind(w->doc, 5, r.size);
	search_bind(w->doc, 6, r.lang);
	sqlite3_bind_int64(w->doc, 7, r.day);
	sqlite3_bind_int64(w->doc, 8, r.in_parts);
	sqlite3_bind_int64(w->doc, 9, r.length);
	if (w->base)
		sqlite3_bind_blob(
		    w->doc, 10, record.ptr, (int)record.len, SQLITE_STATIC);
	else
		sqlite3_bind_null(w->doc, 10);
	if (step(w, w->text, e) < 0 || step(w, w->doc, e) < 0)
		return -1;
	w->last = id;
	return 0;
}

int
search_writer_drop(struct search_writer *w, struct slice path, struct err *e)
{
	if (forget_old(w, path, e) < 0)
		return -1;
	hash_add(w->hash, SLICE_LIT("drop"));
	hash_add(w->hash, path);
	search_bind(w->forget, 1, path);
	return step(w, w->forget, e);
}

/* --- the end ------------------------------------------------------------- */

static int
sync_path(const char *path, int flags, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags), rc = 0;

	if (fd < 0)
		return err_errno(e, "open", path);
	if (fsync(fd) < 0)
		rc = err_errno(e, "sync", path);
	close(fd);
	return rc;
}

/* Whether a base has more outdated rows than good ones. */
static bool
is_outdated(struct search_writer *w)
{
	int64_t good = number(w->db, "SELECT count(*) FROM doc");

	return !w->base && w->last - good > good + SPARE_ROWS;
}

int
search_writer_finish(
    struct search_writer *w, char *name, size_t cap, struct err *e)
{
	char path[SEARCH_PATH_MAX + 64], hex[HASH_HEX_BYTES + 1], sql[64];
	char file[64];
	struct hash hash;
	bool outdated;

	if (hash_end(w->hash, &hash) < 0)
		return err_memory(e);
	hash_hex(&hash, hex);
	snprintf(
	    sql, sizeof(sql), "UPDATE last SET id = %lld", (long long)w->last);
	if (run(w, sql, e) < 0 || run(w, "COMMIT", e) < 0)
		return -1;
	outdated = is_outdated(w);
	snprintf(file, sizeof(file), SEARCH_PREFIX "%.*s" SEARCH_SUFFIX,
	    NAME_DIGITS, hex);
	snprintf(name, cap, "%s%s%s%s", file, w->base ? " " : "",
	    w->base ? w->base_name : "", outdated ? " outdated" : "");
	close_db(w);
	snprintf(path, sizeof(path), "%s/%s", w->dir, file);
	if (sync_path(w->temp, 0, e) < 0)
		return -1;
	if (rename(w->temp, path) < 0)
		return err_errno(e, "rename to", path);
	w->is_there = false;
	return sync_path(w->dir, O_DIRECTORY, e);
}
