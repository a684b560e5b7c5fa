/*
 * What a conversion helper says is taken only where it is sound and about its
 * own document: a helper that was taken over spoils no other page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/pack.h"
#include "site/site_internal.h"
#include "store/store.h"

#include "test.h"

static char dir[] = "/tmp/qasid-output-XXXXXX";
static struct slice alias = { "/old/name/", 10 };
static struct source article = { .kind = SOURCE_ARTICLE };
static struct doc doc = {
	.source = &article,
	.address = { "/articles/x", 11 },
	.aliases = &alias,
	.alias_count = 1,
};

/* 0, or -1 when `o` is refused as the word of a helper for `d`. */
static int
put(const struct doc *d, const struct output *o)
{
	struct site site = { .source_count = 0 };
	struct output_unit u = { .name = SLICE_LIT("d/x"), .doc = d };
	struct err e = ERR_INIT;
	struct slice record;
	struct buf outputs;
	int r;

	arena_init(&site.arena, 1 << 20);
	buf_init(&site.dropped, 1 << 20);
	buf_init(&outputs, 1 << 20);
	site.store = store_writer_open(dir, 16 << 20, &e);
	if (!site.store)
		fail_msg("%s", e.text);
	output_pack(&outputs, o);
	u.outputs = buf_slice(&outputs);
	r = output_put(&site, &u, &record, &e);
	if (r < 0)
		assert_string_equal(e.text, "a helper's reply is damaged");
	store_writer_close(site.store);
	buf_release(&outputs);
	buf_release(&site.dropped);
	arena_release(&site.arena);
	return r;
}

static struct output
sound(const char *address)
{
	return (struct output){ .protocol = 'g',
		.address = slice_cstr(address),
		.kind = STORE_PAGE,
		.media = SLICE_LIT("text/gemini"),
		.lang = SLICE_LIT("en"),
		.body = SLICE_LIT("# Title\n") };
}

static void
takes_its_own(void **state)
{
	static const char *const own[] = { "/articles/x", "/articles/x.gmi",
		"/articles/x.w40.txt", "/articles/x/part-2.gmi",
		"/articles/x/map.png", "/old/name/", "/old/name",
		"/old/name.gmi" };

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct output o = sound(own[i]);

		if (put(&doc, &o) < 0)
			fail_msg("%s is refused", own[i]);
	}
}

static void
refuses_others(void **state)
{
	static const char *const others[] = { "/", "", "/articles/",
		"/articles/xy.gmi", "/articles/y.gmi", "/articles/x gmi",
		"/articles/x.gmi\r\n", "/old/names.gmi", "/old/", "x",
		"/robots.txt" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct output o = sound(others[i]);

		if (put(&doc, &o) == 0)
			fail_msg("\"%s\" is taken", others[i]);
		/* Our own word is as good as any. */
		assert_int_equal(others[i][0] == '/' ? put(NULL, &o) : 0, 0);
	}
}

static void
refuses_what_is_unsound(void **state)
{
	struct output o = sound("/articles/x.gmi");

	(void)state;
	o.protocol = 'u';
	assert_int_equal(put(&doc, &o), -1);
	o = sound("/articles/x.gmi");
	o.kind = STORE_SEARCH;
	assert_int_equal(put(&doc, &o), -1);
	o.kind = 77;
	assert_int_equal(put(&doc, &o), -1);
	o = sound("/articles/x.gmi");
	o.gopher_type = '\t';
	assert_int_equal(put(&doc, &o), -1);
	o = sound("/articles/x.gmi");
	o.media = SLICE_LIT("text/gemini\r\n30 x");
	assert_int_equal(put(&doc, &o), -1);
	o = sound("/articles/x.gmi");
	o.lang = SLICE_LIT("en\n");
	assert_int_equal(put(&doc, &o), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_its_own),
		cmocka_unit_test(refuses_others),
		cmocka_unit_test(refuses_what_is_unsound),
	};
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"publish.lock" };
	char path[128];
	int r;

	if (!mkdtemp(dir))
		return 77;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	return r;
}
