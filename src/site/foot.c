#include "base/pack.h"
#include "markdown/node.h"
#include "replies/letter.h"

#include "site/foot.h"

/* A foot being made: blocks, each of lines that are links. */
struct making {
	const struct foot *f;
	struct md_node *root, *block;
	bool failed;
};

static void
next_block(struct making *m)
{
	m->block = NULL;
}

/* The block, with a break behind what it holds. */
static struct md_node *
next_line(struct making *m)
{
	if (!m->block)
		m->block = md_add(m->f->arena, m->root, MD_PARAGRAPH);
	else if (!md_add(m->f->arena, m->block, MD_BREAK))
		m->failed = true;
	if (!m->block)
		m->failed = true;
	return m->failed ? NULL : m->block;
}

static void
add_link(struct making *m, const char *scheme, struct slice address,
    const char *suffix, struct slice label)
{
	struct md_node *block = next_line(m);
	const char *href = arena_join3(
	    m->f->arena, slice_cstr(scheme), address, slice_cstr(suffix));

	if (!block || !href ||
	    !md_add_link(m->f->arena, block, slice_cstr(href), label))
		m->failed = true;
}

static struct slice
word(const struct making *m, enum word w)
{
	return slice_cstr(m->f->words->word[w]);
}

/* "Next: Title" */
static struct slice
named(struct making *m, enum word w, struct slice name)
{
	const char *text =
	    arena_join3(m->f->arena, word(m, w), SLICE_LIT(": "), name);

	if (!text)
		m->failed = true;
	return slice_cstr(text);
}

/* --- what it holds ------------------------------------------------------- */

static void
add_others(struct making *m)
{
	const struct doc *d = m->f->doc;

	for (size_t i = 0; i < d->other_count; i++)
		add_link(m, LINKS_PAGE, d->others[i]->address, "",
		    words_language(d->others[i]->lang));
	next_block(m);
}

static void
add_heading(struct making *m, struct slice text)
{
	struct md_node *h = md_add(m->f->arena, m->root, MD_HEADING);

	if (!h || !md_add_text(m->f->arena, h, text))
		m->failed = true;
	else
		h->level = 1;
}

/* The text as a quote: nothing in it can be taken for a line of ours. */
static void
add_quote(struct making *m, struct slice text)
{
	struct arena *a = m->f->arena;
	struct md_node *quote = md_add(a, m->root, MD_QUOTE), *p = NULL;

	while (quote && text.len) {
		struct slice line = slice_take(&text, '\n');

		if (!line.len) {
			p = NULL;
			continue;
		}
		if (p ? !md_add(a, p, MD_BREAK)
		      : !(p = md_add(a, quote, MD_PARAGRAPH)))
			m->failed = true;
		if (!p || !md_add_text(a, p, line))
			m->failed = true;
	}
	if (!quote)
		m->failed = true;
}

/* "Asma, 2026-01-31", and what she wrote. */
static void
add_reply(struct making *m, const struct letter *r)
{
	struct slice name = r->name.len ? r->name : word(m, WORD_READER);
	char day[DATE_DAY_BYTES + 1];
	struct md_node *p = next_line(m);
	const char *text;

	date_format_day(&r->date, day);
	text = arena_printf(m->f->arena, "%.*s%s %s:", SLICE_FMT(name),
	    m->f->words->word[WORD_SEPARATOR], day);
	if (!text || !p || !md_add_text(m->f->arena, p, slice_cstr(text)))
		m->failed = true;
	next_block(m);
	add_quote(m, r->text);
}

static void
add_replies(struct making *m)
{
	const struct foot *f = m->f;
	const char *title = arena_printf(
	    f->arena, "%s (%zu)", f->words->word[WORD_REPLIES], f->reply_count);

	if (!title)
		m->failed = true;
	if (f->reply_count)
		add_heading(m, slice_cstr(title));
	for (size_t i = 0; i < f->reply_count; i++)
		add_reply(m, &f->replies[i]);
	if (replying_is_wanted(f->site, f->doc))
		add_link(m, LINKS_SEARCH, f->doc->address, "/reply",
		    word(m, WORD_REPLY));
	next_block(m);
}

static void
add_related(struct making *m)
{
	const struct doc *d = m->f->doc;

	if (!d->related[0])
		return;
	add_heading(m, word(m, WORD_RELATED));
	for (size_t i = 0; i < RELATED_MAX && d->related[i]; i++)
		add_link(m, LINKS_PAGE, d->related[i]->address, "",
		    d->related[i]->art.title);
	next_block(m);
}

static void
add_neighbours(struct making *m)
{
	const struct doc *d = m->f->doc;

	if (d->newer)
		add_link(m, LINKS_PAGE, d->newer->address, "",
		    named(m, WORD_NEXT, d->newer->art.title));
	if (d->older)
		add_link(m, LINKS_PAGE, d->older->address, "",
		    named(m, WORD_PREVIOUS, d->older->art.title));
	next_block(m);
}

static void
add_terms(struct making *m)
{
	const struct doc *d = m->f->doc;

	for (size_t i = 0; i < d->term_count; i++) {
		const struct term *t = d->terms[i].term;

		if (t->kind != TERM_LANG)
			add_link(m, LINKS_OWN, t->address, "",
			    named(
				m, term_word(t->kind), term_name(t, d->lang)));
	}
	next_block(m);
}

/* The same document where others keep a copy, in this protocol. */
static void
add_mirrors(struct making *m)
{
	const struct foot *f = m->f;
	bool gemini = f->protocol == 'g';
	struct slice scheme =
	    gemini ? SLICE_LIT("gemini://") : SLICE_LIT("gopher://");
	const struct catalog_list *all = &f->site->catalog.mirrors;

	for (size_t i = 0; i < all->count; i++) {
		struct slice url = all->items[i], host;
		const char *href;

		if (!slice_starts(url, scheme))
			continue;
		if (url.ptr[url.len - 1] == '/')
			url.len--;
		host = slice_from(url, scheme.len);
		host = slice_upto(host, slice_find(host, '/'));
		href = arena_printf(f->arena, "%.*s%s%.*s%s", SLICE_FMT(url),
		    gemini                      ? ""
			: f->gopher_type == '1' ? "/1"
						: "/0",
		    SLICE_FMT(f->address),
		    gemini                      ? ".gmi"
			: f->gopher_type == '1' ? ""
						: ".txt");
		if (!href)
			m->failed = true;
		else
			add_link(m, "", slice_cstr(href), "",
			    named(m, WORD_MIRROR, host));
	}
}

/* Where else it is known; of the web unless its scheme is another. */
static void
add_web(struct making *m)
{
	struct slice url = m->f->doc->art.fm.canonical.text;
	bool web = slice_starts(url, SLICE_LIT("http://")) ||
	    slice_starts(url, SLICE_LIT("https://"));

	if (url.len > 3 && memmem(url.ptr, url.len, "://", 3))
		add_link(m, "", url, "", web ? word(m, WORD_WEB) : url);
}

/* A page that is saved or printed says where it is from. */
static void
add_addresses(struct making *m)
{
	const struct foot *f = m->f;
	const char *menu = arena_join(f->arena, SLICE_LIT("/1"), f->address);

	if (!menu)
		m->failed = true;
	add_link(m, LINKS_GEMINI_URL, f->address, ".gmi", SLICE_LIT("Gemini"));
	if (f->gopher_type == '1')
		add_link(m, LINKS_PAGE, f->address, "", SLICE_LIT("Gopher"));
	else
		add_link(m, LINKS_GOPHER_URL, slice_cstr(menu), "",
		    SLICE_LIT("Gopher"));
	add_web(m);
	add_mirrors(m);
	next_block(m);
}

static void
add_forms(struct making *m)
{
	const struct foot *f = m->f;

	if (f->is_text || (f->protocol == 'o' && f->gopher_type != '1'))
		return;
	add_link(m, LINKS_PAGE, f->address, ".txt", word(m, WORD_TEXT));
	if (f->protocol == 'g')
		return;
	if (f->doc->source->kind == SOURCE_ARTICLE) {
		add_link(m, LINKS_PAGE, f->address, ".w40.txt",
		    word(m, WORD_NARROW_TEXT));
		add_link(m, LINKS_PAGE, f->address, ".w0.txt",
		    word(m, WORD_UNWRAPPED_TEXT));
	}
	add_link(m, LINKS_PAGE, f->address, ".gmi", word(m, WORD_GEMTEXT));
}

static void
add_ways(struct making *m, bool all)
{
	const struct foot *f = m->f;
	const struct catalog *c = &f->site->catalog;
	bool article = f->doc->source->kind == SOURCE_ARTICLE;
	bool foreign = !slice_eq(f->doc->lang, catalog_lang(c));
	const struct term *lang = terms_lang(f->site, f->doc->lang);
	struct slice home = foreign && lang ? lang->address : SLICE_LIT("/");

	add_forms(m);
	if (all && !f->is_text)
		add_link(m, LINKS_PAGE, f->doc->address, ".md",
		    word(m, WORD_SOURCE));
	if (all && article)
		add_link(
		    m, LINKS_OWN, home, "new.gmi", word(m, WORD_SUBSCRIBE));
	if (article)
		add_link(m, LINKS_OWN, SLICE_LIT("/articles/"), "",
		    word(m, WORD_ARTICLES));
	add_link(m, LINKS_OWN, home, "", word(m, WORD_HOME));
	next_block(m);
}

static void
add_licence(struct making *m)
{
	const struct foot *f = m->f;
	struct slice licence = f->doc->art.fm.licence.text;
	struct md_node *p;

	if (!licence.len)
		licence = f->site->catalog.licence;
	if (!licence.len)
		return;
	p = next_line(m);
	if (p && !md_add_text(f->arena, p, named(m, WORD_LICENCE, licence)))
		m->failed = true;
	next_block(m);
}

const char *
foot_part(struct arena *a, const struct words *w, size_t part, size_t parts)
{
	return arena_printf(a, "%s %zu %s %zu", w->word[WORD_PART], part,
	    w->word[WORD_OF], parts);
}

static void
add_part(struct making *m, size_t part, enum word w)
{
	const struct foot *f = m->f;
	const char *name = foot_part(f->arena, f->words, part, f->parts);
	const char *suffix =
	    part == 1 ? "" : arena_printf(f->arena, "/part-%zu", part);

	if (name && suffix)
		add_link(m, LINKS_PAGE, f->doc->address, suffix,
		    named(m, w, slice_cstr(name)));
	else
		m->failed = true;
}

/* The parts before and after, and the contents, which the first part has. */
static void
add_parts(struct making *m)
{
	const struct foot *f = m->f;

	if (f->part && f->part < f->parts)
		add_part(m, f->part + 1, WORD_NEXT);
	if (f->part > 1)
		add_part(m, f->part - 1, WORD_PREVIOUS);
	if (f->parts && f->part != 1)
		add_link(
		    m, LINKS_PAGE, f->doc->address, "", word(m, WORD_CONTENTS));
	next_block(m);
}

struct md_node *
foot_make(const struct foot *f)
{
	struct making m = { .f = f };
	bool all = !f->part || f->part == f->parts;

	if (!(m.root = md_add(f->arena, NULL, MD_DOCUMENT)))
		return NULL;
	add_parts(&m);
	add_others(&m);
	if (all) {
		add_replies(&m);
		add_related(&m);
		add_neighbours(&m);
	}
	/* A text names its terms at the top; their addresses cost too much. */
	if (all && !f->is_text)
		add_terms(&m);
	add_addresses(&m);
	add_ways(&m, all);
	if (all)
		add_licence(&m);
	return m.failed ? NULL : m.root;
}

/* --- digest -------------------------------------------------------------- */

static void
digest_doc(const struct doc *d, struct buf *out)
{
	pack_slice(out, d ? d->named : SLICE_NONE);
}

void
foot_digest(const struct doc *d, struct buf *out)
{
	digest_doc(d->newer, out);
	digest_doc(d->older, out);
	pack_number(out, d->other_count);
	for (size_t i = 0; i < d->other_count; i++) {
		pack_slice(out, d->others[i]->address);
		pack_slice(out, d->others[i]->lang);
	}
	for (size_t i = 0; i < RELATED_MAX && d->related[i]; i++)
		digest_doc(d->related[i], out);
	for (size_t i = 0; i < d->term_count; i++) {
		pack_slice(out, d->terms[i].term->address);
		pack_slice(out, term_name(d->terms[i].term, d->lang));
	}
	pack_number(out, d->reply_count);
	for (size_t i = 0; i < d->reply_count; i++) {
		pack_slice(out, d->replies[i]->file->path);
		pack_hash(out, &d->replies[i]->hash);
	}
}
