#include "test.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/mem.h"
#include "content/article.h"
#include "content/frontmatter.h"

static struct arena arena;
static char told[1024]; /* "level line:column text" a line */

static void
tell(void *ctx, const struct diag_item *item)
{
	size_t at = strlen(told);

	(void)ctx;
	snprintf(told + at, sizeof(told) - at, "%d %u:%u %s\n",
	    (int)item->level, item->line, item->column, item->text);
}

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 22);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static int
parse(const char *text, struct frontmatter *fm, struct err *e)
{
	struct diag d = { .sink = tell };
	struct frontmatter_split split;

	told[0] = '\0';
	*e = ERR_INIT;
	if (frontmatter_split(slice_cstr(text), "a.md", &d, &split, e) < 0)
		return -1;
	return frontmatter_parse(&arena, &split, "a.md", &d, fm, e);
}

static struct frontmatter
sound(const char *text)
{
	struct frontmatter fm;
	struct err e;

	if (parse(text, &fm, &e) < 0)
		fail_msg("%u:%u %s", e.line, e.column, e.text);
	return fm;
}

/* --- splitting ----------------------------------------------------------- */

static struct frontmatter_split
split_of(const char *text)
{
	struct diag d = { .sink = tell };
	struct frontmatter_split split;
	struct err e;

	told[0] = '\0';
	assert_int_equal(
	    frontmatter_split(slice_cstr(text), "a.md", &d, &split, &e), 0);
	return split;
}

static void
blocks_are_split_off(void **state)
{
	struct frontmatter_split s = split_of("---\na: b\n---\nBody.\n");

	(void)state;
	assert_true(s.found);
	assert_slice(s.yaml, "a: b\n");
	assert_slice(s.body, "Body.\n");
	assert_int_equal(s.yaml_line, 2);
	assert_int_equal(s.body_line, 4);
	s = split_of("---  \na: b\n...\n\nBody.");
	assert_true(s.found);
	assert_slice(s.body, "\nBody.");
	s = split_of("---\n---\n");
	assert_true(s.found);
	assert_slice(s.yaml, "");
	assert_slice(s.body, "");
	assert_string_equal(told, "");
}

static void
only_at_the_first_byte(void **state)
{
	static const char *const none[] = { "", "Body.\n", "\n---\na: b\n---\n",
		" ---\na: b\n---\n", "----\na: b\n---\n", "--- a\n---\n",
		"{{< youtube x >}}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct frontmatter_split s = split_of(none[i]);

		assert_false(s.found);
		assert_slice(s.body, none[i]);
		assert_int_equal(s.body_line, 1);
	}
	assert_string_equal(told, "");
}

static void
no_end_is_no_block(void **state)
{
	struct frontmatter_split s = split_of("---\na: b\n\nBody.\n");

	(void)state;
	assert_false(s.found);
	assert_slice(s.body, "---\na: b\n\nBody.\n");
	assert_non_null(strstr(told, "1 1:1 front matter without its end"));
}

/* --- keys ---------------------------------------------------------------- */

static void
every_key(void **state)
{
	struct frontmatter fm =
	    sound("---\n"
		  "Title: \"Water: a *long* history\"\n"
		  "author:\n  - Dr. Ayesha Khan\n  - {name: Omar, url: "
		  "\"https://example.org/omar\", bio: Writes.}\n"
		  "date: 2025-03-01T09:00:00+05:00\n"
		  "lastmod: 2025-03-02\n"
		  "publishDate: 2025-02-01\n"
		  "draft: yes\n"
		  "categories: [Environment, South Asia]\n"
		  "tags:\n  - water\n  - \n  - indus\n"
		  "summary: |\n  First line.\n  Second line.\n"
		  "lang: UR-pk\n"
		  "translations: {en: /en/water.md}\n"
		  "translationKey: water\n"
		  "series: [Rivers]\n"
		  "slug: long-history\n"
		  "aliases: /old/water.html\n"
		  "redirect_from: [/2019/water/]\n"
		  "withdrawn: 2026-01-02\n"
		  "attachments:\n  - file: report.pdf\n    title: Full report\n"
		  "  - data.csv\n"
		  "canonical: https://example.org/w\n"
		  "written_by: Omar\n"
		  "license: CC BY 4.0\n"
		  "country: no\n"
		  "---\n");

	(void)state;
	assert_slice(fm.title.text, "Water: a *long* history");
	assert_int_equal(fm.title.line, 2);
	assert_int_equal(fm.title.column, 8);
	assert_int_equal(fm.author_count, 2);
	assert_slice(fm.authors[0].name.text, "Dr. Ayesha Khan");
	assert_slice(fm.authors[1].name.text, "Omar");
	assert_slice(fm.authors[1].url, "https://example.org/omar");
	assert_slice(fm.authors[1].bio, "Writes.");
	assert_int_equal(fm.date.year, 2025);
	assert_int_equal(fm.date.zone_min, 300);
	assert_int_equal(fm.updated.day, 2);
	assert_int_equal(fm.publish_date.month, 2);
	assert_true(fm.draft);
	assert_int_equal(fm.categories.count, 2);
	assert_slice(fm.categories.items[1].text, "South Asia");
	assert_int_equal(fm.tags.count, 2);
	assert_slice(fm.tags.items[1].text, "indus");
	assert_slice(fm.summary.text, "First line. Second line.");
	assert_slice(fm.lang.text, "ur-PK");
	assert_int_equal(fm.translation_count, 1);
	assert_slice(fm.translations[0].lang, "en");
	assert_slice(fm.translations[0].path.text, "/en/water.md");
	assert_slice(fm.translation_key.text, "water");
	assert_slice(fm.series.text, "Rivers");
	assert_slice(fm.slug.text, "long-history");
	assert_int_equal(fm.aliases.count, 2);
	assert_slice(fm.aliases.items[0].text, "/old/water.html");
	assert_slice(fm.aliases.items[1].text, "/2019/water/");
	assert_int_equal(fm.withdrawn.year, 2026);
	assert_int_equal(fm.attachment_count, 2);
	assert_slice(fm.attachments[0].file.text, "report.pdf");
	assert_slice(fm.attachments[0].title, "Full report");
	assert_slice(fm.attachments[1].file.text, "data.csv");
	assert_slice(fm.canonical.text, "https://example.org/w");
	assert_slice(fm.written_by.text, "Omar");
	assert_slice(fm.licence.text, "CC BY 4.0");
	assert_string_equal(told, "0 33:1 unknown key \"country\"\n");
}

static void
other_names(void **state)
{
	struct frontmatter fm = sound("---\nauthors: Omar\nmodified: "
				      "2025-01-02\npublished: false\n"
				      "category: Water\nkeywords: [a]\n"
				      "excerpt: E\nresources: x.pdf\n---\n");

	(void)state;
	assert_int_equal(fm.author_count, 1);
	assert_int_equal(fm.updated.year, 2025);
	assert_true(fm.draft);
	assert_int_equal(fm.categories.count, 1);
	assert_int_equal(fm.tags.count, 1);
	assert_slice(fm.summary.text, "E");
	assert_int_equal(fm.attachment_count, 1);
	fm = sound("---\ndraft: false\npublished: true\n---\n");
	assert_false(fm.draft);
}

static void
a_second_name_is_told(void **state)
{
	struct frontmatter fm =
	    sound("---\ndescription: D\nsummary: S\ncategory: A\n"
		  "categories: [B]\n---\n");

	(void)state;
	assert_slice(fm.summary.text, "S");
	assert_int_equal(fm.categories.count, 2);
	assert_string_equal(
	    told, "1 2:1 \"description\" is left out: \"summary\" says it\n");
}

static void
empty_values_are_none(void **state)
{
	struct frontmatter fm = sound("---\ntitle:\ndate:\ntags:\nauthors: []\n"
				      "slug: ''\ndraft:\n---\n");

	(void)state;
	assert_int_equal(fm.title.text.len, 0);
	assert_false(date_is_set(&fm.date));
	assert_int_equal(fm.tags.count, 0);
	assert_int_equal(fm.author_count, 0);
	sound("---\n---\n");
	sound("---\n# nothing\n---\n");
}

static void
values_are_cleaned(void **state)
{
	struct frontmatter fm = sound("---\ntitle: \"a\\x01\\x1b[31m b\\n "
				      "c\\u202Ed\\u200F\"\n---\n");

	(void)state;
	assert_slice(fm.title.text, "a[31m b cd\xe2\x80\x8f");
}

/* --- errors -------------------------------------------------------------- */

static const struct bad {
	const char *text;
	unsigned line, column;
	const char *want;
} bad[] = {
	{ "+++\ntitle = 'x'\n+++\n", 1, 1,
	    "front matter in TOML; write it as YAML between lines of ---" },
	{ "{\n \"title\": \"x\"\n}\n", 1, 1,
	    "front matter in JSON; write it as YAML between lines of ---" },
	{ "{ \"title\": \"x\" }\n", 1, 1,
	    "front matter in JSON; write it as YAML between lines of ---" },
	{ "---\n- a\n---\n", 2, 1,
	    "front matter is keys and values, not a list" },
	{ "---\njust words\n---\n", 2, 1,
	    "front matter is keys and values, not a string" },
	{ "---\ntitle: a: b\n---\n", 2, 9,
	    "mapping values are not allowed in this context; put a value with "
	    "a colon in it between quotes" },
	{ "---\ntitle: a\nTitle: b\n---\n", 3, 1, "\"Title\" is given twice" },
	{ "---\ntitle: [a]\n---\n", 2, 8, "title must be a string" },
	{ "---\nx: y\ndate: 1.2.2025\n---\n", 3, 7,
	    "\"1.2.2025\" is no date, such as 2026-01-31" },
	{ "---\ndate: [2025-01-01]\n---\n", 2, 7, "date must be a date" },
	{ "---\nupdated: soon\n---\n", 2, 10,
	    "\"soon\" is no date, such as 2026-01-31" },
	{ "---\npublishDate: x\n---\n", 2, 14,
	    "\"x\" is no date, such as 2026-01-31" },
	{ "---\nwithdrawn: yes\n---\n", 2, 12,
	    "\"yes\" is no date, such as 2026-01-31" },
	{ "---\ndraft: maybe\n---\n", 2, 8, "draft must be true or false" },
	{ "---\npublished: [no]\n---\n", 2, 12,
	    "published must be true or false" },
	{ "---\ntags: {a: b}\n---\n", 2, 7, "tags must be a string or a list" },
	{ "---\ntags:\n  - a\n  - [b]\n---\n", 4, 5,
	    "a string is wanted here, not a list" },
	{ "---\nlang: english!\n---\n", 2, 7,
	    "\"english!\" is no language tag, such as en or ur" },
	{ "---\nslug: Long History\n---\n", 2, 7,
	    "\"Long History\" is no slug: a-z, 0-9 and single hyphens between, "
	    "at most 80" },
	{ "---\nauthor:\n  - [x]\n---\n", 3, 5,
	    "an author is a name, or a mapping with name, url, bio" },
	{ "---\nauthor: {url: x}\n---\n", 2, 9, "an author without a name" },
	{ "---\nauthor: {name: [x]}\n---\n", 2, 16, "name must be a string" },
	{ "---\nauthor: {name: x, url: [x]}\n---\n", 2, 24,
	    "a string is wanted here, not a list" },
	{ "---\ntranslations: ur.md\n---\n", 2, 15,
	    "translations must be a mapping of languages to files" },
	{ "---\ntranslations: {urdu language: x.md}\n---\n", 2, 16,
	    "\"urdu language\" is no language tag" },
	{ "---\ntranslations: {ur: }\n---\n", 2, 20, "ur has no file" },
	{ "---\nattachments:\n  - [x]\n---\n", 3, 5,
	    "an attachment is a file, or a mapping with file, title" },
	{ "---\nattachments:\n  - title: x\n---\n", 3, 5,
	    "an attachment without a file" },
	{ "---\nseries: [a, b]\n---\n", 2, 9, "series must be a string" },
	{ "---\ntitle: &a x\n---\n", 2, 8, "anchors are not allowed" },
};

static void
errors_name_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct frontmatter fm;
		struct err e;

		assert_int_equal(parse(bad[i].text, &fm, &e), -1);
		assert_string_equal(e.text, bad[i].want);
		assert_string_equal(e.file, "a.md");
		assert_int_equal(e.line, bad[i].line);
		assert_int_equal(e.column, bad[i].column);
	}
}

/* --- records ------------------------------------------------------------- */

static void
articles_come_back(void **state)
{
	struct article a = { .title = SLICE_LIT("T") }, b;
	struct buf one, two;

	(void)state;
	a.fm = sound("---\ntitle: T\ndate: 2025-03-01T09:00:00-05:00\n"
		     "updated: 2026-01-01\ntags: [a, b]\nauthor: {name: x, "
		     "url: y}\ntranslations: {ur: z.md}\nattachments: [q, "
		     "{file: r, title: s}]\naliases: [/x]\n---\n");
	memset(a.source.b, 7, sizeof(a.source.b));
	buf_init(&one, 1 << 16);
	buf_init(&two, 1 << 16);
	article_encode(&one, &a);
	assert_int_equal(article_decode(&arena, buf_slice(&one), &b), 0);
	assert_slice(b.title, "T");
	assert_int_equal(b.fm.date.zone_min, -300);
	assert_slice(b.fm.attachments[1].title, "s");
	article_encode(&two, &b);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.ptr, two.ptr, one.len);
	/* No beginning of it is taken for a whole one. */
	for (size_t n = 0; n < one.len; n++)
		assert_int_equal(
		    article_decode(&arena, slice_upto(buf_slice(&one), n), &b),
		    -1);
	buf_release(&one);
	buf_release(&two);
}

static void
memory_ends(void **state)
{
	(void)state;
	for (unsigned long n = 0;; n++) {
		struct frontmatter_split split;
		struct frontmatter fm;
		struct err e = ERR_INIT;
		struct arena a;
		int rc;

		arena_init(&a, 1 << 20);
		assert_int_equal(
		    frontmatter_split(SLICE_LIT("---\ntags: [a, b]\nauthor: "
						"\"x\\n\"\n---\n"),
			NULL, NULL, &split, &e),
		    0);
		mem_fail_after(n);
		rc = frontmatter_parse(&a, &split, NULL, NULL, &fm, &e);
		mem_fail_never();
		arena_release(&a);
		if (!rc)
			break;
		assert_int_equal(e.kind, ERR_MEMORY);
		assert_true(n < 100);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_split_off),
		cmocka_unit_test(only_at_the_first_byte),
		cmocka_unit_test(no_end_is_no_block),
		cmocka_unit_test(every_key),
		cmocka_unit_test(other_names),
		cmocka_unit_test(a_second_name_is_told),
		cmocka_unit_test(empty_values_are_none),
		cmocka_unit_test(values_are_cleaned),
		cmocka_unit_test(errors_name_their_place),
		cmocka_unit_test(articles_come_back),
		cmocka_unit_test(memory_ends),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
