/*
 * get.c: qasid get URL: one page off the network, on stdout.
 *
 * Exit codes are those of sysexits.h, so that a script can tell what is worth
 * another try: 0; 64 usage or no such URL; 65 the answer breaks the protocol,
 * is too long, or the certificate is refused; 66 the server says no (5x);
 * 73 the file cannot be made; 74 writing failed; 75 try again (network, 4x).
 */
#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "client/fetch.h"
#include "cmd/args.h"
#include "cmd/cmd.h"

#include "cmd/get.h"

enum {
	PROGRESS_BYTES = 16384, /* from one sign of life to the next */
};

struct get {
	struct fetch_opts opts;
	struct hash pin;
	char connect_host[ARGS_HOST_ROOM];
	char known[4096];
	const char *output;
	bool header, head_only;
	/* While it runs. */
	FILE *to;
	bool gemini, progress, head_done;
	uint64_t bytes, shown;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid get [-i] [--head] [--output FILE] [--max BYTES]\n"
	    "           [--known FILE] [--pin HEX | --insecure] [--warn]\n"
	    "           [--connect HOST:PORT] [--redirects N] [--cross]\n"
	    "           [--idle SECONDS] [--rate BYTES-PER-SECOND] URL\n"
	    "       qasid get --store DIR ... KEY\n");
	return EX_USAGE;
}

static int
on_header(void *ctx, int status, struct slice meta)
{
	struct get *g = ctx;

	g->gemini = true;
	if (g->header || g->head_only)
		fprintf(g->to, "%d %.*s\r\n", status, SLICE_FMT(meta));
	if (!g->head_only)
		return 0;
	g->head_done = true;
	return -1;
}

static void
show_progress(struct get *g)
{
	if (!g->progress || g->bytes - g->shown < PROGRESS_BYTES)
		return;
	g->shown = g->bytes;
	fprintf(stderr, "\r%llu kB ", (unsigned long long)(g->bytes / 1000));
	fflush(stderr);
}

static int
on_body(void *ctx, struct slice part)
{
	struct get *g = ctx;

	g->bytes += part.len;
	show_progress(g);
	return fwrite(part.ptr, 1, part.len, g->to) == part.len ? 0 : -1;
}

/* --- options ------------------------------------------------------------- */

static int
parse_pin(struct get *g, const char *text)
{
	g->opts.pin = &g->pin;
	return hash_parse(slice_cstr(text), &g->pin);
}

static int
set_option(struct get *g, int c, const char *arg)
{
	uint64_t n = 0;
	int bad = 0;

	switch (c) {
	case 'i':
		g->header = true;
		break;
	case 'H':
		g->head_only = true;
		break;
	case 'o':
		g->output = arg;
		break;
	case 'm':
		bad = args_number(arg, UINT64_MAX, &g->opts.max_bytes);
		break;
	case 'k':
		g->opts.known_path = arg;
		break;
	case 'p':
		bad = parse_pin(g, arg);
		break;
	case 'n':
		g->opts.trust = FETCH_ANY;
		break;
	case 'w':
		g->opts.trust = FETCH_WARN;
		break;
	case 'c':
		bad = args_connect(arg, g->connect_host, &g->opts);
		break;
	case 'r':
		bad = args_number(arg, 20, &n);
		g->opts.max_redirects = (unsigned)n;
		break;
	case 'x':
		g->opts.cross_protocol = true;
		break;
	case 't':
		bad = args_seconds(arg, &g->opts.idle_ms);
		break;
	case 'R':
		bad = args_number(arg, UINT64_MAX / 1000, &g->opts.bytes_per_s);
		break;
	default:
		bad = -1;
	}
	return bad;
}

/*
 * Where keys are remembered unless --known says otherwise: qasid/known in the
 * user's folder for state (XDG base directories).  Without a home nothing is.
 */
static void
set_known_path(struct get *g)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = 0;

	if (g->opts.known_path || g->opts.pin || g->opts.trust == FETCH_ANY)
		return;
	if (state && state[0] == '/')
		n = snprintf(
		    g->known, sizeof(g->known), "%s/qasid/known", state);
	else if (home && home[0] == '/')
		n = snprintf(g->known, sizeof(g->known),
		    "%s/.local/state/qasid/known", home);
	if (n <= 0 || (size_t)n >= sizeof(g->known))
		return;
	for (char *p = strchr(g->known + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(g->known, 0700);
		*p = '/';
	}
	g->opts.known_path = g->known;
}

static int
parse_options(struct get *g, int argc, char **argv)
{
	static const struct option options[] = {
		{ "head", no_argument, NULL, 'H' },
		{ "output", required_argument, NULL, 'o' },
		{ "max", required_argument, NULL, 'm' },
		{ "known", required_argument, NULL, 'k' },
		{ "pin", required_argument, NULL, 'p' },
		{ "insecure", no_argument, NULL, 'n' },
		{ "warn", no_argument, NULL, 'w' },
		{ "connect", required_argument, NULL, 'c' },
		{ "redirects", required_argument, NULL, 'r' },
		{ "cross", no_argument, NULL, 'x' },
		{ "idle", required_argument, NULL, 't' },
		{ "rate", required_argument, NULL, 'R' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "io:", options, NULL)) != -1)
		if (set_option(g, c, optarg) < 0)
			return -1;
	return argc - optind == 1 ? 0 : -1;
}

/* --- the run ------------------------------------------------------------- */

static int
exit_of_status(const struct fetch_result *res)
{
	char text[1200];

	if (res->status == 20 || (res->status == 0 && !res->meta[0]))
		return EX_OK;
	err_escape(text, sizeof(text), res->meta, strlen(res->meta));
	fprintf(stderr, "qasid get: \"%s\": %d%s%s\n", res->target.url,
	    res->status, text[0] ? " " : "", text);
	switch (res->status / 10) {
	case 4:
		return EX_TEMPFAIL;
	case 5:
		return EX_NOINPUT;
	default:
		return EX_DATAERR;
	}
}

static int
exit_of_end(enum fetch_end end)
{
	switch (end) {
	case FETCH_DONE:
		return EX_OK;
	case FETCH_BAD_URL:
		return EX_USAGE;
	case FETCH_NETWORK:
		return EX_TEMPFAIL;
	case FETCH_BAD_ANSWER:
	case FETCH_CERTIFICATE:
	case FETCH_TOO_LONG:
		return EX_DATAERR;
	default:
		return EX_IOERR;
	}
}

static int
fetch(struct get *g, const char *url)
{
	struct fetch_sink sink = {
		.header = on_header, .body = on_body, .ctx = g
	};
	struct fetch_result *res = calloc(1, sizeof(*res));
	struct err e = ERR_INIT;
	int r;

	if (!res)
		return EX_OSERR;
	if (fetch_url(slice_cstr(url), &g->opts, &sink, res, &e) == 0)
		r = exit_of_status(res);
	else if (res->end == FETCH_SINK && g->head_done)
		r = EX_OK;
	else
		r = exit_of_end(res->end);
	if (g->shown)
		fprintf(stderr, "\r%llu bytes\n", (unsigned long long)g->bytes);
	if (res->end == FETCH_SINK && !g->head_done)
		fprintf(stderr, "qasid get: write: %s\n", strerror(errno));
	else if (e.kind != ERR_NONE && !g->head_done)
		fprintf(stderr, "qasid get: %s\n", e.text);
	free(res);
	return r;
}

/* Into a file beside the one asked for, renamed when it is whole. */
static int
fetch_to_file(struct get *g, const char *url)
{
	struct buf part;
	const char *name;
	int r;

	buf_init(&part, 4096);
	buf_addf(&part, "%s.part", g->output);
	if (!(name = buf_cstr(&part)) || !(g->to = fopen(name, "wbe"))) {
		fprintf(stderr, "qasid get: open \"%s.part\": %s\n", g->output,
		    strerror(errno));
		buf_release(&part);
		return EX_CANTCREAT;
	}
	r = fetch(g, url);
	if (fclose(g->to) != 0 && r == EX_OK) {
		fprintf(stderr, "qasid get: write \"%s\": %s\n", name,
		    strerror(errno));
		r = EX_IOERR;
	}
	if (r == EX_OK && rename(name, g->output) < 0) {
		fprintf(stderr, "qasid get: rename \"%s\": %s\n", name,
		    strerror(errno));
		r = EX_CANTCREAT;
	}
	if (r != EX_OK)
		unlink(name);
	buf_release(&part);
	return r;
}

int
cmd_get(int argc, char **argv)
{
	static char name[] = "get";
	struct get g = { .opts = { .max_redirects = 5,
			     .note = args_note,
			     .note_ctx = name },
		.to = stdout };
	int r;

	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--store", 7))
			return get_from_store(argc, argv);
	if (parse_options(&g, argc, argv) < 0)
		return usage();
	set_known_path(&g);
	g.opts.now_s = time(NULL);
	g.progress =
	    isatty(STDERR_FILENO) && (g.output || !isatty(STDOUT_FILENO));
	signal(SIGPIPE, SIG_IGN);
	if (g.output)
		return fetch_to_file(&g, argv[optind]);
	r = fetch(&g, argv[optind]);
	if (fflush(stdout) != 0 && r == EX_OK) {
		fprintf(stderr, "qasid get: write: %s\n", strerror(errno));
		r = EX_IOERR;
	}
	return r;
}
