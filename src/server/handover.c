#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "server/generation.h"
#include "server/log.h"

#include "server/handover.h"

enum {
	ARGS_MAX = 1024,
	TEXT_MAX = 1 << 20, /* bytes */
};

static const char variable[] = "QASID_HANDOVER";
static char program[4096];

void
handover_init(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[n > 0 ? n : 0] = '\0';
}

/* --- becoming the new program -------------------------------------------- */

/* The arguments we were started with, and a place for one more. */
static int
read_args(struct buf *text, char *args[ARGS_MAX], int *count, struct err *e)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), r;
	char *at, *end;

	*count = 0;
	if (fd < 0)
		return err_errno(e, "open", "/proc/self/cmdline");
	r = io_read_all(fd, "/proc/self/cmdline", TEXT_MAX, text, e);
	close(fd);
	if (r < 0)
		return -1;
	end = text->ptr + text->len;
	for (at = text->ptr; at < end && *count < ARGS_MAX - 2;
	     at += strlen(at) + 1)
		args[(*count)++] = at;
	args[*count] = NULL;
	return 0;
}

static void
unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Whether the new program would serve: it says so itself. */
static int
try_program(char **args, int count, struct err *e)
{
	char check[] = "--check";
	int status = -1;
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(e, "fork", program);
	if (pid == 0) {
		unblock_signals();
		args[count] = check;
		args[count + 1] = NULL;
		execv(program, args);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(
	    e, ERR_SYSTEM, "\"%s\" serve --check does not succeed", program);
}

static void
keep_open(int fd, bool on)
{
	fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC);
}

/* One line for each socket and each worker, fields by blanks. */
static void
describe(struct buf *out, const struct generation *g, bool keep)
{
	const struct sockets *s = &g->sockets;

	buf_addf(out, "qasid 1 %d\n", s->activated);
	for (size_t i = 0; i < s->count; i++) {
		keep_open(s->workers[i].fd, keep);
		buf_addf(out, "socket %d %d %d %d %s %s\n", s->workers[i].fd,
		    (int)s->workers[i].protocol, s->bound[i].port,
		    s->bound[i].fell_back, s->bound[i].asked, s->bound[i].name);
	}
	for (; g; g = g->older)
		for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
			if (g->children[i].pid) {
				keep_open(g->children[i].control, keep);
				buf_addf(out, "worker %d %d\n",
				    (int)g->children[i].pid,
				    g->children[i].control);
			}
}

int
handover_exec(const struct generation *g, struct err *e)
{
	struct buf text, line;
	char *args[ARGS_MAX], number[16];
	int count, fd = -1;

	buf_init(&text, TEXT_MAX);
	buf_init(&line, TEXT_MAX);
	if (!*program)
		err_set(e, ERR_SYSTEM, "where the program lies is not known");
	if (!*program || read_args(&line, args, &count, e) < 0 ||
	    try_program(args, count, e) < 0)
		goto out;
	args[count] = NULL;
	fd = memfd_create("qasid-handover", 0);
	describe(&text, g, true);
	if (fd < 0 || buf_failed(&text) ||
	    io_write_all(fd, buf_slice(&text)) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		err_errno(e, "write", "handover");
		goto undo;
	}
	snprintf(number, sizeof(number), "%d", fd);
	setenv(variable, number, 1);
	execv(program, args);
	err_errno(e, "exec", program);
	unsetenv(variable);
undo:
	buf_clear(&text);
	describe(&text, g, false);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&text);
	buf_release(&line);
	return -1;
}

/* --- as the new program -------------------------------------------------- */

/* Takes the next number off *line; -1 when there is none. */
static int
take_number(struct slice *line)
{
	uint64_t n;

	if (slice_uint(slice_take(line, ' '), INT32_MAX, &n) < 0)
		return -1;
	return (int)n;
}

static int
take_socket(struct generation *g, struct slice line)
{
	struct sockets *s = &g->sockets;
	struct bound_socket *b = &s->bound[s->count];
	int fd = take_number(&line), protocol = take_number(&line);
	int port = take_number(&line), fell = take_number(&line);
	struct slice asked = slice_take(&line, ' ');

	if (s->count == SOCKETS_MAX || fd < 0 || protocol < 0 ||
	    protocol >= PROTOCOLS || port < 0 || fell < 0 ||
	    asked.len >= sizeof(b->asked) || line.len >= sizeof(b->name) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	snprintf(b->asked, sizeof(b->asked), "%.*s", SLICE_FMT(asked));
	snprintf(b->name, sizeof(b->name), "%.*s", SLICE_FMT(line));
	b->port = port;
	b->fell_back = fell != 0;
	s->workers[s->count++] = (struct worker_socket){ .fd = fd,
		.protocol = (enum protocol_id)protocol };
	return 0;
}

static int
take_worker(struct generation *g, struct slice line)
{
	int pid = take_number(&line), fd = take_number(&line);
	unsigned i = 0;

	while (i < GENERATION_WORKERS_MAX && g->children[i].pid)
		i++;
	if (i == GENERATION_WORKERS_MAX || pid <= 0 || fd < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	g->children[i] = (struct child){
		.pid = pid, .control = fd, .slot = GENERATION_SLOTS
	};
	return 0;
}

static int
take_lines(struct generation *g, struct slice text)
{
	int version = 0;

	while (text.len) {
		struct slice line = slice_take(&text, '\n');
		struct slice what = slice_take(&line, ' ');
		int r = -1;

		if (slice_eq_cstr(what, "socket")) {
			r = take_socket(g, line);
		} else if (slice_eq_cstr(what, "worker")) {
			r = take_worker(g, line);
		} else if (slice_eq_cstr(what, "qasid")) {
			version = take_number(&line);
			r = version == 1 ? 0 : -1;
			g->sockets.activated = take_number(&line) == 1;
		}
		if (r < 0)
			return -1;
	}
	return version == 1 ? 0 : -1;
}

struct generation *
handover_take(struct err *e)
{
	const char *number = getenv(variable);
	struct generation *g;
	struct buf text;
	int fd;

	if (!number)
		return NULL;
	fd = (int)strtol(number, NULL, 10);
	unsetenv(variable);
	g = generation_new_empty(e);
	if (!g)
		return NULL;
	buf_init(&text, TEXT_MAX);
	if (io_read_all(fd, "handover", TEXT_MAX, &text, e) < 0 ||
	    take_lines(g, buf_slice(&text)) < 0) {
		err_set(e, ERR_CORRUPT, "what was handed over is not readable");
		generation_free(g, NULL);
		g = NULL;
	}
	buf_release(&text);
	close(fd);
	return g;
}
