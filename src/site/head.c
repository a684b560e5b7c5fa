#include "base/err.h"
#include "markdown/node.h"

#include "site/site_internal.h"

/* A paragraph being made of lines, with a break between two. */
struct lines {
	struct arena *arena;
	struct md_node *paragraph;
	struct buf text;
	bool failed;
};

static void
lines_init(struct lines *l, struct arena *a)
{
	*l = (struct lines){ .arena = a };
	buf_init(&l->text, (size_t)64 << 10);
}

/* Begins a line: a break where there is one before it. */
static void
lines_begin(struct lines *l)
{
	if (!l->paragraph)
		l->paragraph = md_add(l->arena, NULL, MD_PARAGRAPH);
	else if (!md_add(l->arena, l->paragraph, MD_BREAK))
		l->failed = true;
	if (!l->paragraph)
		l->failed = true;
	buf_clear(&l->text);
}

static void
lines_end(struct lines *l)
{
	struct slice text;

	if (l->failed || buf_failed(&l->text) ||
	    arena_copy(l->arena, buf_slice(&l->text), &text) < 0 ||
	    !md_add_text(l->arena, l->paragraph, text))
		l->failed = true;
}

/* A line that is a link; `from` says where the front matter has it. */
static void
lines_link(struct lines *l, struct slice target, struct slice label,
    const struct fm_text *from)
{
	struct md_node *n = NULL;

	lines_begin(l);
	if (!l->failed)
		n = md_add_link(l->arena, l->paragraph, target, label);
	if (!n) {
		l->failed = true;
		return;
	}
	n->line = from->line;
	n->column = from->column;
}

/* Hangs the paragraph, if there is one, behind `before` (NULL: first). */
static int
lines_place(struct lines *l, struct md_node *doc, struct md_node **before)
{
	struct md_node *p = l->paragraph;

	buf_release(&l->text);
	if (l->failed)
		return -1;
	if (!p)
		return 0;
	p->parent = doc;
	p->next = *before ? (*before)->next : doc->first;
	if (*before)
		(*before)->next = p;
	else
		doc->first = p;
	if (!p->next)
		doc->last = p;
	*before = p;
	return 0;
}

static struct slice
display_name(const struct head *h, const struct catalog_names *names,
    struct slice spelling)
{
	const struct catalog_name *n =
	    h->catalog && names ? catalog_find(names, spelling) : NULL;

	return n ? catalog_name_in(n, h->lang) : spelling;
}

/* What stands before the item `i` of a list in a line. */
static void
add_separator(struct lines *l, const struct head *h, size_t i)
{
	if (i)
		buf_add_cstr(&l->text, h->words->word[WORD_SEPARATOR]);
	buf_add_char(&l->text, ' ');
}

static void
add_byline(struct lines *l, const struct head *h)
{
	const struct frontmatter *fm = &h->art->fm;
	const struct catalog_names *authors =
	    h->catalog ? &h->catalog->authors : NULL;

	if (fm->author_count) {
		lines_begin(l);
		buf_add_cstr(&l->text, h->words->word[WORD_BY]);
	}
	for (size_t i = 0; i < fm->author_count; i++) {
		if (i && i + 1 == fm->author_count)
			buf_addf(&l->text, " %s ", h->words->word[WORD_AND]);
		else
			add_separator(l, h, i);
		buf_add(&l->text,
		    display_name(h, authors, fm->authors[i].name.text));
	}
	if (fm->author_count)
		lines_end(l);
	if (fm->written_by.text.len) {
		lines_begin(l);
		buf_addf(&l->text, "%s ", h->words->word[WORD_WRITTEN_BY]);
		buf_add(
		    &l->text, display_name(h, authors, fm->written_by.text));
		lines_end(l);
	}
}

/* On the day it is dated nothing is updated. */
static bool
is_updated(const struct frontmatter *fm)
{
	char date[DATE_DAY_BYTES + 1] = "", day[DATE_DAY_BYTES + 1];

	if (!date_is_set(&fm->updated))
		return false;
	if (date_is_set(&fm->date))
		date_format_day(&fm->date, date);
	date_format_day(&fm->updated, day);
	return strcmp(date, day) != 0;
}

static void
add_dates(struct lines *l, const struct head *h)
{
	const struct frontmatter *fm = &h->art->fm;
	char day[DATE_DAY_BYTES + 1];

	if (!date_is_set(&fm->date) && !is_updated(fm))
		return;
	lines_begin(l);
	if (date_is_set(&fm->date)) {
		date_format_day(&fm->date, day);
		buf_add_cstr(&l->text, day);
	}
	if (is_updated(fm)) {
		date_format_day(&fm->updated, day);
		buf_addf(&l->text, "%s(%s %s)",
		    date_is_set(&fm->date) ? " " : "",
		    h->words->word[WORD_UPDATED], day);
	}
	lines_end(l);
}

static void
add_terms(struct lines *l, const struct head *h, enum word word,
    const struct fm_list *terms, const struct catalog_names *names)
{
	if (!terms->count)
		return;
	lines_begin(l);
	buf_addf(&l->text, "%s:", h->words->word[word]);
	for (size_t i = 0; i < terms->count; i++) {
		add_separator(l, h, i);
		buf_add(&l->text, display_name(h, names, terms->items[i].text));
	}
	lines_end(l);
}

static int
add_title(struct arena *a, struct md_node *doc, const struct head *h,
    struct md_node **before)
{
	struct md_node *n;

	if (!h->art->title.len)
		return 0;
	if (!(n = md_add(a, NULL, MD_HEADING)) ||
	    !md_add_text(a, n, h->art->title))
		return -1;
	n->level = 0;
	n->parent = doc;
	n->next = doc->first;
	doc->first = n;
	if (!doc->last)
		doc->last = n;
	*before = n;
	return 0;
}

int
head_add(struct arena *a, struct md_node *doc, const struct head *h)
{
	const struct frontmatter *fm = &h->art->fm;
	const struct catalog *c = h->catalog;
	struct fm_list series = { .count = fm->series.text.len ? 1 : 0 };
	struct fm_text one = fm->series;
	struct md_node *before = NULL;
	struct lines l;

	if (add_title(a, doc, h, &before) < 0)
		return -1;
	lines_init(&l, a);
	series.items = &one;
	add_byline(&l, h);
	add_dates(&l, h);
	add_terms(
	    &l, h, WORD_CATEGORIES, &fm->categories, c ? &c->categories : NULL);
	add_terms(&l, h, WORD_TAGS, &fm->tags, NULL);
	add_terms(&l, h, WORD_SERIES, &series, c ? &c->series : NULL);
	if (fm->licence.text.len && !h->has_foot) {
		lines_begin(&l);
		buf_addf(&l.text, "%s: ", h->words->word[WORD_LICENCE]);
		buf_add(&l.text, fm->licence.text);
		lines_end(&l);
	}
	if (lines_place(&l, doc, &before) < 0)
		return -1;
	if (!fm->summary.text.len)
		return 0;
	lines_init(&l, a);
	lines_begin(&l);
	buf_add(&l.text, fm->summary.text);
	lines_end(&l);
	return lines_place(&l, doc, &before);
}

/* "اردو (ur)" */
static int
translation_label(struct arena *a, struct slice lang, struct slice *out)
{
	struct slice name = words_language(lang);
	const char *text = slice_eq(name, lang)
	    ? arena_strndup(a, lang.ptr, lang.len)
	    : arena_printf(a, "%.*s (%.*s)", SLICE_FMT(name), SLICE_FMT(lang));

	if (!text)
		return -1;
	*out = slice_cstr(text);
	return 0;
}

static struct slice
base_name(struct slice path)
{
	size_t at = path.len;

	while (at && path.ptr[at - 1] != '/')
		at--;
	return slice_from(path, at);
}

static bool
is_outside(struct slice path)
{
	return path.len > 3 && memmem(path.ptr, path.len, "://", 3);
}

int
head_add_tail(struct arena *a, struct md_node *doc, const struct head *h)
{
	const struct frontmatter *fm = &h->art->fm;
	struct md_node *last = doc->last;
	struct lines l;

	lines_init(&l, a);
	for (size_t i = 0; i < fm->translation_count && !l.failed; i++) {
		struct slice label;

		if (h->has_foot && !is_outside(fm->translations[i].path.text))
			continue;
		if (translation_label(a, fm->translations[i].lang, &label) < 0)
			l.failed = true;
		else
			lines_link(&l, fm->translations[i].path.text, label,
			    &fm->translations[i].path);
	}
	for (size_t i = 0; i < fm->attachment_count && !l.failed; i++) {
		const struct fm_file *f = &fm->attachments[i];

		lines_link(&l, f->file.text,
		    f->title.len ? f->title : base_name(f->file.text),
		    &f->file);
	}
	for (size_t i = 0; i < fm->author_count && !l.failed; i++)
		if (fm->authors[i].url.len)
			lines_link(&l, fm->authors[i].url,
			    display_name(h,
				h->catalog ? &h->catalog->authors : NULL,
				fm->authors[i].name.text),
			    &fm->authors[i].name);
	return lines_place(&l, doc, &last);
}
