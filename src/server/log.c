#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#include "server/log.h"

enum {
	LINE_MAX_BYTES = CONN_KEY_MAX * 4 + 256,
	HEAD_MAX_BYTES = 64, /* of a line for syslog */
	/* Lines handed on before signals are looked at again. */
	ROUND = 256,
	RETRY_S = 1, /* a syslog that is away is asked again after this */
	/* Facility "daemon"; how grave (RFC 3164 §4.1.1). */
	PRIORITY_WORDS = 3 * 8 + 5,
	PRIORITY_REQUEST = 3 * 8 + 6,
};

static struct {
	bool words_to_syslog, requests_to_syslog;
	struct sockaddr_un syslog;
	int fd;          /* of syslog; -1: not connected */
	int own;         /* stderr that does not wait; -1: stderr itself */
	int here, there; /* from workers to here; -1: none */
	bool is_worker, is_socket; /* stderr is one */
	time_t tried_s;            /* when syslog was away */
	unsigned long lost;        /* lines, since that was last told */
	unsigned long unsaid;      /* the same, of stderr */
	atomic_bool *torn;         /* of all: stderr ends within a line */
} to = { .fd = -1, .own = -1, .here = -1, .there = -1 };

/* --- stderr -------------------------------------------------------------- */

/*
 * Whoever reads our stderr may have stopped.  Its flags are not ours alone to
 * change, so a pipe or terminal is opened again, with flags of its own; where
 * that is not allowed, or for a file, stderr serves.
 */
static void
open_own(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	to.is_socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		to.own = open("/proc/self/fd/2",
		    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static ssize_t
write_part(const char *part, size_t len)
{
	if (to.is_socket)
		return send(
		    STDERR_FILENO, part, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(to.own >= 0 ? to.own : STDERR_FILENO, part, len);
}

/*
 * 0, or -1 when it would have to wait, or the disk that the log lies on is
 * full.  What fits of a line then is ended by whoever writes next.
 */
static int
write_own(const char *line, size_t len)
{
	ssize_t n;

	if (to.torn && atomic_exchange(to.torn, false) &&
	    write_part("\n", 1) < 1) {
		atomic_store(to.torn, true);
		return -1;
	}
	n = write_part(line, len);
	if (n < 0)
		return errno == EAGAIN || errno == ENOSPC || errno == EDQUOT
		    ? -1
		    : 0;
	if ((size_t)n == len)
		return 0;
	if (to.torn && n > 0)
		atomic_store(to.torn, true);
	return -1;
}

/* One write a line: lines of several processes do not mix. */
static void
put(const char *line, size_t len)
{
	if (to.unsaid) {
		char lost[64];
		int n = snprintf(lost, sizeof(lost),
		    "qasid: %lu lines before this were lost\n", to.unsaid);
		if (write_own(lost, (size_t)n) < 0) {
			to.unsaid++;
			return;
		}
		to.unsaid = 0;
	}
	if (write_own(line, len) < 0)
		to.unsaid++;
}

void
log_last_word(const char *line, size_t len)
{
	(void)write_own(line, len);
}

/* --- syslog -------------------------------------------------------------- */

int
log_init(struct err *e)
{
	int ends[2];

	void *m = mmap(NULL, sizeof(*to.torn), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return err_errno(e, "mmap", "log");
	to.torn = m;
	open_own();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, ends) < 0)
		return err_errno(e, "socketpair", "log");
	to.here = ends[0];
	to.there = ends[1];
	return 0;
}

static void
hang_up(void)
{
	if (to.fd >= 0)
		close(to.fd);
	to.fd = -1;
}

void
log_configure(const struct log_opts *opts)
{
	hang_up();
	to.tried_s = 0;
	to.words_to_syslog = opts->words_to_syslog;
	to.requests_to_syslog = opts->requests_to_syslog;
	to.syslog = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(
	    to.syslog.sun_path, sizeof(to.syslog.sun_path), "%s", opts->syslog);
}

static int
dial(void)
{
	to.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (to.fd >= 0 &&
	    connect(to.fd, (const struct sockaddr *)&to.syslog,
		sizeof(to.syslog)) == 0)
		return 0;
	hang_up();
	return -1;
}

int
log_try_syslog(struct err *e)
{
	if ((to.words_to_syslog || to.requests_to_syslog) && to.fd < 0 &&
	    dial() < 0)
		return err_errno(e, "connect", to.syslog.sun_path);
	return 0;
}

/* Sends `line`; once more to a syslog that was started anew meanwhile. */
static int
send_line(const char *line, size_t len)
{
	bool fresh = to.fd < 0;

	if (fresh && dial() < 0)
		return -1;
	if (send(to.fd, line, len, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS) {
		to.lost++;
		return 0;
	}
	hang_up();
	if (fresh || dial() < 0)
		return -1;
	return send(to.fd, line, len, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* As syslog(3) has it; `text` without its line feed.  -1: syslog is away. */
static int
put_syslog(int priority, const char *text, size_t len)
{
	char line[HEAD_MAX_BYTES + LINE_MAX_BYTES], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (to.fd < 0 && now - to.tried_s < RETRY_S)
		return -1;
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%b %e %H:%M:%S ", &tm);
	n = snprintf(line, sizeof(line), "<%d>%sqasid[%d]: %.*s", priority,
	    when, (int)getpid(), (int)len, text);
	if ((size_t)n >= sizeof(line))
		n = (int)sizeof(line) - 1;
	if (send_line(line, (size_t)n) == 0)
		return 0;
	to.tried_s = now;
	return -1;
}

/* --- from workers -------------------------------------------------------- */

void
log_enter_worker(void)
{
	to.is_worker = true;
	hang_up();
	if (to.here >= 0)
		close(to.here);
	to.here = -1;
}

int
log_fd(void)
{
	return to.here;
}

/* A worker's line: a byte of priority, then text.  -1: the parent is away. */
static int
put_parent(int priority, const char *text, size_t len)
{
	char line[LINE_MAX_BYTES];

	if (len > sizeof(line) - 1)
		len = sizeof(line) - 1;
	line[0] = (char)priority;
	memcpy(line + 1, text, len);
	if (send(to.there, line, len + 1, MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno != EAGAIN && errno != ENOBUFS)
		return -1;
	to.lost++;
	return 0;
}

/* Where this process sends lines for syslog. */
static int
put_away(int priority, const char *text, size_t len)
{
	int (*send_on)(int, const char *, size_t) =
	    to.is_worker ? put_parent : put_syslog;

	if (to.lost) {
		char lost[64];
		int n = snprintf(lost, sizeof(lost),
		    "%lu lines before this were lost", to.lost);

		to.lost = 0;
		if (send_on(PRIORITY_WORDS, lost, (size_t)n) < 0)
			return -1;
	}
	return send_on(priority, text, len);
}

/* --- lines --------------------------------------------------------------- */

/* The text is whatever a worker made of it. */
void
log_hand_on(void)
{
	for (int i = 0; i < ROUND; i++) {
		char line[LINE_MAX_BYTES + 1];
		ssize_t n = recv(to.here, line, LINE_MAX_BYTES, 0);
		int priority = PRIORITY_WORDS;

		if (n < 2)
			return;
		for (ssize_t k = 1; k < n; k++)
			if (line[k] < 0x20 || line[k] == 0x7f)
				line[k] = '?';
		if (line[0] == PRIORITY_REQUEST)
			priority = PRIORITY_REQUEST;
		if (put_away(priority, line + 1, (size_t)n - 1) == 0)
			continue;
		line[n] = '\n';
		put(line + 1, (size_t)n);
	}
}

void
log_close(void)
{
	hang_up();
	if (to.here >= 0)
		close(to.here);
	if (to.there >= 0)
		close(to.there);
	if (to.own >= 0)
		close(to.own);
	if (to.torn)
		munmap(to.torn, sizeof(*to.torn));
	to.torn = NULL;
	to.here = to.there = to.own = -1;
	to.words_to_syslog = to.requests_to_syslog = false;
}

void
log_say(const char *fmt, ...)
{
	char line[1024];
	int head = snprintf(line, sizeof(line), "qasid: "), used = head;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + used, sizeof(line) - 1 - (size_t)used, fmt, ap);
	va_end(ap);
	used += n < 0 ? 0 : n;
	if ((size_t)used > sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	if (to.words_to_syslog &&
	    put_away(
		PRIORITY_WORDS, line + head, (size_t)used - (size_t)head) == 0)
		return;
	line[used++] = '\n';
	put(line, (size_t)used);
}

void
log_err(const char *what, const struct err *e)
{
	struct buf text;
	const char *s;

	buf_init(&text, 4096);
	err_format(&text, e);
	s = buf_cstr(&text);
	log_say("%s%s%s", what ? what : "", what ? ": " : "",
	    s ? s : "out of memory");
	buf_release(&text);
}

void
log_access(const struct conn_event *event)
{
	char line[LINE_MAX_BYTES], path[CONN_KEY_MAX * 4 + 1];
	time_t now = time(NULL);
	struct tm tm;
	size_t len;
	int n;

	if (!event->status || !gmtime_r(&now, &tm))
		return;
	err_escape(path, sizeof(path), event->key.ptr, event->key.len);
	n = snprintf(line, sizeof(line),
	    "%04d-%02d-%02dT%02d:%02dZ %s %d %s %llu %llu\n", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    protocols[event->protocol]->name, event->status, *path ? path : "-",
	    (unsigned long long)event->bytes, (unsigned long long)event->ms);
	if (n <= 0)
		return;
	len = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
	if (!to.requests_to_syslog ||
	    put_away(PRIORITY_REQUEST, line, len - 1) < 0)
		put(line, len);
}
