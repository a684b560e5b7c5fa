#include "base/diag.h"
#include "base/err.h"
#include "content/text.h"
#include "markdown/markdown.h"
#include "markdown/node.h"
#include "markdown/sanitise.h"

#include "site/site_internal.h"

enum {
	TITLE_BYTES_MAX = 1024,
	TREE_BYTES_A_BYTE = 4 /* of source, about: of the tree */
};

static int
sanitise(struct arena *arena, struct slice bytes,
    const struct document_opts *opts, struct slice *out, struct err *e)
{
	struct buf clean;
	int rc = 0;

	if (md_is_clean(bytes)) {
		*out = bytes;
		return 0;
	}
	buf_init(&clean, bytes.len * 3 + 64);
	buf_reserve(&clean, bytes.len + 64);
	md_sanitise(&clean, bytes, opts->file, opts->again ? NULL : opts->diag);
	if (buf_failed(&clean) || arena_copy(arena, buf_slice(&clean), out) < 0)
		rc = err_memory(e);
	buf_release(&clean);
	return rc;
}

int
document_words(struct arena *arena, const struct md_node *n, struct slice *out)
{
	struct buf text;
	struct slice raw = SLICE_NONE;
	int rc;

	buf_init(&text, TITLE_BYTES_MAX);
	for (const struct md_node *m = n; m; m = md_next(m, n, true)) {
		if (m->type == MD_TEXT || m->type == MD_CODE_SPAN)
			buf_add(&text, m->text);
		else if (m->type == MD_BREAK)
			buf_add_char(&text, ' ');
	}
	text.failed = false;
	rc = arena_copy(arena, buf_slice(&text), &raw);
	buf_release(&text);
	return rc < 0 ? -1 : text_clean(arena, raw, out);
}

static struct md_node *
first_h1(struct md_node *tree)
{
	struct md_node *n = tree->first;

	while (n && (n->type != MD_HEADING || n->level != 1))
		n = n->next;
	return n;
}

static void
unlink_node(struct md_node *n)
{
	struct md_node *parent = n->parent, *before = NULL;

	if (!parent)
		return;
	for (struct md_node *m = parent->first; m && m != n; m = m->next)
		before = m;
	if (before)
		before->next = n->next;
	else
		parent->first = n->next;
	if (parent->last == n)
		parent->last = before;
	n->next = NULL;
	n->parent = NULL;
}

/*
 * Below a title the body's highest headings stand one level down, whatever
 * level their author began at.
 */
static void
raise_headings(struct md_node *tree)
{
	unsigned highest = 6;

	for (struct md_node *n = tree->first; n; n = n->next)
		if (n->type == MD_HEADING && n->level < highest)
			highest = n->level;
	for (struct md_node *n = tree->first; n && highest > 1; n = n->next)
		if (n->type == MD_HEADING)
			n->level -= highest - 1;
}

/*
 * The title is the front matter's or the first heading of level 1; a heading
 * that says the title again is not kept.
 */
static int
settle_title(
    struct arena *arena, bool promote, struct document *doc, struct err *e)
{
	struct md_node *h1 = doc->tree ? first_h1(doc->tree) : NULL;
	struct slice words = SLICE_NONE;

	doc->art.title = doc->art.fm.title.text;
	if (!h1) {
		if (doc->tree && doc->art.title.len)
			raise_headings(doc->tree);
		return 0;
	}
	if (document_words(arena, h1, &words) < 0)
		return err_memory(e);
	if (!doc->art.title.len && promote)
		doc->art.title = words;
	else if (doc->tree->first != h1)
		return 0;
	if (words.len && slice_eq(doc->art.title, words)) {
		unlink_node(h1);
		raise_headings(doc->tree);
	}
	return 0;
}

/* Of what kind is what is told from now on. */
static void
begin_phase(
    const struct document_opts *opts, const char **phase, const char *code)
{
	*phase = code;
	if (opts->diag)
		opts->diag->code = code;
}

static int
read_head(struct arena *arena, const struct frontmatter_split *split,
    const struct document_opts *opts, struct frontmatter *out, struct err *e)
{
	if (!opts->head)
		return frontmatter_parse(arena, split, opts->file,
		    opts->again ? NULL : opts->diag, out, e);
	*out = *opts->head;
	return 0;
}

static int
parse(struct arena *arena, struct slice bytes, const struct document_opts *opts,
    struct document *out, const char **phase, struct err *e)
{
	struct frontmatter_split split;
	struct md_opts md = { .file = opts->file, .diag = opts->diag };
	struct diag *head_diag = opts->again ? NULL : opts->diag;
	unsigned conflict;

	begin_phase(opts, phase, "bytes");
	arena_expect(arena, bytes.len * TREE_BYTES_A_BYTE);
	if (sanitise(arena, bytes, opts, &out->text, e) < 0)
		return -1;
	if ((conflict = text_conflict(out->text)))
		return err_at(e, opts->file, conflict, 1,
		    "a conflict that git left: choose one of the two");
	begin_phase(opts, phase, "front-matter");
	if (frontmatter_split(out->text, opts->file, head_diag, &split, e) <
		0 ||
	    read_head(arena, &split, opts, &out->art.fm, e) < 0)
		return -1;
	out->art.title = out->art.fm.title.text;
	if (!opts->whole && out->art.title.len)
		return 0;
	begin_phase(opts, phase, "markdown");
	md.first_line = split.body_line;
	/* What only the title is wanted of is parsed again, and told then. */
	if (!opts->whole)
		md.diag = NULL;
	out->tree = md_parse_document(arena, split.body, &md, e);
	if (!out->tree)
		return -1;
	return settle_title(arena,
	    opts->promote == PROMOTE_ALWAYS ||
		(opts->promote == PROMOTE_WITH_HEAD && split.found),
	    out, e);
}

int
document_parse(struct arena *arena, struct slice bytes,
    const struct document_opts *opts, struct document *out, struct err *e)
{
	const char *phase = NULL;
	int rc;

	*out = (struct document){ .tree = NULL };
	rc = parse(arena, bytes, opts, out, &phase, e);
	if (opts->diag)
		opts->diag->code = NULL;
	if (rc < 0)
		e->code = phase;
	return rc;
}
