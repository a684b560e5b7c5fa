/*
 * reply.h: the bytes of a reply and how far they went: a head of a few bytes,
 * then a body from the store's map, with marks filled in on the way, or from
 * bytes of its own.
 *
 * It decides how many bytes go in one write, so that over TLS text shows early
 * and a small page is one record; what the kernel takes and when is the
 * stream's matter.
 */
#ifndef NET_REPLY_H
#define NET_REPLY_H

#include "net/conn.h"
#include "net/stream.h"
#include "store/store.h"

/* Where in the reply the next byte lies. */
struct reply_cursor {
	size_t head;   /* bytes of the head that went */
	uint64_t body; /* bytes of the stored body that went */
	size_t mark;   /* bytes of the mark at `body` that went */
};

struct reply {
	const char *head; /* the connection's */
	size_t head_len;
	struct reply_cursor at;
	uint64_t size; /* of the body as stored */
	struct store_view *view;
	struct store_entry entry;
	const struct marks *marks;
	char *own;
	unsigned records; /* written so far */
};

/*
 * What the service answered becomes the reply: view and own bytes are taken
 * over, the head is copied to `head`, which outlives the reply.
 */
void reply_take(struct reply *r, const struct conn_reply *from, char *head);
/* Gives back the view and the own bytes; again does nothing. */
void reply_drop_body(struct reply *r);

/* Whether every byte went. */
bool reply_ended(const struct reply *r);

/*
 * Writes the next run of bytes: IO_OK or IO_WANT_WRITE, and *put as
 * stream_write(); IO_FAIL, and *failed when it was the store that failed.
 * `scratch` has STREAM_RECORD_MAX bytes, free again at the end.
 */
enum io_result reply_write(struct reply *r, struct stream *s, char *scratch,
    size_t *put, bool *failed);

/*
 * Copies the bytes that are left and gives the view back; -1 when there are
 * over CONN_COPY_MAX of them, or when memory or the store fails.
 */
int reply_copy_rest(struct reply *r) __attribute__((warn_unused_result));

#endif
