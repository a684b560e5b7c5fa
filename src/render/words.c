#include <stdlib.h>

#include "render/words.h"

static const char mirrors_are_en[] =
    "The same articles stand on these servers, each kept by somebody else and "
    "checked against our signature.";
static const char mirrors_are_ur[] =
    "یہی مضامین ان سرورز پر بھی موجود ہیں۔ ہر ایک کو کوئی اور چلاتا ہے، اور ہر "
    "نقل ہمارے دستخط سے جانچی جاتی ہے۔";

static const char search_prompt_en[] =
    "Search: words, \"a phrase\", begin*, author: tag: "
    "year: lang:";
static const char search_help_en[] =
    "All words must be there. A star finds words that begin "
    "so: wat*. Also: \"a phrase\", author:NAME, tag:NAME, "
    "year:2026, lang:ur.";
static const char search_prompt_ur[] =
    "تلاش: الفاظ، \"پورا فقرہ\"، آغاز*، مصنف: موضوع: سال: "
    "زبان:";
static const char search_help_ur[] =
    "سب الفاظ کا مضمون میں ہونا ضروری ہے۔ ستارے سے وہ الفاظ "
    "ملتے ہیں جو یوں شروع ہوں: پان*۔ یہ بھی لکھا جا سکتا ہے: "
    "\"پورا فقرہ\"، مصنف:نام، موضوع:نام، سال:2026، زبان:ur۔";
static const char search_down_ur[] =
    "تلاش اس وقت جواب نہیں دے رہی؛ کچھ دیر بعد پھر کوشش "
    "کیجیے۔";

static const struct words english = {
	.word = {
		[WORD_LINKS] = "Links",
		[WORD_NOTES] = "Notes",
		[WORD_NOTE] = "Note",
		[WORD_TIP] = "Tip",
		[WORD_IMPORTANT] = "Important",
		[WORD_WARNING] = "Warning",
		[WORD_CAUTION] = "Caution",
		[WORD_IMAGE] = "image",
		[WORD_TABLE] = "table",
		[WORD_BY] = "By",
		[WORD_AND] = "and",
		[WORD_WRITTEN_BY] = "Written by",
		[WORD_UPDATED] = "updated",
		[WORD_CATEGORIES] = "Categories",
		[WORD_TAGS] = "Tags",
		[WORD_SERIES] = "Series",
		[WORD_LICENCE] = "Licence",
		[WORD_HOME] = "Home",
		[WORD_ARTICLES] = "Articles",
		[WORD_ARCHIVE] = "Archive",
		[WORD_CATEGORY] = "Category",
		[WORD_TAG] = "Tag",
		[WORD_AUTHOR] = "Author",
		[WORD_AUTHORS] = "Authors",
		[WORD_LANGUAGES] = "Languages",
		[WORD_PAGES] = "Pages",
		[WORD_NEW] = "New",
		[WORD_NEXT] = "Next",
		[WORD_PREVIOUS] = "Previous",
		[WORD_CONTENTS] = "Contents",
		[WORD_PART] = "Part",
		[WORD_OF] = "of",
		[WORD_WHOLE] = "The whole article",
		[WORD_RELATED] = "Related articles",
		[WORD_TEXT] = "Text",
		[WORD_TEXT_FILE] = "text",
		[WORD_NARROW_TEXT] = "Narrow text (40 columns)",
		[WORD_UNWRAPPED_TEXT] = "Unwrapped text",
		[WORD_GEMTEXT] = "Gemtext",
		[WORD_SOURCE] = "Source",
		[WORD_ADDRESSES] = "Addresses",
		[WORD_ALSO_IN] = "Also in",
		[WORD_ATTACHMENTS] = "Attachments",
		[WORD_MIRROR] = "Mirror",
		[WORD_MIRRORS] = "Mirrors",
		[WORD_MIRRORS_ARE] = mirrors_are_en,
		[WORD_MIRROR_CURRENT] = "is up to date.",
		[WORD_MIRROR_BEHIND] = "has what was published up to",
		[WORD_MIRROR_SILENT] = "did not answer.",
		[WORD_MIRROR_WRONG] = "is not to be trusted at present.",
		[WORD_SUBSCRIBE] = "Subscribe",
		[WORD_WEB] = "Web",
		[WORD_REPLIES] = "Replies",
		[WORD_REPLY] = "Write a reply",
		[WORD_REPLY_PROMPT] = "Your reply. It is published once we have read it; no name is needed.",
		[WORD_REPLY_THANKS] = "Thank you. Your reply has come, and is published once we have read it. No address of yours is kept.",
		[WORD_REPLY_MORE] = "Write more",
		[WORD_REPLY_BACK] = "Back to the article",
		[WORD_REPLY_FULL] = "Too many replies are waiting to be read; please try again later.",
		[WORD_REPLY_DOWN] = "Replies cannot be taken now; please try again later.",
		[WORD_REPLY_TOO_LONG] = "This reply is too long for one message; please send it in parts.",
		[WORD_REPLY_ELSEWHERE] = "This server keeps a copy. Replies go to the place the articles come from:",
		[WORD_READER] = "A reader",
		[WORD_HELP] = "Help for readers",
		[WORD_MINUTES] = "min",
		[WORD_WITHDRAWN] = "Withdrawn",
		[WORD_SEARCH] = "Search",
		[WORD_SEARCH_PROMPT] = search_prompt_en,
		[WORD_SEARCH_HELP] = search_help_en,
		[WORD_SEARCH_AGAIN] = "Search again",
		[WORD_SEARCH_ALL] = "Search in all languages",
		[WORD_SEARCH_LATE] =
		    "This search took too long; use more precise words.",
		[WORD_SEARCH_TOO_LONG] =
		    "This is too much for a search; use fewer words.",
		[WORD_SEARCH_DOWN] =
		    "The search does not answer now; try again later.",
		[WORD_RESULTS] = "Results",
		[WORD_NO_RESULTS] = "Nothing was found.",
		[WORD_OFFLINE] = "Offline copies",
		[WORD_SEPARATOR] = ",",
	},
};

static const struct words urdu = {
	.word = {
		[WORD_LINKS] = "روابط",
		[WORD_NOTES] = "حواشی",
		[WORD_NOTE] = "نوٹ",
		[WORD_TIP] = "مشورہ",
		[WORD_IMPORTANT] = "اہم",
		[WORD_WARNING] = "خبردار",
		[WORD_CAUTION] = "احتیاط",
		[WORD_IMAGE] = "تصویر",
		[WORD_TABLE] = "جدول",
		[WORD_BY] = "از",
		[WORD_AND] = "اور",
		[WORD_WRITTEN_BY] = "تحریر:",
		[WORD_UPDATED] = "تازہ کاری",
		[WORD_CATEGORIES] = "زمرے",
		[WORD_TAGS] = "موضوعات",
		[WORD_SERIES] = "سلسلہ",
		[WORD_LICENCE] = "اجازت نامہ",
		[WORD_HOME] = "سرورق",
		[WORD_ARTICLES] = "مضامین",
		[WORD_ARCHIVE] = "محفوظات",
		[WORD_CATEGORY] = "زمرہ",
		[WORD_TAG] = "موضوع",
		[WORD_AUTHOR] = "مصنف",
		[WORD_AUTHORS] = "مصنفین",
		[WORD_LANGUAGES] = "زبانیں",
		[WORD_PAGES] = "صفحات",
		[WORD_NEW] = "نئے مضامین",
		[WORD_NEXT] = "اگلا",
		[WORD_PREVIOUS] = "پچھلا",
		[WORD_CONTENTS] = "فہرست",
		[WORD_PART] = "حصہ",
		[WORD_OF] = "از",
		[WORD_WHOLE] = "پورا مضمون",
		[WORD_RELATED] = "متعلقہ مضامین",
		[WORD_TEXT] = "سادہ متن",
		[WORD_TEXT_FILE] = "متن",
		[WORD_NARROW_TEXT] = "تنگ متن (40 حروف فی سطر)",
		[WORD_UNWRAPPED_TEXT] = "بغیر توڑی سطروں کا متن",
		[WORD_GEMTEXT] = "جیم ٹیکسٹ",
		[WORD_SOURCE] = "ماخذ متن",
		[WORD_ADDRESSES] = "پتے",
		[WORD_ALSO_IN] = "دیگر زبانوں میں",
		[WORD_ATTACHMENTS] = "منسلک فائلیں",
		[WORD_MIRROR] = "متبادل نقل",
		[WORD_MIRRORS] = "متبادل نقول",
		[WORD_MIRRORS_ARE] = mirrors_are_ur,
		[WORD_MIRROR_CURRENT] = "تازہ ترین ہے۔",
		[WORD_MIRROR_BEHIND] = "اس تاریخ تک کی اشاعت رکھتا ہے:",
		[WORD_MIRROR_SILENT] = "نے جواب نہیں دیا۔",
		[WORD_MIRROR_WRONG] = "فی الحال قابلِ اعتماد نہیں۔",
		[WORD_SUBSCRIBE] = "باخبر رہیے",
		[WORD_WEB] = "ویب",
		[WORD_REPLIES] = "آرا",
		[WORD_REPLY] = "اپنی رائے لکھیے",
		[WORD_REPLY_PROMPT] = "اپنی رائے لکھیے۔ پڑھنے کے بعد شائع کی جائے گی؛ نام ضروری نہیں۔",
		[WORD_REPLY_THANKS] = "شکریہ۔ آپ کی رائے پہنچ گئی ہے اور پڑھنے کے بعد شائع کی جائے گی۔ آپ کا کوئی پتا محفوظ نہیں کیا جاتا۔",
		[WORD_REPLY_MORE] = "مزید لکھیے",
		[WORD_REPLY_BACK] = "مضمون پر واپس",
		[WORD_REPLY_FULL] = "بہت سی آرا پڑھے جانے کی منتظر ہیں؛ براہِ کرم بعد میں کوشش کیجیے۔",
		[WORD_REPLY_DOWN] = "اس وقت رائے نہیں لی جا سکتی؛ براہِ کرم بعد میں کوشش کیجیے۔",
		[WORD_REPLY_TOO_LONG] = "یہ رائے ایک پیغام کے لیے بہت لمبی ہے؛ براہِ کرم حصوں میں بھیجیے۔",
		[WORD_REPLY_ELSEWHERE] = "یہ سرور ایک نقل رکھتا ہے۔ رائے وہاں بھیجی جاتی ہے جہاں سے مضامین آتے ہیں:",
		[WORD_READER] = "ایک قاری",
		[WORD_HELP] = "قارئین کے لیے مدد",
		[WORD_MINUTES] = "منٹ",
		[WORD_WITHDRAWN] = "واپس لیا گیا",
		[WORD_SEARCH] = "تلاش",
		[WORD_SEARCH_PROMPT] = search_prompt_ur,
		[WORD_SEARCH_HELP] = search_help_ur,
		[WORD_SEARCH_AGAIN] = "پھر تلاش کیجیے",
		[WORD_SEARCH_ALL] = "سب زبانوں میں تلاش",
		[WORD_SEARCH_LATE] =
		    "اس تلاش میں بہت دیر لگی؛ زیادہ خاص الفاظ لکھیے۔",
		[WORD_SEARCH_TOO_LONG] =
		    "یہ ایک تلاش کے لیے بہت زیادہ ہے؛ کم الفاظ لکھیے۔",
		[WORD_SEARCH_DOWN] = search_down_ur,
		[WORD_RESULTS] = "نتائج",
		[WORD_NO_RESULTS] = "کچھ نہیں ملا۔",
		[WORD_OFFLINE] = "آف لائن نقول",
		[WORD_SEPARATOR] = "،",
	},
	.rtl = true,
};

static const char *const names[WORD_COUNT] = {
	[WORD_LINKS] = "links",
	[WORD_NOTES] = "notes",
	[WORD_NOTE] = "note",
	[WORD_TIP] = "tip",
	[WORD_IMPORTANT] = "important",
	[WORD_WARNING] = "warning",
	[WORD_CAUTION] = "caution",
	[WORD_IMAGE] = "image",
	[WORD_TABLE] = "table",
	[WORD_BY] = "by",
	[WORD_AND] = "and",
	[WORD_WRITTEN_BY] = "written-by",
	[WORD_UPDATED] = "updated",
	[WORD_CATEGORIES] = "categories",
	[WORD_TAGS] = "tags",
	[WORD_SERIES] = "series",
	[WORD_LICENCE] = "licence",
	[WORD_HOME] = "home",
	[WORD_ARTICLES] = "articles",
	[WORD_ARCHIVE] = "archive",
	[WORD_CATEGORY] = "category",
	[WORD_TAG] = "tag",
	[WORD_AUTHOR] = "author",
	[WORD_AUTHORS] = "authors",
	[WORD_LANGUAGES] = "languages",
	[WORD_PAGES] = "pages",
	[WORD_NEW] = "new",
	[WORD_NEXT] = "next",
	[WORD_PREVIOUS] = "previous",
	[WORD_CONTENTS] = "contents",
	[WORD_PART] = "part",
	[WORD_OF] = "of",
	[WORD_WHOLE] = "whole",
	[WORD_RELATED] = "related",
	[WORD_TEXT] = "text",
	[WORD_TEXT_FILE] = "text-file",
	[WORD_NARROW_TEXT] = "narrow-text",
	[WORD_UNWRAPPED_TEXT] = "unwrapped-text",
	[WORD_GEMTEXT] = "gemtext",
	[WORD_SOURCE] = "source",
	[WORD_ADDRESSES] = "addresses",
	[WORD_ALSO_IN] = "also-in",
	[WORD_ATTACHMENTS] = "attachments",
	[WORD_MIRROR] = "mirror",
	[WORD_MIRRORS] = "mirrors",
	[WORD_MIRRORS_ARE] = "mirrors-are",
	[WORD_MIRROR_CURRENT] = "mirror-current",
	[WORD_MIRROR_BEHIND] = "mirror-behind",
	[WORD_MIRROR_SILENT] = "mirror-silent",
	[WORD_MIRROR_WRONG] = "mirror-wrong",
	[WORD_SUBSCRIBE] = "subscribe",
	[WORD_WEB] = "web",
	[WORD_REPLIES] = "replies",
	[WORD_REPLY] = "reply",
	[WORD_REPLY_PROMPT] = "reply-prompt",
	[WORD_REPLY_THANKS] = "reply-thanks",
	[WORD_REPLY_MORE] = "reply-more",
	[WORD_REPLY_BACK] = "reply-back",
	[WORD_REPLY_FULL] = "reply-full",
	[WORD_REPLY_DOWN] = "reply-down",
	[WORD_REPLY_TOO_LONG] = "reply-too-long",
	[WORD_REPLY_ELSEWHERE] = "reply-elsewhere",
	[WORD_READER] = "reader",
	[WORD_HELP] = "help",
	[WORD_MINUTES] = "minutes",
	[WORD_WITHDRAWN] = "withdrawn",
	[WORD_SEARCH] = "search",
	[WORD_SEARCH_PROMPT] = "search-prompt",
	[WORD_SEARCH_HELP] = "search-help",
	[WORD_SEARCH_AGAIN] = "search-again",
	[WORD_SEARCH_ALL] = "search-all",
	[WORD_SEARCH_LATE] = "search-late",
	[WORD_SEARCH_TOO_LONG] = "search-too-long",
	[WORD_SEARCH_DOWN] = "search-down",
	[WORD_RESULTS] = "results",
	[WORD_NO_RESULTS] = "no-results",
	[WORD_OFFLINE] = "offline",
	[WORD_SEPARATOR] = "separator",
};

/* By tag, in byte order; each name as its readers write it. */
static const struct language {
	const char *tag, *name;
} languages[] = {
	{ "am", "አማርኛ" },
	{ "ar", "العربية" },
	{ "az", "Azərbaycanca" },
	{ "bal", "بلوچی" },
	{ "bg", "Български" },
	{ "bn", "বাংলা" },
	{ "brh", "براہوئی" },
	{ "ckb", "کوردی" },
	{ "cs", "Čeština" },
	{ "da", "Dansk" },
	{ "de", "Deutsch" },
	{ "dv", "ދިވެހި" },
	{ "el", "Ελληνικά" },
	{ "en", "English" },
	{ "es", "Español" },
	{ "fa", "فارسی" },
	{ "fi", "Suomi" },
	{ "fr", "Français" },
	{ "gu", "ગુજરાતી" },
	{ "ha", "Hausa" },
	{ "he", "עברית" },
	{ "hi", "हिन्दी" },
	{ "hu", "Magyar" },
	{ "id", "Bahasa Indonesia" },
	{ "it", "Italiano" },
	{ "ja", "日本語" },
	{ "kk", "Қазақша" },
	{ "km", "ខ្មែរ" },
	{ "ko", "한국어" },
	{ "ks", "کٲشُر" },
	{ "ku", "Kurdî" },
	{ "lo", "ລາວ" },
	{ "mr", "मराठी" },
	{ "ms", "Bahasa Melayu" },
	{ "my", "မြန်မာ" },
	{ "ne", "नेपाली" },
	{ "nl", "Nederlands" },
	{ "no", "Norsk" },
	{ "or", "ଓଡ଼ିଆ" },
	{ "pa", "ਪੰਜਾਬੀ" },
	{ "pl", "Polski" },
	{ "pnb", "پنجابی" },
	{ "ps", "پښتو" },
	{ "pt", "Português" },
	{ "ro", "Română" },
	{ "ru", "Русский" },
	{ "sd", "سنڌي" },
	{ "si", "සිංහල" },
	{ "skr", "سرائیکی" },
	{ "so", "Soomaali" },
	{ "sq", "Shqip" },
	{ "sr", "Српски" },
	{ "sv", "Svenska" },
	{ "sw", "Kiswahili" },
	{ "ta", "தமிழ்" },
	{ "te", "తెలుగు" },
	{ "tg", "Тоҷикӣ" },
	{ "th", "ไทย" },
	{ "tr", "Türkçe" },
	{ "ug", "ئۇيغۇرچە" },
	{ "uk", "Українська" },
	{ "ur", "اردو" },
	{ "uz", "Oʻzbekcha" },
	{ "vi", "Tiếng Việt" },
	{ "yi", "ייִדיש" },
	{ "zh", "中文" },
};

/* Scripts written from right to left, and languages that use one of them. */
static const char *const rtl_scripts[] = { "adlm", "arab", "aran", "hebr",
	"nkoo", "rohg", "syrc", "thaa" };
static const char *const rtl_languages[] = { "ar", "arc", "bal", "bgn", "brh",
	"ckb", "dv", "fa", "glk", "haz", "he", "iw", "ji", "khw", "ks", "lrc",
	"mzn", "pnb", "prs", "ps", "sd", "sdh", "skr", "syr", "trw", "ug", "ur",
	"yi" };

/* The part of `tag` before its first hyphen. */
static struct slice
primary(struct slice tag)
{
	return slice_upto(tag, slice_find(tag, '-'));
}

const struct words *
words_for(struct slice lang)
{
	if (slice_eq_nocase(primary(lang), SLICE_LIT("ur")))
		return words_is_rtl(lang) ? &urdu : &english;
	return &english;
}

const char *
words_name(enum word w)
{
	return names[w];
}

struct slice
words_language(struct slice tag)
{
	struct slice language = primary(tag);

	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (slice_eq_nocase(language, slice_cstr(languages[i].tag)))
			return slice_cstr(languages[i].name);
	return tag;
}

/* The script that `tag` names (four letters), or an empty slice. */
static struct slice
script_of(struct slice tag)
{
	while ((tag = slice_from(tag, slice_find(tag, '-') + 1)).len) {
		struct slice part = primary(tag);

		if (part.len == 4 && part.ptr[0] > '9')
			return part;
	}
	return SLICE_NONE;
}

static bool
listed(struct slice s, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(s, slice_cstr(list[i])))
			return true;
	return false;
}

bool
words_is_rtl(struct slice tag)
{
	struct slice script = script_of(tag);

	if (script.len)
		return listed(script, rtl_scripts,
		    sizeof(rtl_scripts) / sizeof(rtl_scripts[0]));
	return listed(primary(tag), rtl_languages,
	    sizeof(rtl_languages) / sizeof(rtl_languages[0]));
}
