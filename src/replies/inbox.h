/*
 * inbox.h: the folder that replies wait in until an editor has read them.
 *
 * One process writes to it (server/receiver.h), the editor's command reads it
 * and takes out; what is not a reply by its name is passed over by both.
 */
#ifndef REPLIES_INBOX_H
#define REPLIES_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct err;

enum inbox_result {
	INBOX_TAKEN,
	INBOX_EMPTY,    /* the reply says nothing */
	INBOX_TOO_LONG, /* over LETTER_TEXT_MAX */
	INBOX_FULL,     /* of replies, or the disk */
	INBOX_FAILED,
	INBOX_LATER, /* too many in too short a time */
	INBOX_RESULTS
};

/*
 * Writes the reply `raw` to the article `slug`, sent at `now_s`, to the folder
 * `dir_fd`, which holds `max` at most.  The same words in the same minute are
 * one reply.  *e is only set after INBOX_FAILED.
 */
enum inbox_result inbox_put(int dir_fd, struct slice slug, struct slice raw,
    int64_t now_s, size_t max, struct err *e);

/*
 * Calls `each` with the name of every reply in the folder, in no order, until
 * that gives other than 0, which is returned; -1 and *e on failure.
 */
int inbox_each(int dir_fd, int (*each)(void *ctx, struct slice name), void *ctx,
    struct err *e);

#endif
