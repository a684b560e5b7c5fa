/*
 * folder.h: the certificates of hosts in a folder: which is in use, how one
 * follows another.
 *
 *	HOST.crt       HOST.key       in use
 *	HOST.next.crt  HOST.next.key  prepared, in use from HOST.next.at on
 *	HOST.next.at                  an RFC 3339 time, in a line of its own
 *	HOST.crt.old   HOST.key.old   what was, and .old.2, .old.3 and so on
 *	HOST/fullchain.pem, HOST/privkey.pem   as certbot leaves them
 *
 * Which is in use is told by the files and the time alone, so a server needs
 * no right to write here, and all nodes that share them change at once.  The
 * next one's files take the place of the old ones' later, by
 * cert_folder_settle(), when somebody who may write does something here.
 *
 * Each change leaves, at every moment, one whole pair to be found: files are
 * written beside, synced and renamed; a key stands before its certificate.
 * What is replaced is kept; a key is never deleted.
 */
#ifndef CERT_FOLDER_H
#define CERT_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

struct err;

enum {
	CERT_PATH_MAX = 1024
};

struct cert_files {
	char crt[CERT_PATH_MAX], key[CERT_PATH_MAX]; /* in use */
	bool is_next;   /* and these are the ones that were prepared */
	bool is_ours;   /* of the first two forms above, not certbot's */
	int64_t next_s; /* when the next comes, or came; 0: none is there */
};

/*
 * The files for `host` at the time `now_s` (UTC).  -1 and *e: ERR_MISSING when
 * there is no certificate, another kind when the time of the next is not to be
 * read.  With INT64_MIN, those that are not the next.
 */
int cert_folder_find(const char *dir, const char *host, int64_t now_s,
    struct cert_files *out, struct err *e) __attribute__((warn_unused_result));
/* The next one's, prepared or in use; ERR_MISSING when there is none. */
int cert_folder_find_next(const char *dir, const char *host,
    struct cert_files *out, struct err *e) __attribute__((warn_unused_result));

/*
 * The rest changes the folder, and refuses one that everybody may write to.
 *
 * The first certificate of `host`; ERR_CONFLICT when there is one.
 */
int cert_folder_add(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, struct err *e) __attribute__((warn_unused_result));
/* Another certificate with the same key. */
int cert_folder_renew(const char *dir, const char *host, struct slice crt_pem,
    struct err *e) __attribute__((warn_unused_result));
/* The next certificate and key, from `at_s` on; ERR_CONFLICT as above. */
int cert_folder_prepare(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, int64_t at_s, struct err *e)
    __attribute__((warn_unused_result));
/* Another certificate and key, from now on. */
int cert_folder_replace(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, struct err *e) __attribute__((warn_unused_result));
/* Another time for the next one. */
int cert_folder_move(const char *dir, const char *host, int64_t at_s,
    struct err *e) __attribute__((warn_unused_result));
/* The next one is none; its key is kept as HOST.next.key.old. */
int cert_folder_cancel(const char *dir, const char *host, struct err *e)
    __attribute__((warn_unused_result));
/* The next one's files take the old ones' names, if its time has come. */
int cert_folder_settle(const char *dir, const char *host, int64_t now_s,
    struct err *e) __attribute__((warn_unused_result));

/* A new file, whole or not there; ERR_CONFLICT when `path` is taken. */
int cert_folder_put(const char *path, mode_t mode, struct slice bytes,
    struct err *e) __attribute__((warn_unused_result));

#endif
