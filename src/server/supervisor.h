/*
 * supervisor.h: the parent: it binds, loads keys, forks workers and keeps them
 * running; no byte from the network ever reaches it.
 *
 * SIGTERM and SIGINT stop (a second one at once), SIGHUP reloads: settings,
 * certificates and store are tried in a new generation of workers, and only
 * when all of these serve does the old one drain; on any failure the old one
 * stays as it is.  A worker that dies is replaced, with a growing delay where
 * that happens again and again.  SIGUSR2 makes it the program that then lies
 * where this one did (handover.h).
 *
 * Once a minute it looks for certificates that are to come next (cert/folder.h)
 * and reloads when the time of one has come.
 *
 * Under systemd it takes the sockets it is passed and tells when it is ready.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

struct config;
struct err;

struct server_opts {
	/* Fills *c (config_init not yet called); 0, or -1 and *e. */
	int (*load)(void *ctx, struct config *c, struct err *e);
	void *ctx;
	const char *ready_file; /* written once it serves; NULL: none */
};

/* Whether server_run() could serve, addresses aside; as server_run(). */
int server_check(const struct server_opts *opts);

/* Serves until stopped; 0, or 1 after saying on stderr why not. */
int server_run(const struct server_opts *opts);

#endif
