#include "base/marks.h"
#include "render/gopher.h"

enum {
	MAX_SUFFIX_COLUMNS = 24 /* a "(PDF, 1.2 MB)" that a cut label keeps */
};

/* --- labels ------------------------------------------------------------------ */

/* The blank and the brackets that `label` ends with, where they are short. */
static struct slice
suffix_of(struct slice label)
{
	size_t i = label.len;

	if (!i || label.ptr[i - 1] != ')')
		return SLICE_NONE;
	while (i && label.ptr[i - 1] != '(')
		i--;
	if (i < 2 || label.ptr[i - 2] != ' ' ||
	    wrap_width(slice_from(label, i - 2)) > MAX_SUFFIX_COLUMNS)
		return SLICE_NONE;
	return slice_from(label, i - 2);
}

/* A label as an item shows it: head, "…" and suffix; `rest` is left out. */
struct cut {
	struct slice head, suffix, rest;
	bool in_word; /* no blank was near: a word is cut in two */
};

/* Where `label` is cut so that it takes `columns`; rest is empty: nowhere. */
static struct cut
cut_label(struct slice label, unsigned columns)
{
	struct cut c = { .head = label };
	size_t fit, at;

	if (!columns || wrap_width(label) <= columns)
		return c;
	c.suffix = suffix_of(label);
	if (wrap_width(c.suffix) + 8 > columns)
		c.suffix = SLICE_NONE;
	label.len -= c.suffix.len;
	fit = wrap_fit(label, columns - 1 - wrap_width(c.suffix));
	for (at = fit; at && label.ptr[at] != ' ';)
		at--;
	c.in_word = !at;
	if (!at)
		at = fit;
	c.rest = slice_trim(slice_from(label, at));
	while (at && label.ptr[at - 1] == ' ')
		at--;
	c.head = slice_upto(label, at);
	return c;
}

/* --- items ------------------------------------------------------------------- */

/* Another server's item: "gopher://host:port/Tselector"; -1: not one. */
static int
add_foreign(struct buf *out, struct slice uri, struct slice label)
{
	struct slice rest = slice_from(uri, strlen("gopher://"));
	struct slice host = slice_upto(rest, slice_find(rest, '/'));
	struct slice path = slice_from(rest, host.len + 1),
		     port = SLICE_LIT("70");
	size_t start = out->len, colon = host.len;
	char type = '1';

	if (!slice_starts(uri, SLICE_LIT("gopher://")) || !host.len ||
	    slice_find(host, '@') < host.len)
		return -1;
	while (
	    colon && host.ptr[colon - 1] >= '0' && host.ptr[colon - 1] <= '9')
		colon--;
	if (colon && colon < host.len && host.ptr[colon - 1] == ':') {
		port = slice_from(host, colon);
		host.len = colon - 1;
	}
	if (host.len > 2 && host.ptr[0] == '[')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (path.len) {
		type = path.ptr[0];
		path = slice_from(path, 1);
	}
	if (!strchr("0124567890gIhs9d", type))
		return -1;
	buf_add_char(out, type);
	buf_add(out, label);
	buf_add_char(out, '\t');
	if (!render_decode(out, path)) {
		buf_truncate(out, start);
		return -1;
	}
	buf_add_char(out, '\t');
	buf_add(out, host);
	buf_add_char(out, '\t');
	buf_add(out, port);
	return 0;
}

static struct cut
cut_item(const struct render *r, const struct link_item *i, struct slice front)
{
	unsigned columns = r->opts->columns, taken = wrap_width(front);

	return cut_label(links_label(r, i),
	    columns > taken + 10 ? columns - taken : columns);
}

static void
put_item(struct render *r, const struct link_item *i, struct slice front,
    const struct cut *cut)
{
	const struct render_target *to = &i->target->to;
	struct slice label = links_label(r, i);

	buf_clear(&r->line);
	if (r->rtl && render_direction(label) == DIRECTION_LTR &&
	    !memmem(label.ptr, label.len, "://", 3))
		buf_add(&r->line, RENDER_RLM);
	buf_add(&r->line, front);
	buf_add(&r->line, cut->head);
	if (cut->rest.len)
		buf_add(&r->line, SLICE_LIT("…"));
	buf_add(&r->line, cut->suffix);
	label = buf_slice(&r->line);
	if (to->kind == RENDER_OWN) {
		buf_add_char(r->out, to->menu_type);
		buf_add(r->out, label);
		buf_add_char(r->out, '\t');
		buf_add(r->out, to->menu_selector);
		buf_add_char(r->out, '\t');
		buf_add_char(r->out, MARK_HOST_PORT);
	} else if (add_foreign(r->out, i->target->uri, label) < 0) {
		buf_add_char(r->out, 'h');
		buf_add(r->out, label);
		buf_add(r->out, SLICE_LIT("\tURL:"));
		buf_add(r->out, i->target->uri);
		buf_add_char(r->out, '\t');
		buf_add_char(r->out, MARK_HOST_PORT);
	}
	gopher_eol(r);
}

/* The words that the item left out, below it and a little to the right. */
static void
put_rest(struct render *r, struct slice rest)
{
	size_t prefix = r->prefix.len;

	r->lead_pending = false; /* the item had it */
	buf_add(&r->prefix, SLICE_LIT("  "));
	gopher_fill(r, rest);
	buf_truncate(&r->prefix, prefix);
}

/*
 * One link.  What a cut label leaves out follows as information, unless the
 * block's text has it; where a word would be cut, the whole stands above.
 */
static void
put_link(struct render *r, const struct link_item *i, struct slice front)
{
	struct cut cut = cut_item(r, i, front);

	if (cut.rest.len && cut.in_word && !i->told)
		gopher_fill(r, links_label(r, i));
	put_item(r, i, front, &cut);
	if (cut.rest.len && !cut.in_word && !i->told)
		put_rest(r, cut.rest);
}

void
gophermap_items(struct render *r, struct slice lead, struct slice indent)
{
	struct buf front;

	/* r->lead and r->prefix may change while lines are put. */
	buf_init(&front, 4096);
	buf_add(&front, lead);
	for (size_t i = 0; i < r->item_count; i++) {
		put_link(r, &r->items[i], buf_slice(&front));
		buf_clear(&front);
		buf_add(&front, indent);
	}
	if (buf_failed(&front))
		r->failed = true;
	buf_release(&front);
	links_clear(r);
}

int
gophermap_render(struct buf *out, const struct md_node *doc,
    const struct render_opts *opts, struct err *e)
{
	struct render r;

	render_begin(&r, out, FORMAT_MENU, opts, doc);
	gopher_blocks(&r, doc);
	buf_add_char(out, '.');
	gopher_eol(&r);
	return render_end(&r, e);
}
