#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store.h"

#include "server/look.h"

enum {
	PATIENCE_S = 10,
};

/* From the child: less than a pipe takes in one piece. */
struct told {
	int rc;
	struct look look;
	struct err err;
};

static int
read_store(const char *store, struct look *out, struct err *e)
{
	struct store_reader *r = store_reader_open(store, e);
	struct store_view *v = r ? store_reader_view(r) : NULL;

	if (v) {
		out->edition = store_view_edition(v);
		out->time_s = store_view_time(v);
		store_view_drop(v);
	} else if (r) {
		err_set(e, ERR_SYSTEM,
		    "store \"%s\": no reader's place is free, or it is damaged",
		    store);
	}
	store_reader_close(r);
	return v ? 0 : -1;
}

static void
look_in_child(const char *store, int to)
{
	struct told told = { .err = ERR_INIT };

	signal(SIGBUS, SIG_DFL);
	alarm(PATIENCE_S);
	told.rc = read_store(store, &told.look, &told.err);
	_exit(write(to, &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 1);
}

int
look_into(const char *store, struct look *out, struct err *e)
{
	struct told told;
	int ends[2];
	ssize_t n;
	pid_t pid;

	*out = (struct look){ .edition = 0 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(e, "pipe", store);
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_errno(e, "fork", store);
	}
	if (!pid)
		look_in_child(store, ends[1]);
	close(ends[1]);
	do
		n = read(ends[0], &told, sizeof(told));
	while (n < 0 && errno == EINTR);
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(told))
		return err_set(e, ERR_CORRUPT,
		    "store \"%s\" is damaged: remove the folder and build "
		    "again",
		    store);
	*out = told.look;
	if (told.rc < 0 && e)
		*e = told.err;
	return told.rc;
}

void
look_at(const char *store, struct look_file *out)
{
	char path[PATH_MAX];
	struct stat st;

	*out = (struct look_file){ .is_there = false };
	if (snprintf(path, sizeof(path), "%s/data.mdb", store) >=
		(int)sizeof(path) ||
	    stat(path, &st) < 0)
		return;
	*out = (struct look_file){ .is_there = true,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
		    st.st_mtim.tv_nsec };
}
