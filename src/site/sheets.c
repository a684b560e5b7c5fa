/*
 * The pages of a document: each of its sheets in each form.  A short document
 * is one sheet; a long article is the whole, at all.gmi, and its parts, the
 * first of which stands at the article's own address.
 */
#include "base/err.h"
#include "markdown/node.h"
#include "render/render.h"
#include "store/store.h"

#include "site/foot.h"
#include "site/job.h"
#include "site/parts.h"

enum {
	WIDTH = 67, /* RENDERING.md: columns of Gopher texts and menus */
	NARROW = 40,
};

static const struct form {
	char protocol;
	const char *suffix;
	enum links_form links;
	int (*render)(struct buf *, const struct md_node *,
	    const struct render_opts *, struct err *);
	unsigned columns;
	char gopher_type;
	const char *media;
	bool article_only;
	bool in_gemini; /* the same bytes there too: they are stored once */
} forms[] = {
	{ 'g', ".gmi", LINKS_GEMINI, gemtext_render, 0, 0, "text/gemini", false,
	    false },
	{ 'o', ".gmi", LINKS_GEMTEXT_ON_GOPHER, gemtext_render, 0, '0',
	    "text/gemini", false, false },
	{ 'o', "", LINKS_GOPHER, gophermap_render, WIDTH, '1',
	    "application/gopher-menu", false, false },
	{ 'o', ".txt", LINKS_GOPHER, gophertext_render, WIDTH, '0',
	    "text/plain", false, true },
	{ 'o', ".w40.txt", LINKS_GOPHER, gophertext_render, NARROW, '0',
	    "text/plain", true, false },
	{ 'o', ".w0.txt", LINKS_GOPHER, gophertext_render, 0, '0', "text/plain",
	    true, false },
};

/* What is rendered in all forms. */
struct sheet {
	struct slice address; /* without extension */
	struct md_node *tree;
	size_t part, parts; /* part 0: the whole; parts 0: there are none */
};

/* --- one sheet ----------------------------------------------------------- */

/* Which form stands at an alias that is one address: a text where it says so. */
static bool
is_form_of(const struct form *f, struct slice alias)
{
	static const char *const texts[] = { ".w40.txt", ".w0.txt", ".txt" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (slice_ends(alias, slice_cstr(texts[i])))
			return !strcmp(f->suffix, texts[i]);
	return f->gopher_type == '1';
}

/* Over Gopher an alias serves what it stands for. */
static int
pack_alias_forms(struct job *j, const struct form *f, struct output *o)
{
	for (size_t i = 0; i < j->doc->alias_count; i++) {
		struct slice alias = j->doc->aliases[i];
		bool all = job_has_all_forms(alias);

		if (!all && !is_form_of(f, alias))
			continue;
		o->address = job_alias(j, alias, all ? f->suffix : "");
		if (job_pack(j, o) < 0)
			return -1;
	}
	return 0;
}

/* What follows `last` in the tree goes back into the foot. */
static void
cut_foot(struct md_node *tree, struct md_node *last, struct md_node *foot)
{
	foot->first = last ? last->next : tree->first;
	foot->last = foot->first ? tree->last : NULL;
	for (struct md_node *n = foot->first; n; n = n->next)
		n->parent = foot;
	if (last)
		last->next = NULL;
	else
		tree->first = NULL;
	tree->last = last;
}

/* The foot of `f`; the texts have the same, whatever their width. */
static struct md_node *
foot_of(struct job *j, const struct sheet *sheet, const struct form *f)
{
	struct foot how = { .arena = &j->s->arena,
		.site = j->site,
		.doc = j->doc,
		.words = j->words,
		.address = sheet->address,
		.protocol = f->protocol,
		.gopher_type = f->gopher_type,
		.is_text = f->render == gophertext_render,
		.replies = j->replies,
		.reply_count = j->reply_count,
		.part = sheet->part,
		.parts = sheet->parts };

	if (!how.is_text)
		return foot_make(&how);
	if (!j->text_foot || j->text_foot_of != sheet->tree) {
		j->text_foot = foot_make(&how);
		j->text_foot_of = sheet->tree;
	}
	return j->text_foot;
}

/* Leaves the sheet in one form in s->page. */
static int
render_form(struct job *j, const struct sheet *sheet, const struct form *f)
{
	struct md_node *last = sheet->tree->last;
	struct md_node *foot = foot_of(j, sheet, f);
	struct render_opts opts = { .lang = j->doc->lang,
		.words = j->words,
		.columns = f->columns,
		.crlf = f->protocol == 'o',
		.resolve = links_resolve,
		.resolve_ctx = &j->links };
	int rc;

	if (!foot)
		return err_memory(j->err);
	while (foot->first)
		md_move(foot->first, sheet->tree);
	buf_clear(&j->s->page);
	j->links.form = f->links;
	j->links.address = job_address(j, sheet->address, ".gmi");
	rc = f->render(&j->s->page, sheet->tree, &opts, j->err);
	cut_foot(sheet->tree, last, foot);
	return rc;
}

/* Packs what render_form() left in s->page. */
static int
pack_form(struct job *j, const struct sheet *sheet, const struct form *f)
{
	struct output o = { .protocol = f->protocol,
		.address = job_address(j, sheet->address, f->suffix),
		.kind = STORE_PAGE,
		.gopher_type = f->gopher_type,
		.media = slice_cstr(f->media),
		.lang = j->doc->lang,
		.body = buf_slice(&j->s->page) };

	if (job_pack(j, &o) < 0)
		return -1;
	if (f->in_gemini) {
		o.protocol = 'g';
		if (job_pack(j, &o) < 0)
			return -1;
		o.protocol = 'o';
	}
	if (f->protocol != 'o' || !slice_eq(sheet->address, j->doc->address))
		return 0;
	return pack_alias_forms(j, f, &o);
}

static int
pack_forms(struct job *j, const struct sheet *sheet, size_t from)
{
	bool article = j->doc->source->kind == SOURCE_ARTICLE;

	for (size_t i = from; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((article || !forms[i].article_only) &&
		    (render_form(j, sheet, &forms[i]) < 0 ||
			pack_form(j, sheet, &forms[i]) < 0))
			return -1;
	return 0;
}

/* --- parts --------------------------------------------------------------- */

/* The bytes of `block` as gemtext, and the blank line behind it. */
static size_t
measure(void *ctx, struct md_node *block)
{
	struct job *j = ctx;
	struct md_node alone = {
		.type = MD_DOCUMENT, .first = block, .last = block
	};
	struct md_node *next = block->next;
	struct render_opts opts = { .lang = j->doc->lang,
		.words = j->words,
		.resolve = links_resolve,
		.resolve_ctx = &j->links };
	struct err e;
	int rc;

	j->links.form = LINKS_GEMINI;
	buf_clear(&j->s->other);
	block->next = NULL;
	rc = gemtext_render(&j->s->other, &alone, &opts, &e);
	block->next = next;
	return rc < 0 ? 0 : j->s->other.len + 1;
}

static int
add_entry(
    struct job *j, struct md_node *list, const char *href, const char *label)
{
	struct md_node *n = md_add(&j->s->arena, list, MD_ITEM);

	n = n ? md_add(&j->s->arena, n, MD_PARAGRAPH) : NULL;
	if (!n || !href || !label ||
	    !md_add_link(&j->s->arena, n, slice_cstr(href), slice_cstr(label)))
		return -1;
	return 0;
}

/* "Part 2 of 3: What the pump changed" */
static const char *
part_label(struct job *j, const struct parts *p, size_t n)
{
	const char *label = foot_part(&j->s->arena, j->words, n + 1, p->count);

	if (!label || !p->names[n].len)
		return label;
	return arena_printf(
	    &j->s->arena, "%s: %.*s", label, SLICE_FMT(p->names[n]));
}

/* What the first part has before its body: the ways to the rest. */
static int
add_contents(struct job *j, const struct parts *p)
{
	struct arena *a = &j->s->arena;
	struct slice own = j->doc->address;
	struct md_node *list = md_add(a, NULL, MD_LIST);
	struct buf size;
	int rc = list ? 0 : -1;

	if (list)
		list->tight = true;
	for (size_t i = 1; i < p->count && !rc; i++)
		rc = add_entry(j, list,
		    arena_printf(
			a, LINKS_PAGE "%.*s/part-%zu", SLICE_FMT(own), i + 1),
		    part_label(j, p, i));
	buf_init(&size, 64);
	render_size(&size, j->size);
	if (!rc)
		rc = add_entry(j, list,
		    arena_printf(a, LINKS_PAGE "%.*s/all", SLICE_FMT(own)),
		    arena_printf(a, "%s (%.*s)", j->words->word[WORD_WHOLE],
			SLICE_FMT(buf_slice(&size))));
	buf_release(&size);
	if (rc)
		return -1;
	parts_insert(p, list);
	return 0;
}

/* A later part begins with the title and its number. */
static int
add_title(struct job *j, const struct parts *p, size_t n)
{
	struct arena *a = &j->s->arena;
	struct md_node *h = md_add(a, NULL, MD_HEADING);
	const char *part = foot_part(a, j->words, n + 1, p->count);
	const char *title = part
	    ? arena_printf(a, "%.*s (%s)", SLICE_FMT(j->doc->art.title), part)
	    : NULL;

	if (!h || !title || !md_add_text(a, h, slice_cstr(title)))
		return -1;
	h->parent = p->docs[n];
	h->next = p->docs[n]->first;
	p->docs[n]->first = h;
	return 0;
}

static int
pack_parts(struct job *j, struct parts *p)
{
	if (parts_split(p, j->document.tree) < 0 || add_contents(j, p) < 0)
		return err_memory(j->err);
	for (size_t i = 0; i < p->count; i++) {
		char suffix[32];
		struct sheet sheet = {
			.tree = p->docs[i], .part = i + 1, .parts = p->count
		};

		snprintf(suffix, sizeof(suffix), "/part-%zu", i + 1);
		sheet.address =
		    job_address(j, j->doc->address, i ? suffix : "");
		if (parts_take_notes(p, i) < 0 || (i && add_title(j, p, i) < 0))
			return err_memory(j->err);
		if (pack_forms(j, &sheet, 0) < 0)
			return -1;
	}
	return 0;
}

bool
sheets_is_part(struct slice rest)
{
	struct slice stem = slice_upto(rest, slice_find(rest, '.'));
	uint64_t n;

	if (slice_eq_cstr(stem, "all"))
		return true;
	return slice_starts(stem, SLICE_LIT("part-")) &&
	    slice_uint(slice_from(stem, 5), 1000000, &n) == 0;
}

int
sheets_pack(struct job *j)
{
	struct sheet whole = { .address = j->doc->address,
		.tree = j->document.tree };
	struct parts parts = { .count = 0 };

	if (render_form(j, &whole, &forms[0]) < 0)
		return -1;
	/* Replies make no article a long one. */
	j->size = j->s->page.len;
	if (j->size > PARTS_OVER_BYTES)
		j->size -= j->size < j->reply_bytes ? 0 : j->reply_bytes;
	if (j->size > PARTS_OVER_BYTES &&
	    j->doc->source->kind == SOURCE_ARTICLE &&
	    parts_plan(&parts, &j->s->arena, j->body_first, j->body_last,
		measure, j) < 0)
		return err_memory(j->err);
	if (parts.count < 2) {
		if (pack_form(j, &whole, &forms[0]) < 0)
			return -1;
		return pack_forms(j, &whole, 1);
	}
	j->in_parts = true;
	whole.parts = parts.count;
	whole.address = job_address(j, j->doc->address, "/all");
	if (pack_forms(j, &whole, 0) < 0)
		return -1;
	return pack_parts(j, &parts);
}
