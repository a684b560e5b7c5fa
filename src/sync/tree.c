#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "sync/path.h"

#include "sync/tree.h"

enum {
	ARENA_MAX = 1 << 30,
	FIRST_CAP = 64,
};

void
sync_tree_init(struct sync_tree *t)
{
	*t = (struct sync_tree){ .files = NULL };
	arena_init(&t->arena, ARENA_MAX);
}

void
sync_tree_release(struct sync_tree *t)
{
	mem_free(t->files);
	arena_release(&t->arena);
	sync_tree_init(t);
}

static int
grow(struct sync_tree *t)
{
	size_t cap = t->cap ? t->cap * 2 : FIRST_CAP, bytes;
	struct sync_file **files;

	if (!mem_mul(cap, sizeof(void *), &bytes) ||
	    !(files = mem_realloc(t->files, bytes)))
		return -1;
	t->files = files;
	t->cap = cap;
	return 0;
}

int
sync_tree_add(struct sync_tree *t, const struct sync_file *f, struct err *e)
{
	struct sync_file *copy;

	if (t->count >= SYNC_FILES_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d files", SYNC_FILES_MAX);
	if (f->size > UINT64_MAX / 2 - t->bytes)
		return err_set(e, ERR_LIMIT, "a tree of too many bytes");
	if (t->count == t->cap && grow(t) < 0)
		return err_memory(e);
	if (!(copy = arena_alloc(&t->arena, sizeof(*copy))))
		return err_memory(e);
	*copy = *f;
	if (arena_copy(&t->arena, f->path, &copy->path) < 0)
		return err_memory(e);
	t->files[t->count++] = copy;
	t->bytes += f->size;
	return 0;
}

int
sync_tree_copy(struct sync_tree *t, const struct sync_tree *from, struct err *e)
{
	for (size_t i = 0; i < from->count; i++)
		if (sync_tree_add(t, from->files[i], e) < 0)
			return -1;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct sync_file *const *x = a, *const *y = b;

	return slice_cmp((*x)->path, (*y)->path);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_cmp(*x, *y);
}

/* Two folded paths next to one another that clash. */
static bool
clash(struct slice a, struct slice b)
{
	return slice_starts(b, a) && (a.len == b.len || b.ptr[a.len] == '\001');
}

/* Fills `folded` with each path's folded form, in the arena `a`. */
static int
fold_paths(const struct sync_tree *t, struct slice *folded, struct arena *a,
    struct err *e)
{
	struct buf one;
	int r = 0;

	buf_init(&one, 65536);
	for (size_t i = 0; i < t->count && r == 0; i++) {
		buf_clear(&one);
		if (sync_path_fold(&one, t->files[i]->path) < 0 ||
		    arena_copy(a, buf_slice(&one), &folded[i]) < 0)
			r = err_memory(e);
	}
	buf_release(&one);
	return r;
}

static int
check_clashes(const struct sync_tree *t, struct err *e)
{
	struct slice *folded = mem_calloc(t->count + 1, sizeof(*folded));
	struct arena a;
	int r;

	arena_init(&a, ARENA_MAX);
	if (!folded)
		return err_memory(e);
	r = fold_paths(t, folded, &a, e);
	if (r == 0) {
		qsort(folded, t->count, sizeof(*folded), by_bytes);
		for (size_t i = 1; i < t->count && r == 0; i++)
			if (clash(folded[i - 1], folded[i]))
				r = err_set(e, ERR_CONFLICT,
				    "\"%.*s\" clashes with a path that "
				    "differs in case alone or lies below it",
				    SLICE_FMT(folded[i - 1]));
	}
	arena_release(&a);
	mem_free(folded);
	return r;
}

int
sync_tree_check(struct sync_tree *t, struct err *e)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *fault = sync_path_fault(t->files[i]->path);

		if (fault)
			return err_set(e, ERR_INVALID,
			    "the path \"%.*s\" has %s",
			    SLICE_FMT(t->files[i]->path), fault);
	}
	if (t->count)
		qsort(t->files, t->count, sizeof(void *), by_path);
	return check_clashes(t, e);
}

size_t
sync_tree_seek(const struct sync_tree *t, struct slice path)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(t->files[mid]->path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct sync_file *
sync_tree_find(const struct sync_tree *t, struct slice path)
{
	size_t at = sync_tree_seek(t, path);

	if (at == t->count || !slice_eq(t->files[at]->path, path))
		return NULL;
	return t->files[at];
}

int
sync_tree_overlay(struct sync_tree *out, const struct sync_tree *base,
    const struct sync_tree *over, struct err *e)
{
	size_t b = 0, o = 0;

	while (b < base->count || o < over->count) {
		int r = b == base->count ? 1
		    : o == over->count
		    ? -1
		    : slice_cmp(base->files[b]->path, over->files[o]->path);
		const struct sync_file *f =
		    r < 0 ? base->files[b] : over->files[o];

		if (sync_tree_add(out, f, e) < 0)
			return -1;
		b += r <= 0;
		o += r >= 0;
	}
	return 0;
}

void
sync_tree_remove(struct sync_tree *t, size_t at)
{
	t->bytes -= t->files[at]->size;
	memmove(t->files + at, t->files + at + 1,
	    (t->count - at - 1) * sizeof(void *));
	t->count--;
}

void
sync_tree_write(const struct sync_tree *t, struct buf *out)
{
	char hex[HASH_HEX_BYTES + 1];

	for (size_t i = 0; i < t->count; i++) {
		hash_hex(&t->files[i]->hash, hex);
		buf_add_mem(out, hex, HASH_HEX_BYTES);
		buf_add_char(out, ' ');
		buf_add_uint(out, t->files[i]->size);
		buf_add_char(out, ' ');
		buf_add(out, t->files[i]->path);
		buf_add_char(out, '\n');
	}
}

int
sync_tree_hash(const struct sync_tree *t, struct hash *out, struct err *e)
{
	struct buf text;
	int r = 0;

	buf_init(&text, SYNC_MANIFEST_MAX);
	sync_tree_write(t, &text);
	if (buf_failed(&text))
		r = err_memory(e);
	else if (hash_of(buf_slice(&text), out) < 0)
		r = err_set(e, ERR_SYSTEM, "SHA-256 failed");
	buf_release(&text);
	return r;
}

static int
parse_line(struct slice line, struct sync_file *f)
{
	if (hash_parse(slice_take(&line, ' '), &f->hash) < 0 ||
	    slice_uint(slice_take(&line, ' '), INT64_MAX, &f->size) < 0)
		return -1;
	f->path = line;
	return line.len ? 0 : -1;
}

int
sync_tree_parse_list(struct sync_tree *t, struct slice text, struct err *e)
{
	struct sync_file f;
	unsigned line = 0;

	if (text.len > SYNC_MANIFEST_MAX)
		return err_set(e, ERR_LIMIT, "a manifest of too many bytes");
	if (text.len && text.ptr[text.len - 1] != '\n')
		return err_set(e, ERR_SYNTAX, "a manifest that was cut");
	while (text.len) {
		line++;
		if (parse_line(slice_take(&text, '\n'), &f) < 0)
			return err_at(
			    e, "manifest", line, 0, "no line of a manifest");
		if (t->count &&
		    slice_cmp(t->files[t->count - 1]->path, f.path) >= 0)
			return err_at(e, "manifest", line, 0, "not sorted");
		if (sync_tree_add(t, &f, e) < 0)
			return -1;
	}
	return 0;
}

int
sync_tree_parse(struct sync_tree *t, struct slice text, struct err *e)
{
	if (sync_tree_parse_list(t, text, e) < 0)
		return -1;
	return sync_tree_check(t, e);
}
