/*
 * io.h: whole files read and written so that nothing comes out half.
 *
 * Reading: regular files only, through folders that are no symbolic links,
 * never blocking on a FIFO or device, bounded, and never a mix of two states: a
 * file that changes while it is read is an error.  Writing: the old bytes or
 * the new ones stand under the name, whatever happens in between.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/slice.h"

struct buf;
struct err;
struct stat;

/* What tells one state of a file from another, as far as stat(2) knows. */
struct io_stamp {
	uint64_t size; /* bytes */
	uint64_t inode;
	int64_t mtime_ns, ctime_ns; /* since 1970 */
};

void io_stamp_of(const struct stat *st, struct io_stamp *out);
bool io_stamp_eq(const struct io_stamp *a, const struct io_stamp *b);

/*
 * Opens `path` (relative, below the folder `dir_fd`; no part of it may be ".."
 * or a symbolic link) for reading; *st is what it is.  The descriptor, to be
 * closed by the caller, or -1 and *e: a name that is no regular file is
 * ERR_INVALID, one that is not there ERR_MISSING.
 */
int io_open_below(int dir_fd, const char *path, struct stat *st, struct err *e);

/*
 * Appends the bytes of the regular file `path` below `dir_fd` to `out`; *stamp
 * (may be NULL) is the state that was read.  More than `max_bytes` is
 * ERR_LIMIT, a change while reading ERR_CONFLICT; `out` then holds a prefix.
 */
int io_read_below(int dir_fd, const char *path, size_t max_bytes,
    struct buf *out, struct io_stamp *stamp, struct err *e)
    __attribute__((warn_unused_result));

/* Appends all of descriptor `fd` (a pipe, a terminal, a file) up to its end. */
int io_read_all(int fd, const char *name, size_t max_bytes, struct buf *out,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Puts `bytes` under the name `path` (relative to `dir_fd`): written beside it,
 * synced, renamed.  `mode` are its permissions.
 */
int io_write_file(int dir_fd, const char *path, struct slice bytes, mode_t mode,
    struct err *e) __attribute__((warn_unused_result));

/* Writes all of `bytes` to `fd`; 0, or -1 with errno set. */
int io_write_all(int fd, struct slice bytes)
    __attribute__((warn_unused_result));

#endif
