/*
 * mirror_corpus.c: writes the tree that mirrors are measured with: generated
 * prose, always the same for the same numbers.
 *
 *	mirror_corpus DIR ARTICLES	ARTICLES files of 3 to 8 KB in articles/YEAR/,
 *				20 files of noise, 30 MB together, in files/
 *	mirror_corpus DIR edit N [SEED]	changes a sentence in N articles
 *	mirror_corpus DIR add NAME		adds one article
 *
 * Words come by Zipf's law from 20,000 made of syllables, so that the text
 * compresses about as prose does.
 */
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = 20000,
	WORD_MAX = 16,
	FILES = 20,
	LARGE_BYTES = 5000000,
	NOISE_BYTES = 1210000,
};

static char words[WORDS][WORD_MAX];
static double until[WORDS]; /* cumulated probability */
static uint64_t random_state;

/* splitmix64 */
static uint64_t
next_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static unsigned
below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

static void
make_words(void)
{
	static const char *const begin[] = { "b", "c", "d", "f", "g", "h", "l",
		"m", "n", "p", "r", "s", "t", "v", "w", "st", "tr", "pr", "ch",
		"th", "" };
	static const char *const middle[] = { "a", "e", "i", "o", "u", "ea",
		"ou", "io" };
	static const char *const end[] = { "", "", "n", "r", "s", "t", "l",
		"nd", "ng", "st" };
	double sum = 0;

	random_state = 1;
	for (int i = 0; i < WORDS; i++) {
		int syllables = 1 + (i > 60) + (i > 2000 && below(2));
		size_t len = 0;

		while (syllables-- && len + 6 < WORD_MAX)
			len += (size_t)snprintf(words[i] + len, WORD_MAX - len,
			    "%s%s%s", begin[below(21)], middle[below(8)],
			    end[below(10)]);
		sum += 1.0 / (i + 2.7);
		until[i] = sum;
	}
	for (int i = 0; i < WORDS; i++)
		until[i] /= sum;
}

static const char *
some_word(void)
{
	double x = (double)(next_random() >> 11) / 9007199254740992.0;
	int low = 0, high = WORDS - 1;

	while (low < high) {
		int mid = (low + high) / 2;

		if (until[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return words[low];
}

static int
sentence(FILE *f)
{
	int n = 0;

	for (unsigned i = 0, count = 8 + below(14); i < count; i++) {
		const char *w = some_word();

		n += fprintf(f, "%s%c%s", i ? " " : "",
		    i ? w[0] : (char)(w[0] - 32), w + 1);
		if (i + 1 < count && !below(12))
			n += fprintf(f, ",");
	}
	return n + fprintf(f, ". ");
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static FILE *
open_file(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	if (!f)
		die(path);
	return f;
}

static void
article(const char *path, uint64_t seed)
{
	FILE *f = open_file(path, "we");
	int bytes, want;

	random_state = seed * 7919 + 17;
	want = 3000 + (int)below(5000);
	bytes = fprintf(f,
	    "---\ntitle: %s %s %s\nauthor: Ayesha Rahman\n"
	    "date: 20%02u-%02u-%02u\ntags: [%s, %s]\nlang: en\n---\n\n",
	    some_word(), some_word(), some_word(), 10 + below(16),
	    1 + below(12), 1 + below(28), some_word(), some_word());
	while (bytes < want) {
		if (!below(5))
			bytes += fprintf(
			    f, "## %s %s\n\n", some_word(), some_word());
		for (unsigned i = 0, n = 3 + below(5); i < n; i++)
			bytes += sentence(f);
		bytes += fprintf(f, "\n\n");
	}
	if (fclose(f) != 0)
		die(path);
}

static void
article_path(char *path, size_t cap, const char *dir, unsigned i)
{
	snprintf(
	    path, cap, "%s/articles/%u/article-%06u.md", dir, 2010 + i % 16, i);
}

static void
noise(const char *dir, unsigned i)
{
	size_t left = i ? NOISE_BYTES : LARGE_BYTES;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/files/report-%02u.pdf", dir, i);
	f = open_file(path, "we");
	random_state = 1000003 + i;
	for (; left; left -= left < 8 ? left : 8) {
		uint64_t r = next_random();

		fwrite(&r, 1, left < 8 ? left : 8, f);
	}
	if (fclose(f) != 0)
		die(path);
}

static unsigned
count_articles(const char *dir)
{
	char path[4096];
	struct stat st;
	unsigned n = 0;

	for (article_path(path, sizeof(path), dir, n); stat(path, &st) == 0;
	     article_path(path, sizeof(path), dir, n))
		n++;
	return n;
}

/* One more sentence behind the first blank line below the head. */
static void
edit(const char *dir, unsigned i, uint64_t seed)
{
	static char text[65536];
	char path[4096], *at;
	size_t n;
	FILE *f;

	article_path(path, sizeof(path), dir, i);
	f = open_file(path, "re");
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strstr(text + n / 2, ". ");
	at = at ? at + 2 : text + n;
	random_state = seed * 104729 + i;
	f = open_file(path, "we");
	fwrite(text, 1, (size_t)(at - text), f);
	(void)sentence(f);
	fwrite(at, 1, n - (size_t)(at - text), f);
	if (fclose(f) != 0)
		die(path);
}

static void
make_all(const char *dir, unsigned count)
{
	char path[4096];

	(void)mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/files", dir);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/articles", dir);
	(void)mkdir(path, 0755);
	for (unsigned y = 2010; y < 2026; y++) {
		snprintf(path, sizeof(path), "%s/articles/%u", dir, y);
		(void)mkdir(path, 0755);
	}
	for (unsigned i = 0; i < count; i++) {
		article_path(path, sizeof(path), dir, i);
		article(path, i + 1);
	}
	for (unsigned i = 0; i < FILES; i++)
		noise(dir, i);
}

int
main(int argc, char **argv)
{
	char path[4096];

	make_words();
	if (argc == 3) {
		make_all(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
	} else if (argc >= 4 && !strcmp(argv[2], "edit")) {
		unsigned n = (unsigned)strtoul(argv[3], NULL, 10);
		unsigned all = count_articles(argv[1]);
		uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;

		if (!n || n > all)
			return 2;
		for (unsigned i = 0; i < n; i++)
			edit(argv[1], (unsigned)(i * (uint64_t)all / n), seed);
	} else if (argc == 4 && !strcmp(argv[2], "add")) {
		snprintf(path, sizeof(path), "%s/articles/2010/%s.md", argv[1],
		    argv[3]);
		article(path, 999999);
	} else {
		fprintf(stderr,
		    "usage: mirror_corpus DIR ARTICLES | DIR edit N "
		    "[SEED] | DIR add NAME\n");
		return 2;
	}
	return 0;
}
