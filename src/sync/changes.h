/*
 * changes.h: the lists in front of contents: "- PATH" for a file that goes,
 * "+ SIZE PATH" for one whose content follows, and an empty line.
 *
 * Read as hostile: paths keep the path rule, sizes are numbers within limits,
 * and those of a delta are sorted.  Nothing is opened.
 */
#ifndef SYNC_CHANGES_H
#define SYNC_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "sync/tree.h"

struct err;

/* A list that was read: all its paths, and those that have contents. */
struct changes {
	struct sync_tree all;    /* "-" paths have a hash of zeros */
	struct sync_file **adds; /* "+", in the order of the list */
	size_t add_count;
	uint64_t add_bytes;
	size_t len; /* bytes of the list with its empty line */
};

/*
 * Reads the list at the front of `text` into *c, which is to be released
 * whatever comes of it.  `sorted`: as in a delta; a snapshot has texts first,
 * and no "-".  Up to max[0] lines, and max[1] bytes of contents.  0, or -1 and
 * *e.
 */
int changes_read(struct changes *c, struct slice text, bool sorted,
    const uint64_t max[2], struct err *e) __attribute__((warn_unused_result));
void changes_release(struct changes *c);

#endif
