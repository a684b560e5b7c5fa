/*
 * tls.c: OpenSSL behind stream.h.
 *
 * Records go through a BIO of our own that writes to the stream's shared
 * buffer and so never blocks: SSL_write() is never to be repeated, and one
 * send() carries all that a step has made.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/mem.h"

#include "net/tls.h"

struct tls_name {
	char *name;
	SSL_CTX *ctx;
};

struct tls_ctx {
	SSL_CTX **ctxs, *first;
	size_t ctx_count;
	struct tls_name *names;
	size_t name_count;
	BIO_METHOD *bio;
};

/* --- the BIO ------------------------------------------------------------- */

static int
bio_read(BIO *b, char *dst, int cap)
{
	struct stream *s = BIO_get_data(b);
	ssize_t n;

	/* What has not left yet cannot have been answered: a call saved. */
	if (stream_waits(s) && SSL_in_init(s->tls)) {
		BIO_set_retry_read(b);
		return -1;
	}
	do
		n = recv(s->fd, dst, (size_t)cap, 0);
	while (n < 0 && errno == EINTR);
	BIO_clear_retry_flags(b);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(b);
	if (n == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)n;
}

static int
bio_write(BIO *b, const char *src, int len)
{
	struct stream *s = BIO_get_data(b);
	struct stream_out *out = s->out;

	BIO_clear_retry_flags(b);
	assert(!out->len || out->owner == s);
	if (len <= 0 || (size_t)len > sizeof(out->bytes) - out->len) {
		s->broken = true;
		return -1;
	}
	memcpy(out->bytes + out->len, src, (size_t)len);
	out->len += (size_t)len;
	out->owner = s;
	return len;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH: /* stream_flush() does, once a step */
	case BIO_CTRL_DUP:
		return 1;
	case BIO_CTRL_EOF:
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	default:
		return 0;
	}
}

static int
bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static BIO_METHOD *
new_bio_method(void)
{
	BIO_METHOD *m =
	    BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");

	if (m && BIO_meth_set_read(m, bio_read) &&
	    BIO_meth_set_write(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_ctrl) &&
	    BIO_meth_set_create(m, bio_create))
		return m;
	BIO_meth_free(m);
	return NULL;
}

/* --- the four functions -------------------------------------------------- */

static enum io_result
result_of(SSL *ssl, int r)
{
	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_NONE:
		return IO_OK;
	case SSL_ERROR_WANT_READ:
		return IO_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return IO_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	default:
		return IO_FAIL;
	}
}

static enum io_result
tls_handshake(struct stream *s)
{
	int r;

	ERR_clear_error();
	r = SSL_accept(s->tls);
	return r == 1 ? IO_OK : result_of(s->tls, r);
}

static enum io_result
tls_read(struct stream *s, char *dst, size_t cap, size_t *got)
{
	int r;

	ERR_clear_error();
	r = SSL_read_ex(s->tls, dst, cap, got);
	return r == 1 ? IO_OK : result_of(s->tls, r);
}

static enum io_result
tls_write(struct stream *s, const char *src, size_t len, bool last, size_t *put)
{
	int r = 1;

	*put = 0;
	ERR_clear_error();
	if (len)
		r = SSL_write_ex(s->tls, src, len, put);
	if (r != 1)
		return IO_FAIL;
	if (last && *put == len && SSL_shutdown(s->tls) < 0)
		return IO_FAIL;
	return IO_OK;
}

static void
tls_close(struct stream *s)
{
	SSL_free(s->tls);
	s->tls = NULL;
}

static const struct stream_ops tls_ops = {
	.handshake = tls_handshake,
	.read = tls_read,
	.write = tls_write,
	.close = tls_close,
	.step_bytes = STREAM_RECORD_MAX,
	.records = true,
};

int
stream_open_tls(
    struct stream *s, int fd, struct stream_out *out, struct tls_ctx *ctx)
{
	SSL *ssl = SSL_new(ctx->first);
	BIO *bio = ssl ? BIO_new(ctx->bio) : NULL;

	if (!bio) {
		SSL_free(ssl);
		return -1;
	}
	*s = (struct stream){
		.ops = &tls_ops, .fd = fd, .out = out, .tls = ssl
	};
	BIO_set_data(bio, s);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_accept_state(ssl);
	return 0;
}

bool
tls_resumed(const struct stream *s)
{
	return s->tls && SSL_session_reused(s->tls);
}

/* --- the context --------------------------------------------------------- */

static int
fail(struct err *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(
	    e, ERR_INVALID, "%s: %s", what, reason ? reason : "failed");
}

/* Unknown names get the first certificate: the reply will say 53. */
static int
on_server_name(SSL *ssl, int *alert, /* NOLINT: OpenSSL's type */
    void *arg)
{
	const struct tls_ctx *ctx = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	for (size_t i = 0; i < ctx->name_count; i++)
		if (slice_eq_nocase(
			slice_cstr(name), slice_cstr(ctx->names[i].name))) {
			SSL_set_SSL_CTX(ssl, ctx->names[i].ctx);
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_NOACK;
}

static int
use_chain(SSL_CTX *ctx, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (!SSL_CTX_add0_chain_cert(ctx, x)) {
			X509_free(x);
			ok = 0;
		}
	BIO_free(bio);
	if (ok)
		ERR_clear_error(); /* the end of the PEM file counts as one */
	return ok ? 0 : -1;
}

static int
use_key(SSL_CTX *ctx, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key =
	    bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	    SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok ? 0 : -1;
}

static int
set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* The chain is the file's: nothing is built and verified for it. */
	SSL_CTX_set_mode(
	    ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* One recv() for all that has come; what is left over stays here. */
	SSL_CTX_set_read_ahead(ctx, 1);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx,
		"TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
		"TLS_AES_256_GCM_SHA384") != 1 ||
	    SSL_CTX_set_cipher_list(ctx,
		"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
		"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
		"ECDHE-ECDSA-AES256-GCM-SHA384:"
		"ECDHE-RSA-AES256-GCM-SHA384") != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1 ||
	    SSL_CTX_set_session_id_context(
		ctx, (const unsigned char *)"qasid", 5) != 1)
		return -1;
	return 0;
}

/* --- tickets ------------------------------------------------------------- */

struct tls_tickets {
	atomic_uint changes; /* odd while the keys change */
	size_t count;
	unsigned char keys[TLS_TICKET_KEYS][TLS_TICKET_KEY_BYTES];
};

enum {
	KEY_NAME = 16, /* then a cipher's key and a MAC's, 32 bytes each */
	KEY_CIPHER = KEY_NAME,
	KEY_MAC = KEY_NAME + 32,
	TICKET_S = 12 * 3600, /* a ticket's life */
};

struct tls_tickets *
tls_tickets_new(void)
{
	void *m = mmap(NULL, sizeof(struct tls_tickets), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

void
tls_tickets_free(struct tls_tickets *t)
{
	if (!t)
		return;
	OPENSSL_cleanse(t, sizeof(*t));
	munmap(t, sizeof(*t));
}

/* Readers that meet an odd number, or another one afterwards, try again. */
void
tls_tickets_set(struct tls_tickets *t,
    unsigned char keys[][TLS_TICKET_KEY_BYTES], size_t count)
{
	atomic_fetch_add(&t->changes, 1);
	memcpy(t->keys, keys, count * TLS_TICKET_KEY_BYTES);
	t->count = count;
	atomic_fetch_add(&t->changes, 1);
}

int
tls_tickets_rotate(struct tls_tickets *t)
{
	unsigned char keys[TLS_TICKET_KEYS][TLS_TICKET_KEY_BYTES];
	size_t kept =
	    t->count < TLS_TICKET_KEYS ? t->count : (size_t)TLS_TICKET_KEYS - 1;

	if (RAND_bytes(keys[0], sizeof(keys[0])) != 1)
		return -1;
	memcpy(keys[1], t->keys, kept * sizeof(keys[0]));
	tls_tickets_set(t, keys, kept + 1);
	OPENSSL_cleanse(keys, sizeof(keys));
	return 0;
}

static void
copy_tickets(struct tls_tickets *from, struct tls_tickets *to)
{
	unsigned before;

	do {
		before = atomic_load(&from->changes);
		to->count = from->count;
		memcpy(to->keys, from->keys, sizeof(to->keys));
	} while (before % 2 || atomic_load(&from->changes) != before);
}

static int
use_ticket_key(const unsigned char *key, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (seal && RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
		return -1;
	if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key + KEY_CIPHER,
		iv, seal) != 1 ||
	    EVP_MAC_init(mac, key + KEY_MAC, 32, params) != 1)
		return -1;
	return 1;
}

/* OpenSSL asks for the key that seals, or for the one that a ticket names. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls_tickets now = { .count = 0 };
	size_t first, i = 0;
	int r;

	copy_tickets(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), &now);
	first = now.count > 1 ? 1 : 0;
	if (seal) {
		memcpy(name, now.keys[first], KEY_NAME);
		i = first;
	} else {
		while (
		    i < now.count && memcmp(now.keys[i], name, KEY_NAME) != 0)
			i++;
		if (i == now.count)
			return 0;
	}
	r = use_ticket_key(now.keys[i], iv, cipher, mac, seal);
	OPENSSL_cleanse(&now, sizeof(now));
	/*
	 * 2: good, but the reader should have a new one: by the key of today,
	 * or because under 1.3 each serves once (RFC 8446, appendix C.4).
	 */
	if (r == 1 && !seal &&
	    (i > first || SSL_version(ssl) >= TLS1_3_VERSION))
		return 2;
	return r;
}

static int
set_tickets(
    SSL_CTX *ctx, const struct tls_identity *id, const struct tls_options *opts)
{
	if (!opts->tickets) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? 0 : -1;
	}
	SSL_CTX_set_timeout(ctx, TICKET_S);
	if (SSL_CTX_set_num_tickets(ctx, id->ticket_13 ? 1 : 0) != 1 ||
	    SSL_CTX_set_app_data(ctx, opts->tickets) != 1 ||
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1)
		return -1;
	return 0;
}

static int
add_identity(struct tls_ctx *t, const struct tls_identity *id,
    const struct tls_options *opts, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return fail(e, "TLS context");
	if (!t->first)
		t->first = ctx;
	t->ctxs[t->ctx_count++] = ctx;
	if (set_rules(ctx) < 0 || set_tickets(ctx, id, opts) < 0)
		return fail(e, "TLS settings");
	if (use_chain(ctx, id->chain_pem) < 0)
		return fail(e, "TLS certificate");
	if (use_key(ctx, id->key_pem) < 0)
		return fail(e, "TLS key");
	for (size_t i = 0; i < id->name_count; i++) {
		struct tls_name *n = &t->names[t->name_count];

		n->name = mem_strndup(id->names[i], strlen(id->names[i]));
		if (!n->name)
			return err_memory(e);
		n->ctx = ctx;
		t->name_count++;
	}
	return 0;
}

struct tls_ctx *
tls_ctx_new(const struct tls_identity *ids, size_t count,
    const struct tls_options *opts, struct err *e)
{
	struct tls_ctx *t = mem_calloc(1, sizeof(*t));
	size_t names = 0;

	if (!t) {
		err_memory(e);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		names += ids[i].name_count;
	t->ctxs = mem_calloc(count, sizeof(SSL_CTX *));
	t->names = mem_calloc(names, sizeof(*t->names));
	t->bio = new_bio_method();
	if (!t->ctxs || !t->names || !t->bio) {
		err_memory(e);
		goto err;
	}
	for (size_t i = 0; i < count; i++)
		if (add_identity(t, &ids[i], opts, e) < 0)
			goto err;
	/* With one certificate there is nothing to choose. */
	if (count > 1) {
		SSL_CTX_set_tlsext_servername_callback(
		    t->first, on_server_name);
		SSL_CTX_set_tlsext_servername_arg(t->first, t);
	}
	return t;
err:
	tls_ctx_free(t);
	return NULL;
}

void
tls_ctx_free(struct tls_ctx *t)
{
	if (!t)
		return;
	for (size_t i = 0; t->ctxs && i < t->ctx_count; i++)
		SSL_CTX_free(t->ctxs[i]);
	for (size_t i = 0; t->names && i < t->name_count; i++)
		mem_free(t->names[i].name);
	mem_free(t->ctxs);
	mem_free(t->names);
	BIO_meth_free(t->bio);
	mem_free(t);
}
