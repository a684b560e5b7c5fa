/*
 * drive.c: asks the server under test while one of its calls fails: each call
 * that it makes for a request, one after the other, in each way it can fail.
 *
 *	drive FAULTS HOST GEMINI_PORT GOPHER_PORT WORKER_PID
 *		FAULTS is the file that the server was started with; prints
 *		how often each fault came and what readers had of it
 *	drive FAULTS start COMMAND...
 *		runs COMMAND, a server that is to look its settings over, again
 *		and again while memory fails it; it has to end by itself
 *
 * What has to hold: the worker lives; a page is never wrong, and never short
 * without the reader's being able to tell; what the kernel may do to anybody on
 * a good day (short reads, EINTR ...) is not noticed at all; afterwards pages
 * come as ever, and no descriptor is left open.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../e2e/client.h"
#include "faults.h"

enum {
	EACH = 24,  /* calls of a kind that fail one by one; then */
	SPARSE = 7, /* every so many-th */
	LAST = 60,  /* up to this one */
	START_LAST = 20000,
	SMALL_BUF = 4096,
};

/* What readers may see of a fault. */
enum verdict {
	WHOLE,    /* nothing */
	AN_ERROR, /* an error answer, or the page cut so that they can tell */
};

static const struct fault {
	const char *name;
	enum call call;
	int code;
	bool is_short;
	enum verdict allowed;
} all_faults[] = {
	{ "recv takes one byte", CALL_RECV, 0, true, WHOLE },
	{ "recv EINTR", CALL_RECV, EINTR, false, WHOLE },
	{ "recv EAGAIN", CALL_RECV, EAGAIN, false, WHOLE },
	{ "recv ECONNRESET", CALL_RECV, ECONNRESET, false, AN_ERROR },
	{ "recv ENOMEM", CALL_RECV, ENOMEM, false, AN_ERROR },
	{ "recv finds the end", CALL_RECV, 0, false, AN_ERROR },
	{ "send puts one byte", CALL_SEND, 0, true, WHOLE },
	{ "send EINTR", CALL_SEND, EINTR, false, WHOLE },
	{ "send EAGAIN", CALL_SEND, EAGAIN, false, WHOLE },
	{ "send EPIPE", CALL_SEND, EPIPE, false, AN_ERROR },
	{ "send ENOBUFS", CALL_SEND, ENOBUFS, false, AN_ERROR },
	{ "send ENOMEM", CALL_SEND, ENOMEM, false, AN_ERROR },
	{ "accept EINTR", CALL_ACCEPT, EINTR, false, WHOLE },
	{ "accept EAGAIN", CALL_ACCEPT, EAGAIN, false, WHOLE },
	{ "accept EMFILE", CALL_ACCEPT, EMFILE, false, WHOLE },
	{ "accept ENFILE", CALL_ACCEPT, ENFILE, false, WHOLE },
	{ "accept ENOMEM", CALL_ACCEPT, ENOMEM, false, WHOLE },
	{ "accept ECONNABORTED", CALL_ACCEPT, ECONNABORTED, false, WHOLE },
	{ "accept EPROTO", CALL_ACCEPT, EPROTO, false, WHOLE },
	{ "shutdown ENOTCONN", CALL_SHUTDOWN, ENOTCONN, false, WHOLE },
	{ "event_add fails", CALL_EVENT_ADD, ENOMEM, false, AN_ERROR },
	{ "SSL_new fails", CALL_SSL_NEW, 0, false, AN_ERROR },
	{ "SSL_accept fails", CALL_SSL_ACCEPT, 0, false, AN_ERROR },
	{ "SSL_read fails", CALL_SSL_READ, 0, false, AN_ERROR },
	{ "SSL_write fails", CALL_SSL_WRITE, 0, false, AN_ERROR },
	{ "SSL_shutdown fails", CALL_SSL_SHUTDOWN, 0, false, AN_ERROR },
	{ "BIO_new fails", CALL_BIO_NEW, 0, false, AN_ERROR },
	{ "mdb_get EIO", CALL_MDB_GET, EIO, false, AN_ERROR },
	{ "mdb_txn_renew EIO", CALL_MDB_RENEW, EIO, false, AN_ERROR },
	{ "malloc fails", CALL_MALLOC, ENOMEM, false, AN_ERROR },
	{ "OpenSSL's malloc fails", CALL_SSL_MALLOC, ENOMEM, false, AN_ERROR },
};

static struct scene {
	const char *path; /* HOST stands before it, over Gemini */
	bool gemini, tls12, bytes;
	int rcvbuf;
	struct reply good;
} scenes[] = {
	{ .path = "/five.gmi", .gemini = true },
	{ .path = "/own.gmi", .gemini = true, .bytes = true },
	{ .path = "/mid.bin",
	    .gemini = true,
	    .tls12 = true,
	    .rcvbuf = SMALL_BUF },
	{ .path = "/nowhere", .gemini = true, .tls12 = true },
	{ .path = "/own" },
	{ .path = "/mid.bin", .rcvbuf = SMALL_BUF },
	{ .path = "URL:gemini://example.test/" },
};

static struct faults *faults;
static const char *host;
static int gemini_port, gopher_port;
static int wrong;

static void
map_faults(const char *path)
{
	int fd = open(path, O_RDWR);
	void *m = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

	if (m == MAP_FAILED)
		die(path);
	faults = m;
}

static void
arm(const struct fault *f, int at)
{
	atomic_store(&faults->call, -1);
	atomic_store(&faults->code, f ? f->code : 0);
	atomic_store(&faults->is_short, f && f->is_short);
	atomic_store(&faults->at, at);
	atomic_store(&faults->seen, 0);
	atomic_store(&faults->hits, 0);
	if (f)
		atomic_store(&faults->call, (int)f->call);
}

static void
play(const struct scene *s, struct reply *r)
{
	struct how how = { .tls12 = s->tls12, .bytes = s->bytes };
	struct peer p = { .fd = dial(s->gemini ? gemini_port : gopher_port,
			      s->rcvbuf) };
	char line[512];
	int n = snprintf(line, sizeof(line), "%s%s%s",
	    s->gemini ? "gemini://" : "", s->gemini ? host : "", s->path);

	*r = (struct reply){ .bytes = NULL };
	if (!s->gemini || (p.ssl = start_tls(p.fd, &how, host))) {
		ask(&p, line, (size_t)n, &how);
		listen_to_end(&p, r);
	}
	hang_up(&p);
}

static bool
is_whole(const struct scene *s, const struct reply *r)
{
	return r->len == s->good.len && r->closed &&
	    (!s->gemini || r->notified) &&
	    !memcmp(r->bytes, s->good.bytes, r->len);
}

/* "41 ...", or a line of type 3, whole. */
static bool
is_error(const struct scene *s, const struct reply *r)
{
	return r->len > 2 && r->bytes[0] == (s->gemini ? '4' : '3') &&
	    r->closed && (!s->gemini || r->notified);
}

/* Only the beginning, and the reader can tell. */
static bool
is_cut(const struct scene *s, const struct reply *r)
{
	if (!r->len)
		return true;
	return r->len <= s->good.len &&
	    !memcmp(r->bytes, s->good.bytes, r->len) &&
	    (s->gemini ? !r->notified : !r->closed);
}

static void
complain(
    const struct fault *f, int at, const struct scene *s, const struct reply *r)
{
	printf("WRONG: call %d: %s: %s%s: %zu of %zu bytes%s%s\n", at, f->name,
	    s->gemini ? "gemini " : "gopher ", s->path, r->len, s->good.len,
	    r->notified ? ", close_notify" : "", r->closed ? ", FIN" : "");
	wrong++;
}

struct score {
	unsigned hits, whole, error, cut;
};

/* One request with the at-th call failing; false when it made fewer calls. */
static bool
try_one(
    const struct fault *f, int at, const struct scene *s, struct score *score)
{
	struct reply r;
	bool hit;

	arm(f, at);
	play(s, &r);
	hit = atomic_load(&faults->hits) != 0;
	arm(NULL, 0);
	score->hits += hit;
	if (is_whole(s, &r))
		score->whole++;
	else if (f->allowed == WHOLE || !hit)
		complain(f, at, s, &r);
	else if (is_error(s, &r))
		score->error++;
	else if (is_cut(s, &r))
		score->cut++;
	else
		complain(f, at, s, &r);
	free(r.bytes);
	return hit;
}

static int
count_fds(pid_t pid)
{
	char path[64];
	DIR *d;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Connections end a moment after their reader has gone. */
static bool
fds_are_back(pid_t pid, int before)
{
	long end = now_ms() + PATIENCE_MS;

	while (count_fds(pid) > before) {
		struct timespec tick = { .tv_nsec = 2000000 };

		if (now_ms() > end)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}

static void
try_fault(const struct fault *f, pid_t worker, int fds)
{
	struct score score = { 0 };
	long start = now_ms();
	struct reply r;

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		/* What comes after an accept is the same as ever. */
		if (f->call == CALL_ACCEPT && i % 4)
			continue;
		for (int at = 1; at <= LAST; at += at < EACH ? 1 : SPARSE)
			if (!try_one(f, at, &scenes[i], &score))
				break;
	}
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		play(&scenes[i], &r);
		if (!is_whole(&scenes[i], &r))
			complain(f, 0, &scenes[i], &r);
		free(r.bytes);
	}
	if (!fds_are_back(worker, fds)) {
		printf("WRONG: %s: %d descriptors, not %d\n", f->name,
		    count_fds(worker), fds);
		wrong++;
	}
	if (!score.hits) {
		printf("WRONG: %s: never came\n", f->name);
		wrong++;
	}
	printf("%-24s %4u whole %4u errors %4u cut, %ld ms\n", f->name,
	    score.whole, score.error, score.cut, now_ms() - start);
	fflush(stdout);
}

/* The exit status of the command with the at-th call failing; -1: it broke. */
static int
run(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		setenv(FAULTS_IN_ALL, "1", 1);
		dup2(null, STDERR_FILENO);
		execv(command[0], command);
		_exit(98);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return WIFEXITED(status) && WEXITSTATUS(status) <= 1
	    ? WEXITSTATUS(status)
	    : -1;
}

static int
start(char **command)
{
	static const struct fault start_faults[] = {
		{ "malloc fails", CALL_MALLOC, ENOMEM, false, AN_ERROR },
		{ "BIO_new fails", CALL_BIO_NEW, 0, false, AN_ERROR },
		{ "OpenSSL's malloc fails", CALL_SSL_MALLOC, ENOMEM, false,
		    AN_ERROR },
	};

	arm(NULL, 0);
	if (run(command) != 0)
		return 1;
	for (size_t i = 0; i < 3; i++) {
		int at = 1, step = 1, hit = 1, fine = 0, refused = 0;

		for (; hit && at < START_LAST; at += step) {
			int r;

			arm(&start_faults[i], at);
			r = run(command);
			hit = atomic_load(&faults->hits);
			fine += r == 0;
			refused += r == 1;
			if (r < 0) {
				printf("WRONG: at start, call %d: %s\n", at,
				    start_faults[i].name);
				wrong++;
			}
			/* OpenSSL makes thousands. */
			if (at >= EACH)
				step = at / SPARSE;
		}
		printf("at start: %-24s %4d fine %4d refused\n",
		    start_faults[i].name, fine, refused);
	}
	return wrong ? 1 : 0;
}

int
main(int argc, char **argv)
{
	const char *only = getenv("FAULT");
	pid_t worker;
	int fds;

	if (argc < 4)
		return 2;
	map_faults(argv[1]);
	if (!strcmp(argv[2], "start"))
		return start(argv + 3);
	if (argc != 6)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	host = argv[2];
	gemini_port = (int)strtol(argv[3], NULL, 10);
	gopher_port = (int)strtol(argv[4], NULL, 10);
	worker = (pid_t)strtol(argv[5], NULL, 10);
	fds = count_fds(worker);
	arm(NULL, 0);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		play(&scenes[i], &scenes[i].good);
		if (!scenes[i].good.len || !scenes[i].good.closed) {
			printf(
			    "WRONG: no %s without a fault\n", scenes[i].path);
			return 1;
		}
	}
	for (size_t i = 0; i < sizeof(all_faults) / sizeof(all_faults[0]); i++)
		if (!only || strstr(all_faults[i].name, only))
			try_fault(&all_faults[i], worker, fds);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		free(scenes[i].good.bytes);
	SSL_CTX_free(ctx);
	return wrong ? 1 : 0;
}
