/*
 * A build after which nothing changed is followed by builds that see so from
 * stat(2) alone; whatever changes afterwards is seen.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "site/build.h"
#include "store/store.h"

#include "test.h"

enum {
	START_S = 1800000000,
	TRIES = 10000
};

static char dir[] = "/tmp/qasid-unchanged-XXXXXX";
static struct diag diag;

static void
put(const char *name, const char *text)
{
	char path[300];
	struct err e;

	snprintf(path, sizeof(path), "%s/c/%s", dir, name);
	assert_int_equal(
	    io_write_file(AT_FDCWD, path, slice_cstr(text), 0644, &e), 0);
}

static void
count(void *ctx, const char *what, size_t done)
{
	(void)what;
	(void)done;
	++*(unsigned *)ctx;
}

/* Builds; returns whether it went beyond the walk through the tree. */
static bool
build(int64_t now_s, struct site_result *result)
{
	char content[300], store[300];
	unsigned steps = 0;
	struct site_opts opts = { .content = content,
		.store = store,
		.jobs = 1,
		.now_s = now_s,
		.diag = &diag,
		.progress = count,
		.progress_ctx = &steps };
	struct err e = ERR_INIT;

	snprintf(content, sizeof(content), "%s/c", dir);
	snprintf(store, sizeof(store), "%s/s", dir);
	diag = (struct diag){ .sink = NULL };
	if (site_build(&opts, result, &e) < 0)
		fail_msg("%s", e.text);
	return steps != 0;
}

/*
 * Builds until nothing is left to do: a file's times must lie a moment back.
 * Returns the edition.
 */
static uint64_t
settle(int64_t now_s)
{
	struct site_result result;

	for (int i = 0; i < TRIES; i++)
		if (!build(now_s, &result))
			return result.edition;
	fail_msg("builds never end");
	return 0;
}

static void
changes(uint64_t *edition)
{
	struct site_result result;

	assert_true(build(START_S, &result));
	assert_int_equal(result.edition, ++*edition);
	assert_int_equal(settle(START_S), *edition);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
set_up(void **state)
{
	char path[300];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/qasid-unchanged-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/c/articles", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put("capsule.yaml", "title: T\n");
	put("articles/a.md", "---\ntitle: A\ndate: 2026-01-31\n---\nText.\n");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
test_changes(void **state)
{
	struct site_result result;
	uint64_t edition;
	char from[300], to[300];

	(void)state;
	edition = settle(START_S);
	assert_int_equal(edition, 1);
	assert_false(build(START_S, &result));
	assert_int_equal(result.articles, 1);
	assert_int_equal(result.converted, 0);

	put("articles/a.md", "---\ntitle: A\ndate: 2026-01-31\n---\nTexx.\n");
	changes(&edition);
	put("articles/b.md", "---\ntitle: B\ndate: 2026-01-30\n---\nText.\n");
	changes(&edition);
	put("capsule.yaml", "title: Another\n");
	changes(&edition);
	put("gone", "/articles/old Merged\n");
	changes(&edition);
	put("favicon.txt", "\xf0\x9f\x93\xae\n");
	changes(&edition);
	put("favicon.txt", "\xf0\x9f\x93\xaf\n");
	changes(&edition);
	snprintf(from, sizeof(from), "%s/c/articles/b.md", dir);
	snprintf(to, sizeof(to), "%s/c/articles/c.md", dir);
	assert_int_equal(rename(from, to), 0);
	changes(&edition);
	assert_int_equal(unlink(to), 0);
	changes(&edition);
}

/* What waits for its day comes on it, though no file changes. */
static void
test_day(void **state)
{
	struct site_result result;
	uint64_t edition;

	(void)state;
	/* 2027-01-15T08:00:00Z is START_S. */
	put("articles/b.md",
	    "---\ntitle: B\ndate: 2026-01-31\n"
	    "publishDate: 2027-01-15T08:00:10Z\n---\nText.\n");
	edition = settle(START_S);
	assert_false(build(START_S + 9, &result));
	assert_int_equal(result.articles, 1);
	assert_true(build(START_S + 10, &result));
	assert_int_equal(result.articles, 2);
	assert_int_equal(result.edition, edition + 1);
}

/* A file that is refused is named by every build. */
static void
test_refused(void **state)
{
	struct site_result result;

	(void)state;
	put("articles/b.md", "---\ntitle: [\n---\nText.\n");
	for (int i = 0; i < 3; i++) {
		assert_true(build(START_S, &result));
		assert_int_equal(result.refused, 1);
		assert_int_equal(diag.errors, 1);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_changes),
		T(test_day),
		T(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
