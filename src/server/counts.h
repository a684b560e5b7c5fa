/*
 * counts.h: how often each article was read today, in memory that parent and
 * workers share; the parent saves it as a file a day (tally.h).
 *
 * What is counted is an answer that begins with the text of an article: its
 * page, its menu, its source, all of its parts in one; not its further parts,
 * nor its pictures.  There is no place for an address, an hour or a query.
 *
 * Workers add without a lock.  The parent takes what it reads for foreign: a
 * worker that was taken over can tell wrong numbers, and nothing else.
 *
 * What it does not do: two servers cannot save into one folder; what was
 * counted since the last save is lost when the machine or the parent is killed.
 */
#ifndef SERVER_COUNTS_H
#define SERVER_COUNTS_H

#include <stdint.h>

#include "net/conn.h"

struct counts;
struct err;

/* Empty, for all processes forked later; NULL: no memory. */
struct counts *counts_new(void);
void counts_free(struct counts *c);

/* One reading at `now_s` (UTC) of what is published under `path`. */
void counts_add(struct counts *c, enum protocol_id protocol, struct slice path,
    int64_t now_s);

/*
 * Parent: adds what was counted since the last save to the files in `folder`,
 * and makes room once a day is over.  On failure *e, and nothing is lost.
 */
int counts_save(struct counts *c, const char *folder, int64_t now_s,
    struct err *e) __attribute__((warn_unused_result));

#endif
