/*
 * letter.h: what a reader wrote under an article, as text and as a file.
 *
 * A reply is plain text: no markup of it means anything, and nothing it holds
 * reaches a terminal or a page but through letter_clean().  Its file begins as
 * an article does, with lines between two lines of dashes:
 *
 *	---
 *	date: 2026-01-31T14:05:00Z
 *	name: Asma
 *	---
 *	The text.
 *
 * The name is only there where the editor gave one.  In the inbox the file is
 * called SLUG.20260131T1405.ID.md, ID being the beginning of a hash of what it
 * says; in the content it is replies/SLUG/20260131T1405-ID.md, where ID may
 * also be the number that a comment had elsewhere.
 */
#ifndef REPLIES_LETTER_H
#define REPLIES_LETTER_H

#include "base/date.h"
#include "base/slice.h"

struct buf;

enum {
	LETTER_TEXT_MAX = 4096,  /* bytes, as they come */
	LETTER_FILE_MAX = 65536, /* several may be joined to one */
	LETTER_SLUG_MAX = 80,
	LETTER_STAMP_BYTES = 13, /* "20260131T1405" */
	LETTER_ID_BYTES = 12,
	LETTER_NAME_MAX = 128, /* bytes of a file's name, with NUL */
	LETTER_PATH_MAX = 160, /* of its path in the content, with NUL */
};

struct letter {
	struct date date;
	struct slice name; /* of who wrote it; may be empty */
	struct slice text;
};

/*
 * Appends `raw` as text fit to be read: as md_sanitise() has it, tabs as
 * blanks, no blanks at the ends of lines, no line or two of nothing more than
 * one, none at either end.
 */
void letter_clean(struct buf *out, struct slice raw);

/* Appends the bytes of the file. */
void letter_write(struct buf *out, const struct letter *r);
/* The slices point into `bytes` (clean); -1 when these are no such file. */
int letter_parse(struct slice bytes, struct letter *out)
    __attribute__((warn_unused_result));

/* The parts of a file's name in the inbox; they point into it. */
struct letter_name {
	struct slice slug, stamp, id;
};

/*
 * Writes the name that a reply to the article `slug` has in the inbox; -1 when
 * `slug` can be none.
 */
int letter_name_make(char name[LETTER_NAME_MAX], struct slice slug,
    const struct letter *r) __attribute__((warn_unused_result));
/* False when it is no name of a reply. */
bool letter_name_parse(struct slice name, struct letter_name *out);
/*
 * Writes the path below the content folder that a reply of these parts has; -1
 * when they are none of a reply.
 */
int letter_path_make(char path[LETTER_PATH_MAX], const struct letter_name *n)
    __attribute__((warn_unused_result));
/* The time of a file's name, NUL-ended. */
void letter_stamp_make(
    char stamp[LETTER_STAMP_BYTES + 1], const struct date *d);
/* Whether `s` is the slug of an article. */
bool letter_is_slug(struct slice s);

#endif
