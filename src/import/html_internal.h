/*
 * html_internal.h: shared by html.c (blocks and tags), html_inline.c (text and
 * marks), html_table.c, html_shortcode.c and html_scan.c.
 *
 * A block's inlines gather in `para`; html_flush() writes them as a paragraph
 * or heading, behind the marks of the quotes and items that are open, or into
 * the open cell.
 */
#ifndef IMPORT_HTML_INTERNAL_H
#define IMPORT_HTML_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "import/html.h"

enum {
	BOXES_MAX = 48, /* quotes, lists and items in one another */
	MARKS_MAX = 12, /* links and emphasis likewise */
	COLUMNS_MAX = 100,
	HREF_MAX = 64 * 1024,
};

enum box_kind {
	BOX_QUOTE,
	BOX_LIST,
	BOX_ITEM,
};

struct box {
	enum box_kind kind;
	bool ordered;    /* LIST */
	bool started;    /* ITEM: its marker is written */
	char mark;       /* LIST: after or for each item */
	unsigned number; /* LIST: of its next item, from 1 */
	char marker[16]; /* ITEM */
};

/* Emphasis, or a link; written with the first letter in it. */
struct mark {
	char kind; /* 'S'trong, 'E'mphasis, '~', 'L'ink */
	bool open; /* written */
	bool used; /* a link that has had a label, in an earlier block */
};

struct cell {
	struct cell *next;
	struct slice text;
};

struct row {
	struct row *next;
	struct cell *first, *last;
	size_t count;
	bool header;
};

struct table {
	struct row *first, *last;
	size_t columns;
};

struct tag {
	struct slice name; /* as it stands */
	struct slice attributes;
	bool closing;
};

struct html {
	const struct import_html *opts;
	struct buf *out;
	struct arena arena;
	struct slice src;
	const char *at;      /* in src: what is being converted */
	const char *counted; /* lines up to here */
	unsigned line;

	struct box boxes[BOXES_MAX];
	size_t box_count;
	unsigned too_deep; /* open ones that have no box */
	bool after_block;  /* a blank line is due */
	char after_list;   /* the mark of a list that has just ended */

	struct buf para;
	unsigned heading; /* 1 to 6; 0: a paragraph */
	bool space;       /* a blank is due */
	struct mark marks[MARKS_MAX];
	size_t mark_count;
	struct buf href; /* of the open link */

	bool in_code, in_pre;
	struct buf code;

	struct table table;
	unsigned tables; /* open, in one another */
	bool in_cell;
	unsigned span;     /* columns of the open cell */
	size_t cell_boxes; /* open around the cell */
	struct buf cell;

	bool in_caption;
	struct buf caption; /* given as an attribute */
};

/* html_scan.c */
bool html_is_space(char c);
/* The length of the tag at the start of `s`, or 0; fills *t. */
size_t html_tag(struct slice s, struct tag *t);
/* The length of the comment or declaration at the start of `s`, or 0. */
size_t html_comment(struct slice s);
bool html_named(const struct tag *t, const char *name);
/* The raw value of attribute `name` in `attributes`, or an empty slice. */
struct slice html_attribute(struct slice attributes, const char *name);
/* Takes an attribute off *s; false at the end. */
bool html_next_attribute(
    struct slice *s, struct slice *key, struct slice *value);
/* Appends `s` with its entities decoded. */
void html_decode(struct buf *out, struct slice s);

/* html_inline.c */
void html_text(struct html *h, struct slice raw);
void html_open_mark(struct html *h, char kind);
void html_close_mark(struct html *h, char kind);
/* Ends all that is written of the marks; they go on in the next block. */
void html_suspend_marks(struct html *h);
/* What is due before the next visible thing: a blank, marks. */
void html_visible(struct html *h);
void html_break(struct html *h);
void html_code_end(struct html *h);
void html_image(
    struct html *h, struct slice src, struct slice alt, struct slice title);
/* A link of its own; `label` may be empty. */
void html_link(struct html *h, struct slice target, struct slice label);

/* html.c */
void html_flush(struct html *h);
void html_write_line(struct html *h, struct slice line);
void html_begin_block(struct html *h);
void html_tell(struct html *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* html_table.c */
void html_table_tag(struct html *h, const struct tag *t);
void html_row(struct html *h);
void html_cell(struct html *h, const struct tag *t);
void html_cell_end(struct html *h);

/* html_shortcode.c: the length of the one at the start of `s`, or 0. */
size_t html_shortcode(struct html *h, struct slice s);

#endif
