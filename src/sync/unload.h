/*
 * unload.h: a run of contents, one behind the other, into a folder of objects,
 * each under the SHA-256 of its bytes.
 *
 * No name from outside becomes a file's name here: contents are written to a
 * file of our own and renamed to their hash when they are whole.
 */
#ifndef SYNC_UNLOAD_H
#define SYNC_UNLOAD_H

#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "sync/tree.h"

struct err;
struct unload;

/*
 * Contents go to the folder `obj_fd`; `files` are filled with the hashes in
 * the order they stand, whose sizes and paths are given.  NULL and *e.
 */
struct unload *unload_new(
    int obj_fd, struct sync_file *const *files, size_t count, struct err *e);
void unload_free(struct unload *u);

/* Takes the next bytes; more than all sizes together is an error. */
int unload_add(struct unload *u, struct slice part, struct err *e)
    __attribute__((warn_unused_result));

/* Whether every content is whole. */
int unload_end(struct unload *u, struct err *e)
    __attribute__((warn_unused_result));

#endif
