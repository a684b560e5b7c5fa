/*
 * query.h: what a reader typed, taken apart, and put as the engine wants it.
 *
 *	words		all of them are wanted, in any order
 *	"some words"	in this order, one behind the other
 *	begin*		words that begin so (two letters or more)
 *	author:khan author:"sara khan" tag:water year:2026 lang:ur
 *			of articles that have it; of several years or
 *			languages, either.  Urdu readers may say it in Urdu.
 *
 * Nothing else has a meaning; what is no letter or digit parts words, so
 * "water-table" is the phrase of its two words.  No byte of a query reaches
 * the engine but folded words (fold.h) between quotes of ours: its own
 * operators cannot be said.
 *
 * No allocation; hostile queries cost a walk over their bytes.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

enum {
	QUERY_BYTES_MAX = 1024, /* as typed */
	QUERY_TERMS_MAX = 16,
	QUERY_ROOM = 4096, /* bytes of folded words */
};

enum query_kind {
	QUERY_WORDS,
	QUERY_AUTHOR,
	QUERY_TAG,
	QUERY_YEAR,
	QUERY_LANG,
	QUERY_KINDS
};

struct query_term {
	enum query_kind kind;
	struct slice words; /* folded, a blank behind each */
	bool prefix;        /* the last word may go on */
};

struct query {
	struct query_term terms[QUERY_TERMS_MAX];
	size_t count;
	char room[QUERY_ROOM]; /* terms point here: not to be copied */
	size_t used;
};

enum query_result {
	QUERY_FINE,
	QUERY_EMPTY,    /* nothing in it could be looked for */
	QUERY_TOO_LONG, /* in bytes or in terms */
	QUERY_NO_TEXT,  /* it holds a NUL, or is not UTF-8 */
};

/* Takes `typed` apart; *q is only of use after QUERY_FINE. */
enum query_result query_parse(struct slice typed, struct query *q);
/* Adds "lang:LANG" where the reader named no language; a full *q stays. */
void query_add_lang(struct query *q, struct slice lang);

/* What stands before a filter's words in the index: "a="; "" of words. */
const char *query_prefix(enum query_kind kind);

/* How many terms are words: these come first in query_match(). */
size_t query_word_terms(const struct query *q);

/*
 * Appends the engine's expression: all terms, words first; or, with `any`, one
 * that matches where one of the words does (there are some).
 */
void query_match(const struct query *q, bool any, struct buf *out);

#endif
