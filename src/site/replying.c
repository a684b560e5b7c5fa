/*
 * Replies of readers below articles: content/replies/SLUG/STAMP-ID.md, which
 * `qasid replies accept` puts there.  They follow their article when it is
 * renamed with an alias, stand in the order in which they came, and are text:
 * nothing in them is Markdown, or a link.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "replies/texts.h"
#include "store/store.h"

#include "site/job.h"

static const char replies_folder[] = "replies/";

/* --- in the plan --------------------------------------------------------- */

/* The article that `s` is a reply to; NULL: it is none. */
static struct doc *
article_of(struct site *site, const struct source *s)
{
	struct slice path = s->file->path, slug;
	const char *address;
	struct doc *d;

	if (!slice_starts(path, slice_cstr(replies_folder)) ||
	    !slice_ends(path, SLICE_LIT(".md")) || !s->payload.len)
		return NULL;
	path = slice_from(path, sizeof(replies_folder) - 1);
	slug = slice_upto(path, slice_find(path, '/'));
	if (slug.len == path.len ||
	    !(address = arena_printf(
		  &site->arena, "/articles/%.*s", SLICE_FMT(slug))))
		return NULL;
	d = plan_find_doc(site, slice_cstr(address));
	return d && !d->is_withdrawn ? d : NULL;
}

static struct slice
name_of(const struct source *s)
{
	struct slice path = s->file->path;
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return slice_from(path, at);
}

/* An article that was renamed may have them in two folders. */
static int
by_name(const void *a, const void *b)
{
	const struct source *x = *(struct source *const *)a;
	const struct source *y = *(struct source *const *)b;
	int order = slice_cmp(name_of(x), name_of(y));

	return order ? order : slice_cmp(x->file->path, y->file->path);
}

static int
add_reply(struct site *site, struct doc *d, struct source *s)
{
	size_t n = d->reply_count;

	/* Room for 1, 2, 4, ... of them. */
	if (!(n & (n - 1))) {
		struct source **all = arena_calloc(
		    &site->arena, n ? 2 * n : 1, sizeof(struct source *));

		if (!all)
			return -1;
		if (n)
			memcpy(all, d->replies, n * sizeof(struct source *));
		d->replies = all;
	}
	d->replies[d->reply_count++] = s;
	return 0;
}

int
replying_plan(struct site *site, struct err *e)
{
	for (size_t i = 0; i < site->source_count; i++) {
		struct source *s = &site->sources[i];
		struct doc *d =
		    s->kind == SOURCE_FILE ? article_of(site, s) : NULL;

		if (d && add_reply(site, d, s) < 0)
			return err_memory(e);
	}
	for (size_t i = 0; i < site->doc_count; i++)
		if (site->docs[i]->reply_count > 1)
			qsort(site->docs[i]->replies,
			    site->docs[i]->reply_count, sizeof(struct source *),
			    by_name);
	return 0;
}

/* --- in a helper --------------------------------------------------------- */

/* One of them, in the arena; false, and the editor is told, when it is none. */
static bool
read_reply(struct job *j, const struct source *s, struct letter *out)
{
	const char *path = s->file->path.ptr;
	struct err why = ERR_INIT;
	struct buf bytes, text;
	struct slice kept;
	struct hash hash;
	bool fine = false;

	buf_init(&bytes, LETTER_FILE_MAX + 4096);
	buf_init(&text, (size_t)4 * LETTER_FILE_MAX);
	if (io_read_below(j->site->content_fd, path, LETTER_FILE_MAX, &bytes,
		NULL, &why) < 0) {
		diag_err(&j->diag, DIAG_ERROR, &why);
		goto out;
	}
	letter_clean(&text, buf_slice(&bytes));
	if (hash_of(buf_slice(&bytes), &hash) < 0 || !hash_eq(&hash, &s->hash))
		diag_at(&j->diag, DIAG_ERROR, path, 0, 0,
		    "changed during the build");
	else if (buf_failed(&text) ||
	    arena_copy(&j->s->arena, buf_slice(&text), &kept) < 0 ||
	    letter_parse(kept, out) < 0)
		diag_at(&j->diag, DIAG_ERROR, path, 1, 1,
		    "this is no reply: ---, date: and perhaps name:, ---, "
		    "then its text");
	else
		fine = true;
out:
	buf_release(&bytes);
	buf_release(&text);
	return fine;
}

int
job_read_replies(struct job *j)
{
	const struct doc *d = j->doc;

	j->replies =
	    arena_calloc(&j->s->arena, d->reply_count + 1, sizeof(*j->replies));
	if (!j->replies)
		return err_memory(j->err);
	for (size_t i = 0; i < d->reply_count; i++) {
		struct letter *r = &j->replies[j->reply_count];

		if (!read_reply(j, d->replies[i], r))
			continue;
		j->reply_bytes += r->text.len;
		j->reply_count++;
	}
	return 0;
}

int
job_pack_reply(struct job *j)
{
	static const enum word shown[REPLY_TEXTS] = {
		[REPLY_PROMPT] = WORD_REPLY_PROMPT,
		[REPLY_LABEL] = WORD_REPLY,
		[REPLY_THANKS] = WORD_REPLY_THANKS,
		[REPLY_MORE] = WORD_REPLY_MORE,
		[REPLY_BACK] = WORD_REPLY_BACK,
		[REPLY_IS_FULL] = WORD_REPLY_FULL,
		[REPLY_IS_DOWN] = WORD_REPLY_DOWN,
		[REPLY_IS_TOO_LONG] = WORD_REPLY_TOO_LONG,
		[REPLY_ELSEWHERE] = WORD_REPLY_ELSEWHERE,
	};
	struct output o = { .protocol = 'g',
		.address = job_address(j, j->doc->address, "/reply"),
		.kind = STORE_REPLY,
		.gopher_type = '7',
		.media = SLICE_LIT("text/plain"),
		.lang = j->doc->lang };
	struct reply_texts t;

	if (!replying_is_wanted(j->site, j->doc))
		return 0;
	for (int i = 0; i < REPLY_TEXTS; i++)
		t.text[i] = slice_cstr(j->words->word[shown[i]]);
	t.text[REPLY_ORIGIN] = j->site->catalog.host;
	t.text[REPLY_RTL] = j->words->rtl ? SLICE_LIT("rtl") : SLICE_NONE;
	buf_clear(&j->s->page);
	reply_texts_write(&j->s->page, &t);
	if (buf_failed(&j->s->page))
		return err_memory(j->err);
	o.body = buf_slice(&j->s->page);
	if (job_pack(j, &o) < 0)
		return -1;
	o.protocol = 'o';
	return job_pack(j, &o);
}

bool
replying_is_wanted(const struct site *site, const struct doc *d)
{
	return site->catalog.replies && d->source->kind == SOURCE_ARTICLE;
}
