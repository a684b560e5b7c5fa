/*
 * The connection engine in this process, over socket pairs: the client's end is
 * watched by the same loop, and a test ends when the pool says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/marks.h"
#include "base/mem.h"
#include "cert/cert.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"

#include "test.h"

enum {
	CLIENTS_MAX = 16
};

struct client {
	int fd;
	struct loop_watch *watch;
	struct buf got;
	bool reading; /* takes what comes */
	bool eof, reset;
};

static char dir[64];
static struct store_reader *reader;
static struct loop *loop;
static struct conn_pool *pool;
static struct client clients[CLIENTS_MAX];
static unsigned ended, wanted, rooms;
static unsigned reasons[CONN_REASONS];
static const struct conn_door gopher = { .protocol = PROTOCOL_GOPHER };
static struct marks marks;
static struct buf marks_storage;

/* --- a store ------------------------------------------------------------- */

static struct buf
body_of(size_t size, char fill)
{
	struct buf b;

	buf_init(&b, size + 1);
	buf_add_repeat(&b, fill, size);
	assert_false(buf_failed(&b));
	return b;
}

static void
publish(const char *key, bool marked, struct slice body)
{
	struct store_entry entry = { .kind = STORE_PAGE,
		.marked = marked,
		.media = SLICE_LIT("text/plain"),
		.size = body.len };
	struct err e = ERR_INIT;
	struct store_writer *w = store_writer_open(dir, (uint64_t)64 << 20, &e);

	if (!w)
		fail_msg("%s", e.text);
	assert_int_equal(hash_of(body, &entry.hash), 0);
	assert_int_equal(store_put_body(w, &entry.hash, body, &e), 0);
	assert_int_equal(store_put_page(w, slice_cstr(key), &entry, &e), 0);
	assert_int_equal(store_publish(w, 1, &e), 0);
	store_writer_close(w);
}

static int
make_store(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/qasid-conn-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	publish("o/first", false, SLICE_LIT("first\r\n"));
	reader = store_reader_open(dir, &e);
	buf_init(&marks_storage, 1024);
	return reader
	    ? marks_make(&marks, &marks_storage, "host.test", 1965, 70)
	    : -1;
}

static int
remove_store(void **state)
{
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"publish.lock" };
	char path[128];

	(void)state;
	store_reader_close(reader);
	buf_release(&marks_storage);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

/* --- a service ----------------------------------------------------------- */

static void
on_answer(void *ctx, enum protocol_id protocol, struct conn_line *line,
    struct conn_reply *reply)
{
	char key[STORE_KEY_MAX];
	struct slice text = slice_make(line->bytes, line->len);

	(void)ctx;
	(void)protocol;
	reply->status = line->state == LINE_WHOLE ? 20 : 59;
	reply->key = text;
	if (line->state != LINE_WHOLE) {
		memcpy(reply->head, "bad", 3);
		reply->head_len = 3;
		return;
	}
	if (slice_eq_cstr(text, "own")) {
		reply->own = mem_strndup("own bytes", 9);
		reply->own_len = 9;
		return;
	}
	if (slice_eq_cstr(text, "nothing"))
		return;
	key[0] = 'o';
	memcpy(key + 1, text.ptr, text.len);
	reply->view = store_reader_view(reader);
	assert_non_null(reply->view);
	if (store_view_get(reply->view, slice_make(key, text.len + 1),
		&reply->entry) != STORE_FOUND) {
		store_view_drop(reply->view);
		reply->view = NULL;
		reply->status = 51;
		return;
	}
	reply->marks = reply->entry.marked ? &marks : NULL;
	memcpy(reply->head, "HEAD ", 5);
	reply->head_len = 5;
}

static void
on_ended(void *ctx, const struct conn_event *event)
{
	(void)ctx;
	reasons[event->reason]++;
	if (++ended == wanted)
		loop_stop(loop);
}

static void
on_room(void *ctx)
{
	(void)ctx;
	rooms++;
}

static void
on_empty(void *ctx)
{
	(void)ctx;
	loop_stop(loop);
}

static void
start_with(unsigned max_conns, unsigned patience)
{
	struct conn_limits limits = { .max_conns = max_conns,
		.handshake_ms = patience * 50,
		.request_ms = patience * 50,
		.stall_ms = patience * 100,
		.rate_window_ms = 60000,
		.drain_ms = patience * 50,
		.keep_keys = true };
	struct conn_service service = { .answer = on_answer,
		.ended = on_ended,
		.has_room = on_room,
		.is_empty = on_empty };
	struct err e = ERR_INIT;

	/* A publish in this same process takes our readers' slots away. */
	store_reader_close(reader);
	reader = store_reader_open(dir, &e);
	assert_non_null(reader);
	ended = rooms = 0;
	memset(reasons, 0, sizeof(reasons));
	loop = loop_new();
	assert_non_null(loop);
	pool = conn_pool_new(loop, reader, &limits, &service, &e);
	assert_non_null(pool);
}

/* No deadline passes, however busy the machine is. */
static void
start(unsigned max_conns)
{
	start_with(max_conns, 1000);
}

/* For those that wait for a deadline. */
static void
start_hasty(unsigned max_conns)
{
	start_with(max_conns, 1);
}

static void
finish(void)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &clients[i];

		loop_watch_free(c->watch);
		if (c->fd > 0)
			close(c->fd);
		buf_release(&c->got);
		*c = (struct client){ 0 };
	}
	conn_pool_free(pool);
	loop_free(loop);
}

/* --- clients ------------------------------------------------------------- */

static void
hang_up(struct client *c)
{
	loop_watch_set(c->watch, c->fd, LOOP_NONE);
	close(c->fd);
	c->fd = 0;
}

static void
on_client(void *ctx, unsigned ready)
{
	struct client *c = ctx;
	char bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	(void)ready;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		buf_add_mem(&c->got, bytes, (size_t)n);
		return;
	}
	c->eof = n == 0;
	c->reset = n < 0;
	hang_up(c);
}

static struct client *
dial(size_t i, const char *text, bool reading)
{
	struct client *c = &clients[i];
	int ends[2], size = 4096;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	c->fd = ends[1];
	c->reading = reading;
	buf_init(&c->got, (size_t)8 << 20);
	c->watch = loop_watch_new(loop, on_client, c);
	assert_non_null(c->watch);
	assert_int_equal(write(c->fd, text, strlen(text)), strlen(text));
	if (reading)
		assert_int_equal(loop_watch_set(c->watch, c->fd, LOOP_READ), 0);
	conn_pool_serve(pool, ends[0], &gopher, NULL);
	return c;
}

static void
run_until(unsigned count)
{
	wanted = count;
	if (ended < wanted)
		assert_int_equal(loop_run(loop), 0);
	assert_int_equal(ended, count);
}

/* --- a client that speaks TLS -------------------------------------------- */

/* Records go through memory, so that a test says which share a segment. */
struct tls_client {
	struct tls_tickets *tickets;
	struct conn_door door;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static void
tls_client_open(struct tls_client *t, bool tickets)
{
	struct tls_identity id = { .ticket_13 = true };
	struct tls_options opts = { .tickets = NULL };
	struct err e = ERR_INIT;
	struct buf crt, key;
	int ends[2];

	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	assert_int_equal(
	    cert_create("host.test", 1700000000, &crt, &key, &e), 0);
	id.chain_pem = buf_slice(&crt);
	id.key_pem = buf_slice(&key);
	if (tickets) {
		opts.tickets = t->tickets = tls_tickets_new();
		assert_non_null(t->tickets);
		assert_int_equal(tls_tickets_rotate(t->tickets), 0);
	}
	t->door.tls = tls_ctx_new(&id, 1, &opts, &e);
	assert_non_null(t->door.tls);
	buf_release(&crt);
	buf_release(&key);
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->ssl = SSL_new(t->ctx);
	assert_non_null(t->ssl);
	SSL_set_bio(t->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	t->fd = ends[1];
	SSL_connect(t->ssl);
	conn_pool_serve(pool, ends[0], &t->door, NULL);
}

/* Sends what the client has made, in one piece. */
static void
tls_client_push(struct tls_client *t)
{
	char *bytes;
	long len = BIO_get_mem_data(SSL_get_wbio(t->ssl), &bytes);

	assert_int_equal(write(t->fd, bytes, (size_t)len), len);
	assert_int_equal(BIO_reset(SSL_get_wbio(t->ssl)), 1);
}

/* Takes what has come; the bytes of it, 0 at the end or when nothing has. */
static ssize_t
tls_client_pull(struct tls_client *t)
{
	char bytes[65536];
	ssize_t n = recv(t->fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		assert_int_equal(
		    BIO_write(SSL_get_rbio(t->ssl), bytes, (int)n), n);
	return n > 0 ? n : 0;
}

static void
tls_client_close(struct tls_client *t)
{
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	tls_ctx_free(t->door.tls);
	tls_tickets_free(t->tickets);
	close(t->fd);
}

/* One round of the loop: what is ready now is served. */
static void
run_ready(void)
{
	struct loop_timer *t = loop_timer_new(loop, on_empty, NULL);

	assert_non_null(t);
	loop_timer_at(t, loop_now_ms(loop));
	assert_int_equal(loop_run(loop), 0);
	loop_timer_free(t);
}

/* --- tests --------------------------------------------------------------- */

static void
sends_each_kind(void **state)
{
	(void)state;
	start(8);
	dial(0, "/first\r\n", true);
	dial(1, "own\n", true);
	dial(2, "nothing\r\n", true);
	dial(3, "/absent\r\nmore", true);
	run_until(4);
	assert_slice(buf_slice(&clients[0].got), "HEAD first\r\n");
	assert_slice(buf_slice(&clients[1].got), "own bytes");
	assert_slice(buf_slice(&clients[2].got), "");
	assert_slice(buf_slice(&clients[3].got), "");
	for (int i = 0; i < 4; i++)
		assert_true(clients[i].eof);
	assert_int_equal(reasons[CONN_DONE], 4);
	finish();
}

static void
refuses_long_lines(void **state)
{
	char line[1200];

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	start(8);
	dial(0, line, true);
	run_until(1);
	assert_slice(buf_slice(&clients[0].got), "bad");
	assert_true(clients[0].eof);
	finish();
}

/* Marks at the start, at the end, side by side, and across every write. */
static void
fills_marks(void **state)
{
	struct buf body, want;

	(void)state;
	buf_init(&body, (size_t)4 << 20);
	buf_init(&want, (size_t)8 << 20);
	for (unsigned i = 0; i < 30000; i++) {
		buf_add_repeat(&body, 'x', i % 7);
		buf_add_char(&body, (char)(1 + i % 3));
	}
	assert_false(buf_failed(&body));
	publish("o/marked", true, buf_slice(&body));
	buf_add_cstr(&want, "HEAD ");
	marks_fill(&want, &marks, buf_slice(&body));
	start(8);
	dial(0, "/marked\r\n", true);
	run_until(1);
	assert_int_equal(clients[0].got.len, want.len);
	assert_memory_equal(clients[0].got.ptr, want.ptr, want.len);
	finish();
	buf_release(&body);
	buf_release(&want);
}

static void
sends_large_bodies(void **state)
{
	struct buf body = body_of((size_t)3 << 20, 'y');

	(void)state;
	publish("o/large", false, buf_slice(&body));
	start(8);
	dial(0, "/large\r\n", true);
	dial(1, "/large\r\n", true);
	run_until(2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(clients[i].got.len, body.len + 5);
		assert_memory_equal(clients[i].got.ptr + 5, body.ptr, body.len);
	}
	finish();
	buf_release(&body);
}

static void
ends_the_silent(void **state)
{
	(void)state;
	start_hasty(8);
	dial(0, "", false);
	dial(1, "/fir", false);
	run_until(2);
	assert_int_equal(reasons[CONN_REQUEST_TIMEOUT], 2);
	finish();
}

static void
ends_the_stalled(void **state)
{
	struct buf body = body_of(1 << 20, 'z');

	(void)state;
	publish("o/large", false, buf_slice(&body));
	start_hasty(8);
	dial(0, "/large\r\n", false);
	run_until(1);
	assert_int_equal(reasons[CONN_STALLED], 1);
	finish();
	buf_release(&body);
}

/* A whole page that the peer never acknowledges by closing. */
static void
ends_the_lingering(void **state)
{
	(void)state;
	start_hasty(8);
	dial(0, "/first\r\n", false);
	run_until(1);
	assert_int_equal(reasons[CONN_DONE_UNCONFIRMED], 1);
	finish();
}

static void
notices_early_goodbyes(void **state)
{
	struct client *c;

	(void)state;
	start(8);
	c = dial(0, "/fir", false);
	hang_up(c);
	run_until(1);
	assert_int_equal(reasons[CONN_GONE_EARLY], 1);
	finish();
}

static void
tells_of_room(void **state)
{
	(void)state;
	start(2);
	dial(0, "/first\r\n", true);
	assert_false(conn_pool_wait_for_room(pool));
	dial(1, "/first\r\n", true);
	assert_true(conn_pool_wait_for_room(pool));
	dial(2, "/first\r\n", true); /* one too many: closed at once */
	run_until(2);
	assert_int_equal(rooms, 1);
	assert_slice(buf_slice(&clients[2].got), "");
	assert_int_equal(conn_pool_active(pool), 0);
	finish();
}

/*
 * Each reader holds an edition of its own; beyond four the oldest's rest is
 * copied where it is small, and its reader cut where it is not.
 */
static void
sheds_old_editions(void **state)
{
	struct buf small = body_of(40000, 's');
	struct buf large = body_of(1 << 20, 'l');

	(void)state;
	start(16);
	publish("o/large", false, buf_slice(&large));
	dial(0, "/large\r\n", false);
	for (unsigned i = 1; i <= 6; i++) {
		small.ptr[0] = (char)('a' + i);
		publish("o/small", false, buf_slice(&small));
		dial(i, "/small\r\n", false);
		assert_true(store_reader_held(reader) <= CONN_EDITIONS_MAX);
	}
	assert_int_equal(reasons[CONN_EDITION_DROPPED], 1);
	for (unsigned i = 1; i <= 6; i++)
		assert_int_equal(
		    loop_watch_set(clients[i].watch, clients[i].fd, LOOP_READ),
		    0);
	run_until(7);
	for (unsigned i = 1; i <= 6; i++) {
		assert_int_equal(clients[i].got.len, 40005);
		assert_int_equal(clients[i].got.ptr[5], 'a' + (int)i);
		assert_int_equal(clients[i].got.ptr[40004], 's');
	}
	assert_int_equal(store_reader_held(reader), 0);
	finish();
	buf_release(&small);
	buf_release(&large);
}

/*
 * A session ticket waits in the shared record buffer while the same step's
 * request makes an edition too many, and its oldest reader is cut: the ticket
 * is another connection's and stays.
 */
static void
cuts_no_records_of_others(void **state)
{
	struct buf large = body_of(1 << 20, 'l');
	struct tls_client t = { .door = { .protocol = PROTOCOL_GEMINI } };
	char got[64];
	int n;

	(void)state;
	start(16);
	for (unsigned i = 0; i < CONN_EDITIONS_MAX; i++) {
		large.ptr[0] = (char)('a' + i);
		publish("o/large", false, buf_slice(&large));
		dial(i, "/large\r\n", false);
	}
	publish("o/last", false, SLICE_LIT("last\n"));
	assert_int_equal(store_reader_held(reader), CONN_EDITIONS_MAX);
	tls_client_open(&t, true);
	tls_client_push(&t);
	run_ready();
	assert_true(tls_client_pull(&t) > 0);
	assert_int_equal(SSL_connect(t.ssl), 1);
	assert_int_equal(SSL_write(t.ssl, "/last\r\n", 7), 7);
	tls_client_push(&t);
	run_ready();
	assert_int_equal(reasons[CONN_EDITION_DROPPED], 1);
	assert_true(tls_client_pull(&t) > 0);
	n = SSL_read(t.ssl, got, sizeof(got));
	assert_slice(slice_make(got, n > 0 ? (size_t)n : 0), "HEAD last\n");
	tls_client_close(&t);
	finish();
	buf_release(&large);
}

/* The lengths of the TLS records in `bytes`, headers included. */
static size_t
records_of(struct slice bytes, size_t *lens, size_t max)
{
	size_t n = 0;

	for (size_t at = 0; at < bytes.len; at += lens[n - 1]) {
		const unsigned char *r = (const unsigned char *)bytes.ptr + at;

		assert_true(n < max && bytes.len - at > 5);
		assert_int_equal(r[0], 23); /* application data */
		lens[n++] = 5 + ((size_t)r[3] << 8) + r[4];
	}
	return n;
}

/* A page over TLS 1.3, down to FIN: its records as they came. */
static size_t
records_of_page(const char *request, size_t *lens, size_t max)
{
	struct tls_client t = { .door = { .protocol = PROTOCOL_GEMINI } };
	char bytes[65536];
	size_t n;
	ssize_t got;

	start(8);
	tls_client_open(&t, false);
	tls_client_push(&t);
	run_ready();
	assert_true(tls_client_pull(&t) > 0);
	assert_int_equal(SSL_connect(t.ssl), 1);
	assert_true(SSL_write(t.ssl, request, (int)strlen(request)) > 0);
	tls_client_push(&t); /* Finished and the request in one segment */
	run_ready();
	got = recv(t.fd, bytes, sizeof(bytes), 0);
	assert_true(got > 0);
	n = records_of(slice_make(bytes, (size_t)got), lens, max);
	/* All is there after one round, FIN too. */
	assert_int_equal(recv(t.fd, bytes, sizeof(bytes), 0), 0);
	tls_client_close(&t);
	finish();
	return n;
}

/*
 * What is written as one record has 22 bytes around it; close_notify has 24.
 * A small page is one record, its header in it; of a longer one the first
 * record fills no more than a segment, even with a link's MTU of 1400, and the
 * later ones grow.
 */
static void
shapes_records(void **state)
{
	struct buf small = body_of(1200, 's'), large = body_of(20000, 'l');
	size_t lens[8], n;

	(void)state;
	publish("o/small", false, buf_slice(&small));
	publish("o/page", false, buf_slice(&large));
	n = records_of_page("/small\r\n", lens, 8);
	assert_int_equal(n, 2);
	assert_int_equal(lens[0], 5 + 1200 + 22);
	assert_int_equal(lens[1], 24);
	n = records_of_page("/page\r\n", lens, 8);
	assert_int_equal(n, 4);
	assert_true(lens[0] > 1200 && lens[0] <= 1400 - 52);
	assert_true(lens[1] > 2 * lens[0] && lens[2] > 2 * lens[1]);
	assert_int_equal(lens[0] + lens[1] + lens[2], 5 + 20000 + 3 * 22);
	assert_int_equal(lens[3], 24);
	buf_release(&small);
	buf_release(&large);
}

static void
stops_when_empty(void **state)
{
	(void)state;
	start(8);
	dial(0, "/first\r\n", true);
	conn_pool_stop(pool, false);
	wanted = 99;
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(ended, 1);
	assert_slice(buf_slice(&clients[0].got), "HEAD first\r\n");
	finish();
	/* What is left when the pool goes is closed, and its view dropped. */
	start(8);
	dial(0, "", false);
	finish();
	assert_int_equal(reasons[CONN_STOPPED], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_each_kind),
		cmocka_unit_test(refuses_long_lines),
		cmocka_unit_test(fills_marks),
		cmocka_unit_test(sends_large_bodies),
		cmocka_unit_test(ends_the_silent),
		cmocka_unit_test(ends_the_stalled),
		cmocka_unit_test(ends_the_lingering),
		cmocka_unit_test(notices_early_goodbyes),
		cmocka_unit_test(tells_of_room),
		cmocka_unit_test(sheds_old_editions),
		cmocka_unit_test(cuts_no_records_of_others),
		cmocka_unit_test(shapes_records),
		cmocka_unit_test(stops_when_empty),
	};

	return cmocka_run_group_tests(tests, make_store, remove_store);
}
