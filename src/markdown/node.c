#include "base/arena.h"

#include "markdown/node.h"

struct md_node *
md_add(struct arena *a, struct md_node *parent, enum md_type type)
{
	struct md_node *n = arena_calloc(a, 1, sizeof(*n));

	if (!n)
		return NULL;
	n->type = type;
	n->parent = parent;
	if (!parent)
		return n;
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return n;
}

struct md_node *
md_add_text(struct arena *a, struct md_node *parent, struct slice text)
{
	struct md_node *n = md_add(a, parent, MD_TEXT);

	if (n)
		n->text = text;
	return n;
}

struct md_node *
md_add_link(struct arena *a, struct md_node *parent, struct slice target,
    struct slice label)
{
	struct md_node *n = md_add(a, parent, MD_LINK);

	if (!n || !md_add_text(a, n, label))
		return NULL;
	n->text = target;
	return n;
}

static void
unlink_node(struct md_node *child)
{
	struct md_node *parent = child->parent, *prev = NULL;

	if (!parent)
		return;
	if (parent->first == child) {
		parent->first = child->next;
	} else {
		for (prev = parent->first; prev->next != child;)
			prev = prev->next;
		prev->next = child->next;
	}
	if (parent->last == child)
		parent->last = prev;
}

void
md_move(struct md_node *child, struct md_node *parent)
{
	unlink_node(child);
	child->parent = parent;
	child->next = NULL;
	if (!parent)
		return;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

const struct md_node *
md_next(const struct md_node *n, const struct md_node *root, bool down)
{
	if (down && n->first)
		return n->first;
	while (n != root) {
		if (n->next)
			return n->next;
		n = n->parent;
	}
	return NULL;
}
