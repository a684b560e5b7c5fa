/*
 * sync_source.c: the transports: Gemini, Gopher, a folder (a stick, or what
 * rsync brought).  All carry the same files; what they say is checked by
 * whoever asked.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/uri.h"
#include "sync/path.h"

#include "cmd/sync.h"

enum {
	PEEK_BYTES = 4096, /* at a time */
	RSYNC_IDLE_S = 60,
	RSYNC_CONNECT_S = 30,
	RSYNC_PARTIAL = 23, /* its exit codes: a source that is not there */
	RSYNC_GONE = 24,
	RSYNC_NONE = 127,
	RSYNC_KILLED = 255,
};

struct bringing {
	struct sync_args *args;
	struct buf *out;
	bool (*enough)(void *ctx, struct slice got);
	void *ctx;
	bool stopped;
};

static void
count(struct sync_args *args, uint64_t bytes)
{
	if (args->meter)
		__atomic_fetch_add(args->meter, bytes, __ATOMIC_RELAXED);
}

static int
take(void *ctx, struct slice part)
{
	struct bringing *b = ctx;

	count(b->args, part.len);
	buf_add(b->out, part);
	if (buf_failed(b->out))
		return -1;
	b->stopped = b->enough && b->enough(b->ctx, buf_slice(b->out));
	return b->stopped ? -1 : 0;
}

static void
spend(struct sync_args *args, uint64_t bytes)
{
	args->spent += bytes;
	if (args->budget != UINT64_MAX)
		args->budget -= bytes < args->budget ? bytes : args->budget;
}

/* "gemini://host/.sync/PATH", or "gopher://host/9/.sync/PATH". */
static void
make_url(const struct sync_args *args, const char *path, struct buf *out)
{
	struct slice source = slice_cstr(args->source);
	bool gopher = slice_starts(source, SLICE_LIT("gopher://"));

	while (source.len && source.ptr[source.len - 1] == '/')
		source.len--;
	buf_add(out, source);
	buf_add_cstr(out, gopher ? "/9/.sync/" : "/.sync/");
	uri_encode(out, slice_cstr(path));
}

static enum source_end
end_of(struct sync_args *args, const struct fetch_result *res,
    const struct bringing *b, struct err *e)
{
	if (res->end == FETCH_SINK && b->stopped)
		return SOURCE_GOT;
	args->bad_source = res->end == FETCH_BAD_URL;
	args->cut = res->end == FETCH_NETWORK;
	if (res->end == FETCH_DONE &&
	    (res->status == 20 || (!res->status && !res->meta[0])))
		return SOURCE_GOT;
	if (res->end == FETCH_DONE && res->status / 10 == 5) {
		err_set(e, ERR_MISSING, "\"%s\": %d %s", res->target.url,
		    res->status, res->meta);
		return SOURCE_ABSENT;
	}
	if (res->end == FETCH_DONE) {
		err_set(e, res->status / 10 == 4 ? ERR_STOPPED : ERR_INVALID,
		    "\"%s\": %d %s", res->target.url, res->status, res->meta);
	} else if (res->end == FETCH_TOO_LONG &&
	    args->opts.max_bytes == args->budget) {
		err_set(e, ERR_STOPPED,
		    "the byte budget is spent: \"%s\" is larger than the %llu "
		    "bytes left",
		    res->target.url, (unsigned long long)args->budget);
	} else if (res->end == FETCH_SINK) {
		err_set(e, ERR_LIMIT, "\"%s\" is too large", res->target.url);
	}
	return SOURCE_FAILED;
}

static enum source_end
get_url(
    struct sync_args *args, const char *path, struct bringing *b, struct err *e)
{
	struct fetch_sink sink = { .body = take, .ctx = b };
	struct fetch_result res;
	struct buf url;
	size_t before = b->out->len;
	enum source_end end;

	buf_init(&url, TARGET_URL_MAX);
	make_url(args, path, &url);
	args->opts.max_bytes = args->budget == UINT64_MAX ? 0 : args->budget;
	if (args->opts.max_bytes == 0 && args->budget == 0) {
		err_set(e, ERR_STOPPED, "the byte budget is spent");
		buf_release(&url);
		return SOURCE_FAILED;
	}
	(void)fetch_url(buf_slice(&url), &args->opts, &sink, &res, e);
	end = end_of(args, &res, b, e);
	spend(args, b->out->len - before);
	buf_release(&url);
	return end;
}

/* Reads as much of a file as is wanted; at most `max` bytes. */
static int
read_until_enough(
    int dir, const char *path, size_t max, struct bringing *b, struct err *e)
{
	char room[PEEK_BYTES];
	struct stat st;
	size_t sum = 0;
	ssize_t n;
	int fd = io_open_below(dir, path, &st, e);

	if (fd < 0)
		return -1;
	while ((n = read(fd, room, sizeof(room))) > 0) {
		sum += (size_t)n;
		if (sum > max || take(b, slice_make(room, (size_t)n)) < 0)
			break;
	}
	if (n < 0)
		err_errno(e, "read", path);
	else if (n > 0 && !b->stopped)
		err_set(e, ERR_LIMIT, "\"%s\" is too large", path);
	close(fd);
	return n == 0 || b->stopped ? 0 : -1;
}

/* The folder itself, or the .sync folder in it. */
static enum source_end
get_file(
    struct sync_args *args, const char *path, struct bringing *b, struct err *e)
{
	struct buf *out = b->out;
	struct err mine = ERR_INIT;
	int root = open(args->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir;
	size_t before = out->len;
	size_t room = out->max - out->len - 1; /* io.h reads one byte more */
	size_t max = room;
	int r;

	if (root < 0) {
		err_set(e, ERR_STOPPED, "open \"%s\": %s", args->source,
		    strerror(errno));
		return SOURCE_FAILED;
	}
	dir = openat(root, ".sync", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && faccessat(root, "since", F_OK, 0) < 0) {
		close(root);
		err_set(e, ERR_STOPPED,
		    "\"%s\" holds no .sync: is the stick in its place?",
		    args->source);
		return SOURCE_FAILED;
	}
	if (args->budget < room)
		max = (size_t)args->budget;
	r = b->enough
	    ? read_until_enough(dir >= 0 ? dir : root, path, max, b, &mine)
	    : io_read_below(dir >= 0 ? dir : root, path, max, out, NULL, &mine);
	if (dir >= 0)
		close(dir);
	close(root);
	if (!b->enough)
		count(args, out->len - before);
	if (r == 0) {
		spend(args, out->len - before);
		return SOURCE_GOT;
	}
	*e = mine;
	if (mine.kind == ERR_LIMIT && room >= args->budget)
		err_set(e, ERR_STOPPED,
		    "the byte budget is spent: \"%s\" is larger than the "
		    "%llu bytes left",
		    path, (unsigned long long)args->budget);
	return mine.kind == ERR_MISSING ? SOURCE_ABSENT : SOURCE_FAILED;
}

/* --- rsync --------------------------------------------------------------- */

struct rsync {
	const struct sync_args *args;
	const char *path; /* of the file, below the source */
	char *from, *to;  /* folders */
	uint64_t max;     /* bytes */
};

/* The arguments; `words` holds those that are made. */
static void
rsync_arguments(const struct rsync *run, char words[4][32], const char *argv[])
{
	const struct fetch_opts *o = &run->args->opts;
	uint64_t kib = o->bytes_per_s / 1024;
	int n = 0;

	snprintf(words[0], 32, "--timeout=%d",
	    o->idle_ms ? o->idle_ms / 1000 : RSYNC_IDLE_S);
	snprintf(words[1], 32, "--bwlimit=%llu", /* 0: none */
	    (unsigned long long)(o->bytes_per_s && !kib ? 1 : kib));
	snprintf(words[2], 32, "--max-size=%llu", (unsigned long long)run->max);
	snprintf(words[3], 32, "--contimeout=%d",
	    o->connect_ms ? o->connect_ms / 1000 : RSYNC_CONNECT_S);
	argv[n++] = "rsync";
	argv[n++] = "-q";
	argv[n++] = "--partial";
	argv[n++] = "--inplace";
	/* A name of the tree is no pattern, and nothing for a shell. */
	argv[n++] = "--files-from=-";
	argv[n++] = "--from0";
	for (int i = 0; i < 3; i++)
		argv[n++] = words[i];
	if (!strncmp(run->from, "rsync://", 8)) /* a daemon's alone */
		argv[n++] = words[3];
	argv[n++] = "--";
	argv[n++] = run->from;
	argv[n++] = run->to;
	argv[n] = NULL;
}

/* In the child: rsync, that can make no file larger than it may. */
static _Noreturn void
become_rsync(const struct rsync *run, int names_fd, pid_t parent)
{
	struct rlimit limit = { run->max, run->max };
	const char *argv[16];
	const char **const all = argv;
	char *const *args;
	char words[4][32];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	rsync_arguments(run, words, argv);
	/* execvp() changes no word, but its prototype is older than const. */
	memcpy(&args, &all, sizeof(args));
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent ||
	    null < 0 || dup2(names_fd, STDIN_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0 ||
	    setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(RSYNC_KILLED);
	/* What it says is said again by its exit code. */
	(void)execvp(argv[0], args);
	_exit(RSYNC_NONE);
}

/* Runs rsync to bring the file; its exit code, -1 and *e. */
static int
run_rsync(const struct rsync *run, struct err *e)
{
	size_t len = strlen(run->path) + 1; /* fits into a pipe */
	pid_t self = getpid(), pid;
	int names[2], status;

	if (pipe2(names, O_CLOEXEC) < 0)
		return err_errno(e, "pipe", "rsync");
	if (write(names[1], run->path, len) != (ssize_t)len ||
	    (pid = fork()) < 0) {
		close(names[0]);
		close(names[1]);
		return err_errno(e, "fork", "rsync");
	}
	if (pid == 0)
		become_rsync(run, names[0], self);
	close(names[0]);
	close(names[1]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "wait", "rsync");
	return WIFEXITED(status) ? WEXITSTATUS(status) : RSYNC_KILLED;
}

static enum source_end
end_of_rsync(int code, const char *path, struct err *e)
{
	if (code == 0)
		return SOURCE_GOT;
	if (code < 0)
		return SOURCE_FAILED;
	if (code == RSYNC_PARTIAL || code == RSYNC_GONE) {
		err_set(e, ERR_MISSING, "rsync has no \"%s\"", path);
		return SOURCE_ABSENT;
	}
	err_set(e, ERR_STOPPED,
	    code == RSYNC_NONE ? "rsync cannot be run, for \"%s\""
			       : "rsync of \"%s\" ended with %d",
	    path, code);
	return SOURCE_FAILED;
}

/* Reads what rsync brought into `dir`, and removes it. */
static enum source_end
take_rsynced(struct sync_args *args, int dir, const struct rsync *run,
    struct buf *out, struct err *e)
{
	struct err mine = ERR_INIT;
	size_t before = out->len;
	int r =
	    io_read_below(dir, run->path, (size_t)run->max, out, NULL, &mine);

	spend(args, out->len - before);
	count(args, out->len - before);
	(void)unlinkat(dir, run->path, 0);
	if (r == 0)
		return SOURCE_GOT;
	if (mine.kind != ERR_MISSING)
		*e = mine;
	else if (run->max == args->budget)
		err_set(e, ERR_STOPPED,
		    "the byte budget is spent: \"%s\" is larger than the "
		    "%llu bytes left",
		    run->path, (unsigned long long)run->max);
	else
		err_set(e, ERR_LIMIT, "\"%s\" is too large", run->path);
	return SOURCE_FAILED;
}

/* Through a file in the mirror's own folder, where a cut one goes on. */
static enum source_end
get_rsync(
    struct sync_args *args, const char *path, struct buf *out, struct err *e)
{
	struct slice source = slice_cstr(args->source);
	struct rsync run = {
		.args = args, .path = path, .max = out->max - out->len - 1
	};
	char from[4096], to[4096];
	enum source_end end;
	int dir;

	while (source.len && source.ptr[source.len - 1] == '/')
		source.len--;
	if (run.max > args->budget)
		run.max = args->budget;
	snprintf(from, sizeof(from), "%.*s/", SLICE_FMT(source));
	/* The first answer is asked for before anything is staged. */
	snprintf(to, sizeof(to), "%s/state/stage", args->dir);
	if (mkdir(to, 0777) == 0 || errno == EEXIST)
		snprintf(to, sizeof(to), "%s/state/stage/rsync", args->dir);
	if ((mkdir(to, 0777) < 0 && errno != EEXIST) ||
	    (dir = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) <
		0) {
		err_errno(e, "mkdir", to);
		return SOURCE_FAILED;
	}
	run.from = from;
	run.to = to;
	/* What changes under its name: an old one is no start for it. */
	if (strncmp(path, "snap/", 5) != 0 || !strcmp(path, "snap/head"))
		(void)unlinkat(dir, path, 0);
	end = end_of_rsync(run_rsync(&run, e), path, e);
	if (end == SOURCE_GOT)
		end = take_rsynced(args, dir, &run, out, e);
	close(dir);
	return end;
}

static bool
is_rsync(const struct sync_args *args)
{
	if (!strncmp(args->source, "rsync://", 8))
		return true;
	return !strstr(args->source, "://") && args->source[0] != '/' &&
	    strchr(args->source, ':'); /* HOST:FOLDER, by ssh */
}

bool
source_was_cut(struct sync_args *args, const char *path, uint64_t got,
    uint64_t want, struct err *e)
{
	if (got >= want || strncmp(args->source, "gopher://", 9) != 0)
		return false;
	err_set(e, ERR_STOPPED, "\"%s\" ended too early", path);
	args->cut = true;
	return true;
}

bool
source_can_peek(const struct sync_args *args)
{
	return !is_rsync(args);
}

enum source_end
source_peek(struct sync_args *args, const char *path,
    bool (*enough)(void *ctx, struct slice got), void *ctx, struct buf *out,
    struct err *e)
{
	struct bringing b = {
		.args = args, .out = out, .enough = enough, .ctx = ctx
	};

	args->cut = false;
	if (is_rsync(args))
		return get_rsync(args, path, out, e);
	if (strstr(args->source, "://"))
		return get_url(args, path, &b, e);
	return get_file(args, path, &b, e);
}

enum source_end
source_get(
    struct sync_args *args, const char *path, struct buf *out, struct err *e)
{
	return source_peek(args, path, NULL, NULL, out, e);
}
