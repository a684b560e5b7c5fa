#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/peers.h"
#include "net/tls.h"
#include "server/counts.h"
#include "server/generation.h"
#include "server/handover.h"
#include "server/log.h"
#include "server/look.h"
#include "server/metrics.h"
#include "server/notify.h"
#include "server/receiver.h"
#include "server/searcher.h"
#include "store/store.h"

#include "server/supervisor.h"

enum {
	READY_MS = 20000,      /* for new workers to serve */
	LIVED_LONG_MS = 10000, /* a death after that is no series */
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 30000,
	ROTATE_MS = 12 * 3600 * 1000, /* of ticket keys */
	SAVE_MS = 5 * 60 * 1000,      /* of the counts of articles */
	LOOK_MS = 1000,               /* at the store's file */
	CERTS_MS = 60 * 1000,         /* for certificates that come next */
	/* What is waited for besides the status socket. */
	FD_SIGNALS = METRICS_FDS,
	FD_LOG,
	FDS,
};

struct server {
	const struct server_opts *opts;
	struct generation *current; /* its ->older ones drain */
	struct status *status;
	struct peers *peers;
	struct counts *counts;
	uint64_t save_at_ms;
	bool slots[GENERATION_SLOTS];
	struct tls_tickets *tickets;
	uint64_t rotate_at_ms;
	uint64_t certs_at_ms; /* looked for what comes next */
	unsigned deaths;      /* in a series */
	uint64_t restart_at_ms;
	uint64_t look_at_ms;
	struct look_file store; /* that the current workers have open */
	bool is_gone;           /* it is not there any more: told */
	bool stopping;
	sigset_t signals;
	int signal_fd;
	struct metrics metrics;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- workers ------------------------------------------------------------- */

static int
take_slot(struct server *s)
{
	for (int i = 0; i < GENERATION_SLOTS; i++)
		if (!s->slots[i]) {
			s->slots[i] = true;
			return i;
		}
	return -1;
}

/* Whose ends of the links a new process keeps. */
struct kept {
	const struct generation *own;
	const struct child *worker;  /* or NULL */
	const struct helper *helper; /* or NULL */
};

static void
close_links(
    const struct generation *g, const struct helper *h, const struct kept *kept)
{
	if (h->child.control >= 0)
		close(h->child.control);
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++) {
		const struct helper_link *l = &h->links[i];

		if (l->worker < 0)
			continue;
		if (kept->worker != &g->children[i])
			close(l->worker);
		if (kept->helper != h)
			close(l->helper);
	}
}

static void
close_ends(const struct generation *g, const struct kept *kept)
{
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		if (g->children[i].control >= 0)
			close(g->children[i].control);
	for (int k = 0; k < HELPERS; k++)
		close_links(g, &g->helpers[k], kept);
}

/* In a new process: what belongs to its parent and siblings goes. */
static void
close_others(struct server *s, const struct kept *kept)
{
	const struct generation *own = kept->own;
	const struct generation *g = own ? own : s->current;

	while (g) {
		close_ends(g, kept);
		g = g == own && own != s->current ? s->current : g->older;
	}
	metrics_close(&s->metrics, 0);
	close(s->signal_fd);
}

static int
start_worker(
    struct server *s, struct generation *g, struct child *c, struct err *e)
{
	struct worker_job job = {
		.config = &g->config,
		.tls = g->tls,
		.sockets = g->sockets.workers,
		.socket_count = g->sockets.count,
		.max_conns = g->max_conns,
		.gemini_port = g->gemini_port,
		.gopher_port = g->gopher_port,
		.sandbox = g->sandbox,
		.per_address = g->per_address,
		.proxies = g->proxies,
		.proxy_count = g->config.proxies.count,
		.peers = s->peers,
		.counts = s->counts,
		.search =
		    g->helpers[HELPER_SEARCH].links[c - g->children].worker,
		.replies =
		    g->helpers[HELPER_REPLIES].links[c - g->children].worker,
	};
	struct kept kept = { .own = g, .worker = c };
	int slot = take_slot(s), ends[2];
	pid_t pid;

	if (slot < 0)
		return err_set(e, ERR_LIMIT, "too many workers are draining");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		s->slots[slot] = false;
		return err_errno(e, "socketpair", "worker");
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		close_others(s, &kept);
		job.status = &s->status[slot];
		job.slot = (unsigned)slot;
		job.control = ends[1];
		_exit(worker_run(&job));
	}
	close(ends[1]);
	if (pid < 0) {
		err_errno(e, "fork", "worker");
		close(ends[0]);
		s->slots[slot] = false;
		return -1;
	}
	*c = (struct child){ .pid = pid,
		.control = ends[0],
		.slot = (unsigned)slot,
		.started_ms = now_ms() };
	return 0;
}

/* --- helpers ------------------------------------------------------------- */

static void __attribute__((noreturn))
run_searcher(struct generation *g, const int *sockets, int control)
{
	struct searcher_job job = { .store = g->config.store,
		.deadline_ms = g->config.search_ms,
		.sandbox = g->sandbox,
		.sockets = sockets,
		.count = g->count,
		.control = control };

	job.sandbox.role = SANDBOX_SEARCHES;
	_exit(searcher_run(&job));
}

static void __attribute__((noreturn))
run_receiver(struct generation *g, const int *sockets, int control)
{
	struct receiver_job job = { .inbox = g->config.inbox,
		.max = g->config.inbox_max,
		.an_hour = g->config.replies_an_hour,
		.sandbox = g->sandbox,
		.sockets = sockets,
		.count = g->count,
		.control = control };

	job.sandbox.role = SANDBOX_RECEIVES;
	_exit(receiver_run(&job));
}

static const struct {
	const char *name;
	void (*run)(struct generation *g, const int *sockets, int control);
} helper_kinds[HELPERS] = {
	[HELPER_SEARCH] = { "search", run_searcher },
	[HELPER_REPLIES] = { "replies", run_receiver },
};

/* In the new process. */
static void
run_helper(
    struct server *s, struct generation *g, enum helper_kind kind, int control)
{
	struct kept kept = { .own = g, .helper = &g->helpers[kind] };
	int sockets[GENERATION_WORKERS_MAX];

	close_others(s, &kept);
	for (unsigned i = 0; i < g->count; i++)
		sockets[i] = kept.helper->links[i].helper;
	for (size_t i = 0; i < g->sockets.count; i++)
		close(g->sockets.workers[i].fd);
	helper_kinds[kind].run(g, sockets, control);
}

/* One that was handed over has none: its workers have theirs. */
static bool
is_wanted(const struct helper *h)
{
	return h->links[0].worker >= 0;
}

static int
start_helper(struct server *s, struct generation *g, enum helper_kind kind,
    struct err *e)
{
	const char *name = helper_kinds[kind].name;
	int ends[2];
	pid_t pid;

	if (!is_wanted(&g->helpers[kind]))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(e, "socketpair", name);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_helper(s, g, kind, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		err_errno(e, "fork", name);
		close(ends[0]);
		return -1;
	}
	g->helpers[kind].child = (struct child){ .pid = pid,
		.control = ends[0],
		.slot = GENERATION_SLOTS,
		.started_ms = now_ms() };
	return 0;
}

/* They hold nothing that would have to be finished. */
static void
end_helpers(struct generation *g)
{
	for (int k = 0; k < HELPERS; k++) {
		struct child *c = &g->helpers[k].child;

		if (!c->pid)
			continue;
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		close(c->control);
		*c = (struct child){ .control = -1 };
	}
	store_clear_slots(g->config.store); /* the search read there, too */
}

/* --- workers, as a set --------------------------------------------------- */

/* Waits for a worker's word that it serves. */
static int
await_ready(const struct child *c, uint64_t deadline_ms, struct err *e)
{
	struct pollfd p = { .fd = c->control, .events = POLLIN };
	uint64_t now;
	char word;

	while ((now = now_ms()) < deadline_ms) {
		int n = poll(&p, 1, (int)(deadline_ms - now));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (read(c->control, &word, 1) == 1 && word == WORKER_READY)
			return 0;
		return err_set(e, ERR_SYSTEM, "a worker could not start");
	}
	return err_set(e, ERR_SYSTEM, "a worker was not ready in time");
}

static void
signal_all(const struct generation *g, int sig)
{
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		if (g->children[i].pid)
			kill(g->children[i].pid, sig);
}

static void
tell_all(const struct generation *g, char word)
{
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		if (g->children[i].pid)
			send(g->children[i].control, &word, 1, MSG_NOSIGNAL);
}

static bool
has_children(const struct generation *g)
{
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		if (g->children[i].pid)
			return true;
	return false;
}

static void
forget_child(struct server *s, struct child *c)
{
	close(c->control);
	/* A worker that was handed over never had a slot of ours. */
	if (c->slot < GENERATION_SLOTS) {
		peers_clear(s->peers, c->slot);
		s->status[c->slot].open = 0;
		s->slots[c->slot] = false;
	}
	*c = (struct child){ .control = -1 };
}

/* Starts all workers of `g`; on failure none is left. */
static int
start_generation(struct server *s, struct generation *g, struct err *e)
{
	uint64_t deadline = now_ms() + READY_MS;
	int r = generation_link(g, e);

	store_clear_slots(g->config.store); /* of a server that was killed */
	for (int k = 0; k < HELPERS && r == 0; k++)
		r = start_helper(s, g, (enum helper_kind)k, e);
	for (unsigned i = 0; i < g->count && r == 0; i++)
		r = start_worker(s, g, &g->children[i], e);
	for (int k = 0; k < HELPERS && r == 0; k++)
		if (g->helpers[k].child.pid)
			r = await_ready(&g->helpers[k].child, deadline, e);
	for (unsigned i = 0; i < g->count && r == 0; i++)
		r = await_ready(&g->children[i], deadline, e);
	if (r == 0)
		return 0;
	end_helpers(g);
	signal_all(g, SIGKILL);
	for (unsigned i = 0; i < g->count; i++)
		if (g->children[i].pid) {
			waitpid(g->children[i].pid, NULL, 0);
			forget_child(s, &g->children[i]);
		}
	return -1;
}

/* --- what happens -------------------------------------------------------- */

static void
tell_death(const char *who, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_say(
		    "%s %d died of signal %d", who, (int)pid, WTERMSIG(status));
	else
		log_say("%s %d ended with status %d", who, (int)pid,
		    WEXITSTATUS(status));
}

/* How long to wait before one that died at `now` is replaced; counts it. */
static uint64_t
back_off(unsigned *deaths, uint64_t started_ms, uint64_t now)
{
	uint64_t wait = 0;

	*deaths = now - started_ms >= LIVED_LONG_MS ? 0 : *deaths + 1;
	if (*deaths > 1)
		wait = (uint64_t)BACKOFF_MIN_MS
		    << (*deaths > 10 ? 10 : *deaths - 2);
	return wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
}

static void
on_helper_death(
    struct server *s, struct generation *g, enum helper_kind kind, int status)
{
	struct helper *h = &g->helpers[kind];
	uint64_t now = now_ms();

	h->again_at_ms = now;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != SEARCHER_AGAIN) {
		if (!s->stopping)
			tell_death(
			    helper_kinds[kind].name, h->child.pid, status);
		h->again_at_ms +=
		    back_off(&h->deaths, h->child.started_ms, now);
	}
	store_clear_slots(g->config.store); /* the search read there, too */
	close(h->child.control);
	h->child = (struct child){ .control = -1 };
}

static void
on_death(
    struct server *s, const struct generation *g, struct child *c, int status)
{
	bool wanted = g == s->current && !s->stopping;
	uint64_t now = now_ms();

	/* One that was killed leaves its slot, and with it an edition, taken */
	store_clear_slots(g->config.store);
	if (wanted || WIFSIGNALED(status) || WEXITSTATUS(status))
		tell_death("worker", c->pid, status);
	if (wanted) {
		uint64_t wait = back_off(&s->deaths, c->started_ms, now);

		if (now + wait > s->restart_at_ms)
			s->restart_at_ms = now + wait;
	}
	forget_child(s, c);
}

static void
reap(struct server *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct generation *g = s->current; g; g = g->older) {
			for (int k = 0; k < HELPERS; k++)
				if (g->helpers[k].child.pid == pid)
					on_helper_death(
					    s, g, (enum helper_kind)k, status);
			for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
				if (g->children[i].pid == pid)
					on_death(s, g, &g->children[i], status);
		}
}

/* Fills the places of workers that died, once their wait is over. */
static void
restart(struct server *s)
{
	struct generation *g = s->current;
	struct err e = ERR_INIT;

	for (int k = 0; k < HELPERS && !s->stopping; k++) {
		struct helper *h = &g->helpers[k];

		if (!h->child.pid && now_ms() >= h->again_at_ms &&
		    start_helper(s, g, (enum helper_kind)k, &e) < 0) {
			log_err("restart", &e);
			h->again_at_ms = now_ms() + BACKOFF_MAX_MS;
		}
	}
	if (s->stopping || now_ms() < s->restart_at_ms)
		return;
	for (unsigned i = 0; i < g->count; i++)
		if (!g->children[i].pid &&
		    start_worker(s, g, &g->children[i], &e) < 0) {
			log_err("restart", &e);
			s->restart_at_ms = now_ms() + BACKOFF_MAX_MS;
			return;
		}
}

/* Generations whose workers have all gone, or have had their time. */
static void
sweep(struct server *s)
{
	struct generation **at = &s->current->older, *g;

	if (s->stopping && now_ms() >= s->current->kill_at_ms)
		signal_all(s->current, SIGKILL);
	while ((g = *at)) {
		if (now_ms() >= g->kill_at_ms)
			signal_all(g, SIGKILL);
		if (has_children(g)) {
			at = &g->older;
			continue;
		}
		*at = g->older;
		end_helpers(g);
		generation_free(g, s->current);
	}
}

static struct generation *
load(struct server *s, struct err *e)
{
	struct config c;

	if (s->opts->load(s->opts->ctx, &c, e) < 0)
		return NULL;
	return generation_new(&c, s->current, s->tickets, e);
}

/* To the folder of the settings that are served by. */
static void
save_counts(struct server *s)
{
	const char *folder = s->current->config.counts;
	struct err e = ERR_INIT;

	s->save_at_ms = now_ms() + SAVE_MS;
	if (*folder && counts_save(s->counts, folder, time(NULL), &e) < 0) {
		char what[512];

		snprintf(
		    what, sizeof(what), "counts not saved in \"%s\"", folder);
		log_err(what, &e);
	}
}

static void
set_log(const struct generation *g)
{
	const struct config *c = &g->config;
	struct log_opts opts = {
		.words_to_syslog = c->messages == CONFIG_LOG_SYSLOG,
		.requests_to_syslog = c->log == CONFIG_LOG_SYSLOG,
		.syslog = c->syslog,
	};
	struct err e = ERR_INIT;

	log_configure(&opts);
	if (log_try_syslog(&e) < 0)
		log_err("no syslog", &e);
}

/* What is wrong with the status socket is no reason not to serve. */
static void
open_metrics(struct server *s, const struct generation *g)
{
	struct err e = ERR_INIT;

	if (metrics_open(&s->metrics, g->config.status_socket, &e) < 0)
		log_err("no status", &e);
}

static void
reload(struct server *s)
{
	struct generation *old = s->current, *g;
	struct look_file store;
	struct err e = ERR_INIT;

	notify_reloading(now_ms());
	look_at(old->config.store, &store);
	g = load(s, &e);
	if (g)
		set_log(g);
	if (!g || start_generation(s, g, &e) < 0) {
		if (g)
			set_log(old);
		log_err("reload failed, all stays as it is", &e);
		generation_free(g, old);
		notify_ready();
		return;
	}
	open_metrics(s, g);
	save_counts(s); /* to where the old settings say */
	old->kill_at_ms = now_ms() + old->config.reload_ms;
	g->older = old;
	s->current = g;
	s->deaths = 0;
	s->restart_at_ms = 0;
	s->store = store;
	s->is_gone = false;
	if (strcmp(old->config.store, g->config.store) != 0)
		look_at(g->config.store, &s->store);
	s->certs_at_ms = 0;
	tell_all(old, WORKER_DRAIN);
	sockets_close(&old->sockets, &g->sockets);
	log_say("reloaded: %u workers", g->count);
	notify_ready();
}

/*
 * A publish needs no word to workers, but a store that was deleted and made
 * anew is another file than the one they read: then all is loaded again, once
 * there is something in it.  One that was mended ends their back-off.
 */
static void
look_at_store(struct server *s)
{
	const char *path = s->current->config.store;
	struct look_file now;
	struct look look;

	s->look_at_ms = now_ms() + LOOK_MS;
	look_at(path, &now);
	if (now.is_there && now.dev == s->store.dev &&
	    now.ino == s->store.ino) {
		if (now.mtime_ns != s->store.mtime_ns)
			s->restart_at_ms = 0;
		s->store.mtime_ns = now.mtime_ns;
		return;
	}
	if (!now.is_there || look_into(path, &look, NULL) < 0 ||
	    !look.edition) {
		if (!s->is_gone)
			log_say("the store \"%s\" is gone: its last edition is "
				"served until there is another",
			    path);
		s->is_gone = true;
		return;
	}
	log_say("the store \"%s\" is another one now", path);
	s->store = now;
	reload(s);
}

/*
 * A certificate whose next one's time has come is followed by it, as by a
 * reload that somebody asks for; one that fails is tried again.  The folder is
 * looked at and not remembered: what comes next may have been prepared since.
 */
static void
follow_certs(struct server *s)
{
	uint64_t now = now_ms();
	struct timespec t;
	int64_t at_s, left_ms;

	if (s->stopping || now < s->certs_at_ms)
		return;
	s->certs_at_ms = now + CERTS_MS;
	at_s = generation_next_s(s->current);
	if (!at_s)
		return;
	/* time(2) may lag behind by a tick, and is what the reload goes by. */
	if ((int64_t)time(NULL) >= at_s) {
		log_say("the time of the next certificate has come");
		reload(s);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	left_ms = (at_s - (int64_t)t.tv_sec) * 1000 - t.tv_nsec / 1000000;
	if (left_ms < CERTS_MS)
		s->certs_at_ms =
		    now + (left_ms > 0 ? (uint64_t)left_ms : 0) + 10;
}

/* Becomes the program that is installed now; comes back on failure alone. */
static void
upgrade(struct server *s)
{
	struct err e = ERR_INIT;

	log_say("upgrade: trying the program that is installed now");
	save_counts(s);
	metrics_close(&s->metrics, 1);
	handover_exec(s->current, &e);
	log_err("upgrade failed, all stays as it is", &e);
	open_metrics(s, s->current);
}

static void
stop(struct server *s)
{
	uint64_t now = now_ms();
	struct generation *g;

	for (g = s->current; g; g = g->older) {
		uint64_t at = now + s->current->config.stop_ms;

		/* Asked twice: whoever asks does not want to wait. */
		if (s->stopping)
			at = now;
		if (!g->kill_at_ms || g->kill_at_ms > at)
			g->kill_at_ms = at;
		tell_all(g, WORKER_STOP);
	}
	/* With the workers' own copies gone, who comes now is told so. */
	sockets_close(&s->current->sockets, NULL);
	s->stopping = true;
	notify_stopping();
}

/* --- telling ------------------------------------------------------------- */

static void
tell_addresses(const struct generation *g)
{
	char sandbox[256];
	const char *comma = "";
	struct buf text;

	if (!g->config.hosts.count)
		return; /* handed over, and no settings could be read yet */
	sandbox_describe(sandbox, sizeof(sandbox));
	log_say("sandbox: %s%s%s%s", *g->user ? "user " : "", g->user,
	    *g->user ? ", " : "", sandbox);
	buf_init(&text, 8192);
	buf_addf(&text, "serving %s:", g->config.hosts.items[0]);
	for (int p = 0; p < PROTOCOLS; p++) {
		if (!sockets_port(&g->sockets, (enum protocol_id)p))
			continue;
		buf_addf(&text, "%s %s on", comma, protocols[p]->name);
		comma = ",";
		for (size_t i = 0; i < g->sockets.count; i++)
			if ((int)g->sockets.workers[i].protocol == p)
				buf_addf(
				    &text, " %s", g->sockets.bound[i].name);
	}
	buf_addf(&text, "; %u workers", g->count);
	log_say("%.*s", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
}

/* The addresses, one a line, in place at once. */
static int
write_ready(const struct generation *g, const char *path, struct err *e)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "we");
	if (!f)
		return err_errno(e, "open", tmp);
	for (size_t i = 0; i < g->sockets.count; i++) {
		const struct bound_socket *b = &g->sockets.bound[i];
		const char *colon = strrchr(b->name, ':');

		fprintf(f, "%s %.*s %d\n",
		    protocols[g->sockets.workers[i].protocol]->name,
		    (int)(colon - b->name), b->name, b->port);
	}
	fprintf(f, "pid %d\n", (int)getpid());
	if (fclose(f) != 0 || rename(tmp, path) < 0)
		return err_errno(e, "write", path);
	return 0;
}

static void
tell_counts(const struct server *s)
{
	struct status sum;
	struct buf text;

	status_sum(s->status, GENERATION_SLOTS, &sum);
	buf_init(&text, 8192);
	status_print(&text, &sum);
	log_say("stopped: %.*s", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
}

/* --- the loop ------------------------------------------------------------ */

/* `at`, or what is due before it; what is overdue is due now. */
static uint64_t
sooner(uint64_t at, uint64_t due, uint64_t now)
{
	if (due >= at)
		return at;
	return due > now ? due : now;
}

/* When something is to be done by a server that is to go on. */
static uint64_t
next_due(const struct server *s, uint64_t at, uint64_t now)
{
	bool missing = false;

	for (unsigned i = 0; i < s->current->count; i++)
		missing |= !s->current->children[i].pid;
	at = sooner(at, s->certs_at_ms, now);
	at = sooner(at, s->look_at_ms, now);
	if (missing)
		at = sooner(at, s->restart_at_ms, now);
	for (int k = 0; k < HELPERS; k++) {
		const struct helper *h = &s->current->helpers[k];

		if (is_wanted(h) && !h->child.pid)
			at = sooner(at, h->again_at_ms, now);
	}
	return at;
}

/* The time until something is due, at most a minute. */
static struct timespec
next_wait(const struct server *s)
{
	uint64_t now = now_ms(), at = now + 60000;

	if (!s->stopping)
		at = next_due(s, at, now);
	for (const struct generation *g = s->current; g; g = g->older)
		if (g->kill_at_ms && g->kill_at_ms < at)
			at = g->kill_at_ms > now ? g->kill_at_ms : now + 20;
	return (struct timespec){ .tv_sec = (time_t)((at - now) / 1000),
		.tv_nsec = (long)((at - now) % 1000) * 1000000 };
}

/* Keys that come from no file are ours to change. */
static int
rotate(struct server *s, struct err *e)
{
	uint64_t now = now_ms();

	if (now < s->rotate_at_ms ||
	    (s->current && *s->current->config.ticket_file))
		return 0;
	s->rotate_at_ms = now + ROTATE_MS;
	if (tls_tickets_rotate(s->tickets) < 0)
		return err_set(e, ERR_SYSTEM, "no random bytes to be had");
	return 0;
}

static void
tell_facts(void *ctx, struct metrics_facts *out)
{
	struct server *s = ctx;
	const struct generation *g = s->current;
	struct look look;

	*out = (struct metrics_facts){ .cert_end_s = g->cert_end_s,
		.stopping = s->stopping };
	status_sum(s->status, GENERATION_SLOTS, &out->sum);
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		out->workers += g->children[i].pid != 0;
	if (look_into(g->config.store, &look, NULL) == 0) {
		out->edition = look.edition;
		out->edition_s = look.time_s;
	}
}

/* The next signal, or 0 after `wait`; the status socket is served meanwhile. */
static int
await_signal(struct server *s, const struct timespec *wait)
{
	struct pollfd fds[FDS];
	struct signalfd_siginfo info;

	memcpy(fds, s->metrics.fds, sizeof(s->metrics.fds));
	fds[FD_SIGNALS] =
	    (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
	fds[FD_LOG] = (struct pollfd){ .fd = log_fd(), .events = POLLIN };
	if (ppoll(fds, FDS, wait, NULL) < 0)
		return 0;
	if (fds[FD_LOG].revents)
		log_hand_on();
	memcpy(s->metrics.fds, fds, sizeof(s->metrics.fds));
	metrics_step(&s->metrics, now_ms(), tell_facts, s);
	if (fds[FD_SIGNALS].revents &&
	    read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		return (int)info.ssi_signo;
	return 0;
}

static void
serve(struct server *s)
{
	struct err e = ERR_INIT;

	while (!s->stopping || s->current->older || has_children(s->current)) {
		struct timespec wait = next_wait(s);
		int sig = await_signal(s, &wait);

		if (sig == SIGTERM || sig == SIGINT)
			stop(s);
		else if (sig == SIGHUP && !s->stopping)
			reload(s);
		else if (sig == SIGUSR2 && !s->stopping)
			upgrade(s);
		reap(s);
		sweep(s);
		restart(s);
		if (rotate(s, &e) < 0)
			log_err("ticket keys", &e);
		follow_certs(s);
		if (now_ms() >= s->save_at_ms)
			save_counts(s);
		if (now_ms() >= s->look_at_ms && !s->stopping)
			look_at_store(s);
	}
	end_helpers(s->current);
}

static void
block_signals(struct server *s)
{
	static const int waited_for[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM,
		SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(&s->signals);
	for (size_t i = 0; i < sizeof(waited_for) / sizeof(waited_for[0]); i++)
		sigaddset(&s->signals, waited_for[i]);
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	s->signal_fd = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
server_check(const struct server_opts *opts)
{
	struct tls_tickets *tickets = tls_tickets_new();
	struct err e = ERR_INIT;
	struct config c;
	int r = 1;

	if (!tickets)
		err_memory(&e);
	else if (opts->load(opts->ctx, &c, &e) == 0 &&
	    sockets_check(&c, &e) == 0 &&
	    generation_check(&c, tickets, &e) == 0)
		r = 0;
	if (r)
		log_err(NULL, &e);
	tls_tickets_free(tickets);
	return r;
}

/*
 * What there is before the settings are read: the workers of the program that
 * became this one, or the sockets of a service manager.  -1 and *e.
 */
static int
take_over(struct server *s, struct err *e)
{
	struct generation *g = handover_take(e);
	int n;

	if (!g && e->kind != ERR_NONE)
		return -1;
	if (g) {
		s->current = g;
		return 1;
	}
	g = generation_new_empty(e);
	if (!g)
		return -1;
	n = sockets_take_passed(&g->sockets, e);
	if (n <= 0) {
		generation_free(g, NULL);
		return n;
	}
	s->current = g;
	return 0;
}

static int
start(struct server *s, struct err *e)
{
	struct generation *passed, *g;
	int r = take_over(s, e);

	if (r < 0)
		return -1;
	/* Its workers serve on whatever becomes of the settings. */
	if (r > 0) {
		log_say("upgraded: this is version " QASID_VERSION);
		reload(s);
		return 0;
	}
	passed = s->current;
	g = load(s, e);
	if (!g)
		return -1;
	s->current = g;
	generation_free(passed, g);
	set_log(g);
	look_at(g->config.store, &s->store);
	return start_generation(s, g, e);
}

int
server_run(const struct server_opts *opts)
{
	struct server s = { .opts = opts };
	struct err e = ERR_INIT;
	int r = 1;

	handover_init();
	metrics_init(&s.metrics);
	block_signals(&s);
	s.status = status_map_new(GENERATION_SLOTS);
	s.peers = peers_new(GENERATION_SLOTS);
	s.save_at_ms = now_ms() + SAVE_MS;
	s.counts = counts_new();
	s.tickets = tls_tickets_new();
	if (!s.status || !s.peers || !s.counts || !s.tickets) {
		err_set(&e, ERR_MEMORY,
		    "no memory, or no random bytes to be had (getrandom)");
		goto out;
	}
	if (log_init(&e) < 0 || rotate(&s, &e) < 0 || start(&s, &e) < 0)
		goto out;
	tell_addresses(s.current);
	open_metrics(&s, s.current);
	notify_ready();
	r = 0;
	if (opts->ready_file &&
	    write_ready(s.current, opts->ready_file, &e) < 0) {
		log_err(NULL, &e);
		stop(&s);
		r = 1;
	}
	serve(&s);
	log_hand_on();
	save_counts(&s);
	tell_counts(&s);
out:
	if (r && e.kind != ERR_NONE && !s.stopping)
		log_err(NULL, &e);
	metrics_close(&s.metrics, 1);
	close(s.signal_fd);
	generation_free(s.current, NULL);
	status_map_free(s.status, GENERATION_SLOTS);
	peers_free(s.peers);
	counts_free(s.counts);
	tls_tickets_free(s.tickets);
	log_close();
	return r;
}
