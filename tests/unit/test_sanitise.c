#include <stdio.h>

#include "test.h"

#include "base/buf.h"
#include "base/diag.h"
#include "markdown/sanitise.h"

struct seen {
	unsigned count, line, column;
	char text[128];
};

static void
keep(void *ctx, const struct diag_item *item)
{
	struct seen *s = ctx;

	s->count++;
	s->line = item->line;
	s->column = item->column;
	snprintf(s->text, sizeof(s->text), "%s", item->text);
}

static void
becomes(const char *in, size_t len, const char *want)
{
	struct buf out;

	buf_init(&out, 1024 * 1024);
	md_sanitise(&out, slice_make(in, len), "a.md", NULL);
	assert_slice(buf_slice(&out), want);
	buf_release(&out);
}

#define BECOMES(in, want) becomes(in, sizeof(in) - 1, want)

static void
clean_text_is_copied(void **state)
{
	(void)state;
	BECOMES("", "");
	BECOMES("plain\ttext\n", "plain\ttext\n");
	BECOMES("پانی کی قیمت ہے۔ 中文 😀", "پانی کی قیمت ہے۔ 中文 😀");
	BECOMES("LRM\xe2\x80\x8e RLM\xe2\x80\x8f ALM\xd8\x9c stay",
	    "LRM\xe2\x80\x8e RLM\xe2\x80\x8f ALM\xd8\x9c stay");
}

static void
line_ends_become_lf(void **state)
{
	(void)state;
	BECOMES("a\r\nb\rc\n\r\n", "a\nb\nc\n\n");
	BECOMES("a\r", "a\n");
	BECOMES("\xef\xbb\xbf"
		"a\xef\xbb\xbf",
	    "a\xef\xbb\xbf");
}

static void
controls_go(void **state)
{
	(void)state;
	BECOMES("a\0b\x1b[31mc\x7f"
		"d\x01\x02\x03",
	    "ab[31mcd");
	BECOMES("a\xc2\x85"
		"b\xc2\x9b"
		"c\xc2\xa0"
		"d",
	    "abc\xc2\xa0"
	    "d");
	BECOMES("a\x0b"
		"b\x0c"
		"c\xe2\x80\xa8"
		"d\xe2\x80\xa9"
		"e",
	    "a b c d e");
	BECOMES("a\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"
		"b",
	    "ab");
}

static void
invalid_bytes_are_replaced(void **state)
{
	(void)state;
	/* A maximal subpart each (Unicode, table 3-8). */
	BECOMES("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
	BECOMES("\xe2\x82"
		"x",
	    "\xef\xbf\xbd"
	    "x");
	BECOMES("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	BECOMES("\xf0\x9f\x98", "\xef\xbf\xbd");
	BECOMES("\xff", "\xef\xbf\xbd");
}

static void
text_is_composed(void **state)
{
	(void)state;
	BECOMES("e\xcc\x81", "\xc3\xa9");
	BECOMES("\xd8\xa7\xd9\x93", "\xd8\xa2");
	BECOMES("\xe2\x84\xab", "\xc3\x85");
}

static void
warnings_have_places(void **state)
{
	struct seen s = { 0 };
	struct diag d = { .sink = keep, .ctx = &s };
	struct buf out;

	(void)state;
	buf_init(&out, 1024 * 1024);
	md_sanitise(&out,
	    SLICE_LIT("\xef\xbb\xbf"
		      "a\r\nb\rپا\xff"),
	    "a.md", &d);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.line, 3);
	assert_int_equal(s.column, 3);
	assert_string_equal(s.text, "not UTF-8: replaced by U+FFFD");
	assert_int_equal(d.warnings, 1);
	/* Many are told in one. */
	for (int i = 0; i < 6; i++)
		md_sanitise(&out, SLICE_LIT("\xff\xff\xff\xff"), "a.md", NULL);
	s = (struct seen){ 0 };
	md_sanitise(&out,
	    SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	    "a.md", &d);
	assert_int_equal(s.count, 21);
	assert_string_equal(s.text, "not UTF-8 in 4 more places");
	buf_release(&out);
}

static void
a_full_buffer_is_told(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4);
	md_sanitise(&out, SLICE_LIT("e\xcc\x81 more than four"), NULL, NULL);
	assert_true(buf_failed(&out));
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_text_is_copied),
		cmocka_unit_test(line_ends_become_lf),
		cmocka_unit_test(controls_go),
		cmocka_unit_test(invalid_bytes_are_replaced),
		cmocka_unit_test(text_is_composed),
		cmocka_unit_test(warnings_have_places),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
