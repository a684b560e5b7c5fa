/*
 * mime.h: what kind of file an attachment is, by libmagic and its name.
 *
 * libmagic looks at the first bytes; where it can only say "text" or "data",
 * the extension of a format that has no magic number decides.
 */
#ifndef SITE_MIME_H
#define SITE_MIME_H

#include "base/slice.h"

struct err;
struct mime;

enum {
	MIME_LOOK_BYTES = 256 * 1024 /* as much as it ever looks at */
};

/* NULL and *e when libmagic's table cannot be loaded. */
struct mime *mime_new(struct err *e);
void mime_free(struct mime *m);

/*
 * The media type of a file that begins with `head` and is called `name`:
 * "application/pdf".  Lives until the next call or mime_free().
 */
struct slice mime_of(struct mime *m, struct slice head, struct slice name);

/*
 * The kind of file for a label: "PDF", "CSV", "EPUB"; empty for pictures,
 * which have a word in each language.  Static.
 */
struct slice mime_kind(struct slice media);

/* The Gopher item type: '0', 'g', 'I', 's' or '9'. */
char mime_gopher_type(struct slice media);

#endif
