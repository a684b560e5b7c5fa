/*
 * frontmatter.h: what an article says about itself before it begins: YAML
 * between two lines of dashes at the file's first byte.
 *
 * Every value is a plain string, not Markdown, on one line (text.h); keys are
 * read without case.  An error names file, line and column and refuses the
 * file.  Unknown keys and a second name for a value that is set already are
 * told, not refused.  What the values mean together (two articles with one
 * slug, a translation that is not there) is not looked at here.
 */
#ifndef CONTENT_FRONTMATTER_H
#define CONTENT_FRONTMATTER_H

#include <stdbool.h>

#include "base/date.h"
#include "base/slice.h"

struct arena;
struct diag;
struct err;

/* A value and where it stands. */
struct fm_text {
	struct slice text;
	unsigned line, column; /* 0: not given */
};

struct fm_list {
	struct fm_text *items;
	size_t count;
};

struct fm_person {
	struct fm_text name;
	struct slice url, bio; /* may be empty */
};

struct fm_translation {
	struct slice lang;   /* in its usual case */
	struct fm_text path; /* as a link in the file would have it */
};

struct fm_file {
	struct fm_text file;
	struct slice title; /* may be empty */
};

struct frontmatter {
	struct fm_text title, summary, lang, translation_key, series, slug;
	struct fm_text canonical, written_by, licence;
	struct date date, updated, publish_date, withdrawn;
	bool draft;
	struct fm_list categories, tags, aliases;
	struct fm_person *authors;
	size_t author_count;
	struct fm_translation *translations;
	size_t translation_count;
	struct fm_file *attachments;
	size_t attachment_count;
};

struct frontmatter_split {
	bool found;
	struct slice yaml; /* the lines between; empty where not found */
	unsigned yaml_line;
	struct slice body; /* all that follows */
	unsigned body_line;
};

/*
 * Parts `text` (sanitised) into front matter and body; the slices point into
 * it.  A block without its end is none, with a warning to `d` (may be NULL).
 * -1 and *e for TOML and JSON.
 */
int frontmatter_split(struct slice text, const char *file, struct diag *d,
    struct frontmatter_split *out, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Reads the block of `split` into *out, whose values live in `a`.  -1 and *e
 * at the first thing that is wrong; *out is then undefined.
 */
int frontmatter_parse(struct arena *a, const struct frontmatter_split *split,
    const char *file, struct diag *d, struct frontmatter *out, struct err *e)
    __attribute__((warn_unused_result));

#endif
