/*
 * footnotes.h: takes the definitions of footnotes out of a source.
 *
 * md4c has no footnotes, and takes `[^1]: word` for the definition of a link.
 * So before it parses, each definition is cut out; what is parsed instead is
 *
 *	+ the text of the first note
 *	+ the text of the second
 *	<!-- -->
 *	the body, with empty lines where definitions stood
 *
 * in which the notes are the first list, and definitions of links hold for
 * notes and body alike.  Definitions in fenced code are left alone.
 */
#ifndef MARKDOWN_FOOTNOTES_H
#define MARKDOWN_FOOTNOTES_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;
struct buf;
struct md_node;

struct footnote {
	struct slice label;
	size_t at;       /* offset of its text in what is parsed */
	unsigned line;   /* of its definition, from 0 */
	unsigned number; /* in the order of references; 0: none yet */
	bool duplicate;  /* an earlier definition has this label */
	struct md_node *node;
};

struct footnotes {
	struct footnote *notes; /* in the order of the source */
	size_t count;
	struct footnote **by_label; /* sorted, without duplicates */
	size_t labels;
};

/* Whether there may be a note or a reference in `body`: "[^" stands in it. */
bool footnotes_may_be_in(struct slice body);

/*
 * Appends what is to be parsed to `text` and fills *f, which lives in `a` and
 * points into `body`.  *body_at is the offset in `text` of the body's first
 * line.  0, or -1 when memory ends.
 */
int footnotes_take(struct footnotes *f, struct arena *a, struct slice body,
    struct buf *text, size_t *body_at) __attribute__((warn_unused_result));

/* The note that `label` (of a reference) names, or NULL. */
struct footnote *footnotes_find(const struct footnotes *f, struct slice label);

#endif
