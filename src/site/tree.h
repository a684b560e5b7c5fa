/*
 * tree.h: the content tree as it lies on the disk: which files there are, and
 * in what state.  Nothing is opened but folders.
 *
 * Only regular files count.  What is anything else (a symbolic link, a FIFO, a
 * device), has a name that no address or mirror could hold, or cannot be
 * looked at is reported as an error with its name, and left out.  Names that
 * begin with a dot and editors' backups (`x~`, `#x#`) are passed over.
 */
#ifndef SITE_TREE_H
#define SITE_TREE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/io.h"

struct diag;
struct err;

enum {
	TREE_PATH_MAX = 500 /* bytes */
};

struct tree_file {
	struct slice path; /* below the content folder; NUL behind it */
	struct io_stamp stamp;
};

struct tree {
	struct tree_file *files; /* sorted by the bytes of their paths */
	size_t count, cap;
	struct arena arena;
};

void tree_init(struct tree *t);
void tree_release(struct tree *t);

/*
 * Walks the folder `name` ("articles") below `content_fd` and adds its files;
 * a folder that is not there has none.  Afterwards tree_sort() must be called.
 * -1 and *e when memory ends.
 */
int tree_scan(struct tree *t, int content_fd, const char *name, struct diag *d,
    struct err *e) __attribute__((warn_unused_result));
void tree_sort(struct tree *t);

/* Whether a file or folder called `name` is left out without a word. */
bool tree_passes_over(const char *name);

#endif
