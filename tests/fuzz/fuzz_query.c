/*
 * What readers type into a search: it parses or is refused; the words that come
 * of it are folded ones, and the expression holds nothing of the reader's
 * outside its quotation marks.  The page's excerpt is one clean line.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "search/excerpt.h"
#include "search/fold.h"
#include "search/message.h"
#include "search/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

/* Each word of a term is as folding makes it, filters' prefixes aside. */
static void
check_term(const struct query_term *t)
{
	struct slice rest = t->words,
		     prefix = slice_cstr(query_prefix(t->kind));

	check(rest.len > 1 && rest.ptr[rest.len - 1] == ' ');
	while (rest.len) {
		struct slice word = slice_take(&rest, ' ');

		check(slice_starts(word, prefix));
		word = slice_from(word, prefix.len);
		check(word.len && word.len <= FOLD_WORD_MAX);
		check(utf8_valid(word));
		for (size_t i = 0; i < word.len; i++) {
			unsigned char c = (unsigned char)word.ptr[i];

			check(c >= 0x80 || (c >= 'a' && c <= 'z') ||
			    (c >= '0' && c <= '9'));
		}
	}
}

/* Outside of quotation marks only our own words stand. */
static void
check_match(struct slice match)
{
	struct buf plain;
	bool quoted = false;

	buf_init(&plain, match.len + 1);
	for (size_t i = 0; i < match.len; i++) {
		if (match.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted)
			buf_add_char(&plain, match.ptr[i]);
	}
	check(!quoted);
	for (size_t i = 0; i < plain.len; i++)
		check(memchr("{title gsbodyfacet}:() ANDOR*", plain.ptr[i],
			  29) != NULL);
	buf_release(&plain);
}

static void
check_line(struct slice line)
{
	check(utf8_valid(line));
	for (size_t i = 0; i < line.len; i++)
		check((unsigned char)line.ptr[i] >= 0x20);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice typed = slice_make((const char *)data, size);
	struct search_question question;
	struct search_answer answer;
	struct query q;
	struct buf out;

	(void)!search_question_unpack(typed, &question);
	(void)!search_answer_unpack(typed, &answer);
	if (query_parse(typed, &q) != QUERY_FINE)
		return 0;
	check(q.count > 0 && q.count <= QUERY_TERMS_MAX);
	query_add_lang(&q, SLICE_LIT("ur-PK"));
	for (size_t i = 0; i < q.count; i++)
		check_term(&q.terms[i]);
	buf_init(&out, 65536);
	query_match(&q, false, &out);
	check(!buf_failed(&out) && out.len);
	check_match(buf_slice(&out));
	if (query_word_terms(&q))
		query_match(&q, true, &out);
	check_match(buf_slice(&out));
	buf_clear(&out);
	excerpt_add(&out, &q, typed);
	check_line(buf_slice(&out));
	buf_release(&out);
	return 0;
}
