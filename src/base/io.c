#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#include "base/io.h"

enum {
	STEP_BYTES = 64 * 1024
};

void
io_stamp_of(const struct stat *st, struct io_stamp *out)
{
	*out = (struct io_stamp){
		.size = (uint64_t)st->st_size,
		.inode = (uint64_t)st->st_ino,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 +
		    st->st_mtim.tv_nsec,
		.ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 +
		    st->st_ctim.tv_nsec,
	};
}

bool
io_stamp_eq(const struct io_stamp *a, const struct io_stamp *b)
{
	return a->size == b->size && a->inode == b->inode &&
	    a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static int
fail(struct err *e, const char *path, enum err_kind kind, const char *text)
{
	err_at(e, path, 0, 0, "%s", text);
	if (e)
		e->kind = kind;
	return -1;
}

static int
fail_errno(struct err *e, const char *path)
{
	int saved = errno;

	if (saved == ELOOP || saved == EMLINK)
		return fail(e, path, ERR_INVALID, "a symbolic link");
	if (saved == ENXIO)
		return fail(e, path, ERR_INVALID, "not a regular file");
	fail(e, path, ERR_SYSTEM, strerror(saved));
	if (e && (saved == ENOENT || saved == ENOTDIR))
		e->kind = ERR_MISSING;
	if (e)
		e->saved_errno = saved;
	return -1;
}

/* Each folder on the way is opened by itself: none may be a link. */
static int
walk_to(int dir_fd, const char *path, const char **name)
{
	char part[NAME_MAX + 1];
	const char *slash;
	int at = dir_fd;

	while ((slash = strchr(path, '/'))) {
		size_t len = (size_t)(slash - path);
		int next = -1;

		errno = EINVAL;
		if (len && len <= NAME_MAX &&
		    !(len == 2 && !memcmp(path, "..", 2))) {
			memcpy(part, path, len);
			part[len] = '\0';
			next = openat(at, part,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		if (at != dir_fd)
			close(at);
		if (next < 0)
			return -1;
		at = next;
		path = slash + 1;
	}
	if (!*path || !strcmp(path, "..")) {
		if (at != dir_fd)
			close(at);
		errno = EINVAL;
		return -1;
	}
	*name = path;
	return at;
}

int
io_open_below(int dir_fd, const char *path, struct stat *st, struct err *e)
{
	const char *name = path;
	int at = walk_to(dir_fd, path, &name), fd;

	if (at < 0)
		return fail_errno(e, path);
	fd = openat(at, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		fail_errno(e, path);
	} else if (fstat(fd, st) < 0) {
		fail_errno(e, path);
		close(fd);
		fd = -1;
	} else if (!S_ISREG(st->st_mode)) {
		close(fd);
		fd = fail(e, path, ERR_INVALID, "not a regular file");
	}
	if (at != dir_fd)
		close(at);
	return fd;
}

int
io_read_all(
    int fd, const char *name, size_t max_bytes, struct buf *out, struct err *e)
{
	size_t start = out->len;
	struct stat st;

	/* One byte more: the read that finds the end needs room too. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uintmax_t)st.st_size <= max_bytes &&
	    buf_reserve(out, (size_t)st.st_size + 1) < 0)
		return err_memory(e);
	for (;;) {
		size_t room = max_bytes - (out->len - start) + 1;
		size_t step = out->cap - out->len;
		ssize_t n;

		if (!step)
			step = STEP_BYTES;
		if (room > step)
			room = step;
		if (buf_reserve(out, room) < 0)
			return err_memory(e);
		n = read(fd, out->ptr + out->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(e, name);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len - start > max_bytes) {
			err_at(
			    e, name, 0, 0, "larger than %zu bytes", max_bytes);
			if (e)
				e->kind = ERR_LIMIT;
			return -1;
		}
	}
}

int
io_read_below(int dir_fd, const char *path, size_t max_bytes, struct buf *out,
    struct io_stamp *stamp, struct err *e)
{
	struct io_stamp before, after;
	struct stat st = { 0 };
	size_t start = out->len;
	int fd = io_open_below(dir_fd, path, &st, e), rc = -1;

	if (fd < 0)
		return -1;
	io_stamp_of(&st, &before);
	if (io_read_all(fd, path, max_bytes, out, e) < 0)
		goto out;
	if (fstat(fd, &st) < 0) {
		fail_errno(e, path);
		goto out;
	}
	io_stamp_of(&st, &after);
	if (!io_stamp_eq(&before, &after) || out->len - start != after.size) {
		fail(e, path, ERR_CONFLICT, "changed while it was read");
		goto out;
	}
	if (stamp)
		*stamp = after;
	rc = 0;
out:
	close(fd);
	return rc;
}

int
io_write_all(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

int
io_write_file(int dir_fd, const char *path, struct slice bytes, mode_t mode,
    struct err *e)
{
	char tmp[PATH_MAX];
	int n = snprintf(tmp, sizeof(tmp), "%s.%ld.tmp", path, (long)getpid());
	int fd, bad;

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return fail(e, path, ERR_LIMIT, "the path is too long");
	fd = openat(dir_fd, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return fail_errno(e, tmp);
	bad = io_write_all(fd, bytes) < 0 || fsync(fd) < 0;
	if (bad)
		fail_errno(e, path);
	if (close(fd) < 0 && !bad) {
		fail_errno(e, path);
		bad = 1;
	}
	if (!bad && renameat(dir_fd, tmp, dir_fd, path) < 0) {
		fail_errno(e, path);
		bad = 1;
	}
	if (bad)
		unlinkat(dir_fd, tmp, 0);
	return bad ? -1 : 0;
}
