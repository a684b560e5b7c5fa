/*
 * worker.h: one process that serves.
 *
 * It opens the store, enters the sandbox, says that it is ready, and serves
 * both protocols from one loop until its parent asks it to stop or dies.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "net/conn.h"
#include "server/sandbox.h"
#include "server/status.h"

struct config;
struct counts;
struct ip_range;
struct peers;
struct tls_ctx;

/* Bytes on the control socket. */
enum worker_word {
	WORKER_READY = 'R', /* from the worker: it serves */
	WORKER_DRAIN = 'D', /* to it: accept no more, finish what there is */
	WORKER_STOP = 'S',  /* the same, and hurry the silent */
};

struct worker_socket {
	int fd; /* listening */
	enum protocol_id protocol;
};

/* All that a worker needs; it lives as long as the process. */
struct worker_job {
	const struct config *config;
	struct tls_ctx *tls;
	const struct worker_socket *sockets;
	size_t socket_count;
	unsigned max_conns;
	unsigned gemini_port, gopher_port; /* as readers see them */
	struct sandbox_opts sandbox;
	unsigned per_address;
	const struct ip_range *proxies;
	size_t proxy_count;
	struct peers *peers;
	struct counts *counts;
	struct status *status; /* its own slot */
	unsigned slot;         /* of both maps */
	int control;
	int search;  /* socket to the process that searches; -1: none */
	int replies; /* to the one that takes replies; -1: none */
};

/* Serves, in a process forked for it; its exit status. */
int worker_run(const struct worker_job *job);

#endif
