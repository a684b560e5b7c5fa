#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "net/loop.h"
#include "replies/message.h"
#include "replies/texts.h"
#include "server/say.h"

#include "server/post.h"

enum {
	POSTED_MAX = 16, /* that wait for an answer at once */
	KEY_ROOM = 128,  /* "g/articles/SLUG/reply" */
	PAGE_BYTES = 16 * 1024,
	LINE_LETTERS = 67,
	LATER_S = 60,
};

/* "g/articles/SLUG/reply" */
enum {
	FOLDER_BYTES = sizeof("/articles/") - 1,
	LAST_BYTES = sizeof("/reply") - 1,
};

struct pending {
	bool waits;
	enum protocol_id protocol;
	uint64_t ticket, since_ms;
	size_t key_len;
	char key[KEY_ROOM];
};

struct poster {
	struct poster_opts opts;
	struct loop *loop;
	struct loop_watch *watch;
	struct conn_pool *pool;
	int fd;
	struct buf packet;
	struct pending pending[POSTED_MAX];
};

/* What a reader is told. */
struct telling {
	const struct poster *poster;
	struct hearer to;
	struct slice key, lang;
	struct reply_texts texts;
};

/* --- what is said -------------------------------------------------------- */

/* "/articles/SLUG/reply" */
static struct slice
path_of(const struct telling *t)
{
	return slice_from(t->key, 1);
}

static struct slice
slug_of(struct slice key)
{
	size_t around = 1 + FOLDER_BYTES + LAST_BYTES;

	if (key.len <= around)
		return SLICE_NONE;
	return slice_make(key.ptr + 1 + FOLDER_BYTES, key.len - around);
}

/* The bytes of `text` that one line of a menu has room for. */
static size_t
line_bytes(struct slice text)
{
	size_t at = 0, blank = 0, letters = 0;

	while (at < text.len && letters < LINE_LETTERS) {
		uint32_t cp;
		size_t n = utf8_decode(text.ptr + at, text.len - at, &cp);

		if (text.ptr[at] == ' ')
			blank = at;
		at += n ? n : 1;
		letters++;
	}
	return at == text.len || !blank ? at : blank;
}

static void
menu_text(struct buf *out, struct slice text)
{
	while (text.len) {
		size_t n = line_bytes(text);

		buf_addf(
		    out, "i%.*s\t\t\t0\r\n", SLICE_FMT(slice_upto(text, n)));
		text = slice_from(text, n);
		if (text.len && text.ptr[0] == ' ')
			text = slice_from(text, 1);
	}
}

static void
menu_item(struct buf *out, char type, struct slice label, struct slice selector,
    struct slice host_port)
{
	buf_addf(out, "%c%.*s\t%.*s\t%.*s\r\n", type, SLICE_FMT(label),
	    SLICE_FMT(selector), SLICE_FMT(host_port));
}

/* A menu of one item that asks, at `host_port`. */
static void
give_asking_menu(
    const struct telling *t, struct slice text, struct slice host_port)
{
	struct buf page;

	buf_init(&page, PAGE_BYTES);
	menu_text(&page, text);
	menu_item(
	    &page, '7', t->texts.text[REPLY_LABEL], path_of(t), host_port);
	buf_add_cstr(&page, ".\r\n");
	say_page(&t->to, t->lang, &page);
}

static void
ask(const struct telling *t)
{
	struct slice text = t->texts.text[REPLY_PROMPT];

	if (protocol_has_menus(t->to.protocol))
		give_asking_menu(t, text, t->to.marks->host_port);
	else
		say_prompt(&t->to, path_of(t), t->lang, text);
}

static void
thank(const struct telling *t)
{
	const struct slice *texts = t->texts.text;
	struct slice host_port = t->to.marks->host_port;
	struct slice slug = slug_of(t->key), article = path_of(t);
	struct buf page;

	buf_init(&page, PAGE_BYTES);
	article.len -= LAST_BYTES;
	if (protocol_has_menus(t->to.protocol)) {
		menu_text(&page, texts[REPLY_THANKS]);
		menu_item(&page, '7', texts[REPLY_MORE], path_of(t), host_port);
		menu_item(&page, '1', texts[REPLY_BACK], article, host_port);
		buf_add_cstr(&page, ".\r\n");
	} else {
		buf_addf(&page, "%.*s\n\n=> reply %.*s\n=> ../%.*s.gmi %.*s\n",
		    SLICE_FMT(texts[REPLY_THANKS]),
		    SLICE_FMT(texts[REPLY_MORE]), SLICE_FMT(slug),
		    SLICE_FMT(texts[REPLY_BACK]));
	}
	say_page(&t->to, t->lang, &page);
}

static bool
is_ours(const struct poster *p, struct slice host)
{
	for (size_t i = 0; i < p->opts.host_count; i++)
		if (uri_host_eq(slice_cstr(p->opts.hosts[i]), host))
			return true;
	return false;
}

/* None are taken here: who takes them is named. */
static void
pass_on(const struct telling *t)
{
	struct slice origin = t->texts.text[REPLY_ORIGIN];
	char text[GEMINI_META_MAX];
	int n;

	if (!origin.len || is_ours(t->poster, origin)) {
		say(&t->to, GEMINI_UNAVAILABLE, t->texts.text[REPLY_IS_DOWN]);
		return;
	}
	if (protocol_has_menus(t->to.protocol)) {
		n = snprintf(text, sizeof(text), "%.*s\t70", SLICE_FMT(origin));
		give_asking_menu(t, t->texts.text[REPLY_ELSEWHERE],
		    slice_make(text, (size_t)n));
		return;
	}
	n = snprintf(text, sizeof(text), "gemini://%.*s%.*s", SLICE_FMT(origin),
	    SLICE_FMT(path_of(t)));
	say(&t->to, GEMINI_ELSEWHERE, slice_make(text, (size_t)n));
}

static void
tell(const struct telling *t, enum inbox_result result)
{
	const struct slice *texts = t->texts.text;

	switch (result) {
	case INBOX_TAKEN:
		thank(t);
		break;
	case INBOX_EMPTY:
		ask(t);
		break;
	case INBOX_TOO_LONG:
		say(&t->to, GEMINI_BAD_REQUEST, texts[REPLY_IS_TOO_LONG]);
		break;
	case INBOX_FULL:
		say(&t->to, GEMINI_UNAVAILABLE, texts[REPLY_IS_FULL]);
		break;
	case INBOX_LATER:
		say_wait(&t->to, LATER_S, texts[REPLY_IS_FULL]);
		break;
	case INBOX_FAILED:
	case INBOX_RESULTS:
		say(&t->to, GEMINI_FAILED_FOR_NOW, texts[REPLY_IS_DOWN]);
		break;
	}
}

static void
read_texts(
    struct telling *t, struct store_view *v, const struct store_entry *entry)
{
	bool ok;

	reply_texts_read(store_view_body(v, entry, 0, &ok), &t->texts);
	t->lang = entry->lang;
	if (!t->texts.text[REPLY_IS_DOWN].len)
		t->texts.text[REPLY_IS_DOWN] =
		    gemini_reason(GEMINI_FAILED_FOR_NOW);
}

/* --- answers ------------------------------------------------------------- */

static struct pending *
find_pending(struct poster *p, uint64_t ticket)
{
	for (size_t i = 0; i < POSTED_MAX; i++)
		if (p->pending[i].waits && p->pending[i].ticket == ticket)
			return &p->pending[i];
	return NULL;
}

static void
take_answer(struct poster *p, struct slice bytes)
{
	char head[CONN_HEAD_MAX];
	struct conn_reply reply = { .head = head };
	struct telling t = { .poster = p,
		.to = { .marks = p->opts.marks, .reply = &reply } };
	struct reply_taken taken;
	struct store_entry entry;
	struct store_view *v;
	struct pending *at;

	if (reply_taken_unpack(bytes, &taken) < 0 ||
	    !(at = find_pending(p, taken.ticket)))
		return; /* handed over by the worker before this one */
	at->waits = false;
	t.to.protocol = at->protocol;
	t.key = slice_make(at->key, at->key_len);
	v = store_reader_view(p->opts.reader);
	if (v && store_view_get(v, t.key, &entry) == STORE_FOUND &&
	    entry.kind == STORE_REPLY) {
		read_texts(&t, v, &entry);
		tell(&t, taken.result);
	} else {
		say_plainly(&t.to, GEMINI_FAILED_FOR_NOW);
	}
	store_view_drop(v);
	conn_pool_answer(p->pool, at->ticket, &reply);
}

static void
on_answer(void *ctx, unsigned ready)
{
	struct poster *p = ctx;
	char bytes[64];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)ready;
	if (n > 0)
		take_answer(p, slice_make(bytes, (size_t)n));
	else if (n == 0)
		loop_watch_set(p->watch, p->fd, LOOP_NONE);
}

/* --- handing over -------------------------------------------------------- */

/* A free place, or one whose answer will not come any more. */
static struct pending *
take_place(struct poster *p)
{
	uint64_t now = loop_now_ms(p->loop);

	for (size_t i = 0; i < POSTED_MAX; i++)
		if (!p->pending[i].waits ||
		    now - p->pending[i].since_ms > p->opts.wait_ms)
			return &p->pending[i];
	return NULL;
}

/* Whether the reply is on its way. */
static bool
hand_over(struct poster *p, const struct posted *posted)
{
	struct reply_sent sent = { .ticket = posted->ticket,
		.slug = slug_of(posted->key),
		.text = posted->text };
	struct pending *at = take_place(p);

	if (!at || posted->key.len > KEY_ROOM)
		return false;
	buf_clear(&p->packet);
	reply_sent_pack(&p->packet, &sent);
	if (buf_failed(&p->packet) ||
	    send(p->fd, p->packet.ptr, p->packet.len,
		MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	at->waits = true;
	at->protocol = posted->protocol;
	at->ticket = posted->ticket;
	at->since_ms = loop_now_ms(p->loop);
	at->key_len = posted->key.len;
	memcpy(at->key, posted->key.ptr, at->key_len);
	return true;
}

void
poster_post(
    struct poster *p, const struct posted *posted, struct conn_reply *reply)
{
	struct telling t = { .poster = p,
		.to = { posted->protocol, p->opts.marks, reply },
		.key = posted->key };

	read_texts(&t, posted->view, posted->entry);
	if (p->fd < 0)
		pass_on(&t);
	else if (!slice_trim(posted->text).len)
		ask(&t);
	else if (posted->text.len > LETTER_TEXT_MAX)
		tell(&t, INBOX_TOO_LONG);
	else if (hand_over(p, posted))
		reply->later = true;
	else
		tell(&t, INBOX_FAILED);
}

/* --- beginning and end --------------------------------------------------- */

struct poster *
poster_new(
    struct loop *loop, int fd, const struct poster_opts *opts, struct err *e)
{
	struct poster *p = mem_calloc(1, sizeof(*p));

	if (!p) {
		err_memory(e);
		return NULL;
	}
	p->opts = *opts;
	p->loop = loop;
	p->fd = fd;
	buf_init(&p->packet, REPLY_MESSAGE_MAX);
	if (fd < 0)
		return p;
	p->watch = loop_watch_new(loop, on_answer, p);
	if (p->watch && loop_watch_set(p->watch, fd, LOOP_READ) == 0)
		return p;
	err_memory(e);
	poster_free(p);
	return NULL;
}

void
poster_free(struct poster *p)
{
	if (!p)
		return;
	if (p->watch && p->fd >= 0)
		loop_watch_set(p->watch, p->fd, LOOP_NONE);
	loop_watch_free(p->watch);
	if (p->fd >= 0)
		close(p->fd);
	buf_release(&p->packet);
	mem_free(p);
}

void
poster_set_pool(struct poster *p, struct conn_pool *pool)
{
	p->pool = pool;
}
