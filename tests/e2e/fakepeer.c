/*
 * fakepeer.c: a server that answers with whatever bytes a test wants, as the
 * other side of our client.
 *
 *	fakepeer READY DIR [CERT KEY]
 *
 * Listens on 127.0.0.1, port 0, writes the port to READY (renamed into place),
 * and serves one connection after the other until it is killed: TLS when a
 * certificate is given, plain TCP otherwise.  The last path segment of the
 * request line names a file in DIR, whose bytes are the whole answer, header
 * included.  The end of its name says how the answer ends:
 *
 *	.cut     FIN without close_notify	.rst    a reset
 *	.drip    byte by byte, then properly	.stall  never
 *	other    close_notify and FIN
 *
 * Where DIR has no file of that name, one with such an end is taken; where it
 * has none of those either, the connection is closed without an answer.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>

struct peer {
	int fd;
	SSL *ssl; /* NULL: plain */
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
peer_read(struct peer *p, char *dst, int cap)
{
	return p->ssl ? SSL_read(p->ssl, dst, cap)
		      : (int)recv(p->fd, dst, (size_t)cap, 0);
}

static bool
peer_write(struct peer *p, const char *src, int len)
{
	return (p->ssl ? SSL_write(p->ssl, src, len)
		       : (int)send(p->fd, src, (size_t)len, 0)) == len;
}

/* The request line without its end; false when there is none. */
static bool
read_line(struct peer *p, char *line, int cap)
{
	int len = 0;

	while (len < cap - 1 && peer_read(p, line + len, 1) == 1)
		if (line[len++] == '\n') {
			line[len] = '\0';
			line[strcspn(line, "\r\n")] = '\0';
			return true;
		}
	return false;
}

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n >= m && !strcmp(s + n - m, with);
}

static void
send_file(struct peer *p, const char *path, bool drip)
{
	static char bytes[65536];
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (!f)
		return;
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		for (size_t at = 0, step = drip ? 1 : n; at < n; at += step)
			if (!peer_write(p, bytes + at, (int)step)) {
				fclose(f);
				return;
			}
	fclose(f);
}

/* The file of that name, or of that name and an end. */
static void
find_file(char *path, size_t cap, const char *dir, const char *name)
{
	static const char *const all[] = { "", ".cut", ".rst", ".drip",
		".stall" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, cap, "%s/%s%s", dir, name, all[i]);
		if (access(path, R_OK) == 0)
			return;
	}
	snprintf(path, cap, "%s/%s", dir, name);
}

static void
answer(struct peer *p, const char *dir)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	char line[2048], name[4096], drain[256];
	const char *last;

	if (!read_line(p, line, sizeof(line)))
		return;
	last = strrchr(line, '/');
	find_file(name, sizeof(name), dir, last ? last + 1 : line);
	send_file(p, name, ends(name, ".drip"));
	if (ends(name, ".stall"))
		while (peer_read(p, drain, sizeof(drain)) > 0)
			;
	else if (ends(name, ".rst"))
		(void)setsockopt(
		    p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	else if (p->ssl && !ends(name, ".cut"))
		(void)SSL_shutdown(p->ssl);
}

static int
listen_and_tell(const char *ready)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	char temp[4096];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *f;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	snprintf(temp, sizeof(temp), "%s.new", ready);
	if (!(f = fopen(temp, "we")))
		die(temp);
	fprintf(f, "%d\n", ntohs(a.sin_port));
	if (fclose(f) != 0 || rename(temp, ready) < 0)
		die(ready);
	return fd;
}

static SSL_CTX *
make_ctx(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "fakepeer: no certificate \"%s\"\n", cert);
		exit(1);
	}
	return ctx;
}

int
main(int argc, char **argv)
{
	SSL_CTX *ctx = NULL;
	struct peer p;
	int fd, on = 1;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: fakepeer READY DIR [CERT KEY]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (argc == 5)
		ctx = make_ctx(argv[3], argv[4]);
	fd = listen_and_tell(argv[1]);
	while ((p.fd = accept(fd, NULL, NULL)) >= 0) {
		(void)setsockopt(
		    p.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		p.ssl = ctx ? SSL_new(ctx) : NULL;
		if (!p.ssl ||
		    (SSL_set_fd(p.ssl, p.fd) == 1 && SSL_accept(p.ssl) == 1))
			answer(&p, argv[2]);
		SSL_free(p.ssl);
		close(p.fd);
	}
	return 0;
}
