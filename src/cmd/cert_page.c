/*
 * The page that tells readers which certificate to expect, now and next.  It
 * is content: built, mirrored and signed like every other page, made of what
 * is public of the certificates alone.  Its sentences stay true when the time
 * that they name has come, and change only when a certificate does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "cert/cert.h"
#include "cert/folder.h"
#include "cmd/own_page.h"
#include "content/catalog.h"

#include "cmd/cert.h"

#define BY "qasid cert"

/* "%s" is a time. */
static const struct words {
	const char *lang, *title, *about;
	const char *now, *until, *from;
	const char *cert, *key;
} all_words[] = {
	{ .lang = "en",
	    .title = "Certificate",
	    .about =
		"At the first visit, programs for Gemini remember a server's "
		"certificate or its key, and warn of any other. These are the "
		"fingerprints of ours (SHA-256, in hexadecimal), to compare "
		"before you trust a new one. This page is here over Gemini "
		"and over Gopher, and at our mirrors: whoever wants to "
		"deceive you has to change it in all of these places.",
	    .now = "In use:",
	    .until = "In use until %s:",
	    .from = "In use from %s on:",
	    .cert = "certificate",
	    .key = "public key" },
	{ .lang = "ur",
	    .title = "سند",
	    .about =
		"پہلی بار آنے پر Gemini کے پروگرام سرور کی سند (certificate) "
		"یا اس کی کلید یاد کر لیتے ہیں اور کسی دوسری پر خبردار کرتے "
		"ہیں۔ یہ ہماری سند کے نشانات ہیں (SHA-256)؛ کسی نئی سند پر "
		"بھروسا کرنے سے پہلے ان سے ملا لیجیے۔ یہی صفحہ Gemini اور "
		"Gopher دونوں پر اور ہمارے عکسوں پر ہے: دھوکا دینے والے کو "
		"اسے ان سب جگہوں پر بدلنا پڑے گا۔",
	    .now = "زیرِ استعمال:",
	    .until = "%s تک زیرِ استعمال:",
	    .from = "%s سے زیرِ استعمال:",
	    .cert = "سند",
	    .key = "کلید" },
};

static const struct words *
words_in(struct slice lang)
{
	lang = slice_upto(lang, slice_find(lang, '-'));
	for (size_t i = 0; i < sizeof(all_words) / sizeof(all_words[0]); i++)
		if (slice_eq_cstr(lang, all_words[i].lang))
			return &all_words[i];
	return NULL;
}

/* --- one certificate ----------------------------------------------------- */

/* A sentence with a time in it. */
static void
add_sentence(struct buf *out, const char *sentence, int64_t at_s)
{
	const char *place = strstr(sentence, "%s");

	if (place) {
		char at[CERT_WHEN_BYTES];

		cert_when(at_s, at);
		buf_add_mem(out, sentence, (size_t)(place - sentence));
		buf_add_cstr(out, at);
		sentence = place + 2;
	}
	buf_addf(out, "%s\n\n", sentence);
}

/* As lines of their own: a fingerprint that is wrapped cannot be compared. */
static void
add_prints(struct buf *out, const struct words *w, const struct cert *c)
{
	char cert[HASH_HEX_BYTES + 1], key[HASH_HEX_BYTES + 1];

	hash_hex(&c->fingerprint, cert);
	hash_hex(&c->spki, key);
	buf_addf(
	    out, "```\n%s\n%s\n%s\n%s\n```\n\n", w->cert, cert, w->key, key);
}

/* In use, or next, from what is public. */
static int
add_one(struct buf *out, const struct words *w, const struct cert_files *f,
    const char *sentence, struct err *e)
{
	struct cert c;

	if (cert_load_public(&c, f->crt, e) < 0)
		return -1;
	add_sentence(out, sentence, f->next_s);
	add_prints(out, w, &c);
	cert_release(&c);
	return 0;
}

static int
add_host(struct buf *out, const struct words *w, const struct cert_args *a,
    const char *host, struct err *e)
{
	struct cert_files f;
	bool followed;

	if (cert_folder_find(a->dir, host, a->now_s, &f, e) < 0)
		return -1;
	followed = f.next_s && !f.is_next;
	buf_addf(out, "## %s\n\n", host);
	if (add_one(out, w, &f, followed ? w->until : w->now, e) < 0)
		return -1;
	if (!followed)
		return 0;
	if (cert_folder_find_next(a->dir, host, &f, e) < 0)
		return -1;
	return add_one(out, w, &f, w->from, e);
}

/* --- the pages ----------------------------------------------------------- */

/* The languages that both the capsule and this file speak; at least one. */
struct spoken {
	const struct words *words[sizeof(all_words) / sizeof(all_words[0])];
	struct slice langs[sizeof(all_words) / sizeof(all_words[0])];
	size_t count;
};

static void
find_spoken(struct spoken *s, const struct catalog *c)
{
	*s = (struct spoken){ .count = 0 };
	for (size_t i = 0; i < c->languages.count; i++) {
		const struct words *w = words_in(c->languages.items[i]);
		bool had = !w;

		for (size_t k = 0; k < s->count; k++)
			had |= s->words[k] == w;
		if (had)
			continue;
		s->words[s->count] = w;
		s->langs[s->count++] = c->languages.items[i];
	}
	if (!s->count) {
		s->words[s->count] = &all_words[0];
		s->langs[s->count++] = slice_cstr(all_words[0].lang);
	}
}

static void
add_head(struct buf *out, const struct spoken *s, size_t i, const char *page)
{
	const char *slash = strrchr(page, '/');
	struct slice name = slice_cstr(slash ? slash + 1 : page);
	bool any = false;

	own_page_begin(out, BY);
	buf_addf(out, "title: %s\nlang: %.*s\n", s->words[i]->title,
	    SLICE_FMT(s->langs[i]));
	for (size_t k = 0; k < s->count; k++) {
		if (k == i)
			continue;
		buf_addf(out, "%s%.*s: ", any ? ", " : "translations: {",
		    SLICE_FMT(s->langs[k]));
		own_page_add_name(out, name, s->langs[k], k == 0);
		any = true;
	}
	buf_addf(out, "%s---\n\n%s\n\n", any ? "}\n" : "", s->words[i]->about);
}

static int
make_page(struct buf *out, const struct spoken *s, size_t i,
    const struct cert_args *a, struct err *e)
{
	struct cert_hosts h;
	int r = cert_hosts_find(&h, a, e);

	if (r < 0)
		return -1;
	add_head(out, s, i, a->page ? a->page : "certificate.md");
	for (size_t k = 0; k < h.count && r == 0; k++)
		r = add_host(out, s->words[i], a, h.names[k], e);
	cert_hosts_release(&h);
	if (r == 0 && buf_failed(out))
		r = err_memory(e);
	return r;
}

/* All of them are looked at before the first is written. */
static int
write_pages(const struct cert_args *a, const struct spoken *s, struct err *e)
{
	size_t steps = a->only_check ? s->count : 2 * s->count;
	struct buf page, path;
	int r = 0;

	buf_init(&page, OWN_PAGE_MAX);
	buf_init(&path, 4096);
	for (size_t n = 0; n < steps && r == 0; n++) {
		size_t i = n % s->count;
		const char *name;

		buf_clear(&page);
		buf_clear(&path);
		own_page_add_name(
		    &path, slice_cstr(a->page), s->langs[i], i == 0);
		name = buf_cstr(&path);
		r = make_page(&page, s, i, a, e);
		if (r == 0)
			r = name ? own_page_write(name, BY, buf_slice(&page),
				       n >= s->count, e)
				 : err_memory(e);
		if (r == 0 && n >= s->count)
			fprintf(stderr, "wrote %s\n", name);
	}
	buf_release(&path);
	buf_release(&page);
	return r;
}

static int
print_page(const struct cert_args *a, const struct spoken *s, struct err *e)
{
	struct buf page;
	int r;

	buf_init(&page, OWN_PAGE_MAX);
	r = make_page(&page, s, 0, a, e);
	if (r == 0 && io_write_all(STDOUT_FILENO, buf_slice(&page)) < 0)
		r = err_errno(e, "write", "standard output");
	buf_release(&page);
	return r;
}

/* capsule.yaml says which languages are spoken. */
static int
read_capsule(const char *content, struct arena *arena, struct buf *text,
    struct catalog *out, struct err *e)
{
	int fd = open(content, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return err_errno(e, "open", content);
	r = io_read_below(fd, "capsule.yaml", CATALOG_BYTES_MAX, text, NULL, e);
	if (r == 0)
		r = catalog_parse(
		    arena, buf_slice(text), "capsule.yaml", out, e);
	close(fd);
	return r;
}

int
cert_announce(const struct cert_args *a, struct err *e)
{
	struct catalog catalog = { .no_search = false };
	struct spoken spoken;
	struct arena arena;
	struct buf text;
	int r = 0;

	arena_init(&arena, (size_t)16 * CATALOG_BYTES_MAX);
	buf_init(&text, CATALOG_BYTES_MAX + 1);
	if (a->page || a->rest_count)
		r = read_capsule(a->rest_count ? a->rest[0] : "content", &arena,
		    &text, &catalog, e);
	if (r == 0) {
		find_spoken(&spoken, &catalog);
		r = a->page ? write_pages(a, &spoken, e)
			    : print_page(a, &spoken, e);
	}
	buf_release(&text);
	arena_release(&arena);
	return r;
}
