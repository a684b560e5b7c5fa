/*
 * conn_internal.h: a connection and its pool, for the two files that run them:
 * conn.c has the states, pool.c the places, the deadlines and the start.
 */
#ifndef NET_CONN_INTERNAL_H
#define NET_CONN_INTERNAL_H

#include <sys/queue.h>

#include "net/conn.h"
#include "net/reply.h"
#include "net/stream.h"

struct loop_timer;
struct loop_watch;

enum {
	/* The head later lies where the request line was; keys go behind. */
	CONN_LINE_BYTES = 2048,
	CONN_KEY_AT = CONN_LINE_BYTES - CONN_KEY_MAX,
};

enum conn_state {
	CONN_CLOSED,
	CONN_PROXY,
	CONN_PEEK,
	CONN_HANDSHAKE,
	CONN_REQUEST,
	CONN_WAIT,
	CONN_SEND,
	CONN_CLOSE_NOTIFY,
	CONN_DRAIN,
};

/* The deadline queues. */
enum conn_queue {
	CONN_QUEUE_HANDSHAKE,
	CONN_QUEUE_REQUEST,
	CONN_QUEUE_ANSWER,   /* WAIT */
	CONN_QUEUE_PROGRESS, /* SEND and CLOSE_NOTIFY: look again */
	CONN_QUEUE_LINGER,   /* DRAIN, before its first look */
	CONN_QUEUE_DRAIN,
	CONN_QUEUES,
};

/* What the peer has taken, for SEND's deadlines. */
struct conn_progress {
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
	enum conn_queue queue;
	enum protocol_id protocol;
	enum conn_reason reason; /* how DRAIN will end */
	enum conn_room room;
	const struct conn_door *door;
	uint64_t peer; /* counted in the pool's map; 0: not */
	uint64_t deadline_ms, start_ms;
	uint32_t serial; /* which use of this place it is */
	size_t line_len, key_len, drained;
	int status;
	bool handshaken, resumed, is_counted;
	struct reply reply;
	struct conn_progress progress;
};

TAILQ_HEAD(conn_list, conn);

struct conn_pool {
	struct loop *loop;
	struct store_reader *reader;
	struct conn_limits limits;
	struct conn_service service;
	struct conn_peers peers;
	struct conn_list queues[CONN_QUEUES], unused;
	uint64_t length_ms[CONN_QUEUES];
	struct loop_timer *timer;
	uint64_t timer_at_ms; /* 0: not set */
	unsigned active;
	uint32_t serial; /* of the last connection */
	bool stopping, was_full;
	struct conn *conns;
	char *lines;
	size_t lines_bytes;
	struct stream_out out;
	char head[CONN_HEAD_MAX];
	char scratch[STREAM_RECORD_MAX];
};

/* --- conn.c -------------------------------------------------------------- */

/* Runs states until one has to wait, or closes. */
void conn_step(struct conn *c);
/* The only way out: tells the service, frees what is held. */
void conn_close(struct conn *c, enum conn_reason reason);
/* Enters the first state: a listed proxy is heard first. */
void conn_begin(struct conn *c, bool is_proxy, const struct ip *from);
/* Whether the peer has acknowledged all that was sent. */
bool conn_is_over(const struct conn *c);
/* Closes one that drains. */
void conn_end_drain(struct conn *c);
/* The reply that WAIT waits for. */
void conn_take_answer(struct conn *c, const struct conn_reply *reply);
/* A deadline of `c` has passed. */
void conn_on_deadline(struct conn *c, uint64_t now_ms);

/* --- pool.c -------------------------------------------------------------- */

/* Moves `c` to the end of a queue, its deadline a queue's length from now. */
void conn_set_deadline(struct conn *c, enum conn_queue q);
/* Gives a closed connection's place back; tells of its end who wants to know. */
void conn_give_back(struct conn *c, const struct conn_event *event);

#endif
