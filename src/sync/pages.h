/*
 * pages.h: the mirrors' files as pages of the store, under "/.sync/" of both
 * protocols.
 */
#ifndef SYNC_PAGES_H
#define SYNC_PAGES_H

#include "base/hash.h"
#include "base/slice.h"

struct buf;
struct err;
struct store_entry;
struct store_view;
struct store_writer;

/* Puts `body` under `path` ("since/5"); 0, or -1 and *e. */
int sync_page_put(struct store_writer *w, const char *path, struct slice body,
    struct err *e) __attribute__((warn_unused_result));

/* As above, for a body that is in the store already. */
int sync_page_link(struct store_writer *w, const char *path,
    const struct hash *hash, uint64_t size, struct err *e)
    __attribute__((warn_unused_result));

int sync_page_delete(struct store_writer *w, const char *path, struct err *e)
    __attribute__((warn_unused_result));

/* The entry under `path` in the edition `v`; false when there is none. */
bool sync_page_find(
    struct store_view *v, const char *path, struct store_entry *out);

/* Appends the whole body of `hash` and `size`; 0, or -1 and *e. */
int sync_body_read(struct store_view *v, const struct hash *hash, uint64_t size,
    struct buf *out, struct err *e) __attribute__((warn_unused_result));

/* Keeps an old body alive, or lets it go. */
int sync_body_keep(struct store_writer *w, const struct hash *hash,
    uint64_t size, struct err *e) __attribute__((warn_unused_result));
int sync_body_drop(struct store_writer *w, const struct hash *hash,
    struct err *e) __attribute__((warn_unused_result));

#endif
