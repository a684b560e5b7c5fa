/*
 * message.h: between the workers and the process that takes replies: one
 * packet a reply, one what became of it.  Neither side trusts the other's
 * bytes further than that they are unpacked with care.
 */
#ifndef REPLIES_MESSAGE_H
#define REPLIES_MESSAGE_H

#include "replies/inbox.h"
#include "replies/letter.h"

struct buf;

enum {
	REPLY_MESSAGE_MAX = LETTER_TEXT_MAX + 256, /* bytes of a packet */
};

struct reply_sent {
	uint64_t ticket;
	struct slice slug, text; /* as the reader sent it */
};

struct reply_taken {
	uint64_t ticket;
	enum inbox_result result;
};

void reply_sent_pack(struct buf *out, const struct reply_sent *s);
void reply_taken_pack(struct buf *out, const struct reply_taken *t);
/* The slices point into `bytes`; -1 when these are damaged. */
int reply_sent_unpack(struct slice bytes, struct reply_sent *out)
    __attribute__((warn_unused_result));
int reply_taken_unpack(struct slice bytes, struct reply_taken *out)
    __attribute__((warn_unused_result));

#endif
