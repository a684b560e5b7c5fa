/*
 * gone.h: content/gone, the addresses that were withdrawn: a line each, the
 * path, blanks, the reason.  Empty lines and lines that begin with # say
 * nothing.
 */
#ifndef CONTENT_GONE_H
#define CONTENT_GONE_H

#include "base/slice.h"

struct arena;
struct err;

struct gone {
	struct slice address; /* begins with a slash */
	struct slice reason;  /* one line; may be empty */
	unsigned line;
};

struct gone_list {
	struct gone *items;
	size_t count;
};

/*
 * Reads `text` (named `file` in messages) into *out, whose texts point into
 * `text` or live in `a`.  -1 and *e when a line does not begin with a path.
 */
int gone_parse(struct arena *a, struct slice text, const char *file,
    struct gone_list *out, struct err *e) __attribute__((warn_unused_result));

#endif
