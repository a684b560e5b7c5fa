/*
 * diag.h: warnings and errors that do not stop the work.
 *
 * Where err.h carries the one reason a call failed, a diag is the list of what
 * a person should know about an input that went on being converted.  The sink
 * decides what to do with each; the counts are kept here.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

struct err;

enum diag_level {
	DIAG_NOTE,    /* shown with -v */
	DIAG_WARNING, /* published, but look at it */
	DIAG_ERROR,   /* this file is refused; the others go on */
};

struct diag_item {
	enum diag_level level;
	const char *file; /* may be NULL */
	unsigned line;    /* from 1; 0: unknown */
	unsigned column;  /* in characters, from 1; 0: unknown */
	const char *text; /* escaped; dies with the call */
	const char *code; /* what kind of fault, or NULL; dies with the call */
};

struct diag {
	/* Called for each item; NULL to count only. */
	void (*sink)(void *ctx, const struct diag_item *item);
	void *ctx;
	const char *code; /* of what is told now; set by who tells */
	unsigned long notes, warnings, errors;
};

/* Reports one item; `d` may be NULL.  `file` is escaped too. */
void diag_at(struct diag *d, enum diag_level level, const char *file,
    unsigned line, unsigned column, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Reports `e` at `level`, under its own code where it has one. */
void diag_err(struct diag *d, enum diag_level level, const struct err *e);

#endif
