/*
 * marks.h: the three bytes that stand for a server's own name in stored pages.
 *
 * No stored page holds the host or port it will be served under: they are the
 * server's.  Writers put a mark, and whoever sends a page fills it in.  The
 * sanitiser drops C0 characters from every source, so the marks are free.
 */
#ifndef BASE_MARKS_H
#define BASE_MARKS_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

#define MARK_HOST_PORT '\001' /* host TAB port of a Gopher item */
#define MARK_GOPHER    '\002' /* gopher://host, with :port unless it is 70 */
#define MARK_GEMINI    '\003' /* gemini://host, with :port unless it is 1965 */

/* The texts, ready made; they live as long as their owner says. */
struct marks {
	struct slice host_port, gopher, gemini;
};

/* The text of the mark `c`, or NULL when `c` is no mark. */
const struct slice *marks_text(const struct marks *m, char c);

/* The offset of the first mark in `s`, or s.len. */
size_t marks_find(struct slice s);

/* Appends `s` to out with every mark filled in. */
void marks_fill(struct buf *out, const struct marks *m, struct slice s);

/*
 * Appends the three texts for `host` and the ports to `storage`, and points
 * *m into it; so `storage` must not change while *m is in use.  -1 when the
 * buffer failed.
 */
int marks_make(struct marks *m, struct buf *storage, const char *host,
    unsigned gemini_port, unsigned gopher_port);

#endif
