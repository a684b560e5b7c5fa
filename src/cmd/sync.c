/*
 * sync.c: qasid sync: the helpers of qasid-sync, and what a publisher of a
 * folder needs.  Exit codes are those of sysexits.h (qasid-sync(1)).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "cmd/args.h"
#include "cmd/cmd.h"

#include "cmd/sync.h"

enum {
	JOBS = 4,
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid sync key new|show FILE\n"
	    "       qasid sync publish --store DIR --key FILE --name SITE "
	    "FOLDER\n"
	    "       qasid sync fetch --dir DIR --name SITE --key KEY "
	    "--source URL|FOLDER\n"
	    "           [--dry-run | --repair] [--budget BYTES] [--rate BYTES] "
	    "[--jobs N] [--no-keep]\n"
	    "           [--pin HEX] [--connect HOST:PORT] "
	    "[--connect-timeout S] [--idle-timeout S]\n"
	    "       qasid sync unpack --dir DIR --name SITE --key KEY ANSWER\n"
	    "       qasid sync verify --dir DIR [--key KEY]\n"
	    "       qasid sync switch --dir DIR [--finish]\n");
	return EX_USAGE;
}

int
sync_exit(const struct err *e)
{
	switch (e->kind) {
	case ERR_NONE:
		return EX_OK;
	case ERR_STOPPED:
		return EX_TEMPFAIL;
	case ERR_MEMORY:
		return EX_OSERR;
	case ERR_SYSTEM:
		switch (e->saved_errno) {
		case EACCES:
		case EPERM:
		case ENOENT:
		case ENOTDIR:
		case EEXIST:
		case ELOOP:
			return EX_CANTCREAT;
		default:
			return EX_IOERR;
		}
	default:
		return EX_DATAERR;
	}
}

int
sync_complain(const struct err *e)
{
	struct buf text;

	buf_init(&text, 4096);
	err_format(&text, e);
	fprintf(stderr, "qasid sync: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
	return sync_exit(e);
}

/* --- options ------------------------------------------------------------- */

static int
set_number(struct sync_args *a, int c, const char *arg)
{
	uint64_t n = 0;
	int bad;

	switch (c) {
	case 'b':
		return args_number(arg, INT64_MAX, &a->budget);
	case 'r':
		return args_number(
		    arg, UINT64_MAX / 1000, &a->opts.bytes_per_s);
	case 'j':
		bad = args_number(arg, SYNC_JOBS_MAX, &n);
		a->jobs = (unsigned)n;
		return n ? bad : -1;
	case 'C':
		return args_seconds(arg, &a->opts.connect_ms);
	case 'I':
		return args_seconds(arg, &a->opts.idle_ms);
	default:
		bad = args_number(arg, INT64_MAX, &n);
		a->now_s = (int64_t)n;
		return bad;
	}
}

static int
set_option(struct sync_args *a, int c, const char *arg)
{
	switch (c) {
	case 'd':
		a->dir = arg;
		return 0;
	case 'n':
		a->name = arg;
		return 0;
	case 's':
		a->source = arg;
		return 0;
	case 'k':
		a->has_key = true;
		return sign_key_parse(slice_cstr(arg), &a->key);
	case 'p':
		/* The operator's word: nothing else will do. */
		a->opts.trust = FETCH_REFUSE;
		a->opts.pin = &a->pin;
		return hash_parse(slice_cstr(arg), &a->pin);
	case 'c':
		return args_connect(arg, a->connect_host, &a->opts);
	case 'K':
		a->opts.known_path = arg;
		return 0;
	case 'y':
		a->dry_run = true;
		return 0;
	case 'x':
		a->keep = false;
		return 0;
	case 'e':
		a->repair = true;
		return 0;
	case 'f':
		a->finish = true;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case '?':
		return -1;
	default:
		return set_number(a, c, arg);
	}
}

/* *told: a value is wrong and was named, so that the usage is no help. */
static int
parse_options(struct sync_args *a, int argc, char **argv, bool *told)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "name", required_argument, NULL, 'n' },
		{ "source", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' },
		{ "pin", required_argument, NULL, 'p' },
		{ "connect", required_argument, NULL, 'c' },
		{ "known", required_argument, NULL, 'K' },
		{ "dry-run", no_argument, NULL, 'y' },
		{ "no-keep", no_argument, NULL, 'x' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "repair", no_argument, NULL, 'e' },
		{ "finish", no_argument, NULL, 'f' },
		{ "budget", required_argument, NULL, 'b' },
		{ "rate", required_argument, NULL, 'r' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "connect-timeout", required_argument, NULL, 'C' },
		{ "idle-timeout", required_argument, NULL, 'I' },
		{ "now", required_argument, NULL, 'N' },
		{ NULL, 0, NULL, 0 },
	};
	int c, at = 0;

	while ((c = getopt_long(argc, argv, "", options, &at)) != -1) {
		if (set_option(a, c, optarg) == 0)
			continue;
		if ((*told = c != '?'))
			fprintf(stderr, "qasid sync: --%s cannot be \"%s\"\n",
			    options[at].name, optarg);
		return -1;
	}
	if (argc - optind > 1)
		return -1;
	a->file = argv[optind];
	return a->dir ? 0 : -1;
}

int
cmd_sync(int argc, char **argv)
{
	static char self[] = "sync";
	struct sync_args a = { .budget = UINT64_MAX,
		.jobs = JOBS,
		.keep = true,
		.now_s = time(NULL),
		.opts = { .trust = FETCH_WARN,
		    .note = args_note,
		    .note_ctx = self } };
	const char *verb = argc > 1 ? argv[1] : "";
	bool told = false;

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(verb, "key"))
		return sync_key(argc - 1, argv + 1);
	if (!strcmp(verb, "publish"))
		return sync_publish_folder(argc - 1, argv + 1);
	if (argc < 3 || parse_options(&a, argc - 1, argv + 1, &told) < 0)
		return told ? EX_USAGE : usage();
	a.opts.now_s = a.now_s;
	if (!strcmp(verb, "fetch") && a.name && a.source && !a.file)
		return sync_fetch(&a);
	if (!strcmp(verb, "unpack") && a.name && a.file)
		return sync_unpack(&a);
	if (!strcmp(verb, "verify") && !a.file)
		return sync_verify(&a);
	if (!strcmp(verb, "switch") && !a.file)
		return sync_switch(&a);
	return usage();
}
