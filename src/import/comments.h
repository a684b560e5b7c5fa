/*
 * comments.h: what readers wrote under an article, as replies.
 *
 * Each comment that was approved becomes a file as `qasid replies accept`
 * writes it (replies/letter.h): plain text, its date, and its author's name
 * with the address of their site, never that of their mail or machine.  Its ID
 * is the number it had, so those of one minute keep their order, and a second
 * import finds the first's.
 */
#ifndef IMPORT_COMMENTS_H
#define IMPORT_COMMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct arena;
struct diag;
struct err;
struct place;
struct wxr_item;

struct comments {
	struct place *place;
	struct arena *arena;
	struct diag *diag; /* what could not be converted */
	const char *file;  /* the export, for messages */
	struct slice site; /* that addresses without a host belong to */
	const char *slug;  /* of the article */
	bool is_page;      /* pages have no replies: it is told */
};

/* Puts those of `item`; adds their number to *count. */
int comments_put(const struct comments *c, const struct wxr_item *item,
    size_t *count, struct err *e) __attribute__((warn_unused_result));

#endif
