/*
 * sync_source.c: the transports: Gemini, Gopher, a folder (a stick, or what
 * rsync brought).  All carry the same files; what they say is checked by
 * whoever asked.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/uri.h"
#include "sync/path.h"

#include "cmd/sync.h"

enum {
	RSYNC_IDLE_S = 60,
	RSYNC_CONNECT_S = 30,
	RSYNC_PARTIAL = 23, /* its exit codes: a source that is not there */
	RSYNC_GONE = 24,
	RSYNC_KILLED = 255,
};

struct bringing {
	struct buf *out;
	bool (*enough)(struct slice got);
	bool stopped;
};

static int
take(void *ctx, struct slice part)
{
	struct bringing *b = ctx;

	buf_add(b->out, part);
	if (buf_failed(b->out))
		return -1;
	b->stopped = b->enough && b->enough(buf_slice(b->out));
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

/* The folder itself, or the .sync folder in it. */
static enum source_end
get_file(
    struct sync_args *args, const char *path, struct buf *out, struct err *e)
{
	struct err mine = ERR_INIT;
	int root = open(args->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir;
	size_t before = out->len;
	size_t room = out->max - out->len - 1; /* io.h reads one byte more */
	int r;

	if (root < 0) {
		err_set(e, ERR_STOPPED, "open \"%s\": %s", args->source,
		    strerror(errno));
		return SOURCE_FAILED;
	}
	dir = openat(root, ".sync", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = io_read_below(dir >= 0 ? dir : root, path,
	    room < args->budget ? room : (size_t)args->budget, out, NULL,
	    &mine);
	if (dir >= 0)
		close(dir);
	close(root);
	if (r == 0) {
		spend(args, out->len - before);
		return SOURCE_GOT;
	}
	*e = mine;
	return mine.kind == ERR_MISSING ? SOURCE_ABSENT : SOURCE_FAILED;
}

/* --- rsync --------------------------------------------------------------- */

/* Runs rsync to bring `from` to the file `to`; its exit code, -1. */
static int
run_rsync(const struct sync_args *args, char *from, char *to, struct err *e)
{
	char timeout[32], contimeout[32], limit[32];
	char name[] = "rsync", quietly[] = "-q", partial[] = "--partial";
	char inplace[] = "--inplace";
	char *argv[] = { name, quietly, partial, inplace, timeout, limit,
		contimeout, from, to, NULL };
	posix_spawn_file_actions_t quiet;
	int status, idle_s = args->opts.idle_ms / 1000;
	pid_t pid;

	snprintf(timeout, sizeof(timeout), "--timeout=%d",
	    idle_s ? idle_s : RSYNC_IDLE_S);
	snprintf(limit, sizeof(limit), "--bwlimit=%llu",
	    (unsigned long long)(args->opts.bytes_per_s / 1024));
	snprintf(contimeout, sizeof(contimeout), "--contimeout=%d",
	    args->opts.connect_ms ? args->opts.connect_ms / 1000
				  : RSYNC_CONNECT_S);
	if (strncmp(from, "rsync://", 8) != 0) { /* a daemon's alone */
		argv[6] = from;
		argv[7] = to;
		argv[8] = NULL;
	}
	/* What it says is said again by its exit code. */
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(
	    &quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	status = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (status)
		return err_set(
		    e, ERR_SYSTEM, "run rsync: %s", strerror(status));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "wait", "rsync");
	return WIFEXITED(status) ? WEXITSTATUS(status) : RSYNC_KILLED;
}

static enum source_end
end_of_rsync(int code, const char *from, struct err *e)
{
	if (code == 0)
		return SOURCE_GOT;
	if (code < 0)
		return SOURCE_FAILED;
	if (code == RSYNC_PARTIAL || code == RSYNC_GONE) {
		err_set(e, ERR_MISSING, "rsync has no \"%s\"", from);
		return SOURCE_ABSENT;
	}
	err_set(e, ERR_STOPPED, "rsync of \"%s\" ended with %d", from, code);
	return SOURCE_FAILED;
}

/* Through a file in the mirror's own folder, where a cut one goes on. */
static enum source_end
get_rsync(
    struct sync_args *args, const char *path, struct buf *out, struct err *e)
{
	struct slice source = slice_cstr(args->source);
	char from[4096], to[4096], flat[SYNC_PATH_MAX + 64];
	size_t before = out->len;
	enum source_end end;
	int fd;

	while (source.len && source.ptr[source.len - 1] == '/')
		source.len--;
	snprintf(flat, sizeof(flat), "%s", path);
	for (char *p = flat; *p; p++)
		if (*p == '/')
			*p = '+';
	snprintf(from, sizeof(from), "%.*s/%s", SLICE_FMT(source), path);
	/* The first answer is asked for before anything is staged. */
	snprintf(to, sizeof(to), "%s/state/stage", args->dir);
	if (mkdir(to, 0777) < 0 && errno != EEXIST) {
		err_errno(e, "mkdir", to);
		return SOURCE_FAILED;
	}
	snprintf(to, sizeof(to), "%s/state/stage/rsync-%s", args->dir, flat);
	/* A head changes under its name: an old one is no start for it. */
	if (!strncmp(path, "since/", 6))
		(void)unlink(to);
	end = end_of_rsync(run_rsync(args, from, to, e), from, e);
	if (end != SOURCE_GOT)
		return end;
	if ((fd = open(to, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0) {
		err_errno(e, "open", to);
		return SOURCE_FAILED;
	}
	if (io_read_all(fd, to, out->max - out->len - 1, out, e) < 0)
		end = SOURCE_FAILED;
	close(fd);
	(void)unlink(to);
	spend(args, out->len - before);
	return end;
}

enum source_end
source_peek(struct sync_args *args, const char *path,
    bool (*enough)(struct slice got), struct buf *out, struct err *e)
{
	struct bringing b = { .out = out, .enough = enough };

	if (!strncmp(args->source, "rsync://", 8))
		return get_rsync(args, path, out, e);
	if (strstr(args->source, "://"))
		return get_url(args, path, &b, e);
	if (args->source[0] != '/' && strchr(args->source, ':'))
		return get_rsync(args, path, out, e); /* HOST:FOLDER, by ssh */
	return get_file(args, path, out, e);
}

enum source_end
source_get(
    struct sync_args *args, const char *path, struct buf *out, struct err *e)
{
	return source_peek(args, path, NULL, out, e);
}
