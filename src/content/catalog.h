/*
 * catalog.h: capsule.yaml: what stands on every page, and the names that
 * articles refer to.
 *
 * An unknown key is an error that names its place and the key it resembles.
 * The catalogue lives in the caller's arena and is read-only once loaded.
 */
#ifndef CONTENT_CATALOG_H
#define CONTENT_CATALOG_H

#include <stdbool.h>

#include "base/date.h"
#include "base/slice.h"
#include "content/slug.h"

struct arena;
struct err;

enum {
	CATALOG_BYTES_MAX = 1024 * 1024
};

/* One text in several languages; lang is empty for one without a language. */
struct catalog_text {
	struct slice lang, text;
};

struct catalog_texts {
	struct catalog_text *items;
	size_t count;
};

struct catalog_list {
	struct slice *items;
	size_t count;
};

/* An author, a category or a series. */
struct catalog_name {
	struct slice name;          /* as articles and pages have it */
	struct slice slug;          /* given or made of the name */
	struct catalog_texts names; /* in other languages */
	struct catalog_texts about; /* bio or description */
	struct slice url;           /* of an author; may be empty */
	unsigned line;
};

struct catalog_names {
	struct catalog_name *items;
	size_t count;
};

/* A spelling of a term, and the slug it stands for. */
struct catalog_term {
	struct slice spelling, slug;
};

/* An override of one of the program's own words. */
struct catalog_word {
	struct slice lang, name, text;
	unsigned line, column;
};

struct catalog {
	struct catalog_texts title, subtitle;
	struct slice host;             /* permanent: in Atom ids */
	struct catalog_list hosts;     /* all names; the first is `host` */
	struct catalog_list languages; /* the first is the default */
	struct slice licence, contact;
	struct date security_expires; /* of security.txt */
	struct catalog_names authors, categories, series;
	struct catalog_term *terms; /* sorted by spelling */
	size_t term_count;
	struct catalog_list mirrors;
	bool no_search; /* "search: no" */
	bool replies;   /* "replies: yes" */
	struct catalog_word *words;
	size_t word_count;
};

/*
 * Reads `text` (capsule.yaml, named `file` in messages) into *out, whose
 * values live in `a`.  -1 and *e at the first thing that is wrong.
 */
int catalog_parse(struct arena *a, struct slice text, const char *file,
    struct catalog *out, struct err *e) __attribute__((warn_unused_result));

/*
 * The text in `lang`, else in its main language, else in the first language
 * that has one; empty when there is none.
 */
struct slice catalog_text(const struct catalog_texts *texts, struct slice lang);

/* As catalog_text, of a name: `name` itself where `lang` has no other. */
struct slice catalog_name_in(const struct catalog_name *n, struct slice lang);

/* The entry that has `name`, in any language or as its slug; NULL: none. */
const struct catalog_name *catalog_find(
    const struct catalog_names *names, struct slice name);

/* The capsule's own language. */
struct slice catalog_lang(const struct catalog *c);

/*
 * The slug of a category, tag or series as an article spells it: by `names`
 * (may be NULL), by `terms`, or made of the spelling.  Its length, NUL behind
 * it in out; 0: it must be given in `terms`.
 */
size_t catalog_slug(const struct catalog *c, const struct catalog_names *names,
    struct slice spelling, char out[SLUG_MAX + 1]);

/* Whether `terms` has the spelling. */
bool catalog_has_term(const struct catalog *c, struct slice spelling);

#endif
