/*
 * A packet from a worker, its text cleaned, written as a file and read again:
 * what was clean stays as it is, holds no control character but the ends of
 * its lines, and no file's head can be forged by it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "replies/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool is_so)
{
	if (!is_so)
		abort();
}

static void
check_text(struct slice text)
{
	struct buf again;

	buf_init(&again, 8 << 20);
	letter_clean(&again, text);
	must(buf_failed(&again) || slice_eq(buf_slice(&again), text));
	buf_release(&again);
	must(utf8_valid(text));
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.ptr[i] >= 0x20 || text.ptr[i] == '\n');
}

static void
check_file(struct slice text)
{
	struct letter in = { .date = date_from_unix(60), .text = text };
	struct letter out;
	struct letter_name parts;
	char name[LETTER_NAME_MAX];
	struct buf file;

	buf_init(&file, 8 << 20);
	letter_write(&file, &in);
	must(letter_parse(buf_slice(&file), &out) == 0);
	must(slice_eq(out.text, text) && !out.name.len);
	must(letter_name_make(name, SLICE_LIT("a-b"), &in) == 0);
	must(letter_name_parse(slice_cstr(name), &parts));
	buf_release(&file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_make((const char *)data, size), raw = bytes;
	struct reply_sent sent;
	struct reply_taken taken;
	struct letter letter;
	struct letter_name parts;
	struct buf text;

	if (size > LETTER_FILE_MAX)
		return 0;
	if (reply_sent_unpack(bytes, &sent) == 0)
		raw = sent.text;
	(void)!reply_taken_unpack(bytes, &taken);
	(void)!letter_parse(bytes, &letter);
	(void)letter_name_parse(bytes, &parts);
	buf_init(&text, 8 << 20);
	letter_clean(&text, raw);
	if (!buf_failed(&text) && text.len) {
		check_text(buf_slice(&text));
		check_file(buf_slice(&text));
	}
	buf_release(&text);
	return 0;
}
