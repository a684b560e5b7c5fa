/*
 * markdown_internal.h: the tree while it is being built, shared by the files
 * of this folder.
 *
 * md4c calls back in document order.  `cur` is the node that takes what comes
 * next; each block or span of md4c pushes a frame with the `cur` to go back
 * to.  Raw HTML opens and closes nodes too, but never above `floor`, the
 * innermost container that md4c opened.  Every function here that returns an
 * int gives 0, or -1 when memory ended.
 */
#ifndef MARKDOWN_MARKDOWN_INTERNAL_H
#define MARKDOWN_MARKDOWN_INTERNAL_H

#include <stdint.h>

#include "base/buf.h"
#include "markdown/footnotes.h"
#include "markdown/markdown.h"
#include "markdown/node.h"

enum {
	MAX_SPAN_DEPTH = 16,       /* of links, pictures, ... in one another */
	MAX_SHORTCODE_BYTES = 2048 /* longer ones are taken for text */
};

/* Told from a blank in the source by its address. */
extern const char md_soft_break[2];
#define MD_SOFT_BREAK  (slice_make(md_soft_break, 1))
#define MD_SOFT_HYPHEN SLICE_LIT("\xc2\xad")
#define MD_ZWSP        SLICE_LIT("\xe2\x80\x8b")

struct frame {
	struct frame *up;
	struct md_node *cur, *floor; /* to go back to */
	struct md_node *node;        /* opened by it, or NULL */
	int span;                    /* md4c's type of it; -1: a block */
	bool in_skip; /* opened within what a shortcode swallowed */
};

struct builder {
	struct arena *arena;
	const struct md_opts *opts;
	unsigned max_depth;

	char *src; /* what md4c parses, padded */
	size_t src_len, body_at;
	struct buf widened; /* the body where tables were widened */
	struct footnotes notes;
	uint32_t *line_starts; /* offsets in src */
	size_t line_count;
	struct slice body;     /* before notes were taken out; set with them */
	uint32_t *body_starts; /* offsets in it */
	size_t body_lines;
	/* Columns of the place asked for last. */
	size_t counted_line, counted_to, counted;
	unsigned long lost_links; /* nested too deep */

	struct md_node *doc, *cur, *floor;
	struct md_node *before_soft; /* what stood before a soft break */
	struct md_node *note_list;   /* MD_NOTES, or NULL */
	struct frame *frames, *spare;
	bool notes_next; /* the next list is the one of the notes */
	bool too_deep;   /* told once */

	/* Code being gathered. */
	struct buf code;
	bool in_code;

	/* Raw HTML being gathered, then read; where it begins. */
	struct buf html;
	const char *html_at;
	struct md_node *html_link; /* opened by <a>, or NULL */
	const char *skip_tag;      /* dropped until its end tag */
	struct md_node *captioned; /* the table whose <caption> is open */
	struct md_node *pre;       /* the open <pre>, or NULL */

	/* Shortcodes: text before this place in src is theirs. */
	const char *skip_until;
	struct slice caption; /* caption="" of an open [caption] */
	bool in_caption;
};

/* insert.c: where nodes go */
bool md_is_inline(enum md_type t);
struct md_node *md_inline_parent(struct builder *b);
/* A new block in the right place, `cur` unless it must stay inline; or NULL
 * with *flat where only inlines can stand. */
struct md_node *md_open_block(struct builder *b, enum md_type type, bool *flat);
/* Ends the open paragraph (a hard break where there can be no new one). */
int md_end_paragraph(struct builder *b);
int md_break(struct builder *b);
/* `text` as it is, joined to the text before it where they touch. */
int md_plain(struct builder *b, struct slice text);
/* Whether only inlines can stand here: in a cell of a table. */
bool md_in_cell(const struct builder *b);
/* Goes up to the innermost node that holds blocks. */
void md_close_inlines(struct builder *b);
/* A new node below `cur`, which it becomes. */
int md_descend(struct builder *b, enum md_type type);

/* place.c: where things stand in the file */
bool md_in_src(const struct builder *b, const char *p);
/* Where the lines of `text` begin, in the arena; -1: memory ended. */
int md_index_lines(
    struct builder *b, struct slice text, uint32_t **starts, size_t *count);
/* Line and column in the file of `p`, a place in src; 0 where unknown. */
void md_place(
    struct builder *b, const char *p, unsigned *line, unsigned *column);
/* Gives its place to each node above the text at `p` that has none yet. */
void md_place_nodes(struct builder *b, const char *p);
void md_warn(struct builder *b, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* text.c: text with shortcodes, captions and references to footnotes */
int md_text(struct builder *b, struct slice text);

/* html.c */
/* Reads `html`; what it opens may be closed by a later call. */
int md_html(struct builder *b, struct slice html);
/* At the end of a block of HTML. */
int md_html_end(struct builder *b);

/* shape.c: what can only be done with the tree at hand */
int md_shape(struct builder *b);

#endif
