#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store.h"
#include "sync/frame.h"
#include "sync/pages.h"

#include "sync/publish_internal.h"

/* The parts of a since/ page behind the head may be large: 32 are made. */
enum {
	SINCE_MAX = 1 << 30, /* bytes */
};

static void
since_path(char path[SYNC_PATH_ROOM], uint64_t serial)
{
	snprintf(
	    path, SYNC_PATH_ROOM, "since/%llu", (unsigned long long)serial);
}

/* --- contents ------------------------------------------------------------ */

static int
read_source(struct publisher *p, const struct sync_file *f, struct buf *out,
    struct err *e)
{
	size_t start = out->len;
	struct hash hash;

	if (p->src->read(p->src->ctx, f, out, e) < 0)
		return -1;
	if (buf_failed(out))
		return err_memory(e);
	if (hash_of(slice_from(buf_slice(out), start), &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (out->len - start != f->size || !hash_eq(&hash, &f->hash))
		return err_set(e, ERR_CONFLICT,
		    "\"%.*s\" changed while it was read", SLICE_FMT(f->path));
	return 0;
}

int
publisher_read(struct publisher *p, const struct sync_file *f, struct buf *out,
    struct err *e)
{
	struct store_entry entry = { .size = f->size, .hash = f->hash };
	bool ok = false;

	if (p->view)
		(void)store_view_body(p->view, &entry, 0, &ok);
	if (ok)
		return sync_body_read(p->view, &f->hash, f->size, out, e);
	return read_source(p, f, out, e);
}

/* --- what was published before ------------------------------------------- */

int
publisher_load(struct publisher *p, struct err *e)
{
	struct store_entry entry;
	struct buf frame, text;
	int r = -1;

	if (!sync_page_find(p->view, "since/0", &entry))
		return 0;
	if (sync_body_read(p->view, &entry.hash, entry.size, &p->old_head, e) <
		0 ||
	    sync_head_parse(buf_slice(&p->old_head), &p->before, e) < 0)
		return -1;
	if (!sync_page_find(p->view, "manifest", &entry))
		return err_set(
		    e, ERR_CORRUPT, "the store has a head but no manifest");
	buf_init(&frame, SYNC_FRAME_MAX);
	buf_init(&text, SYNC_MANIFEST_MAX);
	if (sync_body_read(p->view, &entry.hash, entry.size, &frame, e) == 0 &&
	    sync_frame_read(&text, buf_slice(&frame), SLICE_NONE,
		SYNC_MANIFEST_MAX, e) == 0)
		r = sync_tree_parse(&p->old, buf_slice(&text), e);
	buf_release(&text);
	buf_release(&frame);
	return r;
}

/* --- the files ----------------------------------------------------------- */

static int
put_file(struct publisher *p, const struct sync_file *f, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf content;
	int r = -1;

	snprintf(path, sizeof(path), "f/%.*s", SLICE_FMT(f->path));
	buf_init(&content, SYNC_CONTENT_MAX + 1);
	if (publisher_read(p, f, &content, e) == 0)
		r = sync_page_put(p->w, path, buf_slice(&content), e);
	buf_release(&content);
	return r;
}

static int
put_files(struct publisher *p, struct err *e)
{
	const struct sync_tree *now = p->src->tree;
	char path[SYNC_PATH_ROOM];

	for (size_t i = 0; i < now->count; i++) {
		const struct sync_file *f = now->files[i],
				       *was = sync_tree_find(&p->old, f->path);

		if ((!was || !hash_eq(&was->hash, &f->hash)) &&
		    put_file(p, f, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->old.count; i++) {
		const struct sync_file *was = p->old.files[i];

		if (sync_tree_find(now, was->path))
			continue;
		snprintf(path, sizeof(path), "f/%.*s", SLICE_FMT(was->path));
		if (sync_page_delete(p->w, path, e) < 0)
			return -1;
	}
	return 0;
}

static int
put_manifest(struct publisher *p, struct err *e)
{
	struct buf text, frame;
	int r = -1;

	buf_init(&text, SYNC_MANIFEST_MAX);
	buf_init(&frame, SYNC_FRAME_MAX);
	sync_tree_write(p->src->tree, &text);
	if (buf_failed(&text))
		err_memory(e);
	else if (sync_frame_make(&frame, buf_slice(&text), SLICE_NONE, e) == 0)
		r = sync_page_put(p->w, "manifest", buf_slice(&frame), e);
	buf_release(&frame);
	buf_release(&text);
	return r;
}

int
publisher_put_tree(struct publisher *p, struct err *e)
{
	return put_files(p, e) < 0 ? -1 : put_manifest(p, e);
}

/* --- old contents -------------------------------------------------------- */

static int
by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct hash));
}

/* All contents that the undo lists name, sorted; the caller frees them. */
static int
undo_hashes(const struct sync_history *h, struct hash **out, size_t *count,
    struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += h->kept[i].undo.count;
	if (!(*out = mem_calloc(n + 1, sizeof(**out))))
		return err_memory(e);
	*count = 0;
	for (size_t i = 0; i < h->count; i++)
		for (size_t k = 0; k < h->kept[i].undo.count; k++)
			(*out)[(*count)++] = h->kept[i].undo.files[k]->hash;
	qsort(*out, *count, sizeof(**out), by_hash);
	return 0;
}

/* Lets those of `before` go that no undo list names any more. */
static int
drop_contents(
    struct publisher *p, const struct hash *before, size_t count, struct err *e)
{
	struct hash *after;
	size_t left;
	int r = 0;

	if (undo_hashes(&p->hist, &after, &left, e) < 0)
		return -1;
	for (size_t i = 0; i < count && r == 0; i++) {
		if (i && hash_eq(&before[i], &before[i - 1]))
			continue;
		if (!bsearch(&before[i], after, left, sizeof(*after), by_hash))
			r = sync_body_drop(p->w, &before[i], e);
	}
	mem_free(after);
	return r;
}

/* The contents that this serial replaces are kept for the deltas. */
static int
keep_contents(struct publisher *p, struct err *e)
{
	const struct sync_kept *last =
	    p->hist.count > 1 ? &p->hist.kept[p->hist.count - 2] : NULL;

	for (size_t i = 0; last && i < last->undo.count; i++) {
		const struct sync_file *f = last->undo.files[i];

		if (!sync_was_not(f) &&
		    sync_body_keep(p->w, &f->hash, f->size, e) < 0)
			return -1;
	}
	return 0;
}

/* Drops old serials, their since/ pages and contents. */
static int
prune(struct publisher *p, struct err *e)
{
	uint64_t snaps[SYNC_SNAPS_MAX], *dropped;
	struct hash *before = NULL;
	char path[SYNC_PATH_ROOM];
	size_t hashes = 0;
	int n, r = -1;

	if (snapshots_prune(p, e) < 0)
		return -1;
	for (size_t i = 0; i < p->snap_count; i++)
		snaps[i] = p->snaps[i].serial;
	if (!(dropped = mem_calloc(SYNC_KEPT_MAX, sizeof(*dropped))))
		return err_memory(e);
	if (undo_hashes(&p->hist, &before, &hashes, e) < 0)
		goto out;
	n = history_prune(
	    &p->hist, p->set->now_s, snaps, p->snap_count, dropped, e);
	if (n < 0)
		goto out;
	for (int i = 0; i < n; i++) {
		since_path(path, dropped[i]);
		if (sync_page_delete(p->w, path, e) < 0 ||
		    history_forget(p->w, dropped[i], e) < 0)
			goto out;
	}
	r = n ? drop_contents(p, before, hashes, e) : 0;
out:
	mem_free(before);
	mem_free(dropped);
	return r;
}

/* --- heads and deltas ---------------------------------------------------- */

/*
 * Appends `d` as it stands in `text`; signed by a key of before, it is signed
 * anew: a mirror that begins now knows the present one alone.
 */
static int
copy_delta(struct publisher *p, const struct sync_delta *d, struct slice text,
    struct buf *out, struct err *e)
{
	if (!sync_delta_check(d, &p->key))
		return sync_delta_write(out, d, p->set->key_pem, e);
	buf_add(out, slice_upto(text, d->len));
	return buf_failed(out) ? err_memory(e) : 0;
}

/*
 * Appends what stands behind the head in the since/ page of `serial` now; *to
 * is the serial it leads to, 0 when there is none.
 */
static int
old_deltas(struct publisher *p, uint64_t serial, struct buf *out, uint64_t *to,
    struct err *e)
{
	struct store_entry entry;
	char path[SYNC_PATH_ROOM];
	struct sync_head head;
	struct sync_delta d;
	struct slice rest;
	struct buf page;
	int r = -1;

	*to = 0;
	since_path(path, serial);
	if (!sync_page_find(p->view, path, &entry))
		return 0;
	buf_init(&page, SINCE_MAX);
	if (sync_body_read(p->view, &entry.hash, entry.size, &page, e) < 0 ||
	    sync_head_parse(buf_slice(&page), &head, e) < 0)
		goto out;
	rest = slice_from(buf_slice(&page), head.len);
	for (r = 0; rest.len && r == 0; rest = slice_from(rest, d.len)) {
		if ((r = sync_delta_parse(rest, false, &d, e)) < 0 ||
		    (r = copy_delta(p, &d, rest, out, e)) < 0)
			break;
		*to = d.to;
	}
out:
	buf_release(&page);
	return r;
}

/* A serial to which one that is no more among the last may lead. */
static size_t
lasting_after(const struct sync_history *h, size_t from)
{
	for (size_t i = from + 1; i + 1 < h->count; i++)
		if (h->kept[i].lasting)
			return i;
	return h->count - 1;
}

/* What stands behind the head in the since/ page of a kept serial. */
struct answer {
	struct buf deltas;
	size_t to; /* number of the serial they lead to */
};

/* Makes the deltas from kept serial number `i`; old ones stay that hold. */
static int
add_deltas(struct publisher *p, size_t i, struct answer *a, struct err *e)
{
	size_t last = p->hist.count - 1;
	uint64_t old_to;

	a->to = last;
	if (i == last)
		return 0;
	if (p->hist.count - i <= SYNC_LAST)
		return publisher_deltas(p, i, last, &a->deltas, e);
	if (old_deltas(p, p->hist.kept[i].serial, &a->deltas, &old_to, e) < 0)
		return -1;
	if (old_to && (a->to = history_find(&p->hist, old_to)) <= last)
		return 0;
	buf_clear(&a->deltas);
	a->to = lasting_after(&p->hist, i);
	return publisher_deltas(p, i, a->to, &a->deltas, e);
}

static int
put_since(struct publisher *p, uint64_t serial, const struct buf *head,
    const struct buf *deltas, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf all;
	int r;

	since_path(path, serial);
	buf_init(&all, SINCE_MAX);
	buf_add(&all, buf_slice(head));
	if (deltas)
		buf_add(&all, buf_slice(deltas));
	r = buf_failed(&all) ? err_memory(e)
			     : sync_page_put(p->w, path, buf_slice(&all), e);
	buf_release(&all);
	return r;
}

/*
 * A snapshot is due when there is none, or when all that leads from the last
 * one to the newest state weighs too much of it.
 */
static bool
snapshot_is_due(const struct publisher *p, const struct answer *all)
{
	const struct sync_snap *s;
	uint64_t bytes = 0;
	size_t i;

	if (!p->snap_count)
		return true;
	s = &p->snaps[p->snap_count - 1];
	i = history_find(&p->hist, s->serial);
	if (i == p->hist.count)
		return true;
	for (; i + 1 < p->hist.count; i = all[i].to)
		bytes += all[i].deltas.len;
	return bytes > s->bytes / 100 * SYNC_SNAP_PERCENT;
}

static int
write_head(struct publisher *p, struct buf *out, struct err *e)
{
	const struct sync_snap *s =
	    p->snap_count ? &p->snaps[p->snap_count - 1] : NULL;

	if (s) {
		p->now.snap = s->serial;
		p->now.snap_list = s->list;
		p->now.snap_list_bytes = s->list_bytes;
	}
	return sync_head_write(out, &p->now, p->set->key_pem, e);
}

static int
put_all(struct publisher *p, const struct answer *all, struct err *e)
{
	struct buf head;
	int r;

	buf_init(&head, SYNC_HEAD_MAX);
	r = write_head(p, &head, e);
	if (r == 0)
		r = put_since(p, 0, &head, NULL, e);
	for (size_t i = 0; i < p->hist.count && r == 0; i++)
		r = put_since(
		    p, p->hist.kept[i].serial, &head, &all[i].deltas, e);
	buf_release(&head);
	return r;
}

/*
 * Puts the heads and deltas, and a snapshot where one is due; without `remake`
 * the deltas are those of before.
 */
static int
put_answers(
    struct publisher *p, bool remake, struct sync_report *out, struct err *e)
{
	size_t n = p->hist.count;
	struct answer *all = mem_calloc(n + 1, sizeof(*all));
	uint64_t to;
	int r = 0;

	if (!all)
		return err_memory(e);
	for (size_t i = 0; i < n; i++)
		buf_init(&all[i].deltas, SINCE_MAX);
	for (size_t i = 0; i < n && r == 0; i++)
		r = remake ? add_deltas(p, i, &all[i], e)
			   : old_deltas(p, p->hist.kept[i].serial,
				 &all[i].deltas, &to, e);
	if (r == 0 && remake && snapshot_is_due(p, all)) {
		out->snapshot = true;
		r = snapshot_make(p, e);
	}
	if (r == 0)
		r = put_all(p, all, e);
	for (size_t i = 0; i < n; i++)
		buf_release(&all[i].deltas);
	mem_free(all);
	return r;
}

/* --- the run ------------------------------------------------------------- */

static int
set_times(struct publisher *p, struct err *e)
{
	struct sync_head *h = &p->now;

	h->name = p->set->name;
	/* A head is never older than the one before: mirrors would refuse it.
	 */
	h->time_s =
	    p->set->now_s > p->before.time_s ? p->set->now_s : p->before.time_s;
	h->until_s = h->time_s + SYNC_VALID_S;
	h->snap = p->before.snap;
	h->snap_list = p->before.snap_list;
	h->snap_list_bytes = p->before.snap_list_bytes;
	h->files = p->src->tree->count;
	h->bytes = p->src->tree->bytes;
	h->has_next = p->set->next_pem.len > 0;
	if (h->has_next && sign_public(p->set->next_pem, &h->next, e) < 0)
		return -1;
	return sync_tree_hash(p->src->tree, &h->tree, e);
}

static int
new_serial(struct publisher *p, struct sync_report *out, struct err *e)
{
	p->now.serial = p->before.serial + 1;
	if (p->now.serial < p->set->least_serial)
		p->now.serial = p->set->least_serial;
	out->changed = true;
	if (history_add(&p->hist, p->now.serial, p->now.time_s, &p->old,
		p->src->tree, e) < 0 ||
	    keep_contents(p, e) < 0 || publisher_put_tree(p, e) < 0 ||
	    prune(p, e) < 0 || history_pasts(&p->hist, e) < 0 ||
	    put_answers(p, true, out, e) < 0)
		return -1;
	return snapshots_save(p, e) < 0 ? -1 : history_save(&p->hist, p->w, e);
}

/* Whether the head must be signed anew though nothing has changed. */
static bool
is_stale(const struct publisher *p)
{
	const struct sync_head *b = &p->before, *n = &p->now;

	return p->set->now_s - b->time_s >= SYNC_RESIGN_S ||
	    !slice_eq(b->name, n->name) || b->has_next != n->has_next ||
	    (b->has_next && !sign_key_eq(&b->next, &n->next)) ||
	    !sync_head_check(buf_slice(&p->old_head), b, &p->key);
}

static int
run(struct publisher *p, struct sync_report *out, struct err *e)
{
	if (sign_public(p->set->key_pem, &p->key, e) < 0 ||
	    sync_tree_check(p->src->tree, e) < 0 || publisher_load(p, e) < 0 ||
	    history_load(&p->hist, p->w, e) < 0 || snapshots_load(p, e) < 0 ||
	    set_times(p, e) < 0)
		return -1;
	p->now.serial = p->before.serial;
	out->serial = p->now.serial;
	if (!p->before.serial || p->before.serial < p->set->least_serial ||
	    !hash_eq(&p->now.tree, &p->before.tree)) {
		out->resigned = true;
		if (new_serial(p, out, e) < 0)
			return -1;
	} else if (is_stale(p)) {
		out->resigned = true;
		if (put_answers(p, false, out, e) < 0)
			return -1;
	}
	out->serial = p->now.serial;
	return 0;
}

void
publisher_init(struct publisher *p)
{
	sync_tree_init(&p->old);
	buf_init(&p->old_head, SYNC_HEAD_MAX);
	history_init(&p->hist);
}

void
publisher_release(struct publisher *p)
{
	history_release(&p->hist);
	buf_release(&p->old_head);
	sync_tree_release(&p->old);
	if (p->view)
		store_view_drop(p->view);
}

int
sync_published(struct store_writer *w, struct sync_tree *out, struct err *e)
{
	struct publisher p = { .w = w };
	struct err none = ERR_INIT;
	int r;

	publisher_init(&p);
	p.view = store_writer_view(w, &none);
	r = publisher_load(&p, e);
	if (r == 0)
		r = sync_tree_copy(out, &p.old, e);
	publisher_release(&p);
	return r;
}

int
sync_publish(struct store_writer *w, const struct sync_source *src,
    const struct sync_settings *set, struct sync_report *out, struct err *e)
{
	struct publisher p = { .w = w, .src = src, .set = set };
	struct err none = ERR_INIT;
	int r;

	*out = (struct sync_report){ .serial = 0 };
	publisher_init(&p);
	p.view = store_writer_view(w, &none); /* none: the first publish */
	r = run(&p, out, e);
	publisher_release(&p);
	return r;
}
