/*
 * Front matter: any bytes are refused with a place, or read into values that
 * hold no control character and come back from a record as they were.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "content/article.h"
#include "content/catalog.h"
#include "content/frontmatter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			abort();
}

static void
check_record(struct arena *arena, const struct article *a)
{
	struct article b;
	struct buf one, two;

	buf_init(&one, 1 << 24);
	buf_init(&two, 1 << 24);
	article_encode(&one, a);
	if (article_decode(arena, buf_slice(&one), &b) < 0)
		abort();
	article_encode(&two, &b);
	if (!slice_eq(buf_slice(&one), buf_slice(&two)))
		abort();
	buf_release(&one);
	buf_release(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make((const char *)data, size);
	struct frontmatter_split split;
	struct article a = { .title = SLICE_NONE };
	struct catalog catalog;
	struct arena arena;
	struct err e = ERR_INIT;

	arena_init(&arena, (size_t)64 << 20);
	if (frontmatter_split(text, "a.md", NULL, &split, &e) == 0) {
		if (frontmatter_parse(
			&arena, &split, "a.md", NULL, &a.fm, &e) == 0) {
			check_text(a.fm.title.text);
			check_text(a.fm.summary.text);
			for (size_t i = 0; i < a.fm.tags.count; i++)
				check_text(a.fm.tags.items[i].text);
			check_record(&arena, &a);
		} else if (e.kind == ERR_SYNTAX && !e.line) {
			abort();
		}
	}
	if (catalog_parse(&arena, text, "capsule.yaml", &catalog, &e) == 0)
		check_text(catalog_text(&catalog.title, SLICE_LIT("ur")));
	/* A record of any bytes is read or refused. */
	if (article_decode(&arena, text, &a) == 0)
		check_record(&arena, &a);
	arena_release(&arena);
	return 0;
}
