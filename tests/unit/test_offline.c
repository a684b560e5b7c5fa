#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "site/build.h"
#include "site/offline.h"
#include "site/offline_text.h"
#include "store/store.h"

#include "test.h"

/* --- pages --------------------------------------------------------------- */

static struct slice
find(void *ctx, struct slice address)
{
	(void)ctx;
	if (slice_eq_cstr(address, "/articles/x.gmi") ||
	    slice_eq_cstr(address, "/about.gmi"))
		return slice_from(address, 1);
	if (slice_eq_cstr(address, "/"))
		return SLICE_LIT("index.gmi");
	return SLICE_NONE;
}

static void
becomes(const char *address, const char *page, const char *want)
{
	struct offline_links links = { .host = SLICE_LIT("h.example"),
		.find = find };
	struct buf out;

	buf_init(&out, 100000);
	offline_text(&out, slice_cstr(page), slice_cstr(address),
	    slice_cstr(address + 1), &links);
	assert_non_null(buf_cstr(&out));
	assert_string_equal(out.ptr, want);
	buf_release(&out);
}

static void
test_links(void **state)
{
	(void)state;
	becomes("/articles/a.gmi", "text\n\n=> x.gmi X\n",
	    "text\n\n=> ../articles/x.gmi X\n");
	becomes("/articles/a.gmi", "=> /about.gmi\n", "=> ../about.gmi\n");
	becomes("/about.gmi", "=>\tarticles/x.gmi\tX  y\n",
	    "=> articles/x.gmi\tX  y\n");
	becomes("/articles/a/part-2.gmi", "=> ../x.gmi X\n=> ../../ Home\n",
	    "=> ../../articles/x.gmi X\n=> ../../index.gmi Home\n");
	becomes("/articles/a.gmi", "=> a/r%20s.pdf R (PDF)\n=> ../tag/water/ W",
	    "=> gemini://h.example/articles/a/r%20s.pdf R (PDF)\n"
	    "=> gemini://h.example/tag/water/ W\n");
	/* Not ours, not a link, not to be touched. */
	becomes("/a.gmi", "=> https://x.example/ X\n=> mailto:a@b.example\n",
	    "=> https://x.example/ X\n=> mailto:a@b.example\n");
	becomes("/a.gmi", "=> //x.example/y X\n=>\n=> \n",
	    "=> //x.example/y X\n=>\n=> \n");
	becomes("/a.gmi", "```\n=> about.gmi\n```\n=> about.gmi\n",
	    "```\n=> about.gmi\n```\n=> about.gmi\n");
	becomes("/a.gmi", "=> %zz X\n", "=> %zz X\n");
}

/* --- when they are made -------------------------------------------------- */

static void
write_article(const char *dir, const char *name, const char *title)
{
	char path[300], text[300];
	struct err e;

	snprintf(path, sizeof(path), "%s/c/articles/%s.md", dir, name);
	snprintf(text, sizeof(text),
	    "---\ntitle: %s\ndate: 2026-01-31\n---\nText.\n", title);
	assert_int_equal(
	    io_write_file(AT_FDCWD, path, slice_cstr(text), 0644, &e), 0);
}

static void
build(const char *dir, int64_t now_s, bool offline, uint64_t edition)
{
	char content[300], store[300];
	struct diag diag = { .sink = NULL };
	struct site_opts opts = { .content = content,
		.store = store,
		.jobs = 1,
		.now_s = now_s,
		.offline = offline,
		.diag = &diag };
	struct site_result result;
	struct err e = ERR_INIT;

	snprintf(content, sizeof(content), "%s/c", dir);
	snprintf(store, sizeof(store), "%s/store", dir);
	if (site_build(&opts, &result, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(result.edition, edition);
}

/* The hash of the year's copy; zeros where there is none. */
static struct hash
copy_of(const char *dir)
{
	char path[300];
	struct store_entry entry = { .size = 0 };
	struct store_reader *reader;
	struct store_view *view;
	struct err e;

	snprintf(path, sizeof(path), "%s/store", dir);
	reader = store_reader_open(path, &e);
	assert_non_null(reader);
	view = store_reader_view(reader);
	assert_non_null(view);
	if (store_view_get(view, SLICE_LIT("g/offline/2026.gpub"), &entry) !=
	    STORE_FOUND)
		entry.hash = (struct hash){ { 0 } };
	store_view_drop(view);
	store_reader_close(reader);
	return entry.hash;
}

static bool
same(struct hash a, struct hash b)
{
	return !memcmp(a.b, b.b, sizeof(a.b));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
remove_tree(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void
test_age(void **state)
{
	const int64_t start_s = 1800000000, hour = 3600, day = OFFLINE_AGE_S;
	const struct hash none = { { 0 } };
	char dir[] = "/tmp/qasid-offline-XXXXXX", path[300];
	struct hash first, second;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/c/articles", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/c/capsule.yaml", dir);
	assert_int_equal(
	    io_write_file(AT_FDCWD, path,
		SLICE_LIT("title: T\nhost: h.example\n"), 0644, &e),
	    0);
	write_article(dir, "a", "A");
	build(dir, start_s, false, 1);
	build(dir, start_s + day - 1, false, 1);
	assert_true(same(copy_of(dir), none));
	/* A day after the first edition. */
	build(dir, start_s + day, false, 2);
	first = copy_of(dir);
	assert_false(same(first, none));
	/* An edit is published; the copies wait until they are a day old. */
	write_article(dir, "a", "Another");
	build(dir, start_s + day + hour, false, 3);
	build(dir, start_s + 2 * day - 1, false, 3);
	assert_true(same(copy_of(dir), first));
	build(dir, start_s + 2 * day, false, 4);
	second = copy_of(dir);
	assert_false(same(second, first));
	/* Old, but nothing has changed. */
	build(dir, start_s + 9 * day, false, 4);
	/* Then an edit: its edition first, the copies in the next. */
	write_article(dir, "a", "A");
	build(dir, start_s + 10 * day, false, 6);
	assert_true(same(copy_of(dir), first));
	write_article(dir, "a", "Another");
	build(dir, start_s + 10 * day + 1, true, 8);
	assert_true(same(copy_of(dir), second));
	remove_tree(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
