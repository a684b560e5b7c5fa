/*
 * page.h: the program's own pages as trees of nodes, rendered by the same
 * writers as the articles.  A page is put together with the functions below;
 * when memory ends they note it in `failed`, asked once at the end.
 */
#ifndef SITE_PAGE_H
#define SITE_PAGE_H

#include "site/site_internal.h"

enum {
	PAGE_LIST_MAX = 50,     /* articles on the page of a term */
	PAGE_PART_MAX = 200,    /* entries on one page of a long list */
	PAGE_FEED_MAX = 30,     /* entries of a feed (PROTOCOLS.md 74) */
	PAGE_HOME_MAX = 10,     /* articles on the home page */
	PAGE_NEWS_BYTES = 1000, /* of new.txt, at most */
	PAGE_WIDTH = 67         /* RENDERING.md: columns over Gopher */
};

struct page {
	const struct site *site;
	const struct index *index;
	struct arena *arena;
	struct md_node *tree, *list;
	const struct words *words;
	struct slice lang;
	bool is_menu; /* labels are cut to a line */
	bool failed;
};

/* An empty page for `x`. */
void page_begin(struct page *p, const struct site *site, const struct index *x,
    struct arena *a);
/* Empties it again. */
void page_clear(struct page *p);

struct slice page_word(const struct page *p, enum word w);
/* As printf, in the arena. */
struct slice page_text(struct page *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void page_add_heading(struct page *p, unsigned level, struct slice text);
/* Nothing where `text` is empty. */
void page_add_paragraph(struct page *p, struct slice text);
/* An entry of the open list, which is begun where none is open. */
void page_add_link(struct page *p, const char *scheme, struct slice address,
    struct slice label);
/* A list's entry without a link. */
void page_add_entry(struct page *p, struct slice text);
void page_end_list(struct page *p);

/* What reading `d` takes, about; at least 1. */
uint64_t page_minutes(const struct doc *d);
/* "2026-01-31 Title (6 KB, 4 min)", or without what stands in brackets. */
void page_add_doc(struct page *p, const struct doc *d, bool with_size);
void page_add_docs(struct page *p);

/* What stands on p->index, by its kind. */
void page_make(struct page *p);

/* --- feeds.c ------------------------------------------------------------- */

/* Feed titles and subtitles. */
struct slice feed_title(struct page *p);
struct slice feed_subtitle(const struct page *p);
/* The subscription page: headings and dated links. */
void feed_make(struct page *p);
/* new.txt: the title and `count` entries. */
void feed_make_news(struct page *p, size_t count);
/* atom.xml */
void feed_make_atom(struct page *p, struct buf *out);
/* What a feed shows of `d`, for its digest. */
void feed_digest(const struct doc *d, struct buf *out);

/* --- help.c -------------------------------------------------------------- */

/* Whether there is a help page in `lang` itself. */
bool help_speaks(struct slice lang);
/* The one for readers of `lang`; NULL: none, or the site has its own. */
struct index *help_find(const struct site *site, struct slice lang);
void help_make(struct page *p);
/* What it shows of the site, for its digest. */
void help_digest(const struct site *site, struct buf *out);

#endif
