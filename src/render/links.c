#include "base/arena.h"

#include "render/render_internal.h"

/* --- targets --------------------------------------------------------------- */

static void
keep(struct render *r, struct slice s, struct slice *out)
{
	if (arena_copy(&r->arena, s, out) < 0)
		r->failed = true;
}

/* A URI in one word, whatever the resolver gave. */
static bool
is_one_word(struct slice uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if ((unsigned char)uri.ptr[i] <= ' ' &&
		    (uri.ptr[i] < 1 || uri.ptr[i] > 3))
			return false;
	return true;
}

/* NOLINTBEGIN(readability-function-*): uthash's macros */
static struct link_target *
find_target(const struct render *r, struct slice uri)
{
	struct link_target *t;

	HASH_FIND(hh, r->targets, uri.ptr, uri.len, t);
	return t;
}

static void
add_target(struct render *r, struct link_target *t)
{
	HASH_ADD_KEYPTR(hh, r->targets, t->uri.ptr, t->uri.len, t);
	/* Without memory uthash leaves the element out. */
	if (!t->hh.tbl)
		r->failed = true;
}
/* NOLINTEND(readability-function-*) */

static struct link_target *
resolve(struct render *r, const struct md_node *n)
{
	struct render_target to = { .kind = RENDER_NO_TARGET };
	struct link_target *t;
	struct slice uri;
	struct buf fixed;

	if (r->failed)
		return NULL;
	r->opts->resolve(
	    r->opts->resolve_ctx, n->text, n->type == MD_IMAGE, &to);
	if (to.kind == RENDER_NO_TARGET || !to.uri.len)
		return NULL;
	buf_init(&fixed, to.uri.len * 3 + 8);
	if (!is_one_word(to.uri)) {
		render_url(&fixed, to.uri);
		to.uri = buf_slice(&fixed);
	}
	t = find_target(r, to.uri);
	if (t || !(t = arena_calloc(&r->arena, 1, sizeof(*t))))
		goto out;
	t->to = to;
	keep(r, to.uri, &uri);
	t->uri = t->to.uri = uri;
	keep(r, to.menu_selector, &t->to.menu_selector);
	keep(r, to.text_selector, &t->to.text_selector);
	keep(r, to.file_kind, &t->to.file_kind);
	if (!r->failed)
		add_target(r, t);
out:
	buf_release(&fixed);
	if (!t)
		r->failed = true;
	return r->failed ? NULL : t;
}

struct link_target *
links_target(struct render *r, const struct md_node *n)
{
	size_t i = (size_t)((uintptr_t)n / sizeof(*n)) % LINKS_MET;

	if (r->met[i].node != n) {
		r->met[i].target = resolve(r, n);
		r->met[i].node = n;
	}
	return r->failed ? NULL : r->met[i].target;
}

/* --- the list below a block ------------------------------------------------ */

static struct link_item *
new_item(struct render *r)
{
	if (r->item_count == r->item_cap) {
		size_t cap = r->item_cap ? r->item_cap * 2 : 16, bytes;
		struct link_item *p;

		if (!mem_mul(cap, sizeof(*p), &bytes) ||
		    !(p = mem_realloc(r->items, bytes))) {
			r->failed = true;
			return NULL;
		}
		r->items = p;
		r->item_cap = cap;
	}
	return &r->items[r->item_count++];
}

static bool
same_label(const struct render *r, const struct link_item *a,
    const struct link_item *b)
{
	const char *labels = r->labels.ptr;

	return labels && a->label_len == b->label_len &&
	    !memcmp(labels + a->label, labels + b->label, a->label_len);
}

void
links_note(
    struct render *r, const struct md_node *n, struct link_target *t, bool told)
{
	bool image = n->type == MD_IMAGE, listed = t->block == r->block;
	bool words = n->first || (image && n->info.len);
	struct link_item item = { .target = t,
		.label = r->labels.len,
		.image = image,
		.told = told && !(image && n->info.len) };
	struct link_item *i;

	if (listed && item.told)
		return;
	links_add_label(r, &r->labels, n, t);
	item.label_len = r->labels.len - item.label;
	/* Listed again only where words would be lost; a link around a picture
	 * has told the picture's. */
	if (listed && (!words || n->parent->type == MD_LINK) &&
	    same_label(r, &item, &r->items[t->item])) {
		buf_truncate(&r->labels, item.label);
		return;
	}
	if (!(i = new_item(r)))
		return;
	*i = item;
	t->block = r->block;
	t->item = r->item_count - 1;
}

struct slice
links_label(const struct render *r, const struct link_item *i)
{
	return slice_upto(
	    slice_from(buf_slice(&r->labels), i->label), i->label_len);
}

void
links_clear(struct render *r)
{
	r->item_count = 0;
	buf_clear(&r->labels);
	r->block++;
}

unsigned
links_number(struct render *r, struct link_target *t)
{
	if (t->number)
		return t->number;
	if (r->numbers == r->numbered_cap) {
		size_t cap = r->numbered_cap ? r->numbered_cap * 2 : 16;
		struct link_target **p =
		    arena_calloc(&r->arena, cap, sizeof(struct link_target *));

		if (!p) {
			r->failed = true;
			return 0;
		}
		for (size_t i = 0; i < r->numbers; i++)
			p[i] = r->numbered[i];
		r->numbered = p;
		r->numbered_cap = cap;
	}
	r->numbered[r->numbers++] = t;
	t->number = (unsigned)r->numbers;
	return t->number;
}

/* --- labels ----------------------------------------------------------------- */

/* The last part of a path, decoded where that gives readable text. */
static void
add_file_name(struct buf *out, struct slice target)
{
	struct slice name = slice_upto(target, slice_find(target, '#')), last;

	name = slice_upto(name, slice_find(name, '?'));
	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.len--;
	last = name;
	for (size_t i = name.len; i-- > 0;)
		if (name.ptr[i] == '/') {
			last = slice_from(name, i + 1);
			break;
		}
	if (!last.len || !render_decode(out, last))
		render_url(out, last.len ? last : target);
}

/* Runs of blanks and breaks become one blank; none at the ends. */
static void
tidy(struct buf *b, size_t start)
{
	size_t to = start;

	if (buf_failed(b))
		return;
	for (size_t i = start; i < b->len; i++) {
		char c = b->ptr[i];

		if (c == '\n' || c == '\t' || c == ' ') {
			if (to > start && b->ptr[to - 1] != ' ')
				b->ptr[to++] = ' ';
		} else {
			b->ptr[to++] = c;
		}
	}
	while (to > start && b->ptr[to - 1] == ' ')
		to--;
	buf_truncate(b, to);
}

void
links_add_label(struct render *r, struct buf *out, const struct md_node *n,
    struct link_target *t)
{
	bool image = n->type == MD_IMAGE;
	size_t start = out->len, words;

	flow_plain(r, out, n);
	tidy(out, start);
	words = out->len;
	if (image && n->info.len) {
		struct slice alt = slice_upto(
		    slice_from(buf_slice(out), start), words - start);

		if (!buf_failed(out) && !slice_eq(alt, n->info)) {
			if (alt.len)
				buf_add(out, SLICE_LIT(": "));
			buf_add(out, n->info);
			tidy(out, start);
		}
	}
	if (out->len == start)
		add_file_name(out, n->text);
	links_add_kind(r, out, start, t, image);
}

/* The text in brackets that `label` ends with, or an empty slice. */
static struct slice
last_brackets(struct slice label)
{
	size_t i = label.len;

	if (!i || label.ptr[i - 1] != ')')
		return SLICE_NONE;
	while (i && label.ptr[i - 1] != '(')
		i--;
	return i ? slice_make(label.ptr + i, label.len - 1 - i) : SLICE_NONE;
}

/* Whether the brackets' text is `kind`, or begins with it and a comma. */
static bool
names_kind(struct slice given, struct slice kind)
{
	struct slice rest;

	if (!kind.len || !given.ptr || given.len < kind.len ||
	    !slice_eq_nocase(slice_upto(given, kind.len), kind))
		return false;
	rest = slice_from(given, kind.len);
	return !rest.len || rest.ptr[0] == ',' ||
	    slice_starts(rest, SLICE_LIT("،"));
}

/* A list's comma and a blank. */
static void
add_separator(struct render *r, struct buf *out)
{
	buf_add(out, render_word(r, WORD_SEPARATOR));
	buf_add_char(out, ' ');
}

void
links_add_kind(struct render *r, struct buf *out, size_t label_start,
    const struct link_target *t, bool image)
{
	struct slice kind = t->to.file_kind, given;
	bool own = t->to.kind == RENDER_OWN, size = own && t->to.has_size;

	if (image || slice_eq_cstr(kind, "image"))
		kind = render_word(r, WORD_IMAGE);
	else if (!own)
		kind = SLICE_NONE;
	else if (slice_eq_cstr(kind, "text"))
		kind = render_word(r, WORD_TEXT_FILE);
	if ((!kind.len && !size) || buf_failed(out) || !out->ptr)
		return;
	given = last_brackets(slice_from(buf_slice(out), label_start));
	if (names_kind(given, kind)) {
		if (given.len > kind.len || !size)
			return;
		buf_truncate(out, out->len - 1);
		add_separator(r, out);
	} else {
		buf_add(out, SLICE_LIT(" ("));
		buf_add(out, kind);
		if (kind.len && size)
			add_separator(r, out);
	}
	if (size)
		render_size(out, t->to.size_bytes);
	buf_add_char(out, ')');
}

bool
links_is_bare(const struct md_node *n, const struct link_target *t)
{
	const struct md_node *c = n->first;
	struct slice label;

	/* What leads into our own pages is shown as it is written there. */
	if (n->type != MD_LINK || !c || c->next || c->type != MD_TEXT ||
	    t->to.kind != RENDER_OUTSIDE)
		return false;
	label = c->text;
	if (slice_eq(label, n->text) || slice_eq(label, t->uri))
		return true;
	return slice_starts(n->text, SLICE_LIT("mailto:")) &&
	    slice_eq(label, slice_from(n->text, 7));
}
