/*
 * sync_run.h: one run of `qasid sync fetch`, shared by its parts.
 */
#ifndef CMD_SYNC_RUN_H
#define CMD_SYNC_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sync/mirror.h"

#include "cmd/sync.h"

struct err;

struct run {
	struct sync_args *args;
	struct mirror m;
	struct mirror_stage s;
	bool staged;
	int code;  /* the exit code, where the error alone does not say it */
	bool said; /* a child has told the reason already */
	struct buf answer;
	struct sync_head head; /* in front of `answer` */
	/*
	 * Deltas were cut: the most bytes of one that came in one go.  0: none
	 * was.  Kept in state/cut until the next serial is reached.
	 */
	uint64_t piece;
};

/* What became of one step. */
enum step {
	STEP_FAILED,
	STEP_SAME,
	STEP_RESIGNED,
	STEP_MORE, /* something was staged, or there is something to stage */
	STEP_ABSENT,
};

/* A line for the script. */
void run_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Brings since/`serial` into r->answer and judges its head. */
enum step run_answer(struct run *r, uint64_t serial, struct err *e);

/*
 * The same for a delta: one that is cut is asked for once more, and then never
 * again: STEP_ABSENT, and r->piece says what came.
 */
enum step run_delta(struct run *r, uint64_t serial, struct err *e);

/*
 * The bytes of the delta in since/`serial` without fetching it, and where it
 * leads (0 and `serial` at the newest): 0; 1 when there is no such answer; -1
 * and *e.
 */
int run_delta_cost(struct run *r, uint64_t serial, uint64_t *bytes,
    uint64_t *to, struct err *e);

/*
 * From the stage's serial, whose answer is in r->answer, by deltas to the
 * newest: 0; 1 when a link is absent; -1 and *e.
 */
int run_follow(struct run *r, struct err *e);

/* Files that are not held: how many, and their bytes. */
struct run_missing {
	uint64_t files, bytes, largest;
};

/* Takes the origin's manifest as the goal and counts what is missing. */
int run_count_files(struct run *r, struct run_missing *out, struct err *e);

/* The same, and brings them, each by itself. */
int run_by_file(struct run *r, struct err *e);

/* --- sync_snapshot.c ----------------------------------------------------- */

/*
 * Without a delta to start from: to the head of r->answer, which is that of
 * since/0.  The snapshot it names, one whose parts are held already, or one
 * that a mirror above kept, whichever needs the fewest bytes, and deltas from
 * there; single files where that is less, or where there is no snapshot.
 */
int run_from_nothing(struct run *r, struct err *e);

#endif
