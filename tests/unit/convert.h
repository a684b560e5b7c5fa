/*
 * convert.h: for tests: one Markdown text through the whole pipeline, as the
 * filter does it (host marks left in place).
 */
#ifndef UNIT_CONVERT_H
#define UNIT_CONVERT_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "markdown/markdown.h"
#include "markdown/node.h"
#include "markdown/sanitise.h"
#include "render/filter_links.h"
#include "render/render.h"

enum {
	CONVERT_GEMTEXT,
	CONVERT_TEXT,
	CONVERT_MENU,
	CONVERT_FORMS,
	CONVERT_MAX = 256 * 1024 * 1024
};

struct convert {
	struct arena arena;
	struct buf clean;
	struct diag diag;
	struct filter_links links;
	struct md_node *doc; /* NULL: refused, see err */
	struct err err;
	struct slice lang;
};

/* Parses `md`, which begins at line `first_line` of its file. */
static inline void
convert_parse(struct convert *c, struct slice md, unsigned first_line)
{
	struct md_opts opts = {
		.file = "test.md", .first_line = first_line, .diag = &c->diag
	};

	c->err = ERR_INIT;
	arena_init(&c->arena, CONVERT_MAX);
	buf_init(&c->clean, CONVERT_MAX);
	filter_links_init(&c->links, SLICE_LIT("/articles/"));
	md_sanitise(&c->clean, md, opts.file, &c->diag);
	c->doc =
	    md_parse_document(&c->arena, buf_slice(&c->clean), &opts, &c->err);
}

/* Appends a form of it to `out`; 0 or -1. */
static inline int
convert_write(struct convert *c, int form, unsigned columns, struct buf *out)
{
	struct render_opts opts = { .lang = c->lang,
		.words = words_for(c->lang),
		.columns = columns,
		.resolve = filter_links_resolve,
		.resolve_ctx = &c->links };

	if (form == CONVERT_GEMTEXT)
		return gemtext_render(out, c->doc, &opts, &c->err);
	if (form == CONVERT_TEXT)
		return gophertext_render(out, c->doc, &opts, &c->err);
	return gophermap_render(out, c->doc, &opts, &c->err);
}

static inline void
convert_release(struct convert *c)
{
	arena_release(&c->arena);
	buf_release(&c->clean);
	filter_links_release(&c->links);
}

/* A title as the publisher puts it: a heading of level 0, the first block. */
static inline void
convert_title(struct convert *c, struct slice title)
{
	struct md_node *h = md_add(&c->arena, NULL, MD_HEADING);

	if (!h || !md_add_text(&c->arena, h, title))
		abort();
	h->parent = c->doc;
	h->next = c->doc->first;
	c->doc->first = h;
	if (!c->doc->last)
		c->doc->last = h;
}

#endif
