/*
 * path.h: which paths may travel between machines.
 *
 * A path is made of components with '/' between them; it is UTF-8 in NFC
 * without controls, has no '\', at most SYNC_PATH_MAX bytes, and each
 * component has at most SYNC_NAME_MAX, is not empty, begins or ends with no
 * blank and begins with no '.' or '-'.  So nothing hides, climbs, looks like an
 * option or means two things on two machines.
 *
 * Pure.  Publishers refuse what breaks the rule, mirrors refuse it again.
 */
#ifndef SYNC_PATH_H
#define SYNC_PATH_H

#include "base/slice.h"

struct buf;

enum {
	SYNC_PATH_MAX = 500, /* bytes */
	SYNC_NAME_MAX = 255, /* bytes of a component */
};

/* Why `path` breaks the rule, in a few words (static text); NULL: it is fine.
 */
const char *sync_path_fault(struct slice path);

/*
 * Appends the form by which two paths are compared for being the same to a
 * file system that folds case; '/' becomes 0x01, so that what lies below a
 * path sorts directly behind it.  -1 when memory ended.
 */
int sync_path_fold(struct buf *out, struct slice path)
    __attribute__((warn_unused_result));

#endif
