/*
 * texts.h: what a search says to readers, in their language: the body of a
 * STORE_SEARCH entry, so that the publisher's words reach the server.
 *
 * A line each, in this order; none holds a line feed.
 */
#ifndef SEARCH_TEXTS_H
#define SEARCH_TEXTS_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

enum search_text {
	SEARCH_PROMPT, /* first: it is what status 10 says */
	SEARCH_LANG,   /* only articles in this language; empty: all */
	SEARCH_RTL,    /* not empty: the language runs from right to left */
	SEARCH_TITLE,
	SEARCH_RESULTS,
	SEARCH_NONE,
	SEARCH_NEXT,
	SEARCH_PREVIOUS,
	SEARCH_AGAIN,
	SEARCH_ALL, /* languages */
	SEARCH_HELP,
	SEARCH_LATE,
	SEARCH_TOO_LONG,
	SEARCH_DOWN,
	SEARCH_HOME,
	SEARCH_TEXTS
};

struct search_texts {
	struct slice text[SEARCH_TEXTS];
};

/* Appends the body; line feeds in texts become blanks. */
void search_texts_write(struct buf *out, const struct search_texts *t);
/* The slices point into `body`; what it lacks is empty. */
void search_texts_read(struct slice body, struct search_texts *out);

#endif
