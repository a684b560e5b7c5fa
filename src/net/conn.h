/*
 * conn.h: connections: one request in, one reply out, closed so that the reader
 * can tell a whole page from a cut one.
 *
 * A pool serves up to its maximum at once, all from one loop.  It frames
 * request lines, asks its service for a reply, and sends that: a head of a few
 * bytes, then a body from the store's map, from marks filled in on the way, or
 * from bytes of its own.  Every state has a deadline; a slow reader is served
 * as long as it takes bytes, a silent one is not (conn.c draws the states).
 *
 * No memory is allocated for a request whose reply the kernel takes at once,
 * OpenSSL's own aside.
 *
 * What it does not do: it knows no host name, no key of the store, no log.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/protocol.h"
#include "store/store.h"

struct conn_pool;
struct ip;
struct ip_range;
struct loop;
struct peers;
struct marks;
struct tls_ctx;
struct err;

enum {
	CONN_HEAD_MAX = PROTOCOL_HEAD_MAX,
	CONN_COPY_MAX = 65536, /* bytes: larger rests are cut, not copied */
	CONN_EDITIONS_MAX = 4, /* held at once */
	CONN_KEY_MAX = 512,    /* bytes of a key that is logged */
};

/* Why a connection ended. */
enum conn_reason {
	CONN_DONE,             /* a whole reply, and the peer closed */
	CONN_DONE_UNCONFIRMED, /* a whole reply; the peer did not close */
	CONN_GONE_EARLY,       /* closed before its request was whole */
	CONN_TURNED_AWAY,      /* its address holds twice what it may */
	CONN_BAD_PROXY,        /* a listed proxy sent no PROXY header */
	CONN_NO_HANDSHAKE,     /* TLS failed */
	CONN_HANDSHAKE_TIMEOUT,
	CONN_REQUEST_TIMEOUT,
	CONN_STALLED,         /* took no bytes, or too few, for too long */
	CONN_BROKEN,          /* the network failed in mid-reply */
	CONN_STORE_FAILED,    /* the store failed in mid-reply */
	CONN_EDITION_DROPPED, /* held an edition too old for too long */
	CONN_NO_MEMORY,
	CONN_STOPPED, /* the server stopped */
	CONN_REASONS,
};

/* A reason in words for logs: "stalled". */
const char *conn_reason_name(enum conn_reason reason);

/* Whether there is room for a request. */
enum conn_room {
	CONN_ROOM,
	CONN_ROOM_NOT_FOR_PEER, /* its address holds what it may */
	CONN_ROOM_FOR_NOBODY,   /* the last places are for saying so */
};

/* A request as its protocol frames it (LINE_WHOLE), or what there is. */
struct conn_line {
	enum line_state state;
	enum conn_room room;
	char *bytes; /* may be written to; dies with the call */
	size_t len;
	uint64_t ticket; /* for conn_pool_answer() */
};

/*
 * What to send.  The service fills it; it starts out empty.  The entry is used
 * where `view` is set, and then `own` is not.
 */
struct conn_reply {
	bool later; /* it comes by conn_pool_answer(); only `key` is used */
	int status; /* Gemini's, or what it would be there */
	char *head; /* CONN_HEAD_MAX bytes to write to */
	size_t head_len;
	struct store_view *view; /* handed over; dropped by the connection */
	struct store_entry entry;
	const struct marks *marks; /* fill in marks; outlives the pool */
	char *own;                 /* a body from mem_alloc(), handed over */
	size_t own_len;
	struct slice key; /* for the log; dies with the call */
};

/* A connection's life, told when it ends. */
struct conn_event {
	enum protocol_id protocol;
	enum conn_reason reason;
	int status;   /* 0: no reply was begun */
	bool resumed; /* TLS resumed a session */
	bool handshaken;
	uint64_t bytes;   /* handed to the kernel, TLS included */
	uint64_t ms;      /* from accept to end */
	struct slice key; /* empty unless keys are kept; dies with the call */
};

struct conn_service {
	/* A request line came, or cannot come any more. */
	void (*answer)(void *ctx, enum protocol_id protocol,
	    struct conn_line *line, struct conn_reply *reply);
	/* A reply that was to come later did not come in time. */
	void (*late)(
	    void *ctx, enum protocol_id protocol, struct conn_reply *reply);
	void (*ended)(void *ctx, const struct conn_event *event);
	/* The pool was full and has room again. */
	void (*has_room)(void *ctx);
	/* The pool was stopped and its last connection ended. */
	void (*is_empty)(void *ctx);
	void *ctx;
};

struct conn_limits {
	unsigned max_conns;
	uint64_t handshake_ms, request_ms, stall_ms, rate_window_ms, drain_ms;
	uint64_t answer_ms;  /* for a reply that comes later */
	unsigned rate_bytes; /* a second, over rate_window_ms */
	bool keep_keys;      /* remember keys for conn_event */
};

/* What a listening socket is for; it outlives the connections through it. */
struct conn_door {
	enum protocol_id protocol;
	struct tls_ctx *tls; /* NULL: TLS is not spoken */
	bool tls_if_asked; /* only with peers that begin with it; else always */
};

/*
 * Who is counted how.  All of it outlives the pool.  An address may hold
 * `per_address` connections over all workers (0, or no `map`: any number);
 * those beyond are told so, and beyond twice the number closed.  From
 * `proxies` a PROXY header is required, and names the address to count.
 */
struct conn_peers {
	struct peers *map;
	size_t slot; /* ours in the map */
	unsigned per_address;
	const struct ip_range *proxies;
	size_t proxy_count;
};

/*
 * A pool on `loop` that reads from `reader` (for counting editions).  The
 * service is copied.  NULL and *e on failure.
 */
struct conn_pool *conn_pool_new(struct loop *loop, struct store_reader *reader,
    const struct conn_limits *limits, const struct conn_service *service,
    struct err *e);
/* Who is counted how, before anybody is served; else nobody is. */
void conn_pool_set_peers(struct conn_pool *p, const struct conn_peers *peers);
/* Closes what is left (CONN_STOPPED) and frees. */
void conn_pool_free(struct conn_pool *p);

/*
 * Serves `fd` (connected, non-blocking), which came through `door`.  It is
 * closed in any case.  `from` is the peer's address; NULL: none.
 */
void conn_pool_serve(struct conn_pool *p, int fd, const struct conn_door *door,
    const struct ip *from);

/*
 * The reply that was to come later, for the request of `ticket`; its `head` is
 * copied.  False when nobody waits for it any more; what it holds is released
 * in any case.
 */
bool conn_pool_answer(
    struct conn_pool *p, uint64_t ticket, const struct conn_reply *reply);

/*
 * Whether the pool is full, and then has_room() will be called once it is not.
 */
bool conn_pool_wait_for_room(struct conn_pool *p);
unsigned conn_pool_active(const struct conn_pool *p);

/*
 * Tells is_empty() once nothing is served any more.  `hurry`: peers that have
 * not sent a request get two seconds more.
 */
void conn_pool_stop(struct conn_pool *p, bool hurry);

#endif
