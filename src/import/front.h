/*
 * front.h: front matter out of other systems' fields.
 */
#ifndef IMPORT_FRONT_H
#define IMPORT_FRONT_H

#include "base/slice.h"

struct arena;
struct buf;

/* Appends "key: value". */
void front_add(struct buf *out, const char *key, struct slice value);

/* The text of `html`, without tags, on one line; empty when memory ends. */
struct slice front_plain(struct arena *arena, struct slice html);

/* `given`, or Urdu where most letters are Arabic ones, else English. */
const char *front_language(
    const char *given, struct slice title, struct slice content);

#endif
