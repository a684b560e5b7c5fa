/*
 * conn.c: the states of a connection.
 *
 *   accept --TLS--> HANDSHAKE --> REQUEST --> SEND --> CLOSE_NOTIFY --> DRAIN
 *   or PROXY           |  ^          |                                   |
 *     +----plain-------|--+          +--- EOF before a request --+       |
 *                      |                                         v       v
 *                      +-- failed: the alert, then DRAIN        CLOSED <-+
 *
 *   PROXY         deadline request_ms: from a listed proxy alone, its header
 *   HANDSHAKE     deadline handshake_ms
 *   REQUEST       deadline request_ms: bytes until the line's end, no further:
 *                 what follows it is never read as TLS (PROTOCOLS.md, rule 10)
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
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/marks.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/peers.h"
#include "net/stream.h"
#include "net/tls.h"
#include "proto/gemini.h"
#include "proto/gopher.h"
#include "proto/proxy.h"

#include "net/conn.h"

enum {
	/* The head later lies where the request line was; keys go behind. */
	LINE_BYTES = 2048,
	KEY_AT = LINE_BYTES - CONN_KEY_MAX,
	DRAIN_MAX = 256 * 1024,
	/* A first record that fills no more than one segment of most links. */
	FIRST_RECORD = 1300,
	HURRY_MS = 2000,
	/*
	 * Most peers close as soon as they have the page.  Nobody waits for
	 * us then, so one look after this time spares the loop an event or
	 * two for nearly each of them.
	 */
	LINGER_MS = 100,
	/* Progress is looked at so many times in a stall's time. */
	STALL_LOOKS = 4,
	/* One place in so many is for telling that there is no other. */
	BUSY_PART = 32,
};

_Static_assert((int)CONN_HEAD_MAX <= (int)KEY_AT, "head and key overlap");
_Static_assert((int)GEMINI_LINE_MAX <= (int)KEY_AT, "line and key overlap");
_Static_assert((int)GOPHER_LINE_MAX <= (int)KEY_AT, "line and key overlap");
_Static_assert((int)PROXY_HEADER_MAX <= (int)LINE_BYTES, "no room for PROXY");

enum conn_state {
	CONN_CLOSED,
	CONN_PROXY,
	CONN_HANDSHAKE,
	CONN_REQUEST,
	CONN_SEND,
	CONN_CLOSE_NOTIFY,
	CONN_DRAIN,
};

/* The deadline queues. */
enum queue {
	QUEUE_HANDSHAKE,
	QUEUE_REQUEST,
	QUEUE_PROGRESS, /* SEND and CLOSE_NOTIFY: look again */
	QUEUE_LINGER,   /* DRAIN, before its first look */
	QUEUE_DRAIN,
	QUEUES,
};

/* Where in the reply the next byte lies. */
struct cursor {
	size_t head;   /* bytes of the head that went */
	uint64_t body; /* bytes of the stored body that went */
	size_t mark;   /* bytes of the mark at `body` that went */
};

/* What the peer has taken, for SEND's deadlines. */
struct progress {
	uint64_t acked, acked_at_ms;
	uint64_t window_acked, window_at_ms;
};

struct conn {
	TAILQ_ENTRY(conn) link; /* a deadline queue, or the free list */
	struct conn_pool *pool;
	struct loop_watch *watch; /* kept from one use to the next */
	struct stream stream;
	char *line; /* LINE_BYTES: the request, later the head; the key */
	enum conn_state state;
	enum queue queue;
	enum conn_protocol protocol;
	enum conn_reason reason; /* how DRAIN will end */
	enum conn_room room;
	struct tls_ctx *tls_ctx; /* PROXY: what comes next; NULL: plain */
	uint64_t peer;           /* counted in the pool's map; 0: not */
	uint64_t deadline_ms, start_ms;
	size_t line_len, head_len, key_len, drained;
	int status;
	bool handshaken, resumed;
	struct cursor at;
	uint64_t size; /* of the body as stored */
	struct store_view *view;
	struct store_entry entry;
	const struct marks *marks;
	char *own;
	unsigned records;
	struct progress progress;
};

TAILQ_HEAD(conn_list, conn);

struct conn_pool {
	struct loop *loop;
	struct store_reader *reader;
	struct conn_limits limits;
	struct conn_service service;
	struct conn_peers peers;
	struct conn_list queues[QUEUES], unused;
	uint64_t length_ms[QUEUES];
	struct loop_timer *timer;
	uint64_t timer_at_ms; /* 0: not set */
	unsigned active;
	bool stopping, was_full;
	struct conn *conns;
	char *lines;
	size_t lines_bytes;
	struct stream_out out;
	char head[CONN_HEAD_MAX];
	char scratch[STREAM_RECORD_MAX];
};

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

/* --- deadlines ----------------------------------------------------------- */

static void
arm(struct conn_pool *p, uint64_t at_ms)
{
	if (p->timer_at_ms && p->timer_at_ms <= at_ms)
		return;
	p->timer_at_ms = at_ms;
	loop_timer_at(p->timer, at_ms);
}

/* Moves `c` to the end of a queue, its deadline a queue's length from now. */
static void
set_deadline(struct conn *c, enum queue q)
{
	struct conn_pool *p = c->pool;

	TAILQ_REMOVE(&p->queues[c->queue], c, link);
	TAILQ_INSERT_TAIL(&p->queues[q], c, link);
	c->queue = q;
	c->deadline_ms = loop_now_ms(p->loop) + p->length_ms[q];
	arm(p, c->deadline_ms);
}

static void
enter(struct conn *c, enum conn_state state)
{
	static const enum queue queues[] = {
		[CONN_PROXY] = QUEUE_REQUEST,
		[CONN_HANDSHAKE] = QUEUE_HANDSHAKE,
		[CONN_REQUEST] = QUEUE_REQUEST,
		[CONN_SEND] = QUEUE_PROGRESS,
		[CONN_CLOSE_NOTIFY] = QUEUE_PROGRESS,
		[CONN_DRAIN] = QUEUE_LINGER,
	};

	c->state = state;
	set_deadline(c, queues[state]);
}

/* --- the end ------------------------------------------------------------- */

static void
drop_body(struct conn *c)
{
	store_view_drop(c->view);
	c->view = NULL;
	mem_free(c->own);
	c->own = NULL;
}

static void
count_out(struct conn *c)
{
	const struct conn_peers *peers = &c->pool->peers;

	if (c->peer)
		peers_leave(peers->map, peers->slot, c->peer);
	c->peer = 0;
}

static void
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
		.key = slice_make(c->line + KEY_AT, c->key_len),
	};

	loop_watch_set(c->watch, c->stream.fd, LOOP_NONE);
	if (c->state == CONN_SEND || c->state == CONN_CLOSE_NOTIFY)
		stream_abort(&c->stream);
	stream_close(&c->stream);
	drop_body(c);
	count_out(c);
	c->state = CONN_CLOSED;
	TAILQ_REMOVE(&p->queues[c->queue], c, link);
	TAILQ_INSERT_HEAD(&p->unused, c, link);
	p->active--;
	p->service.ended(p->service.ctx, &event);
	if (p->was_full) {
		p->was_full = false;
		p->service.has_room(p->service.ctx);
	}
	if (p->stopping && !p->active)
		p->service.is_empty(p->service.ctx);
}

/* --- the reply's bytes --------------------------------------------------- */

/* The stored bytes from `at` on that lie together; empty at the end. */
static struct slice
body_at(const struct conn *c, uint64_t at, bool *ok)
{
	*ok = true;
	if (at >= c->size)
		return SLICE_NONE;
	if (c->own)
		return slice_make(c->own + at, (size_t)(c->size - at));
	return store_view_body(c->view, &c->entry, at, ok);
}

/* Adds bytes of `s` from *from on to dst; true when none is left. */
static bool
add_part(char *dst, size_t cap, size_t *used, struct slice s, size_t *from)
{
	struct slice part = slice_upto(slice_from(s, *from), cap - *used);

	if (part.len)
		memcpy(dst + *used, part.ptr, part.len);
	*used += part.len;
	*from += part.len;
	return *from == s.len;
}

/* Adds stored bytes with their marks filled in, moving *at. */
static void
add_marked(const struct conn *c, char *dst, size_t cap, size_t *used,
    struct cursor *at, struct slice stored)
{
	size_t i = 0;

	while (i < stored.len && *used < cap) {
		struct slice rest =
		    slice_upto(slice_from(stored, i), cap - *used);
		size_t n = c->marks ? marks_find(rest) : rest.len;

		memcpy(dst + *used, rest.ptr, n);
		*used += n;
		i += n;
		if (n == rest.len)
			continue;
		if (!add_part(dst, cap, used,
			*marks_text(c->marks, rest.ptr[n]), &at->mark))
			break;
		at->mark = 0;
		i++;
	}
	at->body += i;
}

/*
 * Composes up to `cap` bytes from *at on in dst and moves *at behind them;
 * their number, or -1 when the store fails.
 */
static long
compose(const struct conn *c, char *dst, size_t cap, struct cursor *at)
{
	size_t used = 0;

	add_part(dst, cap, &used, slice_make(c->line, c->head_len), &at->head);
	while (used < cap && at->body < c->size) {
		bool ok;
		struct slice stored = body_at(c, at->body, &ok);

		if (!ok || !stored.len)
			return -1;
		add_marked(c, dst, cap, &used, at, stored);
	}
	return (long)used;
}

static bool
at_end(const struct conn *c, const struct cursor *at)
{
	return at->head == c->head_len && at->body == c->size;
}

/* A first record of one segment, so that text shows early; then longer ones. */
static size_t
write_size(const struct conn *c)
{
	uint64_t all = c->head_len + c->size;

	if (!c->stream.ops->records)
		return STREAM_RECORD_MAX;
	if (c->records == 0)
		return all <= FIRST_RECORD ? STREAM_RECORD_MAX : FIRST_RECORD;
	return c->records == 1 ? 4096 : STREAM_RECORD_MAX;
}

/*
 * Writes the next run of bytes.  The bulk of an unmarked body goes from where
 * it lies; heads, marks and ends of chunks through the scratch.
 */
static enum io_result
write_some(struct conn *c, size_t *put)
{
	size_t cap = write_size(c);
	struct cursor next = c->at;
	struct slice run = SLICE_NONE;
	enum io_result r;
	bool ok = true;

	if (next.head == c->head_len && !c->marks)
		run = body_at(c, next.body, &ok);
	if (ok && run.len > (c->stream.ops->records ? cap - 1 : 4096)) {
		if (c->stream.ops->records)
			run = slice_upto(run, cap);
		else
			run = slice_upto(run, c->stream.ops->step_bytes);
		next.body += run.len;
	} else if (ok) {
		long n = compose(c, c->pool->scratch, cap, &next);

		ok = n >= 0;
		run = slice_make(c->pool->scratch, ok ? (size_t)n : 0);
	}
	if (!ok) {
		c->reason = CONN_STORE_FAILED;
		return IO_FAIL;
	}
	r = stream_write(&c->stream, run.ptr, run.len, at_end(c, &next), put);
	c->records++;
	if (r != IO_OK)
		return r;
	if (*put == run.len) {
		c->at = next;
		return IO_OK;
	}
	/* Only a part went: go as far from where we were. */
	if (run.ptr != c->pool->scratch)
		c->at.body += *put;
	else if (compose(c, c->pool->scratch, *put, &c->at) < 0)
		return IO_FAIL;
	return IO_WANT_WRITE;
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

	if (p->active > max - max / BUSY_PART)
		c->room = CONN_ROOM_FOR_NOBODY;
	if (!from || !peers->map || !peers->per_address)
		return true;
	c->peer = peers_key(peers->map, from);
	if (!c->peer)
		return true;
	count = peers_enter(peers->map, peers->slot, c->peer);
	if (count > peers->per_address)
		c->room = CONN_ROOM_NOT_FOR_PEER;
	return count / 2 <= peers->per_address;
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
	c->reason = state == LINE_WHOLE ? CONN_TURNED_AWAY : CONN_BAD_PROXY;
	if (state != LINE_WHOLE || !admit(c, &from))
		return IO_FAIL;
	c->reason = CONN_REASONS;
	c->line_len = 0;
	if (c->tls_ctx &&
	    stream_open_tls(
		&c->stream, c->stream.fd, &c->pool->out, c->tls_ctx) < 0) {
		c->reason = CONN_NO_MEMORY;
		return IO_FAIL;
	}
	enter(c, c->tls_ctx ? CONN_HANDSHAKE : CONN_REQUEST);
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
	struct conn *c = TAILQ_FIRST(&p->queues[QUEUE_PROGRESS]), *next;

	for (; c; c = next) {
		uint64_t rest = c->size - c->at.body;
		struct cursor from = { c->head_len, c->at.body, 0 };
		const struct marks *marks = c->marks;
		char *copy;

		next = TAILQ_NEXT(c, link);
		if (c->view != oldest)
			continue;
		copy = rest <= CONN_COPY_MAX ? mem_alloc((size_t)rest) : NULL;
		c->marks = NULL;
		if (!copy ||
		    compose(c, copy, (size_t)rest, &from) != (long)rest) {
			mem_free(copy);
			conn_close(c, CONN_EDITION_DROPPED);
			continue;
		}
		c->marks = marks;
		drop_body(c);
		c->own = copy;
		c->size = rest;
		c->at.body = 0;
	}
}

static void
take_reply(struct conn *c, const struct conn_reply *reply)
{
	size_t key = reply->key.len < CONN_KEY_MAX ? reply->key.len
						   : (size_t)CONN_KEY_MAX;

	c->status = reply->status;
	c->head_len = reply->head_len;
	c->key_len = c->pool->limits.keep_keys ? key : 0;
	/* The key may lie in the line: it goes before the head does. */
	if (c->key_len)
		memmove(c->line + KEY_AT, reply->key.ptr, c->key_len);
	memcpy(c->line, reply->head, c->head_len);
	c->view = reply->view;
	c->own = reply->own;
	c->marks = reply->marks;
	if (c->view)
		c->entry = reply->entry;
	c->size = c->view ? c->entry.size : reply->own_len;
	c->at = (struct cursor){ 0 };
	c->records = 0;
}

static void
answer(struct conn *c, enum line_state state, size_t len)
{
	struct conn_pool *p = c->pool;
	struct conn_reply reply = { .head = p->head };
	struct conn_line line = { state, c->room, c->line, len };
	uint64_t now = loop_now_ms(p->loop);

	p->service.answer(p->service.ctx, c->protocol, &line, &reply);
	take_reply(c, &reply);
	enter(c, CONN_SEND);
	c->progress =
	    (struct progress){ .acked_at_ms = now, .window_at_ms = now };
	if (store_reader_held(p->reader) > CONN_EDITIONS_MAX)
		shed_oldest(p, store_reader_oldest(p->reader));
}

static enum io_result
step_request(struct conn *c)
{
	size_t max =
	    c->protocol == CONN_GEMINI ? GEMINI_LINE_MAX : GOPHER_LINE_MAX;
	enum line_state state = LINE_MORE;
	size_t got, len = 0;

	while (state == LINE_MORE) {
		enum io_result r = stream_read(
		    &c->stream, c->line + c->line_len, max - c->line_len, &got);

		if (r == IO_EOF || r == IO_FAIL) {
			c->reason = CONN_GONE_EARLY;
			return IO_FAIL;
		}
		if (r != IO_OK)
			return r;
		c->line_len += got;
		state = c->protocol == CONN_GEMINI
		    ? gemini_line(c->line, c->line_len, &len)
		    : gopher_line(c->line, c->line_len, &len);
	}
	answer(c, state, len);
	return IO_OK;
}

static enum io_result
step_send(struct conn *c)
{
	size_t done = 0;

	while (done < c->stream.ops->step_bytes) {
		size_t put = 0;
		enum io_result r = write_some(c, &put);

		done += put;
		if (r != IO_OK)
			return r;
		if (at_end(c, &c->at)) {
			drop_body(c);
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
	case CONN_HANDSHAKE:
		return step_handshake(c);
	case CONN_REQUEST:
		return step_request(c);
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
	if (c->queue == QUEUE_LINGER)
		return LOOP_NONE;
	return r == IO_WANT_WRITE ? LOOP_WRITE : LOOP_READ;
}

/* Runs states until one has to wait; the only caller of the loop's watch. */
static void
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

static void
on_ready(void *ctx, unsigned ready)
{
	(void)ready;
	conn_step(ctx);
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
	struct progress *g = &c->progress;
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
on_deadline(struct conn *c, uint64_t now)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		conn_close(c, CONN_HANDSHAKE_TIMEOUT);
		break;
	case CONN_PROXY:
	case CONN_REQUEST:
		conn_close(c, CONN_REQUEST_TIMEOUT);
		break;
	case CONN_SEND:
	case CONN_CLOSE_NOTIFY:
		if (has_stalled(c, now))
			conn_close(c, CONN_STALLED);
		else
			set_deadline(c, QUEUE_PROGRESS);
		break;
	case CONN_DRAIN:
		if (c->queue == QUEUE_LINGER) {
			set_deadline(c, QUEUE_DRAIN);
			conn_step(c);
			break;
		}
		/* The last bytes may be long on their way to a slow reader. */
		if (stream_acked(&c->stream) < c->stream.sent &&
		    !has_stalled(c, now))
			set_deadline(c, QUEUE_DRAIN);
		else
			conn_close(c,
			    c->reason == CONN_DONE ? CONN_DONE_UNCONFIRMED
						   : c->reason);
		break;
	case CONN_CLOSED:
		break;
	}
}

static void
on_timer(void *ctx)
{
	struct conn_pool *p = ctx;
	uint64_t now = loop_now_ms(p->loop);

	p->timer_at_ms = 0;
	for (int q = 0; q < QUEUES; q++) {
		struct conn *c;

		while (
		    (c = TAILQ_FIRST(&p->queues[q])) && c->deadline_ms <= now)
			on_deadline(c, now);
		if (c)
			arm(p, c->deadline_ms);
	}
}

/* --- the pool ------------------------------------------------------------ */

static void *
map_pages(size_t bytes)
{
	void *m = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

struct conn_pool *
conn_pool_new(struct loop *loop, struct store_reader *reader,
    const struct conn_limits *limits, const struct conn_service *service,
    struct err *e)
{
	struct conn_pool *p = mem_calloc(1, sizeof(*p));
	size_t bytes;

	if (!p || !mem_mul(limits->max_conns, sizeof(struct conn), &bytes) ||
	    !mem_mul(limits->max_conns, LINE_BYTES, &p->lines_bytes))
		goto err;
	p->loop = loop;
	p->reader = reader;
	p->limits = *limits;
	p->service = *service;
	p->length_ms[QUEUE_HANDSHAKE] = limits->handshake_ms;
	p->length_ms[QUEUE_REQUEST] = limits->request_ms;
	p->length_ms[QUEUE_PROGRESS] = limits->stall_ms / STALL_LOOKS + 1;
	p->length_ms[QUEUE_LINGER] = LINGER_MS;
	p->length_ms[QUEUE_DRAIN] = limits->drain_ms;
	for (int q = 0; q < QUEUES; q++)
		TAILQ_INIT(&p->queues[q]);
	TAILQ_INIT(&p->unused);
	/*
	 * Pages are the kernel's until they are touched: a pool costs what its
	 * busiest moment needed, an idle peer no line.
	 */
	p->conns = map_pages(bytes);
	p->lines = map_pages(p->lines_bytes);
	p->timer = loop_timer_new(loop, on_timer, p);
	if (!p->conns || !p->lines || !p->timer)
		goto err;
	return p;
err:
	err_memory(e);
	conn_pool_free(p);
	return NULL;
}

void
conn_pool_free(struct conn_pool *p)
{
	if (!p)
		return;
	p->stopping = false;
	p->was_full = false;
	for (int q = 0; q < QUEUES && p->queues[q].tqh_last; q++) {
		struct conn *c;

		while ((c = TAILQ_FIRST(&p->queues[q])))
			conn_close(c, CONN_STOPPED);
	}
	if (p->conns) {
		for (unsigned i = 0; i < p->limits.max_conns; i++) {
			if (!p->conns[i].pool)
				break;
			loop_watch_free(p->conns[i].watch);
		}
		munmap(p->conns, p->limits.max_conns * sizeof(struct conn));
	}
	if (p->lines)
		munmap(p->lines, p->lines_bytes);
	loop_timer_free(p->timer);
	mem_free(p);
}

/*
 * A connection that was used before, or the next that never was: each page
 * and each watch comes into being with its first use.
 */
static struct conn *
take_unused(struct conn_pool *p)
{
	struct conn *c = TAILQ_FIRST(&p->unused);
	struct loop_watch *watch;

	if (c) {
		TAILQ_REMOVE(&p->unused, c, link);
		watch = c->watch;
	} else {
		c = &p->conns[p->active]; /* all before it are in use */
		watch = loop_watch_new(p->loop, on_ready, c);
		if (!watch)
			return NULL;
	}
	*c = (struct conn){ .pool = p, .watch = watch };
	c->line = p->lines + (size_t)(c - p->conns) * LINE_BYTES;
	return c;
}

static bool
is_proxy(const struct conn_peers *peers, const struct ip *from)
{
	for (size_t i = 0; from && i < peers->proxy_count; i++)
		if (ip_range_has(&peers->proxies[i], from))
			return true;
	return false;
}

void
conn_pool_set_peers(struct conn_pool *p, const struct conn_peers *peers)
{
	p->peers = *peers;
}

void
conn_pool_serve(struct conn_pool *p, int fd, enum conn_protocol protocol,
    struct tls_ctx *tls, const struct ip *from)
{
	struct conn *c =
	    p->active < p->limits.max_conns ? take_unused(p) : NULL;
	bool proxied;

	if (!c) {
		close(fd);
		return;
	}
	proxied = is_proxy(&p->peers, from);
	if (!tls || proxied) {
		stream_open_plain(&c->stream, fd, &p->out);
	} else if (stream_open_tls(&c->stream, fd, &p->out, tls) < 0) {
		TAILQ_INSERT_HEAD(&p->unused, c, link);
		close(fd);
		return;
	}
	p->active++;
	c->protocol = protocol;
	c->reason = CONN_REASONS;
	c->start_ms = loop_now_ms(p->loop);
	c->state = tls ? CONN_HANDSHAKE : CONN_REQUEST;
	if (proxied)
		c->state = CONN_PROXY;
	c->tls_ctx = tls;
	c->queue = tls && !proxied ? QUEUE_HANDSHAKE : QUEUE_REQUEST;
	TAILQ_INSERT_TAIL(&p->queues[c->queue], c, link);
	set_deadline(c, c->queue);
	if (!proxied && !admit(c, from))
		conn_close(c, CONN_TURNED_AWAY);
	else
		conn_step(c);
}

bool
conn_pool_wait_for_room(struct conn_pool *p)
{
	p->was_full = p->active >= p->limits.max_conns;
	return p->was_full;
}

unsigned
conn_pool_active(const struct conn_pool *p)
{
	return p->active;
}

void
conn_pool_stop(struct conn_pool *p, bool hurry)
{
	uint64_t soon = loop_now_ms(p->loop) + HURRY_MS;
	struct conn *c;

	p->stopping = true;
	if (!p->active) {
		p->service.is_empty(p->service.ctx);
		return;
	}
	if (!hurry)
		return;
	for (int q = QUEUE_HANDSHAKE; q <= QUEUE_REQUEST; q++) {
		TAILQ_FOREACH(c, &p->queues[q], link)
			if (c->deadline_ms > soon)
				c->deadline_ms = soon;
		if (!TAILQ_EMPTY(&p->queues[q]))
			arm(p, soon);
	}
}
