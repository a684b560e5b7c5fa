#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "search/message.h"
#include "search/query.h"
#include "search/texts.h"
#include "server/results.h"
#include "server/say.h"

#include "server/ask.h"

enum {
	ASKED_MAX = 64, /* that wait for an answer at once */
	KEY_ROOM = 128, /* a search's key: "g/lang/zh-hant/search" */
	PAGE_BYTES = 64 * 1024,
	BUSY_S = 2,
};

struct pending {
	bool waits;
	enum protocol_id protocol;
	uint64_t ticket, since_ms;
	unsigned page;
	size_t key_len, words_len;
	char key[KEY_ROOM], words[QUERY_BYTES_MAX];
};

struct asker {
	struct asker_opts opts;
	struct loop *loop;
	struct loop_watch *watch;
	struct conn_pool *pool;
	int fd;
	struct buf question;
	struct pending pending[ASKED_MAX];
	char answer[MESSAGE_MAX];
};

/* --- replies ------------------------------------------------------------- */

static void
read_texts(struct store_view *v, const struct store_entry *entry,
    struct search_texts *out)
{
	bool ok;

	search_texts_read(store_view_body(v, entry, 0, &ok), out);
	if (!out->text[SEARCH_DOWN].len)
		out->text[SEARCH_DOWN] =
		    SLICE_LIT("The search does not answer now; try again "
			      "later");
}

/* No words: a prompt, or a menu that leads to one. */
static void
prompt(const struct hearer *to, const struct results *r, struct slice lang)
{
	struct buf page;

	if (!protocol_has_menus(to->protocol)) {
		say_prompt(to, r->stem, lang, r->texts.text[SEARCH_PROMPT]);
		return;
	}
	buf_init(&page, PAGE_BYTES);
	results_menu_empty(&page, r);
	say_page(to, SLICE_NONE, &page);
}

static void
give_results(
    const struct hearer *to, const struct results *r, struct slice lang)
{
	struct buf page;

	buf_init(&page, PAGE_BYTES);
	if (protocol_has_menus(to->protocol))
		results_menu(&page, r);
	else
		results_gemtext(&page, r);
	say_page(to, lang, &page);
}

/* What came of a question, as its reader's protocol says it. */
static void
make_reply(const struct hearer *to, const struct results *r, struct slice lang,
    const struct search_answer *a)
{
	const struct slice *t = r->texts.text;

	switch (a->status) {
	case SEARCH_FOUND:
		give_results(to, r, lang);
		break;
	case SEARCH_WAS_EMPTY:
		prompt(to, r, lang);
		break;
	case SEARCH_WAS_LATE:
		say(to, GEMINI_FAILED_FOR_NOW, t[SEARCH_LATE]);
		break;
	case SEARCH_WAS_TOO_LONG:
		say(to, GEMINI_BAD_REQUEST, t[SEARCH_TOO_LONG]);
		break;
	case SEARCH_WAS_NO_TEXT:
		say(to, GEMINI_BAD_REQUEST,
		    SLICE_LIT("The words of a search are text in UTF-8"));
		break;
	case SEARCH_FAILED:
	case SEARCH_STATUSES:
		say(to, GEMINI_FAILED_FOR_NOW, t[SEARCH_DOWN]);
		break;
	}
}

/* --- answers ------------------------------------------------------------- */

static struct pending *
find_pending(struct asker *a, uint64_t ticket)
{
	for (size_t i = 0; i < ASKED_MAX; i++)
		if (a->pending[i].waits && a->pending[i].ticket == ticket)
			return &a->pending[i];
	return NULL;
}

static void
take_answer(struct asker *a, struct slice bytes)
{
	char head[CONN_HEAD_MAX];
	struct conn_reply reply = { .head = head };
	struct store_entry entry;
	struct search_answer answer;
	struct results r = { .marks = a->opts.marks, .found = &answer.found };
	struct hearer to = { .marks = a->opts.marks, .reply = &reply };
	struct pending *p;

	if (search_answer_unpack(bytes, &answer) < 0 ||
	    !(p = find_pending(a, answer.ticket)))
		return; /* asked by the worker before this one */
	p->waits = false;
	to.protocol = p->protocol;
	r.stem = slice_make(p->key + 1, p->key_len - 1);
	r.words = slice_make(p->words, p->words_len);
	r.page = p->page;
	r.view = store_reader_view(a->opts.reader);
	if (r.view &&
	    store_view_get(r.view, slice_make(p->key, p->key_len), &entry) ==
		STORE_FOUND &&
	    entry.kind == STORE_SEARCH) {
		read_texts(r.view, &entry, &r.texts);
		make_reply(&to, &r, entry.lang, &answer);
	} else {
		say_plainly(&to, GEMINI_FAILED_FOR_NOW);
	}
	store_view_drop(r.view);
	conn_pool_answer(a->pool, p->ticket, &reply);
}

static void
on_answer(void *ctx, unsigned ready)
{
	struct asker *a = ctx;
	ssize_t n = recv(a->fd, a->answer, sizeof(a->answer), MSG_DONTWAIT);

	(void)ready;
	if (n > 0)
		take_answer(a, slice_make(a->answer, (size_t)n));
	else if (n == 0)
		loop_watch_set(a->watch, a->fd, LOOP_NONE);
}

/* --- questions ----------------------------------------------------------- */

/* A free place, or one whose answer will not come any more. */
static struct pending *
take_place(struct asker *a)
{
	uint64_t now = loop_now_ms(a->loop);

	for (size_t i = 0; i < ASKED_MAX; i++)
		if (!a->pending[i].waits ||
		    now - a->pending[i].since_ms > a->opts.wait_ms)
			return &a->pending[i];
	return NULL;
}

static int
send_question(struct asker *a, const struct pending *p, struct slice lang)
{
	struct search_question q = { .ticket = p->ticket,
		.page = p->page,
		.lang = lang,
		.words = slice_make(p->words, p->words_len) };

	buf_clear(&a->question);
	search_question_pack(&a->question, &q);
	if (buf_failed(&a->question))
		return -1;
	return send(a->fd, a->question.ptr, a->question.len,
		   MSG_DONTWAIT | MSG_NOSIGNAL) < 0
	    ? -1
	    : 0;
}

/* Whether the question is on its way. */
static bool
ask(struct asker *a, const struct asked *asked, struct slice lang)
{
	struct pending *p = take_place(a);

	if (!p || asked->key.len > KEY_ROOM ||
	    asked->words.len > QUERY_BYTES_MAX)
		return false;
	p->protocol = asked->protocol;
	p->ticket = asked->ticket;
	p->since_ms = loop_now_ms(a->loop);
	p->page = asked->page;
	p->key_len = asked->key.len;
	p->words_len = asked->words.len;
	memcpy(p->key, asked->key.ptr, p->key_len);
	memcpy(p->words, asked->words.ptr, p->words_len);
	p->waits = send_question(a, p, lang) == 0;
	return p->waits;
}

/* All places are taken: for a moment. */
static void
say_busy(const struct hearer *to)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "Try again in %d seconds", BUSY_S);

	say_wait(to, BUSY_S, slice_make(text, (size_t)n));
}

void
asker_ask(struct asker *a, const struct asked *asked, struct conn_reply *reply)
{
	struct hearer to = { asked->protocol, a->opts.marks, reply };
	struct results r = { .marks = a->opts.marks };

	read_texts(asked->view, asked->entry, &r.texts);
	r.stem = slice_from(asked->key, 1);
	r.words = asked->words;
	r.page = asked->page;
	if (a->fd < 0)
		say(&to, GEMINI_UNAVAILABLE,
		    SLICE_LIT("Nothing is searched here"));
	else if (!slice_trim(asked->words).len)
		prompt(&to, &r, asked->entry->lang);
	else if (asked->words.len > QUERY_BYTES_MAX)
		say(&to, GEMINI_BAD_REQUEST, r.texts.text[SEARCH_TOO_LONG]);
	else if (ask(a, asked, r.texts.text[SEARCH_LANG]))
		reply->later = true;
	else
		say_busy(&to);
}

bool
ask_path_parse(struct slice path, struct ask_path *out)
{
	static const char word[] = "/search";
	const char *at = path.len
	    ? memmem(path.ptr, path.len, word, sizeof(word) - 1)
	    : NULL;
	struct slice rest;
	uint64_t page = 1;

	if (!at)
		return false;
	out->stem =
	    slice_upto(path, (size_t)(at - path.ptr) + sizeof(word) - 1);
	rest = slice_from(path, out->stem.len);
	*out = (struct ask_path){ .stem = out->stem, .page = 1 };
	if (!rest.len)
		return true;
	if (rest.ptr[0] == '/') {
		struct slice number;

		rest = slice_from(rest, 1);
		number = slice_upto(rest, slice_find(rest, '/'));
		if (slice_uint(number, FIND_PAGES_MAX, &page) < 0 || !page)
			return false;
		rest = slice_from(rest, number.len);
	} else if (rest.ptr[0] != '?') {
		return false;
	}
	out->page = (unsigned)page;
	out->has_words = rest.len > 0;
	out->words = slice_from(rest, 1);
	return true;
}

/* --- beginning and end --------------------------------------------------- */

struct asker *
asker_new(
    struct loop *loop, int fd, const struct asker_opts *opts, struct err *e)
{
	struct asker *a = mem_calloc(1, sizeof(*a));

	if (!a) {
		err_memory(e);
		return NULL;
	}
	a->opts = *opts;
	a->loop = loop;
	a->fd = fd;
	buf_init(&a->question, MESSAGE_MAX);
	if (fd < 0)
		return a;
	a->watch = loop_watch_new(loop, on_answer, a);
	if (a->watch && loop_watch_set(a->watch, fd, LOOP_READ) == 0)
		return a;
	err_memory(e);
	asker_free(a);
	return NULL;
}

void
asker_free(struct asker *a)
{
	if (!a)
		return;
	if (a->watch && a->fd >= 0)
		loop_watch_set(a->watch, a->fd, LOOP_NONE);
	loop_watch_free(a->watch);
	if (a->fd >= 0)
		close(a->fd);
	buf_release(&a->question);
	mem_free(a);
}

void
asker_set_pool(struct asker *a, struct conn_pool *pool)
{
	a->pool = pool;
}
