/*
 * find.h: the server's half: queries to an edition's index.
 *
 * A finder follows the editions of a store: each query is answered from the
 * index of the newest.  A document's score is BM25 over its title (10), its
 * tags, categories and authors (4) and its body (1), with all counts taken
 * over the documents of the edition, however many files its index has; equal
 * scores, and queries of filters alone, come newest first.
 *
 * Excerpts are made of the page as it is published, so the index holds no
 * texts.  A query that takes longer than its deadline is given up.
 *
 * It opens files by names that the store gives it, in the store's folder, and
 * nothing else.
 */
#ifndef SEARCH_FIND_H
#define SEARCH_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct err;
struct query;
struct search_finder;

enum {
	FIND_PAGE = 10,       /* hits on a page */
	FIND_PAGES_MAX = 100, /* as far as readers may turn */
};

/* The finder of the store in folder `dir`; NULL and *e on failure. */
struct search_finder *search_finder_new(
    const char *dir, uint64_t deadline_ms, struct err *e);
void search_finder_free(struct search_finder *f);

/* Opens the newest edition's index, if there is one. */
void search_finder_warm(struct search_finder *f);
/* Whether no newer edition has another index than was opened, or tried. */
bool search_finder_is_current(struct search_finder *f);

enum find_result {
	FIND_FINE,
	FIND_LATE,   /* given up at the deadline */
	FIND_FAILED, /* no index, or it cannot be read */
};

struct find_hit {
	struct slice address, title, size, lang, excerpt;
	unsigned day;  /* 20260131; 0: none */
	bool in_parts; /* the whole of it is at "all.gmi" below */
};

/* What was found; the texts die with the next query. */
struct find_page {
	size_t total;
	size_t count; /* on this page */
	struct find_hit hits[FIND_PAGE];
};

/* Page `page`, from 1, of what `q` finds. */
enum find_result search_find(struct search_finder *f, const struct query *q,
    unsigned page, struct find_page *out);

#endif
