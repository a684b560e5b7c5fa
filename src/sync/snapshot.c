/*
 * snapshot.c: a whole state as parts of one zstd stream, for first copies.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"
#include "sync/frame.h"
#include "sync/pages.h"

#include "sync/publish_internal.h"

static const char snaps_key[] = "sync/snaps";

/* A snapshot while it is packed. */
struct packing {
	struct publisher *p;
	struct sync_packer *packer;
	struct buf out, list, content;
	struct sync_snap snap;
};

static int
damaged(struct err *e)
{
	return err_set(e, ERR_CORRUPT, "the mirrors' records are damaged");
}

static int
parse_snap(struct slice line, struct sync_snap *s)
{
	uint64_t time;

	if (slice_uint(slice_take(&line, ' '), INT64_MAX, &s->serial) < 0 ||
	    slice_uint(slice_take(&line, ' '), INT64_MAX, &time) < 0 ||
	    hash_parse(slice_take(&line, ' '), &s->list) < 0 ||
	    slice_uint(slice_take(&line, ' '), INT64_MAX, &s->list_bytes) < 0 ||
	    slice_uint(slice_take(&line, ' '), INT64_MAX, &s->bytes) < 0 ||
	    slice_uint(line, INT64_MAX, &s->parts) < 0)
		return -1;
	s->time_s = (int64_t)time;
	return 0;
}

int
snapshots_load(struct publisher *p, struct err *e)
{
	struct slice text;

	switch (store_state_get(p->w, slice_cstr(snaps_key), &text)) {
	case STORE_ABSENT:
		return 0;
	case STORE_FOUND:
		break;
	default:
		return damaged(e);
	}
	while (text.len) {
		if (p->snap_count == SYNC_SNAPS_MAX ||
		    parse_snap(slice_take(&text, '\n'),
			&p->snaps[p->snap_count++]) < 0)
			return damaged(e);
	}
	return 0;
}

int
snapshots_save(struct publisher *p, struct err *e)
{
	char hex[HASH_HEX_BYTES + 1];
	struct buf text;
	int r;

	buf_init(&text, 4096);
	for (size_t i = 0; i < p->snap_count; i++) {
		const struct sync_snap *s = &p->snaps[i];

		hash_hex(&s->list, hex);
		buf_addf(&text, "%llu %lld %s %llu %llu %llu\n",
		    (unsigned long long)s->serial, (long long)s->time_s, hex,
		    (unsigned long long)s->list_bytes,
		    (unsigned long long)s->bytes, (unsigned long long)s->parts);
	}
	r = buf_failed(&text)
	    ? err_memory(e)
	    : store_state_put(p->w, slice_cstr(snaps_key), buf_slice(&text), e);
	buf_release(&text);
	return r;
}

int
snapshot_delete(struct publisher *p, const struct sync_snap *s, struct err *e)
{
	char path[SYNC_PATH_ROOM];

	snprintf(path, sizeof(path), "snap/%llu/list",
	    (unsigned long long)s->serial);
	if (sync_page_delete(p->w, path, e) < 0)
		return -1;
	for (uint64_t i = 0; i < s->parts; i++) {
		snprintf(path, sizeof(path), "snap/%llu/%06llu",
		    (unsigned long long)s->serial, (unsigned long long)i);
		if (sync_page_delete(p->w, path, e) < 0)
			return -1;
	}
	return 0;
}

int
snapshots_prune(struct publisher *p, struct err *e)
{
	/* Replaced when the next one was made, and at once if they pile up. */
	while (p->snap_count > 1 &&
	    (p->snaps[1].time_s < p->set->now_s - SYNC_GRACE_S ||
		p->snap_count == SYNC_SNAPS_MAX)) {
		if (snapshot_delete(p, &p->snaps[0], e) < 0)
			return -1;
		memmove(p->snaps, p->snaps + 1,
		    (p->snap_count - 1) * sizeof(p->snaps[0]));
		p->snap_count--;
	}
	return 0;
}

/* --- making -------------------------------------------------------------- */

static int
put_part(struct packing *k, struct slice part, struct err *e)
{
	char path[SYNC_PATH_ROOM], hex[HASH_HEX_BYTES + 1];
	struct hash hash;

	if (hash_of(part, &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	hash_hex(&hash, hex);
	buf_addf(&k->list, "%s %zu\n", hex, part.len);
	snprintf(path, sizeof(path), "snap/%llu/%06llu",
	    (unsigned long long)k->snap.serial,
	    (unsigned long long)k->snap.parts++);
	k->snap.bytes += part.len;
	return sync_page_put(k->p->w, path, part, e);
}

/* Cuts what was packed into parts; at the end the rest as well. */
static int
cut(struct packing *k, bool end, struct err *e)
{
	struct slice all = buf_slice(&k->out);
	size_t left;

	while (all.len >= SYNC_PART_BYTES || (end && all.len)) {
		struct slice part = slice_upto(all, SYNC_PART_BYTES);

		if (put_part(k, part, e) < 0)
			return -1;
		all = slice_from(all, part.len);
	}
	left = all.len;
	if (left && all.ptr != k->out.ptr)
		memmove(k->out.ptr, all.ptr, left);
	buf_truncate(&k->out, left);
	return 0;
}

static int
pack(struct packing *k, struct slice text, bool end, struct err *e)
{
	if (sync_packer_add(k->packer, text, end, &k->out, e) < 0)
		return -1;
	return cut(k, end, e);
}

/* Texts compress together; what is packed already comes behind them. */
static bool
is_text(struct slice path)
{
	static const char *const ends[] = { ".md", ".yaml", ".yml", ".txt",
		".csv", ".svg", ".xml", ".gmi" };
	struct slice name = path;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_ends(path, slice_cstr(ends[i])))
			return true;
	return slice_find(name, '.') == name.len;
}

static void
write_list(const struct sync_tree *t, struct buf *out)
{
	for (int texts = 1; texts >= 0; texts--)
		for (size_t i = 0; i < t->count; i++)
			if (is_text(t->files[i]->path) == texts)
				buf_addf(out, "+ %llu %.*s\n",
				    (unsigned long long)t->files[i]->size,
				    SLICE_FMT(t->files[i]->path));
	buf_add_char(out, '\n');
}

static int
pack_files(struct packing *k, struct err *e)
{
	const struct sync_tree *t = k->p->src->tree;

	for (int texts = 1; texts >= 0; texts--) {
		if (!texts && sync_packer_hurry(k->packer, &k->out, e) < 0)
			return -1;
		for (size_t i = 0; i < t->count; i++) {
			if (is_text(t->files[i]->path) != texts)
				continue;
			buf_clear(&k->content);
			if (publisher_read(k->p, t->files[i], &k->content, e) <
				0 ||
			    pack(k, buf_slice(&k->content), false, e) < 0)
				return -1;
		}
	}
	return pack(k, SLICE_NONE, true, e);
}

static int
put_list(struct packing *k, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf frame;
	int r = -1;

	buf_init(&frame, SYNC_FRAME_MAX);
	snprintf(path, sizeof(path), "snap/%llu/list",
	    (unsigned long long)k->snap.serial);
	if (buf_failed(&k->list)) {
		err_memory(e);
	} else if (sync_frame_make(
		       &frame, buf_slice(&k->list), SLICE_NONE, e) == 0 &&
	    sync_page_put(k->p->w, path, buf_slice(&frame), e) == 0) {
		k->snap.list_bytes = frame.len;
		r = hash_of(buf_slice(&frame), &k->snap.list);
	}
	buf_release(&frame);
	return r;
}

static int
pack_all(struct packing *k, struct err *e)
{
	const struct sync_tree *t = k->p->src->tree;
	char hex[HASH_HEX_BYTES + 1];
	struct buf names;
	int r = -1;

	buf_init(&names, SYNC_LIST_MAX);
	write_list(t, &names);
	hash_hex(&k->p->now.tree, hex);
	buf_addf(&k->list, "tree %s %zu %llu\n", hex, t->count,
	    (unsigned long long)t->bytes);
	if (buf_failed(&names))
		err_memory(e);
	else if ((k->packer = sync_packer_new(names.len + t->bytes, e)) &&
	    pack(k, buf_slice(&names), false, e) == 0 && pack_files(k, e) == 0)
		r = put_list(k, e);
	sync_packer_free(k->packer);
	buf_release(&names);
	return r;
}

int
snapshot_make(struct publisher *p, struct err *e)
{
	struct packing k = { .p = p,
		.snap = { .serial = p->now.serial, .time_s = p->now.time_s } };
	int r;

	if (p->snap_count == SYNC_SNAPS_MAX && snapshots_prune(p, e) < 0)
		return -1;
	buf_init(&k.out, 64 << 20);
	buf_init(&k.list, SYNC_LIST_MAX);
	buf_init(&k.content, SYNC_CONTENT_MAX + 1);
	r = pack_all(&k, e);
	buf_release(&k.content);
	buf_release(&k.list);
	buf_release(&k.out);
	if (r == 0)
		p->snaps[p->snap_count++] = k.snap;
	return r;
}
