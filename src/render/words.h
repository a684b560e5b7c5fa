/*
 * words.h: the program's own words on a page, by the page's language.
 *
 * English and Urdu stand here in full; other languages fall back to English,
 * and capsule.yaml may override any of them.
 */
#ifndef RENDER_WORDS_H
#define RENDER_WORDS_H

#include <stdbool.h>

#include "base/slice.h"

enum word {
	WORD_LINKS,
	WORD_NOTES,
	WORD_NOTE, /* of an admonition, as the four after it */
	WORD_TIP,
	WORD_IMPORTANT,
	WORD_WARNING,
	WORD_CAUTION,
	WORD_IMAGE, /* as in "(image)" */
	WORD_TABLE, /* alt text of a preformatted table: "table: " */
	WORD_BY,
	WORD_AND,
	WORD_WRITTEN_BY,
	WORD_UPDATED,
	WORD_CATEGORIES,
	WORD_TAGS,
	WORD_SERIES,
	WORD_LICENCE,
	WORD_HOME,
	WORD_ARTICLES,
	WORD_ARCHIVE,
	WORD_CATEGORY,
	WORD_TAG,
	WORD_AUTHOR,
	WORD_AUTHORS,
	WORD_LANGUAGES,
	WORD_PAGES,
	WORD_NEW,
	WORD_NEXT,
	WORD_PREVIOUS,
	WORD_CONTENTS,
	WORD_PART,
	WORD_OF,
	WORD_WHOLE,
	WORD_RELATED,
	WORD_TEXT,
	WORD_TEXT_FILE, /* kind of a file, behind its label: "(text, 2 KB)" */
	WORD_NARROW_TEXT,
	WORD_UNWRAPPED_TEXT,
	WORD_GEMTEXT,
	WORD_SOURCE,
	WORD_ADDRESSES,
	WORD_ALSO_IN,
	WORD_ATTACHMENTS,
	WORD_MIRROR,
	WORD_MIRRORS,
	WORD_MIRRORS_ARE,    /* the first paragraph of the page about them */
	WORD_MIRROR_CURRENT, /* on that page, behind an address; as those below
			      */
	WORD_MIRROR_BEHIND,  /* in front of a date */
	WORD_MIRROR_SILENT,
	WORD_MIRROR_WRONG,
	WORD_SUBSCRIBE,
	WORD_WEB,
	WORD_REPLIES,
	WORD_REPLY,
	WORD_REPLY_PROMPT,
	WORD_REPLY_THANKS,
	WORD_REPLY_MORE,
	WORD_REPLY_BACK,
	WORD_REPLY_FULL,
	WORD_REPLY_DOWN,
	WORD_REPLY_TOO_LONG,
	WORD_REPLY_ELSEWHERE,
	WORD_READER,
	WORD_HELP,
	WORD_MINUTES,
	WORD_WITHDRAWN,
	WORD_SEARCH,
	WORD_SEARCH_PROMPT, /* what a reader is asked, as those after it */
	WORD_SEARCH_HELP,
	WORD_SEARCH_AGAIN,
	WORD_SEARCH_ALL,
	WORD_SEARCH_LATE,
	WORD_SEARCH_TOO_LONG,
	WORD_SEARCH_DOWN,
	WORD_RESULTS,
	WORD_NO_RESULTS,
	WORD_OFFLINE,
	WORD_SEPARATOR, /* between the items of a list: a comma */
	WORD_COUNT
};

struct words {
	const char *word[WORD_COUNT];
	bool rtl; /* the language is written from right to left */
};

/* The words for the tag `lang` ("ur", "ur-PK", empty): static. */
const struct words *words_for(struct slice lang);

/* The word's name in capsule.yaml ("written-by"); static. */
const char *words_name(enum word w);

/* A language's name in itself ("اردو"), or its tag where unknown; static. */
struct slice words_language(struct slice tag);

/* Whether `tag` is of a language written from right to left. */
bool words_is_rtl(struct slice tag);

#endif
