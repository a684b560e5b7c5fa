/*
 * err.h: what went wrong, where, in words for the person who can mend it.
 *
 * Publisher code takes a `struct err *` as its last parameter, fills it once
 * and returns -1 or NULL; only cmd/ and server/ print it.  Texts are lower
 * case without a full stop; every foreign byte in them is escaped here, so a
 * file name or a key from a file cannot paint on a terminal.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

struct buf;

enum err_kind {
	ERR_NONE,
	ERR_SYSTEM,   /* a system call failed: saved_errno */
	ERR_SYNTAX,   /* input breaks its grammar */
	ERR_INVALID,  /* input is well formed but not allowed */
	ERR_LIMIT,    /* a stated limit was reached */
	ERR_MEMORY,   /* memory ended */
	ERR_CONFLICT, /* two things claim one place */
	ERR_MISSING,  /* what was asked for is not there */
	ERR_CORRUPT,  /* stored data is not what was stored */
	ERR_STOPPED,  /* asked to stop */
};

struct err {
	enum err_kind kind;
	int saved_errno;  /* 0 unless ERR_SYSTEM */
	unsigned line;    /* from 1; 0: unknown */
	unsigned column;  /* in characters, from 1; 0: unknown */
	const char *code; /* what kind of fault, for programs; static or NULL */
	char file[512];   /* empty: no file */
	char text[512];
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/* Each fills *e (which may be NULL) and returns -1, to be returned on. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As err_set, with a position; line and column 0 where unknown. */
int err_at(struct err *e, const char *file, unsigned line, unsigned column,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* errno with the call and its object: err_errno(e, "open", path). */
int err_errno(struct err *e, const char *call, const char *object);
int err_memory(struct err *e);

/* Appends "file:line:column: text" (what is known of it), no newline. */
void err_format(struct buf *out, const struct err *e);

/* Copies `s` to dst, escaping all but printable UTF-8 as \xNN; NUL-ended. */
void err_escape(char *dst, size_t cap, const char *s, size_t len);

#endif
