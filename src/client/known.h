/*
 * known.h: the certificates met before, for trust on first use.
 *
 * A text file, a line a server, written for people to read and mend:
 *
 *	HOST PORT SPKI-SHA-256 CERTIFICATE-SHA-256 NOT-AFTER
 *
 * hashes in lower-case hexadecimal, the date as YYYY-MM-DD.  The public key is
 * what is trusted: a certificate renewed with the same key is the same server.
 * Other lines (comments, say) are skipped, and kept when the file is rewritten.
 */
#ifndef CLIENT_KNOWN_H
#define CLIENT_KNOWN_H

#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

struct err;

enum {
	KNOWN_FILE_MAX = 1 << 20, /* bytes */
	KNOWN_HOST_MAX = 255,     /* bytes */
};

/* A certificate, as much of it as trust needs. */
struct known_cert {
	struct hash spki, cert;
	int64_t not_before, not_after; /* seconds since 1970, UTC */
};

/* One line; the host points into it and may be of either case. */
struct known_line {
	struct slice host;
	int port;
	struct known_cert cert; /* not_before is 0 */
};

/* 0, or -1 when `line` (without its end) is no such line. */
int known_parse(struct slice line, struct known_line *out)
    __attribute__((warn_unused_result));

enum known_found {
	KNOWN_NEW,     /* never met */
	KNOWN_SAME,    /* the same key; the certificate may be a renewed one */
	KNOWN_EXPIRED, /* another key, and the known certificate has ended */
	KNOWN_CHANGED, /* another key before its time */
};

/*
 * What `text`, the whole file, says of `host`:`port` and its certificate `got`
 * at time `now_s`.  A line that is broken is skipped.  *same_cert, for
 * KNOWN_SAME, tells whether the line need not be written anew.
 */
enum known_found known_find(struct slice text, const struct known_line *got,
    int64_t now_s, bool *same_cert);

/*
 * Reads the file `path`; a missing one is empty.  *text is the caller's to
 * free with mem_free().  0, or -1 and *e.
 */
int known_load(const char *path, char **text, size_t *len, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Writes `text` to `path` with the line for `line` put in or replaced; whole
 * or not at all (a new file, renamed).  0, or -1 and *e.
 */
int known_save(const char *path, struct slice text,
    const struct known_line *line, struct err *e)
    __attribute__((warn_unused_result));

#endif
