/*
 * On the wire, both ways: number of the job and length of what follows, eight
 * bytes each in the machine's order, then that many bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#include "site/confine.h"

#include "site/pool.h"

enum {
	HELPERS_MAX = 64,
	AHEAD = 8,               /* jobs given to a helper at once */
	GIVEN_BYTES = 64 * 1024, /* beyond this no further job is given */
	LOOK_MS = 100,           /* how often the clock is looked at */
	READ_BYTES = 1024 * 1024,
	EXIT_NOT_CONFINED = 6,
};

struct frame {
	uint64_t job, len;
};

struct helper {
	pid_t pid; /* 0: not running */
	int to, from;
	size_t jobs[AHEAD]; /* given, oldest first */
	size_t count;
	struct buf out; /* to be written */
	size_t written;
	struct buf in;  /* read, not yet taken */
	int64_t cpu_ns; /* its clock when the oldest job began */
	bool over;      /* killed for its CPU time */
};

struct pool {
	const struct pool_opts *opts;
	const struct pool_ops *ops;
	void *ctx;
	size_t jobs, next, done;
	size_t again[HELPERS_MAX * AHEAD]; /* of helpers that died */
	size_t again_count;
	struct helper helpers[HELPERS_MAX];
	size_t helper_count;
	struct err *err;
};

/* --- in the helper ------------------------------------------------------- */

/* 1, 0 at the end of the input, -1. */
static int
read_exactly(int fd, void *dst, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)dst + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && have == 0 ? 0 : -1;
		have += (size_t)n;
	}
	return 1;
}

static void __attribute__((noreturn))
helper_main(const struct pool *p, int in, int out)
{
	struct frame f;
	struct buf given, reply;

	if (confine_helper() < 0)
		_exit(EXIT_NOT_CONFINED);
	buf_init(&given, p->opts->reply_bytes);
	buf_init(&reply, p->opts->reply_bytes);
	while (read_exactly(in, &f, sizeof(f)) == 1) {
		struct slice head = slice_make((const char *)&f, sizeof(f));

		buf_clear(&given);
		buf_clear(&reply);
		if (buf_reserve(&given, (size_t)f.len + 1) < 0 ||
		    (f.len && read_exactly(in, given.ptr, (size_t)f.len) < 1))
			_exit(3);
		given.len = (size_t)f.len;
		p->ops->work(p->ctx, (size_t)f.job, buf_slice(&given), &reply);
		if (buf_failed(&reply))
			_exit(4);
		f.len = reply.len;
		if (io_write_all(out, head) < 0 ||
		    io_write_all(out, buf_slice(&reply)) < 0)
			_exit(5);
	}
	_exit(0);
}

/* --- in the parent ------------------------------------------------------- */

static int64_t
cpu_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
close_both(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void
close_others(const struct pool *p)
{
	for (size_t i = 0; i < p->helper_count; i++)
		if (p->helpers[i].pid) {
			close(p->helpers[i].to);
			close(p->helpers[i].from);
		}
}

static int
start(struct pool *p, struct helper *h)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return err_errno(p->err, "pipe", "helper");
	if (pipe2(from, O_CLOEXEC) < 0) {
		err_errno(p->err, "pipe", "helper");
		close_both(to);
		return -1;
	}
	/* A wide pipe saves switches; not getting one is no failure. */
	(void)fcntl(from[1], F_SETPIPE_SZ, READ_BYTES);
	pid = fork();
	if (pid < 0) {
		err_errno(p->err, "fork", "helper");
		close_both(to);
		close_both(from);
		return -1;
	}
	if (pid == 0) {
		close_others(p);
		close(to[1]);
		close(from[0]);
		helper_main(p, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	(void)fcntl(to[1], F_SETFL, O_NONBLOCK);
	(void)fcntl(from[0], F_SETFL, O_NONBLOCK);
	h->pid = pid;
	h->to = to[1];
	h->from = from[0];
	h->count = 0;
	h->over = false;
	h->written = 0;
	h->cpu_ns = 0;
	buf_clear(&h->out);
	buf_clear(&h->in);
	return 0;
}

static int
stop(struct helper *h)
{
	int status = 0;

	close(h->to);
	close(h->from);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	return status;
}

static bool
take_next(struct pool *p, size_t *job)
{
	if (p->again_count) {
		*job = p->again[--p->again_count];
		return true;
	}
	if (p->next == p->jobs)
		return false;
	*job = p->next++;
	return true;
}

static int
give(struct pool *p, struct helper *h)
{
	size_t job;

	while (h->count < AHEAD && h->out.len - h->written < GIVEN_BYTES &&
	    take_next(p, &job)) {
		size_t start_at = h->out.len;
		struct frame f = { .job = job };

		buf_add_mem(&h->out, &f, sizeof(f));
		if (p->ops->give &&
		    p->ops->give(p->ctx, job, &h->out, p->err) < 0)
			return -1;
		if (buf_failed(&h->out))
			return err_memory(p->err);
		f.len = h->out.len - start_at - sizeof(f);
		memcpy(h->out.ptr + start_at, &f, sizeof(f));
		if (!h->count)
			h->cpu_ns = cpu_of(h->pid);
		h->jobs[h->count++] = job;
	}
	return 0;
}

static void
push(struct helper *h)
{
	while (h->written < h->out.len) {
		ssize_t n = write(
		    h->to, h->out.ptr + h->written, h->out.len - h->written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* full, or its end comes by the other pipe */
		h->written += (size_t)n;
	}
	buf_clear(&h->out);
	h->written = 0;
}

/* Hands on each whole reply that stands in h->in. */
static int
take_replies(struct pool *p, struct helper *h)
{
	size_t at = 0;

	for (;;) {
		struct frame f;

		if (h->in.len - at < sizeof(f))
			break;
		memcpy(&f, h->in.ptr + at, sizeof(f));
		if (f.len > h->in.len - at - sizeof(f)) {
			if (f.len > p->opts->reply_bytes)
				kill(h->pid, SIGKILL);
			else
				buf_reserve(&h->in,
				    (size_t)f.len + sizeof(f) + READ_BYTES);
			break;
		}
		if (!h->count || f.job != h->jobs[0]) {
			kill(h->pid, SIGKILL);
			break;
		}
		if (p->ops->take(p->ctx, (size_t)f.job,
			slice_make(h->in.ptr + at + sizeof(f), (size_t)f.len),
			p->err) < 0)
			return -1;
		at += sizeof(f) + (size_t)f.len;
		h->count--;
		memmove(h->jobs, h->jobs + 1, h->count * sizeof(h->jobs[0]));
		h->cpu_ns = cpu_of(h->pid);
		p->done++;
	}
	if (at) {
		memmove(h->in.ptr, h->in.ptr + at, h->in.len - at);
		buf_truncate(&h->in, h->in.len - at);
	}
	return 0;
}

/* The oldest job is to blame; the others go to somebody else. */
static int
bury(struct pool *p, struct helper *h)
{
	int status = stop(h);
	char why[80];

	if (h->over)
		snprintf(why, sizeof(why),
		    "took more than %u ms of processor time", p->opts->cpu_ms);
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the converter died (signal %d)",
		    WTERMSIG(status));
	else
		snprintf(why, sizeof(why),
		    "the converter gave up: what comes out is too large");
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_CONFINED)
		return err_set(p->err, ERR_SYSTEM,
		    "a helper could not give up its rights");
	/* Nobody waits for it; if there is work again, another is started. */
	if (!h->count)
		return 0;
	for (size_t i = 1; i < h->count; i++)
		p->again[p->again_count++] = h->jobs[i];
	h->count = 0;
	p->done++;
	return p->ops->lost(p->ctx, h->jobs[0], why, p->err);
}

/* 0 when all that is there was read, 1 at its end, -1 on failure. */
static int
pull(struct pool *p, struct helper *h)
{
	ssize_t n;

	if (buf_reserve(&h->in, READ_BYTES) < 0)
		return err_memory(p->err);
	n = read(h->from, h->in.ptr + h->in.len, h->in.cap - h->in.len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : 1;
	if (n == 0)
		return 1;
	h->in.len += (size_t)n;
	return take_replies(p, h);
}

static void
watch_clock(struct pool *p, struct helper *h)
{
	if (h->count && !h->over &&
	    cpu_of(h->pid) - h->cpu_ns > (int64_t)p->opts->cpu_ms * 1000000) {
		h->over = true;
		kill(h->pid, SIGKILL);
	}
}

/* Gives each helper work, starts those that are wanted and missing. */
static int
supply(struct pool *p)
{
	for (size_t i = 0; i < p->helper_count; i++) {
		struct helper *h = &p->helpers[i];

		if (!h->pid && (p->again_count || p->next < p->jobs) &&
		    start(p, h) < 0)
			return -1;
		if (h->pid && give(p, h) < 0)
			return -1;
		if (h->pid)
			push(h);
	}
	return 0;
}

static int
turn(struct pool *p)
{
	struct pollfd fds[HELPERS_MAX * 2];

	if (supply(p) < 0)
		return -1;
	for (size_t i = 0; i < p->helper_count; i++) {
		struct helper *h = &p->helpers[i];

		fds[2 * i] = (struct pollfd){ .fd = h->pid ? h->from : -1,
			.events = POLLIN };
		fds[2 * i + 1] =
		    (struct pollfd){ .fd = h->pid && h->out.len ? h->to : -1,
			    .events = POLLOUT };
	}
	if (poll(fds, p->helper_count * 2, LOOK_MS) < 0 && errno != EINTR)
		return err_errno(p->err, "poll", "helpers");
	for (size_t i = 0; i < p->helper_count; i++) {
		struct helper *h = &p->helpers[i];
		int rc = 0;

		if (!h->pid)
			continue;
		if (fds[2 * i].revents)
			rc = pull(p, h);
		if (rc < 0 || (rc > 0 && bury(p, h) < 0))
			return -1;
		if (h->pid)
			watch_clock(p, h);
	}
	return 0;
}

static size_t
helpers_wanted(const struct pool_opts *opts, size_t jobs)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n =
	    opts->helpers ? opts->helpers : (size_t)(cores > 0 ? cores : 1);

	if (n > HELPERS_MAX)
		n = HELPERS_MAX;
	return n < jobs ? n : jobs;
}

int
pool_run(const struct pool_opts *opts, const struct pool_ops *ops, void *ctx,
    size_t jobs, struct err *e)
{
	struct pool_opts filled = *opts;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct pool *p;
	int rc = 0;

	if (!jobs)
		return 0;
	if (!filled.cpu_ms)
		filled.cpu_ms = 2000;
	if (!filled.reply_bytes)
		filled.reply_bytes = (size_t)256 << 20;
	if (!(p = mem_calloc(1, sizeof(*p))))
		return err_memory(e);
	*p = (struct pool){ .opts = &filled,
		.ops = ops,
		.ctx = ctx,
		.jobs = jobs,
		.helper_count = helpers_wanted(opts, jobs),
		.err = e };
	for (size_t i = 0; i < p->helper_count; i++) {
		buf_init(&p->helpers[i].out, filled.reply_bytes);
		buf_init(&p->helpers[i].in,
		    filled.reply_bytes + (size_t)READ_BYTES * 2);
	}
	sigaction(SIGPIPE, &ignore, &before);
	while (!rc && p->done < jobs)
		rc = turn(p);
	for (size_t i = 0; i < p->helper_count; i++) {
		if (p->helpers[i].pid && rc)
			kill(p->helpers[i].pid, SIGKILL);
		if (p->helpers[i].pid)
			stop(&p->helpers[i]);
		buf_release(&p->helpers[i].out);
		buf_release(&p->helpers[i].in);
	}
	sigaction(SIGPIPE, &before, NULL);
	mem_free(p);
	return rc;
}
