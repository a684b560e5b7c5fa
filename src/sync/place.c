#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "sync/path.h"

#include "sync/place.h"

enum {
	DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
	READ_BYTES = 65536,
	DEPTH_MAX = 256, /* folders in one another: half of SYNC_PATH_MAX */
};

int
place_dir(int dir_fd, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "mkdir", name);
	fd = openat(dir_fd, name, DIR_FLAGS);
	return fd < 0 ? err_errno(e, "open", name) : fd;
}

int
place_parent(
    int root_fd, const char *path, bool make, const char **name, struct err *e)
{
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	char part[SYNC_NAME_MAX + 1];
	const char *slash;

	if (fd < 0)
		return err_errno(e, "dup", path);
	for (; (slash = strchr(path, '/')); path = slash + 1) {
		size_t len = (size_t)(slash - path);
		int next;

		if (!len || len > SYNC_NAME_MAX || path[0] == '.') {
			close(fd);
			return err_set(
			    e, ERR_INVALID, "no path of ours: \"%s\"", path);
		}
		memcpy(part, path, len);
		part[len] = '\0';
		if (make && mkdirat(fd, part, 0755) < 0 && errno != EEXIST) {
			close(fd);
			return err_errno(e, "mkdir", part);
		}
		next = openat(fd, part, DIR_FLAGS);
		close(fd);
		if (next < 0) {
			err_errno(e, "open", part);
			if (e && !make && (errno == ENOENT || errno == ENOTDIR))
				e->kind = ERR_MISSING;
			return -1;
		}
		fd = next;
	}
	*name = path;
	return fd;
}

/* The folder that holds `path`, shortened in place; false at the top. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

int
place_remove(int root_fd, const char *path, struct err *e)
{
	char folder[SYNC_PATH_MAX + 1];
	struct err mine = ERR_INIT;
	const char *name = "";
	bool missing;
	int fd, r;

	if ((size_t)snprintf(folder, sizeof(folder), "%s", path) >=
	    sizeof(folder))
		return err_set(e, ERR_INVALID, "\"%s\" is too long", path);
	if ((fd = place_parent(root_fd, path, false, &name, &mine)) >= 0) {
		r = unlinkat(fd, name, 0);
		if (r < 0 && errno != ENOENT && errno != EISDIR) {
			err_errno(e, "unlink", path);
			close(fd);
			return -1;
		}
		close(fd);
	} else if (mine.kind != ERR_MISSING) {
		if (e)
			*e = mine;
		return -1;
	}
	/* Also where the file is gone: a run that was killed left them. */
	while (go_up(folder)) {
		fd = place_parent(root_fd, folder, false, &name, NULL);
		if (fd < 0)
			continue;
		r = unlinkat(fd, name, AT_REMOVEDIR);
		missing = r < 0 && errno == ENOENT;
		close(fd);
		if (r < 0 && !missing)
			break;
	}
	return 0;
}

int
place_hash(int root_fd, const char *path, struct hash *hash, uint64_t *size,
    struct err *e)
{
	struct hash_state *state;
	struct stat st;
	char *room = NULL;
	ssize_t n = -1;
	int fd, r = -1;

	if ((fd = io_open_below(root_fd, path, &st, e)) < 0)
		return -1;
	*size = 0;
	state = hash_new();
	if (!state || !(room = mem_alloc(READ_BYTES))) {
		err_memory(e);
		goto out;
	}
	while ((n = read(fd, room, READ_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_errno(e, "read", path);
			goto out;
		}
		hash_add(state, slice_make(room, (size_t)n));
		*size += (uint64_t)n;
	}
	r = hash_end(state, hash);
out:
	mem_free(room);
	hash_free(state);
	close(fd);
	return r;
}

int
place_read(int root_fd, const char *path, size_t max_bytes, struct buf *out,
    struct err *e)
{
	struct err mine = ERR_INIT;
	size_t room = out->max - out->len - 1; /* io.h reads one byte more */

	if (io_read_below(root_fd, path, room < max_bytes ? room : max_bytes,
		out, NULL, &mine) == 0 ||
	    mine.kind == ERR_MISSING)
		return 0;
	if (e)
		*e = mine;
	return -1;
}

/* --- walking ------------------------------------------------------------- */

/* The folders that are open, one below the other, and the path so far. */
struct walk {
	DIR *open[DEPTH_MAX];
	size_t lens[DEPTH_MAX];
	int depth;
	char path[4096];
	size_t len;
};

static int
enter(struct walk *w, int dir_fd, const char *name, struct err *e)
{
	int fd = openat(dir_fd, name, DIR_FLAGS);
	DIR *d;

	if (fd < 0)
		return err_errno(e, "open", w->path);
	if (w->depth == DEPTH_MAX) {
		close(fd);
		return err_set(e, ERR_LIMIT, "\"%s\" is too deep", w->path);
	}
	if (!(d = fdopendir(fd))) {
		close(fd);
		return err_errno(e, "open", w->path);
	}
	w->lens[w->depth] = w->len;
	w->open[w->depth++] = d;
	return 0;
}

/* Appends "/name" (or "name" at the top) to the path. */
static int
extend(struct walk *w, const char *name, struct err *e)
{
	int n = snprintf(w->path + w->len, sizeof(w->path) - w->len, "%s%s",
	    w->len ? "/" : "", name);

	if (n < 0 || (size_t)n >= sizeof(w->path) - w->len)
		return err_set(e, ERR_LIMIT, "\"%s\" is too long", w->path);
	w->len += (size_t)n;
	return 0;
}

static bool
is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * One entry of the deepest folder: 1 for a file (its path in w->path), 0 when
 * a folder was entered or left, -1 and *e.
 */
static int
step(struct walk *w, bool *regular, struct err *e)
{
	DIR *d = w->open[w->depth - 1];
	struct dirent *entry;
	struct stat st;

	w->len = w->lens[w->depth - 1];
	w->path[w->len] = '\0';
	errno = 0;
	if (!(entry = readdir(d))) {
		if (errno)
			return err_errno(e, "read", w->path);
		closedir(d);
		w->depth--;
		return 0;
	}
	if (is_dots(entry->d_name))
		return 0;
	if (extend(w, entry->d_name, e) < 0)
		return -1;
	if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, "stat", w->path);
	if (S_ISDIR(st.st_mode))
		return enter(w, dirfd(d), entry->d_name, e);
	*regular = S_ISREG(st.st_mode);
	return 1;
}

int
place_walk(int root_fd,
    int (*each)(void *ctx, const char *path, bool regular, struct err *e),
    void *ctx, struct err *e)
{
	struct walk *w = mem_calloc(1, sizeof(*w));
	bool regular = false;
	int r;

	if (!w)
		return err_memory(e);
	r = enter(w, root_fd, ".", e);
	while (r >= 0 && w->depth) {
		r = step(w, &regular, e);
		if (r > 0)
			r = each(ctx, w->path, regular, e);
	}
	while (w->depth)
		closedir(w->open[--w->depth]);
	mem_free(w);
	return r < 0 ? -1 : 0;
}

/* Unlinks below the folder `ctx` points at. */
static int
unlink_one(void *ctx, const char *path, bool regular, struct err *e)
{
	(void)regular;
	return unlinkat(*(int *)ctx, path, 0) < 0 ? err_errno(e, "unlink", path)
						  : 0;
}

/* Removes empty folders below `fd`, deepest first, by trying again. */
static int
remove_folders(int fd, struct err *e)
{
	struct walk *w = mem_calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_memory(e);
	r = enter(w, fd, ".", e);
	while (r >= 0 && w->depth) {
		DIR *d = w->open[w->depth - 1];
		struct dirent *entry;

		w->len = w->lens[w->depth - 1];
		w->path[w->len] = '\0';
		if ((entry = readdir(d))) {
			if (!is_dots(entry->d_name) &&
			    (r = extend(w, entry->d_name, e)) == 0)
				r = enter(w, dirfd(d), entry->d_name, e);
			continue;
		}
		closedir(d);
		w->depth--;
		if (w->depth && unlinkat(fd, w->path, AT_REMOVEDIR) < 0)
			r = err_errno(e, "rmdir", w->path);
	}
	while (w->depth)
		closedir(w->open[--w->depth]);
	mem_free(w);
	return r < 0 ? -1 : 0;
}

int
place_remove_all(int dir_fd, const char *name, struct err *e)
{
	int fd = openat(dir_fd, name, DIR_FLAGS), r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "open", name);
	r = place_walk(fd, unlink_one, &fd, e);
	if (r == 0)
		r = remove_folders(fd, e);
	close(fd);
	if (r == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		r = err_errno(e, "rmdir", name);
	return r;
}
