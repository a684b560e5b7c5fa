#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"

static char dir[] = "/tmp/test_io.XXXXXX";
static int dir_fd;

static int
setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || (dir_fd = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		return -1;
	return mkdirat(dir_fd, "d", 0700);
}

static int
teardown(void **state)
{
	static const char *const names[] = { "d/a", "d/link", "d/fifo", "up",
		"w" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir_fd, names[i], 0);
	unlinkat(dir_fd, "d", AT_REMOVEDIR);
	close(dir_fd);
	return rmdir(dir);
}

static enum err_kind
refused(const char *path, size_t max)
{
	struct err e = ERR_INIT;
	struct buf out;
	int rc;

	buf_init(&out, 1 << 20);
	rc = io_read_below(dir_fd, path, max, &out, NULL, &e);
	buf_release(&out);
	return rc < 0 ? e.kind : ERR_NONE;
}

static void
written_and_read(void **state)
{
	struct io_stamp one, two;
	struct buf out;
	struct err e;
	char big[200000];

	(void)state;
	memset(big, 'x', sizeof(big));
	buf_init(&out, 1 << 20);
	assert_int_equal(io_write_file(dir_fd, "d/a",
			     slice_make(big, sizeof(big)), 0600, &e),
	    0);
	assert_int_equal(
	    io_read_below(dir_fd, "d/a", sizeof(big), &out, &one, &e), 0);
	assert_int_equal(out.len, sizeof(big));
	assert_memory_equal(out.ptr, big, out.len);
	assert_int_equal(one.size, sizeof(big));
	buf_clear(&out);
	assert_int_equal(
	    io_write_file(dir_fd, "d/a", SLICE_LIT("new"), 0600, &e), 0);
	assert_int_equal(io_read_below(dir_fd, "d/a", 3, &out, &two, &e), 0);
	assert_slice(buf_slice(&out), "new");
	assert_false(io_stamp_eq(&one, &two));
	buf_release(&out);
	assert_int_equal(refused("d/a", 2), ERR_LIMIT);
	assert_int_equal(refused("d/a", 3), ERR_NONE);
	/* No other name is left behind. */
	assert_int_equal(unlinkat(dir_fd, "d/a", 0), 0);
	assert_int_equal(unlinkat(dir_fd, "d", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(dir_fd, "d", 0700), 0);
}

static void
only_regular_files_below(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
	    io_write_file(dir_fd, "d/a", SLICE_LIT("a"), 0600, &e), 0);
	assert_int_equal(symlinkat("a", dir_fd, "d/link"), 0);
	assert_int_equal(symlinkat("d", dir_fd, "up"), 0);
	assert_int_equal(mkfifoat(dir_fd, "d/fifo", 0600), 0);
	assert_int_equal(refused("d/a", 10), ERR_NONE);
	assert_int_equal(refused("d/link", 10), ERR_INVALID);
	assert_int_equal(refused("d/fifo", 10), ERR_INVALID);
	assert_int_equal(refused("d", 10), ERR_INVALID);
	assert_int_not_equal(refused("up/a", 10), ERR_NONE);
	assert_int_equal(refused("d/none", 10), ERR_MISSING);
	assert_int_equal(refused("none/a", 10), ERR_MISSING);
	assert_int_equal(refused("d/a/x", 10), ERR_MISSING);
	assert_int_not_equal(refused("d/../d/a", 10), ERR_NONE);
	assert_int_not_equal(refused("..", 10), ERR_NONE);
	assert_int_not_equal(refused("/etc/passwd", 1 << 20), ERR_NONE);
	assert_int_not_equal(refused("", 10), ERR_NONE);
	assert_int_not_equal(refused("d/", 10), ERR_NONE);
}

static void
a_failed_write_leaves_the_old(void **state)
{
	struct buf out;
	struct err e;

	(void)state;
	assert_int_equal(
	    io_write_file(dir_fd, "w", SLICE_LIT("old"), 0600, &e), 0);
	assert_int_equal(
	    io_write_file(dir_fd, "d", SLICE_LIT("new"), 0600, &e), -1);
	assert_int_equal(
	    io_write_file(dir_fd, "none/w", SLICE_LIT("new"), 0600, &e), -1);
	buf_init(&out, 100);
	assert_int_equal(io_read_below(dir_fd, "w", 99, &out, NULL, &e), 0);
	assert_slice(buf_slice(&out), "old");
	buf_release(&out);
}

/* --- pack ---------------------------------------------------------------- */

static void
packed_and_unpacked(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, 127, 128, -128, 1 << 20,
		INT64_MAX, INT64_MIN };
	struct hash h = { { 1, 2, 3 } }, back;
	struct unpack in;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pack_signed(&out, numbers[i]);
		pack_number(&out, (uint64_t)numbers[i]);
	}
	pack_slice(&out, SLICE_LIT("text"));
	pack_slice(&out, SLICE_NONE);
	pack_hash(&out, &h);
	in = (struct unpack){ .rest = buf_slice(&out) };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_true(unpack_signed(&in) == numbers[i]);
		assert_true(unpack_number(&in) == (uint64_t)numbers[i]);
	}
	assert_slice(unpack_slice(&in), "text");
	assert_slice(unpack_slice(&in), "");
	back = unpack_hash(&in);
	assert_memory_equal(back.b, h.b, sizeof(h.b));
	assert_int_equal(in.rest.len, 0);
	assert_false(in.failed);
	buf_release(&out);
}

static void
damage_is_sticky(void **state)
{
	struct unpack in = { .rest = SLICE_LIT("\xff\xff") };

	(void)state;
	assert_true(unpack_number(&in) == 0);
	assert_true(in.failed);
	in = (struct unpack){ .rest = SLICE_LIT("\x05"
						"abc") };
	assert_int_equal(unpack_slice(&in).len, 0);
	assert_true(in.failed);
	assert_int_equal(unpack_number(&in), 0);
	in = (struct unpack){ .rest = SLICE_LIT("\x04"
						"abc") };
	assert_int_equal(unpack_count(&in), 0);
	assert_true(in.failed);
	in = (struct unpack){ .rest = SLICE_LIT("\x03"
						"abc") };
	assert_int_equal(unpack_count(&in), 3);
	in = (struct unpack){ .rest = SLICE_LIT("short") };
	unpack_hash(&in);
	assert_true(in.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(only_regular_files_below),
		cmocka_unit_test(a_failed_write_leaves_the_old),
		cmocka_unit_test(packed_and_unpacked),
		cmocka_unit_test(damage_is_sticky),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
