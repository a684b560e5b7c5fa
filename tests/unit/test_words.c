#include "test.h"

#include "render/words.h"

static void
each_word_stands_in_both_languages(void **state)
{
	const struct words *en = words_for(SLICE_LIT("en"));
	const struct words *ur = words_for(SLICE_LIT("ur"));

	(void)state;
	assert_false(en->rtl);
	assert_true(ur->rtl);
	for (int i = 0; i < WORD_COUNT; i++) {
		enum word w = (enum word)i;

		assert_non_null(en->word[i]);
		assert_non_null(ur->word[i]);
		assert_non_null(words_name(w));
		assert_true(strlen(en->word[i]) > 0);
		/* Urdu letters are not ASCII. */
		assert_true((unsigned char)ur->word[i][0] >= 0x80);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
			    words_name(w), words_name((enum word)k));
	}
	assert_string_equal(words_name(WORD_WRITTEN_BY), "written-by");
}

static void
tags_find_their_words(void **state)
{
	const struct words *en = words_for(SLICE_NONE);

	(void)state;
	assert_ptr_equal(words_for(SLICE_LIT("en-GB")), en);
	assert_ptr_equal(words_for(SLICE_LIT("sw")), en);
	assert_ptr_equal(words_for(SLICE_LIT("ur-Latn")), en);
	assert_ptr_not_equal(words_for(SLICE_LIT("ur-PK")), en);
	assert_ptr_not_equal(words_for(SLICE_LIT("UR")), en);
	assert_ptr_equal(words_for(SLICE_LIT("urx")), en);
}

static void
languages_name_themselves(void **state)
{
	(void)state;
	assert_slice(words_language(SLICE_LIT("ur")), "اردو");
	assert_slice(words_language(SLICE_LIT("en-US")), "English");
	assert_slice(words_language(SLICE_LIT("sd")), "سنڌي");
	assert_slice(words_language(SLICE_LIT("tlh")), "tlh");
}

static void
directions(void **state)
{
	static const char *const rtl[] = { "ur", "ar", "fa", "ps", "sd", "he",
		"ckb", "ur-PK", "UR", "ks", "pnb", "az-Arab", "en-Arab" };
	static const char *const ltr[] = { "", "en", "pa", "hi", "ur-Latn",
		"ar-Latn", "zh", "tr", "u", "arx" };

	(void)state;
	for (size_t i = 0; i < sizeof(rtl) / sizeof(rtl[0]); i++)
		assert_true(words_is_rtl(slice_cstr(rtl[i])));
	for (size_t i = 0; i < sizeof(ltr) / sizeof(ltr[0]); i++)
		assert_false(words_is_rtl(slice_cstr(ltr[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_stands_in_both_languages),
		cmocka_unit_test(tags_find_their_words),
		cmocka_unit_test(languages_name_themselves),
		cmocka_unit_test(directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
