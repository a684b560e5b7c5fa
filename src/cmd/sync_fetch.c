/*
 * sync_fetch.c: brings what is new into the stage of a mirror.
 *
 *	since/N -> judged -> same: nothing to do
 *	                     newer -> deltas, one after the other
 *	no since/N -> since/0 -> the snapshot, or what is missing by file
 *	the stage is not what was signed -> what differs by file, once
 *
 * On stdout, for the script: one line "same N", "resigned N", "staged N FILES
 * BYTES" or, with --dry-run, "would BYTES"; then "bytes N", what was brought.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "sync/frame.h"
#include "sync/mirror.h"
#include "sync/path.h"
#include "sync/place.h"
#include "sync/publish.h"

#include "cmd/sync.h"

enum {
	ANSWER_MAX = 1 << 30, /* bytes of a since/ file */
	TRIES = 3,            /* of a part, in one run */
	CHAIN_MAX = 2000,     /* answers in a row */
};

struct run {
	struct sync_args *args;
	struct mirror m;
	struct mirror_stage s;
	bool staged;
	int code;  /* the exit code, where the error alone does not say it */
	bool said; /* a child has told the reason already */
	struct buf answer;
	struct sync_head head; /* in front of `answer` */
};

/* What became of one step. */
enum step {
	STEP_FAILED,
	STEP_SAME,
	STEP_RESIGNED,
	STEP_MORE, /* something was staged, or there is something to stage */
	STEP_ABSENT,
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

/* --- heads --------------------------------------------------------------- */

static bool
has_delta_head(struct slice got)
{
	struct sync_head head;
	struct sync_delta d;

	return sync_head_parse(got, &head, NULL) == 0 &&
	    sync_delta_parse(slice_from(got, head.len), true, &d, NULL) == 0;
}

/* Brings since/`serial` and judges its head. */
static enum step
get_answer(struct run *r, uint64_t serial, struct err *e)
{
	char path[64];
	enum source_end end;

	snprintf(path, sizeof(path), "since/%llu", (unsigned long long)serial);
	buf_clear(&r->answer);
	end = source_peek(r->args, path,
	    r->args->dry_run ? has_delta_head : NULL, &r->answer, e);
	if (end == SOURCE_ABSENT)
		return STEP_ABSENT;
	if (end == SOURCE_FAILED)
		return STEP_FAILED;
	switch (mirror_judge(&r->m, buf_slice(&r->answer),
	    slice_cstr(r->args->name), r->args->now_s, &r->head, e)) {
	case MIRROR_SAME:
		return STEP_SAME;
	case MIRROR_RESIGNED:
		return STEP_RESIGNED;
	case MIRROR_NEWER:
		return STEP_MORE;
	case MIRROR_EXPIRED:
		r->code = EX_UNAVAILABLE;
		return STEP_FAILED;
	case MIRROR_CLOCK:
		e->kind = ERR_STOPPED;
		return STEP_FAILED;
	default:
		return STEP_FAILED;
	}
}

/* --- deltas -------------------------------------------------------------- */

/* Keeps the deltas of an answer for mirrors of this mirror. */
static int
keep_answer(struct run *r, uint64_t serial, struct slice deltas, struct err *e)
{
	char path[64];
	int dir, fd, n;

	if (!r->args->keep)
		return 0;
	snprintf(path, sizeof(path), "%llu", (unsigned long long)serial);
	if ((dir = place_dir(r->m.state_fd, "answers", e)) < 0)
		return -1;
	fd = place_dir(dir, "since", e);
	close(dir);
	if (fd < 0)
		return -1;
	n = io_write_file(fd, path, deltas, 0644, e);
	close(fd);
	return n;
}

/* Applies the deltas behind the head of r->answer. */
static int
apply_answer(struct run *r, struct err *e)
{
	struct slice all = slice_from(buf_slice(&r->answer), r->head.len);
	struct slice rest = all;
	uint64_t from = r->s.serial;
	struct sync_delta d;

	if (stage_aim(&r->s, buf_slice(&r->answer), e) < 0)
		return -1;
	if (!rest.len && from < r->head.serial)
		return err_set(e, ERR_SYNTAX,
		    "the origin has no delta from serial %llu",
		    (unsigned long long)from);
	while (rest.len) {
		if (sync_delta_parse(rest, false, &d, e) < 0)
			return -1;
		if (d.from != from || d.to <= d.from || d.to > r->head.serial)
			return err_set(e, ERR_SYNTAX,
			    "a delta that does not lead from %llu",
			    (unsigned long long)from);
		if (stage_delta(&r->s, &d, e) < 0)
			return -1;
		rest = slice_from(rest, d.len);
	}
	return keep_answer(r, from, all, e);
}

/* From the stage's serial to the newest; 1 when a link is absent. */
static int
follow_chain(struct run *r, struct err *e)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if (apply_answer(r, e) < 0)
			return -1;
		if (r->s.serial == r->head.serial)
			return stage_save(&r->s, e);
		switch (get_answer(r, r->s.serial, e)) {
		case STEP_MORE:
			break;
		case STEP_ABSENT:
			return 1;
		default:
			return -1;
		}
	}
	return err_set(e, ERR_LIMIT, "a chain of deltas without end");
}

/* --- by file ------------------------------------------------------------- */

static int
bring_file(void *ctx, const struct sync_file *f, struct err *e)
{
	struct run *r = ctx;
	char path[SYNC_PATH_MAX + 8];
	struct buf content;
	int n = -1;

	snprintf(path, sizeof(path), "f/%.*s", SLICE_FMT(f->path));
	buf_init(&content, (size_t)f->size + 1);
	if (source_get(r->args, path, &content, e) == SOURCE_GOT)
		n = stage_put(&r->s, f, buf_slice(&content), e);
	buf_release(&content);
	return n;
}

/* Takes the origin's manifest as the goal and brings what is missing. */
static int
by_file(struct run *r,
    int (*missing)(void *ctx, const struct sync_file *f, struct err *e),
    void *ctx, struct err *e)
{
	struct buf frame, text;
	int n = -1;

	buf_init(&frame, SYNC_FRAME_MAX);
	buf_init(&text, SYNC_MANIFEST_MAX);
	if (source_get(r->args, "manifest", &frame, e) == SOURCE_GOT &&
	    sync_frame_read(&text, buf_slice(&frame), SLICE_NONE,
		SYNC_MANIFEST_MAX, e) == 0)
		n = stage_manifest(&r->s, buf_slice(&text), missing, ctx, e);
	buf_release(&text);
	buf_release(&frame);
	return n < 0 ? -1 : stage_save(&r->s, e);
}

struct counting {
	uint64_t files, bytes;
};

static int
count_file(void *ctx, const struct sync_file *f, struct err *e)
{
	struct counting *c = ctx;

	(void)e;
	c->files++;
	c->bytes += f->size;
	return 0;
}

/* --- snapshots ----------------------------------------------------------- */

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

/* In a child: brings part `i`; its exit code. */
static int
bring_part(struct run *r, const struct mirror_snap *snap, size_t i)
{
	const struct mirror_part *p = &snap->parts[i];
	char path[SNAP_PATH_ROOM], from[SNAP_PATH_ROOM];
	struct err e = ERR_INIT;
	struct buf body;
	struct hash hash;

	snap_part_path(path, snap->serial, i);
	snprintf(from, sizeof(from), "snap/%llu/%06zu",
	    (unsigned long long)snap->serial, i);
	buf_init(&body, (size_t)p->size + 1);
	for (unsigned t = 1;; t++) {
		struct timespec pause = { .tv_sec = (time_t)t,
			.tv_nsec = getpid() % 1000 * 1000000L };

		buf_clear(&body);
		switch (source_get(r->args, from, &body, &e)) {
		case SOURCE_ABSENT:
			return EX_NOINPUT;
		case SOURCE_FAILED:
			if (e.kind != ERR_STOPPED || t == TRIES)
				return sync_complain(&e);
			(void)nanosleep(&pause, NULL);
			continue;
		default:
			break;
		}
		break;
	}
	if (body.len != p->size || hash_of(buf_slice(&body), &hash) < 0 ||
	    !hash_eq(&hash, &p->hash)) {
		err_set(&e, ERR_CORRUPT,
		    "\"%s\" is not the part that was signed", from);
		return sync_complain(&e);
	}
	if (io_write_file(r->m.state_fd, path, buf_slice(&body), 0644, &e) < 0)
		return sync_complain(&e);
	return EX_OK;
}

/* Parts in flight: which are missing, and the first bad exit code. */
struct flight {
	size_t next, missing;
	unsigned running;
	int code;
	bool spent; /* the budget is */
};

static void
start_part(struct run *r, const struct mirror_snap *snap, struct flight *f)
{
	size_t i = f->next++;
	pid_t pid;

	if (part_is_held(r, snap, i))
		return;
	f->missing++;
	if (snap->parts[i].size > r->args->budget) {
		f->spent = true;
		return;
	}
	fflush(stdout);
	if ((pid = fork()) == 0)
		_exit(bring_part(r, snap, i));
	if (pid < 0) {
		f->code = EX_OSERR;
		return;
	}
	f->running++;
	r->args->spent += snap->parts[i].size;
	if (r->args->budget != UINT64_MAX)
		r->args->budget -= snap->parts[i].size;
}

static void
await_part(struct flight *f)
{
	int status;

	while (wait(&status) < 0 && errno == EINTR)
		;
	f->running--;
	if (!WIFEXITED(status))
		f->code = EX_TEMPFAIL;
	else if (WEXITSTATUS(status) && !f->code)
		f->code = WEXITSTATUS(status);
}

/* Brings every part that is not held; 1: the origin has them no more. */
static int
bring_parts(struct run *r, const struct mirror_snap *snap, struct err *e)
{
	struct flight f = { .code = 0 };
	uint64_t rate = r->args->opts.bytes_per_s;

	r->args->opts.bytes_per_s = rate / r->args->jobs;
	while (f.running || (f.next < snap->count && !f.code && !f.spent)) {
		if (f.next < snap->count && !f.code && !f.spent &&
		    f.running < r->args->jobs)
			start_part(r, snap, &f);
		else
			await_part(&f);
	}
	r->args->opts.bytes_per_s = rate;
	if (f.code == EX_NOINPUT)
		return 1;
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

/* Reads the snapshot's list, from the stage or from the origin. */
static int
get_list(struct run *r, struct mirror_snap *snap, struct err *e)
{
	char folder[24], path[64];
	struct buf frame;
	struct hash hash;
	int fd, n = -1;

	snprintf(
	    folder, sizeof(folder), "%llu", (unsigned long long)r->head.snap);
	snprintf(path, sizeof(path), "snap/%s/list", folder);
	buf_init(&frame, SYNC_FRAME_MAX);
	if ((fd = place_dir(r->m.stage_fd, "snap", e)) < 0)
		goto out;
	n = place_dir(fd, folder, e);
	close(fd);
	if (n < 0)
		goto out;
	close(n);
	n = place_read(r->m.stage_fd, path, SYNC_FRAME_MAX, &frame, e);
	if (n == 0 && !frame.len) {
		n = source_get(r->args, path, &frame, e) == SOURCE_GOT ? 0 : -1;
		if (n == 0)
			n = io_write_file(
			    r->m.stage_fd, path, buf_slice(&frame), 0644, e);
	}
	if (n == 0 && hash_of(buf_slice(&frame), &hash) < 0)
		n = err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (n == 0 &&
	    (frame.len != r->head.snap_list_bytes ||
		!hash_eq(&hash, &r->head.snap_list))) {
		(void)unlinkat(r->m.stage_fd, path, 0);
		n = err_set(e, ERR_INVALID,
		    "the snapshot's list is not the one that was signed");
	}
	if (n == 0)
		n = snap_parse(snap, r->head.snap, buf_slice(&frame), e);
out:
	buf_release(&frame);
	return n;
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

/* The snapshot, unpacked, and from its serial on by deltas; 1: it is gone. */
static int
by_snapshot(struct run *r, const struct mirror_snap *snap, struct err *e)
{
	struct buf head;
	int n = bring_parts(r, snap, e);

	if (n)
		return n;
	buf_init(&head, SYNC_HEAD_MAX);
	buf_add(&head, buf_slice(&r->answer));
	if (stage_aim(&r->s, buf_slice(&head), e) < 0 ||
	    stage_snapshot(&r->s, snap, e) < 0)
		n = -1;
	buf_release(&head);
	if (n < 0)
		return -1;
	if (r->s.serial == r->head.serial)
		return stage_save(&r->s, e);
	switch (get_answer(r, r->s.serial, e)) {
	case STEP_MORE:
		return follow_chain(r, e);
	case STEP_ABSENT:
		return 1;
	default:
		return -1;
	}
}

/*
 * Without a delta to start from.  With a tree of its own the mirror asks for
 * the manifest, and brings single files where that is less than the snapshot.
 */
static int
from_nothing(struct run *r, struct err *e)
{
	struct counting c = { .files = 0 };
	struct mirror_snap snap = { .parts = NULL };
	struct buf answer;
	int n;

	buf_init(&answer, SYNC_HEAD_MAX);
	buf_add(&answer, slice_upto(buf_slice(&r->answer), r->head.len));
	n = stage_aim(&r->s, buf_slice(&answer), e);
	if (n == 0)
		n = get_list(r, &snap, e);
	buf_release(&answer);
	if (n < 0 && e->kind == ERR_MISSING) /* a mirror that kept none */
		return by_file(r, bring_file, r, e);
	if (n < 0)
		return -1;
	if (r->args->dry_run) {
		say("would %llu\n",
		    (unsigned long long)missing_bytes(r, &snap));
		snap_release(&snap);
		return 0;
	}
	if (r->m.live.count) {
		n = by_file(r, count_file, &c, e);
		if (n == 0 && c.bytes < missing_bytes(r, &snap)) {
			n = by_file(r, bring_file, r, e);
			snap_release(&snap);
			return n;
		}
	}
	n = by_snapshot(r, &snap, e);
	if (n == 1) /* it was replaced meanwhile, and is gone */
		n = by_file(r, bring_file, r, e);
	snap_release(&snap);
	return n;
}

/* --- the run ------------------------------------------------------------- */

static int
would(struct run *r, struct err *e)
{
	struct slice rest = slice_from(buf_slice(&r->answer), r->head.len);
	struct sync_delta d;

	if (sync_delta_parse(rest, true, &d, e) < 0)
		return -1;
	say("would %zu\n", d.len + r->head.len);
	return 0;
}

/* Brings all that is new into the stage. */
static int
stage_newest(struct run *r, bool from_start, struct err *e)
{
	int n;

	if (stage_begin(&r->s, &r->m, e) < 0)
		return -1;
	if (from_start)
		return from_nothing(r, e);
	if (r->args->dry_run)
		return would(r, e);
	n = follow_chain(r, e);
	if (n == 1)
		n = get_answer(r, 0, e) == STEP_MORE ? from_nothing(r, e) : -1;
	return n;
}

/*
 * The stage must be what was signed.  Where it is not (a delta that failed on
 * files the disk has changed, say), the files that differ come by themselves,
 * once.
 */
static int
settle(struct run *r, int n, struct err *e)
{
	struct err first;

	if (n == 0 && stage_check(&r->s, e) == 0)
		return 0;
	if (n < 0 && e->kind != ERR_CORRUPT)
		return -1;
	first = *e;
	if (!r->s.head.serial || by_file(r, bring_file, r, e) < 0 ||
	    stage_check(&r->s, e) < 0) {
		if (e->kind != ERR_STOPPED)
			*e = first;
		return -1;
	}
	return 0;
}

/* Every file of the newest tree that is not held, whole, comes by itself. */
static int
repair(struct run *r, struct err *e)
{
	switch (get_answer(r, 0, e)) {
	case STEP_SAME:
	case STEP_RESIGNED:
	case STEP_MORE:
		break;
	default:
		return -1;
	}
	r->staged = true;
	if (stage_begin(&r->s, &r->m, e) < 0 ||
	    stage_aim(&r->s, buf_slice(&r->answer), e) < 0 ||
	    by_file(r, bring_file, r, e) < 0)
		return -1;
	say("staged %llu %zu %llu\n", (unsigned long long)r->s.serial,
	    r->s.tree.count, (unsigned long long)r->s.tree.bytes);
	return 0;
}

static int
fetch(struct run *r, struct err *e)
{
	uint64_t serial = r->m.head.serial;
	enum step step = get_answer(r, serial, e);
	int n = 0;

	if (step == STEP_ABSENT && serial) {
		serial = 0;
		step = get_answer(r, 0, e);
	}
	switch (step) {
	case STEP_SAME:
		say("same %llu\n", (unsigned long long)r->m.head.serial);
		return 0;
	case STEP_RESIGNED:
		if (!r->args->dry_run &&
		    mirror_keep_head(&r->m, buf_slice(&r->answer), e) < 0)
			return -1;
		say("resigned %llu\n", (unsigned long long)r->m.head.serial);
		return 0;
	case STEP_MORE:
		break;
	default:
		return -1;
	}
	r->staged = true;
	if (r->args->keep) {
		if ((n = place_dir(r->m.state_fd, "answers", e)) < 0)
			return -1;
		close(n);
	}
	n = stage_newest(r, serial == 0, e);
	if (r->args->dry_run)
		return n;
	if (settle(r, n, e) < 0 || stage_save(&r->s, e) < 0)
		return -1;
	say("staged %llu %zu %llu\n", (unsigned long long)r->s.serial,
	    r->s.tree.count, (unsigned long long)r->s.tree.bytes);
	return 0;
}

int
sync_fetch(struct sync_args *args)
{
	struct run r = { .args = args };
	struct err e = ERR_INIT;
	int n;

	buf_init(&r.answer, ANSWER_MAX);
	n = mirror_open(&r.m, args->dir, args->has_key ? &args->key : NULL, &e);
	if (n == 0)
		n = args->repair ? repair(&r, &e) : fetch(&r, &e);
	if (r.staged)
		stage_release(&r.s);
	mirror_close(&r.m);
	buf_release(&r.answer);
	say("bytes %llu\n", (unsigned long long)args->spent);
	if (n == 0)
		return EX_OK;
	if (!r.said)
		n = sync_complain(&e);
	return r.code ? r.code : n;
}
