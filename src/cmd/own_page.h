/*
 * own_page.h: pages that a command writes into a content folder.
 *
 * Each begins with a mark in its front matter that says who wrote it; a file
 * without is never touched: it may be somebody's article.
 */
#ifndef CMD_OWN_PAGE_H
#define CMD_OWN_PAGE_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct err;

enum {
	OWN_PAGE_MAX = 1 << 20 /* bytes */
};

/* Opens the front matter of a page that `by` ("qasid mirrors") writes. */
void own_page_begin(struct buf *page, const char *by);

/*
 * Appends the name of the page in `lang`: "mirrors.md" in the first language,
 * "mirrors-ur.md" in another.
 */
void own_page_add_name(
    struct buf *out, struct slice path, struct slice lang, bool first);

/*
 * Writes the page where it differs from what is there, if `put`; without, it
 * only finds out whether it may.  ERR_CONFLICT: another's file is there.
 */
int own_page_write(const char *path, const char *by, struct slice text,
    bool put, struct err *e) __attribute__((warn_unused_result));

#endif
