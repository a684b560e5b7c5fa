/*
 * record.h: what the index is given of one document: made in a conversion
 * helper, carried as bytes, taken by the index.
 */
#ifndef SEARCH_RECORD_H
#define SEARCH_RECORD_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

/* Texts to show, and folded words (fold_add()) to look for. */
struct search_record {
	struct slice path;    /* in the content: which document it is */
	struct slice address; /* "/articles/x", without extension */
	struct slice title, size, lang; /* size: "4.2 KB" */
	unsigned day;                   /* 20260131; 0: no date */
	bool in_parts; /* its whole stands at "all.gmi" below it */
	struct slice title_words, tag_words, body_words;
	struct slice facets; /* of filters, each word with query_prefix() */
	unsigned length;     /* how many words the first three have */
};

void search_record_pack(struct buf *out, const struct search_record *r);
/* The slices point into `bytes`; -1 when those are damaged. */
int search_record_unpack(struct slice bytes, struct search_record *out)
    __attribute__((warn_unused_result));

#endif
