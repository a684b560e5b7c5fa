#include "render/render_internal.h"

/*
 * Inlines as text.  In gemtext and menus a link's words stand in the sentence
 * and its target below; in Gopher text its number follows the words.
 */

/* Text without line ends and tabs of its own. */
static void
add_text(struct buf *out, struct slice s)
{
	size_t n;

	if (!s.len)
		return;
	if (!memchr(s.ptr, '\t', s.len) && !memchr(s.ptr, '\n', s.len)) {
		buf_add(out, s);
		return;
	}
	for (; s.len; s = slice_from(s, n + 1)) {
		for (n = 0; n < s.len && s.ptr[n] != '\t' && s.ptr[n] != '\n';)
			n++;
		buf_add(out, slice_upto(s, n));
		if (n < s.len)
			buf_add_char(out, ' ');
	}
}

/* The same, but no blank where one is, or first: what stood there is gone. */
static void
add_words(struct buf *out, struct slice s)
{
	while (s.len && s.ptr[0] == ' ' &&
	    (!out->len || out->ptr[out->len - 1] == ' ' ||
		out->ptr[out->len - 1] == '\n'))
		s = slice_from(s, 1);
	add_text(out, s);
}

static void
add_number(struct buf *out, char open, unsigned n, char close)
{
	buf_add_char(out, open);
	buf_add_uint(out, n);
	buf_add_char(out, close);
}

static void
add_reference(struct render *r, struct buf *out, const struct md_node *n)
{
	if (r->format == FORMAT_TEXT)
		add_number(out, '(', n->number, ')');
	else
		add_number(out, '[', n->number, ']');
}

void
flow_plain(struct render *r, struct buf *out, const struct md_node *node)
{
	const struct md_node *n = node;

	/* A link's children, and all that is below them. */
	while ((n = md_next(n, node, true))) {
		switch (n->type) {
		case MD_TEXT:
			add_text(out, n->text);
			break;
		case MD_CODE_SPAN:
			buf_add_char(out, '`');
			add_text(out, n->text);
			buf_add_char(out, '`');
			break;
		case MD_BREAK:
			buf_add_char(out, ' ');
			break;
		case MD_NOTE_REF:
			add_reference(r, out, n);
			break;
		default:
			break;
		}
	}
}

static void flow_inlines(
    struct render *r, const struct md_node *parent, unsigned depth);

/* [n] joined to the word before it. */
static void
add_link_number(struct render *r, struct link_target *t)
{
	bool blank = r->text.len && r->text.ptr[r->text.len - 1] == ' ';

	if (blank)
		buf_truncate(&r->text, r->text.len - 1);
	add_number(&r->text, '[', links_number(r, t), ']');
	if (blank)
		buf_add_char(&r->text, ' ');
}

/* NOLINTBEGIN(misc-no-recursion): at most RENDER_MAX_DEPTH deep */
static void
add_link(struct render *r, const struct md_node *n, unsigned depth)
{
	struct link_target *t = links_target(r, n);
	size_t start = r->text.len;

	if (t && r->format != FORMAT_TEXT)
		links_note(r, n, t, n->first != NULL);
	flow_inlines(r, n, depth + 1);
	if (!t || r->format != FORMAT_TEXT)
		return;
	if (r->text.len == start && !links_is_bare(n, t))
		links_add_label(r, &r->text, n, t);
	if (!links_is_bare(n, t))
		add_link_number(r, t);
}

/*
 * A picture in a sentence: its alt text stays there.  In Gopher text that is
 * all there is of it, so its title follows, or its name stands for it; its
 * address is numbered everywhere but in a plain paragraph, where the reader
 * finds the picture in the menu or the gemtext.
 */
static void
add_image(struct render *r, const struct md_node *n, unsigned depth)
{
	struct link_target *t = links_target(r, n);
	size_t start = r->text.len;

	if (t && r->format != FORMAT_TEXT)
		links_note(r, n, t, n->first != NULL);
	flow_inlines(r, n, depth + 1);
	if (t && r->format != FORMAT_TEXT)
		return;
	if (n->info.len) {
		bool alt = r->text.len > start;

		buf_add(&r->text, alt ? SLICE_LIT(" (") : SLICE_NONE);
		add_text(&r->text, n->info);
		buf_add(&r->text, alt ? SLICE_LIT(")") : SLICE_NONE);
	} else if (t && r->text.len == start) {
		links_add_label(r, &r->text, n, t);
	}
	if (t &&
	    (n->parent->type != MD_PARAGRAPH ||
		n->parent->parent->type != MD_DOCUMENT))
		add_link_number(r, t);
}

static void
add_inline(struct render *r, const struct md_node *n, unsigned depth)
{
	switch (n->type) {
	case MD_TEXT:
		add_words(&r->text, n->text);
		break;
	case MD_CODE_SPAN:
		buf_add_char(&r->text, '`');
		add_text(&r->text, n->text);
		buf_add_char(&r->text, '`');
		break;
	case MD_STRIKE:
		buf_add(&r->text, SLICE_LIT("~~"));
		flow_inlines(r, n, depth + 1);
		buf_add(&r->text, SLICE_LIT("~~"));
		break;
	case MD_BREAK:
		while (r->text.len && r->text.ptr[r->text.len - 1] == ' ')
			buf_truncate(&r->text, r->text.len - 1);
		buf_add_char(&r->text, '\n');
		break;
	case MD_NOTE_REF:
		add_reference(r, &r->text, n);
		break;
	case MD_LINK:
		add_link(r, n, depth);
		break;
	case MD_IMAGE:
		add_image(r, n, depth);
		break;
	default:
		break;
	}
}

static void
flow_inlines(struct render *r, const struct md_node *parent, unsigned depth)
{
	if (!render_deeper(r, depth))
		return;
	for (const struct md_node *n = parent->first; n; n = n->next)
		add_inline(r, n, depth);
}

/* NOLINTEND(misc-no-recursion) */

void
flow_add(struct render *r, const struct md_node *block)
{
	flow_inlines(r, block, 0);
}

void
flow_block(struct render *r, const struct md_node *block)
{
	buf_clear(&r->text);
	flow_add(r, block);
}

/* --- links alone ------------------------------------------------------------ */

bool
flow_only_links(struct render *r, const struct md_node *block)
{
	bool any = false;

	for (const struct md_node *n = block->first; n; n = n->next) {
		if (n->type == MD_BREAK ||
		    (n->type == MD_TEXT && !slice_trim(n->text).len))
			continue;
		if ((n->type != MD_LINK && n->type != MD_IMAGE) ||
		    !links_target(r, n))
			return false;
		any = true;
	}
	return any;
}

/* The picture that the link `n` consists of, or NULL. */
static const struct md_node *
linked_picture(const struct md_node *n)
{
	const struct md_node *c = n->first;

	return n->type == MD_LINK && c && !c->next && c->type == MD_IMAGE
	    ? c
	    : NULL;
}

static void
add_whole_link(struct render *r, const struct md_node *n)
{
	struct link_target *t = links_target(r, n);

	if (!t)
		return;
	if (r->format != FORMAT_TEXT) {
		links_note(r, n, t, false);
		return;
	}
	if (r->text.len)
		buf_add_char(&r->text, '\n');
	links_add_label(r, &r->text, n, t);
	t->kind_shown = true;
	if (links_is_bare(n, t))
		return;
	if (!r->lead_pending)
		buf_add_char(&r->text, ' ');
	add_number(&r->text, '[', links_number(r, t), ']');
}

void
flow_links(struct render *r, const struct md_node *block)
{
	buf_clear(&r->text);
	for (const struct md_node *n = block->first; n; n = n->next) {
		const struct md_node *picture = linked_picture(n);

		if (n->type == MD_LINK || n->type == MD_IMAGE)
			add_whole_link(r, n);
		if (picture)
			add_whole_link(r, picture);
	}
}
