/*
 * ask.h: a worker's searches: it asks the process that searches, goes on
 * serving, and makes a page of the answer when that comes.
 */
#ifndef SERVER_ASK_H
#define SERVER_ASK_H

#include "base/marks.h"
#include "net/conn.h"

struct asker;
struct err;
struct loop;

struct asker_opts {
	struct store_reader *reader;
	const struct marks *marks;
	uint64_t wait_ms; /* after which an answer is no longer expected */
};

/* Asks over `fd` (ask.c takes it over); NULL and *e on failure. */
struct asker *asker_new(
    struct loop *loop, int fd, const struct asker_opts *opts, struct err *e);
void asker_free(struct asker *a);
/* Where the answers go; before the first question. */
void asker_set_pool(struct asker *a, struct conn_pool *pool);

/* What a reader asked. */
struct asked {
	enum protocol_id protocol;
	uint64_t ticket;
	struct slice key;   /* of the search: "g/search" */
	unsigned page;      /* from 1 */
	struct slice words; /* decoded */
	/* Of the search's entry, for what is answered at once. */
	const struct store_entry *entry;
	struct store_view *view; /* not taken over */
};

/*
 * Asks; the reply comes later, or is made at once: where nothing is asked,
 * too much, or by too many.  `a` NULL: nothing is searched here.
 */
void asker_ask(
    struct asker *a, const struct asked *asked, struct conn_reply *reply);

/*
 * Takes a path or selector that begins with a search apart: "/search/2",
 * "/search/2/WORDS", "/search?WORDS" (words still encoded).  False when it is
 * none of these.
 */
struct ask_path {
	struct slice stem; /* "/search" */
	unsigned page;
	struct slice words;
	bool has_words;
};
bool ask_path_parse(struct slice path, struct ask_path *out);

#endif
