#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "sync/changes.h"
#include "sync/frame.h"
#include "sync/path.h"
#include "sync/place.h"
#include "sync/publish.h"
#include "sync/unload.h"

#include "sync/mirror.h"

enum {
	LINE_MAX_BYTES = SYNC_PATH_MAX + 32, /* of a list */
	DISK_SPARE = 16 << 20,               /* bytes that stay free */
};

static void
obj_path(char room[HASH_HEX_BYTES + 5], const struct hash *hash)
{
	static const char folder[] = "obj/";

	memcpy(room, folder, sizeof(folder));
	hash_hex(hash, room + sizeof(folder) - 1);
}

static int
open_stage(struct mirror *m, struct err *e)
{
	int obj;

	if (m->stage_fd < 0 &&
	    (m->stage_fd = place_dir(m->state_fd, "stage", e)) < 0)
		return -1;
	if ((obj = place_dir(m->stage_fd, "obj", e)) < 0)
		return -1;
	close(obj);
	return 0;
}

static void
stage_init(struct mirror_stage *s, struct mirror *m)
{
	*s = (struct mirror_stage){ .m = m };
	buf_init(&s->head_text, SYNC_HEAD_MAX);
	sync_tree_init(&s->tree);
}

int
stage_begin(struct mirror_stage *s, struct mirror *m, struct err *e)
{
	stage_init(s, m);
	s->serial = m->head.serial;
	if (open_stage(m, e) < 0)
		return -1;
	(void)unlinkat(m->stage_fd, "tree", 0);
	return sync_tree_copy(&s->tree, &m->live, e);
}

void
stage_release(struct mirror_stage *s)
{
	buf_release(&s->head_text);
	sync_tree_release(&s->tree);
}

/* "SERIAL" in the first line, then the manifest. */
static int
parse_saved(struct mirror_stage *s, struct slice text, struct err *e)
{
	if (slice_uint(slice_take(&text, '\n'), INT64_MAX, &s->serial) < 0)
		return err_set(e, ERR_CORRUPT, "state/stage/tree is damaged");
	return sync_tree_parse_list(&s->tree, text, e);
}

int
stage_resume(struct mirror_stage *s, struct mirror *m, struct err *e)
{
	struct buf text;
	int r;

	stage_init(s, m);
	if (open_stage(m, e) < 0)
		return -1;
	buf_init(&text, SYNC_MANIFEST_MAX + 32);
	r = place_read(m->stage_fd, "tree", SYNC_MANIFEST_MAX, &text, e);
	if (r == 0)
		r = text.len ? parse_saved(s, buf_slice(&text), e)
			     : err_set(e, ERR_MISSING, "nothing is staged");
	if (r == 0)
		r = place_read(
		    m->stage_fd, "head", SYNC_HEAD_MAX, &s->head_text, e);
	if (r == 0 && s->head_text.len)
		r = sync_head_parse(buf_slice(&s->head_text), &s->head, e);
	buf_release(&text);
	return r;
}

int
stage_save(struct mirror_stage *s, struct err *e)
{
	struct buf text;
	int r;

	buf_init(&text, SYNC_MANIFEST_MAX + 32);
	buf_addf(&text, "%llu\n", (unsigned long long)s->serial);
	sync_tree_write(&s->tree, &text);
	r = buf_failed(&text)
	    ? err_memory(e)
	    : io_write_file(s->m->stage_fd, "tree", buf_slice(&text), 0644, e);
	buf_release(&text);
	return r;
}

int
stage_aim(struct mirror_stage *s, struct slice head_text, struct err *e)
{
	if (sync_head_parse(head_text, &s->head, e) < 0)
		return -1;
	buf_clear(&s->head_text);
	buf_add(&s->head_text, slice_upto(head_text, s->head.len));
	if (sync_head_parse(buf_slice(&s->head_text), &s->head, e) < 0)
		return -1;
	return io_write_file(
	    s->m->stage_fd, "head", buf_slice(&s->head_text), 0644, e);
}

/* Whether `bytes` more fit on the disk. */
static int
check_disk(struct mirror_stage *s, uint64_t bytes, struct err *e)
{
	struct statvfs st;
	uint64_t room;

	if (fstatvfs(s->m->stage_fd, &st) < 0)
		return err_errno(e, "statvfs", "state/stage");
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room >= DISK_SPARE && room - DISK_SPARE >= bytes)
		return 0;
	errno = ENOSPC;
	err_set(e, ERR_SYSTEM, "%llu bytes do not fit on the disk",
	    (unsigned long long)bytes);
	if (e)
		e->saved_errno = ENOSPC;
	return -1;
}

/* --- contents that are held ---------------------------------------------- */

/*
 * Appends the content of `f`: out of the stage, or from under its path in the
 * live tree.  Its hash is checked: the disk may have changed it.
 */
static int
read_held(struct mirror_stage *s, const struct sync_file *f, struct buf *out,
    struct err *e)
{
	char path[HASH_HEX_BYTES + 5];
	size_t start = out->len, max = (size_t)f->size;
	struct hash hash;
	struct err mine = ERR_INIT;
	int r;

	obj_path(path, &f->hash);
	if (faccessat(s->m->stage_fd, path, R_OK, 0) == 0)
		r = io_read_below(s->m->stage_fd, path, max, out, NULL, &mine);
	else
		r = io_read_below(
		    s->m->content_fd, f->path.ptr, max, out, NULL, &mine);
	if (r < 0 && mine.kind == ERR_MEMORY)
		return err_memory(e);
	if (hash_of(slice_from(buf_slice(out), start), &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (r < 0 || !hash_eq(&hash, &f->hash))
		return err_set(e, ERR_CORRUPT,
		    "\"%.*s\" is not what was mirrored: run with --verify",
		    SLICE_FMT(f->path));
	return 0;
}

int
stage_put(struct mirror_stage *s, const struct sync_file *f,
    struct slice content, struct err *e)
{
	char path[HASH_HEX_BYTES + 5];
	struct hash hash;

	if (hash_of(content, &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (content.len != f->size || !hash_eq(&hash, &f->hash))
		return err_set(e, ERR_CORRUPT,
		    "\"%.*s\" came with another content", SLICE_FMT(f->path));
	obj_path(path, &hash);
	return io_write_file(s->m->stage_fd, path, content, 0644, e);
}

/* --- deltas -------------------------------------------------------------- */

/* The stage's tree with `c` applied. */
static int
apply_changes(struct mirror_stage *s, const struct changes *c, struct err *e)
{
	struct sync_tree all, left;
	int r;

	sync_tree_init(&all);
	sync_tree_init(&left);
	r = sync_tree_overlay(&all, &s->tree, &c->all, e);
	for (size_t i = 0; i < all.count && r == 0; i++) {
		static const struct hash zeros;

		if (!hash_eq(&all.files[i]->hash, &zeros))
			r = sync_tree_add(&left, all.files[i], e);
	}
	sync_tree_release(&all);
	if (r < 0) {
		sync_tree_release(&left);
		return -1;
	}
	sync_tree_release(&s->tree);
	s->tree = left;
	return 0;
}

static int
check_hash(struct mirror_stage *s, const struct hash *want, struct err *e)
{
	struct hash hash;

	if (sync_tree_hash(&s->tree, &hash, e) < 0)
		return -1;
	if (!hash_eq(&hash, want))
		return err_set(e, ERR_CORRUPT,
		    "what was unpacked is not the tree that was signed");
	return 0;
}

/* Where a frame's text goes when it is contents alone. */
static int
unload_text(void *ctx, struct slice part, struct err *e)
{
	return unload_add(ctx, part, e);
}

struct one_frame {
	struct slice frame;
	struct unload *unload;
};

static int
frame_more(void *ctx, struct slice *part, struct err *e)
{
	struct one_frame *f = ctx;

	(void)e;
	*part = f->frame;
	f->frame = SLICE_NONE;
	return 0;
}

static int
frame_text(void *ctx, struct slice part, struct err *e)
{
	struct one_frame *f = ctx;

	return unload_text(f->unload, part, e);
}

/* What is held of the paths in the list, in its order. */
static int
read_base(struct mirror_stage *s, const struct changes *c, struct buf *base,
    struct err *e)
{
	for (size_t i = 0; i < c->all.count; i++) {
		const struct sync_file *was =
		    sync_tree_find(&s->tree, c->all.files[i]->path);

		if (was && was->size <= SYNC_BASE_MAX &&
		    read_held(s, was, base, e) < 0)
			return -1;
	}
	return buf_failed(base)
	    ? err_set(e, ERR_LIMIT, "a delta with too large a base")
	    : 0;
}

static int
unload_delta(struct mirror_stage *s, const struct sync_delta *d,
    const struct changes *c, struct slice base, struct err *e)
{
	int obj = place_dir(s->m->stage_fd, "obj", e), r = -1;
	struct one_frame f = { .frame = d->content };
	struct sync_pipe pipe = {
		.more = frame_more, .text = frame_text, .ctx = &f
	};

	if (obj < 0)
		return -1;
	f.unload = unload_new(obj, c->adds, c->add_count, e);
	if (f.unload && sync_frame_open(&pipe, base, c->add_bytes, e) == 0)
		r = unload_end(f.unload, e);
	unload_free(f.unload);
	close(obj);
	return r;
}

static int
apply_delta(struct mirror_stage *s, const struct sync_delta *d,
    struct changes *c, struct err *e)
{
	struct buf base;
	int r = -1;

	buf_init(&base, SYNC_BASE_MAX + 1); /* io.h reads one byte more */
	if (check_disk(s, c->add_bytes, e) == 0 &&
	    read_base(s, c, &base, e) == 0 &&
	    unload_delta(s, d, c, buf_slice(&base), e) == 0 &&
	    apply_changes(s, c, e) == 0)
		r = check_hash(s, &d->tree, e);
	buf_release(&base);
	return r;
}

int
stage_delta(struct mirror_stage *s, const struct sync_delta *d, struct err *e)
{
	/* On the way to the newest state it may be more than that has. */
	bool last = d->to == s->head.serial;
	const uint64_t max[2] = { s->tree.count +
		    (last ? s->head.files : (uint64_t)SYNC_FILES_MAX),
		last ? s->head.bytes
		     : (uint64_t)SYNC_BASE_MAX + SYNC_CONTENT_MAX };
	struct mirror *m = s->m;
	struct changes c = { .adds = NULL };
	struct buf list;
	bool good = false;
	int r;

	for (size_t i = 0; i < m->key_count && !good; i++)
		good = sync_delta_check(d, &m->keys[i]);
	if (!good && !(m->has_next && sync_delta_check(d, &m->next)))
		return err_set(e, ERR_INVALID,
		    "the delta is signed by no key that is trusted");
	buf_init(&list, SYNC_LIST_MAX);
	sync_tree_init(&c.all);
	r = sync_frame_read(&list, d->list, SLICE_NONE, SYNC_LIST_MAX, e);
	if (r == 0)
		r = changes_read(&c, buf_slice(&list), true, max, e);
	if (r == 0 && c.len != list.len)
		r = err_set(e, ERR_SYNTAX, "words behind a list of files");
	if (r == 0)
		r = apply_delta(s, d, &c, e);
	if (r == 0)
		s->serial = d->to;
	changes_release(&c);
	buf_release(&list);
	return r;
}

/* --- snapshots ----------------------------------------------------------- */

static int
bad_list(struct err *e, size_t line)
{
	return err_set(e, ERR_SYNTAX,
	    "the list of a snapshot is broken in line %zu", line);
}

static int
parse_snap_lines(struct mirror_snap *snap, struct slice text, struct err *e)
{
	struct slice line = slice_take(&text, '\n');
	size_t room = 0;

	if (!slice_eq_cstr(slice_take(&line, ' '), "tree") ||
	    hash_parse(slice_take(&line, ' '), &snap->tree) < 0 ||
	    slice_uint(slice_take(&line, ' '), SYNC_FILES_MAX, &snap->files) <
		0 ||
	    slice_uint(line, INT64_MAX, &snap->bytes) < 0)
		return bad_list(e, 1);
	for (size_t i = 0; i < text.len; i++)
		room += text.ptr[i] == '\n';
	if (!(snap->parts = mem_calloc(room + 1, sizeof(*snap->parts))))
		return err_memory(e);
	while (text.len) {
		struct mirror_part *p = &snap->parts[snap->count];

		line = slice_take(&text, '\n');
		if (snap->count++ == room ||
		    hash_parse(slice_take(&line, ' '), &p->hash) < 0 ||
		    slice_uint(line, SYNC_PART_BYTES, &p->size) < 0)
			return bad_list(e, snap->count + 1);
		snap->packed += p->size;
	}
	return 0;
}

int
snap_parse(struct mirror_snap *snap, uint64_t serial, struct slice frame,
    struct err *e)
{
	struct buf text;
	int r;

	*snap = (struct mirror_snap){ .serial = serial };
	buf_init(&text, SYNC_LIST_MAX);
	r = sync_frame_read(&text, frame, SLICE_NONE, SYNC_LIST_MAX, e);
	if (r == 0)
		r = parse_snap_lines(snap, buf_slice(&text), e);
	buf_release(&text);
	if (r < 0)
		snap_release(snap);
	return r;
}

void
snap_release(struct mirror_snap *snap)
{
	mem_free(snap->parts);
	snap->parts = NULL;
}

void
snap_part_path(char room[SNAP_PATH_ROOM], uint64_t serial, size_t i)
{
	snprintf(room, SNAP_PATH_ROOM, "stage/snap/%llu/%06zu",
	    (unsigned long long)serial, i);
}

/* A snapshot while it is unpacked. */
struct unpacking {
	struct mirror_stage *s;
	const struct mirror_snap *snap;
	size_t next_part;
	struct buf part, head; /* head: the list, until it is whole */
	struct changes c;
	struct unload *unload; /* once the list is whole */
	int obj;
};

static int
next_part(void *ctx, struct slice *part, struct err *e)
{
	struct unpacking *u = ctx;
	const struct mirror_part *p = &u->snap->parts[u->next_part];
	char path[SNAP_PATH_ROOM];
	struct hash hash;

	*part = SLICE_NONE;
	if (u->next_part == u->snap->count)
		return 0;
	snap_part_path(path, u->snap->serial, u->next_part++);
	buf_clear(&u->part);
	if (io_read_below(u->s->m->state_fd, path, SYNC_PART_BYTES, &u->part,
		NULL, e) < 0)
		return -1;
	if (hash_of(buf_slice(&u->part), &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (u->part.len != p->size || !hash_eq(&hash, &p->hash))
		return err_set(e, ERR_CORRUPT, "state/%s is damaged", path);
	*part = buf_slice(&u->part);
	return 0;
}

/* The list is whole: its contents may come. */
static int
begin_contents(struct unpacking *u, size_t list_len, struct err *e)
{
	const uint64_t max[2] = { u->snap->files, u->snap->bytes };
	struct slice text = buf_slice(&u->head);

	if (changes_read(&u->c, slice_upto(text, list_len), false, max, e) < 0)
		return -1;
	u->unload = unload_new(u->obj, u->c.adds, u->c.add_count, e);
	if (!u->unload)
		return -1;
	return unload_add(u->unload, slice_from(text, list_len), e);
}

static int
snapshot_text(void *ctx, struct slice part, struct err *e)
{
	struct unpacking *u = ctx;
	size_t from = u->head.len ? u->head.len - 1 : 0;
	struct slice text;
	const char *end;

	if (u->unload)
		return unload_add(u->unload, part, e);
	buf_add(&u->head, part);
	if (buf_failed(&u->head))
		return err_set(e, ERR_LIMIT, "too long a list of files");
	text = buf_slice(&u->head);
	if (text.len && text.ptr[0] == '\n')
		return begin_contents(u, 1, e);
	end = memmem(text.ptr + from, text.len - from, "\n\n", 2);
	return end ? begin_contents(u, (size_t)(end - text.ptr) + 2, e) : 0;
}

/* Files that were unpacked are the stage's tree, whatever it was before. */
static int
take_snapshot(struct unpacking *u, struct err *e)
{
	struct mirror_stage *s = u->s;

	if (!u->unload)
		return err_set(e, ERR_SYNTAX, "a snapshot without a list");
	if (unload_end(u->unload, e) < 0)
		return -1;
	sync_tree_release(&s->tree);
	if (sync_tree_copy(&s->tree, &u->c.all, e) < 0 ||
	    sync_tree_check(&s->tree, e) < 0 ||
	    check_hash(s, &u->snap->tree, e) < 0)
		return -1;
	s->serial = u->snap->serial;
	return 0;
}

int
stage_snapshot(
    struct mirror_stage *s, const struct mirror_snap *snap, struct err *e)
{
	struct unpacking u = { .s = s, .snap = snap };
	struct sync_pipe pipe = {
		.more = next_part, .text = snapshot_text, .ctx = &u
	};
	int r = -1;

	if (check_disk(s, snap->bytes, e) < 0 ||
	    (u.obj = place_dir(s->m->stage_fd, "obj", e)) < 0)
		return -1;
	buf_init(&u.part, SYNC_PART_BYTES + 1);
	buf_init(&u.head, SYNC_LIST_MAX);
	sync_tree_init(&u.c.all);
	if (sync_frame_open(&pipe, SLICE_NONE,
		snap->bytes + snap->files * LINE_MAX_BYTES + 1, e) == 0)
		r = take_snapshot(&u, e);
	unload_free(u.unload);
	changes_release(&u.c);
	buf_release(&u.head);
	buf_release(&u.part);
	close(u.obj);
	return r;
}

/* --- a manifest ---------------------------------------------------------- */

int
stage_check(struct mirror_stage *s, struct err *e)
{
	if (sync_tree_check(&s->tree, e) < 0)
		return -1;
	if (s->tree.count != s->head.files || s->tree.bytes != s->head.bytes)
		return err_set(e, ERR_CORRUPT,
		    "what was unpacked is not the tree that was signed");
	return check_hash(s, &s->head.tree, e);
}

static int
by_hash(const void *a, const void *b)
{
	const struct sync_file *const *x = a, *const *y = b;

	return memcmp((*x)->hash.b, (*y)->hash.b, HASH_BYTES);
}

/* Looks for the content of `f` under any path of the live tree. */
static int
find_elsewhere(struct mirror_stage *s, const struct sync_tree *by_content,
    const struct sync_file *f, bool *found, struct err *e)
{
	struct sync_file *const *at = by_content->count
	    ? bsearch(&f, by_content->files, by_content->count, sizeof(void *),
		  by_hash)
	    : NULL;
	struct buf content;

	*found = false;
	if (!at)
		return 0;
	buf_init(&content, SYNC_CONTENT_MAX + 1);
	if (read_held(s, *at, &content, NULL) == 0) {
		*found = true;
		if (stage_put(s, f, buf_slice(&content), e) < 0) {
			buf_release(&content);
			return -1;
		}
	}
	buf_release(&content);
	return 0;
}

/* Whether the live tree has `f`, whole, under its path. */
static bool
is_live(struct mirror_stage *s, const struct sync_file *f)
{
	struct hash hash;
	uint64_t size;

	return place_hash(s->m->content_fd, f->path.ptr, &hash, &size, NULL) ==
	    0 &&
	    hash_eq(&hash, &f->hash);
}

/* Whether the stage has it: what an earlier run left there is looked at. */
static bool
is_staged_whole(struct mirror_stage *s, const struct sync_file *f)
{
	char path[HASH_HEX_BYTES + 5];
	struct hash hash;
	uint64_t size;

	obj_path(path, &f->hash);
	if (place_hash(s->m->stage_fd, path, &hash, &size, NULL) < 0)
		return false;
	if (hash_eq(&hash, &f->hash))
		return true;
	(void)unlinkat(s->m->stage_fd, path, 0);
	return false;
}

static int
find_missing(struct mirror_stage *s,
    int (*missing)(void *ctx, const struct sync_file *f, struct err *e),
    void *ctx, struct err *e)
{
	struct sync_tree by_content;
	bool found = true;
	int r;

	sync_tree_init(&by_content);
	r = sync_tree_copy(&by_content, &s->m->live, e);
	if (by_content.count)
		qsort(by_content.files, by_content.count, sizeof(void *),
		    by_hash);
	for (size_t i = 0; i < s->tree.count && r == 0; i++) {
		const struct sync_file *f = s->tree.files[i];

		if (is_staged_whole(s, f) || is_live(s, f))
			continue;
		r = find_elsewhere(s, &by_content, f, &found, e);
		if (r == 0 && !found)
			r = missing(ctx, f, e);
	}
	sync_tree_release(&by_content);
	return r;
}

int
stage_manifest(struct mirror_stage *s, struct slice manifest,
    int (*missing)(void *ctx, const struct sync_file *f, struct err *e),
    void *ctx, struct err *e)
{
	sync_tree_release(&s->tree);
	if (sync_tree_parse(&s->tree, manifest, e) < 0 || stage_check(s, e) < 0)
		return -1;
	s->serial = s->head.serial;
	return find_missing(s, missing, ctx, e);
}
