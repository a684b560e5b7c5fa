/*
 * sync_snapshot.c: first copies: which snapshot, its parts, several in flight.
 *
 * Below state/stage/snap/S lie the parts of snapshot S that have come, its
 * list, and the signed head that names the list's hash: so a run that was
 * interrupted goes on with what it has though the origin has a newer snapshot
 * by now, as long as that one's parts are still served.  Deltas lead on.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "sync/frame.h"
#include "sync/place.h"
#include "sync/publish.h"

#include "cmd/sync_run.h"

enum {
	TRIES = 3,     /* of a part, in one run */
	SNAPS_MAX = 8, /* looked at, in the stage */
	GONE = 1,      /* the source has it no more */
	PATH_ROOM = 64,
};

/* --- parts --------------------------------------------------------------- */

/* Whether part `i` is held already, whole. */
static bool
part_is_held(struct run *r, const struct mirror_snap *snap, size_t i)
{
	char path[SNAP_PATH_ROOM];
	struct hash hash;
	uint64_t size;

	snap_part_path(path, snap->serial, i);
	return place_hash(r->m.state_fd, path, &hash, &size, NULL) == 0 &&
	    size == snap->parts[i].size && hash_eq(&hash, &snap->parts[i].hash);
}

static uint64_t
missing_bytes(struct run *r, const struct mirror_snap *snap)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < snap->count; i++)
		if (!part_is_held(r, snap, i))
			bytes += snap->parts[i].size;
	return bytes;
}

/* Brings part `i` into `body`, with pauses between the tries; EX_ code. */
static int
try_part(struct run *r, const char *from, struct buf *body, struct err *e)
{
	for (unsigned t = 1;; t++) {
		struct timespec pause = { .tv_sec = (time_t)t,
			.tv_nsec = getpid() % 1000 * 1000000L };

		buf_clear(body);
		switch (source_get(r->args, from, body, e)) {
		case SOURCE_GOT:
			if (source_was_cut(
				r->args, from, body->len, body->max - 1, e))
				break;
			return EX_OK;
		case SOURCE_ABSENT:
			return EX_NOINPUT;
		default:
			break;
		}
		if (e->kind != ERR_STOPPED || t == TRIES || !r->args->budget)
			return sync_complain(e);
		(void)nanosleep(&pause, NULL);
	}
}

/* In a child: brings part `i`; its exit code. */
static int
bring_part(struct run *r, const struct mirror_snap *snap, size_t i)
{
	const struct mirror_part *p = &snap->parts[i];
	char path[SNAP_PATH_ROOM], from[PATH_ROOM];
	struct err e = ERR_INIT;
	struct buf body;
	struct hash hash;
	int code;

	snap_part_path(path, snap->serial, i);
	snprintf(from, sizeof(from), "snap/%llu/%06zu",
	    (unsigned long long)snap->serial, i);
	buf_init(&body, (size_t)p->size + 1);
	if ((code = try_part(r, from, &body, &e)) == EX_OK) {
		if (body.len != p->size ||
		    hash_of(buf_slice(&body), &hash) < 0 ||
		    !hash_eq(&hash, &p->hash)) {
			err_set(&e, ERR_CORRUPT,
			    "\"%s\" is not the part that was signed", from);
			code = sync_complain(&e);
		} else if (io_write_file(r->m.state_fd, path, buf_slice(&body),
			       0644, &e) < 0) {
			code = sync_complain(&e);
		}
	}
	buf_release(&body);
	return code;
}

/* --- parts in flight ----------------------------------------------------- */

struct flight {
	pid_t self;
	size_t next;
	struct {
		pid_t pid;      /* 0: none in this slot */
		uint64_t bytes; /* of its part */
	} slot[SYNC_JOBS_MAX];
	unsigned running;
	int code;      /* the first bad one */
	bool spent;    /* the budget is */
	uint64_t used; /* what children that ended brought, failed tries too */
	uint64_t *brought; /* by the child in each slot; shared with it */
};

/*
 * What may still be asked for: neither brought nor on its way.  A child that
 * is running counts once, with what it brought or what its part takes.
 */
static uint64_t
budget_left(const struct run *r, const struct flight *f)
{
	uint64_t busy = f->used, brought;

	for (unsigned i = 0; i < SYNC_JOBS_MAX; i++) {
		if (!f->slot[i].pid)
			continue;
		brought = __atomic_load_n(&f->brought[i], __ATOMIC_RELAXED);
		busy += brought > f->slot[i].bytes ? brought : f->slot[i].bytes;
	}
	return busy < r->args->budget ? r->args->budget - busy : 0;
}

/* Brings part `i`, as the child in `slot`, which is not yet taken here. */
static _Noreturn void
run_child(struct run *r, const struct mirror_snap *snap, size_t i,
    const struct flight *f, unsigned slot)
{
	uint64_t before = r->args->spent;
	int code;

	/* It ends with the run that wants the part. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != f->self)
		_exit(EX_OSERR);
	if (r->args->budget != UINT64_MAX)
		r->args->budget = budget_left(r, f);
	code = bring_part(r, snap, i);
	__atomic_store_n(
	    &f->brought[slot], r->args->spent - before, __ATOMIC_RELAXED);
	_exit(code);
}

static void
start_part(struct run *r, const struct mirror_snap *snap, struct flight *f)
{
	size_t i = f->next++;
	unsigned slot = 0;
	pid_t pid;

	if (part_is_held(r, snap, i))
		return;
	if (r->args->budget != UINT64_MAX &&
	    snap->parts[i].size > budget_left(r, f)) {
		f->spent = true;
		return;
	}
	while (f->slot[slot].pid)
		slot++;
	f->brought[slot] = 0;
	fflush(stdout);
	if ((pid = fork()) == 0)
		run_child(r, snap, i, f, slot);
	if (pid < 0) {
		f->code = EX_OSERR;
		return;
	}
	f->slot[slot].pid = pid;
	f->slot[slot].bytes = snap->parts[i].size;
	f->running++;
}

static void
await_part(struct flight *f)
{
	int status = 0;
	pid_t pid;

	while ((pid = wait(&status)) < 0 && errno == EINTR)
		;
	if (pid < 0) { /* no child is left */
		f->running = 0;
		f->code = EX_TEMPFAIL;
		return;
	}
	for (unsigned i = 0; i < SYNC_JOBS_MAX; i++) {
		if (f->slot[i].pid != pid)
			continue;
		f->slot[i].pid = 0;
		f->running--;
		f->used += f->brought[i];
	}
	if (!WIFEXITED(status))
		f->code = EX_TEMPFAIL;
	else if (WEXITSTATUS(status) && !f->code)
		f->code = WEXITSTATUS(status);
}

static void
fly(struct run *r, const struct mirror_snap *snap, struct flight *f)
{
	uint64_t rate = r->args->opts.bytes_per_s, share = r->args->jobs, each;

	if (share > snap->count)
		share = snap->count;
	each = rate / (share ? share : 1);
	r->args->opts.bytes_per_s = rate && !each ? 1 : each;
	while (f->running || (f->next < snap->count && !f->code && !f->spent)) {
		if (f->next < snap->count && !f->code && !f->spent &&
		    f->running < r->args->jobs)
			start_part(r, snap, f);
		else
			await_part(f);
	}
	r->args->opts.bytes_per_s = rate;
	r->args->spent += f->used;
	if (r->args->budget != UINT64_MAX)
		r->args->budget = budget_left(r, f);
}

/* Brings every part that is not held; GONE: the source has them no more. */
static int
bring_parts(struct run *r, const struct mirror_snap *snap, struct err *e)
{
	const size_t room = SYNC_JOBS_MAX * sizeof(uint64_t);
	struct flight f = { .self = getpid() };

	f.brought = mmap(NULL, room, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f.brought == MAP_FAILED)
		return err_errno(e, "mmap", "a counter");
	fly(r, snap, &f);
	(void)munmap(f.brought, room);
	if (f.code == EX_NOINPUT)
		return GONE;
	if (f.code) {
		r->code = f.code;
		r->said = true;
		return -1;
	}
	if (f.spent)
		return err_set(e, ERR_STOPPED,
		    "the byte budget is spent; the next run goes on from here");
	return 0;
}

/* --- lists --------------------------------------------------------------- */

/* A list in the stage and the signed head that vouches for it. */
struct listing {
	int fd; /* of stage/snap/S */
	struct sync_head head;
	struct buf head_text, list;
};

static int
listing_open(struct listing *l, struct run *r, uint64_t serial, struct err *e)
{
	char folder[PATH_ROOM];
	int snap;

	*l = (struct listing){ .fd = -1 };
	buf_init(&l->head_text, SYNC_HEAD_MAX + 1);
	buf_init(&l->list, SYNC_FRAME_MAX);
	if ((snap = place_dir(r->m.stage_fd, "snap", e)) < 0)
		return -1;
	snprintf(folder, sizeof(folder), "%llu", (unsigned long long)serial);
	l->fd = place_dir(snap, folder, e);
	close(snap);
	return l->fd < 0 ? -1 : 0;
}

static void
listing_close(struct listing *l)
{
	if (l->fd >= 0)
		close(l->fd);
	buf_release(&l->head_text);
	buf_release(&l->list);
}

/* Whether the list is the one that the head was signed with. */
static bool
is_listed(const struct listing *l)
{
	struct hash hash;

	return l->list.len == l->head.snap_list_bytes &&
	    hash_of(buf_slice(&l->list), &hash) == 0 &&
	    hash_eq(&hash, &l->head.snap_list);
}

/* Takes `text` as the head, if it is one of this site with a snapshot. */
static bool
take_head(struct listing *l, struct run *r, struct slice text)
{
	if (sync_head_parse(text, &l->head, NULL) < 0 ||
	    !mirror_trusts(&r->m, text, &l->head) ||
	    !slice_eq_cstr(l->head.name, r->args->name) || !l->head.snap)
		return false;
	buf_clear(&l->head_text);
	buf_add(&l->head_text, slice_upto(text, l->head.len));
	return true;
}

/*
 * The list of the snapshot that `head_text` (judged) names: out of the stage,
 * or from the source, and then kept with its head.  GONE: the source has none.
 */
static int
get_list(struct run *r, struct slice head_text, struct mirror_snap *snap,
    struct err *e)
{
	struct sync_head head;
	struct listing l;
	char path[PATH_ROOM];
	int n = -1;

	if (sync_head_parse(head_text, &head, e) < 0)
		return -1;
	if (listing_open(&l, r, head.snap, e) < 0)
		goto out;
	l.head = head;
	if (place_read(l.fd, "list", SYNC_FRAME_MAX, &l.list, e) < 0)
		goto out;
	if (!is_listed(&l)) {
		buf_clear(&l.list);
		snprintf(path, sizeof(path), "snap/%llu/list",
		    (unsigned long long)head.snap);
		switch (source_get(r->args, path, &l.list, e)) {
		case SOURCE_GOT:
			break;
		case SOURCE_ABSENT:
			n = GONE;
			goto out;
		default:
			goto out;
		}
		if (source_was_cut(
			r->args, path, l.list.len, head.snap_list_bytes, e))
			goto out;
		if (!is_listed(&l)) {
			err_set(e, ERR_INVALID,
			    "the snapshot's list is not the one that was "
			    "signed");
			goto out;
		}
		if (io_write_file(l.fd, "head", slice_upto(head_text, head.len),
			0644, e) < 0 ||
		    io_write_file(l.fd, "list", buf_slice(&l.list), 0644, e) <
			0)
			goto out;
	}
	n = snap_parse(snap, head.snap, buf_slice(&l.list), e);
out:
	listing_close(&l);
	return n;
}

/* A snapshot that an earlier run began; GONE when it is of no use. */
static int
held_list(
    struct run *r, uint64_t serial, struct mirror_snap *snap, struct err *e)
{
	struct err mine = ERR_INIT;
	struct listing l;
	struct buf text;
	int n = GONE;

	buf_init(&text, SYNC_HEAD_MAX + 1);
	if (listing_open(&l, r, serial, e) < 0)
		n = -1;
	else if (place_read(l.fd, "head", SYNC_HEAD_MAX, &text, &mine) == 0 &&
	    place_read(l.fd, "list", SYNC_FRAME_MAX, &l.list, &mine) == 0 &&
	    take_head(&l, r, buf_slice(&text)) && l.head.snap == serial &&
	    is_listed(&l) &&
	    snap_parse(snap, serial, buf_slice(&l.list), &mine) == 0)
		n = 0;
	listing_close(&l);
	buf_release(&text);
	return n;
}

/*
 * A mirror that never had the newest snapshot says in snap/head which one it
 * kept, by the head that was signed with it.
 */
static int
offered_list(struct run *r, struct mirror_snap *snap, struct err *e)
{
	struct listing l = { .fd = -1 };
	struct buf text;
	int n = GONE;

	buf_init(&text, SYNC_HEAD_MAX + 1);
	buf_init(&l.head_text, SYNC_HEAD_MAX + 1);
	buf_init(&l.list, 1);
	switch (source_get(r->args, "snap/head", &text, e)) {
	case SOURCE_FAILED:
		n = -1;
		break;
	case SOURCE_GOT:
		if (take_head(&l, r, buf_slice(&text)) &&
		    l.head.snap > r->m.head.serial &&
		    l.head.snap < r->head.snap)
			n = get_list(r, buf_slice(&l.head_text), snap, e);
		break;
	default:
		break;
	}
	listing_close(&l);
	buf_release(&text);
	return n;
}

/* --- which one ----------------------------------------------------------- */

/* The best way so far. */
struct choice {
	struct mirror_snap snap;
	uint64_t bytes; /* to come, as far as is known */
	bool any;
	uint64_t gone[SNAPS_MAX]; /* that the source has no more */
	size_t gone_count;
};

static bool
is_gone(const struct choice *c, uint64_t serial)
{
	for (size_t i = 0; i < c->gone_count; i++)
		if (c->gone[i] == serial)
			return true;
	return false;
}

static void
choice_clear(struct choice *c)
{
	if (c->any)
		snap_release(&c->snap);
	c->any = false;
}

/* Takes `snap` where it and its delta are fewer bytes than the best so far. */
static int
consider(
    struct run *r, struct choice *c, struct mirror_snap *snap, struct err *e)
{
	uint64_t delta = 0, to, bytes;
	int n = 0;

	if (source_can_peek(r->args))
		n = run_delta_cost(r, snap->serial, &delta, &to, e);
	if (n == 0 && r->piece && delta > r->piece)
		n = GONE; /* it would be cut as well */
	bytes = n == 0 ? missing_bytes(r, snap) + delta : 0;
	if (n == 0 && (!c->any || bytes < c->bytes)) {
		choice_clear(c);
		c->snap = *snap;
		c->bytes = bytes;
		c->any = true;
		return 0;
	}
	snap_release(snap);
	return n < 0 ? -1 : 0;
}

static int
by_serial(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

/* The snapshots that earlier runs began, the newest first. */
static int
list_held(struct run *r, uint64_t serials[SNAPS_MAX], struct err *e)
{
	int fd = place_dir(r->m.stage_fd, "snap", e), n = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? -1 : err_errno(e, "open", "state/stage/snap");
	}
	while (n < SNAPS_MAX && (entry = readdir(d)))
		if (slice_uint(
			slice_cstr(entry->d_name), INT64_MAX, &serials[n]) == 0)
			n++;
	closedir(d);
	qsort(serials, (size_t)n, sizeof(*serials), by_serial);
	return n;
}

static int
consider_held(struct run *r, struct choice *c, struct err *e)
{
	uint64_t serials[SNAPS_MAX] = { 0 };
	struct mirror_snap snap;
	int count = list_held(r, serials, e);

	if (count < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		if (serials[i] >= r->head.snap ||
		    serials[i] <= r->m.head.serial || is_gone(c, serials[i]))
			continue;
		switch (held_list(r, serials[i], &snap, e)) {
		case 0:
			if (consider(r, c, &snap, e) < 0)
				return -1;
			break;
		case GONE:
			break;
		default:
			return -1;
		}
	}
	return 0;
}

static int
choose(struct run *r, struct choice *c, struct err *e)
{
	struct slice head = slice_upto(buf_slice(&r->answer), r->head.len);
	struct mirror_snap snap;
	int n;

	if (r->head.snap && !is_gone(c, r->head.snap)) {
		if ((n = get_list(r, head, &snap, e)) < 0)
			return -1;
		if (n == 0 && consider(r, c, &snap, e) < 0)
			return -1;
	}
	if (consider_held(r, c, e) < 0)
		return -1;
	if (c->any || !r->head.snap)
		return 0;
	if ((n = offered_list(r, &snap, e)) < 0)
		return -1;
	if (n == 0 && is_gone(c, snap.serial)) {
		snap_release(&snap);
		return 0;
	}
	return n == 0 ? consider(r, c, &snap, e) : 0;
}

/* --- the way ------------------------------------------------------------- */

/* What other snapshots left in the stage is of no use any more. */
static int
forget_others(struct run *r, uint64_t serial, struct err *e)
{
	uint64_t serials[SNAPS_MAX] = { 0 };
	char folder[PATH_ROOM];
	int fd, n = 0, count = list_held(r, serials, e);

	if (count < 0 || (fd = place_dir(r->m.stage_fd, "snap", e)) < 0)
		return -1;
	for (int i = 0; i < count && n == 0; i++) {
		if (serials[i] == serial)
			continue;
		snprintf(folder, sizeof(folder), "%llu",
		    (unsigned long long)serials[i]);
		n = place_remove_all(fd, folder, e);
	}
	close(fd);
	return n;
}

/* The snapshot, unpacked, and from its serial on by deltas; or GONE. */
static int
by_snapshot(struct run *r, const struct mirror_snap *snap, struct err *e)
{
	int n = bring_parts(r, snap, e);

	if (n)
		return n;
	if (stage_snapshot(&r->s, snap, e) < 0 ||
	    forget_others(r, snap->serial, e) < 0)
		return -1;
	if (r->s.serial == r->head.serial)
		return stage_save(&r->s, e);
	switch (run_delta(r, r->s.serial, e)) {
	case STEP_MORE:
		return run_follow(r, e); /* 1: GONE */
	case STEP_ABSENT:
		return GONE;
	default:
		return -1;
	}
}

/* By file; the parts of a snapshot that lie there are no whole one. */
static int
without_snapshot(struct run *r, struct err *e)
{
	return run_by_file(r, e) < 0 ? -1 : forget_others(r, 0, e);
}

/*
 * Whether single files are the better way: fewer bytes, and none larger than
 * what the link has been seen to carry, where a part is not.
 */
static bool
files_are_better(const struct run *r, const struct choice *c,
    const struct run_missing *files)
{
	if (!c->any)
		return true;
	if (r->piece && files->largest > r->piece &&
	    files->largest > SYNC_PART_BYTES)
		return false;
	return files->bytes < c->bytes;
}

/* One way to the head of r->answer; GONE: what was chosen is no more. */
static int
go(struct run *r, struct choice *c, struct err *e)
{
	struct run_missing files = { .bytes = UINT64_MAX };
	int n;

	if (stage_aim(&r->s, buf_slice(&r->answer), e) < 0 ||
	    choose(r, c, e) < 0)
		return -1;
	/* With files of its own a mirror may need few of the others. */
	if ((!c->any || r->m.live.count || c->gone_count) &&
	    run_count_files(r, &files, e) < 0 && !c->any)
		return -1;
	if (r->args->dry_run) {
		run_say("would %llu\n",
		    (unsigned long long)(c->any && c->bytes < files.bytes
			    ? c->bytes
			    : files.bytes));
		return 0;
	}
	if (files_are_better(r, c, &files))
		return without_snapshot(r, e);
	if ((n = by_snapshot(r, &c->snap, e)) == GONE)
		c->gone[c->gone_count++] = c->snap.serial;
	return n;
}

int
run_from_nothing(struct run *r, struct err *e)
{
	struct choice c = { .any = false };
	int n = GONE;

	while (n == GONE && c.gone_count < SNAPS_MAX) {
		n = go(r, &c, e);
		choice_clear(&c);
		if (n == GONE && run_answer(r, 0, e) != STEP_MORE)
			n = -1;
	}
	return n == GONE ? without_snapshot(r, e) : n;
}
