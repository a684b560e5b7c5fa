/*
 * bench_convert.c: how fast one core turns Markdown into all three forms.
 *
 *	bench_convert [FILE...]
 *
 * Converts the files given (their bodies), or else made-up prose, in process:
 * parse, gemtext, Gopher text and menu.  Prints MB of source a second of CPU
 * time, the median of five runs, for each step and for all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "markdown/markdown.h"
#include "markdown/sanitise.h"
#include "render/filter_links.h"
#include "render/render.h"

enum {
	RUNS = 5,
	MAX_DOCS = 4096,
	MADE_DOCS = 2000,
	MAX_BYTES = 64 * 1024 * 1024
};

enum step {
	STEP_SANITISE,
	STEP_PARSE,
	STEP_GEMTEXT,
	STEP_TEXT,
	STEP_MENU,
	STEP_COUNT
};

static struct buf docs[MAX_DOCS];
static size_t doc_count, total_bytes;

/* --- made-up prose ----------------------------------------------------------- */

static unsigned long long seed = 0x9e3779b97f4a7c15u;

static unsigned
pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static void
sentence(struct buf *b)
{
	static const char *const words[] = { "water", "the", "of", "canal",
		"province", "year", "farmer", "in", "a", "report", "which",
		"delivery", "measured", "public", "money", "and", "policy",
		"charge", "that", "distributary", "between", "region", "was",
		"published", "institute", "its", "budget", "river", "people" };
	unsigned n = 6 + pick(18);

	while (n--) {
		const char *w = words[pick(sizeof(words) / sizeof(words[0]))];
		unsigned kind = pick(100);

		if (kind < 2)
			buf_addf(b, "*%s*", w);
		else if (kind < 3)
			buf_addf(
			    b, "[%s](https://example.org/%u)", w, pick(99));
		else if (kind < 4)
			buf_addf(b, "“%s”", w);
		else
			buf_add_cstr(b, w);
		buf_add_cstr(b, n ? " " : ".\n");
	}
}

static void
make_doc(struct buf *b)
{
	unsigned paragraphs = 12 + pick(8);

	while (paragraphs--) {
		unsigned kind = pick(10), n = 3 + pick(4);

		if (kind == 0)
			buf_add_cstr(b, "## A heading of the article\n\n");
		while (n--) {
			if (kind == 1)
				buf_add_cstr(b, "- ");
			else if (kind == 2)
				buf_add_cstr(b, "> ");
			sentence(b);
		}
		buf_add_char(b, '\n');
	}
}

static void
make_docs(void)
{
	for (doc_count = 0; doc_count < MADE_DOCS; doc_count++) {
		buf_init(&docs[doc_count], MAX_BYTES);
		make_doc(&docs[doc_count]);
	}
}

static void
read_doc(const char *path)
{
	struct buf *b = &docs[doc_count++];
	char chunk[65536];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		exit(1);
	}
	buf_init(b, MAX_BYTES);
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add_mem(b, chunk, n);
	fclose(f);
}

/* --- measuring --------------------------------------------------------------- */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef int writer(struct buf *, const struct md_node *,
    const struct render_opts *, struct err *);

static void
run(double seconds[STEP_COUNT])
{
	static writer *const writers[] = { gemtext_render, gophertext_render,
		gophermap_render };
	struct filter_links links;
	struct render_opts opts = { .words = words_for(SLICE_NONE),
		.columns = 67,
		.resolve = filter_links_resolve,
		.resolve_ctx = &links };
	struct md_opts md = { .first_line = 1 };
	struct buf clean, out;
	struct arena arena;
	struct err e;

	filter_links_init(&links, SLICE_LIT("/articles/"));
	buf_init(&clean, MAX_BYTES);
	buf_init(&out, MAX_BYTES);
	arena_init(&arena, (size_t)MAX_BYTES * 8);
	for (size_t i = 0; i < doc_count; i++) {
		struct md_node *doc;
		double t = now();

		buf_clear(&clean);
		md_sanitise(&clean, buf_slice(&docs[i]), NULL, NULL);
		seconds[STEP_SANITISE] += now() - t;
		t = now();
		arena_reset(&arena);
		doc = md_parse_document(&arena, buf_slice(&clean), &md, &e);
		seconds[STEP_PARSE] += now() - t;
		for (int w = 0; doc && w < 3; w++) {
			t = now();
			buf_clear(&out);
			if (writers[w](&out, doc, &opts, &e) < 0)
				doc = NULL;
			seconds[STEP_GEMTEXT + w] += now() - t;
		}
		if (!doc) {
			fprintf(stderr, "bench_convert: %s\n", e.text);
			exit(1);
		}
	}
	arena_release(&arena);
	buf_release(&out);
	buf_release(&clean);
	filter_links_release(&links);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
rate(double *seconds)
{
	qsort(seconds, RUNS, sizeof(*seconds), by_value);
	return (double)total_bytes / seconds[RUNS / 2] / 1e6;
}

int
main(int argc, char **argv)
{
	static const char *const names[STEP_COUNT] = { "sanitise", "parse",
		"gemtext", "Gopher text", "menu" };
	double steps[STEP_COUNT][RUNS] = { { 0 } }, all[RUNS], gemtext[RUNS];

	for (int i = 1; i < argc && doc_count < MAX_DOCS; i++)
		read_doc(argv[i]);
	if (!doc_count)
		make_docs();
	for (size_t i = 0; i < doc_count; i++)
		total_bytes += docs[i].len;
	for (int i = 0; i < RUNS; i++) {
		double seconds[STEP_COUNT] = { 0 };

		run(seconds);
		all[i] = 0;
		for (int s = 0; s < STEP_COUNT; s++) {
			steps[s][i] = seconds[s];
			if (s != STEP_SANITISE)
				all[i] += seconds[s];
		}
		gemtext[i] = seconds[STEP_PARSE] + seconds[STEP_GEMTEXT];
	}
	printf("convert: %zu documents, %zu bytes\n", doc_count, total_bytes);
	for (int s = 0; s < STEP_COUNT; s++)
		printf(
		    "convert: %s alone: %.0f MB/s\n", names[s], rate(steps[s]));
	printf("convert: parse and gemtext: %.0f MB/s\n", rate(gemtext));
	printf("convert: parse and all three writers: %.0f MB/s\n", rate(all));
	for (size_t i = 0; i < doc_count; i++)
		buf_release(&docs[i]);
	return 0;
}
