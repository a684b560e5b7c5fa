#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#include "net/loop.h"

struct loop {
	struct event_base *base;
	int epoll; /* the descriptor that the base waits on */
	uint64_t now_ms;
	bool stale; /* now_ms is of an earlier round */
};

/* Two events, so that each direction comes and goes by itself. */
struct loop_watch {
	struct loop *loop;
	void (*cb)(void *ctx, unsigned ready);
	void *ctx;
	struct event read, write;
	unsigned want;
};

struct loop_timer {
	struct loop *loop;
	void (*cb)(void *ctx);
	void *ctx;
	struct event event;
};

static uint64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct loop *
loop_new(void)
{
	struct loop *l = mem_calloc(1, sizeof(*l));
	struct event_config *cfg = event_config_new();

	if (!l || !cfg)
		goto err;
	/* One thread alone uses it. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(cfg, EVENT_BASE_FLAG_IGNORE_ENV);
	/* The base's first descriptor will be the lowest that is free now. */
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		goto err;
	close(l->epoll);
	l->base = event_base_new_with_config(cfg);
	if (!l->base)
		goto err;
	event_config_free(cfg);
	l->stale = true;
	return l;
err:
	if (cfg)
		event_config_free(cfg);
	mem_free(l);
	return NULL;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	event_base_free(l->base);
	mem_free(l);
}

int
loop_run(struct loop *l)
{
	int r;

	/* One round at a time: the clock is read once for all its events. */
	do {
		l->stale = true;
		r = event_base_loop(l->base, EVLOOP_ONCE);
	} while (r == 0 && !event_base_got_break(l->base));
	return r < 0 ? -1 : 0;
}

void
loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

uint64_t
loop_now_ms(struct loop *l)
{
	if (l->stale) {
		l->now_ms = clock_ms();
		l->stale = false;
	}
	return l->now_ms;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;
	unsigned ready = 0;

	(void)fd;
	if (what & EV_READ)
		ready |= LOOP_READ;
	if (what & EV_WRITE)
		ready |= LOOP_WRITE;
	w->cb(w->ctx, ready);
}

struct loop_watch *
loop_watch_new(struct loop *l, void (*cb)(void *ctx, unsigned ready), void *ctx)
{
	struct loop_watch *w = mem_calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = l;
	w->cb = cb;
	w->ctx = ctx;
	return w;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	loop_watch_set(w, -1, LOOP_NONE);
	mem_free(w);
}

static int
set_direction(
    struct loop_watch *w, struct event *ev, int fd, unsigned dir, bool on)
{
	short what = dir == LOOP_READ ? EV_READ : EV_WRITE;

	if (!on) {
		event_del(ev);
		w->want &= ~dir;
		return 0;
	}
	if (event_assign(ev, w->loop->base, fd, (short)(what | EV_PERSIST),
		on_event, w) < 0 ||
	    event_add(ev, NULL) < 0)
		return -1;
	w->want |= dir;
	return 0;
}

int
loop_watch_set(struct loop_watch *w, int fd, unsigned want)
{
	unsigned change = w->want ^ want;

	/* Adding before deleting: one epoll_ctl fewer, never a gap. */
	if (change & want & LOOP_READ &&
	    set_direction(w, &w->read, fd, LOOP_READ, true) < 0)
		return -1;
	if (change & want & LOOP_WRITE &&
	    set_direction(w, &w->write, fd, LOOP_WRITE, true) < 0)
		return -1;
	if (change & ~want & LOOP_READ)
		set_direction(w, &w->read, fd, LOOP_READ, false);
	if (change & ~want & LOOP_WRITE)
		set_direction(w, &w->write, fd, LOOP_WRITE, false);
	return 0;
}

/*
 * libevent has no word for EPOLLEXCLUSIVE, and epoll takes it only where a
 * descriptor is added: the registration is made again, in libevent's own form.
 * Should the kernel refuse, all processes wake, as without it.
 */
int
loop_watch_set_shared(struct loop_watch *w, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.fd = fd };

	if (loop_watch_set(w, fd, LOOP_READ) < 0)
		return -1;
	if (epoll_ctl(w->loop->epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ||
	    epoll_ctl(w->loop->epoll, EPOLL_CTL_ADD, fd, &ev) == 0)
		return 0;
	ev.events = EPOLLIN;
	return epoll_ctl(w->loop->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->cb(t->ctx);
}

struct loop_timer *
loop_timer_new(struct loop *l, void (*cb)(void *ctx), void *ctx)
{
	struct loop_timer *t = mem_calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->loop = l;
	t->cb = cb;
	t->ctx = ctx;
	if (event_assign(&t->event, l->base, -1, 0, on_timer, t) < 0) {
		mem_free(t);
		return NULL;
	}
	return t;
}

void
loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_del(&t->event);
	mem_free(t);
}

int
loop_timer_at(struct loop_timer *t, uint64_t at_ms)
{
	uint64_t now = loop_now_ms(t->loop);
	uint64_t in = at_ms > now ? at_ms - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(in / 1000),
		.tv_usec = (suseconds_t)(in % 1000 * 1000) };

	return event_add(&t->event, &tv);
}

void
loop_timer_stop(struct loop_timer *t)
{
	event_del(&t->event);
}
