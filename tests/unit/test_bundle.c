#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/err.h"
#include "site/bundle.h"

#include "test.h"

static void
pack(struct buf *out, enum bundle_format format)
{
	struct err e = ERR_INIT;
	struct bundle *b = bundle_begin(out, format, 1767225600, &e);
	char long_path[200];

	memset(long_path, 'd', sizeof(long_path));
	memcpy(long_path + 190, "/x.gmi", 7);
	long_path[99] = '/';
	assert_non_null(b);
	assert_int_equal(
	    bundle_add(b, "index.gmi", SLICE_LIT("# Home\n"), &e), 0);
	assert_int_equal(
	    bundle_add(b, "articles/empty.gmi", SLICE_NONE, &e), 0);
	assert_int_equal(bundle_add(b, long_path, SLICE_LIT("deep\n"), &e), 0);
	assert_int_equal(bundle_end(b, &e), 0);
}

/* What libarchive's reader, told nothing of the format, finds in it. */
static void
check(const struct buf *file)
{
	static const size_t sizes[] = { 7, 0, 5 };
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	char bytes[16];

	archive_read_support_format_all(a);
	archive_read_support_filter_all(a);
	assert_int_equal(
	    archive_read_open_memory(a, file->ptr, file->len), ARCHIVE_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    archive_read_next_header(a, &entry), ARCHIVE_OK);
		assert_int_equal(archive_entry_mtime(entry), 1767225600);
		assert_int_equal(archive_entry_perm(entry), 0644);
		assert_int_equal(
		    archive_read_data(a, bytes, sizeof(bytes)), sizes[i]);
		if (i == 0)
			assert_memory_equal(bytes, "# Home\n", 7);
		if (i == 2)
			assert_int_equal(
			    strlen(archive_entry_pathname(entry)), 196);
	}
	assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_EOF);
	archive_read_free(a);
}

static void
test_formats_and_determinism(void **state)
{
	(void)state;
	for (int format = BUNDLE_TAR_GZ; format <= BUNDLE_ZIP; format++) {
		struct buf one, two;

		buf_init(&one, 1 << 20);
		buf_init(&two, 1 << 20);
		setenv("TZ", "Asia/Karachi", 1);
		tzset();
		pack(&one, (enum bundle_format)format);
		setenv("TZ", "America/Lima", 1);
		tzset();
		pack(&two, (enum bundle_format)format);
		check(&one);
		assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
		buf_release(&one);
		buf_release(&two);
	}
}

static void
test_limit(void **state)
{
	static char noise[100000];
	struct err e = ERR_INIT;
	struct buf out;
	struct bundle *b;
	int added;

	(void)state;
	srand(1);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)rand(); /* NOLINT */
	buf_init(&out, 5000);
	assert_non_null(b = bundle_begin(&out, BUNDLE_TAR_GZ, 0, &e));
	added = bundle_add(b, "a", slice_make(noise, sizeof(noise)), &e);
	assert_int_equal(bundle_end(b, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	assert_non_null(strstr(e.text, "5000 bytes"));
	(void)added;
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats_and_determinism),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
