/*
 * What the writers share: sizes, URLs, where links lead, labels with kinds;
 * and how they fail.
 */
#include <stdio.h>

#include "test.h"

#include "base/mem.h"
#include "convert.h"

static void
is_size(uint64_t bytes, const char *want)
{
	struct buf b;

	buf_init(&b, 64);
	render_size(&b, bytes);
	assert_slice(buf_slice(&b), want);
	buf_release(&b);
}

static void
sizes_have_two_digits(void **state)
{
	(void)state;
	is_size(0, "0 bytes");
	is_size(1, "1 byte");
	is_size(640, "640 bytes");
	is_size(999, "999 bytes");
	is_size(1000, "1.0 KB");
	is_size(9949, "9.9 KB");
	is_size(9950, "10 KB");
	is_size(84321, "84 KB");
	is_size(99499, "99 KB");
	is_size(99500, "100 KB");
	is_size(123456, "120 KB");
	is_size(994999, "990 KB");
	is_size(995000, "1.0 MB");
	is_size(1234567, "1.2 MB");
	is_size(52000000, "52 MB");
	is_size(3210000000u, "3.2 GB");
	is_size(UINT64_MAX, "18446740 TB");
}

static void
is_url(const char *in, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	render_url(&b, slice_cstr(in));
	assert_slice(buf_slice(&b), want);
	buf_release(&b);
}

static void
urls_are_encoded(void **state)
{
	(void)state;
	is_url("https://a.b/c?d=e&f#g", "https://a.b/c?d=e&f#g");
	is_url("a b.pdf", "a%20b.pdf");
	is_url("a%20b%", "a%20b%25");
	is_url("a%zz", "a%25zz");
	is_url("پ", "%D9%BE");
	is_url("a#b#c", "a#b%23c");
	is_url("<>\"{}|\\^`\t", "%3C%3E%22%7B%7D%7C%5C%5E%60%09");
	is_url("http://[::1]:70/a[b]", "http://[::1]:70/a%5Bb%5D");
	is_url("/a[1].txt", "/a%5B1%5D.txt");
}

/* --- where links lead ------------------------------------------------------------ */

static const struct leads {
	const char *href, *uri;
	char type;
	const char *selector, *kind;
} leads[] = {
	{ "a.md", "a.gmi", '0', "/articles/a.txt", "" },
	{ "/x/a.md#top", "/x/a.gmi", '0', "/x/a.txt", "" },
	{ "a.markdown?x=1", "a.gmi?x=1", '0', "/articles/a.txt?x=1", "" },
	{ "../b/./c.md", "../b/./c.gmi", '0', "/b/c.txt", "" },
	{ "../../../d.txt", "../../../d.txt", '0', "/d.txt", "" },
	{ "r.PDF", "r.PDF", '9', "/articles/r.PDF", "PDF" },
	{ "a b.pdf", "a%20b.pdf", '9', "/articles/a b.pdf", "PDF" },
	{ "a%20b.pdf", "a%20b.pdf", '9', "/articles/a b.pdf", "PDF" },
	{ "a%0Ab%FF.pdf", "a%0Ab%FF.pdf", '9', "/articles/a%0Ab%FF.pdf",
	    "PDF" },
	{ "i.png", "i.png", 'I', "/articles/i.png", "image" },
	{ "i.gif", "i.gif", 'g', "/articles/i.gif", "image" },
	{ "s.ogg", "s.ogg", 's', "/articles/s.ogg", "OGG" },
	{ "p.html", "p.html", '9', "/articles/p.html", "HTML" },
	{ "dir/", "dir/", '1', "/articles/dir/", "" },
	{ "/", "/", '1', "/", "" },
	{ ".", ".", '0', "/articles/", "" },
	{ "noext", "noext", '0', "/articles/noext", "" },
	{ "md", "md", '0', "/articles/md", "" },
};

static void
own_links(void **state)
{
	struct filter_links f;

	(void)state;
	filter_links_init(&f, SLICE_LIT("/articles/"));
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		const struct leads *l = &leads[i];
		struct render_target t;

		filter_links_resolve(&f, slice_cstr(l->href), false, &t);
		assert_int_equal(t.kind, RENDER_OWN);
		assert_slice(t.uri, l->uri);
		assert_int_equal(t.menu_type, l->type);
		assert_slice(t.menu_selector, l->selector);
		assert_slice(t.text_selector, l->selector);
		assert_slice(t.file_kind, l->kind);
	}
	filter_links_release(&f);
}

static void
other_links(void **state)
{
	static const char *const nowhere[] = { "", "  ", "#top", "javascript:x",
		"JavaScript:x", "data:text/plain,x", "vbscript:x", "?x" };
	static const char *const outside[][2] = {
		{ "https://a.b/ü", "https://a.b/%C3%BC" },
		{ "mailto:a@b.c", "mailto:a@b.c" },
		{ "//cdn.org/x", "https://cdn.org/x" },
		{ "gemini://x/", "gemini://x/" },
		{ "HTTP://x", "HTTP://x" },
	};
	struct render_target t;
	struct filter_links f;

	(void)state;
	filter_links_init(&f, SLICE_LIT("/articles/"));
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		filter_links_resolve(&f, slice_cstr(nowhere[i]), false, &t);
		assert_int_equal(t.kind, RENDER_NO_TARGET);
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		filter_links_resolve(&f, slice_cstr(outside[i][0]), false, &t);
		assert_int_equal(t.kind, RENDER_OUTSIDE);
		assert_slice(t.uri, outside[i][1]);
	}
	filter_links_release(&f);
}

/* --- labels with kind and size ----------------------------------------------------- */

static void
sized(void *ctx, struct slice href, bool image, struct render_target *out)
{
	filter_links_resolve(ctx, href, image, out);
	if (out->kind != RENDER_OWN)
		return;
	out->has_size = true;
	out->size_bytes = 1234567;
	/* As the publisher has it. */
	if (slice_ends(href, SLICE_LIT(".txt")))
		out->file_kind = SLICE_LIT("text");
}

static void
write_sized_in(const char *lang, const char *md, int form, const char *want)
{
	struct convert c = { .lang = slice_cstr(lang) };
	struct render_opts opts = { .lang = c.lang,
		.words = words_for(c.lang),
		.columns = 67,
		.resolve = sized,
		.resolve_ctx = &c.links };
	struct buf out;
	int r;

	convert_parse(&c, slice_cstr(md), 1);
	assert_non_null(c.doc);
	buf_init(&out, 65536);
	r = form == CONVERT_GEMTEXT
	    ? gemtext_render(&out, c.doc, &opts, &c.err)
	    : gophertext_render(&out, c.doc, &opts, &c.err);
	assert_int_equal(r, 0);
	assert_slice(buf_slice(&out), want);
	buf_release(&out);
	convert_release(&c);
}

static void
write_sized(const char *md, int form, const char *want)
{
	write_sized_in("en", md, form, want);
}

static void
labels_tell_kind_and_size(void **state)
{
	(void)state;
	write_sized("[Report](r.pdf)", CONVERT_GEMTEXT,
	    "=> r.pdf Report (PDF, 1.2 MB)\n");
	write_sized("[Report (PDF)](r.pdf)", CONVERT_GEMTEXT,
	    "=> r.pdf Report (PDF, 1.2 MB)\n");
	write_sized("[Report (pdf)](r.pdf)", CONVERT_GEMTEXT,
	    "=> r.pdf Report (pdf, 1.2 MB)\n");
	write_sized("[Report (draft)](r.pdf)", CONVERT_GEMTEXT,
	    "=> r.pdf Report (draft) (PDF, 1.2 MB)\n");
	write_sized(
	    "[Text](t.txt)", CONVERT_GEMTEXT, "=> t.txt Text (text, 1.2 MB)\n");
	write_sized_in("ur", "[فہرست](t.txt)", CONVERT_GEMTEXT,
	    "=> t.txt فہرست (متن، 1.2 MB)\n");
	write_sized(
	    "![Map](m.png)", CONVERT_GEMTEXT, "=> m.png Map (image, 1.2 MB)\n");
	write_sized("See [it](r.pdf).", CONVERT_TEXT,
	    "See it[1].\n\nLinks\n-----\n"
	    "[1] \002/9/articles/r.pdf (PDF, 1.2 MB)\n");
	write_sized("[it](r.pdf)", CONVERT_TEXT,
	    "it (PDF, 1.2 MB) [1]\n\nLinks\n-----\n"
	    "[1] \002/9/articles/r.pdf\n");
}

/* --- line ends, failure -------------------------------------------------------------- */

static void
gopher_forms_end_lines_with_crlf(void **state)
{
	struct convert c = { .lang = SLICE_NONE };
	struct render_opts opts = { .words = words_for(SLICE_NONE),
		.columns = 67,
		.crlf = true,
		.resolve = filter_links_resolve,
		.resolve_ctx = &c.links };
	struct buf out;

	(void)state;
	convert_parse(&c, SLICE_LIT("# T\n\n[a](/a.md) b\n\n    code\n"), 1);
	buf_init(&out, 65536);
	assert_int_equal(gophertext_render(&out, c.doc, &opts, &c.err), 0);
	assert_int_equal(gophermap_render(&out, c.doc, &opts, &c.err), 0);
	for (size_t i = 0; i < out.len; i++)
		if (out.ptr[i] == '\n')
			assert_int_equal(out.ptr[i - 1], '\r');
	buf_release(&out);
	convert_release(&c);
}

static const char many[] =
    "# H[^1]\n\n- [a](b.md) ![c](d.png \"e\")\n  - `x`\n\n> q\n\n"
    "| a | b |\n|---|---|\n| [c](d.md) | 中文 |\n\n<ul><li>x</ul>\n\n[^1]: n\n";

/* Whichever allocation fails, it is told and nothing is left behind. */
static void
memory_may_end_anywhere(void **state)
{
	unsigned long failed = 0;
	bool done = false;

	(void)state;
	for (unsigned long n = 0; !done; n++) {
		struct convert c = { .lang = SLICE_NONE };
		struct buf out;

		assert_true(n < 10000);
		buf_init(&out, 65536);
		mem_fail_after(n);
		convert_parse(&c, slice_cstr(many), 1);
		done = c.doc && !buf_failed(&c.clean);
		for (int form = 0; c.doc && form < CONVERT_FORMS; form++)
			if (convert_write(&c, form, 40, &out) < 0)
				done = false;
		mem_fail_never();
		failed += !done;
		if (!done && !buf_failed(&c.clean))
			assert_int_not_equal(c.err.kind, ERR_NONE);
		buf_release(&out);
		convert_release(&c);
	}
	assert_true(failed > 5);
}

static void
a_full_page_is_told(void **state)
{
	struct convert c = { .lang = SLICE_NONE };
	struct buf out;

	(void)state;
	convert_parse(&c, slice_cstr(many), 1);
	for (int form = 0; form < CONVERT_FORMS; form++) {
		buf_init(&out, 40);
		assert_int_equal(convert_write(&c, form, 67, &out), -1);
		assert_int_equal(c.err.kind, ERR_LIMIT);
		buf_release(&out);
	}
	convert_release(&c);
}

static void
a_tree_too_deep_is_refused(void **state)
{
	struct convert c = { .lang = SLICE_NONE };
	struct md_node *n;
	struct buf out;

	(void)state;
	convert_parse(&c, SLICE_NONE, 1);
	n = c.doc;
	for (int i = 0; i < 300; i++)
		assert_non_null(n = md_add(&c.arena, n, MD_QUOTE));
	assert_non_null(n = md_add(&c.arena, n, MD_PARAGRAPH));
	assert_non_null(md_add_text(&c.arena, n, SLICE_LIT("x")));
	buf_init(&out, 65536);
	for (int form = 0; form < CONVERT_FORMS; form++)
		assert_int_equal(convert_write(&c, form, 67, &out), -1);
	buf_release(&out);
	convert_release(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_two_digits),
		cmocka_unit_test(urls_are_encoded),
		cmocka_unit_test(own_links),
		cmocka_unit_test(other_links),
		cmocka_unit_test(labels_tell_kind_and_size),
		cmocka_unit_test(gopher_forms_end_lines_with_crlf),
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(a_full_page_is_told),
		cmocka_unit_test(a_tree_too_deep_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
