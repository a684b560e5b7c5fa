/*
 * foot.h: what stands below a document: the same in other languages, what
 * readers replied, related articles, the ones before and after, the terms it is filed under, its
 * addresses, and the ways on.
 *
 * The article comes first and its foot last, for those who hear a page line by
 * line; each line costs its bytes, so a foot says nothing twice.
 */
#ifndef SITE_FOOT_H
#define SITE_FOOT_H

#include "site/site_internal.h"

/* Which of a document's pages this is. */
struct foot {
	struct arena *arena;
	const struct site *site;
	const struct doc *doc;
	const struct words *words;
	struct slice address; /* of the page, without extension */
	char protocol;        /* 'g' or 'o' */
	char gopher_type;     /* '1': a menu */
	bool is_text;         /* nothing in it can be chosen */
	const struct letter *replies;
	size_t reply_count;
	size_t part, parts; /* part 0: the whole document */
};

/* "Part 2 of 3", in the arena; NULL: memory ended. */
const char *foot_part(
    struct arena *a, const struct words *w, size_t part, size_t parts);

/* The foot as the blocks of a document of its own; NULL: memory ended. */
struct md_node *foot_make(const struct foot *f);

/* Appends what the feet of `d` show of other documents, for its digest. */
void foot_digest(const struct doc *d, struct buf *out);

#endif
