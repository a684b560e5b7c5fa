/*
 * corpus.c: writes a content tree of generated prose, the same for the same
 * arguments.
 *
 *	corpus DIR ARTICLES [BYTES-AN-ARTICLE]
 *	corpus --one BYTES	one article on stdout
 *
 * Words are drawn so that few are frequent and many rare, as in a language;
 * articles have headings, lists, quotes, emphasis, a table, links to others,
 * footnotes; a sixth of them are in Urdu.  Twenty years of dates.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	FOLDERS = 100,
	WORDS = 4000
};

static uint64_t seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* A made-up word for each number: syllables, shorter ones more frequent. */
static const char *
word(unsigned n, int urdu)
{
	static const char *const latin[] = { "ca", "nal", "wa", "ter", "po",
		"li", "cy", "re", "form", "dis", "trict", "bud", "get", "ri",
		"ver", "sow", "ing", "pro", "vin", "ce", "la", "bour" };
	static const char *const arabic[] = { "پا", "نی", "نہر", "کی", "شہر",
		"ضلع", "کا", "سب", "در", "یا", "مال", "گزا", "ری", "تع", "لیم",
		"صحت", "ہے", "میں", "اور", "سے", "بجٹ", "قا" };
	static char out[64];
	const char *const *part = urdu ? arabic : latin;

	out[0] = '\0';
	do {
		size_t used = strlen(out);

		snprintf(out + used, sizeof(out) - used, "%s", part[n % 22]);
		n /= 22;
	} while (n);
	return out;
}

static size_t
sentence(FILE *f, int urdu)
{
	unsigned count = 6 + draw(18);
	size_t bytes = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned rank = draw(WORDS) * draw(WORDS) / WORDS;

		if (draw(40) == 0)
			bytes += (size_t)fprintf(f, "*%s* ", word(rank, urdu));
		else if (draw(120) == 0)
			bytes +=
			    (size_t)fprintf(f, "[%s](https://example.org/%u) ",
				word(rank, urdu), rank);
		else
			bytes += (size_t)fprintf(f, "%s%s ", word(rank, urdu),
			    draw(12) == 0 ? "," : "");
	}
	return bytes + (size_t)fprintf(f, "%s ", urdu ? "۔" : ".");
}

static size_t
paragraph(FILE *f, int urdu)
{
	size_t bytes = 0;

	for (unsigned i = 3 + draw(5); i; i--)
		bytes += sentence(f, urdu);
	return bytes + (size_t)fprintf(f, "\n\n");
}

static size_t
block(FILE *f, int urdu)
{
	size_t bytes = 0;

	switch (draw(9)) {
	case 0:
		bytes += (size_t)fprintf(f, "## %s ", word(draw(WORDS), urdu));
		return bytes +
		    (size_t)fprintf(f, "%s\n\n", word(draw(WORDS), urdu));
	case 1:
		for (unsigned i = 3 + draw(4); i; i--) {
			bytes += (size_t)fprintf(f, "- ");
			bytes += sentence(f, urdu);
			bytes += (size_t)fprintf(f, "\n");
		}
		return bytes + (size_t)fprintf(f, "\n");
	case 2:
		bytes += (size_t)fprintf(f, "> ");
		return bytes + paragraph(f, urdu);
	default:
		return paragraph(f, urdu);
	}
}

static void
body(FILE *f, size_t bytes, int urdu)
{
	size_t done = 0;

	while (done < bytes)
		done += block(f, urdu);
}

static int
article(const char *dir, unsigned n, size_t bytes)
{
	char path[512];
	int urdu = draw(6) == 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/articles/%02u/a-%u.md", dir,
	    n % FOLDERS, n);
	if (!(f = fopen(path, "we"))) {
		perror(path);
		return -1;
	}
	fprintf(f,
	    "---\ntitle: Article %u on %s\nauthor: Author %u\n"
	    "date: %u-%02u-%02u\ncategories: [Category %u]\n"
	    "tags: [tag %u, tag %u]\nlang: %s\nsummary: \"",
	    n, word(draw(WORDS), urdu), draw(40), 2006 + draw(20), 1 + draw(12),
	    1 + draw(28), draw(12), draw(200), draw(200), urdu ? "ur" : "en");
	sentence(f, urdu);
	fprintf(f, "\"\n---\n");
	body(f, bytes * 9 / 10, urdu);
	fprintf(f,
	    "| Year | Acres | Share |\n|---|---:|---:|\n| 2024 | %u | 1 |\n"
	    "| 2025 | %u | 2 |\n\nSee [another](../%02u/a-%u.md).[^1]\n\n"
	    "[^1]: A note.\n",
	    draw(9999), draw(9999), (n / 2) % FOLDERS, n / 2);
	return fclose(f);
}

static int
make_dir(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		perror(path);
		return -1;
	}
	return 0;
}

static int
capsule(const char *dir)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/capsule.yaml", dir);
	if (!(f = fopen(path, "we"))) {
		perror(path);
		return -1;
	}
	fprintf(f,
	    "title: A generated capsule\nhost: bench.example\n"
	    "languages: [en, ur]\ncontact: mailto:office@bench.example\n");
	return fclose(f);
}

int
main(int argc, char **argv)
{
	size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 6000;
	unsigned count;

	if (argc == 3 && !strcmp(argv[1], "--one")) {
		body(stdout, strtoul(argv[2], NULL, 10), 0);
		return 0;
	}
	if (argc < 3 || !(count = (unsigned)strtoul(argv[2], NULL, 10))) {
		fprintf(stderr, "usage: corpus DIR ARTICLES [BYTES]\n");
		return 2;
	}
	if (make_dir(argv[1], "") < 0 || make_dir(argv[1], "articles") < 0 ||
	    capsule(argv[1]) < 0)
		return 1;
	for (unsigned i = 0; i < FOLDERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "articles/%02u", i);
		if (make_dir(argv[1], name) < 0)
			return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		seed = i + 1;
		if (article(argv[1], i, bytes) < 0)
			return 1;
	}
	return 0;
}
