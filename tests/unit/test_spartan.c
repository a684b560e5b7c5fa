#include <string.h>

#include "base/buf.h"
#include "proto/protocol.h"
#include "proto/spartan.h"

#include "test.h"

static char bytes[4096];

/* The state of a request, the same for every way of cutting it up. */
static enum line_state
state_of(const char *request, size_t len, size_t *n)
{
	enum line_state s = LINE_MORE;

	for (size_t have = 0; have <= len && s == LINE_MORE; have++)
		s = spartan_line(request, have, n);
	assert_int_equal(spartan_line(request, len, n), s);
	return s;
}

static enum gemini_status
parse(const char *request, struct gemini_request *out)
{
	size_t len = strlen(request), n = 0;

	assert_true(len < sizeof(bytes));
	memcpy(bytes, request, len);
	if (spartan_line(bytes, len, &n) != LINE_WHOLE)
		return 0;
	return spartan_parse(bytes, n, out);
}

static void
finds_the_end(void **state)
{
	static const struct {
		const char *request;
		size_t len; /* 0: none */
	} whole[] = {
		{ "h / 0\r\n", 7 },
		{ "h / 00\r\n", 8 },
		{ "h / 3\r\nabc", 10 },
		{ "h / 3\r\nabcd", 10 },
		{ "h / 2\r\n\r\n", 9 },
		{ "h / 0\r\nh / 0\r\n", 7 },
	};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		const char *r = whole[i].request;

		if (state_of(r, strlen(r), &n) != LINE_WHOLE ||
		    n != whole[i].len)
			fail_msg("%s: %zu", r, n);
	}
	assert_int_equal(state_of("", 0, &n), LINE_MORE);
	assert_int_equal(state_of("h / 0", 5, &n), LINE_MORE);
	assert_int_equal(state_of("h / 0\r", 6, &n), LINE_MORE);
	assert_int_equal(state_of("h / 3\r\nab", 9, &n), LINE_MORE);
	/* Data is any bytes. */
	assert_int_equal(state_of("h / 3\r\n\0\n\xff", 10, &n), LINE_WHOLE);
	assert_int_equal(n, 10);
}

static void
refuses_lines(void **state)
{
	static const char *const bad[] = { "h / 0\n", "h / 0\r\r\n",
		"h\r / 0\r\n", "h / \r\n", "h / x\r\n", "h / -1\r\n",
		"h / +1\r\n", "h / 1x\r\n", "h / 0 \r\n", "\r\n", "h\r\n",
		"h /\r\n", "h / 0\t\r\n", "\t", "\x16\x03\x01", "h / 0\x7f",
		"h /\xc3\xa9 0\r\n", "h / 1537\r\n",
		"h / 99999999999999999999999999\r\n",
		"h / 18446744073709551617\r\n", "GET / HTTP/1.1\r\n" };
	size_t n = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (state_of(bad[i], strlen(bad[i]), &n) != LINE_BAD)
			fail_msg("%s", bad[i]);
	assert_int_equal(state_of("h\0/ 0\r\n", 7, &n), LINE_BAD);
	assert_int_equal(n, 77);
}

static void
bounds_the_request(void **state)
{
	const size_t max = SPARTAN_REQUEST_MAX;
	size_t n = 0, line;

	(void)state;
	/* A line alone. */
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(state_of(bytes, max - 1, &n), LINE_MORE);
	assert_int_equal(state_of(bytes, max, &n), LINE_BAD);
	memcpy(bytes, "h /", 3);
	memcpy(bytes + max - 4, " 0\r\n", 4);
	assert_int_equal(state_of(bytes, max, &n), LINE_WHOLE);
	assert_int_equal(n, max);
	memcpy(bytes + max - 4, "a 0\r", 4);
	assert_int_equal(state_of(bytes, max, &n), LINE_BAD);
	/* A line and its data. */
	line = strlen("h / 1526\r\n");
	memcpy(bytes, "h / 1526\r\n", line);
	assert_int_equal(line + 1526, max);
	assert_int_equal(state_of(bytes, max - 1, &n), LINE_MORE);
	assert_int_equal(state_of(bytes, max, &n), LINE_WHOLE);
	assert_int_equal(n, max);
	memcpy(bytes, "h / 1527\r\n", line);
	assert_int_equal(state_of(bytes, line, &n), LINE_BAD);
}

static void
parses(void **state)
{
	struct gemini_request r;

	(void)state;
	assert_int_equal(parse("Host /a/%62?x 0\r\n", &r), 20);
	assert_slice(r.host, "Host");
	assert_slice(r.path, "/a/b");
	assert_slice(r.query, "x");
	assert_true(r.has_query);
	assert_false(r.is_plain);
	assert_int_equal(r.port, GEMINI_PORT_NONE);
	assert_int_equal(parse("h / 0\r\n", &r), 20);
	assert_slice(r.path, "/");
	assert_false(r.has_query);
	assert_int_equal(r.query.len, 0);
	assert_int_equal(
	    parse("h /a/./b/../%2e%2E/c 11\r\nhello%20\r\n!x", &r), 20);
	assert_slice(r.path, "/c");
	assert_slice(r.query, "hello%20\r\n!");
	assert_true(r.is_plain);
	/* Data counts for more than what should have been data. */
	assert_int_equal(parse("h /a?b 1\r\nc", &r), 20);
	assert_slice(r.path, "/a");
	assert_slice(r.query, "c");
	assert_true(r.is_plain);
	assert_int_equal(parse("[::1] / 0\r\n", &r), 20);
	assert_slice(r.host, "[::1]");
	assert_int_equal(parse("127.0.0.1 / 0\r\n", &r), 20);
	assert_int_equal(parse("xn--exampl-dma.com / 0\r\n", &r), 20);
}

static void
refuses(void **state)
{
	static const struct {
		const char *request;
		enum gemini_status status;
	} cases[] = {
		{ " / 0\r\n", 59 },
		{ "h  / 0\r\n", 59 },
		{ "h /  0\r\n", 59 },
		{ "h /a b 0\r\n", 59 },
		{ "h 0\r\n", 59 },
		{ " 0\r\n", 59 },
		{ "h a 0\r\n", 59 },
		{ "h  0\r\n", 59 },
		{ "h spartan://h/ 0\r\n", 59 },
		{ "h //h/ 0\r\n", 59 },
		{ "h /a#b 0\r\n", 59 },
		{ "h /a# 0\r\n", 59 },
		{ "h /% 0\r\n", 59 },
		{ "h /%4 0\r\n", 59 },
		{ "h /\" 0\r\n", 59 },
		{ "h /<a> 0\r\n", 59 },
		{ "h:300 / 0\r\n", 59 },
		{ "u@h / 0\r\n", 59 },
		{ "h/ / 0\r\n", 59 },
		{ "%68 / 0\r\n", 59 },
		{ "[ / 0\r\n", 59 },
		{ "[] / 0\r\n", 59 },
		{ "[::1 / 0\r\n", 59 },
		{ "[::1]:300 / 0\r\n", 59 },
		{ "[h\\] / 0\r\n", 59 },
		{ "h /.. 0\r\n", 51 },
		{ "h /a/%2e%2e/%2e%2e/b 0\r\n", 51 },
		{ "h /a%2Fb 0\r\n", 51 },
		{ "h /a%00 0\r\n", 51 },
		{ "h /a%0Ab 0\r\n", 51 },
		{ "h /a%7f 0\r\n", 51 },
	};
	struct gemini_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (parse(cases[i].request, &r) != cases[i].status)
			fail_msg("%s is not %d", cases[i].request,
			    (int)cases[i].status);
}

static void
writes_headers(void **state)
{
	static const struct {
		enum gemini_status status;
		const char *text, *want;
	} cases[] = {
		{ GEMINI_MOVED, "/a", "3 /a\r\n" },
		{ GEMINI_ELSEWHERE, "/a", "3 /a\r\n" },
		{ GEMINI_ELSEWHERE, "gemini://h/a", "4 gemini://h/a\r\n" },
		{ GEMINI_MOVED, "//h/a", "4 //h/a\r\n" },
		{ GEMINI_FAILED_FOR_NOW, "x", "5 x\r\n" },
		{ GEMINI_UNAVAILABLE, "x", "5 x\r\n" },
		{ GEMINI_SLOW_DOWN, "x", "5 x\r\n" },
		{ GEMINI_NOT_FOUND, "x", "4 x\r\n" },
		{ GEMINI_GONE, "a\r\nb\x1b[m", "4 ab[m\r\n" },
		{ GEMINI_PROXY_REFUSED, "x", "4 x\r\n" },
		{ GEMINI_BAD_REQUEST, "x", "4 x\r\n" },
	};
	char dst[GEMINI_HEADER_MAX], meta[3000];
	struct buf page;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = spartan_header(
		    dst, cases[i].status, slice_cstr(cases[i].text));
		assert_slice(slice_make(dst, n), cases[i].want);
	}
	n = spartan_page_header(dst, SLICE_LIT("text/gemini"), SLICE_LIT("ur"));
	assert_slice(slice_make(dst, n), "2 text/gemini; lang=ur\r\n");
	memset(meta, 'a', sizeof(meta));
	n = spartan_header(dst, GEMINI_GONE, slice_make(meta, sizeof(meta)));
	assert_int_equal(n, GEMINI_META_MAX + 4);
	buf_init(&page, 1024);
	spartan_ask_page(&page, SLICE_LIT("/a b/search"), SLICE_LIT("Words:"));
	assert_slice(buf_slice(&page), "=: /a%20b/search Words:\n");
	buf_release(&page);
}

/* Each row is whole, and no two protocols are taken for one another. */
static void
has_rows(void **state)
{
	(void)state;
	for (int p = 0; p < PROTOCOLS; p++) {
		const struct protocol *row = protocols[p];

		assert_non_null(row->name);
		assert_non_null(row->title);
		assert_non_null(row->line);
		assert_non_null(row->say);
		assert_non_null(row->refusal);
		assert_true(row->store == 'g' || row->store == 'o');
		assert_int_equal(row->store == 'g', row->parse != NULL);
		assert_int_equal(row->store == 'g', row->page_head != NULL);
		for (int q = 0; q < p; q++) {
			assert_string_not_equal(row->name, protocols[q]->name);
			assert_int_not_equal(row->port, protocols[q]->port);
		}
	}
	assert_false(protocols[PROTOCOL_SPARTAN]->is_usual);
	assert_int_equal(protocols[PROTOCOL_SPARTAN]->tls, PROTOCOL_TLS_NEVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_end),
		cmocka_unit_test(refuses_lines),
		cmocka_unit_test(bounds_the_request),
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(writes_headers),
		cmocka_unit_test(has_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
