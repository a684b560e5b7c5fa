/*
 * render_internal.h: what the writers share beyond options.
 *
 * A writer walks the blocks.  For each block with inlines it calls
 * flow_block(), which lays the inlines out as one text (hard breaks are LF) and
 * notes the links met; after the block (or the quote, row, note it is part of)
 * the writer lists those and calls links_clear().
 */
#ifndef RENDER_RENDER_INTERNAL_H
#define RENDER_RENDER_INTERNAL_H

/* NOLINTBEGIN(readability-identifier-naming): uthash's names */
#define HASH_NONFATAL_OOM 1
#include "base/mem.h"
#define uthash_malloc(size)    mem_alloc(size)
#define uthash_free(ptr, size) mem_free(ptr)
#include <uthash.h>
/* NOLINTEND(readability-identifier-naming) */

#include "base/arena.h"
#include "base/buf.h"
#include "markdown/node.h"
#include "render/render.h"
#include "render/wrap.h"

enum {
	RENDER_MAX_DEPTH = 200, /* of nodes in nodes; md_parse gives 64 + 16 */
	RENDER_GRID_COLUMNS = 67,
	LINKS_MET = 16 /* a power of two */
};

enum format {
	FORMAT_GEMTEXT,
	FORMAT_TEXT,
	FORMAT_MENU
};

enum direction {
	DIRECTION_NONE, /* no strong letter */
	DIRECTION_LTR,
	DIRECTION_RTL
};

#define RENDER_RLM SLICE_LIT("\xe2\x80\x8f")

/* One target of the document, however many links lead there. */
struct link_target {
	struct slice uri; /* its key */
	struct render_target to;
	unsigned number;     /* in the Links list of a text; 0: not in it */
	unsigned long block; /* whose list holds it */
	size_t item;         /* where in that list, the last time */
	bool kind_shown;     /* a label has said what kind of file it is */
	UT_hash_handle hh;
};

/* A link to be listed below its block; its label is in render.labels. */
struct link_item {
	struct link_target *target;
	size_t label, label_len; /* offset in render.labels */
	bool image;
	bool told; /* the block's text holds all words of the label */
};

struct render {
	struct buf *out;
	const struct render_opts *opts;
	enum format format;
	bool rtl;
	bool has_title;
	bool failed; /* memory ended, or the tree is too deep */
	bool too_deep;

	struct arena arena;            /* of targets */
	struct link_target *targets;   /* all, a hash by uri */
	struct link_target **numbered; /* in the order of their numbers */
	size_t numbers, numbered_cap;
	/* Links met lately: each is asked for more than once. */
	struct {
		const struct md_node *node;
		struct link_target *target;
	} met[LINKS_MET];

	/* Links of the open block. */
	struct link_item *items;
	size_t item_count, item_cap;
	unsigned long block;
	struct buf labels;

	struct buf text;   /* of the open block, from flow_block() */
	struct buf line;   /* one line, while it is put together */
	struct buf prefix; /* what each line begins with */
	struct buf lead;   /* what the next line begins with instead */
	bool lead_pending;
	bool lead_matters; /* shown even where no text follows it */
	bool lead_word;    /* it ends with "Note: " */
	bool lead_task;    /* it holds the box of a task */
	struct wrap wrap;
};

/* --- render.c: the frame around a writer --------------------------------- */

void render_begin(struct render *r, struct buf *out, enum format format,
    const struct render_opts *opts, const struct md_node *doc);
/* Frees all; 0, or -1 and *e when anything failed. */
int render_end(struct render *r, struct err *e);
/* The program's own word in the document's language. */
struct slice render_word(const struct render *r, enum word w);
/* Whether a walk may go one node deeper. */
bool render_deeper(struct render *r, unsigned depth);
/* 1 to 3: # ## ###; more: plain. */
unsigned render_level(const struct render *r, const struct md_node *heading);
/* Adds "Note: " of a quote's kind to the lead of its first line. */
void render_admonition(struct render *r, struct slice kind);
/*
 * Appends `s` percent-decoded; false, and nothing is added, where that would
 * not be text fit for a line: not UTF-8, or with control characters.
 */
bool render_decode(struct buf *out, struct slice s);
/* The way the first strong letter of `s` is written. */
enum direction render_direction(struct slice s);

/* --- flow.c: inlines as text ----------------------------------------------- */

/* Lays out the inlines of `block` in r->text (cleared first). */
void flow_block(struct render *r, const struct md_node *block);
/* The same behind what r->text holds. */
void flow_add(struct render *r, const struct md_node *block);
/* The same where a paragraph is links alone: whole labels, a line each. */
void flow_links(struct render *r, const struct md_node *block);
/* Whether `block` holds links and pictures and nothing else. */
bool flow_only_links(struct render *r, const struct md_node *block);
/* The words of `node` without marks or links, appended to `out`. */
void flow_plain(struct render *r, struct buf *out, const struct md_node *node);

/* --- links.c --------------------------------------------------------------- */

/* The target of a LINK or IMAGE, or NULL where it leads nowhere. */
struct link_target *links_target(struct render *r, const struct md_node *n);
/* Notes it for the list below the block; a target is listed once. */
void links_note(struct render *r, const struct md_node *n,
    struct link_target *t, bool told);
struct slice links_label(const struct render *r, const struct link_item *i);
void links_clear(struct render *r);
/* Its number in the Links list of a text, given at the first call. */
unsigned links_number(struct render *r, struct link_target *t);
/*
 * Appends the label of `n` to `out`: its words, or the file's name; for a
 * picture its title too; for a local file its kind and size.
 */
void links_add_label(struct render *r, struct buf *out, const struct md_node *n,
    struct link_target *t);
/* Appends " (PDF, 1.2 MB)", or what of it `label` does not end with. */
void links_add_kind(struct render *r, struct buf *out, size_t label_start,
    const struct link_target *t, bool image);
/* Whether the link shows its own address as its label. */
bool links_is_bare(const struct md_node *n, const struct link_target *t);

/* --- table.c ---------------------------------------------------------------- */

struct cell {
	size_t text, len; /* offset in grid.text */
	enum md_align align;
};

struct grid {
	struct buf text;    /* all cells */
	struct cell *cells; /* rows by columns */
	unsigned *widths;
	size_t rows, columns;
	size_t width; /* of a line, in columns */
	bool has_header;
};

/* Lays out `table`; its cells are noted as links of the open block. */
int grid_make(struct grid *g, struct render *r, const struct md_node *table);
void grid_release(struct grid *g);
/* Appends "header, header, ...". */
void grid_headers(
    const struct grid *g, const struct render *r, struct buf *out);
/* Calls `emit` for each line of the grid. */
void grid_emit(struct grid *g, struct render *r,
    void (*emit)(struct render *r, struct slice line));

#endif
