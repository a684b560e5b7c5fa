#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/buf.h"
#include "base/utf8.h"

#include "search/fold.h"

enum {
	PARTS_MAX = 24, /* of one character, decomposed (NFKD: 18) */
	CACHED_PARTS = 4,
	CACHE_SIZE = 1024,
	/* What a character comes to, besides letters. */
	NOTHING = 0,
	BREAK = -1, /* it parts words */
	ALONE = -2, /* it is a word of its own */

	ALEF = 0x627,
	HAMZA = 0x621,
	WAW = 0x648,
	FARSI_YEH = 0x6cc,
	KEHEH = 0x6a9,
	HEH_GOAL = 0x6c1,
	DO_CHASHMI = 0x6be,
	TEH_MARBUTA_GOAL = 0x6c3,
	BARI_YE = 0x6d2,
	ZWNJ = 0x200c,
};

/* --- Arabic letters ------------------------------------------------------ */

/* Marks on letters, tatweel, and direction: gone. */
static bool
is_arabic_mark(uint32_t cp)
{
	return (cp >= 0x610 && cp <= 0x61a) || cp == 0x61c || cp == 0x640 ||
	    (cp >= 0x64b && cp <= 0x65f) || cp == 0x670 ||
	    (cp >= 0x6d6 && cp <= 0x6ed && cp != 0x6dd && cp != 0x6de &&
		cp != 0x6e9);
}

/* A form of a letter to the letter. */
static uint32_t
arabic_letter(uint32_t cp)
{
	switch (cp) {
	case 0x622:
	case 0x623:
	case 0x625:
	case 0x671:
		return ALEF;
	case 0x624:
		return WAW;
	case 0x626:
	case 0x649:
	case 0x64a:
		return FARSI_YEH;
	case 0x629:
		return TEH_MARBUTA_GOAL;
	case 0x643:
		return KEHEH;
	case 0x647:
	case 0x6c0:
	case 0x6c2:
	case 0x6d5:
		return HEH_GOAL;
	case 0x6d3:
		return BARI_YE;
	default:
		return cp;
	}
}

/* Whether do-chashmi he behind `cp` makes another sound of it. */
static bool
takes_breath(uint32_t cp)
{
	static const uint16_t letters[] = { 0x628, 0x67e, 0x62a, 0x679, 0x62c,
		0x686, 0x62f, 0x688, 0x691, 0x6a9, 0x6af };

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i] == cp)
			return true;
	return false;
}

/* --- one character ------------------------------------------------------- */

/* Accents and points that people leave out; other marks make words. */
static bool
is_accent(uint32_t cp)
{
	return (cp >= 0x300 && cp <= 0x36f) || (cp >= 0x483 && cp <= 0x489) ||
	    (cp >= 0x591 && cp <= 0x5bd) || cp == 0x5bf || cp == 0x5c1 ||
	    cp == 0x5c2 || cp == 0x5c4 || cp == 0x5c5 || cp == 0x5c7 ||
	    (cp >= 0x8d3 && cp <= 0x8ff) || (cp >= 0x1ab0 && cp <= 0x1aff) ||
	    (cp >= 0x1dc0 && cp <= 0x1dff) || (cp >= 0x20d0 && cp <= 0x20ff) ||
	    (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xfe20 && cp <= 0xfe2f);
}

static bool
is_alone(uint32_t cp)
{
	return (cp >= 0x3040 && cp <= 0x30ff) ||
	    (cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0xf900 && cp <= 0xfaff) ||
	    (cp >= 0x20000 && cp <= 0x3ffff);
}

/* Letters that Unicode does not decompose and keyboards lack. */
static int
spell_out(uint32_t cp, uint32_t *out)
{
	static const struct {
		uint16_t cp;
		char as[3];
	} all[] = { { 0xdf, "ss" }, { 0xe6, "ae" }, { 0xf0, "d" },
		{ 0xf8, "o" }, { 0xfe, "th" }, { 0x111, "d" }, { 0x127, "h" },
		{ 0x131, "i" }, { 0x142, "l" }, { 0x153, "oe" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].cp == cp) {
			out[0] = (uint32_t)all[i].as[0];
			out[1] = (uint32_t)all[i].as[1];
			return out[1] ? 2 : 1;
		}
	out[0] = cp == 0x3c2 ? 0x3c3 : cp; /* the final sigma */
	return 1;
}

static bool
is_of_words(uint32_t cp)
{
	return uc_is_property_alphabetic(cp) ||
	    uc_is_general_category_withtable(
		cp, UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M);
}

/* A part of a decomposed character; how many letters it comes to. */
static int
fold_part(uint32_t cp, uint32_t *out)
{
	int digit;

	if (is_accent(cp) || is_arabic_mark(cp) || !is_of_words(cp))
		return 0;
	digit = uc_decimal_value(cp);
	if (digit >= 0) {
		out[0] = (uint32_t)('0' + digit);
		return 1;
	}
	return spell_out(uc_tolower(arabic_letter(cp)), out);
}

/* The letters of `cp`, PARTS_MAX at most, or one of the words above. */
static int
fold_char_slow(uint32_t cp, uint32_t *out)
{
	uint32_t parts[PARTS_MAX];
	size_t count = PARTS_MAX;
	int n = 0;

	if (cp == ZWNJ || (cp >= 0xfdf0 && cp <= 0xfdff && cp != 0xfdf2))
		return BREAK; /* whole formulas of honour end a name */
	if (is_arabic_mark(cp) || is_accent(cp) ||
	    uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_Cf))
		return NOTHING;
	if (!is_of_words(cp))
		return BREAK;
	if (is_alone(cp)) {
		out[0] = cp;
		return ALONE;
	}
	if (!u32_normalize(UNINORM_NFKD, &cp, 1, parts, &count))
		return BREAK;
	for (size_t i = 0; i < count && n + 2 < PARTS_MAX; i++)
		n += fold_part(parts[i], out + n);
	return n;
}

/* As fold_char_slow(), remembered: a text has few different characters. */
static int
fold_char(uint32_t cp, uint32_t *out)
{
	static struct {
		uint32_t cp; /* 0: nothing is remembered here */
		int8_t n;
		uint32_t out[CACHED_PARTS];
	} cache[CACHE_SIZE], *c;

	c = &cache[(cp ^ cp >> 10) % CACHE_SIZE];
	if (c->cp != cp) {
		int n = fold_char_slow(cp, out);

		if (n > CACHED_PARTS)
			return n;
		c->cp = cp;
		c->n = (int8_t)n;
		memcpy(c->out, out, sizeof(c->out));
	}
	memcpy(out, c->out, sizeof(c->out));
	return c->n;
}

/* --- words --------------------------------------------------------------- */

void
fold_init(struct fold *f, struct slice text)
{
	*f = (struct fold){ .text = text };
}

static void
add_letter(struct fold *f, uint32_t cp)
{
	char bytes[4];
	size_t n;

	if (cp == DO_CHASHMI && !takes_breath(f->last))
		cp = HEH_GOAL;
	n = utf8_encode(cp, bytes);
	if (f->len + n > FOLD_WORD_MAX)
		return;
	memcpy(f->word + f->len, bytes, n);
	f->len += n;
	f->last = cp;
}

/* ASCII: the letter in lower case or the digit; 0: it parts words. */
static char
ascii(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return (char)c;
	return 0;
}

/* Takes one character that is not ASCII; false when the word ends before. */
static bool
take_char(struct fold *f, uint32_t cp, size_t bytes)
{
	uint32_t out[PARTS_MAX] = { 0 };
	int n = fold_char(cp, out);

	if (n == ALONE && f->len)
		return false;
	f->at += bytes;
	if (n == BREAK)
		return f->len == 0;
	if (!f->len && n)
		f->from = f->at - bytes;
	if (n == ALONE) {
		add_letter(f, out[0]);
		f->to = f->at;
		return false;
	}
	for (int i = 0; i < n; i++)
		add_letter(f, out[i]);
	if (n)
		f->to = f->at;
	return true;
}

/* Takes a run of ASCII letters and digits; false at what is none. */
static bool
take_ascii(struct fold *f)
{
	char c = ascii((unsigned char)f->text.ptr[f->at]);

	if (!c) {
		f->at++;
		return f->len == 0;
	}
	if (!f->len)
		f->from = f->at;
	do {
		if (f->len < FOLD_WORD_MAX)
			f->word[f->len++] = c;
		f->at++;
	} while (f->at < f->text.len &&
	    (c = ascii((unsigned char)f->text.ptr[f->at])));
	f->to = f->at;
	f->last = 0;
	return true;
}

bool
fold_next(struct fold *f)
{
	bool more = true;

	f->len = 0;
	f->last = 0;
	while (more && f->at < f->text.len) {
		unsigned char c = (unsigned char)f->text.ptr[f->at];
		uint32_t cp;
		size_t n;

		if (c < 0x80) {
			more = take_ascii(f);
			continue;
		}
		n = utf8_decode(f->text.ptr + f->at, f->text.len - f->at, &cp);
		if (n) {
			more = take_char(f, cp, n);
		} else {
			f->at++;
			more = f->len == 0;
		}
	}
	while (f->last == HAMZA && f->len > 2 &&
	    !memcmp(f->word + f->len - 2, "\xd8\xa1", 2))
		f->len -= 2;
	return f->len > 0;
}

size_t
fold_add(struct buf *out, const char *prefix, struct slice text)
{
	size_t count = 0;
	struct fold f;

	fold_init(&f, text);
	while (fold_next(&f)) {
		buf_add_cstr(out, prefix);
		buf_add(out, fold_word(&f));
		buf_add_char(out, ' ');
		count++;
	}
	return count;
}
