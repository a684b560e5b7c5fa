#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#include "base/err.h"

/* Visible text: no C0, DEL, C1, nor the bidi controls that turn lines. */
static int
is_printable(uint32_t cp)
{
	return cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0) && cp != 0x2028 &&
	    cp != 0x2029 && !(cp >= 0x202a && cp <= 0x202e) &&
	    !(cp >= 0x2066 && cp <= 0x2069);
}

void
err_escape(char *dst, size_t cap, const char *s, size_t len)
{
	size_t at = 0, used = 0;

	if (!cap)
		return;
	while (at < len) {
		uint32_t cp;
		size_t n = utf8_decode(s + at, len - at, &cp);

		if (n && is_printable(cp)) {
			if (used + n >= cap)
				break;
			memcpy(dst + used, s + at, n);
			used += n;
			at += n;
		} else {
			if (used + 4 >= cap)
				break;
			snprintf(dst + used, cap - used, "\\x%02x",
			    (unsigned char)s[at]);
			used += 4;
			at++;
		}
	}
	dst[used] = '\0';
}

static void __attribute__((format(printf, 2, 0)))
set_text(struct err *e, const char *fmt, va_list ap)
{
	char raw[sizeof(e->text)];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	err_escape(e->text, sizeof(e->text), raw, strlen(raw));
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	*e = (struct err){ .kind = kind };
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_at(struct err *e, const char *file, unsigned line, unsigned column,
    const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	*e = (struct err){ .kind = ERR_SYNTAX, .line = line, .column = column };
	if (file)
		err_escape(e->file, sizeof(e->file), file, strlen(file));
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_errno(struct err *e, const char *call, const char *object)
{
	int saved = errno;

	err_set(e, ERR_SYSTEM, "%s \"%s\": %s", call, object, strerror(saved));
	if (e)
		e->saved_errno = saved;
	return -1;
}

int
err_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, "out of memory");
}

void
err_format(struct buf *out, const struct err *e)
{
	if (e->file[0]) {
		buf_addf(out, "%s:", e->file);
		if (e->line)
			buf_addf(out, "%u:", e->line);
		if (e->line && e->column)
			buf_addf(out, "%u:", e->column);
		buf_add_char(out, ' ');
	}
	buf_add_cstr(out, e->text);
}
