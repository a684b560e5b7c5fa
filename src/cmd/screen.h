/*
 * screen.h: what a command that works on a folder tells, on stderr: messages,
 * and on a terminal how far it is, in a last line that gives way to them.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct diag_item;
struct err;

struct screen {
	const char *command; /* for messages of its own */
	const char *folder;  /* that names of files are below; NULL: none */
	bool is_terminal, is_verbose, has_line;
	struct timespec last;
};

/* Of the command `command`, without a folder; the name must outlive it. */
void screen_init(struct screen *s, const char *command);

/* For diag.sink, `ctx` being the screen; notes only where it is verbose. */
void screen_show(void *ctx, const struct diag_item *item);
/* For site_opts.progress, likewise. */
void screen_progress(void *ctx, const char *what, size_t done);
/* Takes the last line away. */
void screen_clear(struct screen *s);
/* Says `e`; the exit status for it. */
int screen_fail(struct screen *s, const struct err *e);

#endif
