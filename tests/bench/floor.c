/*
 * floor.c: what OpenSSL and the kernel cost by themselves: one process and one
 * epoll loop that shakes hands, reads a line, sends a page of a fixed size and
 * closes.  No table, no limit, no deadline, no log; suites, groups and tickets
 * are set as the server's, so that nothing but the server's own work differs.
 *
 *	floor gemini|gopher READY CERT KEY BYTES TICKETS
 *		writes its port to the file READY; TICKETS is 0 or 1; listens
 *		on all addresses where FLOOR_ANY is set, else on loopback
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
	int fd;
	SSL *ssl;
	size_t len;
	char line[1030];
};

static SSL_CTX *ctx;
static char *page;
static size_t page_len;

static int
fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* As the server does: each ticket serves once (RFC 8446, appendix C.4). */
static SSL_TICKET_RETURN
renew(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t len,
    SSL_TICKET_STATUS status, void *arg)
{
	(void)ssl;
	(void)session;
	(void)name;
	(void)len;
	(void)arg;
	if (status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_USE_RENEW;
	return SSL_TICKET_RETURN_IGNORE_RENEW;
}

static void
make_context(const char *cert, const char *key, size_t tickets)
{
	ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		fail("certificate");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_ciphersuites(ctx,
	    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
	    "TLS_AES_256_GCM_SHA384");
	SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384");
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"f", 1);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_num_tickets(ctx, tickets);
	if (tickets)
		SSL_CTX_set_session_ticket_cb(ctx, NULL, renew, NULL);
}

static int
open_port(const char *ready)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(a);
	char tmp[4096];
	FILE *f;

	a.sin_addr.s_addr =
	    htonl(getenv("FLOOR_ANY") ? INADDR_ANY : INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		fail("listen");
	snprintf(tmp, sizeof(tmp), "%s.tmp", ready);
	f = fopen(tmp, "w");
	if (!f || fprintf(f, "%d\n", ntohs(a.sin_port)) < 0 || fclose(f) != 0 ||
	    rename(tmp, ready) < 0)
		fail(ready);
	return fd;
}

static void
take_peers(int listener, int ep)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct peer *p = calloc(1, sizeof(*p));
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		p->fd = fd;
		if (ctx) {
			p->ssl = SSL_new(ctx);
			SSL_set_fd(p->ssl, fd);
			SSL_set_accept_state(p->ssl);
		}
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
}

/* Reads on; 0: more has to come, 1: a line, -1: gone. */
static int
read_line(struct peer *p)
{
	size_t room = sizeof(p->line) - p->len;
	int n;

	if (p->ssl) {
		n = SSL_read(p->ssl, p->line + p->len, (int)room);
		if (n <= 0)
			return SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ
			    ? 0
			    : -1;
	} else {
		n = (int)read(p->fd, p->line + p->len, room);
		if (n <= 0)
			return n < 0 && errno == EAGAIN ? 0 : -1;
	}
	p->len += (size_t)n;
	return memchr(p->line, '\n', p->len) ? 1 : 0;
}

static void
serve(struct peer *p)
{
	int r = read_line(p);

	if (r == 0)
		return;
	if (r > 0 && p->ssl) {
		SSL_write(p->ssl, page, (int)page_len);
		SSL_shutdown(p->ssl);
	} else if (r > 0 && write(p->fd, page, page_len) < 0) {
		perror("floor: write");
	}
	SSL_free(p->ssl);
	close(p->fd);
	free(p);
}

int
main(int argc, char **argv)
{
	struct epoll_event evs[256], ev = { .events = EPOLLIN };
	int listener, ep = epoll_create1(0);
	const char *head = "";
	size_t bytes;

	if (argc != 7)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(argv[1], "gemini")) {
		make_context(argv[3], argv[4], strtoul(argv[6], NULL, 10));
		head = "20 text/gemini\r\n";
	}
	bytes = strtoul(argv[5], NULL, 10);
	page_len = strlen(head) + bytes;
	page = malloc(page_len + 1);
	if (!page)
		return 2;
	memcpy(page, head, strlen(head));
	memset(page + strlen(head), 'x', bytes);
	for (size_t i = 31; i < bytes; i += 32)
		page[strlen(head) + i] = '\n';
	listener = open_port(argv[2]);
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		int n = epoll_wait(ep, evs, 256, -1);

		for (int i = 0; i < n; i++)
			if (!evs[i].data.ptr)
				take_peers(listener, ep);
			else
				serve(evs[i].data.ptr);
	}
}
