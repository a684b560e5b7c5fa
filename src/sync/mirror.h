/*
 * mirror.h: a mirror's side: what is held, what was brought and is being
 * unpacked, and the switch from one to the other.  No network in here.
 *
 * A mirror has a folder of its own:
 *
 *	content/            the live tree, read by `qasid build`
 *	state/head          the head of that tree, as it came
 *	state/manifest      its manifest
 *	state/keys          the key that is trusted, then one before it
 *	state/next          the key that was announced, if any
 *	state/given         the key that the settings had at the last run
 *	state/commit        there while a switch is under way
 *	state/answers/N     deltas from serial N, for mirrors of this mirror
 *	state/answers/snap/S/...
 *	state/stage/        what is being brought; may be thrown away
 *	    head tree       the newest head seen, the manifest reached so far
 *	    obj/HASH        contents, by hash: no foreign path is a name here
 *	    snap/S/...      the parts of a snapshot, its list, and the head that
 *	                    was signed with it
 *
 * The live tree is touched by mirror_switch() alone, once everything is there
 * and has the hash that was signed; killed at any point it is finished by the
 * next mirror_recover().
 */
#ifndef SYNC_MIRROR_H
#define SYNC_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sign.h"
#include "sync/head.h"
#include "sync/tree.h"

struct err;

enum {
	MIRROR_KEYS_MAX = 2,
	MIRROR_CLOCK_SLACK_S = 24 * 3600, /* a clock so much behind is wrong */
};

struct mirror {
	int root_fd, content_fd, state_fd, stage_fd;
	struct buf head_text;
	struct sync_head head; /* of the live tree; serial 0: none yet */
	struct sync_tree live;
	bool manifest_lost; /* it is not the head's: live is empty then */
	struct sign_key keys[MIRROR_KEYS_MAX]; /* the first is current */
	size_t key_count;
	bool has_next;
	struct sign_key next;
};

/*
 * Opens the folder `dir`, making what is missing; reads head, manifest, keys.
 * `key` is trusted when no key is held yet, and when it is another than it was
 * at the last run; NULL where none is known, which is an error in the first
 * case.  A manifest that is not the one the head was signed with is told of in
 * manifest_lost.  0, or -1 and *e; mirror_close() in both cases.
 */
int mirror_open(struct mirror *m, const char *dir, const struct sign_key *key,
    struct err *e) __attribute__((warn_unused_result));
void mirror_close(struct mirror *m);

/* Finishes a switch that was begun; *done tells whether there was one. */
int mirror_recover(struct mirror *m, bool *done, struct err *e)
    __attribute__((warn_unused_result));

/* --- judging an answer --------------------------------------------------- */

enum mirror_verdict {
	MIRROR_SAME,     /* the head we have, byte for byte */
	MIRROR_RESIGNED, /* the same serial and tree under a newer head */
	MIRROR_NEWER,    /* a newer serial */
	MIRROR_BAD,      /* forged, broken, of another site, rolled back */
	MIRROR_EXPIRED,  /* `until` has passed */
	MIRROR_CLOCK,    /* our clock is before the head's time */
};

/*
 * Judges the head in front of `answer` at time `now_s`; *head is what it says
 * (its slices point into `answer`).  `name` is the site's.  *e says why for the
 * last three.
 */
enum mirror_verdict mirror_judge(const struct mirror *m, struct slice answer,
    struct slice name, int64_t now_s, struct sync_head *head, struct err *e);

/* Whether `head`, in front of `text`, is signed by a key trusted now. */
bool mirror_trusts(
    const struct mirror *m, struct slice text, const struct sync_head *head);

/* Makes `text`, judged RESIGNED or just switched to, the head; new keys too. */
int mirror_keep_head(struct mirror *m, struct slice text, struct err *e)
    __attribute__((warn_unused_result));

/* --- staging ------------------------------------------------------------- */

struct mirror_stage {
	struct mirror *m;
	struct buf head_text;
	struct sync_head head; /* the newest judged head */
	struct sync_tree tree; /* reached so far */
	uint64_t serial;       /* of it; 0: nothing yet */
};

/* Begins at the live tree; what an earlier stage held is used again. */
int stage_begin(struct mirror_stage *s, struct mirror *m, struct err *e)
    __attribute__((warn_unused_result));
/* Takes up the stage that an earlier process left. */
int stage_resume(struct mirror_stage *s, struct mirror *m, struct err *e)
    __attribute__((warn_unused_result));
/* Writes down how far it has come; 0, or -1 and *e. */
int stage_save(struct mirror_stage *s, struct err *e)
    __attribute__((warn_unused_result));
void stage_release(struct mirror_stage *s);

/* Notes a head that was judged NEWER as the one to reach. */
int stage_aim(struct mirror_stage *s, struct slice head_text, struct err *e)
    __attribute__((warn_unused_result));

/* Checks the delta's signature and applies it. */
int stage_delta(struct mirror_stage *s, const struct sync_delta *d,
    struct err *e) __attribute__((warn_unused_result));

/* One part of a snapshot, as its list says. */
struct mirror_part {
	struct hash hash;
	uint64_t size;
};

struct mirror_snap {
	uint64_t serial;
	struct hash tree;
	uint64_t files, bytes, packed; /* packed: of all parts */
	struct mirror_part *parts;
	size_t count;
};

/* Reads the list frame of snapshot `serial`, whose hash was checked. */
int snap_parse(struct mirror_snap *snap, uint64_t serial, struct slice frame,
    struct err *e) __attribute__((warn_unused_result));
void snap_release(struct mirror_snap *snap);

/* The name of part `i` below state/, "stage/snap/S/000000", NUL-ended. */
enum {
	SNAP_PATH_ROOM = 64
};
void snap_part_path(char room[SNAP_PATH_ROOM], uint64_t serial, size_t i);

/* Unpacks the snapshot whose parts are all there. */
int stage_snapshot(struct mirror_stage *s, const struct mirror_snap *snap,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Whether the stage has reached its head: 0, or -1 and *e (ERR_CORRUPT) when
 * the tree's hash is another.
 */
int stage_check(struct mirror_stage *s, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Takes `manifest`, whose hash is the head's, as the tree to reach: what is
 * held of it is used, the other paths are given to `missing`.
 */
int stage_manifest(struct mirror_stage *s, struct slice manifest,
    int (*missing)(void *ctx, const struct sync_file *f, struct err *e),
    void *ctx, struct err *e) __attribute__((warn_unused_result));

/* Puts a content that was brought by itself; checks its hash and size. */
int stage_put(struct mirror_stage *s, const struct sync_file *f,
    struct slice content, struct err *e) __attribute__((warn_unused_result));

/* --- switching ----------------------------------------------------------- */

/* Makes the stage, whose tree was checked, the live tree. */
int mirror_switch(struct mirror_stage *s, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Reads every file of the live tree; `bad` is called for each that is missing
 * or differs, and for each that does not belong there (hash of zeros).
 */
int mirror_verify(struct mirror *m,
    int (*bad)(void *ctx, const struct sync_file *f, struct err *e), void *ctx,
    struct err *e) __attribute__((warn_unused_result));

#endif
