/*
 * switch.c: from the live tree to the staged one.
 *
 *	syncfs          the stage is on the disk
 *	commit          from here on the switch is finished, whatever happens
 *	conflicts       old files where folders shall be, and the other way
 *	renames         each content over its path
 *	deletions
 *	manifest, head
 *	commit removed, stage thrown away
 *
 * Each step can be done again: a content that has left the stage is where it
 * belongs, what was deleted stays deleted.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "sync/path.h"
#include "sync/place.h"
#include "sync/publish.h"

#include "sync/mirror.h"

static const char commit_name[] = "commit";
static const char temp_name[] = "place"; /* in the stage */

/* --- placing ------------------------------------------------------------- */

static int
copy_content(struct mirror_stage *s, const char *obj, struct err *e)
{
	struct buf content;
	int r;

	buf_init(&content, SYNC_CONTENT_MAX + 1);
	r = io_read_below(
	    s->m->stage_fd, obj, SYNC_CONTENT_MAX, &content, NULL, e);
	if (r == 0)
		r = io_write_file(
		    s->m->stage_fd, temp_name, buf_slice(&content), 0644, e);
	buf_release(&content);
	return r;
}

/*
 * Puts the content `obj` under stage/place: a second name for it, or a copy
 * where it has one already, as two files of the tree shall not be one.
 */
static int
prepare_place(struct mirror_stage *s, const char *obj, struct err *e)
{
	int fd = s->m->stage_fd;
	struct stat st;

	(void)unlinkat(fd, temp_name, 0);
	if (fstatat(fd, obj, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, "stat", obj);
	if (st.st_nlink > 1 || linkat(fd, obj, fd, temp_name, 0) < 0)
		return copy_content(s, obj, e);
	return 0;
}

static int
place_file(struct mirror_stage *s, const struct sync_file *f, struct err *e)
{
	char obj[HASH_HEX_BYTES + 5] = "obj/";
	const char *name;
	int dir, r = 0;

	hash_hex(&f->hash, obj + 4);
	if (prepare_place(s, obj, e) < 0)
		return -1;
	dir = place_parent(s->m->content_fd, f->path.ptr, true, &name, e);
	if (dir < 0)
		return -1;
	if (renameat(s->m->stage_fd, temp_name, dir, name) < 0) {
		/* A folder in its place is none of the tree's. */
		r = errno == EISDIR ? place_remove_all(dir, name, e)
				    : err_errno(e, "rename", f->path.ptr);
		if (r == 0 &&
		    renameat(s->m->stage_fd, temp_name, dir, name) < 0)
			r = err_errno(e, "rename", f->path.ptr);
	}
	close(dir);
	return r;
}

/*
 * Whether `f` must be placed: its content is in the stage.  A changed file
 * whose content is not there was placed before the last interruption; that is
 * looked at, not believed.
 */
static int
must_place(struct mirror_stage *s, const struct sync_file *f, bool *must,
    struct err *e)
{
	const struct sync_file *was = sync_tree_find(&s->m->live, f->path);
	char obj[HASH_HEX_BYTES + 5] = "obj/";
	struct hash hash;
	uint64_t size;

	hash_hex(&f->hash, obj + 4);
	*must = faccessat(s->m->stage_fd, obj, R_OK, 0) == 0;
	if (*must || (was && hash_eq(&was->hash, &f->hash)))
		return 0;
	if (place_hash(s->m->content_fd, f->path.ptr, &hash, &size, e) < 0)
		return -1;
	if (!hash_eq(&hash, &f->hash))
		return err_set(e, ERR_CORRUPT,
		    "the content of \"%.*s\" is lost: run with --verify",
		    SLICE_FMT(f->path));
	return 0;
}

static int
place_all(struct mirror_stage *s, struct err *e)
{
	bool must;

	for (size_t i = 0; i < s->tree.count; i++) {
		if (must_place(s, s->tree.files[i], &must, e) < 0 ||
		    (must && place_file(s, s->tree.files[i], e) < 0))
			return -1;
	}
	(void)unlinkat(s->m->stage_fd, temp_name, 0);
	return 0;
}

/* --- deletions ----------------------------------------------------------- */

/* Whether a new path lies below `path`, or `path` below a new one. */
static bool
conflicts(const struct sync_tree *now, struct slice path)
{
	char below[SYNC_PATH_MAX + 2];
	size_t at;

	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '/' &&
		    sync_tree_find(now, slice_upto(path, i)))
			return true;
	if (path.len > SYNC_PATH_MAX)
		return false;
	memcpy(below, path.ptr, path.len);
	below[path.len] = '/';
	at = sync_tree_seek(now, slice_make(below, path.len + 1));
	return at < now->count &&
	    slice_starts(now->files[at]->path, slice_make(below, path.len + 1));
}

static int
delete_old(struct mirror_stage *s, bool only_conflicts, struct err *e)
{
	const struct sync_tree *live = &s->m->live;

	for (size_t i = 0; i < live->count; i++) {
		struct slice path = live->files[i]->path;

		if (sync_tree_find(&s->tree, path) ||
		    conflicts(&s->tree, path) != only_conflicts)
			continue;
		if (place_remove(s->m->content_fd, path.ptr, e) < 0)
			return -1;
	}
	return 0;
}

/* --- the switch ---------------------------------------------------------- */

static int
write_manifest(struct mirror_stage *s, struct err *e)
{
	struct buf text;
	int r;

	buf_init(&text, SYNC_MANIFEST_MAX);
	sync_tree_write(&s->tree, &text);
	r = buf_failed(&text) ? err_memory(e)
			      : io_write_file(s->m->state_fd, "manifest",
				    buf_slice(&text), 0644, e);
	buf_release(&text);
	return r;
}

/*
 * The parts of a first copy are kept for mirrors of this one, where answers
 * are kept at all.  Nothing is lost when that fails: they can be brought again.
 */
static void
keep_snapshot(struct mirror *m)
{
	int answers, from;

	if ((from = openat(m->stage_fd, "snap",
		 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return;
	close(from);
	answers = openat(m->state_fd, "answers",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (answers < 0)
		return;
	if (place_remove_all(answers, "snap", NULL) == 0)
		(void)renameat(m->stage_fd, "snap", answers, "snap");
	close(answers);
}

static int
finish(struct mirror_stage *s, struct err *e)
{
	struct mirror *m = s->m;

	if (delete_old(s, true, e) < 0 || place_all(s, e) < 0 ||
	    delete_old(s, false, e) < 0)
		return -1;
	if (syncfs(m->root_fd) < 0)
		return err_errno(e, "syncfs", "content");
	if (write_manifest(s, e) < 0 ||
	    mirror_keep_head(m, buf_slice(&s->head_text), e) < 0)
		return -1;
	if (unlinkat(m->state_fd, commit_name, 0) < 0)
		return err_errno(e, "unlink", "state/commit");
	if (fsync(m->state_fd) < 0)
		return err_errno(e, "fsync", "state");
	keep_snapshot(m);
	close(m->stage_fd);
	m->stage_fd = -1;
	return place_remove_all(m->state_fd, "stage", e);
}

/* Whether all that the switch will need is there. */
static int
check_contents(struct mirror_stage *s, struct err *e)
{
	bool must;

	for (size_t i = 0; i < s->tree.count; i++)
		if (must_place(s, s->tree.files[i], &must, e) < 0)
			return -1;
	return 0;
}

int
mirror_switch(struct mirror_stage *s, struct err *e)
{
	struct buf text;
	int r;

	if (stage_check(s, e) < 0 || check_contents(s, e) < 0 ||
	    stage_save(s, e) < 0)
		return -1;
	if (syncfs(s->m->root_fd) < 0)
		return err_errno(e, "syncfs", "state/stage");
	buf_init(&text, 64);
	buf_addf(&text, "%llu\n", (unsigned long long)s->serial);
	r = io_write_file(
	    s->m->state_fd, commit_name, buf_slice(&text), 0644, e);
	buf_release(&text);
	return r < 0 ? -1 : finish(s, e);
}

int
mirror_recover(struct mirror *m, bool *done, struct err *e)
{
	struct mirror_stage s;
	int r;

	*done = faccessat(m->state_fd, commit_name, F_OK, 0) == 0;
	if (!*done)
		return 0;
	r = stage_resume(&s, m, e);
	if (r == 0)
		r = stage_check(&s, e);
	if (r == 0)
		r = finish(&s, e);
	stage_release(&s);
	return r;
}

/* --- verifying ----------------------------------------------------------- */

struct verifying {
	struct mirror *m;
	int (*bad)(void *ctx, const struct sync_file *f, struct err *e);
	void *ctx;
};

static int
see_stray(void *ctx, const char *path, bool regular, struct err *e)
{
	struct verifying *v = ctx;
	struct sync_file stray = { .path = slice_cstr(path) };

	if (regular && sync_tree_find(&v->m->live, stray.path))
		return 0;
	return v->bad(v->ctx, &stray, e);
}

int
mirror_verify(struct mirror *m,
    int (*bad)(void *ctx, const struct sync_file *f, struct err *e), void *ctx,
    struct err *e)
{
	struct verifying v = { .m = m, .bad = bad, .ctx = ctx };

	for (size_t i = 0; i < m->live.count; i++) {
		const struct sync_file *f = m->live.files[i];
		struct hash hash;
		uint64_t size;

		if (place_hash(
			m->content_fd, f->path.ptr, &hash, &size, NULL) == 0 &&
		    hash_eq(&hash, &f->hash))
			continue;
		if (bad(ctx, f, e) < 0)
			return -1;
	}
	return place_walk(m->content_fd, see_stray, &v, e);
}
