/*
 * stream.h: bytes to and from a peer, over TLS or without, by the same four
 * functions, so that no state of a connection asks which it is.
 *
 * Writing over TLS never blocks: records are made in a buffer that all streams
 * of a process share, and stream_flush(), called before control goes back to
 * the loop, hands them to the kernel in one call, so that a page, its
 * close_notify and a session ticket share segments.  What the kernel does not
 * take is kept by the stream, at most one step's worth.  Without TLS bytes go
 * to the kernel at once, straight from where they lie.
 *
 * What it does not do: it knows no protocol, no deadline and no loop.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum io_result {
	IO_OK,
	IO_WANT_READ,
	IO_WANT_WRITE,
	IO_EOF,
	IO_FAIL,
};

enum {
	STREAM_RECORD_MAX = 16384, /* bytes in one stream_write() over TLS */
	STREAM_OUT_BYTES = 48 * 1024,
};

/*
 * Shared by the streams of a process, one at a time: whose bytes it holds, and
 * empty between two steps.  No other stream touches them.
 */
struct stream_out {
	const struct stream *owner; /* while len > 0 */
	size_t len;
	char bytes[STREAM_OUT_BYTES];
};

struct stream;

struct stream_ops {
	enum io_result (*handshake)(struct stream *s);
	enum io_result (*read)(
	    struct stream *s, char *dst, size_t cap, size_t *got);
	enum io_result (*write)(struct stream *s, const char *src, size_t len,
	    bool last, size_t *put);
	void (*close)(struct stream *s);
	size_t step_bytes; /* what one step should write at most */
	bool records;      /* a write is a record, whole or useless */
};

struct stream {
	const struct stream_ops *ops;
	int fd;
	struct stream_out *out;
	void *tls;  /* tls.c's */
	char *kept; /* taken from out, waiting for the kernel; owned */
	size_t kept_len, kept_at;
	uint64_t sent; /* bytes the kernel took */
	bool broken;   /* out ran over: the stream cannot go on */
};

struct tls_ctx;

/* Takes `fd` (connected, non-blocking) over.  `out` outlives the stream. */
void stream_open_plain(struct stream *s, int fd, struct stream_out *out);
/* As above; -1 when memory ends, and the descriptor stays the caller's. */
int stream_open_tls(struct stream *s, int fd, struct stream_out *out,
    struct tls_ctx *ctx) __attribute__((warn_unused_result));
/* Frees what it holds, unsent bytes too, and closes the descriptor. */
void stream_close(struct stream *s);

static inline enum io_result
stream_handshake(struct stream *s)
{
	return s->ops->handshake(s);
}

/* IO_OK and *got >= 1; IO_EOF when the peer said that it sends no more. */
static inline enum io_result
stream_read(struct stream *s, char *dst, size_t cap, size_t *got)
{
	return s->ops->read(s, dst, cap, got);
}

/*
 * Writes up to `len` bytes (over TLS STREAM_RECORD_MAX, always all of them);
 * IO_OK and *put, or IO_WANT_WRITE or IO_FAIL.  With `last`, and when all was
 * taken, the end of the stream is marked too (close_notify).
 */
static inline enum io_result
stream_write(
    struct stream *s, const char *src, size_t len, bool last, size_t *put)
{
	return s->ops->write(s, src, len, last, put);
}

/*
 * Hands the kernel what waits.  `last`: stream_shutdown() follows, so the last
 * segment may wait for the FIN.  IO_OK, IO_WANT_WRITE or IO_FAIL.
 */
enum io_result stream_flush(struct stream *s, bool last);

/* Whether bytes wait for the kernel. */
static inline bool
stream_waits(const struct stream *s)
{
	return s->kept || (s->out->len && s->out->owner == s);
}

/*
 * Lets stream_close() send RST in place of FIN: without TLS nothing else tells
 * a reader that a page was cut.
 */
void stream_abort(struct stream *s);
/* Sends FIN and frees what TLS needed: stream_discard() alone may follow. */
void stream_shutdown(struct stream *s);
/*
 * Throws away what the peer still sends, TLS or not: IO_OK and *got, or
 * IO_WANT_READ, IO_EOF, IO_FAIL.
 */
enum io_result stream_discard(struct stream *s, size_t *got);
/*
 * Looks at what has come before TLS begins, and takes part of it away: as
 * stream_read(), and for the second IO_OK alone is success.
 */
enum io_result stream_peek(
    struct stream *s, char *dst, size_t cap, size_t *got);
enum io_result stream_skip(struct stream *s, size_t len);
/* Bytes that the peer has acknowledged. */
uint64_t stream_acked(const struct stream *s);

#endif
