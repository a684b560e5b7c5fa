/*
 * tree.h: a state of the mirrored tree: its files, each by path, size and
 * hash; and the manifest, which is that list as text:
 *
 *	SHA-256 SIZE PATH
 *
 * a line a file, sorted by the bytes of the path.  The hash of the manifest
 * stands for the whole tree.
 *
 * A checked tree keeps the path rule (path.h), no two of its paths are equal
 * when case-folded, and no path is also a folder of another.
 */
#ifndef SYNC_TREE_H
#define SYNC_TREE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/slice.h"

struct buf;
struct err;

enum {
	SYNC_FILES_MAX = 1000000,
	SYNC_MANIFEST_MAX = 256 << 20, /* bytes */
};

struct sync_file {
	struct slice path; /* in the tree's arena, NUL behind it */
	uint64_t size;     /* bytes */
	struct hash hash;  /* of the content */
};

struct sync_tree {
	struct arena arena;
	struct sync_file **files; /* sorted by path once it is checked */
	size_t count, cap;
	uint64_t bytes; /* of all contents */
};

/* An empty tree; allocates nothing. */
void sync_tree_init(struct sync_tree *t);
void sync_tree_release(struct sync_tree *t);

/* Adds a file (the path is copied); 0, or -1 and *e (limits, memory). */
int sync_tree_add(struct sync_tree *t, const struct sync_file *f, struct err *e)
    __attribute__((warn_unused_result));

/* Adds all files of `from`. */
int sync_tree_copy(struct sync_tree *t, const struct sync_tree *from,
    struct err *e) __attribute__((warn_unused_result));

/* Sorts and checks; 0, or -1 and *e naming the path. */
int sync_tree_check(struct sync_tree *t, struct err *e)
    __attribute__((warn_unused_result));

/* The file under `path` of a sorted tree, or NULL. */
struct sync_file *sync_tree_find(const struct sync_tree *t, struct slice path);

/*
 * Removes file number `at`, the order is kept.  Its memory stays in the arena.
 */
void sync_tree_remove(struct sync_tree *t, size_t at);

/* Appends the manifest of a sorted tree. */
void sync_tree_write(const struct sync_tree *t, struct buf *out);

/* The tree hash: SHA-256 of the manifest; 0, or -1 and *e. */
int sync_tree_hash(const struct sync_tree *t, struct hash *out, struct err *e)
    __attribute__((warn_unused_result));

/* The first file of a sorted tree that is not before `path`: its number. */
size_t sync_tree_seek(const struct sync_tree *t, struct slice path);

/*
 * Fills the empty tree `out` with all of `base` and `over`, both sorted; where
 * both have a path, the file of `over` counts.
 */
int sync_tree_overlay(struct sync_tree *out, const struct sync_tree *base,
    const struct sync_tree *over, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Reads lines of a manifest into the empty tree `t`: sorted, but not checked
 * otherwise.  0, or -1 and *e with the line.
 */
int sync_tree_parse_list(struct sync_tree *t, struct slice text, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Reads a manifest into the empty tree `t` and checks it: sorted, each line as
 * it would be written.  0, or -1 and *e with the line.
 */
int sync_tree_parse(struct sync_tree *t, struct slice text, struct err *e)
    __attribute__((warn_unused_result));

#endif
