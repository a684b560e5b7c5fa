/*
 * conn.c: the states of a connection.
 *
 *   accept --TLS--> HANDSHAKE --> REQUEST --> SEND --> CLOSE_NOTIFY --> DRAIN
 *   or PROXY        ^  |  ^          | |      ^                          |
 *     |             |  |  |          | +WAIT--+                          |
 *     +--either--> PEEK|--+          +--- EOF before a request --+       |
 *     +----plain-------|--+                                      v       v
 *                      +-- failed: the alert, then DRAIN        CLOSED <-+
 *
 *   PROXY         deadline request_ms: from a listed proxy alone, its header
 *   PEEK          deadline request_ms, REQUEST's too: the first byte says
 *                 whether TLS begins
 *   HANDSHAKE     deadline handshake_ms
 *   REQUEST       deadline request_ms: bytes until the request's end, no
 *                 further: what follows it is never read as TLS (PROTOCOLS.md,
 *                 rule 10)
 *   WAIT          deadline answer_ms: the reply is made by somebody else; the
 *                 peer is not looked at
 *   SEND          no total; the peer must acknowledge something every stall_ms
 *                 and rate_bytes a second over rate_window_ms
 *   CLOSE_NOTIFY  all is written, the kernel has not taken it all; as SEND
 *   DRAIN         after FIN: what comes is thrown away, until EOF, DRAIN_MAX
 *                 bytes or drain_ms; as SEND while bytes are unacknowledged;
 *                 TLS is over by then and its memory freed
 *
 * A deadline is set once, on entry, so a byte a minute buys no time.  All
 * deadlines of one kind are equally long, so each kind's queue is in order of
 * time and one timer serves all.  Any failure closes; conn_close() is the only
 * way out.
 */
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/peers.h"
#include "net/tls.h"
#include "proto/proxy.h"

#include "net/conn_internal.h"

enum {
	DRAIN_MAX = 256 * 1024,
	/* One place in so many is for telling that there is no other. */
	BUSY_PART = 32,
	/* A TLS record of a handshake begins so (RFC 8446 §5.1). */
	TLS_FIRST_BYTE = 0x16,
};

_Static_assert((int)CONN_HEAD_MAX <= (int)CONN_KEY_AT, "head and key overlap");
_Static_assert(
    (int)PROTOCOL_REQUEST_MAX <= (int)CONN_KEY_AT, "request and key overlap");
_Static_assert(
    (int)PROXY_HEADER_MAX <= (int)CONN_LINE_BYTES, "no room for PROXY");

const char *
conn_reason_name(enum conn_reason reason)
{
	static const char *const names[CONN_REASONS] = {
		[CONN_DONE] = "done",
		[CONN_DONE_UNCONFIRMED] = "done_unconfirmed",
		[CONN_GONE_EARLY] = "gone_early",
		[CONN_TURNED_AWAY] = "turned_away",
		[CONN_BAD_PROXY] = "bad_proxy",
		[CONN_NO_HANDSHAKE] = "no_handshake",
		[CONN_HANDSHAKE_TIMEOUT] = "handshake_timeout",
		[CONN_REQUEST_TIMEOUT] = "request_timeout",
		[CONN_STALLED] = "stalled",
		[CONN_BROKEN] = "broken",
		[CONN_STORE_FAILED] = "store_failed",
		[CONN_EDITION_DROPPED] = "edition_dropped",
		[CONN_NO_MEMORY] = "no_memory",
		[CONN_STOPPED] = "stopped",
	};

	return names[reason];
}

static void
enter(struct conn *c, enum conn_state state)
{
	static const enum conn_queue queues[] = {
		[CONN_PROXY] = CONN_QUEUE_REQUEST,
		[CONN_PEEK] = CONN_QUEUE_REQUEST,
		[CONN_HANDSHAKE] = CONN_QUEUE_HANDSHAKE,
		[CONN_REQUEST] = CONN_QUEUE_REQUEST,
		[CONN_WAIT] = CONN_QUEUE_ANSWER,
		[CONN_SEND] = CONN_QUEUE_PROGRESS,
		[CONN_CLOSE_NOTIFY] = CONN_QUEUE_PROGRESS,
		[CONN_DRAIN] = CONN_QUEUE_LINGER,
	};

	c->state = state;
	conn_set_deadline(c, queues[state]);
}

/* --- the end ------------------------------------------------------------- */

static void
count_out(struct conn *c)
{
	const struct conn_peers *peers = &c->pool->peers;

	if (c->is_counted)
		peers_leave(peers->map, peers->slot, c->peer);
	c->is_counted = false;
}

/* False when its address has twice what it may. */
static bool
count_in(struct conn *c, unsigned *count)
{
	const struct conn_peers *peers = &c->pool->peers;

	*count = 0;
	if (!c->peer)
		return true;
	*count = peers_enter(peers->map, peers->slot, c->peer);
	c->is_counted = true;
	return *count / 2 <= peers->per_address;
}

void
conn_close(struct conn *c, enum conn_reason reason)
{
	struct conn_pool *p = c->pool;
	struct conn_event event = {
		.protocol = c->protocol,
		.reason = reason,
		.status = c->status,
		.handshaken = c->handshaken,
		.resumed = c->resumed,
		.bytes = c->stream.sent,
		.ms = loop_now_ms(p->loop) - c->start_ms,
		.key = slice_make(c->line + CONN_KEY_AT, c->key_len),
	};

	loop_watch_set(c->watch, c->stream.fd, LOOP_NONE);
	if (c->state == CONN_SEND || c->state == CONN_CLOSE_NOTIFY)
		stream_abort(&c->stream);
	stream_close(&c->stream);
	reply_drop_body(&c->reply);
	count_out(c);
	c->state = CONN_CLOSED;
	conn_give_back(c, &event);
}

/* --- the states ---------------------------------------------------------- */

/* Each does bounded work; IO_OK: go on with c->state, IO_FAIL: c->reason. */

/* Counts the peer in; false when it takes far more than its part. */
static bool
admit(struct conn *c, const struct ip *from)
{
	struct conn_pool *p = c->pool;
	const struct conn_peers *peers = &p->peers;
	unsigned max = p->limits.max_conns, count;
	bool is_welcome;

	if (p->active > max - max / BUSY_PART)
		c->room = CONN_ROOM_FOR_NOBODY;
	if (!from || !peers->map || !peers->per_address)
		return true;
	c->peer = peers_key(peers->map, from);
	is_welcome = count_in(c, &count);
	if (count > peers->per_address)
		c->room = CONN_ROOM_NOT_FOR_PEER;
	return is_welcome;
}

static enum io_result
start_tls(struct conn *c)
{
	struct stream *s = &c->stream;

	if (stream_open_tls(s, s->fd, &c->pool->out, c->door->tls) < 0) {
		c->reason = CONN_NO_MEMORY;
		return IO_FAIL;
	}
	enter(c, CONN_HANDSHAKE);
	return IO_OK;
}

/* The peer is known: goes to the first state of what it came for. */
static enum io_result
welcome(struct conn *c, const struct ip *from)
{
	const struct conn_door *door = c->door;

	if (!admit(c, from)) {
		c->reason = CONN_TURNED_AWAY;
		return IO_FAIL;
	}
	if (door->tls && !door->tls_if_asked)
		return start_tls(c);
	enter(c, door->tls ? CONN_PEEK : CONN_REQUEST);
	return IO_OK;
}

void
conn_begin(struct conn *c, bool is_proxy, const struct ip *from)
{
	if (is_proxy) {
		enter(c, CONN_PROXY);
	} else if (welcome(c, from) != IO_OK) {
		conn_close(c, c->reason);
		return;
	}
	conn_step(c);
}

/* The header is taken off the socket to its last byte, and no further. */
static enum io_result
step_proxy(struct conn *c)
{
	size_t at = c->line_len, got, len = 0;
	enum line_state state;
	struct ip from;
	enum io_result r;

	r = stream_peek(&c->stream, c->line + at, PROXY_HEADER_MAX - at, &got);
	if (r == IO_EOF)
		c->reason = CONN_GONE_EARLY;
	if (r != IO_OK)
		return r;
	state = proxy_header(c->line, at + got, &from, &len);
	if (state == LINE_WHOLE)
		got = len - at;
	r = stream_skip(&c->stream, got);
	if (r != IO_OK)
		return r;
	c->line_len += got;
	if (state == LINE_MORE && c->line_len < PROXY_HEADER_MAX)
		return IO_OK;
	if (state != LINE_WHOLE) {
		c->reason = CONN_BAD_PROXY;
		return IO_FAIL;
	}
	c->line_len = 0;
	return welcome(c, &from);
}

static enum io_result
step_peek(struct conn *c)
{
	size_t got;
	char first;
	enum io_result r = stream_peek(&c->stream, &first, 1, &got);

	if (r == IO_EOF || r == IO_FAIL)
		c->reason = CONN_GONE_EARLY;
	if (r != IO_OK)
		return r;
	if (first == TLS_FIRST_BYTE)
		return start_tls(c);
	c->state = CONN_REQUEST; /* same deadline */
	return IO_OK;
}

static enum io_result
step_handshake(struct conn *c)
{
	enum io_result r = stream_handshake(&c->stream);

	if (r == IO_OK) {
		c->handshaken = true;
		c->resumed = tls_resumed(&c->stream);
		enter(c, CONN_REQUEST);
	} else if (r == IO_FAIL || r == IO_EOF) {
		/* An alert may wait; it should arrive (PROTOCOLS.md, rule 1) */
		c->reason = CONN_NO_HANDSHAKE;
		if (!stream_waits(&c->stream))
			return IO_FAIL;
		enter(c, CONN_CLOSE_NOTIFY);
		return IO_OK;
	}
	return r;
}

/*
 * An edition too many is held: copies what readers of the oldest still need,
 * or closes them where that is much.
 */
static void
shed_oldest(struct conn_pool *p, const struct store_view *oldest)
{
	struct conn *c = TAILQ_FIRST(&p->queues[CONN_QUEUE_PROGRESS]), *next;

	for (; c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->reply.view == oldest && reply_copy_rest(&c->reply) < 0)
			conn_close(c, CONN_EDITION_DROPPED);
	}
}

/* The key may lie in the line: it goes before the head does. */
static void
keep_key(struct conn *c, struct slice key)
{
	key = slice_upto(key, CONN_KEY_MAX);
	c->key_len = c->pool->limits.keep_keys ? key.len : 0;
	if (c->key_len)
		memmove(c->line + CONN_KEY_AT, key.ptr, c->key_len);
}

static void
begin_send(struct conn *c, const struct conn_reply *reply)
{
	struct conn_pool *p = c->pool;
	uint64_t now = loop_now_ms(p->loop);

	c->status = reply->status;
	reply_take(&c->reply, reply, c->line);
	enter(c, CONN_SEND);
	c->progress =
	    (struct conn_progress){ .acked_at_ms = now, .window_at_ms = now };
	if (store_reader_held(p->reader) > CONN_EDITIONS_MAX)
		shed_oldest(p, store_reader_oldest(p->reader));
}

static void
answer(struct conn *c, enum line_state state, size_t len)
{
	struct conn_pool *p = c->pool;
	struct conn_reply reply = { .head = p->head };
	struct conn_line line = { state, c->room, c->line, len,
		(uint64_t)c->serial << 32 | (uint32_t)(c - p->conns) };

	p->service.answer(p->service.ctx, c->protocol, &line, &reply);
	keep_key(c, reply.key);
	if (reply.later)
		enter(c, CONN_WAIT);
	else
		begin_send(c, &reply);
}

void
conn_take_answer(struct conn *c, const struct conn_reply *reply)
{
	begin_send(c, reply);
	conn_step(c);
}

static enum io_result
step_request(struct conn *c)
{
	const struct protocol *protocol = protocols[c->protocol];
	enum line_state state = LINE_MORE;
	size_t got, len = 0;

	while (state == LINE_MORE) {
		enum io_result r =
		    stream_read(&c->stream, c->line + c->line_len,
			protocol->request_max - c->line_len, &got);

		if (r == IO_EOF || r == IO_FAIL) {
			c->reason = CONN_GONE_EARLY;
			return IO_FAIL;
		}
		if (r != IO_OK)
			return r;
		c->line_len += got;
		state = protocol->line(c->line, c->line_len, &len);
	}
	answer(c, state, len);
	return IO_OK;
}

static enum io_result
step_send(struct conn *c)
{
	size_t done = 0;

	while (done < c->stream.ops->step_bytes) {
		bool store_failed;
		size_t put;
		enum io_result r = reply_write(&c->reply, &c->stream,
		    c->pool->scratch, &put, &store_failed);

		done += put;
		if (r == IO_FAIL && store_failed)
			c->reason = CONN_STORE_FAILED;
		if (r != IO_OK)
			return r;
		if (reply_ended(&c->reply)) {
			reply_drop_body(&c->reply);
			c->reason = CONN_DONE;
			c->state = CONN_CLOSE_NOTIFY; /* same deadline */
			return IO_OK;
		}
	}
	return IO_WANT_WRITE;
}

static enum io_result
step_close_notify(struct conn *c)
{
	enum io_result r = stream_flush(&c->stream, true);

	if (r != IO_OK)
		return r;
	stream_shutdown(&c->stream);
	count_out(c); /* served: the next may come while we wait for FIN */
	enter(c, CONN_DRAIN);
	return IO_WANT_READ;
}

static enum io_result
step_drain(struct conn *c)
{
	size_t got;
	enum io_result r = stream_discard(&c->stream, &got);

	if (r == IO_OK) {
		c->drained += got;
		if (c->drained < DRAIN_MAX)
			return IO_OK;
		if (c->reason == CONN_DONE)
			c->reason = CONN_DONE_UNCONFIRMED;
		return IO_FAIL;
	}
	return r == IO_EOF ? IO_FAIL : r;
}

static enum io_result
step_state(struct conn *c)
{
	switch (c->state) {
	case CONN_PROXY:
		return step_proxy(c);
	case CONN_PEEK:
		return step_peek(c);
	case CONN_HANDSHAKE:
		return step_handshake(c);
	case CONN_REQUEST:
		return step_request(c);
	case CONN_WAIT:
		return IO_WANT_READ;
	case CONN_SEND:
		return step_send(c);
	case CONN_CLOSE_NOTIFY:
		return step_close_notify(c);
	case CONN_DRAIN:
		return step_drain(c);
	case CONN_CLOSED:
		break;
	}
	return IO_FAIL;
}

/* Why a state that failed without naming a reason did. */
static enum conn_reason
reason_of(const struct conn *c)
{
	if (c->reason != CONN_REASONS)
		return c->reason;
	return c->state == CONN_HANDSHAKE ? CONN_NO_HANDSHAKE : CONN_BROKEN;
}

/* What the loop should wait for after a step that came to `r`. */
static unsigned
wanted(const struct conn *c, enum io_result r)
{
	if (c->queue == CONN_QUEUE_LINGER || c->state == CONN_WAIT)
		return LOOP_NONE;
	return r == IO_WANT_WRITE ? LOOP_WRITE : LOOP_READ;
}

void
conn_step(struct conn *c)
{
	enum io_result r = IO_OK;

	/* What the kernel did not take goes before anything is added. */
	if (c->stream.kept && c->state != CONN_CLOSE_NOTIFY)
		r = stream_flush(&c->stream, false);
	while (r == IO_OK)
		r = step_state(c);
	if (r != IO_FAIL && stream_waits(&c->stream)) {
		enum io_result f = stream_flush(&c->stream, false);

		if (f != IO_OK)
			r = f;
	}
	if (r == IO_EOF || r == IO_FAIL) {
		conn_close(c, reason_of(c));
		return;
	}
	if (loop_watch_set(c->watch, c->stream.fd, wanted(c, r)) < 0)
		conn_close(c, CONN_NO_MEMORY);
}

/* --- deadlines that passed ----------------------------------------------- */

/*
 * Whether a peer that is being sent to has taken too little: nothing for
 * stall_ms, or under rate_bytes a second over a window.
 */
static bool
has_stalled(struct conn *c, uint64_t now)
{
	const struct conn_limits *l = &c->pool->limits;
	struct conn_progress *g = &c->progress;
	uint64_t acked = stream_acked(&c->stream);

	if (acked > g->acked) {
		g->acked = acked;
		g->acked_at_ms = now;
	}
	if (now - g->acked_at_ms >= l->stall_ms)
		return true;
	if (now - g->window_at_ms >= l->rate_window_ms) {
		uint64_t least =
		    (uint64_t)l->rate_bytes * l->rate_window_ms / 1000;

		if (acked - g->window_acked < least)
			return true;
		g->window_acked = acked;
		g->window_at_ms = now;
	}
	return false;
}

static void
answer_late(struct conn *c)
{
	struct conn_pool *p = c->pool;
	struct conn_reply reply = { .head = p->head };

	p->service.late(p->service.ctx, c->protocol, &reply);
	conn_take_answer(c, &reply);
}

void
conn_end_drain(struct conn *c)
{
	conn_close(
	    c, c->reason == CONN_DONE ? CONN_DONE_UNCONFIRMED : c->reason);
}

bool
conn_is_over(const struct conn *c)
{
	return stream_acked(&c->stream) >= c->stream.sent;
}

/*
 * It has its reply and has not closed: it counts again, and where places are
 * wanted it gives its own.
 */
static void
on_lingering(struct conn *c)
{
	unsigned count;

	conn_set_deadline(c, CONN_QUEUE_DRAIN);
	conn_step(c);
	if (c->state != CONN_DRAIN)
		return;
	if (!count_in(c, &count) || (c->pool->was_full && conn_is_over(c)))
		conn_end_drain(c);
}

void
conn_on_deadline(struct conn *c, uint64_t now)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		conn_close(c, CONN_HANDSHAKE_TIMEOUT);
		break;
	case CONN_PROXY:
	case CONN_PEEK:
	case CONN_REQUEST:
		conn_close(c, CONN_REQUEST_TIMEOUT);
		break;
	case CONN_WAIT:
		answer_late(c);
		break;
	case CONN_SEND:
	case CONN_CLOSE_NOTIFY:
		if (has_stalled(c, now))
			conn_close(c, CONN_STALLED);
		else
			conn_set_deadline(c, CONN_QUEUE_PROGRESS);
		break;
	case CONN_DRAIN:
		/* The last bytes may be long on their way to a slow reader. */
		if (c->queue == CONN_QUEUE_LINGER)
			on_lingering(c);
		else if (!conn_is_over(c) && !has_stalled(c, now))
			conn_set_deadline(c, CONN_QUEUE_DRAIN);
		else
			conn_end_drain(c);
		break;
	case CONN_CLOSED:
		break;
	}
}
