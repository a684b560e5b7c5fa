#include "base/buf.h"
#include "search/fold.h"

#include "test.h"

static struct buf one, other;

static struct slice
words(struct buf *b, const char *text)
{
	buf_init(b, 65536);
	fold_add(b, "", slice_cstr(text));
	return slice_trim(buf_slice(b));
}

static void
comes_to(const char *text, const char *want)
{
	assert_slice(words(&one, text), want);
	buf_release(&one);
}

static void
same(const char *a, const char *b)
{
	if (!slice_eq(words(&one, a), words(&other, b)))
		fail_msg("\"%s\" is \"%.*s\", \"%s\" is \"%.*s\"", a,
		    SLICE_FMT(buf_slice(&one)), b,
		    SLICE_FMT(buf_slice(&other)));
	buf_release(&one);
	buf_release(&other);
}

static void
differ(const char *a, const char *b)
{
	if (slice_eq(words(&one, a), words(&other, b)))
		fail_msg("\"%s\" and \"%s\" are both \"%.*s\"", a, b,
		    SLICE_FMT(buf_slice(&one)));
	buf_release(&one);
	buf_release(&other);
}

static void
latin(void **state)
{
	(void)state;
	comes_to("Water-table, 1,000 feet: it's DEEP.",
	    "water table 1 000 feet it s deep");
	same("Café naïve ÅNGSTRÖM", "cafe naive angstrom");
	same("Cafe\u0301", "café"); /* decomposed */
	same("Straße Łódź œuvre Đà", "strasse lodz oeuvre da");
	same("ＦＵＬＬ ｗｉｄｔｈ", "full width");
	same("ﬁnancial", "financial");
	same("co\u00adoperate", "cooperate");
	same("ΣΊΣΥΦΟΣ", "σισυφος");
	same("Ёлка", "елка");
	comes_to("", "");
	comes_to(" \t\n.,;", "");
}

static void
urdu_letters(void **state)
{
	(void)state;
	same("پاني", "پانی");   /* Arabic yeh */
	same("پانى", "پانی");   /* alef maksura */
	same("كتاب", "کتاب");   /* Arabic kaf */
	same("هے", "ہے");       /* Arabic heh */
	same("ھے ھم", "ہے ہم"); /* do-chashmi where no breath is */
	same("انھوں تمھیں", "انہوں تمہیں");
	same("آج", "اج");
	same("أحمد", "احمد");
	same("گئے", "گیے");
	same("مسئلۂ", "مسئلہ");
	same("علماء", "علما");
	same("زكاة", "زکاۃ");
	differ("بھاری", "بہاری"); /* heavy, of Bihar */
	differ("پھر", "پہر");     /* again, a watch of the day */
	differ("لڑکی", "لڑکے");   /* girl, boys */
	differ("میں", "مین");
	differ("سال", "سل");
	/* In words of their own: hamza within, and alone. */
	differ("شے", "شئے");
	comes_to("ء", "ء");
}

static void
urdu_marks(void **state)
{
	(void)state;
	same("قُرآنِ پاک", "قران پاک");
	same("زکوٰۃ", "زکوۃ");
	same("عیسیٰ", "عیسی");
	same("پــــانی", "پانی"); /* tatweel */
	same("پا\u200dنی", "پانی");
	same("کتاب\u200cخانہ", "کتاب خانہ");
	same("\u200fپانی\u200e", "پانی");
	same("۲۰۲۶ ٢٠٢٦", "2026 2026");
	same("پانی، ہوا؛ زمین؟ آگ۔", "پانی ہوا زمین آگ");
	same("ﻛﺘﺎﺏ", "کتاب"); /* presentation forms */
	same("ﷲ", "الله");
	comes_to("محمدﷺ نے", "محمد نے");
}

static void
other_scripts(void **state)
{
	(void)state;
	comes_to("水文学 water", "水 文 学 water");
	comes_to("हिन्दी में", "हिन्दी में"); /* its signs are letters */
	same("שָׁלוֹם", "שלום");
	comes_to("m² ½", "m2 12");
}

/* What is no UTF-8 parts words and is read over. */
static void
broken(void **state)
{
	char noise[512];
	struct fold f;

	(void)state;
	comes_to("wat\xff"
		 "er \xe0\x80 x\xc3",
	    "wat er x");
	for (unsigned seed = 1; seed < 2000; seed++) {
		unsigned r = seed * 2654435761u;
		size_t at = 0;

		for (size_t i = 0; i < sizeof(noise); i++) {
			r = r * 1664525u + 1013904223u;
			noise[i] = (char)(r >> 24);
		}
		fold_init(&f, slice_make(noise, sizeof(noise)));
		while (fold_next(&f)) {
			assert_in_range(f.len, 1, FOLD_WORD_MAX);
			assert_true(f.from >= at && f.to > f.from);
			assert_true(f.to <= sizeof(noise));
			at = f.to;
		}
	}
}

static void
places(void **state)
{
	struct fold f;

	(void)state;
	fold_init(&f, slice_cstr("  Café \xe2\x80\x8fپانی."));
	assert_true(fold_next(&f));
	assert_int_equal(f.from, 2);
	assert_int_equal(f.to, 7);
	assert_slice(fold_word(&f), "cafe");
	assert_true(fold_next(&f));
	assert_int_equal(f.from, 11);
	assert_int_equal(f.to, 19);
	assert_false(fold_next(&f));
	assert_false(fold_next(&f));
}

static void
long_word(void **state)
{
	char text[5000];
	struct fold f;

	(void)state;
	memset(text, 'x', sizeof(text));
	fold_init(&f, slice_make(text, sizeof(text)));
	assert_true(fold_next(&f));
	assert_int_equal(f.len, FOLD_WORD_MAX);
	assert_int_equal(f.to, sizeof(text));
	assert_false(fold_next(&f));
}

/* A folded word folds to itself: queries and texts meet. */
static void
stable(void **state)
{
	static const char *const texts[] = { "Straße ﬁn İstanbul ſ ΐ Ǆ ﷺ",
		"قُرآنِ زکوٰۃ علماءء ھھ کھھ ۀ ئ ؤ", "हिन्दी 水文 m² ⅷ ㎢ ㈠" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct slice once = words(&one, texts[i]);

		buf_init(&other, 65536);
		fold_add(&other, "", once);
		if (!slice_eq(once, slice_trim(buf_slice(&other))))
			fail_msg("\"%.*s\", then \"%.*s\"", SLICE_FMT(once),
			    SLICE_FMT(buf_slice(&other)));
		buf_release(&one);
		buf_release(&other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latin),
		cmocka_unit_test(urdu_letters),
		cmocka_unit_test(urdu_marks),
		cmocka_unit_test(other_scripts),
		cmocka_unit_test(broken),
		cmocka_unit_test(places),
		cmocka_unit_test(long_word),
		cmocka_unit_test(stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
