/*
 * watch.h: waits until a content tree has changed, by inotify.
 *
 * Whatever happens to a file (saved, renamed over as editors do, moved,
 * deleted) or folder in the tree counts as a change; what the publisher passes
 * over (names with a dot in front, backups) does not.  A change is reported
 * once the tree has been quiet for a moment, so that a checkout is one change.
 * What happens while nobody waits is not lost.
 *
 * SIGINT and SIGTERM are blocked from watch_new() on and end a wait.
 */
#ifndef SITE_WATCH_H
#define SITE_WATCH_H

struct err;
struct watch;

enum watch_event {
	WATCH_CHANGED,
	WATCH_TIME,    /* nothing for as long as was asked */
	WATCH_STOPPED, /* by a signal */
	WATCH_FAILED,
};

/* Watches the folder `content`; NULL and *e on failure. */
struct watch *watch_new(const char *content, struct err *e);
void watch_free(struct watch *w);

/*
 * Waits for a change, at most `max_ms` (-1: for ever).  WATCH_FAILED and *e
 * when the folder itself is gone.
 */
enum watch_event watch_wait(struct watch *w, int max_ms, struct err *e);

#endif
