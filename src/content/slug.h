/*
 * slug.h: the names of articles and terms as they stand in addresses.
 *
 * A slug is [a-z0-9]+(-[a-z0-9]+)*, at most SLUG_MAX bytes: the same in a URL
 * and a selector, sayable on the telephone, permanent.
 */
#ifndef CONTENT_SLUG_H
#define CONTENT_SLUG_H

#include <stdbool.h>

#include "base/slice.h"

enum {
	SLUG_MAX = 80 /* bytes */
};

bool slug_is_valid(struct slice s);

/*
 * Makes a slug of a file name or a term: lower case, runs of blanks, '_' and
 * '-' to one '-'.  Its length, with a NUL behind it in out; 0 when what comes
 * out is no slug (then one must be given by hand).
 */
size_t slug_make(struct slice from, char out[SLUG_MAX + 1]);

/*
 * Makes a slug of a title: words of Latin letters and digits, marks and
 * apostrophes left out, cut between two words where it is too long.  Its
 * length, with a NUL behind it in out; 0 where most letters are not Latin ones,
 * or nothing is left.
 */
size_t slug_of_title(struct slice title, char out[SLUG_MAX + 1]);

#endif
