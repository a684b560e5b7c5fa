#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/utf8.h"
#include "replies/inbox.h"
#include "replies/message.h"
#include "replies/texts.h"

static void
cleans(void **state)
{
	static const struct {
		const char *raw, *clean;
	} cases[] = {
		{ "Word", "Word\n" },
		{ "a\r\nb\rc\n", "a\nb\nc\n" },
		{ "\n \n\ta  \n\n\n\nb\n\n", " a\n\nb\n" },
		{ "\x1b[2Jx\x07\x7f", "[2Jx\n" },
		{ "a\xe2\x80\xae"
		  "b\xe2\x81\xa6"
		  "c",
		    "abc\n" },
		{ "\xff", "\xef\xbf\xbd\n" },
		{ " \t\n \r\n", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 4096);
		letter_clean(&out, slice_cstr(cases[i].raw));
		assert_slice(buf_slice(&out), cases[i].clean);
		buf_release(&out);
	}
}

static void
writes_and_parses(void **state)
{
	struct letter in = { .date = date_from_unix(1769868300),
		.name = SLICE_LIT("Asma"),
		.text = SLICE_LIT("---\nname: x\n") };
	struct letter out;
	struct buf bytes;

	(void)state;
	buf_init(&bytes, 4096);
	letter_write(&bytes, &in);
	assert_slice(buf_slice(&bytes),
	    "---\ndate: 2026-01-31T14:05:00Z\nname: Asma\n---\n"
	    "---\nname: x\n");
	assert_int_equal(letter_parse(buf_slice(&bytes), &out), 0);
	assert_slice(out.name, "Asma");
	assert_slice(out.text, "---\nname: x\n");
	assert_int_equal(date_unix(&out.date), 1769868300);
	buf_release(&bytes);
}

static void
refuses_files(void **state)
{
	static const char *const bad[] = { "", "Text\n", "---\n---\ntext\n",
		"---\ndate: 2026-01-31\n", "---\ndate: 2026-01-31\n---\n",
		"---\ndate: tomorrow\n---\ntext\n",
		"---\ndate: 2026-01-31\nto: x\n---\ntext\n" };
	struct letter out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(letter_parse(slice_cstr(bad[i]), &out), -1);
}

static void
names(void **state)
{
	static const char *const bad[] = { "", ".md", "one.md",
		"one.20260131T1405.md", "one.20260131T1405.0123456789a.md",
		"one.20260131T1405.0123456789ag.md",
		"one.20260131 1405.0123456789ab.md",
		"../one.20260131T1405.0123456789ab.md",
		".one.20260131T1405.0123456789ab.md",
		"one.20260131T1405.0123456789ab.md.77.tmp" };
	struct letter r = { .date = date_from_unix(1769868300),
		.text = SLICE_LIT("x\n") };
	struct letter_name parts;
	char name[LETTER_NAME_MAX];

	(void)state;
	assert_int_equal(letter_name_make(name, SLICE_LIT("one-two"), &r), 0);
	assert_true(letter_name_parse(slice_cstr(name), &parts));
	assert_slice(parts.slug, "one-two");
	assert_slice(parts.stamp, "20260131T1405");
	assert_int_equal(parts.id.len, LETTER_ID_BYTES);
	assert_int_equal(letter_name_make(name, SLICE_LIT("../x"), &r), -1);
	assert_int_equal(letter_name_make(name, SLICE_LIT(""), &r), -1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(letter_name_parse(slice_cstr(bad[i]), &parts));
}

static int
count(void *ctx, struct slice name)
{
	(void)name;
	++*(size_t *)ctx;
	return 0;
}

struct folder {
	int fd;
};

static int
remove_one(void *ctx, struct slice name)
{
	const struct folder *f = ctx;

	return unlinkat(f->fd, name.ptr, 0);
}

static void
fills_an_inbox(void **state)
{
	char dir[] = "/tmp/test_letter.XXXXXX", long_text[LETTER_TEXT_MAX + 1];
	struct slice slug = SLICE_LIT("one");
	struct err e = ERR_INIT;
	size_t n = 0;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT(" \n"), 60, 2, &e), INBOX_EMPTY);
	assert_int_equal(
	    inbox_put(
		fd, slug, slice_make(long_text, sizeof(long_text)), 60, 2, &e),
	    INBOX_TOO_LONG);
	/* The same words in the same minute are one reply. */
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT("a"), 60, 2, &e), INBOX_TAKEN);
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT("a"), 119, 2, &e), INBOX_TAKEN);
	assert_int_equal(inbox_each(fd, count, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT("b"), 60, 2, &e), INBOX_TAKEN);
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT("c"), 60, 2, &e), INBOX_FULL);
	assert_int_equal(
	    inbox_put(fd, SLICE_LIT("../x"), SLICE_LIT("d"), 60, 9, &e),
	    INBOX_FAILED);
	assert_int_equal(
	    inbox_each(fd, remove_one, &(struct folder){ fd }, &e), 0);
	close(fd);
	assert_int_equal(rmdir(dir), 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(
	    inbox_put(fd, slug, SLICE_LIT("e"), 60, 2, &e), INBOX_FAILED);
	close(fd);
}

static void
carries_messages(void **state)
{
	struct reply_sent sent = { 7, SLICE_LIT("one"), SLICE_LIT("a\0b") };
	struct reply_taken taken = { 9, INBOX_LATER };
	struct buf b;

	(void)state;
	buf_init(&b, REPLY_MESSAGE_MAX);
	reply_sent_pack(&b, &sent);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(
		    reply_sent_unpack(slice_make(b.ptr, n), &sent), -1);
	assert_int_equal(reply_sent_unpack(buf_slice(&b), &sent), 0);
	assert_int_equal(sent.ticket, 7);
	assert_int_equal(sent.text.len, 3);
	buf_clear(&b);
	sent.slug = SLICE_LIT("a/b");
	reply_sent_pack(&b, &sent);
	assert_int_equal(reply_sent_unpack(buf_slice(&b), &sent), -1);
	buf_clear(&b);
	reply_taken_pack(&b, &taken);
	assert_int_equal(reply_taken_unpack(buf_slice(&b), &taken), 0);
	assert_int_equal(taken.result, INBOX_LATER);
	b.ptr[b.len - 1] = INBOX_RESULTS;
	assert_int_equal(reply_taken_unpack(buf_slice(&b), &taken), -1);
	buf_release(&b);
}

static void
keeps_texts_to_a_line(void **state)
{
	struct reply_texts in = { .text = { SLICE_LIT("a\nb") } }, out;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	in.text[REPLY_ELSEWHERE] = SLICE_LIT("last");
	reply_texts_write(&b, &in);
	reply_texts_read(buf_slice(&b), &out);
	assert_slice(out.text[REPLY_PROMPT], "a b");
	assert_slice(out.text[REPLY_ELSEWHERE], "last");
	reply_texts_read(SLICE_NONE, &out);
	assert_int_equal(out.text[REPLY_PROMPT].len, 0);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans),
		cmocka_unit_test(writes_and_parses),
		cmocka_unit_test(refuses_files),
		cmocka_unit_test(names),
		cmocka_unit_test(fills_an_inbox),
		cmocka_unit_test(carries_messages),
		cmocka_unit_test(keeps_texts_to_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
