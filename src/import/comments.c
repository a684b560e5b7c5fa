#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/uri.h"
#include "replies/letter.h"

#include "import/comments.h"
#include "import/front.h"
#include "import/html.h"
#include "import/place.h"
#include "import/wxr.h"

enum {
	TEXT_MAX = 4 * IMPORT_HTML_MAX,
	NAME_MAX_BYTES = 2048,
};

static const uint64_t id_limit = 1000000000000; /* LETTER_ID_BYTES digits */

static bool
is_wanted(const struct wxr_comment *c)
{
	return slice_eq_cstr(slice_trim(c->approved), "1") &&
	    (!c->type.len || slice_eq_cstr(c->type, "comment"));
}

static bool
take_date(struct slice s, struct date *out)
{
	return date_parse(slice_trim(s), out) == 0;
}

/* Its own date, or else its article's, or else none that anyone takes for one. */
static struct date
date_of(const struct comments *all, const struct wxr_item *item,
    const struct wxr_comment *c)
{
	struct date d = { 0 };

	if (take_date(c->date_gmt, &d) || take_date(c->date, &d))
		return d;
	diag_at(all->diag, DIAG_WARNING, all->file, c->line, 0,
	    "a comment without a date: it has its article's");
	if (!take_date(item->date_gmt, &d) && !take_date(item->date, &d))
		d = date_from_unix(0);
	return d;
}

/* Words of a name that are no address of mail. */
static void
add_words(struct buf *out, struct slice name)
{
	while (name.len) {
		struct slice word = slice_take(&name, ' ');

		if (!word.len || slice_find(word, '@') < word.len)
			continue;
		if (out->len)
			buf_add_char(out, ' ');
		buf_add(out, word);
	}
}

/* "Asma (https://asma.example/)" on one line; empty: nobody's. */
static void
add_name(
    const struct comments *all, const struct wxr_comment *c, struct buf *out)
{
	struct slice url = front_plain(all->arena, slice_trim(c->url));
	struct buf raw;

	buf_init(&raw, NAME_MAX_BYTES);
	add_words(&raw, front_plain(all->arena, c->author));
	if (url.len && slice_find(url, '@') == url.len) {
		buf_add_cstr(&raw, raw.len ? " (" : "(");
		uri_repair(&raw, url);
		buf_add_char(&raw, ')');
	}
	/* What is longer than any name is nobody's. */
	if (!buf_failed(&raw))
		letter_clean(out, buf_slice(&raw));
	buf_release(&raw);
}

/* Links in a text lead somewhere only when they are whole. */
static void
resolve(void *ctx, struct slice target, struct buf *out)
{
	const struct comments *all = ctx;

	if (slice_starts(target, SLICE_LIT("/")) &&
	    !slice_starts(target, SLICE_LIT("//")))
		buf_add(out, all->site);
	uri_repair(out, target);
}

static int
add_text(struct comments *all, const struct wxr_comment *c, struct buf *out,
    struct err *e)
{
	struct import_html opts = { .file = all->file,
		.first_line = c->line,
		.line_breaks = true,
		.plain = true,
		.diag = all->diag,
		.resolve = resolve,
		.ctx = all };
	struct buf raw;
	int rc;

	buf_init(&raw, TEXT_MAX);
	rc = import_html(&raw, c->content, &opts, e);
	if (rc == 0)
		letter_clean(out, buf_slice(&raw));
	buf_release(&raw);
	return rc;
}

/* Puts the reply `r`, the comment `id`. */
static int
put_letter(const struct comments *all, const struct wxr_comment *c, uint64_t id,
    const struct letter *r, struct err *e)
{
	char path[LETTER_PATH_MAX], stamp[LETTER_STAMP_BYTES + 1];
	char number[LETTER_ID_BYTES + 8];
	struct letter_name name = { .slug = slice_cstr(all->slug) };
	struct buf bytes;
	int rc;

	snprintf(number, sizeof(number), "%0*llu", LETTER_ID_BYTES,
	    (unsigned long long)(id % id_limit));
	letter_stamp_make(stamp, &r->date);
	name.stamp = slice_cstr(stamp);
	name.id = slice_cstr(number);
	if (letter_path_make(path, &name) < 0)
		return err_at(e, all->file, c->line, 0, "no place for a reply");
	buf_init(&bytes, LETTER_FILE_MAX);
	letter_write(&bytes, r);
	rc = 0;
	if (buf_failed(&bytes))
		diag_at(all->diag, DIAG_WARNING, all->file, c->line, 0,
		    "a comment of more than %d bytes: left out",
		    LETTER_FILE_MAX);
	else
		rc = place_put(all->place, path, buf_slice(&bytes), e);
	buf_release(&bytes);
	return rc;
}

static int
put(struct comments *all, const struct wxr_item *item,
    const struct wxr_comment *c, struct err *e)
{
	struct letter r = { .date = date_of(all, item, c) };
	struct buf text, name;
	uint64_t id;
	int rc;

	if (slice_uint(slice_trim(c->id), UINT64_MAX, &id) < 0) {
		diag_at(all->diag, DIAG_WARNING, all->file, c->line, 0,
		    "a comment without wp:comment_id: left out");
		return 0;
	}
	buf_init(&text, TEXT_MAX);
	buf_init(&name, (size_t)4 * NAME_MAX_BYTES);
	add_name(all, c, &name);
	rc = add_text(all, c, &text, e);
	r.name = slice_trim(buf_slice(&name));
	r.text = buf_slice(&text);
	if (rc == 0 && (buf_failed(&text) || buf_failed(&name)))
		rc = err_memory(e);
	/* One that says nothing is none. */
	if (rc == 0 && r.text.len)
		rc = put_letter(all, c, id, &r, e);
	buf_release(&text);
	buf_release(&name);
	return rc;
}

int
comments_put(const struct comments *c, const struct wxr_item *item,
    size_t *count, struct err *e)
{
	struct comments all = *c;
	size_t on_page = 0;

	for (const struct wxr_comment *i = item->comments; i; i = i->next) {
		if (!is_wanted(i))
			continue;
		if (c->is_page)
			on_page++;
		else if (put(&all, item, i, e) < 0)
			return -1;
		else
			(*count)++;
	}
	if (on_page)
		diag_at(c->diag, DIAG_WARNING, c->file, item->line, 0,
		    "comments on a page, which has no replies: %zu left out",
		    on_page);
	return 0;
}
