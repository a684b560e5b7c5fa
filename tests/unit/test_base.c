#include <errno.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/marks.h"
#include "base/mem.h"
#include "base/utf8.h"

#include "test.h"

static void
test_buf_maximum_is_sticky(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_add_cstr(&b, "12345");
	buf_add_uint(&b, 678);
	assert_slice(buf_slice(&b), "12345678");
	buf_add_cstr(&b, "too long");
	assert_true(buf_failed(&b));
	buf_add_char(&b, '9');
	assert_slice(buf_slice(&b), "12345678");
	assert_null(buf_cstr(&b));
	buf_clear(&b);
	buf_addf(&b, "%d-%s", 42, "abc");
	assert_string_equal(buf_cstr(&b), "42-abc");
	buf_truncate(&b, 2);
	buf_truncate(&b, 5);
	assert_slice(buf_slice(&b), "42");
	buf_release(&b);
}

static void
test_buf_memory_ends(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	mem_fail_after(1);
	buf_add_repeat(&b, 'x', 64);
	assert_false(buf_failed(&b));
	buf_add_repeat(&b, 'x', 64);
	mem_fail_never();
	assert_true(buf_failed(&b));
	assert_int_equal(b.len, 64);
	buf_release(&b);
}

static void
test_arena(void **state)
{
	struct arena a;
	struct slice copy;
	char *first;

	(void)state;
	arena_init(&a, 200000);
	assert_non_null(first = arena_printf(&a, "%s-%d", "qasid", 7));
	assert_string_equal(first, "qasid-7");
	assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
	assert_non_null(arena_calloc(&a, 100, 1000));
	assert_null(arena_alloc(&a, 150000));
	assert_null(arena_calloc(&a, SIZE_MAX / 2, 3));
	assert_int_equal(arena_copy(&a, SLICE_LIT("kept"), &copy), 0);
	assert_slice(copy, "kept");
	assert_string_equal(first, "qasid-7");
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 190000));
	arena_release(&a);
	mem_fail_after(0);
	assert_null(arena_alloc(&a, 1));
	mem_fail_never();
	arena_release(&a);
}

static void
test_slices(void **state)
{
	struct slice s = SLICE_LIT("Hello.gmi");

	(void)state;
	assert_true(slice_starts(s, SLICE_LIT("Hello")));
	assert_false(slice_starts(s, SLICE_LIT("Hello.gmi+")));
	assert_true(slice_ends(s, SLICE_LIT(".gmi")));
	assert_true(slice_ends(s, SLICE_NONE));
	assert_true(slice_eq_nocase(s, SLICE_LIT("hELLO.GMI")));
	assert_false(slice_eq_nocase(s, SLICE_LIT("hELLO.GM@")));
	assert_int_equal(slice_find(s, '.'), 5);
	assert_int_equal(slice_find(s, '?'), s.len);
	assert_slice(slice_from(s, 6), "gmi");
	assert_int_equal(slice_from(s, 60).len, 0);
	assert_slice(slice_trim(SLICE_LIT(" \t a b\r\n")), "a b");
	assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
	assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
	assert_int_equal(slice_cmp(SLICE_NONE, SLICE_NONE), 0);
}

static void
test_utf8_decode(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, invalid;
		uint32_t cp;
	} cases[] = {
		{ "a", 1, 0, 'a' },
		{ "\xd9\xbe", 2, 0, 0x67e },
		{ "\xe2\x82\xac", 3, 0, 0x20ac },
		{ "\xf0\x9f\x93\x9c", 4, 0, 0x1f4dc },
		{ "\xf4\x8f\xbf\xbf", 4, 0, 0x10ffff },
		{ "\x80", 0, 1, 0xfffd },
		{ "\xc0\x80", 0, 1, 0xfffd },     /* overlong */
		{ "\xe0\x80\x80", 0, 1, 0xfffd }, /* overlong */
		{ "\xed\xa0\x80", 0, 1, 0xfffd }, /* surrogate */
		{ "\xf4\x90\x80\x80", 0, 1, 0xfffd },
		{ "\xe2\x82", 0, 2, 0xfffd },      /* cut */
		{ "\xf0\x9f\x93z", 0, 3, 0xfffd }, /* cut */
		{ "\xff", 0, 1, 0xfffd },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].bytes);
		char again[4];
		uint32_t cp;

		assert_int_equal(
		    utf8_decode(cases[i].bytes, len, &cp), cases[i].len);
		assert_int_equal(cp, cases[i].cp);
		if (!cases[i].len) {
			assert_int_equal(utf8_invalid_len(cases[i].bytes, len),
			    cases[i].invalid);
			continue;
		}
		assert_int_equal(utf8_encode(cp, again), len);
		assert_memory_equal(again, cases[i].bytes, len);
	}
	assert_true(utf8_valid(SLICE_LIT("\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88")));
	assert_false(utf8_valid(SLICE_LIT("a\xd8")));
	assert_int_equal(utf8_count(SLICE_LIT("\xd8\xa7\xd8\xb1z\xff")), 4);
}

static void
test_err_escapes_foreign_bytes(void **state)
{
	struct err e = ERR_INIT;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    err_at(&e, "a\033[2J.md", 12, 3, "key \"%s\"", "x\r\ny"), -1);
	err_format(&b, &e);
	assert_slice(buf_slice(&b), "a\\x1b[2J.md:12:3: key \"x\\x0d\\x0ay\"");
	buf_clear(&b);
	errno = ENOENT;
	err_errno(&e, "open", "certs/x.pem");
	assert_int_equal(e.saved_errno, ENOENT);
	err_format(&b, &e);
	assert_slice(
	    buf_slice(&b), "open \"certs/x.pem\": No such file or directory");
	buf_release(&b);
}

static void
count_item(void *ctx, const struct diag_item *item)
{
	struct buf *b = ctx;

	buf_addf(b, "%d:%s:%u:%u:%s;", item->level, item->file, item->line,
	    item->column, item->text);
}

static void
test_diag(void **state)
{
	struct buf b;
	struct diag d = { .sink = count_item, .ctx = &b };

	(void)state;
	buf_init(&b, 4096);
	diag_at(&d, DIAG_WARNING, "a.md", 2, 3, "no %s", "title");
	diag_at(&d, DIAG_ERROR, "b.md", 0, 0, "\001");
	diag_at(NULL, DIAG_ERROR, "b.md", 0, 0, "nobody listens");
	assert_slice(buf_slice(&b), "1:a.md:2:3:no title;2:b.md:0:0:\\x01;");
	assert_int_equal(d.warnings, 1);
	assert_int_equal(d.errors, 1);
	buf_release(&b);
}

static void
test_hash(void **state)
{
	/* FIPS 180-4's example "abc". */
	static const char want[] = "ba7816bf8f01cfea414140de5dae2223"
				   "b00361a396177a9cb410ff61f20015ad";
	struct hash_state *h = hash_new();
	char hex[HASH_HEX_BYTES + 1];
	struct hash hash;

	(void)state;
	assert_non_null(h);
	assert_int_equal(hash_of(SLICE_LIT("abc"), &hash), 0);
	hash_hex(&hash, hex);
	assert_string_equal(hex, want);
	for (int round = 0; round < 2; round++) {
		hash_add(h, SLICE_LIT("a"));
		hash_add(h, SLICE_NONE);
		hash_add(h, SLICE_LIT("bc"));
		assert_int_equal(hash_end(h, &hash), 0);
		hash_hex(&hash, hex);
		assert_string_equal(hex, want);
	}
	hash_free(h);
}

static void
test_marks(void **state)
{
	struct buf names, out;
	struct marks m;

	(void)state;
	buf_init(&names, 4096);
	buf_init(&out, 4096);
	assert_int_equal(marks_make(&m, &names, "h.example", 1965, 7070), 0);
	marks_fill(&out, &m, SLICE_LIT("a\001b\002c\003"));
	assert_slice(buf_slice(&out),
	    "ah.example\t7070bgopher://h.example:7070cgemini://h.example");
	assert_int_equal(marks_find(SLICE_LIT("ab\002")), 2);
	assert_int_equal(marks_find(SLICE_LIT("a\tb\n\004")), 5);
	buf_clear(&out);
	buf_clear(&names);
	assert_int_equal(marks_make(&m, &names, "::1", 1966, 70), 0);
	marks_fill(&out, &m, SLICE_LIT("\001 \002 \003"));
	assert_slice(
	    buf_slice(&out), "::1\t70 gopher://[::1] gemini://[::1]:1966");
	buf_release(&out);
	buf_release(&names);
}

static void
test_read_numbers(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "01",
		"18446744073709551616", "1a" };
	uint64_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    slice_uint(slice_cstr(bad[i]), UINT64_MAX, &n), -1);
	assert_int_equal(slice_uint(SLICE_LIT("100"), 99, &n), -1);
	assert_int_equal(slice_uint(SLICE_LIT("9"), 3, &n), -1);
	assert_int_equal(n, 7);
	assert_int_equal(slice_uint(SLICE_LIT("0"), 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(slice_uint(SLICE_LIT("99"), 99, &n), 0);
	assert_int_equal(n, 99);
	assert_int_equal(
	    slice_uint(SLICE_LIT("18446744073709551615"), UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
}

static void
test_take_parts(void **state)
{
	struct slice s = SLICE_LIT("a,,b");

	(void)state;
	assert_slice(slice_take(&s, ','), "a");
	assert_slice(slice_take(&s, ','), "");
	assert_slice(slice_take(&s, ','), "b");
	assert_int_equal(s.len, 0);
	assert_slice(slice_take(&s, ','), "");
}

static void
test_read_hashes(void **state)
{
	char hex[HASH_HEX_BYTES + 1];
	struct hash h, again;

	(void)state;
	assert_int_equal(hash_of(SLICE_LIT("x"), &h), 0);
	hash_hex(&h, hex);
	assert_int_equal(hash_parse(slice_cstr(hex), &again), 0);
	assert_true(hash_eq(&h, &again));
	assert_int_equal(hash_parse(slice_make(hex, 63), &again), -1);
	hex[5] = 'G';
	assert_int_equal(hash_parse(slice_cstr(hex), &again), -1);
	hex[5] = 'A';
	assert_int_equal(hash_parse(slice_cstr(hex), &again), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_maximum_is_sticky),
		cmocka_unit_test(test_buf_memory_ends),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_utf8_decode),
		cmocka_unit_test(test_err_escapes_foreign_bytes),
		cmocka_unit_test(test_diag),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_read_numbers),
		cmocka_unit_test(test_take_parts),
		cmocka_unit_test(test_read_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
