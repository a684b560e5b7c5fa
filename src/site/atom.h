/*
 * atom.h: an Atom feed (RFC 4287) as bytes.
 *
 * Pure: what is in the structures is what stands in the feed, escaped for XML
 * 1.0; control characters are dropped.  `updated` of the feed is the newest
 * entry's, so the same articles give the same bytes (PROTOCOLS.md 75, 76).
 */
#ifndef SITE_ATOM_H
#define SITE_ATOM_H

#include <stddef.h>

#include "base/date.h"
#include "base/slice.h"

struct buf;

struct atom_entry {
	struct slice id; /* a permanent IRI */
	struct slice title;
	struct slice url;     /* where the article is; a mark may begin it */
	struct slice lang;    /* BCP 47, or empty */
	struct slice summary; /* may be empty */
	struct date published, updated;
	const struct slice *authors;
	size_t author_count;
};

struct atom_feed {
	struct slice id, title, subtitle; /* subtitle may be empty */
	struct slice self_url, home_url;
	struct slice author; /* the institute: for entries without one */
	struct slice lang;
	const struct atom_entry *entries; /* newest first */
	size_t entry_count;
};

/* Appends the feed to `out`; failure shows in buf_failed(out). */
void atom_render(struct buf *out, const struct atom_feed *feed);

#endif
