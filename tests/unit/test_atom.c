/* PROTOCOLS.md 75 and 76. */
#include "base/buf.h"
#include "site/atom.h"

#include "test.h"

static struct date
day(const char *s)
{
	struct date d;

	assert_int_equal(date_parse(slice_cstr(s), &d), 0);
	return d;
}

static void
test_feed(void **state)
{
	const struct slice authors[] = { SLICE_LIT("A & B"), SLICE_LIT("C") };
	struct atom_entry entries[2] = {
		{ .id = SLICE_LIT("gemini://h/articles/b"),
		    .title = SLICE_LIT("Rivers <and> \"canals\"\001\033[2J"),
		    .url = SLICE_LIT("gemini://h/articles/b.gmi?a&b"),
		    .lang = SLICE_LIT("ur"),
		    .summary = SLICE_LIT("\xd9\xbe\xd8\xa7\xd9\x86\xdb\x8c"),
		    .authors = authors,
		    .author_count = 2 },
		{ .id = SLICE_LIT("gemini://h/articles/a"),
		    .title = SLICE_LIT("Old"),
		    .url = SLICE_LIT("gemini://h/articles/a.gmi") },
	};
	struct atom_feed feed = { .id = SLICE_LIT("gemini://h/"),
		.title = SLICE_LIT("Institute"),
		.self_url = SLICE_LIT("gemini://h/atom.xml"),
		.home_url = SLICE_LIT("gemini://h/"),
		.author = SLICE_LIT("Institute"),
		.lang = SLICE_LIT("en"),
		.entries = entries,
		.entry_count = 2 };
	struct buf out;

	(void)state;
	entries[0].published = day("2026-01-31");
	entries[0].updated = day("2026-02-01T08:00:00+05:00");
	entries[1].published = day("2025-01-01");
	buf_init(&out, 1 << 20);
	atom_render(&out, &feed);
	assert_slice(buf_slice(&out),
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n"
	    "  <id>gemini://h/</id>\n"
	    "  <title>Institute</title>\n"
	    "  <updated>2026-02-01T08:00:00+05:00</updated>\n"
	    "  <author><name>Institute</name></author>\n"
	    "  <link rel=\"self\" href=\"gemini://h/atom.xml\"/>\n"
	    "  <link rel=\"alternate\" href=\"gemini://h/\"/>\n"
	    "  <entry xml:lang=\"ur\">\n"
	    "    <id>gemini://h/articles/b</id>\n"
	    "    <title>Rivers &lt;and&gt; &quot;canals&quot;[2J</title>\n"
	    "    <published>2026-01-31T12:00:00Z</published>\n"
	    "    <updated>2026-02-01T08:00:00+05:00</updated>\n"
	    "    <author><name>A &amp; B</name></author>\n"
	    "    <author><name>C</name></author>\n"
	    "    <link rel=\"alternate\""
	    " href=\"gemini://h/articles/b.gmi?a&amp;b\"/>\n"
	    "    <summary>\xd9\xbe\xd8\xa7\xd9\x86\xdb\x8c</summary>\n"
	    "  </entry>\n"
	    "  <entry>\n"
	    "    <id>gemini://h/articles/a</id>\n"
	    "    <title>Old</title>\n"
	    "    <published>2025-01-01T12:00:00Z</published>\n"
	    "    <updated>2025-01-01T12:00:00Z</updated>\n"
	    "    <link rel=\"alternate\" href=\"gemini://h/articles/a.gmi\"/>\n"
	    "  </entry>\n"
	    "</feed>\n");
	buf_release(&out);
}

static void
test_empty_feed_is_whole(void **state)
{
	struct atom_feed feed = { .id = SLICE_LIT("gemini://h/"),
		.title = SLICE_LIT("I"),
		.author = SLICE_LIT("I"),
		.self_url = SLICE_LIT("gemini://h/atom.xml"),
		.home_url = SLICE_LIT("gemini://h/") };
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	atom_render(&out, &feed);
	assert_non_null(
	    strstr(buf_cstr(&out), "<updated>1970-01-01T00:00:00Z</updated>"));
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed),
		cmocka_unit_test(test_empty_feed_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
