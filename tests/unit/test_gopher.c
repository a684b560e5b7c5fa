#include <string.h>

#include "base/buf.h"
#include "proto/gopher.h"

#include "test.h"

static struct gopher_request
parse(const char *line)
{
	struct gopher_request r;

	gopher_parse(slice_cstr(line), &r);
	return r;
}

static void
finds_the_line(void **state)
{
	char bytes[1100];
	size_t n = 99;

	(void)state;
	assert_int_equal(gopher_line("\r\n", 2, &n), LINE_WHOLE);
	assert_int_equal(n, 0);
	assert_int_equal(gopher_line("\n", 1, &n), LINE_WHOLE);
	assert_int_equal(n, 0);
	assert_int_equal(gopher_line("a\nb", 3, &n), LINE_WHOLE);
	assert_int_equal(n, 1);
	assert_int_equal(gopher_line("a\r\r\n", 4, &n), LINE_WHOLE);
	assert_int_equal(n, 2);
	assert_int_equal(gopher_line("a\r", 2, &n), LINE_MORE);
	assert_int_equal(gopher_line("", 0, &n), LINE_MORE);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(gopher_line(bytes, 1025, &n), LINE_MORE);
	assert_int_equal(gopher_line(bytes, 1026, &n), LINE_BAD);
	bytes[1024] = '\n';
	assert_int_equal(gopher_line(bytes, 1025, &n), LINE_WHOLE);
	assert_int_equal(n, 1024);
	bytes[1024] = 'a';
	bytes[1025] = '\n';
	assert_int_equal(gopher_line(bytes, 1026, &n), LINE_BAD);
}

static void
splits_at_tab(void **state)
{
	struct gopher_request r = parse("/a\tb c\td");

	(void)state;
	assert_int_equal(r.kind, GOPHER_ITEM);
	assert_slice(r.selector, "/a");
	assert_true(r.has_search);
	assert_slice(r.search, "b c\td");
	r = parse("/a");
	assert_false(r.has_search);
	r = parse("\t$");
	assert_int_equal(r.kind, GOPHER_INFO);
	r = parse("/\t$");
	assert_int_equal(r.kind, GOPHER_INFO);
	r = parse("/a\t$");
	assert_int_equal(r.kind, GOPHER_ITEM);
	r = parse("\t+");
	assert_int_equal(r.kind, GOPHER_ITEM);
}

static void
tells_kinds(void **state)
{
	static const struct {
		const char *line;
		enum gopher_kind kind;
	} cases[] = {
		{ "", GOPHER_ITEM },
		{ "GET / HTTP/1.1", GOPHER_HTTP },
		{ "HEAD / HTTP/1.0", GOPHER_HTTP },
		{ "GET /", GOPHER_ITEM },
		{ "GETTING THERE HTTP/1", GOPHER_ITEM },
		{ "URL:http://a/", GOPHER_URL },
		{ "/URL:gemini://a/", GOPHER_URL },
		{ "URL:mailto:a@b", GOPHER_URL },
		{ "URL:javascript:x", GOPHER_BAD },
		{ "URL:http://a/\"x", GOPHER_BAD },
		{ "URL:http://a/'x", GOPHER_BAD },
		{ "URL:http://a/<x", GOPHER_BAD },
		{ "URL:http://a/ x", GOPHER_BAD },
		{ "URL:", GOPHER_BAD },
		{ "URL://a/", GOPHER_BAD },
		{ "a\x1b", GOPHER_BAD },
		{ "a\r", GOPHER_BAD },
		{ "\x7f", GOPHER_BAD },
		{ "\xd9\xbe", GOPHER_ITEM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(cases[i].line).kind != cases[i].kind)
			fail_msg("%s", cases[i].line);
	assert_int_equal(parse("URL:http://a/?b").kind, GOPHER_URL);
	assert_slice(parse("/URL:http://a/?b").selector, "http://a/?b");
}

static void
writes_errors(void **state)
{
	char dst[GOPHER_ERROR_MAX], host[2000];
	size_t n = gopher_error(
	    dst, SLICE_LIT("Nothing here"), SLICE_LIT("h.test\t70"));

	(void)state;
	assert_slice(
	    slice_make(dst, n), "3Nothing here\t\th.test\t70\r\n.\r\n");
	memset(host, 'h', sizeof(host));
	n = gopher_error(dst, SLICE_LIT("x"), slice_make(host, sizeof(host)));
	assert_int_equal(n, GOPHER_ERROR_MAX);
}

static void
escapes_pages(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16384);
	gopher_url_page(&b, SLICE_LIT("http://a/?b&c=\"'<>"));
	assert_non_null(buf_cstr(&b));
	assert_null(strstr(b.ptr, "&c"));
	assert_null(strstr(b.ptr, "\"'"));
	assert_non_null(strstr(b.ptr, "http://a/?b&amp;c=&quot;&#39;&lt;&gt;"));
	buf_clear(&b);
	gopher_http_page(
	    &b, SLICE_LIT("gopher://h:7070"), SLICE_LIT("gemini://h"));
	assert_non_null(buf_cstr(&b));
	assert_non_null(strstr(b.ptr, "<a href=\"gopher://h:7070/\">"));
	assert_non_null(strstr(b.ptr, "<a href=\"gemini://h/\">"));
	buf_clear(&b);
	gopher_info(&b, SLICE_LIT("h\t70"));
	assert_slice(buf_slice(&b),
	    "+-1\r\n+INFO: 1Main menu\t\th\t70\r\n+VIEWS:\r\n"
	    " application/gopher+-menu: <512b>\r\n.\r\n");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_line),
		cmocka_unit_test(splits_at_tab),
		cmocka_unit_test(tells_kinds),
		cmocka_unit_test(writes_errors),
		cmocka_unit_test(escapes_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
