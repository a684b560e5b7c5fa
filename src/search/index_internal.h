/*
 * index_internal.h: what the writer's process does with records.
 */
#ifndef SEARCH_INDEX_INTERNAL_H
#define SEARCH_INDEX_INTERNAL_H

#include "search/search_internal.h"

struct err;
struct search_writer;

/* As search_index_start(), here. */
struct search_writer *search_writer_new(
    const char *dir, struct slice current, size_t changes, struct err *e);
/* Unfinished files go too. */
void search_writer_free(struct search_writer *w);

int search_writer_put(struct search_writer *w, struct slice record,
    struct err *e) __attribute__((warn_unused_result));
int search_writer_drop(struct search_writer *w, struct slice path,
    struct err *e) __attribute__((warn_unused_result));
/* Syncs, gives the file its name; writes the index's name to `name`. */
int search_writer_finish(struct search_writer *w, char *name, size_t cap,
    struct err *e) __attribute__((warn_unused_result));

#endif
