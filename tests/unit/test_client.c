#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/known.h"
#include "client/menu.h"
#include "client/reply.h"
#include "client/target.h"

#include "test.h"

static enum reply_state
parse(const char *text, struct reply *r)
{
	const char *why = NULL;
	enum reply_state s = reply_parse(slice_cstr(text), r, &why);

	assert_true(s != REPLY_BAD || why);
	return s;
}

static void
test_reply_whole(void **state)
{
	struct reply r;

	(void)state;
	assert_int_equal(parse("20 text/gemini; lang=ur\r\n# x", &r), 0);
	assert_int_equal(r.status, 20);
	assert_slice(r.meta, "text/gemini; lang=ur");
	assert_int_equal(r.len, 25);
	assert_int_equal(parse("51\r\n", &r), REPLY_WHOLE);
	assert_slice(r.meta, "");
	assert_int_equal(parse("51 Not found\r\n", &r), REPLY_WHOLE);
	assert_int_equal(parse("44 \r\n", &r), REPLY_WHOLE);
	assert_int_equal(parse("10 \r\n", &r), REPLY_WHOLE);
	assert_int_equal(parse("31 /x\r\n", &r), REPLY_WHOLE);
}

static void
test_reply_part_or_bad(void **state)
{
	static const char *const part[] = { "", "2", "20", "20 text", "20 t\r",
		"51", "51\r" };
	static const char *const bad[] = { "x", "2x", "99 x\r\n", "63 x\r\n",
		"20\r\n", "20 \r\n", "20text/gemini\r\n", "20\ttext\r\n",
		"20 text/gemini\n", "20 a\rb\r\n", "20 a\x01z\r\n",
		"20 a\xff\r\n", "20  text\r\n", "20 text \r\n", "10\r\n",
		"\xef\xbb\xbf"
		"20 x\r\n",
		"\r\n", "30 \r\n" };
	char text[2000];
	struct reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		assert_int_equal(parse(part[i], &r), REPLY_PART);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &r) != REPLY_BAD)
			fail_msg("taken: %s", bad[i]);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text, "20 ", 3);
	memcpy(text + 3 + REPLY_META_MAX, "\r\n", 3);
	assert_int_equal(parse(text, &r), REPLY_WHOLE);
	memcpy(text + 3 + REPLY_META_MAX, "a\r\n", 4);
	assert_int_equal(parse(text, &r), REPLY_BAD);
}

static void
test_reply_parameters(void **state)
{
	struct slice meta =
	    SLICE_LIT("text/gemini ; charset=\"utf-8;x\";LANG=\"ur,en\"; x");
	bool found;

	(void)state;
	assert_slice(reply_media(meta), "text/gemini");
	assert_slice(reply_param(meta, "charset", NULL), "utf-8;x");
	assert_slice(reply_param(meta, "lang", &found), "ur,en");
	assert_true(found);
	assert_slice(reply_param(meta, "format", &found), "");
	assert_false(found);
}

static void
test_menu_lines(void **state)
{
	static const char *const bad[] = { "", "iText", "iText\t\t",
		"i\x1b[31m\t\t\t0", "0x\t/x\thost\t", "0x\t/x\thost\t65536",
		"0x\t/x\thost\t7a", "0x\t/x\thost\t70\t+\t", "\t\t\t70" };
	struct menu_item item;
	struct slice text;
	const char *why;

	(void)state;
	assert_int_equal(
	    menu_parse(SLICE_LIT("0Name\t/x.txt\thost\t7070"), &item, &why), 0);
	assert_int_equal(item.type, '0');
	assert_slice(item.name, "Name");
	assert_slice(item.selector, "/x.txt");
	assert_slice(item.host, "host");
	assert_int_equal(item.port, 7070);
	assert_false(item.plus);
	assert_int_equal(menu_parse(SLICE_LIT("i\t\t\t0"), &item, &why), 0);
	assert_int_equal(
	    menu_parse(SLICE_LIT("1N\t\th\t70\t+"), &item, &why), 0);
	assert_true(item.plus);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (menu_parse(slice_cstr(bad[i]), &item, &why) == 0)
			fail_msg("taken: %s", bad[i]);
	assert_true(
	    menu_is_error(SLICE_LIT("3Not here\t\th\t70\r\n.\r\n"), &text));
	assert_slice(text, "Not here");
	assert_false(menu_is_error(
	    SLICE_LIT("3Not here\t\th\t70\r\niX\t\t\t0\r\n.\r\n"), &text));
	assert_false(menu_is_error(SLICE_LIT("3 apples\r\n"), &text));
}

static void
test_known_hosts(void **state)
{
	char path[] = "/tmp/qasid-known-XXXXXX", *text;
	struct known_line line = { .host = SLICE_LIT("Host"), .port = 1965 };
	struct err e = ERR_INIT;
	size_t len;
	bool same;
	int fd;

	(void)state;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "# a note\n", 9), 9);
	close(fd);
	memset(line.cert.spki.b, 1, HASH_BYTES);
	memset(line.cert.cert.b, 2, HASH_BYTES);
	line.cert.not_after = 1893456000; /* 2030-01-01 */
	assert_int_equal(known_load(path, &text, &len, &e), 0);
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 0, &same), KNOWN_NEW);
	assert_int_equal(known_save(path, slice_make(text, len), &line, &e), 0);
	mem_free(text);
	assert_int_equal(known_load(path, &text, &len, &e), 0);
	assert_non_null(memmem(text, len, "# a note\n", 9));
	assert_non_null(memmem(text, len, " 2030-01-01\n", 12));
	line.host = SLICE_LIT("host");
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 0, &same), KNOWN_SAME);
	assert_true(same);
	line.cert.cert.b[0] = 9;
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 0, &same), KNOWN_SAME);
	assert_false(same);
	line.cert.spki.b[0] = 9;
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 1893455999, &same),
	    KNOWN_CHANGED);
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 1893456001, &same),
	    KNOWN_EXPIRED);
	line.port = 1966;
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 0, &same), KNOWN_NEW);
	line.port = 1965;
	assert_int_equal(known_save(path, slice_make(text, len), &line, &e), 0);
	mem_free(text);
	assert_int_equal(known_load(path, &text, &len, &e), 0);
	assert_int_equal(
	    known_find(slice_make(text, len), &line, 0, &same), KNOWN_SAME);
	mem_free(text);
	unlink(path);
	assert_int_equal(known_load(path, &text, &len, &e), 0);
	assert_int_equal(len, 0);
}

static void
test_targets(void **state)
{
	static const char *const bad[] = { "", "/x", "http://h/", "gemini:///x",
		"gemini://u@h/", "gemini://h:99999/", "gemini://h:0/",
		"gopher://h/0a%0ab", "gopher://h/0a%00", "gemini://\xd8\xa7/" };
	struct err e = ERR_INIT;
	struct target t;

	(void)state;
	assert_int_equal(
	    target_parse(SLICE_LIT("gemini://Host?a b#c"), &t, &e), 0);
	assert_string_equal(t.host, "host");
	assert_string_equal(t.port, "1965");
	assert_slice(
	    slice_make(t.request, t.request_len), "gemini://Host/?a%20b\r\n");
	assert_int_equal(
	    target_parse(SLICE_LIT("gopher://[::1]:7070/0/a%20b"), &t, &e), 0);
	assert_string_equal(t.host, "::1");
	assert_string_equal(t.port, "7070");
	assert_int_equal(t.gopher_type, '0');
	assert_slice(slice_make(t.request, t.request_len), "/a b\r\n");
	assert_false(t.tls);
	assert_int_equal(target_parse(SLICE_LIT("GopherS://h/1/x"), &t, &e), 0);
	assert_int_equal(t.protocol, TARGET_GOPHER);
	assert_true(t.tls);
	assert_string_equal(t.port, "70");
	assert_int_equal(target_parse(SLICE_LIT("gopher://h"), &t, &e), 0);
	assert_slice(slice_make(t.request, t.request_len), "\r\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (target_parse(slice_cstr(bad[i]), &t, &e) == 0)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(target_parse(SLICE_LIT("gemini://h/a/b"), &t, &e), 0);
	assert_int_equal(target_redirect(&t, SLICE_LIT("../c"), &t, &e), 0);
	assert_string_equal(t.url, "gemini://h/c");
	assert_int_equal(
	    target_redirect(&t, SLICE_LIT("http://x/"), &t, &e), -1);
}

static void
test_url_of_the_greatest_length(void **state)
{
	char url[2000] = "gemini://h/";
	struct err e = ERR_INIT;
	struct target t;

	(void)state;
	memset(url + 11, 'a', sizeof(url) - 12);
	assert_int_equal(target_parse(slice_make(url, 1024), &t, &e), 0);
	assert_int_equal(t.request_len, 1026);
	assert_int_equal(target_parse(slice_make(url, 1025), &t, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_whole),
		cmocka_unit_test(test_reply_part_or_bad),
		cmocka_unit_test(test_reply_parameters),
		cmocka_unit_test(test_menu_lines),
		cmocka_unit_test(test_known_hosts),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_url_of_the_greatest_length),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
