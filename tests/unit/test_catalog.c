#include "test.h"

#include "base/arena.h"
#include "base/err.h"
#include "content/catalog.h"
#include "content/gone.h"
#include "content/text.h"

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 22);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct catalog
sound(const char *text)
{
	struct catalog c;
	struct err e = ERR_INIT;

	if (catalog_parse(&arena, slice_cstr(text), "capsule.yaml", &c, &e) < 0)
		fail_msg("%u:%u %s", e.line, e.column, e.text);
	return c;
}

static const char whole[] =
    "title: {en: Institute, ur: ادارہ}\n"
    "subtitle: One for all\n"
    "host: capsule.example.org\n"
    "languages: [en, ur]\n"
    "licence: CC BY 4.0\n"
    "contact: mailto:office@example.org\n"
    "authors:\n"
    "  - name: Dr. Haroon Afridi\n"
    "    slug: haroon-afridi\n"
    "    names: {ur: ڈاکٹر ہارون آفریدی}\n"
    "    url: https://example.org/haroon\n"
    "    bio: {en: Planner., ur: منصوبہ ساز۔}\n"
    "  - Mariam Yousaf\n"
    "categories:\n"
    "  - {name: Water, names: {ur: پانی}, description: Rivers.}\n"
    "terms: {پانی: water, آبپاشی: irrigation, \"C++\": cpp}\n"
    "series: [Rivers of the Indus]\n"
    "mirrors: [gemini://mirror.example.org/]\n"
    "words: {en: {articles: Papers}}\n";

static void
everything(void **state)
{
	struct catalog c = sound(whole);
	const struct catalog_name *n;

	(void)state;
	assert_slice(catalog_text(&c.title, SLICE_LIT("ur")), "ادارہ");
	assert_slice(catalog_text(&c.title, SLICE_LIT("ur-PK")), "ادارہ");
	assert_slice(catalog_text(&c.title, SLICE_LIT("fr")), "Institute");
	assert_slice(catalog_text(&c.subtitle, SLICE_LIT("ur")), "One for all");
	assert_slice(c.host, "capsule.example.org");
	assert_slice(catalog_lang(&c), "en");
	assert_int_equal(c.authors.count, 2);
	n = catalog_find(&c.authors, SLICE_LIT("ڈاکٹر ہارون آفریدی"));
	assert_non_null(n);
	assert_slice(n->slug, "haroon-afridi");
	assert_slice(n->url, "https://example.org/haroon");
	assert_slice(catalog_name_in(n, SLICE_LIT("en")), "Dr. Haroon Afridi");
	assert_slice(catalog_text(&n->about, SLICE_LIT("ur")), "منصوبہ ساز۔");
	assert_ptr_equal(n, catalog_find(&c.authors, n->slug));
	assert_slice(c.authors.items[1].slug, "mariam-yousaf");
	assert_null(catalog_find(&c.authors, SLICE_LIT("Nobody")));
	assert_int_equal(c.mirrors.count, 1);
	assert_int_equal(c.word_count, 1);
	assert_slice(c.words[0].name, "articles");
	assert_slice(catalog_lang(&(struct catalog){ .term_count = 0 }), "en");
}

static void
slugs_of_terms(void **state)
{
	static const struct {
		const char *spelling, *slug;
	} cases[] = { { "Water", "water" }, { "پانی", "water" },
		{ "آبپاشی", "irrigation" }, { "C++", "cpp" },
		{ "South Asia", "south-asia" },
		{ "local_government", "local-government" }, { "C#", "" },
		{ "صحت", "" } };
	struct catalog c = sound(whole);
	char slug[SLUG_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		slug[0] = '\0';
		assert_int_equal(catalog_slug(&c, &c.categories,
				     slice_cstr(cases[i].spelling), slug),
		    strlen(cases[i].slug));
		assert_string_equal(slug, cases[i].slug);
	}
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *want;
} bad[] = {
	{ "title: x\nlicense: y\nlanguage: en\n", 3, 1,
	    "unknown key \"language\"; is \"languages\" meant?" },
	{ "zzz: x\n", 1, 1, "unknown key \"zzz\"" },
	{ "authors:\n  - {name: x, boi: y}\n", 2, 15,
	    "unknown key \"boi\"; is \"bio\" meant?" },
	{ "title: [a]\n", 1, 8,
	    "a string or texts by language are wanted, not a list" },
	{ "title: {english!: a}\n", 1, 9,
	    "\"english!\" is no language tag, such as en or ur" },
	{ "host: exa mple\n", 1, 7, "\"exa mple\" is no host name" },
	{ "languages: [en, 1]\n", 1, 17,
	    "\"1\" is no language tag, such as en or ur" },
	{ "contact: [a]\n", 1, 10, "a string is wanted here, not a list" },
	{ "mirrors: {a: b}\n", 1, 10, "a list is wanted here, not a mapping" },
	{ "authors: x\n", 1, 10, "a list is wanted here, not a string" },
	{ "authors:\n  - slug: x\n", 2, 5, "a name is missing" },
	{ "authors: [[x]]\n", 1, 11, "a name is wanted here, not a list" },
	{ "authors: [عائشہ]\n", 1, 11,
	    "\"عائشہ\" needs a slug: a-z, 0-9 and hyphens" },
	{ "series: [a b, a-b]\n", 1, 15,
	    "\"a b\" and \"a-b\" have one slug, \"a-b\"" },
	{ "terms: {x: Y z}\n", 1, 12,
	    "\"Y z\" is no slug: a-z, 0-9 and single hyphens between, at most "
	    "80" },
	{ "terms: [x]\n", 1, 8,
	    "spellings with their slugs are wanted, not a list" },
	{ "words: [x]\n", 1, 8,
	    "words by language are wanted here, not a list" },
	{ "words: {en: x}\n", 1, 13,
	    "words and their texts are wanted, not a string" },
	{ "- x\n", 1, 1, "keys and values are wanted, not a list" },
	{ "title: a\ntitle: b\n", 2, 1, "\"title\" is given twice" },
};

static void
errors_name_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct catalog c;
		struct err e = ERR_INIT;

		assert_int_equal(catalog_parse(&arena, slice_cstr(bad[i].text),
				     "capsule.yaml", &c, &e),
		    -1);
		assert_string_equal(e.text, bad[i].want);
		assert_string_equal(e.file, "capsule.yaml");
		assert_int_equal(e.line, bad[i].line);
		assert_int_equal(e.column, bad[i].column);
	}
}

/* --- slugs, languages, gone ---------------------------------------------- */

static void
slugs(void **state)
{
	static const struct {
		const char *from, *slug;
	} cases[] = { { "Price of Water", "price-of-water" },
		{ "  a__b -- c ", "a-b-c" }, { "2024", "2024" }, { "", "" },
		{ "-", "" }, { "a.b", "" }, { "caf\xc3\xa9", "" } };
	char slug[SLUG_MAX + 1], eighty[82];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = slug_make(slice_cstr(cases[i].from), slug);

		assert_int_equal(len, strlen(cases[i].slug));
		if (len) {
			assert_string_equal(slug, cases[i].slug);
			assert_true(slug_is_valid(slice_cstr(slug)));
		}
	}
	memset(eighty, 'a', sizeof(eighty));
	assert_int_equal(slug_make(slice_make(eighty, 80), slug), 80);
	assert_int_equal(slug_make(slice_make(eighty, 81), slug), 0);
	assert_true(slug_is_valid(slice_make(eighty, 80)));
	assert_false(slug_is_valid(slice_make(eighty, 81)));
	assert_false(slug_is_valid(SLICE_LIT("a--b")));
	assert_false(slug_is_valid(SLICE_LIT("-a")));
	assert_false(slug_is_valid(SLICE_LIT("a-")));
	assert_false(slug_is_valid(SLICE_LIT("A")));
	assert_false(slug_is_valid(SLICE_NONE));
}

static void
languages(void **state)
{
	static const struct {
		const char *given, *tag;
	} cases[] = { { "UR", "ur" }, { "en-gb", "en-GB" },
		{ "AR-latn", "ar-Latn" }, { "ur_PK", "ur-PK" },
		{ "ckb", "ckb" }, { "sl-rozaj-1994", "sl-rozaj-1994" },
		{ "e", NULL }, { "", NULL }, { "en-", NULL }, { "-en", NULL },
		{ "en--us", NULL }, { "languages", NULL }, { "en us", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice tag;
		int rc = text_lang(&arena, slice_cstr(cases[i].given), &tag);

		assert_int_equal(rc, cases[i].tag ? 0 : -1);
		if (cases[i].tag)
			assert_slice(tag, cases[i].tag);
	}
	assert_true(text_lang_matches(SLICE_LIT("ur"), SLICE_LIT("ur-PK")));
	assert_false(text_lang_matches(SLICE_LIT("ur-PK"), SLICE_LIT("ur")));
	assert_false(text_lang_matches(SLICE_LIT("u"), SLICE_LIT("ur")));
}

static void
gone(void **state)
{
	struct gone_list list;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    gone_parse(&arena,
		SLICE_LIT("# why\n\n/articles/x  Merged into y\n/events/"),
		"gone", &list, &e),
	    0);
	assert_int_equal(list.count, 2);
	assert_slice(list.items[0].address, "/articles/x");
	assert_slice(list.items[0].reason, "Merged into y");
	assert_int_equal(list.items[0].line, 3);
	assert_slice(list.items[1].address, "/events/");
	assert_slice(list.items[1].reason, "");
	assert_int_equal(gone_parse(&arena, SLICE_LIT("/x\narticles/x y\n"),
			     "gone", &list, &e),
	    -1);
	assert_int_equal(e.line, 2);
	assert_string_equal(
	    e.text, "\"articles/x\" is no address, such as /articles/x");
}

static void
slugs_of_titles(void **state)
{
	static const struct {
		const char *title, *slug;
	} cases[] = { { "The price of water", "the-price-of-water" },
		{ "  What's it worth?! ", "whats-it-worth" },
		{ "It\xe2\x80\x99s \xe2\x80\x9cnew\xe2\x80\x9d", "its-new" },
		{ "Größer, naïve", "gro-er-naive" }, { "پانی", "" },
		{ "پانی 2026", "" }, { "C++ & C#", "c-c" }, { "2026", "2026" },
		{ "GDP at 4.5 %", "gdp-at-4-5" }, { "---", "" }, { "", "" },
		{ "A", "a" } };
	char slug[SLUG_MAX + 1], long_title[401];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		slug_of_title(slice_cstr(cases[i].title), slug);
		assert_string_equal(slug, cases[i].slug);
	}
	/* Cut between two words, or within the only one. */
	for (size_t i = 0; i < 400; i++)
		long_title[i] = i % 8 == 7 ? ' ' : 'x';
	assert_int_equal(slug_of_title(slice_make(long_title, 400), slug), 79);
	assert_true(slug_is_valid(slice_cstr(slug)));
	memset(long_title, 'x', 400);
	assert_int_equal(
	    slug_of_title(slice_make(long_title, 400), slug), SLUG_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(slugs_of_terms),
		cmocka_unit_test(slugs_of_titles),
		cmocka_unit_test(errors_name_their_place),
		cmocka_unit_test(slugs),
		cmocka_unit_test(languages),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
