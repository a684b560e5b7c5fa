/*
 * excerpt.h: a line or two of a page that show why it was found.
 */
#ifndef SEARCH_EXCERPT_H
#define SEARCH_EXCERPT_H

#include "base/slice.h"

struct buf;
struct query;

enum {
	EXCERPT_LETTERS = 180, /* about */
	EXCERPT_SCAN = 65536,  /* bytes of a page that are looked at */
};

/*
 * Appends to `out` the part of `page` (gemtext) where most of the query's
 * words stand near one another, or else its beginning: one line of text, with
 * an ellipsis where it was cut, without markup, control characters or tabs.
 * Headings and links are passed over; nothing is appended where there is no
 * text.
 */
void excerpt_add(struct buf *out, const struct query *q, struct slice page);

/*
 * Appends `s` as part of a line: control characters, tabs, what is not UTF-8
 * and marks that turn the direction of what follows become blanks.
 */
void excerpt_add_clean(struct buf *out, struct slice s);

#endif
