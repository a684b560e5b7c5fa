/*
 * wxr.h: reads WordPress's export (WXR, an RSS feed with more in it).
 *
 * libxml2 is loaded when this is called, so that no other command starts
 * slower.  It reads bytes that are already in memory, asks no network and opens
 * no file; a document type, without which there are no entities to expand, is
 * refused; memory grows with the file.
 */
#ifndef IMPORT_WXR_H
#define IMPORT_WXR_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;
struct err;

enum {
	WXR_MAX = 256 * 1024 * 1024 /* bytes of an export */
};

struct wxr_term {
	struct wxr_term *next;
	struct slice name, slug;
	bool is_tag; /* else a category */
};

struct wxr_comment {
	struct wxr_comment *next;
	struct slice id, author, url, date_gmt, date, content, approved, type;
	unsigned line; /* of the content */
};

struct wxr_item {
	struct wxr_item *next;
	struct slice title, link, creator, content, excerpt;
	struct slice id, parent, date, date_gmt, modified_gmt, slug, status,
	    type, attachment_url, thumbnail;
	struct wxr_term *terms, *last_term;
	struct wxr_comment *comments, *last_comment;
	unsigned line, content_line, excerpt_line;
};

struct wxr_author {
	struct wxr_author *next;
	struct slice login, name;
};

struct wxr {
	struct slice title, language, site, blog; /* URLs of the last two */
	struct wxr_author *authors, *last_author;
	struct wxr_item *items, *last_item; /* as in the file */
};

/*
 * Reads `bytes`, those of `file`.  All texts are clean (sanitise.h) and live
 * in `a`.  -1 and *e, with the line where there is one.
 */
int wxr_read(struct arena *a, struct slice bytes, const char *file,
    struct wxr *out, struct err *e) __attribute__((warn_unused_result));

#endif
