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

/* `label`, cut at a blank to `columns` where it is longer. */
static void
add_cut(struct buf *out, struct slice label, unsigned columns)
{
	struct slice suffix;
	size_t fit, at;

	if (!columns || wrap_width(label) <= columns) {
		buf_add(out, label);
		return;
	}
	suffix = suffix_of(label);
	if (wrap_width(suffix) + 8 > columns)
		suffix = SLICE_NONE;
	label.len -= suffix.len;
	fit = wrap_fit(label, columns - 1 - wrap_width(suffix));
	for (at = fit; at && label.ptr[at] != ' ';)
		at--;
	if (!at)
		at = fit;
	while (at && label.ptr[at - 1] == ' ')
		at--;
	buf_add(out, slice_upto(label, at));
	buf_add(out, SLICE_LIT("…"));
	buf_add(out, suffix);
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

static void
put_item(struct render *r, const struct link_item *i, struct slice front)
{
	const struct render_target *to = &i->target->to;
	unsigned columns = r->opts->columns, taken = wrap_width(front);
	struct slice label = links_label(r, i);

	buf_clear(&r->line);
	if (r->rtl && render_direction(label) == DIRECTION_LTR &&
	    !memmem(label.ptr, label.len, "://", 3))
		buf_add(&r->line, RENDER_RLM);
	buf_add(&r->line, front);
	add_cut(
	    &r->line, label, columns > taken + 10 ? columns - taken : columns);
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

/* A label that is cut stands whole above, unless its words stand there. */
static void
put_whole_label(struct render *r, const struct link_item *i, struct slice front)
{
	unsigned columns = r->opts->columns;
	struct slice label = links_label(r, i);

	if (!columns || i->told ||
	    wrap_width(label) + wrap_width(front) <= columns)
		return;
	gopher_fill(r, label);
}

void
gophermap_items(struct render *r, struct slice lead, struct slice indent)
{
	struct buf front;

	/* r->lead and r->prefix may change while lines are put. */
	buf_init(&front, 4096);
	buf_add(&front, lead);
	for (size_t i = 0; i < r->item_count; i++) {
		put_whole_label(r, &r->items[i], buf_slice(&front));
		put_item(r, &r->items[i], buf_slice(&front));
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
