#include <stdio.h>

#include "base/buf.h"

#include "server/say.h"

enum {
	PROMPT_MAX = 4096, /* bytes of a page that asks */
};

void
say(const struct hearer *to, enum gemini_status status, struct slice text)
{
	struct conn_reply *reply = to->reply;

	reply->status = (int)status;
	reply->head_len = protocols[to->protocol]->say(
	    reply->head, status, text, to->marks->host_port);
}

void
say_plainly(const struct hearer *to, enum gemini_status status)
{
	say(to, status, gemini_reason(status));
}

void
say_wait(const struct hearer *to, unsigned seconds, struct slice words)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", seconds);

	say(to, GEMINI_SLOW_DOWN,
	    protocols[to->protocol]->seconds_alone ? slice_make(text, (size_t)n)
						   : words);
}

void
say_page(const struct hearer *to, struct slice lang, struct buf *page)
{
	const struct protocol *protocol = protocols[to->protocol];
	struct conn_reply *reply = to->reply;

	if (buf_failed(page)) {
		buf_release(page);
		say_plainly(to, GEMINI_FAILED_FOR_NOW);
		return;
	}
	if (protocol->page_head)
		reply->head_len = protocol->page_head(
		    reply->head, SLICE_LIT("text/gemini"), lang);
	reply->status = GEMINI_SUCCESS;
	reply->own = page->ptr;
	reply->own_len = page->len;
}

void
say_prompt(const struct hearer *to, struct slice path, struct slice lang,
    struct slice prompt)
{
	const struct protocol *protocol = protocols[to->protocol];
	struct buf page;

	if (!protocol->ask_page) {
		say(to, GEMINI_INPUT, prompt);
		return;
	}
	buf_init(&page, PROMPT_MAX);
	protocol->ask_page(&page, path, prompt);
	say_page(to, lang, &page);
}
