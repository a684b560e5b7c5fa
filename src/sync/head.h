/*
 * head.h: the signed words in front of every answer: which state is the
 * newest, until when that may be believed, and what comes with it.
 *
 *	qasid-sync 1 NAME
 *	serial N
 *	time SECONDS
 *	until SECONDS
 *	tree SHA-256-OF-MANIFEST FILES BYTES
 *	snap SERIAL SHA-256-OF-LIST BYTES-OF-LIST
 *	next KEY                     (only while a new key is announced)
 *	sig ED25519                  (over every byte above this line)
 *	                             (an empty line)
 *
 * Behind it any number of deltas, each signed by itself, so that a mirror may
 * put an old one behind a newer head:
 *
 *	delta FROM TO BYTES-OF-LIST-FRAME BYTES-OF-CONTENT-FRAME
 *	to TREE-HASH
 *	sig ED25519     (over the two lines above and SHA-256 of both frames)
 *	LIST-FRAME CONTENT-FRAME
 *
 * Both are read strictly: one spelling alone is taken.  Pure.
 */
#ifndef SYNC_HEAD_H
#define SYNC_HEAD_H

#include <stdint.h>

#include "base/hash.h"
#include "base/sign.h"
#include "base/slice.h"

struct buf;
struct err;

enum {
	SYNC_SITE_MAX = 255,        /* bytes of NAME */
	SYNC_HEAD_MAX = 1024,       /* bytes of a head, more than it can have */
	SYNC_DELTA_HEAD_MAX = 512,  /* bytes in front of a delta's frames */
	SYNC_LIST_MAX = 256 << 20,  /* bytes, unpacked */
	SYNC_FRAME_MAX = 256 << 20, /* bytes, packed */
};

struct sync_head {
	struct slice name; /* points into the text that was read */
	uint64_t serial;
	int64_t time_s, until_s;
	struct hash tree;
	uint64_t files, bytes;
	uint64_t snap; /* 0: there is none */
	struct hash snap_list;
	uint64_t snap_list_bytes;
	bool has_next;
	struct sign_key next;
	struct signature sig;
	size_t signed_len,
	    len; /* bytes up to "sig"; bytes with the blank line */
};

/*
 * Reads the head at the front of `s`; 0, or -1 and *e.  The signature is not
 * looked at.
 */
int sync_head_parse(struct slice s, struct sync_head *out, struct err *e)
    __attribute__((warn_unused_result));

/* Whether the head at the front of `s`, parsed into `h`, is signed by `key`. */
bool sync_head_check(
    struct slice s, const struct sync_head *h, const struct sign_key *key);

/* Appends `h`, signed with the private key `pem`; 0, or -1 and *e. */
int sync_head_write(struct buf *out, const struct sync_head *h,
    struct slice pem, struct err *e) __attribute__((warn_unused_result));

struct sync_delta {
	uint64_t from, to;
	struct hash tree;           /* to which it leads */
	struct slice list, content; /* the frames, in the text that was read */
	struct signature sig;
	size_t len;                         /* bytes of the whole delta */
	uint64_t list_bytes, content_bytes; /* as announced */
};

/*
 * Reads the delta at the front of `s`; 0, or -1 and *e.  With `peek` the
 * frames need not be there (and are left empty).  The signature is not looked
 * at.
 */
int sync_delta_parse(struct slice s, bool peek, struct sync_delta *out,
    struct err *e) __attribute__((warn_unused_result));

/* Whether `d`, with its frames, is signed by `key`. */
bool sync_delta_check(const struct sync_delta *d, const struct sign_key *key);

/* Appends `d` (from, to, tree, frames), signed; 0, or -1 and *e. */
int sync_delta_write(struct buf *out, const struct sync_delta *d,
    struct slice pem, struct err *e) __attribute__((warn_unused_result));

#endif
