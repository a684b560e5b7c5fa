/*
 * build.h: publishes a content tree into a store, converting only what changed.
 *
 * What is published is a function of the content tree alone (and of the time,
 * where a publishDate lies ahead): the same content gives the same bytes,
 * whatever the machine, locale, time zone or order of the folder.  Each
 * document, index and shared file has a digest of all that goes into it; what
 * has the digest of the last edition is not made again.  The new edition
 * replaces the old one in one step, or not at all.
 *
 * Foreign bytes are parsed in helper processes only.  A file that cannot be
 * published is reported as an error with its place and keeps its last good
 * version; the others go on.
 */
#ifndef SITE_BUILD_H
#define SITE_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct diag;
struct err;

enum {
	SITE_FILE_MAX = 100 * 1000 * 1000 /* bytes of an attachment */
};

struct site_opts {
	const char *content, *store; /* folders */
	unsigned jobs;               /* helpers at most; 0: one a core */
	int64_t now_s;               /* the time, for publishDate */
	bool offline;                /* make the offline copies now */
	bool all_dates; /* publishDate is not looked at: a mirror's build */
	bool drafts;    /* are published: for a look at them */
	/* For mirrors: the private key that signs, in PEM, and the key that
	 * will; empty: nothing is signed.  Or the folder of the mirror that
	 * this is; NULL: it is none. */
	struct slice sync_key, sync_next;
	const char *sync_from;
	uint64_t sync_serial; /* the least that a signed edition may have */
	struct diag *diag;    /* takes every message */
	/* Told now and then how many things are done; may be NULL. */
	void (*progress)(void *ctx, const char *what, size_t done);
	void *progress_ctx;
};

struct site_result {
	size_t articles, pages; /* published now */
	size_t converted;       /* by this build */
	size_t refused;         /* files, not as they are now */
	uint64_t edition;       /* that is published now */
	uint64_t serial;        /* of the mirrors; 0: nothing is signed */
};

/*
 * 0, also when files were refused (their messages are errors in opts->diag);
 * -1 and *e when nothing could be published; the old edition then stays.
 */
int site_build(const struct site_opts *opts, struct site_result *result,
    struct err *e) __attribute__((warn_unused_result));

/* Calls opts->progress, if any. */
void build_progress(
    const struct site_opts *opts, const char *what, size_t done);

#endif
