/*
 * pool.c: the places for connections: which are taken, which deadline comes
 * next, and how a connection begins.
 *
 * All deadlines of one kind are equally long, so each kind's queue is in order
 * of time and one timer serves all.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "net/loop.h"

#include "net/conn_internal.h"

enum {
	HURRY_MS = 2000,
	/*
	 * Most peers close as soon as they have the page.  Nobody waits for
	 * us then, so one look after this time spares the loop an event or
	 * two for nearly each of them.  The look is at all whose time ends in
	 * the same stretch as long, so that it costs no wake-up of its own.
	 */
	LINGER_MS = 100,
	/* Draining connections looked at for one that can go. */
	ROOM_LOOKS = 16,
	/* Progress is looked at so many times in a stall's time. */
	STALL_LOOKS = 4,
};

/* --- deadlines ----------------------------------------------------------- */

static void
arm(struct conn_pool *p, uint64_t at_ms)
{
	if (p->timer_at_ms && p->timer_at_ms <= at_ms)
		return;
	/* Where it cannot be set now, the next deadline tries again. */
	p->timer_at_ms = loop_timer_at(p->timer, at_ms) == 0 ? at_ms : 0;
}

void
conn_set_deadline(struct conn *c, enum conn_queue q)
{
	struct conn_pool *p = c->pool;

	TAILQ_REMOVE(&p->queues[c->queue], c, link);
	TAILQ_INSERT_TAIL(&p->queues[q], c, link);
	c->queue = q;
	c->deadline_ms = loop_now_ms(p->loop) + p->length_ms[q];
	if (q == CONN_QUEUE_LINGER)
		c->deadline_ms += LINGER_MS - c->deadline_ms % LINGER_MS;
	arm(p, c->deadline_ms);
}

static void
on_timer(void *ctx)
{
	struct conn_pool *p = ctx;
	uint64_t now = loop_now_ms(p->loop);

	p->timer_at_ms = 0;
	for (int q = 0; q < CONN_QUEUES; q++) {
		struct conn *c;

		while (
		    (c = TAILQ_FIRST(&p->queues[q])) && c->deadline_ms <= now)
			conn_on_deadline(c, now);
		if (c)
			arm(p, c->deadline_ms);
	}
}

/* --- the pool ------------------------------------------------------------ */

void
conn_give_back(struct conn *c, const struct conn_event *event)
{
	struct conn_pool *p = c->pool;

	TAILQ_REMOVE(&p->queues[c->queue], c, link);
	TAILQ_INSERT_HEAD(&p->unused, c, link);
	p->active--;
	p->service.ended(p->service.ctx, event);
	if (p->was_full) {
		p->was_full = false;
		p->service.has_room(p->service.ctx);
	}
	if (p->stopping && !p->active)
		p->service.is_empty(p->service.ctx);
}

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
	    !mem_mul(limits->max_conns, CONN_LINE_BYTES, &p->lines_bytes))
		goto err;
	p->loop = loop;
	p->reader = reader;
	p->limits = *limits;
	p->service = *service;
	p->length_ms[CONN_QUEUE_HANDSHAKE] = limits->handshake_ms;
	p->length_ms[CONN_QUEUE_REQUEST] = limits->request_ms;
	p->length_ms[CONN_QUEUE_ANSWER] = limits->answer_ms;
	p->length_ms[CONN_QUEUE_PROGRESS] = limits->stall_ms / STALL_LOOKS + 1;
	p->length_ms[CONN_QUEUE_LINGER] = LINGER_MS;
	p->length_ms[CONN_QUEUE_DRAIN] = limits->drain_ms;
	for (int q = 0; q < CONN_QUEUES; q++)
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
	for (int q = 0; q < CONN_QUEUES && p->queues[q].tqh_last; q++) {
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

static void
on_ready(void *ctx, unsigned ready)
{
	(void)ready;
	conn_step(ctx);
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
	*c = (struct conn){ .pool = p, .watch = watch, .serial = ++p->serial };
	c->line = p->lines + (size_t)(c - p->conns) * CONN_LINE_BYTES;
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
conn_pool_serve(struct conn_pool *p, int fd, const struct conn_door *door,
    const struct ip *from)
{
	struct conn *c =
	    p->active < p->limits.max_conns ? take_unused(p) : NULL;

	if (!c) {
		close(fd);
		return;
	}
	stream_open_plain(&c->stream, fd, &p->out);
	p->active++;
	c->protocol = door->protocol;
	c->door = door;
	c->reason = CONN_REASONS;
	c->start_ms = loop_now_ms(p->loop);
	c->queue = CONN_QUEUE_REQUEST;
	TAILQ_INSERT_TAIL(&p->queues[c->queue], c, link);
	conn_begin(c, is_proxy(&p->peers, from), from);
}

/* Whoever has all of its reply gives its place to one who has nothing yet. */
static bool
make_room(struct conn_pool *p)
{
	struct conn *c = TAILQ_FIRST(&p->queues[CONN_QUEUE_DRAIN]);

	for (int i = 0; c && i < ROOM_LOOKS; i++) {
		if (conn_is_over(c)) {
			conn_end_drain(c);
			return true;
		}
		c = TAILQ_NEXT(c, link);
	}
	return false;
}

bool
conn_pool_answer(
    struct conn_pool *p, uint64_t ticket, const struct conn_reply *reply)
{
	uint32_t at = (uint32_t)ticket;
	struct conn *c = at < p->limits.max_conns ? &p->conns[at] : NULL;

	if (!c || c->state != CONN_WAIT || c->serial != ticket >> 32) {
		store_view_drop(reply->view);
		mem_free(reply->own);
		return false;
	}
	conn_take_answer(c, reply);
	return true;
}

bool
conn_pool_wait_for_room(struct conn_pool *p)
{
	p->was_full = p->active >= p->limits.max_conns && !make_room(p);
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
	for (int q = CONN_QUEUE_HANDSHAKE; q <= CONN_QUEUE_REQUEST; q++) {
		TAILQ_FOREACH(c, &p->queues[q], link)
			if (c->deadline_ms > soon)
				c->deadline_ms = soon;
		if (!TAILQ_EMPTY(&p->queues[q]))
			arm(p, soon);
	}
}
