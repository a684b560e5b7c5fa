/*
 * filter_links.h: where links lead when one file is converted as a filter.
 *
 * The file is taken to stand in a folder of the site (`/articles/`); a link to
 * a source (`.md`) becomes one to its gemtext or text; the type of anything
 * else comes from its extension, for nothing is looked up.
 */
#ifndef RENDER_FILTER_LINKS_H
#define RENDER_FILTER_LINKS_H

#include <stdbool.h>

#include "base/buf.h"

struct render_target;

struct filter_links {
	struct slice folder;  /* begins and ends with a slash */
	struct buf uri, menu; /* of the answer given last */
};

/* `folder` must outlive *f. */
void filter_links_init(struct filter_links *f, struct slice folder);
void filter_links_release(struct filter_links *f);

/* For render_opts.resolve, with a struct filter_links as its context. */
void filter_links_resolve(
    void *ctx, struct slice href, bool image, struct render_target *out);

#endif
