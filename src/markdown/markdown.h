/*
 * markdown.h: from the body of a source file to the tree of node.h.
 *
 * CommonMark with tables, strikethrough, task lists and bare-URL links (by
 * md4c), and what real articles hold besides: footnotes, admonitions, raw HTML
 * in its own shape, captions and video shortcodes, attribute lists.
 *
 * Links are as the source has them; what they lead to is not looked at here.
 */
#ifndef MARKDOWN_MARKDOWN_H
#define MARKDOWN_MARKDOWN_H

#include <stddef.h>

#include "base/slice.h"

struct arena;
struct diag;
struct err;
struct md_node;

enum {
	MD_MAX_BYTES = 4 * 1024 * 1024,      /* of a body */
	MD_MAX_PARAGRAPH_BYTES = 256 * 1024, /* of lines without a blank one */
	MD_MAX_DEPTH = 64                    /* of blocks in blocks */
};

struct md_opts {
	const char *file;    /* in messages; may be NULL */
	unsigned first_line; /* the file's line at which the body begins */
	struct diag *diag;   /* takes the warnings; may be NULL */
	/* Limits; 0 stands for those above. */
	size_t max_bytes, max_paragraph_bytes;
	unsigned max_depth;
};

/*
 * The tree of `body`, sanitised before (sanitise.h), without front matter.
 * The tree lives in `a`, which also takes a copy of the body.  NULL and *e
 * (with its place) when a limit is reached or memory ends; blocks deeper than
 * max_depth are kept as if they stood at that depth, with a warning.
 */
struct md_node *md_parse_document(struct arena *a, struct slice body,
    const struct md_opts *opts, struct err *e);

#endif
