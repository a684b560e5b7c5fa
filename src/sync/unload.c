#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"

#include "sync/unload.h"

static const char temp_name[] = "part";

struct unload {
	int obj_fd, fd; /* fd: of the content under way, or -1 */
	struct sync_file *const *files;
	size_t count, at;
	uint64_t left; /* bytes of the content under way */
	struct hash_state *hash;
};

/* Opens the file for content number `at`. */
static int
open_next(struct unload *u, struct err *e)
{
	(void)unlinkat(u->obj_fd, temp_name, 0);
	u->fd = openat(u->obj_fd, temp_name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (u->fd < 0)
		return err_errno(e, "open", "stage/obj/part");
	u->left = u->files[u->at]->size;
	return 0;
}

/* The content under way is whole: under its hash with it. */
static int
close_this(struct unload *u, struct err *e)
{
	struct sync_file *f = u->files[u->at];
	char hex[HASH_HEX_BYTES + 1];
	int fd = u->fd;

	u->fd = -1;
	if (close(fd) < 0)
		return err_errno(e, "close", "stage/obj/part");
	if (hash_end(u->hash, &f->hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	hash_hex(&f->hash, hex);
	if (renameat(u->obj_fd, temp_name, u->obj_fd, hex) < 0)
		return err_errno(e, "rename", "stage/obj/part");
	u->at++;
	return 0;
}

/* Empty contents need no bytes to be whole. */
static int
settle(struct unload *u, struct err *e)
{
	while (u->fd >= 0 && u->left == 0) {
		if (close_this(u, e) < 0 ||
		    (u->at < u->count && open_next(u, e) < 0))
			return -1;
	}
	return 0;
}

struct unload *
unload_new(
    int obj_fd, struct sync_file *const *files, size_t count, struct err *e)
{
	struct unload *u = mem_calloc(1, sizeof(*u));

	if (!u || !(u->hash = hash_new())) {
		mem_free(u);
		err_memory(e);
		return NULL;
	}
	u->obj_fd = obj_fd;
	u->fd = -1;
	u->files = files;
	u->count = count;
	if ((count && open_next(u, e) < 0) || settle(u, e) < 0) {
		unload_free(u);
		return NULL;
	}
	return u;
}

void
unload_free(struct unload *u)
{
	if (!u)
		return;
	if (u->fd >= 0)
		close(u->fd);
	hash_free(u->hash);
	mem_free(u);
}

int
unload_add(struct unload *u, struct slice part, struct err *e)
{
	while (part.len) {
		struct slice now = slice_upto(
		    part, u->left < part.len ? (size_t)u->left : part.len);

		if (u->fd < 0)
			return err_set(
			    e, ERR_SYNTAX, "more contents than announced");
		if (io_write_all(u->fd, now) < 0)
			return err_errno(e, "write", "stage/obj/part");
		hash_add(u->hash, now);
		u->left -= now.len;
		part = slice_from(part, now.len);
		if (settle(u, e) < 0)
			return -1;
	}
	return 0;
}

int
unload_end(struct unload *u, struct err *e)
{
	if (u->at < u->count)
		return err_set(e, ERR_SYNTAX, "fewer contents than announced");
	return 0;
}
