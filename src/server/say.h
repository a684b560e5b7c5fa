/*
 * say.h: answers that are made here and not stored, as a reader's protocol has
 * them: an error, a redirect, a question, a page.
 */
#ifndef SERVER_SAY_H
#define SERVER_SAY_H

#include "base/marks.h"
#include "net/conn.h"

struct buf;

/* To whom: it lives as long as the call. */
struct hearer {
	enum protocol_id protocol;
	const struct marks *marks;
	struct conn_reply *reply;
};

/* A status and one line for people, or a redirect's target. */
void say(const struct hearer *to, enum gemini_status status, struct slice text);
/* A status in the words that it always has. */
void say_plainly(const struct hearer *to, enum gemini_status status);
/* 44: come again after so many seconds, and `words` that say it. */
void say_wait(const struct hearer *to, unsigned seconds, struct slice words);
/*
 * A page of gemtext in `lang`, or a menu; its bytes are handed over.  Where
 * the buffer has failed: 40.
 */
void say_page(const struct hearer *to, struct slice lang, struct buf *page);
/*
 * Asks in `lang` for input to `path` of ours; where menus are read the caller
 * has one that does.
 */
void say_prompt(const struct hearer *to, struct slice path, struct slice lang,
    struct slice prompt);

#endif
