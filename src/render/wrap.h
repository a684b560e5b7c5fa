/*
 * wrap.h: cuts a paragraph into lines of so many columns.
 *
 * Greedy fill.  A line may end after a blank, a hyphen or a dash, where Unicode
 * (UAX #14) allows it too, and never inside a token that holds `://` or `@` or
 * begins with `www.`; between two characters of which one is East Asian and
 * wide, where UAX #14 allows it.  What cannot be broken stands over the edge.
 * LF in the text is a line's end.  Text in scripts written with spaces needs no
 * library call; the rest is libunistring's.
 */
#ifndef RENDER_WRAP_H
#define RENDER_WRAP_H

#include <stdbool.h>

#include "base/buf.h"

struct wrap {
	struct slice text;
	size_t at;         /* where the next line begins */
	bool ascii;        /* bytes are columns */
	bool nbsp;         /* there may be a NO-BREAK SPACE */
	bool library;      /* `breaks` decides */
	struct buf breaks; /* libunistring's answer, a byte each */
	/* The token looked at last and whether it must stay whole. */
	size_t token_start, token_end;
	bool token_whole;
};

/* Holds no memory before wrap_start(). */
void wrap_init(struct wrap *w);
void wrap_release(struct wrap *w);

/* Begins with `text`, which must outlive the lines; 0, or -1 (memory). */
int wrap_start(struct wrap *w, struct slice text)
    __attribute__((warn_unused_result));

/*
 * The next line, at most `columns` wide (0: to the next LF), without blanks at
 * its ends; false when there is none.  An empty text has no line.
 */
bool wrap_take(struct wrap *w, unsigned columns, struct slice *line);

/* The columns that `s` fills: combining marks 0, wide characters 2. */
unsigned wrap_width(struct slice s);

/* The longest beginning of `s` that is at most `columns` wide, in bytes. */
size_t wrap_fit(struct slice s, unsigned columns);

#endif
