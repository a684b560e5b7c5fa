/*
 * gopher.h: blocks as lines of columns, for Gopher texts and menus alike.
 *
 * Both have the same lines; they differ in what becomes of links.  In a text a
 * number follows the words and the targets stand at the end; in a menu they
 * are items below their block, and every other line is one of information.
 */
#ifndef RENDER_GOPHER_H
#define RENDER_GOPHER_H

#include "render/render_internal.h"

/* Appends the document's blocks to r->out. */
void gopher_blocks(struct render *r, const struct md_node *doc);

/* One line with what stands in front of it. */
void gopher_text_line(struct render *r, struct slice text);
/* Lines of `text`, filled to the width that is left. */
void gopher_fill(struct render *r, struct slice text);
void gopher_blank(struct render *r);
/* The end of a line: LF, or CR LF. */
void gopher_eol(struct render *r);
/* The program's own heading, such as "Links". */
void gopher_own_heading(struct render *r, enum word w);

/* gophermap.c: the open block's links as items.  `lead` stands before the
 * first one's label, `indent` before the others'. */
void gophermap_items(struct render *r, struct slice lead, struct slice indent);

#endif
