/*
 * store.h: the one place where publisher and server meet: published pages by
 * key, in LMDB.
 *
 * A key is the protocol's letter and the path or selector: "g/articles/x.gmi",
 * "o/articles/x".  A request is looked up, never opened: there is nothing to
 * traverse.  A publish is one switch: readers see the old edition or the new
 * one, at the next view they take, without a signal; kill -9 and power loss at
 * any point leave one of the two.
 *
 * Bodies stand once under their SHA-256, however many pages share them; one
 * over STORE_CHUNK_OVER bytes in chunks of STORE_CHUNK_BYTES.  A big publish
 * commits bodies ahead of the switch: no page names them yet, so no reader
 * sees them, and a build that died leaves only bodies that the next one sweeps.
 *
 * What it does not do: it knows no protocol, no media type, no document.
 *
 * LMDB's rules that bite: a process opens the environment after its fork; the
 * map is never grown under readers; a reader that died holds its slot until
 * store_clear_stale_readers().
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

struct err;

enum {
	STORE_KEY_MAX = 511,            /* bytes, with the protocol's letter */
	STORE_CHUNK_OVER = 1 << 20,     /* bytes: larger bodies in chunks */
	STORE_CHUNK_BYTES = 256 * 1024, /* bytes */
};

/* The map's size unless the settings say otherwise; address space, not disk. */
#define STORE_MAP_BYTES ((uint64_t)64 << 30)

enum store_kind {
	STORE_PAGE,     /* body: the page */
	STORE_REDIRECT, /* body: the target, a path-absolute reference */
	STORE_GONE,     /* body: a short text, why */
	STORE_SEARCH,   /* body: the prompt */
	STORE_REPLY,    /* body: the prompt, and what else is told */
};

/*
 * What stands under a key.  The slices point into the map (from a view: until
 * the view is dropped) or to the caller's bytes (for a put).
 */
struct store_entry {
	enum store_kind kind;
	bool marked;        /* the body holds marks to fill in (marks.h) */
	char gopher_type;   /* '0', '1', '9', ...; 0 where Gopher has no part */
	struct slice media; /* "text/gemini", "application/pdf" */
	struct slice lang;  /* BCP 47 tag; may be empty */
	uint64_t size;      /* bytes of the body as stored */
	struct hash hash;   /* SHA-256 of the body as stored */
};

/* --- reading (server, get, export) --------------------------------------- */

struct store_reader; /* one a process */
struct store_view;   /* one edition, held still */

/* Opens the store in folder `dir` for reading; NULL and *e on failure. */
struct store_reader *store_reader_open(const char *dir, struct err *e);
/* Closes it; every view must have been dropped. */
void store_reader_close(struct store_reader *r);

/*
 * Frees the slots of readers that died, in a process that has the store in
 * `dir` not open; how many.  No page is touched, so a truncated store is no
 * danger.
 */
int store_clear_slots(const char *dir);

/*
 * The newest edition.  Every successful call is paired with one
 * store_view_drop(); views of one edition are one object, counted.  NULL when
 * LMDB fails (too many readers, a damaged store): a passing error to a reader.
 */
struct store_view *store_reader_view(struct store_reader *r);
void store_view_drop(struct store_view *v);

/* How many editions are held, and the oldest of them (NULL: none). */
size_t store_reader_held(const struct store_reader *r);
struct store_view *store_reader_oldest(struct store_reader *r);

/* The number of the edition (1, 2, ...) and when it was published (s, UTC). */
uint64_t store_view_edition(const struct store_view *v);
int64_t store_view_time(const struct store_view *v);

enum store_found {
	STORE_FOUND,
	STORE_ABSENT,
	STORE_FAILED, /* LMDB failed or a record is damaged */
};

/* What stands under `key` (any bytes, any length). */
enum store_found store_view_get(
    struct store_view *v, struct slice key, struct store_entry *out);

/*
 * The part of `entry`'s body from byte `offset` on that stands together in the
 * map: all the rest of a small body, the rest of a chunk of a large one.  It
 * lives until the view is dropped.  Empty at or behind the end, or when the
 * store is damaged (then *ok is false).
 */
struct slice store_view_body(struct store_view *v,
    const struct store_entry *entry, uint64_t offset, bool *ok);

/*
 * Calls `each` for every key in byte order; stops when it returns non-zero and
 * returns that; -1 when LMDB fails, 0 at the end.
 */
int store_view_each(struct store_view *v,
    int (*each)(void *ctx, struct slice key, const struct store_entry *entry),
    void *ctx);

/* The name of the search index of this edition; empty when there is none. */
struct slice store_view_search(struct store_view *v);

/* --- writing (publisher) ------------------------------------------------- */

struct store_writer;

/*
 * Opens (or makes) the store in folder `dir` and waits for no one: when another
 * process publishes, fails with ERR_CONFLICT.  A process has one writer a
 * store.  `map_bytes` 0: the default.
 */
struct store_writer *store_writer_open(
    const char *dir, uint64_t map_bytes, struct err *e);
/* Closes; what was not published is forgotten. */
void store_writer_close(struct store_writer *w);

/* Frees the slots of readers that died; how many. */
int store_clear_stale_readers(struct store_writer *w);

/* The edition that is published now; NULL and *e on failure.  Drop it. */
struct store_view *store_writer_view(struct store_writer *w, struct err *e);

/*
 * Adds a body under its hash (which the caller has computed); a body that is
 * there already costs a look-up.  The bytes are copied.
 */
int store_put_body(struct store_writer *w, const struct hash *hash,
    struct slice body, struct err *e) __attribute__((warn_unused_result));

/*
 * Notes that `key` shall hold `entry` (its body was put or is there already),
 * or nothing; takes effect with store_publish().  Bytes are copied.
 */
int store_put_page(struct store_writer *w, struct slice key,
    const struct store_entry *entry, struct err *e)
    __attribute__((warn_unused_result));
int store_delete_page(struct store_writer *w, struct slice key, struct err *e)
    __attribute__((warn_unused_result));

/*
 * The publisher's own records, which no reader of pages sees: what was built
 * from what.  Get: as of the last publish; the slice lives until the writer
 * publishes or closes; STORE_ABSENT and STORE_FAILED as above.  Put (an empty
 * value deletes) takes effect with store_publish().
 */
enum store_found store_state_get(
    struct store_writer *w, struct slice key, struct slice *value);
int store_state_put(struct store_writer *w, struct slice key,
    struct slice value, struct err *e) __attribute__((warn_unused_result));
/* As store_view_each, over records whose key begins with `prefix`. */
int store_state_each(struct store_writer *w, struct slice prefix,
    int (*each)(void *ctx, struct slice key, struct slice value), void *ctx);

/* Names the search index of the next edition (copied). */
int store_put_search(struct store_writer *w, struct slice name, struct err *e)
    __attribute__((warn_unused_result));

/* How many puts and deletes wait for store_publish(). */
size_t store_pending(const struct store_writer *w);

/*
 * Makes all that was put the next edition, `time_s` its time; -1 and *e on
 * failure, and then nothing has changed and nothing is pending.  With nothing
 * pending it writes nothing and returns 0.  Where only the publisher's own
 * records change, the edition stays the one it was.
 */
int store_publish(struct store_writer *w, int64_t time_s, struct err *e)
    __attribute__((warn_unused_result));

#endif
