/*
 * node.h: the small tree that every document is, between parser and writers.
 *
 * Nodes come from an arena and point into the source (or the arena): they live
 * as long as both.  What writers have no use for is not in the tree: emphasis
 * marks, soft breaks (a space), HTML tags, entities (decoded).  The publisher
 * builds its own pages (indexes, heads, feet) of the same nodes, so that one
 * writer a format serves everything.
 *
 *	MD_DOCUMENT
 *	  MD_HEADING level 0 the title, 1-6 headings of the body; inlines
 *	  MD_PARAGRAPH	inlines
 *	  MD_LIST	tight, ordered, number = first; MD_ITEM of blocks
 *	  MD_QUOTE	blocks; info = "NOTE", "TIP", ... of an admonition
 *	  MD_CODE	text = its lines, each ended by LF; info = the language
 *	  MD_TABLE	MD_ROW (the first one: the header) of MD_CELL of inlines
 *	  MD_RULE
 *	  MD_NOTES	MD_NOTE (number) of blocks; at most one, the last block
 *	inlines: MD_TEXT, MD_CODE_SPAN, MD_LINK, MD_IMAGE, MD_STRIKE, MD_BREAK
 *	  (a hard break), MD_NOTE_REF (number)
 */
#ifndef MARKDOWN_NODE_H
#define MARKDOWN_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct arena;

enum md_type {
	MD_DOCUMENT,
	MD_HEADING,
	MD_PARAGRAPH,
	MD_LIST,
	MD_ITEM,
	MD_QUOTE,
	MD_CODE,
	MD_TABLE,
	MD_ROW,
	MD_CELL,
	MD_RULE,
	MD_NOTES,
	MD_NOTE,
	/* inlines from here on */
	MD_TEXT,
	MD_CODE_SPAN,
	MD_LINK,
	MD_IMAGE,
	MD_STRIKE,
	MD_BREAK,
	MD_NOTE_REF,
};

enum md_task {
	MD_TASK_NONE,
	MD_TASK_OPEN,
	MD_TASK_DONE
};

enum md_align {
	MD_ALIGNED_START, /* as the language runs */
	MD_ALIGNED_CENTRE,
	MD_ALIGNED_END
};

struct md_node {
	enum md_type type;
	struct md_node *parent, *first, *last, *next;
	struct slice text; /* TEXT, CODE_SPAN, CODE; LINK, IMAGE: the target */
	struct slice info; /* CODE: language; QUOTE: kind; IMAGE: title */
	unsigned level;    /* HEADING: 0 to 6 */
	unsigned number;   /* LIST: first number; NOTE, NOTE_REF: its number */
	bool ordered;      /* LIST */
	bool tight;        /* LIST: no blank lines between its items */
	enum md_task task; /* ITEM */
	enum md_align align; /* CELL */
	/* Where it stands in the file (from 1; 0: made by the program). */
	unsigned line, column;
};

/* A new node at the end of `parent` (NULL: none); NULL when memory ends. */
struct md_node *md_add(
    struct arena *a, struct md_node *parent, enum md_type type);
/* A text node holding `text` (not copied). */
struct md_node *md_add_text(
    struct arena *a, struct md_node *parent, struct slice text);
/* A link with one text node. */
struct md_node *md_add_link(struct arena *a, struct md_node *parent,
    struct slice target, struct slice label);

/* Moves `child` (with what is below it) from where it is to parent's end. */
void md_move(struct md_node *child, struct md_node *parent);

/*
 * The node after `n` in document order, below `root`; NULL at the end.  With
 * `down` false what is below `n` is left out.  For walks without recursion.
 */
const struct md_node *md_next(
    const struct md_node *n, const struct md_node *root, bool down);

#endif
