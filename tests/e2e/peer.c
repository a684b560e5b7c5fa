/*
 * peer.c: our client for the server's tests: polite, slow, silent or hostile.
 *
 *	peer table gemini|gopher PORT HOST FILE
 *		each row of FILE (see read_row) is asked and its answer judged
 *	peer get gemini|gopher PORT REQUEST [HOW]
 *		prints the reply's bytes; 0 when it came whole
 *	peer silent gemini|gopher PORT COUNT tcp|tls|half
 *		holds COUNT peers that say nothing (more) until the server has
 *		closed them all; prints the milliseconds that the first and the
 *		last of them lasted
 *	peer slow gemini|gopher PORT REQUEST BYTES MS
 *		reads BYTES, then nothing for MS (or until the server gives
 *		up), then the rest; prints how many bytes came, and "whole" or
 *		"cut"
 *	peer noise PORT FILE
 *		sends FILE to a TLS port; prints what came: "nothing", "alert N"
 *		or "plaintext", and how it ended: "closed" or "reset"
 *	peer hello PORT VERSION
 *		asks for TLS VERSION (1.0 ... 1.3) alone; prints the suite
 *		negotiated or the alert
 *	peer tickets PORT REQUEST HOST 1.2|1.3
 *		asks twice, the second time with the first's session; prints
 *		"tickets N resumed 0|1"
 *	peer await FILE PID
 *		waits for a file that process PID will move into place
 *
 * HOW is words joined by commas: bytes (each byte by itself), apart (CR and LF
 * by themselves), raw (no CRLF added), half (FIN after the request), notify
 * (close_notify after the request), tls12, nosni, sni=NAME, rcvbuf=N.
 * Requests know \r \n \t \xNN \\, \{Nc} for N times the character c, and %H
 * and %P for the host and port of the table.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 20000,
	REPLY_MAX = 4 << 20,
	ROW_MAX = 8192,
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

static void
die(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
dial(int port, int rcvbuf)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port) };
	struct timeval tv = { .tv_sec = PATIENCE_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("socket");
	if (rcvbuf)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	return fd;
}

static SSL *
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

static void
hang_up(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
}

static int
give(struct peer *p, const char *s, size_t len)
{
	size_t put;

	if (p->ssl)
		return SSL_write_ex(p->ssl, s, len, &put) == 1 ? 0 : -1;
	return send(p->fd, s, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

static void
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
static ssize_t
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

static void
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

static int
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
static size_t
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

/* --- the table ----------------------------------------------------------- */

/* A row: rules TAB how TAB request TAB answer { " or " answer }. */
struct row {
	char *rules, *how, *request, *answer;
	unsigned line;
};

static int
read_row(char *line, struct row *row)
{
	char **fields[] = { &row->rules, &row->how, &row->request,
		&row->answer };
	char *at = line;

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return 0;
	for (size_t i = 0; i < 4; i++) {
		if (!at)
			return -1;
		*fields[i] = at;
		at = strchr(at, '\t');
		if (at)
			*at++ = '\0';
	}
	return 1;
}

/*
 * Whether the reply is what `want` says: "none" (no byte), or text that it
 * starts with; with "$" at its end, all of it.
 */
static bool
matches(const struct reply *r, const char *want, const char *host, int port)
{
	char text[ROW_MAX];
	size_t n = unescape(text, sizeof(text), want, host, port);

	if (!strcmp(want, "none"))
		return r->len == 0;
	if (n && text[n - 1] == '$')
		return r->len == n - 1 && !memcmp(r->bytes, text, n - 1);
	return r->len >= n && !memcmp(r->bytes, text, n);
}

/* PROTOCOLS.md, rules 8, 25, 26 and 27: what every Gemini reply keeps. */
static const char *
break_of_rules(const struct reply *r)
{
	static const char codes[] = "10 11 20 30 31 40 41 42 43 44 50 51 52 53 "
				    "59 60 61 62";
	const char *crlf = r->len ? memmem(r->bytes, r->len, "\r\n", 2) : NULL;
	char code[3] = "";
	size_t n;

	if (!r->notified)
		return "no close_notify";
	if (!crlf || crlf - r->bytes < 3 || r->bytes[2] != ' ')
		return "no header";
	memcpy(code, r->bytes, 2);
	if (!strstr(codes, code))
		return "no defined status";
	n = (size_t)(crlf - r->bytes);
	if (n > 3 + 1024)
		return "META over 1024 bytes";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)r->bytes[i] < 0x20 || r->bytes[i] == 0x7f)
			return "control character in the header";
	if (code[0] != '2' && r->len != n + 2)
		return "a body without 2x";
	return NULL;
}

static bool
any_matches(
    const struct reply *r, const char *answers, const char *host, int port)
{
	char copy[ROW_MAX];
	char *at = copy, *next;

	snprintf(copy, sizeof(copy), "%s", answers);
	do {
		next = strstr(at, " or ");
		if (next) {
			*next = '\0';
			next += 4;
		}
		if (matches(r, at, host, port))
			return true;
		at = next;
	} while (at);
	return false;
}

static void
show(const struct row *row, const struct reply *r, const char *why)
{
	printf("line %u (rules %s): %s\n  asked:  %s [%s]\n  wanted: %s\n"
	       "  got:    ",
	    row->line, row->rules, why, row->request, row->how, row->answer);
	for (size_t i = 0; i < r->len && i < 200; i++) {
		unsigned char c = (unsigned char)r->bytes[i];

		if (c >= 0x20 && c < 0x7f)
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	printf("%s\n", r->closed ? "" : " [reset or silence]");
}

static bool
try_row(const struct row *row, bool gemini, const char *host, int port)
{
	char request[ROW_MAX];
	size_t len =
	    unescape(request, sizeof(request), row->request, host, port);
	struct peer p = { .fd = dial(port, 0) };
	const char *why = NULL;
	struct reply r = { 0 };
	char how_text[256];
	struct how how;

	snprintf(how_text, sizeof(how_text), "%s", row->how);
	if (parse_how(&how, how_text) < 0) {
		printf("line %u: bad word in \"%s\"\n", row->line, row->how);
		close(p.fd);
		return false;
	}
	if (gemini && !(p.ssl = start_tls(p.fd, &how, host))) {
		why = "no handshake";
	} else {
		ask(&p, request, len, &how);
		listen_to_end(&p, &r);
		if (!r.closed)
			why = "no clean end";
		else if (gemini && strcmp(row->answer, "none") != 0)
			why = break_of_rules(&r);
		if (!why && !any_matches(&r, row->answer, host, port))
			why = "another answer";
	}
	if (why)
		show(row, &r, why);
	free(r.bytes);
	hang_up(&p);
	return !why;
}

static int
run_table(bool gemini, int port, const char *host, const char *path)
{
	unsigned passed = 0, failed = 0, number = 0;
	FILE *f = fopen(path, "r");
	char line[ROW_MAX];

	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f)) {
		struct row row = { .line = ++number };
		int r = read_row(line, &row);

		if (r < 0) {
			printf("line %u: not four fields\n", number);
			failed++;
		} else if (r > 0 && try_row(&row, gemini, host, port)) {
			passed++;
		} else if (r > 0) {
			failed++;
		}
	}
	fclose(f);
	printf("%s: %u rows passed, %u failed\n", path, passed, failed);
	return failed || !passed;
}

/* --- single peers -------------------------------------------------------- */

static int
get(bool gemini, int port, const char *text, char *how_text)
{
	char request[ROW_MAX], bytes[65536];
	size_t len = unescape(request, sizeof(request), text, "", port);
	struct reply r = { 0 };
	struct peer p;
	struct how how;
	ssize_t n;

	if (parse_how(&how, how_text) < 0)
		return 2;
	p = (struct peer){ .fd = dial(port, how.rcvbuf) };
	if (gemini && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	ask(&p, request, len, &how);
	while ((n = take(&p, bytes, sizeof(bytes), &r)) > 0)
		fwrite(bytes, 1, (size_t)n, stdout);
	hang_up(&p);
	return n == 0 && r.closed && (!gemini || r.notified) ? 0 : 1;
}

static int
hold_silent(bool gemini, int port, int count, const char *state)
{
	struct pollfd *fds = calloc((size_t)count, sizeof(*fds));
	struct peer *peers = calloc((size_t)count, sizeof(*peers));
	long *since = calloc((size_t)count, sizeof(*since));
	long first = PATIENCE_MS, last = 0;
	int open = count;

	for (int i = 0; i < count; i++) {
		peers[i].fd = dial(port, 0);
		since[i] = now_ms();
		if (gemini && strcmp(state, "tcp") != 0 &&
		    !(peers[i].ssl =
			    start_tls(peers[i].fd, &(struct how){ 0 }, NULL)))
			return 1;
		if (!strcmp(state, "half"))
			give(&peers[i], "gemini://", 9);
		fds[i] = (struct pollfd){ .fd = peers[i].fd, .events = POLLIN };
	}
	while (open && poll(fds, (nfds_t)count, PATIENCE_MS) > 0)
		for (int i = 0; i < count; i++) {
			char c[256];
			long ms = now_ms() - since[i];

			if (!fds[i].revents || recv(fds[i].fd, c, 256, 0) > 0)
				continue;
			fds[i].fd = -1;
			open--;
			first = ms < first ? ms : first;
			last = ms > last ? ms : last;
		}
	printf("%ld %ld\n", first, last);
	return open ? 1 : 0;
}

static int
read_slowly(bool gemini, int port, const char *text, size_t early, int ms)
{
	char request[ROW_MAX], bytes[4096];
	size_t len = unescape(request, sizeof(request), text, "", port);
	struct how how = { .rcvbuf = 8192 };
	struct peer p = { .fd = dial(port, how.rcvbuf) };
	struct pollfd gone = { .fd = p.fd, .events = 0 };
	struct reply r = { 0 };
	size_t got = 0;
	ssize_t n = 1;

	if (gemini && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	ask(&p, request, len, &how);
	while (got < early && (n = take(&p, bytes, sizeof(bytes), &r)) > 0)
		got += (size_t)n;
	/* Nothing is waited for but a server that gives up. */
	poll(&gone, 1, ms);
	while (n > 0 && (n = take(&p, bytes, sizeof(bytes), &r)) > 0)
		got += (size_t)n;
	printf("%zu %s\n", got,
	    r.closed && (!gemini || r.notified) ? "whole" : "cut");
	hang_up(&p);
	return 0;
}

static int
make_noise(int port, const char *path)
{
	char bytes[65536];
	FILE *f = fopen(path, "rb");
	int fd = dial(port, 0);
	unsigned char got[65536];
	ssize_t n;
	size_t len;

	if (!f)
		die(path);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
	n = recv(fd, got, sizeof(got), MSG_WAITALL);
	if (n <= 0)
		printf("nothing");
	else if (n >= 7 && got[0] == 0x15 && got[1] == 3)
		printf("alert %d", got[6]);
	else
		printf("plaintext");
	if (n > 0)
		n = recv(fd, got, sizeof(got), 0);
	printf(" %s\n", n == 0 ? "closed" : "reset");
	close(fd);
	return 0;
}

static int
say_hello(int port, const char *version)
{
	static const struct {
		const char *name;
		int number;
	} versions[] = { { "1.0", TLS1_VERSION }, { "1.1", TLS1_1_VERSION },
		{ "1.2", TLS1_2_VERSION }, { "1.3", TLS1_3_VERSION } };
	int fd = dial(port, 0), number = 0;
	SSL *ssl = SSL_new(ctx);

	for (size_t i = 0; i < 4; i++)
		if (!strcmp(versions[i].name, version))
			number = versions[i].number;
	/* The old versions are only spoken at this level. */
	SSL_set_security_level(ssl, 0);
	SSL_set_cipher_list(ssl, "ALL:@SECLEVEL=0");
	SSL_set_min_proto_version(ssl, number);
	SSL_set_max_proto_version(ssl, number);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) == 1)
		printf(
		    "%s %s\n", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
	else
		printf(
		    "refused: %s\n", ERR_reason_error_string(ERR_peek_error()));
	SSL_free(ssl);
	close(fd);
	return 0;
}

static SSL_SESSION *kept_session;
static int sessions;

static int
on_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(kept_session);
	kept_session = s;
	sessions++;
	return 1;
}

static int
try_tickets(int port, const char *text, const char *host, const char *version)
{
	struct how how = { .tls12 = !strcmp(version, "1.2") };
	char request[ROW_MAX];
	size_t len = unescape(request, sizeof(request), text, host, port);
	int resumed = 0, first = 0;

	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	for (int i = 0; i < 2; i++) {
		struct peer p = { .fd = dial(port, 0), .ssl = SSL_new(ctx) };
		struct reply r;

		SSL_set_fd(p.ssl, p.fd);
		SSL_set_tlsext_host_name(p.ssl, host);
		if (how.tls12)
			SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
		if (kept_session)
			SSL_set_session(p.ssl, kept_session);
		if (SSL_connect(p.ssl) != 1)
			return 1;
		resumed = SSL_session_reused(p.ssl);
		ask(&p, request, len, &how);
		listen_to_end(&p, &r);
		if (!r.notified)
			return 1;
		free(r.bytes);
		if (i == 0)
			first = sessions;
		/* An unclean end makes OpenSSL forget the session. */
		SSL_shutdown(p.ssl);
		hang_up(&p);
	}
	/* Under 1.2 a session without a ticket is told of as well. */
	if (kept_session && !SSL_SESSION_has_ticket(kept_session))
		first = 0;
	printf("tickets %d resumed %d\n", first, resumed);
	SSL_SESSION_free(kept_session);
	return 0;
}

static int
await_file(const char *path, pid_t pid)
{
	const char *slash = strrchr(path, '/');
	long end = now_ms() + PATIENCE_MS;
	struct pollfd p = { .events = POLLIN };
	char dir[4096], events[4096];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1,
	    slash ? path : ".");
	p.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (p.fd < 0 || inotify_add_watch(p.fd, dir, IN_MOVED_TO) < 0)
		die(dir);
	while (access(path, F_OK) < 0) {
		if (now_ms() > end || (kill(pid, 0) < 0 && errno == ESRCH))
			return 1;
		/* The process may end as well: look after it now and then. */
		if (poll(&p, 1, 200) > 0 &&
		    read(p.fd, events, sizeof(events)) < 0)
			return 1;
	}
	close(p.fd);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	bool gemini = argc > 2 && !strcmp(argv[2], "gemini");
	int port = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;
	int first = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	char none[] = "-";

	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		return 2;
	if (!strcmp(mode, "table") && argc == 6)
		return run_table(gemini, port, argv[4], argv[5]);
	if (!strcmp(mode, "get") && (argc == 5 || argc == 6))
		return get(gemini, port, argv[4], argc == 6 ? argv[5] : none);
	if (!strcmp(mode, "silent") && argc == 6)
		return hold_silent(
		    gemini, port, (int)strtol(argv[4], NULL, 10), argv[5]);
	if (!strcmp(mode, "slow") && argc == 7)
		return read_slowly(gemini, port, argv[4],
		    strtoul(argv[5], NULL, 10), (int)strtol(argv[6], NULL, 10));
	if (!strcmp(mode, "noise") && argc == 4)
		return make_noise(first, argv[3]);
	if (!strcmp(mode, "hello") && argc == 4)
		return say_hello(first, argv[3]);
	if (!strcmp(mode, "await") && argc == 4)
		return await_file(argv[2], (pid_t)strtol(argv[3], NULL, 10));
	if (!strcmp(mode, "tickets") && argc == 6)
		return try_tickets(first, argv[3], argv[4], argv[5]);
	fprintf(stderr, "peer: see the head of peer.c\n");
	return 2;
}
