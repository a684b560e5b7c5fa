/*
 * alone.c: one worker of the server in a process of its own, without sandbox
 * or supervisor, so that valgrind can count the instructions of a request: its
 * tools need calls that no worker may make.
 *
 *	alone STORE CERTS READY TICKETS [KEY=VALUE ...]
 *		serves as `qasid serve --host example.test` does, on ports of
 *		the kernel's choice; the file READY tells them as that does,
 *		and as "stop PID" whom to send SIGTERM for an orderly end
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"
#include "net/peers.h"
#include "net/tls.h"
#include "server/generation.h"
#include "server/sandbox.h"
#include "server/status.h"
#include "server/worker.h"

/* In place of the sandbox's own: see above. */
int
sandbox_enter(const struct sandbox_opts *opts, struct err *e)
{
	(void)opts;
	(void)e;
	return 0;
}

static int
fail(const struct err *e)
{
	fprintf(stderr, "alone: %s\n", e->text);
	return 1;
}

/* Holds the control socket's other end until it is told to end. */
static pid_t
start_holder(int ends[2])
{
	pid_t pid = fork();
	sigset_t set;
	int sig;

	if (pid != 0)
		return pid;
	close(ends[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &sig);
	_exit(0);
}

static int
tell(const char *path, const struct sockets *s, pid_t holder)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "w");
	if (!f)
		return -1;
	fprintf(f, "gemini 127.0.0.1 %d\ngopher 127.0.0.1 %d\nstop %d\n",
	    sockets_port(s, PROTOCOL_GEMINI), sockets_port(s, PROTOCOL_GOPHER),
	    (int)holder);
	return fclose(f) == 0 ? rename(tmp, path) : -1;
}

static int
set_all(struct config *c, int argc, char **argv, struct err *e)
{
	const struct {
		const char *key, *value;
	} fixed[] = {
		{ "hosts", "example.test" },
		{ "listen.gemini", "127.0.0.1:0" },
		{ "listen.gopher", "127.0.0.1:0" },
		{ "public.gemini", "1965" },
		{ "store.folder", argv[1] },
		{ "certs", argv[2] },
		{ "tls.tickets", argv[4] },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (config_set(c, fixed[i].key, fixed[i].value, e) < 0)
			return -1;
	for (int i = 5; i < argc; i++) {
		char *eq = strchr(argv[i], '=');

		if (!eq)
			return err_set(e, ERR_INVALID, "%s", argv[i]);
		*eq = '\0';
		if (config_set(c, argv[i], eq + 1, e) < 0)
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct tls_tickets *tickets = tls_tickets_new();
	struct worker_job job = { 0 };
	struct err e = ERR_INIT;
	struct generation *g;
	struct config c;
	int ends[2];

	if (argc < 5 || !tickets || tls_tickets_rotate(tickets) < 0)
		return 2;
	if (config_init(&c, &e) < 0 || set_all(&c, argc, argv, &e) < 0)
		return fail(&e);
	g = generation_new(&c, NULL, tickets, &e);
	if (!g)
		return fail(&e);
	job = (struct worker_job){ .config = &g->config,
		.tls = g->tls,
		.sockets = g->sockets.workers,
		.socket_count = g->sockets.count,
		.max_conns = g->max_conns,
		.gemini_port = g->gemini_port,
		.gopher_port = g->gopher_port,
		.per_address = g->per_address,
		.peers = peers_new(GENERATION_SLOTS),
		.status = status_map_new(GENERATION_SLOTS),
		.search = -1,
		.replies = -1 };
	if (!job.peers || !job.status ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    tell(argv[3], &g->sockets, start_holder(ends)) < 0)
		return 2;
	close(ends[0]);
	job.control = ends[1];
	return worker_run(&job);
}
