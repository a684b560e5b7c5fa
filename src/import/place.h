/*
 * place.h: puts imported files into a content folder, again and again.
 *
 * What was written is noted in .import/record there, with its digest.  A file
 * that is there is replaced only where it is still as an import left it, or
 * when told to: what a person has edited since is theirs.
 */
#ifndef IMPORT_PLACE_H
#define IMPORT_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct diag;
struct err;
struct place;

struct place_counts {
	size_t written, same, kept; /* files; kept: edited since */
};

/* The folder `content`, made where it is not there; NULL and *e. */
struct place *place_open(
    const char *content, bool force, struct diag *d, struct err *e);

/* Puts `bytes` under `path`, below the folder; folders are made. */
int place_put(struct place *p, const char *path, struct slice bytes,
    struct err *e) __attribute__((warn_unused_result));

/* Whether there is a file `path`. */
bool place_has(const struct place *p, const char *path);

/* Writes the record, and fills *counts. */
int place_close(struct place *p, struct place_counts *counts, struct err *e)
    __attribute__((warn_unused_result));
/* Frees it; also without place_close(). */
void place_free(struct place *p);

#endif
