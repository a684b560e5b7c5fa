/*
 * Both ends of the writer's process: the caller's, and its main loop.  On the
 * socket: kind and length, then the bytes; at the end one answer: 0 and the
 * name, or 1 and what went wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "search/index_internal.h"

#include "search/index.h"

enum {
	RECORD_MAX = 256 * 1024 * 1024,
	ANSWER_MAX = 1024,
	QUEUE_BYTES = 1024 * 1024,
};

/* The third word of a name: more than half of the index is outdated. */
#define OUTDATED SLICE_LIT("outdated")

struct search_index {
	pid_t pid;
	int fd;
};

struct frame {
	uint32_t kind, len;
};

enum {
	FRAME_PUT,
	FRAME_DROP,
	FRAME_END,
};

/* --- in the writer ------------------------------------------------------- */

/* 1, or 0 where the other side is gone. */
static int
read_exactly(int fd, void *dst, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, (char *)dst + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		have += (size_t)n;
	}
	return 1;
}

static int
send_all(int fd, const void *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(
		    fd, (const char *)bytes + done, len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* Takes frames until the last; 0, -1 and *e, or 1 when nobody wants it. */
static int
take_frames(struct search_writer *w, int fd, struct err *e)
{
	struct buf bytes;
	struct frame f;
	int rc = 0;

	buf_init(&bytes, RECORD_MAX + 1);
	for (;;) {
		struct slice s;

		buf_clear(&bytes);
		if (!read_exactly(fd, &f, sizeof(f)) ||
		    buf_reserve(&bytes, (size_t)f.len + 1) < 0 ||
		    !read_exactly(fd, bytes.ptr, f.len)) {
			rc = 1;
			break;
		}
		if (f.kind == FRAME_END)
			break;
		s = slice_make(bytes.ptr, f.len);
		if ((f.kind == FRAME_PUT ? search_writer_put(w, s, e)
					 : search_writer_drop(w, s, e)) < 0) {
			rc = -1;
			break;
		}
	}
	buf_release(&bytes);
	return rc;
}

/* Throws away what still comes, so that the caller gets to the end. */
static void
discard(int fd)
{
	char bytes[4096];
	ssize_t n;

	do {
		n = read(fd, bytes, sizeof(bytes));
	} while (n > 0 || (n < 0 && errno == EINTR));
}

static void __attribute__((noreturn))
writer_main(int fd, const char *dir, struct slice current, size_t changes)
{
	char answer[ANSWER_MAX];
	struct err e = ERR_INIT;
	struct search_writer *w;
	int rc = -1;

	/* Whoever wants it is gone: so is the folder's lock. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w = search_writer_new(dir, current, changes, &e);
	if (w)
		rc = take_frames(w, fd, &e);
	if (rc == 0)
		rc =
		    search_writer_finish(w, answer + 1, sizeof(answer) - 1, &e);
	search_writer_free(w);
	answer[0] = (char)(rc != 0);
	if (rc < 0) {
		struct buf text;

		buf_init(&text, ANSWER_MAX);
		err_format(&text, &e);
		snprintf(answer + 1, sizeof(answer) - 1, "%.*s",
		    SLICE_FMT(buf_slice(&text)));
	}
	if (rc <= 0 && send_all(fd, answer, strlen(answer + 1) + 1) == 0 && rc)
		discard(fd);
	_exit(0);
}

/* --- in the caller ------------------------------------------------------- */

struct search_index *
search_index_start(
    const char *dir, struct slice current, size_t changes, struct err *e)
{
	struct search_index *x = mem_calloc(1, sizeof(*x));
	int fds[2], bytes = QUEUE_BYTES;

	if (!x) {
		err_memory(e);
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		err_errno(e, "socketpair", "search index");
		mem_free(x);
		return NULL;
	}
	/* Not getting a longer queue is no failure. */
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	x->pid = fork();
	if (x->pid == 0) {
		close(fds[0]);
		writer_main(fds[1], dir, current, changes);
	}
	close(fds[1]);
	if (x->pid < 0) {
		err_errno(e, "fork", "search index");
		close(fds[0]);
		mem_free(x);
		return NULL;
	}
	x->fd = fds[0];
	return x;
}

static int
send_frame(
    struct search_index *x, uint32_t kind, struct slice bytes, struct err *e)
{
	struct frame f = { kind, (uint32_t)bytes.len };

	if (bytes.len > RECORD_MAX)
		return err_set(
		    e, ERR_LIMIT, "search index: a document is too large");
	if (send_all(x->fd, &f, sizeof(f)) < 0 ||
	    send_all(x->fd, bytes.ptr, bytes.len) < 0)
		return err_set(e, ERR_SYSTEM, "search index: its writer died");
	return 0;
}

int
search_index_put(struct search_index *x, struct slice record, struct err *e)
{
	return send_frame(x, FRAME_PUT, record, e);
}

int
search_index_drop(struct search_index *x, struct slice path, struct err *e)
{
	return send_frame(x, FRAME_DROP, path, e);
}

static void
bury(struct search_index *x)
{
	close(x->fd);
	while (waitpid(x->pid, NULL, 0) < 0 && errno == EINTR)
		;
	mem_free(x);
}

int
search_index_finish(
    struct search_index *x, char name[SEARCH_NAME_MAX], struct err *e)
{
	char answer[ANSWER_MAX + 1];
	size_t have = 0;
	ssize_t n = 1;
	int rc = send_frame(x, FRAME_END, SLICE_NONE, e);

	if (rc == 0)
		(void)shutdown(x->fd, SHUT_WR);
	while (rc == 0 && n && have < ANSWER_MAX) {
		n = read(x->fd, answer + have, ANSWER_MAX - have);
		if (n < 0 && errno != EINTR)
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	bury(x);
	if (rc < 0)
		return -1;
	answer[have] = '\0';
	if (have < 2)
		return err_set(e, ERR_SYSTEM, "search index: its writer died");
	if (answer[0])
		return err_set(e, ERR_SYSTEM, "%s", answer + 1);
	if (have > SEARCH_NAME_MAX)
		return err_set(e, ERR_LIMIT, "search index: too long a name");
	memcpy(name, answer + 1, have);
	return 0;
}

void
search_index_cancel(struct search_index *x)
{
	if (!x)
		return;
	kill(x->pid, SIGKILL);
	bury(x);
}

/* --- the files ----------------------------------------------------------- */

bool
search_index_is_sound(const char *dir, struct slice name)
{
	if (!name.len)
		return false;
	while (name.len) {
		struct slice file = slice_take(&name, ' ');
		char path[SEARCH_PATH_MAX];

		if (slice_eq(file, OUTDATED))
			return false;
		snprintf(path, sizeof(path), "%s/%.*s", dir, SLICE_FMT(file));
		if (access(path, R_OK) < 0)
			return false;
	}
	return true;
}

static bool
names(struct slice name, struct slice file)
{
	while (name.len)
		if (slice_eq(slice_take(&name, ' '), file))
			return true;
	return false;
}

void
search_index_sweep(const char *dir, struct slice kept, struct slice also_kept)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		struct slice file = slice_cstr(entry->d_name);

		if (slice_starts(file, SLICE_LIT(SEARCH_PREFIX)) &&
		    !names(kept, file) && !names(also_kept, file))
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}
