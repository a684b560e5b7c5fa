/*
 * article.h: one document of the content tree: an article or a page.
 *
 * What is known of it before its body is converted; small, so that all of a
 * site's articles can be in memory.  It can be written to bytes and read back,
 * so that an unchanged file need not be opened again.
 */
#ifndef CONTENT_ARTICLE_H
#define CONTENT_ARTICLE_H

#include <stdbool.h>

#include "base/hash.h"
#include "content/frontmatter.h"

struct buf;

struct article {
	struct frontmatter fm;
	struct slice title; /* of the front matter, or the first heading */
	struct hash source; /* SHA-256 of the file's bytes */
};

/* Appends the article as bytes, for article_decode() of the same program. */
void article_encode(struct buf *out, const struct article *a);

/*
 * Reads what article_encode() wrote.  Texts point into `bytes`, lists live in
 * `arena`.  -1 when the bytes are damaged or memory ends.
 */
int article_decode(struct arena *arena, struct slice bytes, struct article *out)
    __attribute__((warn_unused_result));

/* Of such bytes what is not of the body: all but the file's digest. */
struct slice article_head(struct slice bytes);

#endif
