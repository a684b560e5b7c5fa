/*
 * The tree that comes of Markdown, the places of its nodes, the warnings.
 * What each construct looks like in the end stands in tests/golden.
 */
#include <stdio.h>

#include "test.h"

#include "convert.h"
#include "markdown/entities.h"

/* --- the tree as text ------------------------------------------------------------ */

static const char *const type_names[] = { "doc", "h", "p", "list", "item",
	"quote", "code", "table", "row", "cell", "rule", "notes", "note", "",
	"`", "a", "img", "~", "/", "^" };

static void
dump_open(struct buf *out, const struct md_node *n)
{
	if (n->type == MD_TEXT) {
		buf_addf(out, "'%.*s'", SLICE_FMT(n->text));
		return;
	}
	buf_addf(out, "(%s", type_names[n->type]);
	if (n->type == MD_HEADING)
		buf_add_uint(out, n->level);
	if (n->type == MD_LIST && n->ordered)
		buf_addf(out, "#%u", n->number);
	if (n->type == MD_NOTE || n->type == MD_NOTE_REF)
		buf_add_uint(out, n->number);
	if (n->task != MD_TASK_NONE)
		buf_add_cstr(out, n->task == MD_TASK_DONE ? "[x]" : "[ ]");
	if (n->type == MD_CELL && n->align != MD_ALIGNED_START)
		buf_add_char(out, n->align == MD_ALIGNED_END ? '>' : '=');
	if (n->info.len)
		buf_addf(out, " \"%.*s\"", SLICE_FMT(n->info));
	if (n->text.len)
		buf_addf(out, " %.*s", SLICE_FMT(n->text));
	if (n->first)
		buf_add_char(out, ' ');
}

static void
dump(struct buf *out, const struct md_node *doc)
{
	const struct md_node *n = doc->first, *up;

	while (n) {
		dump_open(out, n);
		if (n->first) {
			n = n->first;
			continue;
		}
		if (n->type != MD_TEXT)
			buf_add_char(out, ')');
		for (up = n; up != doc && !up->next; up = up->parent)
			if (up->parent != doc)
				buf_add_char(out, ')');
		n = up == doc ? NULL : up->next;
	}
}

/* Texts that stand side by side count as one: their quotes go. */
static void
join_texts(struct buf *out, const char *dumped, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i + 1 < len && !memcmp(dumped + i, "''", 2))
			i++;
		else
			buf_add_char(out, dumped[i]);
	}
}

static void
parses(const char *md, const char *want)
{
	struct convert c = { .lang = SLICE_NONE };
	struct buf raw, got, wanted;

	convert_parse(&c, slice_cstr(md), 1);
	assert_non_null(c.doc);
	buf_init(&raw, 65536);
	buf_init(&got, 65536);
	buf_init(&wanted, 65536);
	dump(&raw, c.doc);
	join_texts(&got, raw.ptr, raw.len);
	join_texts(&wanted, want, strlen(want));
	if (!slice_eq(buf_slice(&got), buf_slice(&wanted)))
		fail_msg("%s\ngot  %.*s\nwant %s", md,
		    SLICE_FMT(buf_slice(&got)), want);
	buf_release(&raw);
	buf_release(&got);
	buf_release(&wanted);
	convert_release(&c);
}

static void
blocks(void **state)
{
	(void)state;
	parses("", "");
	parses("a\nb *c* d", "(p 'a b ''c'' d')");
	parses("# A #\n\nB\n===\n\n###### c", "(h1 'A')(h1 'B')(h6 'c')");
	parses("- a\n- b\n\n3. c\n",
	    "(list (item (p 'a'))(item (p 'b')))"
	    "(list#3 (item (p 'c')))");
	parses("- [ ] a\n- [x] b", "(list (item[ ] (p 'a'))(item[x] (p 'b')))");
	parses("> a\n>\n> b", "(quote (p 'a')(p 'b'))");
	parses("> [!Tip]\n> a", "(quote \"TIP\" (p 'a'))");
	parses("> [!NOTEX]\n> a", "(quote (p '[!NOTEX] a'))");
	parses("```sh x\na\n\n b\n```", "(code \"sh\" a\n\n b\n)");
	parses("***", "(rule)");
	parses("|a|b|\n|:-:|-:|\n|c|",
	    "(table (row (cell= 'a')(cell> 'b'))"
	    "(row (cell= 'c')(cell>)))");
}

static void
inlines(void **state)
{
	(void)state;
	parses(
	    "[a](b \"t\") ![c](d \"e\")", "(p (a b 'a')' '(img \"e\" d 'c'))");
	parses("`a  b` ~~c~~  \nd\\\ne", "(p (` a  b)' '(~ 'c')(/)'d'(/)'e')");
	parses("&eacute;&shy;&#8203;x&#160;y&nope;",
	    "(p 'é''x''\xc2\xa0''y&nope;')");
	parses("soft\xc2\xadhyphen zero\xe2\x80\x8bwidth",
	    "(p 'soft''hyphen zero''width')");
	parses("<a@b.org> www.a.org http://b.org/c.",
	    "(p (a mailto:a@b.org 'a@b.org')' '(a http://www.a.org "
	    "'www.a.org')' '(a http://b.org/c 'http://b.org/c')'.')");
	parses("[x][r]\n\n[r]: /u&amp;v", "(p (a /u&v 'x'))");
}

static void
pictures_on_their_lines(void **state)
{
	(void)state;
	parses("![a](b)\nc", "(p (img b 'a'))(p 'c')");
	parses("c\n![a](b)\n[![d](e)](f)\ng",
	    "(p 'c')(p (img b 'a')' '(a f (img e 'd')))(p 'g')");
	parses("c ![a](b)\nd", "(p 'c '(img b 'a')' ''d')");
}

static void
footnotes(void **state)
{
	(void)state;
	parses("a[^x] b[^y] c[^x]\n\n[^y]: Y\n[^x]: X",
	    "(p 'a'(^1)' b'(^2)' c'(^1))"
	    "(notes (note1 (p 'X'))(note2 (p 'Y')))");
	/* Many blocks, lazy lines, and one that begins like a rule. */
	parses("a[^x]\n\n[^x]: A\nlazy\n\n    B\n\n    - c\n\nafter",
	    "(p 'a'(^1))(p 'after')(notes (note1 (p 'A lazy')(p 'B')"
	    "(list (item (p 'c')))))");
	parses("a[^x]\n\n[^x]: ---", "(p 'a'(^1))(notes (note1 (rule)))");
	/* Not in code, not in spans of it, not where undefined. */
	parses("```\n[^x]: a\n```\n\n`[^x]` [^x]",
	    "(code [^x]: a\n)(p (` [^x])' [^x]')");
	parses("> a[^q]\n>\n> [^q]: in\n>     more\n>\n> b",
	    "(quote (p 'a'(^1))(p 'b'))(notes (note1 (p 'in more')))");
	parses("- a[^l]\n\n    [^l]: in an item\n",
	    "(list (item (p 'a'(^1))))(notes (note1 (p 'in an item')))");
	/* A fence that a note leaves open ends with the note. */
	parses("a[^x]\n\n[^x]: ```\n    code\n\nb",
	    "(p 'a'(^1))(p 'b')(notes (note1 (code code\n)))");
	/* Links of the body hold in notes. */
	parses("a[^x]\n\n[^x]: [r]\n\n[r]: /u",
	    "(p 'a'(^1))(notes (note1 (p (a /u 'r'))))");
	/* Nothing refers to it; it is kept, the last. */
	parses("a[^2]\n\n[^1]: one\n[^2]: two",
	    "(p 'a'(^1))(notes "
	    "(note1 (p 'two'))(note2 "
	    "(p 'one')))");
}

static void
raw_html(void **state)
{
	(void)state;
	parses("<div>a <b>b</b></div>", "(p 'a ''b')");
	parses("<ul><li>a<li>b<ul><li>c</ul></ul>d",
	    "(list (item (p 'a'))(item (p 'b')(list (item (p 'c')))))(p 'd')");
	parses("<table><tr><td>a<td>b</table>",
	    "(table (row)(row (cell 'a')(cell 'b')))");
	parses("<h3>a</h3>b", "(h3 'a')(p 'b')");
	parses("a <a href=\"u&amp;v\">b</a> <img src=c alt='d e'> <br>f",
	    "(p 'a '(a u&v 'b')' '(img c 'd e')' '(/)'f')");
	parses("<iframe src=\"u\"></iframe>", "(p (a u))");
	parses("<video src=a><source src=b>c</video>",
	    "(p (a a)' '' '(a b)' ''c')");
	parses("<div>a <https://b.c/d> <o:p>e</o:p></div>",
	    "(p 'a <https://b.c/d> e')");
	parses("<area href=a alt=b>", "(p (a a 'b'))");
	parses(
	    "<img srcset=\"a.png 1x, b.png 2x\" alt=c>", "(p (img a.png 'c'))");
	parses("x <img alt=\"y z\">", "(p 'x ''y z')");
	parses("a <script>b</script> c <!-- d --> e", "(p 'a '' c '' e')");
	parses("<style>\na\n\nb</style>\n\nc", "(p 'c')");
	parses("<pre>\na  &lt;b\n</pre>", "(code a  <b\n)");
	parses("<blockquote>a<p>b</blockquote>", "(quote (p 'a')(p 'b'))");
	parses("<ul>\n<li>\n\nmd *x*\n\n</li>\n</ul>\n\ny",
	    "(list (item (p 'md ''x')))(p 'y')");
	parses("|a|\n|---|\n|b<br>c<ul><li>d</ul>|",
	    "(table (row (cell 'a'))(row (cell 'b'(/)'c'(/)'– ''d')))");
	parses("a < b <3 <notag", "(p 'a < b <3 <notag')");
	parses("<del>a</del> <code>b</code>", "(p (~ 'a')' ''`''b''`')");
}

static void
shortcodes(void **state)
{
	(void)state;
	parses("{{< youtube a_b_ >}}",
	    "(p (a https://www.youtube.com/watch?v=a_b_ "
	    "'https://www.youtube.com/watch?v=a_b_'))");
	parses("{{<youtube x>}}",
	    "(p (a https://www.youtube.com/watch?v=x "
	    "'https://www.youtube.com/watch?v=x'))");
	parses("{{< figure src=\"http://a.b/c.png\" alt=\"d\" >}}",
	    "(p (img http://a.b/c.png 'd'))");
	parses("[caption id=\"x\"]![a](b) c *d*[/caption] e",
	    "(p (img b 'a'))(p 'c ''d')(p 'e')");
	parses("[caption caption=\"Words\"]<img src=a.png>[/caption]",
	    "(p (img a.png))(p 'Words')");
	parses("![a](b){width=50%} c {d}", "(p (img b 'a')' c {d}')");
	parses("# A {#b .c}\n\nd\n{: .e}", "(h1 'A')(p 'd')");
	parses("a\n\n<!--more-->\n\nb", "(p 'a')(p 'b')");
	parses("{{< nope >}} `{{< youtube x >}}`",
	    "(p '{{< nope >}} '(` {{< youtube x >}}))");
	parses("[embed]http://a.b/c[/embed]",
	    "(p (a http://a.b/c 'http://a.b/c'))");
}

/* --- places ------------------------------------------------------------------------ */

static void
nodes_have_places(void **state)
{
	static const char md[] = "a [b](c)\n\n- پانی ![d](e) [f][r]\n\n"
				 "x[^n] <img src=g>\n\n[^n]: y\n    [h](i)\n\n"
				 "[r]: /u\n[j](k)\n";
	static const struct place {
		const char *target;
		unsigned line, column;
	} want[] = { { "c", 11, 3 }, { "e", 13, 8 }, { "/u", 13, 16 },
		{ "g", 15, 7 }, { "k", 21, 1 }, { "i", 18, 5 } };
	struct convert c = { .lang = SLICE_NONE };
	size_t i = 0;

	(void)state;
	convert_parse(&c, slice_cstr(md), 11);
	for (const struct md_node *n = c.doc; n; n = md_next(n, c.doc, true)) {
		if (n->type != MD_LINK && n->type != MD_IMAGE)
			continue;
		assert_true(i < sizeof(want) / sizeof(want[0]));
		assert_slice(n->text, want[i].target);
		assert_int_equal(n->line, want[i].line);
		assert_int_equal(n->column, want[i].column);
		i++;
	}
	assert_int_equal(i, sizeof(want) / sizeof(want[0]));
	convert_release(&c);
}

/* --- warnings and limits --------------------------------------------------------------- */

static void
collect(void *ctx, const struct diag_item *item)
{
	buf_addf(ctx, "%u:%u: %s\n", item->line, item->column, item->text);
}

static void
warns(const char *md, const char *want)
{
	struct convert c = { .lang = SLICE_NONE };
	struct buf out;

	buf_init(&out, 65536);
	c.diag.sink = collect;
	c.diag.ctx = &out;
	convert_parse(&c, slice_cstr(md), 5);
	assert_non_null(c.doc);
	assert_slice(buf_slice(&out), want);
	buf_release(&out);
	convert_release(&c);
}

static void
warnings(void **state)
{
	struct buf deep;

	(void)state;
	warns("fine", "");
	warns("a\nbc [^x]", "6:4: footnote not defined: [^x]\n");
	warns("[^x]: a", "5:0: nothing refers to footnote ^x\n");
	warns(
	    "a[^x]\n\n[^x]: a\n[^x]: b", "8:0: footnote defined before: ^x\n");
	warns("a {{< b >}}",
	    "5:3: shortcode not known, left as it is: {{< b >}}\n");
	warns("[gallery ids=\"1\"] [sic] [a=b]",
	    "5:1: shortcode not known, left as it is: [gallery ids=\"1\"]\n");
	warns("|a|b|c|\n|-|-|\n|d|e|f|\n|`g|h`|i\\|j|\n|k|l| |",
	    "5:6: more cells than the table has columns (2): lost: c\n"
	    "7:6: more cells than the table has columns (2): lost: f\n");
	warns("- > |a|\n  > |-|\n  > |پانی|[b](c)|",
	    "7:11: more cells than the table has columns (1): lost: [b](c)\n");
	warns("```\n|a|\n|-|\n|b|c|\n```\n\nx\na|b\n-|-\nc|d|e", "");
	buf_init(&deep, 65536);
	for (int i = 0; i < 100; i++)
		buf_add_cstr(&deep, "> ");
	buf_add_cstr(&deep, "x");
	warns(
	    buf_cstr(&deep), "0:0: blocks nested over 64 deep are flattened\n");
	buf_release(&deep);
}

static void
refused(
    const char *md, const struct md_opts *opts, unsigned line, const char *text)
{
	struct err e = ERR_INIT;
	struct arena a;

	arena_init(&a, 1024 * 1024);
	assert_null(md_parse_document(&a, slice_cstr(md), opts, &e));
	assert_string_equal(e.file, "f.md");
	assert_int_equal(e.line, line);
	assert_string_equal(e.text, text);
	arena_release(&a);
}

static void
limits(void **state)
{
	struct md_opts opts = {
		.file = "f.md", .first_line = 3, .max_bytes = 20
	};

	(void)state;
	refused("a text of over twenty bytes", &opts, 0,
	    "27 bytes of text; at most 20 are converted");
	opts.max_bytes = 0;
	opts.max_paragraph_bytes = 10;
	refused(
	    "a\n\nb\nc d e\nf g h", &opts, 7, "a paragraph of over 10 bytes");
}

/* --- the parts ----------------------------------------------------------------------------- */

static void
entities(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: not known */
	} cases[] = { { "&amp;", "&" }, { "&Aacute;", "\xc3\x81" },
		{ "&zwnj;", "\xe2\x80\x8c" }, { "&#65;", "A" },
		{ "&#x1F600;", "\xf0\x9f\x98\x80" }, { "&#0;", "\xef\xbf\xbd" },
		{ "&#xD800;", "\xef\xbf\xbd" },
		{ "&#9999999;", "\xef\xbf\xbd" }, { "&#10;", " " },
		{ "&#27;", "\xef\xbf\xbd" }, { "&#x202E;", "" },
		{ "&Nope;", NULL }, { "&AMP;", "&" }, { "&fjlig;", "fj" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice in = slice_cstr(cases[i].in);
		char dst[ENTITY_MAX_BYTES];
		int n = entity_decode(in, dst);

		assert_int_equal(entity_length(in), in.len);
		if (!cases[i].out)
			assert_int_equal(n, -1);
		else
			assert_slice(slice_make(dst, (size_t)n), cases[i].out);
	}
	assert_int_equal(entity_length(SLICE_LIT("&amp")), 0);
	assert_int_equal(entity_length(SLICE_LIT("& amp;")), 0);
	assert_int_equal(entity_length(SLICE_LIT("&#;")), 0);
	assert_int_equal(entity_length(SLICE_LIT("&#x;")), 0);
	assert_int_equal(entity_length(SLICE_LIT("&#xg;")), 0);
	assert_int_equal(entity_length(SLICE_LIT("&1a;")), 0);
}

static void
trees_are_walked_and_moved(void **state)
{
	struct md_node *doc, *a, *b;
	struct arena arena;

	(void)state;
	arena_init(&arena, 65536);
	doc = md_add(&arena, NULL, MD_DOCUMENT);
	a = md_add(&arena, doc, MD_PARAGRAPH);
	b = md_add(&arena, doc, MD_PARAGRAPH);
	assert_non_null(md_add_text(&arena, a, SLICE_LIT("x")));
	assert_non_null(md_add_link(&arena, b, SLICE_LIT("u"), SLICE_LIT("l")));
	assert_ptr_equal(md_next(a, doc, true), a->first);
	assert_ptr_equal(md_next(a, doc, false), b);
	assert_ptr_equal(md_next(b->first->first, doc, true), NULL);
	md_move(a, doc);
	assert_ptr_equal(doc->first, b);
	assert_ptr_equal(doc->last, a);
	md_move(b, a);
	assert_ptr_equal(doc->first, a);
	assert_ptr_equal(a->last, b);
	assert_ptr_equal(b->parent, a);
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),
		cmocka_unit_test(inlines),
		cmocka_unit_test(pictures_on_their_lines),
		cmocka_unit_test(footnotes),
		cmocka_unit_test(raw_html),
		cmocka_unit_test(shortcodes),
		cmocka_unit_test(nodes_have_places),
		cmocka_unit_test(warnings),
		cmocka_unit_test(limits),
		cmocka_unit_test(entities),
		cmocka_unit_test(trees_are_walked_and_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
