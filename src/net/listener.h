/*
 * listener.h: listening sockets, and taking what comes to them.
 *
 * The parent binds and keeps the sockets; every worker accepts from the same
 * ones, a few at a time, so nothing that waits dies with a worker.  Short of
 * descriptors or of room, a listener pauses instead of spinning.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>

struct err;
struct ip;
struct loop;
struct listener;

enum {
	LISTENER_BACKLOG = 4096,
	LISTENER_ROUND = 16,     /* accepted at most in one event */
	LISTENER_PAUSE_MS = 200, /* after the kernel had no descriptor */
	LISTENER_ADDR_MAX = 64,  /* bytes of "[ADDR]:PORT" and NUL */
};

/* Whether it is an address as listener_bind() takes it; -1 and *e. */
int listener_check(const char *addr_port, struct err *e)
    __attribute__((warn_unused_result));
/*
 * Binds a non-blocking TCP socket to "ADDR:PORT", ADDR an IPv4 address or an
 * IPv6 one in brackets; IPv6 alone listens on such an address.  The
 * descriptor, or -1 and *e (saved_errno EACCES where the right is missing).
 */
int listener_bind(const char *addr_port, struct err *e);

/*
 * Makes a listening socket that somebody else has bound (`fd`) one of ours: the
 * same options.  As listener_name(), or -1 and *e.
 */
int listener_adopt(int fd, char name[LISTENER_ADDR_MAX], struct err *e);

/* What `fd` is bound to: "ADDR:PORT" as above, and the port, or -1. */
int listener_name(int fd, char name[LISTENER_ADDR_MAX]);

struct listener_calls {
	/*
	 * A connection (non-blocking; the callee's from then on) and whom it
	 * is from; false: pause until listener_resume().
	 */
	bool (*take)(void *ctx, int fd, const struct ip *from);
	/* It pauses for lack of descriptors or memory. */
	void (*is_short)(void *ctx);
	void *ctx;
};

/* Accepts from `fd`; the calls are copied.  NULL when memory ends. */
struct listener *listener_new(
    struct loop *l, int fd, const struct listener_calls *calls);
/* Leaves the socket open. */
void listener_free(struct listener *l);
void listener_resume(struct listener *l);
/* Takes those who wait already, as long as take() does: before an end. */
void listener_take_rest(struct listener *l);

#endif
