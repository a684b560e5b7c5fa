/*
 * render.h: what the three writers share: options and link targets.
 *
 * A writer is pure: the same tree and options give the same bytes, whatever
 * the machine or locale.  It reads a tree of node.h and appends to a buffer;
 * own host and port appear only as marks (base/marks.h).
 *
 * Writers do not know where a link leads: they ask `resolve`.
 */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "render/words.h"

struct buf;
struct err;
struct md_node;

enum render_target_kind {
	RENDER_NO_TARGET, /* not a link: its text stays */
	RENDER_OUTSIDE,   /* somebody else's: uri */
	RENDER_OWN,       /* ours: uri in gemtext, selectors in Gopher */
};

/* Slices live until the next call of resolve, or longer. */
struct render_target {
	enum render_target_kind kind;
	struct slice uri;           /* as a gemtext link line has it */
	char menu_type;             /* OWN: item in a menu */
	struct slice menu_selector; /* OWN */
	char text_type;             /* OWN: in the Links list of a text */
	struct slice text_selector; /* OWN */
	struct slice file_kind;     /* "PDF", "image" for the label, or empty */
	uint64_t size_bytes;
	bool has_size; /* "(PDF, 1.2 MB)" instead of "(PDF)" */
};

struct render_opts {
	struct slice lang;         /* of the document, a BCP 47 tag, or empty */
	const struct words *words; /* the program's own words in it */
	unsigned columns;          /* of Gopher text and menus; 0: unwrapped */
	bool crlf;                 /* Gopher forms: lines end in CR LF */
	/*
	 * What `href` (as the source has it) leads to; `image` when it stands
	 * for a picture.  Never fails: what cannot be resolved is
	 * RENDER_NO_TARGET.
	 */
	void (*resolve)(void *ctx, struct slice href, bool image,
	    struct render_target *out);
	void *resolve_ctx;
};

/*
 * Append the document `doc` (MD_DOCUMENT) to `out`; 0, or -1 and *e when memory
 * ends or out's maximum is reached (out then holds a prefix).
 */
int gemtext_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
    __attribute__((warn_unused_result));
int gophertext_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
    __attribute__((warn_unused_result));
int gophermap_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Appends `url` as a URI has it: blanks, controls, non-ASCII and what RFC 3986
 * does not allow percent-encoded, a sound %XX left as it is.
 */
void render_url(struct buf *out, struct slice url);

/* Appends a size for people: "640 bytes", "84 KB", "1.2 MB": two digits. */
void render_size(struct buf *out, uint64_t bytes);

#endif
