/*
 * Counts of articles: what is counted, that nothing is lost when saving fails,
 * that days part, and that several processes add to one sum.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "server/counts.h"
#include "server/tally.h"

#include "test.h"

enum {
	DAY = 86400,
	NOON = 20780 * DAY + DAY / 2, /* 2026-11-23 */
};

static char folder[] = "/tmp/qasid-counts-XXXXXX";
static const char file[] = "2026-11-23.counts";

static char *
read_file(const char *name)
{
	static char text[1 << 20];
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
forget(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void
read_once(struct counts *c, enum protocol_id p, const char *path, int64_t at)
{
	counts_add(c, p, slice_cstr(path), at);
}

static void
save(struct counts *c, int64_t at)
{
	struct err e = ERR_INIT;

	if (counts_save(c, folder, at, &e) < 0)
		fail_msg("%s", e.text);
}

static void
counts_texts_of_articles(void **state)
{
	static const char *const not_counted[] = { "/", "/articles/",
		"/articles/water/part-2.gmi", "/articles/water/map.png",
		"/articles/wat er.gmi", "/articles/Water", "/articles/-a",
		"/articles/a--b", "/articles/water.gmi.gmi", "/water.gmi",
		"/articles/water.wide.txt", "/articles/water.w.txt", "" };
	static const char *const counted[] = { "/articles/water",
		"/articles/water.gmi", "/articles/water.txt",
		"/articles/water.md", "/articles/water.w40.txt",
		"/articles/water/all.gmi" };
	struct counts *c = counts_new();

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(not_counted) / sizeof(*not_counted); i++)
		read_once(c, PROTOCOL_GEMINI, not_counted[i], NOON);
	save(c, NOON);
	assert_null(read_file(file));
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++)
		read_once(c, PROTOCOL_GOPHER, counted[i], NOON);
	read_once(c, PROTOCOL_GEMINI, "/articles/air.gmi", NOON);
	read_once(c, PROTOCOL_GEMINI, "/articles/water.gmi", NOON);
	save(c, NOON);
	assert_string_equal(read_file(file),
	    "2026-11-23 gemini /articles/air 1\n"
	    "2026-11-23 gemini /articles/water 1\n"
	    "2026-11-23 gopher /articles/water 6\n");
	/* What was saved is not saved again, what comes is added. */
	save(c, NOON);
	read_once(c, PROTOCOL_GEMINI, "/articles/air.gmi", NOON);
	save(c, NOON);
	assert_string_equal(read_file(file),
	    "2026-11-23 gemini /articles/air 2\n"
	    "2026-11-23 gemini /articles/water 1\n"
	    "2026-11-23 gopher /articles/water 6\n");
	counts_free(c);
	forget(file);
}

static void
parts_the_days(void **state)
{
	struct counts *c = counts_new();

	(void)state;
	read_once(c, PROTOCOL_GEMINI, "/articles/a.gmi", NOON);
	read_once(c, PROTOCOL_GEMINI, "/articles/a.gmi", NOON + DAY);
	save(c, NOON + DAY);
	assert_string_equal(
	    read_file(file), "2026-11-23 gemini /articles/a 1\n");
	assert_string_equal(read_file("2026-11-24.counts"),
	    "2026-11-24 gemini /articles/a 1\n");
	/* The first day's table serves the third. */
	read_once(c, PROTOCOL_GEMINI, "/articles/a.gmi", NOON + 2 * DAY);
	save(c, NOON + 2 * DAY);
	assert_string_equal(read_file("2026-11-25.counts"),
	    "2026-11-25 gemini /articles/a 1\n");
	counts_free(c);
	forget(file);
	forget("2026-11-24.counts");
	forget("2026-11-25.counts");
}

static void
loses_nothing_on_failure(void **state)
{
	struct counts *c = counts_new();
	struct err e = ERR_INIT;

	(void)state;
	read_once(c, PROTOCOL_GEMINI, "/articles/a.gmi", NOON);
	assert_int_equal(counts_save(c, "/nonexistent/x", NOON, &e), -1);
	assert_non_null(strstr(e.text, "/nonexistent/x"));
	write_file(file, "2026-11-23 gemini /articles/a x\n");
	assert_int_equal(counts_save(c, folder, NOON, &e), -1);
	assert_string_equal(e.text, "no line of counts");
	write_file(file, "2026-11-22 gemini /articles/a 1\n");
	assert_int_equal(counts_save(c, folder, NOON, &e), -1);
	write_file(file, "2026-11-23 gemini /articles/a 41\n");
	save(c, NOON);
	assert_string_equal(
	    read_file(file), "2026-11-23 gemini /articles/a 42\n");
	counts_free(c);
	forget(file);
}

enum {
	PROCESSES = 4,
	NAMES = 300,
	ROUNDS = 20,
};

static void
adds_from_many_processes(void **state)
{
	struct counts *c = counts_new();
	struct tally t;
	size_t count;
	int fd;

	(void)state;
	for (int k = 0; k < PROCESSES; k++)
		if (fork() == 0) {
			for (int i = 0; i < NAMES * ROUNDS; i++) {
				char path[64];

				snprintf(path, sizeof(path),
				    "/articles/n%d.gmi", i % NAMES);
				read_once(c, PROTOCOL_GEMINI, path, NOON);
			}
			_exit(0);
		}
	/* Saving in the midst of it. */
	for (int k = 0; k < 20; k++)
		save(c, NOON);
	while (wait(NULL) > 0)
		;
	save(c, NOON);
	tally_init(&t);
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(tally_read(&t, fd, file, NULL), 0);
	close(fd);
	tally_sort(&t);
	assert_non_null(tally_rows(&t, &count));
	assert_int_equal(count, NAMES);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(tally_rows(&t, &count)[i].n[PROTOCOL_GEMINI],
		    PROCESSES * ROUNDS);
	tally_release(&t);
	counts_free(c);
	forget(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_texts_of_articles),
		cmocka_unit_test(parts_the_days),
		cmocka_unit_test(loses_nothing_on_failure),
		cmocka_unit_test(adds_from_many_processes),
	};
	int r;

	if (!mkdtemp(folder))
		return 77;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return r;
}
