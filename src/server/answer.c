#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/uri.h"
#include "proto/gopher.h"
#include "server/ask.h"
#include "server/counts.h"
#include "server/post.h"
#include "server/say.h"

#include "server/answer.h"

enum {
	/* Redirects followed within the store for Gopher readers. */
	HOPS_MAX = 5,
	PAGE_MAX = 16384, /* bytes of a page made here */
};

/* A key of the store in the making; too long a path makes no key. */
struct key {
	char bytes[STORE_KEY_MAX];
	size_t len;
};

int
answer_init(struct answer *a, const struct answer_opts *opts,
    struct store_reader *reader, struct err *e)
{
	a->opts = *opts;
	a->reader = reader;
	buf_init(&a->storage, 4096);
	if (marks_make(&a->marks, &a->storage, opts->hosts[0],
		opts->gemini_port, opts->gopher_port) < 0)
		return err_memory(e);
	return 0;
}

void
answer_release(struct answer *a)
{
	buf_release(&a->storage);
}

/* Appends to the key; what does not fit makes it empty, found nowhere. */
static void
key_add(struct key *k, struct slice s)
{
	if (!k->len || s.len > sizeof(k->bytes) - k->len) {
		k->len = 0;
		return;
	}
	if (s.len)
		memcpy(k->bytes + k->len, s.ptr, s.len);
	k->len += s.len;
}

static void
key_make(struct key *k, char protocol, struct slice path)
{
	k->bytes[0] = protocol;
	k->len = 1;
	key_add(k, path);
}

static enum store_found
find(struct store_view *v, const struct key *k, struct store_entry *out)
{
	return store_view_get(v, slice_make(k->bytes, k->len), out);
}

/* What is found under a key is read: by whom, nobody knows. */
static void
count(struct answer *a, enum protocol_id protocol, const struct key *k)
{
	if (a->opts.counts)
		counts_add(a->opts.counts, protocol,
		    slice_make(k->bytes + 1, k->len - 1), (int64_t)time(NULL));
}

/* --- pages --------------------------------------------------------------- */

/* A page that is asked for, over whatever protocol has pages. */
struct page_question {
	struct answer *a;
	const struct conn_line *line;
	const struct gemini_request *req;
	struct hearer to;
};

/* 31 to a path of ours, percent-encoded again (PROTOCOLS.md, rule 23). */
static void
page_move(const struct hearer *to, struct slice path)
{
	struct buf target;

	buf_init(&target, GEMINI_META_MAX);
	uri_encode(&target, path);
	if (buf_failed(&target))
		say_plainly(to, GEMINI_NOT_FOUND);
	else
		say(to, GEMINI_MOVED, buf_slice(&target));
	buf_release(&target);
}

/* The first line of a short stored text (redirect, reason, prompt). */
static struct slice
first_line(struct store_view *v, const struct store_entry *entry, bool *ok)
{
	struct slice text = store_view_body(v, entry, 0, ok);

	return slice_upto(text, slice_find(text, '\n'));
}

static void
say_body(const struct hearer *to, struct store_view *v,
    const struct store_entry *entry, enum gemini_status status)
{
	bool ok;
	struct slice text = first_line(v, entry, &ok);

	if (!ok || !text.len)
		say_plainly(to, ok ? status : GEMINI_FAILED_FOR_NOW);
	else
		say(to, status, text);
}

/* The address under `k` wants input. */
static void
page_ask(const struct hearer *to, struct store_view *v, const struct key *k,
    const struct store_entry *entry)
{
	bool ok;
	struct slice text = first_line(v, entry, &ok);

	if (ok)
		say_prompt(to, slice_make(k->bytes + 1, k->len - 1),
		    entry->lang, text);
	else
		say_plainly(to, GEMINI_FAILED_FOR_NOW);
}

/* Begins the answer with what is stored; the view is the connection's then. */
static void
give(struct answer *a, const struct hearer *to, struct store_view *v,
    const struct key *k, const struct store_entry *entry)
{
	const struct protocol *protocol = protocols[to->protocol];
	struct conn_reply *reply = to->reply;

	reply->status = GEMINI_SUCCESS;
	if (protocol->page_head)
		reply->head_len =
		    protocol->page_head(reply->head, entry->media, entry->lang);
	reply->entry = *entry;
	reply->view = v;
	reply->marks = entry->marked ? to->marks : NULL;
	count(a, to->protocol, k);
}

static void
page_give(const struct page_question *q, struct store_view *v,
    const struct key *k, const struct store_entry *entry)
{
	switch (entry->kind) {
	case STORE_PAGE:
		give(q->a, &q->to, v, k, entry);
		return;
	case STORE_REDIRECT:
		say_body(&q->to, v, entry, GEMINI_MOVED);
		break;
	case STORE_GONE:
		say_body(&q->to, v, entry, GEMINI_GONE);
		break;
	case STORE_REPLY:
	case STORE_SEARCH:
		page_ask(&q->to, v, k, entry);
		break;
	}
	store_view_drop(v);
}

/* --- searches, of all protocols ------------------------------------------ */

/* What a search's address asks for. */
struct search {
	enum protocol_id protocol;
	struct store_view *view;
	struct key key;
	struct store_entry entry;
	unsigned page;
	struct slice words; /* still encoded */
};

/* Whether `path` is a search of this edition: itself, or a page of one. */
static bool
find_search(struct store_view *v, enum protocol_id protocol, struct slice path,
    struct search *out)
{
	struct ask_path p;

	if (!ask_path_parse(path, &p))
		return false;
	*out = (struct search){ .protocol = protocol,
		.view = v,
		.page = p.page,
		.words = p.words };
	key_make(&out->key, protocols[protocol]->store, p.stem);
	return find(v, &out->key, &out->entry) == STORE_FOUND &&
	    out->entry.kind == STORE_SEARCH;
}

/* Asks for `words`, decoded. */
static void
ask(struct answer *a, const struct conn_line *line, const struct search *s,
    struct slice words, struct conn_reply *reply)
{
	struct asked asked = { .protocol = s->protocol,
		.ticket = line->ticket,
		.key = slice_make(s->key.bytes, s->key.len),
		.page = s->page,
		.words = words,
		.entry = &s->entry,
		.view = s->view };

	asker_ask(a->asker, &asked, reply);
}

/*
 * What the reader typed, decoded where it stands; false when it is no part of
 * a URI.
 */
static bool
take_query(const struct page_question *q, struct slice *out)
{
	struct slice query = q->req->query;
	char *bytes;
	long n;

	*out = query;
	if (q->req->is_plain || !query.len)
		return true;
	bytes = q->line->bytes + (query.ptr - q->line->bytes);
	n = uri_decode(query, bytes);
	if (n < 0)
		return false;
	*out = slice_make(bytes, (size_t)n);
	return true;
}

static bool
page_search(const struct page_question *q, struct store_view *v)
{
	struct slice words;
	struct search s;

	if (!q->req->query.len ||
	    !find_search(v, q->to.protocol, q->req->path, &s) || s.words.len)
		return false;
	if (take_query(q, &words))
		ask(q->a, q->line, &s, words, q->to.reply);
	else
		say_plainly(&q->to, GEMINI_BAD_REQUEST);
	return true;
}

/* The spellings that lead elsewhere: a folder's, and one without ".gmi". */
static void
page_miss(const struct page_question *q, struct store_view *v)
{
	struct slice path = q->req->path, bare = path;
	struct store_entry entry;
	struct key k;

	if (!slice_ends(path, SLICE_LIT("/"))) {
		key_make(&k, 'g', path);
		key_add(&k, SLICE_LIT("/"));
		if (find(v, &k, &entry) == STORE_FOUND) {
			page_move(&q->to, slice_make(k.bytes + 1, k.len - 1));
			return;
		}
	} else {
		bare = slice_upto(path, path.len - 1);
	}
	if (bare.len > 1 && !slice_ends(bare, SLICE_LIT("/"))) {
		key_make(&k, 'g', bare);
		key_add(&k, SLICE_LIT(".gmi"));
		if (find(v, &k, &entry) == STORE_FOUND) {
			page_move(&q->to, slice_make(k.bytes + 1, k.len - 1));
			return;
		}
	}
	say_plainly(&q->to, GEMINI_NOT_FOUND);
}

static bool
is_ours(const struct answer *a, const struct gemini_request *req)
{
	if (req->port != GEMINI_PORT_NONE &&
	    (unsigned)req->port != a->opts.gemini_port)
		return false;
	for (size_t i = 0; i < a->opts.host_count; i++) {
		struct slice ours = slice_cstr(a->opts.hosts[i]);
		struct slice theirs = req->host;

		/* A literal stands in brackets in a URI, not in settings. */
		if (theirs.ptr[0] == '[' && ours.len && ours.ptr[0] != '[')
			theirs = slice_make(theirs.ptr + 1, theirs.len - 2);
		if (uri_host_eq(ours, theirs))
			return true;
	}
	return false;
}

/* --- replies, of all protocols ------------------------------------------- */

static void
post(struct answer *a, struct posted *p, const struct key *k,
    struct conn_reply *reply)
{
	p->key = slice_make(k->bytes, k->len);
	poster_post(a->poster, p, reply);
}

static void
page_post(const struct page_question *q, struct store_view *v,
    const struct key *k, const struct store_entry *entry)
{
	struct posted p = { .protocol = q->to.protocol,
		.ticket = q->line->ticket,
		.entry = entry,
		.view = v };

	if (take_query(q, &p.text))
		post(q->a, &p, k, q->to.reply);
	else
		say_plainly(&q->to, GEMINI_BAD_REQUEST);
}

static void
page_look_up(const struct page_question *q)
{
	struct store_view *v = store_reader_view(q->a->reader);
	struct store_entry entry;
	struct key k;

	if (!v) {
		say_plainly(&q->to, GEMINI_FAILED_FOR_NOW);
		return;
	}
	if (page_search(q, v)) {
		store_view_drop(v);
		return;
	}
	key_make(&k, 'g', q->req->path);
	switch (find(v, &k, &entry)) {
	case STORE_FOUND:
		if (entry.kind == STORE_REPLY) {
			page_post(q, v, &k, &entry);
			break;
		}
		page_give(q, v, &k, &entry);
		return;
	case STORE_ABSENT:
		page_miss(q, v);
		break;
	case STORE_FAILED:
		say_plainly(&q->to, GEMINI_FAILED_FOR_NOW);
		break;
	}
	store_view_drop(v);
}

static void
page_answer(struct answer *a, struct conn_line *line, const struct hearer *to)
{
	const struct protocol *protocol = protocols[to->protocol];
	enum gemini_status status = GEMINI_BAD_REQUEST;
	struct gemini_request req;
	const struct page_question q = { a, line, &req, *to };

	if (line->state == LINE_WHOLE)
		status = protocol->parse(line->bytes, line->len, &req);
	/* 51 is for a path of ours alone: whose it is comes first. */
	if (status != GEMINI_BAD_REQUEST && status != GEMINI_PROXY_REFUSED &&
	    !is_ours(a, &req))
		status = GEMINI_PROXY_REFUSED;
	if (status == GEMINI_BAD_REQUEST) {
		say(to, status, slice_cstr(protocol->refusal));
	} else if (status != GEMINI_SUCCESS) {
		say_plainly(to, status);
	} else {
		to->reply->key = req.path;
		page_look_up(&q);
	}
}

/* --- Gopher -------------------------------------------------------------- */

/* As it stands, and with or without a slash at its end; *k is what it is. */
static enum store_found
find_slashed(struct store_view *v, struct slice selector, struct key *k,
    struct store_entry *out)
{
	enum store_found found;

	key_make(k, 'o', selector);
	found = find(v, k, out);
	if (found != STORE_ABSENT || !k->len)
		return found;
	if (slice_ends(selector, SLICE_LIT("/")))
		k->len--;
	else
		key_add(k, SLICE_LIT("/"));
	return find(v, k, out);
}

/* Some clients strip the slash that a selector begins with. */
static enum store_found
find_rooted(struct store_view *v, struct slice selector, struct key *k,
    struct store_entry *out)
{
	enum store_found found = find_slashed(v, selector, k, out);
	char rooted[STORE_KEY_MAX];

	if (found != STORE_ABSENT || !selector.len || selector.ptr[0] == '/' ||
	    selector.len >= sizeof(rooted))
		return found;
	rooted[0] = '/';
	memcpy(rooted + 1, selector.ptr, selector.len);
	return find_slashed(v, slice_make(rooted, selector.len + 1), k, out);
}

/* Selectors are bytes, but some clients leave %XX in them (rule 49). */
static enum store_found
find_selector(struct store_view *v, struct slice selector, struct key *k,
    struct store_entry *out)
{
	enum store_found found = find_rooted(v, selector, k, out);
	char decoded[GOPHER_SELECTOR_MAX];
	long n;

	if (found != STORE_ABSENT || selector.len > sizeof(decoded) ||
	    slice_find(selector, '%') == selector.len)
		return found;
	n = uri_decode(selector, decoded);
	if (n < 0)
		return found;
	return find_rooted(v, slice_make(decoded, (size_t)n), k, out);
}

/* The item itself, through redirects: their target's item is served. */
static enum store_found
find_item(struct store_view *v, struct slice selector, struct key *k,
    struct store_entry *out)
{
	enum store_found found = find_selector(v, selector, k, out);

	for (int hops = 0; found == STORE_FOUND && out->kind == STORE_REDIRECT;
	     hops++) {
		bool ok;
		struct slice target = store_view_body(v, out, 0, &ok);

		if (!ok)
			return STORE_FAILED;
		if (hops == HOPS_MAX)
			return STORE_ABSENT;
		found = find_selector(
		    v, slice_upto(target, slice_find(target, '\n')), k, out);
	}
	return found;
}

static void
gopher_say_gone(const struct hearer *to, struct store_view *v,
    const struct store_entry *entry)
{
	char text[200];
	size_t used = 0;
	bool ok;
	struct slice why = store_view_body(v, entry, 0, &ok);

	for (size_t i = 0; ok && i < why.len && used < sizeof(text); i++)
		if ((unsigned char)why.ptr[i] >= 0x20)
			text[used++] = why.ptr[i];
	say(to, GEMINI_GONE,
	    used ? slice_make(text, used) : gemini_reason(GEMINI_GONE));
}

/*
 * Words come behind a TAB, or encoded in the selector, as the links from one
 * page of results to the next have them.
 */
static bool
gopher_search(struct answer *a, const struct conn_line *line,
    const struct gopher_request *req, struct store_view *v,
    const struct hearer *to)
{
	struct slice words =
	    slice_upto(req->search, slice_find(req->search, '\t'));
	char decoded[GOPHER_SELECTOR_MAX];
	struct search s;

	if (req->selector.len > sizeof(decoded) ||
	    !find_search(v, PROTOCOL_GOPHER, req->selector, &s))
		return false;
	to->reply->key = slice_upto(req->selector, s.key.len - 1);
	if (!words.len) {
		long n = uri_decode(s.words, decoded);

		if (n < 0) {
			say(to, GEMINI_BAD_REQUEST,
			    SLICE_LIT("The words are not encoded as in a URI"));
			return true;
		}
		words = slice_make(decoded, (size_t)n);
	}
	ask(a, line, &s, words, to->reply);
	return true;
}

static void
gopher_look_up(struct answer *a, const struct conn_line *line,
    const struct gopher_request *req, const struct hearer *to)
{
	struct store_view *v = store_reader_view(a->reader);
	struct slice selector = req->selector;
	enum store_found found = STORE_FAILED;
	struct store_entry entry = { 0 };
	struct key k;

	if (v && gopher_search(a, line, req, v, to)) {
		store_view_drop(v);
		return;
	}
	if (v)
		found = find_item(v, selector, &k, &entry);
	if (found == STORE_FAILED) {
		say_plainly(to, GEMINI_FAILED_FOR_NOW);
	} else if (found == STORE_ABSENT) {
		say(to, GEMINI_NOT_FOUND,
		    SLICE_LIT("Nothing is published here; "
			      "the empty selector leads to the main menu"));
	} else if (entry.kind == STORE_GONE) {
		gopher_say_gone(to, v, &entry);
	} else if (entry.kind == STORE_REPLY) {
		struct posted p = { .protocol = PROTOCOL_GOPHER,
			.ticket = line->ticket,
			.text = slice_upto(
			    req->search, slice_find(req->search, '\t')),
			.entry = &entry,
			.view = v };

		post(a, &p, &k, to->reply);
	} else if (entry.kind == STORE_SEARCH) {
		/* Another spelling: without its first slash, or with a last. */
		struct search s = { .protocol = PROTOCOL_GOPHER,
			.view = v,
			.key = k,
			.entry = entry,
			.page = 1 };

		ask(a, line, &s,
		    slice_upto(req->search, slice_find(req->search, '\t')),
		    to->reply);
	} else {
		give(a, to, v, &k, &entry);
		return;
	}
	store_view_drop(v);
}

static void
gopher_answer(struct answer *a, struct conn_line *line, const struct hearer *to)
{
	struct gopher_request req = { .kind = GOPHER_BAD };
	struct buf page;

	if (line->state == LINE_WHOLE)
		gopher_parse(slice_make(line->bytes, line->len), &req);
	buf_init(&page, PAGE_MAX);
	switch (req.kind) {
	case GOPHER_ITEM:
		to->reply->key = req.selector;
		gopher_look_up(a, line, &req, to);
		return;
	case GOPHER_INFO:
		gopher_info(&page, to->marks->host_port);
		break;
	case GOPHER_URL:
		gopher_url_page(&page, req.selector);
		break;
	case GOPHER_HTTP:
		gopher_http_page(&page, to->marks->gopher, to->marks->gemini);
		break;
	case GOPHER_BAD:
		say(to, GEMINI_BAD_REQUEST,
		    slice_cstr(protocols[to->protocol]->refusal));
		return;
	}
	say_page(to, SLICE_NONE, &page);
}

/*
 * No room: whoever said nothing for so long is gone by then.  44 is for one
 * address, 41 for all.
 */
static void
answer_busy(struct answer *a, const struct hearer *to, bool peer)
{
	const char *why = peer ? "Too many connections from your address"
			       : "Too many readers at this moment";
	char text[160];
	int n = snprintf(text, sizeof(text), "%s; try again in %u seconds", why,
	    a->opts.wait_s);

	if (peer)
		say_wait(to, a->opts.wait_s, slice_make(text, (size_t)n));
	else
		say(to, GEMINI_UNAVAILABLE, slice_make(text, (size_t)n));
}

void
answer_late(void *ctx, enum protocol_id protocol, struct conn_reply *reply)
{
	struct answer *a = ctx;
	const struct hearer to = { protocol, &a->marks, reply };

	say(&to, GEMINI_FAILED_FOR_NOW,
	    SLICE_LIT("Nothing answers here now; try again later"));
}

void
answer_request(void *ctx, enum protocol_id protocol, struct conn_line *line,
    struct conn_reply *reply)
{
	struct answer *a = ctx;
	const struct hearer to = { protocol, &a->marks, reply };

	if (line->room != CONN_ROOM)
		answer_busy(a, &to, line->room == CONN_ROOM_NOT_FOR_PEER);
	else if (protocol_has_menus(protocol))
		gopher_answer(a, line, &to);
	else
		page_answer(a, line, &to);
}
