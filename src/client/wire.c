#include <sys/socket.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/mem.h"

#include "client/wire.h"

struct wire {
	int fd;
	int idle_ms;
	SSL_CTX *ctx; /* NULL: plain TCP */
	SSL *ssl;
};

/* Few and short: each list is sent in every ClientHello. */
static const char tls13_suites[] = "TLS_AES_128_GCM_SHA256:"
				   "TLS_CHACHA20_POLY1305_SHA256:"
				   "TLS_AES_256_GCM_SHA384";
static const char tls12_suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";
static const char signatures[] =
    "ECDSA+SHA256:ed25519:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:"
    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

/* Waits for `events`; 0, or -1 and *e when the peer was silent too long. */
static int
wait_for(int fd, short events, int ms, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	if (n == 0)
		return err_set(
		    e, ERR_STOPPED, "nothing came for %d s", ms / 1000);
	return err_errno(e, "poll", "socket");
}

/* Holds small writes back (on) or sends them together (off). */
static void
cork(const struct wire *s, int on)
{
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static int
cut(struct err *e, const char *what, int saved)
{
	if (saved)
		return err_set(e, ERR_STOPPED, "%s: %s", what, strerror(saved));
	return err_set(
	    e, ERR_STOPPED, "%s: the connection ended too early", what);
}

/* --- connecting ---------------------------------------------------------- */

/* What a connect that is under way comes to: an errno, 0 when it is up. */
static int
connect_status(int fd, int ms)
{
	socklen_t len = sizeof(int);
	int status;

	if (wait_for(fd, POLLOUT, ms, NULL) < 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &len) < 0)
		return errno;
	return status;
}

/* A connected socket, or -1 and *e. */
static int
connect_one(const struct addrinfo *a, const struct wire_to *to, struct err *e)
{
	int fd, on = 1, status;

	fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    a->ai_protocol);
	if (fd < 0)
		return err_errno(e, "socket", to->host);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	status = connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? errno : 0;
	if (status == EINPROGRESS)
		status = connect_status(fd, to->connect_ms);
	if (!status)
		return fd;
	close(fd);
	return err_set(e, ERR_STOPPED, "connect \"%s\" port %s: %s", to->host,
	    to->port, strerror(status));
}

static int
connect_any(const struct wire_to *to, struct err *e)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	struct addrinfo *list, *a;
	unsigned char addr[sizeof(struct in6_addr)];
	int r, fd = -1;

	/* An address needs no configured interface of its family. */
	if (inet_pton(AF_INET, to->host, addr) == 1 ||
	    inet_pton(AF_INET6, to->host, addr) == 1)
		hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
	r = getaddrinfo(to->host, to->port, &hints, &list);
	if (r)
		return err_set(e, ERR_STOPPED, "find \"%s\": %s", to->host,
		    r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(a, to, e);
	freeaddrinfo(list);
	return fd;
}

/* --- TLS ----------------------------------------------------------------- */

static int
tls_failed(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	return err_set(
	    e, ERR_INVALID, "%s: %s", what, reason ? reason : "TLS failed");
}

/* Whether the TLS stream ended without a close_notify. */
static bool
is_cut(int kind)
{
	unsigned long code = ERR_peek_last_error();

	return kind == SSL_ERROR_SYSCALL ||
	    (kind == SSL_ERROR_SSL && ERR_GET_LIB(code) == ERR_LIB_SSL &&
		ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

/*
 * After an SSL call returned `r`: 1 to call again, 0 at the peer's
 * close_notify, -1 and *e.
 */
static int
tls_again(struct wire *s, int r, const char *what, struct err *e)
{
	int saved = errno, kind = SSL_get_error(s->ssl, r);

	switch (kind) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		cork(s, 0);
		if (wait_for(s->fd,
			kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			s->idle_ms, e) < 0)
			return -1;
		cork(s, 1);
		return 1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		if (is_cut(kind))
			return cut(
			    e, what, kind == SSL_ERROR_SYSCALL ? saved : 0);
		return tls_failed(e, what);
	}
}

static int
tls_setup(struct wire *s, const char *name)
{
	unsigned char addr[sizeof(struct in6_addr)];

	if (!(s->ctx = SSL_CTX_new(TLS_client_method())))
		return -1;
	SSL_CTX_set_options(s->ctx,
	    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_NO_ENCRYPT_THEN_MAC);
	SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(s->ctx, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_min_proto_version(s->ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(s->ctx, tls13_suites) != 1 ||
	    SSL_CTX_set_cipher_list(s->ctx, tls12_suites) != 1 ||
	    SSL_CTX_set1_groups_list(s->ctx, groups) != 1 ||
	    SSL_CTX_set1_sigalgs_list(s->ctx, signatures) != 1)
		return -1;
	if (!(s->ssl = SSL_new(s->ctx)) || SSL_set_fd(s->ssl, s->fd) != 1)
		return -1;
	/* RFC 6066 §3: no address in the server name. */
	if (inet_pton(AF_INET, name, addr) == 1 ||
	    inet_pton(AF_INET6, name, addr) == 1)
		return 0;
	return SSL_set_tlsext_host_name(s->ssl, name) == 1 ? 0 : -1;
}

/*
 * The last message of the handshake is held back (cork) and leaves with the
 * request, in one segment.
 */
static int
tls_shake_hands(struct wire *s, const char *name, struct err *e)
{
	int again = 1;

	ERR_clear_error();
	if (tls_setup(s, name) < 0)
		return tls_failed(e, "TLS");
	while (again == 1) {
		int r;

		ERR_clear_error();
		if ((r = SSL_connect(s->ssl)) == 1)
			return 0;
		again = tls_again(s, r, "TLS handshake", e);
	}
	return again < 0 ? -1 : cut(e, "TLS handshake", 0);
}

struct wire *
wire_open(const struct wire_to *to, struct err *e)
{
	struct wire *s = mem_calloc(1, sizeof(*s));

	if (!s) {
		err_memory(e);
		return NULL;
	}
	s->idle_ms = to->idle_ms;
	if ((s->fd = connect_any(to, e)) < 0) {
		mem_free(s);
		return NULL;
	}
	if (to->tls && tls_shake_hands(s, to->name, e) < 0) {
		wire_close(s);
		return NULL;
	}
	return s;
}

void
wire_close(struct wire *s)
{
	if (!s)
		return;
	/* Our close_notify leaves with the FIN. */
	if (s->ssl && SSL_is_init_finished(s->ssl)) {
		cork(s, 1);
		ERR_clear_error();
		(void)SSL_shutdown(s->ssl);
	}
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	close(s->fd);
	mem_free(s);
}

/* --- certificate --------------------------------------------------------- */

static int
asn1_unix(const ASN1_TIME *t, int64_t *out)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds, ok;

	ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
	ASN1_TIME_free(epoch);
	if (!ok)
		return -1;
	*out = (int64_t)days * 86400 + seconds;
	return 0;
}

static int
hash_der(unsigned char *der, int len, struct hash *out)
{
	int r = -1;

	if (der && len > 0)
		r = hash_of(slice_make((char *)der, (size_t)len), out);
	OPENSSL_free(der);
	return r;
}

int
wire_cert(struct wire *s, const char *name, struct known_cert *out, bool *named,
    struct err *e)
{
	X509 *cert = SSL_get1_peer_certificate(s->ssl);
	unsigned char addr[sizeof(struct in6_addr)], *der = NULL;
	int r = -1, len;

	if (!cert)
		return err_set(e, ERR_INVALID, "the server has no certificate");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (hash_der(der, len, &out->spki) < 0)
		goto out;
	der = NULL;
	len = i2d_X509(cert, &der);
	if (hash_der(der, len, &out->cert) < 0)
		goto out;
	if (asn1_unix(X509_get0_notBefore(cert), &out->not_before) < 0 ||
	    asn1_unix(X509_get0_notAfter(cert), &out->not_after) < 0)
		goto out;
	if (inet_pton(AF_INET, name, addr) == 1 ||
	    inet_pton(AF_INET6, name, addr) == 1)
		*named = X509_check_ip_asc(cert, name, 0) == 1;
	else
		*named = X509_check_host(cert, name, 0, 0, NULL) == 1;
	r = 0;
out:
	X509_free(cert);
	if (r < 0)
		err_set(e, ERR_INVALID, "the server's certificate is broken");
	return r;
}

/* --- reading and writing ------------------------------------------------- */

static int
tls_write(struct wire *s, struct slice bytes, struct err *e)
{
	int again = 1;
	size_t n;

	while (again == 1) {
		ERR_clear_error();
		if (SSL_write_ex(s->ssl, bytes.ptr, bytes.len, &n) == 1) {
			cork(s, 0);
			return 0;
		}
		again = tls_again(s, 0, "send", e);
	}
	return again < 0 ? -1 : cut(e, "send", 0);
}

int
wire_write(struct wire *s, struct slice bytes, struct err *e)
{
	if (s->ssl)
		return tls_write(s, bytes, e);
	while (bytes.len) {
		ssize_t n = send(s->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n >= 0)
			bytes = slice_from(bytes, (size_t)n);
		else if (errno == EAGAIN) {
			if (wait_for(s->fd, POLLOUT, s->idle_ms, e) < 0)
				return -1;
		} else if (errno != EINTR)
			return cut(e, "send", errno);
	}
	return 0;
}

static ssize_t
tls_read(struct wire *s, char *dst, size_t cap, struct err *e)
{
	int again = 1;
	size_t n;

	while (again == 1) {
		ERR_clear_error();
		if (SSL_read_ex(s->ssl, dst, cap, &n) == 1)
			return (ssize_t)n;
		again = tls_again(s, 0, "receive", e);
	}
	return again;
}

ssize_t
wire_read(struct wire *s, char *dst, size_t cap, struct err *e)
{
	ssize_t n;

	if (s->ssl)
		return tls_read(s, dst, cap, e);
	while ((n = recv(s->fd, dst, cap, 0)) < 0) {
		if (errno == EAGAIN) {
			if (wait_for(s->fd, POLLIN, s->idle_ms, e) < 0)
				return -1;
		} else if (errno != EINTR)
			return cut(e, "receive", errno);
	}
	return n;
}
