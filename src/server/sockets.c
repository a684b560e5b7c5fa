#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"
#include "server/log.h"

#include "server/sockets.h"

enum {
	PASSED_FIRST = 3, /* descriptor of the first socket passed */
};

static int
fd_in(const struct sockets *s, const char *asked, enum protocol_id protocol)
{
	for (size_t i = 0; s && i < s->count; i++)
		if (s->workers[i].protocol == protocol &&
		    !strcmp(s->bound[i].asked, asked))
			return (int)i;
	return -1;
}

static bool
has_fd(const struct sockets *s, int fd)
{
	for (size_t i = 0; s && i < s->count; i++)
		if (s->workers[i].fd == fd)
			return true;
	return false;
}

/* A low port needs a right that few have: then the usual other one. */
static int
bind_elsewhere(struct bound_socket *b, const char *asked,
    const struct protocol *protocol, struct err *e)
{
	const char *colon = strrchr(asked, ':');
	char name[LISTENER_ADDR_MAX];
	uint64_t port;
	int fd;

	if (!colon || !protocol->elsewhere ||
	    slice_uint(slice_cstr(colon + 1), UINT16_MAX, &port) < 0 ||
	    port != protocol->port)
		return -1;
	snprintf(name, sizeof(name), "%.*s:%u", (int)(colon - asked), asked,
	    protocol->elsewhere);
	fd = listener_bind(name, e);
	if (fd >= 0) {
		b->fell_back = true;
		log_say("no right to listen on %s: %s is on %s", asked,
		    protocol->title, name);
	}
	return fd;
}

static int
add_socket(struct sockets *s, const struct sockets *old, const char *asked,
    enum protocol_id protocol, struct err *e)
{
	int before = fd_in(old, asked, protocol), fd;
	struct bound_socket *b = &s->bound[s->count];

	if (s->count == SOCKETS_MAX)
		return err_set(e, ERR_LIMIT, "over %d addresses to listen on",
		    SOCKETS_MAX);
	if (fd_in(s, asked, protocol) >= 0)
		return 0;
	if (old && before >= 0) {
		*b = old->bound[before];
		s->workers[s->count++] = old->workers[before];
		return 0;
	}
	*b = (struct bound_socket){ 0 };
	snprintf(b->asked, sizeof(b->asked), "%s", asked);
	fd = listener_bind(asked, e);
	if (fd < 0 && e->saved_errno == EACCES)
		fd = bind_elsewhere(b, asked, protocols[protocol], e);
	if (fd < 0)
		return -1;
	b->port = listener_name(fd, b->name);
	s->workers[s->count++] =
	    (struct worker_socket){ .fd = fd, .protocol = protocol };
	return 0;
}

/* Without a word in the settings: both families, IPv6 where there is any. */
static int
add_default(struct sockets *s, const struct sockets *old, unsigned port,
    enum protocol_id protocol, struct err *e)
{
	char name[LISTENER_ADDR_MAX];

	snprintf(name, sizeof(name), "0.0.0.0:%u", port);
	if (add_socket(s, old, name, protocol, e) < 0)
		return -1;
	snprintf(name, sizeof(name), "[::]:%u", port);
	if (add_socket(s, old, name, protocol, e) == 0)
		return 0;
	if (e->saved_errno != EAFNOSUPPORT && e->saved_errno != EADDRNOTAVAIL)
		return -1;
	log_say("no IPv6 here: not listening on %s", name);
	return 0;
}

/* The name that the manager gave the socket, or what its port tells. */
static int
protocol_of(struct slice name, int port)
{
	for (int p = 0; p < PROTOCOLS; p++)
		if (slice_eq_cstr(name, protocols[p]->name))
			return p;
	for (int p = 0; p < PROTOCOLS; p++)
		if (port == (int)protocols[p]->port ||
		    port == (int)protocols[p]->elsewhere)
			return p;
	return -1;
}

static int
take_passed(struct sockets *s, int fd, struct slice name, struct err *e)
{
	struct bound_socket *b = &s->bound[s->count];
	int protocol;

	b->port = listener_adopt(fd, b->name, e);
	if (b->port < 0)
		return -1;
	protocol = protocol_of(name, b->port);
	if (protocol < 0)
		return err_set(e, ERR_INVALID,
		    "the socket passed on %s is not named by its protocol "
		    "(FileDescriptorName=)",
		    b->name);
	snprintf(b->asked, sizeof(b->asked), "passed:%d", fd);
	s->workers[s->count++] = (struct worker_socket){ .fd = fd,
		.protocol = (enum protocol_id)protocol };
	return 0;
}

int
sockets_take_passed(struct sockets *s, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	struct slice names = slice_cstr(getenv("LISTEN_FDNAMES"));
	uint64_t owner, count;
	int r = 0;

	*s = (struct sockets){ 0 };
	if (!pid || !fds ||
	    slice_uint(slice_cstr(pid), INT32_MAX, &owner) < 0 ||
	    slice_uint(slice_cstr(fds), SOCKETS_MAX, &count) < 0 ||
	    owner != (uint64_t)getpid())
		return 0;
	for (int i = 0; i < (int)count && r == 0; i++)
		r = take_passed(
		    s, PASSED_FIRST + i, slice_take(&names, ':'), e);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	s->activated = s->count > 0;
	return r < 0 ? -1 : (int)s->count;
}

static const struct config_list *
asked_of(const struct config *c, enum protocol_id protocol)
{
	char key[64];

	snprintf(key, sizeof(key), "listen.%s", protocols[protocol]->name);
	return config_get_list(c, key);
}

int
sockets_check(const struct config *c, struct err *e)
{
	for (int p = 0; p < PROTOCOLS; p++) {
		const struct config_list *list =
		    asked_of(c, (enum protocol_id)p);

		for (size_t i = 0; i < list->count; i++)
			if (listener_check(list->items[i], e) < 0)
				return -1;
	}
	return 0;
}

/* The addresses of one protocol. */
static int
open_all(struct sockets *s, const struct sockets *old, const struct config *c,
    enum protocol_id protocol, struct err *e)
{
	const struct protocol *kind = protocols[protocol];
	const struct config_list *list = asked_of(c, protocol);
	int r = 0;

	if (!list->count && kind->is_usual)
		return add_default(s, old, kind->port, protocol, e);
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = add_socket(s, old, list->items[i], protocol, e);
	return r;
}

int
sockets_open(struct sockets *s, const struct sockets *old,
    const struct config *c, struct err *e)
{
	struct err local = ERR_INIT;
	int r = 0;

	if (!e)
		e = &local;
	*s = (struct sockets){ 0 };
	if (old && old->activated) {
		*s = *old;
		return 0;
	}
	for (int p = 0; p < PROTOCOLS && r == 0; p++)
		r = open_all(s, old, c, (enum protocol_id)p, e);
	if (r < 0)
		sockets_close(s, old);
	return r;
}

void
sockets_close(struct sockets *s, const struct sockets *kept)
{
	for (size_t i = 0; i < s->count; i++)
		if (!has_fd(kept, s->workers[i].fd))
			close(s->workers[i].fd);
	s->count = 0;
}

int
sockets_port(const struct sockets *s, enum protocol_id protocol)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->workers[i].protocol == protocol)
			return s->bound[i].port;
	return 0;
}
