#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "server/answer.h"
#include "server/ask.h"
#include "server/child.h"
#include "server/log.h"
#include "server/post.h"

#include "server/worker.h"

enum {
	LISTENERS_MAX = 64,
	TELL_MS = 60000, /* at most one line of a kind in this time */
};

struct port {
	struct worker *worker;
	struct listener *listener;
	struct conn_door door;
};

struct worker {
	const struct worker_job *job;
	struct loop *loop;
	struct store_reader *reader;
	struct answer answer;
	struct asker *asker;
	struct poster *poster;
	struct conn_pool *pool;
	struct port ports[LISTENERS_MAX];
	struct loop_watch *control;
	uint64_t told_short_ms, told_full_ms; /* when last; 0: never */
};

/* A truncated store: the parent tells, and starts another worker. */
static void
on_sigbus(int sig)
{
	static const char text[] =
	    "qasid: the store was truncated while it was read\n";

	(void)sig;
	log_last_word(text, sizeof(text) - 1);
	_exit(1);
}

static void
on_ended(void *ctx, const struct conn_event *event)
{
	struct worker *w = ctx;

	status_count(w->job->status, event);
	w->job->status->open = conn_pool_active(w->pool);
	if (w->job->config->log != CONFIG_LOG_OFF)
		log_access(event);
}

static void
on_answer(void *ctx, enum protocol_id protocol, struct conn_line *line,
    struct conn_reply *reply)
{
	struct worker *w = ctx;

	answer_request(&w->answer, protocol, line, reply);
}

static void
on_late(void *ctx, enum protocol_id protocol, struct conn_reply *reply)
{
	struct worker *w = ctx;

	answer_late(&w->answer, protocol, reply);
}

static void
on_room(void *ctx)
{
	struct worker *w = ctx;

	for (size_t i = 0; i < w->job->socket_count; i++)
		if (w->ports[i].listener)
			listener_resume(w->ports[i].listener);
}

static void
on_empty(void *ctx)
{
	struct worker *w = ctx;

	loop_stop(w->loop);
}

/* Whether it is time to tell again. */
static bool
may_tell(struct worker *w, uint64_t *last_ms)
{
	uint64_t now = loop_now_ms(w->loop);

	if (*last_ms && now - *last_ms < TELL_MS)
		return false;
	*last_ms = now;
	return true;
}

static bool
on_accept(void *ctx, int fd, const struct ip *from)
{
	struct port *port = ctx;
	struct worker *w = port->worker;

	w->job->status->accepted++;
	conn_pool_serve(w->pool, fd, &port->door, from);
	w->job->status->open = conn_pool_active(w->pool);
	if (!conn_pool_wait_for_room(w->pool))
		return true;
	w->job->status->pauses++;
	if (may_tell(w, &w->told_full_ms))
		log_say("all %u places of a worker are taken: others wait",
		    w->job->max_conns);
	return false;
}

static void
on_short(void *ctx)
{
	const struct port *port = ctx;
	struct worker *w = port->worker;

	w->job->status->pauses++;
	if (may_tell(w, &w->told_short_ms))
		log_say("out of descriptors or memory: connections wait");
}

/* The parent speaks, or is gone: then there is nobody to serve for. */
static void
on_control(void *ctx, unsigned ready)
{
	struct worker *w = ctx;
	char word = WORKER_STOP;
	ssize_t n = read(w->job->control, &word, 1);

	(void)ready;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		word = WORKER_STOP;
		loop_watch_set(w->control, w->job->control, LOOP_NONE);
	}
	for (size_t i = 0; i < w->job->socket_count; i++) {
		if (!w->ports[i].listener)
			continue;
		/* Nobody comes after us who would serve them. */
		if (word == WORKER_STOP)
			listener_take_rest(w->ports[i].listener);
		listener_free(w->ports[i].listener);
		w->ports[i].listener = NULL;
		close(w->job->sockets[i].fd);
	}
	conn_pool_stop(w->pool, word == WORKER_STOP);
}

/* Searches wait for one another: some of them, and a little for the rest. */
static uint64_t
answer_ms(const struct config *c)
{
	return c->search_ms * 8 + 1000;
}

static int
open_search(struct worker *w, struct err *e)
{
	struct asker_opts opts = { .reader = w->reader,
		.marks = &w->answer.marks,
		.wait_ms = answer_ms(w->job->config) };

	w->asker = asker_new(w->loop, w->job->search, &opts, e);
	if (!w->asker)
		return -1;
	asker_set_pool(w->asker, w->pool);
	w->answer.asker = w->asker;
	return 0;
}

static int
open_replies(struct worker *w, struct err *e)
{
	struct poster_opts opts = { .reader = w->reader,
		.marks = &w->answer.marks,
		.hosts = w->job->config->hosts.items,
		.host_count = w->job->config->hosts.count,
		.wait_ms = answer_ms(w->job->config) };

	w->poster = poster_new(w->loop, w->job->replies, &opts, e);
	if (!w->poster)
		return -1;
	poster_set_pool(w->poster, w->pool);
	w->answer.poster = w->poster;
	return 0;
}

static int
open_parts(struct worker *w, struct err *e)
{
	const struct config *c = w->job->config;
	struct conn_limits limits = {
		.max_conns = w->job->max_conns,
		.handshake_ms = c->handshake_ms,
		.request_ms = c->request_ms,
		.stall_ms = c->stall_ms,
		.rate_window_ms = c->rate_window_ms,
		.drain_ms = c->drain_ms,
		.answer_ms = answer_ms(c),
		.rate_bytes = c->rate_bytes,
		.keep_keys = c->log != CONFIG_LOG_OFF,
	};
	struct conn_service service = {
		.answer = on_answer,
		.late = on_late,
		.ended = on_ended,
		.has_room = on_room,
		.is_empty = on_empty,
		.ctx = w,
	};
	struct conn_peers peers = {
		.map = w->job->peers,
		.slot = w->job->slot,
		.per_address = w->job->per_address,
		.proxies = w->job->proxies,
		.proxy_count = w->job->proxy_count,
	};
	struct answer_opts opts = {
		.wait_s = (unsigned)((c->request_ms + 999) / 1000),
		.hosts = c->hosts.items,
		.host_count = c->hosts.count,
		.gemini_port = w->job->gemini_port,
		.gopher_port = w->job->gopher_port,
		.counts = *c->counts ? w->job->counts : NULL,
	};

	w->reader = store_reader_open(c->store, e);
	if (!w->reader || answer_init(&w->answer, &opts, w->reader, e) < 0)
		return -1;
	w->loop = loop_new();
	if (!w->loop)
		return err_memory(e);
	w->pool = conn_pool_new(w->loop, w->reader, &limits, &service, e);
	if (!w->pool)
		return -1;
	conn_pool_set_peers(w->pool, &peers);
	return open_search(w, e) < 0 || open_replies(w, e) < 0 ? -1 : 0;
}

/* The first view takes LMDB's lock and slot, while all is still allowed. */
static int
warm_up(struct worker *w, struct err *e)
{
	struct store_view *v;

	v = store_reader_view(w->reader);
	if (!v)
		return err_set(e, ERR_SYSTEM,
		    "store \"%s\": no reader's place is free, or it is damaged",
		    w->job->config->store);
	store_view_drop(v);
	return 0;
}

/* Who may ask for TLS and need not gets it where the settings let him. */
static struct conn_door
door_of(const struct worker_job *job, enum protocol_id protocol)
{
	enum protocol_tls tls = protocols[protocol]->tls;
	bool is_spoken = tls == PROTOCOL_TLS_ALWAYS ||
	    (tls == PROTOCOL_TLS_IF_ASKED && job->config->gopher_tls);

	return (struct conn_door){
		.protocol = protocol,
		.tls = is_spoken ? job->tls : NULL,
		.tls_if_asked = tls == PROTOCOL_TLS_IF_ASKED,
	};
}

static int
start_ports(struct worker *w, struct err *e)
{
	w->control = loop_watch_new(w->loop, on_control, w);
	if (!w->control ||
	    loop_watch_set(w->control, w->job->control, LOOP_READ) < 0)
		return err_memory(e);
	for (size_t i = 0; i < w->job->socket_count; i++) {
		struct port *p = &w->ports[i];
		struct listener_calls calls = { on_accept, on_short, p };

		p->worker = w;
		p->door = door_of(w->job, w->job->sockets[i].protocol);
		p->listener =
		    listener_new(w->loop, w->job->sockets[i].fd, &calls);
		if (!p->listener)
			return err_memory(e);
	}
	return 0;
}

static void
close_parts(struct worker *w)
{
	for (size_t i = 0; i < w->job->socket_count; i++)
		listener_free(w->ports[i].listener);
	loop_watch_free(w->control);
	conn_pool_free(w->pool);
	asker_free(w->asker);
	poster_free(w->poster);
	loop_free(w->loop);
	answer_release(&w->answer);
	store_reader_close(w->reader);
}

int
worker_run(const struct worker_job *job)
{
	struct sigaction bus = { .sa_handler = on_sigbus };
	struct worker *w = mem_calloc(1, sizeof(*w));
	char word = WORKER_READY;
	struct err e = ERR_INIT;
	int r = 1;

	child_begin("qasid-worker");
	sigaction(SIGBUS, &bus, NULL);
	if (!w || job->socket_count > LISTENERS_MAX)
		return 1;
	w->job = job;
	if (open_parts(w, &e) < 0 || warm_up(w, &e) < 0 ||
	    sandbox_enter(&job->sandbox, &e) < 0 || start_ports(w, &e) < 0) {
		log_err(NULL, &e);
		goto out;
	}
	if (write(job->control, &word, 1) != 1)
		goto out;
	r = loop_run(w->loop) < 0;
out:
	close_parts(w);
	mem_free(w);
	return r;
}
