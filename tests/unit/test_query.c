#include <stdio.h>

#include "base/buf.h"
#include "search/query.h"

#include "test.h"

static const char letters[QUERY_KINDS] = { 'w', 'a', 't', 'y', 'l' };

/* "w:water table|w:prov*|y:y=2026|" */
static void
parses(const char *typed, const char *want)
{
	struct query q;
	struct buf got;

	assert_int_equal(query_parse(slice_cstr(typed), &q), QUERY_FINE);
	buf_init(&got, 65536);
	for (size_t i = 0; i < q.count; i++)
		buf_addf(&got, "%c:%.*s%s|", letters[q.terms[i].kind],
		    SLICE_FMT(slice_trim(q.terms[i].words)),
		    q.terms[i].prefix ? "*" : "");
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
}

static void
words_and_phrases(void **state)
{
	(void)state;
	parses("water", "w:water|");
	parses("  Water\tTABLE\r\n", "w:water|w:table|");
	parses("\"water table\" deep", "w:water table|w:deep|");
	parses("water-table", "w:water table|");
	parses("\"never closed", "w:never closed|");
	parses("a\"b c\"d", "w:a|w:b c|w:d|");
	parses("“پانی کی قیمت”", "w:پانی کی قیمت|");
	parses("«a b» „c d“", "w:a b|w:c d|");
	parses("it's", "w:it s|");
	parses("one\xc2\xa0two", "w:one|w:two|");
}

static void
prefixes(void **state)
{
	(void)state;
	parses("wat*", "w:wat*|");
	parses("پان*", "w:پان*|");
	parses("پان٭", "w:پان*|");
	parses("\"water tab\"*", "w:water tab*|");
	parses("w*", "w:w|"); /* too much would begin so */
	parses("*water", "w:water|");
	parses("wa*er", "w:wa er|");
}

static void
filters(void **state)
{
	(void)state;
	parses("author:khan", "a:a=khan|");
	parses("AUTHOR:\"Sara Khan\" water", "a:a=sara a=khan|w:water|");
	parses("author:sara-khan", "a:a=sara a=khan|");
	parses("tag:water category:health", "t:t=water|t:t=health|");
	parses("year:۲۰۲۶ lang:UR", "y:y=2026|l:l=ur|");
	parses("مصنف:خان موضوع:پاني سال:2025 زبان:ur",
	    "a:a=خان|t:t=پانی|y:y=2025|l:l=ur|");
	parses("http://example.org/", "w:http example org|");
	parses("ratio 1:2", "w:ratio|w:1 2|");
	parses("year: water", "w:water|"); /* a year of nothing */
	parses("tag:wat*", "t:t=wat*|");
}

static void
results(void **state)
{
	static char many[QUERY_BYTES_MAX + 8];
	struct query q;

	(void)state;
	assert_int_equal(query_parse(SLICE_NONE, &q), QUERY_EMPTY);
	assert_int_equal(
	    query_parse(SLICE_LIT(" \" ' * ( ) "), &q), QUERY_EMPTY);
	assert_int_equal(query_parse(SLICE_LIT("a\0b"), &q), QUERY_NO_TEXT);
	assert_int_equal(query_parse(SLICE_LIT("\xff"), &q), QUERY_NO_TEXT);
	memset(many, 'x', sizeof(many));
	assert_int_equal(
	    query_parse(slice_make(many, QUERY_BYTES_MAX), &q), QUERY_FINE);
	assert_int_equal(
	    query_parse(slice_make(many, sizeof(many)), &q), QUERY_TOO_LONG);
	for (size_t i = 1; i < sizeof(many); i += 2)
		many[i] = ' ';
	assert_int_equal(
	    query_parse(slice_make(many, QUERY_TERMS_MAX * 2), &q), QUERY_FINE);
	assert_int_equal(
	    query_parse(slice_make(many, QUERY_TERMS_MAX * 2 + 2), &q),
	    QUERY_TOO_LONG);
}

static void
matches(const char *typed, const char *lang, const char *want)
{
	struct query q;
	struct buf got;

	assert_int_equal(query_parse(slice_cstr(typed), &q), QUERY_FINE);
	if (lang)
		query_add_lang(&q, slice_cstr(lang));
	buf_init(&got, 65536);
	query_match(&q, false, &got);
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
}

static void
expressions(void **state)
{
	(void)state;
	matches("water tab*", NULL,
	    "({title tags body}:\"water\" AND {title tags body}:\"tab\"*)");
	matches("year:2024 year:2025 water", NULL,
	    "({title tags body}:\"water\") AND "
	    "(facets:\"y=2024\" OR facets:\"y=2025\")");
	matches(
	    "author:a author:b", NULL, "(facets:\"a=a\" AND facets:\"a=b\")");
	matches("water", "ur-PK",
	    "({title tags body}:\"water\") AND (facets:\"l=ur\")");
	matches("water lang:en", "ur",
	    "({title tags body}:\"water\") AND (facets:\"l=en\")");
	/* The engine's own operators are words, or nothing. */
	matches("a NEAR(b, 3)", NULL,
	    "({title tags body}:\"a\" AND {title tags body}:\"near b\" AND "
	    "{title tags body}:\"3\")");
	matches("title:x ^y -z + OR", NULL,
	    "({title tags body}:\"title x\" AND {title tags body}:\"y\" AND "
	    "{title tags body}:\"z\" AND {title tags body}:\"or\")");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_phrases),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(filters),
		cmocka_unit_test(results),
		cmocka_unit_test(expressions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
