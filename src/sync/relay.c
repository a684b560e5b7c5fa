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
	CHAIN_MAX = 4096,     /* answers in a row */
	ANSWERS_MAX = 128,    /* that are served */
};

struct relay {
	struct publisher p; /* its source is the live tree */
	struct mirror m;
	int answers_fd; /* -1: none were kept */
};

static int
read_live(void *ctx, const struct sync_file *f, struct buf *out, struct err *e)
{
	struct relay *r = ctx;

	return io_read_below(
	    r->m.content_fd, f->path.ptr, SYNC_CONTENT_MAX, out, NULL, e);
}

/* Appends the kept deltas from `serial`; *to: where they lead, 0: nowhere. */
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
		if (sync_delta_parse(rest, false, &d, NULL) < 0) {
			*to = 0; /* cut by a crash: as if it were not there */
			return 0;
		}
		*to = d.to;
	}
	return 0;
}

/* Whether the kept deltas lead from `serial` to the head. */
static int
leads_there(struct relay *r, uint64_t serial, bool *does, struct err *e)
{
	struct buf deltas;
	int n = 0;

	*does = false;
	buf_init(&deltas, (size_t)DELTAS_MAX + 1);
	for (unsigned i = 0; serial && i < CHAIN_MAX && n == 0; i++) {
		if ((*does = serial == r->m.head.serial))
			break;
		n = read_deltas(r, serial, &deltas, &serial, e);
	}
	buf_release(&deltas);
	return n;
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

/*
 * One kept answer: served while it leads to the head and is among the newest,
 * thrown away otherwise.
 */
static int
relay_answer(
    struct relay *r, int dir, uint64_t serial, bool among, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	struct buf deltas;
	uint64_t to;
	bool does;
	int n;

	if (leads_there(r, serial, &does, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "since/%llu", (unsigned long long)serial);
	if (!does || !among || serial == r->m.head.serial) {
		(void)unlinkat(dir, strchr(path, '/') + 1, 0);
		return serial == r->m.head.serial
		    ? 0
		    : sync_page_delete(r->p.w, path, e);
	}
	buf_init(&deltas, (size_t)DELTAS_MAX + 1);
	n = read_deltas(r, serial, &deltas, &to, e);
	if (n == 0)
		n = put_since(r, serial, buf_slice(&deltas), e);
	buf_release(&deltas);
	return n;
}

static int
by_serial(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* The serials of the kept answers, the newest first; how many, or -1. */
static int
list_answers(int fd, uint64_t *serials, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), n = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return err_errno(e, "open", "state/answers/since");
	}
	while (n < CHAIN_MAX && (entry = readdir(d)))
		if (slice_uint(
			slice_cstr(entry->d_name), INT64_MAX, &serials[n]) == 0)
			n++;
	closedir(d);
	qsort(serials, (size_t)n, sizeof(*serials), by_serial);
	return n;
}

static int
relay_answers(struct relay *r, struct err *e)
{
	int fd = openat(r->answers_fd, "since",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t *serials;
	int n = 0, count;

	if (fd < 0)
		return 0;
	if (!(serials = mem_calloc(CHAIN_MAX, sizeof(*serials)))) {
		close(fd);
		return err_memory(e);
	}
	if ((count = list_answers(fd, serials, e)) < 0)
		n = -1;
	for (int i = 0; i < count && n == 0; i++)
		n = relay_answer(r, fd, serials[i], i < ANSWERS_MAX, e);
	mem_free(serials);
	close(fd);
	return n;
}

/* --- the snapshot -------------------------------------------------------- */

static int
relay_snap_file(struct relay *r, const char *path, struct err *e)
{
	struct buf body;
	int n;

	buf_init(&body, SYNC_FRAME_MAX);
	n = io_read_below(
	    r->answers_fd, path, SYNC_FRAME_MAX - 1, &body, NULL, e);
	if (n == 0)
		n = sync_page_put(r->p.w, path, buf_slice(&body), e);
	buf_release(&body);
	return n;
}

static int
snap_file(void *ctx, const char *name, bool regular, struct err *e)
{
	struct relay *r = ctx;
	char path[SYNC_PATH_ROOM];

	if (!regular)
		return 0;
	snprintf(path, sizeof(path), "snap/%llu/%s",
	    (unsigned long long)r->m.head.snap, name);
	if (strcmp(name, "list") != 0)
		r->p.snaps[r->p.snap_count].parts++;
	return relay_snap_file(r, path, e);
}

/* Puts the parts of the snapshot that the head names, if they were kept. */
static int
relay_snap(struct relay *r, struct err *e)
{
	char path[SYNC_PATH_ROOM];
	int fd, n;

	snprintf(path, sizeof(path), "snap/%llu",
	    (unsigned long long)r->m.head.snap);
	fd = openat(r->answers_fd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	r->p.snaps[0] = (struct sync_snap){ .serial = r->m.head.snap,
		.list = r->m.head.snap_list };
	n = place_walk(fd, snap_file, r, e);
	close(fd);
	r->p.snap_count = 1;
	return n < 0 ? -1 : snapshots_save(&r->p, e);
}

/* What is served of snapshots is the newest, or nothing. */
static int
relay_snaps(struct relay *r, struct err *e)
{
	if (snapshots_load(&r->p, e) < 0)
		return -1;
	if (r->p.snap_count && r->p.snaps[0].serial == r->m.head.snap)
		return 0;
	if (r->p.snap_count) {
		if (snapshot_delete(&r->p, &r->p.snaps[0], e) < 0)
			return -1;
		r->p.snap_count = 0;
		if (snapshots_save(&r->p, e) < 0)
			return -1;
	}
	return r->m.head.snap ? relay_snap(r, e) : 0;
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
	return relay_answers(r, e) < 0 ? -1 : relay_snaps(r, e);
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
	if (n == 0 && r.m.head.serial) {
		r.p.view = store_writer_view(w, &none);
		r.answers_fd = openat(r.m.state_fd, "answers",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		n = relay_all(&r, e);
		*serial = r.m.head.serial;
	}
	publisher_release(&r.p);
	if (r.answers_fd >= 0)
		close(r.answers_fd);
	mirror_close(&r.m);
	return n;
}
