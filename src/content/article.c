#include "base/arena.h"
#include "base/buf.h"
#include "base/pack.h"

#include "content/article.h"

/* --- writing ------------------------------------------------------------- */

static void
put_text(struct buf *out, const struct fm_text *t)
{
	pack_slice(out, t->text);
	pack_number(out, t->line);
	pack_number(out, t->column);
}

static void
put_list(struct buf *out, const struct fm_list *l)
{
	pack_number(out, l->count);
	for (size_t i = 0; i < l->count; i++)
		put_text(out, &l->items[i]);
}

static void
put_date(struct buf *out, const struct date *d)
{
	pack_number(out, (uint64_t)d->year);
	if (!d->year)
		return;
	pack_number(out, d->month);
	pack_number(out, d->day);
	pack_number(out, d->has_time);
	if (!d->has_time)
		return;
	pack_number(out, d->hour);
	pack_number(out, d->minute);
	pack_number(out, d->second);
	pack_signed(out, d->zone_min);
}

void
article_encode(struct buf *out, const struct article *a)
{
	const struct frontmatter *fm = &a->fm;

	pack_hash(out, &a->source);
	pack_slice(out, a->title);
	put_text(out, &fm->title);
	put_text(out, &fm->summary);
	put_text(out, &fm->lang);
	put_text(out, &fm->translation_key);
	put_text(out, &fm->series);
	put_text(out, &fm->slug);
	put_text(out, &fm->canonical);
	put_text(out, &fm->written_by);
	put_text(out, &fm->licence);
	put_date(out, &fm->date);
	put_date(out, &fm->updated);
	put_date(out, &fm->publish_date);
	put_date(out, &fm->withdrawn);
	pack_number(out, fm->draft);
	put_list(out, &fm->categories);
	put_list(out, &fm->tags);
	put_list(out, &fm->aliases);
	pack_number(out, fm->author_count);
	for (size_t i = 0; i < fm->author_count; i++) {
		put_text(out, &fm->authors[i].name);
		pack_slice(out, fm->authors[i].url);
		pack_slice(out, fm->authors[i].bio);
	}
	pack_number(out, fm->translation_count);
	for (size_t i = 0; i < fm->translation_count; i++) {
		pack_slice(out, fm->translations[i].lang);
		put_text(out, &fm->translations[i].path);
	}
	pack_number(out, fm->attachment_count);
	for (size_t i = 0; i < fm->attachment_count; i++) {
		put_text(out, &fm->attachments[i].file);
		pack_slice(out, fm->attachments[i].title);
	}
}

/* --- reading ------------------------------------------------------------- */

struct input {
	struct unpack in;
	struct arena *arena;
};

static struct fm_text
get_text(struct input *i)
{
	struct fm_text t = { .text = unpack_slice(&i->in) };

	t.line = (unsigned)unpack_number(&i->in);
	t.column = (unsigned)unpack_number(&i->in);
	return t;
}

static void *
get_array(struct input *i, size_t *count, size_t size)
{
	size_t n = unpack_count(&i->in);
	void *all = NULL;

	if (n && !(all = arena_calloc(i->arena, n, size)))
		i->in.failed = true;
	*count = all ? n : 0;
	return all;
}

static void
get_list(struct input *i, struct fm_list *l)
{
	l->items = get_array(i, &l->count, sizeof(*l->items));
	for (size_t k = 0; k < l->count; k++)
		l->items[k] = get_text(i);
}

static struct date
get_date(struct input *i)
{
	struct date d = { .year = (int)unpack_number(&i->in) };

	if (!d.year)
		return d;
	d.month = (unsigned)unpack_number(&i->in);
	d.day = (unsigned)unpack_number(&i->in);
	d.has_time = unpack_number(&i->in) != 0;
	if (d.has_time) {
		d.hour = (unsigned)unpack_number(&i->in);
		d.minute = (unsigned)unpack_number(&i->in);
		d.second = (unsigned)unpack_number(&i->in);
		d.zone_min = (int)unpack_signed(&i->in);
	}
	if (d.year < 0 || d.year > 9999 || d.month < 1 || d.month > 12)
		i->in.failed = true;
	return d;
}

static void
get_texts(struct input *i, struct frontmatter *fm)
{
	fm->title = get_text(i);
	fm->summary = get_text(i);
	fm->lang = get_text(i);
	fm->translation_key = get_text(i);
	fm->series = get_text(i);
	fm->slug = get_text(i);
	fm->canonical = get_text(i);
	fm->written_by = get_text(i);
	fm->licence = get_text(i);
	fm->date = get_date(i);
	fm->updated = get_date(i);
	fm->publish_date = get_date(i);
	fm->withdrawn = get_date(i);
	fm->draft = unpack_number(&i->in) != 0;
}

static void
get_arrays(struct input *i, struct frontmatter *fm)
{
	get_list(i, &fm->categories);
	get_list(i, &fm->tags);
	get_list(i, &fm->aliases);
	fm->authors = get_array(i, &fm->author_count, sizeof(*fm->authors));
	for (size_t k = 0; k < fm->author_count; k++) {
		fm->authors[k].name = get_text(i);
		fm->authors[k].url = unpack_slice(&i->in);
		fm->authors[k].bio = unpack_slice(&i->in);
	}
	fm->translations =
	    get_array(i, &fm->translation_count, sizeof(*fm->translations));
	for (size_t k = 0; k < fm->translation_count; k++) {
		fm->translations[k].lang = unpack_slice(&i->in);
		fm->translations[k].path = get_text(i);
	}
	fm->attachments =
	    get_array(i, &fm->attachment_count, sizeof(*fm->attachments));
	for (size_t k = 0; k < fm->attachment_count; k++) {
		fm->attachments[k].file = get_text(i);
		fm->attachments[k].title = unpack_slice(&i->in);
	}
}

int
article_decode(struct arena *arena, struct slice bytes, struct article *out)
{
	struct input i = { .in = { .rest = bytes }, .arena = arena };

	*out = (struct article){ .source = unpack_hash(&i.in) };
	out->title = unpack_slice(&i.in);
	get_texts(&i, &out->fm);
	get_arrays(&i, &out->fm);
	return i.in.failed || i.in.rest.len ? -1 : 0;
}

struct slice
article_head(struct slice bytes)
{
	return slice_from(bytes, HASH_BYTES);
}
