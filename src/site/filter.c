#include "base/err.h"
#include "base/marks.h"
#include "markdown/node.h"
#include "render/filter_links.h"
#include "render/render.h"

#include "site/filter.h"
#include "site/site_internal.h"

enum {
	PAGE_MAX = 256 * 1024 * 1024
};

static int
fill_marks(const struct filter_opts *opts, struct buf *page, struct buf *out,
    struct err *e)
{
	struct marks marks;
	struct buf storage;
	int rc;

	/* Most pages have none, and need no second copy. */
	if (marks_find(buf_slice(page)) == page->len) {
		buf_release(out);
		*out = *page;
		buf_init(page, PAGE_MAX);
		return 0;
	}
	buf_init(&storage, 4096);
	rc = marks_make(&marks, &storage, opts->host, 1965, opts->port);
	if (!rc)
		marks_fill(out, &marks, buf_slice(page));
	buf_release(&storage);
	return rc < 0 || buf_failed(out) ? err_memory(e) : 0;
}

static int
render(const struct filter_opts *opts, const struct document *doc,
    struct buf *page, struct err *e)
{
	struct slice lang = doc->art.fm.lang.text;
	struct filter_links links;
	struct render_opts r = { .lang = lang,
		.words = words_for(lang),
		.columns = opts->columns,
		.resolve = filter_links_resolve,
		.resolve_ctx = &links };
	int rc;

	filter_links_init(&links, slice_cstr(opts->base));
	if (opts->form == FILTER_GEMINI)
		rc = gemtext_render(page, doc->tree, &r, e);
	else if (opts->form == FILTER_GOPHER)
		rc = gophertext_render(page, doc->tree, &r, e);
	else
		rc = gophermap_render(page, doc->tree, &r, e);
	filter_links_release(&links);
	return rc;
}

int
filter_convert(struct slice source, const struct filter_opts *opts,
    struct buf *out, struct err *e)
{
	struct document_opts how = { .file = opts->file,
		.diag = opts->diag,
		.whole = true,
		.promote = PROMOTE_WITH_HEAD };
	struct document doc;
	struct arena arena;
	struct buf page;
	int rc = -1;

	arena_init(&arena, (size_t)1 << 30);
	buf_init(&page, PAGE_MAX);
	/* About as long as the source, and its head. */
	buf_reserve(&page, source.len + 4096);
	if (document_parse(&arena, source, &how, &doc, e) == 0) {
		struct head h = { .art = &doc.art,
			.words = words_for(doc.art.fm.lang.text),
			.lang = doc.art.fm.lang.text };

		if (head_add(&arena, doc.tree, &h) < 0 ||
		    head_add_tail(&arena, doc.tree, &h) < 0)
			err_memory(e);
		else if (render(opts, &doc, &page, e) == 0)
			rc = fill_marks(opts, &page, out, e);
	}
	buf_release(&page);
	arena_release(&arena);
	return rc;
}
