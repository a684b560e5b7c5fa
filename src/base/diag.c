#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#include "base/diag.h"

static void
diag_send(struct diag *d, const struct diag_item *item)
{
	if (item->level == DIAG_NOTE)
		d->notes++;
	else if (item->level == DIAG_WARNING)
		d->warnings++;
	else
		d->errors++;
	if (d->sink)
		d->sink(d->ctx, item);
}

/* NOLINTNEXTLINE(readability-function-size): a position is three of them */
void
diag_at(struct diag *d, enum diag_level level, const char *file, unsigned line,
    unsigned column, const char *fmt, ...)
{
	char raw[512], text[512], name[512];
	va_list ap;

	if (!d)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	err_escape(text, sizeof(text), raw, strlen(raw));
	if (file)
		err_escape(name, sizeof(name), file, strlen(file));
	diag_send(d,
	    &(struct diag_item){
		level, file ? name : NULL, line, column, text, d->code });
}

void
diag_err(struct diag *d, enum diag_level level, const struct err *e)
{
	if (!d)
		return;
	diag_send(d,
	    &(struct diag_item){ level, e->file[0] ? e->file : NULL, e->line,
		e->column, e->text, e->code ? e->code : d->code });
}
