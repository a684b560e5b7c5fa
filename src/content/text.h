/*
 * text.h: values out of YAML made fit for a page.
 *
 * YAML has escapes, so a value may hold what the sanitiser took from the bytes:
 * controls, line ends, bidi overrides.  A value that is printed goes through
 * here first.
 */
#ifndef CONTENT_TEXT_H
#define CONTENT_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

struct arena;

/*
 * *out: `s` as one line: runs of blanks and line ends become one blank, none at
 * the ends; C0, DEL, C1, bidi embeddings, overrides and isolates are dropped.
 * It points into `s` or the arena, then with a NUL behind it.  -1 when memory
 * ends.
 */
int text_clean(struct arena *a, struct slice s, struct slice *out)
    __attribute__((warn_unused_result));

/*
 * A language tag (RFC 5646) in its usual case: "ur", "ar-Latn", "en-GB", with
 * a NUL behind it in the arena.  -1 when `s` is none or memory ends.
 */
int text_lang(struct arena *a, struct slice s, struct slice *out)
    __attribute__((warn_unused_result));

/*
 * The line of `text` in which a conflict begins that git left to be resolved
 * (<<<<<<<, =======, >>>>>>>, each at a line's start and outside code between
 * fences); 0: there is none.
 */
unsigned text_conflict(struct slice text);

/* Whether the tags mean one language, as far as `want` says: ur has ur-PK. */
bool text_lang_matches(struct slice want, struct slice have);

#endif
