/*
 * parts.h: long articles in parts, so that a slow link brings something to read
 * soon (DESIGN.md, "Addresses").
 *
 * An article is cut at headings, at as high a level of them as keeps each part
 * below the limit, and into parts of about one size; where there is no heading
 * there is no cut.  Each part has the notes that it refers to, under the numbers
 * that they have in the whole.
 */
#ifndef SITE_PARTS_H
#define SITE_PARTS_H

#include <stddef.h>

#include "base/slice.h"

struct arena;
struct md_node;

enum {
	PARTS_OVER_BYTES = 24 * 1024, /* of gemtext: a longer article is cut */
};

/* A block of the body: how much it is, and whether a part may begin with it. */
struct parts_block {
	size_t bytes;
	unsigned level; /* of a heading, 1 to 6; 0: any other block */
};

/*
 * Where the parts of `count` blocks begin: fills starts[] (room for `count`),
 * the first of which is 0, and returns how many parts there are.
 */
size_t parts_cut(const struct parts_block *blocks, size_t count, size_t limit,
    size_t *starts);

struct parts {
	struct md_node **docs; /* MD_DOCUMENT each, once split */
	struct slice *names;   /* the first heading of each; may be empty */
	size_t count;          /* under 2: the article stays whole */
	struct md_node **starts, *notes;
	struct md_node *tail; /* what stands behind the notes */
	struct arena *arena;
};

/*
 * Plans the parts of `tree`, whose body is the blocks `first` to `last`;
 * measure() says how long a block is in gemtext.  -1 when memory ends.
 */
int parts_plan(struct parts *p, struct arena *a, struct md_node *first,
    const struct md_node *last,
    size_t (*measure)(void *ctx, struct md_node *block), void *ctx)
    __attribute__((warn_unused_result));
/*
 * Takes `tree` apart: what stands before the body goes to the first part, what
 * stands behind it to the last.  -1 when memory ends.
 */
int parts_split(struct parts *p, struct md_node *tree)
    __attribute__((warn_unused_result));
/* Puts `block` before the body of the first part. */
void parts_insert(const struct parts *p, struct md_node *block);
/*
 * Gives part `n` (from 0) its notes.  A note that two parts have is in the one
 * that took it last, so this is called as each part is rendered.
 */
int parts_take_notes(struct parts *p, size_t n)
    __attribute__((warn_unused_result));

#endif
