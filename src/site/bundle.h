/*
 * bundle.h: many pages in one file, for reading offline: gzipped tar, zip and
 * gempub, by libarchive.
 *
 * The bytes depend on the entries alone: times, owners and modes are fixed, so
 * the same edition gives the same file on every machine.  A zip sets the
 * process's time zone to UTC.  What is packed and under which names is the
 * caller's affair.
 */
#ifndef SITE_BUNDLE_H
#define SITE_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct err;
struct bundle;

enum bundle_format {
	BUNDLE_TAR_GZ, /* pax where a path is long, ustar otherwise; gzip */
	BUNDLE_ZIP,    /* also a gempub: its metadata.txt is an entry */
};

/*
 * Starts a file that is appended to `out` (which the caller owns and must keep
 * until bundle_end); every entry carries `time_s`, UTC.  NULL and *e on
 * failure.
 */
struct bundle *bundle_begin(
    struct buf *out, enum bundle_format format, int64_t time_s, struct err *e);

/*
 * Adds a regular file under the relative `path`; both are copied.  -1 and *e
 * on failure, also when `out` reaches its maximum: then only bundle_end may
 * follow.
 */
int bundle_add(struct bundle *b, const char *path, struct slice bytes,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Ends the file and frees `b`; -1 and *e when anything failed, and then `out`
 * holds no whole file.  bundle_end(NULL) is 0.
 */
int bundle_end(struct bundle *b, struct err *e)
    __attribute__((warn_unused_result));

#endif
