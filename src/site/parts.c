#include <stdbool.h>

#include "base/arena.h"
#include "markdown/node.h"

#include "site/parts.h"
#include "site/site_internal.h"

/* --- where to cut -------------------------------------------------------- */

/* The bytes from block `at` up to the next heading of `level` or higher. */
static size_t
section(const struct parts_block *blocks, size_t count, size_t at,
    unsigned level, size_t *next)
{
	size_t bytes = blocks[at].bytes;

	for (at++; at < count; at++) {
		if (blocks[at].level && blocks[at].level <= level)
			break;
		bytes += blocks[at].bytes;
	}
	*next = at;
	return bytes;
}

/* The highest level at which no section is over the limit, or the lowest. */
static unsigned
choose_level(const struct parts_block *blocks, size_t count, size_t limit)
{
	for (unsigned level = 1; level < 6; level++) {
		bool fits = true;

		for (size_t at = 0; at < count && fits;)
			fits = section(blocks, count, at, level, &at) <= limit;
		if (fits)
			return level;
	}
	return 6;
}

size_t
parts_cut(const struct parts_block *blocks, size_t count, size_t limit,
    size_t *starts)
{
	unsigned level = choose_level(blocks, count, limit);
	size_t total = 0, wanted, target, parts = 0, bytes = 0, next;

	for (size_t i = 0; i < count; i++)
		total += blocks[i].bytes;
	wanted = total / limit + 1;
	target = total / wanted;
	for (size_t at = 0; at < count; at = next) {
		size_t more = section(blocks, count, at, level, &next);

		/* Whatever is nearer to the size that all should have. */
		if (!parts || bytes + more > limit ||
		    (parts < wanted && bytes + more / 2 > target)) {
			starts[parts++] = at;
			bytes = 0;
		}
		bytes += more;
	}
	return parts;
}

/* --- the tree ------------------------------------------------------------ */

int
parts_plan(struct parts *p, struct arena *a, struct md_node *first,
    const struct md_node *last,
    size_t (*measure)(void *ctx, struct md_node *block), void *ctx)
{
	struct parts_block *blocks;
	struct md_node **nodes;
	size_t count = 0, *starts;

	*p = (struct parts){ .arena = a };
	for (struct md_node *n = first; n; n = n == last ? NULL : n->next)
		count++;
	blocks = arena_calloc(a, count + 1, sizeof(*blocks));
	starts = arena_calloc(a, count + 1, sizeof(*starts));
	nodes = arena_calloc(a, count + 1, sizeof(struct md_node *));
	if (!blocks || !starts || !nodes)
		return -1;
	count = 0;
	for (struct md_node *n = first; n; n = n == last ? NULL : n->next) {
		if (n->type == MD_NOTES)
			continue;
		blocks[count].bytes = measure(ctx, n);
		blocks[count].level = n->type == MD_HEADING ? n->level : 0;
		nodes[count++] = n;
	}
	p->count = parts_cut(blocks, count, PARTS_OVER_BYTES, starts);
	p->starts = arena_calloc(a, p->count + 1, sizeof(struct md_node *));
	p->names = arena_calloc(a, p->count + 1, sizeof(*p->names));
	if (!p->starts || !p->names)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		p->starts[i] = nodes[starts[i]];
		if (p->starts[i]->type == MD_HEADING &&
		    document_words(a, p->starts[i], &p->names[i]) < 0)
			return -1;
	}
	return 0;
}

int
parts_split(struct parts *p, struct md_node *tree)
{
	struct md_node *n = tree->first, *next;
	size_t at = 0;

	p->docs = arena_calloc(p->arena, p->count, sizeof(struct md_node *));
	if (!p->docs)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (!(p->docs[i] = md_add(p->arena, NULL, MD_DOCUMENT)))
			return -1;
	for (; n; n = next) {
		next = n->next;
		if (at + 1 < p->count && n == p->starts[at + 1])
			at++;
		if (n->type != MD_NOTES) {
			md_move(n, p->docs[at]);
			continue;
		}
		p->notes = n;
		p->tail = next;
		md_move(n, NULL);
	}
	return 0;
}

void
parts_insert(const struct parts *p, struct md_node *block)
{
	struct md_node *doc = p->docs[0], *before = NULL;

	for (struct md_node *n = doc->first; n && n != p->starts[0];
	     n = n->next)
		before = n;
	block->parent = doc;
	block->next = before ? before->next : doc->first;
	if (before)
		before->next = block;
	else
		doc->first = block;
	if (!block->next)
		doc->last = block;
}

/* --- notes --------------------------------------------------------------- */

static void
mark_refs(const struct md_node *root, bool *used, unsigned most)
{
	for (const struct md_node *n = root; n; n = md_next(n, root, true))
		if (n->type == MD_NOTE_REF && n->number <= most)
			used[n->number] = true;
}

/* Notes that notes refer to are wanted too. */
static void
mark_all(
    const struct parts *p, const struct md_node *doc, bool *used, unsigned most)
{
	bool *done = used + most + 1, again = true;

	mark_refs(doc, used, most);
	while (again) {
		again = false;
		for (const struct md_node *n = p->notes->first; n;
		     n = n->next) {
			if (!used[n->number] || done[n->number])
				continue;
			done[n->number] = again = true;
			for (const struct md_node *b = n->first; b; b = b->next)
				mark_refs(b, used, most);
		}
	}
}

/* Its blocks go with it: a note has them in one part at a time. */
static int
copy_note(struct parts *p, struct md_node *notes, const struct md_node *note)
{
	struct md_node *copy = md_add(p->arena, notes, MD_NOTE);

	if (!copy)
		return -1;
	copy->number = note->number;
	copy->line = note->line;
	copy->column = note->column;
	copy->first = note->first;
	copy->last = note->last;
	for (struct md_node *b = copy->first; b; b = b->next)
		b->parent = copy;
	return 0;
}

/* The notes stand behind the part's body, before what stands at its end. */
static void
hang_notes(struct parts *p, size_t n, struct md_node *notes)
{
	struct md_node *doc = p->docs[n], *before = NULL;

	if (n + 1 < p->count || !p->tail) {
		md_move(notes, doc);
		return;
	}
	for (struct md_node *m = doc->first; m && m != p->tail; m = m->next)
		before = m;
	notes->parent = doc;
	notes->next = p->tail;
	if (before)
		before->next = notes;
	else
		doc->first = notes;
}

int
parts_take_notes(struct parts *p, size_t n)
{
	unsigned most = 0;
	struct md_node *notes;
	bool *used;

	if (!p->notes)
		return 0;
	for (const struct md_node *m = p->notes->first; m; m = m->next)
		most = m->number > most ? m->number : most;
	used = arena_calloc(p->arena, ((size_t)most + 1) * 2, sizeof(*used));
	notes = md_add(p->arena, NULL, MD_NOTES);
	if (!used || !notes)
		return -1;
	mark_all(p, p->docs[n], used, most);
	for (struct md_node *m = p->notes->first; m; m = m->next)
		if (used[m->number] && copy_note(p, notes, m) < 0)
			return -1;
	if (notes->first)
		hang_notes(p, n, notes);
	return 0;
}
