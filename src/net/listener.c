#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "net/loop.h"

#include "net/listener.h"

enum {
	FAST_OPENS = 256, /* that have not ended their handshake yet */
};

struct listener {
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *timer;
	int fd;
	struct listener_calls calls;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "ADDR:PORT" or "[ADDR]:PORT"; the length of the address, or 0. */
static socklen_t
parse_address(const char *text, union address *out)
{
	const char *colon = strrchr(text, ':');
	char host[LISTENER_ADDR_MAX], *end;
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned long port;

	*out = (union address){ 0 };
	if (!len || len >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return 0;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return 0;
	if (text[0] == '[' && text[len - 1] == ']') {
		memcpy(host, text + 1, len - 2);
		host[len - 2] = '\0';
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1
		    ? (socklen_t)sizeof(out->v6)
		    : 0;
	}
	memcpy(host, text, len);
	host[len] = '\0';
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1
	    ? (socklen_t)sizeof(out->v4)
	    : 0;
}

static int
set_flag(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/*
 * What is set here every accepted socket inherits: no waiting for full segments
 * (a reply is handed over in one piece), and little unsent data in the kernel,
 * so that progress can be told.  In both protocols the peer speaks first: a
 * connection is accepted with its first bytes, or without them after about a
 * second.
 */
static int
set_options(int fd)
{
	/*
	 * A reader who has been here may bring its first bytes with the SYN; a
	 * system that cannot, or may not (net.ipv4.tcp_fastopen), does without.
	 * A request that the network doubles is answered twice: it changes
	 * nothing.
	 */
	(void)set_flag(fd, IPPROTO_TCP, TCP_FASTOPEN, FAST_OPENS);
	if (set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
	    set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384) < 0 ||
	    set_flag(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1) < 0)
		return -1;
	return 0;
}

static socklen_t
take_address(const char *addr_port, union address *out, struct err *e)
{
	socklen_t len = parse_address(addr_port, out);

	if (!len)
		err_set(e, ERR_INVALID,
		    "\"%s\" is no ADDR:PORT such as 0.0.0.0:1965 or [::]:1965",
		    addr_port);
	return len;
}

int
listener_check(const char *addr_port, struct err *e)
{
	union address a;

	return take_address(addr_port, &a, e) ? 0 : -1;
}

int
listener_bind(const char *addr_port, struct err *e)
{
	union address a;
	socklen_t len = take_address(addr_port, &a, e);
	int fd;

	if (!len)
		return -1;
	fd = socket(
	    a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "listen on", addr_port);
	if (set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
	    set_options(fd) < 0 ||
	    (a.any.sa_family == AF_INET6 &&
		set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
	    bind(fd, &a.any, len) < 0 || listen(fd, LISTENER_BACKLOG) < 0) {
		err_errno(e, "listen on", addr_port);
		close(fd);
		return -1;
	}
	return fd;
}

int
listener_name(int fd, char name[LISTENER_ADDR_MAX])
{
	union address a = { 0 };
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN];
	const void *addr = &a.v4.sin_addr;
	bool v6;
	int port;

	if (getsockname(fd, &a.any, &len) < 0)
		return -1;
	v6 = a.any.sa_family == AF_INET6;
	if (v6)
		addr = &a.v6.sin6_addr;
	port = ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
	if (!inet_ntop(a.any.sa_family, addr, host, sizeof(host)))
		return -1;
	snprintf(name, LISTENER_ADDR_MAX, v6 ? "[%s]:%d" : "%s:%d", host, port);
	return port;
}

int
listener_adopt(int fd, char name[LISTENER_ADDR_MAX], struct err *e)
{
	int flags = fcntl(fd, F_GETFL), port = listener_name(fd, name);

	if (flags < 0 || port < 0 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || set_options(fd) < 0)
		return err_errno(e, "take over", "the socket passed");
	return port;
}

static void
pause_for(struct listener *l, uint64_t ms)
{
	/* Without a timer to end it there is no pause. */
	if (!ms || loop_timer_at(l->timer, loop_now_ms(l->loop) + ms) == 0)
		loop_watch_set(l->watch, l->fd, LOOP_NONE);
}

static struct ip
ip_of(const union address *a)
{
	struct ip ip = { .bits = 0 };

	if (a->any.sa_family == AF_INET) {
		ip.bits = 32;
		memcpy(ip.bytes, &a->v4.sin_addr, 4);
	} else if (a->any.sa_family == AF_INET6) {
		ip.bits = 128;
		memcpy(ip.bytes, &a->v6.sin6_addr, 16);
	}
	return ip;
}

static void
take_some(struct listener *l, int most)
{
	for (int i = 0; i < most; i++) {
		union address a = { 0 };
		socklen_t len = sizeof(a);
		int fd =
		    accept4(l->fd, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			struct ip from = ip_of(&a);

			if (l->calls.take(l->calls.ctx, fd, &from))
				continue;
			pause_for(l, 0);
			return;
		}
		if (errno == EAGAIN)
			return;
		/* Out of descriptors or memory: spinning frees none. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			pause_for(l, LISTENER_PAUSE_MS);
			l->calls.is_short(l->calls.ctx);
			return;
		}
		/* A peer that went while it waited costs itself alone. */
	}
}

static void
on_ready(void *ctx, unsigned ready)
{
	(void)ready;
	take_some(ctx, LISTENER_ROUND);
}

void
listener_take_rest(struct listener *l)
{
	take_some(l, LISTENER_BACKLOG);
}

void
listener_resume(struct listener *l)
{
	loop_timer_stop(l->timer);
	if (loop_watch_set_shared(l->watch, l->fd) < 0)
		pause_for(l, LISTENER_PAUSE_MS);
}

static void
on_timer(void *ctx)
{
	listener_resume(ctx);
}

struct listener *
listener_new(struct loop *loop, int fd, const struct listener_calls *calls)
{
	struct listener *l = mem_calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->loop = loop;
	l->fd = fd;
	l->calls = *calls;
	l->watch = loop_watch_new(loop, on_ready, l);
	l->timer = loop_timer_new(loop, on_timer, l);
	if (!l->watch || !l->timer) {
		listener_free(l);
		return NULL;
	}
	listener_resume(l);
	return l;
}

void
listener_free(struct listener *l)
{
	if (!l)
		return;
	loop_watch_free(l->watch);
	loop_timer_free(l->timer);
	mem_free(l);
}
