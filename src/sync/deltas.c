/*
 * deltas.c: what leads from one kept state to a later one.
 *
 * The list frame has lines "- PATH" and "+ SIZE PATH", sorted by path, and an
 * empty line.  The content frame has the contents of the "+" paths, one after
 * the other, written against the old contents of all the paths in the list
 * that the asker has, in the same order: so a renamed file costs nothing.  An
 * old file over SYNC_BASE_MAX is no part of that base.  A change whose base or
 * contents would be larger is cut into several deltas.
 */
#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"
#include "sync/frame.h"

#include "sync/publish_internal.h"

/* One delta while it is put together. */
struct section {
	struct buf list, base, content;
	uint64_t base_bytes, content_bytes;
	struct sync_tree done; /* what has been changed so far, all sections */
};

/* The file under `path` in state number `at`; NULL: it has none. */
static const struct sync_file *
file_at(const struct publisher *p, size_t at, struct slice path)
{
	const struct sync_file *f =
	    sync_tree_find(&p->hist.kept[at].past, path);

	if (f)
		return sync_was_not(f) ? NULL : f;
	return sync_tree_find(p->src->tree, path);
}

static bool
same_file(const struct sync_file *a, const struct sync_file *b)
{
	return a && b ? hash_eq(&a->hash, &b->hash) : a == b;
}

static uint64_t
base_share(const struct sync_file *was)
{
	return was && was->size <= SYNC_BASE_MAX ? was->size : 0;
}

/* The tree hash when all of `changed` has come to state number `from`. */
static int
hash_between(struct publisher *p, size_t from, const struct sync_tree *changed,
    struct hash *out, struct err *e)
{
	struct sync_tree start, all, left;
	int r = -1;

	sync_tree_init(&start);
	sync_tree_init(&all);
	sync_tree_init(&left);
	if (sync_tree_overlay(
		&start, p->src->tree, &p->hist.kept[from].past, e) < 0 ||
	    sync_tree_overlay(&all, &start, changed, e) < 0)
		goto out;
	for (size_t i = 0; i < all.count; i++)
		if (!sync_was_not(all.files[i]) &&
		    sync_tree_add(&left, all.files[i], e) < 0)
			goto out;
	r = sync_tree_hash(&left, out, e);
out:
	sync_tree_release(&left);
	sync_tree_release(&all);
	sync_tree_release(&start);
	return r;
}

static void
section_clear(struct section *s)
{
	buf_clear(&s->list);
	buf_clear(&s->base);
	buf_clear(&s->content);
	s->base_bytes = s->content_bytes = 0;
}

/*
 * Writes the section that stands in `s` and empties it.  `last`: the newest
 * state is reached, whose hash is known.
 */
static int
section_end(struct publisher *p, struct section *s, const size_t span[2],
    bool last, struct buf *out, struct err *e)
{
	struct sync_delta d = { .from = p->hist.kept[span[0]].serial,
		.to = p->hist.kept[span[1]].serial };
	struct buf list, content;
	int r = -1;

	buf_init(&list, SYNC_FRAME_MAX);
	buf_init(&content, SIZE_MAX / 4);
	buf_add_char(&s->list, '\n');
	if (buf_failed(&s->list)) {
		err_memory(e);
		goto out;
	}
	d.tree = p->now.tree;
	if (!last && hash_between(p, span[0], &s->done, &d.tree, e) < 0)
		goto out;
	if (sync_frame_make(&list, buf_slice(&s->list), SLICE_NONE, e) < 0 ||
	    sync_frame_make(
		&content, buf_slice(&s->content), buf_slice(&s->base), e) < 0)
		goto out;
	d.list = buf_slice(&list);
	d.content = buf_slice(&content);
	r = sync_delta_write(out, &d, p->set->key_pem, e);
	section_clear(s);
out:
	buf_release(&content);
	buf_release(&list);
	return r;
}

/* Adds the change of `path` from `was` to `is`; either may be NULL. */
static int
section_add(struct publisher *p, struct section *s, struct slice path,
    const struct sync_file *const change[2], struct err *e)
{
	const struct sync_file *was = change[0], *is = change[1];
	struct sync_file none = { .path = path };

	if (is)
		buf_addf(&s->list, "+ %llu %.*s\n",
		    (unsigned long long)is->size, SLICE_FMT(path));
	else
		buf_addf(&s->list, "- %.*s\n", SLICE_FMT(path));
	if (base_share(was) && publisher_read(p, was, &s->base, e) < 0)
		return -1;
	if (is && publisher_read(p, is, &s->content, e) < 0)
		return -1;
	s->base_bytes += base_share(was);
	s->content_bytes += is ? is->size : 0;
	return sync_tree_add(&s->done, is ? is : &none, e);
}

/* The paths that may differ between the two states, sorted. */
static int
paths_between(struct publisher *p, size_t from, size_t to,
    struct sync_tree *out, struct err *e)
{
	struct sync_tree sum, next;

	sync_tree_init(&sum);
	for (size_t i = from; i < to; i++) {
		sync_tree_init(&next);
		if (sync_tree_overlay(&next, &sum, &p->hist.kept[i].undo, e) <
		    0) {
			sync_tree_release(&next);
			sync_tree_release(&sum);
			return -1;
		}
		sync_tree_release(&sum);
		sum = next;
	}
	*out = sum;
	return 0;
}

static int
add_changes(struct publisher *p, struct section *s, const size_t span[2],
    const struct sync_tree *paths, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct slice path = paths->files[i]->path;
		const struct sync_file *change[2] = { file_at(p, span[0], path),
			file_at(p, span[1], path) };
		uint64_t size = change[1] ? change[1]->size : 0;

		if (same_file(change[0], change[1]))
			continue;
		if (s->list.len &&
		    (s->base_bytes + base_share(change[0]) > SYNC_BASE_MAX ||
			s->content_bytes + size > SYNC_BASE_MAX) &&
		    section_end(p, s, span, false, out, e) < 0)
			return -1;
		if (section_add(p, s, path, change, e) < 0)
			return -1;
	}
	return section_end(p, s, span, span[1] + 1 == p->hist.count, out, e);
}

int
publisher_deltas(
    struct publisher *p, size_t from, size_t to, struct buf *out, struct err *e)
{
	const size_t span[2] = { from, to };
	struct section s = { .base_bytes = 0 };
	struct sync_tree paths;
	int r;

	if (paths_between(p, from, to, &paths, e) < 0)
		return -1;
	buf_init(&s.list, SYNC_LIST_MAX);
	buf_init(&s.base, SYNC_BASE_MAX + 1);
	buf_init(&s.content, SYNC_BASE_MAX + SYNC_CONTENT_MAX + 1);
	sync_tree_init(&s.done);
	r = add_changes(p, &s, span, &paths, out, e);
	sync_tree_release(&s.done);
	buf_release(&s.content);
	buf_release(&s.base);
	buf_release(&s.list);
	sync_tree_release(&paths);
	return r;
}
