#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "store/store.h"
#include "sync/mirror.h"
#include "sync/pages.h"
#include "sync/place.h"

#include "sync/publish_internal.h"
#include "sync/relay.h"

enum {
	DELTAS_MAX = 1 << 30, /* bytes of one answer */
	CHAIN_MAX = 4096,     /* answers that are looked at */
	ANSWERS_MAX = 128,    /* that are served, besides a snapshot's */
};

/* Deltas that were kept, in state/answers/since/SERIAL. */
struct kept_answer {
	uint64_t serial, to; /* to: where they lead, 0: nowhere */
	uint64_t bytes;
	bool leads;  /* on to the head */
	bool wanted; /* by whoever begins with the snapshot */
};

struct relay {
	struct publisher p; /* its source is the live tree */
	struct mirror m;
	int answers_fd;           /* -1: none were kept */
	struct kept_answer *kept; /* the newest first */
	size_t kept_count;
	/* The snapshot that was kept and can be of use; serial 0: none. */
	struct sync_snap snap;
	struct buf snap_head; /* the head that was signed with it */
};

static int
read_live(void *ctx, const struct sync_file *f, struct buf *out, struct err *e)
{
	struct relay *r = ctx;

	return io_read_below(
	    r->m.content_fd, f->path.ptr, SYNC_CONTENT_MAX, out, NULL, e);
}

/*
 * Appends the kept deltas from `serial`; *to: where they lead, 0: nowhere (cut
 * by a crash, or signed by a key that a new mirror would not trust).
 */
static int
read_deltas(struct relay *r, uint64_t serial, struct buf *out, uint64_t *to,
    struct err *e)
{
	struct sync_delta d;
	struct slice rest;
	char path[64];

	*to = 0;
	snprintf(path, sizeof(path), "since/%llu", (unsigned long long)serial);
	buf_clear(out);
	if (place_read(r->answers_fd, path, DELTAS_MAX, out, e) < 0)
		return -1;
	for (rest = buf_slice(out); rest.len; rest = slice_from(rest, d.len)) {
		if (sync_delta_parse(rest, false, &d, NULL) < 0 ||
		    !sync_delta_check(&d, &r->m.keys[0])) {
			*to = 0;
			return 0;
		}
		*to = d.to;
	}
	return 0;
}

static int
put_since(struct relay *r, uint64_t serial, struct slice deltas, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf all;
	int n;

	buf_init(&all, (size_t)DELTAS_MAX + SYNC_HEAD_MAX);
	buf_add(&all, buf_slice(&r->m.head_text));
	buf_add(&all, deltas);
	snprintf(path, sizeof(path), "since/%llu", (unsigned long long)serial);
	n = buf_failed(&all) ? err_memory(e)
			     : sync_page_put(r->p.w, path, buf_slice(&all), e);
	buf_release(&all);
	return n;
}

static int
by_serial(const void *a, const void *b)
{
	const struct kept_answer *x = a, *y = b;

	return x->serial < y->serial ? 1 : x->serial > y->serial ? -1 : 0;
}

/* The kept answer from `serial`, or NULL. */
static struct kept_answer *
find_answer(struct relay *r, uint64_t serial)
{
	struct kept_answer key = { .serial = serial };

	return r->kept_count
	    ? bsearch(&key, r->kept, r->kept_count, sizeof(*r->kept), by_serial)
	    : NULL;
}

/* The serials of the kept answers, the newest first. */
static int
list_answers(struct relay *r, int fd, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return err_errno(e, "open", "state/answers/since");
	}
	while (r->kept_count < CHAIN_MAX && (entry = readdir(d)))
		if (slice_uint(slice_cstr(entry->d_name), INT64_MAX,
			&r->kept[r->kept_count].serial) == 0)
			r->kept_count++;
	closedir(d);
	qsort(r->kept, r->kept_count, sizeof(*r->kept), by_serial);
	return 0;
}

/* Where each kept answer leads: the newer ones are known by then. */
static int
follow_answers(struct relay *r, struct err *e)
{
	uint64_t newest = r->m.head.serial;
	struct buf deltas;
	int n = 0;

	buf_init(&deltas, (size_t)DELTAS_MAX + 1);
	for (size_t i = 0; i < r->kept_count && n == 0; i++) {
		struct kept_answer *k = &r->kept[i], *next;

		n = read_deltas(r, k->serial, &deltas, &k->to, e);
		k->bytes = deltas.len;
		next = find_answer(r, k->to);
		k->leads = k->serial < newest && k->to > k->serial &&
		    (k->to == newest || (next && next->leads));
	}
	buf_release(&deltas);
	return n;
}

static int
relay_answer(
    struct relay *r, int dir, struct kept_answer *k, bool among, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf deltas;
	int n;

	snprintf(
	    path, sizeof(path), "since/%llu", (unsigned long long)k->serial);
	if (!k->leads || (!among && !k->wanted)) {
		(void)unlinkat(dir, strchr(path, '/') + 1, 0);
		return k->serial == r->m.head.serial
		    ? 0
		    : sync_page_delete(r->p.w, path, e);
	}
	buf_init(&deltas, (size_t)DELTAS_MAX + 1);
	n = read_deltas(r, k->serial, &deltas, &k->to, e);
	if (n == 0)
		n = put_since(r, k->serial, buf_slice(&deltas), e);
	buf_release(&deltas);
	return n;
}

/* --- the snapshot -------------------------------------------------------- */

/* Takes `text` as what vouches for snapshot `serial`. */
static bool
take_snap(struct relay *r, uint64_t serial, struct slice text)
{
	struct sync_head h;

	if (sync_head_parse(text, &h, NULL) < 0 || h.snap != serial ||
	    !sync_head_check(text, &h, &r->m.keys[0]))
		return false;
	buf_clear(&r->snap_head);
	buf_add(&r->snap_head, slice_upto(text, h.len));
	r->snap = (struct sync_snap){ .serial = serial,
		.list = h.snap_list,
		.list_bytes = h.snap_list_bytes };
	return true;
}

/* Which snapshot was kept, if any; the newest, were there several. */
static int
find_snap(struct relay *r, struct err *e)
{
	int fd = openat(r->answers_fd, "snap",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct buf text;
	int n = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	buf_init(&text, SYNC_HEAD_MAX + 1);
	while (n == 0 && (entry = readdir(d))) {
		char path[300];
		uint64_t serial;

		if (slice_uint(slice_cstr(entry->d_name), INT64_MAX, &serial) <
			0 ||
		    serial <= r->snap.serial)
			continue;
		snprintf(path, sizeof(path), "%s/head", entry->d_name);
		buf_clear(&text);
		n = place_read(dirfd(d), path, SYNC_HEAD_MAX, &text, e);
		if (n == 0 && !take_snap(r, serial, buf_slice(&text)))
			(void)take_snap(r, serial, buf_slice(&r->m.head_text));
	}
	closedir(d);
	buf_release(&text);
	return n;
}

static int
snap_size(void *ctx, const char *name, bool regular, struct err *e)
{
	struct relay *r = ctx;
	char path[SYNC_PATH_ROOM];
	struct hash hash;
	uint64_t size;

	if (!regular || !strcmp(name, "list") || !strcmp(name, "head"))
		return 0;
	snprintf(path, sizeof(path), "snap/%llu/%s",
	    (unsigned long long)r->snap.serial, name);
	if (place_hash(r->answers_fd, path, &hash, &size, e) < 0)
		return -1;
	r->snap.parts++;
	r->snap.bytes += size;
	return 0;
}

/*
 * Marks the answers that lead on from the snapshot.  One whose deltas weigh
 * more than it does is of no use: single files are no worse.
 */
static void
want_chain(struct relay *r)
{
	uint64_t bytes = 0;
	struct kept_answer *k = find_answer(r, r->snap.serial);

	if (r->snap.serial == r->m.head.serial)
		return;
	for (struct kept_answer *i = k; i && i->leads;
	     i = find_answer(r, i->to))
		bytes += i->bytes;
	if (!k || !k->leads || bytes > r->snap.bytes) {
		if (r->snap.serial != r->m.head.snap)
			r->snap.serial = 0;
		return;
	}
	for (; k && k->leads; k = find_answer(r, k->to))
		k->wanted = true;
}

static int
snap_file(void *ctx, const char *name, bool regular, struct err *e)
{
	struct relay *r = ctx;
	char path[SYNC_PATH_ROOM];
	struct buf body;
	int n;

	if (!regular || !strcmp(name, "head"))
		return 0;
	snprintf(path, sizeof(path), "snap/%llu/%s",
	    (unsigned long long)r->snap.serial, name);
	buf_init(&body, SYNC_FRAME_MAX);
	n = io_read_below(
	    r->answers_fd, path, SYNC_FRAME_MAX - 1, &body, NULL, e);
	if (n == 0)
		n = sync_page_put(r->p.w, path, buf_slice(&body), e);
	buf_release(&body);
	return n;
}

/* Opens answers/snap/S, or answers/snap where `serial` is 0; -1: not there. */
static int
open_snap(struct relay *r, uint64_t serial)
{
	char path[SYNC_PATH_ROOM] = "snap";

	if (serial)
		snprintf(path, sizeof(path), "snap/%llu",
		    (unsigned long long)serial);
	return openat(r->answers_fd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
measure_snap(struct relay *r, struct err *e)
{
	int fd = r->snap.serial ? open_snap(r, r->snap.serial) : -1, n;

	if (fd < 0)
		return 0;
	n = place_walk(fd, snap_size, r, e);
	close(fd);
	return n;
}

/* Takes what is served of a snapshot out of the store. */
static int
drop_served(struct relay *r, struct err *e)
{
	for (size_t i = 0; i < r->p.snap_count; i++)
		if (snapshot_delete(&r->p, &r->p.snaps[i], e) < 0)
			return -1;
	r->p.snap_count = 0;
	return sync_page_delete(r->p.w, "snap/head", e);
}

/* What is served of snapshots is the one that was kept, or nothing. */
static int
relay_snap(struct relay *r, struct err *e)
{
	int fd, n;

	if (snapshots_load(&r->p, e) < 0)
		return -1;
	if (r->snap.serial && r->p.snap_count == 1 &&
	    r->p.snaps[0].serial == r->snap.serial &&
	    r->p.snaps[0].parts == r->snap.parts)
		return 0;
	if (drop_served(r, e) < 0)
		return -1;
	if (!r->snap.serial) {
		if (place_remove_all(r->answers_fd, "snap", e) < 0)
			return -1;
		return snapshots_save(&r->p, e);
	}
	if ((fd = open_snap(r, r->snap.serial)) < 0)
		return err_errno(e, "open", "state/answers/snap");
	n = place_walk(fd, snap_file, r, e);
	close(fd);
	if (n == 0)
		n = sync_page_put(
		    r->p.w, "snap/head", buf_slice(&r->snap_head), e);
	r->p.snaps[0] = r->snap;
	r->p.snap_count = 1;
	return n < 0 ? -1 : snapshots_save(&r->p, e);
}

static int
relay_kept(struct relay *r, struct err *e)
{
	int fd, n = 0;

	if (!(r->kept = mem_calloc(CHAIN_MAX, sizeof(*r->kept))))
		return err_memory(e);
	fd = openat(r->answers_fd, "since",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		n = list_answers(r, fd, e);
	if (n == 0 &&
	    (follow_answers(r, e) < 0 || find_snap(r, e) < 0 ||
		measure_snap(r, e) < 0))
		n = -1;
	if (n == 0 && r->snap.serial)
		want_chain(r);
	for (size_t i = 0; i < r->kept_count && n == 0; i++)
		n = relay_answer(r, fd, &r->kept[i], i < ANSWERS_MAX, e);
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : relay_snap(r, e);
}

/* --- the run ------------------------------------------------------------- */

static int
relay_all(struct relay *r, struct err *e)
{
	if (publisher_load(&r->p, e) < 0)
		return -1;
	if (!hash_eq(&r->m.head.tree, &r->p.before.tree) &&
	    publisher_put_tree(&r->p, e) < 0)
		return -1;
	if (r->p.before.serial && r->p.before.serial != r->m.head.serial) {
		char path[SYNC_PATH_ROOM];

		snprintf(path, sizeof(path), "since/%llu",
		    (unsigned long long)r->p.before.serial);
		/* Its delta, if it was kept, is put below. */
		if (sync_page_delete(r->p.w, path, e) < 0)
			return -1;
	}
	if (put_since(r, 0, SLICE_NONE, e) < 0 ||
	    put_since(r, r->m.head.serial, SLICE_NONE, e) < 0)
		return -1;
	if (r->answers_fd < 0)
		return 0;
	return relay_kept(r, e);
}

int
sync_relay(
    struct store_writer *w, const char *dir, uint64_t *serial, struct err *e)
{
	struct relay r = { .p = { .w = w }, .answers_fd = -1 };
	struct sync_source src = { .read = read_live, .ctx = &r };
	struct err none = ERR_INIT;
	int n = mirror_open(&r.m, dir, NULL, e);

	*serial = 0;
	src.tree = &r.m.live;
	r.p.src = &src;
	r.p.now = r.m.head;
	publisher_init(&r.p);
	buf_init(&r.snap_head, SYNC_HEAD_MAX + 1);
	if (n == 0 && r.m.head.serial) {
		r.p.view = store_writer_view(w, &none);
		r.answers_fd = openat(r.m.state_fd, "answers",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		n = relay_all(&r, e);
		*serial = r.m.head.serial;
	}
	publisher_release(&r.p);
	buf_release(&r.snap_head);
	mem_free(r.kept);
	if (r.answers_fd >= 0)
		close(r.answers_fd);
	mirror_close(&r.m);
	return n;
}
