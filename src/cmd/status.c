#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "config/config.h"

#include "cmd/cmd.h"

enum {
	ANSWER_MAX = 1 << 20, /* bytes */
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid status [-c qasid.yaml] [--socket PATH] "
	    "[--prometheus]\n");
	return CMD_USAGE;
}

static int
ask(const char *path, struct buf *answer, struct err *e)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	int fd, r;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ERR_LIMIT, "\"%s\" is too long", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, "socket", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		r = errno == ENOENT || errno == ECONNREFUSED
		    ? err_set(e, ERR_MISSING,
			  "no server answers at the status socket \"%s\"", path)
		    : err_errno(e, "connect", path);
	else if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		r = err_errno(e, "send", path);
	else
		r = io_read_all(fd, path, ANSWER_MAX, answer, e);
	close(fd);
	return r;
}

/* What a number counts. */
enum unit {
	UNIT_ONE,
	UNIT_BYTES,
	UNIT_AGE,
	UNIT_DAYS,
};

static const struct words {
	const char *name, *text;
	enum unit unit;
} all_words[] = {
	{ "requests_total", "answers", UNIT_ONE },
	{ "sent_bytes_total", "sent", UNIT_BYTES },
	{ "handshakes_total", "TLS handshakes", UNIT_ONE },
	{ "connections_accepted_total", "connections accepted", UNIT_ONE },
	{ "connections_open", "connections open now", UNIT_ONE },
	{ "accept_pauses_total", "pauses, all places taken", UNIT_ONE },
	{ "connections_ended_total", "connections ended", UNIT_ONE },
	{ "workers", "workers", UNIT_ONE },
	{ "edition", "edition", UNIT_ONE },
	{ "edition_age_seconds", "edition published", UNIT_AGE },
	{ "certificate_days_left", "certificate ends", UNIT_DAYS },
};

/* Counted in the largest of them that it fills twice. */
struct scale {
	const char *name;
	uint64_t size;
};

static const struct scale byte_scales[] = { { "GB", 1000000000 },
	{ "MB", 1000000 }, { "kB", 1000 }, { "bytes", 1 } };
static const struct scale age_scales[] = { { "days ago", 86400 },
	{ "hours ago", 3600 }, { "minutes ago", 60 }, { "seconds ago", 1 } };

static void
print_scaled(uint64_t n, const struct scale *scale)
{
	while (scale->size > 1 && n / 2 < scale->size)
		scale++;
	printf("%llu %s\n", (unsigned long long)(n / scale->size), scale->name);
}

static void
print_value(struct slice value, enum unit unit)
{
	uint64_t n;

	if (unit == UNIT_DAYS && slice_starts(value, SLICE_LIT("-")))
		printf("%.*s days ago\n", SLICE_FMT(slice_from(value, 1)));
	else if (unit == UNIT_AGE && slice_starts(value, SLICE_LIT("-")))
		printf("at a time to come: a clock is or was wrong\n");
	else if (unit == UNIT_ONE || slice_uint(value, UINT64_MAX, &n) < 0)
		printf("%.*s\n", SLICE_FMT(value));
	else if (unit == UNIT_DAYS)
		printf("in %llu days\n", (unsigned long long)n);
	else
		print_scaled(n, unit == UNIT_BYTES ? byte_scales : age_scales);
}

/* 'qasid_requests_total{protocol="gemini",status="20"} 7' in plain words. */
static void
print_line(struct slice line)
{
	struct slice name = slice_take(&line, ' ');
	struct slice labels;
	const struct words *words = NULL;
	char text[64] = "";
	size_t n = 0;

	name = slice_from(name, sizeof("qasid_") - 1);
	labels = name;
	name = slice_take(&labels, '{');
	for (size_t i = 0; i < sizeof(all_words) / sizeof(*all_words); i++)
		if (slice_eq_cstr(name, all_words[i].name))
			words = &all_words[i];
	/* Every other part between quotes is a label's value. */
	while (labels.len) {
		struct slice label;

		slice_take(&labels, '"');
		label = slice_take(&labels, '"');
		for (size_t i = 0; i < label.len && n < sizeof(text) - 2; i++)
			text[n++] =
			    (char)(label.ptr[i] == '_' ? ' ' : label.ptr[i]);
		text[n++] = ' ';
		if (n > sizeof(text) - 2)
			break;
	}
	printf("%-25.*s %-18.*s ",
	    words ? (int)strlen(words->text) : (int)name.len,
	    words ? words->text : name.ptr, n ? (int)n - 1 : 0, text);
	print_value(line, words ? words->unit : UNIT_ONE);
}

static void
print_all(struct slice body, bool raw)
{
	while (body.ptr && body.len) {
		struct slice line = slice_take(&body, '\n');

		if (raw)
			printf("%.*s\n", SLICE_FMT(line));
		else if (line.ptr && line.len && line.ptr[0] != '#' &&
		    !slice_ends(line, SLICE_LIT("\"} 0")))
			print_line(line);
	}
}

/* The path that the settings name; they outlive this call in *c. */
static int
find_socket(
    struct config *c, const char *file, const char **path, struct err *e)
{
	if (!file && access("qasid.yaml", F_OK) == 0)
		file = "qasid.yaml";
	if (file && config_read(c, file, e) < 0)
		return -1;
	*path = c->status_socket;
	if (!**path)
		return err_set(e, ERR_MISSING,
		    "no status.socket in the settings; set one, or give "
		    "--socket");
	return 0;
}

int
cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "prometheus", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	static const char end_of_head[] = "\r\n\r\n";
	const char *file = NULL, *path = NULL, *body;
	struct err e = ERR_INIT;
	struct buf answer;
	struct config c = { 0 };
	bool raw = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt == 'c')
			file = optarg;
		else if (opt == 's')
			path = optarg;
		else if (opt == 'p')
			raw = true;
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	buf_init(&answer, ANSWER_MAX);
	r = config_init(&c, &e);
	if (r == 0 && !path)
		r = find_socket(&c, file, &path, &e);
	if (r == 0)
		r = ask(path, &answer, &e);
	body = r == 0
	    ? memmem(answer.ptr ? answer.ptr : "", answer.len, end_of_head, 4)
	    : NULL;
	if (body)
		print_all(slice_from(buf_slice(&answer),
			      (size_t)(body + 4 - answer.ptr)),
		    raw);
	else if (r == 0)
		r = err_set(
		    &e, ERR_INVALID, "\"%s\" is no status socket", path);
	if (r < 0) {
		struct buf text;

		buf_init(&text, 4096);
		err_format(&text, &e);
		fprintf(stderr, "qasid: %.*s\n", SLICE_FMT(buf_slice(&text)));
		buf_release(&text);
	}
	config_release(&c);
	buf_release(&answer);
	return r < 0 ? CMD_FAILED : CMD_FINE;
}
