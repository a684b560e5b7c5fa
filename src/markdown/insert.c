#include "base/arena.h"

#include "markdown/markdown_internal.h"

const char md_soft_break[2] = " ";

bool
md_is_inline(enum md_type t)
{
	return t >= MD_TEXT;
}

void
md_close_inlines(struct builder *b)
{
	while (md_is_inline(b->cur->type) || b->cur->type == MD_PARAGRAPH ||
	    b->cur->type == MD_HEADING)
		b->cur = b->cur->parent;
	b->html_link = NULL;
}

int
md_descend(struct builder *b, enum md_type type)
{
	struct md_node *n = md_add(b->arena, b->cur, type);

	if (!n)
		return -1;
	b->cur = n;
	return 0;
}

/* Goes on to what may hold a block, or a cell: never a bare list or table. */
static int
settle(struct builder *b)
{
	if (b->cur->type == MD_LIST)
		return md_descend(b, MD_ITEM);
	if (b->cur->type == MD_NOTES)
		return md_descend(b, MD_NOTE);
	if (b->cur->type == MD_TABLE && md_descend(b, MD_ROW) < 0)
		return -1;
	if (b->cur->type == MD_ROW)
		return md_descend(b, MD_CELL);
	return 0;
}

bool
md_in_cell(const struct builder *b)
{
	const struct md_node *n = b->cur;

	while (n && md_is_inline(n->type))
		n = n->parent;
	return n && n->type == MD_CELL;
}

struct md_node *
md_inline_parent(struct builder *b)
{
	enum md_type t = b->cur->type;

	if (md_is_inline(t) || t == MD_PARAGRAPH || t == MD_HEADING ||
	    t == MD_CELL)
		return b->cur;
	if (settle(b) < 0 ||
	    (b->cur->type != MD_CELL && md_descend(b, MD_PARAGRAPH) < 0))
		return NULL;
	return b->cur;
}

static unsigned
depth_of(const struct md_node *n)
{
	unsigned depth = 0;

	for (; n->parent; n = n->parent)
		depth++;
	return depth;
}

/* Whether a container may be opened here; warns once when it may not. */
static bool
may_nest(struct builder *b, enum md_type type)
{
	if (type != MD_QUOTE && type != MD_LIST && type != MD_TABLE)
		return true;
	if (depth_of(b->cur) + 2 <= b->max_depth)
		return true;
	if (!b->too_deep)
		md_warn(b, NULL, "blocks nested over %u deep are flattened",
		    b->max_depth);
	b->too_deep = true;
	return false;
}

struct md_node *
md_open_block(struct builder *b, enum md_type type, bool *flat)
{
	*flat = false;
	if (md_in_cell(b)) {
		*flat = true;
		if (type != MD_ROW && type != MD_CELL)
			return md_break(b) < 0 ? NULL : b->cur;
		return b->cur;
	}
	md_close_inlines(b);
	if (type != MD_ITEM && type != MD_ROW && type != MD_CELL &&
	    settle(b) < 0)
		return NULL;
	if (md_in_cell(b)) {
		*flat = true;
		return b->cur;
	}
	/* An item of a list that was not opened is what stands in it. */
	if (!may_nest(b, type) ||
	    (type == MD_ITEM && b->cur->type != MD_LIST) ||
	    (type == MD_ROW && b->cur->type != MD_TABLE) ||
	    (type == MD_CELL && b->cur->type != MD_ROW)) {
		*flat = true;
		return b->cur;
	}
	if (md_descend(b, type) < 0)
		return NULL;
	return b->cur;
}

int
md_break(struct builder *b)
{
	if (!b->cur->last || b->cur->last->type == MD_BREAK)
		return 0;
	return md_add(b->arena, b->cur, MD_BREAK) ? 0 : -1;
}

int
md_end_paragraph(struct builder *b)
{
	if (b->frames && b->frames->node && b->frames->node->type >= MD_TEXT)
		return md_break(b);
	if (md_in_cell(b) || b->cur->type == MD_HEADING)
		return md_break(b);
	if (b->cur != b->floor)
		md_close_inlines(b);
	return 0;
}

/*
 * Whether `text` goes on where the text before a soft break ended: then the
 * break becomes a blank, written over its LF in src, and one node holds all.
 */
static bool
joins_lines(struct builder *b, const struct md_node *parent, struct slice text)
{
	struct md_node *before = b->before_soft;
	const char *end;

	if (!before || before->type != MD_TEXT || before->parent != parent ||
	    before->next != parent->last ||
	    parent->last->text.ptr != md_soft_break)
		return false;
	end = before->text.ptr + before->text.len;
	return md_in_src(b, end) && *end == '\n' && end + 1 == text.ptr;
}

int
md_plain(struct builder *b, struct slice text)
{
	struct md_node *parent, *last;

	if (!text.len)
		return 0;
	if (!(parent = md_inline_parent(b)))
		return -1;
	if (joins_lines(b, parent, text)) {
		last = parent->last = b->before_soft;
		last->next = NULL;
		b->src[text.ptr - 1 - b->src] = ' ';
		last->text.len += 1 + text.len;
		return 0;
	}
	last = parent->last;
	if (last && last->type == MD_TEXT &&
	    last->text.ptr + last->text.len == text.ptr &&
	    md_in_src(b, text.ptr)) {
		last->text.len += text.len;
		return 0;
	}
	return md_add_text(b->arena, parent, text) ? 0 : -1;
}
