#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#include "server/log.h"

/* One write a line: lines of several processes do not mix. */
static void
put(const char *line, size_t len)
{
	ssize_t n = write(STDERR_FILENO, line, len);

	(void)n; /* there is nobody left to tell */
}

void
log_say(const char *fmt, ...)
{
	char line[1024];
	int used = snprintf(line, sizeof(line), "qasid: ");
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + used, sizeof(line) - 1 - (size_t)used, fmt, ap);
	va_end(ap);
	used += n < 0 ? 0 : n;
	if ((size_t)used > sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	put(line, (size_t)used);
}

void
log_err(const char *what, const struct err *e)
{
	struct buf text;
	const char *s;

	buf_init(&text, 4096);
	err_format(&text, e);
	s = buf_cstr(&text);
	log_say("%s%s%s", what ? what : "", what ? ": " : "",
	    s ? s : "out of memory");
	buf_release(&text);
}

void
log_access(const struct conn_event *event)
{
	char line[CONN_KEY_MAX * 4 + 128], path[CONN_KEY_MAX * 4 + 1];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (!event->status || !gmtime_r(&now, &tm))
		return;
	err_escape(path, sizeof(path), event->key.ptr, event->key.len);
	n = snprintf(line, sizeof(line),
	    "%04d-%02d-%02dT%02d:%02dZ %s %d %s %llu %llu\n", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    event->protocol == CONN_GEMINI ? "gemini" : "gopher", event->status,
	    *path ? path : "-", (unsigned long long)event->bytes,
	    (unsigned long long)event->ms);
	if (n > 0)
		put(line,
		    (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
