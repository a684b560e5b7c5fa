/*
 * load.c: asks a server for pages and says what that cost it.
 *
 *	load gemini|gopher PORT REQUEST PID COUNT [full|resume|tls12|cold|idle=N ...]
 *
 * One request after the other, COUNT of them, after 100 to warm up (none when
 * `cold`).  Prints, of process PID and all below it: CPU microseconds a request,
 * of the server; with idle=N the KiB (PSS) that each of N idle connections,
 * their handshake done, adds; the 50th and 99th percentile of a request's
 * milliseconds; and the median until the page's first line was there.  Fails
 * when an answer is cut.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>

#include "../e2e/client.h"

enum {
	PROCESSES_MAX = 4096,
};

struct options {
	bool gemini, resume, tls12, cold;
	int port, count, idle;
	pid_t pid;
	char request[TEXT_MAX];
	size_t request_len;
};

static SSL_SESSION *session;
static int resumed;

static int
on_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

/* --- the server's cost --------------------------------------------------- */

struct cost {
	double cpu_us;
	long pss_kb;
};

static long
pss_of(int pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Pss:", 4))
			kb = strtol(line + 4, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* A thread's time on a CPU, in nanoseconds of the scheduler's own count. */
static double
cpu_of_thread(int pid, const char *thread)
{
	char path[320];
	double ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, thread);
	f = fopen(path, "r");
	if (f && fscanf(f, "%lf", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns / 1000;
}

/* Of children that ended and were waited for, in clock ticks. */
static double
cpu_of_dead(int pid)
{
	char path[64], text[1024];
	long user = 0, kernel = 0;
	FILE *f;
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	/* Of what follows the name, the 14th and 15th (proc(5)). */
	if (f && fgets(text, sizeof(text), f) && (end = strrchr(text, ')')) &&
	    sscanf(end + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld",
		&user, &kernel) != 2)
		user = kernel = 0;
	if (f)
		fclose(f);
	return (double)(user + kernel) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double
cpu_of(int pid)
{
	double us = cpu_of_dead(pid);
	const struct dirent *e;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			us += cpu_of_thread(pid, e->d_name);
	if (d)
		closedir(d);
	return us;
}

static int
parent_of(int pid)
{
	char path[64], text[512];
	FILE *f;
	char *end;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(text, sizeof(text), f) && (end = strrchr(text, ')')))
		parent = (int)strtol(end + 4, NULL, 10);
	if (f)
		fclose(f);
	return parent;
}

static struct cost
cost_of(pid_t root)
{
	static int pids[PROCESSES_MAX], parents[PROCESSES_MAX];
	struct cost c = { 0 };
	DIR *d = opendir("/proc");
	const struct dirent *e;
	int n = 0;

	while (d && n < PROCESSES_MAX && (e = readdir(d))) {
		int pid = (int)strtol(e->d_name, NULL, 10);

		if (pid <= 0)
			continue;
		pids[n] = pid;
		parents[n++] = parent_of(pid);
	}
	if (d)
		closedir(d);
	for (int i = 0; i < n; i++)
		if (pids[i] == root || parents[i] == root) {
			c.cpu_us += cpu_of(pids[i]);
			c.pss_kb += pss_of(pids[i]);
		}
	return c;
}

/* --- requests ------------------------------------------------------------ */

static struct peer
open_peer(const struct options *o)
{
	struct peer p = { .fd = dial(o->port, 0) };

	if (!o->gemini)
		return p;
	p.ssl = SSL_new(ctx);
	SSL_set_fd(p.ssl, p.fd);
	SSL_set_tlsext_host_name(p.ssl, "example.test");
	if (o->tls12)
		SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
	if (o->resume && session)
		SSL_set_session(p.ssl, session);
	if (SSL_connect(p.ssl) != 1)
		die("handshake");
	resumed += SSL_session_reused(p.ssl);
	return p;
}

/* How long a request took, ms. */
struct times {
	double first, all; /* to the first line of the page, to its end */
};

static double
ms_since(const struct timespec *a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a->tv_sec) * 1000 +
	    (double)(b.tv_nsec - a->tv_nsec) / 1e6;
}

/* Whether a line of the page is whole, behind a Gemini header. */
static bool
has_line(const struct options *o, const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);

	if (!o->gemini || !end)
		return end != NULL;
	return memchr(end + 1, '\n', len - (size_t)(end + 1 - bytes)) != NULL;
}

static struct times
ask_once(const struct options *o)
{
	static char bytes[65536];
	struct timespec a;
	struct reply r = { 0 };
	struct times t = { 0 };
	struct peer p;
	size_t got = 0;
	ssize_t n;

	clock_gettime(CLOCK_MONOTONIC, &a);
	p = open_peer(o);
	give(&p, o->request, o->request_len);
	while (got < sizeof(bytes) &&
	    (n = take(&p, bytes + got, sizeof(bytes) - got, &r)) > 0) {
		got += (size_t)n;
		if (t.first == 0 && has_line(o, bytes, got))
			t.first = ms_since(&a);
	}
	t.all = ms_since(&a);
	if (n < 0 || got < 1000 || (o->gemini && !r.notified && !o->cold)) {
		fprintf(stderr, "load: an answer of %zu bytes is cut\n", got);
		exit(1);
	}
	if (p.ssl)
		SSL_set_shutdown(p.ssl, SSL_SENT_SHUTDOWN);
	hang_up(&p);
	return t;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
hold_idle(const struct options *o)
{
	struct cost before = cost_of(o->pid), after;

	for (int i = 0; i < o->idle; i++)
		open_peer(o);
	after = cost_of(o->pid);
	printf(
	    "idle_kib %.2f ", (double)(after.pss_kb - before.pss_kb) / o->idle);
}

static int
parse_options(struct options *o, int argc, char **argv)
{
	o->gemini = !strcmp(argv[1], "gemini");
	o->port = (int)strtol(argv[2], NULL, 10);
	o->request_len =
	    unescape(o->request, sizeof(o->request), argv[3], "", o->port);
	o->pid = (pid_t)strtol(argv[4], NULL, 10);
	o->count = (int)strtol(argv[5], NULL, 10);
	for (int i = 6; i < argc; i++)
		if (!strcmp(argv[i], "resume"))
			o->resume = true;
		else if (!strcmp(argv[i], "tls12"))
			o->tls12 = true;
		else if (!strcmp(argv[i], "cold"))
			o->cold = true;
		else if (!strncmp(argv[i], "idle=", 5))
			o->idle = (int)strtol(argv[i] + 5, NULL, 10);
		else if (strcmp(argv[i], "full") != 0)
			return -1;
	return o->count > 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct cost before, after;
	double *ms, *first;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 6 || parse_options(&o, argc, argv) < 0)
		return 2;
	ctx = SSL_CTX_new(TLS_client_method());
	ms = calloc((size_t)o.count, sizeof(*ms));
	first = calloc((size_t)o.count, sizeof(*first));
	if (!ctx || !ms || !first)
		return 2;
	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	for (int i = 0; i < 100 && !o.cold; i++)
		ask_once(&o); /* what comes into being with the first uses */
	if (o.idle)
		hold_idle(&o);
	resumed = 0;
	before = cost_of(o.pid);
	for (int i = 0; i < o.count; i++) {
		struct times t = ask_once(&o);

		ms[i] = t.all;
		first[i] = t.first;
	}
	after = cost_of(o.pid);
	qsort(ms, (size_t)o.count, sizeof(*ms), by_size);
	qsort(first, (size_t)o.count, sizeof(*first), by_size);
	printf("cpu_us %.1f p50_ms %.2f p99_ms %.2f first_ms %.2f resumed %d\n",
	    (after.cpu_us - before.cpu_us) / o.count, ms[o.count / 2],
	    ms[o.count - 1 - o.count / 100], first[o.count / 2], resumed);
	SSL_SESSION_free(session);
	free(ms);
	free(first);
	return 0;
}
