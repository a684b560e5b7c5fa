/*
 * job.h: one document being converted, in a helper.
 */
#ifndef SITE_JOB_H
#define SITE_JOB_H

#include "base/diag.h"

#include "replies/letter.h"
#include "site/site_internal.h"

/* A helper's memory, used again for each document. */
struct scratch {
	struct arena arena;
	struct buf bytes, page, other, messages, deps, words, record;
	bool is_ready;
};

struct job {
	struct scratch *s;
	const struct site *site;
	struct doc *doc;
	struct document document;
	struct md_node *body_first, *body_last; /* of its tree; may be NULL */
	struct links links;
	const struct words *words;
	struct diag diag;
	struct err *err;
	struct buf *outputs; /* the reply begins with them */
	uint64_t size;       /* bytes of the whole as gemtext */
	bool in_parts;
	struct md_node *text_foot;          /* of all texts of a sheet */
	const struct md_node *text_foot_of; /* its tree */
	size_t word_count;                  /* of s->words */
	struct letter *replies;             /* in the order they are shown */
	size_t reply_count, reply_bytes;
};

/* The document's address, or another, with `suffix` behind, in the arena. */
struct slice job_address(
    struct job *j, struct slice address, const char *suffix);
/* Packs an output for the reply. */
int job_pack(struct job *j, const struct output *o)
    __attribute__((warn_unused_result));
/* The address of an alias in one form; "" is the alias as it was given. */
struct slice job_alias(struct job *j, struct slice alias, const char *suffix);
/*
 * Whether an alias stands for all forms: "/articles/old" and "/2019/old/", not
 * "/old.html".
 */
bool job_has_all_forms(struct slice alias);

/*
 * replying.c: reads the document's replies; packs what asks for one, where
 * readers are asked.
 */
int job_read_replies(struct job *j) __attribute__((warn_unused_result));
int job_pack_reply(struct job *j) __attribute__((warn_unused_result));

/*
 * searching.c: adds the words of the document to s->words, before anything is
 * added to its tree; and packs all that the index is told of it.
 */
int job_add_words(struct job *j) __attribute__((warn_unused_result));
int job_pack_words(struct job *j, struct buf *out)
    __attribute__((warn_unused_result));

/*
 * sheets.c: renders and packs the document in all its forms, in parts when it is
 * long.
 */
int sheets_pack(struct job *j) __attribute__((warn_unused_result));
/* Whether `rest`, behind the document's address, is the name of a part. */
bool sheets_is_part(struct slice rest);

#endif
