/*
 * html.h: the HTML of another system's articles as Markdown.
 *
 * Every visible word and every link and picture comes out; headings, lists,
 * quotes, tables, code and emphasis keep their shape.  Comments go, those of
 * WordPress's blocks with them; scripts and styles go, and that is told.
 * WordPress's shortcodes for captions, galleries, embedded and played files are
 * converted; others stay as text, and that is told.  Input is any bytes; work
 * and memory grow with its length alone.
 *
 * What it does not do: it is no parser of HTML as browsers have it; what is
 * left open ends with the text.
 */
#ifndef IMPORT_HTML_H
#define IMPORT_HTML_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct diag;
struct err;

enum {
	IMPORT_HTML_MAX = 16 * 1024 * 1024 /* bytes of one text */
};

struct import_html {
	const char *file;    /* for messages */
	unsigned first_line; /* of the text in it */
	bool line_breaks;    /* a line ends where it does in the source */
	/*
	 * Text in place of Markdown: nothing is escaped, no emphasis, a link
	 * is its words and its address, "[" begins no shortcode.
	 */
	bool plain;
	struct diag *diag; /* what could not be converted; may be NULL */
	/* Appends what the link or picture to `target` shall lead to. */
	void (*resolve)(void *ctx, struct slice target, struct buf *out);
	/*
	 * The picture `id` of a gallery, or, with an empty one, the `n`th of
	 * the article's own; false when there is none.
	 */
	bool (*picture)(void *ctx, struct slice id, size_t n,
	    struct slice *target, struct slice *title);
	void *ctx;
};

/* Appends the Markdown of `html`, clean UTF-8, to `out`. */
int import_html(struct buf *out, struct slice html,
    const struct import_html *opts, struct err *e)
    __attribute__((warn_unused_result));

#endif
