/*
 * lines.h: what can be told of a source line by line, before it is parsed.
 *
 * Just enough of CommonMark's block structure to know what stands in fenced
 * code, and to keep from md4c what would cost it more than linear time.
 */
#ifndef MARKDOWN_LINES_H
#define MARKDOWN_LINES_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct err;
struct md_opts;

struct line {
	struct slice text;    /* without its LF */
	struct slice content; /* behind quote marks, list markers and blanks */
	unsigned quotes;      /* `>` in front of it */
	unsigned markers;     /* list markers in front of it */
	unsigned indent;      /* columns of blanks before the first marker */
	unsigned inner;       /* columns of blanks behind the last mark */
	bool blank;
};

/* Where a walk over lines is; all zero at the start. */
struct line_state {
	char fence;            /* '`' or '~' while in fenced code */
	unsigned fence_len;    /* its length */
	unsigned html;         /* kind of HTML block that is open, or 0 */
	unsigned fence_quotes; /* of the fence, or of the HTML block */
	bool fence_in_list;
	bool in_list; /* the last block may still be a list item */
	bool after_blank;
};

/* Takes the first line off *rest and looks at it. */
void line_take(struct slice *rest, struct line *l);

/*
 * Moves the state over `l`; true when the line is of fenced code, its fences
 * included, or of an HTML block that holds anything up to its end: a comment,
 * <pre>, <script>.
 */
bool line_step(struct line_state *s, const struct line *l);

/*
 * Refuses what would take md4c more than linear time: a body or a paragraph
 * over its limit, or nesting so deep that each line costs.  0, or -1 and *e.
 */
int lines_guard(struct slice body, const struct md_opts *o, struct err *e)
    __attribute__((warn_unused_result));

/*
 * md4c wants three characters in each cell of the row below a table's headers;
 * GitHub takes `|-|`.  Where a row has less, appends `body` to `out` (whose
 * failure is sticky) with such cells widened and returns true.
 */
bool lines_widen_tables(struct buf *out, struct slice body);

/*
 * Tells of each row that has more cells than the row below its table's headers:
 * nobody shows what stands in them.
 */
void lines_tell_extra_cells(struct slice body, const struct md_opts *o);

#endif
