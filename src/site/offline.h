/*
 * offline.h: what readers take along: the articles of a year as a gzipped tar
 * and as a gempub, all of it as one zip of gemtext while that is under 20 MB.
 *
 * A copy holds gemtext, an index, and no pictures or attachments.  Links to
 * what is in it are relative; all others are full URLs of the permanent host
 * (capsule.yaml), without which there are no copies.
 *
 * Copies are made of an edition that is published, so never in the way of one.
 * They are made when a build is asked to, and after a build that finds the last
 * ones (where there are none: the first edition) a day old; then only those
 * whose articles have changed.  The bytes depend on the content alone: each
 * file in a copy carries the day of its newest article.
 */
#ifndef SITE_OFFLINE_H
#define SITE_OFFLINE_H

#include <stdbool.h>

#include "base/slice.h"

struct err;
struct site;

#define OFFLINE_FOLDER "/offline/"
#define OFFLINE_WHOLE  "all" /* the name of the copy of all */

enum {
	OFFLINE_WHOLE_MAX = 20 * 1000 * 1000, /* bytes of the one zip */
	OFFLINE_AGE_S = 24 * 60 * 60,
};

/* One file that is offered. */
struct copy {
	struct slice address; /* "/offline/2026.gpub" */
	struct slice name;    /* "2026", "all" */
	uint64_t size;
};

/* Fills site->copies from the records of the last edition. */
int offline_load(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Whether copies should be made of the edition that is about to be published;
 * -1 and *e on failure.
 */
int offline_wanted(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Makes those that have changed, from the edition that is published; nothing
 * when the content has changed since.  site->copies is what is offered then.
 */
int offline_make(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- offline_page.c -------------------------------------------------------- */

/* Whether there is a page /offline/, once this run is over. */
bool offline_is_offered(const struct site *site);

/* Puts the page /offline/, or takes it out where there is no copy. */
int offline_page(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

#endif
