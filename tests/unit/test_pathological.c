/*
 * Input made to hurt: each text is converted into all three forms, or refused
 * with a reason, in under a second of CPU and in bounded memory.
 */
#include <sys/resource.h>
#include <sys/time.h>

#include "test.h"

#include "law.h"

#ifdef QASID_SANITIZED
#define SECONDS 20.0
#else
#define SECONDS 1.0
#endif

enum {
	OUTPUT_MAX = 512 * 1024 * 1024
};

/* `before`, `n` times `unit`, `after`; `refused`: it must be. */
static const struct hurt {
	const char *name, *before, *unit;
	unsigned n;
	const char *after;
	bool refused;
} hurts[] = {
	{ "a line of 10 MB", "", "word ", 2000000, "\n", true },
	{ "a paragraph of 300 KB", "", "word word word word\n", 15000, "",
	    true },
	{ "a list 2,000 deep in one line", "", "- ", 2000, "x\n", false },
	{ "numbers 2,000 deep in one line", "", "1. ", 2000, "x\n", false },
	{ "10,000 quotes in one another", "", ">", 10000, " x\n", false },
	{ "10,000 brackets", "", "[", 10000, "x\n", false },
	{ "10,000 pictures opened", "", "![", 10000, "x\n", false },
	{ "20,000 tags not closed", "", "<a ", 20000, "\n", false },
	{ "20,000 attributes not closed", "", "<a href=\"", 20000, "\n",
	    false },
	{ "20,000 divisions", "", "<div>", 20000, "x\n", false },
	{ "20,000 HTML lists", "", "<ul><li>", 20000, "x\n", false },
	{ "20,000 HTML links", "x ", "<a href=\"u\">", 20000, "\n", false },
	{ "20,000 HTML tables", "", "<table><tr><td>", 15000, "x\n", false },
	{ "20,000 comments not closed", "", "<!-- ", 20000, "\n", false },
	{ "20,000 inline comments", "", "x <!-- y\n", 20000, "", false },
	{ "20,000 instructions", "x ", "<? y ", 20000, "", false },
	{ "20,000 references", "", "[a][b] ", 20000, "\n", false },
	{ "20,000 footnotes not defined", "", "x[^n] ", 20000, "\n", false },
	{ "20,000 footnotes opened", "", "[^", 20000, "\n", false },
	{ "20,000 definitions of one note", "[^a]\n\n", "[^a]: x\n", 20000, "",
	    false },
	{ "20,000 references to one note", "[^a]: x\n\n", "y[^a] ", 20000, "\n",
	    false },
	{ "emphasis opened and not closed", "", "*a **b ", 20000, "\n", false },
	{ "underscores", "", "_", 200000, "x\n", false },
	{ "backquotes", "", "`a", 50000, "\n", false },
	{ "tildes", "", "~~a ", 20000, "\n", false },
	{ "entities not closed", "", "&#x", 50000, "\n", false },
	{ "links not closed", "", "[a](b\n", 20000, "", false },
	{ "15,000 lines that are links", "", "[a](http://b/c)\n", 15000, "",
	    false },
	{ "destinations not closed", "", "[a](<b", 20000, "\n", false },
	{ "titles not closed", "", "[a](b \"", 20000, "\n", false },
	{ "addresses in one word", "", "http://a.b/", 20000, "\n", false },
	{ "addresses in one line", "", "http://a.b/ ", 20000, "\n", false },
	{ "mail addresses", "", "a@b.", 20000, "\n", false },
	{ "shortcodes not closed", "", "{{< x ", 20000, "\n", false },
	{ "unknown shortcodes", "", "{{< x >}}", 20000, "\n", false },
	{ "captions not closed", "", "[caption]", 20000, "\n", false },
	{ "attribute lists", "[a](b)", "{a=b ", 20000, "\n", false },
	{ "hyphens", "", "a-", 100000, "\n", false },
	{ "hyphens in an address", "http://", "a-", 100000, "\n", false },
	{ "combining marks", "e", "\xcc\x81", 100000, "\n", false },
	{ "wide characters", "", "\xe4\xb8\xad", 80000, "\n", false },
	{ "wide characters and hyphens", "", "\xe4\xb8\xad-", 60000, "\n",
	    false },
	{ "a million blanks", "", " ", 1000000, "\n", false },
	{ "3 MB of empty lines", "", "\n", 3000000, "", false },
	{ "100,000 empty lines in a list", "- - - - - - - - x\n", "\n", 100000,
	    "", false },
	{ "a table of 30,000 rows", "|a|b|\n|-|-|\n", "|c|d|\n", 30000, "",
	    false },
	{ "backslashes", "", "\\", 200000, "\n", false },
	{ "rules", "", "---\n\n", 200000, "", false },
};

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
convert_all(const char *name, struct slice md, bool refused)
{
	struct convert c = { .lang = SLICE_NONE };
	double start = cpu_seconds(), took;
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	convert_parse(&c, md, 1);
	if (refused != !c.doc)
		fail_msg("%s: %s", name, c.doc ? "not refused" : c.err.text);
	for (int form = 0; c.doc && form < CONVERT_FORMS; form++) {
		const char *wrong;

		buf_clear(&out);
		if (convert_write(&c, form, 67, &out) < 0)
			fail_msg("%s: %s", name, c.err.text);
		wrong = law_form(form, buf_slice(&out));
		if (wrong)
			fail_msg("%s: form %d: %s", name, form, wrong);
	}
	took = cpu_seconds() - start;
	if (took > SECONDS)
		fail_msg("%s: %.2f s", name, took);
	buf_release(&out);
	convert_release(&c);
}

static void
repeated_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hurts) / sizeof(hurts[0]); i++) {
		const struct hurt *h = &hurts[i];
		struct buf md;

		buf_init(&md, OUTPUT_MAX);
		buf_add_cstr(&md, h->before);
		for (unsigned k = 0; k < h->n; k++)
			buf_add_cstr(&md, h->unit);
		buf_add_cstr(&md, h->after);
		convert_all(h->name, buf_slice(&md), h->refused);
		buf_release(&md);
	}
}

/* Line `i` begins with i times `step`, then `rest`. */
static void
stairs(const char *name, const char *step, const char *rest, unsigned lines,
    bool refused)
{
	struct buf md;

	buf_init(&md, OUTPUT_MAX);
	for (unsigned i = 0; i < lines; i++) {
		for (unsigned k = 0; k < i; k++)
			buf_add_cstr(&md, step);
		buf_add_cstr(&md, rest);
	}
	convert_all(name, buf_slice(&md), refused);
	buf_release(&md);
}

static void
ever_deeper_lines(void **state)
{
	(void)state;
	/* 2 MB without an empty line; with them each item is a paragraph. */
	stairs("a tight list 2,000 deep", "  ", "- x\n", 2000, true);
	stairs("a list 2,000 deep", "  ", "- x\n\n", 1400, false);
	stairs("a numbered list 400 deep", "   ", "1. x\n", 400, false);
	stairs("quotes 2,000 deep", ">", " x\n\n", 2000, false);
	stairs("runs of backquotes", "`", " ", 600, false);
}

static void
numbered_names(void **state)
{
	struct buf md;

	(void)state;
	buf_init(&md, OUTPUT_MAX);
	for (int i = 0; i < 20000; i++)
		buf_addf(&md, "[a%d]: /u%d\n\n", i, i);
	for (int i = 0; i < 20000; i++)
		buf_addf(&md, "[a%d] ", i);
	convert_all("20,000 definitions of links", buf_slice(&md), false);
	buf_clear(&md);
	for (int i = 0; i < 20000; i++)
		buf_addf(&md, "x[^%d] ", i);
	buf_add_cstr(&md, "\n\n");
	for (int i = 0; i < 20000; i++)
		buf_addf(&md, "[^%d]: note[^%d]\n", i, i + 1);
	convert_all("20,000 footnotes", buf_slice(&md), false);
	buf_release(&md);
}

static void
table(const char *name, int columns, int rows, bool refused)
{
	struct buf md;

	buf_init(&md, OUTPUT_MAX);
	for (int i = 0; i < columns; i++)
		buf_addf(&md, "|a%d", i);
	buf_add_cstr(&md, "\n");
	for (int i = 0; i < columns; i++)
		buf_add_cstr(&md, "|-");
	for (int i = 0; i < rows; i++)
		buf_add_cstr(&md, "\nb");
	convert_all(name, buf_slice(&md), refused);
	buf_release(&md);
}

/* Each short row is as wide as the widest: little source, many cells. */
static void
tables_of_many_cells(void **state)
{
	(void)state;
	table("a table of 500 columns", 500, 400, false);
	table("a table of 20,000 rows", 10, 20000, false);
	table("a table of 10,000 columns and rows", 10000, 10000, true);
}

/* Deep enough and long enough that md4c would look at each level each line. */
static void
depth_times_lines_is_refused(void **state)
{
	struct buf md;

	(void)state;
	buf_init(&md, OUTPUT_MAX);
	for (int i = 0; i < 2000; i++)
		buf_add_cstr(&md, "- ");
	buf_add_cstr(&md, "x\n");
	buf_add_repeat(&md, '\n', 1000000);
	convert_all("deep list, empty lines", buf_slice(&md), true);
	buf_release(&md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeated_units),
		cmocka_unit_test(ever_deeper_lines),
		cmocka_unit_test(numbered_names),
		cmocka_unit_test(tables_of_many_cells),
		cmocka_unit_test(depth_times_lines_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
