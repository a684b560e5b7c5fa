/*
 * export.h: an edition as plain files that any Gemini or Gopher server serves.
 *
 *	DIR/gemini/	index.gmi where an address ends with a slash
 *	DIR/gopher/	a folder with a `gophermap` for each menu
 *	DIR/.qasid-export	says that the folder is ours
 *
 * Marks are filled in.  A server of files cannot redirect or say that a page is
 * gone: an alias becomes a page with one link to its target, a withdrawn page
 * one that says so; searches are left out.  A gophermap holds nothing but lines
 * with a type and tabs and no final dot, so that a server which gives other
 * lines a meaning finds none.
 *
 * The tree is written beside DIR and put in its place when it is whole.  What
 * else stood in DIR goes with the old one, so DIR must be ours, empty, or not
 * there.
 */
#ifndef SITE_EXPORT_H
#define SITE_EXPORT_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct export_opts {
	const char *dir, *store;
	const char *host; /* of all own links */
	unsigned gemini_port, gopher_port;
};

struct export_result {
	size_t files;
	uint64_t edition;
};

/* 0, or -1 and *e; DIR is then as it was. */
int export_edition(const struct export_opts *opts, struct export_result *result,
    struct err *e) __attribute__((warn_unused_result));

#endif
