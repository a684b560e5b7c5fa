/*
 * message.h: between the workers and the process that searches: one packet a
 * question, one an answer.
 *
 * Neither side trusts the other's bytes further than that they are unpacked
 * with care.
 */
#ifndef SEARCH_MESSAGE_H
#define SEARCH_MESSAGE_H

#include <stdint.h>

#include "search/find.h"

struct buf;

enum {
	MESSAGE_MAX = 64 * 1024, /* bytes of a packet */
};

struct search_question {
	uint64_t ticket;
	unsigned page;
	struct slice lang;  /* only articles in it; empty: all */
	struct slice words; /* as the reader typed them */
};

enum search_status {
	SEARCH_FOUND,
	SEARCH_WAS_LATE,
	SEARCH_FAILED,
	SEARCH_WAS_EMPTY,
	SEARCH_WAS_TOO_LONG,
	SEARCH_WAS_NO_TEXT,
	SEARCH_STATUSES
};

struct search_answer {
	uint64_t ticket;
	enum search_status status;
	struct find_page found; /* where SEARCH_FOUND */
};

void search_question_pack(struct buf *out, const struct search_question *q);
void search_answer_pack(struct buf *out, const struct search_answer *a);
/* The slices point into `bytes`; -1 when these are damaged. */
int search_question_unpack(struct slice bytes, struct search_question *out)
    __attribute__((warn_unused_result));
int search_answer_unpack(struct slice bytes, struct search_answer *out)
    __attribute__((warn_unused_result));

/* Answers a question from `f`; the slices die with the next one. */
void search_answer_make(struct search_finder *f,
    const struct search_question *q, struct search_answer *out);

#endif
