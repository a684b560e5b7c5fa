#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#include "net/stream.h"

/* send() until the kernel wants no more; *put says how much it took. */
static enum io_result
send_all(struct stream *s, const char *src, size_t len, int flags, size_t *put)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n =
		    send(s->fd, src + at, len - at, flags | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			*put = at;
			return IO_FAIL;
		}
		if (n <= 0)
			break;
		at += (size_t)n;
		s->sent += (uint64_t)n;
	}
	*put = at;
	return at == len ? IO_OK : IO_WANT_WRITE;
}

static enum io_result
plain_handshake(struct stream *s)
{
	(void)s;
	return IO_OK;
}

static enum io_result
receive(struct stream *s, char *dst, size_t cap, int flags, size_t *got)
{
	ssize_t n;

	do
		n = recv(s->fd, dst, cap, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? IO_WANT_READ : IO_FAIL;
	*got = (size_t)n;
	return n ? IO_OK : IO_EOF;
}

static enum io_result
plain_read(struct stream *s, char *dst, size_t cap, size_t *got)
{
	return receive(s, dst, cap, 0, got);
}

static enum io_result
plain_write(
    struct stream *s, const char *src, size_t len, bool last, size_t *put)
{
	enum io_result r;

	*put = 0;
	if (!len)
		return IO_OK;
	r = send_all(s, src, len, last ? MSG_MORE : 0, put);
	return r == IO_WANT_WRITE && *put ? IO_OK : r;
}

static void
plain_close(struct stream *s)
{
	(void)s;
}

static const struct stream_ops plain_ops = {
	.handshake = plain_handshake,
	.read = plain_read,
	.write = plain_write,
	.close = plain_close,
	.step_bytes = 65536,
	.records = false,
};

void
stream_open_plain(struct stream *s, int fd, struct stream_out *out)
{
	*s = (struct stream){ .ops = &plain_ops, .fd = fd, .out = out };
}

/* Forgets what of this stream waits in the shared buffer. */
static void
drop_out(struct stream *s)
{
	if (s->out->owner == s)
		s->out->len = 0;
}

void
stream_close(struct stream *s)
{
	s->ops->close(s);
	drop_out(s);
	mem_free(s->kept);
	s->kept = NULL;
	close(s->fd);
	s->fd = -1;
}

/* Keeps what the kernel did not take, so that the shared buffer is free. */
static enum io_result
keep_rest(struct stream *s, size_t from)
{
	size_t rest = s->out->len - from;

	s->out->len = 0;
	s->kept = mem_alloc(rest);
	if (!s->kept)
		return IO_FAIL;
	memcpy(s->kept, s->out->bytes + from, rest);
	s->kept_len = rest;
	s->kept_at = 0;
	return IO_WANT_WRITE;
}

static enum io_result
flush_kept(struct stream *s, int flags)
{
	size_t put;
	enum io_result r = send_all(
	    s, s->kept + s->kept_at, s->kept_len - s->kept_at, flags, &put);

	s->kept_at += put;
	if (r == IO_OK) {
		mem_free(s->kept);
		s->kept = NULL;
	}
	return r;
}

enum io_result
stream_flush(struct stream *s, bool last)
{
	int flags = last ? MSG_MORE : 0;
	enum io_result r;
	size_t put;

	if (s->broken) {
		drop_out(s);
		return IO_FAIL;
	}
	if (s->kept) {
		r = flush_kept(s, flags);
		/* Nothing is queued behind kept bytes: see stream_write(). */
		return r;
	}
	if (!stream_waits(s))
		return IO_OK;
	r = send_all(s, s->out->bytes, s->out->len, flags, &put);
	if (r == IO_WANT_WRITE)
		return keep_rest(s, put);
	s->out->len = 0;
	return r;
}

void
stream_abort(struct stream *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void
stream_shutdown(struct stream *s)
{
	shutdown(s->fd, SHUT_WR);
	s->ops->close(s);
}

enum io_result
stream_discard(struct stream *s, size_t *got)
{
	char bytes[16384];

	return plain_read(s, bytes, sizeof(bytes), got);
}

enum io_result
stream_peek(struct stream *s, char *dst, size_t cap, size_t *got)
{
	return receive(s, dst, cap, MSG_PEEK, got);
}

enum io_result
stream_skip(struct stream *s, size_t len)
{
	char bytes[2048];
	size_t got;

	while (len) {
		size_t step = len < sizeof(bytes) ? len : sizeof(bytes);
		enum io_result r = receive(s, bytes, step, 0, &got);

		if (r != IO_OK)
			return r;
		len -= got;
	}
	return IO_OK;
}

uint64_t
stream_acked(const struct stream *s)
{
	int queued = 0;

	if (ioctl(s->fd, SIOCOUTQ, &queued) < 0 || queued < 0)
		return s->sent;
	return (uint64_t)queued > s->sent ? 0 : s->sent - (uint64_t)queued;
}
