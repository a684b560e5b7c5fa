/*
 * The pages for those who read over Gemini or Gopher for the first time: what
 * they see, what it costs them, where to go on; one in each language that is
 * spoken here.  A menu says what holds of Gopher, a gemtext what of Gemini.
 */
#include <stdio.h>

#include "base/pack.h"

#include "site/offline.h"
#include "site/page.h"

enum {
	LINES_MAX = 8
};

/* Paragraphs of each protocol; the links come behind them. */
static const struct help {
	const char *lang;
	const char *gemini[LINES_MAX], *gopher[LINES_MAX];
} helps[] = {
	{
	    .lang = "en",
	    .gemini = {
		"You are reading over Gemini: pages of text that load fast on "
		"a slow link. There are no pictures in them, no scripts, and "
		"nothing that follows you. What you read is encrypted on the "
		"way.",
		"A link stands in a line of its own. Behind an article's name "
		"is what it costs: its size, and about how many minutes it "
		"takes to read. Pictures and attachments come only when you "
		"open them, and their links say how large they are.",
		"A long article comes in parts, each with a link to the next. "
		"At the foot of each article are its addresses, to keep or to "
		"give to others; they stay as they are.",
		"At the first visit your program remembers this site's "
		"certificate. If it says later that the certificate has "
		"changed, ask us before you go on.",
		"Lagrange reads Gemini and Gopher on telephones and "
		"computers, and sets Urdu from right to left; Amfora and "
		"Bombadillo do it in a terminal.",
	    },
	    .gopher = {
		"You are reading over Gopher: menus and texts that load fast "
		"on a slow link. There are no scripts, and nothing that "
		"follows you. Nothing is encrypted either: whoever stands on "
		"the way can see what you read. Over Gemini nobody can.",
		"An article is a menu, whose links can be opened, and a text. "
		"The text comes in lines of 67 letters, of 40 for small "
		"screens, and unwrapped for large print and for programs that "
		"read aloud. Its numbers in brackets, [1], lead to the list "
		"of links at its end.",
		"Behind an article's name is what it costs: its size, and "
		"about how many minutes it takes to read. Pictures and "
		"attachments come only when you open them, and their links "
		"say how large they are.",
		"A long article comes in parts, each with a link to the next. "
		"At the foot of each article are its addresses, to keep or to "
		"give to others; they stay as they are.",
		"Lagrange reads Gopher and Gemini on telephones and "
		"computers, and sets Urdu from right to left; lynx, sacc and "
		"Bombadillo read Gopher in a terminal.",
	    },
	},
	{
	    .lang = "ur",
	    .gemini = {
		"آپ یہ صفحہ جیمنائی (Gemini) پر پڑھ رہے ہیں: سادہ متن کے صفحات "
		"جو سست رابطے پر بھی جلد کھلتے ہیں۔ ان میں نہ تصویریں ہیں، نہ "
		"اسکرپٹ، نہ کوئی چیز جو آپ کا پیچھا کرے۔ جو کچھ آپ پڑھتے ہیں وہ "
		"راستے میں خفیہ رہتا ہے۔",
		"ہر ربط اپنی الگ سطر میں ہوتا ہے۔ مضمون کے نام کے بعد لکھا ہے "
		"کہ اس پر کیا خرچ ہو گا: حجم، اور پڑھنے میں اندازاً کتنے منٹ "
		"لگیں گے۔ تصویریں اور منسلک فائلیں صرف تب آتی ہیں جب آپ انھیں "
		"کھولیں، اور ان کے ربط میں ان کا حجم درج ہے۔",
		"لمبا مضمون حصوں میں آتا ہے اور ہر حصے میں اگلے کا ربط ہے۔ ہر "
		"مضمون کے آخر میں اس کے پتے ہیں، محفوظ رکھنے یا دوسروں کو "
		"بھیجنے کے لیے؛ یہ پتے نہیں بدلتے۔",
		"پہلی بار آنے پر آپ کا پروگرام اس جگہ کی سند (certificate) یاد "
		"کر لیتا ہے۔ اگر بعد میں وہ کہے کہ سند بدل گئی ہے تو آگے بڑھنے "
		"سے پہلے ہم سے پوچھ لیجیے۔",
		"لیگرانج (Lagrange) فون اور کمپیوٹر پر جیمنائی اور گوفر دونوں "
		"پڑھتا ہے اور اردو کو دائیں سے بائیں دکھاتا ہے؛ ٹرمینل میں "
		"امفورا (Amfora) اور بومباڈیلو (Bombadillo) ہیں۔",
	    },
	    .gopher = {
		"آپ یہ صفحہ گوفر (Gopher) پر پڑھ رہے ہیں: فہرستیں اور سادہ متن "
		"جو سست رابطے پر بھی جلد کھلتے ہیں۔ یہاں نہ اسکرپٹ ہیں، نہ کوئی "
		"چیز جو آپ کا پیچھا کرے۔ مگر کچھ خفیہ بھی نہیں: راستے میں جو "
		"کوئی ہو وہ دیکھ سکتا ہے کہ آپ کیا پڑھتے ہیں۔ جیمنائی پر کوئی "
		"نہیں دیکھ سکتا۔",
		"ہر مضمون ایک فہرست کی صورت میں بھی ہے جس کے ربط کھل سکتے ہیں، "
		"اور متن کی صورت میں بھی۔ متن 67 حروف کی سطروں میں ہے، چھوٹی "
		"اسکرین کے لیے 40 حروف کی سطروں میں، اور بڑے حروف یا بلند آواز "
		"سے پڑھنے والے پروگراموں کے لیے بغیر توڑی سطروں میں۔ متن میں "
		"[1] جیسے نمبر آخر میں دیے گئے روابط کی طرف لے جاتے ہیں۔",
		"مضمون کے نام کے بعد لکھا ہے کہ اس پر کیا خرچ ہو گا: حجم، اور "
		"پڑھنے میں اندازاً کتنے منٹ لگیں گے۔ تصویریں اور منسلک فائلیں "
		"صرف تب آتی ہیں جب آپ انھیں کھولیں، اور ان کے ربط میں ان کا "
		"حجم درج ہے۔",
		"لمبا مضمون حصوں میں آتا ہے اور ہر حصے میں اگلے کا ربط ہے۔ ہر "
		"مضمون کے آخر میں اس کے پتے ہیں، محفوظ رکھنے یا دوسروں کو "
		"بھیجنے کے لیے؛ یہ پتے نہیں بدلتے۔",
		"لیگرانج (Lagrange) فون اور کمپیوٹر پر گوفر اور جیمنائی دونوں "
		"پڑھتا ہے اور اردو کو دائیں سے بائیں دکھاتا ہے؛ ٹرمینل میں "
		"لنکس (lynx)، ساک (sacc) اور بومباڈیلو (Bombadillo) ہیں۔",
	    },
	},
};

static const struct help *
in_language(struct slice lang)
{
	lang = slice_upto(lang, slice_find(lang, '-'));
	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++)
		if (slice_eq_cstr(lang, helps[i].lang))
			return &helps[i];
	return NULL;
}

bool
help_speaks(struct slice lang)
{
	return in_language(lang) != NULL;
}

struct index *
help_find(const struct site *site, struct slice lang)
{
	char address[TREE_PATH_MAX];
	int n = snprintf(
	    address, sizeof(address), "/lang/%.*s/help.gmi", SLICE_FMT(lang));
	struct index *x = NULL;

	if (n > 0 && (size_t)n < sizeof(address))
		x = pages_find(site, slice_make(address, (size_t)n));
	return x ? x : pages_find(site, SLICE_LIT("/help.gmi"));
}

static bool
has_news(const struct site *site)
{
	return pages_find(site, SLICE_LIT("/new.gmi")) != NULL;
}

void
help_make(struct page *p)
{
	const struct help *h = in_language(p->lang);
	const struct index *x = p->index;
	const char *const *lines;

	page_add_heading(p, 0, page_word(p, WORD_HELP));
	if (!h)
		return;
	lines = p->is_menu ? h->gopher : h->gemini;
	for (size_t i = 0; i < LINES_MAX && lines[i]; i++)
		page_add_paragraph(p, slice_cstr(lines[i]));
	if (p->is_menu)
		page_add_link(
		    p, LINKS_GEMINI_URL, x->address, SLICE_LIT("Gemini"));
	else
		page_add_link(p, LINKS_GOPHER_URL,
		    page_text(p, "/1%.*s",
			SLICE_FMT(slice_upto(x->address,
			    x->address.len - (sizeof(".gmi") - 1)))),
		    SLICE_LIT("Gopher"));
	if (searching_is_wanted(p->site))
		page_add_link(p, LINKS_SEARCH,
		    page_text(p, "%.*ssearch", SLICE_FMT(x->up)),
		    page_word(p, WORD_SEARCH));
	if (has_news(p->site))
		page_add_link(p, LINKS_OWN,
		    page_text(p, "%.*snew.gmi", SLICE_FMT(x->up)),
		    page_word(p, WORD_SUBSCRIBE));
	if (offline_is_offered(p->site))
		page_add_link(p, LINKS_OWN, SLICE_LIT("/offline/"),
		    page_word(p, WORD_OFFLINE));
	page_add_link(p, LINKS_OWN, x->up, page_word(p, WORD_HOME));
}

void
help_digest(const struct site *site, struct buf *out)
{
	pack_number(out, offline_is_offered(site));
	pack_number(out, has_news(site));
	pack_number(out, help_find(site, SLICE_NONE) != NULL);
}
