#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "markdown/markdown.h"
#include "site/anchors.h"

#include "test.h"

static void
slug_is(const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, 1000);
	anchors_slug(&out, slice_cstr(text));
	assert_non_null(buf_cstr(&out));
	assert_string_equal(out.ptr ? out.ptr : "", want);
	buf_release(&out);
}

static void
test_slugs(void **state)
{
	(void)state;
	slug_is("", "");
	slug_is("The price of water", "the-price-of-water");
	slug_is("2.1 What, why & how?", "21-what-why--how");
	slug_is("A_b-c  d", "a_b-c--d");
	slug_is("\u00c9t\u00e9 \u2014 \u06f3", "\u00e9t\u00e9--\u06f3");
	slug_is("\u0642\u06cc\u0645\u062a\u060c \u067e\u0627\u0646\u06cc",
	    "\u0642\u06cc\u0645\u062a-\u067e\u0627\u0646\u06cc");
	slug_is("\xff\xc3", "");
}

static void
test_document(void **state)
{
	static const char text[] =
	    "# One\n\n## Same\n\n### *Same*\n\nSame\n----\n\n"
	    "```\n# code\n```\n<a id=\"given\"></a> <a name='named'>x</a>\n\n"
	    "## With its own {#own}\n";
	static const char *const has[] = { "one", "same", "same-1", "same-2",
		"given", "named", "own" };
	static const char *const hasnt[] = { "", "code", "same-3", "One", "x",
		"two" };
	struct md_opts opts = { .file = "x.md" };
	struct md_node *tree;
	struct anchors all;
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	tree = md_parse_document(&a, slice_cstr(text), &opts, &e);
	assert_non_null(tree);
	assert_int_equal(anchors_collect(&a, tree, slice_cstr(text), &all), 0);
	for (size_t i = 0; i < sizeof(has) / sizeof(*has); i++)
		if (!anchors_have(&all, slice_cstr(has[i])))
			fail_msg("no anchor \"%s\"", has[i]);
	for (size_t i = 0; i < sizeof(hasnt) / sizeof(*hasnt); i++)
		if (anchors_have(&all, slice_cstr(hasnt[i])))
			fail_msg("an anchor \"%s\"", hasnt[i]);
	arena_release(&a);
}

/* Every allocation may fail; none of it leaks or counts as success. */
static void
test_memory(void **state)
{
	struct md_opts opts = { .file = "x.md" };
	struct slice text = SLICE_LIT("# One\n\n# One\n");
	struct md_node *tree;
	struct arena a, small;
	struct anchors all;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	tree = md_parse_document(&a, text, &opts, &e);
	assert_non_null(tree);
	arena_init(&small, 16);
	assert_int_equal(anchors_collect(&small, tree, text, &all), -1);
	arena_release(&small);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slugs),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
