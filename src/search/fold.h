/*
 * fold.h: text to the words that a search compares.
 *
 * Whoever searches does not type a text as its author did.  Both sides go
 * through here, so that what counts as one word becomes one:
 *
 *	case, width and compatibility forms (NFKD by libunistring), accents
 *	of Latin, Greek, Cyrillic and Hebrew letters, Arabic vowel signs and
 *	tatweel, joiners, direction marks and soft hyphens go; digits of all
 *	scripts become ASCII;
 *	Arabic letters become the forms that Urdu is written with: the yes
 *	(U+064A, U+0649, U+0626) U+06CC, kaf U+06A9, the hes U+06C1, the
 *	alefs (madda too) U+0627, waw with hamza U+0648, teh marbuta U+06C3;
 *	hamza at a word's end goes (both spellings are used);
 *	do-chashmi he (U+06BE) stays after the eleven letters it makes
 *	aspirates of, where it makes another word (bhari, heavy, is not
 *	bihari); elsewhere, and after lam, mim and nun, where people write
 *	either (unhon), it is a he;
 *	a zero width non-joiner parts words as a blank does, since that is
 *	what people type where an author had it.
 *
 * Not folded, since they make other words: final yeh and bari ye, nun and nun
 * ghunna, he and teh marbuta; and letters of Sindhi, Pashto and others.
 *
 * A Chinese or Japanese character is a word, as there are no blanks.
 */
#ifndef SEARCH_FOLD_H
#define SEARCH_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;

enum {
	FOLD_WORD_MAX = 64 /* bytes of a folded word; the rest is dropped */
};

/* A walk over the words of a text. */
struct fold {
	struct slice text;
	size_t at;       /* the next byte */
	size_t from, to; /* where in the text the word stands */
	size_t len;
	uint32_t last; /* the word's last letter */
	char word[FOLD_WORD_MAX + 4];
};

/* `text` must outlive *f; what is not UTF-8 in it parts words. */
void fold_init(struct fold *f, struct slice text);
/* The next word: f->word, f->len bytes, never 0; false at the end. */
bool fold_next(struct fold *f);

/* The word that fold_next() found; it dies with the next call. */
static inline struct slice
fold_word(const struct fold *f)
{
	return slice_make(f->word, f->len);
}

/*
 * Appends the words of `text`, each with `prefix` in front and a blank behind;
 * their number.
 */
size_t fold_add(struct buf *out, const char *prefix, struct slice text);

#endif
