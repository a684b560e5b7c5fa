#include <string.h>

#include "proto/gemini.h"

#include "test.h"

static char line[2048];

static enum gemini_status
parse(const char *uri, struct gemini_request *req)
{
	size_t n = strlen(uri);

	assert_true(n < sizeof(line));
	memcpy(line, uri, n);
	return gemini_parse(line, n, req);
}

/* The line's state, the same for every way of cutting it up. */
static enum line_state
state_of(const char *bytes, size_t len, size_t *n)
{
	enum line_state s = LINE_MORE;

	for (size_t have = 0; have <= len && s == LINE_MORE; have++)
		s = gemini_line(bytes, have, n);
	assert_int_equal(gemini_line(bytes, len, n), s);
	return s;
}

static void
finds_the_line(void **state)
{
	size_t n = 0;

	(void)state;
	assert_int_equal(state_of("gemini://h/\r\n", 13, &n), LINE_WHOLE);
	assert_int_equal(n, 11);
	assert_int_equal(gemini_line("a\r\nb\r\n", 6, &n), LINE_WHOLE);
	assert_int_equal(n, 1);
	assert_int_equal(state_of("\r\n", 2, &n), LINE_WHOLE);
	assert_int_equal(n, 0);
	assert_int_equal(state_of("abc", 3, &n), LINE_MORE);
	assert_int_equal(state_of("abc\r", 4, &n), LINE_MORE);
	assert_int_equal(state_of("", 0, &n), LINE_MORE);
	assert_int_equal(state_of("abc\n", 4, &n), LINE_BAD);
	assert_int_equal(state_of("abc\rd", 5, &n), LINE_BAD);
	assert_int_equal(state_of("abc\r\r\n", 6, &n), LINE_BAD);
	assert_int_equal(state_of("\n\r\n", 3, &n), LINE_BAD);
}

static void
bounds_the_line(void **state)
{
	char bytes[1100];
	size_t n = 0;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(gemini_line(bytes, 1025, &n), LINE_MORE);
	assert_int_equal(gemini_line(bytes, 1026, &n), LINE_BAD);
	memcpy(bytes + 1024, "\r\n", 2);
	assert_int_equal(gemini_line(bytes, 1025, &n), LINE_MORE);
	assert_int_equal(gemini_line(bytes, 1026, &n), LINE_WHOLE);
	assert_int_equal(n, 1024);
	memcpy(bytes + 1024, "a\r\n", 3);
	assert_int_equal(gemini_line(bytes, 1026, &n), LINE_BAD);
	assert_int_equal(gemini_line(bytes, 1027, &n), LINE_BAD);
}

static void
parses(void **state)
{
	struct gemini_request r;

	(void)state;
	assert_int_equal(parse("gemini://Host/a/%62?x%20y", &r), 20);
	assert_slice(r.host, "Host");
	assert_slice(r.path, "/a/b");
	assert_slice(r.query, "x%20y");
	assert_true(r.has_query);
	assert_int_equal(r.port, GEMINI_PORT);
	assert_int_equal(parse("GEMINI://h:1966", &r), 20);
	assert_slice(r.path, "/");
	assert_int_equal(r.port, 1966);
	assert_false(r.has_query);
	assert_int_equal(parse("gemini://h:?q", &r), 20);
	assert_slice(r.path, "/");
	assert_int_equal(r.port, GEMINI_PORT);
	assert_int_equal(parse("gemini://h/a/./b/../%2e%2E/c", &r), 20);
	assert_slice(r.path, "/c");
	assert_int_equal(parse("gemini://h/%252e%252e", &r), 20);
	assert_slice(r.path, "/%2e%2e");
	assert_int_equal(parse("gemini://h//a//", &r), 20);
	assert_slice(r.path, "//a//");
}

static void
refuses(void **state)
{
	static const struct {
		const char *uri;
		enum gemini_status status;
	} cases[] = {
		{ "", 59 },
		{ "/", 59 },
		{ "gemini:", 59 },
		{ "gemini:///x", 59 },
		{ "gemini://:1965/", 59 },
		{ "gemini://u@h/", 59 },
		{ "gemini://@h/", 59 },
		{ "gemini://h/#", 59 },
		{ "gemini://h:70000/", 59 },
		{ "gemini://h/%", 59 },
		{ "http://u@h/", 59 },
		{ "http://h/", 53 },
		{ "titan://h/x;size=1", 53 },
		{ "gemini://h/..", 51 },
		{ "gemini://h/a/%2e%2e/%2e%2e/b", 51 },
		{ "gemini://h/a%2Fb", 51 },
		{ "gemini://h/a%00", 51 },
		{ "gemini://h/a%0Ab", 51 },
		{ "gemini://h/a%7f", 51 },
	};
	struct gemini_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(cases[i].uri, &r) != cases[i].status)
			fail_msg(
			    "%s is not %d", cases[i].uri, (int)cases[i].status);
}

static void
writes_headers(void **state)
{
	char dst[GEMINI_HEADER_MAX], meta[3000];
	size_t n;

	(void)state;
	n = gemini_header(dst, GEMINI_MOVED, SLICE_LIT("/a"));
	assert_slice(slice_make(dst, n), "31 /a\r\n");
	n = gemini_header(dst, GEMINI_GONE, SLICE_LIT("a\r\nb\tc\x1b[m\x7f"));
	assert_slice(slice_make(dst, n), "52 abc[m\r\n");
	n = gemini_page_header(dst, SLICE_LIT("text/gemini"), SLICE_LIT("ur"));
	assert_slice(slice_make(dst, n), "20 text/gemini; lang=ur\r\n");
	n = gemini_page_header(
	    dst, SLICE_LIT("text/gemini"), SLICE_LIT("ur,en"));
	assert_slice(slice_make(dst, n), "20 text/gemini; lang=\"ur,en\"\r\n");
	n = gemini_page_header(dst, SLICE_LIT("text/plain"), SLICE_LIT("ur"));
	assert_slice(slice_make(dst, n), "20 text/plain\r\n");
	memset(meta, 'x', sizeof(meta));
	n = gemini_header(dst, GEMINI_INPUT, slice_make(meta, sizeof(meta)));
	assert_int_equal(n, GEMINI_HEADER_MAX);
	n = gemini_page_header(
	    dst, slice_make(meta, sizeof(meta)), SLICE_LIT("ur"));
	assert_int_equal(n, GEMINI_HEADER_MAX);
	assert_memory_equal(dst + n - 2, "\r\n", 2);
	n = gemini_page_header(
	    dst, SLICE_LIT("text/gemini"), slice_make(meta, sizeof(meta)));
	assert_int_equal(n, GEMINI_HEADER_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_line),
		cmocka_unit_test(bounds_the_line),
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(writes_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
