#include "base/marks.h"
#include "render/gopher.h"

/* A selector as part of a gopher URI (RFC 4266): ? # % are encoded too. */
static void
add_selector(struct buf *out, struct slice s)
{
	size_t n;

	for (; s.len; s = slice_from(s, n + 1)) {
		for (n = 0; n < s.len && !strchr("?#%", s.ptr[n]);)
			n++;
		render_url(out, slice_upto(s, n));
		if (n < s.len)
			buf_addf(out, "%%%02X", (unsigned char)s.ptr[n]);
	}
}

static void
put_target(struct render *r, struct link_target *t)
{
	struct buf *line = &r->line;

	buf_clear(line);
	buf_add_char(line, '[');
	buf_add_uint(line, t->number);
	buf_add(line, SLICE_LIT("] "));
	if (t->to.kind == RENDER_OWN) {
		buf_add_char(line, MARK_GOPHER);
		buf_add_char(line, '/');
		buf_add_char(line, t->to.text_type);
		add_selector(line, t->to.text_selector);
	} else {
		buf_add(line, t->uri);
	}
	buf_add(r->out, buf_slice(line));
	if (!t->kind_shown) {
		buf_clear(line);
		links_add_kind(r, line, 0, t, false);
		buf_add(r->out, buf_slice(line));
	}
	gopher_eol(r);
}

int
gophertext_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
{
	size_t start = out->len;
	struct render r;

	render_begin(&r, out, FORMAT_TEXT, opts, doc);
	gopher_blocks(&r, doc);
	if (r.numbers) {
		if (out->len > start)
			gopher_blank(&r);
		gopher_own_heading(&r, WORD_LINKS);
	}
	for (size_t i = 0; i < r.numbers; i++)
		put_target(&r, r.numbered[i]);
	if (out->len == start)
		gopher_eol(&r);
	return render_end(&r, e);
}
