/*
 * sanitise.h: makes the bytes of a source file fit to be read at a terminal.
 *
 * The one path every source takes before anything looks at it.  The byte order
 * mark goes; CRLF and CR become LF; each maximal invalid UTF-8 subpart becomes
 * U+FFFD, with a warning; NUL, C0 (but TAB and LF), DEL, C1, bidi embeddings,
 * overrides and isolates are dropped; U+2028, U+2029, VT and FF become a space.
 * LRM, RLM and ALM stay.  Text is put
 * into normalisation form C.  So the marks of base/marks.h are free in what comes
 * out, which is valid UTF-8 and no more than three times as long.
 */
#ifndef MARKDOWN_SANITISE_H
#define MARKDOWN_SANITISE_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct diag;

/*
 * Appends the clean text of `in` to `out` (whose failure is sticky).  `file`
 * names the source in warnings; it and `d` may be NULL.  At most 20 warnings,
 * then one that says how many more there were.
 */
void md_sanitise(
    struct buf *out, struct slice in, const char *file, struct diag *d);

/* Whether it would come out of md_sanitise() as it is; may say no wrongly. */
bool md_is_clean(struct slice in);

#endif
