/*
 * place.h: files below a folder of our own, reached one component at a time and
 * never through a symbolic link.
 */
#ifndef SYNC_PLACE_H
#define SYNC_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

struct buf;
struct err;

/* Opens the folder `name` below `dir_fd`, made first where missing; -1. */
int place_dir(int dir_fd, const char *name, struct err *e);

/*
 * Opens the folder that holds `path` below `root_fd`, making folders where
 * `make`; *name is the last component.  -1 and *e; a missing folder is
 * ERR_MISSING.
 */
int place_parent(
    int root_fd, const char *path, bool make, const char **name, struct err *e);

/* Removes the file `path`, then folders above it that are empty; absent: fine.
 */
int place_remove(int root_fd, const char *path, struct err *e)
    __attribute__((warn_unused_result));

/* SHA-256 and size of the regular file `path`; 0, or -1 and *e. */
int place_hash(int root_fd, const char *path, struct hash *hash, uint64_t *size,
    struct err *e) __attribute__((warn_unused_result));

/* Reads a whole file; one that is missing leaves `out` empty. */
int place_read(int root_fd, const char *path, size_t max_bytes, struct buf *out,
    struct err *e) __attribute__((warn_unused_result));

/* Removes the folder `name` with all it holds. */
int place_remove_all(int dir_fd, const char *name, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Calls `each` with the path of every regular file below `root_fd`, in no
 * order; anything else but folders is given too, with *regular false.
 */
int place_walk(int root_fd,
    int (*each)(void *ctx, const char *path, bool regular, struct err *e),
    void *ctx, struct err *e) __attribute__((warn_unused_result));

#endif
