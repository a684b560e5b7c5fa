/*
 * slowpeer.c: peers that say nothing, or take their time; and waiting for what
 * the server does, without sleeping.
 *
 *	slowpeer silent gemini|gopher PORT COUNT tcp|tls|half
 *		holds COUNT peers that say nothing (more) until the server has
 *		closed them all; prints the milliseconds that the first and the
 *		last of them lasted
 *	slowpeer pause gemini|gopher PORT REQUEST BYTES MS
 *		reads BYTES, then nothing for MS (or until the server gives
 *		up), then the rest; prints how many bytes came, and "whole" or
 *		"cut"
 *	slowpeer hold gemini|gopher PORT REQUEST BEGUN GO
 *		reads 1000 bytes, makes the file BEGUN, waits until the file GO
 *		is there, reads the rest; prints as pause does
 *	slowpeer wait gemini|gopher PORT REQUEST STATE BEGUN GO
 *		goes as far as STATE, makes BEGUN, waits for GO, goes on to the
 *		end; prints as pause does.  STATE: tcp (connected), proxy (as
 *		well, and a PROXY header will come), tls (hands shaken), half
 *		(of the request sent), asked (all of it), read (the reply too)
 *	slowpeer idle gemini|gopher PORT COUNT BEGUN GO
 *		COUNT peers that have shaken hands, or over Gopher read the home
 *		menu to its end and do not close, from BEGUN until GO
 *	slowpeer await FILE PID
 *		waits for a file that process PID (or 0: any) moves into place
 *	slowpeer await-text FILE TEXT PID
 *		waits until FILE, which process PID writes, holds TEXT
 *
 * client.h says what REQUEST may hold.
 */
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>

#include "client.h"

static int
hold_silent(bool gemini, int port, int count, const char *state)
{
	struct pollfd *fds = calloc((size_t)count, sizeof(*fds));
	struct peer *peers = calloc((size_t)count, sizeof(*peers));
	long *since = calloc((size_t)count, sizeof(*since));
	long first = PATIENCE_MS, last = 0;
	int open = count;

	for (int i = 0; i < count; i++) {
		peers[i].fd = dial(port, 0);
		since[i] = now_ms();
		if (gemini && strcmp(state, "tcp") != 0 &&
		    !(peers[i].ssl =
			    start_tls(peers[i].fd, &(struct how){ 0 }, NULL)))
			return 1;
		if (!strcmp(state, "half"))
			give(&peers[i], "gemini://", 9);
		fds[i] = (struct pollfd){ .fd = peers[i].fd, .events = POLLIN };
	}
	while (open && poll(fds, (nfds_t)count, PATIENCE_MS) > 0)
		for (int i = 0; i < count; i++) {
			char c[256];
			long ms = now_ms() - since[i];

			if (!fds[i].revents || recv(fds[i].fd, c, 256, 0) > 0)
				continue;
			fds[i].fd = -1;
			open--;
			first = ms < first ? ms : first;
			last = ms > last ? ms : last;
		}
	printf("%ld %ld\n", first, last);
	for (int i = 0; i < count; i++)
		hang_up(&peers[i]);
	free(since);
	free(peers);
	free(fds);
	return open ? 1 : 0;
}

/* Waits for a change, but not for long: processes end silently. */
static void
await_change(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096];

	if (poll(&p, 1, 200) > 0 && read(fd, events, sizeof(events)) < 0)
		die("inotify");
}

static bool
is_gone(pid_t pid)
{
	return pid && kill(pid, 0) < 0 && errno == ESRCH;
}

static int
watch(const char *path, unsigned mask)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, path, mask) < 0)
		die(path);
	return fd;
}

static bool
file_holds(const char *path, const char *text)
{
	static char bytes[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return false;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

static int
await_text(const char *path, const char *text, pid_t pid)
{
	long end = now_ms() + PATIENCE_MS;
	int fd = watch(path, IN_MODIFY);

	while (!file_holds(path, text)) {
		if (now_ms() > end || is_gone(pid))
			return 1;
		await_change(fd);
	}
	close(fd);
	return 0;
}

static int
await_file(const char *path, pid_t pid)
{
	const char *slash = strrchr(path, '/');
	long end = now_ms() + PATIENCE_MS;
	char dir[4096];
	int fd;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1,
	    slash ? path : ".");
	fd = watch(dir, IN_MOVED_TO);
	while (access(path, F_OK) < 0) {
		if (now_ms() > end || is_gone(pid))
			return 1;
		await_change(fd);
	}
	close(fd);
	return 0;
}

static void
make_file(const char *path)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "w");
	if (!f || fclose(f) != 0 || rename(tmp, path) < 0)
		die(path);
}

/* Where a reader pauses, and for how long. */
struct pause {
	size_t early;           /* bytes read before */
	int ms;                 /* or until the server gives up */
	const char *begun, *go; /* NULL: by time */
};

static int
read_slowly(bool gemini, int port, const char *text, const struct pause *pause)
{
	char request[TEXT_MAX], bytes[4096];
	size_t len = unescape(request, sizeof(request), text, "", port);
	struct how how = { .rcvbuf = 8192 };
	struct peer p = { .fd = dial(port, how.rcvbuf) };
	struct pollfd gone = { .fd = p.fd, .events = 0 };
	struct reply r = { 0 };
	size_t got = 0;
	ssize_t n = 1;

	if (gemini && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	ask(&p, request, len, &how);
	while (got < pause->early && (n = take(&p, bytes, 1000, &r)) > 0)
		got += (size_t)n;
	if (pause->begun) {
		make_file(pause->begun);
		if (await_file(pause->go, 0) != 0)
			return 1;
	} else {
		poll(&gone, 1, pause->ms);
	}
	while (n > 0 && (n = take(&p, bytes, sizeof(bytes), &r)) > 0)
		got += (size_t)n;
	printf("%zu %s\n", got,
	    r.closed && (!gemini || r.notified) ? "whole" : "cut");
	hang_up(&p);
	return 0;
}

struct halt {
	const char *state; /* in which it waits */
	const char *begun, *go;
};

static size_t
take_all(struct peer *p, struct reply *r)
{
	char bytes[4096];
	size_t got = 0;
	ssize_t n;

	while ((n = take(p, bytes, sizeof(bytes), r)) > 0)
		got += (size_t)n;
	return got;
}

static int
ask_late(bool gemini, int port, const char *text, const struct halt *halt)
{
	static const char *const states[] = { "tcp", "proxy", "tls", "half",
		"asked", "read" };
	static const char proxy[] = "PROXY TCP4 127.0.0.5 127.0.0.1 1 2\r\n";
	char request[TEXT_MAX];
	size_t len = unescape(request, sizeof(request), text, "", port);
	struct peer p = { .fd = dial(port, 0) };
	struct how how = { .rcvbuf = 0 };
	struct reply r = { 0 };
	size_t state = 0, half = 0, got = 0;

	while (state < 5 && strcmp(states[state], halt->state) != 0)
		state++;
	if (gemini && state >= 2 && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	if (state == 3)
		half = len / 2;
	if (half)
		give(&p, request, half);
	if (state >= 4)
		ask(&p, request, len, &how);
	if (state == 5)
		got = take_all(&p, &r);
	make_file(halt->begun);
	if (await_file(halt->go, 0) != 0)
		return 1;
	if (state == 1)
		give(&p, proxy, sizeof(proxy) - 1);
	if (gemini && !p.ssl && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	if (state < 4)
		ask(&p, request + half, len - half, &how);
	if (state < 5)
		got = take_all(&p, &r);
	printf("%zu %s\n", got,
	    r.closed && (!gemini || r.notified) ? "whole" : "cut");
	hang_up(&p);
	return 0;
}

static int
hold_idle(bool gemini, int port, int count, const struct halt *halt)
{
	struct peer *peers = calloc((size_t)count, sizeof(*peers));
	char bytes[4096];
	int r;

	for (int i = 0; i < count; i++) {
		peers[i].fd = dial(port, 0);
		if (gemini) {
			peers[i].ssl =
			    start_tls(peers[i].fd, &(struct how){ 0 }, NULL);
			if (!peers[i].ssl)
				return 1;
			continue;
		}
		give(&peers[i], "\r\n", 2);
		while (recv(peers[i].fd, bytes, sizeof(bytes), 0) > 0)
			;
	}
	make_file(halt->begun);
	r = await_file(halt->go, 0);
	for (int i = 0; i < count; i++)
		hang_up(&peers[i]);
	free(peers);
	return r;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	bool gemini = argc > 2 && !strcmp(argv[2], "gemini");
	int port = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;

	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		return 2;
	if (!strcmp(mode, "silent") && argc == 6)
		return hold_silent(
		    gemini, port, (int)strtol(argv[4], NULL, 10), argv[5]);
	if (!strcmp(mode, "pause") && argc == 7)
		return read_slowly(gemini, port, argv[4],
		    &(struct pause){ .early = strtoul(argv[5], NULL, 10),
			.ms = (int)strtol(argv[6], NULL, 10) });
	if (!strcmp(mode, "hold") && argc == 7)
		return read_slowly(gemini, port, argv[4],
		    &(struct pause){ 1000, 0, argv[5], argv[6] });
	if (!strcmp(mode, "wait") && argc == 8)
		return ask_late(gemini, port, argv[4],
		    &(struct halt){ argv[5], argv[6], argv[7] });
	if (!strcmp(mode, "idle") && argc == 7)
		return hold_idle(gemini, port, (int)strtol(argv[4], NULL, 10),
		    &(struct halt){ "", argv[5], argv[6] });
	if (!strcmp(mode, "await") && argc == 4)
		return await_file(argv[2], (pid_t)strtol(argv[3], NULL, 10));
	if (!strcmp(mode, "await-text") && argc == 5)
		return await_text(
		    argv[2], argv[3], (pid_t)strtol(argv[4], NULL, 10));
	fprintf(stderr, "slowpeer: see the head of slowpeer.c\n");
	return 2;
}
