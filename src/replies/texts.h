/*
 * texts.h: what readers who reply are told, in the article's language: the body
 * of a STORE_REPLY entry, so that the publisher's words reach the server.
 *
 * A line each, in this order; none holds a line feed.
 */
#ifndef REPLIES_TEXTS_H
#define REPLIES_TEXTS_H

#include "base/slice.h"

struct buf;

enum reply_text {
	REPLY_PROMPT, /* first: it is what status 10 says */
	REPLY_ORIGIN, /* the permanent host; empty: none */
	REPLY_RTL,    /* not empty: the language runs from right to left */
	REPLY_LABEL,  /* of the item that asks for a reply */
	REPLY_THANKS,
	REPLY_MORE, /* of the link to go on writing */
	REPLY_BACK, /* of the link to the article */
	REPLY_IS_FULL,
	REPLY_IS_DOWN,
	REPLY_IS_TOO_LONG,
	REPLY_ELSEWHERE, /* on a copy */
	REPLY_TEXTS
};

struct reply_texts {
	struct slice text[REPLY_TEXTS];
};

/* Appends the body; line feeds in texts become blanks. */
void reply_texts_write(struct buf *out, const struct reply_texts *t);
/* The slices point into `body`; what it lacks is empty. */
void reply_texts_read(struct slice body, struct reply_texts *out);

#endif
