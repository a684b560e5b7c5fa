#include <unilbrk.h>
#include <uniwidth.h>

#include "test.h"

#include "base/utf8.h"
#include "render/wrap.h"

/* Lines of `text` at `columns`, joined by '|'. */
static void
wraps(const char *text, unsigned columns, const char *want)
{
	struct slice line;
	struct wrap w;
	struct buf out;

	buf_init(&out, 65536);
	wrap_init(&w);
	assert_int_equal(wrap_start(&w, slice_cstr(text)), 0);
	while (wrap_take(&w, columns, &line)) {
		if (out.len)
			buf_add_char(&out, '|');
		buf_add(&out, line);
	}
	wrap_release(&w);
	assert_slice(buf_slice(&out), want);
	buf_release(&out);
}

static void
words_fill_lines(void **state)
{
	(void)state;
	wraps("", 10, "");
	wraps("one two three", 0, "one two three");
	wraps("one two three", 13, "one two three");
	wraps("one two three", 12, "one two|three");
	wraps("one two three", 7, "one two|three");
	wraps("one two three", 6, "one|two|three");
	wraps("one two three ", 13, "one two three");
	wraps("one two   three", 8, "one two|three");
	wraps("unbreakable x", 5, "unbreakable|x");
	wraps("x unbreakable y", 5, "x|unbreakable|y");
	wraps("a\nb c\nd", 2, "a|b|c|d");
}

static void
hyphens_and_dashes_break_after(void **state)
{
	(void)state;
	wraps("a well-known fact", 7, "a well-|known|fact");
	wraps("a well-known fact", 6, "a|well-|known|fact");
	wraps("12-03-1991", 5, "12-03-1991");
	wraps("it is -5 or", 7, "it is|-5 or");
	wraps("like this—so", 10, "like this—|so");
	wraps("in 1990–1995", 8, "in 1990–|1995");
	wraps("a.m. U.S. file.txt", 6, "a.m.|U.S.|file.txt");
	wraps("see (note) or, not", 5, "see|(note)|or,|not");
	wraps("and/or both", 5, "and/or|both");
}

static void
addresses_stay_whole(void **state)
{
	(void)state;
	wraps("at http://a.b/c-d-e-f/ it", 10, "at|http://a.b/c-d-e-f/|it");
	wraps("to a-b@c-d.org it", 8, "to|a-b@c-d.org|it");
	wraps("to www.a-b-c.org it", 8, "to|www.a-b-c.org|it");
}

static void
marks_and_wide_characters(void **state)
{
	(void)state;
	wraps("中文字符", 4, "中文|字符");
	wraps("中文字符", 5, "中文|字符");
	/* Three letters, each with a mark: three columns. */
	wraps("a\xcc\x8a"
	      "b\xcc\x8a"
	      "c\xcc\x8a d",
	    3,
	    "a\xcc\x8a"
	    "b\xcc\x8a"
	    "c\xcc\x8a|d");
	wraps("پانی کی قیمت", 7, "پانی کی|قیمت");
	assert_int_equal(wrap_width(SLICE_LIT("中a\xcc\x81")), 3);
	assert_int_equal(wrap_fit(SLICE_LIT("中文"), 3), 3);
	assert_int_equal(wrap_fit(SLICE_LIT("abc"), 2), 2);
}

static void
no_break_space_holds(void **state)
{
	(void)state;
	wraps("a\xc2\xa0"
	      "b c",
	    3,
	    "a\xc2\xa0"
	    "b|c");
	wraps("aa\xc2\xa0"
	      "bb cc",
	    3,
	    "aa\xc2\xa0"
	    "bb|cc");
}

/* --- what is known by heart agrees with the library ------------------------------ */

static unsigned long long seed = 7;

static unsigned
pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static bool
is_wrapped_like(struct slice text, unsigned columns)
{
	struct wrap own, library;
	struct slice a = SLICE_NONE, b = SLICE_NONE;
	bool more, same = true;

	wrap_init(&own);
	wrap_init(&library);
	assert_int_equal(wrap_start(&own, text), 0);
	assert_false(own.library);
	assert_int_equal(wrap_start(&library, text), 0);
	library.library = true;
	library.ascii = false;
	assert_int_equal(buf_reserve(&library.breaks, text.len), 0);
	u8_possible_linebreaks(
	    (const uint8_t *)text.ptr, text.len, "UTF-8", library.breaks.ptr);
	do {
		more = wrap_take(&own, columns, &a);
		same = more == wrap_take(&library, columns, &b) &&
		    (!more || slice_eq(a, b));
	} while (more && same);
	if (!same)
		print_message("\"%.*s\" at %u: \"%.*s\" or \"%.*s\"\n",
		    SLICE_FMT(text), columns, SLICE_FMT(a), SLICE_FMT(b));
	wrap_release(&own);
	wrap_release(&library);
	return same;
}

static void
known_scripts_break_as_the_library_says(void **state)
{
	static const char *const pieces[] = { "a", "word", "7", " ", " ", " ",
		"-", ",", ".", "(", ")", "[", "]", "\"", "'", "!", "?", ";",
		":", "/", "%", "é", "ß", "“", "”", "‘", "’", "–", "—", "ا",
		"پانی", "،", "۔", "؟", "؛", "۵", "Ж", "да", "…", "\xc2\xa0",
		"+", "=", "&", "#", "_", "{", "}", "«", "»" };
	struct buf text;

	(void)state;
	buf_init(&text, 65536);
	for (int i = 0; i < 20000; i++) {
		buf_clear(&text);
		for (unsigned n = 2 + pick(30); n; n--)
			buf_add_cstr(&text,
			    pieces[pick(sizeof(pieces) / sizeof(pieces[0]))]);
		assert_true(is_wrapped_like(buf_slice(&text), 1 + pick(30)));
	}
	buf_release(&text);
}

static void
widths_are_the_library_s(void **state)
{
	(void)state;
	for (uint32_t c = 0xa1; c < 0x3000; c++) {
		char text[4];
		int want = uc_width(c, "UTF-8");
		struct slice s = slice_make(text, utf8_encode(c, text));

		/* The soft hyphen is not in any text that is wrapped. */
		if (c != 0xad)
			assert_int_equal(wrap_width(s), want < 0 ? 0 : want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_fill_lines),
		cmocka_unit_test(hyphens_and_dashes_break_after),
		cmocka_unit_test(addresses_stay_whole),
		cmocka_unit_test(marks_and_wide_characters),
		cmocka_unit_test(no_break_space_holds),
		cmocka_unit_test(known_scripts_break_as_the_library_says),
		cmocka_unit_test(widths_are_the_library_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
