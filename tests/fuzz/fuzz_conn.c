/*
 * The connection engine: the input says what up to eight peers do and when,
 * over socket pairs, with a clock and a loop of this program's own in place of
 * net/loop.c.  However they behave, each connection ends once, with a reason,
 * and none outlives its deadlines.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/marks.h"
#include "base/mem.h"
#include "cert/cert.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/peers.h"
#include "net/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PEERS = 8,
	PLACES = 6,
	STEPS_MAX = 256,
	PER_ADDRESS = 2,
	LATER_MAX = 64,
	LARGE = 300000, /* bytes: more than a socket pair holds */
};

/* --- the loop ------------------------------------------------------------ */

struct loop_watch {
	LIST_ENTRY(loop_watch) link;
	struct loop *loop;
	void (*cb)(void *ctx, unsigned ready);
	void *ctx;
	int fd;
	unsigned want;
};

struct loop_timer {
	struct loop *loop;
	void (*cb)(void *ctx);
	void *ctx;
	uint64_t at_ms; /* 0: not set */
};

struct loop {
	LIST_HEAD(, loop_watch) watches;
	struct loop_timer *timer; /* a pool has one */
	uint64_t now_ms;
};

struct loop *
loop_new(void)
{
	struct loop *l = mem_calloc(1, sizeof(*l));

	l->now_ms = 1000;
	return l;
}

void
loop_free(struct loop *l)
{
	if (!LIST_EMPTY(&l->watches) || l->timer)
		abort();
	mem_free(l);
}

uint64_t
loop_now_ms(struct loop *l)
{
	return l->now_ms;
}

struct loop_watch *
loop_watch_new(struct loop *l, void (*cb)(void *ctx, unsigned ready), void *ctx)
{
	struct loop_watch *w = mem_calloc(1, sizeof(*w));

	*w = (struct loop_watch){ .loop = l, .cb = cb, .ctx = ctx };
	LIST_INSERT_HEAD(&l->watches, w, link);
	return w;
}

void
loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	LIST_REMOVE(w, link);
	mem_free(w);
}

int
loop_watch_set(struct loop_watch *w, int fd, unsigned want)
{
	w->fd = fd;
	w->want = want;
	return 0;
}

struct loop_timer *
loop_timer_new(struct loop *l, void (*cb)(void *ctx), void *ctx)
{
	struct loop_timer *t = mem_calloc(1, sizeof(*t));

	*t = (struct loop_timer){ .loop = l, .cb = cb, .ctx = ctx };
	l->timer = t;
	return t;
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t)
		t->loop->timer = NULL;
	mem_free(t);
}

int
loop_timer_at(struct loop_timer *t, uint64_t at_ms)
{
	t->at_ms = at_ms;
	return 0;
}

/* What is ready now, each watch once. */
static void
serve_ready(struct loop *l)
{
	struct loop_watch *w, *next;

	for (w = LIST_FIRST(&l->watches); w; w = next) {
		struct pollfd p = { .fd = w->fd };

		next = LIST_NEXT(w, link);
		if (w->want & LOOP_READ)
			p.events |= POLLIN;
		if (w->want & LOOP_WRITE)
			p.events |= POLLOUT;
		if (w->want && poll(&p, 1, 0) > 0)
			w->cb(w->ctx, w->want);
	}
}

static void
pass(struct loop *l, uint64_t ms)
{
	struct loop_timer *t = l->timer;
	unsigned calls = 0;

	l->now_ms += ms;
	while (t->at_ms && t->at_ms <= l->now_ms) {
		t->at_ms = 0;
		t->cb(t->ctx);
		if (++calls > 1000)
			abort(); /* a timer that is never satisfied */
	}
}

/* --- what is served ------------------------------------------------------ */

static char dir[] = "/tmp/qasid-fuzz-XXXXXX";
static struct store_reader *reader;
static struct marks marks;
static struct buf marks_storage;
static struct tls_ctx *tls;
static SSL_CTX *client_ctx;
static struct peers *map;
static uint64_t later[LATER_MAX];
static unsigned later_count, served, ended;

static void
put_page(struct store_writer *w, const char *key, struct slice body)
{
	struct store_entry entry = { .kind = STORE_PAGE,
		.marked = true,
		.media = SLICE_LIT("text/plain"),
		.size = body.len };

	if (hash_of(body, &entry.hash) < 0 ||
	    store_put_body(w, &entry.hash, body, NULL) < 0 ||
	    store_put_page(w, slice_cstr(key), &entry, NULL) < 0)
		abort();
}

static void
remove_store(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"publish.lock" };
	char path[128];

	store_reader_close(reader);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void
make_tls(void)
{
	struct tls_identity id = { .ticket_13 = true };
	struct tls_options opts = { .tickets = tls_tickets_new() };
	struct buf crt, key;

	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	if (!opts.tickets || tls_tickets_rotate(opts.tickets) < 0 ||
	    cert_create("h.test", 1700000000, &crt, &key, NULL) < 0)
		abort();
	id.chain_pem = buf_slice(&crt);
	id.key_pem = buf_slice(&key);
	tls = tls_ctx_new(&id, 1, &opts, NULL);
	client_ctx = SSL_CTX_new(TLS_client_method());
	if (!tls || !client_ctx)
		abort();
	buf_release(&crt);
	buf_release(&key);
}

static void
make_all(void)
{
	struct store_writer *w;
	struct buf large;

	if (!mkdtemp(dir) ||
	    !(w = store_writer_open(dir, (uint64_t)64 << 20, NULL)))
		abort();
	buf_init(&large, LARGE);
	buf_add_repeat(&large, 'l', LARGE);
	put_page(w, "o/large", buf_slice(&large));
	put_page(w, "o/page", SLICE_LIT("i\t\t\001\r\n\002 and \003\r\n"));
	buf_release(&large);
	if (store_publish(w, 1, NULL) < 0)
		abort();
	store_writer_close(w);
	reader = store_reader_open(dir, NULL);
	map = peers_new(1);
	buf_init(&marks_storage, 1024);
	if (!reader || !map ||
	    marks_make(&marks, &marks_storage, "h.test", 1965, 70) < 0)
		abort();
	make_tls();
	atexit(remove_store);
}

static void
on_answer(void *ctx, enum protocol_id protocol, struct conn_line *line,
    struct conn_reply *reply)
{
	struct slice text = slice_make(line->bytes, line->len);
	char key[STORE_KEY_MAX];

	(void)ctx;
	(void)protocol;
	reply->status = 20;
	reply->key = text;
	if (slice_eq_cstr(text, "later") && later_count < LATER_MAX) {
		later[later_count++] = line->ticket;
		reply->later = true;
		return;
	}
	memcpy(reply->head, "HEAD ", 5);
	reply->head_len = 5;
	if (line->state != LINE_WHOLE || text.len > 100)
		return;
	if (slice_eq_cstr(text, "own")) {
		reply->own_len = 50000;
		reply->own = mem_calloc(1, reply->own_len);
		return;
	}
	key[0] = 'o';
	memcpy(key + 1, text.ptr, text.len);
	reply->view = store_reader_view(reader);
	if (store_view_get(reply->view, slice_make(key, text.len + 1),
		&reply->entry) == STORE_FOUND) {
		reply->marks = text.len == 5 ? &marks : NULL;
		return;
	}
	store_view_drop(reply->view);
	reply->view = NULL;
}

static void
on_late(void *ctx, enum protocol_id protocol, struct conn_reply *reply)
{
	(void)ctx;
	(void)protocol;
	reply->status = 43;
}

static void
on_ended(void *ctx, const struct conn_event *event)
{
	(void)ctx;
	ended++;
	if (event->reason >= CONN_REASONS ||
	    (event->reason == CONN_DONE && !event->status))
		abort();
}

static void
on_nothing(void *ctx)
{
	(void)ctx;
}

/* --- peers --------------------------------------------------------------- */

struct side {
	int fd;
	SSL *ssl; /* bytes go through memory */
};

/* The input, byte by byte; zeros at its end. */
struct script {
	const uint8_t *at, *end;
};

static unsigned
next(struct script *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

static void
leave(struct side *p)
{
	SSL_free(p->ssl);
	if (p->fd)
		close(p->fd);
	*p = (struct side){ 0 };
}

static void
come(struct conn_pool *pool, struct side *p, unsigned flags)
{
	static const struct conn_door doors[] = {
		{ .protocol = PROTOCOL_GOPHER },
		{ .protocol = PROTOCOL_GOPHER },
		{ .protocol = PROTOCOL_GEMINI }, { .protocol = PROTOCOL_GOPHER }
	};
	static struct conn_door real[4];
	struct ip from = { .bytes = { 127, 0, 0, (unsigned char)(flags >> 4) },
		.bits = 32 };
	int ends[2], size = 4096;

	leave(p);
	memcpy(real, doors, sizeof(doors));
	real[1].tls = real[2].tls = tls;
	real[1].tls_if_asked = true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	if (flags & 4)
		setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	p->fd = ends[1];
	if (conn_pool_active(pool) < PLACES)
		served++;
	conn_pool_serve(pool, ends[0], &real[flags & 3], &from);
	(void)conn_pool_wait_for_room(pool);
}

static void
say(const struct side *p, const void *bytes, size_t len)
{
	if (p->fd && send(p->fd, bytes, len, MSG_NOSIGNAL) < 0)
		return;
}

static void
hear(const struct side *p, size_t most)
{
	static char bytes[65536];
	ssize_t n = p->fd ? recv(p->fd, bytes, most, 0) : 0;

	if (n > 0 && p->ssl)
		BIO_write(SSL_get_rbio(p->ssl), bytes, (int)n);
}

static const char *
words_of(unsigned n)
{
	static const char *const words[] = { "/page\r\n", "/large\r\n",
		"own\r\n", "later\r\n", "\r\n", "/pa", "ge\n", "\x16\x03\x01",
		"PROXY TCP4 127.0.0.3 127.0.0.1 1 2\r\n", "PROXY UNKNOWN\r\n",
		"\r\n\r\n\0\r\nQUIT\x21", "/page\r\nmore" };

	return words[n % (sizeof(words) / sizeof(words[0]))];
}

/* One step of an honest TLS client, and words when the hands are shaken. */
static void
speak_tls(struct side *p, const char *words)
{
	char *bytes;
	long len;

	if (!p->fd)
		return;
	if (!p->ssl) {
		p->ssl = SSL_new(client_ctx);
		SSL_set_bio(p->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	}
	hear(p, 65536);
	ERR_clear_error();
	if (SSL_connect(p->ssl) == 1)
		SSL_write(p->ssl, words, (int)strlen(words));
	len = BIO_get_mem_data(SSL_get_wbio(p->ssl), &bytes);
	say(p, bytes, (size_t)len);
	(void)BIO_reset(SSL_get_wbio(p->ssl));
}

static void
answer_later(struct conn_pool *pool, unsigned n)
{
	char head[] = "late";
	struct conn_reply reply = { .status = 20, .head = head, .head_len = 4 };

	if (!later_count)
		return;
	reply.own_len = n * 100;
	reply.own = mem_calloc(1, reply.own_len + 1);
	(void)conn_pool_answer(pool, later[n % later_count], &reply);
}

static void
act(struct loop *l, struct conn_pool *pool, struct side *sides,
    struct script *s)
{
	unsigned op = next(s), n = next(s);
	struct side *p = &sides[op % PEERS];
	size_t len;

	switch (op / PEERS % 12) {
	case 0:
		come(pool, p, n);
		break;
	case 1:
		say(p, words_of(n), strlen(words_of(n)));
		break;
	case 2:
		len =
		    (size_t)(s->end - s->at) < n ? (size_t)(s->end - s->at) : n;
		say(p, s->at, len);
		s->at += len;
		break;
	case 3:
		hear(p, n * n + 1);
		break;
	case 4:
		if (p->fd)
			shutdown(p->fd, n % 2 ? SHUT_WR : SHUT_RD);
		break;
	case 5:
		leave(p);
		break;
	case 6:
		pass(l, (uint64_t)n * n);
		break;
	case 7:
	case 8:
		speak_tls(p, words_of(n));
		break;
	case 9:
		answer_later(pool, n);
		break;
	case 10:
		if (n == 1 || n == 2)
			conn_pool_stop(pool, n == 1);
		break;
	default:
		break;
	}
	serve_ready(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conn_service service = { on_answer, on_late,
		on_ended, on_nothing, on_nothing, NULL };
	static const struct ip_range proxy = {
		.ip = { .bytes = { 127, 0, 0, 9 }, .bits = 32 }, .prefix = 32
	};
	struct conn_limits limits = { .max_conns = PLACES,
		.handshake_ms = 60000,
		.request_ms = 30000,
		.stall_ms = 60000,
		.rate_window_ms = 300000,
		.drain_ms = 10000,
		.answer_ms = 5000,
		.rate_bytes = 50,
		.keep_keys = true };
	struct conn_peers peers = {
		.per_address = PER_ADDRESS, .proxies = &proxy, .proxy_count = 1
	};
	struct script s = { data, data + size };
	struct side sides[PEERS] = { { 0 } };
	struct conn_pool *pool;
	struct loop *l;

	if (!reader)
		make_all();
	served = ended = later_count = 0;
	l = loop_new();
	pool = conn_pool_new(l, reader, &limits, &service, NULL);
	peers.map = map;
	conn_pool_set_peers(pool, &peers);
	for (int i = 0; i < STEPS_MAX && s.at < s.end; i++)
		act(l, pool, sides, &s);
	/* Nobody says or takes anything any more. */
	for (int i = 0; i < 40; i++) {
		pass(l, 10000);
		serve_ready(l);
	}
	if (conn_pool_active(pool) || ended != served ||
	    store_reader_held(reader))
		abort();
	for (int i = 0; i < PEERS; i++)
		leave(&sides[i]);
	conn_pool_free(pool);
	loop_free(l);
	return 0;
}
