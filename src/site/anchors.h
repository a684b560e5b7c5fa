/*
 * anchors.h: what a link's fragment may name in a document: "x.md#the-delta".
 *
 * The rule is GitHub's, by which authors see their links work in an editor: an
 * anchor is a heading's text in lower case, of which letters with their marks,
 * digits, hyphens and underscores stay, blanks become hyphens and all else
 * goes; the second heading that would have the same gets "-1" behind it, the
 * third "-2".  Beside them: the values of id= and name= in raw HTML, and {#x}.
 *
 * Published pages have no anchors: fragments are only checked.
 */
#ifndef SITE_ANCHORS_H
#define SITE_ANCHORS_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;
struct buf;
struct md_node;

struct anchors {
	struct slice *items; /* sorted */
	size_t count;
};

/* Appends the anchor of a heading that says `text`, without a number. */
void anchors_slug(struct buf *out, struct slice text);

/*
 * Fills *out, which lives in `a`, from the headings of `tree` and the raw HTML
 * in `text`, its source; -1 when memory ends.
 */
int anchors_collect(struct arena *a, const struct md_node *tree,
    struct slice text, struct anchors *out) __attribute__((warn_unused_result));

bool anchors_have(const struct anchors *all, struct slice anchor);

#endif
