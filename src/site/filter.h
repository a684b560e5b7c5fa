/*
 * filter.h: one Markdown file to one page, as a filter: bytes in, bytes out,
 * without a site around it.  Nothing is looked up; what a link leads to is
 * judged by its looks (render/filter_links.h).
 */
#ifndef SITE_FILTER_H
#define SITE_FILTER_H

#include "base/slice.h"

struct buf;
struct diag;
struct err;

enum filter_form {
	FILTER_GEMINI,
	FILTER_GOPHER, /* text */
	FILTER_MENU,
};

struct filter_opts {
	enum filter_form form;
	const char *file; /* for messages */
	const char *base; /* folder it is taken to stand in: "/articles/" */
	const char *host; /* in menus and links over Gopher */
	unsigned port;
	unsigned columns; /* of text and menu; 0: not wrapped */
	struct diag *diag;
};

/* Puts the page into `out`, in place of what it holds; -1 and *e when the file is refused. */
int filter_convert(struct slice source, const struct filter_opts *opts,
    struct buf *out, struct err *e) __attribute__((warn_unused_result));

#endif
