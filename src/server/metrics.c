#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#include "server/metrics.h"

enum {
	PATIENCE_MS = 5000,
	TEXT_MAX = 64 * 1024,
};

void
metrics_init(struct metrics *m)
{
	*m = (struct metrics){ .path = "" };
	for (int i = 0; i < METRICS_FDS; i++)
		m->fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
}

static void
drop(struct pollfd *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->revents = 0;
}

/* Binds, over the name of a socket that nobody listens on any more. */
static int
bind_unix(int fd, const struct sockaddr_un *a)
{
	const struct sockaddr *any = (const struct sockaddr *)a;
	struct stat st;
	int probe, dead;

	if (bind(fd, any, sizeof(*a)) == 0)
		return 0;
	if (errno != EADDRINUSE || lstat(a->sun_path, &st) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return -1;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -1;
	dead = connect(probe, any, sizeof(*a)) < 0 && errno == ECONNREFUSED;
	close(probe);
	errno = EADDRINUSE;
	if (!dead || unlink(a->sun_path) < 0)
		return -1;
	return bind(fd, any, sizeof(*a));
}

int
metrics_open(struct metrics *m, const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (!strcmp(path, m->path))
		return 0;
	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ERR_LIMIT,
		    "\"status.socket\" is over %zu bytes long",
		    sizeof(a.sun_path) - 1);
	if (!*path) {
		metrics_close(m, 1);
		return 0;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_unix(fd, &a) < 0 || chmod(path, 0660) < 0 ||
	    listen(fd, METRICS_CLIENTS) < 0) {
		err_errno(e, "listen on", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	metrics_close(m, 1);
	memcpy(m->path, path, strlen(path) + 1);
	m->fds[0].fd = fd;
	return 0;
}

void
metrics_close(struct metrics *m, int unlink_it)
{
	if (unlink_it && *m->path)
		unlink(m->path);
	for (int i = 0; i < METRICS_FDS; i++)
		drop(&m->fds[i]);
	*m->path = '\0';
}

/* --- the text ------------------------------------------------------------ */

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP qasid_%s %s\n# TYPE qasid_%s %s\n", name, help,
	    name, type);
}

static void
single(struct buf *out, const char *name, const char *type, const char *help,
    int64_t value)
{
	head(out, name, type, help);
	buf_addf(out, "qasid_%s %lld\n", name, (long long)value);
}

static void
print_requests(struct buf *out, const struct status *s)
{
	head(out, "requests_total", "counter", "answers by status");
	for (int p = 0; p < PROTOCOLS; p++)
		for (int c = 0; c < STATUS_CODES; c++)
			if (s->requests[p][c])
				buf_addf(out,
				    "qasid_requests_total{protocol=\"%s\","
				    "status=\"%d\"} %llu\n",
				    protocols[p]->name, c,
				    (unsigned long long)s->requests[p][c]);
	head(out, "sent_bytes_total", "counter", "bytes sent, TLS included");
	for (int p = 0; p < PROTOCOLS; p++)
		buf_addf(out, "qasid_sent_bytes_total{protocol=\"%s\"} %llu\n",
		    protocols[p]->name, (unsigned long long)s->bytes[p]);
}

static void
print_connections(struct buf *out, const struct status *s)
{
	head(out, "handshakes_total", "counter", "TLS handshakes");
	for (int p = 0; p < PROTOCOLS; p++) {
		const char *name = protocols[p]->name;

		if (protocols[p]->tls == PROTOCOL_TLS_NEVER)
			continue;
		buf_addf(out,
		    "qasid_handshakes_total{protocol=\"%s\",kind=\"full\"} "
		    "%llu\n"
		    "qasid_handshakes_total{protocol=\"%s\",kind=\"resumed\"} "
		    "%llu\n",
		    name,
		    (unsigned long long)(s->handshakes[p] - s->resumed[p]),
		    name, (unsigned long long)s->resumed[p]);
	}
	single(out, "connections_accepted_total", "counter",
	    "connections accepted", (int64_t)s->accepted);
	single(out, "connections_open", "gauge", "connections open now",
	    (int64_t)s->open);
	single(out, "accept_pauses_total", "counter",
	    "pauses for lack of places or descriptors", (int64_t)s->pauses);
	head(out, "connections_ended_total", "counter", "why they ended");
	for (int r = 0; r < CONN_REASONS; r++)
		buf_addf(out,
		    "qasid_connections_ended_total{reason=\"%s\"} %llu\n",
		    conn_reason_name((enum conn_reason)r),
		    (unsigned long long)s->ended[r]);
}

void
metrics_print(struct buf *out, const struct metrics_facts *f, int64_t now_s)
{
	print_requests(out, &f->sum);
	print_connections(out, &f->sum);
	single(out, "workers", "gauge", "processes that serve", f->workers);
	if (f->edition) {
		single(out, "edition", "gauge", "number of the edition",
		    (int64_t)f->edition);
		single(out, "edition_age_seconds", "gauge",
		    "since it was published", now_s - f->edition_s);
	}
	single(out, "certificate_days_left", "gauge",
	    "of the certificate that ends first",
	    (f->cert_end_s - now_s) / 86400);
}

/* --- clients ------------------------------------------------------------- */

static void
take_client(struct metrics *m, uint64_t now_ms)
{
	int oldest = 1, fd;

	fd = accept4(m->fds[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = 1; i < METRICS_FDS; i++)
		if (m->fds[i].fd < 0 || m->since_ms[i] < m->since_ms[oldest])
			oldest = i;
	drop(&m->fds[oldest]);
	m->fds[oldest].fd = fd;
	m->since_ms[oldest] = now_ms;
}

/* The kernel takes so short a text at once, or the client has bad luck. */
static void
answer_client(struct pollfd *p, struct slice text)
{
	char asked[4096];
	ssize_t n = recv(p->fd, asked, sizeof(asked), 0);

	if (n >= 0 && send(p->fd, text.ptr, text.len, MSG_NOSIGNAL) < 0)
		shutdown(p->fd, SHUT_RDWR);
	drop(p);
}

void
metrics_step(struct metrics *m, uint64_t now_ms,
    void (*facts)(void *ctx, struct metrics_facts *out), void *ctx)
{
	struct metrics_facts f;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	for (int i = 1; i < METRICS_FDS; i++) {
		if (m->fds[i].fd < 0)
			continue;
		if (!m->fds[i].revents) {
			if (now_ms - m->since_ms[i] >= PATIENCE_MS)
				drop(&m->fds[i]);
			continue;
		}
		if (!text.len) {
			facts(ctx, &f);
			buf_addf(&text,
			    "HTTP/1.0 %s\r\nContent-Type: "
			    "text/plain; version=0.0.4\r\n\r\n",
			    f.workers && !f.stopping
				? "200 OK"
				: "503 Service Unavailable");
			metrics_print(&text, &f, (int64_t)time(NULL));
		}
		answer_client(&m->fds[i], buf_slice(&text));
	}
	buf_release(&text);
	if (m->fds[0].fd >= 0 && m->fds[0].revents)
		take_client(m, now_ms);
}
