/*
 * results.h: what was found, as a page of either protocol.
 */
#ifndef SERVER_RESULTS_H
#define SERVER_RESULTS_H

#include "search/message.h"
#include "search/texts.h"
#include "store/store.h"

struct buf;
struct marks;

struct results {
	struct search_texts texts;
	struct slice stem;  /* the search's address: "/search" */
	struct slice words; /* as the reader typed them */
	unsigned page;
	struct find_page *found;
	struct store_view *view; /* what is in it is shown */
	const struct marks *marks;
};

/* Appends the page; what the view does not hold is left out. */
void results_gemtext(struct buf *out, const struct results *r);
void results_menu(struct buf *out, const struct results *r);
/* The menu for a reader who has typed no words: where to, and how. */
void results_menu_empty(struct buf *out, const struct results *r);

#endif
