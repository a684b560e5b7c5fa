/*
 * client.h: a client's connection to the server under test, for the programs
 * of this folder: how a request is brought, and what comes back.
 *
 * HOW is words joined by commas: bytes (each byte by itself), apart (CR and LF
 * by themselves), raw (no CRLF added), half (FIN after the request), notify
 * (close_notify after the request), tls12, nosni, sni=NAME, rcvbuf=N.
 * Requests know \r \n \t \xNN \\, \{Nc} for N times the character c, and %H
 * and %P for the host and port of the table.  The environment may name the
 * address to go to (PEER_TO; 127.0.0.1) and to come from (PEER_FROM), and a PROXY header to send (PEER_PROXY).
 */
#ifndef E2E_CLIENT_H
#define E2E_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 20000,
	REPLY_MAX = 4 << 20,
	TEXT_MAX = 8192, /* of a request with its escapes */
};

/* How a request is brought. */
struct how {
	bool bytes, apart, raw, half, notify, tls12, nosni;
	char sni[256];
	int rcvbuf;
};

struct peer {
	int fd;
	SSL *ssl; /* NULL: plain */
};

/* What came back. */
struct reply {
	char *bytes;
	size_t len;
	bool notified; /* close_notify came */
	bool closed;   /* FIN came, no RST */
};

static SSL_CTX *ctx;

static inline void
die(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(2);
}

static inline long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline int
dial(int port, int rcvbuf)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port) };
	struct timeval tv = { .tv_sec = PATIENCE_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("socket");
	if (getenv("PEER_TO") &&
	    inet_pton(AF_INET, getenv("PEER_TO"), &a.sin_addr) != 1)
		die("PEER_TO");
	if (rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (getenv("PEER_FROM")) {
		struct sockaddr_in own = { .sin_family = AF_INET };

		if (inet_pton(AF_INET, getenv("PEER_FROM"), &own.sin_addr) !=
			1 ||
		    bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
			die("bind");
	}
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	/* A proxy's words about us, where we play one. */
	if (getenv("PEER_PROXY")) {
		char line[256];
		size_t len = (size_t)snprintf(
		    line, sizeof(line), "%s\r\n", getenv("PEER_PROXY"));

		if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
			die("send");
	}
	return fd;
}

static inline SSL *
start_tls(int fd, const struct how *how, const char *host)
{
	SSL *ssl = SSL_new(ctx);
	const char *sni = *how->sni ? how->sni : host;

	if (!ssl)
		die("SSL_new");
	SSL_set_fd(ssl, fd);
	if (how->tls12)
		SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	if (!how->nosni && sni && *sni)
		SSL_set_tlsext_host_name(ssl, sni);
	if (SSL_connect(ssl) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

static inline void
hang_up(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
}

static inline int
give(struct peer *p, const char *s, size_t len)
{
	size_t put;

	if (p->ssl)
		return SSL_write_ex(p->ssl, s, len, &put) == 1 ? 0 : -1;
	return send(p->fd, s, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static inline void
ask(struct peer *p, const char *s, size_t len, const struct how *how)
{
	size_t step = how->bytes ? 1 : len;

	/* The server may have answered and closed before all is sent. */
	for (size_t at = 0; at < len; at += step)
		if (give(p, s + at, step) < 0)
			break;
	if (!how->raw && how->apart) {
		give(p, "\r", 1);
		give(p, "\n", 1);
	} else if (!how->raw) {
		give(p, "\r\n", 2);
	}
	if (how->notify && p->ssl)
		SSL_shutdown(p->ssl);
	if (how->half)
		shutdown(p->fd, SHUT_WR);
}

/* One read: bytes, 0 at the end, -1 on failure. */
static inline ssize_t
take(struct peer *p, char *dst, size_t cap, struct reply *r)
{
	size_t got = 0;
	ssize_t n;
	char c;

	if (!p->ssl) {
		n = recv(p->fd, dst, cap, 0);
		r->closed = n == 0;
		return n;
	}
	ERR_clear_error();
	if (SSL_read_ex(p->ssl, dst, cap, &got) == 1)
		return (ssize_t)got;
	if (SSL_get_error(p->ssl, 0) != SSL_ERROR_ZERO_RETURN) {
		r->closed = ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING;
		return -1;
	}
	r->notified = true;
	/* Behind close_notify nothing but FIN may come. */
	r->closed = recv(p->fd, &c, 1, 0) == 0;
	return 0;
}

static inline void
listen_to_end(struct peer *p, struct reply *r)
{
	ssize_t n;

	r->bytes = malloc(REPLY_MAX);
	if (!r->bytes)
		die("malloc");
	r->len = 0;
	r->notified = r->closed = false;
	while (r->len < REPLY_MAX &&
	    (n = take(p, r->bytes + r->len, REPLY_MAX - r->len, r)) > 0)
		r->len += (size_t)n;
}

static inline int
parse_how(struct how *how, char *text)
{
	char *save = NULL;

	*how = (struct how){ 0 };
	for (char *w = strtok_r(text, ",", &save); w;
	     w = strtok_r(NULL, ",", &save)) {
		if (!strcmp(w, "bytes"))
			how->bytes = true;
		else if (!strcmp(w, "apart"))
			how->apart = true;
		else if (!strcmp(w, "raw"))
			how->raw = true;
		else if (!strcmp(w, "half"))
			how->half = true;
		else if (!strcmp(w, "notify"))
			how->notify = true;
		else if (!strcmp(w, "tls12"))
			how->tls12 = true;
		else if (!strcmp(w, "nosni"))
			how->nosni = true;
		else if (!strncmp(w, "sni=", 4))
			snprintf(how->sni, sizeof(how->sni), "%s", w + 4);
		else if (!strncmp(w, "rcvbuf=", 7))
			how->rcvbuf = (int)strtol(w + 7, NULL, 10);
		else if (strcmp(w, "whole") != 0 && strcmp(w, "-") != 0)
			return -1;
	}
	return 0;
}

/* Writes `s` without its escapes to dst; the length. */
static inline size_t
unescape(char *dst, size_t cap, const char *s, const char *host, int port)
{
	size_t n = 0;

	while (*s && n + 300 < cap) {
		char *end;

		if (s[0] == '%' && (s[1] == 'H' || s[1] == 'P')) {
			n += (size_t)(s[1] == 'H'
				? snprintf(dst + n, cap - n, "%s", host)
				: snprintf(dst + n, cap - n, "%d", port));
			s += 2;
		} else if (s[0] != '\\') {
			dst[n++] = *s++;
		} else if (s[1] == 'x') {
			char hex[3] = { s[2], s[3], 0 };

			dst[n++] = (char)strtol(hex, NULL, 16);
			s += 4;
		} else if (s[1] == '{') {
			long times = strtol(s + 2, &end, 10);

			while (times-- > 0 && n + 300 < cap)
				dst[n++] = *end;
			s = end + 2;
		} else {
			dst[n++] = s[1] == 'r' ? '\r'
			    : s[1] == 'n'      ? '\n'
			    : s[1] == 't'      ? '\t'
					       : s[1];
			s += 2;
		}
	}
	return n;
}

#endif
