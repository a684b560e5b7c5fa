#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "site/tree.h"

#include "site/watch.h"

enum {
	QUIET_MS = 100, /* without an event: a save is over */
	BUSY_MS = 2000, /* a tree that is never quiet is published anyway */
	EVENTS = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
	    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
	    IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK,
};

struct watch {
	char *content;
	int events, signals; /* descriptors */
	int root;            /* watch of the folder itself */
	bool is_gone;        /* the folder itself */
	bool new_folders;    /* that are not watched yet, perhaps */
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Watches every folder that there is; those it had are only found again. */
static int
add_folders(struct watch *w, struct err *e)
{
	char *roots[] = { w->content, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *at;
	int rc = walk ? 0 : err_errno(e, "open folder", w->content);

	w->new_folders = false;
	while (!rc && walk && (at = fts_read(walk))) {
		int id;

		if (at->fts_info != FTS_D)
			continue;
		if (at->fts_level > 0 && tree_passes_over(at->fts_name)) {
			fts_set(walk, at, FTS_SKIP);
			continue;
		}
		id = inotify_add_watch(w->events, at->fts_accpath, EVENTS);
		if (at->fts_level == 0)
			w->root = id;
		/* A folder that went meanwhile tells by its parent. */
		if (id < 0 && (at->fts_level == 0 || errno == ENOSPC))
			rc = err_errno(e, "watch", at->fts_path);
	}
	if (walk)
		fts_close(walk);
	return rc;
}

static int
block_signals(struct watch *w, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    (w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_errno(e, "signalfd", "SIGTERM");
	return 0;
}

struct watch *
watch_new(const char *content, struct err *e)
{
	struct watch *w = mem_calloc(1, sizeof(*w));

	if (!w || !(w->content = mem_strndup(content, strlen(content)))) {
		err_memory(e);
		mem_free(w);
		return NULL;
	}
	w->signals = -1;
	w->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->events < 0)
		err_errno(e, "inotify_init", content);
	else if (block_signals(w, e) == 0 && add_folders(w, e) == 0)
		return w;
	watch_free(w);
	return NULL;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	if (w->events >= 0)
		close(w->events);
	if (w->signals >= 0)
		close(w->signals);
	mem_free(w->content);
	mem_free(w);
}

/* Whether an event is one of the tree that is published. */
static bool
take_event(struct watch *w, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW) {
		w->new_folders = true;
		return true;
	}
	if (ev->wd == w->root && ev->mask & (IN_DELETE_SELF | IN_MOVE_SELF)) {
		w->is_gone = true;
		return true;
	}
	if (ev->mask & IN_IGNORED || !ev->len || tree_passes_over(ev->name))
		return false;
	if (ev->mask & IN_ISDIR && ev->mask & (IN_CREATE | IN_MOVED_TO))
		w->new_folders = true;
	/* A file that is only made is not yet written. */
	return ev->mask & IN_ISDIR || !(ev->mask & IN_CREATE);
}

/* Takes all that has come; whether any of it counts. */
static bool
take_events(struct watch *w)
{
	char bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	bool counts = false;
	ssize_t n;

	while ((n = read(w->events, bytes, sizeof(bytes))) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			const struct inotify_event *ev =
			    (const struct inotify_event *)(void *)(bytes + at);

			counts |= take_event(w, ev);
			at += sizeof(*ev) + ev->len;
		}
	}
	return counts;
}

/* 1: events, 0: none in time, -1: a signal. */
static int
wait_for_events(struct watch *w, int max_ms)
{
	struct pollfd fds[] = { { .fd = w->signals, .events = POLLIN },
		{ .fd = w->events, .events = POLLIN } };
	int n;

	do {
		n = poll(fds, 2, max_ms);
	} while (n < 0 && errno == EINTR);
	if (n > 0 && fds[0].revents)
		return -1;
	return n > 0;
}

/* Until nothing happens any more. */
static int
wait_for_quiet(struct watch *w)
{
	int64_t end = now_ms() + BUSY_MS;
	int n = 1;

	while (n > 0 && now_ms() < end && !w->is_gone) {
		n = wait_for_events(w, QUIET_MS);
		if (n > 0)
			take_events(w);
	}
	return n < 0 ? -1 : 0;
}

enum watch_event
watch_wait(struct watch *w, int max_ms, struct err *e)
{
	int64_t end = now_ms() + max_ms;
	bool changed = false;

	while (!changed) {
		int64_t left = max_ms < 0 ? -1 : end - now_ms();
		int n;

		n = wait_for_events(w,
		    max_ms < 0     ? -1
			: left > 0 ? (int)left
				   : 0);
		if (n < 0)
			return WATCH_STOPPED;
		if (n == 0)
			return WATCH_TIME;
		changed = take_events(w);
	}
	if (wait_for_quiet(w) < 0)
		return WATCH_STOPPED;
	if (w->is_gone) {
		err_set(
		    e, ERR_MISSING, "the folder \"%s\" is gone", w->content);
		return WATCH_FAILED;
	}
	if (w->new_folders && add_folders(w, e) < 0)
		return WATCH_FAILED;
	return WATCH_CHANGED;
}
