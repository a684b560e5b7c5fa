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
#include <sys/mman.h>
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

#include "cmd/sync_run.h"

enum {
	ANSWER_MAX = 1 << 30, /* bytes of a since/ file */
	TRIES = 3,            /* of what changes under its name */
	ANSWER_SPARE = 1 << 20,
	CHAIN_MAX = 2000, /* answers in a row */
	DELTA_TRIES = 2,  /* of one that is cut */
};

void
run_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

/* --- heads --------------------------------------------------------------- */

/* An answer while it comes. */
struct watch {
	struct run *r;
	bool peek;         /* the head of the first delta is enough */
	bool trusted;      /* the head was looked at */
	uint64_t too_long; /* what it announces to be, where that is too much */
};

/* More than any change can weigh, by what was signed. */
static uint64_t
most_bytes(const struct run *r, const struct sync_head *head)
{
	return 2 * (head->bytes + r->m.live.bytes) + ANSWER_SPARE;
}

/* Stops what nobody trusts, is none, or is announced to be too much. */
static bool
has_enough(void *ctx, struct slice got)
{
	struct watch *w = ctx;
	struct sync_head head;
	struct sync_delta d;
	uint64_t sum;

	if (sync_head_parse(got, &head, NULL) < 0)
		return got.len >= SYNC_HEAD_MAX;
	if (!w->trusted && !mirror_trusts(&w->r->m, got, &head))
		return true;
	w->trusted = true;
	sum = head.len;
	for (got = slice_from(got, head.len); got.len;
	     got = slice_from(got, d.len)) {
		if (sync_delta_parse(got, true, &d, NULL) < 0)
			return got.len >= SYNC_DELTA_HEAD_MAX;
		sum += d.len;
		if (sum > w->r->args->budget || sum > most_bytes(w->r, &head))
			w->too_long = sum;
		if (w->peek || w->too_long)
			return true;
		if (d.len > got.len)
			break;
	}
	return false;
}

/*
 * Whether an answer stops within its head or a delta: over Gopher that is how
 * a cut looks.  What is whole and wrong is not for here.
 */
static bool
ends_early(struct slice got)
{
	static const char first[] = "qasid-sync ";
	struct sync_head head;
	struct sync_delta d;

	if (!got.len)
		return true;
	if (sync_head_parse(got, &head, NULL) < 0) {
		size_t n =
		    got.len < sizeof(first) - 1 ? got.len : sizeof(first) - 1;

		return !memcmp(got.ptr, first, n) && got.len < SYNC_HEAD_MAX &&
		    !memmem(got.ptr, got.len, "\n\n", 2);
	}
	for (got = slice_from(got, head.len); got.len;
	     got = slice_from(got, d.len)) {
		if (sync_delta_parse(got, true, &d, NULL) < 0)
			return got.len < SYNC_DELTA_HEAD_MAX;
		if (d.len > got.len)
			return true;
	}
	return false;
}

static enum source_end
get_since(
    struct run *r, uint64_t serial, bool peek, struct buf *out, struct err *e)
{
	struct watch w = { .r = r, .peek = peek };
	enum source_end end;
	char path[64];

	snprintf(path, sizeof(path), "since/%llu", (unsigned long long)serial);
	buf_clear(out);
	end = source_peek(r->args, path, has_enough, &w, out, e);
	if (end != SOURCE_GOT || peek)
		return end;
	if (!w.too_long)
		return ends_early(buf_slice(out)) &&
			source_was_cut(r->args, path, out->len, out->len + 1, e)
		    ? SOURCE_FAILED
		    : end;
	err_set(e, ERR_STOPPED,
	    "the change is of %llu bytes: over the byte budget, or not to be "
	    "believed",
	    (unsigned long long)w.too_long);
	return SOURCE_FAILED;
}

enum step
run_answer(struct run *r, uint64_t serial, struct err *e)
{
	enum source_end end =
	    get_since(r, serial, r->args->dry_run, &r->answer, e);

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

/* state/cut: "SERIAL BYTES": which delta was cut, and what came of it. */
enum {
	CUT_MAX = 64
};

static void
read_cut(struct run *r)
{
	uint64_t of, piece;
	struct buf room;

	buf_init(&room, CUT_MAX + 1);
	if (place_read(r->m.state_fd, "cut", CUT_MAX, &room, NULL) == 0) {
		struct slice text = slice_trim(buf_slice(&room));
		struct slice serial = slice_take(&text, ' ');

		if (slice_uint(serial, INT64_MAX, &of) == 0 &&
		    slice_uint(text, INT64_MAX, &piece) == 0 &&
		    of == r->m.head.serial)
			r->piece = piece;
	}
	buf_release(&room);
}

/* Nothing is lost when that fails: the delta is cut again. */
static void
write_cut(struct run *r)
{
	struct buf room;

	buf_init(&room, CUT_MAX);
	buf_addf(&room, "%llu %llu\n", (unsigned long long)r->m.head.serial,
	    (unsigned long long)r->piece);
	if (io_write_file(r->m.state_fd, "cut", buf_slice(&room), 0644, NULL) <
	    0)
		(void)unlinkat(r->m.state_fd, "cut", 0);
	buf_release(&room);
}

/* Whether what is in r->answer is a head to believe and half a delta. */
static bool
delta_was_cut(struct run *r, uint64_t serial)
{
	struct slice got = buf_slice(&r->answer);
	struct sync_head head;

	return r->args->cut && !r->args->dry_run &&
	    sync_head_parse(got, &head, NULL) == 0 &&
	    mirror_trusts(&r->m, got, &head) && head.serial > serial;
}

enum step
run_delta(struct run *r, uint64_t serial, struct err *e)
{
	uint64_t bytes, to;

	/* One that is larger than what came of another is not begun. */
	if (r->piece && source_can_peek(r->args) && !r->args->dry_run &&
	    run_delta_cost(r, serial, &bytes, &to, e) == 0 && bytes > r->piece)
		return STEP_ABSENT;
	for (unsigned t = 0; t < DELTA_TRIES; t++) {
		enum step step = run_answer(r, serial, e);

		if (step != STEP_FAILED || !delta_was_cut(r, serial))
			return step;
		if (r->answer.len > r->piece)
			r->piece = r->answer.len;
	}
	write_cut(r);
	return STEP_ABSENT;
}

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
int
run_follow(struct run *r, struct err *e)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++) {
		if (apply_answer(r, e) < 0)
			return -1;
		if (r->s.serial == r->head.serial)
			return stage_save(&r->s, e);
		switch (run_delta(r, r->s.serial, e)) {
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

int
run_delta_cost(struct run *r, uint64_t serial, uint64_t *bytes, uint64_t *to,
    struct err *e)
{
	struct sync_head head;
	struct sync_delta d;
	struct slice rest;
	struct buf answer;
	int n = -1;

	buf_init(&answer, ANSWER_MAX);
	switch (get_since(r, serial, true, &answer, e)) {
	case SOURCE_GOT:
		break;
	case SOURCE_ABSENT:
		n = 1;
		goto out;
	default:
		goto out;
	}
	if (sync_head_parse(buf_slice(&answer), &head, e) < 0)
		goto out;
	rest = slice_from(buf_slice(&answer), head.len);
	*bytes = 0;
	*to = serial;
	n = serial == head.serial ? 0 : 1;
	if (rest.len) {
		n = sync_delta_parse(rest, true, &d, e);
		*bytes = d.len;
		*to = d.to;
	}
out:
	buf_release(&answer);
	return n;
}

/* --- by file ------------------------------------------------------------- */

/* One that is cut is tried again: those before it are in the stage. */
static int
bring_file(void *ctx, const struct sync_file *f, struct err *e)
{
	struct run *r = ctx;
	char path[SYNC_PATH_MAX + 8];
	enum source_end end;
	struct buf content;
	int n = -1;

	snprintf(path, sizeof(path), "f/%.*s", SLICE_FMT(f->path));
	buf_init(&content, (size_t)f->size + 1);
	for (unsigned t = 1;; t++) {
		buf_clear(&content);
		end = source_get(r->args, path, &content, e);
		if (end == SOURCE_GOT &&
		    source_was_cut(r->args, path, content.len, f->size, e))
			end = SOURCE_FAILED;
		/* Nothing came: the network is away, not bad. */
		if (end != SOURCE_FAILED || !r->args->cut || !content.len ||
		    t == TRIES)
			break;
	}
	if (end == SOURCE_GOT)
		n = stage_put(&r->s, f, buf_slice(&content), e);
	buf_release(&content);
	return n;
}

/* Takes the origin's manifest as the goal; what is missing goes to `missing`.
 */
static int
to_manifest(struct run *r,
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

static int
count_file(void *ctx, const struct sync_file *f, struct err *e)
{
	struct run_missing *c = ctx;

	(void)e;
	c->files++;
	c->bytes += f->size;
	if (f->size > c->largest)
		c->largest = f->size;
	return 0;
}

int
run_count_files(struct run *r, struct run_missing *out, struct err *e)
{
	*out = (struct run_missing){ .files = 0 };
	return to_manifest(r, count_file, out, e);
}

/*
 * Manifest and files change under their names: where they are not those of the
 * head, there may be a newer one by now.
 */
int
run_by_file(struct run *r, struct err *e)
{
	struct err newer = ERR_INIT;

	for (unsigned t = 1;; t++) {
		if (to_manifest(r, bring_file, r, e) == 0)
			return 0;
		if (t == TRIES ||
		    (e->kind != ERR_CORRUPT && e->kind != ERR_MISSING &&
			e->kind != ERR_LIMIT) ||
		    run_answer(r, 0, &newer) != STEP_MORE ||
		    r->head.serial <= r->s.head.serial ||
		    stage_aim(&r->s, buf_slice(&r->answer), &newer) < 0)
			return -1;
	}
}

/* --- the run ------------------------------------------------------------- */

/* What the chain of deltas from the live tree would bring. */
static int
would(struct run *r, struct err *e)
{
	uint64_t at = r->m.head.serial, sum = r->head.len, bytes = 0;

	for (unsigned i = 0; i < CHAIN_MAX && at < r->head.serial; i++) {
		uint64_t from = at;
		int n = run_delta_cost(r, from, &bytes, &at, e);

		if (n < 0)
			return -1;
		if (n > 0) /* the chain is broken */
			return run_answer(r, 0, e) == STEP_MORE
			    ? run_from_nothing(r, e)
			    : -1;
		if (at <= from)
			break;
		sum += bytes + (i ? r->head.len : 0);
	}
	run_say("would %llu\n", (unsigned long long)sum);
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
		return run_from_nothing(r, e);
	if (r->args->dry_run)
		return would(r, e);
	n = run_follow(r, e);
	if (n == 1)
		n = run_answer(r, 0, e) == STEP_MORE ? run_from_nothing(r, e)
						     : -1;
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
	if (!r->s.head.serial || run_by_file(r, e) < 0 ||
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
	switch (run_answer(r, 0, e)) {
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
	    run_by_file(r, e) < 0)
		return -1;
	run_say("staged %llu %zu %llu\n", (unsigned long long)r->s.serial,
	    r->s.tree.count, (unsigned long long)r->s.tree.bytes);
	return 0;
}

static int
fetch(struct run *r, struct err *e)
{
	uint64_t serial = r->m.head.serial;
	enum step step;
	int n = 0;

	if (r->m.manifest_lost && !r->args->dry_run)
		return repair(r, e);
	read_cut(r);
	step = serial ? run_delta(r, serial, e) : run_answer(r, 0, e);
	if (step == STEP_ABSENT && serial) {
		struct err first = *e;

		serial = 0;
		step = run_answer(r, 0, e);
		/* What was cut first is the reason. */
		if (step == STEP_FAILED && first.kind == ERR_STOPPED)
			*e = first;
	}
	switch (step) {
	case STEP_SAME:
		run_say("same %llu\n", (unsigned long long)r->m.head.serial);
		return 0;
	case STEP_RESIGNED:
		if (!r->args->dry_run &&
		    mirror_keep_head(&r->m, buf_slice(&r->answer), e) < 0)
			return -1;
		run_say(
		    "resigned %llu\n", (unsigned long long)r->m.head.serial);
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
	(void)unlinkat(r->m.state_fd, "cut", 0);
	run_say("staged %llu %zu %llu\n", (unsigned long long)r->s.serial,
	    r->s.tree.count, (unsigned long long)r->s.tree.bytes);
	return 0;
}

/* Maps the counter; without one (a full disk) the run goes on. */
static void
open_meter(struct run *r)
{
	static const uint64_t zero;
	int fd = openat(r->m.state_fd, "spending",
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	void *at = MAP_FAILED;

	if (fd < 0)
		return;
	if (io_write_all(fd, slice_make((const char *)&zero, sizeof(zero))) ==
	    0)
		at = mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		r->args->meter = at;
}

int
sync_fetch(struct sync_args *args)
{
	struct run r = { .args = args };
	struct err e = ERR_INIT;
	int n;

	buf_init(&r.answer, ANSWER_MAX);
	n = mirror_open(&r.m, args->dir, args->has_key ? &args->key : NULL, &e);
	if (n == 0) {
		open_meter(&r);
		n = args->repair ? repair(&r, &e) : fetch(&r, &e);
	}
	if (r.staged)
		stage_release(&r.s);
	mirror_close(&r.m);
	buf_release(&r.answer);
	run_say("bytes %llu\n", (unsigned long long)args->spent);
	if (n == 0)
		return EX_OK;
	if (!r.said)
		n = sync_complain(&e);
	if (args->bad_source)
		return EX_USAGE;
	return r.code ? r.code : n;
}
