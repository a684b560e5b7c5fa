/*
 * check.h: looks a content tree over before it is published: what the publisher
 * would refuse, and what a reader would stumble over.
 *
 * It reads with the publisher's own code and writes nothing.  Drafts and what
 * is not yet due are looked through as well; in a draft an error is a warning
 * and a warning a note.  Each finding has a code, for programs; the manual lists them.
 */
#ifndef SITE_CHECK_H
#define SITE_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct diag;
struct err;

enum {
	CHECK_PICTURE_BYTES = 100 * 1000,
	CHECK_ATTACHMENT_BYTES = 5 * 1000 * 1000,
};

struct check_opts {
	const char *content;                      /* folder */
	uint64_t picture_bytes, attachment_bytes; /* larger ones are told of */
	unsigned jobs;                            /* helpers; 0: one a core */
	int64_t now_s;                            /* for publishDate */
	struct diag *diag;                        /* takes what is found */
};

struct check_result {
	size_t articles, pages, waiting, files; /* looked at */
};

/* 0, whatever was found; -1 and *e when nothing could be looked at. */
int site_check(const struct check_opts *opts, struct check_result *result,
    struct err *e) __attribute__((warn_unused_result));

#endif
