#include <getopt.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "site/export.h"

#include "cmd/cmd.h"

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid export [--store DIR] [--host NAME] [--gemini-port N] "
	    "[--gopher-port N]\n"
	    "           DIR\n");
	return CMD_USAGE;
}

static int
run(const struct export_opts *opts)
{
	struct export_result result;
	struct err e = ERR_INIT;
	struct buf text;

	if (export_edition(opts, &result, &e) == 0) {
		fprintf(stderr, "edition %llu: %zu files in %s\n",
		    (unsigned long long)result.edition, result.files,
		    opts->dir);
		return CMD_FINE;
	}
	buf_init(&text, 4096);
	err_format(&text, &e);
	fprintf(stderr, "qasid export: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
	return CMD_FAILED;
}

static bool
read_port(const char *text, unsigned *port)
{
	uint64_t n;

	if (slice_uint(slice_cstr(text), 65535, &n) < 0 || !n)
		return false;
	*port = (unsigned)n;
	return true;
}

int
cmd_export(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'h' },
		{ "gemini-port", required_argument, NULL, 'g' },
		{ "gopher-port", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct export_opts opts = { .store = "store",
		.host = "localhost",
		.gemini_port = 1965,
		.gopher_port = 70 };
	bool fine = true;
	int c;

	optind = 1;
	while (fine && (c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 's')
			opts.store = optarg;
		else if (c == 'h')
			opts.host = optarg;
		else if (c == 'g')
			fine = read_port(optarg, &opts.gemini_port);
		else
			fine = c == 'o' && read_port(optarg, &opts.gopher_port);
	}
	if (!fine || argc - optind != 1 || !opts.host[0])
		return usage();
	opts.dir = argv[optind];
	return run(&opts);
}
