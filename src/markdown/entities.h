/*
 * entities.h: character references of HTML, such as &eacute; and &#233;.
 */
#ifndef MARKDOWN_ENTITIES_H
#define MARKDOWN_ENTITIES_H

#include "base/slice.h"

enum {
	ENTITY_MAX_BYTES = 8
};

/* The length of the reference at the start of `s` (with & and ;), or 0. */
size_t entity_length(struct slice s);

/*
 * Writes what `entity` (with & and ;) stands for to dst; returns its bytes (0:
 * it stands for a character that is dropped), or -1 when it is not known.
 */
int entity_decode(struct slice entity, char dst[ENTITY_MAX_BYTES]);

#endif
