#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#include "cmd/owner.h"

/* Whether we are root and the folder, opened as `fd`, is another's. */
static bool
is_others(int fd, struct stat *st)
{
	return fd >= 0 && geteuid() == 0 && fstat(fd, st) == 0 && st->st_uid;
}

int
owner_become(const char *folder, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	struct stat st;

	if (is_others(fd, &st) &&
	    (setgroups(1, &st.st_gid) < 0 || setgid(st.st_gid) < 0 ||
		setuid(st.st_uid) < 0))
		r = err_errno(e, "become the owner of", folder);
	if (fd >= 0)
		close(fd);
	return r;
}

static int
give_file(int dir, const char *name, const struct stat *to)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), r = 0;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0)
		r = -1;
	else if (S_ISREG(st.st_mode) && !st.st_uid && st.st_nlink == 1)
		r = fchownat(fd, "", to->st_uid, to->st_gid, AT_EMPTY_PATH);
	close(fd);
	return r;
}

int
owner_give(const char *folder, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	const struct dirent *entry;
	struct stat st;
	DIR *d;

	if (!is_others(fd, &st)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (!(d = fdopendir(fd))) {
		close(fd);
		return err_errno(e, "read", folder);
	}
	while (r == 0 && (entry = readdir(d)))
		if (give_file(fd, entry->d_name, &st) < 0)
			r = err_errno(e, "change the owner of", entry->d_name);
	closedir(d);
	return r;
}
