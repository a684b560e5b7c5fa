#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store.h"
#include "sync/publish.h"

#include "sync/history.h"

static const char kept_key[] = "sync/kept";

enum {
	DAY_S = 24 * 3600,
	WEEK_S = 7 * DAY_S,
	KEY_ROOM = 64,
	KEPT_BYTES_MAX = 64 * SYNC_KEPT_MAX,
};

void
history_init(struct sync_history *h)
{
	*h = (struct sync_history){ .kept = NULL };
}

static void
release_kept(struct sync_kept *k)
{
	sync_tree_release(&k->undo);
	sync_tree_release(&k->past);
}

void
history_release(struct sync_history *h)
{
	for (size_t i = 0; i < h->count; i++)
		release_kept(&h->kept[i]);
	mem_free(h->kept);
	history_init(h);
}

static struct slice
undo_key(char room[KEY_ROOM], uint64_t serial)
{
	int n = snprintf(
	    room, KEY_ROOM, "sync/undo/%llu", (unsigned long long)serial);

	return slice_make(room, (size_t)n);
}

/* Room for one more is made before any tree of the array is pointed at. */
static int
append(struct sync_history *h, uint64_t serial, int64_t time_s, struct err *e)
{
	struct sync_kept *k;

	if (!h->kept &&
	    !(h->kept = mem_calloc(SYNC_KEPT_MAX, sizeof(*h->kept))))
		return err_memory(e);
	if (h->count == SYNC_KEPT_MAX)
		return err_set(e, ERR_LIMIT, "too many kept serials");
	k = &h->kept[h->count++];
	k->serial = serial;
	k->time_s = time_s;
	sync_tree_init(&k->undo);
	sync_tree_init(&k->past);
	return 0;
}

static int
load_undo(struct sync_kept *k, struct store_writer *w, struct err *e)
{
	char room[KEY_ROOM];
	struct slice text;

	switch (store_state_get(w, undo_key(room, k->serial), &text)) {
	case STORE_FOUND:
		return sync_tree_parse_list(&k->undo, text, e);
	case STORE_ABSENT:
		return 0;
	default:
		return err_set(
		    e, ERR_CORRUPT, "the mirrors' records are damaged");
	}
}

int
history_load(struct sync_history *h, struct store_writer *w, struct err *e)
{
	struct slice text, line;
	uint64_t serial, time;

	switch (store_state_get(w, slice_cstr(kept_key), &text)) {
	case STORE_ABSENT:
		return 0;
	case STORE_FOUND:
		break;
	default:
		return err_set(
		    e, ERR_CORRUPT, "the mirrors' records are damaged");
	}
	while (text.len) {
		line = slice_take(&text, '\n');
		if (slice_uint(slice_take(&line, ' '), INT64_MAX, &serial) <
			0 ||
		    slice_uint(line, INT64_MAX, &time) < 0)
			return err_set(
			    e, ERR_CORRUPT, "the mirrors' records are damaged");
		if (append(h, serial, (int64_t)time, e) < 0 ||
		    load_undo(&h->kept[h->count - 1], w, e) < 0)
			return -1;
	}
	return 0;
}

static int
save_undo(const struct sync_kept *k, struct store_writer *w, struct err *e)
{
	char room[KEY_ROOM];
	struct buf text;
	int r;

	buf_init(&text, SYNC_MANIFEST_MAX);
	sync_tree_write(&k->undo, &text);
	r = buf_failed(&text) ? err_memory(e)
			      : store_state_put(w, undo_key(room, k->serial),
				    buf_slice(&text), e);
	buf_release(&text);
	return r;
}

int
history_forget(struct store_writer *w, uint64_t serial, struct err *e)
{
	char room[KEY_ROOM];

	return store_state_put(w, undo_key(room, serial), SLICE_NONE, e);
}

int
history_save(
    const struct sync_history *h, struct store_writer *w, struct err *e)
{
	struct buf text;
	int r = 0;

	buf_init(&text, KEPT_BYTES_MAX);
	for (size_t i = 0; i < h->count && r == 0; i++) {
		buf_addf(&text, "%llu %lld\n",
		    (unsigned long long)h->kept[i].serial,
		    (long long)h->kept[i].time_s);
		if (h->kept[i].dirty)
			r = save_undo(&h->kept[i], w, e);
	}
	if (r == 0)
		r = buf_failed(&text) ? err_memory(e)
				      : store_state_put(w, slice_cstr(kept_key),
					    buf_slice(&text), e);
	buf_release(&text);
	return r;
}

/* --- adding -------------------------------------------------------------- */

/* Fills `undo` with what makes `now` into `before`, both sorted. */
static int
make_undo(struct sync_tree *undo, const struct sync_tree *before,
    const struct sync_tree *now, struct err *e)
{
	size_t b = 0, n = 0;

	while (b < before->count || n < now->count) {
		int r = b == before->count ? 1
		    : n == now->count
		    ? -1
		    : slice_cmp(before->files[b]->path, now->files[n]->path);
		struct sync_file was_not = { .size = 0 };
		const struct sync_file *f = NULL;

		if (r > 0) {
			was_not.path = now->files[n]->path;
			f = &was_not;
		} else if (r < 0 ||
		    !hash_eq(&before->files[b]->hash, &now->files[n]->hash)) {
			f = before->files[b];
		}
		if (f && sync_tree_add(undo, f, e) < 0)
			return -1;
		b += r <= 0;
		n += r >= 0;
	}
	return 0;
}

int
history_add(struct sync_history *h, uint64_t serial, int64_t time_s,
    const struct sync_tree *before, const struct sync_tree *now, struct err *e)
{
	if (h->count) {
		struct sync_kept *last = &h->kept[h->count - 1];

		last->dirty = true;
		if (make_undo(&last->undo, before, now, e) < 0)
			return -1;
	}
	return append(h, serial, time_s, e);
}

/* --- pruning ------------------------------------------------------------- */

static bool
is_snap(uint64_t serial, const uint64_t *snaps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (snaps[i] == serial)
			return true;
	return false;
}

/* Marks the last of each of the newest `most` periods as lasting. */
static void
mark_last_of(struct sync_history *h, int64_t period_s, unsigned most)
{
	int64_t period = -1;
	unsigned seen = 0;

	for (size_t i = h->count; i-- > 0 && seen <= most;) {
		int64_t its = h->kept[i].time_s / period_s;

		if (its != period && ++seen <= most)
			h->kept[i].lasting = true;
		period = its;
	}
}

/* Takes number `i` out; what led to it now leads past it. */
static int
drop(struct sync_history *h, size_t i, struct err *e)
{
	struct sync_tree merged;

	if (i > 0) {
		sync_tree_init(&merged);
		if (sync_tree_overlay(&merged, &h->kept[i].undo,
			&h->kept[i - 1].undo, e) < 0) {
			sync_tree_release(&merged);
			return -1;
		}
		sync_tree_release(&h->kept[i - 1].undo);
		h->kept[i - 1].undo = merged;
		h->kept[i - 1].dirty = true;
	}
	release_kept(&h->kept[i]);
	memmove(h->kept + i, h->kept + i + 1,
	    (h->count - i - 1) * sizeof(h->kept[0]));
	h->count--;
	return 0;
}

int
history_prune(struct sync_history *h, int64_t now_s, const uint64_t *snaps,
    size_t snap_count, uint64_t *dropped, struct err *e)
{
	int count = 0;

	for (size_t i = 0; i < h->count; i++)
		h->kept[i].lasting =
		    is_snap(h->kept[i].serial, snaps, snap_count);
	mark_last_of(h, DAY_S, SYNC_DAYS);
	mark_last_of(h, WEEK_S, SYNC_WEEKS);
	for (size_t i = h->count; i-- > 0;) {
		size_t behind = h->count - 1 - i;
		const struct sync_kept *k = &h->kept[i];
		bool fresh =
		    behind < SYNC_FRESH_MAX && k->time_s > now_s - SYNC_GRACE_S;

		if (k->lasting || behind < SYNC_LAST || fresh)
			continue;
		dropped[count++] = k->serial;
		if (drop(h, i, e) < 0)
			return -1;
	}
	return count;
}

int
history_pasts(struct sync_history *h, struct err *e)
{
	for (size_t i = h->count; i-- > 0;) {
		struct sync_kept *k = &h->kept[i];

		sync_tree_release(&k->past);
		if (i + 1 < h->count &&
		    sync_tree_overlay(
			&k->past, &h->kept[i + 1].past, &k->undo, e) < 0)
			return -1;
	}
	return 0;
}

size_t
history_find(const struct sync_history *h, uint64_t serial)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->kept[i].serial == serial)
			return i;
	return h->count;
}
