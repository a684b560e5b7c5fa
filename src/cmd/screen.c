#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"

#include "cmd/cmd.h"
#include "cmd/screen.h"

enum {
	PROGRESS_NS = 100 * 1000 * 1000,
};

void
screen_init(struct screen *s, const char *command)
{
	*s = (struct screen){ .command = command,
		.is_terminal = isatty(STDERR_FILENO) };
}

void
screen_clear(struct screen *s)
{
	if (s->has_line)
		fprintf(stderr, "\r\033[K");
	s->has_line = false;
}

/* The content folder as the caller gave it: an editor can open what follows. */
static void
show_folder(const struct screen *s)
{
	size_t len = s->folder ? strlen(s->folder) : 0;

	while (len && s->folder[len - 1] == '/')
		len--;
	if (s->folder && strcmp(s->folder, ".") != 0)
		fprintf(stderr, "%.*s/", (int)len, s->folder);
}

void
screen_show(void *ctx, const struct diag_item *item)
{
	static const char *const names[] = { "note: ", "warning: ", "" };
	struct screen *s = ctx;

	if (item->level == DIAG_NOTE && !s->is_verbose)
		return;
	screen_clear(s);
	if (item->file)
		show_folder(s);
	if (item->file && item->line && item->column)
		fprintf(
		    stderr, "%s:%u:%u: ", item->file, item->line, item->column);
	else if (item->file && item->line)
		fprintf(stderr, "%s:%u: ", item->file, item->line);
	else if (item->file)
		fprintf(stderr, "%s: ", item->file);
	fprintf(stderr, "%s%s\n", names[item->level], item->text);
}

void
screen_progress(void *ctx, const char *what, size_t done)
{
	struct screen *s = ctx;
	struct timespec now;

	if (!s->is_terminal || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return;
	if (s->has_line &&
	    (now.tv_sec - s->last.tv_sec) * 1000000000 + now.tv_nsec -
		    s->last.tv_nsec <
		PROGRESS_NS)
		return;
	s->last = now;
	s->has_line = true;
	fprintf(stderr, "\r\033[K%s %zu", what, done);
}

int
screen_fail(struct screen *s, const struct err *e)
{
	struct buf text;

	buf_init(&text, 4096);
	err_format(&text, e);
	screen_clear(s);
	if (e->file[0])
		show_folder(s);
	if (buf_cstr(&text))
		fprintf(stderr, "%s\n", text.ptr);
	else
		fprintf(stderr, "qasid %s: out of memory\n", s->command);
	buf_release(&text);
	return CMD_FAILED;
}
