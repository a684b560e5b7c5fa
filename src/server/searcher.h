/*
 * searcher.h: the process that searches.
 *
 * It answers the workers' questions, one at a time, each on the socket it came
 * by (search/message.h), and sees nothing of the network.  A question that is
 * not given up at its deadline ends the process; its parent starts another,
 * which finds the questions that waited still there.
 *
 * It has less claim to the processor than workers do, opens no file once it
 * serves, and ends when all its sockets are closed.  So when a question comes
 * and there is a new edition, it ends with SEARCHER_AGAIN: the next one opens
 * the new index, and then takes the question.
 */
#ifndef SERVER_SEARCHER_H
#define SERVER_SEARCHER_H

#include <stddef.h>
#include <stdint.h>

#include "server/sandbox.h"

enum {
	SEARCHER_AGAIN = 3 /* exit status: at once, and no failure */
};

struct searcher_job {
	const char *store; /* folder */
	uint64_t deadline_ms;
	struct sandbox_opts sandbox;
	const int *sockets; /* SOCK_SEQPACKET; its own */
	size_t count;
	int control; /* WORKER_READY is said here */
};

/* Searches, in a process forked for it; its exit status. */
int searcher_run(const struct searcher_job *job);

#endif
