/*
 * peer.c: our client for the server's tests.
 *
 *	peer table gemini|gopher PORT HOST FILE
 *		each row of FILE (see read_row) is asked and its answer judged
 *	peer get gemini|gopher PORT REQUEST [HOW]
 *		prints the reply's bytes; 0 when it came whole
 *	peer send gemini|gopher PORT FILE
 *		sends FILE as it is and prints the reply's bytes, as get does
 *	peer noise PORT FILE
 *		sends FILE to a TLS port; prints what came: "nothing", "alert N"
 *		or "plaintext", and how it ended: "closed" or "reset"
 *	peer hello PORT VERSION
 *		asks for TLS VERSION (1.0 ... 1.3) alone; prints the suite
 *		negotiated or the alert
 *	peer tickets PORT REQUEST HOST 1.2|1.3
 *		asks three times, each with the last session given; prints
 *		"tickets N resumed M", M of the second and third
 *
 *	peer resume PORT REQUEST HOST 1.2|1.3 FILE
 *		asks with the session in FILE where there is one, and leaves
 *		the newest there; prints "resumed 0|1"
 *
 * client.h says what HOW and REQUEST may hold.
 */
#include <openssl/pem.h>
#include <signal.h>

#include "client.h"

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
	char text[TEXT_MAX];
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
	char copy[TEXT_MAX];
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
	char request[TEXT_MAX];
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
	char line[TEXT_MAX];

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
	char request[TEXT_MAX], bytes[65536];
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
send_file(bool gemini, int port, const char *path)
{
	static char bytes[1 << 20];
	struct how how = { .raw = true };
	struct peer p = { .fd = dial(port, 0) };
	struct reply r = { 0 };
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!f)
		die(path);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	if (gemini && !(p.ssl = start_tls(p.fd, &how, NULL)))
		return 1;
	ask(&p, bytes, len, &how);
	listen_to_end(&p, &r);
	fwrite(r.bytes, 1, r.len, stdout);
	free(r.bytes);
	hang_up(&p);
	return r.closed && (!gemini || r.notified) ? 0 : 1;
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
	char request[TEXT_MAX];
	size_t len = unescape(request, sizeof(request), text, host, port);
	int resumed = 0, first = 0;

	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	for (int i = 0; i < 3; i++) {
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
		resumed += SSL_session_reused(p.ssl);
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

static SSL_SESSION *
load_session(const char *path)
{
	SSL_SESSION *s = NULL;
	BIO *b = BIO_new_file(path, "r");

	if (b)
		s = PEM_read_bio_SSL_SESSION(b, NULL, NULL, NULL);
	BIO_free(b);
	return s;
}

static void
save_session(const char *path)
{
	BIO *b = BIO_new_file(path, "w");

	if (!b || !kept_session || !PEM_write_bio_SSL_SESSION(b, kept_session))
		die(path);
	BIO_free(b);
}

static int
try_resume(int port, char **words)
{
	struct how how = { .tls12 = !strcmp(words[2], "1.2") };
	struct peer p = { .fd = dial(port, 0), .ssl = SSL_new(ctx) };
	char request[TEXT_MAX];
	size_t len =
	    unescape(request, sizeof(request), words[0], words[1], port);
	SSL_SESSION *old = load_session(words[3]);
	struct reply r;

	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	SSL_set_fd(p.ssl, p.fd);
	SSL_set_tlsext_host_name(p.ssl, words[1]);
	if (how.tls12)
		SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
	if (old)
		SSL_set_session(p.ssl, old);
	if (SSL_connect(p.ssl) != 1)
		return 1;
	ask(&p, request, len, &how);
	listen_to_end(&p, &r);
	free(r.bytes);
	printf("resumed %d\n", SSL_session_reused(p.ssl));
	SSL_shutdown(p.ssl);
	if (kept_session)
		save_session(words[3]);
	SSL_SESSION_free(kept_session);
	SSL_SESSION_free(old);
	hang_up(&p);
	return r.notified ? 0 : 1;
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
	if (!strcmp(mode, "send") && argc == 5)
		return send_file(gemini, port, argv[4]);
	if (!strcmp(mode, "noise") && argc == 4)
		return make_noise(first, argv[3]);
	if (!strcmp(mode, "hello") && argc == 4)
		return say_hello(first, argv[3]);
	if (!strcmp(mode, "tickets") && argc == 6)
		return try_tickets(first, argv[3], argv[4], argv[5]);
	if (!strcmp(mode, "resume") && argc == 7)
		return try_resume(first, argv + 3);
	fprintf(stderr, "peer: see the head of peer.c\n");
	return 2;
}
