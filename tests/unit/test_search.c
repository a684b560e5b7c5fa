/*
 * The index and its queries, on documents made up here: in steps and at once
 * they have to find the same.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "search/excerpt.h"
#include "search/find.h"
#include "search/fold.h"
#include "search/index.h"
#include "search/query.h"
#include "search/record.h"
#include "store/store.h"

#include "test.h"

enum {
	DOCS = 400,
	VOCABULARY = 60,
};

static char dirs[2][64];
static char names[2][SEARCH_NAME_MAX];
static unsigned seed = 1;

static unsigned
draw(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static int
make_dirs(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "/tmp/qasid-search-XXXXXX");
		if (!mkdtemp(dirs[i]))
			return -1;
		names[i][0] = '\0';
	}
	return 0;
}

static int
remove_dirs(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		DIR *d = opendir(dirs[i]);
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			unlinkat(dirfd(d), entry->d_name, 0);
		closedir(d);
		rmdir(dirs[i]);
	}
	return 0;
}

/* --- documents ----------------------------------------------------------- */

struct doc {
	unsigned version; /* 0: not there */
};

static struct doc docs[DOCS];

/* The words of a version of a document: the same each time. */
static void
make_body(unsigned doc, unsigned version, struct buf *out)
{
	unsigned keep = seed, count;

	seed = doc * 7919 + version * 104729 + 1;
	count = 5 + draw(120);
	for (unsigned i = 0; i < count; i++) {
		unsigned a = draw(VOCABULARY), b = draw(VOCABULARY);

		buf_addf(out, "w%c%c ", 'a' + (a < b ? a : b) % 26,
		    'a' + (a < b ? a : b) / 26);
	}
	seed = keep;
}

static void
pack_doc(unsigned doc, unsigned version, struct buf *out)
{
	struct buf body, path, address, facets, words;
	struct search_record r = { .title = SLICE_LIT("A title"),
		.size = SLICE_LIT("1 KB"),
		.lang = SLICE_LIT("en"),
		.day = 20000101 + doc % 7 };

	buf_init(&body, 65536);
	buf_init(&words, 65536);
	buf_init(&path, 256);
	buf_init(&address, 256);
	buf_init(&facets, 256);
	make_body(doc, version, &body);
	buf_addf(&path, "articles/%u.md", doc);
	buf_addf(&address, "/articles/%u", doc);
	fold_add(
	    &facets, "t=", doc % 3 ? SLICE_LIT("odd one") : SLICE_LIT("even"));
	r.length = (unsigned)fold_add(&words, "", buf_slice(&body)) + 1;
	r.path = buf_slice(&path);
	r.address = buf_slice(&address);
	r.body_words = buf_slice(&words);
	r.title_words = doc % 5 ? SLICE_LIT("title ") : SLICE_LIT("waa ");
	r.facets = buf_slice(&facets);
	search_record_pack(out, &r);
	buf_release(&body);
	buf_release(&words);
	buf_release(&path);
	buf_release(&address);
	buf_release(&facets);
}

static void
fine(int rc, const struct err *e)
{
	if (rc)
		fail_msg("%s", e->text);
}

static void
put(struct search_index *x, unsigned doc, unsigned version)
{
	struct err e = ERR_INIT;
	struct buf record;

	buf_init(&record, 1 << 20);
	pack_doc(doc, version, &record);
	fine(search_index_put(x, buf_slice(&record), &e), &e);
	buf_release(&record);
}

static void
drop(struct search_index *x, unsigned doc)
{
	struct err e = ERR_INIT;
	char path[64];

	snprintf(path, sizeof(path), "articles/%u.md", doc);
	fine(search_index_drop(x, slice_cstr(path), &e), &e);
}

/* Names the index in the store of its folder. */
static void
publish(int which)
{
	struct err e = ERR_INIT;
	struct store_writer *w = store_writer_open(dirs[which], 1 << 24, &e);

	assert_non_null(w);
	fine(store_put_search(w, slice_cstr(names[which]), &e), &e);
	fine(store_publish(w, 1, &e), &e);
	store_writer_close(w);
}

/* Changes some documents; the index of folder 0 follows. */
static void
change(unsigned count)
{
	struct err e = ERR_INIT;
	struct search_index *x =
	    search_index_start(dirs[0], slice_cstr(names[0]), count, &e);

	if (!x)
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < count; i++) {
		unsigned doc = draw(DOCS);

		if (docs[doc].version && draw(4) == 0) {
			docs[doc].version = 0;
			drop(x, doc);
		} else {
			docs[doc].version = 1 + draw(1000000);
			put(x, doc, docs[doc].version);
		}
	}
	drop(x, DOCS + 5); /* never was */
	fine(search_index_finish(x, names[0], &e), &e);
	assert_true(search_index_is_sound(dirs[0], slice_cstr(names[0])));
	publish(0);
}

/* What there is now, from nothing, in folder 1. */
static void
from_nothing(void)
{
	struct err e = ERR_INIT;
	struct search_index *x =
	    search_index_start(dirs[1], SLICE_NONE, DOCS, &e);

	assert_non_null(x);
	for (unsigned i = 0; i < DOCS; i++)
		if (docs[i].version)
			put(x, i, docs[i].version);
	fine(search_index_finish(x, names[1], &e), &e);
	publish(1);
}

/* --- queries ------------------------------------------------------------- */

/* The results as text: how many, and the addresses in their order. */
static void
results(
    struct search_finder *f, const char *typed, unsigned page, struct buf *out)
{
	static struct query q;
	static struct find_page found;

	buf_clear(out);
	assert_int_equal(query_parse(slice_cstr(typed), &q), QUERY_FINE);
	assert_int_equal(search_find(f, &q, page, &found), FIND_FINE);
	buf_addf(out, "%zu:", found.total);
	for (size_t i = 0; i < found.count; i++)
		buf_addf(out, " %.*s", SLICE_FMT(found.hits[i].address));
}

static const char *const queries[] = { "waa", "wba", "waa wba", "wca wda wea",
	"\"waa wba\"", "w*", "wa*", "wab*", "tag:even", "tag:odd waa",
	"tag:\"odd one\" wfa", "tag:\"one odd\"", "title wga", "wza wya",
	"waa wba wca wda wea wfa wga wha wia wja" };

static void
compare(void)
{
	struct err e = ERR_INIT;
	struct search_finder *f[2];
	struct buf got[2];

	for (int i = 0; i < 2; i++) {
		f[i] = search_finder_new(dirs[i], 10000, &e);
		assert_non_null(f[i]);
		buf_init(&got[i], 65536);
	}
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		for (unsigned page = 1; page < 4; page++) {
			results(f[0], queries[i], page, &got[0]);
			results(f[1], queries[i], page, &got[1]);
			assert_string_equal(
			    buf_cstr(&got[0]), buf_cstr(&got[1]));
		}
	for (int i = 0; i < 2; i++) {
		search_finder_free(f[i]);
		buf_release(&got[i]);
	}
}

/* Deltas, then a new base of base and delta, again and again. */
static void
steps_find_the_same(void **state)
{
	static const unsigned steps[] = { 300, 1, 1, 20, 100, 1, 100, 60, 1,
		250, 3, 300, 2, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		change(steps[i]);
		if (i % 3 == 0 || steps[i] == 1) {
			from_nothing();
			compare();
		}
	}
}

/* Answers each byte with the results; LMDB wants one user a process. */
static void __attribute__((noreturn)) answer_along(int fd)
{
	struct err e = ERR_INIT;
	struct search_finder *f = search_finder_new(dirs[0], 10000, &e);
	struct buf got;
	char byte;

	buf_init(&got, 65536);
	while (f && read(fd, &byte, 1) == 1) {
		results(f, "waa wba", 1, &got);
		if (write(fd, got.ptr, got.len) < 0)
			break;
	}
	_exit(0);
}

/* A finder follows editions, one part at a time. */
static void
finder_follows(void **state)
{
	struct err e = ERR_INIT;
	struct search_finder *g;
	struct buf want;
	char got[4096];
	int fds[2];
	pid_t pid;

	(void)state;
	buf_init(&want, 65536);
	change(5);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		answer_along(fds[1]);
	}
	close(fds[1]);
	for (int i = 0; i < 8; i++) {
		ssize_t n = write(fds[0], "?", 1);

		n = n == 1 ? read(fds[0], got, sizeof(got)) : -1;
		assert_true(n > 0);
		g = search_finder_new(dirs[0], 10000, &e);
		results(g, "waa wba", 1, &want);
		search_finder_free(g);
		assert_int_equal(n, want.len);
		assert_memory_equal(got, want.ptr, want.len);
		change(i == 3 ? 300 : 5);
	}
	close(fds[0]);
	waitpid(pid, NULL, 0);
	buf_release(&want);
}

/* Too much that is outdated asks for an index from nothing. */
static void
outdated_is_unsound(void **state)
{
	bool sound = true;

	(void)state;
	for (int i = 0; sound && i < 20; i++) {
		struct err e = ERR_INIT;
		struct search_index *x =
		    search_index_start(dirs[0], slice_cstr(names[0]), 300, &e);

		for (unsigned k = 0; k < 300; k++)
			put(x, k, draw(1000000) + 1);
		fine(search_index_finish(x, names[0], &e), &e);
		sound = search_index_is_sound(dirs[0], slice_cstr(names[0]));
	}
	assert_false(sound);
	names[0][0] = '\0';
	assert_false(search_index_is_sound(dirs[0], SLICE_NONE));
	assert_false(
	    search_index_is_sound(dirs[0], SLICE_LIT("search.none.db")));
}

static void
sweeps(void **state)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *d;

	(void)state;
	change(300);
	change(2);
	search_index_sweep(dirs[0], slice_cstr(names[0]), SLICE_NONE);
	d = opendir(dirs[0]);
	while ((entry = readdir(d)))
		count += !strncmp(entry->d_name, "search.", 7);
	closedir(d);
	assert_int_equal(count, 2);
	from_nothing();
	for (unsigned i = 0; i < DOCS; i++)
		if (!docs[i].version)
			break;
	search_index_cancel(NULL);
}

/* What a hostile reader types reaches the engine as words, or not at all. */
static void
hostile(void **state)
{
	static const char *const bits[] = { "waa", "\"", "*", "(", ")", " ",
		" NEAR", "title", ":", "^", "-", " OR ", " AND ", " NOT ", "+",
		"{", "}", "author:", "year:", "\x01", "پانی", "'", ";--", "\\",
		"“", "٭", "=", "a=b", "\t", "\u202e" };
	static struct query q;
	static struct find_page found;
	struct err e = ERR_INIT;
	struct search_finder *f = search_finder_new(dirs[1], 10000, &e);
	unsigned fine_ones = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		char typed[512];
		size_t used = 0;

		for (unsigned n = 1 + draw(14); n; n--)
			used += (size_t)snprintf(typed + used,
			    sizeof(typed) - used, "%s",
			    bits[draw(sizeof(bits) / sizeof(bits[0]))]);
		if (query_parse(slice_make(typed, used), &q) != QUERY_FINE)
			continue;
		fine_ones++;
		if (search_find(f, &q, 1, &found) != FIND_FINE)
			fail_msg("%s", typed);
	}
	assert_true(fine_ones > 1000);
	search_finder_free(f);
}

static void
no_index(void **state)
{
	static struct query q;
	static struct find_page found;
	struct err e = ERR_INIT;
	struct search_finder *f;

	(void)state;
	snprintf(names[1], sizeof(names[1]), "search.0123456789abcdef.db");
	publish(1);
	f = search_finder_new(dirs[1], 1000, &e);
	assert_int_equal(query_parse(SLICE_LIT("waa"), &q), QUERY_FINE);
	assert_int_equal(search_find(f, &q, 1, &found), FIND_FAILED);
	/* No name leads out of the folder. */
	snprintf(names[1], sizeof(names[1]), "search.x/../../etc/passwd.db");
	publish(1);
	assert_int_equal(search_find(f, &q, 1, &found), FIND_FAILED);
	from_nothing();
	assert_int_equal(search_find(f, &q, 1, &found), FIND_FINE);
	search_finder_free(f);
}

/* --- excerpts ------------------------------------------------------------ */

static void
excerpt(const char *typed, const char *page, const char *want)
{
	struct query q;
	struct buf got;

	assert_int_equal(query_parse(slice_cstr(typed), &q), QUERY_FINE);
	buf_init(&got, 65536);
	excerpt_add(&got, &q, slice_cstr(page));
	assert_string_equal(buf_cstr(&got), want);
	buf_release(&got);
}

#define LONG                                                                  \
	"The canal is old and the charge for its water is older than any of " \
	"the people who pay it, who do not know why they do."

static void
excerpts(void **state)
{
	(void)state;
	excerpt("charge", "# The charge\nTags: charge\n\n" LONG "\n", LONG);
	excerpt("none", "# T\n=> x charge\nBy A\n\n" LONG "\n", LONG);
	excerpt("author:x", "# T\n\n" LONG "\n", LONG);
	excerpt("tags", "# T\nTags: one\n", "Tags: one");
	excerpt("code", "# T\n```\ncode here\n```\n", "");
	excerpt("tab", "a\ttab\x01 \xff\u202e.\n", "a tab    .");
	excerpt("x", "", "");
	excerpt("last", LONG " " LONG " The very last of it.\n",
	    "…who pay it, who do not know why they do. The very last of it.");
	excerpt("pay charge", "* pay\n> " LONG "\n", LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_find_the_same),
		cmocka_unit_test(finder_follows),
		cmocka_unit_test(outdated_is_unsound),
		cmocka_unit_test(sweeps),
		cmocka_unit_test(hostile),
		cmocka_unit_test(no_index),
		cmocka_unit_test(excerpts),
	};

	return cmocka_run_group_tests(tests, make_dirs, remove_dirs);
}
