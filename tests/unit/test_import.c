/*
 * The law for what is imported: every visible word and every link target of an
 * export's HTML stands in the Markdown that becomes of it, as our parser reads
 * it.  The words are counted here by other means than the import has.
 */
#include <stdio.h>

#include "test.h"

#include "import/front.h"
#include "import/html.h"
#include "import/wxr.h"
#include "law.h"
#include "markdown/entities.h"

static void
read_all(const char *path, struct buf *out)
{
	char chunk[8192];
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add_mem(out, chunk, n);
	fclose(f);
}

static void
decode(struct slice s, struct buf *out)
{
	char room[ENTITY_MAX_BYTES];

	while (s.len) {
		size_t n = s.ptr[0] == '&' ? entity_length(s) : 0;
		int d = n ? entity_decode(slice_upto(s, n), room) : -1;

		if (d >= 0)
			buf_add_mem(out, room, (size_t)d);
		else
			buf_add(out, slice_upto(s, n = 1));
		s = slice_from(s, n);
	}
}

/* The value of ` name="..."` in a tag. */
static struct slice
value_of(struct slice tag, const char *name)
{
	char want[32];
	const char *p;
	struct slice s;

	snprintf(want, sizeof(want), " %s=\"", name);
	if (!tag.len || !(p = memmem(tag.ptr, tag.len, want, strlen(want))))
		return SLICE_NONE;
	s = slice_from(tag, (size_t)(p - tag.ptr) + strlen(want));
	return slice_upto(s, slice_find(s, '"'));
}

/* The bytes that are markup at the start of `s`; 0: text. */
static size_t
markup(struct slice s)
{
	static const char *const known[] = { "[caption", "[/caption]",
		"[gallery", "[embed]", "[/embed]", "[video", "[/video]",
		"[audio", "[/audio]" };
	const char *end;

	if (slice_starts(s, SLICE_LIT("<!--"))) {
		end = memmem(s.ptr, s.len, "-->", 3);
		return end ? (size_t)(end - s.ptr) + 3 : s.len;
	}
	if (s.ptr[0] == '<')
		return slice_find(s, '>') + 1;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_starts(s, slice_cstr(known[i])))
			return slice_find(s, ']') + 1;
	return 0;
}

static bool
is_block(struct slice tag)
{
	static const char *const inlines[] = { "<a", "</a", "<strong",
		"</strong", "<em", "</em", "<code", "</code", "<del", "</del" };

	for (size_t i = 0; i < sizeof(inlines) / sizeof(inlines[0]); i++)
		if (slice_starts(tag, slice_cstr(inlines[i])))
			return false;
	return true;
}

/* The words that a reader of `html` would see, and its targets, a line each. */
static void
see(struct slice html, struct buf *words, struct buf *targets)
{
	static const char *const names[] = { "href", "src", "mp4", "mp3",
		"poster" };

	while (html.len) {
		size_t n = markup(html);
		struct slice tag = slice_upto(html, n), s;

		if (!n) {
			for (n = 1; n < html.len && html.ptr[n] != '<' &&
			     html.ptr[n] != '[';)
				n++;
			decode(slice_upto(html, n), words);
			html = slice_from(html, n);
			continue;
		}
		if (is_block(tag))
			buf_add_char(words, ' ');
		decode(value_of(tag, "alt"), words);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if ((s = value_of(tag, names[i])).len) {
				decode(s, targets);
				buf_add_char(targets, '\n');
			}
		html = slice_from(html, n);
	}
}

static bool
tree_has_target(const struct md_node *doc, struct slice target)
{
	for (const struct md_node *n = doc; n; n = md_next(n, doc, true))
		if ((n->type == MD_LINK || n->type == MD_IMAGE) &&
		    slice_eq(n->text, target))
			return true;
	return false;
}

static void
resolve_as_is(void *ctx, struct slice target, struct buf *out)
{
	(void)ctx;
	buf_add(out, target);
}

static void
check_text(struct slice html, unsigned line)
{
	struct import_html opts = { .file = "fifty.xml",
		.first_line = line,
		.line_breaks =
		    !html.len || !memmem(html.ptr, html.len, "<!-- wp:", 8),
		.resolve = resolve_as_is };
	struct convert c = { .lang = SLICE_NONE };
	struct buf md, words, targets, got;
	struct law_words want;
	struct slice s;
	struct err e = ERR_INIT;

	buf_init(&md, CONVERT_MAX);
	buf_init(&words, CONVERT_MAX);
	buf_init(&targets, CONVERT_MAX);
	buf_init(&got, CONVERT_MAX);
	assert_int_equal(import_html(&md, html, &opts, &e), 0);
	see(html, &words, &targets);
	convert_parse(&c, buf_slice(&md), 1);
	assert_non_null(c.doc);
	law_tree_text(c.doc, &got);
	law_words_of(buf_slice(&words), &want);
	if (!law_holds_words(&want, buf_slice(&got)))
		fail_msg("line %u:\n%.*s\n=====\n%.*s", line, SLICE_FMT(html),
		    SLICE_FMT(buf_slice(&md)));
	for (s = buf_slice(&targets); s.len;) {
		struct slice target = slice_take(&s, '\n');
		struct buf mended;

		/* Brackets are written as %XX. */
		buf_init(&mended, CONVERT_MAX);
		for (size_t i = 0; i < target.len; i++)
			if (target.ptr[i] == '(' || target.ptr[i] == ')')
				buf_addf(&mended, "%%%02X", target.ptr[i]);
			else
				buf_add_char(&mended, target.ptr[i]);
		if (!tree_has_target(c.doc, buf_slice(&mended)))
			fail_msg("line %u: lost %.*s\n%.*s", line,
			    SLICE_FMT(target), SLICE_FMT(buf_slice(&md)));
		buf_release(&mended);
	}
	law_words_release(&want);
	convert_release(&c);
	buf_release(&got);
	buf_release(&targets);
	buf_release(&words);
	buf_release(&md);
}

static void
fifty_posts_lose_nothing(void **state)
{
	struct buf xml;
	struct arena arena;
	struct wxr wxr;
	struct err e = ERR_INIT;
	unsigned posts = 0, comments = 0;

	(void)state;
	buf_init(&xml, CONVERT_MAX);
	arena_init(&arena, CONVERT_MAX);
	read_all("tests/import/fifty.xml", &xml);
	if (wxr_read(&arena, buf_slice(&xml), "fifty.xml", &wxr, &e) < 0)
		fail_msg("%u: %s", e.line, e.text);
	for (struct wxr_item *i = wxr.items; i; i = i->next) {
		check_text(i->content, i->content_line);
		for (struct wxr_comment *c = i->comments; c; c = c->next) {
			check_text(c->content, c->line);
			comments++;
		}
		posts += slice_eq_cstr(i->type, "post");
	}
	assert_int_equal(posts, 50);
	assert_true(comments > 20);
	arena_release(&arena);
	buf_release(&xml);
}

static int
read_text(const char *text, struct err *e)
{
	struct arena arena;
	struct wxr wxr;
	int rc;

	*e = ERR_INIT;
	arena_init(&arena, 1 << 24);
	rc = wxr_read(&arena, slice_cstr(text), "a.xml", &wxr, e);
	arena_release(&arena);
	return rc;
}

#define HEAD "<?xml version=\"1.0\"?>\n"

static void
hostile_xml_is_refused(void **state)
{
	static const char *const bad[] = { "", "text", "<rss>",
		HEAD "<!DOCTYPE r [<!ENTITY a \"x\">]><rss><channel><item>"
		     "<title>&a;</title></item></channel></rss>",
		HEAD "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><rss/>",
		HEAD "<!DOCTYPE r SYSTEM \"http://127.0.0.1:9/x\"><rss/>",
		"<rss><channel><item><title>&undefined;</title></item>"
		"</channel></rss>",
		"<rss><channel></channel></rss>", "<rss><item></rss>",
		"<html><item/></html>x" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(bad[i], &e), -1);
		assert_true(e.text[0] != '\0');
	}
	assert_int_equal(
	    read_text("<rss><channel><item><title>t &amp; &#65;</title>"
		      "</item></channel></rss>",
		&e),
	    0);
}

static void
check_html(const char *html, bool plain, const char *want)
{
	struct import_html opts = {
		.file = "a", .line_breaks = true, .plain = plain
	};
	struct buf out;
	struct err e = ERR_INIT;

	buf_init(&out, 1 << 20);
	assert_int_equal(import_html(&out, slice_cstr(html), &opts, &e), 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_release(&out);
}

/* HTML and what becomes of it. */
static void
markdown_of_html(void **state)
{
	static const struct {
		const char *html, *md;
	} cases[] = {
		{ "<p>a</p><p>b</p>", "a\n\nb\n" },
		{ "a\n\nb\nc", "a\n\nb\\\nc\n" },
		{ "<h2>A <b>b</b></h2>c", "## A **b**\n\nc\n" },
		{ "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>",
		    "- a\n\n  1. b\n- c\n" },
		{ "<a href='http://x/y z'>l</a>", "[l](http://x/y%20z)\n" },
		{ "1. * # [x](y) <", "1\\. \\* # \\[x\\](y) \\<\n" },
		{ "<b>a </b>b", "**a** b\n" },
		{ "<table><tr><th>h</th></tr><tr><td>a|b</td></tr></table>",
		    "| h |\n|---|\n| a\\|b |\n" },
		{ "<blockquote><p>a</p><p>b</p></blockquote>",
		    "> a\n>\n> b\n" },
		{ "<pre>a\n ``` b</pre>", "````\na\n ``` b\n````\n" },
		{ "[caption width=\"3\"]<img src=\"i\" alt=\"a\"> c[/caption]",
		    "![a](i)\n\nc\n" },
		{ "<!-- wp:paragraph --><p>a</p>", "a\n" },
		{ "<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b\n" },
		{ "<iframe src=\"http://v/1\" title=\"t\"></iframe>",
		    "[t](http://v/1)\n" },
		{ "<a href=\"/x\"></a>", "[x](/x)\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_html(cases[i].html, false, cases[i].md);
}

/* The same as a reply has it: nothing in that is Markdown. */
static void
text_of_html(void **state)
{
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ "<p>a</p><p>b</p>", "a\n\nb\n" },
		{ "a\n\nb\nc<br />d", "a\n\nb\nc\nd\n" },
		{ "1. * # [x](y) &lt; `_|\\ [gallery]",
		    "1. * # [x](y) < `_|\\ [gallery]\n" },
		{ "<h2>a <b>b</b></h2><em>c</em> <code>d`</code>",
		    "a b\n\nc d`\n" },
		{ "<a href='http://x/y_(z)'>l</a>.",
		    "l (http://x/y_%28z%29).\n" },
		{ "<a href='http://x'>http://x</a>", "http://x\n" },
		{ "<img src='http://x/i' alt='*a*'>", "*a* (http://x/i)\n" },
		{ "<blockquote>a</blockquote><pre>b\nc</pre>",
		    "> a\n\nb\nc\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_html(cases[i].html, true, cases[i].text);
}

static void
fields_of_html(void **state)
{
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ " Tom &amp;\n <i>Ann</i> ", "Tom & Ann" },
		{ "&lt;b&gt; &nGt; &unknown; &",
		    "<b> \342\211\253\342\203\222 &unknown; &" },
		{ "a&#10;b&#27;", "a b\357\277\275" },
		{ "", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice got =
		    front_plain(&arena, slice_cstr(cases[i].html));

		if (!slice_eq_cstr(got, cases[i].text))
			fail_msg("%s: %.*s", cases[i].html, SLICE_FMT(got));
	}
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markdown_of_html),
		cmocka_unit_test(text_of_html),
		cmocka_unit_test(fields_of_html),
		cmocka_unit_test(fifty_posts_lose_nothing),
		cmocka_unit_test(hostile_xml_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
