#include <stdio.h>

#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/yaml.h"

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct yaml_node *
parse(const char *text)
{
	struct yaml_source src = { .text = slice_cstr(text), .file = "f" };
	struct yaml_node *root = NULL;
	struct err e = ERR_INIT;

	if (yaml_parse(&arena, &src, &root, &e))
		fail_msg("%u:%u: %s", e.line, e.column, e.text);
	return root;
}

static void
assert_text(const struct yaml_node *n, const char *want)
{
	assert_non_null(n);
	assert_int_equal(n->type, YAML_SCALAR);
	assert_string_equal(n->text.ptr, want);
	assert_int_equal(n->text.len, strlen(want));
}

static void
scalars_are_strings(void **state)
{
	struct yaml_node *r = parse("country: no\nweight: 010\nnull: ~\n"
				    "empty:\nu: \"\\u0627\\u0631\"\n"
				    "d: 2026-01-31\nb: |\n  one\n  two\n");
	const struct yaml_node *u;

	(void)state;
	assert_int_equal(r->type, YAML_MAPPING);
	assert_int_equal(r->count, 7);
	assert_text(yaml_get(r, "country"), "no");
	assert_text(yaml_get(r, "weight"), "010");
	assert_text(yaml_get(r, "null"), "~");
	assert_text(yaml_get(r, "empty"), "");
	u = yaml_get(r, "u");
	assert_text(u, "ار");
	assert_int_equal(u->line, 5);
	assert_int_equal(u->column, 4);
	assert_int_equal(u->key_column, 1);
	assert_text(yaml_get(r, "b"), "one\ntwo\n");
	assert_null(yaml_get(r, "absent"));
}

static void
trees(void **state)
{
	struct yaml_node *r =
	    parse("a: [x, {name: y, url: z}]\nb:\n  - c: d\n");
	const struct yaml_node *a = yaml_get(r, "a"), *b = yaml_get(r, "b");

	(void)state;
	assert_int_equal(a->type, YAML_SEQUENCE);
	assert_int_equal(a->count, 2);
	assert_text(a->first, "x");
	assert_text(yaml_get(a->first->next, "url"), "z");
	assert_text(yaml_get(b->first, "c"), "d");
	assert_int_equal(b->first->line, 3);
	assert_int_equal(b->first->column, 5);
}

static void
nothing_is_null(void **state)
{
	struct yaml_source none = { .text = SLICE_NONE, .file = "f" };
	struct yaml_node *root = NULL;

	(void)state;
	assert_null(parse(""));
	assert_null(parse("# a comment\n"));
	assert_int_equal(yaml_parse(&arena, &none, &root, NULL), 0);
	assert_null(root);
}

static const struct bad {
	const char *text;
	unsigned line, column;
	const char *want;
} bad[] = {
	{ "a: &x 1\n", 1, 4, "anchors are not allowed" },
	{ "a: &x [1]\n", 1, 4, "anchors are not allowed" },
	{ "a: &x {b: c}\n", 1, 4, "anchors are not allowed" },
	{ "a: *x\n", 1, 4, "aliases are not allowed" },
	{ "a: !!str 1\n", 1, 4, "tags are not allowed" },
	{ "a: !x [1]\n", 1, 4, "tags are not allowed" },
	{ "b: c\na: ! {b: c}\n", 2, 4, "tags are not allowed" },
	{ "a: 1\nb: 2\na: 3\n", 3, 1, "\"a\" is given twice" },
	{ "{b: 1, a: 1, a: 2, b: 2}\n", 1, 14, "\"a\" is given twice" },
	{ "[a]: b\n", 1, 1, "a key must be a string" },
	{ "a: 1\n---\nb: 2\n", 2, 1, "a second document" },
	{ "%YAML 1.1\n---\nb: 2\n", 1, 1, "directives are not allowed" },
	{ "[[[[[[[[[1]]]]]]]]]\n", 1, 9, "nested deeper than 8 levels" },
	{ "a: \"\\0\"\n", 1, 4, "a NUL in a value" },
	{ "a: b: c\n", 1, 5,
	    "mapping values are not allowed in this context; put a value with "
	    "a colon in it between quotes" },
	{ "a: *b* c\n", 1, 6,
	    "did not find expected alphabetic or numeric character; put a "
	    "value that begins with * or & between quotes" },
	{ "a: @b\n", 1, 4,
	    "found character that cannot start any token; put the value "
	    "between quotes, and indent with blanks" },
	{ "a: \"b\n", 2, 1,
	    "found unexpected end of stream; close the quotes" },
	{ "a: 1\nb: \001\n", 2, 4, "control characters are not allowed" },
	{ "a: 1\nb: \xff\n", 2, 4, "invalid leading UTF-8 octet" },
};

static void
errors_name_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct yaml_source src = { .text = slice_cstr(bad[i].text),
			.file = "f" };
		struct yaml_node *root = NULL;
		struct err e = ERR_INIT;

		assert_int_equal(yaml_parse(&arena, &src, &root, &e), -1);
		assert_null(root);
		assert_string_equal(e.text, bad[i].want);
		assert_int_equal(e.line, bad[i].line);
		assert_int_equal(e.column, bad[i].column);
		assert_string_equal(e.file, "f");
	}
}

static void
lines_count_from_the_first(void **state)
{
	struct yaml_source src = {
		.text = SLICE_LIT("a: 1\nb: *x\n"), .file = "f", .first_line = 2
	};
	struct yaml_node *root;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_parse(&arena, &src, &root, &e), -1);
	assert_int_equal(e.line, 3);
}

static void
length_is_bounded(void **state)
{
	struct yaml_source src = { .text = SLICE_LIT("a: 1\nb: 2\n"),
		.max_bytes = 9 };
	struct yaml_node *root;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_parse(&arena, &src, &root, &e), -1);
	assert_string_equal(e.text, "longer than 9 bytes");
	src.max_bytes = 10;
	assert_int_equal(yaml_parse(&arena, &src, &root, &e), 0);
}

static void
memory_ends(void **state)
{
	struct yaml_source src = { .text = SLICE_LIT("a: 1\nb: [2, 3]\n") };
	struct yaml_node *root;

	(void)state;
	for (unsigned long n = 0;; n++) {
		struct err e = ERR_INIT;
		struct arena a;
		int rc;

		arena_init(&a, 1 << 20);
		mem_fail_after(n);
		rc = yaml_parse(&a, &src, &root, &e);
		mem_fail_never();
		arena_release(&a);
		if (!rc)
			break;
		assert_int_equal(e.kind, ERR_MEMORY);
		assert_true(n < 100);
	}
}

/* What is written reads back, alone and in a list. */
static void
scalars_read_back(void **state)
{
	static const char *const texts[] = { "plain words", "", " ", "a: b",
		"no", "- x", "x #y", "[a]", "a, b", "\"q\" \\", "'s",
		"پانی: قیمت", "پانی", "@x", "%x", "*x", "&x", "!x", "?",
		"a:", "{", "~", "|", ">", "---", "2026-01-31", "end ",
		"a\xe2\x80\xa8z", "\xef\xbb\xbfx", "a\\n",
		"/2019/old-page.html", "?p=12" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out;
		struct yaml_source src;
		struct yaml_node *root;
		struct err e = ERR_INIT;
		struct arena a;

		buf_init(&out, 4096);
		arena_init(&a, 1 << 20);
		buf_add_cstr(&out, "k: ");
		yaml_add_scalar(&out, slice_cstr(texts[i]));
		buf_add_cstr(&out, "\nl: [x, ");
		yaml_add_scalar(&out, slice_cstr(texts[i]));
		buf_add_cstr(&out, "]\n");
		src = (struct yaml_source){ .text = buf_slice(&out) };
		if (yaml_parse(&a, &src, &root, &e) < 0)
			fail_msg("%s: %s", buf_cstr(&out), e.text);
		assert_slice(root->first->text, texts[i]);
		assert_slice(root->first->next->first->next->text, texts[i]);
		arena_release(&a);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_strings),
		cmocka_unit_test(trees),
		cmocka_unit_test(nothing_is_null),
		cmocka_unit_test(errors_name_their_place),
		cmocka_unit_test(lines_count_from_the_first),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(memory_ends),
		cmocka_unit_test(scalars_read_back),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
