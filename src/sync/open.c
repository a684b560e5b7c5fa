/*
 * open.c: opening zstd frames in a child that can only read, write and end.
 *
 *	parent                                child (seccomp)
 *	more() -> to_child  ====pipe====>  read, decompress against `base`
 *	text() <- from_child <===pipe====  write
 *
 * The child's memory for zstd is laid out before it locks itself up.  It ends
 * with 0 when the frame was whole; with a CHILD_ code otherwise; by a signal
 * when it tried anything else.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"

#include "sync/frame.h"

enum {
	PIPE_BYTES = 65536,
};

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

enum child_end {
	CHILD_WHOLE,
	CHILD_DAMAGED,
	CHILD_WINDOW,
	CHILD_TOO_LONG,
	CHILD_CUT,
	CHILD_BEHIND, /* bytes behind the frame */
	CHILD_MEMORY,
	CHILD_PIPE,
};

struct child {
	int in, out;
	struct slice base;
	uint64_t left; /* bytes that may still come out */
	ZSTD_DCtx *ctx;
	char in_room[PIPE_BYTES], out_room[PIPE_BYTES];
};

/* exit_group is not allowed in strict mode, exit is. */
static _Noreturn void
child_exit(enum child_end how)
{
	for (;;)
		(void)syscall(SYS_exit, (int)how);
}

static void
child_write(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n <= 0)
			child_exit(CHILD_PIPE);
		p += n;
		len -= (size_t)n;
	}
}

/* Reads until the frame's header is whole; *len bytes are in c->in_room. */
static void
child_header(struct child *c, ZSTD_frameHeader *h, size_t *len)
{
	for (*len = 0;;) {
		ssize_t n = read(c->in, c->in_room + *len, PIPE_BYTES - *len);
		size_t need;

		if (n < 0)
			child_exit(CHILD_PIPE);
		if (n == 0)
			child_exit(CHILD_CUT);
		*len += (size_t)n;
		need = ZSTD_getFrameHeader(h, c->in_room, *len);
		if (ZSTD_isError(need))
			child_exit(CHILD_DAMAGED);
		if (need == 0)
			return;
		if (*len == PIPE_BYTES)
			child_exit(CHILD_DAMAGED);
	}
}

/* Memory for zstd, before the lock; only its header has been read then. */
static void
child_prepare(struct child *c, const ZSTD_frameHeader *h)
{
	size_t need, code;
	void *room;

	if (h->frameType != ZSTD_frame)
		child_exit(CHILD_DAMAGED);
	if (h->windowSize > (uint64_t)1 << SYNC_WINDOW_LOG)
		child_exit(CHILD_WINDOW);
	need = ZSTD_estimateDStreamSize((size_t)h->windowSize);
	room = mmap(NULL, need, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED ||
	    !(c->ctx = ZSTD_initStaticDStream(room, need)))
		child_exit(CHILD_MEMORY);
	code = ZSTD_DCtx_setParameter(
	    c->ctx, ZSTD_d_windowLogMax, SYNC_WINDOW_LOG);
	if (!ZSTD_isError(code) && c->base.len)
		code = ZSTD_DCtx_refPrefix(c->ctx, c->base.ptr, c->base.len);
	if (ZSTD_isError(code))
		child_exit(CHILD_MEMORY);
}

/* Decompresses what is in the room; 0 when the frame has ended. */
static size_t
child_step(struct child *c, ZSTD_inBuffer *in)
{
	size_t code;

	do {
		ZSTD_outBuffer out = { c->out_room, PIPE_BYTES, 0 };

		code = ZSTD_decompressStream(c->ctx, &out, in);
		if (ZSTD_isError(code))
			child_exit(CHILD_DAMAGED);
		if (out.pos > c->left)
			child_exit(CHILD_TOO_LONG);
		c->left -= out.pos;
		child_write(c->out, c->out_room, out.pos);
		if (code == 0 || (in->pos == in->size && out.pos < PIPE_BYTES))
			break;
	} while (true);
	return code;
}

/*
 * What strict mode allows, and the end of the process for anything else.  By a
 * filter, as a process that has one already, of a service manager or a
 * container, cannot enter strict mode (seccomp(2)).
 */
static int
child_lock(void)
{
#ifdef QASID_SANITIZED
	return 0;
#elif !defined(OWN_ARCH)
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
#else
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]),
		code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#endif
}

static _Noreturn void
child_run(struct child *c)
{
	ZSTD_frameHeader h;
	ZSTD_inBuffer in = { c->in_room, 0, 0 };

	child_header(c, &h, &in.size);
	child_prepare(c, &h);
	if (child_lock() < 0)
		child_exit(CHILD_MEMORY);
	while (child_step(c, &in) != 0) {
		ssize_t n = read(c->in, c->in_room, PIPE_BYTES);

		if (n < 0)
			child_exit(CHILD_PIPE);
		if (n == 0)
			child_exit(CHILD_CUT);
		in.size = (size_t)n;
		in.pos = 0;
	}
	if (in.pos < in.size || read(c->in, c->in_room, 1) != 0)
		child_exit(CHILD_BEHIND);
	child_exit(CHILD_WHOLE);
}

/* --- parent -------------------------------------------------------------- */

struct parent {
	const struct sync_pipe *pipe;
	int to, from; /* -1 once closed */
	struct slice part;
	char room[PIPE_BYTES];
};

static int
fill(struct parent *p, struct err *e)
{
	ssize_t n;

	if (!p->part.len && p->pipe->more(p->pipe->ctx, &p->part, e) < 0)
		return -1;
	if (!p->part.len) {
		close(p->to);
		p->to = -1;
		return 0;
	}
	n = write(p->to, p->part.ptr, p->part.len);
	if (n >= 0)
		p->part = slice_from(p->part, (size_t)n);
	else if (errno == EPIPE) { /* it has seen enough */
		close(p->to);
		p->to = -1;
	} else if (errno != EAGAIN && errno != EINTR)
		return err_errno(e, "write", "pipe");
	return 0;
}

/* 1 at the end of the text. */
static int
drain(struct parent *p, struct err *e)
{
	ssize_t n = read(p->from, p->room, sizeof(p->room));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_errno(e, "read", "pipe");
	if (n == 0)
		return 1;
	return p->pipe->text(p->pipe->ctx, slice_make(p->room, (size_t)n), e);
}

static int
pump(struct parent *p, struct err *e)
{
	int r = 0;

	while (r == 0) {
		struct pollfd fds[2] = { { .fd = p->from, .events = POLLIN },
			{ .fd = p->to, .events = POLLOUT } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_errno(e, "poll", "pipe");
		if (fds[1].revents)
			r = fill(p, e);
		if (r == 0 && fds[0].revents)
			r = drain(p, e);
	}
	return r < 0 ? -1 : 0;
}

static int
tell_end(int status, struct err *e)
{
	static const char *const words[] = {
		[CHILD_DAMAGED] = "a damaged zstd frame",
		[CHILD_WINDOW] = "a zstd frame with too large a window",
		[CHILD_TOO_LONG] = "more bytes in a zstd frame than announced",
		[CHILD_CUT] = "a zstd frame that was cut",
		[CHILD_BEHIND] = "bytes behind a zstd frame",
	};
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_MEMORY;

	if (code == CHILD_WHOLE)
		return 0;
	if (code == CHILD_MEMORY || code == CHILD_PIPE || code > CHILD_PIPE)
		return err_set(
		    e, ERR_SYSTEM, "the unpacker ended (status %d)", status);
	return err_set(e, ERR_SYNTAX, "%s", words[code]);
}

static pid_t
start_child(struct parent *p, struct slice base, uint64_t max, struct err *e)
{
	static struct child c;
	int to[2], from[2];
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return err_errno(e, "pipe", "unpacker");
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		close(to[1]);
		return err_errno(e, "pipe", "unpacker");
	}
	pid = fork();
	if (pid == 0) {
		c = (struct child){
			.in = to[0], .out = from[1], .base = base, .left = max
		};
		close(to[1]);
		close(from[0]);
		child_run(&c);
	}
	if (pid < 0)
		err_errno(e, "fork", "unpacker");
	close(to[0]);
	close(from[1]);
	p->to = to[1];
	p->from = from[0];
	(void)fcntl(p->to, F_SETFL, O_NONBLOCK);
	return pid;
}

int
sync_frame_open(const struct sync_pipe *pipe, struct slice base,
    uint64_t max_bytes, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	struct parent p = { .pipe = pipe, .to = -1, .from = -1 };
	struct err end = ERR_INIT;
	int status = 0, r = -1;
	pid_t pid;

	pid = start_child(&p, base, max_bytes, e);
	(void)sigaction(SIGPIPE, &ignore, &before);
	if (pid > 0)
		r = pump(&p, e);
	if (p.to >= 0)
		close(p.to);
	if (p.from >= 0)
		close(p.from);
	(void)sigaction(SIGPIPE, &before, NULL);
	if (pid <= 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "wait", "unpacker");
	if (r < 0) /* said already; the child's end follows from it */
		return -1;
	if (tell_end(status, &end) < 0) {
		if (e)
			*e = end;
		return -1;
	}
	return 0;
}

/* --- from memory to memory ----------------------------------------------- */

struct memory {
	struct slice frame;
	struct buf *out;
};

static int
memory_more(void *ctx, struct slice *part, struct err *e)
{
	struct memory *m = ctx;

	(void)e;
	*part = m->frame;
	m->frame = SLICE_NONE;
	return 0;
}

static int
memory_text(void *ctx, struct slice part, struct err *e)
{
	struct memory *m = ctx;

	buf_add(m->out, part);
	return buf_failed(m->out) ? err_memory(e) : 0;
}

int
sync_frame_read(struct buf *out, struct slice frame, struct slice base,
    uint64_t max_bytes, struct err *e)
{
	struct memory m = { .frame = frame, .out = out };
	struct sync_pipe pipe = {
		.more = memory_more, .text = memory_text, .ctx = &m
	};

	return sync_frame_open(&pipe, base, max_bytes, e);
}
