#include <string.h>

#include "base/uri.h"
#include "markdown/entities.h"

#include "import/html_internal.h"

/* --- what may stand in a text ---------------------------------------------- */

static char
last(const struct html *h)
{
	if (!h->para.len)
		return '\n';
	return h->para.ptr[h->para.len - 1];
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') ||
	    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	    (unsigned char)c >= 0x80;
}

/* Whether the line so far is a number, which with `.` would begin a list. */
static bool
is_number_line(const struct html *h)
{
	size_t i = h->para.len, digits = 0;

	for (; i && h->para.ptr[i - 1] >= '0' && h->para.ptr[i - 1] <= '9'; i--)
		digits++;
	return digits && digits < 10 && (!i || h->para.ptr[i - 1] == '\n');
}

static bool
needs_escape(const struct html *h, struct slice rest)
{
	char c = rest.ptr[0], next = ' ';

	if (h->opts->plain)
		return false;
	if (rest.len > 1)
		next = rest.ptr[1];

	switch (c) {
	case '\\':
	case '`':
	case '*':
	case '[':
	case ']':
	case '<':
		return true;
	case '_':
		return !is_word(last(h)) || !is_word(next);
	case '~':
		return next == '~' || last(h) == '~' || last(h) == '\n';
	case '&':
		return entity_length(rest) > 0;
	case '|':
		return true;
	case '#':
	case '+':
	case '-':
	case '>':
	case '=':
	case ':':
		return last(h) == '\n';
	case '.':
	case ')':
		return is_number_line(h);
	default:
		return false;
	}
}

static void
add_escaped(struct html *h, struct slice text)
{
	for (; text.len; text = slice_from(text, 1)) {
		char c = text.ptr[0];

		if (html_is_space(c)) {
			h->space = true;
			continue;
		}
		html_visible(h);
		if (needs_escape(h, text))
			buf_add_char(&h->para, '\\');
		buf_add_char(&h->para, c);
	}
}

/* A byte of what must stay on one line. */
static void
add_on_line(struct html *h, char c)
{
	if (html_is_space(c))
		buf_add_char(&h->para, ' ');
	else
		buf_add_char(&h->para, c);
}

/* --- marks ------------------------------------------------------------------- */

/* A target as Markdown takes it between brackets. */
static void
add_target(struct html *h, struct slice target)
{
	struct buf resolved;

	buf_init(&resolved, HREF_MAX);
	if (h->opts->resolve)
		h->opts->resolve(h->opts->ctx, target, &resolved);
	else
		buf_add(&resolved, target);
	for (size_t i = 0; i < resolved.len; i++) {
		char c = resolved.ptr[i];

		if ((unsigned char)c <= ' ' || strchr("()<>\\\"", c))
			buf_addf(&h->para, "%%%02X", (unsigned char)c);
		else if (!h->opts->plain &&
		    (c == '|' || c == '*' || c == '_' || c == '`'))
			buf_addf(&h->para, "\\%c", c);
		else
			buf_add_char(&h->para, c);
	}
	if (buf_failed(&resolved))
		h->para.failed = true;
	buf_release(&resolved);
}

/* The address of a link in plain text, unless it is what the link says. */
static void
add_address(struct html *h)
{
	if (slice_ends(buf_slice(&h->para), buf_slice(&h->href)))
		return;
	buf_add_cstr(&h->para, " (");
	add_target(h, buf_slice(&h->href));
	buf_add_char(&h->para, ')');
}

static void
write_mark(struct html *h, const struct mark *m, bool opens)
{
	if (h->opts->plain) {
		if (m->kind == 'L' && !opens)
			add_address(h);
		return;
	}
	if (m->kind == 'L' && opens && last(h) == '!') {
		buf_truncate(&h->para, h->para.len - 1);
		buf_add_cstr(&h->para, "\\!");
	}
	if (m->kind == 'S')
		buf_add_cstr(&h->para, "**");
	else if (m->kind == 'E')
		buf_add_char(&h->para, '*');
	else if (m->kind == '~')
		buf_add_cstr(&h->para, "~~");
	else if (opens)
		buf_add_char(&h->para, '[');
	else {
		buf_add_cstr(&h->para, "](");
		add_target(h, buf_slice(&h->href));
		buf_add_char(&h->para, ')');
	}
}

void
html_visible(struct html *h)
{
	if (h->space && last(h) != '\n')
		buf_add_char(&h->para, ' ');
	h->space = false;
	for (size_t i = 0; i < h->mark_count; i++)
		if (!h->marks[i].open) {
			write_mark(h, &h->marks[i], true);
			h->marks[i].open = true;
			h->marks[i].used = true;
		}
}

void
html_suspend_marks(struct html *h)
{
	for (size_t i = h->mark_count; i--;)
		if (h->marks[i].open) {
			write_mark(h, &h->marks[i], false);
			h->marks[i].open = false;
		}
}

void
html_open_mark(struct html *h, char kind)
{
	for (size_t i = 0; i < h->mark_count; i++)
		if (h->marks[i].kind == kind && kind != 'L')
			return;
	if (h->mark_count < MARKS_MAX)
		h->marks[h->mark_count++] = (struct mark){ .kind = kind };
}

/* The last part of an address, for a link without words. */
static struct slice
name_of(struct slice target)
{
	struct slice s = slice_upto(target, slice_find(target, '?'));

	while (s.len && s.ptr[s.len - 1] == '/')
		s.len--;
	for (size_t i = s.len; i--;)
		if (s.ptr[i] == '/')
			return slice_from(s, i + 1);
	return target;
}

void
html_close_mark(struct html *h, char kind)
{
	size_t i = h->mark_count;

	while (i && h->marks[i - 1].kind != kind)
		i--;
	if (!i--)
		return;
	/* A link of no words is a link all the same. */
	if (kind == 'L' && !h->marks[i].used && h->href.len)
		add_escaped(h, name_of(buf_slice(&h->href)));
	for (size_t j = h->mark_count; j-- > i;)
		if (h->marks[j].open) {
			write_mark(h, &h->marks[j], false);
			h->marks[j].open = false;
		}
	memmove(&h->marks[i], &h->marks[i + 1],
	    (h->mark_count - i - 1) * sizeof(h->marks[0]));
	h->mark_count--;
}

/* --- text ---------------------------------------------------------------------- */

void
html_break(struct html *h)
{
	if (h->heading || !h->para.len || last(h) == '\n') {
		h->space = true;
		return;
	}
	h->space = false;
	if (h->in_cell)
		buf_add_cstr(&h->para, "<br>");
	else if (h->opts->plain)
		buf_add_char(&h->para, '\n');
	else
		buf_add_cstr(&h->para, "\\\n");
}

/* The lines of a text in which two line ends part paragraphs. */
static void
add_lines(struct html *h, struct slice text)
{
	while (text.len) {
		size_t n = slice_find(text, '\n'), ends = 0;

		add_escaped(h, slice_upto(text, n));
		for (; n < text.len && html_is_space(text.ptr[n]); n++)
			ends += text.ptr[n] == '\n';
		if (ends > 1)
			html_flush(h);
		else if (ends)
			html_break(h);
		text = slice_from(text, n);
	}
}

void
html_text(struct html *h, struct slice raw)
{
	struct buf text;

	buf_init(&text, IMPORT_HTML_MAX);
	html_decode(&text, raw);
	if (h->in_code || h->in_pre)
		buf_add(&h->code, buf_slice(&text));
	else if (h->opts->line_breaks && !h->tables)
		add_lines(h, buf_slice(&text));
	else
		add_escaped(h, buf_slice(&text));
	if (buf_failed(&text))
		h->para.failed = true;
	buf_release(&text);
}

static size_t
longest_run(struct slice s, char c)
{
	size_t most = 0, run = 0;

	for (size_t i = 0; i < s.len; i++) {
		run = s.ptr[i] == c ? run + 1 : 0;
		most = run > most ? run : most;
	}
	return most;
}

void
html_code_end(struct html *h)
{
	struct slice s = slice_trim(buf_slice(&h->code));
	size_t ticks = longest_run(s, '`') + 1;

	h->in_code = false;
	if (s.len) {
		html_visible(h);
		buf_add_repeat(&h->para, '`', ticks);
		if (ticks > 1)
			buf_add_char(&h->para, ' ');
		for (size_t i = 0; i < s.len; i++) {
			if (s.ptr[i] == '|' && h->in_cell)
				buf_add_char(&h->para, '\\');
			add_on_line(h, s.ptr[i]);
		}
		if (ticks > 1)
			buf_add_char(&h->para, ' ');
		buf_add_repeat(&h->para, '`', ticks);
	}
	buf_clear(&h->code);
}

/* A quoted title: one line. */
static void
add_title(struct html *h, struct slice title)
{
	buf_add_cstr(&h->para, " \"");
	for (size_t i = 0; i < title.len; i++) {
		if (strchr("\"\\`*[]<|&", title.ptr[i]))
			buf_add_char(&h->para, '\\');
		add_on_line(h, title.ptr[i]);
	}
	buf_add_char(&h->para, '"');
}

static void
add_alt(struct html *h, struct slice alt)
{
	for (size_t i = 0; i < alt.len; i++) {
		if (!h->opts->plain && strchr("\\`*[]<|_&", alt.ptr[i]))
			buf_add_char(&h->para, '\\');
		add_on_line(h, alt.ptr[i]);
	}
}

void
html_image(
    struct html *h, struct slice src, struct slice alt, struct slice title)
{
	bool plain = h->opts->plain;
	struct buf text;

	if (!src.len)
		return;
	buf_init(&text, HREF_MAX);
	html_visible(h);
	html_decode(&text, alt);
	buf_add_cstr(&h->para, plain ? "" : "![");
	add_alt(h, buf_slice(&text));
	buf_add_cstr(&h->para, plain ? " (" : "](");
	buf_clear(&text);
	html_decode(&text, src);
	add_target(h, buf_slice(&text));
	buf_clear(&text);
	html_decode(&text, title);
	if (text.len && !slice_eq(title, alt))
		add_title(h, buf_slice(&text));
	buf_add_char(&h->para, ')');
	buf_release(&text);
}

void
html_link(struct html *h, struct slice target, struct slice label)
{
	struct buf text;

	if (!target.len)
		return;
	html_close_mark(h, 'L');
	buf_clear(&h->href);
	html_decode(&h->href, target);
	html_open_mark(h, 'L');
	buf_init(&text, HREF_MAX);
	html_decode(&text, label);
	add_escaped(h, buf_slice(&text));
	buf_release(&text);
	html_close_mark(h, 'L');
}
