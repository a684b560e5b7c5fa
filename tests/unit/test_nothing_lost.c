/*
 * The law of RENDERING.md: every visible word and every link target of the
 * source stands in each form.  Held for the golden cases, and for documents
 * made at random whose words and targets the maker knows.
 */
#include <dirent.h>
#include <stdio.h>

#include "test.h"

#include "law.h"

enum {
#ifdef QASID_SANITIZED
	RANDOM_DOCS = 150,
#else
	RANDOM_DOCS = 1000,
#endif
	MAX_DOC_BYTES = 64 * 1024,
	MAX_NOTES = 40
};

static const unsigned widths[] = { 67, 40, 0 };

/* What a maker knows of its document; both are lists parted by blanks. */
struct known {
	struct slice words, targets;
};

struct check {
	struct convert *c;
	struct law_words want;
	struct slice targets; /* each a part of a target, found nowhere else */
	struct buf out, seen;
};

static bool
holds_known(struct slice targets, struct slice out)
{
	while (targets.len) {
		size_t n = slice_find(targets, ' ');

		if (!law_contains(out, slice_upto(targets, n))) {
			fprintf(stderr, "lost target: %.*s\n",
			    SLICE_FMT(slice_upto(targets, n)));
			return false;
		}
		targets = slice_from(targets, n + 1);
	}
	return true;
}

static void
check_form(struct check *k, int form, unsigned columns)
{
	struct slice out;
	const char *wrong;

	buf_clear(&k->out);
	buf_clear(&k->seen);
	assert_int_equal(convert_write(k->c, form, columns, &k->out), 0);
	out = buf_slice(&k->out);
	law_display(form, out, &k->seen);
	wrong = law_form(form, out);
	if (!wrong && !law_holds_words(&k->want, buf_slice(&k->seen)))
		wrong = "a word is lost";
	if (!wrong &&
	    (!law_holds_targets(k->c, form, out) ||
		!holds_known(k->targets, out)))
		wrong = "a target is lost";
	if (!wrong)
		return;
	/* cmocka cuts what is long. */
	fprintf(stderr, "%.*s\n---\n%.*s", SLICE_FMT(buf_slice(&k->c->clean)),
	    SLICE_FMT(out));
	fail_msg("form %d, %u columns: %s", form, columns, wrong);
}

/*
 * All forms at the widths from number `from` to `to`.  `known` is what is asked
 * for; NULL: what is in the tree.
 */
static void
check(struct convert *c, const struct known *known, size_t from, size_t to)
{
	struct check k = { .c = c,
		.targets = known ? known->targets : SLICE_NONE };
	struct buf tree;

	buf_init(&k.out, CONVERT_MAX);
	buf_init(&k.seen, CONVERT_MAX);
	buf_init(&tree, CONVERT_MAX);
	law_tree_text(c->doc, &tree);
	law_words_of(known ? known->words : buf_slice(&tree), &k.want);
	for (int form = 0; form < CONVERT_FORMS; form++)
		for (size_t i = from; i <= to; i++)
			check_form(&k, form, widths[i]);
	law_words_release(&k.want);
	buf_release(&k.out);
	buf_release(&k.seen);
	buf_release(&tree);
}

/* --- golden cases ---------------------------------------------------------------- */

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
golden_cases_lose_nothing(void **state)
{
	DIR *d = opendir("tests/golden");
	struct dirent *e;
	unsigned cases = 0;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d))) {
		struct convert c = { .lang = SLICE_NONE };
		char path[512];
		struct buf md;

		if (!slice_ends(slice_cstr(e->d_name), SLICE_LIT(".md")))
			continue;
		snprintf(path, sizeof(path), "tests/golden/%s", e->d_name);
		buf_init(&md, CONVERT_MAX);
		read_all(path, &md);
		/* Front matter is text here: its words count as well. */
		convert_parse(&c, buf_slice(&md), 1);
		assert_non_null(c.doc);
		check(&c, NULL, 0, 2);
		c.lang = SLICE_LIT("ur");
		check(&c, NULL, 0, 2);
		convert_release(&c);
		buf_release(&md);
		cases++;
	}
	closedir(d);
	assert_true(cases > 10);
}

/* --- documents made at random ------------------------------------------------------ */

struct maker {
	unsigned long long seed;
	struct buf md, words, targets, path;
	unsigned made; /* words, links, notes so far */
	unsigned notes;
};

static unsigned
pick(struct maker *m, unsigned n)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return (unsigned)(m->seed >> 33) % n;
}

/* A word that is nowhere else, so that each loss is seen. */
static void
word(struct maker *m)
{
	static const char *const stems[] = { "water", "canal", "پانی", "نہر",
		"Größe", "budget", "水", "река", "naïve", "तथ्य" };
	const char *stem = stems[pick(m, sizeof(stems) / sizeof(stems[0]))];

	buf_addf(&m->md, "%s%uq", stem, ++m->made);
	buf_addf(&m->words, " %s%uq", stem, m->made);
}

static void
words(struct maker *m, unsigned most)
{
	unsigned n = 1 + pick(m, most);

	while (n--) {
		word(m);
		if (n)
			buf_add_char(&m->md, ' ');
	}
}

/* What stands between `before` and `after` is in no other target. */
static void
put_target(struct maker *m, const char *before, const char *after, bool shown)
{
	buf_addf(&m->md, "%st%ut%s", before, ++m->made, after);
	if (shown)
		buf_addf(
		    &m->targets, "%st%ut", m->targets.len ? " " : "", m->made);
}

/* A Gopher text has no address of a picture in a sentence: not `shown`. */
static void
target(struct maker *m, bool shown)
{
	static const char *const forms[][2] = { { "https://example.org/", "" },
		{ "/a", ".md" }, { "b", ".pdf" }, { "../c", ".txt" },
		{ "gopher://g.example/0/", "" }, { "mailto:m", "@example.org" },
		{ "<d ", ".png>" } };
	const char *const *form = forms[pick(m, 7)];

	put_target(m, form[0], form[1], shown);
}

/* HTML in a line; never a block of its own, as words stand before it. */
static void
html_piece(struct maker *m)
{
	word(m);
	switch (pick(m, 4)) {
	case 0:
		put_target(m, " <a href=\"https://example.org/", "\">", true);
		words(m, 3);
		buf_add_cstr(&m->md, "</a>");
		break;
	case 1:
		buf_add_cstr(&m->md, " <img alt='");
		words(m, 3);
		put_target(m, "' src=", ".png>", false);
		break;
	case 2:
		put_target(m, " <iframe src=\"https://example.org/",
		    "\"></iframe> ", true);
		word(m);
		break;
	default:
		buf_add_cstr(&m->md, "<br>");
		words(m, 2);
		buf_add_cstr(&m->md, " <code>");
		words(m, 2);
		buf_add_cstr(&m->md, "</code>");
	}
}

/* A picture with a title, and around it, at times, a link. */
static void
picture_piece(struct maker *m)
{
	bool linked = pick(m, 3) == 0;

	buf_add_cstr(&m->md, linked ? "[![" : "![");
	if (pick(m, 8))
		words(m, 3);
	buf_add_cstr(&m->md, "](");
	target(m, false);
	buf_add_cstr(&m->md, " \"");
	words(m, 2);
	buf_add_cstr(&m->md, "\")");
	if (!linked)
		return;
	buf_add_cstr(&m->md, "](");
	target(m, true);
	buf_add_cstr(&m->md, ")");
}

static void
inline_piece(struct maker *m)
{
	switch (pick(m, 14)) {
	case 0:
		buf_add_cstr(&m->md, "**");
		words(m, 3);
		buf_add_cstr(&m->md, "**");
		break;
	case 1:
		buf_add_cstr(&m->md, "`");
		words(m, 2);
		buf_add_cstr(&m->md, "`");
		break;
	case 2:
	case 3:
		buf_add_cstr(&m->md, "[");
		words(m, pick(m, 10) ? 3 : 20);
		buf_add_cstr(&m->md, "](");
		target(m, true);
		buf_add_cstr(&m->md, ")");
		break;
	case 4:
		picture_piece(m);
		break;
	case 5:
		buf_addf(&m->md, "x[^n%u]", ++m->notes);
		break;
	case 6:
		buf_add_cstr(&m->md, "~~");
		words(m, 2);
		buf_add_cstr(&m->md, "~~");
		break;
	case 7:
		buf_add_cstr(&m->md, "<b>");
		words(m, 2);
		buf_add_cstr(&m->md, "</b> &amp;");
		break;
	case 8:
		html_piece(m);
		break;
	case 9:
		words(m, 4);
		buf_add_cstr(&m->md, " <https://example.org/");
		put_target(m, "", ">", true);
		break;
	default:
		words(m, 8);
	}
}

static void
inlines(struct maker *m, unsigned most)
{
	unsigned n = 1 + pick(m, most);

	while (n--) {
		inline_piece(m);
		if (n)
			buf_add_char(&m->md, ' ');
	}
}

/* A new line, behind the quote marks and blanks that are open. */
static void
line(struct maker *m)
{
	buf_add_char(&m->md, '\n');
	buf_add(&m->md, buf_slice(&m->path));
}

static void block(struct maker *m, unsigned depth);

static void
blocks(struct maker *m, unsigned depth)
{
	unsigned n = 1 + pick(m, 3);

	while (n--) {
		block(m, depth);
		if (n) {
			line(m);
			line(m);
		}
	}
}

static void
table(struct maker *m)
{
	unsigned columns = 1 + pick(m, 4), rows = 1 + pick(m, 4);

	for (unsigned r = 0; r <= rows + 1; r++) {
		buf_add_char(&m->md, '|');
		for (unsigned c = 0; c < columns; c++) {
			if (r == 1)
				buf_add_cstr(
				    &m->md, pick(m, 2) ? "--:" : ":-:");
			else
				inlines(m, 2);
			buf_add_char(&m->md, '|');
		}
		if (r <= rows)
			line(m);
	}
}

static void
list(struct maker *m, unsigned depth)
{
	bool ordered = pick(m, 2);
	unsigned items = 1 + pick(m, 4);
	size_t path = m->path.len;

	for (unsigned i = 1; i <= items; i++) {
		if (ordered)
			buf_addf(&m->md, "%u. ", i);
		else
			buf_add_cstr(&m->md, "- ");
		buf_add_cstr(&m->path, ordered ? "   " : "  ");
		if (pick(m, 5) == 0) {
			buf_add_cstr(&m->md, pick(m, 2) ? "[ ] " : "[x] ");
			words(m, 3);
			line(m);
			line(m);
		}
		blocks(m, depth + 1);
		buf_truncate(&m->path, path);
		if (i < items)
			line(m);
	}
}

static void
quote(struct maker *m, unsigned depth)
{
	size_t path = m->path.len;

	buf_add_cstr(&m->md, "> ");
	buf_add_cstr(&m->path, "> ");
	if (pick(m, 4) == 0) {
		buf_add_cstr(&m->md, "[!NOTE]");
		line(m);
	}
	blocks(m, depth + 1);
	buf_truncate(&m->path, path);
}

static void
code(struct maker *m)
{
	unsigned n = 1 + pick(m, 3);

	buf_add_cstr(&m->md, "```sh");
	while (n--) {
		line(m);
		words(m, 20);
	}
	line(m);
	buf_add_cstr(&m->md, "```");
}

/* A list, a table or a figure in HTML, without empty lines. */
static void
html_block(struct maker *m)
{
	static const char *const shapes[][5] = {
		{ "<ul>", "<li>", "<ol><li>", "</ol>", "</ul>" },
		{ "<table>", "<tr><td>", "</td><td>", "</td></tr>",
		    "</table>" },
		{ "<div>", "<p>", "</p><p>", "</p>", "</div>" },
		{ "<blockquote>", "<h3>", "</h3>", "<hr>", "</blockquote>" },
	};
	const char *const *shape = shapes[pick(m, 4)];

	buf_add_cstr(&m->md, shape[0]);
	for (unsigned n = 1 + pick(m, 3); n; n--) {
		line(m);
		buf_add_cstr(&m->md, shape[1]);
		words(m, 5);
		buf_add_cstr(&m->md, shape[2]);
		html_piece(m);
		buf_add_cstr(&m->md, shape[3]);
	}
	line(m);
	buf_add_cstr(&m->md, shape[4]);
}

/* NOLINTNEXTLINE(misc-no-recursion): four deep at most */
static void
block(struct maker *m, unsigned depth)
{
	switch (pick(m, depth < 4 ? 11 : 5)) {
	case 0:
		buf_add_repeat(&m->md, '#', 1 + pick(m, 6));
		buf_add_char(&m->md, ' ');
		inlines(m, 3);
		break;
	case 1:
		code(m);
		break;
	case 2:
		table(m);
		break;
	case 5:
	case 6:
		list(m, depth);
		break;
	case 7:
		quote(m, depth);
		break;
	case 8:
		html_block(m);
		break;
	default:
		inlines(m, 8);
	}
}

/* Blocks in a note stand four columns to the right. */
static void
note(struct maker *m, unsigned number)
{
	size_t path = m->path.len;

	buf_addf(&m->md, "[^n%u]: ", number);
	words(m, 10);
	buf_add_cstr(&m->path, "    ");
	if (pick(m, 3) == 0) {
		line(m);
		line(m);
		block(m, 2);
	}
	buf_truncate(&m->path, path);
	buf_add_cstr(&m->md, "\n\n");
}

static void
make(struct maker *m)
{
	buf_clear(&m->md);
	buf_clear(&m->words);
	buf_clear(&m->targets);
	buf_clear(&m->path);
	m->made = m->notes = 0;
	for (unsigned n = 1 + pick(m, 6); n; n--) {
		block(m, 0);
		buf_add_cstr(&m->md, "\n\n");
		/* Keeps one list from going on in the next. */
		word(m);
		buf_add_cstr(&m->md, "\n\n");
	}
	/* Notes may refer to notes, up to a limit. */
	for (unsigned n = 1; n <= m->notes && n < MAX_NOTES; n++)
		note(m, n);
	assert_false(buf_failed(&m->md));
}

static void
random_documents_lose_nothing(void **state)
{
	struct maker m = { .seed = 0x5eed };

	(void)state;
	buf_init(&m.md, MAX_DOC_BYTES * 16);
	buf_init(&m.words, MAX_DOC_BYTES * 16);
	buf_init(&m.targets, MAX_DOC_BYTES * 16);
	buf_init(&m.path, 1024);
	for (unsigned i = 0; i < RANDOM_DOCS; i++) {
		struct convert c = { .lang =
					 i % 4 ? SLICE_NONE : SLICE_LIT("ur") };

		struct known known;

		make(&m);
		known = (struct known){ buf_slice(&m.words),
			buf_slice(&m.targets) };
		convert_parse(&c, buf_slice(&m.md), 1);
		if (!c.doc)
			fail_msg("document %u refused: %s", i, c.err.text);
		check(&c, &known, i % 3, i % 3);
		convert_release(&c);
	}
	buf_release(&m.md);
	buf_release(&m.words);
	buf_release(&m.targets);
	buf_release(&m.path);
}

/* The check itself can fail. */
static bool
holds(const char *want, const char *have)
{
	struct law_words w;
	bool held;

	law_words_of(slice_cstr(want), &w);
	held = law_holds_words(&w, slice_cstr(have));
	law_words_release(&w);
	return held;
}

static void
a_lost_word_is_seen(void **state)
{
	(void)state;
	assert_true(holds("a b b", "b (a) b-c"));
	assert_false(holds("a b b", "a b c"));
	assert_true(holds("e\xcc\x81", "\xc3\xa9"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_word_is_seen),
		cmocka_unit_test(golden_cases_lose_nothing),
		cmocka_unit_test(random_documents_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
