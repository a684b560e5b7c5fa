/*
 * receiver.h: the process that takes replies.
 *
 * It is all that can write to the inbox, and can do nothing else: it sees
 * nothing of the network, opens no file but below that folder, and may not read
 * what lies there.  Workers send it what readers wrote, each on a socket of its
 * own (replies/message.h), and are told what became of it.
 *
 * It counts replies, not readers: no address reaches it.  It ends when all its
 * sockets are closed.
 */
#ifndef SERVER_RECEIVER_H
#define SERVER_RECEIVER_H

#include <stddef.h>

#include "server/sandbox.h"

struct receiver_job {
	const char *inbox; /* folder */
	unsigned max;      /* replies that it may hold */
	unsigned an_hour;  /* taken at most; an hour's number at once */
	struct sandbox_opts sandbox;
	const int *sockets; /* SOCK_SEQPACKET; its own */
	size_t count;
	int control; /* WORKER_READY is said here */
};

/* Receives, in a process forked for it; its exit status. */
int receiver_run(const struct receiver_job *job);

#endif
