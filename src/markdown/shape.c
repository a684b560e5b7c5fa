#include "base/arena.h"

#include "markdown/markdown_internal.h"

/* --- the ends of paragraphs --------------------------------------------- */

static bool
is_soft(const struct md_node *n)
{
	return n->type == MD_TEXT && n->text.ptr == md_soft_break;
}

static bool
is_blank(const struct md_node *n)
{
	return n->type == MD_BREAK ||
	    (n->type == MD_TEXT && !slice_trim(n->text).len);
}

/* Takes blanks and breaks off both ends of a block's inlines. */
static void
trim(struct md_node *block)
{
	struct md_node *n, *kept = NULL;

	while (block->first && is_blank(block->first)) {
		block->first = block->first->next;
		if (!block->first)
			block->last = NULL;
	}
	for (n = block->first; n; n = n->next)
		if (!is_blank(n))
			kept = n;
	if (!kept)
		return;
	kept->next = NULL;
	block->last = kept;
	n = block->first;
	while (n->type == MD_TEXT && n->text.len &&
	    (n->text.ptr[0] == ' ' || n->text.ptr[0] == '\t'))
		n->text = slice_from(n->text, 1);
	while (kept->type == MD_TEXT && kept->text.len &&
	    (kept->text.ptr[kept->text.len - 1] == ' ' ||
		kept->text.ptr[kept->text.len - 1] == '\t'))
		kept->text.len--;
}

/* --- pictures on lines of their own -------------------------------------- */

/* A picture, or a link that is only one. */
static bool
is_picture(const struct md_node *n)
{
	if (n->type == MD_LINK && n->first && !n->first->next)
		n = n->first;
	return n->type == MD_IMAGE;
}

static bool
ends_line(const struct md_node *n)
{
	return !n || is_soft(n) || n->type == MD_BREAK;
}

/* Whether the inlines from `n` on up to a line's end are all pictures. */
static bool
picture_line(const struct md_node *n)
{
	bool any = false;

	for (; !ends_line(n); n = n->next) {
		if (is_picture(n))
			any = true;
		else if (!is_blank(n))
			return false;
	}
	return any;
}

static struct md_node *
new_sibling(struct builder *b, struct md_node *after)
{
	struct md_node *n = md_add(b->arena, NULL, MD_PARAGRAPH);

	if (!n)
		return NULL;
	n->parent = after->parent;
	n->next = after->next;
	n->line = after->line;
	after->next = n;
	if (n->parent->last == after)
		n->parent->last = n;
	return n;
}

/*
 * A paragraph in which pictures stand on lines of their own becomes several:
 * such a picture is not part of a sentence.
 */
static int
split_pictures(struct builder *b, struct md_node *p)
{
	struct md_node *n = p->first, *next;
	bool first = true, were = false;

	for (const struct md_node *k = n; k; k = k->next)
		were = were || is_picture(k);
	if (!were)
		return 0;
	p->first = p->last = NULL;
	for (were = false; n; first = false) {
		bool pictures = picture_line(n);

		if (!first && pictures != were && !(p = new_sibling(b, p)))
			return -1;
		were = pictures;
		do {
			next = n->next;
			n->parent = p;
			n->next = NULL;
			if (p->last)
				p->last->next = n;
			else
				p->first = n;
			p->last = n;
			if (ends_line(n))
				break;
			n = next;
		} while (n);
		n = next;
	}
	return 0;
}

/* --- admonitions --------------------------------------------------------- */

static void
admonition(struct md_node *quote)
{
	static const char *const kinds[] = { "NOTE", "TIP", "IMPORTANT",
		"WARNING", "CAUTION" };
	struct md_node *p = quote->first, *text;

	if (!p || p->type != MD_PARAGRAPH || !(text = p->first) ||
	    text->type != MD_TEXT || !slice_starts(text->text, SLICE_LIT("[!")))
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);
		struct slice rest = slice_from(text->text, 2 + len);

		if (!rest.len || rest.ptr[0] != ']' ||
		    (rest.len > 1 && rest.ptr[1] != ' ') ||
		    !slice_eq_nocase(slice_upto(slice_from(text->text, 2), len),
			slice_cstr(kinds[i])))
			continue;
		quote->info = slice_cstr(kinds[i]);
		text->text = slice_from(rest, 1);
		trim(p);
		return;
	}
}

/* --- footnotes ----------------------------------------------------------- */

static struct md_node *
following(struct md_node *n, const struct md_node *root)
{
	if (n->first)
		return n->first;
	for (; n != root; n = n->parent)
		if (n->next)
			return n->next;
	return NULL;
}

/* The notes in the order of their numbers. */
struct order {
	struct footnote **notes; /* from 1 */
	unsigned next;           /* the number to be given next */
};

static void
give_number(struct order *o, struct footnote *note)
{
	note->number = o->next;
	o->notes[o->next++] = note;
}

static void
number_references(struct builder *b, struct order *o, struct md_node *root)
{
	for (struct md_node *n = root; n; n = following(n, root)) {
		struct footnote *note;

		if (n->type != MD_NOTE_REF)
			continue;
		note = &b->notes.notes[n->number - 1];
		if (!note->number)
			give_number(o, note);
		n->number = note->number;
	}
}

/*
 * Numbers the notes as their references are read, first those of the body,
 * then those in notes; the ones that nothing refers to come last.  Puts them
 * at the document's end.
 */
static int
finish_notes(struct builder *b)
{
	struct footnotes *f = &b->notes;
	struct order o = { .next = 1 };
	unsigned read = 1;
	size_t i = 0;

	if (!b->note_list)
		return 0;
	o.notes =
	    arena_calloc(b->arena, f->count + 1, sizeof(struct footnote *));
	if (!o.notes)
		return -1;
	for (struct md_node *n = b->note_list->first; n && i < f->count;
	     n = n->next)
		f->notes[i++].node = n;
	number_references(b, &o, b->doc);
	for (i = 0; read < o.next || i < f->count;) {
		if (read < o.next) {
			number_references(b, &o, o.notes[read++]->node);
			continue;
		}
		if (!f->notes[i].number) {
			md_warn(b, b->src + f->notes[i].at,
			    f->notes[i].duplicate
				? "footnote defined before: ^%.*s"
				: "nothing refers to footnote ^%.*s",
			    SLICE_FMT(f->notes[i].label));
			give_number(&o, &f->notes[i]);
		}
		i++;
	}
	b->note_list->first = b->note_list->last = NULL;
	b->note_list->parent = NULL;
	for (read = 1; read < o.next; read++) {
		struct md_node *n = o.notes[read]->node;

		if (!n)
			continue;
		n->number = read;
		n->parent = NULL;
		md_move(n, b->note_list);
	}
	md_move(b->note_list, b->doc);
	return 0;
}

/* --- the walk ------------------------------------------------------------ */

/* Puts the paragraphs below `parent` in shape and drops the empty ones. */
static int
shape_children(struct builder *b, struct md_node *parent)
{
	struct md_node *n = parent->first, *kept = NULL;

	for (; n; n = n->next) {
		if (n->type == MD_PARAGRAPH && split_pictures(b, n) < 0)
			return -1;
		if (n->type == MD_PARAGRAPH || n->type == MD_HEADING ||
		    n->type == MD_CELL)
			trim(n);
		if (n->type == MD_QUOTE)
			admonition(n);
		if ((n->type == MD_PARAGRAPH || n->type == MD_HEADING) &&
		    !n->first)
			continue;
		if (kept)
			kept->next = n;
		else
			parent->first = n;
		kept = n;
	}
	if (kept)
		kept->next = NULL;
	else
		parent->first = NULL;
	parent->last = kept;
	return 0;
}

int
md_shape(struct builder *b)
{
	if (finish_notes(b) < 0)
		return -1;
	for (struct md_node *n = b->doc; n; n = following(n, b->doc))
		if (!md_is_inline(n->type) && n->type != MD_PARAGRAPH &&
		    n->type != MD_HEADING && n->type != MD_CELL &&
		    shape_children(b, n) < 0)
			return -1;
	return 0;
}
