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
	RANDOM_DOCS = 300,
#else
	RANDOM_DOCS = 2000,
#endif
	MAX_DOC_BYTES = 64 * 1024
};

static const unsigned widths[] = { 67, 40, 0 };

struct check {
	struct convert *c;
	struct law_words want;
	struct buf out, seen;
};

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
	if (!wrong && !law_holds_targets(k->c, form, out))
		wrong = "a target is lost";
	if (wrong)
		fail_msg("form %d, %u columns: %s\n%.*s\n---\n%.*s", form,
		    columns, wrong, SLICE_FMT(buf_slice(&k->c->clean)),
		    SLICE_FMT(out));
}

/*
 * All forms at the widths from number `from` to `to`.  `words` holds the words
 * asked for; NULL: those of the tree.
 */
static void
check(struct convert *c, const struct buf *words, size_t from, size_t to)
{
	struct check k = { .c = c };
	struct buf tree;

	buf_init(&k.out, CONVERT_MAX);
	buf_init(&k.seen, CONVERT_MAX);
	buf_init(&tree, CONVERT_MAX);
	law_tree_text(c->doc, &tree);
	law_words_of(buf_slice(words ? words : &tree), &k.want);
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
	struct buf md, words, path;
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

static void
target(struct maker *m)
{
	static const char *const forms[][2] = { { "https://example.org/", "" },
		{ "/a", ".md" }, { "b", ".pdf" }, { "../c", ".txt" },
		{ "gopher://g.example/0/", "" }, { "mailto:m", "@example.org" },
		{ "<d ", ".png>" } };
	const char *const *form = forms[pick(m, 7)];

	buf_addf(&m->md, "%s%u%s", form[0], ++m->made, form[1]);
}

static void
inline_piece(struct maker *m)
{
	switch (pick(m, 12)) {
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
		target(m);
		buf_add_cstr(&m->md, ")");
		break;
	case 4:
		buf_add_cstr(&m->md, "![");
		words(m, 3);
		buf_add_cstr(&m->md, "](");
		target(m);
		buf_add_cstr(&m->md, " \"");
		words(m, 2);
		buf_add_cstr(&m->md, "\")");
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

/* NOLINTNEXTLINE(misc-no-recursion): four deep at most */
static void
block(struct maker *m, unsigned depth)
{
	switch (pick(m, depth < 4 ? 10 : 5)) {
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
	default:
		inlines(m, 8);
	}
}

static void
make(struct maker *m)
{
	buf_clear(&m->md);
	buf_clear(&m->words);
	buf_clear(&m->path);
	m->made = m->notes = 0;
	for (unsigned n = 1 + pick(m, 6); n; n--) {
		block(m, 0);
		buf_add_cstr(&m->md, "\n\n");
		/* Keeps one list from going on in the next. */
		word(m);
		buf_add_cstr(&m->md, "\n\n");
	}
	for (unsigned n = 1, notes = m->notes; n <= notes; n++) {
		buf_addf(&m->md, "[^n%u]: ", n);
		words(m, 10);
		buf_add_char(&m->md, '\n');
	}
	assert_false(buf_failed(&m->md));
}

static void
random_documents_lose_nothing(void **state)
{
	struct maker m = { .seed = 0x5eed };

	(void)state;
	buf_init(&m.md, MAX_DOC_BYTES * 16);
	buf_init(&m.words, MAX_DOC_BYTES * 16);
	buf_init(&m.path, 1024);
	for (unsigned i = 0; i < RANDOM_DOCS; i++) {
		struct convert c = { .lang =
					 i % 4 ? SLICE_NONE : SLICE_LIT("ur") };

		make(&m);
		convert_parse(&c, buf_slice(&m.md), 1);
		if (!c.doc)
			fail_msg("document %u refused: %s", i, c.err.text);
		check(&c, &m.words, i % 3, i % 3);
		convert_release(&c);
	}
	buf_release(&m.md);
	buf_release(&m.words);
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
