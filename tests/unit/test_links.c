#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/err.h"
#include "markdown/node.h"
#include "render/render.h"
#include "site/site_internal.h"

/* A small site: what a link leads to is asked of it. */
static const char *const paths[] = {
	"articles/2025/img/a b.png",
	"articles/2025/one.md",
	"articles/2025/r.pdf",
	"articles/2025/\xd8\xb1.pdf",
	"articles/draft.md",
	"articles/gone.md",
	"articles/two.md",
	"files/g.gmi",
	"files/g.txt",
	"pages/about.md",
};

enum {
	FILES = sizeof(paths) / sizeof(paths[0])
};

static struct tree_file files[FILES];
static struct source sources[FILES];
static struct doc docs[FILES];
static struct place places[4];
static struct index indexes[4];
static struct index *in_order[4];
static struct site site;
static struct links links;

static struct doc *
doc_of(const char *path, const char *address)
{
	struct source *s = plan_find_source(&site, slice_cstr(path));

	s->kind = SOURCE_ARTICLE;
	s->doc = &docs[s - sources];
	s->doc->source = s;
	s->doc->address = slice_cstr(address);
	return s->doc;
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILES; i++) {
		files[i].path = slice_cstr(paths[i]);
		sources[i] = (struct source){ .file = &files[i],
			.kind = SOURCE_FILE,
			.payload = SLICE_LIT("x"),
			.media = SLICE_LIT("application/pdf"),
			.stamp = { .size = 1200000 } };
	}
	site = (struct site){ .sources = sources, .source_count = FILES };
	plan_find_source(&site, SLICE_LIT("articles/draft.md"))->kind =
	    SOURCE_ARTICLE;
	sources[0].media = SLICE_LIT("image/png");
	sources[7].media = SLICE_LIT("text/gemini");
	sources[8].media = SLICE_LIT("text/plain");
	places[0] = (struct place){ SLICE_LIT("/about"),
		doc_of("pages/about.md", "/about"), false };
	places[1] = (struct place){ SLICE_LIT("/articles/gone"),
		doc_of("articles/gone.md", "/articles/gone"), false };
	places[1].doc->is_withdrawn = true;
	places[2] = (struct place){ SLICE_LIT("/articles/one"),
		doc_of("articles/2025/one.md", "/articles/one"), false };
	places[3] = (struct place){ SLICE_LIT("/articles/two"),
		doc_of("articles/two.md", "/articles/two"), false };
	site.places = places;
	site.place_count = 4;
	indexes[0].address = SLICE_LIT("/");
	indexes[1].address = SLICE_LIT("/archive/");
	indexes[2].address = SLICE_LIT("/atom.xml");
	indexes[2].form = FORM_GEMINI;
	indexes[3].address = SLICE_LIT("/new.gmi");
	indexes[3].form = FORM_FEED;
	for (size_t i = 0; i < 4; i++)
		in_order[i] = &indexes[i];
	site.indexes = in_order;
	site.index_count = 4;
	links_init(&links, &site, places[2].doc, SLICE_LIT("/articles/one.gmi"),
	    words_for(SLICE_LIT("en")));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	links_release(&links);
	return 0;
}

/* "uri | menu item | text item | label" of a link from articles/2025/one.md */
static const char *
led(enum links_form form, const char *href)
{
	static char out[512];
	struct render_target t;

	links.form = form;
	links_resolve(&links, slice_cstr(href), false, &t);
	if (t.kind == RENDER_NO_TARGET)
		return "none";
	if (t.kind == RENDER_OUTSIDE)
		snprintf(out, sizeof(out), "out %.*s", SLICE_FMT(t.uri));
	else
		snprintf(out, sizeof(out), "%.*s | %c%.*s | %c%.*s | %.*s",
		    SLICE_FMT(t.uri), t.menu_type, SLICE_FMT(t.menu_selector),
		    t.text_type, SLICE_FMT(t.text_selector),
		    SLICE_FMT(t.file_kind));
	return out;
}

static void
in_gemini(void **state)
{
	static const struct {
		const char *href, *want;
	} cases[] = {
		{ "../two.md",
		    "two.gmi | 1/articles/two | 0/articles/two.txt | " },
		{ "/articles/two.md#part",
		    "two.gmi | 1/articles/two | 0/articles/two.txt | " },
		{ "/articles/two",
		    "two.gmi | 1/articles/two | 0/articles/two.txt | " },
		{ "/articles/two/?q",
		    "two.gmi | 1/articles/two | 0/articles/two.txt | " },
		{ " ../../pages/about.md ",
		    "../about.gmi | 1/about | 0/about.txt | " },
		{ "one.md",
		    "one.gmi | 1/articles/one | 0/articles/one.txt | " },
		{ "r.pdf",
		    "one/r.pdf | 9/articles/one/r.pdf | "
		    "9/articles/one/r.pdf | PDF" },
		{ "./x/../r.pdf",
		    "one/r.pdf | 9/articles/one/r.pdf | "
		    "9/articles/one/r.pdf | PDF" },
		{ "/articles/one/r.pdf",
		    "one/r.pdf | 9/articles/one/r.pdf | "
		    "9/articles/one/r.pdf | PDF" },
		{ "img/a%20b.png",
		    "one/img/a%20b.png | I/articles/one/img/a b.png | "
		    "I/articles/one/img/a b.png | image" },
		{ "img/a b.png",
		    "one/img/a%20b.png | I/articles/one/img/a b.png | "
		    "I/articles/one/img/a b.png | image" },
		{ "/files/g.txt",
		    "../files/g.txt | 0/files/g.txt | 0/files/g.txt | text" },
		{ "/archive/", "../archive/ | 1/archive/ | 1/archive/ | " },
		{ "/archive", "../archive/ | 1/archive/ | 1/archive/ | " },
		{ "/", "../ | 1/ | 1/ | " },
		{ "/new.gmi", "../new.gmi | 0/new.txt | 0/new.txt | " },
		{ "/atom.xml", "../atom.xml | 1 | 1 | " },
		{ "qasid-page:/articles/x/part-2",
		    "x/part-2.gmi | 1/articles/x/part-2 | "
		    "0/articles/x/part-2.txt | " },
		{ "qasid-page:/articles/x/all.w0.txt",
		    "\002/0/articles/x/all.w0.txt | 0/articles/x/all.w0.txt | "
		    "0/articles/x/all.w0.txt | " },
		{ "qasid-gemini:/a b.gmi", "out \003/a%20b.gmi" },
		{ "qasid-gopher:/1/a", "out \002/1/a" },
		{ "qasid-notes.md", "none" },
		{ "qasid:/articles/two.md",
		    "two.md | 0/articles/two.md | 0/articles/two.md | " },
		{ "qasid:/articles/two.w40.txt",
		    "\002/0/articles/two.w40.txt | 0/articles/two.w40.txt | "
		    "0/articles/two.w40.txt | " },
		{ "https://e.org/\xd8\xb1 x", "out https://e.org/%D8%B1%20x" },
		{ "mailto:a@b.org", "out mailto:a@b.org" },
		{ "//e.org/x", "out https://e.org/x" },
		{ "", "none" },
		{ "#top", "none" },
		{ "?q", "none" },
		{ "javascript:alert(1)", "none" },
		{ "JaVaScRiPt:x", "none" },
		{ "data:text/html,x", "none" },
		{ "file:///etc/passwd", "none" },
		{ "nowhere.md", "none" },
		{ "../../../etc/passwd", "none" },
		{ "../draft.md", "none" },
		{ "../gone.md", "none" },
		{ "r.pdf%00", "none" },
		{ "%2e%2e/two.md/", "none" },
		{ "\xd8\xb1.pdf", "none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
		    led(LINKS_GEMINI, cases[i].href), cases[i].want);
}

/* A relative link keeps type 0 there, so only gemtext can be relative. */
static void
in_gemtext_over_gopher(void **state)
{
	static const struct {
		const char *href, *begins;
	} cases[] = {
		{ "../two.md", "two.gmi |" },
		{ "/files/g.gmi", "../files/g.gmi |" },
		{ "/files/g.txt", "\002/0/files/g.txt |" },
		{ "r.pdf", "\002/9/articles/one/r.pdf |" },
		{ "img/a b.png", "\002/I/articles/one/img/a%20b.png |" },
		{ "/archive/", "\002/1/archive/ |" },
		{ "qasid:/articles/two.md", "\002/0/articles/two.md |" },
		{ "qasid-page:/articles/x/part-2", "x/part-2.gmi |" },
		{ "/new.gmi", "\002/0/new.txt |" },
		/* What Gopher does not have is linked where it is. */
		{ "/atom.xml", "out \003/atom.xml" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = led(LINKS_GEMTEXT_ON_GOPHER, cases[i].href);

		assert_int_equal(
		    strncmp(got, cases[i].begins, strlen(cases[i].begins)), 0);
	}
}

static void
tell(void *ctx, const struct diag_item *item)
{
	char *out = ctx;
	size_t at = strlen(out);

	snprintf(out + at, 1024 - at, "%s:%u:%u %s\n", item->file, item->line,
	    item->column, item->text);
}

static void
dependencies(void **state)
{
	static const char *const hrefs[] = { "r.pdf", "https://e.org/",
		"../two.md", "nowhere.md", "r.pdf#x", "../draft.md",
		"../gone.md", "../../articles/2025/img/a%20b.png" };
	char told[1024] = "";
	struct diag d = { .sink = tell, .ctx = told };
	struct slice rest, dep;
	struct md_node *tree;
	struct buf deps, one, two;
	struct arena arena;
	struct err e;

	(void)state;
	arena_init(&arena, 1 << 20);
	buf_init(&deps, 4096);
	buf_init(&one, 4096);
	buf_init(&two, 4096);
	tree = md_add(&arena, NULL, MD_DOCUMENT);
	for (size_t i = 0; i < sizeof(hrefs) / sizeof(hrefs[0]); i++) {
		struct md_node *n = md_add_link(
		    &arena, tree, slice_cstr(hrefs[i]), SLICE_LIT("label"));

		n->line = (unsigned)i + 1;
		n->column = 7;
	}
	assert_int_equal(links_check(&links, tree, &d, &deps, &e), 0);
	assert_string_equal(told,
	    "articles/2025/one.md:4:7 \"nowhere.md\" leads nowhere: no such "
	    "file or address\n"
	    "articles/2025/one.md:6:7 \"../draft.md\" is not published: a "
	    "draft, not yet due, or refused\n"
	    "articles/2025/one.md:7:7 \"../gone.md\" is withdrawn\n");
	rest = buf_slice(&deps);
	assert_true(unit_next(&rest, &dep));
	assert_slice(dep, "/articles/2025/img/a b.png");
	assert_true(unit_next(&rest, &dep));
	assert_slice(dep, "/articles/2025/nowhere.md");
	assert_true(unit_next(&rest, &dep));
	assert_slice(dep, "/articles/2025/r.pdf");

	/* What a document depends on changes its digest, and nothing else. */
	links_digest(&site, links.doc, dep, &one);
	links_digest(&site, links.doc, dep, &two);
	assert_int_equal(slice_cmp(buf_slice(&one), buf_slice(&two)), 0);
	sources[2].stamp.size++;
	buf_clear(&two);
	links_digest(&site, links.doc, dep, &two);
	assert_int_not_equal(slice_cmp(buf_slice(&one), buf_slice(&two)), 0);
	sources[2].stamp.size--;
	buf_release(&deps);
	buf_release(&one);
	buf_release(&two);
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_gemini),
		cmocka_unit_test(in_gemtext_over_gopher),
		cmocka_unit_test(dependencies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
