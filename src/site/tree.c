#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

#include "site/tree.h"

/* A folder that waits to be read. */
struct folder {
	struct folder *next;
	const char *path;
};

struct walk {
	struct tree *tree;
	struct folder *waiting;
	struct diag *diag;
	struct err *err;
};

void
tree_init(struct tree *t)
{
	*t = (struct tree){ .count = 0 };
	arena_init(&t->arena, (size_t)1 << 32);
}

void
tree_release(struct tree *t)
{
	mem_free(t->files);
	arena_release(&t->arena);
	*t = (struct tree){ .count = 0 };
}

static int
add_file(struct tree *t, const char *path, size_t len, const struct stat *st)
{
	struct tree_file *f;

	if (t->count == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256, bytes;
		struct tree_file *all;

		if (!mem_mul(cap, sizeof(*all), &bytes) ||
		    !(all = mem_realloc(t->files, bytes)))
			return -1;
		t->files = all;
		t->cap = cap;
	}
	f = &t->files[t->count++];
	f->path = slice_make(path, len);
	io_stamp_of(st, &f->stamp);
	return 0;
}

bool
tree_passes_over(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' || name[len - 1] == '~' ||
	    (name[0] == '#' && name[len - 1] == '#');
}

/* What is wrong with the last component of a path, for a mirror or address. */
static const char *
name_fault(const char *name, size_t path_len)
{
	struct slice s = slice_cstr(name);

	if (path_len > TREE_PATH_MAX)
		return "its path is longer than 500 bytes";
	if (!utf8_valid(s))
		return "its name is not UTF-8";
	if (name[0] == '-' || name[0] == ' ' || name[s.len - 1] == ' ')
		return "its name begins with a hyphen or a blank, or ends "
		       "with one";
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ||
		    s.ptr[i] == '\\')
			return "its name holds a control character or \\";
	return NULL;
}

static const char *
type_fault(mode_t mode)
{
	if (S_ISLNK(mode))
		return "a symbolic link; put the file itself there";
	if (S_ISFIFO(mode))
		return "a FIFO, not a file";
	return "not a regular file";
}

static int
add_entry(struct walk *w, int dir_fd, struct slice dir, const char *name)
{
	char *path = arena_join(&w->tree->arena, dir, slice_cstr(name));
	size_t len = path ? strlen(path) : 0;
	const char *fault = path ? name_fault(name, len) : NULL;
	struct stat st;

	if (!path)
		return err_memory(w->err);
	if (fault) {
		diag_at(w->diag, DIAG_ERROR, path, 0, 0, "%s", fault);
		return 0;
	}
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		diag_at(w->diag, DIAG_ERROR, path, 0, 0, "%s", strerror(errno));
		return 0;
	}
	if (S_ISDIR(st.st_mode)) {
		struct folder *f = arena_alloc(&w->tree->arena, sizeof(*f));

		if (!f)
			return err_memory(w->err);
		*f = (struct folder){ w->waiting, path };
		w->waiting = f;
		return 0;
	}
	if (!S_ISREG(st.st_mode)) {
		diag_at(w->diag, DIAG_ERROR, path, 0, 0, "%s",
		    type_fault(st.st_mode));
		return 0;
	}
	if (add_file(w->tree, path, len, &st) < 0)
		return err_memory(w->err);
	return 0;
}

/* The folder's descriptor; no part of the way may be a link. */
static int
open_folder(int content_fd, const char *path)
{
	int at = content_fd;

	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");
		char name[TREE_PATH_MAX + 1];
		int next;

		memcpy(name, part, len);
		name[len] = '\0';
		next = openat(
		    at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != content_fd)
			close(at);
		if (next < 0)
			return -1;
		at = next;
		part += len + (part[len] == '/');
	}
	return at;
}

static int
read_folder(struct walk *w, int content_fd, const char *path, bool top)
{
	int fd = open_folder(content_fd, path), rc = 0;
	const char *prefix =
	    arena_join(&w->tree->arena, slice_cstr(path), SLICE_LIT("/"));
	struct dirent *entry;
	DIR *dir;

	if (fd < 0 && top && errno == ENOENT)
		return 0;
	if (fd < 0 || !(dir = fdopendir(fd))) {
		diag_at(w->diag, DIAG_ERROR, path, 0, 0, "%s",
		    errno == ELOOP || errno == ENOTDIR
			? "not a folder, or a symbolic link"
			: strerror(errno));
		if (fd >= 0)
			close(fd);
		return 0;
	}
	for (errno = 0; !rc && (entry = readdir(dir)); errno = 0)
		if (!tree_passes_over(entry->d_name))
			rc = prefix ? add_entry(w, dirfd(dir),
					  slice_cstr(prefix), entry->d_name)
				    : err_memory(w->err);
	if (!rc && errno)
		diag_at(w->diag, DIAG_ERROR, path, 0, 0, "%s", strerror(errno));
	closedir(dir);
	return rc;
}

int
tree_scan(struct tree *t, int content_fd, const char *name, struct diag *d,
    struct err *e)
{
	struct walk w = { .tree = t, .diag = d, .err = e };

	if (read_folder(&w, content_fd, name, true) < 0)
		return -1;
	while (w.waiting) {
		struct folder *f = w.waiting;

		w.waiting = f->next;
		if (read_folder(&w, content_fd, f->path, false) < 0)
			return -1;
	}
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct tree_file *x = a, *y = b;

	return slice_cmp(x->path, y->path);
}

void
tree_sort(struct tree *t)
{
	if (t->count)
		qsort(t->files, t->count, sizeof(*t->files), by_path);
}
