/*
 * law.h: for tests: the law "nothing is lost" and the forms' own rules.
 *
 * Each check returns NULL, or says what is wrong (static text).
 */
#ifndef UNIT_LAW_H
#define UNIT_LAW_H

#include <stdio.h>
#include <unictype.h>
#include <uninorm.h>
#include <uniwidth.h>

#include "base/marks.h"
#include "base/utf8.h"
#include "convert.h"

/* --- what a reader sees of the tree ------------------------------------------ */

static inline void
law_add_node(struct buf *out, const struct md_node *n)
{
	switch (n->type) {
	case MD_TEXT:
	case MD_CODE_SPAN:
		buf_add(out, n->text);
		break;
	case MD_CODE:
		buf_add_char(out, '\n');
		buf_add(out, n->text);
		break;
	case MD_IMAGE:
		/* A title that says what the alt text says is shown once. */
		buf_add_char(out, ' ');
		if (!n->first || n->first->next ||
		    !slice_eq(n->first->text, n->info))
			buf_add(out, n->info);
		buf_add_char(out, ' ');
		break;
	case MD_NOTE_REF:
	case MD_LINK:
		break;
	default:
		buf_add_char(out, '\n');
		break;
	}
}

static inline void
law_tree_text(const struct md_node *doc, struct buf *out)
{
	for (const struct md_node *n = doc; n; n = md_next(n, doc, true))
		law_add_node(out, n);
}

/* --- words as multisets ---------------------------------------------------------- */

struct law_words {
	uint8_t *text; /* NFC */
	struct slice *words;
	size_t count;
};

static inline bool
law_is_word(uint32_t c)
{
	return uc_is_alnum(c) || uc_is_general_category(c, UC_MARK);
}

static inline int
law_compare(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static inline void
law_words_of(struct slice s, struct law_words *w)
{
	size_t len = 0, at = 0, start = 0, n;
	bool in = false;

	w->text = u8_normalize(UNINORM_NFC,
	    (const uint8_t *)(s.len ? s.ptr : ""), s.len, NULL, &len);
	w->words = calloc(len + 1, sizeof(*w->words));
	w->count = 0;
	if (!w->words || (len && !w->text))
		abort();
	for (; at <= len; at += n) {
		uint32_t c = ' ';
		bool wide;

		n = 1;
		if (at < len)
			n = utf8_decode((char *)w->text + at, len - at, &c);
		n = n ? n : 1;
		/* Lines may end between wide characters: each is a word. */
		wide = uc_width(c, "UTF-8") == 2;
		if (in && (wide || !law_is_word(c)))
			w->words[w->count++] =
			    slice_make((char *)w->text + start, at - start);
		if (wide)
			w->words[w->count++] =
			    slice_make((char *)w->text + at, n);
		if (wide || !in)
			start = at;
		in = !wide && law_is_word(c);
	}
	qsort(w->words, w->count, sizeof(*w->words), law_compare);
}

static inline void
law_words_release(struct law_words *w)
{
	free(w->text);
	free(w->words);
}

/* The first word that `have` holds fewer times than `want`, or NULL. */
static inline const struct slice *
law_missing(const struct law_words *want, const struct law_words *have)
{
	size_t h = 0;

	for (size_t i = 0; i < want->count; i++) {
		while (h < have->count &&
		    slice_cmp(have->words[h], want->words[i]) < 0)
			h++;
		if (h == have->count ||
		    !slice_eq(have->words[h], want->words[i]))
			return &want->words[i];
		h++;
	}
	return NULL;
}

/* Every word of `want` stands in `output`; else prints the first that not. */
static inline bool
law_holds_words(const struct law_words *want, struct slice output)
{
	const struct slice *lost;
	struct law_words have;

	law_words_of(output, &have);
	lost = law_missing(want, &have);
	if (lost)
		fprintf(stderr, "lost: \"%.*s\"\n", SLICE_FMT(*lost));
	law_words_release(&have);
	return !lost;
}

/* What of a form a reader sees: of a menu, its display texts. */
static inline void
law_display(int form, struct slice output, struct buf *out)
{
	size_t n;

	if (form != CONVERT_MENU)
		buf_add(out, output);
	for (; form == CONVERT_MENU && output.len;
	     output = slice_from(output, n + 1)) {
		struct slice line;

		n = slice_find(output, '\n');
		line = slice_from(slice_upto(output, n), 1);
		buf_add(out, slice_upto(line, slice_find(line, '\t')));
		buf_add_char(out, '\n');
	}
}

/* --- link targets ---------------------------------------------------------------- */

static inline bool
law_contains(struct slice s, struct slice what)
{
	return !what.len || (s.len && memmem(s.ptr, s.len, what.ptr, what.len));
}

static inline size_t
strcspn_slice(struct slice s, const char *stop)
{
	size_t n = 0;

	while (n < s.len && !strchr(stop, s.ptr[n]))
		n++;
	return n;
}

static inline bool
law_holds_target(
    struct convert *c, int form, const struct md_node *n, struct slice output)
{
	bool image = n->type == MD_IMAGE;
	struct render_target t;
	struct slice s;

	filter_links_resolve(&c->links, n->text, image, &t);
	/* A picture in a sentence is its alt text in a Gopher text. */
	if (t.kind == RENDER_NO_TARGET || (image && form == CONVERT_TEXT))
		return true;
	if (form == CONVERT_GEMTEXT ||
	    (t.kind == RENDER_OUTSIDE && law_contains(output, t.uri)))
		return law_contains(output, t.uri);
	if (t.kind == RENDER_OWN && form == CONVERT_MENU)
		return law_contains(output, t.menu_selector);
	if (t.kind == RENDER_OWN) {
		struct buf encoded;
		bool found;

		buf_init(&encoded, 1024 * 1024);
		/* Up to a character that a selector alone encodes. */
		s = slice_upto(
		    t.text_selector, strcspn_slice(t.text_selector, "?#%"));
		render_url(&encoded, s);
		found = law_contains(output, buf_slice(&encoded));
		buf_release(&encoded);
		return found;
	}
	/* Shown as it was typed, or taken apart for a menu. */
	s = n->text;
	if (slice_starts(s, SLICE_LIT("mailto:")))
		s = slice_from(s, 7);
	if (slice_starts(s, SLICE_LIT("gopher://"))) {
		s = slice_from(s, 9);
		s = slice_upto(s, slice_find(s, '/'));
		s = slice_upto(s, slice_find(s, ':'));
	}
	return law_contains(output, s);
}

static inline bool
law_holds_targets(struct convert *c, int form, struct slice output)
{
	for (const struct md_node *n = c->doc; n; n = md_next(n, c->doc, true))
		if ((n->type == MD_LINK || n->type == MD_IMAGE) &&
		    !law_holds_target(c, form, n, output)) {
			fprintf(
			    stderr, "lost target: %.*s\n", SLICE_FMT(n->text));
			return false;
		}
	return true;
}

/* --- the forms' own rules -------------------------------------------------------- */

static inline const char *
law_menu_line(struct slice line)
{
	size_t tabs = 0, marks = 0;

	if (slice_eq_cstr(line, "."))
		return NULL;
	for (size_t i = 0; i < line.len; i++) {
		tabs += line.ptr[i] == '\t';
		marks += line.ptr[i] == MARK_HOST_PORT;
	}
	if (!line.len || line.ptr[0] == '3' || line.ptr[0] == '\t')
		return "a menu line without a type, or of type 3";
	if (line.ptr[0] == 'i' && !slice_ends(line, SLICE_LIT("\t\t\t0")))
		return "an information line without its tabs";
	/* A mark stands for the host, a tab and the port. */
	if (tabs + marks != 3)
		return "a menu line of not four fields";
	return NULL;
}

static inline const char *
law_form(int form, struct slice out)
{
	size_t fences = 0, n;
	const char *wrong;

	if (!utf8_valid(out))
		return "not UTF-8";
	if (!slice_ends(out, SLICE_LIT("\n")))
		return "no newline at the end";
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.ptr[i];

		if (c > 3 && c < ' ' && c != '\t' && c != '\n')
			return "a control character";
		if (c > 0 && c <= 3 && form == CONVERT_GEMTEXT)
			return "a mark in gemtext";
	}
	if (form == CONVERT_MENU && !slice_ends(out, SLICE_LIT(".\n")))
		return "a menu without its dot";
	for (; out.len; out = slice_from(out, n + 1)) {
		struct slice line;

		n = slice_find(out, '\n');
		line = slice_upto(out, n);
		fences += slice_starts(line, SLICE_LIT("```"));
		if (form == CONVERT_MENU && (wrong = law_menu_line(line)))
			return wrong;
	}
	if (form == CONVERT_GEMTEXT && fences % 2)
		return "an odd number of ``` lines";
	return NULL;
}

#endif
