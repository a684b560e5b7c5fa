/*
 * offline_text.h: a gemtext page as it stands in an offline copy.
 */
#ifndef SITE_OFFLINE_TEXT_H
#define SITE_OFFLINE_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

struct offline_links {
	struct slice host; /* of URLs to what is not in the copy */
	/*
	 * Where `address` ("/articles/x.gmi") is in the copy: a path below its
	 * root; empty: it is not there.
	 */
	struct slice (*find)(void *ctx, struct slice address);
	void *ctx;
};

/*
 * Appends `page`, the gemtext that stands at `address`, with its own links led
 * to where they are in the copy, in which it stands at `path`.
 */
void offline_text(struct buf *out, struct slice page, struct slice address,
    struct slice path, const struct offline_links *links);

#endif
