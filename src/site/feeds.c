/*
 * Feeds: new.gmi, a page that Gemini readers subscribe to (PROTOCOLS.md 73,
 * 74), new.txt, the same in under 1 KB for Gopher, and atom.xml (75, 76); of
 * all articles, of each language and of each category.
 *
 * An article's id is its Gemini address under the permanent host of
 * capsule.yaml: it is an IRI that leads somewhere, the same on every mirror and
 * over both protocols, and does not change with the title.  Links lead to the
 * server the feed came from.
 */
#include "base/marks.h"
#include "base/pack.h"
#include "site/atom.h"

#include "site/page.h"

struct slice
feed_title(struct page *p)
{
	const struct catalog *c = &p->site->catalog;
	const struct term *t = p->index->term;
	struct slice title = catalog_text(&c->title, p->lang), name;

	if (!title.len)
		title = c->host.len ? c->host : page_word(p, WORD_NEW);
	if (!t || t->kind == TERM_LANG)
		return title;
	name = term_name(t, p->lang);
	return page_text(p, "%.*s: %.*s", SLICE_FMT(title), SLICE_FMT(name));
}

struct slice
feed_subtitle(const struct page *p)
{
	const struct term *t = p->index->term;

	if (t && t->kind != TERM_LANG)
		return term_about(t, p->lang);
	return catalog_text(&p->site->catalog.subtitle, p->lang);
}

void
feed_make(struct page *p)
{
	const struct index *x = p->index;
	struct slice subtitle = feed_subtitle(p);

	page_add_heading(p, 0, feed_title(p));
	/* Directly behind the title, or it is no subtitle (rule 73). */
	if (subtitle.len)
		page_add_heading(p, 1, subtitle);
	for (size_t i = 0; i < x->count; i++)
		page_add_doc(p, x->docs[i], false);
	page_end_list(p);
	page_add_link(p, LINKS_OWN, x->up,
	    x->term && x->term->kind != TERM_LANG ? term_name(x->term, p->lang)
						  : page_word(p, WORD_HOME));
	if (p->site->catalog.host.len)
		page_add_link(p, LINKS_OWN,
		    page_text(p, "%.*satom.xml", SLICE_FMT(x->up)),
		    SLICE_LIT("Atom"));
}

void
feed_make_news(struct page *p, size_t count)
{
	const struct index *x = p->index;

	page_add_heading(p, 0, feed_title(p));
	for (size_t i = 0; i < x->count && i < count; i++) {
		char day[DATE_DAY_BYTES + 1];

		date_format_day(&x->docs[i]->art.fm.date, day);
		page_add_entry(p,
		    page_text(
			p, "%s %.*s", day, SLICE_FMT(x->docs[i]->art.title)));
	}
	page_end_list(p);
}

/* --- Atom ---------------------------------------------------------------- */

static struct slice
own_url(struct page *p, struct slice address)
{
	return page_text(p, "%c%.*s", MARK_GEMINI, SLICE_FMT(address));
}

static struct slice
permanent(struct page *p, struct slice address, const char *suffix)
{
	return page_text(p, "gemini://%.*s%.*s%s",
	    SLICE_FMT(p->site->catalog.host), SLICE_FMT(address), suffix);
}

static int
fill_authors(struct page *p, const struct doc *d, struct atom_entry *e)
{
	struct slice *all =
	    arena_calloc(p->arena, d->term_count + 1, sizeof(*all));

	if (!all)
		return -1;
	for (size_t i = 0; i < d->term_count; i++)
		if (d->terms[i].term->kind == TERM_AUTHOR)
			all[e->author_count++] =
			    term_name(d->terms[i].term, d->lang);
	e->authors = all;
	return 0;
}

static int
fill_entry(struct page *p, const struct doc *d, struct atom_entry *e)
{
	*e = (struct atom_entry){ .title = d->art.title,
		.lang = d->lang,
		.summary = d->art.fm.summary.text,
		.published = d->art.fm.date,
		.updated = d->art.fm.updated };
	e->id = permanent(p, d->address, ".gmi");
	e->url = own_url(p, page_text(p, "%.*s.gmi", SLICE_FMT(d->address)));
	return fill_authors(p, d, e);
}

void
feed_make_atom(struct page *p, struct buf *out)
{
	const struct index *x = p->index;
	struct atom_feed feed = { .title = feed_title(p),
		.subtitle = feed_subtitle(p),
		.lang = p->lang,
		.entry_count = x->count };
	struct atom_entry *entries =
	    arena_calloc(p->arena, x->count + 1, sizeof(*entries));

	if (!entries) {
		p->failed = true;
		return;
	}
	feed.id = permanent(p, x->address, "");
	feed.author = catalog_text(&p->site->catalog.title, p->lang);
	if (!feed.author.len)
		feed.author = p->site->catalog.host;
	feed.self_url = own_url(p, x->address);
	feed.home_url = own_url(p, x->up);
	for (size_t i = 0; i < x->count; i++)
		if (fill_entry(p, x->docs[i], &entries[i]) < 0)
			p->failed = true;
	feed.entries = entries;
	if (!p->failed)
		atom_render(out, &feed);
}

/* --- digest -------------------------------------------------------------- */

void
feed_digest(const struct doc *d, struct buf *out)
{
	char when[DATE_RFC3339_BYTES + 1];

	date_format_rfc3339(&d->art.fm.date, when);
	pack_slice(out, slice_cstr(when));
	if (date_is_set(&d->art.fm.updated))
		date_format_rfc3339(&d->art.fm.updated, when);
	pack_slice(out, slice_cstr(when));
	pack_slice(out, d->art.fm.summary.text);
	pack_slice(out, d->lang);
	for (size_t i = 0; i < d->term_count; i++)
		if (d->terms[i].term->kind == TERM_AUTHOR)
			pack_slice(out, term_name(d->terms[i].term, d->lang));
}
