#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/known.h"
#include "client/menu.h"
#include "client/reply.h"
#include "client/wire.h"

#include "client/fetch.h"

enum {
	CONNECT_MS = 30 * 1000,
	IDLE_MS = 60 * 1000,
	READ_BYTES = 32 * 1024,
};

/* One exchange: a connection, its answer as far as it has come. */
struct exchange {
	const struct fetch_opts *opts;
	const struct fetch_sink *sink;
	struct fetch_result *out;
	struct wire *wire;
	struct timespec start;
	char head[REPLY_HEADER_MAX];
	size_t head_len;
	bool redirected; /* away from the first host and port */
};

static int
fail(struct exchange *x, enum fetch_end end)
{
	x->out->end = end;
	return -1;
}

static void __attribute__((format(printf, 2, 3)))
note(const struct fetch_opts *o, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!o->note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->note(o->note_ctx, text);
}

/* --- trust --------------------------------------------------------------- */

/* Refuses or warns, as the caller wishes; 0 to go on. */
static int __attribute__((format(printf, 3, 4)))
doubt(struct exchange *x, struct err *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (x->opts->trust == FETCH_WARN) {
		note(x->opts, "%s", text);
		return 0;
	}
	err_set(e, ERR_INVALID, "%s", text);
	return fail(x, FETCH_CERTIFICATE);
}

static int
check_dates(struct exchange *x, const struct known_cert *cert, struct err *e)
{
	char day[DATE_DAY_BYTES + 1];
	const char *host = x->out->target.host;
	bool early = x->opts->now_s < cert->not_before;
	struct date d;

	if (!early && x->opts->now_s <= cert->not_after)
		return 0;
	d = date_from_unix(early ? cert->not_before : cert->not_after);
	date_format_day(&d, day);
	return doubt(x, e,
	    early ? "the certificate of \"%s\" begins on %s: is this clock "
		    "right?"
		  : "the certificate of \"%s\" ended on %s",
	    host, day);
}

/* Compares with what is known and remembers what is new. */
static int
check_known(struct exchange *x, const struct known_cert *cert, struct err *e)
{
	const struct fetch_opts *o = x->opts;
	const struct target *t = &x->out->target;
	struct known_line line = { .host = slice_cstr(t->host),
		.port = t->port_number,
		.cert = *cert };
	char hex[HASH_HEX_BYTES + 1], *text;
	bool same_cert;
	size_t len;
	int r = 0;

	if (known_load(o->known_path, &text, &len, e) < 0)
		return fail(x, FETCH_LOCAL);
	switch (
	    known_find(slice_make(text, len), &line, o->now_s, &same_cert)) {
	case KNOWN_SAME:
		break;
	case KNOWN_EXPIRED:
		note(o, "\"%s\" has a new key; its old certificate has ended",
		    t->host);
		break;
	case KNOWN_NEW:
		break;
	case KNOWN_CHANGED:
		same_cert = true; /* a doubtful key is not remembered */
		hash_hex(&cert->spki, hex);
		r = doubt(x, e,
		    "the key of \"%s\" port %s has changed before its time: "
		    "it is now %s (see \"%s\")",
		    t->host, t->port, hex, o->known_path);
		break;
	}
	if (r == 0 && !same_cert &&
	    known_save(o->known_path, slice_make(text, len), &line, e) < 0)
		r = fail(x, FETCH_LOCAL);
	mem_free(text);
	return r;
}

static int
check_certificate(struct exchange *x, struct err *e)
{
	const struct fetch_opts *o = x->opts;
	const struct target *t = &x->out->target;
	struct known_cert cert;
	bool named;

	if (o->trust == FETCH_ANY && !o->pin)
		return 0;
	if (wire_cert(x->wire, t->host, &cert, &named, e) < 0)
		return fail(x, FETCH_CERTIFICATE);
	if (o->pin && !x->redirected) {
		if (hash_eq(o->pin, &cert.spki) || hash_eq(o->pin, &cert.cert))
			return 0;
		return doubt(x, e,
		    "the key of \"%s\" is not the one that was pinned",
		    t->host);
	}
	if (!named &&
	    doubt(x, e, "the certificate is not made for \"%s\"", t->host) < 0)
		return -1;
	if (check_dates(x, &cert, e) < 0)
		return -1;
	return o->known_path ? check_known(x, &cert, e) : 0;
}

/* --- one exchange -------------------------------------------------------- */

static int
open_wire(struct exchange *x, struct err *e)
{
	const struct fetch_opts *o = x->opts;
	const struct target *t = &x->out->target;
	struct wire_to to = { .host = t->host,
		.port = t->port,
		.tls = t->tls,
		.name = t->host,
		.connect_ms = o->connect_ms ? o->connect_ms : CONNECT_MS,
		.idle_ms = o->idle_ms ? o->idle_ms : IDLE_MS };

	if (o->connect_host && !x->redirected) {
		to.host = o->connect_host;
		to.port = o->connect_port;
	}
	if ((x->wire = wire_open(&to, e)))
		return 0;
	return fail(x,
	    e->kind == ERR_INVALID      ? FETCH_BAD_ANSWER
		: e->kind == ERR_MEMORY ? FETCH_LOCAL
					: FETCH_NETWORK);
}

/* Sleeps until as many bytes as came may have come. */
static void
keep_rate(struct exchange *x)
{
	uint64_t rate = x->opts->bytes_per_s, due_ms, spent_ms;
	struct timespec now, pause;

	if (!rate || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return;
	due_ms = x->out->bytes * 1000 / rate;
	spent_ms = (uint64_t)((now.tv_sec - x->start.tv_sec) * 1000 +
	    (now.tv_nsec - x->start.tv_nsec) / 1000000);
	if (due_ms <= spent_ms)
		return;
	pause.tv_sec = (time_t)((due_ms - spent_ms) / 1000);
	pause.tv_nsec = (long)((due_ms - spent_ms) % 1000) * 1000000;
	(void)nanosleep(&pause, NULL);
}

static int
give_body(struct exchange *x, struct slice part, struct err *e)
{
	const struct fetch_opts *o = x->opts;

	if (!part.len)
		return 0;
	if (o->max_bytes && part.len > o->max_bytes - x->out->bytes) {
		err_set(e, ERR_LIMIT, "\"%s\" is over %llu bytes",
		    x->out->target.url, (unsigned long long)o->max_bytes);
		return fail(x, FETCH_TOO_LONG);
	}
	x->out->bytes += part.len;
	if (x->sink->body && x->sink->body(x->sink->ctx, part) < 0)
		return fail(x, FETCH_SINK);
	keep_rate(x);
	return 0;
}

/* All that is still to come, up to the proper end. */
static int
read_body(struct exchange *x, struct err *e)
{
	char *bytes = mem_alloc(READ_BYTES);
	ssize_t n = -1;
	int r = 0;

	if (!bytes) {
		err_memory(e);
		return fail(x, FETCH_LOCAL);
	}
	while (r == 0 && n != 0) {
		n = wire_read(x->wire, bytes, READ_BYTES, e);
		if (n < 0)
			r = fail(x,
			    e->kind == ERR_INVALID ? FETCH_BAD_ANSWER
						   : FETCH_NETWORK);
		else
			r = give_body(x, slice_make(bytes, (size_t)n), e);
	}
	mem_free(bytes);
	return r;
}

/* Reads until the header is whole; *reply points into x->head. */
static int
read_header(struct exchange *x, struct reply *reply, struct err *e)
{
	enum reply_state state = REPLY_PART;
	const char *why = "";

	while (state == REPLY_PART) {
		ssize_t n = wire_read(x->wire, x->head + x->head_len,
		    sizeof(x->head) - x->head_len, e);

		if (n < 0)
			return fail(x,
			    e->kind == ERR_INVALID ? FETCH_BAD_ANSWER
						   : FETCH_NETWORK);
		if (n == 0) {
			err_set(e, ERR_SYNTAX, "\"%s\" has no header",
			    x->out->target.url);
			return fail(x, FETCH_BAD_ANSWER);
		}
		x->head_len += (size_t)n;
		state =
		    reply_parse(slice_make(x->head, x->head_len), reply, &why);
	}
	if (state == REPLY_WHOLE)
		return 0;
	err_set(e, ERR_SYNTAX, "\"%s\" has %s", x->out->target.url, why);
	return fail(x, FETCH_BAD_ANSWER);
}

static bool
is_followed(const struct exchange *x, unsigned hops)
{
	return x->out->status / 10 == 3 && hops < x->opts->max_redirects;
}

static int
gemini_answer(struct exchange *x, unsigned hops, struct err *e)
{
	struct reply reply;
	struct slice rest;

	if (read_header(x, &reply, e) < 0)
		return -1;
	x->out->status = reply.status;
	snprintf(
	    x->out->meta, sizeof(x->out->meta), "%.*s", SLICE_FMT(reply.meta));
	if (!is_followed(x, hops) && x->sink->header &&
	    x->sink->header(x->sink->ctx, reply.status, reply.meta) < 0)
		return fail(x, FETCH_SINK);
	rest = slice_make(x->head + reply.len, x->head_len - reply.len);
	if (reply.status == 20)
		return give_body(x, rest, e) < 0 ? -1 : read_body(x, e);
	if (rest.len) {
		err_set(e, ERR_SYNTAX, "\"%s\" has a body behind status %d",
		    x->out->target.url, reply.status);
		return fail(x, FETCH_BAD_ANSWER);
	}
	return 0;
}

/*
 * Gopher has no status: an answer that is one item of type 3 and no more
 * stands for "not found".
 */
static int
gopher_answer(struct exchange *x, struct err *e)
{
	struct slice text;
	ssize_t n = -1;

	while (n != 0 && x->head_len < sizeof(x->head)) {
		n = wire_read(x->wire, x->head + x->head_len,
		    sizeof(x->head) - x->head_len, e);
		if (n < 0)
			return fail(x,
			    e->kind == ERR_INVALID ? FETCH_BAD_ANSWER
						   : FETCH_NETWORK);
		x->head_len += (size_t)n;
	}
	if (n == 0 && menu_is_error(slice_make(x->head, x->head_len), &text)) {
		x->out->status = 51;
		snprintf(x->out->meta, sizeof(x->out->meta), "%.*s",
		    SLICE_FMT(text));
		return 0;
	}
	if (give_body(x, slice_make(x->head, x->head_len), e) < 0)
		return -1;
	return n == 0 ? 0 : read_body(x, e);
}

static int
exchange(struct exchange *x, unsigned hops, struct err *e)
{
	const struct target *t = &x->out->target;
	int r = -1;

	x->head_len = 0;
	if (open_wire(x, e) < 0)
		return -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &x->start);
	if (t->tls && check_certificate(x, e) < 0)
		goto out;
	if (wire_write(x->wire, slice_make(t->request, t->request_len), e) <
	    0) {
		r = fail(x, FETCH_NETWORK);
		goto out;
	}
	r = t->protocol == TARGET_GEMINI ? gemini_answer(x, hops, e)
					 : gopher_answer(x, e);
out:
	wire_close(x->wire);
	return r;
}

/* Turns to where the answer pointed. */
static int
turn(struct exchange *x, unsigned hops, struct err *e)
{
	struct target *t = &x->out->target, next;

	if (hops >= x->opts->max_redirects) {
		err_set(e, ERR_INVALID, "\"%s\": more than %u redirects",
		    t->url, x->opts->max_redirects);
		return fail(x, FETCH_BAD_ANSWER);
	}
	if (target_redirect(t, slice_cstr(x->out->meta), &next, e) < 0)
		return fail(x, FETCH_BAD_ANSWER);
	if (next.protocol != t->protocol && !x->opts->cross_protocol) {
		err_set(e, ERR_INVALID,
		    "\"%s\" redirects to another protocol: \"%s\"", t->url,
		    next.url);
		return fail(x, FETCH_BAD_ANSWER);
	}
	if (strcmp(next.host, t->host) != 0 ||
	    next.port_number != t->port_number)
		x->redirected = true;
	*t = next;
	return 0;
}

int
fetch_url(struct slice url, const struct fetch_opts *opts,
    const struct fetch_sink *sink, struct fetch_result *out, struct err *e)
{
	struct exchange x = { .opts = opts, .sink = sink, .out = out };
	struct err none;

	if (!e)
		e = &none;
	*out = (struct fetch_result){ .end = FETCH_DONE };
	if (target_parse(url, &out->target, e) < 0)
		return fail(&x, FETCH_BAD_URL);
	for (unsigned hops = 0;; hops++) {
		if (exchange(&x, hops, e) < 0)
			return -1;
		if (out->status / 10 != 3 || !opts->max_redirects)
			return 0;
		if (turn(&x, hops, e) < 0)
			return -1;
		out->status = 0;
	}
}
